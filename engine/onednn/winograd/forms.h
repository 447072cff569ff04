/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Winograd's minimal filtering F(m x m, r x r): m * m outputs of an r x r
 * convolution from an n x n tile of pixels, n = m + r - 1, with n * n products
 * instead of m * m * r * r:
 *
 *     outputs = output ((weight w weight') . (input pixels input')) output'
 */

#ifndef ALEXNET_WINOGRAD_FORMS_H
#define ALEXNET_WINOGRAD_FORMS_H

#include <glib.h>

G_BEGIN_DECLS

#define WINOGRAD_MAX_TILE 8

typedef enum {
  WINOGRAD_4_3,
  WINOGRAD_5_3,
  WINOGRAD_6_3,
  WINOGRAD_2_5,
  WINOGRAD_3_5,
  WINOGRAD_4_5,
  WINOGRAD_N_TILES
} WinogradTile;

typedef struct {
  const char *name;            /* "F(4x4,3x3)" */
  guint output, kernel, tile;  /* m, r, n */
  const float *input_matrix;   /* [n][n] */
  const double *weight_matrix; /* [n][r] */
  const float *output_matrix;  /* [m][n] */
} WinogradForm;

extern const WinogradForm alexnet_winograd_forms[WINOGRAD_N_TILES];

G_END_DECLS

#endif /* ALEXNET_WINOGRAD_FORMS_H */
