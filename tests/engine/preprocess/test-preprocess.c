/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "support/preprocess-run.h"

#include <stdlib.h>
#include <string.h>

/* Without the model's own. */
#define N_MODES (ALEXNET_N_CROP_MODES - 1)
#define N_INTERPOLATIONS (ALEXNET_N_INTERPOLATIONS - 1)

static guint8 *photo;

/* Counts calls of the allocator, where nothing else has replaced it. */
#if defined(__GLIBC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS
static guint n_allocations;

void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *old, size_t size);

void *
malloc (size_t size)
{
  n_allocations++;
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  n_allocations++;
  return __libc_calloc (n, size);
}

void *
realloc (void *old, size_t size)
{
  n_allocations++;
  return __libc_realloc (old, size);
}
#endif

static void
test_colorimetry (void)
{
  AlexnetPreprocess preprocess = preprocess_levels;

  preprocess.resize_size = 27;
  for (guint f = ALEXNET_FORMAT_NV12; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 61, 47, 0, photo, FALSE);
    AlexnetImage *image = &frame->image;

    for (image->matrix = 0; image->matrix <= ALEXNET_MATRIX_FCC;
         image->matrix++)
      for (image->range = 0; image->range <= ALEXNET_RANGE_LIMITED;
           image->range++)
        for (image->site = 0; image->site <= ALEXNET_SITE_TOP; image->site++)
          output_compare (image, NULL, &preprocess, 24, 1);
  }
}

/* The defaults change above 576 lines of the image, not of the region. */
static void
test_defaults (void)
{
  AlexnetRegion region = { 1, 3, 50, 51 };

  for (guint height = 576; height <= 577; height++) {
    g_autoptr (Frame)
        frame = frame_new (ALEXNET_FORMAT_I420, 64, height, 0, photo, TRUE);
    AlexnetImage image = frame->image;
    g_auto (Output) a = { 0 };
    g_auto (Output) b = { 0 };

    a = output_run_once (&image, &region, &preprocess_levels, 32);
    image.matrix = height > 576 ? ALEXNET_MATRIX_BT709 : ALEXNET_MATRIX_BT601;
    image.site = height > 576 ? ALEXNET_SITE_LEFT : ALEXNET_SITE_CENTER;
    image.range = ALEXNET_RANGE_LIMITED;
    b = output_run_once (&image, &region, &preprocess_levels, 32);
    g_assert_cmpmem (a.values, 3 * 32 * 32 * 4, b.values, 3 * 32 * 32 * 4);
  }
}

static void
test_strides (void)
{
  gsize n = 3 * 48 * 48 * sizeof (float);

  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) plain = frame_new (f, 99, 71, 0, photo, FALSE);
    g_auto (Output)
        a = output_run_once (&plain->image, NULL, &preprocess_imagenet, 48);

    for (guint flags = 1; flags < 8; flags++) {
      g_autoptr (Frame) frame = frame_new (f, 99, 71, flags, photo, FALSE);
      g_auto (Output)
          b = output_run_once (&frame->image, NULL, &preprocess_imagenet, 48);

      g_assert_cmpmem (a.values, n, b.values, n);
    }
  }
}

/* Real photographs at full contrast: colours outside RGB are clipped after
 * averaging, not before, so a few pixels may differ by more than a level. */
static void
test_vivid (void)
{
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_I420, 640, 360, 0, photo, TRUE);
  Reference reference = { &frame->image, { 0, 0, 640, 360 },
    ALEXNET_CROP_CENTER, ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS, 256, 224,
    0 };
  g_auto (Output)
      output = output_run_once (&frame->image, NULL, &preprocess_levels, 224);
  gsize n = 224 * 224;
  Difference d = { 0 };

  for (gsize i = 0; i < n; i += 5) {
    float expected[3];

    g_assert_true (reference_pixel (&reference, i % 224, i / 224, expected));
    for (guint c = 0; c < 3; c++)
      difference_add (&d, output.values[c * n + i], expected[c]);
  }
  g_test_message ("%u of %u values more than a level away, at most %u; mean "
                  "%.3f; %u converted values outside RGB",
      d.beyond, d.n, d.worst, d.sum / d.n, reference.clipped);
  g_assert_cmpuint (reference.clipped, >, 0);
  g_assert_cmpuint (d.beyond * 200, <, d.n);
  g_assert_cmpfloat (d.sum / d.n, <, 0.4);
}

static void
assert_flat (const AlexnetImage *image, const AlexnetPreprocess *preprocess,
    float c0, float c1, float c2)
{
  g_auto (Output) output = output_run_once (image, NULL, preprocess, 8);
  const float expected[3] = { c0, c1, c2 };

  for (guint i = 0; i < 3 * 64; i++)
    g_assert_cmpfloat_with_epsilon (output.values[i], expected[i / 64], 1e-4);
}

