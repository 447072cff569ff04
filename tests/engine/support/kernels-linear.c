/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products of a matrix in each of its storages with some vectors. */

#include <math.h>
#include <string.h>

#include "kernels.h"
#include "onednn/linear/kernels.h"
#include "onednn/simd/small-floats.h"
#include "tensor/dtype.h"

/* Behind the sums, what stays as it was. */
#define GUARD LINEAR_SLICE

static const struct {
  guint rows, blocks, inputs;
} shapes[] = { { 1024, 4, 1 }, { 64, 1, 1 }, { 64, 4, 2 }, { 128, 3, 3 },
  { 192, 2, 4 }, { 64, 4, 5 }, { 256, 4, 8 }, { 64, 1, 33 } };

typedef struct {
  KernelCall base;
  OnednnLinearKernel *(*get_kernel) (AlexnetIsa isa);
  guint bytes; /* of an input; 0: float */
  guint rows, n_columns, inputs;
  guint8 *weights; /* [LINEAR_GROUP][stride] */
  guint16 *scales; /* [rows] */
  guint32 *columns;
  void *in;
  float *numbers; /* [LINEAR_GROUP][rows] what weights stand for */
  OnednnSpan span;
} Product;

/* Stores a weight; returns what it stands for. */
static float
put_weight (guint8 *place, OnednnStorage storage, GRand *rand)
{
  float value = (float) g_rand_double_range (rand, -1, 1);
  gint8 whole = (gint8) g_rand_int_range (rand, -127, 128);

  switch (storage) {
    case LINEAR_F32:
      memcpy (place, &value, sizeof value);
      break;
    case LINEAR_BF16:
      *(guint16 *) place = alexnet_onednn_bf16_from_float (value);
      alexnet_dtype_to_float (ALEXNET_DTYPE_BF16, &value, place, 1);
      break;
    case LINEAR_F16:
      *(guint16 *) place = alexnet_onednn_f16_from_float (value);
      alexnet_dtype_to_float (ALEXNET_DTYPE_F16, &value, place, 1);
      break;
    default:
      *(gint8 *) place = whole;
      value = whole;
  }
  return value;
}

static void
fill_weights (Product *self, OnednnStorage storage, gsize size, GRand *rand)
{
  for (guint c = 0; c < LINEAR_GROUP; c++)
    for (guint r = 0; r < self->rows; r++)
      self->numbers[c * self->rows + r] = put_weight (self->weights +
              c * self->span.stride + r * size,
          storage, rand);
  for (guint r = 0; r < self->rows; r++)
    self->scales[r] = alexnet_onednn_bf16_from_float ((float)
            g_rand_double_range (rand, 1e-3, 1e-2));
}

/* Column `c` of the list of image `i`. */
static float
get_input (const Product *self, guint c, guint i)
{
  gsize block = c / LINEAR_BLOCK * self->inputs + i;
  gsize at = block * MAX (self->bytes, 1) * LINEAR_BLOCK + c % LINEAR_BLOCK;
  const guint8 *bytes = self->in;

  if (self->bytes == 0)
    return ((float *) self->in)[at];
  return self->bytes == 1 ? bytes[at]
                          : 256 * bytes[at] + bytes[at + LINEAR_BLOCK];
}

static void
fill_inputs (Product *self, GRand *rand)
{
  gsize n = self->n_columns * self->inputs * MAX (self->bytes, 1);

  for (gsize k = 0; k < n; k++) {
    if (self->bytes > 0)
      ((guint8 *) self->in)[k] = (guint8) g_rand_int_range (rand, 0, 256);
    else
      ((float *) self->in)[k] = (float) g_rand_double_range (rand, -1, 1);
  }
}

/* Sums of n products in whatever order and with whatever of them fused: n
 * roundings of no more than the sum of all magnitudes, and two with a scale.
 * Those of whole numbers are exact, so that only its two are left. */
