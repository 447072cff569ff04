/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernels.h"

#ifdef ALEXNET_CPU_X86

#include <immintrin.h>
#include <string.h>

#define TARGET                                 \
  __attribute__ ((target ("avx2,fma,avx512f,"  \
                          "avx512bw,avx512dq," \
                          "avx512vl,avx512vnni")))
#define INLINE TARGET static inline __attribute__ ((always_inline))

/* A quad is four columns, of which each group of 32 bits holds one row. */
#define QUAD 4
#define QUADS_OF_BLOCK (LINEAR_BLOCK / QUAD)
#define MAX_QUADS (LINEAR_GROUP / QUAD)
#define VECTORS (LINEAR_SLICE / 16)
#define MOST_INPUTS 4 /* at once */

typedef struct {
  __m512i quads[MAX_QUADS][VECTORS];
  __m512 scales[VECTORS];
} Slice;

/* Four inputs for each row. */
INLINE __m512i
load_inputs (const guint8 *in)
{
  gint32 four;

  memcpy (&four, in, sizeof four);
  return _mm512_set1_epi32 (four);
}

/* Fetches what comes a group behind column `c`: it is in another page, where a
 * processor does not look by itself. */
INLINE void
fetch_ahead (const OnednnSpan *span, guint c, gsize row)
{
  gsize next = MIN (c + LINEAR_GROUP, span->n_listed - 1);

  __builtin_prefetch (span->weights + span->columns[next] * span->stride + row,
      0, 2);
}

INLINE __m512i
load_column (const OnednnSpan *span, guint c, gsize row)
{
  fetch_ahead (span, c, row);
  return _mm512_loadu_si512 (span->weights + span->columns[c] * span->stride +
      row);
}

/* Shuffles within lanes of 128 bits, which is where the places of
 * alexnet_onednn_linear_dot_place() come from. */
INLINE void
load_quad (__m512i *quad, const OnednnSpan *span, guint c, gsize row)
{
  __m512i a = load_column (span, c, row);
  __m512i b = load_column (span, c + 1, row);
  __m512i d = load_column (span, c + 2, row);
  __m512i e = load_column (span, c + 3, row);
  __m512i ab_low = _mm512_unpacklo_epi8 (a, b);
  __m512i ab_high = _mm512_unpackhi_epi8 (a, b);
  __m512i de_low = _mm512_unpacklo_epi8 (d, e);
  __m512i de_high = _mm512_unpackhi_epi8 (d, e);

  quad[0] = _mm512_unpacklo_epi16 (ab_low, de_low);
  quad[1] = _mm512_unpackhi_epi16 (ab_low, de_low);
  quad[2] = _mm512_unpacklo_epi16 (ab_high, de_high);
  quad[3] = _mm512_unpackhi_epi16 (ab_high, de_high);
}

/* To the same places. */
INLINE void
load_scales (__m512 *out, const guint16 *scales)
{
  static const guint16 places[2][32] = {
    { 0, 1, 2, 3, 16, 17, 18, 19, 32, 33, 34, 35, 48, 49, 50, 51, 4, 5, 6, 7,
        20, 21, 22, 23, 36, 37, 38, 39, 52, 53, 54, 55 },
    { 8, 9, 10, 11, 24, 25, 26, 27, 40, 41, 42, 43, 56, 57, 58, 59, 12, 13, 14,
        15, 28, 29, 30, 31, 44, 45, 46, 47, 60, 61, 62, 63 },
  };
  __m512i low = _mm512_loadu_si512 (scales);
  __m512i high = _mm512_loadu_si512 (scales + 32);

  for (guint k = 0; k < 2; k++) {
    __m512i both = _mm512_permutex2var_epi16 (low,
        _mm512_loadu_si512 (places[k]), high);

    out[2 * k] = _mm512_castsi512_ps (_mm512_slli_epi32 (
        _mm512_cvtepu16_epi32 (_mm512_castsi512_si256 (both)), 16));
    out[2 * k + 1] = _mm512_castsi512_ps (_mm512_slli_epi32 (
        _mm512_cvtepu16_epi32 (_mm512_extracti64x4_epi64 (both, 1)), 16));
  }
}

