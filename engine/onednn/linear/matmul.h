/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A linear layer by the library, in whole numbers of 8 bits: inputs scaled to
 * the largest of their image, the weights of each output to the largest of
 * them. An image with an input that is not finite has results that are not
 * numbers, as has an output with such a weight. */

#ifndef ALEXNET_ONEDNN_LINEAR_MATMUL_H
#define ALEXNET_ONEDNN_LINEAR_MATMUL_H

#include "onednn/step/method.h"

G_BEGIN_DECLS

/* Fits with precision int8 and more than LINEAR_FEW images, where a ReLU leaves
 * no input negative, on a CPU with VNNI for which our own loops have no
 * products of whole numbers. Not with AMX, of which oneDNN 2.6 makes illegal
 * instructions for some shapes. Reads and writes [batch,C] in float. */
extern const OnednnMethod alexnet_linear_matmul;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_MATMUL_H */
