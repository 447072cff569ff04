/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dtype.h"

#include <string.h>

#include "float-bits.h"

static guint16
read_u16 (const guint8 *p)
{
  return (guint16) (p[0] | p[1] << 8);
}

/* `bits` is a sign, 5 bits of exponent and 10 of fraction. */
static float
float_from_half (guint16 bits)
{
  guint32 sign = (guint32) (bits & 0x8000) << 16;
  guint32 exponent = bits >> 10 & 31, fraction = bits & 1023;

  if (exponent == 0) {
    float value = (float) fraction * 0x1p-24f;

    return sign ? -value : value;
  }
  if (exponent == 31)
    return alexnet_float_from_bits (sign | 0x7f800000 | fraction << 13);
  return alexnet_float_from_bits (sign | (exponent + 112) << 23 |
      fraction << 13);
}

/* A sign, 4 bits of exponent and 3 of fraction; all ones are NaN. */
static float
float_from_e4m3 (guint8 bits)
{
  guint32 sign = (guint32) (bits & 0x80) << 24;
  guint32 exponent = bits >> 3 & 15, fraction = bits & 7;

  if (exponent == 0) {
    float value = (float) fraction * 0x1p-9f;

    return sign ? -value : value;
  }
  if ((bits & 0x7f) == 0x7f)
    return alexnet_float_from_bits (sign | 0x7fc00000);
  return alexnet_float_from_bits (sign | (exponent + 120) << 23 |
      fraction << 20);
}

static void
from_f32 (float *out, const guint8 *values, gsize n)
{
  if ((const guint8 *) out != values)
    memcpy (out, values, n * sizeof *out);
#if G_BYTE_ORDER != G_LITTLE_ENDIAN
  for (gsize i = 0; i < n; i++) {
    guint32 bits = alexnet_float_to_bits (out[i]);

    out[i] = alexnet_float_from_bits (GUINT32_FROM_LE (bits));
  }
#endif
}

static void
from_f16 (float *out, const guint8 *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    out[i] = float_from_half (read_u16 (values + 2 * i));
}

static void
from_bf16 (float *out, const guint8 *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    out[i] = alexnet_float_from_bits (
        (guint32) read_u16 (values + 2 * i) << 16);
}

static void
from_f64 (float *out, const guint8 *values, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    guint64 bits;
    double value;

    memcpy (&bits, values + 8 * i, sizeof bits);
    bits = GUINT64_FROM_LE (bits);
    memcpy (&value, &bits, sizeof value);
    out[i] = (float) value;
  }
}

static void
from_e4m3 (float *out, const guint8 *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    out[i] = float_from_e4m3 (values[i]);
}

static void
from_e5m2 (float *out, const guint8 *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    out[i] = float_from_half ((guint16) (values[i] << 8));
}

static const struct {
  const char *name;
  gsize size;
  void (*to_float) (float *out, const guint8 *values, gsize n);
} dtypes[ALEXNET_N_DTYPES] = {
  [ALEXNET_DTYPE_F32] = { "F32", 4, from_f32 },
  [ALEXNET_DTYPE_F16] = { "F16", 2, from_f16 },
  [ALEXNET_DTYPE_BF16] = { "BF16", 2, from_bf16 },
  [ALEXNET_DTYPE_F64] = { "F64", 8, from_f64 },
  [ALEXNET_DTYPE_F8_E4M3] = { "F8_E4M3", 1, from_e4m3 },
  [ALEXNET_DTYPE_F8_E5M2] = { "F8_E5M2", 1, from_e5m2 },
};

gsize
alexnet_dtype_size (AlexnetDType dtype)
{
  return dtypes[dtype].size;
}

const char *
alexnet_dtype_name (AlexnetDType dtype)
{
  return dtypes[dtype].name;
}

gboolean
alexnet_dtype_find (const char *name, AlexnetDType *dtype)
{
  for (guint i = 0; i < ALEXNET_N_DTYPES; i++)
    if (g_str_equal (dtypes[i].name, name)) {
      *dtype = (AlexnetDType) i;
      return TRUE;
    }
  return FALSE;
}

void
alexnet_dtype_to_float (AlexnetDType dtype, float *out, const void *values,
    gsize n)
{
  dtypes[dtype].to_float (out, values, n);
}