/* Totals [n][VECTORS] of the products of `byte`. */
INLINE void
add_quads (__m512i totals[MOST_INPUTS][VECTORS], const Slice *slice,
    const OnednnSpan *span, const guint8 *byte, gsize stride, guint bytes,
    guint n)
{
#pragma GCC unroll 2
  for (guint q = 0; q < span->n_blocks * QUADS_OF_BLOCK; q++) {
    const guint8 *from = byte + q / QUADS_OF_BLOCK * stride +
        q % QUADS_OF_BLOCK * QUAD;

#pragma GCC unroll 4
    for (guint i = 0; i < n; i++) {
      __m512i four = load_inputs (from + i * bytes * LINEAR_BLOCK);

#pragma GCC unroll 4
      for (guint v = 0; v < VECTORS; v++)
        totals[i][v] = _mm512_dpbusd_epi32 (totals[i][v], four,
            slice->quads[q][v]);
    }
  }
}

INLINE void
add_scaled (float *sums, __m512i total, __m512 scale)
{
  _mm512_storeu_ps (sums,
      _mm512_fmadd_ps (_mm512_cvtepi32_ps (total), scale,
          _mm512_loadu_ps (sums)));
}

/* sums [n][LINEAR_SLICE] += slice * in [blocks][inputs][bytes][LINEAR_BLOCK].
 * Sums of 32 * 127 * 65535 at most are below 2^31. */
INLINE void
add_products (float *sums, const Slice *slice, const OnednnSpan *span,
    const guint8 *in, guint inputs, guint bytes, guint n)
{
  gsize stride = (gsize) inputs * bytes * LINEAR_BLOCK;
  __m512i totals[MOST_INPUTS][VECTORS];

#pragma GCC unroll 16
  for (guint i = 0; i < n * VECTORS; i++)
    totals[i / VECTORS][i % VECTORS] = _mm512_setzero_si512 ();
  add_quads (totals, slice, span, in, stride, bytes, n);
  if (bytes > 1) {
#pragma GCC unroll 16
    for (guint i = 0; i < n * VECTORS; i++)
      totals[i / VECTORS][i % VECTORS] =
          _mm512_slli_epi32 (totals[i / VECTORS][i % VECTORS], 8);
    add_quads (totals, slice, span, in + LINEAR_BLOCK, stride, bytes, n);
  }
#pragma GCC unroll 16
  for (guint i = 0; i < n * VECTORS; i++)
    add_scaled (sums + i * 16, totals[i / VECTORS][i % VECTORS],
        slice->scales[i % VECTORS]);
}

INLINE void
multiply (float *sums, const OnednnSpan *span, gsize rows, guint inputs,
    guint bytes)
{
  gsize size = bytes * LINEAR_BLOCK;

  for (gsize r = 0; r < rows; r += LINEAR_SLICE) {
    float *to = sums + r * inputs;
    const guint8 *in = span->in;
    Slice slice;
    guint i = 0;

    for (guint q = 0; q < span->n_blocks * QUADS_OF_BLOCK; q++)
      load_quad (slice.quads[q], span, q * QUAD, r);
    load_scales (slice.scales, span->scales + r);
    for (; i + 4 <= inputs; i += 4)
      add_products (to + i * LINEAR_SLICE, &slice, span, in + i * size, inputs,
          bytes, 4);
    for (; i + 2 <= inputs; i += 2)
      add_products (to + i * LINEAR_SLICE, &slice, span, in + i * size, inputs,
          bytes, 2);
    if (i < inputs)
      add_products (to + i * LINEAR_SLICE, &slice, span, in + i * size, inputs,
          bytes, 1);
  }
}

TARGET void
alexnet_onednn_linear_dot_vnni (float *sums, const OnednnSpan *span, gsize rows,
    guint inputs)
{
  multiply (sums, span, rows, inputs, 1);
}

TARGET void
alexnet_onednn_linear_dot16_vnni (float *sums, const OnednnSpan *span,
    gsize rows, guint inputs)
{
  multiply (sums, span, rows, inputs, 2);
}

#endif /* ALEXNET_CPU_X86 */
