/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "int8.h"

#include <math.h>

#include "onednn/dnnl/isa.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/simd/quantize.h"
#include "onednn/step/weighted.h"

gboolean
alexnet_onednn_int8_check (const AlexnetNetwork *network, GError **error)
{
  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (!alexnet_layer_takes_int8 (layer) || layer->int8.scales)
      continue;
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "precision int8 needs to know how large the values of %s become, which "
        "this model file does not say; 'alexnet-inspect calibrate MODEL "
        "IMAGES... -o OUT.safetensors' writes one that does",
        layer->name);
    return FALSE;
  }
  return TRUE;
}

/* An input that was always zero has any scale. */
OnednnQuantization
alexnet_onednn_int8_quantization (const AlexnetLayer *layer)
{
  float least = layer->int8.least, most = layer->int8.most;
  OnednnQuantization q = { dnnl_u8, most / G_MAXUINT8, 0, G_MAXUINT8 };

  if (least < 0)
    q = (OnednnQuantization){ dnnl_s8, fmaxf (-least, most) / G_MAXINT8,
      -G_MAXINT8, G_MAXINT8 };
  if (!isnormal (q.scale))
    q.scale = 1;
  return q;
}

/* The convolution that reads what layer `i` writes, with nothing but what
 * keeps whole numbers between; NULL when there is none. */
static const AlexnetLayer *
find_reader (const AlexnetNetwork *network, guint i)
{
  for (i++; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (alexnet_layer_takes_int8 (layer))
      return layer;
    if (layer->kind != ALEXNET_LAYER_RELU &&
        layer->kind != ALEXNET_LAYER_MAXPOOL &&
        !alexnet_layer_is_identity (layer))
      return NULL;
  }
  return NULL;
}

OnednnQuantization
alexnet_onednn_int8_result (const AlexnetNetwork *network, guint i)
{
  const AlexnetLayer *reader = find_reader (network, i);

  return reader ? alexnet_onednn_int8_quantization (reader)
                : (OnednnQuantization){ dnnl_f32, 1, -G_MAXFLOAT, G_MAXFLOAT };
}

/* The largest magnitude of a weight. 2 * 255 * 63 still fits in 16 bits; where
 * an input has a sign the library halves weights itself. */
static float
most_weight (const AlexnetLayer *layer)
{
  return alexnet_onednn_int8_quantization (layer).type == dnnl_u8 &&
          alexnet_onednn_adds_in_16_bits ()
      ? 63
      : G_MAXINT8;
}

/* What 1 in the weights of filter `c` stands for; a filter of zeros has any
 * scale. */
static float
find_filter_scale (const AlexnetLayer *layer, guint c)
{
  float scale = layer->int8.scales[c] * G_MAXINT8 / most_weight (layer);

  return isnormal (scale) ? scale : 1;
}

static gboolean
make_weights (const OnednnContext *context, guint i, float *values,
    GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  gsize n = (gsize) layer->in.channels / layer->groups * layer->kernel *
      layer->kernel;
  float most = most_weight (layer);

  if (!alexnet_onednn_layer_floats (context, i, ONEDNN_WEIGHTS, values, error))
    return FALSE;
  for (guint c = 0; c < layer->channels; c++) {
    float scale = find_filter_scale (layer, c);

    for (gsize k = c * n; k < (c + 1) * n; k++)
      values[k] = CLAMP (rintf (values[k] / scale), -most, most);
  }
  return TRUE;
}

static void
make_scales (const OnednnContext *context, guint i, float *scales)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  float in = alexnet_onednn_int8_quantization (layer).scale;
  float result = alexnet_onednn_int8_result (&context->network, i).scale;

  for (guint c = 0; c < layer->channels; c++)
    scales[c] = in * find_filter_scale (layer, c) / result;
}

static gboolean
make_bias (const OnednnContext *context, guint i, float *bias, GError **error)
{
  float result = alexnet_onednn_int8_result (&context->network, i).scale;

  if (!alexnet_onednn_layer_floats (context, i, ONEDNN_BIAS, bias, error))
    return FALSE;
  for (guint c = 0; c < context->network.layers[i].channels; c++)
    bias[c] /= result;
  return TRUE;
}

gboolean
alexnet_onednn_int8_values (const OnednnContext *context, guint layer,
    guint key, void *out, GError **error)
{
  switch (key) {
    case ONEDNN_INT8_WEIGHTS:
      return make_weights (context, layer, out, error);
    case ONEDNN_INT8_BIAS:
      return make_bias (context, layer, out, error);
    default:
      make_scales (context, layer, out);
      return TRUE;
  }
}

