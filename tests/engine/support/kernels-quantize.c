/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <math.h>

#include "float-bits.h"
#include "kernels.h"
#include "onednn/simd/quantize.h"

/* Behind the results, what stays as it was. */
#define GUARD 16

static const gsize sizes[] = { 9216, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100 };

/* ---- floats to whole numbers --------------------------------------------- */

typedef struct {
  KernelCall base;
  float *in;
  gsize n;
  float factor, least, most;
} Quantize;

/* With `odd` ones: in the middle between two whole numbers, beyond the largest,
 * and not even a number. */
static void
fill_numbers (Quantize *self, gboolean with_odd)
{
  static const float odd[] = { 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 254.5f, 255.5f,
    300, -300, 1e30f, -1e30f, INFINITY, -INFINITY, NAN, -0.f, 1e-42f };
  GRand *rand = g_rand_new_with_seed (1);

  for (gsize i = 0; i < self->n; i++)
    self->in[i] = (with_odd && i % 3 == 1
                          ? odd[i / 3 % G_N_ELEMENTS (odd)]
                          : (float) g_rand_double_range (rand, -280, 280)) /
        self->factor;
  g_rand_free (rand);
}

/* Ties go to the even one. */
static guint16
quantize (const Quantize *self, float value)
{
  float scaled = value * self->factor;

  if (isnan (scaled))
    scaled = self->least;
  return (guint16) (gint) rintf (CLAMP (scaled, self->least, self->most));
}

/* Unsigned, signed; by a factor that rounds, and one that does not. */
static gpointer
quantize_make (guint variant)
{
  gboolean is_signed = variant / 2 % 2;
  Quantize *self;

  if (variant / 4 >= G_N_ELEMENTS (sizes))
    return NULL;
  self = kernel_call_new (sizeof *self, sizes[variant / 4] + GUARD,
      KERNEL_BYTES, 77);
  self->n = sizes[variant / 4];
  self->in = kernel_call_alloc (self, self->n, sizeof (float));
  self->factor = variant % 2 ? 0.125f : 3.7f;
  self->least = is_signed ? -G_MAXINT8 : 0;
  self->most = is_signed ? G_MAXINT8 : G_MAXUINT8;
  fill_numbers (self, variant >= 4);
  for (gsize i = 0; i < self->n; i++)
    self->base.expected[i] = (guint8) quantize (self, self->in[i]);
  return self;
}

static void
quantize_run (gpointer call, AlexnetIsa isa)
{
  Quantize *self = call;

  alexnet_onednn_quantize (isa) (self->base.out, self->in, self->n,
      self->factor, self->least, self->most);
}

const Kernel kernel_quantize = { TRUE, quantize_make, quantize_run };

/* ---- to whole numbers of two bytes --------------------------------------- */

/* Results: the high bytes, the low ones. */
static gpointer
quantize16_make (guint variant)
{
  Quantize *self;
  gsize n;

  if (variant >= G_N_ELEMENTS (sizes))
    return NULL;
  n = sizes[variant];
  self = kernel_call_new (sizeof *self, 2 * n + GUARD, KERNEL_BYTES, 77);
  self->n = n;
  self->in = kernel_call_alloc (self, n, sizeof (float));
  self->factor = 241.3f;
  self->most = G_MAXUINT16;
  fill_numbers (self, variant > 0);
  for (gsize i = 0; i < n; i++) {
    guint16 whole;

    self->in[i] *= self->factor;
    whole = quantize (self, self->in[i]);
    self->base.expected[i] = whole / 256;
    self->base.expected[n + i] = whole % 256;
  }
  return self;
}

static void
quantize16_run (gpointer call, AlexnetIsa isa)
{
  Quantize *self = call;
  guint8 *out = self->base.out;

  alexnet_onednn_quantize16 (isa) (out, out + self->n, self->in, self->n,
      self->factor);
}

const Kernel kernel_quantize16 = { TRUE, quantize16_make, quantize16_run };

/* ---- to bf16 ------------------------------------------------------------- */

/* To the nearest multiple of what its last bit is worth, of two the even one; a
 * NaN becomes a quiet one. */
static guint16
round_bf16 (float value)
{
  guint32 bits = alexnet_float_to_bits (value);
  double last;
  int exponent;

  if (isnan (value))
    return (guint16) (bits >> 16 | 0x40);
  frexp ((double) value, &exponent);
  last = ldexp (1, MAX (exponent, -125) - 8);
  return (guint16) (alexnet_float_to_bits ((float) (rint ((double) value /
                                                        last) *
                        last)) >>
      16);
}

/* Results are bytes. */
static gpointer
round_bf16_make (guint variant)
{
  Quantize *self;

  if (variant >= G_N_ELEMENTS (sizes))
    return NULL;
  self = kernel_call_new (sizeof *self, 2 * sizes[variant] + GUARD,
      KERNEL_BYTES, 77);
  self->n = sizes[variant];
  self->in = kernel_call_alloc (self, self->n, sizeof (float));
  self->factor = 1;
  fill_numbers (self, variant > 0);
  for (gsize i = 0; i < self->n; i++) {
    guint16 bits = round_bf16 (self->in[i]);

    self->base.expected[2 * i] = bits % 256;
    self->base.expected[2 * i + 1] = bits / 256;
  }
  return self;
}

static void
round_bf16_run (gpointer call, AlexnetIsa isa)
{
  Quantize *self = call;

  alexnet_onednn_round_bf16 (isa) (self->base.out, self->in, self->n);
}

const Kernel kernel_round_bf16 = { TRUE, round_bf16_make, round_bf16_run };

/* ---- the largest --------------------------------------------------------- */

typedef struct {
  KernelCall base;
  float *in;
  gsize n;
} Largest;

static gpointer
largest_make (guint variant)
{
  /* One of these lies among ordinary numbers. */
  static const struct {
    float value;
    double largest;
  } odd[] = { { 0.5f, 2 }, { 7, 7 }, { 0, 2 }, { 1e-42f, 2 },
    { G_MAXFLOAT, (double) G_MAXFLOAT }, { -1e-42f, -1 }, { -3, -1 },
    { INFINITY, -1 }, { -INFINITY, -1 }, { NAN, -1 }, { -NAN, -1 } };
  guint kind = variant % G_N_ELEMENTS (odd);
  guint size = variant / G_N_ELEMENTS (odd);
  Largest *self;

  if (size >= G_N_ELEMENTS (sizes))
    return NULL;
  self = kernel_call_new (sizeof *self, 1, KERNEL_FLOATS, 77);
  self->n = sizes[size] + 1;
  self->in = kernel_call_alloc (self, self->n, sizeof (float));
  for (gsize i = 0; i < self->n; i++)
    self->in[i] = i == self->n / 2 ? 2 : (float) (i % 8) / 8;
  self->in[(self->n / 2 + 1 + variant % (self->n - 1)) % self->n] = odd[kind]
                                                                        .value;
  self->base.expected[0] = odd[kind].largest;
  return self;
}

static void
largest_run (gpointer call, AlexnetIsa isa)
{
  Largest *self = call;

  *(float *) self->base.out = alexnet_onednn_largest (isa) (self->in, self->n);
}

const Kernel kernel_largest = { TRUE, largest_make, largest_run };
