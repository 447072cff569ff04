/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loops over pixels, against arith.h pixel by pixel. */

#include <string.h>

#include "kernels.h"
#include "preprocess-reference.h"
#include "preprocess/arith.h"
#include "preprocess/private.h"

/* ---- samples ------------------------------------------------------------- */

#define ANTIALIAS ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS
#define BILINEAR ALEXNET_INTERPOLATION_BILINEAR

typedef struct {
  AlexnetFormat format;
  guint width, height, size;
  AlexnetInterpolation interpolation;
} Shape;

static const Shape real_shapes[] = {
  { ALEXNET_FORMAT_NV12, 1280, 720, 224, ANTIALIAS },
  { ALEXNET_FORMAT_I420_10LE, 131, 97, 35, ANTIALIAS },
  { ALEXNET_FORMAT_YUY2, 99, 71, 47, BILINEAR },
  { ALEXNET_FORMAT_Y444, 40, 61, 100, ANTIALIAS },
  { ALEXNET_FORMAT_RGB, 131, 97, 35, BILINEAR },
};

static const Shape fixed_shapes[] = {
  { ALEXNET_FORMAT_RGB, 1280, 720, 224, ANTIALIAS },
  { ALEXNET_FORMAT_GRAY8, 131, 97, 35, ANTIALIAS },
  { ALEXNET_FORMAT_XBGR, 99, 71, 47, ANTIALIAS },
  { ALEXNET_FORMAT_BGR, 40, 61, 100, ANTIALIAS },
};

typedef struct {
  KernelCall base;
  Frame *frame;
  AlexnetTransform *transforms[ALEXNET_N_ISAS]; /* of sets that are there */
} Samples;

static void
samples_clear (gpointer call)
{
  Samples *self = call;

  frame_free (self->frame);
  for (AlexnetIsa isa = 0; isa < ALEXNET_N_ISAS; isa++)
    alexnet_transform_free (self->transforms[isa]);
}

static AlexnetTransform *
transform_new (AlexnetIsa isa, const AlexnetImage *image, const Shape *shape)
{
  AlexnetPreprocess recipe = {
    .crop_mode = ALEXNET_CROP_STRETCH,
    .resize_size = 256,
    .interpolation = shape->interpolation,
    .mean = { 0.485f, 0.456f, 0.406f },
    .std = { 0.229f, 0.224f, 0.225f },
    .channel_order = ALEXNET_CHANNELS_RGB,
  };
  AlexnetTransform *transform = alexnet_transform_new ();
  g_autoptr (GError) error = NULL;

  transform->isa = isa;
  alexnet_transform_update (transform, image, NULL, &recipe, 3, shape->size,
      &error);
  g_assert_no_error (error);
  g_assert_true (transform->kernels == alexnet_kernels_get (isa));
  return transform;
}

static Frame *
make_frame (const Shape *shape)
{
  gsize n = (gsize) 3 * PHOTO_WIDTH * PHOTO_HEIGHT;
  g_autofree guint8 *photo = g_malloc (n);

  for (gsize i = 0; i < n; i++)
    photo[i] = (guint8) (i * 2654435761u >> 24);
  return frame_new (shape->format, shape->width, shape->height, FRAME_PADDED,
      photo, TRUE);
}

/* Real sums of both passes round once for each tap, of no more than the result:
 * no weight is negative. Whole numbers are exact. */
static void
expect_samples (Samples *self, guint i)
{
  const AlexnetTables *t = alexnet_transform_get_tables (self->transforms[0]);
  const AlexnetComponent *c = &t->layout.components[i];
  const AlexnetImage *image = &self->frame->image;
  double *expected = self->base.expected + (gsize) i * t->width * t->height;
  double *tolerance = self->base.tolerance + (gsize) i * t->width * t->height;
  guint n_taps = t->h[c->h_shift].n_taps + t->v[c->v_shift].n_taps;

  for (guint y = 0; y < t->height; y++)
    for (guint x = 0; x < t->width; x++, expected++, tolerance++) {
      *expected = (double) alexnet_component_value (t, c,
          (const guint8 *) image->planes[c->plane], image->strides[c->plane], x,
          y);
      if (t->real)
        *tolerance = 2 * n_taps * KERNEL_ROUNDING * *expected;
    }
}

