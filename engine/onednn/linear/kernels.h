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

#include "onednn/simd/dispatch.h"

G_BEGIN_DECLS

#define LINEAR_PAGE 4096
/* Bytes behind a column: the same row of several would else compete for the
 * same lines of a cache. */
#define LINEAR_PAD 64
#define LINEAR_SLICE 64 /* the rows of a panel are a multiple */
#define LINEAR_BLOCK 8  /* columns that a kernel takes at once */
#define LINEAR_GROUP 32 /* a multiple of the block */

/* How a weight is stored. */
typedef enum {
  LINEAR_F32,
  LINEAR_BF16,
  LINEAR_F16, /* not in plain C */
  LINEAR_S8,
} OnednnStorage;

/* Some columns of one group. */
typedef struct {
  const guint8 *weights; /* row 0 of column 0 */
  gsize stride;          /* bytes to the next column */
  const guint16 *scales; /* of LINEAR_S8, [rows] */
  gsize scales_stride;   /* to those of the next group */
  const guint32 *columns;
  guint n_blocks; /* of columns */
  gsize n_listed; /* columns, with those that will come next */
  const void *in; /* [n_blocks][inputs][LINEAR_BLOCK], or of two bytes
                     [n_blocks][inputs][2][LINEAR_BLOCK] */
} OnednnSpan;

/* sums [rows / step][inputs][step] += columns [rows] * in. `rows` is a multiple
 * of LINEAR_SLICE. */
typedef void OnednnLinearKernel (float *sums, const OnednnSpan *span,
    gsize rows, guint inputs);

/* in [n] as bf16 to out [groups][LINEAR_GROUP], which lie `stride` numbers
 * apart, with zeros behind the last one. */
typedef void OnednnTilesIn (guint16 *out, gsize stride, const float *in,
    gsize n);

/* For weights as they are stored, and in: float.
 *
 * alexnet_onednn_linear_dot() is for LINEAR_S8 and in: guint8, exact but for
 * the scales; alexnet_onednn_linear_dot16() the same for inputs of two bytes,
 * of which the high one comes first.
 *
 * alexnet_onednn_linear_tiles_s8() and _f16() round inputs and weights to bf16.
 * Their columns are whole groups of all columns in their order, in: guint16
 * [n_groups][inputs][LINEAR_GROUP], and the inputs as many as
 * alexnet_onednn_linear_tiles_inputs() makes of any number. */
#define KERNELS_OF KERNELS_OF_LINEAR
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "onednn/simd/kernels.inc"

/* The step of those that read floats; that of all others is LINEAR_SLICE. */
static inline guint
alexnet_onednn_linear_step (AlexnetIsa isa)
{
  return 2 * alexnet_onednn_simd_lanes (isa);
}

#define LINEAR_TILE 16 /* inputs, at most */

static inline guint
alexnet_onednn_linear_tiles_count (guint inputs)
{
  return (inputs + LINEAR_TILE - 1) / LINEAR_TILE;
}

/* With some more at the end, so that all tiles have as many. */
static inline guint
alexnet_onednn_linear_tiles_inputs (guint inputs)
{
  guint n = alexnet_onednn_linear_tiles_count (inputs);

  return (inputs + n - 1) / n * n;
}

/* Where in a slice, of whole numbers, the sum of a row lies. */
static inline gsize
alexnet_onednn_linear_dot_place (gsize row)
{
  return row % 16 / 4 * 16 + row / 16 * 4 + row % 4;
}

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_KERNELS_H */
