/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "choose.h"

#include "tune.h"

typedef struct {
  const AlexnetSteps *steps;
  guint op, n;
  GPtrArray *plans;      /* CONV */
  AlexnetLinear *linear; /* LINEAR */
} Candidates;

static gboolean
run_candidate (gpointer user, guint i, GError **error)
{
  const Candidates *c = user;
  AlexnetWay way = { .linear = c->linear };

  if (c->linear)
    alexnet_linear_choose (c->linear, i);
  else
    way.conv = g_ptr_array_index (c->plans, i);
  return alexnet_steps_run (c->steps, c->op, &way, 0, c->n, error);
}

static AlexnetConvPlan *
find_conv (const AlexnetSteps *steps, guint i, const AlexnetConv *conv,
    AlexnetPlanCache *cache, const char *key, GError **error)
{
  AlexnetDevice *device = steps->buffers->device;
  g_autoptr (GPtrArray) plans = alexnet_conv_plans (&device->cudnn, conv,
      ALEXNET_WORKSPACE_SIZE, error);
  Candidates candidates = { steps, i, conv->n, plans, NULL };
  g_autofree char *json = NULL;
  guint best;

  if (!plans ||
      !alexnet_tune (device, key, plans->len, run_candidate, &candidates, &best,
          error))
    return NULL;
  json = alexnet_conv_plan_to_json (g_ptr_array_index (plans, best), error);
  if (!json)
    return NULL;
  alexnet_plan_cache_set (cache, key, json);
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
choose_conv (AlexnetWay *way, const AlexnetSteps *steps, guint i, guint n,
    AlexnetPlanCache *cache, GError **error)
{
  const AlexnetBuffers *b = steps->buffers;
  AlexnetConv conv = alexnet_op_get_conv (b->program, i, n, b->precision);
  g_autofree char *key = alexnet_conv_describe (&conv);

  way->conv = recall_conv (&b->device->cudnn, cache, key);
  if (!way->conv)
    way->conv = find_conv (steps, i, &conv, cache, key, error);
  return way->conv != NULL;
}

/* What the cache says, if there is such a choice. */
static gboolean
recall_linear (AlexnetLinear *linear, AlexnetPlanCache *cache, const char *key)
{
  const char *known = alexnet_plan_cache_get (cache, key);
  guint64 choice;

  if (!known ||
      !g_ascii_string_to_unsigned (known, 10, 0,
          alexnet_linear_n_choices (linear) - 1, &choice, NULL))
    return FALSE;
  alexnet_linear_choose (linear, (guint) choice);
  return TRUE;
}

static gboolean
choose_linear (AlexnetWay *way, const AlexnetSteps *steps, guint i, guint n,
    AlexnetPlanCache *cache, GError **error)
{
  const AlexnetBuffers *b = steps->buffers;
  const AlexnetOp *op = &b->program->ops[i];
  AlexnetLinearShape shape = { n, (guint) alexnet_shape_size (&op->in),
    op->out.channels, op->relu,
    alexnet_op_get_alignment (b->program, i, b->precision), b->precision };
  g_autofree char *key = alexnet_linear_describe (&shape);
  AlexnetLinear *linear = alexnet_linear_new (b->device, steps->kernels, &shape,
      &steps->weights[i], b->workspace, ALEXNET_WORKSPACE_SIZE, error);
  Candidates candidates = { steps, i, n, NULL, linear };
  char text[16];
  guint best;

  way->linear = linear;
  if (!linear)
    return FALSE;
  if (recall_linear (linear, cache, key))
    return TRUE;
  if (!alexnet_tune (b->device, key, alexnet_linear_n_choices (linear),
          run_candidate, &candidates, &best, error))
    return FALSE;
  alexnet_linear_choose (linear, best);
  g_snprintf (text, sizeof text, "%u", best);
  alexnet_plan_cache_set (cache, key, text);
  return TRUE;
}

gboolean
alexnet_way_choose (AlexnetWay *way, const AlexnetSteps *steps, guint i,
    guint n, AlexnetPlanCache *cache, GError **error)
{
  switch (steps->buffers->program->ops[i].kind) {
    case ALEXNET_OP_CONV:
      return choose_conv (way, steps, i, n, cache, error);
    case ALEXNET_OP_LINEAR:
      return choose_linear (way, steps, i, n, cache, error);
    default:
      return TRUE;
  }
}
