/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A descriptor is a list of attributes, checked against a table when they are
 * set and when it is finalised. What it means is worked out once, when an
 * operation graph is finalised, and travels on by value. */

#include "cudnn-graph.h"

#include <string.h>

struct cudnnContext {
  cudaStream_t stream;
  int context;
};

/* What a descriptor can hold, and whether it must. */
typedef struct {
  cudnnBackendDescriptorType_t descriptor;
  cudnnBackendAttributeName_t name;
  cudnnBackendAttributeType_t type;
  gint64 min, max; /* how many values */
  gboolean required;
} Rule;

#define DESCRIPTOR(x) CUDNN_BACKEND_##x##_DESCRIPTOR
#define TENSOR(x) DESCRIPTOR (TENSOR), CUDNN_ATTR_TENSOR_##x
#define CONVOLUTION(x) DESCRIPTOR (CONVOLUTION), CUDNN_ATTR_CONVOLUTION_##x
#define CONV_OP(x)                            \
  DESCRIPTOR (OPERATION_CONVOLUTION_FORWARD), \
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_##x
#define POINTWISE(x) DESCRIPTOR (POINTWISE), CUDNN_ATTR_POINTWISE_##x
#define POINTWISE_OP(x) \
  DESCRIPTOR (OPERATION_POINTWISE), CUDNN_ATTR_OPERATION_POINTWISE_##x
#define GRAPH(x) DESCRIPTOR (OPERATIONGRAPH), CUDNN_ATTR_OPERATIONGRAPH_##x
#define HEURISTICS(x) DESCRIPTOR (ENGINEHEUR), CUDNN_ATTR_ENGINEHEUR_##x
#define PLAN(x) DESCRIPTOR (EXECUTION_PLAN), CUDNN_ATTR_EXECUTION_PLAN_##x
#define PACK(x) DESCRIPTOR (VARIANT_PACK), CUDNN_ATTR_VARIANT_PACK_##x
#define PROPERTIES(x) DESCRIPTOR (DEVICEPROP), CUDNN_ATTR_DEVICEPROP_##x
#define TYPE(x) CUDNN_TYPE_##x

