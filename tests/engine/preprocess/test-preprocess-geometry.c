/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Images, regions, inputs and pixels of every shape. */

#include "support/preprocess-run.h"

/* Without the model's own. */
#define N_MODES (ALEXNET_N_CROP_MODES - 1)
#define N_INTERPOLATIONS (ALEXNET_N_INTERPOLATIONS - 1)

static guint8 *photo;

static void
test_sizes (void)
{
  static const guint sizes[][2] = { { 1, 1 }, { 1, 2 }, { 2, 1 }, { 2, 2 },
    { 1, 37 }, { 37, 1 }, { 3, 3 }, { 5, 2 }, { 15, 8 }, { 16, 16 }, { 17, 31 },
    { 63, 65 }, { 200, 3 }, { 131, 97 } };
  AlexnetPreprocess preprocess = preprocess_levels;

  preprocess.resize_size = 18;
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
      guint w = sizes[i][0], h = sizes[i][1];
      g_autoptr (Frame) end = frame_new (f, w, h, 0, photo, FALSE);
      g_autoptr (Frame) front = frame_new (f, w, h, FRAME_FRONT, photo, FALSE);

      for (guint mode = 1; mode < ALEXNET_N_CROP_MODES; mode++) {
        preprocess.crop_mode = mode;
        preprocess.interpolation = 1 + (i + mode) % N_INTERPOLATIONS;
        output_compare (&end->image, NULL, &preprocess, 16, 1);
        output_compare (&front->image, NULL, &preprocess, 16, 7);
      }
    }
  }
}

static void
test_regions (void)
{
  static const AlexnetRegion regions[] = { { 0, 0, 131, 97 }, { 1, 0, 64, 64 },
    { 0, 1, 64, 64 }, { 33, 17, 65, 33 }, { 34, 18, 1, 1 }, { 33, 17, 1, 1 },
    { 130, 96, 1, 1 }, { 129, 93, 2, 4 }, { 77, 0, 3, 97 }, { 1, 95, 130, 2 } };
  AlexnetPreprocess preprocess = preprocess_levels;

  preprocess.resize_size = 18;
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 131, 97, 0, photo, FALSE);

    for (guint i = 0; i < G_N_ELEMENTS (regions); i++)
      for (guint site = 1; site <= ALEXNET_SITE_TOP; site++) {
        frame->image.site = site;
        preprocess.crop_mode = 1 + (i + site) % N_MODES;
        preprocess.interpolation = 1 + i % N_INTERPOLATIONS;
        output_compare (&frame->image, &regions[i], &preprocess, 16, 1);
      }
  }
}

static void
test_extremes (void)
{
  static const struct {
    AlexnetFormat format;
    guint width, height;
  } cases[] = { { ALEXNET_FORMAT_RGB, 1, 16384 },
    { ALEXNET_FORMAT_RGB, 16384, 1 }, { ALEXNET_FORMAT_NV12, 1, 16384 },
    { ALEXNET_FORMAT_I420_10LE, 16384, 1 }, { ALEXNET_FORMAT_YUY2, 16383, 3 },
    { ALEXNET_FORMAT_GRAY8, 16384, 8192 },
    { ALEXNET_FORMAT_I420, 8192, 8192 } };
  AlexnetPreprocess preprocess = preprocess_levels;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint w = cases[i].width, h = cases[i].height;
    g_autoptr (Frame)
        frame = frame_new (cases[i].format, w, h, 0, photo, FALSE);

    for (guint mode = 1; mode < ALEXNET_N_CROP_MODES; mode++) {
      preprocess.crop_mode = mode;
      preprocess.interpolation = 1 + (i + mode) % N_INTERPOLATIONS;
      output_compare (&frame->image, NULL, &preprocess, 224, 1009);
    }
    preprocess.crop_mode = ALEXNET_CROP_CENTER;
    output_compare (&frame->image, &(AlexnetRegion){ w - 1, h - 1, 1, 1 },
        &preprocess, 224, 1009);
  }
}

/* As many taps as there can be, each rounded: their sum must not reach 256. */
static void
test_widest_white (void)
{
  g_autoptr (Frame) frame = frame_new (ALEXNET_FORMAT_RGB,
      ALEXNET_MAX_IMAGE_SIDE, 1, 0, photo, FALSE);
  AlexnetPreprocess preprocess = preprocess_levels;

  preprocess.crop_mode = ALEXNET_CROP_STRETCH;
  for (guint c = 0; c < 3; c++)
    frame_fill (frame, c, 255);
  for (guint size = 1; size <= 3; size++) {
    g_auto (Output)
        output = output_run_once (&frame->image, NULL, &preprocess, size);

    for (guint i = 0; i < 3 * size * size; i++)
      g_assert_cmpfloat_with_epsilon (output.values[i], 255, 1e-4);
  }
}

