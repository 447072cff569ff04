/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile.h"

#include "onednn/int8-winograd/int8-winograd.h"
#include "onednn/int8/int8.h"
#include "onednn/linear/linear.h"
#include "onednn/step/weights.h"
#include "tune.h"
#include "onednn/winograd/winograd.h"

/* Compiling one layer after the other. */
typedef struct {
  OnednnContext *context;
  OnednnProgram *program;
  guint batch, end;
  dnnl_data_type_t last_type;
} Build;

gboolean
alexnet_onednn_desc_new (const OnednnContext *context, guint batch,
    const AlexnetShape *shape, dnnl_format_tag_t tag, DnnlDesc *desc,
    GError **error)
{
  dnnl_dims_t dims = { batch, shape->channels, shape->height, shape->width };

  ONEDNN_TRY (dnnl_compat_desc_new (desc, 4, dims, context->type, tag));
  return TRUE;
}

/* Descriptors of a layer with weights: as the model holds them, and as the
 * primitive may choose them. */
typedef struct {
  DnnlDesc src, weights, dst;
  DnnlDesc plain_weights, bias;
} Descs;

static void
descs_clear (Descs *descs)
{
  dnnl_compat_desc_free (descs->src);
  dnnl_compat_desc_free (descs->weights);
  dnnl_compat_desc_free (descs->dst);
  dnnl_compat_desc_free (descs->plain_weights);
  dnnl_compat_desc_free (descs->bias);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Descs, descs_clear)

static gboolean
make_weight_descs (Descs *descs, int n_dims, const dnnl_dims_t dims,
    dnnl_format_tag_t plain, dnnl_data_type_t type, const AlexnetLayer *layer,
    GError **error)
{
  dnnl_dims_t bias = { layer->channels };

  ONEDNN_TRY (dnnl_compat_desc_new (&descs->plain_weights, n_dims, dims,
      dnnl_f32, plain));
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->weights, n_dims, dims, type,
      dnnl_format_tag_any));
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->bias, 1, bias, dnnl_f32, dnnl_a));
  return TRUE;
}

static gboolean
make_conv_descs (Descs *descs, const OnednnContext *context, guint batch,
    const AlexnetLayer *layer, dnnl_data_type_t dst_type, GError **error)
{
  guint g = layer->groups, k = layer->kernel;
  guint in = layer->in.channels / g, out = layer->channels / g;
  dnnl_dims_t weights = { layer->channels, in, k, k };
  dnnl_dims_t grouped = { g, out, in, k, k };
  dnnl_dims_t dst = { batch, layer->channels, layer->out.height,
    layer->out.width };

  if (!alexnet_onednn_desc_new (context, batch, &layer->in, dnnl_format_tag_any,
          &descs->src, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->dst, 4, dst, dst_type,
      dnnl_format_tag_any));
  if (g > 1)
    return make_weight_descs (descs, 5, grouped, dnnl_goihw, context->type,
        layer, error);
  return make_weight_descs (descs, 4, weights, dnnl_oihw, context->type, layer,
      error);
}

static DnnlWindow
layer_window (const AlexnetLayer *layer)
{
  return (DnnlWindow){ { layer->kernel, layer->kernel },
    { layer->stride, layer->stride }, { layer->padding, layer->padding } };
}

/* Reorders the source if it must be, finds the weights, appends the step. */
static gboolean
add_weighted_step (OnednnProgram *program, guint i, dnnl_primitive_desc_t desc,
    const Descs *descs, GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  OnednnValues weight_values = { alexnet_onednn_layer_floats, i,
    ONEDNN_WEIGHTS };
  OnednnValues bias_values = { alexnet_onednn_layer_floats, i, ONEDNN_BIAS };
  DnnlDesc src = dnnl_primitive_desc_query_md (desc, dnnl_query_src_md, 0);
  DnnlDesc wanted = dnnl_primitive_desc_query_md (desc, dnnl_query_weights_md,
      0);
  DnnlDesc dst = dnnl_primitive_desc_query_md (desc, dnnl_query_dst_md, 0);
  dnnl_memory_t weights, bias;

  return alexnet_onednn_program_add_reorder (program, src, error) &&
      alexnet_onednn_weights_get (context, &weight_values, descs->plain_weights,
          wanted, &weights, error) &&
      alexnet_onednn_weights_get (context, &bias_values, descs->bias,
          descs->bias, &bias, error) &&
      alexnet_onednn_program_add (program, desc, dst, weights, bias, error);
}

