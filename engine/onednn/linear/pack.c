/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pack.h"

#include <float.h>
#include <math.h>

#include "float-bits.h"
#include "kernels.h"
#include "onednn/simd/simd.h"
#include "small-floats.h"

/* Bits of the least float that is not denormal, and of infinity. */
#define FLOAT_NORMAL 0x00800000
#define FLOAT_INFINITE 0x7f800000

/* Added to a float of a magnitude below 2^22, it rounds it to a whole number,
 * which is then in the low bits. */
#define ROUND 0x1.8p23f

/* As a number with a sign, which vectors compare. */
SIMD_INLINE gint32
float_bits (float value)
{
  return (gint32) alexnet_float_to_bits (value);
}

SIMD_INLINE float
float_from_bits (gint32 bits)
{
  return alexnet_float_from_bits ((guint32) bits);
}

/* ---- conversion ---------------------------------------------------------- */

/* in [LINEAR_GROUP] -> out, which may be in. Returns the bits of the largest
 * magnitude. */
SIMD_INLINE gint32
clean_group (float *out, const float *in, OnednnMet *met)
{
  gint32 largest = 0, finite = 0;

  for (guint c = 0; c < LINEAR_GROUP; c++) {
    gint32 bits = float_bits (in[c]), magnitude = bits & G_MAXINT32;

    out[c] = float_from_bits (magnitude < FLOAT_NORMAL ? 0 : bits);
    largest = MAX (largest, magnitude);
    finite = MAX (finite, magnitude < FLOAT_INFINITE ? magnitude : 0);
  }
  met->largest = MAX (met->largest, largest);
  met->largest_finite = MAX (met->largest_finite, finite);
  return largest;
}

void
SIMD_NAME (alexnet_onednn_convert_f32) (void *out, guint16 *scales,
    gsize stride, const float *values, gsize n, OnednnMet *met)
{
  for (gsize i = 0; i < n; i += LINEAR_GROUP)
    clean_group ((float *) out + i, values + i, met);
}

void
SIMD_NAME (alexnet_onednn_convert_bf16) (void *out, guint16 *scales,
    gsize stride, const float *values, gsize n, OnednnMet *met)
{
  for (gsize i = 0; i < n; i += LINEAR_GROUP) {
    guint16 *group = (guint16 *) out + i;
    float clean[LINEAR_GROUP];

    clean_group (clean, values + i, met);
    for (guint c = 0; c < LINEAR_GROUP; c++)
      group[c] = alexnet_bf16_from_float (clean[c]);
  }
}

#ifndef ONEDNN_SIMD_PLAIN

/* Processors keep what a NaN says besides being one. */
void
SIMD_NAME (alexnet_onednn_convert_f16) (void *out, guint16 *scales,
    gsize stride, const float *values, gsize n, OnednnMet *met)
{
  for (gsize i = 0; i < n; i += LINEAR_GROUP) {
    guint16 *group = (guint16 *) out + i;
    float clean[LINEAR_GROUP];

    if (clean_group (clean, values + i, met) >= FLOAT_INFINITE) {
      for (guint c = 0; c < LINEAR_GROUP; c++)
        group[c] = alexnet_f16_from_float (clean[c]);
      continue;
    }
    for (guint c = 0; c < LINEAR_GROUP; c += SIMD_LANES)
      simd_store_f16 (group + c, simd_load (clean + c));
  }
}

#endif

/* What the whole numbers of a group are multiplied with, as bf16, rounded up so
 * that 127 is enough. */
SIMD_INLINE guint16
find_scale (gint32 largest)
{
  float scale;

  if (largest >= FLOAT_INFINITE)
    return alexnet_bf16_from_float (NAN);
  scale = float_from_bits (largest) / G_MAXINT8;
  if (scale < FLT_MIN)
    return 0;
  return (guint16) ((float_bits (scale) + 0xffff) >> 16);
}

/* A group as whole numbers. Adds to lost and all, [LINEAR_GROUP], the squares
 * of what that changes and of the values. */
