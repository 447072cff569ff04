/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>

#include "kernels.h"
#include "onednn/step/multiply.h"

/* Behind the results, what stays as it was; NaN as bytes. */
#define GUARD MULTIPLY_PANEL
#define UNTOUCHED 0xff

/* `n` of `stride` outputs are written. */
static const struct {
  guint rows, in, n, stride;
} shapes[] = { { 49, 192, 8, 8 }, { 1, 1, 1, 1 }, { 8, 4, 8, 24 },
  { 9, 48, 8, 19 }, { 2, 5, 3, 11 }, { 3, 7, 7, 7 }, { 4, 64, 5, 8 },
  { 5, 6, 8, 8 }, { 6, 3, 2, 9 }, { 7, 12, 8, 8 }, { 23, 10, 4, 12 } };

typedef struct {
  KernelCall base;
  OnednnPanel panel;
  float *input, *weights;
} Product;

/* In any order, and fused or not. */
static void
expect (Product *self, gsize row, gsize column)
{
  const OnednnPanel *panel = &self->panel;
  gsize at = row * panel->stride + column;
  double sum = 0, magnitude = 0;

  for (gsize i = 0; i < panel->in; i++) {
    double product = (double) self->input[row * panel->in + i] *
        (double) self->weights[i * MULTIPLY_PANEL + column];

    sum += product;
    magnitude += fabs (product);
  }
  self->base.expected[at] = sum;
  self->base.tolerance[at] = KERNEL_ROUNDING * (double) panel->in * magnitude;
}

static float *
make_numbers (Product *self, gsize n, GRand *rand)
{
  float *numbers = kernel_call_alloc (self, n, sizeof *numbers);

  for (gsize i = 0; i < n; i++)
    numbers[i] = (float) g_rand_double_range (rand, -1, 1);
  return numbers;
}

static gpointer
multiply_make (guint variant)
{
  GRand *rand;
  Product *self;
  gsize n, in;

  if (variant >= G_N_ELEMENTS (shapes))
    return NULL;
  in = shapes[variant].in;
  n = (gsize) shapes[variant].rows * shapes[variant].stride;
  self = kernel_call_new (sizeof *self, n + GUARD, KERNEL_FLOATS, UNTOUCHED);
  rand = g_rand_new_with_seed (variant);
  self->input = make_numbers (self, shapes[variant].rows * in, rand);
  self->weights = make_numbers (self, in * MULTIPLY_PANEL, rand);
  g_rand_free (rand);
  self->panel = (OnednnPanel){ self->input, self->weights, self->base.out,
    shapes[variant].rows, in, shapes[variant].stride, shapes[variant].n };
  for (gsize row = 0; row < self->panel.rows; row++)
    for (gsize column = 0; column < self->panel.n; column++)
      expect (self, row, column);
  return self;
}

static void
multiply_run (gpointer call, AlexnetIsa isa)
{
  const Product *self = call;

  alexnet_onednn_multiply (isa) (&self->panel);
}

const Kernel kernel_multiply = { FALSE, multiply_make, multiply_run };

/* ---- of bytes ------------------------------------------------------------ */

static const struct {
  guint rows, in, n, stride;
} shapes_of_bytes[] = { { 100, 192, 16, 64 }, { 1, 1, 1, 1 }, { 6, 16, 16, 16 },
  { 7, 32, 16, 24 }, { 2, 5, 3, 11 }, { 3, 17, 7, 7 }, { 4, 63, 15, 17 },
  { 5, 33, 16, 16 }, { 13, 47, 2, 9 } };

typedef struct {
  KernelCall base;
  OnednnBytesPanel panel;
  guint8 *input;
  gint8 *weights;
} ProductOfBytes;

static void
expect_sum (ProductOfBytes *self, gsize row, gsize column)
{
  const OnednnBytesPanel *panel = &self->panel;
  gint32 sum = 0;

  for (gsize i = 0; i < panel->in; i++)
    sum += self->input[row * panel->in + i] *
        self->weights[i * panel->stride + column];
  self->base.expected[row * panel->stride + column] = sum;
}

/* The first row is as large as bytes are, and so are the weights of the first
 * output. */
static void
fill (ProductOfBytes *self, gsize rows, gsize in, gsize stride)
{
  GRand *rand = g_rand_new_with_seed ((guint32) (rows + in));

  self->input = kernel_call_alloc (self, rows * in, 1);
  self->weights = kernel_call_alloc (self, in * stride, 1);
  for (gsize i = 0; i < rows * in; i++)
    self->input[i] = i < in ? G_MAXUINT8
                            : (guint8) g_rand_int_range (rand, 0, 256);
  for (gsize i = 0; i < in * stride; i++)
    self->weights[i] = i % stride == 0
        ? -G_MAXINT8
        : (gint8) g_rand_int_range (rand, -G_MAXINT8, G_MAXINT8 + 1);
  g_rand_free (rand);
}

static gpointer
multiply_bytes_make (guint variant)
{
  ProductOfBytes *self;
  gsize rows, in, stride;

  if (variant >= G_N_ELEMENTS (shapes_of_bytes))
    return NULL;
  rows = shapes_of_bytes[variant].rows;
  in = shapes_of_bytes[variant].in;
  stride = shapes_of_bytes[variant].stride;
  self = kernel_call_new (sizeof *self, rows * stride + GUARD, KERNEL_WHOLES,
      UNTOUCHED);
  fill (self, rows, in, stride);
  self->panel = (OnednnBytesPanel){ self->input, self->weights, self->base.out,
    kernel_call_alloc (self, alexnet_onednn_packed_size (in), 1), rows, in,
    stride, shapes_of_bytes[variant].n };
  for (gsize row = 0; row < rows; row++)
    for (gsize column = 0; column < self->panel.n; column++)
      expect_sum (self, row, column);
  return self;
}

static void
multiply_bytes_run (gpointer call, AlexnetIsa isa)
{
  const ProductOfBytes *self = call;

  alexnet_onednn_multiply_bytes (isa) (&self->panel);
}

const Kernel kernel_multiply_bytes = { TRUE, multiply_bytes_make,
  multiply_bytes_run };