static gboolean
make_conv (const OnednnContext *context, const AlexnetLayer *layer,
    const Descs *descs, gboolean relu, dnnl_primitive_desc_t *desc,
    GError **error)
{
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  DnnlWindow window = layer_window (layer);

  if (!alexnet_onednn_attr_new (&attr, relu, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_conv (desc, context->engine, descs->src,
      descs->weights, descs->bias, descs->dst, &window, attr));
  return TRUE;
}

/* ---- convolutions -------------------------------------------------------- */

static const char *
direct_get_name (guint variant)
{
  return "direct";
}

static gboolean
direct_fits (const AlexnetLayer *layer, guint variant)
{
  return TRUE;
}

/* Products of bf16 have twice the speed. */
static double
direct_guess (const OnednnContext *context, const AlexnetLayer *layer,
    guint variant, guint batch)
{
  return alexnet_onednn_convolution_direct_cost (layer, batch) /
      (context->type == dnnl_bf16 ? 2 : 1);
}

static gboolean
direct_add (OnednnProgram *program, guint i, guint variant, gboolean relu,
    dnnl_data_type_t type, GError **error)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  const AlexnetLayer *layer = &context->network.layers[i];
  guint batch = alexnet_onednn_program_get_batch (program);
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (Descs) descs = { 0 };

  return make_conv_descs (&descs, context, batch, layer, type, error) &&
      make_conv (context, layer, &descs, relu, &desc, error) &&
      add_weighted_step (program, i, desc, &descs, error);
}

/* By the library, in the context's type. */
static const OnednnConvolution direct = {
  .n_variants = 1,
  .get_name = direct_get_name,
  .fits = direct_fits,
  .guess = direct_guess,
  .add = direct_add,
};

/* Every way to compute a convolution. */
static const OnednnConvolution *const convolutions[] = {
  &direct,
  &alexnet_winograd_convolution,
  &alexnet_onednn_int8_convolution,
  &alexnet_int8_winograd_convolution,
};

typedef struct {
  const OnednnConvolution *convolution;
  guint variant;
  double cost;
} Candidate;

typedef struct {
  const Build *build;
  guint layer;
  gboolean relu;
  dnnl_data_type_t type; /* of the result */
  Candidate candidates[ONEDNN_MAX_CANDIDATES];
} Conv;

/* `program` is the build's or a trial. */
static gboolean
add_candidate (OnednnProgram *program, guint i, gconstpointer user,
    GError **error)
{
  const Conv *conv = user;
  const Candidate *candidate = &conv->candidates[i];

  return candidate->convolution->add (program, conv->layer, candidate->variant,
      conv->relu, conv->type, error);
}

/* In the order of their cost. */
static void
insert_candidate (Conv *conv, OnednnQuestion *question,
    const Candidate *candidate)
{
  guint i = question->n++;

  g_assert (i < ONEDNN_MAX_CANDIDATES);
  for (; i > 0 && conv->candidates[i - 1].cost > candidate->cost; i--) {
    conv->candidates[i] = conv->candidates[i - 1];
    question->names[i] = question->names[i - 1];
  }
  conv->candidates[i] = *candidate;
  question->names[i] = candidate->convolution->get_name (candidate->variant);
}

static void
list_candidates (Conv *conv, const AlexnetLayer *layer,
    OnednnQuestion *question)
{
  const OnednnContext *context = conv->build->context;

  for (guint i = 0; i < G_N_ELEMENTS (convolutions); i++) {
    Candidate candidate = { convolutions[i] };
    guint n = convolutions[i]->int8 == context->int8
        ? convolutions[i]->n_variants
        : 0;

    for (; candidate.variant < n; candidate.variant++) {
      if (!convolutions[i]->fits (layer, candidate.variant))
        continue;
      candidate.cost = convolutions[i]->guess (context, layer,
          candidate.variant, conv->build->batch);
      insert_candidate (conv, question, &candidate);
    }
  }
}

/* What the times depend on: also the source, since some candidates must
 * reorder what others can read. Its channels' stride tells the formats apart
 * in which layers write. g_free() it. */
static char *
make_key (const Conv *conv, const AlexnetLayer *layer)
{
  DnnlDesc src = alexnet_onednn_program_get_desc (conv->build->program);

  return g_strdup_printf ("%sconv [%u,%u,%u] %s by %" G_GINT64_FORMAT
                          ", %u of %ux%u, stride %u, padding %u, groups %u, "
                          "to %s%s, batch %u",
      conv->build->context->int8 ? "int8 " : "", layer->in.channels,
      layer->in.height, layer->in.width,
      dnnl_dt2str (dnnl_compat_desc_type (src)),
      (gint64) dnnl_compat_desc_stride (src, 1), layer->channels, layer->kernel,
      layer->kernel, layer->stride, layer->padding, layer->groups,
      dnnl_dt2str (conv->type), conv->relu ? " with ReLU" : "",
      conv->build->batch);
}

