/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan.h"

#include <string.h>

#include "descriptor.h"
#include "error.h"
#include "graph.h"

#define N_HEURISTICS 128

/* How a plan is told its device. */
#if ALEXNET_CUDNN_HAS_PROPERTIES
#define PLAN_DEVICE(cudnn) \
  DESC_LINK (CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, (cudnn)->properties)
#else
#define PLAN_DEVICE(cudnn)                                                   \
  {                                                                          \
    CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &(cudnn)->handle \
  }
#endif

struct _AlexnetConvPlan {
  Descriptor plan;
  Descriptor config;       /* NULL: from JSON */
  AlexnetConvGraph *graph; /* NULL: from JSON */
  gsize workspace;
};

void
alexnet_conv_plan_free (AlexnetConvPlan *plan)
{
  if (!plan)
    return;
  alexnet_desc_free (plan->plan);
  alexnet_desc_free (plan->config);
  alexnet_conv_graph_unref (plan->graph);
  g_free (plan);
}

gsize
alexnet_conv_plan_workspace (const AlexnetConvPlan *plan)
{
  return plan->workspace;
}

/* Takes `descriptor`, which has been finished. */
static AlexnetConvPlan *
plan_new (Descriptor descriptor, GError **error)
{
  AlexnetConvPlan *plan = g_new0 (AlexnetConvPlan, 1);
  gint64 workspace = 0;

  plan->plan = descriptor;
  if (alexnet_desc_get (descriptor, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
          CUDNN_TYPE_INT64, 1, &workspace, error) == 1) {
    plan->workspace = (gsize) workspace;
    return plan;
  }
  alexnet_conv_plan_free (plan);
  return NULL;
}