static gpointer
samples_make (const Shape *shape)
{
  const AlexnetLayout *layout;
  Samples *self;

  layout = alexnet_format_get_layout (shape->format);
  self = kernel_call_new (sizeof *self,
      (gsize) layout->n_components * shape->size * shape->size, KERNEL_FLOATS,
      77);
  self->base.clear = samples_clear;
  self->frame = make_frame (shape);
  for (AlexnetIsa isa = 0; isa <= alexnet_cpu_detect (); isa++)
    self->transforms[isa] = transform_new (isa, &self->frame->image, shape);
  for (guint i = 0; i < layout->n_components; i++)
    expect_samples (self, i);
  return self;
}

/* Rows y .. y + n - 1 of all components. */
static void
take_rows (Samples *self, const AlexnetTransform *t, guint y, guint n)
{
  guint width = t->tables.width, height = t->tables.height;

  for (guint i = 0; i < t->tables.layout.n_components; i++)
    for (guint r = 0; r < n; r++)
      memcpy ((float *) self->base.out + ((gsize) i * height + y + r) * width,
          t->samples[i] + r * t->pitch, width * sizeof (float));
}

static void
run_all (gpointer call, AlexnetIsa isa, AlexnetCompute *compute, guint rows)
{
  Samples *self = call;
  AlexnetTransform *t = self->transforms[isa];
  guint height = t->tables.height;

  t->done = 0;
  for (guint y = 0; y < height; y += rows) {
    compute (t, &self->frame->image, y);
    take_rows (self, t, y, MIN (rows, height - y));
  }
}

static gpointer
compute_real_make (guint variant)
{
  return variant < G_N_ELEMENTS (real_shapes)
      ? samples_make (&real_shapes[variant])
      : NULL;
}

static void
compute_real_run (gpointer call, AlexnetIsa isa)
{
  const AlexnetKernels *kernels = alexnet_kernels_get (isa);

  run_all (call, isa, kernels->compute_real, kernels->rows);
}

static const Kernel kernel_compute_real = { TRUE, compute_real_make,
  compute_real_run };

static gpointer
compute_fixed_make (guint variant)
{
  return variant < G_N_ELEMENTS (fixed_shapes)
      ? samples_make (&fixed_shapes[variant])
      : NULL;
}

static void
compute_fixed_run (gpointer call, AlexnetIsa isa)
{
  run_all (call, isa, alexnet_kernels_get (isa)->compute_fixed, 1);
}

static const Kernel kernel_compute_fixed = { TRUE, compute_fixed_make,
  compute_fixed_run };

/* ---- colours ------------------------------------------------------------- */

/* Behind the results, what stays as it was. */
#define GUARD 16

typedef struct {
  KernelCall base;
  AlexnetColor color;
  guint channel, n;
  float *samples[3];
} Convert;

/* Row `c` of the matrix, clipped, of pixel `x`; adds the sizes of what is added
 * up for it to *magnitude. */
static double
get_row (const Convert *self, guint c, guint x, double *magnitude)
{
  const AlexnetColor *color = &self->color;
  double value = (double) color->offset[c];

  *magnitude += ABS (value);
  for (guint i = 0; i < 3; i++) {
    double term = (double) color->matrix[c][i] * (double) self->samples[i][x];

    value += term;
    *magnitude += ABS (term);
  }
  return CLAMP (value, 0, 1);
}

/* `value` of pixel `x` is made with so many roundings of `magnitude`; two more
 * are those of scale and bias. */
