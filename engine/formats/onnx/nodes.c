/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finds out what each node does, and lets it. */

#include "private.h"

#include <string.h>

#include "formats/chain.h"

static gboolean read_if (OnnxReader *graph, const OnnxCall *call,
    GError **error);

static const OnnxOperator branches[] = {
  { "If", FALSE, "else_branch then_branch", read_if },
  { NULL },
};

typedef gboolean (*Visit) (OnnxReader *graph, const OnnxCall *call,
    GError **error);

static const OnnxOperator *
find_operator (const OnnxOperator *operators, const char *name)
{
  for (; operators->name; operators++)
    if (g_str_equal (operators->name, name))
      return operators;
  return NULL;
}

static const OnnxOperator *
find_layer (const char *name)
{
  const OnnxOperator *const tables[] = { alexnet_onnx_layers,
    alexnet_onnx_affine, alexnet_onnx_shapes };
  const OnnxOperator *found = NULL;

  for (guint i = 0; !found && i < G_N_ELEMENTS (tables); i++)
    found = find_operator (tables[i], name);
  return found;
}

static gboolean
check_attributes (const OnnxOperator *operator, const OnnxCall * call,
    GError **error)
{
  g_auto (GStrv) known = g_strsplit (operator->attributes, " ", -1);

  for (guint i = 0; i < call->attributes->len; i++) {
    const OnnxAttribute *attribute = &g_array_index (call->attributes,
        OnnxAttribute, i);
    const char *name = attribute->name ? attribute->name : "";
    g_autofree char *quoted = NULL;

    if (g_strv_contains ((const char *const *) known, name) &&
        !attribute->ref_attr_name)
      continue;
    quoted = alexnet_quote (name);
    return alexnet_format_error (error, "attribute %s is not one that it has",
        quoted);
  }
  return TRUE;
}

static const char *
get_type (const OnnxCall *call)
{
  return call->message.op_type ? call->message.op_type : "";
}

/* Of all nodes before any is run: a quantised graph is no chain. */
static gboolean
check_not_quantised (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const char *name = get_type (call);

  if (!strstr (name, "uantize") && !g_str_has_prefix (name, "QLinear") &&
      !g_str_has_suffix (name, "Integer"))
    return TRUE;
  return alexnet_format_error (error,
      "the network is quantised; expected the one in floats that it was made "
      "of");
}

/* A node that computes something from the picture has its place in the chain.
 */
static gboolean
run_layer (OnnxReader *graph, const OnnxOperator *operator,
    const OnnxCall * call, GError **error)
{
  if (!operator->read (graph, call, error))
    return FALSE;
  alexnet_onnx_norm_clear (&graph->norm);
  alexnet_onnx_set_current (graph, call->message.output->pdata[0]);
  return TRUE;
}

static gboolean
run_constant (OnnxReader *graph, const OnnxOperator *operator,
    const OnnxCall * call, GError **error)
{
  if (operator->read (graph, call, error))
    return TRUE;
  if (alexnet_onnx_norm_is_sure (&graph->norm))
    g_prefix_error (error, "%s",
        "it is part of a LocalResponseNorm, which can be exported with "
        "dynamo=True or simplified with onnxsim: ");
  return FALSE;
}

/* One name for two values would let a node read the wrong one. */
static gboolean
check_name_is_new (const OnnxReader *graph, const OnnxCall *call,
    GError **error)
{
  const GPtrArray *output = call->message.output;
  g_autofree char *quoted = NULL;

  if (!output || output->len == 0)
    return alexnet_format_error (error, "it has no output");
  if (!alexnet_onnx_is_current (graph, output->pdata[0]) &&
      !g_hash_table_contains (graph->values, output->pdata[0]) &&
      g_strcmp0 (graph->norm.name, output->pdata[0]) != 0)
    return TRUE;
  quoted = alexnet_quote (output->pdata[0]);
  return alexnet_format_error (error, "there are two values %s", quoted);
}

static gboolean
is_of_onnx (const OnnxCall *call)
{
  const char *domain = call->message.domain;

  return !domain || domain[0] == '\0' || g_str_equal (domain, "ai.onnx");
}

/* As tables have it: "Conv", "com.microsoft.FusedConv". The caller frees it. */
static char *
qualify (const OnnxCall *call)
{
  return is_of_onnx (call)
      ? g_strdup (get_type (call))
      : g_strjoin (".", call->message.domain, get_type (call), NULL);
}

static gboolean
refuse_operator (const OnnxCall *call, GError **error)
{
  const char *domain = call->message.domain;
  g_autofree char *quoted = alexnet_quote (domain ? domain : "");

  if (is_of_onnx (call))
    return alexnet_format_error (error, "an operator that no AlexNet here has");
  return alexnet_format_error (error,
      "an operator of %s, expected one of ONNX itself%s", quoted,
      g_str_has_prefix (domain, "com.microsoft")
          ? ", as the file has that onnxruntime optimised"
          : "");
}

static gboolean
is_of_picture (const OnnxReader *graph, const OnnxOperator *layer,
    const OnnxCall *call)
{
  return alexnet_onnx_is_current (graph, alexnet_onnx_input (call, 0)) ||
      (layer->either &&
          alexnet_onnx_is_current (graph, alexnet_onnx_input (call, 1)));
}

/* Whether it could be run without the picture. */
static gboolean
is_known (const OnnxReader *graph, const OnnxCall *call)
{
  const GPtrArray *input = call->message.input;

  for (guint i = 0; input && i < input->len; i++)
    if (!g_hash_table_contains (graph->values, input->pdata[i]))
      return FALSE;
  return input != NULL;
}