/* "This engine cannot": no failure, others may. */
static gboolean
is_refusal (const GError *error)
{
  return g_error_matches (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
}

/* Takes `config`. */
static AlexnetConvPlan *
plan_from_config (const AlexnetCudnn *cudnn, AlexnetConvGraph *graph,
    Descriptor config, GError **error)
{
  const Attribute attributes[] = {
    DESC_LINK (CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config),
    PLAN_DEVICE (cudnn),
  };
  Descriptor d = DESC_MAKE (CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, attributes,
      error);
  AlexnetConvPlan *plan = d ? plan_new (d, error) : NULL;

  if (plan) {
    plan->config = config;
    plan->graph = alexnet_conv_graph_ref (graph);
  } else {
    alexnet_desc_free (config);
  }
  return plan;
}

typedef struct {
  guint numerical, behavior; /* bit 1 << note */
} Notes;

static gboolean
get_notes (Descriptor config, Notes *notes, GError **error)
{
  cudnnBackendNumericalNote_t numerical[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  cudnnBackendBehaviorNote_t behavior[CUDNN_BEHAVIOR_NOTE_TYPE_COUNT];
  Descriptor engine = alexnet_desc_begin (CUDNN_BACKEND_ENGINE_DESCRIPTOR, NULL,
      0, error);
  gint64 n_numerical = -1, n_behavior = -1;

  *notes = (Notes){ 0 };
  if (engine &&
      alexnet_desc_get (config, CUDNN_ATTR_ENGINECFG_ENGINE,
          CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &engine, error) == 1) {
    n_numerical = alexnet_desc_get (engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
        CUDNN_TYPE_NUMERICAL_NOTE, G_N_ELEMENTS (numerical), numerical, error);
    n_behavior = alexnet_desc_get (engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE,
        CUDNN_TYPE_BEHAVIOR_NOTE, G_N_ELEMENTS (behavior), behavior, error);
  }
  for (gint64 i = 0; i < n_numerical; i++)
    notes->numerical |= 1u << numerical[i];
  for (gint64 i = 0; i < n_behavior; i++)
    notes->behavior |= 1u << behavior[i];
  alexnet_desc_free (engine);
  return n_numerical >= 0 && n_behavior >= 0;
}

static gboolean
keeps_precision (const Notes *notes, AlexnetPrecision precision)
{
  guint refused = 1u << CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC |
      1u << CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION |
      1u << CUDNN_NUMERICAL_NOTE_FFT | 1u << CUDNN_NUMERICAL_NOTE_WINOGRAD |
      1u << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4 |
      1u << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6 |
      1u << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13;

  if (precision == ALEXNET_PRECISION_FP32)
    refused |= 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE |
        1u << CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
  return !(notes->numerical & refused);
}

/* Moves what `heuristics` found into `configs`. */
static gboolean
take_configs (Descriptor heuristics, GPtrArray *configs, GError **error)
{
  Descriptor found[N_HEURISTICS] = { NULL };
  gboolean ok = TRUE;
  gint64 n = 0;

  for (guint i = 0; ok && i < N_HEURISTICS; i++)
    ok = (found[i] = alexnet_desc_begin (CUDNN_BACKEND_ENGINECFG_DESCRIPTOR,
              NULL, 0, error)) != NULL;
  if (ok)
    n = alexnet_desc_get (heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
        CUDNN_TYPE_BACKEND_DESCRIPTOR, N_HEURISTICS, found, error);
  for (gint64 i = 0; i < N_HEURISTICS; i++)
    if (i < n)
      g_ptr_array_add (configs, found[i]);
    else
      alexnet_desc_free (found[i]);
  return ok && n >= 0;
}

/* Appends the configurations of one of cuDNN's lists. An empty one is no
 * failure. */
static gboolean
add_configs (const AlexnetCudnn *cudnn, const AlexnetConvGraph *graph,
    cudnnBackendHeurMode_t mode, GPtrArray *configs, GError **error)
{
  const Descriptor operations = alexnet_conv_graph_get_descriptor (graph);
  const Attribute attributes[] = {
    DESC_LINK (CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, operations),
    { CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode },
#if ALEXNET_CUDNN_HAS_PROPERTIES
    DESC_LINK (CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, cudnn->properties),
#endif
  };
  g_autoptr (GError) reason = NULL;
  Descriptor d = DESC_MAKE (CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, attributes,
      &reason);
  gboolean ok;

  if (is_refusal (reason))
    return TRUE;
  if (!d) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
  ok = take_configs (d, configs, error);
  alexnet_desc_free (d);
  return ok;
}

/* Takes `config` and appends its plan, unless there is none or that wants too
 * much, which is no error. */
static void
add_plan (const AlexnetCudnn *cudnn, AlexnetConvGraph *graph, Descriptor config,
    gsize limit, GPtrArray *plans, GError **error)
{
  AlexnetConvPlan *plan = plan_from_config (cudnn, graph, config, error);

  if (plan && plan->workspace <= limit)
    g_ptr_array_add (plans, plan);
  else
    alexnet_conv_plan_free (plan);
}

/* Takes `reason`, for which there is no plan of one configuration. The first
 * that is more than a refusal is kept, where it can be. */
static void
pass_over (GError *reason, GError **failure)
{
  if (!is_refusal (reason)) {
    g_info ("a plan is passed over: %s", reason->message);
    if (failure && !*failure)
      *failure = g_error_copy (reason);
  }
  g_error_free (reason);
}

/* Builds the plans of those configurations that are compiled already, or of
 * those that are not. */
static void
add_plans (const AlexnetCudnn *cudnn, const AlexnetConv *conv,
    AlexnetConvGraph *graph, GPtrArray *configs, gboolean compiled, gsize limit,
    GPtrArray *plans, GError **failure)
{
  const guint compiling = 1u << CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION;

  for (guint i = 0; i < configs->len; i++) {
    Descriptor config = g_ptr_array_index (configs, i);
    GError *reason = NULL;
    Notes notes;

    if (config && get_notes (config, &notes, &reason) &&
        compiled == !(notes.behavior & compiling) &&
        keeps_precision (&notes, conv->precision)) {
      configs->pdata[i] = NULL;
      add_plan (cudnn, graph, config, limit, plans, &reason);
    }
    if (reason)
      pass_over (reason, failure);
  }
}

/* None is a failure only when there would be one but for that. */
static gboolean
add_compiled_plans (const AlexnetCudnn *cudnn, const AlexnetConv *conv,
    AlexnetConvGraph *graph, GPtrArray *configs, gsize limit, GPtrArray *plans,
    GError **error)
{
  g_autoptr (GError) failure = NULL;

  add_plans (cudnn, conv, graph, configs, TRUE, limit, plans, &failure);
  if (plans->len > 0 || !failure)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Those that are to be compiled first are refused in many ways. */
static gboolean
find_plans (const AlexnetCudnn *cudnn, const AlexnetConv *conv,
    AlexnetConvGraph *graph, gsize limit, GPtrArray *plans, GError **error)
{
  GPtrArray *configs = g_ptr_array_new_with_free_func (alexnet_desc_free);
  gboolean ok = add_configs (cudnn, graph, CUDNN_HEUR_MODE_A, configs, error) &&
      add_configs (cudnn, graph, CUDNN_HEUR_MODE_FALLBACK, configs, error) &&
      add_compiled_plans (cudnn, conv, graph, configs, limit, plans, error);

  if (ok && plans->len == 0)
    add_plans (cudnn, conv, graph, configs, FALSE, limit, plans, NULL);
  g_ptr_array_unref (configs);
  return ok;
}

static GPtrArray *
plans_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)
          alexnet_conv_plan_free);
}

