/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rows of weights as each storage has them, and their way into columns: every
 * byte of what is written, and none beside it. */

#include <float.h>
#include <math.h>
#include <string.h>

#include "float-bits.h"
#include "kernels.h"
#include "onednn/linear/kernels.h"
#include "onednn/linear/pack.h"
#include "small-floats.h"

#define UNTOUCHED 77
#define GUARD 64 /* bytes behind the results, which stay as they were */

/* Appends bytes to what is expected, from result `at` on. */
static gsize
expect_bytes (KernelCall *call, gsize at, gconstpointer bytes, gsize n)
{
  for (gsize i = 0; i < n; i++)
    call->expected[at + i] = ((const guint8 *) bytes)[i];
  return at + n;
}

/* ---- conversion ---------------------------------------------------------- */

#define SCALE_STRIDE 3
#define SUMS_TOLERANCE 1e-5 /* sums of float */

static const gsize row_sizes[] = { 9216, 32, 64, 96, 4096 };

/* Results: the row, scales, both magnitudes, whether the sums are right. */
typedef struct {
  KernelCall base;
  OnednnConvert *(*get_kernel) (AlexnetIsa isa);
  gsize n, value_size;
  float *values; /* [n] */
  OnednnMet met; /* as expected */
} Convert;

static gsize
count_groups (const Convert *self)
{
  return self->n / LINEAR_GROUP;
}

/* Group 0 is ordinary, also with `odd` ones elsewhere; group 1 is zeros. */
static void
fill_row (Convert *self, gboolean with_odd)
{
  static const float odd[] = { 1e-42f, -1e-42f, FLT_MIN, 65504, -65505, 65520,
    FLT_MAX, -0.f, 1e-30f, INFINITY, -INFINITY, NAN };
  GRand *rand = g_rand_new_with_seed (1);

  for (gsize i = 0; i < self->n; i++) {
    gsize group = i / LINEAR_GROUP;

    self->values[i] = (float) g_rand_double_range (rand, -0.1, 0.1);
    if (group == 1)
      self->values[i] = 0;
    else if (with_odd && group > 1 && i % 5 == 1)
      self->values[i] = odd[group % G_N_ELEMENTS (odd)];
  }
  g_rand_free (rand);
}

static float
clean (float value)
{
  return fabsf (value) < FLT_MIN ? 0 : value;
}

static void
expect_met (Convert *self)
{
  for (gsize i = 0; i < self->n; i++) {
    float magnitude = fabsf (self->values[i]);
    gint32 bits = (gint32) alexnet_float_to_bits (magnitude);

    self->met.largest = MAX (self->met.largest, bits);
    if (isfinite (magnitude))
      self->met.largest_finite = MAX (self->met.largest_finite, bits);
  }
}

/* The least bf16 that times 127 is no less than what is largest. */
static guint16
find_scale (const float *values)
{
  float largest = 0;
  guint32 bits;

  for (guint c = 0; c < LINEAR_GROUP; c++) {
    if (!isfinite (values[c]))
      return 0x7fc0;
    largest = fmaxf (largest, fabsf (values[c]));
  }
  largest /= 127;
  bits = alexnet_float_to_bits (largest);
  if (largest < FLT_MIN)
    return 0;
  return (guint16) (bits % 0x10000 ? (bits >> 16) + 1 : bits >> 16);
}

static void
expect_group (Convert *self, gsize at, gsize group)
{
  const float *values = self->values + group * LINEAR_GROUP;
  guint16 bits = find_scale (values);
  float scale = alexnet_float_from_bits ((guint32) bits << 16);

  for (guint c = 0; c < LINEAR_GROUP; c++) {
    float value = clean (values[c]);
    gint8 whole = scale > 0 ? (gint8) lrintf (value / scale) : 0;
    double rest = (double) value - whole * (double) (scale > 0 ? scale : 0);

    expect_bytes (&self->base, at + c, &whole, 1);
    self->met.lost += rest * rest;
    self->met.all += (double) value * (double) value;
  }
  expect_bytes (&self->base, self->n + SCALE_STRIDE * sizeof bits * group,
      &bits, sizeof bits);
}

static void
expect_value (Convert *self, gsize i, OnednnStorage storage)
{
  float value = clean (self->values[i]);
  guint16 small = storage == LINEAR_F16 ? alexnet_f16_from_float (value)
                                        : alexnet_bf16_from_float (value);

  expect_bytes (&self->base, i * self->value_size,
      storage == LINEAR_F32 ? (gconstpointer) &value : &small,
      self->value_size);
}

static gsize
scales_size (const Convert *self)
{
  return count_groups (self) * SCALE_STRIDE * sizeof (guint16);
}

