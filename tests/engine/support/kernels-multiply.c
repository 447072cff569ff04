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
  self = kernel_call_new (sizeof *self, n + GUARD, FALSE, UNTOUCHED);
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
