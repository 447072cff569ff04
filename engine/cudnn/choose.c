/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "choose.h"

#include "tune.h"

typedef struct {
  const AlexnetSteps *steps;
  const AlexnetSchedule *schedule;
  guint op;
  GPtrArray *plans;   /* CONV */
  AlexnetWay *linear; /* LINEAR */
} Candidates;

static gboolean
has_pool (const AlexnetSchedule *schedule, guint i)
{
  return i > 0 && schedule->joined[i - 1];
}

/* Of a LINEAR with a pool, the first way is one kernel for both. */
static guint
count_linear (const AlexnetWay *way, gboolean pool)
{
  return alexnet_linear_n_choices (way->linear) + (pool ? 1 : 0);
}

static void
set_linear (AlexnetWay *way, gboolean pool, guint choice)
{
  way->pooled = pool && choice == 0;
  if (!way->pooled)
    alexnet_linear_choose (way->linear, choice - (pool ? 1 : 0));
}

static gboolean
run_candidate (gpointer user, guint i, GError **error)
{
  const Candidates *c = user;
  AlexnetWay way = { NULL };

  if (c->linear)
    set_linear (c->linear, has_pool (c->schedule, c->op), i);
  else
    way.conv = g_ptr_array_index (c->plans, i);
  return alexnet_steps_run (c->steps, c->schedule, c->op,
      c->linear ? c->linear : &way, 0, error);
}

/* Runs once what the cache says, which need not hold today. FALSE only when the
 * device is lost. */
static gboolean
try_way (const AlexnetSteps *steps, const AlexnetSchedule *schedule, guint i,
    const AlexnetWay *way, const char *key, gboolean *works, GError **error)
{
  AlexnetDevice *device = steps->buffers->device;
  g_autoptr (GError) reason = NULL;

  *works = alexnet_steps_run (steps, schedule, i, way, 0, &reason) &&
      alexnet_device_finish (device, &reason);
  return *works || alexnet_tune_pass_over (device, key, reason, error);
}

/* Without its JSON a plan is found anew each time. */
static void
keep_conv (const AlexnetConvPlan *plan, AlexnetPlanCache *cache,
    const char *key)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *json = alexnet_conv_plan_to_json (plan, &error);

  if (json)
    alexnet_plan_cache_set (cache, key, json);
  else
    g_info ("%s: the plan is not kept: %s", key, error->message);
}

static AlexnetConvPlan *
find_conv (const AlexnetSteps *steps, const AlexnetSchedule *schedule, guint i,
    const AlexnetConv *conv, AlexnetPlanCache *cache, const char *key,
    GError **error)
{
  AlexnetDevice *device = steps->buffers->device;
  g_autoptr (GPtrArray) plans = alexnet_conv_plans (&device->cudnn, conv,
      ALEXNET_WORKSPACE_SIZE, error);
  Candidates candidates = { steps, schedule, i, plans, NULL };
  guint best;

  if (!plans ||
      !alexnet_tune (device, key, plans->len, run_candidate, &candidates, &best,
          error))
    return NULL;
  keep_conv (g_ptr_array_index (plans, best), cache, key);
  return g_ptr_array_steal_index_fast (plans, best);
}

/* What the cache says, if cuDNN takes it. */
static AlexnetConvPlan *
recall_conv (const AlexnetCudnn *cudnn, AlexnetPlanCache *cache,
    const char *key)
{
  const char *json = alexnet_plan_cache_get (cache, key);
  g_autoptr (GError) error = NULL;
  AlexnetConvPlan *plan;

  if (!json)
    return NULL;
  plan = alexnet_conv_plan_from_json (cudnn, json, &error);
  if (plan && alexnet_conv_plan_workspace (plan) <= ALEXNET_WORKSPACE_SIZE)
    return plan;
  g_info ("%s: the plan in %s is of no use: %s", key,
      alexnet_plan_cache_get_path (cache),
      error ? error->message : "its workspace is too large");
  alexnet_conv_plan_free (plan);
  return NULL;
}

