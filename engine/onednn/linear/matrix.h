/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The weights of a linear layer as kernels.h wants them. */

#ifndef ALEXNET_ONEDNN_LINEAR_MATRIX_H
#define ALEXNET_ONEDNN_LINEAR_MATRIX_H

#include "kernels.h"
#include "onednn/step/context.h"

G_BEGIN_DECLS

typedef struct {
  guint layer;
  OnednnStorage storage;
  gsize columns, rows;               /* of the weights */
  gsize padded_columns, padded_rows; /* with zeros */
  gsize panel_rows;                  /* of a full panel */
  gboolean finite;                   /* 0 times any weight is 0 */
  guint8 *weights;
  guint16 *scales; /* of LINEAR_S8 */
  float *bias;     /* [padded_rows] */
} OnednnMatrix;

/* All of a plan, none of which is made yet: as LINEAR_S8 while the sum of the
 * squares of what that changes, relative to all of a matrix, is no more than
 * `loss`; then as `storage`. */
OnednnMatrices *alexnet_onednn_matrices_new (OnednnStorage storage,
    double loss);

/* Accepts NULL. */
void alexnet_onednn_matrices_free (OnednnMatrices *matrices);

/* Of layer `layer`; made once and kept in the context's matrices. NO_MEMORY,
 * and what reading gives. */
const OnednnMatrix *alexnet_onednn_matrix_get (const OnednnContext *context,
    guint layer, GError **error);

/* Weights and scales of `span` for the rows from `row` and the columns of
 * `group`; returns how many rows are left in that panel. */
gsize alexnet_onednn_matrix_find (const OnednnMatrix *matrix, gsize row,
    gsize group, OnednnSpan *span);

/* That of layer `layer`, or NULL while it is not made. */
const OnednnMatrix *alexnet_onednn_matrix_peek (const OnednnContext *context,
    guint layer);

/* What the weights of a layer are stored as; "-" while they are not made. */
const char *alexnet_onednn_matrix_describe (const OnednnContext *context,
    guint layer);

/* What the weights of which layer are stored as. g_free() it. */
char *alexnet_onednn_linear_describe (const OnednnContext *context);

static inline gsize
alexnet_onednn_round_up (gsize n, gsize unit)
{
  return (n + unit - 1) / unit * unit;
}

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_MATRIX_H */