static const Rule rules[] = {
  { TENSOR (UNIQUE_ID), TYPE (INT64), 1, 1, TRUE },
  { TENSOR (DATA_TYPE), TYPE (DATA_TYPE), 1, 1, TRUE },
  { TENSOR (DIMENSIONS), TYPE (INT64), 4, 4, TRUE },
  { TENSOR (STRIDES), TYPE (INT64), 4, 4, TRUE },
  { TENSOR (BYTE_ALIGNMENT), TYPE (INT64), 1, 1, TRUE },
  { TENSOR (IS_VIRTUAL), TYPE (BOOLEAN), 1, 1, FALSE },
  { CONVOLUTION (SPATIAL_DIMS), TYPE (INT64), 1, 1, TRUE },
  { CONVOLUTION (COMP_TYPE), TYPE (DATA_TYPE), 1, 1, TRUE },
  { CONVOLUTION (CONV_MODE), TYPE (CONVOLUTION_MODE), 1, 1, TRUE },
  { CONVOLUTION (PRE_PADDINGS), TYPE (INT64), 2, 2, TRUE },
  { CONVOLUTION (POST_PADDINGS), TYPE (INT64), 2, 2, TRUE },
  { CONVOLUTION (FILTER_STRIDES), TYPE (INT64), 2, 2, TRUE },
  { CONVOLUTION (DILATIONS), TYPE (INT64), 2, 2, TRUE },
  { CONV_OP (CONV_DESC), TYPE (BACKEND_DESCRIPTOR), 1, 1, TRUE },
  { CONV_OP (X), TYPE (BACKEND_DESCRIPTOR), 1, 1, TRUE },
  { CONV_OP (W), TYPE (BACKEND_DESCRIPTOR), 1, 1, TRUE },
  { CONV_OP (Y), TYPE (BACKEND_DESCRIPTOR), 1, 1, TRUE },
  { CONV_OP (ALPHA), TYPE (FLOAT), 1, 1, TRUE },
  { CONV_OP (BETA), TYPE (FLOAT), 1, 1, TRUE },
  { POINTWISE (MODE), TYPE (POINTWISE_MODE), 1, 1, TRUE },
  { POINTWISE (MATH_PREC), TYPE (DATA_TYPE), 1, 1, TRUE },
  { POINTWISE_OP (PW_DESCRIPTOR), TYPE (BACKEND_DESCRIPTOR), 1, 1, TRUE },
  { POINTWISE_OP (XDESC), TYPE (BACKEND_DESCRIPTOR), 1, 1, TRUE },
  { POINTWISE_OP (BDESC), TYPE (BACKEND_DESCRIPTOR), 1, 1, FALSE },
  { POINTWISE_OP (YDESC), TYPE (BACKEND_DESCRIPTOR), 1, 1, TRUE },
  { GRAPH (OPS), TYPE (BACKEND_DESCRIPTOR), 1, SOFT_MAX_OPS, TRUE },
  { GRAPH (HANDLE), TYPE (HANDLE), 1, 1, FALSE },
  { HEURISTICS (OPERATION_GRAPH), TYPE (BACKEND_DESCRIPTOR), 1, 1, TRUE },
  { HEURISTICS (MODE), TYPE (HEUR_MODE), 1, 1, TRUE },
  { HEURISTICS (DEVICEPROP), TYPE (BACKEND_DESCRIPTOR), 1, 1, FALSE },
  { PLAN (ENGINE_CONFIG), TYPE (BACKEND_DESCRIPTOR), 1, 1, FALSE },
  { PLAN (JSON_REPRESENTATION), TYPE (CHAR), 1, G_MAXINT, FALSE },
  { PLAN (HANDLE), TYPE (HANDLE), 1, 1, FALSE },
  { PLAN (DEVICEPROP), TYPE (BACKEND_DESCRIPTOR), 1, 1, FALSE },
  { PACK (UNIQUE_IDS), TYPE (INT64), 1, SOFT_MAX_TENSORS, TRUE },
  { PACK (DATA_POINTERS), TYPE (VOID_PTR), 1, SOFT_MAX_TENSORS, TRUE },
  { PACK (WORKSPACE), TYPE (VOID_PTR), 1, 1, FALSE },
  { PROPERTIES (HANDLE), TYPE (HANDLE), 1, 1, TRUE },
};

const char *
cudnnGetErrorString (cudnnStatus_t status)
{
#define CASE(name) \
  case name:       \
    return #name;
  switch (status) {
    CASE (CUDNN_STATUS_SUCCESS)
    CASE (CUDNN_STATUS_BAD_PARAM)
    CASE (CUDNN_STATUS_BAD_PARAM_NULL_POINTER)
    CASE (CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED)
    CASE (CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE)
    CASE (CUDNN_STATUS_NOT_SUPPORTED)
    CASE (CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN)
    CASE (CUDNN_STATUS_INTERNAL_ERROR)
    CASE (CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED)
    CASE (CUDNN_STATUS_EXECUTION_FAILED)
    CASE (CUDNN_STATUS_EXECUTION_FAILED_CUDART)
    default:
      return "CUDNN_UNKNOWN_STATUS";
  }
#undef CASE
}

void
cudnnGetLastErrorString (char *message, gsize size)
{
  if (size > 0)
    message[0] = '\0';
}

gsize
cudnnGetVersion (void)
{
  return soft_device ()->cudnn_version;
}

static gsize
value_size (cudnnBackendAttributeType_t type)
{
  switch (type) {
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR:
      return 1;
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
      return 8;
    default:
      return 4;
  }
}

static SoftDescriptor *
descriptor_ref (SoftDescriptor *d)
{
  d->n_refs++;
  return d;
}

static void descriptor_unref (SoftDescriptor *d);

