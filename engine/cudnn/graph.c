/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "graph.h"

#include <stdbool.h>
#include <string.h>

#include "descriptor.h"

enum { UID_X = 1, UID_WEIGHT, UID_BIAS, UID_Y, UID_SUM, UID_BIASED };

#define N_HEURISTICS 128

#define MAKE(type, attributes, error) \
  alexnet_desc_make (type, attributes, G_N_ELEMENTS (attributes), error)
#define LINK(name, descriptor)                            \
  {                                                       \
    name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &(descriptor) \
  }

/* How a graph and a plan are told their device: since 9.8 by a descriptor of
 * its properties, and the handle is deprecated there. */
#if CUDNN_VERSION >= 90800
#define HAVE_PROPERTIES 1
#define PLAN_DEVICE(cudnn) \
  LINK (CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, (cudnn)->properties)
#else
#define HAVE_PROPERTIES 0
#define PLAN_DEVICE(cudnn)                                                   \
  {                                                                          \
    CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &(cudnn)->handle \
  }
#endif

gboolean
alexnet_cudnn_open (AlexnetCudnn *cudnn, cudaStream_t stream, GError **error)
{
  if (!CUDNN (cudnnCreate (&cudnn->handle)) ||
      !CUDNN (cudnnSetStream (cudnn->handle, stream)))
    return FALSE;
#if HAVE_PROPERTIES
  const Attribute attributes[] = {
    { CUDNN_ATTR_DEVICEPROP_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle },
  };

  cudnn->properties = MAKE (CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, attributes,
      error);
  return cudnn->properties != NULL;
#else
  return TRUE;
#endif
}

gboolean
alexnet_cudnn_open_for (AlexnetCudnn *cudnn, const char *json, GError **error)
{
#if HAVE_PROPERTIES
  const Attribute attributes[] = {
    { CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
        (gint64) strlen (json) + 1, json },
  };

  cudnn->handle = NULL;
  cudnn->properties = MAKE (CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, attributes,
      error);
  return cudnn->properties != NULL;
#else
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "cuDNN %d.%d cannot plan for a device that is not there, 9.8 can",
      CUDNN_MAJOR, CUDNN_MINOR);
  return FALSE;
#endif
}

void
alexnet_cudnn_close (AlexnetCudnn *cudnn, GError **error)
{
  if (cudnn->properties)
    CUDNN (cudnnBackendDestroyDescriptor (cudnn->properties));
  if (cudnn->handle)
    CUDNN (cudnnDestroy (cudnn->handle));
}

static cudnnDataType_t
data_type (AlexnetPrecision precision)
{
  switch (precision) {
    case ALEXNET_PRECISION_FP16:
      return CUDNN_DATA_HALF;
    case ALEXNET_PRECISION_BF16:
      return CUDNN_DATA_BFLOAT16;
    default:
      return CUDNN_DATA_FLOAT;
  }
}

/* Everything that a graph is made of. Plans keep it alive: a GRcBox. */
typedef struct {
  Descriptor x, weight, bias, y, sum, biased;
  Descriptor convolution, add, relu;
  Descriptor conv_op, add_op, relu_op;
  Descriptor graph;
} Graph;

static void
graph_clear (gpointer data)
{
  Graph *graph = data;

  alexnet_desc_free (graph->graph);
  alexnet_desc_free (graph->relu_op);
  alexnet_desc_free (graph->add_op);
  alexnet_desc_free (graph->conv_op);
  alexnet_desc_free (graph->relu);
  alexnet_desc_free (graph->add);
  alexnet_desc_free (graph->convolution);
  alexnet_desc_free (graph->biased);
  alexnet_desc_free (graph->sum);
  alexnet_desc_free (graph->y);
  alexnet_desc_free (graph->bias);
  alexnet_desc_free (graph->weight);
  alexnet_desc_free (graph->x);
}

typedef struct {
  gint64 uid;
  gint64 dims[4]; /* N, C, H, W */
  cudnnDataType_t type;
  gint64 alignment;
} Tensor;

