/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution as oneDNN's batched product of matrices between transforms of
 * our own: 2 to 5 times fewer multiplications than direct convolution, for a
 * rounding error that is several times larger (about 1e-5 of the largest
 * output with the largest tiles). In float, always. */

#ifndef ALEXNET_ONEDNN_WINOGRAD_H
#define ALEXNET_ONEDNN_WINOGRAD_H

#include "onednn/step/convolution.h"

G_BEGIN_DECLS

/* Variants are of WinogradTile: convolutions of its kernel with a stride of 1.
 * Reads whatever there is as float in dnnl_nhwc, and writes that. */
extern const OnednnMethod alexnet_winograd_convolution;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_WINOGRAD_H */
