/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "multiply.h"

#ifdef ALEXNET_CPU_ARM64

#include <arm_neon.h>
#include <string.h>

#define INLINE static inline __attribute__ ((always_inline))

/* Sums of so many rows are held in registers. */
#define ROWS 8
#define LANES 4
#define VECTORS (MULTIPLY_PANEL / LANES)

/* sums += inputs [n] of one column, lane `lane` of each row, times weights. */
#define ADD_LANE(lane)                                                   \
  do {                                                                   \
    float32x4_t low = vld1q_f32 (weights + (lane) *MULTIPLY_PANEL);      \
    float32x4_t high = vld1q_f32 (weights + (lane) *MULTIPLY_PANEL + 4); \
                                                                         \
    _Pragma ("GCC unroll 8") for (guint r = 0; r < n; r++)               \
    {                                                                    \
      sums[r][0] = vfmaq_laneq_f32 (sums[r][0], low, inputs[r], lane);   \
      sums[r][1] = vfmaq_laneq_f32 (sums[r][1], high, inputs[r], lane);  \
    }                                                                    \
  } while (0)

/* LANES columns from `i` of n rows. */
INLINE void
add_columns (float32x4_t sums[ROWS][VECTORS], const float *const *rows,
    const float *weights, gsize i, guint n)
{
  float32x4_t inputs[ROWS];

#pragma GCC unroll 8
  for (guint r = 0; r < n; r++)
    inputs[r] = vld1q_f32 (rows[r] + i);
  weights += i * MULTIPLY_PANEL;
  ADD_LANE (0);
  ADD_LANE (1);
  ADD_LANE (2);
  ADD_LANE (3);
}

INLINE void
add_column (float32x4_t sums[ROWS][VECTORS], const float *const *rows,
    const float *weights, gsize i, guint n)
{
  weights += i * MULTIPLY_PANEL;
#pragma GCC unroll 8
  for (guint r = 0; r < n; r++)
#pragma GCC unroll 2
    for (guint v = 0; v < VECTORS; v++)
      sums[r][v] = vfmaq_n_f32 (sums[r][v], vld1q_f32 (weights + v * LANES),
          rows[r][i]);
}

INLINE void
store (const OnednnPanel *panel, gsize row, float32x4_t sums[VECTORS])
{
  float *output = panel->output + row * panel->stride;
  float results[MULTIPLY_PANEL];
  gboolean whole = panel->n == MULTIPLY_PANEL;

#pragma GCC unroll 2
  for (guint v = 0; v < VECTORS; v++)
    vst1q_f32 ((whole ? output : results) + v * LANES, sums[v]);
  if (!whole)
    memcpy (output, results, panel->n * sizeof *output);
}

INLINE void
multiply_rows (const OnednnPanel *panel, gsize row, guint n)
{
  float32x4_t sums[ROWS][VECTORS] = { 0 };
  const float *rows[ROWS];
  gsize i = 0;

#pragma GCC unroll 8
  for (guint r = 0; r < n; r++)
    rows[r] = panel->input + (row + r) * panel->in;
  for (; i + LANES <= panel->in; i += LANES)
    add_columns (sums, rows, panel->weights, i, n);
  for (; i < panel->in; i++)
    add_column (sums, rows, panel->weights, i, n);
#pragma GCC unroll 8
  for (guint r = 0; r < n; r++)
    store (panel, row + r, sums[r]);
}

#define REST(n)                    \
  case n:                          \
    multiply_rows (panel, row, n); \
    break

void
alexnet_onednn_multiply_neon (const OnednnPanel *panel)
{
  gsize row = 0;

  for (; row + ROWS <= panel->rows; row += ROWS)
    multiply_rows (panel, row, ROWS);
  switch (panel->rows - row) {
    REST (1);
    REST (2);
    REST (3);
    REST (4);
    REST (5);
    REST (6);
    REST (7);
  }
}

#endif /* ALEXNET_CPU_ARM64 */