static const OnnxOperator *
find_constant (const char *name)
{
  const OnnxOperator *found = find_operator (alexnet_onnx_constants, name);

  return found ? found : find_operator (branches, name);
}

static gboolean
run (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const char *first = alexnet_onnx_input (call, 0);
  g_autofree char *name = qualify (call);
  const OnnxOperator *layer = find_layer (name);
  const OnnxOperator *constant = find_constant (name);
  const OnnxOperator *norm = is_of_onnx (call)
      ? alexnet_onnx_find_norm (graph, call)
      : NULL;
  g_autofree char *quoted = NULL;

  if (!layer && !constant && !norm)
    return refuse_operator (call, error);
  if (!check_name_is_new (graph, call, error) ||
      !check_attributes (norm ? norm
              : layer         ? layer
                              : constant,
          call, error))
    return FALSE;
  if (norm)
    return norm->read (graph, call, error);
  if (layer && is_of_picture (graph, layer, call))
    return run_layer (graph, layer, call, error);
  if (constant)
    return run_constant (graph, constant, call, error);
  if (is_known (graph, call))
    return alexnet_format_error (error,
        "it makes weights of weights, expected them as they are, as in a file "
        "that onnxsim simplified");
  quoted = alexnet_quote (first ? first : "");
  return alexnet_format_error (error,
      "it reads %s, which is not what the node before it gives", quoted);
}

static void
name_node (const OnnxCall *call, guint i, GError **error)
{
  const char *name = call->message.name ? call->message.name : "";
  g_autofree char *quoted = alexnet_quote (name);
  g_autofree char *quoted_type = alexnet_quote (get_type (call));

  if (name[0] == '\0')
    g_prefix_error (error, "node %u, %s: ", i + 1, quoted_type);
  else
    g_prefix_error (error, "node %s, %s: ", quoted, quoted_type);
}

static gboolean
visit_node (OnnxReader *graph, const AlexnetWireRange *range, guint i,
    Visit visit, GError **error)
{
  OnnxCall call = { 0 };
  gboolean ok = alexnet_onnx_call_read (graph, &call, range, error) &&
      visit (graph, &call, error);

  if (!ok)
    name_node (&call, i, error);
  alexnet_onnx_call_clear (&call);
  return ok;
}

static gboolean
visit_nodes (OnnxReader *graph, const GArray *ranges, Visit visit,
    GError **error)
{
  for (guint i = 0; ranges && i < ranges->len; i++)
    if (!visit_node (graph, &g_array_index (ranges, AlexnetWireRange, i), i,
            visit, error))
      return FALSE;
  return TRUE;
}

gboolean
alexnet_onnx_check_nodes (OnnxReader *graph, const GArray *ranges,
    GError **error)
{
  return visit_nodes (graph, ranges, check_not_quantised, error);
}

gboolean
alexnet_onnx_run_nodes (OnnxReader *graph, const GArray *ranges, GError **error)
{
  return visit_nodes (graph, ranges, run, error);
}

/* ---- branches ------------------------------------------------------------ */

/* What a branch gave has the node's name from now on. */
static gboolean
take_output (OnnxReader *graph, const OnnxCall *call, const char *name,
    GError **error)
{
  const char *output = call->message.output->pdata[0];

  if (g_strcmp0 (name, graph->norm.name) == 0 && name) {
    g_free (graph->norm.name);
    graph->norm.name = g_strdup (output);
    return TRUE;
  }
  if (!alexnet_onnx_is_current (graph, name))
    return alexnet_format_error (error,
        "its branch does not give what the node before it gives");
  alexnet_onnx_set_current (graph, output);
  return TRUE;
}

static gboolean
run_branch (OnnxReader *graph, const OnnxCall *call, const OnnxGraph *branch,
    GError **error)
{
  OnnxValueInfo info = { 0 };
  gboolean ok;

  if (!branch->output || branch->output->len != 1 || branch->initializer ||
      branch->sparse_initializer)
    return alexnet_format_error (error,
        "its branch has weights, or not one output");
  ok = alexnet_onnx_check_nodes (graph, branch->node, error) &&
      alexnet_onnx_run_nodes (graph, branch->node, error) &&
      alexnet_wire_read (graph->reader,
          &g_array_index (branch->output, AlexnetWireRange, 0),
          alexnet_onnx_value_info, &info, error) &&
      take_output (graph, call, info.name, error);
  alexnet_wire_clear (alexnet_onnx_value_info, &info);
  return ok;
}

/* Runs the branch that is taken, as PyTorch's older exporter has one in an LRN,
 * where the shape of a picture tells. */
static gboolean
read_if (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *condition = alexnet_onnx_ints (graph, call, 0, error);
  const OnnxAttribute *branch;
  OnnxGraph message = { 0 };
  gboolean ok;

  if (!condition)
    return FALSE;
  branch = alexnet_onnx_attribute (call,
      condition->ints[0] ? "then_branch" : "else_branch");
  if (condition->n_ints != 1 || !branch || graph->in_branch)
    return alexnet_format_error (error,
        "it has not one condition and two branches, or lies in a branch");
  graph->in_branch = TRUE;
  ok = alexnet_wire_read (graph->reader, &branch->g, alexnet_onnx_graph,
           &message, error) &&
      run_branch (graph, call, &message, error);
  graph->in_branch = FALSE;
  alexnet_wire_clear (alexnet_onnx_graph, &message);
  return ok;
}