GPtrArray *
alexnet_conv_plans (const AlexnetCudnn *cudnn, const AlexnetConv *conv,
    gsize workspace, GError **error)
{
  g_autoptr (GPtrArray) plans = plans_new ();
  g_autofree char *name = alexnet_conv_describe (conv);
  AlexnetConvGraph *graph = alexnet_conv_graph_new (cudnn, conv, error);
  gboolean ok;

  if (!graph)
    return NULL;
  ok = find_plans (cudnn, conv, graph, workspace, plans, error);
  alexnet_conv_graph_unref (graph);
  if (!ok)
    return NULL;
  if (plans->len > 0)
    return g_steal_pointer (&plans);

  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "cuDNN has no plan for %s", name);
  return NULL;
}

gboolean
alexnet_conv_is_listed (const AlexnetCudnn *cudnn, const AlexnetConv *conv,
    gboolean *listed, GError **error)
{
  g_autoptr (GPtrArray) plans = plans_new ();
  GPtrArray *configs = g_ptr_array_new_with_free_func (alexnet_desc_free);
  AlexnetConvGraph *graph = alexnet_conv_graph_new (cudnn, conv, error);
  gboolean ok = graph &&
      add_configs (cudnn, graph, CUDNN_HEUR_MODE_A, configs, error) &&
      add_compiled_plans (cudnn, conv, graph, configs, G_MAXSIZE, plans, error);

  *listed = plans->len > 0;
  g_ptr_array_unref (configs);
  alexnet_conv_graph_unref (graph);
  return ok;
}

char *
alexnet_conv_plan_to_json (const AlexnetConvPlan *plan, GError **error)
{
  gint64 size = alexnet_desc_get (plan->plan,
      CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, 0, NULL,
      error);
  g_autofree char *json = NULL;

  if (size < 0)
    return NULL;
  json = g_malloc0 ((gsize) size + 1);
  if (alexnet_desc_get (plan->plan,
          CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, size,
          json, error) < 0)
    return NULL;
  return g_steal_pointer (&json);
}

AlexnetConvPlan *
alexnet_conv_plan_from_json (const AlexnetCudnn *cudnn, const char *json,
    GError **error)
{
  const Attribute attributes[] = {
    PLAN_DEVICE (cudnn),
    { CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
        (gint64) strlen (json) + 1, json },
  };
  Descriptor d = DESC_MAKE (CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, attributes,
      error);

  return d ? plan_new (d, error) : NULL;
}

gboolean
alexnet_conv_run (const AlexnetCudnn *cudnn, const AlexnetConvPlan *plan,
    const AlexnetConvPack *pack, GError **error)
{
  return CUDNN (cudnnBackendExecute (cudnn->handle, plan->plan,
      (Descriptor) (gpointer) pack));
}
