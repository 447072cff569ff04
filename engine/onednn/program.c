/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "program.h"

#define MAX_ARGS 5

typedef struct {
  dnnl_primitive_t primitive;
  int n_args;
  dnnl_exec_arg_t args[MAX_ARGS];
} Step;

typedef struct {
  dnnl_memory_t memory;
  OnednnBuffer buffer;
} Memory;

struct _OnednnProgram {
  guint batch;
  GArray *steps, *memories;
  guint src, dst; /* in memories */
};

/* Compiling one layer after the other. */
typedef struct {
  OnednnContext *context;
  OnednnProgram *program;
  guint end;
  dnnl_data_type_t last_type;
} Build;

static dnnl_memory_t
get_memory (const OnednnProgram *program, guint i)
{
  return g_array_index (program->memories, Memory, i).memory;
}

static DnnlDesc
get_desc (const OnednnProgram *program, guint i)
{
  DnnlDesc desc = NULL;

  dnnl_memory_get_memory_desc (get_memory (program, i), &desc);
  return desc;
}

guint
alexnet_onednn_program_get_batch (const OnednnProgram *program)
{
  return program->batch;
}

static gboolean
add_memory (Build *build, DnnlDesc desc, OnednnBuffer buffer, GError **error)
{
  Memory memory = { NULL, buffer };

  ONEDNN_TRY (dnnl_memory_create (&memory.memory, desc, build->context->engine,
      DNNL_MEMORY_NONE));
  g_array_append_val (build->program->memories, memory);
  return TRUE;
}

/* Where the layer that reads program->dst may write. */
static OnednnBuffer
other_buffer (const OnednnProgram *program)
{
  OnednnBuffer used = g_array_index (program->memories, Memory, program->dst)
                          .buffer;

  return used == ONEDNN_BUFFER_A ? ONEDNN_BUFFER_B : ONEDNN_BUFFER_A;
}

static gboolean
add_scratchpad (Build *build, dnnl_primitive_desc_t desc, Step *step,
    GError **error)
{
  DnnlDesc pad = dnnl_primitive_desc_query_md (desc, dnnl_query_scratchpad_md,
      0);

  if (!pad || dnnl_memory_desc_get_size (pad) == 0)
    return TRUE;
  if (!add_memory (build, pad, ONEDNN_BUFFER_SCRATCHPAD, error))
    return FALSE;
  step->args[step->n_args++] = (dnnl_exec_arg_t){ DNNL_ARG_SCRATCHPAD,
    get_memory (build->program, build->program->memories->len - 1) };
  return TRUE;
}

/* Appends a primitive that reads what the last one wrote. */
static gboolean
add_step (Build *build, dnnl_primitive_desc_t desc, DnnlDesc dst,
    dnnl_memory_t weights, dnnl_memory_t bias, GError **error)
{
  OnednnProgram *program = build->program;
  Step step = { NULL, 0, { { 0 } } };
  dnnl_memory_t src = get_memory (program, program->dst);

  if (!add_memory (build, dst, other_buffer (program), error))
    return FALSE;
  program->dst = program->memories->len - 1;
  step.args[step.n_args++] = (dnnl_exec_arg_t){ DNNL_ARG_SRC, src };
  step.args[step.n_args++] = (dnnl_exec_arg_t){ DNNL_ARG_DST,
    get_memory (program, program->dst) };
  if (weights) {
    step.args[step.n_args++] = (dnnl_exec_arg_t){ DNNL_ARG_WEIGHTS, weights };
    step.args[step.n_args++] = (dnnl_exec_arg_t){ DNNL_ARG_BIAS, bias };
  }
  if (!add_scratchpad (build, desc, &step, error))
    return FALSE;
  ONEDNN_TRY (dnnl_primitive_create (&step.primitive, desc));
  g_array_append_val (program->steps, step);
  return TRUE;
}

/* Scratchpads are ours: the library's own belong to the thread that makes the
 * primitive, which is not the one that runs it. */