static gboolean
add_conv (Build *build, guint i, gboolean relu, dnnl_data_type_t type,
    GError **error)
{
  const AlexnetLayer *layer = &build->context->network.layers[i];
  Conv conv = { build, i, relu, type, { { 0 } } };
  g_autofree char *key = make_key (&conv, layer);
  OnednnQuestion question = {
    .layer = layer->name, .key = key, .add = add_candidate, .user = &conv
  };
  guint best = 0;

  list_candidates (&conv, layer, &question);
  return (question.n == 1 ||
             alexnet_onednn_tune (build->context->tuner, build->program,
                 &question, &best, error)) &&
      add_candidate (build->program, best, &conv, error);
}

static gboolean
make_linear_descs (Descs *descs, const Build *build, const AlexnetLayer *layer,
    dnnl_data_type_t dst_type, GError **error)
{
  dnnl_dim_t n_inputs = alexnet_shape_size (&layer->in);
  dnnl_data_type_t type = build->context->type;
  dnnl_dims_t src = { build->batch, n_inputs };
  dnnl_dims_t weights = { layer->channels, n_inputs };
  dnnl_dims_t dst = { build->batch, layer->channels };

  ONEDNN_TRY (dnnl_compat_desc_new (&descs->src, 2, src, type,
      dnnl_format_tag_any));
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->dst, 2, dst, dst_type,
      dnnl_format_tag_any));
  return make_weight_descs (descs, 2, weights, dnnl_oi, type, layer, error);
}

