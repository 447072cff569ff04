/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "weighted.h"

void
alexnet_onednn_weighted_descs_clear (OnednnWeightedDescs *descs)
{
  dnnl_compat_desc_free (descs->src);
  dnnl_compat_desc_free (descs->weights);
  dnnl_compat_desc_free (descs->dst);
  dnnl_compat_desc_free (descs->plain);
  dnnl_compat_desc_free (descs->bias);
}

static gboolean
set_weights (OnednnWeightedDescs *descs, int n_dims, const dnnl_dims_t dims,
    dnnl_format_tag_t plain, dnnl_data_type_t type, const AlexnetLayer *layer,
    GError **error)
{
  dnnl_dims_t bias = { layer->channels };

  ONEDNN_TRY (dnnl_compat_desc_new (&descs->plain, n_dims, dims, dnnl_f32,
      plain));
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->weights, n_dims, dims, type,
      dnnl_format_tag_any));
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->bias, 1, bias, dnnl_f32, dnnl_a));
  return TRUE;
}

gboolean
alexnet_onednn_weighted_descs_set_conv (OnednnWeightedDescs *descs,
    const AlexnetLayer *layer, dnnl_data_type_t type, GError **error)
{
  guint g = layer->groups, k = layer->kernel;
  guint in = layer->in.channels / g, out = layer->channels / g;
  dnnl_dims_t whole = { layer->channels, in, k, k };
  dnnl_dims_t grouped = { g, out, in, k, k };

  return g > 1 ? set_weights (descs, 5, grouped, dnnl_goihw, type, layer, error)
               : set_weights (descs, 4, whole, dnnl_oihw, type, layer, error);
}

gboolean
alexnet_onednn_weighted_descs_set_linear (OnednnWeightedDescs *descs,
    const AlexnetLayer *layer, dnnl_data_type_t type, GError **error)
{
  dnnl_dims_t dims = { layer->channels, alexnet_shape_size (&layer->in) };

  return set_weights (descs, 2, dims, dnnl_oi, type, layer, error);
}

gboolean
alexnet_onednn_weighted_add (OnednnProgram *program, dnnl_primitive_desc_t desc,
    const OnednnWeightedDescs *descs, const OnednnValues *weights,
    const OnednnValues *bias, GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  DnnlDesc src = dnnl_primitive_desc_query_md (desc, dnnl_query_src_md, 0);
  DnnlDesc wanted = dnnl_primitive_desc_query_md (desc, dnnl_query_weights_md,
      0);
  DnnlDesc dst = dnnl_primitive_desc_query_md (desc, dnnl_query_dst_md, 0);
  dnnl_memory_t weights_memory, bias_memory;

  return alexnet_onednn_program_add_reorder (program, src, error) &&
      alexnet_onednn_weights_get (context, weights, descs->plain, wanted,
          &weights_memory, error) &&
      alexnet_onednn_weights_get (context, bias, descs->bias, descs->bias,
          &bias_memory, error) &&
      alexnet_onednn_program_add (program, desc, dst, weights_memory,
          bias_memory, error);
}

DnnlWindow
alexnet_onednn_layer_window (const AlexnetLayer *layer)
{
  return (DnnlWindow){ { layer->kernel, layer->kernel },
    { layer->stride, layer->stride }, { layer->padding, layer->padding },
    { layer->end_padding, layer->end_padding } };
}
