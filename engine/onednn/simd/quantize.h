/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From floats to whole numbers of 8 or 16 bits, and to bf16. */

#ifndef ALEXNET_ONEDNN_QUANTIZE_H
#define ALEXNET_ONEDNN_QUANTIZE_H

#include "dispatch.h"

G_BEGIN_DECLS

/* out [n] of guint8 or gint8 = in [n] * factor, to the nearest whole number of
 * least .. most; NaN becomes `least`. */
typedef void OnednnQuantize (void *out, const float *in, gsize n, float factor,
    float least, float most);

/* 256 * high [n] + low [n] = in [n] * factor, to the nearest whole number of
 * 0 .. 65535; NaN becomes 0. */
typedef void OnednnQuantize16 (guint8 *high, guint8 *low, const float *in,
    gsize n, float factor);

/* out [n] of bf16 = in [n], as alexnet_bf16_from_float() rounds. */
typedef void OnednnRoundBf16 (guint16 *out, const float *in, gsize n);

/* The largest of in [n]; -1 when one is negative or not finite. */
typedef float OnednnLargest (const float *in, gsize n);

#define KERNELS_OF KERNELS_OF_SIMD
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "kernels.inc"

G_END_DECLS

#endif /* ALEXNET_ONEDNN_QUANTIZE_H */
