/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "onnx.h"

#include <string.h>

#include "formats/chain.h"
#include "private.h"

#define DEFAULT_SIDE 224

/* All fields of a ModelProto, which no struct takes up. */
static const AlexnetWireField beginning[] = {
  { 1, ALEXNET_WIRE_INT, 0, NULL },    /* ir_version */
  { 2, ALEXNET_WIRE_RANGE, 0, NULL },  /* producer_name */
  { 3, ALEXNET_WIRE_RANGE, 0, NULL },  /* producer_version */
  { 4, ALEXNET_WIRE_RANGE, 0, NULL },  /* domain */
  { 5, ALEXNET_WIRE_INT, 0, NULL },    /* model_version */
  { 6, ALEXNET_WIRE_RANGE, 0, NULL },  /* doc_string */
  { 7, ALEXNET_WIRE_RANGE, 0, NULL },  /* graph */
  { 8, ALEXNET_WIRE_RANGE, 0, NULL },  /* opset_import */
  { 14, ALEXNET_WIRE_RANGE, 0, NULL }, /* metadata_props */
  { 20, ALEXNET_WIRE_RANGE, 0, NULL }, /* training_info */
  { 25, ALEXNET_WIRE_RANGE, 0, NULL }, /* functions */
  { 0 },
};

/* ---- the graph ----------------------------------------------------------- */

static gboolean
read_initializers (OnnxReader *graph, const GArray *ranges, GError **error)
{
  for (guint i = 0; ranges && i < ranges->len; i++) {
    OnnxValue *value = alexnet_onnx_value_read (graph,
        &g_array_index (ranges, AlexnetWireRange, i), error);

    if (!value || !alexnet_onnx_value_add (graph, value->name, value, error))
      return FALSE;
  }
  return TRUE;
}

/* Sizes of [N,C,H,W]; one that is left open is 0. */
static gboolean
read_input_shape (OnnxReader *graph, const OnnxValueInfo *info, gint64 *sizes,
    GError **error)
{
  const GArray *dims = info->type.tensor_type.shape.dim;

  if (!dims || dims->len != 4)
    return alexnet_format_error (error,
        "it has %u dimensions, expected [N,C,H,W]", dims ? dims->len : 0);
  for (guint i = 0; i < 4; i++) {
    OnnxDimension dimension = { 0 };

    if (!alexnet_wire_read (graph->reader,
            &g_array_index (dims, AlexnetWireRange, i), alexnet_onnx_dimension,
            &dimension, error))
      return FALSE;
    sizes[i] = dimension.dim_value;
    if (sizes[i] < 0 || sizes[i] > ALEXNET_MAX_SIDE)
      return alexnet_format_error (error, "dimension %u is %" G_GINT64_FORMAT,
          i, sizes[i]);
  }
  return TRUE;
}

/* [N,H,W,C] of grey or colour, as TensorFlow has it. */
static gboolean
is_channels_last (const gint64 *sizes)
{
  return (sizes[3] == 1 || sizes[3] == ONNX_MAX_COLOURS) && sizes[1] != 1 &&
      sizes[1] != ONNX_MAX_COLOURS;
}

static gboolean
begin (OnnxReader *graph, const OnnxValueInfo *info, GError **error)
{
  gint64 sizes[4], type = info->type.tensor_type.elem_type;
  AlexnetShape shape;

  if (!alexnet_onnx_is_float (type) && type != ONNX_UINT8)
    return alexnet_format_error (error,
        "it is of type number %" G_GINT64_FORMAT ", expected floats or bytes",
        type);
  if (!read_input_shape (graph, info, sizes, error))
    return FALSE;
  graph->batch = sizes[0];
  graph->channels_last = is_channels_last (sizes);
  if (graph->channels_last)
    memcpy (sizes + 1, (gint64[]){ sizes[3], sizes[1], sizes[2] },
        3 * sizeof *sizes);
  alexnet_onnx_pixels_init (&graph->pixels, type == ONNX_UINT8);
  if (sizes[2] == 0 && sizes[3] == 0) {
    sizes[2] = sizes[3] = DEFAULT_SIDE;
    g_ptr_array_add (graph->source->notes,
        g_strdup_printf ("the graph takes pictures of any size; taken as %d",
            DEFAULT_SIDE));
  }
  shape = (AlexnetShape){ (guint) sizes[1], (guint) sizes[2],
    (guint) sizes[3] };
  if (!alexnet_chain_begin (graph->source, &shape, error))
    return FALSE;
  alexnet_onnx_set_current (graph, info->name ? info->name : "");
  return TRUE;
}

/* Old files list initialisers among the inputs. */
static gboolean
read_input (OnnxReader *graph, const AlexnetWireRange *range, GError **error)
{
  OnnxValueInfo info = { 0 };
  g_autofree char *quoted = NULL;
  gboolean ok = alexnet_wire_read (graph->reader, range,
      alexnet_onnx_value_info, &info, error);

  quoted = alexnet_quote (info.name ? info.name : "");
  if (ok && !g_hash_table_contains (graph->values, info.name ? info.name : ""))
    ok = graph->source->network
        ? alexnet_format_error (error,
              "there is another one before it, expected pictures alone")
        : begin (graph, &info, error);
  if (!ok)
    g_prefix_error (error, "input %s: ", quoted);
  alexnet_wire_clear (alexnet_onnx_value_info, &info);
  return ok;
}

static gboolean
read_inputs (OnnxReader *graph, const GArray *ranges, GError **error)
{
  for (guint i = 0; ranges && i < ranges->len; i++)
    if (!read_input (graph, &g_array_index (ranges, AlexnetWireRange, i),
            error))
      return FALSE;
  return graph->source->network ||
      alexnet_format_error (error, "the graph has no input");
}

