/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A linear layer: a product that reads the weights once, at the speed of the
 * memory where that is what bounds it. For a few images it leaves out the
 * columns of weights that meet only zeros, which a ReLU makes many of.
 *
 * It computes in float, or
 * - in tiles of bf16, where the CPU has AMX and the precision is bf16 or int8,
 *   with more than a few images;
 * - with weights of 8 bits, where the CPU has VNNI and no input is negative,
 *   with inputs as whole numbers scaled to the largest of their image: of 8
 *   bits with precision int8, else of 16 where there are several images. */

#ifndef ALEXNET_ONEDNN_LINEAR_H
#define ALEXNET_ONEDNN_LINEAR_H

#include "onednn/step/method.h"

G_BEGIN_DECLS

/* Fits every linear layer, but not more than LINEAR_FEW images in plain C.
 * Reads and writes [batch,C] in float. The weights are packed once in the
 * storage of the context and shared by all programs. */
extern const OnednnMethod alexnet_linear_panels;

/* Whether no layer between layer `i` and a ReLU makes a number negative. */
gboolean alexnet_linear_is_behind_relu (const AlexnetNetwork *network, guint i);

/* Whether that method computes layer `i` otherwise than in float for more than
 * LINEAR_FEW images. How the weights are stored is known once a batch of any
 * size is compiled, as one of a single image is before all others. */
gboolean alexnet_linear_is_fast (const OnednnContext *context, guint i);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_H */
