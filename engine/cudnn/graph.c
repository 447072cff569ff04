/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "graph.h"

#include <stdbool.h>

#include "descriptor.h"

enum { UID_X = 1, UID_WEIGHT, UID_BIAS, UID_Y, UID_SUM, UID_BIASED };

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

/* Everything that it is made of. A GRcBox. */
struct _AlexnetConvGraph {
  Descriptor x, weight, bias, y, sum, biased;
  Descriptor convolution, add, relu;
  Descriptor conv_op, add_op, relu_op;
  Descriptor graph;
};

static void
graph_clear (gpointer data)
{
  AlexnetConvGraph *graph = data;

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

  return DESC_MAKE (CUDNN_BACKEND_TENSOR_DESCRIPTOR, attributes, error);
}

static gboolean
add_tensors (AlexnetConvGraph *graph, const AlexnetConv *c, GError **error)
{
  cudnnDataType_t type = data_type (c->precision);
  guint padding = c->padding + c->end_padding;
  gint64 h = (c->h + padding - c->kernel) / c->stride + 1;
  gint64 w = (c->w + padding - c->kernel) / c->stride + 1;
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

cudnnBackendDescriptor_t
alexnet_convolution_new (const AlexnetConv *c, cudnnDataType_t sum,
    GError **error)
{
  const gint64 n_dims = 2, padding[] = { c->padding, c->padding };
  const gint64 end_padding[] = { c->end_padding, c->end_padding };
  const gint64 strides[] = { c->stride, c->stride }, dilations[] = { 1, 1 };
  /* A cudnnConvolutionMode_t, which cuDNN 9.0 calls deprecated. */
  const gint32 mode = CUDNN_CROSS_CORRELATION;
  const Attribute attributes[] = {
    { CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &n_dims },
    { CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sum },
    { CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode },
    { CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, padding },
    { CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, end_padding },
    { CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, strides },
    { CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilations },
  };

  return DESC_MAKE (CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, attributes, error);
}

static Descriptor
conv_op_new (const AlexnetConvGraph *graph, GError **error)
{
  const float alpha = 1.0f, beta = 0.0f;
  const Attribute attributes[] = {
    DESC_LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
        graph->convolution),
    DESC_LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, graph->x),
    DESC_LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, graph->weight),
    DESC_LINK (CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, graph->sum),
    { CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1,
        &alpha },
    { CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1,
        &beta },
  };

  return DESC_MAKE (CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
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

  return DESC_MAKE (CUDNN_BACKEND_POINTWISE_DESCRIPTOR, attributes, error);
}

static Descriptor
add_op_new (const AlexnetConvGraph *graph, Descriptor y, GError **error)
{
  const Attribute attributes[] = {
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, graph->add),
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_XDESC, graph->sum),
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_BDESC, graph->bias),
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y),
  };

  return DESC_MAKE (CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, attributes,
      error);
}

static Descriptor
relu_op_new (const AlexnetConvGraph *graph, GError **error)
{
  const Attribute attributes[] = {
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, graph->relu),
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_XDESC, graph->biased),
    DESC_LINK (CUDNN_ATTR_OPERATION_POINTWISE_YDESC, graph->y),
  };

  return DESC_MAKE (CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, attributes,
      error);
}

static gboolean
add_ops (AlexnetConvGraph *graph, const AlexnetConv *conv, GError **error)
{
  Descriptor biased = conv->relu ? graph->biased : graph->y;

  return (graph->convolution = alexnet_convolution_new (conv, CUDNN_DATA_FLOAT,
              error)) &&
      (graph->conv_op = conv_op_new (graph, error)) &&
      (graph->add = pointwise_new (CUDNN_POINTWISE_ADD, error)) &&
      (graph->add_op = add_op_new (graph, biased, error)) &&
      (!conv->relu ||
          ((graph->relu = pointwise_new (CUDNN_POINTWISE_RELU_FWD, error)) &&
              (graph->relu_op = relu_op_new (graph, error))));
}

static Descriptor
operation_graph_new (const AlexnetCudnn *cudnn, const AlexnetConvGraph *graph,
    GError **error)
{
  const Descriptor ops[] = { graph->conv_op, graph->add_op, graph->relu_op };
  const Attribute attributes[] = {
    { CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
        graph->relu_op ? 3 : 2, ops },
#if !ALEXNET_CUDNN_HAS_PROPERTIES
    { CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle },
#endif
  };

  return DESC_MAKE (CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, attributes, error);
}

AlexnetConvGraph *
alexnet_conv_graph_new (const AlexnetCudnn *cudnn, const AlexnetConv *conv,
    GError **error)
{
  AlexnetConvGraph *graph = g_rc_box_new0 (AlexnetConvGraph);

  if (add_tensors (graph, conv, error) && add_ops (graph, conv, error) &&
      (graph->graph = operation_graph_new (cudnn, graph, error)))
    return graph;
  alexnet_conv_graph_unref (graph);
  return NULL;
}

AlexnetConvGraph *
alexnet_conv_graph_ref (AlexnetConvGraph *graph)
{
  return g_rc_box_acquire (graph);
}

void
alexnet_conv_graph_unref (AlexnetConvGraph *graph)
{
  if (graph)
    g_rc_box_release_full (graph, graph_clear);
}

cudnnBackendDescriptor_t
alexnet_conv_graph_get_descriptor (const AlexnetConvGraph *graph)
{
  return graph->graph;
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

  return (AlexnetConvPack *) DESC_MAKE (CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR,
      attributes, error);
}

void
alexnet_conv_pack_free (AlexnetConvPack *pack)
{
  alexnet_desc_free ((Descriptor) pack);
}