static Descriptor
tensor_new (const Tensor *t, GError **error)
{
  const gint64 *d = t->dims;
  const gint64 strides[] = { d[1] * d[2] * d[3], 1, d[1] * d[3], d[1] };
  const bool is_virtual = t->uid == UID_SUM || t->uid == UID_BIASED;
  const Attribute attributes[] = {
    { CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &t->uid },
    { CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &t->type },
    { CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, d },
    { CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides },
    { CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &t->alignment },
    { CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual },
  };

  return MAKE (CUDNN_BACKEND_TENSOR_DESCRIPTOR, attributes, error);
}

static gboolean
add_tensors (Graph *graph, const AlexnetConv *c, GError **error)
{
  cudnnDataType_t type = data_type (c->precision);
  gint64 h = (c->h + 2 * c->padding - c->kernel) / c->stride + 1;
  gint64 w = (c->w + 2 * c->padding - c->kernel) / c->stride + 1;
  const Tensor x = { UID_X, { c->n, c->c, c->h, c->w }, type, c->alignment };
  const Tensor weight = { UID_WEIGHT, { c->k, c->c, c->kernel, c->kernel },
    type, 16 };
  const Tensor bias = { UID_BIAS, { 1, c->k, 1, 1 }, type, 16 };
  const Tensor y = { UID_Y, { c->n, c->k, h, w }, type, 16 };
  const Tensor sum = { UID_SUM, { c->n, c->k, h, w }, CUDNN_DATA_FLOAT, 16 };
  const Tensor biased = { UID_BIASED, { c->n, c->k, h, w }, CUDNN_DATA_FLOAT,
    16 };

  return (graph->x = tensor_new (&x, error)) &&
      (graph->weight = tensor_new (&weight, error)) &&
      (graph->bias = tensor_new (&bias, error)) &&
      (graph->y = tensor_new (&y, error)) &&
      (graph->sum = tensor_new (&sum, error)) &&
      (!c->relu || (graph->biased = tensor_new (&biased, error)));
}

static Descriptor
convolution_new (const AlexnetConv *c, GError **error)
{
  const gint64 n_dims = 2, padding[] = { c->padding, c->padding };
  const gint64 strides[] = { c->stride, c->stride }, dilations[] = { 1, 1 };
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  /* A cudnnConvolutionMode_t, which cuDNN 9.0 calls deprecated. */
  const gint32 mode = CUDNN_CROSS_CORRELATION;
  const Attribute attributes[] = {
    { CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &n_dims },
    { CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute },
    { CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode },
    { CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, padding },
    { CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, padding },
    { CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, strides },
    { CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilations },
  };

  return MAKE (CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, attributes, error);
}

static Descriptor
conv_op_new (const Graph *graph, GError **error)
{
  const float alpha = 1.0f, beta = 0.0f;
  const Attribute attributes[] = {
    LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
        graph->convolution),
    LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, graph->x),
    LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, graph->weight),
    LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, graph->sum),
    { CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1,
        &alpha },
    { CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1,
        &beta },
  };

  return MAKE (CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
      attributes, error);
}

static Descriptor
pointwise_new (cudnnPointwiseMode_t mode, GError **error)
{
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  const Attribute attributes[] = {
    { CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode },
    { CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &compute },
  };

  return MAKE (CUDNN_BACKEND_POINTWISE_DESCRIPTOR, attributes, error);
}

static Descriptor
add_op_new (const Graph *graph, Descriptor y, GError **error)
{
  const Attribute attributes[] = {
    LINK (CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, graph->add),
    LINK (CUDNN_ATTR_OPERATION_POINTWISE_XDESC, graph->sum),
    LINK (CUDNN_ATTR_OPERATION_POINTWISE_BDESC, graph->bias),
    LINK (CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y),
  };

  return MAKE (CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, attributes, error);
}