static void
attribute_clear (SoftAttribute *a)
{
  SoftDescriptor **children = a->values;

  if (a->type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
    for (gint64 i = 0; i < a->n; i++)
      descriptor_unref (children[i]);
  g_free (a->values);
}

static void
descriptor_unref (SoftDescriptor *d)
{
  if (--d->n_refs > 0)
    return;
  for (guint i = 0; i < d->n_attributes; i++)
    attribute_clear (&d->attributes[i]);
  g_free (d);
}

const SoftAttribute *
soft_attribute_find (const SoftDescriptor *d, cudnnBackendAttributeName_t name)
{
  for (guint i = 0; i < d->n_attributes; i++)
    if (d->attributes[i].name == name)
      return &d->attributes[i];
  return NULL;
}

const void *
soft_attribute_values (const SoftDescriptor *d,
    cudnnBackendAttributeName_t name)
{
  const SoftAttribute *a = soft_attribute_find (d, name);

  return a ? a->values : NULL;
}

const SoftDescriptor *
soft_attribute_child (const SoftDescriptor *d, cudnnBackendAttributeName_t name)
{
  SoftDescriptor *const *children = soft_attribute_values (d, name);

  return children ? children[0] : NULL;
}

gint64
soft_attribute_integer (const SoftDescriptor *d,
    cudnnBackendAttributeName_t name)
{
  const gint64 *values = soft_attribute_values (d, name);

  return *values;
}

int
soft_attribute_enum (const SoftDescriptor *d, cudnnBackendAttributeName_t name)
{
  const int *values = soft_attribute_values (d, name);

  return *values;
}

cudnnStatus_t
cudnnCreate (cudnnHandle_t *handle)
{
  cudnnStatus_t status = soft_enter ("cudnnCreate", SOFT_CUDNN, SOFT_UNSAFE);

  if (!status) {
    *handle = g_new0 (struct cudnnContext, 1);
    (*handle)->context = soft_current_context ();
    soft_count (SOFT_LIVE_CUDNN_HANDLES, 1);
  }
  return soft_leave (SOFT_CUDNN, status);
}

cudnnStatus_t
cudnnDestroy (cudnnHandle_t handle)
{
  cudnnStatus_t status = soft_enter ("cudnnDestroy", SOFT_CUDNN, 0);

  g_free (handle);
  soft_count (SOFT_LIVE_CUDNN_HANDLES, -1);
  return soft_leave (SOFT_CUDNN, status);
}

cudnnStatus_t
cudnnSetStream (cudnnHandle_t handle, cudaStream_t stream)
{
  cudnnStatus_t status = soft_enter ("cudnnSetStream", SOFT_CUDNN, 0);

  if (!status)
    handle->stream = stream;
  return soft_leave (SOFT_CUDNN, status);
}

cudnnStatus_t
cudnnBackendCreateDescriptor (cudnnBackendDescriptorType_t type,
    cudnnBackendDescriptor_t *descriptor)
{
  cudnnStatus_t status = soft_enter ("cudnnBackendCreateDescriptor", SOFT_CUDNN,
      SOFT_HOST_ONLY);

  if (!status) {
    SoftDescriptor *d = g_new0 (SoftDescriptor, 1);

    d->n_refs = 1;
    d->type = type;
    *descriptor = d;
    soft_count (SOFT_LIVE_CUDNN_DESCRIPTORS, 1);
  }
  return soft_leave (SOFT_CUDNN, status);
}

cudnnStatus_t
cudnnBackendDestroyDescriptor (cudnnBackendDescriptor_t descriptor)
{
  cudnnStatus_t status = soft_enter ("cudnnBackendDestroyDescriptor",
      SOFT_CUDNN, SOFT_HOST_ONLY);

  if (!descriptor)
    soft_finding ("no descriptor is destroyed");
  descriptor_unref (descriptor);
  soft_count (SOFT_LIVE_CUDNN_DESCRIPTORS, -1);
  return soft_leave (SOFT_CUDNN, status);
}

static const Rule *
find_rule (const SoftDescriptor *d, cudnnBackendAttributeName_t name)
{
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (rules[i].descriptor == d->type && rules[i].name == name)
      return &rules[i];
  return NULL;
}

static cudnnStatus_t
set_attribute (SoftDescriptor *d, cudnnBackendAttributeName_t name,
    cudnnBackendAttributeType_t type, gint64 n, const void *values)
{
  const Rule *rule = d ? find_rule (d, name) : NULL;
  SoftAttribute *a;

  if (!d || !values)
    return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
  if (!rule || d->finalized || soft_attribute_find (d, name))
    return CUDNN_STATUS_NOT_SUPPORTED;
  if (rule->type != type || n < rule->min || n > rule->max)
    return CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE;
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
    for (gint64 i = 0; i < n; i++) {
      SoftDescriptor *child = ((SoftDescriptor *const *) values)[i];

      if (!child || !child->finalized)
        return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
      descriptor_ref (child);
    }
  a = &d->attributes[d->n_attributes++];
  a->name = name;
  a->type = type;
  a->n = n;
  a->values = g_memdup2 (values, n * value_size (type));
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnBackendSetAttribute (cudnnBackendDescriptor_t descriptor,
    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
    gint64 n, const void *values)
{
  cudnnStatus_t status = soft_enter ("cudnnBackendSetAttribute", SOFT_CUDNN,
      SOFT_HOST_ONLY);

  if (!status)
    status = set_attribute (descriptor, name, type, n, values);
  return soft_leave (SOFT_CUDNN, status);
}

static cudnnStatus_t
finalize_heuristics (SoftDescriptor *d)
{
  d->graph = soft_attribute_child (d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)
                 ->graph;
  return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t
finalize_plan (SoftDescriptor *d)
{
  const SoftDescriptor *config = soft_attribute_child (d,
      CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
  const SoftAttribute *json = soft_attribute_find (d,
      CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION);

  if (!soft_attribute_find (d, CUDNN_ATTR_EXECUTION_PLAN_HANDLE) &&
      !soft_attribute_find (d, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP))
    return CUDNN_STATUS_BAD_PARAM;
  if (!config == !json)
    return CUDNN_STATUS_BAD_PARAM;
  if (config) {
    d->graph = config->graph;
    d->engine = config->engine;
  } else {
    g_autofree char *text = g_strndup (json->values, json->n);

    if (!soft_plan_from_json (d, text))
      return CUDNN_STATUS_BAD_PARAM;
  }
  return soft_engine_find (d->engine)->build_status;
}

static cudnnStatus_t
finalize (SoftDescriptor *d)
{
  if (!d)
    return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (rules[i].descriptor == d->type && rules[i].required &&
        !soft_attribute_find (d, rules[i].name))
      return CUDNN_STATUS_BAD_PARAM;
  switch (d->type) {
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
      return soft_graph_read (d);
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
      return finalize_heuristics (d);
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
      return finalize_plan (d);
    default:
      return CUDNN_STATUS_SUCCESS;
  }
}

cudnnStatus_t
cudnnBackendFinalize (cudnnBackendDescriptor_t descriptor)
{
  SoftDescriptor *d = descriptor;
  cudnnStatus_t status = soft_enter ("cudnnBackendFinalize", SOFT_CUDNN, 0);

  if (!status)
    status = finalize (d);
  if (!status)
    d->finalized = TRUE;
  return soft_leave (SOFT_CUDNN, status);
}

/* Fills configurations that the caller made. */
static cudnnStatus_t
get_results (const SoftDescriptor *d, gint64 n, gint64 *found,
    SoftDescriptor **values)
{
  guint ids[SOFT_MAX_ENGINES];
  gint64 n_ids = soft_engines_list (&d->graph,
      soft_attribute_enum (d, CUDNN_ATTR_ENGINEHEUR_MODE), ids);

  *found = n > 0 ? MIN (n, n_ids) : n_ids;
  for (gint64 i = 0; i < *found && n > 0; i++) {
    if (values[i]->type != CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)
      return CUDNN_STATUS_BAD_PARAM;
    values[i]->graph = d->graph;
    values[i]->engine = ids[i];
    values[i]->finalized = TRUE;
  }
  return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t
get_notes (guint notes, gint64 n, gint64 *found, int *values)
{
  *found = 0;
  for (guint bit = 0; bit < 32; bit++)
    if (notes & 1u << bit && *found < n)
      values[(*found)++] = bit;
  return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t
get_json (const SoftDescriptor *d, gint64 n, gint64 *found, char *values)
{
  g_autofree char *json = soft_plan_to_json (d);

  *found = strlen (json) + 1;
  if (n > 0)
    memcpy (values, json, MIN (n, *found));
  return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t
get_attribute (const SoftDescriptor *d, cudnnBackendAttributeName_t name,
    gint64 n, gint64 *found, void *values)
{
  const SoftEngine *engine = d ? soft_engine_find (d->engine) : NULL;
  SoftDescriptor *const *children = values;

  if (!d || !found)
    return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
  if (!d->finalized)
    return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
  switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS:
      return get_results (d, n, found, values);
    case CUDNN_ATTR_ENGINECFG_ENGINE:
      if (n < 1 || children[0]->type != CUDNN_BACKEND_ENGINE_DESCRIPTOR)
        return CUDNN_STATUS_BAD_PARAM;
      children[0]->engine = d->engine;
      children[0]->finalized = TRUE;
      *found = 1;
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
      return get_notes (engine->numerical, n, found, values);
    case CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE:
      return get_notes (engine->behavior, n, found, values);
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
      *(gint64 *) values = engine->workspace;
      *found = 1;
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION:
      return get_json (d, n, found, values);
    default:
      return CUDNN_STATUS_NOT_SUPPORTED;
  }
}

cudnnStatus_t
cudnnBackendGetAttribute (const cudnnBackendDescriptor_t descriptor,
    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
    gint64 n, gint64 *found, void *values)
{
  cudnnStatus_t status = soft_enter ("cudnnBackendGetAttribute", SOFT_CUDNN,
      SOFT_HOST_ONLY);

  if (!status)
    status = get_attribute (descriptor, name, n, found, values);
  return soft_leave (SOFT_CUDNN, status);
}

static cudnnStatus_t
find_pointers (const SoftDescriptor *pack, SoftExecution *e)
{
  const SoftAttribute *uids = soft_attribute_find (pack,
      CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  void *const *pointers = soft_attribute_values (pack,
      CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);

  for (guint i = 0; i < e->graph.n_tensors; i++) {
    for (gint64 k = 0; k < uids->n; k++)
      if (((const gint64 *) uids->values)[k] == e->graph.tensors[i].uid)
        e->pointers[i] = pointers[k];
    if (!e->graph.tensors[i].is_virtual && !e->pointers[i])
      return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
  }
  return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t
execute (cudnnHandle_t handle, SoftDescriptor *plan, const SoftDescriptor *pack)
{
  SoftExecution e;
  SoftWork work = { "convolution", soft_execute, &e, sizeof e, 0 };
  void *const *workspace;
  cudnnStatus_t status;

  if (!handle || !plan || !pack)
    return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
  if (!plan->finalized || !pack->finalized)
    return CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED;
  if (handle->context != soft_current_context ())
    return CUDNN_STATUS_EXECUTION_FAILED;
  memset (&e, 0, sizeof e);
  e.graph = plan->graph;
  e.engine = plan->engine;
  status = find_pointers (pack, &e);
  if (status)
    return status;
  soft_execution_check (&e);
  status = soft_engine_find (e.engine)->run_status;
  if (status)
    return status;
  workspace = soft_attribute_values (pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  work.microseconds = soft_execution_time (&e);
  work.loaded = &plan->loaded;
  return soft_enqueue_with_workspace (handle->stream, &work,
             workspace ? *workspace : NULL,
             soft_engine_find (e.engine)->workspace)
      ? CUDNN_STATUS_EXECUTION_FAILED
      : CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnBackendExecute (cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
    cudnnBackendDescriptor_t pack)
{
  const SoftDescriptor *d = plan;
  gboolean waits = d && d->finalized && soft_engine_find (d->engine)->waits;
  cudnnStatus_t status = soft_enter ("cudnnBackendExecute", SOFT_CUDNN,
      waits ? SOFT_UNSAFE : 0);

  if (!status)
    status = execute (handle, plan, pack);
  return soft_leave (SOFT_CUDNN, status);
}
