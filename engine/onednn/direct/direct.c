/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "direct.h"

#include "onednn/step/weighted.h"

/* The result has `type`, or float where that is what the layer computes in. */
static gboolean
make_descs (OnednnWeightedDescs *descs, const OnednnContext *context,
    guint batch, const AlexnetLayer *layer, dnnl_data_type_t type,
    GError **error)
{
  dnnl_data_type_t computed = alexnet_onednn_convolution_is_trusted (layer)
      ? context->type
      : dnnl_f32;

  return alexnet_onednn_image_desc_new (&descs->src, batch, &layer->in,
             computed, dnnl_format_tag_any, error) &&
      alexnet_onednn_image_desc_new (&descs->dst, batch, &layer->out,
          computed == dnnl_bf16 ? type : dnnl_f32, dnnl_format_tag_any,
          error) &&
      alexnet_onednn_weighted_descs_set_conv (descs, layer, computed, error);
}

static gboolean
make_conv (const OnednnContext *context, const AlexnetLayer *layer,
    const OnednnWeightedDescs *descs, gboolean relu,
    dnnl_primitive_desc_t *desc, GError **error)
{
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  DnnlWindow window = alexnet_onednn_layer_window (layer);

  if (!alexnet_onednn_attr_new (&attr, relu, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_conv (desc, context->engine, descs->src,
      descs->weights, descs->bias, descs->dst, &window, attr));
  return TRUE;
}

static const char *
direct_get_name (guint variant)
{
  return "direct";
}

static gboolean
direct_fits (const OnednnContext *context, guint i, guint variant, guint batch)
{
  const AlexnetLayer *layer = &context->network.layers[i];

  return layer->kind == ALEXNET_LAYER_CONV &&
      !(context->int8 && alexnet_layer_takes_int8 (layer));
}

/* Products of bf16 have twice the speed. */
static double
direct_guess (const OnednnContext *context, guint i, guint variant, guint batch)
{
  return alexnet_onednn_convolution_direct_cost (&context->network.layers[i],
             batch) /
      (context->type == dnnl_bf16 ? 2 : 1);
}

static gboolean
direct_add (OnednnProgram *program, guint i, guint variant, gboolean relu,
    dnnl_data_type_t type, GError **error)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  const AlexnetLayer *layer = &context->network.layers[i];
  guint batch = alexnet_onednn_program_get_batch (program);
  OnednnValues weights = { alexnet_onednn_layer_floats, i, ONEDNN_WEIGHTS };
  OnednnValues bias = { alexnet_onednn_layer_floats, i, ONEDNN_BIAS };
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (OnednnWeightedDescs) descs = { 0 };

  return make_descs (&descs, context, batch, layer, type, error) &&
      make_conv (context, layer, &descs, relu, &desc, error) &&
      alexnet_onednn_weighted_add (program, desc, &descs, &weights, &bias,
          error);
}

const OnednnMethod alexnet_direct_convolution = {
  .n_variants = 1,
  .library = TRUE,
  .get_name = direct_get_name,
  .fits = direct_fits,
  .guess = direct_guess,
  .add = direct_add,
};

gboolean
alexnet_direct_find_input_tag (const OnednnContext *context,
    const dnnl_format_tag_t *tags, dnnl_format_tag_t *tag, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[0];
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (OnednnWeightedDescs) descs = { 0 };

  return make_descs (&descs, context, 1, layer, context->type, error) &&
      make_conv (context, layer, &descs, TRUE, &desc, error) &&
      alexnet_onednn_image_desc_find_tag (
          dnnl_primitive_desc_query_md (desc, dnnl_query_src_md, 0), 1,
          &layer->in, tags, tag, error);
}
