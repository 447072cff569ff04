/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A panel of filters over the places of an image, against its definition. */

#include <math.h>
#include <string.h>

#include "kernels.h"
#include "onednn/amx/kernels.h"
#include "small-floats.h"

/* Every byte before a call; NaN as float. */
#define UNTOUCHED 0xff
#define FILTERS (AMX_PANEL / 2)

/* A numeral of the input is U8, S8 or BF16. */
typedef enum { U8, S8, BF16 } Numbers;

static const struct {
  guint n_places, stride, n_steps, chunk, n_filters;
  AmxResult type;
  float least;
} shapes[] = {
  { 181, 384, 27, 64, 32, AMX_BYTE, 0 },
  { 33, 48, 9, 48, 32, AMX_BYTE, -127 },
  { 64, 64, 5, 64, 32, AMX_FLOAT, -INFINITY },
  { 1, 64, 3, 64, 32, AMX_BF16, 0 },
  { 2, 128, 1, 32, 17, AMX_BYTE, 0 },
  { 15, 36, 4, 36, 16, AMX_FLOAT, 0 },
  { 17, 100, 2, 52, 1, AMX_BF16, -INFINITY },
  { 32, 64, 2, 4, 31, AMX_FLOAT, 0 },
  { 31, 40, 7, 40, 8, AMX_BYTE, 0 },
};

typedef struct {
  KernelCall base;
  AmxConvolve *(*get_kernel) (AlexnetIsa isa);
  Numbers numbers;
  AmxPanel panel;
  guint8 *in, *weights;
  guint32 *offsets;
  gint32 *results;
  float *scales, *bias;
  guint8 *raw; /* results as they are written */
} Panel;

/* Stores a number of the input or, if `weight`, of the weights. */
static void
put_number (guint8 *place, Numbers numbers, gboolean weight, GRand *rand)
{
  guint16 word = alexnet_bf16_from_float ((float) g_rand_double_range (rand, -1,
      1));

  if (numbers == BF16)
    memcpy (place, &word, sizeof word);
  else if (numbers == U8 && !weight)
    *place = (guint8) g_rand_int_range (rand, 0, 256);
  else
    *place = (guint8) (gint8) g_rand_int_range (rand, -127, 128);
}

static float
get_number (const guint8 *place, Numbers numbers, gboolean weight)
{
  guint16 word;

  if (numbers == U8 && !weight)
    return *place;
  if (numbers != BF16)
    return (gint8) *place;
  memcpy (&word, place, sizeof word);
  return alexnet_bf16_to_float (word);
}

static guint8 *
make_numbers (Panel *self, gsize size, gboolean weight, GRand *rand)
{
  guint8 *numbers = kernel_call_alloc (self, size, 1);

  for (gsize i = 0; i < size; i += self->numbers == BF16 ? 2 : 1)
    put_number (numbers + i, self->numbers, weight, rand);
  return numbers;
}

/* Steps begin anywhere, every fourth place has no result, and those of the
 * others lie a value apart. */
static void
fill (Panel *self, GRand *rand)
{
  AmxPanel *panel = &self->panel;
  gsize most = 7 * panel->stride + 64;
  gsize size = panel->n_places * panel->stride + most + TILE_BYTES;
  gint32 n = 0;

  panel->in = make_numbers (self, size, FALSE, rand);
  panel->weights = make_numbers (self,
      panel->n_steps * panel->chunk * AMX_PANEL, TRUE, rand);
  for (gsize s = 0; s < panel->n_steps; s++)
    self->offsets[s] = 4 *
        (guint32) g_rand_int_range (rand, 0, (gint32) most / 4);
  for (gsize i = 0; i < panel->n_places; i++)
    self->results[i] = i % 4 == 3 ? -1 : n++ * ((gint32) panel->n_filters + 1);
  for (guint f = 0; f < AMX_PANEL; f++) {
    self->scales[f] = (float) g_rand_double_range (rand, 1e-4, 1e-3);
    self->bias[f] = (float) g_rand_double_range (rand, -1, 100);
  }
}

/* The magnitudes of all products go to `magnitude`. */
static double
sum_products (const Panel *self, gsize place, guint f, double *magnitude)
{
  const AmxPanel *panel = &self->panel;
  guint size = self->numbers == BF16 ? 2 : 1;
  double sum = 0;

  *magnitude = 0;
  for (gsize s = 0; s < panel->n_steps; s++)
    for (guint i = 0; i < panel->chunk; i += size) {
      const guint8 *in = panel->in + place * panel->stride + panel->offsets[s] +
          i;
      const guint8 *weight = panel->weights +
          (2 * s + f / FILTERS) * panel->chunk * FILTERS +
          (i / TILE_QUAD * FILTERS + f % FILTERS) * TILE_QUAD + i % TILE_QUAD;
      double product = (double) get_number (in, self->numbers, FALSE) *
          (double) get_number (weight, self->numbers, TRUE);

      sum += product;
      *magnitude += fabs (product);
    }
  return sum;
}