/* What each of its sums has to be multiplied with is in the weights. */
static gboolean
make_scaled_weights (const OnednnContext *context, guint i, guint key,
    void *out, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  gsize n = alexnet_onednn_count_weights (context, i) / layer->channels;
  g_autofree float *scales = alexnet_onednn_floats_new (layer->channels, error);
  float *weights = out;

  if (!scales || !make_weights (context, i, weights, error))
    return FALSE;
  make_scales (context, i, scales);
  for (guint c = 0; c < layer->channels; c++)
    for (gsize k = c * n; k < (c + 1) * n; k++)
      weights[k] *= scales[c];
  return TRUE;
}

/* As the library adds it, in some versions before it scales. */
static gboolean
make_library_bias (const OnednnContext *context, guint i, guint key, void *out,
    GError **error)
{
  guint n = context->network.layers[i].channels;
  g_autofree float *scales = alexnet_onednn_floats_new (n, error);
  float *bias = out;

  if (!scales || !make_bias (context, i, bias, error))
    return FALSE;
  make_scales (context, i, scales);
  for (guint c = 0; DNNL_COMPAT_BIAS_IS_SCALED && c < n; c++)
    bias[c] /= scales[c];
  return TRUE;
}

/* From float to whole numbers that lie in the same order. */
typedef struct {
  OnednnOperation base;
  OnednnQuantize *func;
  OnednnQuantization quantization;
  gsize n;
} Quantizer;

typedef struct {
  const Quantizer *quantizer;
  const float *in;
  guint8 *out;
} Run;

static void
quantize_share (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  const Quantizer *self = run->quantizer;
  const OnednnQuantization *q = &self->quantization;
  gsize begin = alexnet_onednn_part (self->n, thread, n_threads);
  gsize end = alexnet_onednn_part (self->n, thread + 1, n_threads);

  self->func (run->out + begin, run->in + begin, end - begin, 1 / q->scale,
      q->least, q->most);
}

static gboolean
quantizer_run (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  Run run = { (const Quantizer *) operation, src, dst };

  alexnet_onednn_parallel (quantize_share, &run);
  return TRUE;
}

static void
quantizer_free (OnednnOperation *operation)
{
  g_free (operation);
}

static OnednnOperation *
quantizer_new (const OnednnContext *context,
    const OnednnQuantization *quantization, gsize n)
{
  Quantizer *self = g_new0 (Quantizer, 1);

  self->base.run = quantizer_run;
  self->base.free = quantizer_free;
  self->func = alexnet_onednn_quantize (context->isa);
  self->quantization = *quantization;
  self->n = n;
  return &self->base;
}

static gboolean
make_desc (DnnlDesc *desc, const OnednnProgram *program,
    const AlexnetShape *shape, dnnl_data_type_t type, GError **error)
{
  return alexnet_onednn_image_desc_new (desc,
      alexnet_onednn_program_get_batch (program), shape, type, dnnl_nhwc,
      error);
}

gboolean
alexnet_onednn_int8_add_input (OnednnProgram *program, guint i, GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  const AlexnetLayer *layer = &context->network.layers[i];
  OnednnQuantization q = alexnet_onednn_int8_quantization (layer);
  gsize n = alexnet_onednn_program_get_batch (program) *
      alexnet_shape_size (&layer->in);
  g_auto (DnnlDesc) wanted = NULL;
  g_auto (DnnlDesc) floats = NULL;

  if (!make_desc (&wanted, program, &layer->in, q.type, error))
    return FALSE;
  if (dnnl_compat_desc_type (alexnet_onednn_program_get_desc (program)) !=
      dnnl_f32)
    return alexnet_onednn_program_add_reorder (program, wanted, error);
  return make_desc (&floats, program, &layer->in, dnnl_f32, error) &&
      alexnet_onednn_program_add_reorder (program, floats, error) &&
      alexnet_onednn_program_add_operation (program,
          quantizer_new (context, &q, n), wanted, error);
}

gboolean
alexnet_onednn_int8_result_desc (DnnlDesc *desc, const OnednnProgram *program,
    guint i, GError **error)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);

  return make_desc (desc, program, &context->network.layers[i].out,
      alexnet_onednn_int8_result (&context->network, i).type, error);
}

static gboolean
make_descs (OnednnWeightedDescs *descs, const OnednnProgram *program, guint i,
    GError **error)
{
  const AlexnetLayer *layer = &alexnet_onednn_program_get_context (program)
                                   ->network.layers[i];

  return make_desc (&descs->src, program, &layer->in,
             alexnet_onednn_int8_quantization (layer).type, error) &&
      alexnet_onednn_int8_result_desc (&descs->dst, program, i, error) &&
      alexnet_onednn_weighted_descs_set_conv (descs, layer, dnnl_s8, error);
}

