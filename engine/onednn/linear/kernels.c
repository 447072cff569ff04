/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernels.h"

#include "onednn/simd/simd.h"

/* Weights of so many columns are held in registers, two vectors of each, while
 * they meet one input after the other. */
#define VECTORS 2
#define STEP (VECTORS * SIMD_LANES)
#define COLUMNS (SIMD_LANES == 16 ? 8 : 4)

SIMD_INLINE Simd
load_weights (const guint8 *column, OnednnStorage storage, gsize row)
{
  switch (storage) {
    case LINEAR_F32:
      return simd_load ((const float *) column + row);
    case LINEAR_BF16:
      return simd_load_bf16 ((const guint16 *) column + row);
#ifndef ONEDNN_SIMD_PLAIN
    case LINEAR_F16:
      return simd_load_f16 ((const guint16 *) column + row);
#endif
    default:
      return simd_load_s8 ((const gint8 *) column + row);
  }
}

/* Columns further on in the list lie in other pages, where a processor does not
 * look by itself. */
#define AHEAD (2 * LINEAR_BLOCK)

/* The rows from `row` that add_columns() takes at once. */
SIMD_INLINE void
prefetch (const guint8 *column, OnednnStorage storage, gsize row)
{
  const gsize sizes[] = { 4, 2, 2, 1 };
  gsize size = sizes[storage];

  for (gsize i = 0; i < STEP * size; i += 64)
    __builtin_prefetch (column + row * size + i, 0, 2);
}

/* sums [inputs][STEP] += weights * in [inputs][LINEAR_BLOCK] * scales */
SIMD_INLINE void
add_products (float *sums, Simd weights[COLUMNS][VECTORS], const Simd *scales,
    const float *in, guint inputs)
{
  for (guint i = 0; i < inputs; i++) {
    Simd totals[VECTORS];

#pragma GCC unroll 2
    for (guint v = 0; v < VECTORS; v++)
      totals[v] = scales ? simd_all (0) : simd_load (sums + v * SIMD_LANES);
#pragma GCC unroll 8
    for (guint c = 0; c < COLUMNS; c++) {
      Simd value = simd_all (in[c]);

#pragma GCC unroll 2
      for (guint v = 0; v < VECTORS; v++)
        totals[v] = simd_fma (weights[c][v], value, totals[v]);
    }
#pragma GCC unroll 2
    for (guint v = 0; v < VECTORS; v++)
      simd_store (sums + v * SIMD_LANES,
          scales ? simd_fma (totals[v], scales[v],
                       simd_load (sums + v * SIMD_LANES))
                 : totals[v]);
    sums += STEP;
    in += LINEAR_BLOCK;
  }
}

SIMD_INLINE void
add_columns (float *sums, const OnednnSpan *span, guint first,
    OnednnStorage storage, const float *in, gsize rows, guint inputs)
{
  const guint8 *columns[COLUMNS], *ahead[COLUMNS];

  for (guint c = 0; c < COLUMNS; c++) {
    gsize next = MIN (first + c + AHEAD, span->n_listed - 1);

    columns[c] = span->weights + span->columns[first + c] * span->stride;
    ahead[c] = span->weights + span->columns[next] * span->stride;
  }
  for (gsize r = 0; r < rows; r += STEP) {
    Simd weights[COLUMNS][VECTORS], factors[VECTORS];

#pragma GCC unroll 8
    for (guint c = 0; c < COLUMNS; c++)
#pragma GCC unroll 2
      for (guint v = 0; v < VECTORS; v++)
        weights[c][v] = load_weights (columns[c], storage, r + v * SIMD_LANES);
#pragma GCC unroll 8
    for (guint c = 0; c < COLUMNS; c++)
      prefetch (ahead[c], storage, r);
    if (storage == LINEAR_S8)
#pragma GCC unroll 2
      for (guint v = 0; v < VECTORS; v++)
        factors[v] = simd_load_bf16 (span->scales + r + v * SIMD_LANES);
    add_products (sums + r * inputs, weights,
        storage == LINEAR_S8 ? factors : NULL, in, inputs);
  }
}

SIMD_INLINE void
multiply (float *sums, const OnednnSpan *span, OnednnStorage storage,
    gsize rows, guint inputs)
{
  const float *in = span->in;

  for (guint c = 0; c < span->n_blocks * LINEAR_BLOCK; c += COLUMNS) {
    add_columns (sums, span, c, storage,
        in + (gsize) (c / LINEAR_BLOCK) * inputs * LINEAR_BLOCK +
            c % LINEAR_BLOCK,
        rows, inputs);
  }
}

#define LINEAR_KERNEL(name, storage)                          \
  void SIMD_NAME (alexnet_onednn_linear_##name) (float *sums, \
      const OnednnSpan *span, gsize rows, guint inputs)       \
  {                                                           \
    if (inputs == 1)                                          \
      multiply (sums, span, storage, rows, 1);                \
    else                                                      \
      multiply (sums, span, storage, rows, inputs);           \
  }

LINEAR_KERNEL (f32, LINEAR_F32)
LINEAR_KERNEL (bf16, LINEAR_BF16)
LINEAR_KERNEL (s8, LINEAR_S8)
#ifndef ONEDNN_SIMD_PLAIN
LINEAR_KERNEL (f16, LINEAR_F16)
#endif
