/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Against results of Pillow, torchvision and OpenCV;
 * tests/data/generate_preprocess.py made them. */

#include "support/preprocess-run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the results that are there as bytes. */
#define GOLDEN_SIDE 64

static guint8 *photo;

/* Undoes `imagenet`: bytes R, G, B. */
static guint8 *
denormalise (const Output *output)
{
  gsize n = (gsize) output->size * output->size;
  guint8 *rgb = g_malloc (3 * n);

  for (gsize i = 0; i < n; i++) {
    for (guint c = 0; c < 3; c++) {
      float v = output->values[c * n + i];

      v = 255 * (v * preprocess_imagenet.std[c] + preprocess_imagenet.mean[c]);
      rgb[3 * i + c] = floorf (v + 0.5f);
    }
  }
  return rgb;
}

static char *
get_checksum (const Output *output)
{
  g_autofree guint8 *rgb = denormalise (output);

  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, rgb,
      3 * (gsize) output->size * output->size);
}

typedef struct {
  AlexnetFormat format;
  guint width, height, par_n, par_d;
  AlexnetRegion region;
  guint mode, resize, size;
  char sums[2][65]; /* of RGB, of GRAY8 */
} PillowCase;

static void
check_pillow (const PillowCase *c)
{
  gboolean grey = c->format == ALEXNET_FORMAT_GRAY8;
  g_autoptr (Frame)
      frame = frame_new (c->format, c->width, c->height, 0, photo, TRUE);
  AlexnetPreprocess preprocess = preprocess_imagenet;
  g_auto (Output) output = { 0 };
  g_autofree char *sum = NULL;

  frame->image.par_n = c->par_n;
  frame->image.par_d = c->par_d;
  preprocess.crop_mode = c->mode;
  preprocess.resize_size = c->resize;
  output = output_run_once (&frame->image, &c->region, &preprocess, c->size);
  sum = get_checksum (&output);
  if (strcmp (sum, c->sums[grey]) != 0) {
    g_test_message ("format %u, %ux%u of %u/%u, region %ux%u at %u,%u, mode "
                    "%u, resize %u, size %u differs from Pillow",
        c->format, c->width, c->height, c->par_n, c->par_d, c->region.width,
        c->region.height, c->region.x, c->region.y, c->mode, c->resize,
        c->size);
    g_test_fail ();
  }
}

static void
test_pillow_rgb (void)
{
  g_auto (GStrv) lines = data_read_lines ("preprocess-rgb.txt");

  for (guint i = 0; lines[i] != NULL; i++) {
    PillowCase c = { 0 };
    AlexnetRegion *r = &c.region;
    int n = sscanf (lines[i], "%u %u %u %u %u %u %u %u %u %u %u %64s %64s",
        &c.width, &c.height, &r->x, &r->y, &r->width, &r->height, &c.mode,
        &c.resize, &c.size, &c.par_n, &c.par_d, c.sums[0], c.sums[1]);

    g_assert_cmpint (n, ==, 13);
    for (c.format = 0; c.format <= ALEXNET_FORMAT_GRAY8; c.format++)
      check_pillow (&c);
  }
  g_assert_cmpuint (g_strv_length (lines), >=, 49);
}

static void
check_ten_crop (const char *line)
{
  AlexnetPreprocess preprocess = preprocess_imagenet;
  guint width, height, mode, size, position;
  g_autoptr (Frame) frame = NULL;
  g_auto (Output) output = { 0 };
  g_autofree char *sum = NULL;
  char expected[65];
  AlexnetRegion r;

  g_assert_cmpint (sscanf (line, "%u %u %u %u %u %u %u %u %u %u %d %64s",
                       &width, &height, &r.x, &r.y, &r.width, &r.height, &mode,
                       &preprocess.resize_size, &size, &position,
                       &preprocess.mirror, expected),
      ==, 12);
  preprocess.crop_mode = mode;
  preprocess.crop_position = position;
  frame = frame_new (ALEXNET_FORMAT_RGB, width, height, 0, photo, TRUE);
  output = output_run_once (&frame->image, &r, &preprocess, size);
  sum = get_checksum (&output);
  if (strcmp (sum, expected) != 0) {
    g_test_message ("differs from torchvision: %s", line);
    g_test_fail ();
  }
}

static void
test_ten_crop (void)
{
  g_auto (GStrv) lines = data_read_lines ("preprocess-tencrop.txt");

  g_assert_cmpuint (g_strv_length (lines), >=, 70);
  for (guint i = 0; lines[i] != NULL; i++)
    check_ten_crop (lines[i]);
}

/* Levels that bytes were rounded by, and what is left of float's precision
 * where weights are made of places among a thousand pixels. */