/* Every mode, format and region, where pixels are not square. */
static void
test_aspect_ratios (void)
{
  static const guint ratios[][2] = { { 64, 45 }, { 10, 11 }, { 3, 1 }, { 1, 4 },
    { 1, G_MAXINT32 }, { G_MAXINT32, 1 }, { G_MAXINT32 - 1, G_MAXINT32 } };
  static const AlexnetRegion regions[] = { { 0, 0, 131, 97 },
    { 33, 17, 65, 33 }, { 77, 0, 3, 97 }, { 130, 96, 1, 1 } };
  AlexnetPreprocess preprocess = preprocess_levels;

  preprocess.resize_size = 18;
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 131, 97, 0, photo, FALSE);

    for (guint i = 0; i < G_N_ELEMENTS (ratios); i++) {
      frame->image.par_n = ratios[i][0];
      frame->image.par_d = ratios[i][1];
      preprocess.interpolation = 1 + i % N_INTERPOLATIONS;
      for (guint mode = 1; mode < ALEXNET_N_CROP_MODES; mode++) {
        preprocess.crop_mode = mode;
        output_compare (&frame->image,
            &regions[(i + mode) % G_N_ELEMENTS (regions)], &preprocess, 16, 3);
      }
    }
  }
}

/* The part of the input that shows a picture, by mode: what was floor (size *
 * short / long), of sides as they are displayed. */
static void
test_letterbox (void)
{
  static const struct {
    guint width, height, par_n, par_d;
    guint left, top, shown_width, shown_height;
  } cases[] = {
    { 1024, 576, 1, 1, 0, 49, 224, 126 },
    { 1024, 576, 0, 0, 0, 49, 224, 126 },
    { 720, 576, 64, 45, 0, 49, 224, 126 },
    { 720, 576, 1, 1, 0, 22, 224, 179 },
    { 720, 480, 32, 27, 0, 49, 224, 126 },
    { 720, 480, 8, 9, 0, 28, 224, 168 },
    { 300, 400, 2, 1, 0, 37, 224, 149 },
    { 400, 300, 1, 2, 37, 0, 149, 224 },
    { 100, 100, 1000, 1, 0, 111, 224, 1 },
    { 100, 100, 1, G_MAXINT32, 111, 0, 1, 224 },
  };
  AlexnetPreprocess preprocess = preprocess_levels;
  AlexnetTransform *t = alexnet_transform_new ();
  const AlexnetTables *tables = alexnet_transform_get_tables (t);

  preprocess.crop_mode = ALEXNET_CROP_LETTERBOX;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    AlexnetImage image = { .format = ALEXNET_FORMAT_I420,
      .width = cases[i].width,
      .height = cases[i].height,
      .par_n = cases[i].par_n,
      .par_d = cases[i].par_d };

    g_assert_true (alexnet_transform_update (t, &image, NULL, &preprocess, 3,
        224, NULL));
    g_assert_cmpuint (tables->left, ==, cases[i].left);
    g_assert_cmpuint (tables->top, ==, cases[i].top);
    g_assert_cmpuint (tables->width, ==, cases[i].shown_width);
    g_assert_cmpuint (tables->height, ==, cases[i].shown_height);
  }
  alexnet_transform_free (t);
}

/* Large network inputs, and one pixel of output. */
static void
test_input_sizes (void)
{
  static const guint formats[] = { ALEXNET_FORMAT_BGRX, ALEXNET_FORMAT_NV12 };
  AlexnetPreprocess preprocess = preprocess_levels;

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (Frame) frame = frame_new (formats[i], 57, 43, 0, photo, FALSE);

    for (guint mode = 1; mode < ALEXNET_N_CROP_MODES; mode++) {
      preprocess.crop_mode = mode;
      preprocess.interpolation = 1 + (i + mode) % N_INTERPOLATIONS;
      preprocess.resize_size = 256;
      output_compare (&frame->image, NULL, &preprocess, 1, 1);
      output_compare (&frame->image, NULL, &preprocess, 1024, 3001);
      preprocess.resize_size = 1;
      output_compare (&frame->image, NULL, &preprocess, 9, 1);
      preprocess.resize_size = 8192;
      output_compare (&frame->image, NULL, &preprocess, 9, 1);
    }
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  photo = data_read_photo ();
  g_test_add_func ("/preprocess-geometry/sizes", test_sizes);
  g_test_add_func ("/preprocess-geometry/regions", test_regions);
  g_test_add_func ("/preprocess-geometry/extremes", test_extremes);
  g_test_add_func ("/preprocess-geometry/widest-white", test_widest_white);
  g_test_add_func ("/preprocess-geometry/input-sizes", test_input_sizes);
  g_test_add_func ("/preprocess-geometry/aspect-ratios", test_aspect_ratios);
  g_test_add_func ("/preprocess-geometry/letterbox", test_letterbox);
  status = g_test_run ();
  g_free (photo);
  return status;
}
