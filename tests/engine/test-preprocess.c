/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "preprocess-reference.h"

#include <gio/gio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static guint8 *photo;
static const AlexnetPreprocess levels = {
  ALEXNET_CROP_CENTER,
  256,
  { 0, 0, 0 },
  { 1 / 255.0f, 1 / 255.0f, 1 / 255.0f },
};
static const AlexnetPreprocess imagenet = {
  ALEXNET_CROP_CENTER,
  256,
  { 0.485f, 0.456f, 0.406f },
  { 0.229f, 0.224f, 0.225f },
};

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

static char *
data_path (const char *name)
{
  const char *dir = g_getenv ("ALEXNET_TEST_DATA");

  g_assert_nonnull (dir);
  return g_build_filename (dir, name, NULL);
}

static char **
read_lines (const char *name)
{
  g_autofree char *path = data_path (name), *text = NULL;
  GError *error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (g_strchomp (text), "\n", -1);
}

static guint8 *
read_gz (const char *name, gsize size)
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

typedef struct {
  guint size;
  guint rows;    /* that came, in order */
  float *values; /* [3][size][size] */
} Output;

static void
output_clear (Output *output)
{
  g_free (output->values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Output, output_clear)

static void
take_row (gpointer user, guint y, const float *const channels[3])
{
  Output *output = user;
  gsize n = output->size;

  g_assert_cmpuint (y, ==, output->rows++);
  for (guint c = 0; c < 3; c++)
    memcpy (output->values + (c * n + y) * n, channels[c], n * sizeof (float));
}

static Output
run (AlexnetTransform *transform, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess,
    guint size)
{
  Output output = { size, 0, g_new (float, 3 * (gsize) size * size) };
  GError *error = NULL;
  gboolean ok = alexnet_transform_update (transform, image, region, preprocess,
      size, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  alexnet_transform_run (transform, image, take_row, &output);
  g_assert_cmpuint (output.rows, ==, size);
  return output;
}

static Output
run_once (const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint size)
{
  AlexnetTransform *transform = alexnet_transform_new ();
  Output output = run (transform, image, region, preprocess, size);

  alexnet_transform_free (transform);
  return output;
}

/* Undoes `imagenet`: bytes R, G, B. */
static guint8 *
denormalise (const Output *output)
{
  gsize n = (gsize) output->size * output->size;
  guint8 *rgb = g_malloc (3 * n);

  for (gsize i = 0; i < n; i++) {
    for (guint c = 0; c < 3; c++) {
      float v = output->values[c * n + i];

      v = 255 * (v * imagenet.std[c] + imagenet.mean[c]);
      rgb[3 * i + c] = floorf (v + 0.5f);
    }
  }
  return rgb;
}

typedef struct {
  AlexnetFormat format;
  guint width, height;
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
  AlexnetPreprocess preprocess = imagenet;
  g_auto (Output) output = { 0 };
  g_autofree guint8 *rgb = NULL;
  g_autofree char *sum = NULL;

  preprocess.crop_mode = c->mode;
  preprocess.resize_size = c->resize;
  output = run_once (&frame->image, &c->region, &preprocess, c->size);
  rgb = denormalise (&output);
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, rgb,
      3 * (gsize) c->size * c->size);
  if (strcmp (sum, c->sums[grey]) != 0) {
    g_test_message ("format %u, %ux%u, region %ux%u at %u,%u, mode %u, "
                    "resize %u, size %u differs from Pillow",
        c->format, c->width, c->height, c->region.width, c->region.height,
        c->region.x, c->region.y, c->mode, c->resize, c->size);
    g_test_fail ();
  }
}

static void
test_pillow_rgb (void)
{
  g_auto (GStrv) lines = read_lines ("preprocess-rgb.txt");

  for (guint i = 0; lines[i] != NULL; i++) {
    PillowCase c = { 0 };
    AlexnetRegion *r = &c.region;
    int n = sscanf (lines[i], "%u %u %u %u %u %u %u %u %u %64s %64s", &c.width,
        &c.height, &r->x, &r->y, &r->width, &r->height, &c.mode, &c.resize,
        &c.size, c.sums[0], c.sums[1]);

    g_assert_cmpint (n, ==, 11);
    for (c.format = 0; c.format <= ALEXNET_FORMAT_GRAY8; c.format++)
      check_pillow (&c);
  }
  g_assert_cmpuint (g_strv_length (lines), >=, 28);
}

/* Y'CbCr against bytes of the reference: at most one level apart, and on
 * average no more than rounding explains. */
typedef struct {
  guint n, beyond, worst;
  double sum;
} Difference;

static void
add_difference (Difference *d, float value, guint8 expected)
{
  gint apart = abs ((gint) floorf (value + 0.5f) - expected);

  d->n++;
  d->sum += fabsf (value - expected);
  d->beyond += apart > 1;
  d->worst = MAX (d->worst, (guint) apart);
}

static void
assert_close (const Difference *d, double mean, const char *what)
{
  if (d->worst > 1 || d->sum > mean * d->n) {
    g_test_message ("%s: %u of %u values are more than a level away, at most "
                    "%u levels, %.3f on average",
        what, d->beyond, d->n, d->worst, d->sum / d->n);
    g_test_fail ();
  }
}

static void
test_pillow_ycbcr (void)
{
  g_auto (GStrv) lines = read_lines ("preprocess-ycbcr.txt");
  guint n_lines = g_strv_length (lines), size = 64;
  gsize n = (gsize) size * size;
  g_autofree guint8 *golden = read_gz ("preprocess-ycbcr.gz", n_lines * 3 * n);

  g_assert_cmpuint (n_lines, >=, 6);
  for (guint i = 0; i < n_lines; i++) {
    guint v[11];
    g_auto (Output) output = { 0 };
    g_autoptr (Frame) frame = NULL;
    AlexnetPreprocess preprocess = levels;
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
    output = run_once (&frame->image,
        &(AlexnetRegion){ v[3], v[4], v[5], v[6] }, &preprocess, size);
    for (gsize k = 0; k < 3 * n; k++)
      add_difference (&d, output.values[k % 3 * n + k / 3],
          golden[3 * n * i + k]);
    assert_close (&d, 0.4, lines[i]);
  }
}

/* Compares a run with the reference, and with what a GPU thread computes, at
 * every `step`-th pixel of the input. */
static void
compare (const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint size, guint step)
{
  AlexnetRegion all = { 0, 0, image->width, image->height };
  Reference reference = { image, region != NULL ? *region : all,
    preprocess->crop_mode, preprocess->resize_size, size, 0 };
  AlexnetTransform *transform = alexnet_transform_new ();
  g_auto (Output) output = run (transform, image, region, preprocess, size);
  const AlexnetTables *tables = alexnet_transform_get_tables (transform);
  gboolean exact = image->format <= ALEXNET_FORMAT_GRAY8;
  gsize n = (gsize) size * size;
  Difference d = { 0 };
  g_autofree char *what = g_strdup_printf (
      "format %u, %ux%u, region %ux%u at %u,%u, mode %u, matrix %u, range %u, "
      "site %u",
      image->format, image->width, image->height, reference.region.width,
      reference.region.height, reference.region.x, reference.region.y,
      reference.mode, image->matrix, image->range, image->site);

  for (gsize i = 0; i < n; i += step) {
    guint8 expected[3] = { 0, 0, 0 };
    gboolean shown = reference_pixel (&reference, i % size, i / size, expected);
    float thread[3];

    alexnet_tables_pixel (tables, image->planes, image->strides, i % size,
        i / size, thread);
    for (guint c = 0; c < 3; c++) {
      float value = output.values[c * n + i];

      g_assert_cmpfloat_with_epsilon (thread[c], value, 1e-3);
      if (exact || !shown)
        g_assert_cmpfloat_with_epsilon (value, expected[c], 1e-3);
      add_difference (&d, value, expected[c]);
    }
  }
  g_assert_cmpuint (reference.clipped, ==, 0);
  /* Few pixels make no average: each alone may be rounded by a half. */
  assert_close (&d,
      reference.region.width * reference.region.height < 256 ? 0.55 : 0.4,
      what);
  alexnet_transform_free (transform);
}

static void
test_colorimetry (void)
{
  AlexnetPreprocess preprocess = levels;

  preprocess.resize_size = 27;
  for (guint f = ALEXNET_FORMAT_NV12; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 61, 47, 0, photo, FALSE);
    AlexnetImage *image = &frame->image;

    for (image->matrix = 0; image->matrix <= ALEXNET_MATRIX_FCC;
         image->matrix++)
      for (image->range = 0; image->range <= ALEXNET_RANGE_LIMITED;
           image->range++)
        for (image->site = 0; image->site <= ALEXNET_SITE_TOP; image->site++)
          compare (image, NULL, &preprocess, 24, 1);
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

    a = run_once (&image, &region, &levels, 32);
    image.matrix = height > 576 ? ALEXNET_MATRIX_BT709 : ALEXNET_MATRIX_BT601;
    image.site = height > 576 ? ALEXNET_SITE_LEFT : ALEXNET_SITE_CENTER;
    image.range = ALEXNET_RANGE_LIMITED;
    b = run_once (&image, &region, &levels, 32);
    g_assert_cmpmem (a.values, 3 * 32 * 32 * 4, b.values, 3 * 32 * 32 * 4);
  }
}