static Descriptor
relu_op_new (const Graph *graph, GError **error)
{
  const Attribute attributes[] = {
    LINK (CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, graph->relu),
    LINK (CUDNN_ATTR_OPERATION_POINTWISE_XDESC, graph->biased),
    LINK (CUDNN_ATTR_OPERATION_POINTWISE_YDESC, graph->y),
  };

  return MAKE (CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, attributes, error);
}

static gboolean
add_ops (Graph *graph, const AlexnetConv *conv, GError **error)
{
  Descriptor biased = conv->relu ? graph->biased : graph->y;

  return (graph->convolution = convolution_new (conv, error)) &&
      (graph->conv_op = conv_op_new (graph, error)) &&
      (graph->add = pointwise_new (CUDNN_POINTWISE_ADD, error)) &&
      (graph->add_op = add_op_new (graph, biased, error)) &&
      (!conv->relu ||
          ((graph->relu = pointwise_new (CUDNN_POINTWISE_RELU_FWD, error)) &&
              (graph->relu_op = relu_op_new (graph, error))));
}

static Descriptor
operation_graph_new (const AlexnetCudnn *cudnn, const Graph *graph,
    GError **error)
{
  const Descriptor ops[] = { graph->conv_op, graph->add_op, graph->relu_op };
  const Attribute attributes[] = {
    { CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
        graph->relu_op ? 3 : 2, ops },
#if !HAVE_PROPERTIES
    { CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle },
#endif
  };

  return MAKE (CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, attributes, error);
}

static Graph *
graph_new (const AlexnetCudnn *cudnn, const AlexnetConv *conv, GError **error)
{
  Graph *graph = g_rc_box_new0 (Graph);

  if (add_tensors (graph, conv, error) && add_ops (graph, conv, error) &&
      (graph->graph = operation_graph_new (cudnn, graph, error)))
    return graph;
  g_rc_box_release_full (graph, graph_clear);
  return NULL;
}

struct _AlexnetConvPlan {
  Descriptor plan;
  Descriptor config; /* NULL: from JSON */
  Graph *graph;      /* NULL: from JSON */
  gsize workspace;
};

