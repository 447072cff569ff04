/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A linear layer: a product that reads the weights once, at the speed of the
 * memory where that is what bounds it. For a few images it leaves out the
 * columns of weights that meet only zeros, which a ReLU makes many of. It
 * computes in float, or with weights of 8 bits, where the CPU has VNNI and no
 * input is negative, with inputs as whole numbers scaled to the largest of
 * their image: of 8 bits with precision int8, else of 16 where there are
 * several images. */

#ifndef ALEXNET_ONEDNN_LINEAR_H
#define ALEXNET_ONEDNN_LINEAR_H

#include "onednn/step/method.h"

G_BEGIN_DECLS

/* Images up to which columns that meet only zeros are left out. */
#define LINEAR_FEW 4

/* Fits every linear layer, but not more than LINEAR_FEW images in plain C.
 * Reads and writes [batch,C] in float. The weights are packed once in the
 * storage of the context and shared by all programs. */
extern const OnednnMethod alexnet_linear_panels;

/* out [n] = in [n] in whole numbers of 0..255, of which 1 stands for `scale`;
 * FALSE, with nothing written, when one is negative or not finite. */
gboolean alexnet_onednn_linear_quantize (AlexnetIsa isa, guint8 *out,
    float *scale, const float *in, gsize n);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_H */
