/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "onnx-builder.h"

#include "graph-files.h"

static GByteArray *
make_attribute (const OnnxBuilderNode *node, guint i)
{
  GByteArray *attribute = g_byte_array_new ();

  graph_files_put_text (attribute, 1, node->attributes[i].name);
  if (node->attributes[i].s)
    graph_files_put_text (attribute, 4, node->attributes[i].s);
  else if (node->attributes[i].n_ints == 0)
    graph_files_put_int (attribute, 3, (guint64) node->attributes[i].i);
  for (guint k = 0; k < node->attributes[i].n_ints; k++)
    graph_files_put_int (attribute, 8, (guint64) node->attributes[i].ints[k]);
  return attribute;
}

void
onnx_builder_put_node (GByteArray *graph, const OnnxBuilderNode *node)
{
  GByteArray *message = g_byte_array_new ();

  for (guint i = 0; node->inputs[i]; i++)
    graph_files_put_text (message, 1, node->inputs[i]);
  graph_files_put_text (message, 2, node->output ? node->output : "y");
  graph_files_put_text (message, 3, "n");
  graph_files_put_text (message, 4, node->op);
  for (guint i = 0;
       i < G_N_ELEMENTS (node->attributes) && node->attributes[i].name; i++)
    graph_files_put_message (message, 5, make_attribute (node, i));
  if (node->domain)
    graph_files_put_text (message, 7, node->domain);
  graph_files_put_message (graph, 1, message);
}

void
onnx_builder_put_tensor (GByteArray *graph, const char *name, guint type,
    const gint64 *dims, guint n_dims, const void *data, gsize size)
{
  GByteArray *message = g_byte_array_new ();

  for (guint i = 0; i < n_dims; i++)
    graph_files_put_int (message, 1, (guint64) dims[i]);
  graph_files_put_int (message, 2, type);
  graph_files_put_text (message, 8, name);
  graph_files_put_bytes (message, 9, data, size);
  graph_files_put_message (graph, 5, message);
}

void
onnx_builder_put_external (GByteArray *graph, const char *name,
    const gint64 *dims, guint n_dims, const char *const *entries)
{
  GByteArray *message = g_byte_array_new ();

  for (guint i = 0; i < n_dims; i++)
    graph_files_put_int (message, 1, (guint64) dims[i]);
  graph_files_put_int (message, 2, ONNX_FLOAT);
  graph_files_put_text (message, 8, name);
  for (guint i = 0; entries[i]; i += 2) {
    GByteArray *entry = g_byte_array_new ();

    graph_files_put_text (entry, 1, entries[i]);
    graph_files_put_text (entry, 2, entries[i + 1]);
    graph_files_put_message (message, 13, entry);
  }
  graph_files_put_int (message, 14, 1);
  graph_files_put_message (graph, 5, message);
}

void
onnx_builder_put_value_info (GByteArray *graph, guint number, const char *name,
    guint type, const gint64 *dims, guint n_dims)
{
  GByteArray *shape = g_byte_array_new (), *tensor = g_byte_array_new ();
  GByteArray *wrapped = g_byte_array_new (), *info = g_byte_array_new ();

  for (guint i = 0; i < n_dims; i++) {
    GByteArray *dim = g_byte_array_new ();

    graph_files_put_int (dim, 1, (guint64) dims[i]);
    graph_files_put_message (shape, 1, dim);
  }
  graph_files_put_int (tensor, 1, type);
  graph_files_put_message (tensor, 2, shape);
  graph_files_put_message (wrapped, 1, tensor);
  graph_files_put_text (info, 1, name);
  graph_files_put_message (info, 2, wrapped);
  graph_files_put_message (graph, number, info);
}

GByteArray *
onnx_builder_make_model (GByteArray *graph)
{
  GByteArray *opset = g_byte_array_new (), *model = g_byte_array_new ();

  graph_files_put_int (opset, 2, 13);
  graph_files_put_int (model, 1, 8);
  graph_files_put_message (model, 7, graph);
  graph_files_put_message (model, 8, opset);
  return model;
}

GByteArray *
onnx_builder_make_graph (void)
{
  const gint64 picture[] = { 1, 3, 8, 8 };
  GByteArray *graph = g_byte_array_new ();

  onnx_builder_put_value_info (graph, 11, "x", ONNX_FLOAT, picture, 4);
  onnx_builder_put_value_info (graph, 12, "y", ONNX_FLOAT, picture, 4);
  return graph;
}