static void
test_sizes (void)
{
  static const guint sizes[][2] = { { 1, 1 }, { 1, 2 }, { 2, 1 }, { 2, 2 },
    { 1, 37 }, { 37, 1 }, { 3, 3 }, { 5, 2 }, { 15, 8 }, { 16, 16 }, { 17, 31 },
    { 63, 65 }, { 200, 3 }, { 131, 97 } };
  AlexnetPreprocess preprocess = levels;

  preprocess.resize_size = 18;
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
      guint w = sizes[i][0], h = sizes[i][1];
      g_autoptr (Frame) end = frame_new (f, w, h, 0, photo, FALSE);
      g_autoptr (Frame) front = frame_new (f, w, h, FRAME_FRONT, photo, FALSE);

      for (guint mode = 0; mode <= ALEXNET_CROP_LETTERBOX; mode++) {
        preprocess.crop_mode = mode;
        compare (&end->image, NULL, &preprocess, 16, 1);
        compare (&front->image, NULL, &preprocess, 16, 7);
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
  AlexnetPreprocess preprocess = levels;

  preprocess.resize_size = 18;
  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 131, 97, 0, photo, FALSE);

    for (guint i = 0; i < G_N_ELEMENTS (regions); i++)
      for (guint site = 1; site <= ALEXNET_SITE_TOP; site++) {
        frame->image.site = site;
        preprocess.crop_mode = (i + site) % 3;
        compare (&frame->image, &regions[i], &preprocess, 16, 1);
      }
  }
}

