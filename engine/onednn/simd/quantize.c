/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "quantize.h"

#include "float-bits.h"
#include "simd.h"
#include "small-floats.h"

/* Added to a float below 2^22 it leaves the nearest whole number in the last
 * bits. */
#define MAGIC 0x1.8p23f

void
SIMD_NAME (alexnet_onednn_quantize) (void *out, const float *in, gsize n,
    float factor, float least, float most)
{
  guint8 *bytes = out;

  for (gsize i = 0; i < n; i++) {
    float value = in[i] * factor;

    value = value > least ? value : least;
    value = (value < most ? value : most) + MAGIC;
    bytes[i] = (guint8) alexnet_float_to_bits (value);
  }
}

void
SIMD_NAME (alexnet_onednn_quantize16) (guint8 *high, guint8 *low,
    const float *in, gsize n, float factor)
{
  for (gsize i = 0; i < n; i++) {
    float value = in[i] * factor;
    guint32 bits;

    value = value > 0 ? value : 0;
    value = (value < G_MAXUINT16 ? value : G_MAXUINT16) + MAGIC;
    bits = alexnet_float_to_bits (value);
    high[i] = (guint8) (bits >> 8);
    low[i] = (guint8) bits;
  }
}

void
SIMD_NAME (alexnet_onednn_round_bf16) (guint16 *out, const float *in, gsize n)
{
  for (gsize i = 0; i < n; i++)
    out[i] = alexnet_bf16_from_float (in[i]);
}

/* As numbers without a sign, bits of floats are ordered as these are; negative
 * ones come last. */
float
SIMD_NAME (alexnet_onednn_largest) (const float *in, gsize n)
{
  const guint32 infinity = 0x7f800000;
  guint32 most = 0;

  for (gsize i = 0; i < n; i++) {
    guint32 bits = alexnet_float_to_bits (in[i]);

    most = MAX (most, bits);
  }
  return most < infinity ? alexnet_float_from_bits (most) : -1;
}
