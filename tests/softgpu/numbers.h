/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The floating-point types that tensors have, by their bits: conversions
 * round to the nearest value, ties to the even one. */

#ifndef SOFTGPU_NUMBERS_H
#define SOFTGPU_NUMBERS_H

#include <glib.h>
#include <math.h>

#include "float-bits.h"

/* Drops the last `n` bits of a float. Infinity and NaN stay what they are. */
static inline float
soft_round_bits (float value, guint n)
{
  guint32 bits = alexnet_float_to_bits (value), half = 1u << (n - 1);

  if (!isfinite (value))
    return value;
  bits += half - 1 + (bits >> n & 1);
  return alexnet_float_from_bits (bits & ~((1u << n) - 1));
}

/* 10 bits of fraction, float's exponent: what tensor cores see of a float. They
 * look at no more, unless a kernel has rounded it before. */
static inline float
soft_cut_tf32 (float value)
{
  return alexnet_float_from_bits (alexnet_float_to_bits (value) & ~0x1fffu);
}

static inline float
soft_bf16_to_float (guint16 bits)
{
  return alexnet_float_from_bits ((guint32) bits << 16);
}

static inline guint16
soft_bf16_from_float (float value)
{
  if (isnan (value))
    return 0x7fff;
  return alexnet_float_to_bits (soft_round_bits (value, 16)) >> 16;
}

static inline float
soft_fp16_to_float (guint16 bits)
{
  guint32 sign = (guint32) (bits & 0x8000) << 16;
  guint32 rest = bits & 0x7fff;

  if (rest >= 0x7c00)
    return alexnet_float_from_bits (sign | 0x7f800000 | (rest & 0x3ff) << 13);
  if (rest >= 0x400)
    return alexnet_float_from_bits (sign | ((rest << 13) + (112u << 23)));
  return alexnet_float_from_bits (sign |
      alexnet_float_to_bits (rest * 0x1p-24f));
}

static inline guint16
soft_fp16_from_float (float value)
{
  guint16 sign = alexnet_float_to_bits (value) >> 16 & 0x8000;
  float size = fabsf (value), rounded;

  if (isnan (value))
    return 0x7fff;
  if (size < 0x1p-14f)
    return sign | (guint16) nearbyintf (size * 0x1p24f);
  rounded = soft_round_bits (size, 13);
  if (rounded >= 0x1p16f)
    return sign | 0x7c00;
  return sign |
      (guint16) ((alexnet_float_to_bits (rounded) - (112u << 23)) >> 13);
}

#endif /* SOFTGPU_NUMBERS_H */
