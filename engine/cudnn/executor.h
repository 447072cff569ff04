/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A network on a device: weights, memory, and for each batch size a plan of
 * every layer and one captured CUDA graph.
 *
 * The slots are one tensor, of which a batch is a slice, and a captured graph
 * has its addresses in it. So the first operation, which alone reads slots, is
 * started with the slice's address before the graph, which holds all others
 * and the copy of the best classes. A batch runs with the next larger size that
 * has a graph; what it computes of the slots behind it is not looked at. */

#ifndef ALEXNET_CUDNN_EXECUTOR_H
#define ALEXNET_CUDNN_EXECUTOR_H

#include "launch.h"
#include "linear.h"
#include "plan.h"
#include "weights.h"

G_BEGIN_DECLS

typedef struct {
  guint size;
  AlexnetConvPlan *convs[ALEXNET_MAX_OPS]; /* CONV; else NULL */
  AlexnetLinear *linears[ALEXNET_MAX_OPS]; /* LINEAR; else NULL */
  cudaGraphExec_t graph;
} AlexnetBatch;

typedef struct {
  AlexnetDevice *device;
  const AlexnetKernels *kernels;
  AlexnetPrecision precision;
  AlexnetProgram program;
  guint n_slots;
  guint8 *slots; /* device memory */
  gsize slot_size;
  guint8 *activations[2]; /* operation i writes the i % 2 -th */
  void *workspace;
  float *results, *host_results; /* device, pinned; [N,C,H,W] */
  gsize n_results;               /* of one image */
  AlexnetBest *best, *host_best; /* device, pinned; [N][ALEXNET_MAX_BEST];
                                    NULL: no softmax at the end */
  AlexnetWeights weights[ALEXNET_MAX_OPS];
  GPtrArray *packs[ALEXNET_MAX_OPS]; /* of a CONV: [slot of the first
                                        operation][part] */
  cudaEvent_t done;
  guint n_batches;
  AlexnetBatch batches[ALEXNET_MAX_BATCHES];
} AlexnetExecutor;

/* After a failure, close gives back what there is. */
gboolean alexnet_executor_open (AlexnetExecutor *executor,
    AlexnetDevice *device, const AlexnetKernels *kernels,
    const AlexnetNetwork *network, AlexnetPrecision precision,
    guint max_batch_size, guint n_slots, GError **error);
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

G_END_DECLS

#endif /* ALEXNET_CUDNN_EXECUTOR_H */
