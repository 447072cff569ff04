/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "buffers.h"

static gsize
part_bytes (const AlexnetBuffers *b, const AlexnetShape *shape, guint parts)
{
  gsize size = alexnet_shape_size (shape) / parts * b->max_batch *
      alexnet_precision_size (b->precision);

  return alexnet_device_align (size);
}

AlexnetArray
alexnet_buffers_get_input (const AlexnetBuffers *b, guint i, guint first,
    guint n)
{
  const AlexnetOp *op = &b->program->ops[i];
  gsize stride = part_bytes (b, &op->in, op->in_parts);

  return (AlexnetArray){
    .data = i == 0 ? b->slots + first * b->slot_size
                   : b->activations[b->program->ops[i - 1].buffer],
    .part_stride = stride / alexnet_precision_size (b->precision),
    .n = n,
    .height = op->in.height,
    .width = op->in.width,
    .channels = op->in.channels,
    .parts = op->in_parts,
  };
}

AlexnetArray
alexnet_buffers_get_output (const AlexnetBuffers *b, guint i, guint n)
{
  const AlexnetOp *op = &b->program->ops[i];
  gsize stride = part_bytes (b, &op->out, op->out_parts);

  return (AlexnetArray){
    .data = b->activations[op->buffer],
    .part_stride = stride / alexnet_precision_size (b->precision),
    .n = n,
    .height = op->out.height,
    .width = op->out.width,
    .channels = op->out.channels,
    .parts = op->out_parts,
  };
}

static gboolean
allocate_slots (AlexnetBuffers *b, GError **error)
{
  gsize size;

  b->slot_size = alexnet_shape_size (&b->program->slot.shape) *
      alexnet_precision_size (b->precision);
  size = b->slot_size * (b->n_slots + b->n_spare_slots);
  b->slots = alexnet_device_alloc (b->device, size, error);
  return b->slots &&
      CUDA (cudaMemsetAsync (b->slots, 0, size, b->device->stream));
}

static gboolean
allocate_activations (AlexnetBuffers *b, GError **error)
{
  gsize sizes[ALEXNET_N_BUFFERS] = { 0 };

  for (guint i = 0; i + 1 < b->program->n_ops; i++) {
    const AlexnetOp *op = &b->program->ops[i];
    gsize size = op->out_parts * part_bytes (b, &op->out, op->out_parts);

    sizes[op->buffer] = MAX (sizes[op->buffer], size);
  }
  for (guint i = 0; i < ALEXNET_N_BUFFERS; i++)
    if (!(b->activations[i] = alexnet_device_alloc (b->device, sizes[i],
              error)))
      return FALSE;
  return TRUE;
}

static gboolean
allocate_results (AlexnetBuffers *b, GError **error)
{
  const AlexnetOp *last = &b->program->ops[b->program->n_ops - 1];
  gsize n_pixels = (gsize) last->out.height * last->out.width;
  gsize best_size = b->max_batch * n_pixels * ALEXNET_BEST_SIZE, size;

  b->n_results = alexnet_shape_size (&last->out);
  size = b->max_batch * b->n_results * sizeof (float);
  if (!(b->results = alexnet_device_alloc (b->device, size, error)) ||
      !(b->host_results = alexnet_device_alloc_pinned (b->device, size, error)))
    return FALSE;
  return last->kind != ALEXNET_OP_SOFTMAX ||
      ((b->best = alexnet_device_alloc (b->device, best_size, error)) &&
          (b->host_best = alexnet_device_alloc_pinned (b->device, best_size,
               error)));
}

static gboolean
allocate_embeddings (AlexnetBuffers *b, GError **error)
{
  const AlexnetOp *ops = b->program->ops;
  gsize size;

  if (!b->embedding)
    return TRUE;
  for (guint i = 0; i < b->program->n_ops; i++)
    if (ops[i].kind == ALEXNET_OP_LINEAR)
      b->embedding_op = i;
  b->n_embedding = alexnet_shape_size (&ops[b->embedding_op].in);
  size = b->max_batch * b->n_embedding * sizeof (float);
  return (b->embeddings = alexnet_device_alloc (b->device, size, error)) &&
      (b->host_embeddings = alexnet_device_alloc_pinned (b->device, size,
           error));
}

gboolean
alexnet_buffers_allocate (AlexnetBuffers *b, GError **error)
{
  return allocate_slots (b, error) && allocate_activations (b, error) &&
      (b->workspace = alexnet_device_alloc (b->device, ALEXNET_WORKSPACE_SIZE,
           error)) &&
      allocate_results (b, error) && allocate_embeddings (b, error);
}
