/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dot products of NEON are of numbers that both have a sign or both have none:
 * 128 is added to weights, and 128 times the sum of the inputs taken off. */

#include "kernels.h"

#ifdef ALEXNET_CPU_ARM64

#include <arm_neon.h>
#include <string.h>

#define TARGET __attribute__ ((target ("arch=armv8.2-a+dotprod")))
#define INLINE TARGET static inline __attribute__ ((always_inline))

/* A quad is four columns, of which each group of 32 bits holds one row. */
#define QUAD 4
#define QUADS_OF_BLOCK (LINEAR_BLOCK / QUAD)
#define MAX_QUADS (LINEAR_GROUP / QUAD)
#define CHUNK 16 /* rows of a vector as weights are stored */
#define CHUNKS (LINEAR_SLICE / CHUNK)
#define LANES 4 /* rows of a vector of sums */
#define VECTORS (LINEAR_SLICE / LANES)
#define OFFSET 128

typedef struct {
  uint8x16_t quads[MAX_QUADS][VECTORS];
} Slice;

/* Column `c` from row `row` on. What comes a group behind it is fetched: it is
 * in another page, where a processor does not look by itself. */
INLINE const guint8 *
find_column (const OnednnSpan *span, guint c, gsize row)
{
  gsize next = MIN (c + LINEAR_GROUP, span->n_listed - 1);

  __builtin_prefetch (span->weights + span->columns[next] * span->stride + row,
      0, 2);
  return span->weights + span->columns[c] * span->stride + row;
}

INLINE uint8x16_t
load (const guint8 *weights)
{
  return veorq_u8 (vld1q_u8 (weights), vdupq_n_u8 (OFFSET));
}

INLINE void
load_chunk (uint8x16_t *quad, const guint8 *const *columns, gsize row)
{
  uint8x16_t a = load (columns[0] + row), b = load (columns[1] + row);
  uint8x16_t d = load (columns[2] + row), e = load (columns[3] + row);
  uint16x8_t ab_low = vreinterpretq_u16_u8 (vzip1q_u8 (a, b));
  uint16x8_t ab_high = vreinterpretq_u16_u8 (vzip2q_u8 (a, b));
  uint16x8_t de_low = vreinterpretq_u16_u8 (vzip1q_u8 (d, e));
  uint16x8_t de_high = vreinterpretq_u16_u8 (vzip2q_u8 (d, e));

  quad[0] = vreinterpretq_u8_u16 (vzip1q_u16 (ab_low, de_low));
  quad[1] = vreinterpretq_u8_u16 (vzip2q_u16 (ab_low, de_low));
  quad[2] = vreinterpretq_u8_u16 (vzip1q_u16 (ab_high, de_high));
  quad[3] = vreinterpretq_u8_u16 (vzip2q_u16 (ab_high, de_high));
}

INLINE void
load_quad (uint8x16_t *quad, const OnednnSpan *span, guint c, gsize row)
{
  const guint8 *columns[QUAD];

#pragma GCC unroll 4
  for (guint i = 0; i < QUAD; i++)
    columns[i] = find_column (span, c + i, row);
#pragma GCC unroll 4
  for (guint i = 0; i < CHUNKS; i++)
    load_chunk (quad + i * VECTORS / CHUNKS, columns, i * CHUNK);
}

/* What the offset of the weights adds to a sum: in, as byte [blocks]. */
INLINE guint32
find_excess (const guint8 *byte, const OnednnSpan *span, gsize stride)
{
  uint32x2_t sums = vdup_n_u32 (0);

  for (guint b = 0; b < span->n_blocks; b++)
    sums = vdot_u32 (sums, vld1_u8 (byte + b * stride), vdup_n_u8 (1));
  return vaddv_u32 (sums) * OFFSET;
}

/* Rows lie where alexnet_onednn_linear_dot_place() says. */
INLINE void
add_scaled (float *sums, const uint32x4_t *totals, const guint16 *scales)
{
#pragma GCC unroll 16
  for (guint v = 0; v < VECTORS; v++) {
    float *to = sums + alexnet_onednn_linear_dot_place (v * LANES);
    float32x4_t scale = vreinterpretq_f32_u32 (vshll_n_u16 (vld1_u16 (scales +
                                                                v * LANES),
        16));

    vst1q_f32 (to,
        vfmaq_f32 (vld1q_f32 (to),
            vcvtq_f32_s32 (vreinterpretq_s32_u32 (totals[v])), scale));
  }
}

/* Totals [VECTORS] of the products of `byte`. */
INLINE void
add_quads (uint32x4_t *totals, const Slice *slice, const OnednnSpan *span,
    const guint8 *byte, gsize stride)
{
  uint32x4_t excess = vdupq_n_u32 (find_excess (byte, span, stride));
  guint32 four;

#pragma GCC unroll 16
  for (guint v = 0; v < VECTORS; v++)
    totals[v] = vsubq_u32 (totals[v], excess);
  for (guint q = 0; q < span->n_blocks * QUADS_OF_BLOCK; q++) {
    memcpy (&four,
        byte + q / QUADS_OF_BLOCK * stride + q % QUADS_OF_BLOCK * QUAD,
        sizeof four);
#pragma GCC unroll 16
    for (guint v = 0; v < VECTORS; v++)
      totals[v] = vdotq_u32 (totals[v], slice->quads[q][v],
          vreinterpretq_u8_u32 (vdupq_n_u32 (four)));
  }
}

/* sums [LINEAR_SLICE] += slice * in [blocks][inputs][bytes][LINEAR_BLOCK].
 * Sums of 32 * 127 * 65535 at most are below 2^31. */
INLINE void
add_products (float *sums, const Slice *slice, const guint16 *scales,
    const OnednnSpan *span, const guint8 *in, guint inputs, guint bytes)
{
  gsize stride = (gsize) inputs * bytes * LINEAR_BLOCK;
  uint32x4_t totals[VECTORS];

#pragma GCC unroll 16
  for (guint v = 0; v < VECTORS; v++)
    totals[v] = vdupq_n_u32 (0);
  add_quads (totals, slice, span, in, stride);
  if (bytes > 1) {
#pragma GCC unroll 16
    for (guint v = 0; v < VECTORS; v++)
      totals[v] = vshlq_n_u32 (totals[v], 8);
    add_quads (totals, slice, span, in + LINEAR_BLOCK, stride);
  }
  add_scaled (sums, totals, scales);
}

INLINE void
multiply (float *sums, const OnednnSpan *span, gsize rows, guint inputs,
    guint bytes)
{
  for (gsize r = 0; r < rows; r += LINEAR_SLICE) {
    const guint8 *in = span->in;
    Slice slice;

    for (guint q = 0; q < span->n_blocks * QUADS_OF_BLOCK; q++)
      load_quad (slice.quads[q], span, q * QUAD, r);
    for (guint i = 0; i < inputs; i++)
      add_products (sums + r * inputs + i * LINEAR_SLICE, &slice,
          span->scales + r, span, in + i * bytes * LINEAR_BLOCK, inputs, bytes);
  }
}

TARGET void
alexnet_onednn_linear_dot_neon (float *sums, const OnednnSpan *span, gsize rows,
    guint inputs)
{
  multiply (sums, span, rows, inputs, 1);
}

TARGET void
alexnet_onednn_linear_dot16_neon (float *sums, const OnednnSpan *span,
    gsize rows, guint inputs)
{
  multiply (sums, span, rows, inputs, 2);
}

#endif /* ALEXNET_CPU_ARM64 */
