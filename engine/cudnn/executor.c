/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "executor.h"

#include <string.h>

#include "backend/plan-cache.h"
#include "tune.h"

#define WORKSPACE_SIZE (64 << 20)
#define ALIGNMENT 256
#define BEST_SIZE (ALEXNET_MAX_BEST * sizeof (AlexnetBest))

static gsize
part_bytes (const AlexnetExecutor *ex, const AlexnetShape *shape, guint parts)
{
  guint max_batch = ex->batches[ex->n_batches - 1].size;
  gsize size = alexnet_shape_size (shape) / parts * max_batch *
      alexnet_precision_size (ex->precision);

  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* What operation `i` reads; `first` matters to operation 0 alone. */
static AlexnetArray
get_input (const AlexnetExecutor *ex, guint i, guint first, guint n)
{
  const AlexnetOp *op = &ex->program.ops[i];
  gsize stride = part_bytes (ex, &op->in, op->in_parts);

  return (AlexnetArray){
    .data = i == 0 ? ex->slots + first * ex->slot_size
                   : ex->activations[(i - 1) % 2],
    .part_stride = stride / alexnet_precision_size (ex->precision),
    .n = n,
    .height = op->in.height,
    .width = op->in.width,
    .channels = op->in.channels,
    .parts = op->in_parts,
  };
}

static AlexnetArray
get_output (const AlexnetExecutor *ex, guint i, guint n)
{
  const AlexnetOp *op = &ex->program.ops[i];
  gsize stride = part_bytes (ex, &op->out, op->out_parts);

  return (AlexnetArray){
    .data = ex->activations[i % 2],
    .part_stride = stride / alexnet_precision_size (ex->precision),
    .n = n,
    .height = op->out.height,
    .width = op->out.width,
    .channels = op->out.channels,
    .parts = op->out_parts,
  };
}

static gsize
array_size (const AlexnetArray *a)
{
  return (gsize) a->n * a->height * a->width * a->channels;
}

static gboolean
run_conv (const AlexnetExecutor *ex, const AlexnetConvPlan *plan, guint i,
    guint first, GError **error)
{
  guint n = alexnet_op_n_convs (&ex->program.ops[i]);
  guint base = i == 0 ? first * n : 0;

  for (guint part = 0; part < n; part++)
    if (!alexnet_conv_run (&ex->device->cudnn, plan,
            g_ptr_array_index (ex->packs[i], base + part), error))
      return FALSE;
  return TRUE;
}

/* Channels that one thread can take at once. */
static guint
get_vector (const AlexnetExecutor *ex, const AlexnetArray *in,
    const AlexnetArray *out)
{
  guint vector = ALEXNET_VECTOR_BYTES / alexnet_precision_size (ex->precision);

  return (guintptr) in->data % ALEXNET_VECTOR_BYTES == 0 &&
          in->channels / in->parts % vector == 0 &&
          out->channels / out->parts % vector == 0
      ? vector
      : 1;
}

static gboolean
run_maxpool (const AlexnetExecutor *ex, guint i, const AlexnetArray *in,
    const AlexnetArray *out, GError **error)
{
  const AlexnetOp *op = &ex->program.ops[i];
  AlexnetPoolArgs args = { *in, *out, get_vector (ex, in, out), op->kernel,
    op->stride };

  return alexnet_kernel_run (ex->kernels, ALEXNET_KERNEL_MAXPOOL,
      array_size (out) / args.vector, &args, ex->device->stream, error);
}

static gboolean
run_lrn (const AlexnetExecutor *ex, guint i, const AlexnetArray *in,
    const AlexnetArray *out, GError **error)
{
  const AlexnetLayer *layer = ex->program.ops[i].layer;
  AlexnetLrnArgs args = { *in, *out, get_vector (ex, in, out), layer->size,
    layer->alpha, layer->beta, layer->k };

  return alexnet_kernel_run (ex->kernels, ALEXNET_KERNEL_LRN,
      array_size (out) / args.vector, &args, ex->device->stream, error);
}

static gboolean
run_copy (const AlexnetExecutor *ex, guint i, const AlexnetArray *in,
    const AlexnetArray *out, GError **error)
{
  AlexnetCopyArgs args = { *in, *out, ex->program.ops[i].relu != FALSE };

  return alexnet_kernel_run (ex->kernels, ALEXNET_KERNEL_COPY, array_size (out),
      &args, ex->device->stream, error);
}

static gboolean
run_output (const AlexnetExecutor *ex, const AlexnetArray *in, GError **error)
{
  AlexnetOutputArgs args = { *in, ex->results };

  return alexnet_kernel_run (ex->kernels, ALEXNET_KERNEL_OUTPUT,
      array_size (in), &args, ex->device->stream, error);
}

static gboolean
run_softmax (const AlexnetExecutor *ex, const AlexnetArray *in, GError **error)
{
  AlexnetSoftmaxArgs args = { *in, ex->results, ex->best };
  gsize n_blocks = (gsize) in->n * in->height * in->width;

  return alexnet_kernel_run (ex->kernels, ALEXNET_KERNEL_SOFTMAX,
      n_blocks * ALEXNET_THREADS, &args, ex->device->stream, error);
}

static gboolean
run_op (const AlexnetExecutor *ex, const AlexnetBatch *batch, guint i,
    guint first, GError **error)
{
  AlexnetArray in = get_input (ex, i, first, batch->size);
  AlexnetArray out = get_output (ex, i, batch->size);

  switch (ex->program.ops[i].kind) {
    case ALEXNET_OP_CONV:
      return run_conv (ex, batch->convs[i], i, first, error);
    case ALEXNET_OP_LINEAR:
      return alexnet_linear_run (batch->linears[i], in.data, out.data, error);
    case ALEXNET_OP_COPY:
      return run_copy (ex, i, &in, &out, error);
    case ALEXNET_OP_LRN:
      return run_lrn (ex, i, &in, &out, error);
    case ALEXNET_OP_MAXPOOL:
      return run_maxpool (ex, i, &in, &out, error);
    case ALEXNET_OP_SOFTMAX:
      return run_softmax (ex, &in, error);
    case ALEXNET_OP_OUTPUT:
      return run_output (ex, &in, error);
  }
  g_return_val_if_reached (FALSE);
}

static gboolean
bring (const AlexnetExecutor *ex, void *host, const void *device, gsize size,
    GError **error)
{
  return CUDA (cudaMemcpyAsync (host, device, size, cudaMemcpyDeviceToHost,
      ex->device->stream));
}

/* All that a graph holds. */
static gboolean
run_rest (const AlexnetExecutor *ex, const AlexnetBatch *batch, GError **error)
{
  for (guint i = 1; i < ex->program.n_ops; i++)
    if (!run_op (ex, batch, i, 0, error))
      return FALSE;
  return !ex->best ||
      bring (ex, ex->host_best, ex->best, batch->size * BEST_SIZE, error);
}

static void
init_batches (AlexnetExecutor *ex, guint max_batch_size)
{
  guint sizes[ALEXNET_MAX_BATCHES];

  ex->n_batches = alexnet_get_batches (max_batch_size, sizes);
  for (guint i = 0; i < ex->n_batches; i++)
    ex->batches[i].size = sizes[i];
}

/* How many slots behind its last one a batch can reach. */
static guint
count_overrun (const AlexnetExecutor *ex)
{
  guint most = 0;

  for (guint i = 1; i < ex->n_batches; i++)
    most = MAX (most, ex->batches[i].size - ex->batches[i - 1].size - 1);
  return most;
}

static gboolean
allocate_slots (AlexnetExecutor *ex, GError **error)
{
  gsize size;

  ex->slot_size = alexnet_shape_size (&ex->program.slot.shape) *
      alexnet_precision_size (ex->precision);
  size = ex->slot_size * (ex->n_slots + count_overrun (ex));
  ex->slots = alexnet_device_alloc (ex->device, size, error);
  return ex->slots &&
      CUDA (cudaMemsetAsync (ex->slots, 0, size, ex->device->stream));
}

static gboolean
allocate_activations (AlexnetExecutor *ex, GError **error)
{
  gsize sizes[2] = { 0, 0 };

  for (guint i = 0; i + 1 < ex->program.n_ops; i++) {
    const AlexnetOp *op = &ex->program.ops[i];
    gsize size = op->out_parts * part_bytes (ex, &op->out, op->out_parts);

    sizes[i % 2] = MAX (sizes[i % 2], size);
  }
  for (guint i = 0; i < 2; i++)
    if (!(ex->activations[i] = alexnet_device_alloc (ex->device, sizes[i],
              error)))
      return FALSE;
  return TRUE;
}

static gboolean
allocate_results (AlexnetExecutor *ex, GError **error)
{
  const AlexnetOp *last = &ex->program.ops[ex->program.n_ops - 1];
  guint max_batch = ex->batches[ex->n_batches - 1].size;
  gsize n_pixels = (gsize) last->out.height * last->out.width;
  gsize best_size = max_batch * n_pixels * BEST_SIZE, size;

  ex->n_results = alexnet_shape_size (&last->out);
  size = max_batch * ex->n_results * sizeof (float);
  if (!(ex->results = alexnet_device_alloc (ex->device, size, error)) ||
      !(ex->host_results = alexnet_device_alloc_pinned (ex->device, size,
            error)))
    return FALSE;
  return last->kind != ALEXNET_OP_SOFTMAX ||
      ((ex->best = alexnet_device_alloc (ex->device, best_size, error)) &&
          (ex->host_best = alexnet_device_alloc_pinned (ex->device, best_size,
               error)));
}

static gboolean
allocate (AlexnetExecutor *ex, GError **error)
{
  return allocate_slots (ex, error) && allocate_activations (ex, error) &&
      (ex->workspace = alexnet_device_alloc (ex->device, WORKSPACE_SIZE,
           error)) &&
      allocate_results (ex, error) &&
      CUDA (cudaEventCreateWithFlags (&ex->done, cudaEventDisableTiming));
}

static AlexnetConvPack *
pack_new (const AlexnetExecutor *ex, guint i, guint first, guint part,
    GError **error)
{
  const AlexnetOp *op = &ex->program.ops[i];
  const AlexnetWeights *w = &ex->weights[i];
  guint size = alexnet_precision_size (ex->precision);
  AlexnetArray in = get_input (ex, i, first, 1), out = get_output (ex, i, 1);
  guint in_part = op->in_parts == 1 ? 0 : part;
  guint8 *x = (guint8 *) in.data + in_part * in.part_stride * size;
  guint8 *y = (guint8 *) out.data + part * out.part_stride * size;

  return alexnet_conv_pack_new (x, w->weight + part * w->weight_stride,
      w->bias + part * w->bias_stride, y, ex->workspace, error);
}

static gboolean
make_packs (AlexnetExecutor *ex, guint i, GError **error)
{
  guint n_slots = i == 0 ? ex->n_slots : 1;
  guint n_parts = alexnet_op_n_convs (&ex->program.ops[i]);

  ex->packs[i] = g_ptr_array_new_with_free_func ((GDestroyNotify)
          alexnet_conv_pack_free);
  for (guint j = 0; j < n_slots * n_parts; j++) {
    AlexnetConvPack *pack = pack_new (ex, i, j / n_parts, j % n_parts, error);

    if (!pack)
      return FALSE;
    g_ptr_array_add (ex->packs[i], pack);
  }
  return TRUE;
}

static gboolean
load_weights (AlexnetExecutor *ex, GError **error)
{
  for (guint i = 0; i < ex->program.n_ops; i++) {
    const AlexnetOp *op = &ex->program.ops[i];

    if (op->kind != ALEXNET_OP_CONV && op->kind != ALEXNET_OP_LINEAR)
      continue;
    if (!alexnet_weights_upload (&ex->weights[i], ex->device, op,
            &ex->program.slot, ex->precision, error))
      return FALSE;
    if (op->kind == ALEXNET_OP_CONV && !make_packs (ex, i, error))
      return FALSE;
  }
  return TRUE;
}

/* Of what operation `i` reads. */
static guint
get_alignment (const AlexnetExecutor *ex, guint i)
{
  return i == 0 ? alexnet_slot_alignment (&ex->program.slot, ex->precision)
                : ALEXNET_VECTOR_BYTES;
}

typedef struct {
  const AlexnetExecutor *executor;
  guint op;
  GPtrArray *plans;      /* CONV */
  AlexnetLinear *linear; /* LINEAR */
} Candidates;

static gboolean
run_conv_candidate (gpointer user, guint i, GError **error)
{
  const Candidates *c = user;

  return run_conv (c->executor, g_ptr_array_index (c->plans, i), c->op, 0,
      error);
}

static gboolean
run_linear_candidate (gpointer user, guint i, GError **error)
{
  const Candidates *c = user;
  AlexnetArray in = get_input (c->executor, c->op, 0, 1);
  AlexnetArray out = get_output (c->executor, c->op, 1);

  alexnet_linear_choose (c->linear, i);
  return alexnet_linear_run (c->linear, in.data, out.data, error);
}

static AlexnetConvPlan *
find_conv (const AlexnetExecutor *ex, AlexnetPlanCache *cache, const char *key,
    const AlexnetConv *conv, guint i, GError **error)
{
  g_autoptr (GPtrArray) plans = alexnet_conv_plans (&ex->device->cudnn, conv,
      WORKSPACE_SIZE, error);
  Candidates candidates = { ex, i, plans, NULL };
  g_autofree char *json = NULL;
  guint best;

  if (!plans ||
      !alexnet_tune (ex->device, plans->len, run_conv_candidate, &candidates,
          &best, error))
    return NULL;
  json = alexnet_conv_plan_to_json (g_ptr_array_index (plans, best), error);
  if (!json)
    return NULL;
  alexnet_plan_cache_set (cache, key, json);
  return g_ptr_array_steal_index_fast (plans, best);
}

/* What the cache says, if cuDNN takes it. */
static AlexnetConvPlan *
recall_conv (const AlexnetExecutor *ex, AlexnetPlanCache *cache,
    const char *key)
{
  const char *json = alexnet_plan_cache_get (cache, key);
  g_autoptr (GError) error = NULL;
  AlexnetConvPlan *plan;

  if (!json)
    return NULL;
  plan = alexnet_conv_plan_from_json (&ex->device->cudnn, json, &error);
  if (plan && alexnet_conv_plan_workspace (plan) <= WORKSPACE_SIZE)
    return plan;
  g_info ("%s: the plan in %s is of no use: %s", key,
      alexnet_plan_cache_get_path (cache),
      error ? error->message : "its workspace is too large");
  alexnet_conv_plan_free (plan);
  return NULL;
}

static gboolean
plan_conv (AlexnetExecutor *ex, AlexnetBatch *batch, guint i,
    AlexnetPlanCache *cache, GError **error)
{
  AlexnetConv conv = alexnet_op_get_conv (&ex->program.ops[i], batch->size,
      get_alignment (ex, i), ex->precision);
  g_autofree char *key = alexnet_conv_describe (&conv);

  batch->convs[i] = recall_conv (ex, cache, key);
  if (!batch->convs[i])
    batch->convs[i] = find_conv (ex, cache, key, &conv, i, error);
  return batch->convs[i] != NULL;
}

static gboolean
plan_linear (AlexnetExecutor *ex, AlexnetBatch *batch, guint i,
    AlexnetPlanCache *cache, GError **error)
{
  const AlexnetOp *op = &ex->program.ops[i];
  AlexnetLinearShape shape = { batch->size,
    (guint) alexnet_shape_size (&op->in), op->out.channels, op->relu,
    get_alignment (ex, i), ex->precision };
  g_autofree char *key = alexnet_linear_describe (&shape);
  const char *known = alexnet_plan_cache_get (cache, key);
  AlexnetLinear *linear = alexnet_linear_new (ex->device, ex->kernels, &shape,
      &ex->weights[i], ex->workspace, WORKSPACE_SIZE, error);
  Candidates candidates = { ex, i, NULL, linear };
  char text[16];
  guint64 choice;
  guint best;

  batch->linears[i] = linear;
  if (!linear)
    return FALSE;
  if (known &&
      g_ascii_string_to_unsigned (known, 10, 0,
          alexnet_linear_n_choices (linear) - 1, &choice, NULL)) {
    alexnet_linear_choose (linear, (guint) choice);
    return TRUE;
  }
  if (!alexnet_tune (ex->device, alexnet_linear_n_choices (linear),
          run_linear_candidate, &candidates, &best, error))
    return FALSE;
  alexnet_linear_choose (linear, best);
  g_snprintf (text, sizeof text, "%u", best);
  alexnet_plan_cache_set (cache, key, text);
  return TRUE;
}

static gboolean
plan_batch (AlexnetExecutor *ex, AlexnetBatch *batch, AlexnetPlanCache *cache,
    GError **error)
{
  for (guint i = 0; i < ex->program.n_ops; i++) {
    AlexnetOpKind kind = ex->program.ops[i].kind;
    gboolean ok = TRUE;

    if (kind == ALEXNET_OP_CONV)
      ok = plan_conv (ex, batch, i, cache, error);
    else if (kind == ALEXNET_OP_LINEAR)
      ok = plan_linear (ex, batch, i, cache, error);
    if (!ok) {
      g_autofree char *name = alexnet_op_get_name (&ex->program, i);

      g_prefix_error (error, "%s: %s, batch of %u: ", ex->device->name, name,
          batch->size);
      return FALSE;
    }
  }
  return TRUE;
}

/* Libraries load their code at the first use, which a capture forbids. */
static gboolean
warm_up (const AlexnetExecutor *ex, const AlexnetBatch *batch, GError **error)
{
  return run_op (ex, batch, 0, 0, error) && run_rest (ex, batch, error) &&
      alexnet_device_finish (ex->device, error);
}

static gboolean
capture (AlexnetExecutor *ex, AlexnetBatch *batch, GError **error)
{
  cudaStream_t stream = ex->device->stream;
  cudaGraph_t graph = NULL;
  gboolean ok;

  if (!CUDA (cudaStreamBeginCapture (stream, cudaStreamCaptureModeThreadLocal)))
    return FALSE;
  ok = run_rest (ex, batch, error);
  ok = CUDA (cudaStreamEndCapture (stream, &graph)) && ok;
  ok = ok && CUDA (cudaGraphInstantiate (&batch->graph, graph, 0));
  if (graph)
    ok = CUDA (cudaGraphDestroy (graph)) && ok;
  /* The first launch brings it to the device. */
  return ok && CUDA (cudaGraphLaunch (batch->graph, stream)) &&
      alexnet_device_finish (ex->device, error);
}

static char *
get_identity (const AlexnetDevice *device)
{
  return g_strdup_printf ("cuDNN %zu, cublasLt %zu, driver %d, %s (%u.%u)",
      cudnnGetVersion (), cublasLtGetVersion (), device->driver, device->name,
      device->capability / 10, device->capability % 10);
}

static gboolean
make_batches (AlexnetExecutor *ex, GError **error)
{
  g_autofree char *identity = get_identity (ex->device);
  AlexnetPlanCache *cache = alexnet_plan_cache_open ("cudnn", identity);
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < ex->n_batches; i++)
    ok = plan_batch (ex, &ex->batches[i], cache, error) &&
        warm_up (ex, &ex->batches[i], error) &&
        capture (ex, &ex->batches[i], error);
  alexnet_plan_cache_close (cache);
  return ok;
}

