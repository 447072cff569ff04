/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "executor.h"

#include <string.h>

#include "capture.h"
#include "choose.h"
#include "precision.h"

/* Goes up when what the cache says no longer means the same, or candidates are
 * timed in another way. */
#define VERSION 2

static gboolean
run_op (const AlexnetExecutor *ex, const AlexnetBatch *batch, guint i,
    guint first, GError **error)
{
  const AlexnetBuffers *b = &ex->buffers;

  if (b->embedding && i == b->embedding_op &&
      !alexnet_steps_keep_embeddings (&ex->steps, &batch->schedule, first,
          error))
    return FALSE;
  return alexnet_steps_run (&ex->steps, &batch->schedule, i, &batch->ways[i],
      first, error);
}

static gboolean
bring (const AlexnetExecutor *ex, void *host, const void *device, gsize size,
    GError **error)
{
  return CUDA (cudaMemcpyAsync (host, device, size, cudaMemcpyDeviceToHost,
      ex->device->stream));
}

/* What the kernels have not brought themselves. */
static gboolean
bring_results (const AlexnetExecutor *ex, const AlexnetSchedule *schedule,
    GError **error)
{
  const AlexnetBuffers *b = &ex->buffers;
  gsize n = schedule->n;

  return schedule->mapped ||
      ((!b->best ||
           bring (ex, b->host_best, b->best, n * ALEXNET_BEST_SIZE, error)) &&
          (!b->embedding ||
              bring (ex, b->host_embeddings, b->embeddings,
                  n * b->n_embedding * sizeof (float), error)));
}

/* All that a graph holds. */
static gboolean
run_rest (const AlexnetExecutor *ex, const AlexnetBatch *batch, GError **error)
{
  for (guint i = 1; i < ex->program.n_ops; i++)
    if (!run_op (ex, batch, i, 0, error))
      return FALSE;
  return bring_results (ex, &batch->schedule, error);
}

/* How many slots behind its last one a batch can reach. */
static guint
count_overrun (guint max_batch_size)
{
  guint sizes[ALEXNET_MAX_BATCHES], most = 0;
  guint n = alexnet_get_batches (max_batch_size, sizes);

  for (guint i = 1; i < n; i++)
    most = MAX (most, sizes[i] - sizes[i - 1] - 1);
  return most;
}

static gboolean
choose_ways (AlexnetExecutor *ex, AlexnetBatch *batch, AlexnetPlanCache *cache,
    GError **error)
{
  for (guint i = 0; i < ex->program.n_ops; i++)
    if (!alexnet_way_choose (&batch->ways[i], &ex->steps, &batch->schedule, i,
            cache, error)) {
      g_autofree char *name = alexnet_op_get_name (&ex->program, i);

      g_prefix_error (error, "%s: %s, batch of %u: ", ex->device->name, name,
          batch->schedule.n);
      return FALSE;
    }
  return TRUE;
}

static gboolean
warm_up (const AlexnetExecutor *ex, const AlexnetBatch *batch, GError **error)
{
  return run_op (ex, batch, 0, 0, error) && run_rest (ex, batch, error) &&
      alexnet_device_finish (ex->device, error);
}

typedef struct {
  const AlexnetExecutor *ex;
  const AlexnetBatch *batch;
} Rest;

static gboolean
give_rest (gpointer user, GError **error)
{
  const Rest *rest = user;

  return run_rest (rest->ex, rest->batch, error);
}

static gboolean
capture (AlexnetExecutor *ex, AlexnetBatch *batch, GError **error)
{
  Rest rest = { ex, batch };

  batch->graph = alexnet_capture (ex->device, give_rest, &rest, error);
  return batch->graph != NULL;
}

/* Of a device that is shared out, a process sees some multiprocessors, by
 * which cublasLt orders its list. */
static char *
get_identity (const AlexnetDevice *device, GError **error)
{
  int n_processors = 0;

  if (!CUDA (cudaDeviceGetAttribute (&n_processors,
          cudaDevAttrMultiProcessorCount, (int) device->ordinal)))
    return NULL;
  return g_strdup_printf ("%d; cuDNN %zu, cublasLt %zu, driver %d, %s (%u.%u), "
                          "%d multiprocessors",
      VERSION, cudnnGetVersion (), cublasLtGetVersion (), device->driver,
      device->name, device->capability / 10, device->capability % 10,
      n_processors);
}

static gboolean
make_batch (AlexnetExecutor *ex, AlexnetBatch *batch, guint n,
    AlexnetPlanCache *cache, GError **error)
{
  const AlexnetBuffers *b = &ex->buffers;

  batch->schedule = alexnet_schedule_make (&ex->program, b->precision, b->int8,
      b->embedding_op, n);
  return alexnet_l2_set_persisting (&ex->l2, batch->schedule.persisting,
             error) &&
      choose_ways (ex, batch, cache, error) && warm_up (ex, batch, error) &&
      capture (ex, batch, error);
}

