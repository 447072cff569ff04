/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "forms.h"

#include <string.h>

#include "tables.h"

#define FORM(m, r, n)                                        \
  {                                                          \
    "F(" #m "x" #m "," #r "x" #r ")", m, r, n, input_##n[0], \
        weight_##m##_##r[0], output_##m##_##r[0]             \
  }

const WinogradForm alexnet_winograd_forms[WINOGRAD_N_TILES] = {
  [WINOGRAD_4_3] = FORM (4, 3, 6),
  [WINOGRAD_5_3] = FORM (5, 3, 7),
  [WINOGRAD_6_3] = FORM (6, 3, 8),
  [WINOGRAD_2_5] = FORM (2, 5, 6),
  [WINOGRAD_3_5] = FORM (3, 5, 7),
  [WINOGRAD_4_5] = FORM (4, 5, 8),
};

void
alexnet_winograd_weight (WinogradTile tile, double *out, const float *w)
{
  const WinogradForm *form = &alexnet_winograd_forms[tile];
  const double *g = form->weight_matrix;
  guint n = form->tile, r = form->kernel;
  double rows[WINOGRAD_MAX_TILE * WINOGRAD_MAX_TILE] = { 0 }; /* [n][r] */

  for (guint k = 0; k < n; k++)
    for (guint i = 0; i < r; i++)
      for (guint j = 0; j < r; j++)
        rows[k * r + j] += g[k * r + i] * (double) w[i * r + j];
  memset (out, 0, n * n * sizeof *out);
  for (guint k = 0; k < n; k++)
    for (guint l = 0; l < n; l++)
      for (guint j = 0; j < r; j++)
        out[k * n + l] += rows[k * r + j] * g[l * r + j];
}
