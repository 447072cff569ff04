/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Winograd's transforms of every form, against sums in double. */

#include <math.h>

#include "kernels.h"
#include "onednn/winograd/transform.h"
#include "random-model.h"

#define MAX_PIXELS (WINOGRAD_MAX_TILE * WINOGRAD_MAX_TILE)
#define UNTOUCHED 77

static const guint channels[] = { 256, 1, 6, 15, 16, 17, 32, 48, 70 };

/* F(6x6,3x3) with the most channels first. FALSE behind the last. */
static gboolean
choose (guint variant, WinogradTile *tile, guint *n_channels)
{
  *tile = (variant + WINOGRAD_6_3) % WINOGRAD_N_TILES;
  if (variant / WINOGRAD_N_TILES >= G_N_ELEMENTS (channels))
    return FALSE;
  *n_channels = channels[variant / WINOGRAD_N_TILES];
  return TRUE;
}

/* matrix [rows,n] in [n,n] matrix', at i and j. In two passes of n products
 * each, in whatever order and with whatever of them fused, there are 2 n
 * roundings of no more than the sum of all magnitudes. Factors of 0 are left
 * out. */
static void
expect (KernelCall *call, gsize at, const float *a, const float *b, guint n,
    const double *in)
{
  double sum = 0, magnitude = 0;

  for (guint k = 0; k < n * n; k++) {
    double factor = (double) a[k / n] * (double) b[k % n];

    if (factor == 0)
      continue;
    sum += factor * in[k];
    magnitude += fabs (factor * in[k]);
  }
  call->expected[at] = sum;
  call->tolerance[at] = KERNEL_ROUNDING * 2 * n * magnitude;
}

/* ---- inputs -------------------------------------------------------------- */

typedef struct {
  KernelCall base;
  WinogradTile tile;
  guint channels;
  gsize plane; /* one more than channels, which is not touched */
  const float *pixels[MAX_PIXELS];
} Input;

static void
expect_input (Input *self, guint c)
{
  const WinogradForm *form = &alexnet_winograd_forms[self->tile];
  guint n = form->tile;
  double in[MAX_PIXELS];

  for (guint k = 0; k < n * n; k++)
    in[k] = (double) self->pixels[k][c];
  for (guint k = 0; k < n * n; k++)
    expect (&self->base, k * self->plane + c, form->input_matrix + k / n * n,
        form->input_matrix + k % n * n, n, in);
}

static gpointer
input_make (guint variant)
{
  WinogradTile tile;
  guint n_channels;
  Input *self;
  float *in;

  if (!choose (variant, &tile, &n_channels))
    return NULL;
  self = kernel_call_new (sizeof *self, MAX_PIXELS * (n_channels + 1),
      KERNEL_FLOATS, UNTOUCHED);
  self->tile = tile;
  self->channels = n_channels;
  self->plane = n_channels + 1;
  in = kernel_call_alloc (self, MAX_PIXELS * n_channels, sizeof (float));
  random_model_values (in, MAX_PIXELS * n_channels, "in", 1);
  for (guint i = 0; i < MAX_PIXELS; i++)
    self->pixels[i] = in + i * n_channels;
  for (guint c = 0; c < n_channels; c++)
    expect_input (self, c);
  return self;
}

static void
input_run (gpointer call, AlexnetIsa isa)
{
  Input *self = call;

  alexnet_onednn_winograd_input (isa) (self->tile, self->base.out, self->plane,
      self->pixels, self->channels);
}

const Kernel kernel_winograd_input = { FALSE, input_make, input_run };

/* ---- outputs ------------------------------------------------------------- */

typedef struct {
  KernelCall base;
  WinogradTile tile;
  guint channels;
  gboolean relu;
  float *in; /* [MAX_PIXELS][channels] */
  float *bias;
  float *pixels[MAX_PIXELS];
} Output;

/* NaN stays NaN. */
static void
expect_output (Output *self, guint i, guint c)
{
  const WinogradForm *form = &alexnet_winograd_forms[self->tile];
  guint m = form->output, n = form->tile;
  gsize at = i * (self->channels + 1) + c;
  double in[MAX_PIXELS];

  for (guint k = 0; k < n * n; k++)
    in[k] = (double) self->in[k * self->channels + c];
  expect (&self->base, at, form->output_matrix + i / m * n,
      form->output_matrix + i % m * n, n, in);
  self->base.expected[at] += (double) self->bias[c];
  self->base.tolerance[at] += KERNEL_ROUNDING * fabs (self->base.expected[at]);
  if (self->relu && self->base.expected[at] < 0)
    self->base.expected[at] = 0;
}

