/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products of a matrix in each of its storages with some vectors. */

#include <math.h>
#include <string.h>

#include "kernels.h"
#include "onednn/linear/kernels.h"
#include "small-floats.h"
#include "tensor/dtype.h"

/* Behind the sums, what stays as it was. */
#define GUARD LINEAR_SLICE

/* What inputs are. */
typedef enum {
  IN_FLOAT,
  IN_BYTE,
  IN_TWO_BYTES,
  IN_TILES, /* of bf16 */
} Numbers;

typedef struct {
  guint rows, blocks, inputs;
} Shape;

static const Shape shapes[] = { { 1024, 4, 1 }, { 64, 1, 1 }, { 64, 4, 2 },
  { 128, 3, 3 }, { 192, 2, 4 }, { 64, 4, 5 }, { 256, 4, 8 }, { 64, 1, 33 } };
static const Shape tile_shapes[] = { { 1024, 16, 16 }, { 64, 4, 1 },
  { 128, 8, 2 }, { 192, 12, 15 }, { 64, 4, 18 }, { 128, 4, 24 }, { 64, 8, 32 },
  { 64, 4, 33 }, { 64, 20, 64 } };

typedef struct {
  KernelCall base;
  OnednnLinearKernel *(*get_kernel) (AlexnetIsa isa);
  Numbers numbers;
  guint rows, n_columns, inputs;
  guint8 *weights; /* [columns][stride] */
  guint16 *scales; /* [groups][rows] */
  guint32 *columns;
  void *in;
  float *numbers_of; /* [columns][rows] what weights stand for */
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
      *(guint16 *) place = alexnet_bf16_from_float (value);
      alexnet_dtype_to_float (ALEXNET_DTYPE_BF16, &value, place, 1);
      break;
    case LINEAR_F16:
      *(guint16 *) place = alexnet_f16_from_float (value);
      alexnet_dtype_to_float (ALEXNET_DTYPE_F16, &value, place, 1);
      break;
    default:
      *(gint8 *) place = whole;
      value = whole;
  }
  return value;
}

static guint
count_groups (const Product *self)
{
  return (self->n_columns + LINEAR_GROUP - 1) / LINEAR_GROUP;
}

static void
fill_weights (Product *self, OnednnStorage storage, gsize size, GRand *rand)
{
  for (guint c = 0; c < count_groups (self) * LINEAR_GROUP; c++)
    for (guint r = 0; r < self->rows; r++)
      self->numbers_of[c * self->rows + r] = put_weight (self->weights +
              c * self->span.stride + r * size,
          storage, rand);
  for (guint k = 0; k < count_groups (self) * self->rows; k++)
    self->scales[k] = alexnet_bf16_from_float ((float)
            g_rand_double_range (rand, 1e-3, 1e-2));
}

/* Bytes of an input. */
static gsize
find_size (Numbers numbers)
{
  static const gsize sizes[] = { sizeof (float), 1, 2, 2 };

  return sizes[numbers];
}

/* Column `c` of the list of image `i`. */
static float
get_input (const Product *self, guint c, guint i)
{
  guint unit = self->numbers == IN_TILES ? LINEAR_GROUP : LINEAR_BLOCK;
  gsize block = c / unit * self->inputs + i, at = c % unit;
  const guint8 *bytes = (const guint8 *) self->in +
      block * unit * find_size (self->numbers);
  float value;

  switch (self->numbers) {
    case IN_FLOAT:
      return ((const float *) bytes)[at];
    case IN_BYTE:
      return bytes[at];
    case IN_TWO_BYTES:
      return 256 * bytes[at] + bytes[at + LINEAR_BLOCK];
    default:
      alexnet_dtype_to_float (ALEXNET_DTYPE_BF16, &value, bytes + 2 * at, 1);
      return value;
  }
}

static void
fill_inputs (Product *self, GRand *rand)
{
  gboolean bytes = self->numbers == IN_BYTE || self->numbers == IN_TWO_BYTES;
  gsize n = self->n_columns * self->inputs *
      (bytes ? find_size (self->numbers) : 1);

  for (gsize k = 0; k < n; k++) {
    float value = (float) g_rand_double_range (rand, -1, 1);

    if (bytes)
      ((guint8 *) self->in)[k] = (guint8) g_rand_int_range (rand, 0, 256);
    else if (self->numbers == IN_TILES)
      ((guint16 *) self->in)[k] = alexnet_bf16_from_float (value);
    else
      ((float *) self->in)[k] = value;
  }
}

static float
find_scale (const Product *self, OnednnStorage storage, guint c, guint row)
{
  float scale = 1;

  if (storage == LINEAR_S8)
    alexnet_dtype_to_float (ALEXNET_DTYPE_BF16, &scale,
        &self->scales[c / LINEAR_GROUP * self->rows + row], 1);
  return scale;
}

/* Sums of n products in whatever order and with whatever of them fused: n
 * roundings of no more than the sum of all magnitudes, and two with a scale.
 * Those of whole numbers are exact, so that only its two are left. For tiles
 * weights lose what is behind 8 bits. */
static double
find_tolerance (const Product *self, double sum, double magnitude)
{
  double all = (self->n_columns + 2) * KERNEL_ROUNDING * magnitude;

  switch (self->numbers) {
    case IN_FLOAT:
      return all;
    case IN_TILES:
      return all + 0x1p-7 * magnitude;
    default:
      return 2 * KERNEL_ROUNDING * fabs (sum);
  }
}