static void
test_strides (void)
{
  gsize n = 3 * 48 * 48 * sizeof (float);

  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) plain = frame_new (f, 99, 71, 0, photo, FALSE);
    g_auto (Output) a = run_once (&plain->image, NULL, &imagenet, 48);

    for (guint flags = 1; flags < 8; flags++) {
      g_autoptr (Frame) frame = frame_new (f, 99, 71, flags, photo, FALSE);
      g_auto (Output) b = run_once (&frame->image, NULL, &imagenet, 48);

      g_assert_cmpmem (a.values, n, b.values, n);
    }
  }
}

static void
test_extremes (void)
{
  static const struct {
    AlexnetFormat format;
    guint width, height;
  } cases[] = { { ALEXNET_FORMAT_RGB, 1, 8192 },
    { ALEXNET_FORMAT_RGB, 8192, 1 }, { ALEXNET_FORMAT_NV12, 1, 8192 },
    { ALEXNET_FORMAT_I420_10LE, 8192, 1 }, { ALEXNET_FORMAT_YUY2, 8191, 3 },
    { ALEXNET_FORMAT_GRAY8, 8192, 8192 }, { ALEXNET_FORMAT_I420, 8192, 8192 } };
  AlexnetPreprocess preprocess = levels;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint w = cases[i].width, h = cases[i].height;
    g_autoptr (Frame)
        frame = frame_new (cases[i].format, w, h, 0, photo, FALSE);

    for (guint mode = 0; mode <= ALEXNET_CROP_LETTERBOX; mode++) {
      preprocess.crop_mode = mode;
      compare (&frame->image, NULL, &preprocess, 224, 1009);
    }
    preprocess.crop_mode = ALEXNET_CROP_CENTER;
    compare (&frame->image, &(AlexnetRegion){ w - 1, h - 1, 1, 1 }, &preprocess,
        224, 1009);
  }
}

