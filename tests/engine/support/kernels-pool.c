/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>

#include "kernels.h"
#include "onednn/pool/kernels.h"
#include "small-floats.h"

/* Behind the results, what stays as it was. */
#define GUARD 64
#define UNTOUCHED 77

typedef enum { F32, BF16, U8, S8 } Type;

static const gsize sizes[] = { 4, 2, 1, 1 };

/* The padding at the end is what out_width and out_height leave to it. */
static const struct {
  OnednnPool pool;
  guint out_height;
} shapes[] = {
  { { 64, 55, 55, 27, 3, 2, 0 }, 27 },
  { { 192, 6, 7, 3, 3, 2, 0 }, 2 },
  { { 8, 13, 13, 6, 3, 2, 0 }, 6 },
  { { 16, 6, 6, 3, 3, 2, 0 }, 3 },
  { { 4, 5, 4, 2, 2, 2, 0 }, 2 },
  { { 1, 9, 8, 4, 3, 2, 1 }, 5 },
  { { 7, 6, 9, 4, 4, 3, 3 }, 3 },
  { { 45, 3, 3, 1, 3, 3, 0 }, 1 },
  { { 33, 1, 1, 1, 1, 1, 0 }, 1 },
  { { 101, 4, 5, 3, 3, 2, 1 }, 2 },
};

typedef struct {
  KernelCall base;
  OnednnPool pool;
  guint out_height;
  Type type;
  guint8 *in; /* of the type, as are results */
} Pool;

/* ---- numbers of a type --------------------------------------------------- */

static void
set_number (guint8 *numbers, Type type, gsize i, double value)
{
  float *floats = (float *) numbers;
  guint16 *halves = (guint16 *) numbers;

  switch (type) {
    case F32:
      floats[i] = (float) value;
      break;
    case BF16:
      halves[i] = alexnet_bf16_from_float ((float) value);
      break;
    default:
      numbers[i] = (guint8) (gint) value;
  }
}

static double
get_number (const guint8 *numbers, Type type, gsize i)
{
  switch (type) {
    case F32:
      return (double) ((const float *) numbers)[i];
    case BF16:
      return (double) alexnet_bf16_to_float (((const guint16 *) numbers)[i]);
    case S8:
      return ((const gint8 *) numbers)[i];
    default:
      return numbers[i];
  }
}

/* With `odd` ones, where the type has them: not numbers at all, of both signs,
 * and what is infinite. */
static void
fill_numbers (Pool *self, gsize n, gboolean with_odd)
{
  static const double odd[] = { NAN, -NAN, INFINITY, -INFINITY };
  GRand *rand = g_rand_new_with_seed (1);

  for (gsize i = 0; i < n; i++) {
    double value = self->type == U8 ? g_rand_int_range (rand, 0, 256)
                                    : g_rand_int_range (rand, -128, 128);

    if (with_odd && self->type < U8 && i % 7 == 0)
      value = odd[i / 7 % G_N_ELEMENTS (odd)];
    set_number (self->in, self->type, i, value);
  }
  g_rand_free (rand);
}

/* ---- definition ---------------------------------------------------------- */

static double
find_largest (const Pool *self, guint y, guint x, gsize lane)
{
  const OnednnPool *pool = &self->pool;
  double most = (double) -INFINITY;

  for (guint i = 0; i < pool->kernel * pool->kernel; i++) {
    guint row = y * pool->stride + i / pool->kernel - pool->padding;
    guint column = x * pool->stride + i % pool->kernel - pool->padding;
    double value;

    if (row >= pool->in_height || column >= pool->in_width)
      continue;
    value = get_number (self->in, self->type,
        ((gsize) row * pool->in_width + column) * pool->lanes + lane);
    if (value > most || isnan (value))
      most = value;
  }
  return most;
}

/* Results of two bytes are compared as these; of a NaN, as it is written. */
static void
expect (Pool *self, gsize i, double value)
{
  guint16 bits = isnan (value) ? G_MAXINT16
                               : alexnet_bf16_from_float ((float) value);

  if (self->type == BF16) {
    self->base.expected[2 * i] = bits % 256;
    self->base.expected[2 * i + 1] = bits / 256;
  } else {
    self->base.expected[i] = self->type == S8 ? (guint8) (gint) value : value;
  }
}

static Pool *
pool_new (Type type, guint variant)
{
  const OnednnPool *pool = &shapes[variant].pool;
  gsize n_in = pool->lanes * pool->in_height * pool->in_width;
  gsize n = pool->lanes * shapes[variant].out_height * pool->out_width;
  gsize values = type == BF16 ? 2 : 1;
  Pool *self = kernel_call_new (sizeof *self, values * (n + GUARD),
      type == F32 ? KERNEL_FLOATS : KERNEL_BYTES, UNTOUCHED);

  self->pool = *pool;
  self->out_height = shapes[variant].out_height;
  self->type = type;
  self->in = kernel_call_alloc (self, n_in, sizes[type]);
  fill_numbers (self, n_in, variant > 0);
  return self;
}

static gpointer
make (Type type, guint variant)
{
  gsize i = 0;
  Pool *self;

  if (variant >= G_N_ELEMENTS (shapes))
    return NULL;
  self = pool_new (type, variant);
  for (guint y = 0; y < self->out_height; y++)
    for (guint x = 0; x < self->pool.out_width; x++)
      for (gsize lane = 0; lane < self->pool.lanes; lane++)
        expect (self, i++, find_largest (self, y, x, lane));
  return self;
}

static void
run (gpointer call, OnednnMaxpool *maxpool)
{
  Pool *self = call;
  gsize row = self->pool.lanes * self->pool.out_width * sizes[self->type];

  for (guint y = 0; y < self->out_height; y++)
    maxpool ((guint8 *) self->base.out + y * row, self->in, &self->pool, y);
}

#define MAXPOOL_KERNEL(name, type)                     \
  static gpointer name##_make (guint variant)          \
  {                                                    \
    return make (type, variant);                       \
  }                                                    \
                                                       \
  static void name##_run (gpointer call, AlexnetIsa i) \
  {                                                    \
    run (call, alexnet_onednn_##name (i));             \
  }                                                    \
                                                       \
  const Kernel kernel_##name = { TRUE, name##_make, name##_run };

MAXPOOL_KERNEL (maxpool_f32, F32)
MAXPOOL_KERNEL (maxpool_bf16, BF16)
MAXPOOL_KERNEL (maxpool_u8, U8)
MAXPOOL_KERNEL (maxpool_s8, S8)