static void
test_ranges (void)
{
  g_autoptr (Frame) rgb = frame_new (ALEXNET_FORMAT_BGR, 9, 9, 0, photo, TRUE);
  g_autoptr (Frame)
      p010 = frame_new (ALEXNET_FORMAT_P010_10LE, 9, 9, 0, photo, TRUE);

  frame_fill (rgb, 0, 16);
  frame_fill (rgb, 1, 100);
  frame_fill (rgb, 2, 255);
  assert_flat (&rgb->image, &preprocess_levels, 16, 100, 255);
  rgb->image.range = ALEXNET_RANGE_LIMITED;
  assert_flat (&rgb->image, &preprocess_levels, 0, 84 * 255 / 219.0f, 255);

  frame_fill (p010, 1, 512);
  frame_fill (p010, 2, 512);
  frame_fill (p010, 0, 64);
  assert_flat (&p010->image, &preprocess_levels, 0, 0, 0);
  frame_fill (p010, 0, 940);
  assert_flat (&p010->image, &preprocess_levels, 255, 255, 255);
  frame_fill (p010, 0, 1023);
  assert_flat (&p010->image, &preprocess_levels, 255, 255, 255);
  frame_fill (p010, 0, 0);
  assert_flat (&p010->image, &preprocess_levels, 0, 0, 0);
  frame_fill (p010, 0, 503); /* a level of 10 bits is not lost */
  assert_flat (&p010->image, &preprocess_levels, 439 * 255 / 876.0f,
      439 * 255 / 876.0f, 439 * 255 / 876.0f);
}

static void
test_normalisation (void)
{
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_XBGR, 9, 9, 0, photo, TRUE);
  AlexnetPreprocess p = { ALEXNET_CROP_CENTER, 8,
    ALEXNET_INTERPOLATION_BILINEAR, { 0.1f, 0.2f, 0.3f }, { 0.5f, 0.25f, 2.0f },
    ALEXNET_CHANNELS_RGB };
  float r = (10 / 255.0f - 0.1f) / 0.5f, g = (200 / 255.0f - 0.2f) / 0.25f;
  float b = (77 / 255.0f - 0.3f) / 2.0f;

  frame_fill (frame, 0, 10);
  frame_fill (frame, 1, 200);
  frame_fill (frame, 2, 77);
  assert_flat (&frame->image, &p, r, g, b);
  p.channel_order = ALEXNET_CHANNELS_BGR;
  assert_flat (&frame->image, &p, b, g, r);
}

/* Black around a small ALEXNET_CROP_CENTER, the mean around a letterbox. */
static void
test_padding (void)
{
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_NV12, 40, 20, 0, photo, TRUE);
  AlexnetPreprocess p = preprocess_imagenet;

  p.resize_size = 5; /* 10x5 in 16x16: rows 5..9, columns 3..12 */
  for (guint mode = 1; mode < ALEXNET_N_CROP_MODES; mode++) {
    g_auto (Output) output = { 0 };

    p.crop_mode = mode;
    p.channel_order = mode == ALEXNET_CROP_CENTER ? ALEXNET_CHANNELS_BGR
                                                  : ALEXNET_CHANNELS_RGB;
    output = output_run_once (&frame->image, NULL, &p, 16);
    for (guint i = 0; i < 3 * 256; i++) {
      guint c = i / 256, y = i / 16 % 16, x = i % 16;
      guint channel = p.channel_order == ALEXNET_CHANNELS_BGR ? 2 - c : c;
      float black = -p.mean[channel] / p.std[channel];

      if (mode == ALEXNET_CROP_CENTER && (y < 5 || y > 9 || x < 3 || x > 12))
        g_assert_cmpfloat_with_epsilon (output.values[i], black, 1e-6);
      if (mode == ALEXNET_CROP_LETTERBOX && (y < 4 || y > 11))
        g_assert_cmpfloat (output.values[i], ==, 0);
    }
  }
}

/* The luma of the colours that there are without it, in any order, with mean
 * and deviation of its own, and the same from what a GPU thread computes. */
