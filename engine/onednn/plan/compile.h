/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Layers become a program. */

#ifndef ALEXNET_ONEDNN_COMPILE_H
#define ALEXNET_ONEDNN_COMPILE_H

#include "onednn/step/program.h"

G_BEGIN_DECLS

/* What the network's first layer reads: whole numbers in int8, and float where
 * it may be computed after Winograd. */
dnnl_data_type_t alexnet_onednn_input_type (const OnednnContext *context);

/* The first of `tags`, ended by dnnl_format_tag_undef, in which the network's
 * first layer likes to read one image. When none fits dnnl_nchw, or dnnl_nhwc
 * where pixels became channels. */
gboolean alexnet_onednn_find_input_tag (const OnednnContext *context,
    const dnnl_format_tag_t *tags, dnnl_format_tag_t *tag, GError **error);

/* Compiles layers first .. end - 1 for inputs like `src`, which is [N,C,H,W]
 * or, from a linear layer on, [N,C*H*W]. The context has a tuner, which chooses
 * among the ways to compute a layer with weights. A convolution or linear layer
 * at the end gives `last_type`. UNSUPPORTED, NO_MEMORY, DEVICE, naming the
 * layer. */
OnednnProgram *alexnet_onednn_compile (OnednnContext *context, guint first,
    guint end, guint batch, DnnlDesc src, dnnl_data_type_t last_type,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_COMPILE_H */
