/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What descriptors mean: an operation graph and everything below it becomes a
 * SoftGraph; a plan becomes JSON and comes back from it. */

#include "cudnn-graph.h"

#include <stdio.h>
#include <string.h>

static gboolean
read_tensor (const SoftDescriptor *d, SoftTensor *t)
{
  const guint8 *is_virtual = soft_attribute_values (d,
      CUDNN_ATTR_TENSOR_IS_VIRTUAL);

  if (!d || d->type != CUDNN_BACKEND_TENSOR_DESCRIPTOR)
    return FALSE;
  memset (t, 0, sizeof *t);
  t->uid = soft_attribute_integer (d, CUDNN_ATTR_TENSOR_UNIQUE_ID);
  t->alignment = soft_attribute_integer (d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
  t->type = soft_attribute_enum (d, CUDNN_ATTR_TENSOR_DATA_TYPE);
  t->is_virtual = is_virtual && *is_virtual;
  memcpy (t->dims, soft_attribute_values (d, CUDNN_ATTR_TENSOR_DIMENSIONS),
      sizeof t->dims);
  memcpy (t->strides, soft_attribute_values (d, CUDNN_ATTR_TENSOR_STRIDES),
      sizeof t->strides);
  return t->type == CUDNN_DATA_FLOAT || t->type == CUDNN_DATA_HALF ||
      t->type == CUDNN_DATA_BFLOAT16;
}

/* The graph's index of a tensor, by its uid; -1 = it cannot be. */
static int
add_tensor (SoftGraph *graph, const SoftDescriptor *d)
{
  SoftTensor t;

  if (!d || !read_tensor (d, &t))
    return -1;
  for (guint i = 0; i < graph->n_tensors; i++)
    if (graph->tensors[i].uid == t.uid)
      return memcmp (&graph->tensors[i], &t, sizeof t) == 0 ? (int) i : -1;
  if (graph->n_tensors == SOFT_MAX_TENSORS)
    return -1;
  graph->tensors[graph->n_tensors] = t;
  return graph->n_tensors++;
}

static gboolean
read_operands (SoftGraph *graph, SoftOp *op, const SoftDescriptor *x,
    const SoftDescriptor *b, const SoftDescriptor *y)
{
  int indices[3] = { add_tensor (graph, x), b ? add_tensor (graph, b) : 0,
    add_tensor (graph, y) };

  op->x = indices[0];
  op->b = indices[1];
  op->y = indices[2];
  return indices[0] >= 0 && indices[1] >= 0 && indices[2] >= 0;
}

static gboolean
convolution_fits (const SoftGraph *graph, const SoftOp *op)
{
  const gint64 *x = graph->tensors[op->x].dims;
  const gint64 *w = graph->tensors[op->b].dims;
  const gint64 *y = graph->tensors[op->y].dims;

  if (w[1] < 1 || x[1] % w[1] || w[0] % (x[1] / w[1]))
    return FALSE;
  for (guint i = 0; i < 2; i++)
    if (op->strides[i] < 1 ||
        y[2 + i] !=
            (x[2 + i] + op->padding[i] + op->end_padding[i] -
                (w[2 + i] - 1) * op->dilations[i] - 1) /
                    op->strides[i] +
                1)
      return FALSE;
  return y[0] == x[0] && y[1] == w[0];
}

static gboolean
read_convolution (const SoftDescriptor *d, SoftGraph *graph, SoftOp *op)
{
  const SoftDescriptor *c = soft_attribute_child (d,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
  const float *alpha = soft_attribute_values (d,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA);
  const float *beta = soft_attribute_values (d,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA);
  gsize size = sizeof op->padding;

  op->kind = SOFT_OP_CONVOLUTION;
  memcpy (op->padding,
      soft_attribute_values (c, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS), size);
  memcpy (op->end_padding,
      soft_attribute_values (c, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS), size);
  memcpy (op->strides,
      soft_attribute_values (c, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES), size);
  memcpy (op->dilations,
      soft_attribute_values (c, CUDNN_ATTR_CONVOLUTION_DILATIONS), size);
  return *alpha == 1 && *beta == 0 &&
      soft_attribute_integer (c, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS) == 2 &&
      soft_attribute_enum (c, CUDNN_ATTR_CONVOLUTION_COMP_TYPE) ==
      CUDNN_DATA_FLOAT &&
      soft_attribute_enum (c, CUDNN_ATTR_CONVOLUTION_CONV_MODE) ==
      CUDNN_CROSS_CORRELATION &&
      read_operands (graph, op,
          soft_attribute_child (d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X),
          soft_attribute_child (d, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W),
          soft_attribute_child (d,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y)) &&
      convolution_fits (graph, op);
}

static gboolean
pointwise_fits (const SoftGraph *graph, const SoftOp *op, gboolean binary)
{
  const SoftTensor *x = &graph->tensors[op->x], *y = &graph->tensors[op->y];
  const gint64 *b = graph->tensors[op->b].dims;

  if (binary != (op->kind == SOFT_OP_ADD))
    return FALSE;
  if (binary && (b[0] != 1 || b[1] != y->dims[1] || b[2] != 1 || b[3] != 1))
    return FALSE;
  return memcmp (x->dims, y->dims, sizeof x->dims) == 0;
}

static gboolean
read_pointwise (const SoftDescriptor *d, SoftGraph *graph, SoftOp *op)
{
  const SoftDescriptor *p = soft_attribute_child (d,
      CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
  const SoftDescriptor *b = soft_attribute_child (d,
      CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
  int mode = soft_attribute_enum (p, CUDNN_ATTR_POINTWISE_MODE);

  op->kind = mode == CUDNN_POINTWISE_ADD ? SOFT_OP_ADD : SOFT_OP_RELU;
  return (mode == CUDNN_POINTWISE_ADD || mode == CUDNN_POINTWISE_RELU_FWD) &&
      soft_attribute_enum (p, CUDNN_ATTR_POINTWISE_MATH_PREC) ==
      CUDNN_DATA_FLOAT &&
      read_operands (graph, op,
          soft_attribute_child (d, CUDNN_ATTR_OPERATION_POINTWISE_XDESC), b,
          soft_attribute_child (d, CUDNN_ATTR_OPERATION_POINTWISE_YDESC)) &&
      pointwise_fits (graph, op, b != NULL);
}

cudnnStatus_t
soft_graph_read (SoftDescriptor *d)
{
  const SoftAttribute *ops = soft_attribute_find (d,
      CUDNN_ATTR_OPERATIONGRAPH_OPS);

  for (gint64 i = 0; i < ops->n; i++) {
    const SoftDescriptor *child = ((SoftDescriptor *const *) ops->values)[i];
    SoftOp *op = &d->graph.ops[d->graph.n_ops++];

    if (child->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR
            ? !read_convolution (child, &d->graph, op)
            : !read_pointwise (child, &d->graph, op))
      return CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN;
  }
  return d->graph.ops[0].kind == SOFT_OP_CONVOLUTION
      ? CUDNN_STATUS_SUCCESS
      : CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN;
}

/* {"softgpu":1,"engine":E,"graph":"HEX","sum":"HEX"}: names what made it, as
 * cuDNN's own JSON does, and holds all of the graph. */
char *
soft_plan_to_json (const SoftDescriptor *d)
{
  GString *json = g_string_new (NULL);
  const guint8 *bytes = (const guint8 *) &d->graph;
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, bytes,
      sizeof d->graph);

  g_string_printf (json,
      "{\"softgpu\":1,\"engine\":%u,\"sum\":\"%s\","
      "\"graph\":\"",
      d->engine, sum);
  for (gsize i = 0; i < sizeof d->graph; i++)
    g_string_append_printf (json, "%02x", bytes[i]);
  g_string_append (json, "\"}");
  return g_string_free (json, FALSE);
}

gboolean
soft_plan_from_json (SoftDescriptor *d, const char *json)
{
  guint8 *bytes = (guint8 *) &d->graph;
  g_autofree char *sum = NULL;
  char given[33];
  int at = 0;

  if (sscanf (json,
          "{\"softgpu\":1,\"engine\":%u,\"sum\":\"%32[0-9a-f]\","
          "\"graph\":\"%n",
          &d->engine, given, &at) != 2 ||
      at == 0)
    return FALSE;
  for (gsize i = 0; i < sizeof d->graph; i++) {
    int high = g_ascii_xdigit_value (json[at++]);
    int low = high < 0 ? -1 : g_ascii_xdigit_value (json[at++]);

    if (low < 0)
      return FALSE;
    bytes[i] = high << 4 | low;
  }
  sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, bytes, sizeof d->graph);
  return g_str_equal (sum, given) && soft_engine_find (d->engine);
}