gboolean
alexnet_executor_open (AlexnetExecutor *ex, AlexnetDevice *device,
    const AlexnetKernels *kernels, const AlexnetNetwork *network,
    AlexnetPrecision precision, guint max_batch_size, guint n_slots,
    GError **error)
{
  ex->device = device;
  ex->kernels = kernels;
  ex->precision = precision;
  ex->n_slots = n_slots;
  init_batches (ex, max_batch_size);
  return alexnet_program_build (&ex->program, network, error) &&
      allocate (ex, error) && load_weights (ex, error) &&
      make_batches (ex, error);
}

void
alexnet_executor_close (AlexnetExecutor *ex, GError **error)
{
  for (guint i = 0; i < ex->n_batches; i++) {
    AlexnetBatch *batch = &ex->batches[i];

    if (batch->graph)
      CUDA (cudaGraphExecDestroy (batch->graph));
    for (guint j = 0; j < ex->program.n_ops; j++) {
      alexnet_conv_plan_free (batch->convs[j]);
      alexnet_linear_free (batch->linears[j], error);
    }
  }
  for (guint i = 0; i < ex->program.n_ops; i++)
    g_clear_pointer (&ex->packs[i], g_ptr_array_unref);
  if (ex->done)
    CUDA (cudaEventDestroy (ex->done));
}

