/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a precision means on this CPU. */

#ifndef ALEXNET_ONEDNN_PRECISION_H
#define ALEXNET_ONEDNN_PRECISION_H

#include "onednn/step/context.h"

G_BEGIN_DECLS

/* Sets the context's instruction set, the type that oneDNN computes in and
 * the matrices of our own products, which the caller frees, and returns in
 * `precision` what stands for all that. UNSUPPORTED, saying what this CPU
 * lacks. */
gboolean alexnet_onednn_choose_precision (OnednnContext *context,
    AlexnetPrecision wanted, AlexnetPrecision *precision, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_PRECISION_H */