/* Large network inputs, and one pixel of output. */
static void
test_input_sizes (void)
{
  static const guint formats[] = { ALEXNET_FORMAT_BGRX, ALEXNET_FORMAT_NV12 };
  AlexnetPreprocess preprocess = levels;

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (Frame) frame = frame_new (formats[i], 57, 43, 0, photo, FALSE);

    for (guint mode = 0; mode <= ALEXNET_CROP_LETTERBOX; mode++) {
      preprocess.crop_mode = mode;
      preprocess.resize_size = 256;
      compare (&frame->image, NULL, &preprocess, 1, 1);
      compare (&frame->image, NULL, &preprocess, 1024, 3001);
      preprocess.resize_size = 1;
      compare (&frame->image, NULL, &preprocess, 9, 1);
      preprocess.resize_size = 8192;
      compare (&frame->image, NULL, &preprocess, 9, 1);
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
    ALEXNET_CROP_CENTER, 256, 224, 0 };
  g_auto (Output) output = run_once (&frame->image, NULL, &levels, 224);
  gsize n = 224 * 224;
  Difference d = { 0 };

  for (gsize i = 0; i < n; i += 5) {
    guint8 expected[3];

    g_assert_true (reference_pixel (&reference, i % 224, i / 224, expected));
    for (guint c = 0; c < 3; c++)
      add_difference (&d, output.values[c * n + i], expected[c]);
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
  g_auto (Output) output = run_once (image, NULL, preprocess, 8);
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
  assert_flat (&rgb->image, &levels, 16, 100, 255);
  rgb->image.range = ALEXNET_RANGE_LIMITED;
  assert_flat (&rgb->image, &levels, 0, 84 * 255 / 219.0f, 255);

  frame_fill (p010, 1, 512);
  frame_fill (p010, 2, 512);
  frame_fill (p010, 0, 64);
  assert_flat (&p010->image, &levels, 0, 0, 0);
  frame_fill (p010, 0, 940);
  assert_flat (&p010->image, &levels, 255, 255, 255);
  frame_fill (p010, 0, 1023);
  assert_flat (&p010->image, &levels, 255, 255, 255);
  frame_fill (p010, 0, 0);
  assert_flat (&p010->image, &levels, 0, 0, 0);
  frame_fill (p010, 0, 503); /* a level of 10 bits is not lost */
  assert_flat (&p010->image, &levels, 439 * 255 / 876.0f, 439 * 255 / 876.0f,
      439 * 255 / 876.0f);
}

static void
test_normalisation (void)
{
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_XBGR, 9, 9, 0, photo, TRUE);
  AlexnetPreprocess p = { ALEXNET_CROP_CENTER, 8, { 0.1f, 0.2f, 0.3f },
    { 0.5f, 0.25f, 2.0f } };
  float r = (10 / 255.0f - 0.1f) / 0.5f, g = (200 / 255.0f - 0.2f) / 0.25f;
  float b = (77 / 255.0f - 0.3f) / 2.0f;

  frame_fill (frame, 0, 10);
  frame_fill (frame, 1, 200);
  frame_fill (frame, 2, 77);
  assert_flat (&frame->image, &p, r, g, b);
  p.bgr = TRUE;
  assert_flat (&frame->image, &p, b, g, r);
}

/* Black around a small ALEXNET_CROP_CENTER, the mean around a letterbox. */
static void
test_padding (void)
{
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_NV12, 40, 20, 0, photo, TRUE);
  AlexnetPreprocess p = imagenet;

  p.resize_size = 5; /* 10x5 in 16x16: rows 5..9, columns 3..12 */
  for (guint mode = 0; mode <= ALEXNET_CROP_LETTERBOX; mode++) {
    g_auto (Output) output = { 0 };

    p.crop_mode = mode;
    p.bgr = mode == ALEXNET_CROP_CENTER;
    output = run_once (&frame->image, NULL, &p, 16);
    for (guint i = 0; i < 3 * 256; i++) {
      guint c = i / 256, y = i / 16 % 16, x = i % 16;
      guint channel = p.bgr ? 2 - c : c;
      float black = -p.mean[channel] / p.std[channel];

      if (mode == ALEXNET_CROP_CENTER && (y < 5 || y > 9 || x < 3 || x > 12))
        g_assert_cmpfloat_with_epsilon (output.values[i], black, 1e-6);
      if (mode == ALEXNET_CROP_LETTERBOX && (y < 4 || y > 11))
        g_assert_cmpfloat (output.values[i], ==, 0);
    }
  }
}