static gboolean
choose_conv (AlexnetWay *way, const AlexnetSteps *steps,
    const AlexnetSchedule *schedule, guint i, AlexnetPlanCache *cache,
    GError **error)
{
  const AlexnetBuffers *b = steps->buffers;
  AlexnetConv conv = alexnet_op_get_conv (b->program, i, schedule->n,
      b->precision);
  g_autofree char *key = alexnet_conv_describe (&conv);
  gboolean works = FALSE;

  way->conv = recall_conv (&b->device->cudnn, cache, key);
  if (way->conv && !try_way (steps, schedule, i, way, key, &works, error))
    return FALSE;
  if (works)
    return TRUE;
  alexnet_conv_plan_free (way->conv);
  way->conv = find_conv (steps, schedule, i, &conv, cache, key, error);
  return way->conv != NULL;
}

/* What the cache says, if there is such a choice. */
static gboolean
recall_linear (AlexnetWay *way, gboolean pool, AlexnetPlanCache *cache,
    const char *key)
{
  const char *known = alexnet_plan_cache_get (cache, key);
  guint64 choice;

  if (!known ||
      !g_ascii_string_to_unsigned (known, 10, 0, count_linear (way, pool) - 1,
          &choice, NULL))
    return FALSE;
  set_linear (way, pool, (guint) choice);
  return TRUE;
}

/* Names the problem, with the pool that is part of it. */
static char *
describe_linear (const AlexnetProgram *program, guint i,
    const AlexnetLinearShape *shape, gboolean pool)
{
  g_autofree char *linear = alexnet_linear_describe (shape);
  const AlexnetOp *p = pool ? &program->ops[i - 1] : NULL;

  if (!pool)
    return g_steal_pointer (&linear);
  return g_strdup_printf ("%s after pool %u stride %u padding %u of %ux%ux%u "
                          "in %u",
      linear, p->kernel, p->stride, p->padding, p->in.channels, p->in.height,
      p->in.width, p->in_parts);
}

static gboolean
choose_linear (AlexnetWay *way, const AlexnetSteps *steps,
    const AlexnetSchedule *schedule, guint i, AlexnetPlanCache *cache,
    GError **error)
{
  const AlexnetBuffers *b = steps->buffers;
  gboolean pool = has_pool (schedule, i);
  AlexnetLinearShape shape = alexnet_linear_shape (b->program, i, schedule->n,
      b->max_batch, b->precision, b->int8);
  g_autofree char *key = describe_linear (b->program, i, &shape, pool);
  Candidates candidates = { steps, schedule, i, NULL, way };
  gboolean works = FALSE;
  char text[16];
  guint best;

  way->linear = alexnet_linear_new (b->device, steps->kernels, &shape,
      &steps->weights[i], b->workspace, ALEXNET_WORKSPACE_SIZE, error);
  if (!way->linear)
    return FALSE;
  if (recall_linear (way, pool, cache, key) &&
      !try_way (steps, schedule, i, way, key, &works, error))
    return FALSE;
  if (works)
    return TRUE;
  if (!alexnet_tune (b->device, key, count_linear (way, pool), run_candidate,
          &candidates, &best, error))
    return FALSE;
  set_linear (way, pool, best);
  g_snprintf (text, sizeof text, "%u", best);
  alexnet_plan_cache_set (cache, key, text);
  return TRUE;
}

gboolean
alexnet_way_choose (AlexnetWay *way, const AlexnetSteps *steps,
    const AlexnetSchedule *schedule, guint i, AlexnetPlanCache *cache,
    GError **error)
{
  switch (steps->buffers->program->ops[i].kind) {
    case ALEXNET_OP_CONV:
      return choose_conv (way, steps, schedule, i, cache, error);
    case ALEXNET_OP_LINEAR:
      return choose_linear (way, steps, schedule, i, cache, error);
    default:
      return TRUE;
  }
}
