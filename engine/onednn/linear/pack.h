/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How rows of weights become the columns that kernels.h reads. As many rows as
 * make LINEAR_LINE bytes of each column are converted, one after the other, and
 * then transposed at once, so that what is written are whole lines of a
 * cache. */

#ifndef ALEXNET_ONEDNN_LINEAR_PACK_H
#define ALEXNET_ONEDNN_LINEAR_PACK_H

#include "onednn/simd/dispatch.h"

G_BEGIN_DECLS

#define LINEAR_LINE 64 /* bytes */

/* What was met in the weights. */
typedef struct {
  gint32 largest;        /* bits of the largest magnitude, infinity and NaN
                            included */
  gint32 largest_finite; /* of those that are numbers */
  double lost, all;      /* sums of the squares of what LINEAR_S8 changed and
                            of the weights */
} OnednnMet;

/* values [n], n a multiple of LINEAR_GROUP, -> out [n] as they are stored,
 * denormal numbers as 0. Of LINEAR_S8 each group's scale, a bf16 number, goes
 * to scales [n / LINEAR_GROUP], which lie `stride` apart: 0 for a group of
 * zeros and NaN where a weight is not finite, so that the result is not. Adds
 * to `met`. */
typedef void OnednnConvert (void *out, guint16 *scales, gsize stride,
    const float *values, gsize n, OnednnMet *met);

/* in [LINEAR_LINE / size] rows of `columns`, `distance` bytes apart, -> out
 * [columns] lines, `stride` bytes apart; size: 1, 2 or 4 bytes of a value.
 * `columns` is a multiple of LINEAR_GROUP. */
typedef void OnednnTranspose (guint8 *out, gsize stride, const guint8 *in,
    gsize distance, gsize columns);

#define KERNELS_OF KERNELS_OF_LINEAR_PACK
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "onednn/simd/kernels.inc"

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_PACK_H */
