/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "onednn/simd/simd.h"
#include "transform.h"

#define LANES (SIMD_LANES / 2) /* outputs at once: doubles in a vector */
#define MAX_KERNEL 5
#define MAX_TILE WINOGRAD_MAX_TILE

typedef double Lanes __attribute__ ((vector_size (LANES * sizeof (double))));
typedef float Results
    __attribute__ ((vector_size (LANES * sizeof (float)), aligned (4)));

/* A row of a matrix times a column, whose values are `step` apart. */
SIMD_INLINE void
dot (Lanes *out, const double *row, const Lanes *column, guint step, guint n)
{
  Lanes sum = { 0 };

#pragma GCC unroll 5
  for (guint i = 0; i < n; i++)
    sum += row[i] * column[i * step];
  *out = sum;
}

/* Taps of `outputs` filters, `distance` apart; zeros where there are fewer. */
SIMD_INLINE void
load_taps (Lanes *taps, const float *in, gsize distance, gsize outputs, guint r)
{
  double values[MAX_KERNEL * MAX_KERNEL][LANES] = { 0 };

  for (guint o = 0; o < MIN (outputs, LANES); o++)
    for (guint i = 0; i < r * r; i++)
      values[i][o] = (double) in[o * distance + i];
  memcpy (taps, values, r * r * sizeof *taps);
}

SIMD_INLINE void
store (float *out, const Lanes *in, gsize n)
{
  Results results = __builtin_convertvector(*in, Results);

  if (n >= LANES)
    memcpy (out, &results, sizeof results);
  else
    memcpy (out, &results, n * sizeof *out);
}

SIMD_INLINE void
transform (const double *matrix, guint n, guint r, float *out, gsize plane,
    const Lanes *taps, gsize outputs)
{
  Lanes rows[MAX_TILE * MAX_KERNEL], sum; /* rows [n][r] */

  for (guint k = 0; k < n; k++)
    for (guint j = 0; j < r; j++)
      dot (&rows[k * r + j], matrix + k * r, taps + j, r, r);
  for (guint k = 0; k < n; k++)
    for (guint l = 0; l < n; l++) {
      dot (&sum, matrix + l * r, rows + k * r, 1, r);
      store (out + (k * n + l) * plane, &sum, outputs);
    }
}

SIMD_INLINE void
transform_outputs (const WinogradForm *form, float *out, gsize plane,
    const float *in, gsize distance, gsize outputs, guint r)
{
  Lanes taps[MAX_KERNEL * MAX_KERNEL];

  for (gsize o = 0; o < outputs; o += LANES) {
    load_taps (taps, in + o * distance, distance, outputs - o, r);
    transform (form->weight_matrix, form->tile, r, out + o, plane, taps,
        outputs - o);
  }
}

void
SIMD_NAME (alexnet_onednn_winograd_weights) (WinogradTile tile, float *out,
    gsize plane, const float *in, gsize distance, gsize outputs)
{
  const WinogradForm *form = &alexnet_winograd_forms[tile];

  if (form->kernel == 3)
    transform_outputs (form, out, plane, in, distance, outputs, 3);
  else
    transform_outputs (form, out, plane, in, distance, outputs, 5);
}
