/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inner-product.h"

#include "inputs.h"
#include "linear.h"
#include "onednn/step/weighted.h"

static gboolean
make_descs (OnednnWeightedDescs *descs, const OnednnProgram *program,
    const AlexnetLayer *layer, dnnl_data_type_t type, GError **error)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  guint batch = alexnet_onednn_program_get_batch (program);
  dnnl_dims_t src = { batch, alexnet_shape_size (&layer->in) };
  dnnl_dims_t dst = { batch, layer->channels };

  ONEDNN_TRY (dnnl_compat_desc_new (&descs->src, 2, src, context->type,
      dnnl_format_tag_any));
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->dst, 2, dst, type,
      dnnl_format_tag_any));
  return alexnet_onednn_weighted_descs_set_linear (descs, layer, context->type,
      error);
}

static gboolean
inner_product_add (OnednnProgram *program, guint i, guint variant,
    gboolean relu, dnnl_data_type_t type, GError **error)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  OnednnValues weights = { alexnet_onednn_layer_floats, i, ONEDNN_WEIGHTS };
  OnednnValues bias = { alexnet_onednn_layer_floats, i, ONEDNN_BIAS };
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  g_auto (OnednnWeightedDescs) descs = { 0 };

  if (!make_descs (&descs, program, &context->network.layers[i], type, error) ||
      !alexnet_onednn_attr_new (&attr, relu, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_linear (&desc, context->engine, descs.src,
      descs.weights, descs.bias, descs.dst, attr));
  return alexnet_onednn_weighted_add (program, desc, &descs, &weights, &bias,
      error);
}

static const char *
inner_product_get_name (guint variant)
{
  return "inner-product";
}

/* Measured on a Zen 4 with two threads: in float our own loops are never the
 * slower ones, up to 32 images; products of bf16 have twice their speed once
 * the memory is not what bounds them. Plain C is only as good as the memory.
 * Against whole numbers of two bytes, on an Emerald Rapids without its tiles,
 * bf16 took 1.5 to 1.9 times as long with 6 to 32 images, and with tiles
 * against ours up to twice as long: it has twice the weights to read, beside
 * the panels. */
static gboolean
inner_product_fits (const OnednnContext *context, guint i, guint variant,
    guint batch)
{
  if (context->network.layers[i].kind != ALEXNET_LAYER_LINEAR ||
      batch <= LINEAR_FEW || alexnet_linear_is_fast (context, i))
    return FALSE;
  return context->type == dnnl_bf16 || context->isa == ALEXNET_ISA_PLAIN;
}

static double
inner_product_guess (const OnednnContext *context, guint i, guint variant,
    guint batch)
{
  return 0.75;
}

const OnednnMethod alexnet_linear_inner_product = {
  .n_variants = 1,
  .library = TRUE,
  .get_name = inner_product_get_name,
  .fits = inner_product_fits,
  .guess = inner_product_guess,
  .add = inner_product_add,
};
