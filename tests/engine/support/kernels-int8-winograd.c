/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Winograd's transforms of whole numbers, against their definition. */

#include <math.h>

#include "kernels.h"
#include "onednn/int8-winograd/kernels.h"
#include "onednn/int8-winograd/tables.h"

#define MAX_PIXELS (INT8_WINOGRAD_MAX_TILE * INT8_WINOGRAD_MAX_TILE)
#define MAX_NUMBERS (INT8_WINOGRAD_MAX_ROWS * INT8_WINOGRAD_MAX_ROWS)
#define POINTS INT8_WINOGRAD_POINTS
#define PLANES INT8_WINOGRAD_PLANES
#define OUTPUT INT8_WINOGRAD_OUTPUT
#define N_OUTPUTS (OUTPUT * OUTPUT)
#define UNTOUCHED 77

/* ---- inputs -------------------------------------------------------------- */

typedef struct {
  guint tile, rows;
  const gint16 *matrix;
} Form;

static const Form forms[INT8_WINOGRAD_N_FORMS] = {
  [INT8_WINOGRAD_3] = { 4, 4, int8_input_3[0] },
  [INT8_WINOGRAD_5] = { 6, 7, int8_input_5[0] },
};

typedef struct {
  KernelCall base;
  Int8WinogradForm form;
  gboolean is_signed;
  guint channels;
  guint8 *in; /* [MAX_PIXELS][channels] */
  const void *pixels[MAX_PIXELS];
  guint8 *numbers[MAX_NUMBERS];
} Input;

/* Half of them as large as they can be. */
static void
fill_pixels (Input *self)
{
  GRand *rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < MAX_PIXELS * self->channels; i++) {
    gboolean extreme = g_rand_boolean (rand), high = g_rand_boolean (rand);

    if (self->is_signed)
      self->in[i] = (guint8) (gint8) (extreme
              ? (high ? 127 : -127)
              : g_rand_int_range (rand, -127, 128));
    else
      self->in[i] = (guint8) (extreme ? (high ? 255 : 0)
                                      : g_rand_int_range (rand, 0, 256));
  }
  g_rand_free (rand);
}

static gint
transform (const Input *self, guint number, guint c)
{
  const Form *form = &forms[self->form];
  const gint16 *a = form->matrix + number / form->rows * form->tile;
  const gint16 *b = form->matrix + number % form->rows * form->tile;
  gint sum = 0;

  for (guint i = 0; i < form->tile * form->tile; i++) {
    guint8 pixel = self->in[i * self->channels + c];

    sum += a[i / form->tile] * b[i % form->tile] *
        (self->is_signed ? (gint8) pixel : pixel);
  }
  return sum;
}

/* The nearest quarter; of two, the odd one. */
static gint
find_quarter (gint number)
{
  gint below = (gint) floor (number / (double) INT8_WINOGRAD_STEP);
  gint rest = number - INT8_WINOGRAD_STEP * below;

  return rest > 2 || (rest == 2 && below % 2 == 0) ? below + 1 : below;
}

static void
expect_number (Input *self, guint k)
{
  const Form *form = &forms[self->form];
  gboolean sum = int8_points[k / form->rows] == INT8_POINT_OF_SUMS &&
      int8_points[k % form->rows] == INT8_POINT_OF_SUMS;
  gint offset = sum && !self->is_signed ? 0 : INT8_WINOGRAD_OFFSET;

  for (guint c = 0; c < self->channels; c++)
    self->base.expected[k * (self->channels + 1) + c] = offset +
        find_quarter (transform (self, k, c));
}

static gpointer
input_make (guint variant)
{
  static const guint channels[] = { 192, 32, 33, 48, 64, 70 };
  guint n_channels;
  Input *self;

  if (variant / 4 >= G_N_ELEMENTS (channels))
    return NULL;
  n_channels = channels[variant / 4];
  self = kernel_call_new (sizeof *self, MAX_NUMBERS * (n_channels + 1),
      KERNEL_BYTES, UNTOUCHED);
  self->form = variant / 2 % 2 ? INT8_WINOGRAD_5 : INT8_WINOGRAD_3;
  self->is_signed = variant % 2;
  self->channels = n_channels;
  self->in = kernel_call_alloc (self, MAX_PIXELS, n_channels);
  fill_pixels (self);
  for (guint i = 0; i < MAX_PIXELS; i++)
    self->pixels[i] = self->in + i * n_channels;
  for (guint k = 0; k < forms[self->form].rows * forms[self->form].rows; k++) {
    self->numbers[k] = (guint8 *) self->base.out + k * (n_channels + 1);
    expect_number (self, k);
  }
  return self;
}

