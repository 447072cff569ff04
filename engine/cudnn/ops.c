/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ops.h"

#define MAX_BLOCKED_CHANNELS 4

static AlexnetOp *
add_op (AlexnetProgram *program, AlexnetOpKind kind, const AlexnetLayer *layer,
    const AlexnetShape *in, const AlexnetShape *out)
{
  AlexnetOp *op = &program->ops[program->n_ops++];

  *op = (AlexnetOp){
    .kind = kind,
    .layer = layer,
    .in = *in,
    .out = *out,
    .in_parts = 1,
    .out_parts = 1,
  };
  if (layer) {
    op->kernel = layer->kernel;
    op->stride = layer->stride;
    op->padding = layer->padding;
    op->end_padding = layer->end_padding;
  }
  return op;
}

gboolean
alexnet_op_has_weights (const AlexnetOp *op)
{
  return op->kind == ALEXNET_OP_CONV || op->kind == ALEXNET_OP_LINEAR ||
      (op->kind == ALEXNET_OP_COPY && op->layer);
}

static gboolean
takes_relu (const AlexnetProgram *program)
{
  const AlexnetOp *last;

  if (program->n_ops == 0)
    return FALSE;
  last = &program->ops[program->n_ops - 1];
  return !last->relu && alexnet_op_has_weights (last);
}

static void
add_relu (AlexnetProgram *program, const AlexnetLayer *layer)
{
  if (takes_relu (program))
    program->ops[program->n_ops - 1].relu = TRUE;
  else
    add_op (program, ALEXNET_OP_COPY, NULL, &layer->in, &layer->out)
        ->relu = TRUE;
}

static gboolean
add_layer (AlexnetProgram *program, const AlexnetLayer *layer, gboolean last,
    GError **error)
{
  static const AlexnetOpKind kinds[] = {
    [ALEXNET_LAYER_CONV] = ALEXNET_OP_CONV,
    [ALEXNET_LAYER_LRN] = ALEXNET_OP_LRN,
    [ALEXNET_LAYER_MAXPOOL] = ALEXNET_OP_MAXPOOL,
    [ALEXNET_LAYER_LINEAR] = ALEXNET_OP_LINEAR,
    [ALEXNET_LAYER_SOFTMAX] = ALEXNET_OP_SOFTMAX,
  };

  if (alexnet_layer_is_identity (layer))
    return TRUE;
  if (layer->kind == ALEXNET_LAYER_RELU) {
    add_relu (program, layer);
    return TRUE;
  }
  if (layer->kind == ALEXNET_LAYER_SOFTMAX && !last) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "backend 'cudnn' takes a softmax only as the last layer");
    return FALSE;
  }
  add_op (program,
      alexnet_layer_is_affine (layer) ? ALEXNET_OP_COPY : kinds[layer->kind],
      layer, &layer->in, &layer->out);
  return TRUE;
}

static void
block_first_conv (AlexnetProgram *program)
{
  AlexnetSlotLayout *slot = &program->slot;
  AlexnetOp *op = &program->ops[0];
  guint block = op->stride;

  if (op->kind != ALEXNET_OP_CONV || op->layer->groups > 1 || block < 2 ||
      op->kernel < block || op->in.channels > MAX_BLOCKED_CHANNELS)
    return;

  slot->block = block;
  slot->pad = op->padding;
  op->kernel = (op->kernel + block - 1) / block;
  op->stride = 1;
  op->padding = op->end_padding = 0;
  slot->shape.channels = block * block * op->in.channels;
  slot->shape.height = op->out.height - 1 + op->kernel;
  slot->shape.width = op->out.width - 1 + op->kernel;
  op->in = slot->shape;
}

/* Parts in which an operation must find its input; 0 = any. */
static guint
wanted_parts (const AlexnetOp *op)
{
  switch (op->kind) {
    case ALEXNET_OP_CONV:
      return op->layer->groups;
    case ALEXNET_OP_LINEAR:
      return 1;
    default:
      return 0;
  }
}

static guint
offered_parts (const AlexnetOp *op, const AlexnetOp *next)
{
  if (op->kind == ALEXNET_OP_LINEAR)
    return 1;
  if (op->kind == ALEXNET_OP_CONV && op->layer->groups > 1)
    return op->layer->groups;
  return MAX (wanted_parts (next), 1);
}

/* Says in which parts each tensor lies, and adds copies where two operations
 * do not agree. */
static void
assign_parts (AlexnetProgram *to, const AlexnetProgram *from)
{
  guint parts = 1;

  for (guint i = 0; i < from->n_ops; i++) {
    const AlexnetOp *op = &from->ops[i];
    guint wanted = wanted_parts (op);
    AlexnetOp *copy;

    if (wanted && wanted != parts) {
      copy = add_op (to, ALEXNET_OP_COPY, NULL, &op->in, &op->in);
      copy->in_parts = parts;
      copy->out_parts = parts = wanted;
    }
    to->ops[to->n_ops] = *op;
    to->ops[to->n_ops].in_parts = parts;
    parts = i + 1 < from->n_ops ? offered_parts (op, op + 1) : 1;
    to->ops[to->n_ops++].out_parts = parts;
  }
}

