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

/* Whether trunks are timed as a whole: where the library has tiles (AMX) for
 * what the context computes in, or $ALEXNET_CPU_TRUNK is set. */
gboolean alexnet_onednn_times_trunks (const OnednnContext *context);

/* The same for layers 0 .. end - 1, which give the context's type. Where trunks
 * are timed, the fastest way of each layer ("layers") competes with the
 * library's in all ("library"): what the times of layers add up to is not the
 * time of a trunk. `time` is that of alexnet_onednn_tune(), else NAN. */
OnednnProgram *alexnet_onednn_compile_trunk (OnednnContext *context, guint end,
    guint batch, DnnlDesc src, double *time, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_COMPILE_H */
