/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "preprocess-run.h"

#include <gio/gio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data-path.h"

const AlexnetPreprocess preprocess_levels = {
  ALEXNET_CROP_CENTER,
  256,
  ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS,
  { 0, 0, 0 },
  { 1 / 255.0f, 1 / 255.0f, 1 / 255.0f },
  ALEXNET_CHANNELS_RGB,
};
const AlexnetPreprocess preprocess_imagenet = {
  ALEXNET_CROP_CENTER,
  256,
  ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS,
  { 0.485f, 0.456f, 0.406f },
  { 0.229f, 0.224f, 0.225f },
  ALEXNET_CHANNELS_RGB,
};

char **
data_read_lines (const char *name)
{
  g_autofree char *path = data_path (name), *text = NULL;
  GError *error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (g_strchomp (text), "\n", -1);
}

guint8 *
data_read_gz (const char *name, gsize size)
{
  g_autofree char *path = data_path (name), *packed = NULL;
  g_autoptr (GZlibDecompressor)
      gz = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP);
  guint8 *data = g_malloc (size + 1);
  gsize length, read, written;
  GError *error = NULL;

  g_file_get_contents (path, &packed, &length, &error);
  g_assert_no_error (error);
  g_converter_convert (G_CONVERTER (gz), packed, length, data, size + 1,
      G_CONVERTER_INPUT_AT_END, &read, &written, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, size);
  return data;
}

guint8 *
data_read_photo (void)
{
  return data_read_gz ("preprocess-photo.gz", 3 * PHOTO_WIDTH * PHOTO_HEIGHT);
}

void
output_clear (Output *output)
{
  g_free (output->values);
}

void
output_take_row (gpointer user, guint y, const float *const *channels)
{
  Output *output = user;
  gsize n = output->size;

  g_assert_cmpuint (y, ==, output->rows++);
  for (guint c = 0; c < output->n_channels; c++)
    memcpy (output->values + (c * n + y) * n, channels[c], n * sizeof (float));
}

Output
output_run_channels (AlexnetTransform *transform, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess,
    guint n_channels, guint size)
{
  Output output = { n_channels, size, 0,
    g_new (float, (gsize) size * size * n_channels) };
  GError *error = NULL;
  gboolean ok = alexnet_transform_update (transform, image, region, preprocess,
      n_channels, size, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  alexnet_transform_run (transform, image, output_take_row, &output);
  g_assert_cmpuint (output.rows, ==, size);
  return output;
}

Output
output_run (AlexnetTransform *transform, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess,
    guint size)
{
  return output_run_channels (transform, image, region, preprocess, 3, size);
}

Output
output_run_once (const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint size)
{
  AlexnetTransform *transform = alexnet_transform_new ();
  Output output = output_run (transform, image, region, preprocess, size);

  alexnet_transform_free (transform);
  return output;
}

void
difference_add (Difference *d, float value, float expected)
{
  gint apart = abs ((gint) floorf (value + 0.5f) -
      (gint) floorf (expected + 0.5f));

  d->n++;
  d->sum += fabsf (value - expected);
  d->beyond += apart > 1;
  d->worst = MAX (d->worst, (guint) apart);
}

void
difference_check (const Difference *d, double mean, const char *what)
{
  if (d->worst > 1 || d->sum > mean * d->n) {
    g_test_message ("%s: %u of %u values are more than a level away, at most "
                    "%u levels, %.3f on average",
        what, d->beyond, d->n, d->worst, d->sum / d->n);
    g_test_fail ();
  }
}

void
output_compare (const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint size, guint step)
{
  AlexnetRegion all = { 0, 0, image->width, image->height };
  Reference reference = { image, region != NULL ? *region : all,
    preprocess->crop_mode, preprocess->interpolation, preprocess->resize_size,
    size, 0 };
  AlexnetTransform *transform = alexnet_transform_new ();
  g_auto (Output)
      output = output_run (transform, image, region, preprocess, size);
  const AlexnetTables *tables = alexnet_transform_get_tables (transform);
  gboolean exact = image->format <= ALEXNET_FORMAT_GRAY8;
  gsize n = (gsize) size * size;
  Difference d = { 0 };
  g_autofree char *what = g_strdup_printf (
      "format %u, %ux%u, region %ux%u at %u,%u, mode %u, interpolation %u, "
      "matrix %u, range %u, site %u",
      image->format, image->width, image->height, reference.region.width,
      reference.region.height, reference.region.x, reference.region.y,
      reference.mode, reference.interpolation, image->matrix, image->range,
      image->site);

  for (gsize i = 0; i < n; i += step) {
    float expected[3] = { 0, 0, 0 };
    gboolean shown = reference_pixel (&reference, i % size, i / size, expected);
    float thread[3];

    alexnet_tables_pixel (tables, image->planes, image->strides, i % size,
        i / size, thread);
    for (guint c = 0; c < 3; c++) {
      float value = output.values[c * n + i];

      g_assert_cmpfloat_with_epsilon (thread[c], value, 1e-3);
      if (exact || !shown)
        g_assert_cmpfloat_with_epsilon (value, expected[c], 1e-3);
      difference_add (&d, value, expected[c]);
    }
  }
  g_assert_cmpuint (reference.clipped, ==, 0);
  /* Few pixels make no average: each alone may be rounded by a half. */
  difference_check (&d,
      reference.region.width * reference.region.height < 256 ? 0.55 : 0.4,
      what);
  alexnet_transform_free (transform);
}
