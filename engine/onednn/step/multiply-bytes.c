/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dot products of NEON are of numbers that both have a sign or both have none:
 * 128 is taken off inputs, and 128 times the sum of the weights added. */

#include "multiply.h"

#ifdef ALEXNET_CPU_ARM64

#include <arm_neon.h>
#include <string.h>

#define TARGET __attribute__ ((target ("arch=armv8.2-a+dotprod")))
#define INLINE TARGET static inline __attribute__ ((always_inline))

#define ROWS 6 /* whose sums are held in registers */
#define STEP MULTIPLY_BYTES_STEP
#define PANEL MULTIPLY_BYTES_PANEL
#define QUAD 4 /* inputs of a dot product */
#define LANES 4
#define VECTORS (PANEL / LANES)
#define VECTOR 16 /* bytes */
#define OFFSET 128

/* Input `i` of all outputs; zeros behind the last ones. */
INLINE int8x16_t
load_weights (const OnednnBytesPanel *panel, gsize i)
{
  gint8 some[PANEL] = { 0 };

  if (i >= panel->in)
    return vdupq_n_s8 (0);
  if (panel->n == PANEL)
    return vld1q_s8 (panel->weights + i * panel->stride);
  memcpy (some, panel->weights + i * panel->stride, panel->n);
  return vld1q_s8 (some);
}

/* out [outputs][QUAD] of the inputs from `i` on. */
INLINE void
pack_quad (gint8 *out, const OnednnBytesPanel *panel, gsize i)
{
  int8x16_t a = load_weights (panel, i), b = load_weights (panel, i + 1);
  int8x16_t d = load_weights (panel, i + 2), e = load_weights (panel, i + 3);
  int16x8_t ab_low = vreinterpretq_s16_s8 (vzip1q_s8 (a, b));
  int16x8_t ab_high = vreinterpretq_s16_s8 (vzip2q_s8 (a, b));
  int16x8_t de_low = vreinterpretq_s16_s8 (vzip1q_s8 (d, e));
  int16x8_t de_high = vreinterpretq_s16_s8 (vzip2q_s8 (d, e));

  vst1q_s16 ((gint16 *) out, vzip1q_s16 (ab_low, de_low));
  vst1q_s16 ((gint16 *) (out + VECTOR), vzip2q_s16 (ab_low, de_low));
  vst1q_s16 ((gint16 *) (out + 2 * VECTOR), vzip1q_s16 (ab_high, de_high));
  vst1q_s16 ((gint16 *) (out + 3 * VECTOR), vzip2q_s16 (ab_high, de_high));
}

/* panel->packed [quads][outputs][QUAD], and what the offset takes off. */
INLINE void
pack (const OnednnBytesPanel *panel, int32x4_t missing[VECTORS])
{
  int32x4_t sums[VECTORS] = { 0 };
  gint8 *out = panel->packed;

  for (gsize i = 0; i < (panel->in + STEP - 1) / STEP * STEP; i += QUAD) {
    pack_quad (out, panel, i);
#pragma GCC unroll 4
    for (guint v = 0; v < VECTORS; v++, out += VECTOR)
      sums[v] = vdotq_s32 (sums[v], vld1q_s8 (out), vdupq_n_s8 (1));
  }
#pragma GCC unroll 4
  for (guint v = 0; v < VECTORS; v++)
    missing[v] = vmulq_n_s32 (sums[v], OFFSET);
}

/* STEP inputs, of which `n` are there. */
INLINE int8x16_t
load_inputs (const guint8 *in, gsize n)
{
  guint8 some[STEP] = { 0 };

  if (n < STEP)
    in = memcpy (some, in, n);
  return vreinterpretq_s8_u8 (veorq_u8 (vld1q_u8 (in), vdupq_n_u8 (OFFSET)));
}

/* sums += inputs [n] of quad `quad`, times weights. */
#define ADD_QUAD(quad)                                                    \
  _Pragma ("GCC unroll 4") for (guint v = 0; v < VECTORS; v++)            \
  {                                                                       \
    int8x16_t four = vld1q_s8 (weights + ((quad) *VECTORS + v) * VECTOR); \
                                                                          \
    _Pragma ("GCC unroll 6") for (guint r = 0; r < n; r++)                \
        sums[r][v] = vdotq_laneq_s32 (sums[r][v], four, inputs[r], quad); \
  }

/* STEP inputs from `i` on of n rows. */
INLINE void
add_step (int32x4_t sums[ROWS][VECTORS], const guint8 *const *rows,
    const OnednnBytesPanel *panel, gsize i, guint n)
{
  const gint8 *weights = panel->packed + i * PANEL;
  int8x16_t inputs[ROWS];

#pragma GCC unroll 6
  for (guint r = 0; r < n; r++)
    inputs[r] = load_inputs (rows[r] + i, panel->in - i);
  ADD_QUAD (0)
  ADD_QUAD (1)
  ADD_QUAD (2)
  ADD_QUAD (3)
}

INLINE void
store (const OnednnBytesPanel *panel, gsize row, int32x4_t sums[VECTORS])
{
  gint32 *output = panel->output + row * panel->stride;
  gint32 results[PANEL];
  gboolean whole = panel->n == PANEL;

#pragma GCC unroll 4
  for (guint v = 0; v < VECTORS; v++)
    vst1q_s32 ((whole ? output : results) + v * LANES, sums[v]);
  if (!whole)
    memcpy (output, results, panel->n * sizeof *output);
}

INLINE void
multiply_rows (const OnednnBytesPanel *panel, const int32x4_t missing[VECTORS],
    gsize row, guint n)
{
  int32x4_t sums[ROWS][VECTORS];
  const guint8 *rows[ROWS];

#pragma GCC unroll 6
  for (guint r = 0; r < n; r++) {
    rows[r] = panel->input + (row + r) * panel->in;
#pragma GCC unroll 4
    for (guint v = 0; v < VECTORS; v++)
      sums[r][v] = missing[v];
  }
  for (gsize i = 0; i < panel->in; i += STEP)
    add_step (sums, rows, panel, i, n);
#pragma GCC unroll 6
  for (guint r = 0; r < n; r++)
    store (panel, row + r, sums[r]);
}

#define REST(n)                             \
  case n:                                   \
    multiply_rows (panel, missing, row, n); \
    break

TARGET void
alexnet_onednn_multiply_bytes_neon (const OnednnBytesPanel *panel)
{
  int32x4_t missing[VECTORS];
  gsize row = 0;

  pack (panel, missing);
  for (; row + ROWS <= panel->rows; row += ROWS)
    multiply_rows (panel, missing, row, ROWS);
  switch (panel->rows - row) {
    REST (1);
    REST (2);
    REST (3);
    REST (4);
    REST (5);
  }
}

#endif /* ALEXNET_CPU_ARM64 */
