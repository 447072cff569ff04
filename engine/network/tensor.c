/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "network.h"

#include <string.h>

gsize
alexnet_dtype_size (AlexnetDType dtype)
{
  return dtype == ALEXNET_DTYPE_F32 ? 4 : 2;
}

gsize
alexnet_tensor_n_values (const AlexnetTensor *tensor)
{
  gsize n = 1;

  for (guint i = 0; i < tensor->n_dims; i++)
    n *= tensor->dims[i];
  return n;
}

static float
float_from_bits (guint32 bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

static float
float_from_half (guint16 half)
{
  guint32 sign = (guint32) (half & 0x8000) << 16;
  guint32 exponent = (half >> 10) & 31, fraction = half & 1023;

  if (exponent == 0) {
    float value = (float) fraction * 0x1p-24f;

    return sign ? -value : value;
  }
  if (exponent == 31)
    return float_from_bits (sign | 0x7f800000 | fraction << 13);
  return float_from_bits (sign | (exponent + 112) << 23 | fraction << 13);
}

static guint16
read_u16 (const guint8 *p)
{
  return (guint16) (p[0] | p[1] << 8);
}

static void
floats_from_f32 (float *out, const guint8 *data, gsize n)
{
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
  memcpy (out, data, n * sizeof *out);
#else
  for (gsize i = 0; i < n; i++)
    out[i] = float_from_bits (read_u16 (data + 4 * i) |
        (guint32) read_u16 (data + 4 * i + 2) << 16);
#endif
}

void
alexnet_tensor_to_float (float *out, const AlexnetTensor *tensor)
{
  const guint8 *data = tensor->data;
  gsize n = alexnet_tensor_n_values (tensor);

  switch (tensor->dtype) {
    case ALEXNET_DTYPE_F32:
      floats_from_f32 (out, data, n);
      break;
    case ALEXNET_DTYPE_F16:
      for (gsize i = 0; i < n; i++)
        out[i] = float_from_half (read_u16 (data + 2 * i));
      break;
    case ALEXNET_DTYPE_BF16:
      for (gsize i = 0; i < n; i++)
        out[i] = float_from_bits ((guint32) read_u16 (data + 2 * i) << 16);
      break;
  }
}

/* Whether any value of 2 or 4 bytes has all bits of the exponent set. */
static gboolean
any_exponent_full (const guint8 *data, gsize n, gsize size, guint16 mask)
{
  guint found = 0;

  for (gsize i = 0; i < n; i++)
    found |= (read_u16 (data + size * (i + 1) - 2) & mask) == mask;
  return found != 0;
}

gboolean
alexnet_tensor_is_finite (const AlexnetTensor *tensor)
{
  guint16 exponent = tensor->dtype == ALEXNET_DTYPE_F16 ? 0x7c00 : 0x7f80;

  return !any_exponent_full (tensor->data, alexnet_tensor_n_values (tensor),
      alexnet_dtype_size (tensor->dtype), exponent);
}