/* What was found for a batch size is kept at once: all take long, and may be
 * interrupted. */
static gboolean
make_batches (AlexnetExecutor *ex, GError **error)
{
  g_autofree char *identity = get_identity (ex->device, error);
  AlexnetPlanCache *cache;
  guint sizes[ALEXNET_MAX_BATCHES];
  gboolean ok = TRUE;

  if (!identity)
    return FALSE;
  cache = alexnet_plan_cache_open ("cudnn", identity);
  ex->n_batches = alexnet_get_batches (ex->buffers.max_batch, sizes);
  for (guint i = 0; ok && i < ex->n_batches; i++) {
    ok = make_batch (ex, &ex->batches[i], sizes[i], cache, error);
    alexnet_plan_cache_save (cache);
  }
  alexnet_plan_cache_close (cache);
  return ok;
}

gboolean
alexnet_executor_open (AlexnetExecutor *ex, AlexnetDevice *device,
    const AlexnetKernels *kernels, const AlexnetNetwork *network,
    AlexnetPrecision precision, const AlexnetPlanParams *params, GError **error)
{
  guint max_batch_size = params->max_batch_size;

  ex->device = device;
  ex->buffers = (AlexnetBuffers){
    .device = device,
    .program = &ex->program,
    .precision = alexnet_precision_of_values (precision),
    .int8 = precision == ALEXNET_PRECISION_INT8,
    .max_batch = max_batch_size,
    .n_slots = params->n_slots,
    .n_spare_slots = count_overrun (max_batch_size),
    .embedding = params->embedding,
  };
  return alexnet_program_build (&ex->program, network, error) &&
      alexnet_program_check_batch (&ex->program, max_batch_size, error) &&
      alexnet_buffers_allocate (&ex->buffers, error) &&
      CUDA (cudaEventCreateWithFlags (&ex->done, cudaEventDisableTiming)) &&
      alexnet_steps_open (&ex->steps, &ex->buffers, kernels, error) &&
      alexnet_l2_open (&ex->l2, device, ex->steps.all_weights,
          ex->steps.weights_size, error) &&
      make_batches (ex, error);
}

void
alexnet_executor_close (AlexnetExecutor *ex, GError **error)
{
  for (guint i = 0; i < ex->n_batches; i++) {
    AlexnetBatch *batch = &ex->batches[i];

    if (batch->graph)
      CUDA (cudaGraphExecDestroy (batch->graph));
    for (guint j = 0; j < ex->program.n_ops; j++)
      alexnet_way_clear (&batch->ways[j], error);
  }
  alexnet_l2_close (&ex->l2, error);
  alexnet_steps_close (&ex->steps);
  if (ex->done)
    CUDA (cudaEventDestroy (ex->done));
}

static const AlexnetBatch *
find_batch (const AlexnetExecutor *ex, guint n)
{
  guint i = 0;

  while (ex->batches[i].schedule.n < n)
    i++;
  return &ex->batches[i];
}

gboolean
alexnet_executor_begin (AlexnetExecutor *ex, guint first, guint n,
    gboolean outputs, GError **error)
{
  const AlexnetBatch *batch = find_batch (ex, n);
  cudaStream_t stream = ex->device->stream;
  gsize size = n * ex->buffers.n_results * sizeof (float);

  return alexnet_l2_set_persisting (&ex->l2, batch->schedule.persisting,
             error) &&
      run_op (ex, batch, 0, first, error) &&
      CUDA (cudaGraphLaunch (batch->graph, stream)) &&
      (!outputs ||
          bring (ex, ex->buffers.host_results, ex->buffers.results, size,
              error)) &&
      CUDA (cudaEventRecord (ex->done, stream));
}

gboolean
alexnet_executor_get_best (AlexnetExecutor *ex, guint n,
    AlexnetBest *const *best, GError **error)
{
  gsize n_best = MIN (ex->buffers.n_results, ALEXNET_MAX_BEST);

  if (!CUDA (cudaEventSynchronize (ex->done)))
    return FALSE;
  for (guint i = 0; i < n; i++)
    memcpy (best[i], ex->buffers.host_best + i * ALEXNET_MAX_BEST,
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
    memcpy (outputs[i], ex->buffers.host_results + i * ex->buffers.n_results,
        ex->buffers.n_results * sizeof (float));
  return TRUE;
}

void
alexnet_executor_get_embeddings (const AlexnetExecutor *ex, guint n,
    float *const *embeddings)
{
  const AlexnetBuffers *b = &ex->buffers;

  for (guint i = 0; i < n; i++)
    memcpy (embeddings[i], b->host_embeddings + i * b->n_embedding,
        b->n_embedding * sizeof (float));
}
