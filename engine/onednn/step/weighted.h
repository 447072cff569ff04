/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Primitives of the library that have weights and bias. */

#ifndef ALEXNET_ONEDNN_WEIGHTED_H
#define ALEXNET_ONEDNN_WEIGHTED_H

#include "program.h"
#include "weights.h"

G_BEGIN_DECLS

/* Of what such a primitive reads and writes, as it may choose it; and of
 * weights and bias as they are made, in float. */
typedef struct {
  DnnlDesc src, weights, dst;
  DnnlDesc plain, bias;
} OnednnWeightedDescs;

void alexnet_onednn_weighted_descs_clear (OnednnWeightedDescs *descs);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OnednnWeightedDescs,
    alexnet_onednn_weighted_descs_clear)

/* Sets weights, of `type`, plain and bias: those of a convolution, or of a
 * linear layer. */
gboolean alexnet_onednn_weighted_descs_set_conv (OnednnWeightedDescs *descs,
    const AlexnetLayer *layer, dnnl_data_type_t type, GError **error);
gboolean alexnet_onednn_weighted_descs_set_linear (OnednnWeightedDescs *descs,
    const AlexnetLayer *layer, dnnl_data_type_t type, GError **error);

/* Reorders what there is if `desc` reads something else, finds the values, and
 * appends the primitive. */
gboolean alexnet_onednn_weighted_add (OnednnProgram *program,
    dnnl_primitive_desc_t desc, const OnednnWeightedDescs *descs,
    const OnednnValues *weights, const OnednnValues *bias, GError **error);

/* Of a convolution. */
DnnlWindow alexnet_onednn_layer_window (const AlexnetLayer *layer);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_WEIGHTED_H */