static void
fill_output (Output *self, gboolean nan)
{
  self->in = kernel_call_alloc (self, MAX_PIXELS * self->channels,
      sizeof (float));
  self->bias = kernel_call_alloc (self, self->channels, sizeof (float));
  random_model_values (self->in, MAX_PIXELS * self->channels, "in", 1);
  random_model_values (self->bias, self->channels, "bias", 1);
  for (guint c = 0; nan && c < self->channels; c++)
    self->in[c] = NAN;
}

/* With a ReLU, without, and with one that must not hide a NaN. The last output
 * is dropped. */
static gpointer
output_make (guint variant)
{
  WinogradTile tile;
  guint n_channels, last;
  Output *self;

  if (!choose (variant / 3, &tile, &n_channels))
    return NULL;
  self = kernel_call_new (sizeof *self, MAX_PIXELS * (n_channels + 1),
      KERNEL_FLOATS, UNTOUCHED);
  self->tile = tile;
  self->channels = n_channels;
  self->relu = variant % 3 != 1;
  fill_output (self, variant % 3 == 2);
  last = alexnet_winograd_forms[tile].output *
          alexnet_winograd_forms[tile].output -
      1;
  for (guint i = 0; i < last; i++) {
    self->pixels[i] = (float *) self->base.out + i * (n_channels + 1);
    for (guint c = 0; c < n_channels; c++)
      expect_output (self, i, c);
  }
  return self;
}

static void
output_run (gpointer call, AlexnetIsa isa)
{
  Output *self = call;

  alexnet_onednn_winograd_output (isa) (self->tile, self->pixels, self->in,
      self->channels, self->bias, self->relu, self->channels);
}

const Kernel kernel_winograd_output = { FALSE, output_make, output_run };

/* ---- weights ------------------------------------------------------------- */

typedef struct {
  KernelCall base;
  WinogradTile tile;
  guint outputs;
  gsize plane, distance; /* more than outputs and taps */
  float *in;             /* [outputs][distance] */
} Weights;

/* weight taps weight' at k and l, for output `o`: rounded once from double. */
static void
expect_weight (Weights *self, guint k, guint l, guint o)
{
  const WinogradForm *form = &alexnet_winograd_forms[self->tile];
  guint r = form->kernel;
  gsize at = (k * form->tile + l) * self->plane + o;
  double sum = 0, magnitude = 0;

  for (guint i = 0; i < r * r; i++) {
    double product = form->weight_matrix[k * r + i / r] *
        form->weight_matrix[l * r + i % r] *
        (double) self->in[o * self->distance + i];

    sum += product;
    magnitude += fabs (product);
  }
  self->base.expected[at] = sum;
  self->base.tolerance[at] = KERNEL_ROUNDING * fabs (sum) + 1e-14 * magnitude;
}

static gpointer
weights_make (guint variant)
{
  WinogradTile tile;
  guint n_outputs, n;
  Weights *self;

  if (!choose (variant, &tile, &n_outputs))
    return NULL;
  n = alexnet_winograd_forms[tile].tile;
  self = kernel_call_new (sizeof *self, MAX_PIXELS * (n_outputs + 1),
      KERNEL_FLOATS, UNTOUCHED);
  self->tile = tile;
  self->outputs = n_outputs;
  self->plane = n_outputs + 1;
  self->distance = 27;
  self->in = kernel_call_alloc (self, n_outputs,
      self->distance * sizeof (float));
  random_model_values (self->in, n_outputs * self->distance, "in", 1);
  for (guint k = 0; k < n; k++)
    for (guint l = 0; l < n; l++)
      for (guint o = 0; o < n_outputs; o++)
        expect_weight (self, k, l, o);
  return self;
}

static void
weights_run (gpointer call, AlexnetIsa isa)
{
  Weights *self = call;

  alexnet_onednn_winograd_weights (isa) (self->tile, self->base.out,
      self->plane, self->in, self->distance, self->outputs);
}

const Kernel kernel_winograd_weights = { TRUE, weights_make, weights_run };