void
alexnet_conv_plan_free (AlexnetConvPlan *plan)
{
  if (!plan)
    return;
  alexnet_desc_free (plan->plan);
  alexnet_desc_free (plan->config);
  if (plan->graph)
    g_rc_box_release_full (plan->graph, graph_clear);
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
plan_from_config (const AlexnetCudnn *cudnn, Graph *graph, Descriptor config,
    GError **error)
{
  const Attribute attributes[] = {
    LINK (CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config),
    PLAN_DEVICE (cudnn),
  };
  Descriptor d = MAKE (CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, attributes,
      error);
  AlexnetConvPlan *plan = d ? plan_new (d, error) : NULL;

  if (plan) {
    plan->config = config;
    plan->graph = g_rc_box_acquire (graph);
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
add_configs (const AlexnetCudnn *cudnn, const Graph *graph,
    cudnnBackendHeurMode_t mode, GPtrArray *configs, GError **error)
{
  const Attribute attributes[] = {
    LINK (CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph->graph),
    { CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode },
#if HAVE_PROPERTIES
    LINK (CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, cudnn->properties),
#endif
  };
  g_autoptr (GError) reason = NULL;
  Descriptor d = MAKE (CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, attributes,
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

/* Takes `config` and appends its plan, unless that is refused or wants too
 * much. Those that are to be compiled first are refused in more ways. */
static gboolean
add_plan (const AlexnetCudnn *cudnn, Graph *graph, Descriptor config,
    gboolean compiled, gsize limit, GPtrArray *plans, GError **error)
{
  g_autoptr (GError) reason = NULL;
  AlexnetConvPlan *plan = plan_from_config (cudnn, graph, config, &reason);

  if (plan && plan->workspace <= limit) {
    g_ptr_array_add (plans, plan);
    return TRUE;
  }
  alexnet_conv_plan_free (plan);
  if (!reason || is_refusal (reason) || !compiled)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* Builds the plans of those configurations that are compiled already, or of
 * those that are not. */
static gboolean
add_plans (const AlexnetCudnn *cudnn, const AlexnetConv *conv, Graph *graph,
    GPtrArray *configs, gboolean compiled, gsize limit, GPtrArray *plans,
    GError **error)
{
  const guint compiling = 1u << CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION;

  for (guint i = 0; i < configs->len; i++) {
    Descriptor config = g_ptr_array_index (configs, i);
    Notes notes;

    if (!config)
      continue;
    if (!get_notes (config, &notes, error))
      return FALSE;
    if (compiled != !(notes.behavior & compiling) ||
        !keeps_precision (&notes, conv->precision))
      continue;
    configs->pdata[i] = NULL;
    if (!add_plan (cudnn, graph, config, compiled, limit, plans, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
find_plans (const AlexnetCudnn *cudnn, const AlexnetConv *conv, Graph *graph,
    gsize limit, GPtrArray *plans, GError **error)
{
  GPtrArray *configs = g_ptr_array_new_with_free_func (alexnet_desc_free);
  gboolean ok = add_configs (cudnn, graph, CUDNN_HEUR_MODE_A, configs, error) &&
      add_configs (cudnn, graph, CUDNN_HEUR_MODE_FALLBACK, configs, error) &&
      add_plans (cudnn, conv, graph, configs, TRUE, limit, plans, error) &&
      (plans->len > 0 ||
          add_plans (cudnn, conv, graph, configs, FALSE, limit, plans, error));

  g_ptr_array_unref (configs);
  return ok;
}

GPtrArray *
alexnet_conv_plans (const AlexnetCudnn *cudnn, const AlexnetConv *conv,
    gsize workspace, GError **error)
{
  GDestroyNotify free_plan = (GDestroyNotify) alexnet_conv_plan_free;
  g_autoptr (GPtrArray) plans = g_ptr_array_new_with_free_func (free_plan);
  g_autofree char *name = alexnet_conv_describe (conv);
  Graph *graph = graph_new (cudnn, conv, error);
  gboolean ok;

  if (!graph)
    return NULL;
  ok = find_plans (cudnn, conv, graph, workspace, plans, error);
  g_rc_box_release_full (graph, graph_clear);
  if (!ok)
    return NULL;
  if (plans->len > 0)
    return g_steal_pointer (&plans);

  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "cuDNN has no plan for %s", name);
  return NULL;
}

char *
alexnet_conv_describe (const AlexnetConv *c)
{
  return g_strdup_printf ("conv %ux%ux%ux%u by %ux%ux%ux%u stride %u padding "
                          "%u bias%s %s aligned %u",
      c->n, c->c, c->h, c->w, c->k, c->c, c->kernel, c->kernel, c->stride,
      c->padding, c->relu ? " relu" : "", alexnet_precision_name (c->precision),
      c->alignment);
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
  Descriptor d = MAKE (CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, attributes,
      error);

  return d ? plan_new (d, error) : NULL;
}

/* An AlexnetConvPack is cuDNN's descriptor itself. */

AlexnetConvPack *
alexnet_conv_pack_new (const void *x, const void *weight, const void *bias,
    void *y, void *workspace, GError **error)
{
  const gint64 uids[] = { UID_X, UID_WEIGHT, UID_BIAS, UID_Y };
  const void *pointers[] = { x, weight, bias, y };
  const Attribute attributes[] = {
    { CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, G_N_ELEMENTS (uids),
        uids },
    { CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
        G_N_ELEMENTS (pointers), pointers },
    { CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace },
  };

  return (AlexnetConvPack *) MAKE (CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR,
      attributes, error);
}

void
alexnet_conv_pack_free (AlexnetConvPack *pack)
{
  alexnet_desc_free ((Descriptor) pack);
}

gboolean
alexnet_conv_run (const AlexnetCudnn *cudnn, const AlexnetConvPlan *plan,
    const AlexnetConvPack *pack, GError **error)
{
  return CUDNN (cudnnBackendExecute (cudnn->handle, plan->plan,
      (Descriptor) (gpointer) pack));
}
