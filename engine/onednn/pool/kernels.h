/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Max pooling where `lanes` channels of a pixel lie side by side. */

#ifndef ALEXNET_ONEDNN_POOL_KERNELS_H
#define ALEXNET_ONEDNN_POOL_KERNELS_H

#include "onednn/simd/dispatch.h"

G_BEGIN_DECLS

typedef struct {
  gsize lanes;
  guint in_height, in_width, out_width;
  guint kernel, stride, padding; /* a window has at least one pixel */
} OnednnPool;

/* in [in_height,in_width,lanes] -> out [out_width,lanes], row `y` of results:
 * each lane's largest number in the window, NaN where one of them is NaN, as
 * PyTorch has it. */
typedef void OnednnMaxpool (void *out, const void *in, const OnednnPool *pool,
    guint y);

#define KERNELS_OF KERNELS_OF_POOL
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "onednn/simd/kernels.inc"

G_END_DECLS

#endif /* ALEXNET_ONEDNN_POOL_KERNELS_H */