SIMD_INLINE void
round_group (gint8 *out, const float *values, float scale, float *lost,
    float *all)
{
  float divisor = scale > 0 ? scale : INFINITY;
  float factor = scale > 0 ? scale : 0;

  for (guint c = 0; c < LINEAR_GROUP; c++) {
    float shifted = values[c] / divisor + ROUND;
    float rest = values[c] - (shifted - ROUND) * factor;

    out[c] = (gint8) float_bits (shifted);
    lost[c] += rest * rest;
    all[c] += values[c] * values[c];
  }
}

void
SIMD_NAME (alexnet_onednn_convert_s8) (void *out, guint16 *scales, gsize stride,
    const float *values, gsize n, OnednnMet *met)
{
  float lost[LINEAR_GROUP] = { 0 }, all[LINEAR_GROUP] = { 0 };

  for (gsize i = 0; i < n; i += LINEAR_GROUP, scales += stride) {
    float clean[LINEAR_GROUP];

    *scales = find_scale (clean_group (clean, values + i, met));
    round_group ((gint8 *) out + i, clean, alexnet_bf16_to_float (*scales),
        lost, all);
  }
  for (guint c = 0; c < LINEAR_GROUP; c++) {
    met->lost += (double) lost[c];
    met->all += (double) all[c];
  }
}

/* ---- transposition ------------------------------------------------------- */

#define VECTOR 16 /* bytes */

typedef guint8 Bytes __attribute__ ((vector_size (VECTOR), aligned (1)));

#define LOW_1 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_1 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define LOW_2 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23
#define HIGH_2 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31
#define LOW_4 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23
#define HIGH_4 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31

/* Values of `size` bytes: two behind each other become to[0] and to[1]. */
SIMD_INLINE void
interleave (Bytes *to, Bytes a, Bytes b, guint size)
{
  switch (size) {
    case 1:
      to[0] = __builtin_shufflevector (a, b, LOW_1);
      to[1] = __builtin_shufflevector (a, b, HIGH_1);
      break;
    case 2:
      to[0] = __builtin_shufflevector (a, b, LOW_2);
      to[1] = __builtin_shufflevector (a, b, HIGH_2);
      break;
    default:
      to[0] = __builtin_shufflevector (a, b, LOW_4);
      to[1] = __builtin_shufflevector (a, b, HIGH_4);
      break;
  }
}

/* As many rows and columns as a vector has values. Interleaving the first half
 * of the rows with the second rotates the number of every value, which is that
 * of its row and then of its column, by a bit; as often as a row's number has
 * bits, and rows are columns. */
SIMD_INLINE void
transpose_block (guint8 *out, gsize stride, const guint8 *in, gsize distance,
    guint size)
{
  const guint n = VECTOR / size;
  Bytes from[VECTOR], to[VECTOR];

#pragma GCC unroll 16
  for (guint i = 0; i < n; i++)
    memcpy (&to[i], in + i * distance, VECTOR);
#pragma GCC unroll 4
  for (guint bit = 1; bit < n; bit *= 2) {
#pragma GCC unroll 16
    for (guint i = 0; i < n; i++)
      from[i] = to[i];
#pragma GCC unroll 8
    for (guint i = 0; i < n / 2; i++)
      interleave (&to[2 * i], from[i], from[i + n / 2], size);
  }
#pragma GCC unroll 16
  for (guint i = 0; i < n; i++)
    memcpy (out + i * stride, &to[i], VECTOR);
}

SIMD_INLINE void
transpose (guint8 *out, gsize stride, const guint8 *in, gsize distance,
    gsize columns, guint size)
{
  const guint n = VECTOR / size;

  for (gsize c = 0; c < columns; c += n)
    for (guint part = 0; part < LINEAR_LINE / VECTOR; part++)
      transpose_block (out + c * stride + part * VECTOR, stride,
          in + part * n * distance + c * size, distance, size);
}

#define TRANSPOSE(bits)                                              \
  void SIMD_NAME (alexnet_onednn_transpose_##bits) (guint8 *out,     \
      gsize stride, const guint8 *in, gsize distance, gsize columns) \
  {                                                                  \
    transpose (out, stride, in, distance, columns, bits / 8);        \
  }

TRANSPOSE (8)
TRANSPOSE (16)
TRANSPOSE (32)