static gboolean
make_attr (dnnl_primitive_attr_t *attr, gboolean relu, GError **error)
{
  dnnl_post_ops_t ops;
  dnnl_status_t status;

  ONEDNN_TRY (dnnl_primitive_attr_create (attr));
  ONEDNN_TRY (dnnl_primitive_attr_set_scratchpad_mode (*attr,
      dnnl_scratchpad_mode_user));
  if (!relu)
    return TRUE;
  ONEDNN_TRY (dnnl_post_ops_create (&ops));
  status = dnnl_compat_append_relu (ops);
  if (status == dnnl_success)
    status = dnnl_primitive_attr_set_post_ops (*attr, ops);
  dnnl_post_ops_destroy (ops);
  ONEDNN_TRY (status);
  return TRUE;
}

/* Brings what the last step wrote into the format of `wanted`. */
static gboolean
add_reorder (Build *build, DnnlDesc wanted, GError **error)
{
  DnnlDesc have = get_desc (build->program, build->program->dst);
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  g_auto (dnnl_primitive_desc_t) desc = NULL;

  if (!make_attr (&attr, FALSE, error))
    return FALSE;
  ONEDNN_TRY (dnnl_reorder_primitive_desc_create (&desc, have,
      build->context->engine, wanted, build->context->engine, attr));
  return add_step (build, desc, wanted, NULL, NULL, error);
}

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

  if (!dnnl_memory_desc_equal (src,
          get_desc (build->program, build->program->dst)) &&
      !add_reorder (build, src, error))
    return FALSE;
  return alexnet_onednn_weights_get (build->context, i, FALSE,
             descs->plain_weights, wanted, &weights, error) &&
      alexnet_onednn_weights_get (build->context, i, TRUE, descs->bias,
          descs->bias, &bias, error) &&
      add_step (build, desc, dst, weights, bias, error);
}

static gboolean
make_conv (const OnednnContext *context, const AlexnetLayer *layer,
    const Descs *descs, gboolean relu, dnnl_primitive_desc_t *desc,
    GError **error)
{
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  DnnlWindow window = layer_window (layer);

  if (!make_attr (&attr, relu, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_conv (desc, context->engine, descs->src,
      descs->weights, descs->bias, descs->dst, &window, attr));
  return TRUE;
}

static gboolean
add_conv (Build *build, guint i, gboolean relu, dnnl_data_type_t dst_type,
    GError **error)
{
  const AlexnetLayer *layer = &build->context->network.layers[i];
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (Descs) descs = { 0 };

  return make_conv_descs (&descs, build->context, build->program->batch, layer,
             dst_type, error) &&
      make_conv (build->context, layer, &descs, relu, &desc, error) &&
      add_weighted_step (build, i, desc, &descs, error);
}

static gboolean
make_linear_descs (Descs *descs, const Build *build, const AlexnetLayer *layer,
    dnnl_data_type_t dst_type, GError **error)
{
  dnnl_dim_t n_inputs = alexnet_shape_size (&layer->in);
  dnnl_data_type_t type = build->context->type;
  dnnl_dims_t src = { build->program->batch, n_inputs };
  dnnl_dims_t weights = { layer->channels, n_inputs };
  dnnl_dims_t dst = { build->program->batch, layer->channels };

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
      !make_attr (&attr, relu, error))
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

  if (!make_attr (&attr, FALSE, error) ||
      !alexnet_onednn_desc_new (build->context, build->program->batch,
          &layer->out, dnnl_format_tag_any, &dst, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_maxpool (&desc, build->context->engine,
      get_desc (build->program, build->program->dst), dst, &window, attr));
  return add_step (build, desc,
      dnnl_primitive_desc_query_md (desc, dnnl_query_dst_md, 0), NULL, NULL,
      error);
}

/* RELU and LRN keep the format. */
static gboolean
add_same_shape (Build *build, const AlexnetLayer *layer, GError **error)
{
  OnednnContext *context = build->context;
  DnnlDesc data = get_desc (build->program, build->program->dst);
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (dnnl_primitive_attr_t) attr = NULL;

  if (!make_attr (&attr, FALSE, error))
    return FALSE;
  if (layer->kind == ALEXNET_LAYER_RELU)
    ONEDNN_TRY (dnnl_compat_relu (&desc, context->engine, data, attr));
  else
    ONEDNN_TRY (dnnl_compat_lrn (&desc, context->engine, data, layer->size,
        layer->alpha, layer->beta, layer->k, attr));
  return add_step (build, desc, data, NULL, NULL, error);
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
      return layers[index].kind == ALEXNET_LAYER_CONV
          ? add_conv (build, index, relu, type, error)
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

    if (add_layer (build, &i, error))
      continue;
    g_prefix_error (error, "layer %u (%s) for batches of %u: ", index + 1,
        layers[index].name ? layers[index].name : "without weights",
        build->program->batch);
    return FALSE;
  }
  return TRUE;
}