static void
expect_channel (Convert *self, guint x, double value, double magnitude,
    guint n_roundings)
{
  double scale = (double) self->color.scale[self->channel];
  double result = value * scale;

  self->base.expected[x] = result + (double) self->color.bias[self->channel];
  self->base.tolerance[x] = KERNEL_ROUNDING *
      (n_roundings * magnitude * ABS (scale) + 2 * ABS (result) +
          ABS (self->base.expected[x]));
}

/* Four products and sums. */
static void
expect_color (Convert *self, guint x)
{
  double magnitude = 0;
  double value = get_row (self, self->channel, x, &magnitude);

  expect_channel (self, x, value, magnitude, 6);
}

/* The same three times, with a product and a sum each. */
static void
expect_luma (Convert *self, guint x)
{
  double magnitude = 0;
  double value = (double) ALEXNET_LUMA_R * get_row (self, 0, x, &magnitude) +
      (double) ALEXNET_LUMA_G * get_row (self, 1, x, &magnitude) +
      (double) ALEXNET_LUMA_B * get_row (self, 2, x, &magnitude);

  expect_channel (self, x, value, magnitude, 9);
}

/* Without expectations. */
static Convert *
colors_new (guint variant)
{
  static const guint sizes[] = { 224, 1, 7, 8, 15, 16, 17, 33, 100 };
  static const AlexnetFormat formats[] = { ALEXNET_FORMAT_NV12,
    ALEXNET_FORMAT_BGRX };
  Shape shape = { formats[variant / 3 % 2], 64, 64, 32, ANTIALIAS };
  g_autoptr (Frame) frame = NULL;
  AlexnetTransform *transform;
  Convert *self;
  GRand *rand;

  if (variant / 6 >= G_N_ELEMENTS (sizes))
    return NULL;
  self = kernel_call_new (sizeof *self, sizes[variant / 6] + GUARD,
      KERNEL_FLOATS, 77);
  self->channel = variant % 3;
  self->n = sizes[variant / 6];
  frame = make_frame (&shape);
  transform = transform_new (ALEXNET_ISA_PLAIN, &frame->image, &shape);
  self->color = alexnet_transform_get_tables (transform)->color;
  alexnet_transform_free (transform);
  rand = g_rand_new_with_seed (variant);
  for (guint i = 0; i < 3; i++) {
    self->samples[i] = kernel_call_alloc (self, self->n, sizeof (float));
    for (guint x = 0; x < self->n; x++)
      self->samples[i][x] = (float) g_rand_double_range (rand, 0, 255);
  }
  g_rand_free (rand);
  return self;
}

static gpointer
convert_make (guint variant)
{
  Convert *self = colors_new (variant);

  for (guint x = 0; self && x < self->n; x++)
    expect_color (self, x);
  return self;
}

static gpointer
convert_luma_make (guint variant)
{
  Convert *self = colors_new (3 * variant); /* channel 0 */

  for (guint x = 0; self && x < self->n; x++)
    expect_luma (self, x);
  return self;
}

static void
convert_luma_run (gpointer call, AlexnetIsa isa)
{
  Convert *self = call;

  alexnet_kernels_get (isa)->convert_luma (&self->color, self->samples[0],
      self->samples[1], self->samples[2], self->n, self->base.out);
}

static const Kernel kernel_convert_luma = { TRUE, convert_luma_make,
  convert_luma_run };

static void
convert_run (gpointer call, AlexnetIsa isa)
{
  Convert *self = call;

  alexnet_kernels_get (isa)->convert (&self->color, self->channel,
      self->samples[0], self->samples[1], self->samples[2], self->n,
      self->base.out);
}

static const Kernel kernel_convert = { TRUE, convert_make, convert_run };

/* -------------------------------------------------------------------------- */

static gboolean
is_there (AlexnetIsa isa)
{
  return isa <= alexnet_cpu_detect ();
}

const KernelEntry kernels_of_preprocess[] = {
#define KERNEL(name, type) { #name, is_there, &kernel_##name },
#include "preprocess/kernels.inc"
  { NULL },
};
