/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The inner loops of a product of a matrix with a few vectors.
 *
 * The matrix lies in panels of LINEAR_ROWS rows, each a stream that is read
 * once from its begin to its end: column after column, the rows of a column
 * side by side. LINEAR_S8 puts LINEAR_ROWS bf16 numbers before each
 * LINEAR_GROUP columns: what the whole numbers of these rows and columns are
 * multiplied with. Columns are padded with zeros to a multiple of
 * LINEAR_GROUP. */

#ifndef ALEXNET_ONEDNN_LINEAR_KERNELS_H
#define ALEXNET_ONEDNN_LINEAR_KERNELS_H

#include <glib.h>

G_BEGIN_DECLS

#define LINEAR_ROWS 16
#define LINEAR_GROUP 32
#define LINEAR_MAX_INPUTS 16

/* Bytes. */
#define LINEAR_S8_GROUP_SIZE (LINEAR_ROWS * (sizeof (guint16) + LINEAR_GROUP))

/* How a weight is stored; it is computed with in float. */
typedef enum {
  LINEAR_F32,
  LINEAR_BF16,
  LINEAR_F16, /* not in plain C */
  LINEAR_S8,
  LINEAR_N_STORAGES,
} OnednnStorage;

/* sums [inputs, LINEAR_ROWS] = panel * in [columns, inputs]. */
typedef void (*OnednnLinearKernel) (float *sums, const void *panel,
    const float *in, gsize columns);

typedef struct {
  guint max_inputs;
  /* [][inputs - 1] */
  OnednnLinearKernel kernels[LINEAR_N_STORAGES][LINEAR_MAX_INPUTS];
} OnednnLinearKernels;

extern const OnednnLinearKernels alexnet_onednn_linear_kernels_plain;
extern const OnednnLinearKernels alexnet_onednn_linear_kernels_avx2;
extern const OnednnLinearKernels alexnet_onednn_linear_kernels_avx512;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_KERNELS_H */
