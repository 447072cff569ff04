/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory that a program's operations work in, for the largest batch. */

#ifndef ALEXNET_CUDNN_BUFFERS_H
#define ALEXNET_CUDNN_BUFFERS_H

#include "device.h"
#include "kernel-args.h"
#include "ops.h"

G_BEGIN_DECLS

#define ALEXNET_WORKSPACE_SIZE (64 << 20)

/* Bytes of what AlexnetResult says of one image. */
#define ALEXNET_BEST_SIZE (ALEXNET_MAX_BEST * sizeof (AlexnetBest))

typedef struct {
  /* The caller's to fill in. */
  AlexnetDevice *device;
  const AlexnetProgram *program;
  AlexnetPrecision precision; /* of values: none of 8 bits */
  gboolean int8;              /* weights of LINEAR, with FP16 */
  guint max_batch, n_slots;
  guint n_spare_slots; /* behind the last one, for batches that reach there */
  gboolean embedding;  /* of the network, which has a LINEAR */

  guint8 *slots; /* device memory */
  gsize slot_size;
  guint8 *activations[ALEXNET_N_BUFFERS]; /* by AlexnetOp.buffer */
  void *workspace;                        /* ALEXNET_WORKSPACE_SIZE bytes */
  float *results, *host_results;          /* device, pinned; [N,C,H,W] */
  gsize n_results;                        /* of one image */
  AlexnetBest *best, *host_best;       /* device, pinned; [N][ALEXNET_MAX_BEST];
                                          NULL: no softmax at the end. A batch
                                          whose results are mapped needs only
                                          what is pinned */
  guint embedding_op;                  /* the last LINEAR, if `embedding` */
  float *embeddings, *host_embeddings; /* what it reads; device, pinned;
                                          [N,C,H,W]; NULL: not wanted */
  gsize n_embedding;                   /* of one image */
} AlexnetBuffers;

/* The device's close frees it. NO_MEMORY, DEVICE. */
gboolean alexnet_buffers_allocate (AlexnetBuffers *buffers, GError **error);

/* What operation `i` reads and writes for a batch of n; `first`, a slot,
 * matters to operation 0 alone. */
AlexnetArray alexnet_buffers_get_input (const AlexnetBuffers *buffers, guint i,
    guint first, guint n);
AlexnetArray alexnet_buffers_get_output (const AlexnetBuffers *buffers, guint i,
    guint n);

G_END_DECLS

#endif /* ALEXNET_CUDNN_BUFFERS_H */
