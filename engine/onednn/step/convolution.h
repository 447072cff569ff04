/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What ways to convolve guess their time by, and where the library's is right.
 */

#ifndef ALEXNET_ONEDNN_CONVOLUTION_H
#define ALEXNET_ONEDNN_CONVOLUTION_H

#include "method.h"

G_BEGIN_DECLS

/* `n_products` products of matrices [rows, in] and [in, out] for each group of
 * `layer`, in multiplications. */
double alexnet_onednn_convolution_cost (const AlexnetLayer *layer,
    gsize n_products, gsize rows);

/* The same of direct convolution. */
double alexnet_onednn_convolution_direct_cost (const AlexnetLayer *layer,
    guint batch);

/* Whether the library is trusted to convolve `layer` in other types than float.
 * Versions 2.6, 3.7 and 3.12 are right where windows are one pixel apart, and
 * wrong with some that are further apart; 2.6 reads beyond its own memory while
 * it makes kernels for AMX. In float all are right. */
gboolean alexnet_onednn_convolution_is_trusted (const AlexnetLayer *layer);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_CONVOLUTION_H */