static gboolean
check_output (OnnxReader *graph, const GArray *ranges, GError **error)
{
  OnnxValueInfo info = { 0 };
  g_autofree char *quoted = NULL;
  gboolean ok;

  if (!ranges || ranges->len != 1)
    return alexnet_format_error (error,
        "the graph has %u outputs, expected one", ranges ? ranges->len : 0);
  if (!alexnet_affine_settle (&graph->affine, graph->source, error)) {
    g_prefix_error (error, "the graph's end: ");
    return FALSE;
  }
  ok = alexnet_wire_read (graph->reader,
      &g_array_index (ranges, AlexnetWireRange, 0), alexnet_onnx_value_info,
      &info, error);
  if (ok && !alexnet_onnx_is_current (graph, info.name)) {
    quoted = alexnet_quote (info.name ? info.name : "");
    ok = alexnet_format_error (error,
        "output %s is not what the last node gives", quoted);
  }
  alexnet_wire_clear (alexnet_onnx_value_info, &info);
  return ok;
}

/* Weights that no node reads would be a sign that some are missing. */
static gboolean
check_all_used (const OnnxReader *graph, GError **error)
{
  GHashTableIter iter;
  gpointer item;

  g_hash_table_iter_init (&iter, graph->values);
  while (g_hash_table_iter_next (&iter, NULL, &item)) {
    const OnnxValue *value = item;
    g_autofree char *quoted = NULL;

    if (value->used || value->tensor.n_dims < 2 ||
        !alexnet_tensor_is_bound (&value->tensor))
      continue;
    quoted = alexnet_quote (value->name);
    return alexnet_format_error (error, "no node uses the weights %s", quoted);
  }
  return TRUE;
}

static gboolean
read_graph (OnnxReader *graph, const OnnxGraph *message, GError **error)
{
  if (message->sparse_initializer)
    return alexnet_format_error (error, "its weights are sparse");
  return alexnet_onnx_check_nodes (graph, message->node, error) &&
      read_initializers (graph, message->initializer, error) &&
      read_inputs (graph, message->input, error) &&
      alexnet_onnx_run_nodes (graph, message->node, error) &&
      check_output (graph, message->output, error) &&
      check_all_used (graph, error) &&
      alexnet_onnx_pixels_describe (graph, error) &&
      alexnet_chain_finish (graph->source, "custom", error);
}

/* ---- the model ----------------------------------------------------------- */

static gboolean
read_opsets (OnnxReader *graph, const GArray *ranges, GError **error)
{
  for (guint i = 0; ranges && i < ranges->len; i++) {
    OnnxOperatorSet set = { 0 };
    gboolean ok = alexnet_wire_read (graph->reader,
        &g_array_index (ranges, AlexnetWireRange, i), alexnet_onnx_operator_set,
        &set, error);

    if (!set.domain || set.domain[0] == '\0' ||
        g_str_equal (set.domain, "ai.onnx"))
      graph->opset = set.version;
    alexnet_wire_clear (alexnet_onnx_operator_set, &set);
    if (!ok)
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_metadata (OnnxReader *graph, const GArray *ranges, GError **error)
{
  for (guint i = 0; ranges && i < ranges->len; i++) {
    OnnxEntry entry = { 0 };
    gboolean ok = alexnet_wire_read (graph->reader,
        &g_array_index (ranges, AlexnetWireRange, i), alexnet_onnx_entry,
        &entry, error);

    if (ok && entry.key && entry.value)
      g_hash_table_insert (graph->source->tensors->metadata,
          g_steal_pointer (&entry.key), g_steal_pointer (&entry.value));
    alexnet_wire_clear (alexnet_onnx_entry, &entry);
    if (!ok)
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_model (OnnxReader *graph, const OnnxModel *model, GError **error)
{
  OnnxGraph message = { 0 };
  gboolean ok;

  if (!read_opsets (graph, model->opset_import, error) ||
      !read_metadata (graph, model->metadata_props, error))
    return FALSE;
  graph->source->kind = g_strdup_printf ("ONNX (opset %" G_GINT64_FORMAT
                                         ", IR %" G_GINT64_FORMAT ")",
      graph->opset, model->ir_version);
  ok = alexnet_wire_read (graph->reader, &model->graph, alexnet_onnx_graph,
           &message, error) &&
      read_graph (graph, &message, error);
  alexnet_wire_clear (alexnet_onnx_graph, &message);
  return ok;
}

gboolean
alexnet_onnx_detect (const guint8 *head, gsize size, guint64 file_size)
{
  return size > 0 && head[0] == 1 << 3 &&
      alexnet_wire_detect (beginning, head, size, file_size);
}

gboolean
alexnet_onnx_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error)
{
  g_autoptr (AlexnetWireReader) reader = alexnet_wire_reader_new (file);
  g_autoptr (GPtrArray) current = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) values = g_hash_table_new_full (g_str_hash,
      g_str_equal, g_free, (GDestroyNotify) alexnet_onnx_value_free);
  g_autoptr (GHashTable)
      external = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable)
      sizes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  OnnxReader graph = { .source = source,
    .file = file,
    .reader = reader,
    .values = values,
    .external = external,
    .current = current,
    .sizes = sizes };
  OnnxModel model = { 0 };
  gboolean ok = alexnet_wire_read (reader, NULL, alexnet_onnx_model, &model,
                    error) &&
      read_model (&graph, &model, error);

  alexnet_wire_clear (alexnet_onnx_model, &model);
  alexnet_onnx_norm_clear (&graph.norm);
  alexnet_affine_clear (&graph.affine);
  return ok;
}
