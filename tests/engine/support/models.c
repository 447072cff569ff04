/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "models.h"

#include "data-path.h"
#include "demonstration.h"

AlexnetModel *
models_load_with (const char *path, const AlexnetModelParams *params)
{
  g_autofree char *demonstration = demonstration_path ();
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = alexnet_model_load (path ? path : demonstration, params,
      &error);

  g_assert_no_error (error);
  return model;
}

AlexnetModel *
models_load (const char *path)
{
  return models_load_with (path, NULL);
}

char *
models_path (const char *name)
{
  return data_path ("models", name);
}

AlexnetImage
models_make_image (guint8 pixels[MODELS_SIDE * MODELS_SIDE * 3], guint seed)
{
  GRand *rand = g_rand_new_with_seed (seed);

  for (guint i = 0; i < MODELS_SIDE * MODELS_SIDE * 3; i++)
    pixels[i] = (guint8) g_rand_int (rand);
  g_rand_free (rand);
  return (AlexnetImage){ .format = ALEXNET_FORMAT_RGB,
    .width = MODELS_SIDE,
    .height = MODELS_SIDE,
    .planes = { pixels },
    .strides = { MODELS_SIDE * 3 } };
}

void
models_calibrate (AlexnetModel *model, guint n, const char *path)
{
  g_autoptr (GError) error = NULL;
  AlexnetCalibration *calibration = alexnet_calibration_new (model, &error);
  guint8 pixels[MODELS_SIDE * MODELS_SIDE * 3];

  g_assert_no_error (error);
  for (guint i = 0; i < n; i++) {
    AlexnetImage image = models_make_image (pixels, i);

    alexnet_calibration_add (calibration, &image, &error);
    g_assert_no_error (error);
  }
  alexnet_calibration_write (calibration, path, &error);
  g_assert_no_error (error);
  alexnet_calibration_free (calibration);
}
