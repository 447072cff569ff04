/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "linear-kernels.h"

#include "simd.h"

#define VECTORS (LINEAR_ROWS / SIMD_LANES)

/* How many inputs are summed up in registers, and in how many sums of its own
 * each, one for each of as many columns: an addition must not wait for the
 * one before it. */
#if SIMD_LANES == 16
#define MAX_INPUTS 16
#define UNROLL(inputs) \
  ((inputs) == 1 ? 8 : (inputs) <= 4 ? 4 : (inputs) <= 8 ? 2 : 1)
#elif SIMD_LANES == 8
#define MAX_INPUTS 6
#define UNROLL(inputs) ((inputs) == 1 ? 4 : (inputs) <= 3 ? 2 : 1)
#else
#define MAX_INPUTS 4
#define UNROLL(inputs) ((inputs) == 1 ? 2 : 1)
#endif

#define MAX_SUMS 16 /* the largest inputs * UNROLL (inputs) */

SIMD_INLINE const guint8 *
find_weight (const guint8 *panel, gsize column, guint vector, gsize size)
{
  return panel + (column * LINEAR_ROWS + vector * SIMD_LANES) * size;
}

SIMD_INLINE Simd
load_weights (const guint8 *panel, OnednnStorage storage, gsize column,
    guint vector)
{
  switch (storage) {
    case LINEAR_F32:
      return simd_load ((const float *) find_weight (panel, column, vector, 4));
    case LINEAR_BF16:
      return simd_load_bf16 ((const guint16 *) find_weight (panel, column,
          vector, 2));
#ifndef ONEDNN_SIMD_PLAIN
    case LINEAR_F16:
      return simd_load_f16 ((const guint16 *) find_weight (panel, column,
          vector, 2));
#endif
    default:
      return simd_load_s8 ((const gint8 *) find_weight (panel, column, vector,
          1));
  }
}

/* totals [inputs][VECTORS] += columns of the panel * in [columns, inputs]
 * times the scales. Inlined with everything but `columns` constant. */
SIMD_INLINE void
add_columns (Simd totals[][VECTORS], const guint8 *panel, OnednnStorage storage,
    const Simd *scales, const float *in, gsize columns, guint inputs,
    guint unroll)
{
  Simd sums[MAX_SUMS][VECTORS];

#pragma GCC unroll 16
  for (guint i = 0; i < inputs * unroll; i++)
#pragma GCC unroll 4
    for (guint v = 0; v < VECTORS; v++)
      sums[i][v] = simd_all (0);
  for (gsize c = 0; c < columns; c += unroll)
#pragma GCC unroll 8
    for (guint u = 0; u < unroll; u++) {
      Simd weights[VECTORS];

#pragma GCC unroll 4
      for (guint v = 0; v < VECTORS; v++)
        weights[v] = load_weights (panel, storage, c + u, v);
#pragma GCC unroll 16
      for (guint i = 0; i < inputs; i++) {
        Simd value = simd_all (in[(c + u) * inputs + i]);

#pragma GCC unroll 4
        for (guint v = 0; v < VECTORS; v++)
          sums[u * inputs + i][v] = simd_fma (weights[v], value,
              sums[u * inputs + i][v]);
      }
    }
#pragma GCC unroll 16
  for (guint i = 0; i < inputs * unroll; i++)
#pragma GCC unroll 4
    for (guint v = 0; v < VECTORS; v++)
      totals[i % inputs][v] = simd_fma (sums[i][v], scales[v],
          totals[i % inputs][v]);
}

SIMD_INLINE void
multiply (float *out, const guint8 *panel, OnednnStorage storage,
    const float *in, gsize columns, guint inputs)
{
  Simd totals[MAX_INPUTS][VECTORS], scales[VECTORS];

#pragma GCC unroll 16
  for (guint i = 0; i < inputs; i++)
#pragma GCC unroll 4
    for (guint v = 0; v < VECTORS; v++)
      totals[i][v] = simd_all (0);
#pragma GCC unroll 4
  for (guint v = 0; v < VECTORS; v++)
    scales[v] = simd_all (1);
  if (storage != LINEAR_S8)
    add_columns (totals, panel, storage, scales, in, columns, inputs,
        UNROLL (inputs));
  else
    for (gsize c = 0; c < columns; c += LINEAR_GROUP) {
#pragma GCC unroll 4
      for (guint v = 0; v < VECTORS; v++)
        scales[v] = simd_load_bf16 ((const guint16 *) panel + v * SIMD_LANES);
      add_columns (totals, panel + LINEAR_ROWS * sizeof (guint16), storage,
          scales, in + c * inputs, LINEAR_GROUP, inputs, UNROLL (inputs));
      panel += LINEAR_S8_GROUP_SIZE;
    }
#pragma GCC unroll 16
  for (guint i = 0; i < inputs; i++)
#pragma GCC unroll 4
    for (guint v = 0; v < VECTORS; v++)
      simd_store (out + i * LINEAR_ROWS + v * SIMD_LANES, totals[i][v]);
}

#define KERNEL(storage, inputs)                                              \
  static void multiply_##storage##_##inputs (float *sums, const void *panel, \
      const float *in, gsize columns)                                        \
  {                                                                          \
    multiply (sums, panel, LINEAR_##storage, in, columns, inputs);           \
  }

#if MAX_INPUTS == 16
#define FOR_INPUTS(do, s)                                                     \
  do                                                                          \
  (s, 1) do(s, 2) do(s, 3) do(s, 4) do(s, 5) do(s, 6) do(s, 7) do(s, 8) do(s, \
      9) do(s, 10) do(s, 11) do(s, 12) do(s, 13) do(s, 14) do(s, 15) do(s, 16)
#elif MAX_INPUTS == 6
#define FOR_INPUTS(do, s) \
  do                      \
  (s, 1) do(s, 2) do(s, 3) do(s, 4) do(s, 5) do(s, 6)
#else
#define FOR_INPUTS(do, s) \
  do                      \
  (s, 1) do(s, 2) do(s, 3) do(s, 4)
#endif

#define NAME(storage, inputs) multiply_##storage##_##inputs,

/* clang-format off */
FOR_INPUTS (KERNEL, F32)
FOR_INPUTS (KERNEL, BF16)
FOR_INPUTS (KERNEL, S8)
#ifndef ONEDNN_SIMD_PLAIN
FOR_INPUTS (KERNEL, F16)
#endif

const OnednnLinearKernels SIMD_NAME (alexnet_onednn_linear_kernels) = {
  MAX_INPUTS,
  {
    [LINEAR_F32] = { FOR_INPUTS (NAME, F32) },
    [LINEAR_BF16] = { FOR_INPUTS (NAME, BF16) },
    [LINEAR_S8] = { FOR_INPUTS (NAME, S8) },
#ifndef ONEDNN_SIMD_PLAIN
    [LINEAR_F16] = { FOR_INPUTS (NAME, F16) },
#endif
  },
};
/* clang-format on */