static void
expect (Product *self, OnednnStorage storage, guint row, guint i)
{
  gsize at = (gsize) i * self->rows + row;
  double sum = 0, magnitude = 0;
  float scale = 1;

  if (storage == LINEAR_S8)
    alexnet_dtype_to_float (ALEXNET_DTYPE_BF16, &scale, &self->scales[row], 1);
  for (guint c = 0; c < self->n_columns; c++) {
    gsize column = self->columns[c];
    double product = (double) self->numbers[column * self->rows + row] *
        (double) get_input (self, c, i);

    sum += product;
    magnitude += fabs (product);
  }
  self->base.expected[at] = sum * (double) scale;
  self->base.tolerance[at] = KERNEL_ROUNDING *
      (self->bytes > 0 ? 2 * fabs (sum) : (self->n_columns + 2) * magnitude) *
      (double) scale;
}

static gpointer
product_make (guint variant, OnednnStorage storage, gsize size,
    OnednnLinearKernel *(*get_kernel) (AlexnetIsa isa), guint bytes)
{
  GRand *rand;
  Product *self;
  gsize n;

  if (variant >= G_N_ELEMENTS (shapes))
    return NULL;
  n = (gsize) shapes[variant].rows * shapes[variant].inputs;
  self = kernel_call_new (sizeof *self, n + GUARD, FALSE, 0);
  self->get_kernel = get_kernel;
  self->bytes = bytes;
  self->rows = shapes[variant].rows;
  self->n_columns = shapes[variant].blocks * LINEAR_BLOCK;
  self->inputs = shapes[variant].inputs;
  self->span.stride = self->rows * size + LINEAR_PAD;
  self->weights = kernel_call_alloc (self, LINEAR_GROUP, self->span.stride);
  self->numbers = kernel_call_alloc (self, LINEAR_GROUP,
      self->rows * sizeof (float));
  self->scales = kernel_call_alloc (self, self->rows, sizeof (guint16));
  self->columns = kernel_call_alloc (self, self->n_columns, sizeof (guint32));
  self->in = kernel_call_alloc (self, self->n_columns,
      self->inputs * (bytes > 0 ? bytes : sizeof (float)));
  self->span = (OnednnSpan){ self->weights, self->span.stride, self->scales,
    self->columns, shapes[variant].blocks, self->n_columns, self->in };
  rand = g_rand_new_with_seed (variant);
  fill_weights (self, storage, size, rand);
  fill_inputs (self, rand);
  g_rand_free (rand);
  for (guint c = 0; c < self->n_columns; c++)
    self->columns[c] = c * 5 % LINEAR_GROUP;
  for (guint i = 0; i < self->inputs; i++)
    for (guint r = 0; r < self->rows; r++)
      expect (self, storage, r, i);
  return self;
}

static void
product_run (gpointer call, AlexnetIsa isa)
{
  Product *self = call;

  self->get_kernel (isa) (self->base.out, &self->span, self->rows,
      self->inputs);
}

/* Results are [inputs][rows], sums [rows / step][inputs][step]. */
static gsize
product_find (gconstpointer call, AlexnetIsa isa, gsize i)
{
  const Product *self = call;
  gsize step = self->bytes > 0 ? LINEAR_DOT_STEP
                               : alexnet_onednn_linear_step (isa);
  gsize row = i % self->rows, input = i / self->rows, place = row % step;

  if (input >= self->inputs)
    return i;
  return (row - place) * self->inputs + input * step +
      (self->bytes > 0 ? alexnet_onednn_linear_dot_place (place) : place);
}

#define PRODUCT(name, storage, size, bytes)                             \
  static gpointer name##_make (guint variant)                           \
  {                                                                     \
    return product_make (variant, storage, size, alexnet_onednn_##name, \
        bytes);                                                         \
  }                                                                     \
                                                                        \
  const Kernel kernel_##name = { FALSE, name##_make, product_run,       \
    product_find };

PRODUCT (linear_f32, LINEAR_F32, 4, 0)
PRODUCT (linear_bf16, LINEAR_BF16, 2, 0)
PRODUCT (linear_f16, LINEAR_F16, 2, 0)
PRODUCT (linear_s8, LINEAR_S8, 1, 0)
PRODUCT (linear_dot, LINEAR_S8, 1, 1)
PRODUCT (linear_dot16, LINEAR_S8, 1, 2)
