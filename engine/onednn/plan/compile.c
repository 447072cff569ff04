/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile.h"

#include "onednn/int8-winograd/int8-winograd.h"
#include "onednn/int8/int8.h"
#include "onednn/linear/linear.h"
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
add_weighted_step (Build *build, guint i, dnnl_primitive_desc_t desc,
    const Descs *descs, GError **error)
{
  DnnlDesc src = dnnl_primitive_desc_query_md (desc, dnnl_query_src_md, 0);
  DnnlDesc wanted = dnnl_primitive_desc_query_md (desc, dnnl_query_weights_md,
      0);
  DnnlDesc dst = dnnl_primitive_desc_query_md (desc, dnnl_query_dst_md, 0);
  dnnl_memory_t weights, bias;

  return alexnet_onednn_program_add_reorder (build->program, src, error) &&
      alexnet_onednn_weights_get (build->context, i, ONEDNN_WEIGHTS,
          descs->plain_weights, wanted, &weights, error) &&
      alexnet_onednn_weights_get (build->context, i, ONEDNN_BIAS, descs->bias,
          descs->bias, &bias, error) &&
      alexnet_onednn_program_add (build->program, desc, dst, weights, bias,
          error);
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

/* Ways to compute a convolution: the library's, or with a tile, in float or
 * in whole numbers. */
#define DIRECT 0
#define WINOGRAD(tile) (1 + (tile))
#define INT8_WINOGRAD(form) (WINOGRAD (WINOGRAD_N_TILES) + (form))

typedef struct {
  const Build *build;
  guint layer;
  gboolean relu;
  dnnl_data_type_t dst_type;
  guint candidates[ONEDNN_MAX_CANDIDATES];
} Conv;

static gboolean
add_direct (Build *build, const Conv *conv, GError **error)
{
  const AlexnetLayer *layer = &build->context->network.layers[conv->layer];
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (Descs) descs = { 0 };

  return make_conv_descs (&descs, build->context, build->batch, layer,
             conv->dst_type, error) &&
      make_conv (build->context, layer, &descs, conv->relu, &desc, error) &&
      add_weighted_step (build, conv->layer, desc, &descs, error);
}

/* `program` is the build's or a trial. */
static gboolean
add_candidate (OnednnProgram *program, guint i, gconstpointer user,
    GError **error)
{
  const Conv *conv = user;
  guint candidate = conv->candidates[i];
  Build build = *conv->build;

  build.context = alexnet_onednn_program_get_context (program);
  build.program = program;
  if (candidate == DIRECT)
    return build.context->int8
        ? alexnet_onednn_int8_add_conv (program, conv->layer, conv->relu, error)
        : add_direct (&build, conv, error);
  if (candidate >= INT8_WINOGRAD (0))
    return alexnet_int8_winograd_add (program, conv->layer,
        (Int8WinogradForm) (candidate - INT8_WINOGRAD (0)), conv->relu, error);
  return alexnet_winograd_add (program, conv->layer,
      (WinogradTile) (candidate - WINOGRAD (0)), conv->relu, error);
}

static const char *
name_candidate (guint candidate)
{
  if (candidate == DIRECT)
    return "direct";
  if (candidate >= INT8_WINOGRAD (0))
    return alexnet_int8_winograd_name ((Int8WinogradForm) (candidate -
        INT8_WINOGRAD (0)));
  return alexnet_winograd_forms[candidate - WINOGRAD (0)].name;
}

/* In the order of `costs`, which go along. */
static void
insert_candidate (Conv *conv, OnednnQuestion *question, double *costs,
    guint candidate, double cost)
{
  guint i = question->n++;

  for (; i > 0 && costs[i - 1] > cost; i--) {
    conv->candidates[i] = conv->candidates[i - 1];
    question->names[i] = question->names[i - 1];
    costs[i] = costs[i - 1];
  }
  conv->candidates[i] = candidate;
  question->names[i] = name_candidate (candidate);
  costs[i] = cost;
}

/* With the one of less arithmetic first. */
static void
list_int8_candidates (Conv *conv, const AlexnetLayer *layer,
    OnednnQuestion *question)
{
  double costs[ONEDNN_MAX_CANDIDATES];

  for (Int8WinogradForm form = 0; form < INT8_WINOGRAD_N_FORMS; form++)
    if (alexnet_int8_winograd_fits (layer, form))
      insert_candidate (conv, question, costs, INT8_WINOGRAD (form), 0);
  insert_candidate (conv, question, costs, DIRECT, 1);
}

static void
list_candidates (Conv *conv, const AlexnetLayer *layer,
    OnednnQuestion *question)
{
  guint batch = conv->build->batch;
  double costs[ONEDNN_MAX_CANDIDATES];
  double cost = alexnet_direct_guess (layer, batch);

  if (conv->build->context->type == dnnl_bf16)
    cost /= 2;
  insert_candidate (conv, question, costs, DIRECT, cost);
  for (WinogradTile tile = 0; tile < WINOGRAD_N_TILES; tile++)
    if (alexnet_winograd_fits (layer, tile))
      insert_candidate (conv, question, costs, WINOGRAD (tile),
          alexnet_winograd_guess (layer, tile, batch));
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
      dnnl_dt2str (conv->dst_type), conv->relu ? " with ReLU" : "",
      conv->build->batch);
}

static gboolean
add_conv (Build *build, guint i, gboolean relu, dnnl_data_type_t dst_type,
    GError **error)
{
  const AlexnetLayer *layer = &build->context->network.layers[i];
  Conv conv = { build, i, relu, dst_type, { 0 } };
  g_autofree char *key = make_key (&conv, layer);
  OnednnQuestion question = {
    .layer = layer->name, .key = key, .add = add_candidate, .user = &conv
  };
  guint best = 0;

  if (build->context->int8)
    list_int8_candidates (&conv, layer, &question);
  else
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
  return add_weighted_step (build, i, desc, &descs, error);
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

static gboolean
fits_any_tile (const AlexnetLayer *layer)
{
  for (WinogradTile tile = 0; tile < WINOGRAD_N_TILES; tile++)
    if (alexnet_winograd_fits (layer, tile))
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
  return fits_any_tile (layer) ? dnnl_f32 : context->type;
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
  if (context->int8 || fits_any_tile (layer)) {
    *tag = dnnl_nhwc;
    return TRUE;
  }
  return make_conv_descs (&descs, context, 1, layer, context->type, error) &&
      make_conv (context, layer, &descs, TRUE, &desc, error) &&
      find_tag (context, &layer->in,
          dnnl_primitive_desc_query_md (desc, dnnl_query_src_md, 0), tags, tag,
          error);
}
