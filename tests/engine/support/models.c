/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "models.h"

#include "demonstration.h"

AlexnetModel *
models_load (const char *path)
{
  g_autofree char *demonstration = demonstration_path ();
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = alexnet_model_load (path ? path : demonstration, NULL,
      &error);

  g_assert_no_error (error);
  return model;
}
