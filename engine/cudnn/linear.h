/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A fully connected layer for one batch size: y = x W^T + bias, with ReLU.
 * There are several ways: our own product, which streams the weights, for
 * small batches; and those that cublasLt offers whose sums are kept in float,
 * also where they are split. Where there is none of these, a slower one of our
 * own takes any shape. */

#ifndef ALEXNET_CUDNN_LINEAR_H
#define ALEXNET_CUDNN_LINEAR_H

#include "launch.h"
#include "weights.h"

G_BEGIN_DECLS

typedef struct {
  guint n, n_in, n_out; /* [n,n_in] -> [n,n_out] */
  gboolean relu;
  guint alignment; /* of x, in bytes */
  AlexnetPrecision precision;
  AlexnetStorage storage; /* of the weights */
} AlexnetLinearShape;

/* Of operation `i`, a LINEAR, for batches of up to `max_batch`, of which this
 * is one of n; `int8` is that of AlexnetBuffers. Where our own product takes
 * them all, cublasLt's weights need not be there. */
AlexnetLinearShape alexnet_linear_shape (const AlexnetProgram *program, guint i,
    guint n, guint max_batch, AlexnetPrecision precision, gboolean int8);

typedef struct _AlexnetLinear AlexnetLinear;

/* All that is given must outlive it. `workspace` is device memory, which
 * others may use between runs. */
AlexnetLinear *alexnet_linear_new (AlexnetDevice *device,
    const AlexnetKernels *kernels, const AlexnetLinearShape *shape,
    const AlexnetWeights *weights, void *workspace, gsize workspace_size,
    GError **error);
void alexnet_linear_free (AlexnetLinear *linear, GError **error);

/* Ways to choose from, numbered from 0, which is chosen at first. */
guint alexnet_linear_n_choices (const AlexnetLinear *linear);
void alexnet_linear_choose (AlexnetLinear *linear, guint choice);

/* Whether that is our own product, which streams the weights. */
gboolean alexnet_linear_is_own (const AlexnetLinear *linear);

/* On the device's compute stream. */
gboolean alexnet_linear_run (AlexnetLinear *linear, const void *x, void *y,
    GError **error);

/* The same of what `pool` makes, in one kernel and whatever was chosen: where
 * the schedule has joined both. */
gboolean alexnet_linear_run_pooled (AlexnetLinear *linear,
    const AlexnetPoolArgs *pool, void *y, GError **error);

/* "linear 16x9216 to 4096 relu fp16 ..." The caller frees it. */
char *alexnet_linear_describe (const AlexnetLinearShape *shape);

G_END_DECLS

#endif /* ALEXNET_CUDNN_LINEAR_H */
