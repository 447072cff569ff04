/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Between floats and whole numbers of 8 bits. */

#ifndef ALEXNET_ONEDNN_QUANTIZE_H
#define ALEXNET_ONEDNN_QUANTIZE_H

#include "dispatch.h"

G_BEGIN_DECLS

/* out [n] of guint8 or gint8 = in [n] * factor, to the nearest whole number of
 * least .. most; NaN becomes `least`. */
typedef void OnednnQuantize (void *out, const float *in, gsize n, float factor,
    float least, float most);

/* The largest of in [n]; -1 when one is negative or not finite. */
typedef float OnednnLargest (const float *in, gsize n);

#define KERNELS_OF KERNELS_OF_SIMD
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "kernels.inc"

G_END_DECLS

#endif /* ALEXNET_ONEDNN_QUANTIZE_H */
