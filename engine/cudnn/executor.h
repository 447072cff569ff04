/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A network on a device: weights, memory, and for each batch size a plan of
 * every layer and one captured CUDA graph.
 *
 * The slots are one tensor, of which a batch is a slice, and a captured graph
 * has its addresses in it. So the first operation, which alone reads slots, is
 * started with the slice's address before the graph, which holds all others
 * and brings the best classes and embeddings. A batch runs with the next
 * larger size that has a graph; what it computes of the slots behind it is not
 * looked at. */

#ifndef ALEXNET_CUDNN_EXECUTOR_H
#define ALEXNET_CUDNN_EXECUTOR_H

#include "backend/backend.h"
#include "l2.h"
#include "steps.h"

G_BEGIN_DECLS

typedef struct {
  AlexnetSchedule schedule;
  AlexnetWay ways[ALEXNET_MAX_OPS];
  cudaGraphExec_t graph;
} AlexnetBatch;

typedef struct {
  AlexnetDevice *device;
  AlexnetProgram program;
  AlexnetBuffers buffers;
  AlexnetSteps steps;
  AlexnetL2 l2;
  cudaEvent_t done;
  guint n_batches;
  AlexnetBatch batches[ALEXNET_MAX_BATCHES];
} AlexnetExecutor;

/* In `precision`, whatever `params` says. After a failure, close gives back
 * what there is. */
gboolean alexnet_executor_open (AlexnetExecutor *executor,
    AlexnetDevice *device, const AlexnetKernels *kernels,
    const AlexnetNetwork *network, AlexnetPrecision precision,
    const AlexnetPlanParams *params, GError **error);
void alexnet_executor_close (AlexnetExecutor *executor, GError **error);

/* Gives slots first .. first + n - 1 to the device's compute stream. The best
 * classes come back, and with `outputs` all outputs. */
gboolean alexnet_executor_begin (AlexnetExecutor *executor, guint first,
    guint n, gboolean outputs, GError **error);

/* Wait for it, and copy what came back of each image. */
gboolean alexnet_executor_get_best (AlexnetExecutor *executor, guint n,
    AlexnetBest *const *best, GError **error);
gboolean alexnet_executor_get_outputs (AlexnetExecutor *executor, guint n,
    float *const *outputs, GError **error);

/* Of the batch whose results were got last. */
void alexnet_executor_get_embeddings (const AlexnetExecutor *executor, guint n,
    float *const *embeddings);

G_END_DECLS

#endif /* ALEXNET_CUDNN_EXECUTOR_H */
