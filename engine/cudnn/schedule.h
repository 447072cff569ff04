/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What of a program one kernel does at once, for one batch size. A few images
 * are made for latency, of which the way from one kernel to the next is a
 * large part: a pooling is done by the kernel that reads it, or together with
 * the normalisation beside it, and results are written to where the host reads
 * them. Many are made for throughput. No CUDA in it, so that a test can walk
 * it. */

#ifndef ALEXNET_CUDNN_SCHEDULE_H
#define ALEXNET_CUDNN_SCHEDULE_H

#include "kernel-args.h"
#include "ops.h"

G_BEGIN_DECLS

typedef struct {
  guint n; /* images */

  /* An operation that has no step of its own: it is part of the next one's,
   * which does both in one kernel or, where that is a LINEAR, may do so. */
  gboolean joined[ALEXNET_MAX_OPS];

  /* Kernels write results into pinned memory themselves; else they are copied
   * there. */
  gboolean mapped;

  /* Weights stay in the cache: l2.h. */
  gboolean persisting;
} AlexnetSchedule;

/* For batches of n. `embedding_op` is the operation whose input somebody wants
 * to see, 0 = none; `int8` says that the weights of LINEAR are that. */
AlexnetSchedule alexnet_schedule_make (const AlexnetProgram *program,
    AlexnetPrecision precision, gboolean int8, guint embedding_op, guint n);

G_END_DECLS

#endif /* ALEXNET_CUDNN_SCHEDULE_H */