gboolean
alexnet_op_can_join (const AlexnetOp *op, const AlexnetOp *next)
{
  if (op->kind == ALEXNET_OP_LRN)
    return next->kind == ALEXNET_OP_MAXPOOL;
  return op->kind == ALEXNET_OP_MAXPOOL &&
      (next->kind == ALEXNET_OP_LRN || next->kind == ALEXNET_OP_LINEAR);
}

/* The first buffer that is free to be written. */
static void
assign_buffers (AlexnetProgram *program)
{
  AlexnetOp *ops = program->ops;

  for (guint i = 1; i < program->n_ops; i++) {
    gboolean join = i > 1 && alexnet_op_can_join (&ops[i - 1], &ops[i]);

    while (ops[i].buffer == ops[i - 1].buffer ||
        (join && ops[i].buffer == ops[i - 2].buffer))
      ops[i].buffer++;
  }
}

gboolean
alexnet_program_build (AlexnetProgram *program, const AlexnetNetwork *network,
    GError **error)
{
  AlexnetProgram plain = { .slot.image = network->input, .slot.block = 1 };
  const AlexnetShape *shape = &network->input;

  plain.slot.shape = network->input;
  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (!add_layer (&plain, layer, i + 1 == network->n_layers, error))
      return FALSE;
    shape = &layer->out;
  }
  if (plain.n_ops == 0 || plain.ops[plain.n_ops - 1].kind != ALEXNET_OP_SOFTMAX)
    add_op (&plain, ALEXNET_OP_OUTPUT, NULL, shape, shape);
  block_first_conv (&plain);

  *program = (AlexnetProgram){ .slot = plain.slot };
  assign_parts (program, &plain);
  assign_buffers (program);
  return TRUE;
}

gboolean
alexnet_program_check_batch (const AlexnetProgram *program, guint max_batch,
    GError **error)
{
  for (guint i = 0; i < program->n_ops; i++) {
    const AlexnetOp *op = &program->ops[i];
    g_autofree char *name = NULL;

    if (alexnet_shape_size (&op->out) <= G_MAXUINT / max_batch)
      continue;
    name = alexnet_op_get_name (program, i);
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "%s makes [%u, %u, %u] of an image; backend 'cudnn' takes such layers "
        "in batches of at most %u images, not %u",
        name, op->out.channels, op->out.height, op->out.width,
        (guint) (G_MAXUINT / alexnet_shape_size (&op->out)), max_batch);
    return FALSE;
  }
  return TRUE;
}

guint
alexnet_op_n_convs (const AlexnetOp *op)
{
  return MAX (op->in_parts, op->out_parts);
}

AlexnetConv
alexnet_op_get_conv (const AlexnetProgram *program, guint i, guint batch,
    AlexnetPrecision precision)
{
  const AlexnetOp *op = &program->ops[i];

  return (AlexnetConv){
    .n = batch,
    .c = op->in.channels / op->in_parts,
    .h = op->in.height,
    .w = op->in.width,
    .k = op->out.channels / alexnet_op_n_convs (op),
    .kernel = op->kernel,
    .stride = op->stride,
    .padding = op->padding,
    .end_padding = op->end_padding,
    .relu = op->relu != FALSE,
    .alignment = alexnet_op_get_alignment (program, i, precision),
    .precision = precision,
  };
}

char *
alexnet_op_get_name (const AlexnetProgram *program, guint i)
{
  static const char *const names[] = {
    [ALEXNET_OP_CONV] = "conv",
    [ALEXNET_OP_LINEAR] = "linear",
    [ALEXNET_OP_COPY] = "copy",
    [ALEXNET_OP_LRN] = "lrn",
    [ALEXNET_OP_MAXPOOL] = "pool",
    [ALEXNET_OP_SOFTMAX] = "softmax",
    [ALEXNET_OP_OUTPUT] = "output",
  };
  AlexnetOpKind kind = program->ops[i].kind;
  guint n = 0;

  for (guint j = 0; j <= i; j++)
    n += program->ops[j].kind == kind;
  return g_strdup_printf ("%s%u", names[kind], n);
}

guint
alexnet_precision_size (AlexnetPrecision precision)
{
  return precision == ALEXNET_PRECISION_FP16 ||
          precision == ALEXNET_PRECISION_BF16
      ? 2
      : 4;
}

guint
alexnet_op_get_alignment (const AlexnetProgram *program, guint i,
    AlexnetPrecision precision)
{
  gsize slot = alexnet_shape_size (&program->slot.shape) *
      alexnet_precision_size (precision);

  return i == 0 ? MIN (slot & -slot, 16) : 16;
}

guint
alexnet_get_batches (guint max, guint sizes[ALEXNET_MAX_BATCHES])
{
  guint n = 0;

  for (guint size = 1; size < max; size *= 2)
    sizes[n++] = size;
  sizes[n++] = max;
  return n;
}

char *
alexnet_conv_describe (const AlexnetConv *c)
{
  return g_strdup_printf ("conv %ux%ux%ux%u by %ux%ux%ux%u stride %u padding "
                          "%u and %u bias%s %s aligned %u",
      c->n, c->c, c->h, c->w, c->k, c->c, c->kernel, c->kernel, c->stride,
      c->padding, c->end_padding, c->relu ? " relu" : "",
      alexnet_precision_name (c->precision), c->alignment);
}