OnednnProgram *
alexnet_onednn_program_new (OnednnContext *context, guint first, guint end,
    guint batch, DnnlDesc src, dnnl_data_type_t last_type, GError **error)
{
  OnednnProgram *self = g_new0 (OnednnProgram, 1);
  Build build = { context, self, end, last_type };

  self->batch = batch;
  self->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  self->memories = g_array_new (FALSE, FALSE, sizeof (Memory));
  if (add_memory (&build, src, ONEDNN_BUFFER_NONE, error) &&
      add_layers (&build, first, error))
    return self;
  alexnet_onednn_program_free (self);
  return NULL;
}

void
alexnet_onednn_program_free (OnednnProgram *program)
{
  if (!program)
    return;
  for (guint i = 0; i < program->steps->len; i++)
    dnnl_primitive_destroy (g_array_index (program->steps, Step, i).primitive);
  for (guint i = 0; i < program->memories->len; i++)
    dnnl_memory_destroy (get_memory (program, i));
  g_array_unref (program->steps);
  g_array_unref (program->memories);
  g_free (program);
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
  return make_conv_descs (&descs, context, 1, layer, context->type, error) &&
      make_conv (context, layer, &descs, TRUE, &desc, error) &&
      find_tag (context, &layer->in,
          dnnl_primitive_desc_query_md (desc, dnnl_query_src_md, 0), tags, tag,
          error);
}

gboolean
alexnet_onednn_program_finish (OnednnProgram *program, OnednnContext *context,
    DnnlDesc dst, GError **error)
{
  Build build = { context, program, 0, context->type };

  if ((program->steps->len == 0 ||
          !dnnl_memory_desc_equal (get_desc (program, program->dst), dst)) &&
      !add_reorder (&build, dst, error))
    return FALSE;
  g_array_index (program->memories, Memory, program->dst)
      .buffer = ONEDNN_BUFFER_NONE;
  for (guint i = 0; i < program->memories->len; i++) {
    OnednnBuffer buffer = g_array_index (program->memories, Memory, i).buffer;

    if (buffer != ONEDNN_BUFFER_NONE)
      context->sizes[buffer] = MAX (context->sizes[buffer],
          dnnl_memory_desc_get_size (get_desc (program, i)));
  }
  return TRUE;
}

gboolean
alexnet_onednn_program_attach (OnednnProgram *program,
    const OnednnContext *context, GError **error)
{
  for (guint i = 0; i < program->memories->len; i++) {
    Memory *memory = &g_array_index (program->memories, Memory, i);

    if (memory->buffer != ONEDNN_BUFFER_NONE)
      ONEDNN_TRY (dnnl_memory_set_data_handle (memory->memory,
          context->buffers[memory->buffer]));
  }
  return TRUE;
}

gboolean
alexnet_onednn_program_run (const OnednnProgram *program,
    const OnednnContext *context, void *src, void *dst, GError **error)
{
  ONEDNN_TRY (dnnl_memory_set_data_handle (get_memory (program, program->src),
      src));
  ONEDNN_TRY (dnnl_memory_set_data_handle (get_memory (program, program->dst),
      dst));
  for (guint i = 0; i < program->steps->len; i++) {
    const Step *step = &g_array_index (program->steps, Step, i);

    ONEDNN_TRY (dnnl_primitive_execute (step->primitive, context->stream,
        step->n_args, step->args));
  }
  ONEDNN_TRY (dnnl_stream_wait (context->stream));
  return TRUE;
}