static gboolean
make_conv (const OnednnContext *context, guint i,
    const OnednnWeightedDescs *descs, gboolean relu,
    dnnl_primitive_desc_t *desc, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  g_autofree float *scales = alexnet_onednn_floats_new (layer->channels, error);
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  DnnlWindow window = alexnet_onednn_layer_window (layer);

  if (!scales || !alexnet_onednn_attr_new (&attr, relu, error))
    return FALSE;
  make_scales (context, i, scales);
  ONEDNN_TRY (dnnl_compat_attr_scales (attr, layer->groups > 1, layer->channels,
      scales));
  ONEDNN_TRY (dnnl_compat_conv (desc, context->engine, descs->src,
      descs->weights, descs->bias, descs->dst, &window, attr));
  return TRUE;
}

/* Scales are an argument, or were given already. */
static gboolean
add_scales (OnednnProgram *program, guint i, DnnlDesc desc, GError **error)
{
  OnednnValues values = { alexnet_onednn_int8_values, i, ONEDNN_INT8_SCALES };
  dnnl_memory_t scales;

  if (DNNL_COMPAT_SCALES_ARG == 0)
    return TRUE;
  if (!alexnet_onednn_weights_get (alexnet_onednn_program_get_context (program),
          &values, desc, desc, &scales, error))
    return FALSE;
  alexnet_onednn_program_add_arg (program, DNNL_COMPAT_SCALES_ARG, scales);
  return TRUE;
}

static gboolean
add_trusted (OnednnProgram *program, guint i, gboolean relu, GError **error)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  OnednnValues weights = { alexnet_onednn_int8_values, i, ONEDNN_INT8_WEIGHTS };
  OnednnValues bias = { make_library_bias, i, 0 };
  g_auto (dnnl_primitive_desc_t) conv = NULL;
  g_auto (OnednnWeightedDescs) descs = { 0 };

  return make_descs (&descs, program, i, error) &&
      make_conv (context, i, &descs, relu, &conv, error) &&
      alexnet_onednn_int8_add_input (program, i, error) &&
      alexnet_onednn_weighted_add (program, conv, &descs, &weights, &bias,
          error) &&
      add_scales (program, i, descs.bias, error);
}

static gboolean
make_float_conv (const OnednnProgram *program, const AlexnetLayer *layer,
    OnednnWeightedDescs *descs, gboolean relu, dnnl_primitive_desc_t *desc,
    GError **error)
{
  guint batch = alexnet_onednn_program_get_batch (program);
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  DnnlWindow window = alexnet_onednn_layer_window (layer);

  if (!alexnet_onednn_image_desc_new (&descs->src, batch, &layer->in, dnnl_f32,
          dnnl_format_tag_any, error) ||
      !alexnet_onednn_image_desc_new (&descs->dst, batch, &layer->out, dnnl_f32,
          dnnl_format_tag_any, error) ||
      !alexnet_onednn_weighted_descs_set_conv (descs, layer, dnnl_f32, error) ||
      !alexnet_onednn_attr_new (&attr, relu, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_conv (desc,
      alexnet_onednn_program_get_context (program)->engine, descs->src,
      descs->weights, descs->bias, descs->dst, &window, attr));
  return TRUE;
}

/* The same whole numbers, as floats. */
static gboolean
add_in_float (OnednnProgram *program, guint i, gboolean relu, GError **error)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  OnednnValues weights = { make_scaled_weights, i, 0 };
  OnednnValues bias = { alexnet_onednn_int8_values, i, ONEDNN_INT8_BIAS };
  g_auto (dnnl_primitive_desc_t) conv = NULL;
  g_auto (OnednnWeightedDescs) descs = { 0 };
  g_auto (DnnlDesc) result = NULL;

  return make_float_conv (program, &context->network.layers[i], &descs, relu,
             &conv, error) &&
      alexnet_onednn_int8_result_desc (&result, program, i, error) &&
      alexnet_onednn_int8_add_input (program, i, error) &&
      alexnet_onednn_weighted_add (program, conv, &descs, &weights, &bias,
          error) &&
      alexnet_onednn_program_add_reorder (program, result, error);
}

static gboolean
int8_add (OnednnProgram *program, guint i, guint variant, gboolean relu,
    dnnl_data_type_t type, GError **error)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);

  return alexnet_onednn_convolution_is_trusted (&context->network.layers[i])
      ? add_trusted (program, i, relu, error)
      : add_in_float (program, i, relu, error);
}

static const char *
int8_get_name (guint variant)
{
  return "direct";
}

static gboolean
int8_fits (const OnednnContext *context, guint i, guint variant, guint batch)
{
  return context->int8 &&
      alexnet_layer_takes_int8 (&context->network.layers[i]);
}

static double
int8_guess (const OnednnContext *context, guint i, guint variant, guint batch)
{
  return alexnet_onednn_convolution_direct_cost (&context->network.layers[i],
      batch);
}

const OnednnMethod alexnet_onednn_int8_convolution = {
  .n_variants = 1,
  .library = TRUE,
  .get_name = int8_get_name,
  .fits = int8_fits,
  .guess = int8_guess,
  .add = int8_add,
};
