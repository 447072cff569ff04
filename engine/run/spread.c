/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spread.h"

#include <stdlib.h>

#include "worker.h"

typedef struct {
  guint ordinal, n_users;
  gboolean lost;
} Load;

/* Who has made a stream usually keeps the engine, too. */
static guint
count_users (const AlexnetEngine *engine)
{
  return MAX (engine->n_streams, engine->n_refs - engine->n_streams);
}

static void
add_engine (Load *loads, guint n, AlexnetEngine *engine)
{
  guint ordinal = (guint) engine->params.cuda_device - 1;

  if (!alexnet_worker_is_here (engine) || ordinal >= n ||
      !engine->plan->backend->get_device_memory)
    return;
  loads[ordinal].n_users += count_users (engine);
  loads[ordinal].lost |= alexnet_worker_is_lost (engine);
}

static int
compare (const void *first, const void *second)
{
  const Load *a = first, *b = second;

  if (a->lost != b->lost)
    return a->lost - b->lost;
  if (a->n_users != b->n_users)
    return a->n_users < b->n_users ? -1 : 1;
  return a->ordinal < b->ordinal ? -1 : 1;
}

guint *
alexnet_spread_rank (const GPtrArray *engines, guint n)
{
  g_autofree Load *loads = g_new0 (Load, n);
  guint *ranks = g_new (guint, n);

  for (guint i = 0; i < n; i++)
    loads[i].ordinal = i;
  for (guint i = 0; engines && i < engines->len; i++)
    add_engine (loads, n, g_ptr_array_index (engines, i));
  qsort (loads, n, sizeof *loads, compare);
  for (guint i = 0; i < n; i++)
    ranks[i] = loads[i].ordinal;
  return ranks;
}
