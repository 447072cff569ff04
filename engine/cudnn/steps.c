/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "steps.h"

static gsize
array_size (const AlexnetArray *a)
{
  return (gsize) a->n * a->height * a->width * a->channels;
}

static AlexnetConvPack *
pack_new (const AlexnetSteps *steps, guint i, guint first, guint part,
    GError **error)
{
  const AlexnetBuffers *b = steps->buffers;
  const AlexnetOp *op = &b->program->ops[i];
  const AlexnetWeights *w = &steps->weights[i];
  guint size = alexnet_precision_size (b->precision);
  AlexnetArray in = alexnet_buffers_get_input (b, i, first, 1);
  AlexnetArray out = alexnet_buffers_get_output (b, i, 1);
  guint in_part = op->in_parts == 1 ? 0 : part;
  guint8 *x = (guint8 *) in.data + in_part * in.part_stride * size;
  guint8 *y = (guint8 *) out.data + part * out.part_stride * size;

  return alexnet_conv_pack_new (x, w->weight + part * w->weight_stride,
      w->bias + part * w->bias_stride, y, b->workspace, error);
}

static gboolean
make_packs (AlexnetSteps *steps, guint i, GError **error)
{
  guint n_slots = i == 0 ? steps->buffers->n_slots : 1;
  guint n_parts = alexnet_op_n_convs (&steps->buffers->program->ops[i]);

  steps->packs[i] = g_ptr_array_new_with_free_func ((GDestroyNotify)
          alexnet_conv_pack_free);
  for (guint j = 0; j < n_slots * n_parts; j++) {
    AlexnetConvPack *pack = pack_new (steps, i, j / n_parts, j % n_parts,
        error);

    if (!pack)
      return FALSE;
    g_ptr_array_add (steps->packs[i], pack);
  }
  return TRUE;
}

static AlexnetStorage
find_storage (const AlexnetBuffers *b, guint i)
{
  if (b->program->ops[i].kind != ALEXNET_OP_LINEAR)
    return ALEXNET_STORAGE_VALUES;
  return alexnet_linear_shape (b->program, i, 1, b->max_batch, b->precision,
      b->int8)
      .storage;
}

/* Places the weights of operation `i` behind all that were placed. */
static void
place_weights (AlexnetSteps *steps, guint i, gsize offsets[ALEXNET_MAX_OPS])
{
  const AlexnetProgram *program = steps->buffers->program;

  offsets[i] = steps->weights_size;
  steps->weights_size += alexnet_weights_measure (&steps->weights[i],
      &program->ops[i], &program->slot, steps->buffers->precision,
      find_storage (steps->buffers, i));
}

static gboolean
allocate_weights (AlexnetSteps *steps, GError **error)
{
  const AlexnetOp *ops = steps->buffers->program->ops;
  guint n = steps->buffers->program->n_ops;
  gsize offsets[ALEXNET_MAX_OPS];

  for (guint i = 0; i < n; i++)
    if (alexnet_op_has_weights (&ops[i]) && ops[i].kind != ALEXNET_OP_LINEAR)
      place_weights (steps, i, offsets);
  for (guint i = n; i-- > 0;)
    if (ops[i].kind == ALEXNET_OP_LINEAR)
      place_weights (steps, i, offsets);
  steps->all_weights = alexnet_device_alloc (steps->buffers->device,
      steps->weights_size, error);
  if (!steps->all_weights)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (alexnet_op_has_weights (&ops[i]))
      alexnet_weights_set_memory (&steps->weights[i],
          steps->all_weights + offsets[i]);
  return TRUE;
}

gboolean
alexnet_steps_open (AlexnetSteps *steps, const AlexnetBuffers *b,
    const AlexnetKernels *kernels, GError **error)
{
  steps->buffers = b;
  steps->kernels = kernels;
  if (!allocate_weights (steps, error))
    return FALSE;
  for (guint i = 0; i < b->program->n_ops; i++) {
    const AlexnetOp *op = &b->program->ops[i];

    if (!alexnet_op_has_weights (op))
      continue;
    if (!alexnet_weights_upload (&steps->weights[i], b->device, op,
            &b->program->slot, b->precision, error))
      return FALSE;
    if (op->kind == ALEXNET_OP_CONV && !make_packs (steps, i, error))
      return FALSE;
  }
  return TRUE;
}