static void
test_luma (void)
{
  AlexnetPreprocess levels = preprocess_levels, p = levels;
  gsize n = 48 * 48;

  p.channel_order = ALEXNET_CHANNELS_BGR;
  p.mean[0] = 0.25f;
  p.std[0] = 0.5f;
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 93, 57, 0, photo, TRUE);
    AlexnetTransform *t = alexnet_transform_new ();
    g_auto (Output) luma = { 0 };
    g_auto (Output) rgb = { 0 };

    levels.crop_mode = p.crop_mode = 1 + f % (N_MODES - 1);
    levels.interpolation = p.interpolation = 1 + f % N_INTERPOLATIONS;
    levels.resize_size = p.resize_size = 40;
    luma = output_run_channels (t, &frame->image, NULL, &p, 1, 48);
    rgb = output_run_once (&frame->image, NULL, &levels, 48);
    for (gsize i = 0; i < n; i++) {
      const float *v = rgb.values + i;
      float expected = 0.299f * v[0] + 0.587f * v[n] + 0.114f * v[2 * n];
      float thread[3];

      alexnet_tables_pixel (alexnet_transform_get_tables (t),
          frame->image.planes, frame->image.strides, i % 48, i / 48, thread);
      g_assert_cmpfloat_with_epsilon (thread[0], luma.values[i], 1e-5);
      g_assert_cmpfloat_with_epsilon (luma.values[i],
          (expected / 255 - 0.25f) / 0.5f, 1e-4);
    }
    alexnet_transform_free (t);
  }
}

/* A picture of the same size is only turned: every value is that of the other
 * side, and what a GPU thread computes with these tables is the same. */
static void
test_mirror (void)
{
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 93, 57, 0, photo, FALSE);
    AlexnetPreprocess p = preprocess_imagenet;
    g_auto (Output) straight = { 0 };
    g_auto (Output) mirrored = { 0 };
    AlexnetTransform *t = alexnet_transform_new ();

    p.crop_mode = ALEXNET_CROP_STRETCH;
    straight = output_run_once (&frame->image, NULL, &p, 48);
    p.mirror = TRUE;
    mirrored = output_run (t, &frame->image, NULL, &p, 48);
    for (guint i = 0; i < 3 * 48 * 48; i++) {
      guint c = i / (48 * 48), y = i / 48 % 48, x = i % 48;
      float pixel[3];

      g_assert_cmpfloat_with_epsilon (mirrored.values[i],
          straight.values[i - x + 47 - x], 1e-4);
      alexnet_tables_pixel (alexnet_transform_get_tables (t),
          frame->image.planes, frame->image.strides, x, y, pixel);
      g_assert_cmpfloat_with_epsilon (mirrored.values[i], pixel[c], 1e-4);
    }
    alexnet_transform_free (t);
  }
}

static void
test_repeat (void)
{
  AlexnetTransform *transform = alexnet_transform_new ();
  gsize n = 3 * 224 * 224 * sizeof (float);

  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 333, 222, 0, photo, FALSE);
    g_auto (Output) a = output_run (transform, &frame->image, NULL,
        &preprocess_imagenet, 224);
    g_auto (Output) fresh = output_run_once (&frame->image, NULL,
        &preprocess_imagenet, 224);
    AlexnetRegion all = { 0, 0, 333, 222 };
    Output b = { 3, 224, 0, g_malloc0 (n) };
    AlexnetTables before = *alexnet_transform_get_tables (transform);

#ifdef COUNTS_ALLOCATIONS
    n_allocations = 0;
#endif
    alexnet_transform_update (transform, &frame->image, NULL,
        &preprocess_imagenet, 3, 224, NULL);
    alexnet_transform_update (transform, &frame->image, &all,
        &preprocess_imagenet, 3, 224, NULL);
    alexnet_transform_run (transform, &frame->image, output_take_row, &b);
#ifdef COUNTS_ALLOCATIONS
    g_assert_cmpuint (n_allocations, ==, 0);
#endif
    g_assert_cmpmem (&before, sizeof before,
        alexnet_transform_get_tables (transform), sizeof before);
    g_assert_cmpmem (a.values, n, b.values, n);
    g_assert_cmpmem (a.values, n, fresh.values, n);
    output_clear (&b);
  }
  alexnet_transform_free (transform);
#ifndef COUNTS_ALLOCATIONS
  g_test_skip ("allocations were not counted: the allocator is not glibc's");
#endif
}

