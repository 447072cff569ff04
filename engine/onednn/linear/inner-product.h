/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A linear layer by the library, in the context's type. */

#ifndef ALEXNET_ONEDNN_INNER_PRODUCT_H
#define ALEXNET_ONEDNN_INNER_PRODUCT_H

#include "onednn/step/method.h"

G_BEGIN_DECLS

/* Fits where it may be the faster one: more than LINEAR_FEW images in bf16, or
 * on a CPU for which our own loops are plain C. */
extern const OnednnMethod alexnet_linear_inner_product;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INNER_PRODUCT_H */