static void
expect_row (Convert *self, OnednnStorage storage)
{
  guint8 right = TRUE;
  gsize at = self->n * self->value_size + scales_size (self);

  for (gsize g = 0; storage == LINEAR_S8 && g < count_groups (self); g++)
    expect_group (self, g * LINEAR_GROUP, g);
  for (gsize i = 0; storage != LINEAR_S8 && i < self->n; i++)
    expect_value (self, i, storage);
  expect_met (self);
  at = expect_bytes (&self->base, at, &self->met.largest, sizeof (gint32));
  at = expect_bytes (&self->base, at, &self->met.largest_finite,
      sizeof (gint32));
  expect_bytes (&self->base, at, &right, sizeof right);
}

/* Of each size with ordinary numbers, and with others. */
static gpointer
convert_make (guint variant, OnednnStorage storage, gsize size,
    OnednnConvert *(*get_kernel) (AlexnetIsa isa))
{
  Convert *self;
  gsize n;

  if (variant / 2 >= G_N_ELEMENTS (row_sizes))
    return NULL;
  n = row_sizes[variant / 2];
  self = kernel_call_new (sizeof *self,
      n * size + n / LINEAR_GROUP * SCALE_STRIDE * sizeof (guint16) +
          2 * sizeof (gint32) + 1 + GUARD,
      KERNEL_BYTES, UNTOUCHED);
  self->get_kernel = get_kernel;
  self->n = n;
  self->value_size = size;
  self->values = kernel_call_alloc (self, n, sizeof (float));
  fill_row (self, variant % 2);
  expect_row (self, storage);
  return self;
}

static gboolean
is_near (double found, double expected)
{
  return !isfinite (expected) ||
      fabs (found - expected) <= SUMS_TOLERANCE * expected;
}

static void
convert_run (gpointer call, AlexnetIsa isa)
{
  Convert *self = call;
  guint8 *out = self->base.out, *behind = out + self->n * self->value_size;
  OnednnMet met = { 0 };

  self->get_kernel (isa) (out, (guint16 *) behind, SCALE_STRIDE, self->values,
      self->n, &met);
  behind += scales_size (self);
  memcpy (behind, &met.largest, sizeof (gint32));
  memcpy (behind + sizeof (gint32), &met.largest_finite, sizeof (gint32));
  behind[2 * sizeof (gint32)] = is_near (met.lost, self->met.lost) &&
      is_near (met.all, self->met.all);
}

#define CONVERT(name, storage, size)                                     \
  static gpointer name##_make (guint variant)                            \
  {                                                                      \
    return convert_make (variant, storage, size, alexnet_onednn_##name); \
  }                                                                      \
                                                                         \
  const Kernel kernel_##name = { TRUE, name##_make, convert_run };

CONVERT (convert_f32, LINEAR_F32, 4)
CONVERT (convert_bf16, LINEAR_BF16, 2)
CONVERT (convert_f16, LINEAR_F16, 2)
CONVERT (convert_s8, LINEAR_S8, 1)

/* ---- transposition ------------------------------------------------------- */

static const gsize column_counts[] = { 1024, 32, 64, 96 };

typedef struct {
  KernelCall base;
  OnednnTranspose *(*get_kernel) (AlexnetIsa isa);
  gsize columns, stride, distance;
  guint8 *in;
} Transpose;

static void
expect_columns (Transpose *self, gsize size)
{
  for (gsize c = 0; c < self->columns; c++)
    for (gsize r = 0; r < LINEAR_LINE / size; r++)
      expect_bytes (&self->base, c * self->stride + r * size,
          self->in + r * self->distance + c * size, size);
}

static gpointer
transpose_make (guint variant, gsize size,
    OnednnTranspose *(*get_kernel) (AlexnetIsa isa))
{
  const gsize stride = LINEAR_LINE + 48, n_rows = LINEAR_LINE / size;
  Transpose *self;

  if (variant >= G_N_ELEMENTS (column_counts))
    return NULL;
  self = kernel_call_new (sizeof *self, column_counts[variant] * stride,
      KERNEL_BYTES, UNTOUCHED);
  self->get_kernel = get_kernel;
  self->columns = column_counts[variant];
  self->stride = stride;
  self->distance = self->columns * size + 16;
  self->in = kernel_call_alloc (self, n_rows, self->distance);
  for (gsize i = 0; i < n_rows * self->distance; i++)
    self->in[i] = (guint8) (i * 2654435761u >> 24);
  expect_columns (self, size);
  return self;
}

static void
transpose_run (gpointer call, AlexnetIsa isa)
{
  Transpose *self = call;

  self->get_kernel (isa) (self->base.out, self->stride, self->in,
      self->distance, self->columns);
}

#define TRANSPOSE(bits)                                                   \
  static gpointer transpose_##bits##_make (guint variant)                 \
  {                                                                       \
    return transpose_make (variant, bits / 8,                             \
        alexnet_onednn_transpose_##bits);                                 \
  }                                                                       \
                                                                          \
  const Kernel kernel_transpose_##bits = { TRUE, transpose_##bits##_make, \
    transpose_run };

TRANSPOSE (8)
TRANSPOSE (16)
TRANSPOSE (32)
