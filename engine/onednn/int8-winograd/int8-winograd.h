/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution of whole numbers of 8 bits as products of matrices between the
 * transforms of kernels.h: 1.5 to 2 times fewer multiplications than direct
 * convolution, for an error that is two to three times as large (about 2 % of
 * the norm of the result), because transformed pixels are rounded to 8 bits. */

#ifndef ALEXNET_ONEDNN_INT8_WINOGRAD_H
#define ALEXNET_ONEDNN_INT8_WINOGRAD_H

#include "onednn/step/convolution.h"

G_BEGIN_DECLS

/* Whether products are the library's by this CPU's AVX512-VNNI, or our own by
 * dot products of `isa`. The library's others are slow, or add up two products
 * in 16 bits, where they have no room. */
gboolean alexnet_int8_winograd_is_exact (AlexnetIsa isa);

/* Variants are of Int8WinogradForm: convolutions of its kernel with a stride of
 * 1, of enough channels, where products are exact. Reads and writes what
 * alexnet_onednn_int8_convolution does. */
extern const OnednnMethod alexnet_int8_winograd_convolution;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INT8_WINOGRAD_H */
