/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One function for each kind of layer, for one image. Outputs come first, then
 * inputs, then sizes, which are the layer's `in`, `out` and parameters.
 * Tensors are float, tightly packed, row-major. Every sum is kept in double
 * and rounded once, so that a result does not depend on the order of its
 * terms: that is what makes this the reference. */

#ifndef ALEXNET_REFERENCE_LAYERS_H
#define ALEXNET_REFERENCE_LAYERS_H

#include "network/network.h"

G_BEGIN_DECLS

/* out [K,P,Q], in [C,H,W], weight [K,C/groups,R,R], bias [K];
 * cross-correlation, zeros around the image. `row` is scratch memory for Q
 * sums. */
void alexnet_reference_conv (float *out, double *row, const float *in,
    const float *weight, const float *bias, const AlexnetLayer *layer);

/* out [K], in [C,H,W] read as one vector, weight [K,C*H*W], bias [K]. */
void alexnet_reference_linear (float *out, const float *in, const float *weight,
    const float *bias, const AlexnetLayer *layer);

/* out and in [C,H,W]. */
void alexnet_reference_relu (float *out, const float *in,
    const AlexnetLayer *layer);

/* out and in [C,H,W]; the window of channel c is c - size / 2 to
 * c + (size - 1) / 2, cut at the first and last channel. */
void alexnet_reference_lrn (float *out, const float *in,
    const AlexnetLayer *layer);

/* out [C,P,Q], in [C,H,W]; minus infinity around the image. */
void alexnet_reference_maxpool (float *out, const float *in,
    const AlexnetLayer *layer);

/* out and in [C,H,W]; over C for each position. */
void alexnet_reference_softmax (float *out, const float *in,
    const AlexnetLayer *layer);

G_END_DECLS

#endif /* ALEXNET_REFERENCE_LAYERS_H */