static gboolean
add_linear (Build *build, guint i, gboolean relu, dnnl_data_type_t dst_type,
    GError **error)
{
  const AlexnetLayer *layer = &build->context->network.layers[i];
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  g_auto (Descs) descs = { 0 };

  if (!make_linear_descs (&descs, build, layer, dst_type, error) ||
      !alexnet_onednn_attr_new (&attr, relu, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_linear (&desc, build->context->engine, descs.src,
      descs.weights, descs.bias, descs.dst, attr));
  return add_weighted_step (build->program, i, desc, &descs, error);
}

static gboolean
add_maxpool (Build *build, const AlexnetLayer *layer, GError **error)
{
  DnnlWindow window = layer_window (layer);
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  g_auto (DnnlDesc) dst = NULL;
  DnnlDesc src = alexnet_onednn_program_get_desc (build->program);
  dnnl_dims_t dims = { build->batch, layer->out.channels, layer->out.height,
    layer->out.width };

  if (!alexnet_onednn_attr_new (&attr, FALSE, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_desc_new (&dst, 4, dims, dnnl_compat_desc_type (src),
      dnnl_format_tag_any));
  ONEDNN_TRY (dnnl_compat_maxpool (&desc, build->context->engine, src, dst,
      &window, attr));
  return alexnet_onednn_program_add (build->program, desc,
      dnnl_primitive_desc_query_md (desc, dnnl_query_dst_md, 0), NULL, NULL,
      error);
}

/* RELU and LRN keep the format. */
static gboolean
add_same_shape (Build *build, const AlexnetLayer *layer, GError **error)
{
  OnednnContext *context = build->context;
  DnnlDesc data = alexnet_onednn_program_get_desc (build->program);
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (dnnl_primitive_attr_t) attr = NULL;

  if (!alexnet_onednn_attr_new (&attr, FALSE, error))
    return FALSE;
  if (layer->kind == ALEXNET_LAYER_RELU)
    ONEDNN_TRY (dnnl_compat_relu (&desc, context->engine, data, attr));
  else
    ONEDNN_TRY (dnnl_compat_lrn (&desc, context->engine, data, layer->size,
        layer->alpha, layer->beta, layer->k, attr));
  return alexnet_onednn_program_add (build->program, desc, data, NULL, NULL,
      error);
}

/* The next layer that computes something; `end` when there is none. */
static guint
next_layer (const Build *build, guint i)
{
  do
    i++;
  while (i < build->end &&
      alexnet_layer_is_identity (&build->context->network.layers[i]));
  return i;
}

/* Appends layer `*i`, with the RELU behind it where one is, and moves on. */
static gboolean
add_layer (Build *build, guint *i, GError **error)
{
  const AlexnetLayer *layers = build->context->network.layers;
  guint index = *i, next = next_layer (build, index);
  gboolean relu = next < build->end && layers[next].kind == ALEXNET_LAYER_RELU;
  dnnl_data_type_t type;

  *i = next;
  switch (layers[index].kind) {
    case ALEXNET_LAYER_CONV:
    case ALEXNET_LAYER_LINEAR:
      if (relu)
        *i = next_layer (build, next);
      type = *i == build->end ? build->last_type : build->context->type;
      if (layers[index].kind == ALEXNET_LAYER_CONV && build->context->int8)
        type = alexnet_onednn_int8_result (&build->context->network, index)
                   .type;
      if (layers[index].kind == ALEXNET_LAYER_CONV)
        return add_conv (build, index, relu, type, error);
      return alexnet_onednn_linear_wins (build->context, build->batch)
          ? alexnet_onednn_linear_add (build->program, index, relu, error)
          : add_linear (build, index, relu, type, error);
    case ALEXNET_LAYER_MAXPOOL:
      return add_maxpool (build, &layers[index], error);
    case ALEXNET_LAYER_RELU:
    case ALEXNET_LAYER_LRN:
      return add_same_shape (build, &layers[index], error);
    default:
      return TRUE;
  }
}

static gboolean
add_layers (Build *build, guint first, GError **error)
{
  const AlexnetLayer *layers = build->context->network.layers;
  guint i = first;

  while (i < build->end) {
    guint index = i;

    alexnet_onednn_program_begin_layer (build->program, i);
    if (add_layer (build, &i, error))
      continue;
    g_prefix_error (error, "layer %u (%s) for batches of %u: ", index + 1,
        layers[index].name ? layers[index].name : "without weights",
        build->batch);
    return FALSE;
  }
  return TRUE;
}

OnednnProgram *
alexnet_onednn_compile (OnednnContext *context, guint first, guint end,
    guint batch, DnnlDesc src, dnnl_data_type_t last_type, GError **error)
{
  OnednnProgram *program = alexnet_onednn_program_new (context, batch, src,
      error);
  Build build = { context, program, batch, end, last_type };

  if (program && add_layers (&build, first, error))
    return program;
  alexnet_onednn_program_free (program);
  return NULL;
}

/* The first of `tags` in which one image is `desc`. */
static gboolean
find_tag (const OnednnContext *context, const AlexnetShape *shape,
    DnnlDesc desc, const dnnl_format_tag_t *tags, dnnl_format_tag_t *tag,
    GError **error)
{
  for (guint i = 0; tags[i] != dnnl_format_tag_undef; i++) {
    g_auto (DnnlDesc) candidate = NULL;

    if (!alexnet_onednn_desc_new (context, 1, shape, tags[i], &candidate,
            error))
      return FALSE;
    if (dnnl_memory_desc_equal (candidate, desc)) {
      *tag = tags[i];
      break;
    }
  }
  return TRUE;
}

/* Whether something that would read floats may compute `layer`. */
static gboolean
may_read_floats (const AlexnetLayer *layer)
{
  for (guint i = 0; i < G_N_ELEMENTS (convolutions); i++)
    for (guint v = 0;
         convolutions[i]->floats && v < convolutions[i]->n_variants; v++)
      if (convolutions[i]->fits (layer, v))
        return TRUE;
  return FALSE;
}

dnnl_data_type_t
alexnet_onednn_input_type (const OnednnContext *context)
{
  const AlexnetLayer *layer = &context->network.layers[0];

  if (layer->kind != ALEXNET_LAYER_CONV)
    return context->type;
  if (context->int8)
    return alexnet_onednn_int8_quantization (layer).type;
  return may_read_floats (layer) ? dnnl_f32 : context->type;
}

gboolean
alexnet_onednn_find_input_tag (const OnednnContext *context,
    const dnnl_format_tag_t *tags, dnnl_format_tag_t *tag, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[0];
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (Descs) descs = { 0 };

  *tag = context->block > 1 ? dnnl_nhwc : dnnl_nchw;
  if (layer->kind != ALEXNET_LAYER_CONV)
    return TRUE;
  if (context->int8 || may_read_floats (layer)) {
    *tag = dnnl_nhwc;
    return TRUE;
  }
  return make_conv_descs (&descs, context, 1, layer, context->type, error) &&
      make_conv (context, layer, &descs, TRUE, &desc, error) &&
      find_tag (context, &layer->in,
          dnnl_primitive_desc_query_md (desc, dnnl_query_src_md, 0), tags, tag,
          error);
}