static void
expect (Product *self, OnednnStorage storage, guint row, guint i)
{
  gsize at = (gsize) i * self->rows + row;
  double sum = 0, magnitude = 0;

  for (guint c = 0; c < self->n_columns; c++) {
    double product =
        (double) self->numbers_of[(gsize) self->columns[c] * self->rows + row] *
        (double) get_input (self, c, i) *
        (double) find_scale (self, storage, c, row);

    sum += product;
    magnitude += fabs (product);
  }
  self->base.expected[at] = sum;
  self->base.tolerance[at] = find_tolerance (self, sum, magnitude);
}

static void
allocate (Product *self, gsize size)
{
  gsize n = count_groups (self) * LINEAR_GROUP;

  self->span.stride = self->rows * size + LINEAR_PAD;
  self->weights = kernel_call_alloc (self, n, self->span.stride);
  self->numbers_of = kernel_call_alloc (self, n, self->rows * sizeof (float));
  self->scales = kernel_call_alloc (self, count_groups (self) * self->rows,
      sizeof (guint16));
  self->columns = kernel_call_alloc (self, self->n_columns, sizeof (guint32));
  self->in = kernel_call_alloc (self, self->n_columns,
      self->inputs * find_size (self->numbers));
  self->span = (OnednnSpan){ self->weights, self->span.stride, self->scales,
    self->rows, self->columns, self->n_columns / LINEAR_BLOCK, self->n_columns,
    self->in };
}

static gpointer
product_make (const Shape *shape, OnednnStorage storage, gsize size,
    OnednnLinearKernel *(*get_kernel) (AlexnetIsa isa), Numbers numbers)
{
  gsize n = (gsize) shape->rows * shape->inputs;
  Product *self = kernel_call_new (sizeof *self, n + GUARD, KERNEL_FLOATS, 0);
  GRand *rand = g_rand_new_with_seed (shape->rows + shape->inputs);

  self->get_kernel = get_kernel;
  self->numbers = numbers;
  self->rows = shape->rows;
  self->n_columns = shape->blocks * LINEAR_BLOCK;
  self->inputs = shape->inputs;
  allocate (self, size);
  fill_weights (self, storage, size, rand);
  fill_inputs (self, rand);
  g_rand_free (rand);
  for (guint c = 0; c < self->n_columns; c++)
    self->columns[c] = numbers == IN_TILES ? c : c * 5 % LINEAR_GROUP;
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
  gsize step = self->numbers == IN_FLOAT ? alexnet_onednn_linear_step (isa)
                                         : LINEAR_SLICE;
  gsize row = i % self->rows, input = i / self->rows, place = row % step;

  if (input >= self->inputs)
    return i;
  return (row - place) * self->inputs + input * step +
      (self->numbers == IN_BYTE || self->numbers == IN_TWO_BYTES
              ? alexnet_onednn_linear_dot_place (place)
              : place);
}

#define PRODUCT(name, storage, size, numbers, shapes)             \
  static gpointer name##_make (guint variant)                     \
  {                                                               \
    if (variant >= G_N_ELEMENTS (shapes))                         \
      return NULL;                                                \
    return product_make (&shapes[variant], storage, size,         \
        alexnet_onednn_##name, numbers);                          \
  }                                                               \
                                                                  \
  const Kernel kernel_##name = { FALSE, name##_make, product_run, \
    product_find };

PRODUCT (linear_f32, LINEAR_F32, 4, IN_FLOAT, shapes)
PRODUCT (linear_bf16, LINEAR_BF16, 2, IN_FLOAT, shapes)
PRODUCT (linear_f16, LINEAR_F16, 2, IN_FLOAT, shapes)
PRODUCT (linear_s8, LINEAR_S8, 1, IN_FLOAT, shapes)
PRODUCT (linear_dot, LINEAR_S8, 1, IN_BYTE, shapes)
PRODUCT (linear_dot16, LINEAR_S8, 1, IN_TWO_BYTES, shapes)
PRODUCT (linear_tiles_s8, LINEAR_S8, 1, IN_TILES, tile_shapes)
PRODUCT (linear_tiles_f16, LINEAR_F16, 2, IN_TILES, tile_shapes)

/* ---- inputs of tiles ----------------------------------------------------- */

#define STRIDE (3 * LINEAR_GROUP) /* with other images between */

typedef struct {
  KernelCall base;
  float *in;
  gsize n;
} TilesIn;

/* Results are bytes. */
static gpointer
linear_tiles_in_make (guint variant)
{
  static const gsize sizes[] = { 9216, 1, 15, 16, 17, 31, 32, 33, 48, 63 };
  gsize n_groups;
  GRand *rand;
  TilesIn *self;

  if (variant >= G_N_ELEMENTS (sizes))
    return NULL;
  n_groups = (sizes[variant] + LINEAR_GROUP - 1) / LINEAR_GROUP;
  self = kernel_call_new (sizeof *self, n_groups * STRIDE * 2, KERNEL_BYTES,
      77);
  self->n = sizes[variant];
  self->in = kernel_call_alloc (self, self->n, sizeof (float));
  rand = g_rand_new_with_seed (variant);
  for (gsize i = 0; i < n_groups * LINEAR_GROUP; i++) {
    gsize at = (i / LINEAR_GROUP * STRIDE + i % LINEAR_GROUP) * 2;
    guint16 bits = 0;

    if (i < self->n) {
      self->in[i] = (float) g_rand_double_range (rand, -1, 1);
      bits = alexnet_bf16_from_float (self->in[i]);
    }
    self->base.expected[at] = bits % 256;
    self->base.expected[at + 1] = bits / 256;
  }
  g_rand_free (rand);
  return self;
}

static void
linear_tiles_in_run (gpointer call, AlexnetIsa isa)
{
  const TilesIn *self = call;

  alexnet_onednn_linear_tiles_in (isa) (self->base.out, STRIDE, self->in,
      self->n);
}

const Kernel kernel_linear_tiles_in = { TRUE, linear_tiles_in_make,
  linear_tiles_in_run };
