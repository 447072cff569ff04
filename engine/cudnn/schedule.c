/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "schedule.h"

/* Results of more images are copied: more than a few KiB of small writes are
 * not worth the time that a kernel waits for them. */
#define MAX_MAPPED 8

/* Whether what a pooled product wants holds; see kernel-args.h. The slots,
 * which operation 0 reads, are not as aligned as it wants. */
static gboolean
can_pool_product (const AlexnetOp *pool, const AlexnetOp *next,
    AlexnetPrecision precision, gboolean int8)
{
  guint vector = ALEXNET_VECTOR_BYTES / alexnet_precision_size (precision);
  guint weights = int8 ? ALEXNET_VECTOR_BYTES : vector;

  return pool->out_parts == 1 &&
      pool->in.channels / pool->in_parts % vector == 0 &&
      alexnet_shape_size (&next->in) % weights == 0 &&
      alexnet_shape_size (&next->in) <= ALEXNET_POOLED_VALUES;
}

/* The same of a pooling beside an LRN. */
static gboolean
can_share_window (const AlexnetOp *pool)
{
  return (gsize) pool->kernel * pool->kernel * pool->in.channels <=
      ALEXNET_WINDOW_VALUES;
}

static gboolean
can_join (const AlexnetOp *op, const AlexnetOp *next,
    AlexnetPrecision precision, gboolean int8)
{
  if (!alexnet_op_can_join (op, next))
    return FALSE;
  if (next->kind == ALEXNET_OP_LINEAR)
    return can_pool_product (op, next, precision, int8);
  return can_share_window (op->kind == ALEXNET_OP_MAXPOOL ? op : next);
}

AlexnetSchedule
alexnet_schedule_make (const AlexnetProgram *program,
    AlexnetPrecision precision, gboolean int8, guint embedding_op, guint n)
{
  /* Our own product, which streams weights, is for so many images: others
   * compute for longer than they read. */
  AlexnetSchedule schedule = {
    .n = n, .mapped = n <= MAX_MAPPED, .persisting = n <= ALEXNET_GEMV_COLUMNS
  };

  if (n > 1)
    return schedule;
  for (guint i = 1; i + 1 < program->n_ops; i++)
    schedule.joined[i] = i + 1 != embedding_op && !schedule.joined[i - 1] &&
        can_join (&program->ops[i], &program->ops[i + 1], precision, int8);
  return schedule;
}
