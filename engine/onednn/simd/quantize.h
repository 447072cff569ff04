/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_ONEDNN_INT8_KERNELS_H
#define ALEXNET_ONEDNN_INT8_KERNELS_H

#include <glib.h>

G_BEGIN_DECLS

/* out [n] of guint8 or gint8 = in [n] * factor, to the nearest whole number of
 * least .. most; NaN becomes `least`. */
typedef void (*OnednnQuantize) (void *out, const float *in, gsize n,
    float factor, float least, float most);

/* The largest of in [n]; -1 when one is negative or not finite. */
typedef float (*OnednnLargest) (const float *in, gsize n);

extern const OnednnQuantize alexnet_onednn_quantize_plain;
extern const OnednnQuantize alexnet_onednn_quantize_avx2;
extern const OnednnQuantize alexnet_onednn_quantize_avx512;

extern const OnednnLargest alexnet_onednn_largest_plain;
extern const OnednnLargest alexnet_onednn_largest_avx2;
extern const OnednnLargest alexnet_onednn_largest_avx512;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INT8_KERNELS_H */
