/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "models.h"

AlexnetModel *
models_load (const char *path)
{
  g_autofree char
      *demonstration = g_build_filename (g_getenv ("ALEXNET_TEST_MODELS"),
          "alexnet-cifar10.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = alexnet_model_load (path ? path : demonstration, NULL,
      &error);

  g_assert_no_error (error);
  return model;
}