void
alexnet_steps_close (AlexnetSteps *steps)
{
  for (guint i = 0; i < G_N_ELEMENTS (steps->packs); i++)
    g_clear_pointer (&steps->packs[i], g_ptr_array_unref);
}

void
alexnet_way_clear (AlexnetWay *way, GError **error)
{
  alexnet_conv_plan_free (way->conv);
  alexnet_linear_free (way->linear, error);
}

static gboolean
run_conv (const AlexnetSteps *steps, const AlexnetConvPlan *plan, guint i,
    guint first, GError **error)
{
  guint n = alexnet_op_n_convs (&steps->buffers->program->ops[i]);
  guint base = i == 0 ? first * n : 0;

  for (guint part = 0; part < n; part++)
    if (!alexnet_conv_run (&steps->buffers->device->cudnn, plan,
            g_ptr_array_index (steps->packs[i], base + part), error))
      return FALSE;
  return TRUE;
}

/* Channels that one thread can take at once. */
static guint
get_vector (const AlexnetSteps *steps, const AlexnetArray *in,
    const AlexnetArray *out)
{
  guint size = alexnet_precision_size (steps->buffers->precision);
  guint vector = ALEXNET_VECTOR_BYTES / size;

  return (guintptr) in->data % ALEXNET_VECTOR_BYTES == 0 &&
          in->channels / in->parts % vector == 0 &&
          out->channels / out->parts % vector == 0
      ? vector
      : 1;
}

static gboolean
run_kernel (const AlexnetSteps *steps, AlexnetKernel kernel, gsize n_threads,
    const void *args, GError **error)
{
  return alexnet_kernel_run (steps->kernels, kernel, n_threads, args,
      steps->buffers->device->stream, error);
}

static AlexnetPoolArgs
get_pool (const AlexnetSteps *steps, guint i, guint first, guint n)
{
  const AlexnetOp *op = &steps->buffers->program->ops[i];
  AlexnetArray in = alexnet_buffers_get_input (steps->buffers, i, first, n);
  AlexnetArray out = alexnet_buffers_get_output (steps->buffers, i, n);

  return (AlexnetPoolArgs){ in, out, get_vector (steps, &in, &out), op->kernel,
    op->stride, op->padding };
}

static gboolean
run_maxpool (const AlexnetSteps *steps, const AlexnetPoolArgs *args,
    GError **error)
{
  return run_kernel (steps, ALEXNET_KERNEL_MAXPOOL,
      array_size (&args->out) / args->vector, args, error);
}

static gboolean
run_linear (const AlexnetSteps *steps, const AlexnetSchedule *schedule, guint i,
    const AlexnetWay *way, const AlexnetArray *in, void *out, GError **error)
{
  if (i > 0 && schedule->joined[i - 1]) {
    AlexnetPoolArgs pool = get_pool (steps, i - 1, 0, schedule->n);

    if (way->pooled)
      return alexnet_linear_run_pooled (way->linear, &pool, out, error);
    if (!run_maxpool (steps, &pool, error))
      return FALSE;
  }
  return alexnet_linear_run (way->linear, in->data, out, error);
}

static gboolean
run_lrn (const AlexnetSteps *steps, guint i, const AlexnetArray *in,
    const AlexnetArray *out, GError **error)
{
  const AlexnetLayer *layer = steps->buffers->program->ops[i].layer;
  AlexnetLrnArgs args = { *in, *out, get_vector (steps, in, out), layer->size,
    layer->alpha, layer->beta, layer->k };

  return run_kernel (steps, ALEXNET_KERNEL_LRN, array_size (out) / args.vector,
      &args, error);
}