#define ROUNDING 0.51f

/* golden [GOLDEN_SIDE][GOLDEN_SIDE][n_channels] */
static void
check_case (const char *line, AlexnetInterpolation interpolation,
    guint n_channels, const guint8 *golden)
{
  AlexnetPreprocess preprocess = preprocess_levels;
  gsize n = GOLDEN_SIDE * GOLDEN_SIDE;
  guint width, height, mode, size;
  AlexnetRegion r;

  g_assert_cmpint (sscanf (line, "%u %u %u %u %u %u %u %u %u", &width, &height,
                       &r.x, &r.y, &r.width, &r.height, &mode,
                       &preprocess.resize_size, &size),
      ==, 9);
  g_assert_cmpuint (size, ==, GOLDEN_SIDE);
  preprocess.crop_mode = mode;
  preprocess.interpolation = interpolation;
  for (AlexnetFormat format = 0; format < ALEXNET_FORMAT_GRAY8; format++) {
    g_autoptr (Frame) frame = frame_new (format, width, height, 0, photo, TRUE);
    AlexnetTransform *transform = alexnet_transform_new ();
    g_auto (Output) output = output_run_channels (transform, &frame->image, &r,
        &preprocess, n_channels, size);

    for (gsize i = 0; i < n; i++)
      for (guint c = 0; c < n_channels; c++)
        g_assert_cmpfloat_with_epsilon (output.values[c * n + i],
            golden[i * n_channels + c], ROUNDING);
    alexnet_transform_free (transform);
  }
}

static void
check_cases (const char *name, AlexnetInterpolation interpolation,
    guint n_channels, guint least)
{
  g_autofree char *text = g_strconcat (name, ".txt", NULL);
  g_autofree char *gz = g_strconcat (name, ".gz", NULL);
  g_auto (GStrv) lines = data_read_lines (text);
  guint n_lines = g_strv_length (lines);
  gsize n = (gsize) n_channels * GOLDEN_SIDE * GOLDEN_SIDE;
  g_autofree guint8 *golden = data_read_gz (gz, n_lines * n);

  g_assert_cmpuint (n_lines, >=, least);
  for (guint i = 0; i < n_lines; i++)
    check_case (lines[i], interpolation, n_channels, golden + i * n);
}

static void
test_bilinear (void)
{
  check_cases ("preprocess-bilinear", ALEXNET_INTERPOLATION_BILINEAR, 3, 7);
}

static void
test_luma (void)
{
  check_cases ("preprocess-luma", ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS, 1,
      3);
}

static void
test_pillow_ycbcr (void)
{
  g_auto (GStrv) lines = data_read_lines ("preprocess-ycbcr.txt");
  guint n_lines = g_strv_length (lines), size = GOLDEN_SIDE;
  gsize n = (gsize) size * size;
  g_autofree guint8 *golden = data_read_gz ("preprocess-ycbcr.gz",
      n_lines * 3 * n);

  g_assert_cmpuint (n_lines, >=, 6);
  for (guint i = 0; i < n_lines; i++) {
    guint v[11];
    g_auto (Output) output = { 0 };
    g_autoptr (Frame) frame = NULL;
    AlexnetPreprocess preprocess = preprocess_levels;
    Difference d = { 0 };

    for (guint k = 0; k < 11; k++) {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);

      g_assert_cmpuint (g_strv_length (words), ==, 11);
      v[k] = atoi (words[k]);
    }
    g_assert_cmpuint (v[7], ==, size);
    frame = frame_new (v[0], v[1], v[2], 0, photo, FALSE);
    frame->image.matrix = v[8];
    frame->image.range = v[9];
    frame->image.site = v[10];
    preprocess.resize_size = size * 8 / 7;
    output = output_run_once (&frame->image,
        &(AlexnetRegion){ v[3], v[4], v[5], v[6] }, &preprocess, size);
    for (gsize k = 0; k < 3 * n; k++)
      difference_add (&d, output.values[k % 3 * n + k / 3],
          golden[3 * n * i + k]);
    difference_check (&d, 0.4, lines[i]);
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  photo = data_read_photo ();
  g_test_add_func ("/preprocess-pillow/rgb", test_pillow_rgb);
  g_test_add_func ("/preprocess-pillow/ten-crop", test_ten_crop);
  g_test_add_func ("/preprocess-pillow/bilinear", test_bilinear);
  g_test_add_func ("/preprocess-pillow/luma", test_luma);
  g_test_add_func ("/preprocess-pillow/ycbcr", test_pillow_ycbcr);
  status = g_test_run ();
  g_free (photo);
  return status;
}
