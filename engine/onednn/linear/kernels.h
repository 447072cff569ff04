/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The inner loops of a product of a matrix with some vectors.
 *
 * The matrix lies in panels of rows, column after column. A column of a full
 * panel has LINEAR_PAGE bytes, because processors fetch ahead within a page:
 * leaving out half of the columns then costs half of the time, where the memory
 * is what bounds it. LINEAR_S8 has a bf16 number for each row and each
 * LINEAR_GROUP columns, which these are multiplied with. */

#ifndef ALEXNET_ONEDNN_LINEAR_KERNELS_H
#define ALEXNET_ONEDNN_LINEAR_KERNELS_H

#include <glib.h>

#include "cpu.h"

G_BEGIN_DECLS

#define LINEAR_PAGE 4096
#define LINEAR_PAD                                           \
  64 /* bytes behind a column: the same row of several would \
        else compete for the same lines of a cache */
#define LINEAR_SLICE 64 /* the rows of a panel are a multiple */
#define LINEAR_BLOCK 8  /* columns that a kernel takes at once */
#define LINEAR_GROUP 32 /* a multiple of the block */

/* How a weight is stored. */
typedef enum {
  LINEAR_F32,
  LINEAR_BF16,
  LINEAR_F16, /* not in plain C */
  LINEAR_S8,
  LINEAR_N_STORAGES,
} OnednnStorage;

/* Some columns of one group. */
typedef struct {
  const guint8 *weights; /* row 0 of column 0 */
  gsize stride;          /* bytes to the next column */
  const guint16 *scales; /* of LINEAR_S8, [rows] */
  const guint32 *columns;
  guint n_blocks; /* of columns */
  gsize n_listed; /* columns, with those that will come next */
  const void *in; /* [n_blocks][inputs][LINEAR_BLOCK] */
} OnednnSpan;

/* sums [rows / step][inputs][step] += columns [rows] * in. `rows` is a multiple
 * of LINEAR_SLICE. */
typedef void (*OnednnLinearKernel) (float *sums, const OnednnSpan *span,
    gsize rows, guint inputs);

typedef struct {
  guint step;
  OnednnLinearKernel kernels[LINEAR_N_STORAGES]; /* in: float */
} OnednnLinearKernels;

extern const OnednnLinearKernels alexnet_onednn_linear_kernels_plain;
extern const OnednnLinearKernels alexnet_onednn_linear_kernels_avx2;
extern const OnednnLinearKernels alexnet_onednn_linear_kernels_avx512;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_KERNELS_H */