/* Of operation `i` and the one that is joined to it. */
static gboolean
run_lrn_pool (const AlexnetSteps *steps, guint i, guint n, GError **error)
{
  const AlexnetOp *ops = steps->buffers->program->ops;
  gboolean lrn_first = ops[i].kind == ALEXNET_OP_MAXPOOL;
  const AlexnetOp *pool = lrn_first ? &ops[i] : &ops[i - 1];
  const AlexnetLayer *lrn = lrn_first ? ops[i - 1].layer : ops[i].layer;
  AlexnetArray in = alexnet_buffers_get_input (steps->buffers, i - 1, 0, n);
  AlexnetArray out = alexnet_buffers_get_output (steps->buffers, i, n);
  AlexnetLrnPoolArgs args = { in, out, get_vector (steps, &in, &in),
    pool->kernel, pool->stride, pool->padding, lrn->size, lrn->alpha, lrn->beta,
    lrn->k, lrn_first != FALSE };
  gsize n_blocks = (gsize) n * out.height * out.width;

  return run_kernel (steps, ALEXNET_KERNEL_LRN_POOL, n_blocks * ALEXNET_THREADS,
      &args, error);
}

static gboolean
run_copy (const AlexnetSteps *steps, guint i, const AlexnetArray *in,
    const AlexnetArray *out, GError **error)
{
  const AlexnetWeights *weights = &steps->weights[i];
  AlexnetCopyArgs args = { *in, *out, weights->weight, weights->bias,
    steps->buffers->program->ops[i].relu != FALSE };

  return run_kernel (steps, ALEXNET_KERNEL_COPY, array_size (out), &args,
      error);
}

static gboolean
run_output (const AlexnetSteps *steps, const AlexnetArray *in, float *out,
    GError **error)
{
  AlexnetOutputArgs args = { *in, out };

  return run_kernel (steps, ALEXNET_KERNEL_OUTPUT, array_size (in), &args,
      error);
}

static gboolean
run_softmax (const AlexnetSteps *steps, const AlexnetSchedule *schedule,
    const AlexnetArray *in, GError **error)
{
  const AlexnetBuffers *b = steps->buffers;
  AlexnetSoftmaxArgs args = { *in, b->results,
    schedule->mapped ? b->host_best : b->best };
  gsize n_blocks = (gsize) in->n * in->height * in->width;

  return run_kernel (steps, ALEXNET_KERNEL_SOFTMAX, n_blocks * ALEXNET_THREADS,
      &args, error);
}

gboolean
alexnet_steps_run (const AlexnetSteps *steps, const AlexnetSchedule *schedule,
    guint i, const AlexnetWay *way, guint first, GError **error)
{
  guint n = schedule->n;
  gboolean has_joined = i > 0 && schedule->joined[i - 1];
  AlexnetPoolArgs pool;
  AlexnetArray in = alexnet_buffers_get_input (steps->buffers, i, first, n);
  AlexnetArray out = alexnet_buffers_get_output (steps->buffers, i, n);

  if (schedule->joined[i])
    return TRUE;
  switch (steps->buffers->program->ops[i].kind) {
    case ALEXNET_OP_CONV:
      return run_conv (steps, way->conv, i, first, error);
    case ALEXNET_OP_LINEAR:
      return run_linear (steps, schedule, i, way, &in, out.data, error);
    case ALEXNET_OP_COPY:
      return run_copy (steps, i, &in, &out, error);
    case ALEXNET_OP_LRN:
      return has_joined ? run_lrn_pool (steps, i, n, error)
                        : run_lrn (steps, i, &in, &out, error);
    case ALEXNET_OP_MAXPOOL:
      pool = get_pool (steps, i, first, n);
      return has_joined ? run_lrn_pool (steps, i, n, error)
                        : run_maxpool (steps, &pool, error);
    case ALEXNET_OP_SOFTMAX:
      return run_softmax (steps, schedule, &in, error);
    case ALEXNET_OP_OUTPUT:
      return run_output (steps, &in, steps->buffers->results, error);
  }
  g_return_val_if_reached (FALSE);
}

gboolean
alexnet_steps_keep_embeddings (const AlexnetSteps *steps,
    const AlexnetSchedule *schedule, guint first, GError **error)
{
  const AlexnetBuffers *b = steps->buffers;
  AlexnetArray in = alexnet_buffers_get_input (b, b->embedding_op, first,
      schedule->n);

  return run_output (steps, &in,
      schedule->mapped ? b->host_embeddings : b->embeddings, error);
}
