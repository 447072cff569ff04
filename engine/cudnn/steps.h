/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The operations of a program with their weights, and how one of them is given
 * to the device. */

#ifndef ALEXNET_CUDNN_STEPS_H
#define ALEXNET_CUDNN_STEPS_H

#include "buffers.h"
#include "launch.h"
#include "linear.h"
#include "plan.h"
#include "schedule.h"
#include "weights.h"

G_BEGIN_DECLS

/* How a CONV or a LINEAR is computed for one batch size; else empty. */
typedef struct {
  AlexnetConvPlan *conv;
  AlexnetLinear *linear;
  gboolean pooled; /* of a LINEAR that a MAXPOOL is joined to: one kernel */
} AlexnetWay;

void alexnet_way_clear (AlexnetWay *way, GError **error);

typedef struct {
  const AlexnetBuffers *buffers;
  const AlexnetKernels *kernels;
  AlexnetWeights weights[ALEXNET_MAX_OPS]; /* of those that have some */
  guint8 *all_weights;                     /* one allocation of what small
                                              batches read: the convolutions',
                                              then the linear layers', the last
                                              first */
  gsize weights_size;                      /* bytes of it */
  GPtrArray *packs[ALEXNET_MAX_OPS];       /* of a CONV: [slot of the first
                                              operation][part] */
} AlexnetSteps;

/* Uploads the weights. After a failure, close gives back what there is. */
gboolean alexnet_steps_open (AlexnetSteps *steps, const AlexnetBuffers *buffers,
    const AlexnetKernels *kernels, GError **error);
void alexnet_steps_close (AlexnetSteps *steps);

/* Gives operation `i` of a batch, for which `way` was made, to the compute
 * stream, with what the schedule has joined to it; one that is joined to the
 * next does nothing. `first`, a slot, matters to operation 0 alone. */
gboolean alexnet_steps_run (const AlexnetSteps *steps,
    const AlexnetSchedule *schedule, guint i, const AlexnetWay *way,
    guint first, GError **error);

/* Copies what the buffers' embedding_op is about to read, of a batch from slot
 * `first` on, to their embeddings. */
gboolean alexnet_steps_keep_embeddings (const AlexnetSteps *steps,
    const AlexnetSchedule *schedule, guint first, GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_STEPS_H */
