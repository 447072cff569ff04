/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The transforms of forms.h, of pixels, of what becomes outputs and of weights.
 * Channels lie side by side, and every function does the same to each of them.
 * Any number of channels will do; multiples of 16 are fast. */

#ifndef ALEXNET_WINOGRAD_TRANSFORM_H
#define ALEXNET_WINOGRAD_TRANSFORM_H

#include "forms.h"
#include "onednn/simd/dispatch.h"

G_BEGIN_DECLS

/* pixels [n * n] point to `channels` values each. Transformed value k of
 * channel c goes to out[k * plane + c]. */
typedef void WinogradInput (WinogradTile tile, float *out, gsize plane,
    const float *const *pixels, gsize channels);

/* The way back, plus bias [channels], and no less than 0 if `relu`. Outputs
 * go to where pixels [m * m] point; those at NULL are dropped. */
typedef void WinogradOutput (WinogradTile tile, float *const *pixels,
    const float *in, gsize plane, const float *bias, gboolean relu,
    gsize channels);

/* Weights in [outputs][r * r], which lie `distance` apart. Transformed value k
 * of output o goes to out[k * plane + o]. Computes in double. */
typedef void WinogradWeights (WinogradTile tile, float *out, gsize plane,
    const float *in, gsize distance, gsize outputs);

#define KERNELS_OF KERNELS_OF_WINOGRAD
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "onednn/simd/kernels.inc"

G_END_DECLS

#endif /* ALEXNET_WINOGRAD_TRANSFORM_H */