static void
assert_invalid (AlexnetTransform *transform, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess,
    guint n_channels, guint size)
{
  AlexnetTables before = *alexnet_transform_get_tables (transform);
  GError *error = NULL;

  g_assert_false (alexnet_transform_update (transform, image, region,
      preprocess, n_channels, size, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
  g_assert_null (strchr (error->message, '\n'));
  g_assert_cmpmem (&before, sizeof before,
      alexnet_transform_get_tables (transform), sizeof before);
  g_clear_error (&error);
}

static void
test_invalid (void)
{
  static const AlexnetRegion regions[] = { { 0, 0, 0, 5 }, { 0, 0, 5, 0 },
    { 0, 0, 65, 48 }, { 64, 0, 1, 1 }, { 0, 48, 1, 1 }, { 60, 0, 5, 1 },
    { 0, 40, 1, 9 }, { 10, 0, G_MAXUINT - 5, 1 },
    { G_MAXUINT, G_MAXUINT, 2, 2 } };
  static const guint sides[][2] = { { 0, 0 },
    { ALEXNET_MAX_IMAGE_SIDE + 1, ALEXNET_MAX_SIDE + 1 },
    { G_MAXUINT, G_MAXUINT } };
  AlexnetImage good = {
    .format = ALEXNET_FORMAT_NV12, .width = 64, .height = 48
  };
  AlexnetTransform *t = alexnet_transform_new ();

  g_assert_true (alexnet_transform_update (t, &good, NULL, &preprocess_levels,
      3, 224, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (regions); i++)
    assert_invalid (t, &good, &regions[i], &preprocess_levels, 3, 224);
  for (guint i = 0; i < G_N_ELEMENTS (sides); i++) {
    AlexnetImage wide = good, high = good;
    AlexnetPreprocess p = preprocess_levels;

    wide.width = high.height = sides[i][0];
    p.resize_size = sides[i][1];
    assert_invalid (t, &wide, NULL, &preprocess_levels, 3, 224);
    assert_invalid (t, &high, NULL, &preprocess_levels, 3, 224);
    assert_invalid (t, &good, NULL, &preprocess_levels, 3, sides[i][1]);
    assert_invalid (t, &good, NULL, &p, 3, 224);
  }
  for (guint i = 0; i < 8; i++) {
    AlexnetImage bad = good;
    AlexnetPreprocess p = preprocess_levels;

    *(i == 0         ? (guint *) &bad.format
            : i == 1 ? (guint *) &bad.matrix
            : i == 2 ? (guint *) &bad.range
            : i == 3 ? (guint *) &bad.site
            : i == 4 ? (guint *) &p.crop_position
            : i == 5 ? (guint *) &p.interpolation
            : i == 6 ? (guint *) &p.channel_order
                     : (guint *) &p.crop_mode) = i == 0 ? ALEXNET_N_FORMATS
                                                        : 99;
    assert_invalid (t, &bad, NULL, &p, 3, 224);
  }
  alexnet_transform_free (t);
  alexnet_transform_free (NULL);
}

static void
test_invalid_aspect_ratio (void)
{
  static const guint ratios[][2] = { { 0, 1 }, { 1, 0 }, { 1, G_MAXUINT },
    { G_MAXINT32 + 1u, 1 } };
  AlexnetTransform *t = alexnet_transform_new ();

  for (guint i = 0; i < G_N_ELEMENTS (ratios); i++) {
    AlexnetImage image = { .format = ALEXNET_FORMAT_NV12,
      .width = 64,
      .height = 48,
      .par_n = ratios[i][0],
      .par_d = ratios[i][1] };

    assert_invalid (t, &image, NULL, &preprocess_levels, 3, 224);
  }
  alexnet_transform_free (t);
}

static void
test_channels (void)
{
  static const guint channels[] = { 0, 2, 4, G_MAXUINT };
  AlexnetImage image = {
    .format = ALEXNET_FORMAT_NV12, .width = 64, .height = 48
  };
  AlexnetTransform *t = alexnet_transform_new ();

  for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
    assert_invalid (t, &image, NULL, &preprocess_levels, channels[i], 224);
  alexnet_transform_free (t);
}

/* Which model's own would be meant? */
static void
test_undecided (void)
{
  AlexnetImage image = {
    .format = ALEXNET_FORMAT_NV12, .width = 64, .height = 48
  };
  AlexnetTransform *t = alexnet_transform_new ();

  for (guint i = 0; i < 3; i++) {
    AlexnetPreprocess p = preprocess_levels;

    *(i == 0         ? (guint *) &p.crop_mode
            : i == 1 ? (guint *) &p.interpolation
                     : (guint *) &p.channel_order) = 0;
    assert_invalid (t, &image, NULL, &p, 3, 224);
  }
  alexnet_transform_free (t);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  photo = data_read_photo ();
  g_test_add_func ("/preprocess/colorimetry", test_colorimetry);
  g_test_add_func ("/preprocess/defaults", test_defaults);
  g_test_add_func ("/preprocess/strides", test_strides);
  g_test_add_func ("/preprocess/luma", test_luma);
  g_test_add_func ("/preprocess/mirror", test_mirror);
  g_test_add_func ("/preprocess/vivid", test_vivid);
  g_test_add_func ("/preprocess/ranges", test_ranges);
  g_test_add_func ("/preprocess/normalisation", test_normalisation);
  g_test_add_func ("/preprocess/padding", test_padding);
  g_test_add_func ("/preprocess/repeat", test_repeat);
  g_test_add_func ("/preprocess/invalid", test_invalid);
  g_test_add_func ("/preprocess/invalid-aspect-ratio",
      test_invalid_aspect_ratio);
  g_test_add_func ("/preprocess/channels", test_channels);
  g_test_add_func ("/preprocess/undecided", test_undecided);
  status = g_test_run ();
  g_free (photo);
  return status;
}