/* Whole numbers are summed up exactly, others in any order. Then a conversion
 * and two roundings, or one of them, of no more than all magnitudes; a bf16 has
 * 8 bits, and a byte is the nearest one. */
static void
expect (Panel *self, gsize place, guint f)
{
  const AmxPanel *panel = &self->panel;
  gsize at = (gsize) panel->results[place] + f;
  double magnitude;
  double value = sum_products (self, place, f, &magnitude);
  double roundings = self->numbers == BF16
      ? (double) (panel->n_steps * panel->chunk) + 2
      : 3;

  value = value * (double) panel->scales[f] + (double) panel->bias[f];
  magnitude = magnitude * (double) panel->scales[f] +
      fabs ((double) panel->bias[f]);
  value = fmin (fmax (value, (double) panel->least), (double) panel->most);
  self->base.expected[at] = value;
  self->base.tolerance[at] = roundings * KERNEL_ROUNDING * magnitude +
      (panel->type == AMX_BYTE          ? 0.5
              : panel->type == AMX_BF16 ? fabs (value) * 0x1p-8
                                        : 0);
}

static gpointer
panel_make (guint variant, Numbers numbers,
    AmxConvolve *(*get_kernel) (AlexnetIsa isa))
{
  GRand *rand;
  Panel *self;
  gsize n;

  if (variant >= G_N_ELEMENTS (shapes))
    return NULL;
  n = (gsize) (shapes[variant].n_filters + 1) * shapes[variant].n_places;
  self = kernel_call_new (sizeof *self, n, KERNEL_FLOATS, UNTOUCHED);
  self->get_kernel = get_kernel;
  self->numbers = numbers;
  self->offsets = kernel_call_alloc (self, shapes[variant].n_steps,
      sizeof *self->offsets);
  self->results = kernel_call_alloc (self, shapes[variant].n_places,
      sizeof *self->results);
  self->scales = kernel_call_alloc (self, AMX_PANEL, sizeof (float));
  self->bias = kernel_call_alloc (self, AMX_PANEL, sizeof (float));
  self->raw = kernel_call_alloc (self, n, sizeof (float));
  self->panel = (AmxPanel){ .stride = shapes[variant].stride,
    .n_places = shapes[variant].n_places,
    .offsets = self->offsets,
    .n_steps = shapes[variant].n_steps,
    .chunk = shapes[variant].chunk,
    .scales = self->scales,
    .bias = self->bias,
    .least = shapes[variant].least,
    .most = shapes[variant].least < 0 ? 127 : 255,
    .type = shapes[variant].type,
    .n_filters = shapes[variant].n_filters,
    .results = self->results,
    .out = self->raw };
  rand = g_rand_new_with_seed (variant);
  fill (self, rand);
  g_rand_free (rand);
  for (gsize i = 0; i < self->panel.n_places; i++)
    for (guint f = 0; self->results[i] >= 0 && f < self->panel.n_filters; f++)
      expect (self, i, f);
  return self;
}

static float
get_result (const Panel *self, gsize i)
{
  const gint8 *bytes = (const gint8 *) self->raw;

  switch (self->panel.type) {
    case AMX_FLOAT:
      return ((const float *) self->raw)[i];
    case AMX_BF16:
      return alexnet_bf16_to_float (((const guint16 *) self->raw)[i]);
    default:
      return self->panel.least < 0 ? bytes[i] : self->raw[i];
  }
}

/* Leaves alone what no place has. */
static void
panel_run (gpointer call, AlexnetIsa isa)
{
  static const gsize sizes[] = { 1, sizeof (float), sizeof (guint16) };
  Panel *self = call;
  gsize size = sizes[self->panel.type];
  float *out = self->base.out;

  memset (self->raw, UNTOUCHED, self->base.n * sizeof *out);
  self->get_kernel (isa) (&self->panel);
  for (gsize i = 0; i < self->base.n; i++)
    if (!isnan (self->base.expected[i]))
      out[i] = get_result (self, i);
    else
      for (gsize k = 0; k < size; k++)
        g_assert_cmpuint (self->raw[i * size + k], ==, UNTOUCHED);
}

#define PANEL(name, numbers)                                     \
  static gpointer make_##name (guint variant)                    \
  {                                                              \
    return panel_make (variant, numbers, alexnet_onednn_##name); \
  }                                                              \
                                                                 \
  const Kernel kernel_##name = { FALSE, make_##name, panel_run };

PANEL (amx_u8, U8)
PANEL (amx_s8, S8)
PANEL (amx_bf16, BF16)