static void
test_repeat (void)
{
  AlexnetTransform *transform = alexnet_transform_new ();
  gsize n = 3 * 224 * 224 * sizeof (float);

  for (guint f = 0; f < ALEXNET_N_FORMATS; f++) {
    g_autoptr (Frame) frame = frame_new (f, 333, 222, 0, photo, FALSE);
    g_auto (Output) a = run (transform, &frame->image, NULL, &imagenet, 224);
    g_auto (Output) fresh = run_once (&frame->image, NULL, &imagenet, 224);
    AlexnetRegion all = { 0, 0, 333, 222 };
    Output b = { 224, 0, g_malloc0 (n) };
    AlexnetTables before = *alexnet_transform_get_tables (transform);

#ifdef COUNTS_ALLOCATIONS
    n_allocations = 0;
#endif
    alexnet_transform_update (transform, &frame->image, NULL, &imagenet, 224,
        NULL);
    alexnet_transform_update (transform, &frame->image, &all, &imagenet, 224,
        NULL);
    alexnet_transform_run (transform, &frame->image, take_row, &b);
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
    guint size)
{
  AlexnetTables before = *alexnet_transform_get_tables (transform);
  GError *error = NULL;

  g_assert_false (alexnet_transform_update (transform, image, region,
      preprocess, size, &error));
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
  static const guint sides[] = { 0, 8193, G_MAXUINT };
  AlexnetImage good = {
    .format = ALEXNET_FORMAT_NV12, .width = 64, .height = 48
  };
  AlexnetTransform *t = alexnet_transform_new ();

  g_assert_true (alexnet_transform_update (t, &good, NULL, &levels, 224, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (regions); i++)
    assert_invalid (t, &good, &regions[i], &levels, 224);
  for (guint i = 0; i < G_N_ELEMENTS (sides); i++) {
    AlexnetImage wide = good, high = good;
    AlexnetPreprocess p = levels;

    wide.width = high.height = p.resize_size = sides[i];
    assert_invalid (t, &wide, NULL, &levels, 224);
    assert_invalid (t, &high, NULL, &levels, 224);
    assert_invalid (t, &good, NULL, &levels, sides[i]);
    assert_invalid (t, &good, NULL, &p, 224);
  }
  for (guint i = 0; i < 5; i++) {
    AlexnetImage bad = good;
    AlexnetPreprocess p = levels;

    *(i == 0         ? (guint *) &bad.format
            : i == 1 ? (guint *) &bad.matrix
            : i == 2 ? (guint *) &bad.range
            : i == 3 ? (guint *) &bad.site
                     : (guint *) &p.crop_mode) = i == 0 ? ALEXNET_N_FORMATS
                                                        : 99;
    assert_invalid (t, &bad, NULL, &p, 224);
  }
  alexnet_transform_free (t);
  alexnet_transform_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  photo = read_gz ("preprocess-photo.gz", 3 * PHOTO_WIDTH * PHOTO_HEIGHT);
  g_test_add_func ("/preprocess/pillow-rgb", test_pillow_rgb);
  g_test_add_func ("/preprocess/pillow-ycbcr", test_pillow_ycbcr);
  g_test_add_func ("/preprocess/colorimetry", test_colorimetry);
  g_test_add_func ("/preprocess/defaults", test_defaults);
  g_test_add_func ("/preprocess/sizes", test_sizes);
  g_test_add_func ("/preprocess/regions", test_regions);
  g_test_add_func ("/preprocess/strides", test_strides);
  g_test_add_func ("/preprocess/extremes", test_extremes);
  g_test_add_func ("/preprocess/input-sizes", test_input_sizes);
  g_test_add_func ("/preprocess/vivid", test_vivid);
  g_test_add_func ("/preprocess/ranges", test_ranges);
  g_test_add_func ("/preprocess/normalisation", test_normalisation);
  g_test_add_func ("/preprocess/padding", test_padding);
  g_test_add_func ("/preprocess/repeat", test_repeat);
  g_test_add_func ("/preprocess/invalid", test_invalid);
  return g_test_run ();
}
