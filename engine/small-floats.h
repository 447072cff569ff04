/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Floats of 16 bits from floats of 32: to nearest, ties to even; what is too
 * large becomes infinite, a NaN stays one. And back. */

#ifndef ALEXNET_SMALL_FLOATS_H
#define ALEXNET_SMALL_FLOATS_H

#include <glib.h>
#include <math.h>

#include "float-bits.h"

G_BEGIN_DECLS

static inline guint16
alexnet_bf16_from_float (float value)
{
  guint32 bits = alexnet_float_to_bits (value);

  if (value != value)
    return (guint16) (bits >> 16 | 0x40);
  return (guint16) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float
alexnet_bf16_to_float (guint16 value)
{
  return alexnet_float_from_bits ((guint32) value << 16);
}

static inline guint16
alexnet_f16_from_float (float value)
{
  const float smallest_normal = 0x1p-14f, rounds_to_infinity = 65520;
  float magnitude = fabsf (value);
  guint32 bits, sign = signbit (value) ? 0x8000 : 0;

  if (value != value)
    return (guint16) (sign | 0x7e00);
  if (magnitude >= rounds_to_infinity)
    return (guint16) (sign | 0x7c00);
  if (magnitude < smallest_normal)
    return (guint16) (sign | (guint32) lrintf (magnitude * 0x1p24f));
  magnitude *= 0x1p-112f; /* exact; the exponents now count alike */
  bits = alexnet_float_to_bits (magnitude);
  return (guint16) (sign | (bits + 0xfff + (bits >> 13 & 1)) >> 13);
}

G_END_DECLS

#endif /* ALEXNET_SMALL_FLOATS_H */