static void
input_run (gpointer call, AlexnetIsa isa)
{
  Input *self = call;

  alexnet_onednn_int8_winograd_input (isa) (self->form, self->numbers,
      self->pixels, self->is_signed, self->channels);
}

const Kernel kernel_int8_winograd_input = { TRUE, input_make, input_run };

/* ---- outputs ------------------------------------------------------------- */

typedef struct {
  KernelCall base;
  guint channels;
  gint32 *in;           /* [PLANES][channels] */
  float *scales, *bias; /* [PLANES][channels], [N_OUTPUTS][channels] */
  const gint32 *planes[PLANES];
  Int8WinogradSums sums;
  void *pixels[N_OUTPUTS];
} Output;

static void
fill_sums (Output *self)
{
  GRand *rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < PLANES * self->channels; i++) {
    self->in[i] = g_rand_int_range (rand, -100000, 100000);
    self->scales[i] = (float) g_rand_double_range (rand, 1e-4, 1e-3);
  }
  for (guint i = 0; i < N_OUTPUTS * self->channels; i++)
    self->bias[i] = (float) g_rand_double_range (rand, 0, 200);
  g_rand_free (rand);
}

/* A conversion, a product, two sums of 3 each and the bias round, of no more
 * than the sum of all magnitudes; then a byte is the nearest one. */
static void
expect_output (Output *self, guint i, guint c)
{
  gsize at = i * (self->channels + 1) + c;
  double sum = (double) self->bias[i * self->channels + c];
  double magnitude = fabs (sum);

  for (guint p = 0; p < PLANES; p++) {
    double term = (double) (int8_output[i / OUTPUT][p / POINTS] *
                      int8_output[i % OUTPUT][p % POINTS]) *
        self->in[p * self->channels + c] *
        (double) self->scales[p * self->channels + c];

    sum += term;
    magnitude += fabs (term);
  }
  sum = fmax (sum, (double) self->sums.least);
  self->base.expected[at] = self->base.type == KERNEL_BYTES
      ? fmin (sum, (double) self->sums.most)
      : sum;
  self->base.tolerance[at] = 7 * KERNEL_ROUNDING * magnitude +
      (self->base.type == KERNEL_BYTES ? 0.5 : 0);
}

/* As bytes and as float, with a ReLU and without. The last output is dropped.
 */
static gpointer
output_make (guint variant)
{
  static const guint channels[] = { 64, 16, 17, 33, 70 };
  gboolean bytes = variant % 2 == 0;
  guint n;
  Output *self;

  if (variant / 4 >= G_N_ELEMENTS (channels))
    return NULL;
  n = channels[variant / 4];
  self = kernel_call_new (sizeof *self, N_OUTPUTS * (n + 1),
      bytes ? KERNEL_BYTES : KERNEL_FLOATS, UNTOUCHED);
  self->channels = n;
  self->in = kernel_call_alloc (self, PLANES * n, sizeof (gint32));
  self->scales = kernel_call_alloc (self, PLANES * n, sizeof (float));
  self->bias = kernel_call_alloc (self, N_OUTPUTS * n, sizeof (float));
  fill_sums (self);
  self->sums = (Int8WinogradSums){ self->planes, self->scales, self->bias, n,
    bytes || variant / 2 % 2 ? 0 : -G_MAXFLOAT, G_MAXUINT8, bytes };
  for (guint p = 0; p < PLANES; p++)
    self->planes[p] = self->in + p * n;
  for (guint i = 0; i < N_OUTPUTS - 1; i++) {
    self->pixels[i] = (guint8 *) self->base.out +
        i * (n + 1) * (bytes ? 1 : sizeof (float));
    for (guint c = 0; c < n; c++)
      expect_output (self, i, c);
  }
  return self;
}

static void
output_run (gpointer call, AlexnetIsa isa)
{
  Output *self = call;

  alexnet_onednn_int8_winograd_output (isa) (self->pixels, &self->sums,
      self->channels);
}

const Kernel kernel_int8_winograd_output = { TRUE, output_make, output_run };