static const AlexnetBatch *
find_batch (const AlexnetExecutor *ex, guint n)
{
  guint i = 0;

  while (ex->batches[i].size < n)
    i++;
  return &ex->batches[i];
}

gboolean
alexnet_executor_begin (AlexnetExecutor *ex, guint first, guint n,
    gboolean outputs, GError **error)
{
  const AlexnetBatch *batch = find_batch (ex, n);
  cudaStream_t stream = ex->device->stream;
  gsize size = n * ex->n_results * sizeof (float);

  return run_op (ex, batch, 0, first, error) &&
      CUDA (cudaGraphLaunch (batch->graph, stream)) &&
      (!outputs || bring (ex, ex->host_results, ex->results, size, error)) &&
      CUDA (cudaEventRecord (ex->done, stream));
}

gboolean
alexnet_executor_get_best (AlexnetExecutor *ex, guint n,
    AlexnetBest *const *best, GError **error)
{
  gsize n_best = MIN (ex->n_results, ALEXNET_MAX_BEST);

  if (!CUDA (cudaEventSynchronize (ex->done)))
    return FALSE;
  for (guint i = 0; i < n; i++)
    memcpy (best[i], ex->host_best + i * ALEXNET_MAX_BEST,
        n_best * sizeof (AlexnetBest));
  return TRUE;
}

gboolean
alexnet_executor_get_outputs (AlexnetExecutor *ex, guint n,
    float *const *outputs, GError **error)
{
  if (!CUDA (cudaEventSynchronize (ex->done)))
    return FALSE;
  for (guint i = 0; i < n; i++)
    memcpy (outputs[i], ex->host_results + i * ex->n_results,
        ex->n_results * sizeof (float));
  return TRUE;
}
