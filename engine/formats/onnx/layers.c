/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that compute something from the picture. */

#include "private.h"

#include <math.h>
#include <string.h>

#include "formats/chain.h"
#include "formats/values.h"

/* ---- windows ------------------------------------------------------------- */

/* The same for height and width. */
static gboolean
read_square (const OnnxCall *call, const char *name, guint *size,
    guint otherwise, GError **error)
{
  guint sizes[2];

  if (!alexnet_onnx_sizes (call, name, sizes, 2, otherwise, error))
    return FALSE;
  *size = sizes[0];
  if (sizes[0] == sizes[1])
    return TRUE;
  return alexnet_format_error (error, "%s is %u x %u, expected a square", name,
      sizes[0], sizes[1]);
}

/* As many pixels as windows begin at every stride-th one; an odd one lies at
 * the end or at the beginning. */
static void
pad_to_same (const OnnxReader *graph, AlexnetLayer *layer, OnnxAutoPad mode)
{
  guint side = alexnet_chain_output (graph->source)->height;
  guint stride = MAX (layer->stride, 1);
  guint64 covered = (guint64) (side - 1) / stride * stride + layer->kernel;
  guint sum = covered > side ? (guint) (covered - side) : 0;

  layer->padding = mode == ONNX_SAME_UPPER ? sum / 2 : sum - sum / 2;
  layer->end_padding = sum - layer->padding;
}

/* `kernel`: when there is no kernel_shape; 0: there must be. */
static gboolean
read_window (OnnxReader *graph, const OnnxCall *call, AlexnetLayer *layer,
    guint kernel, GError **error)
{
  guint pads[4], dilation;
  OnnxAutoPad mode;

  if (!alexnet_onnx_needs (graph, FALSE, error) ||
      !alexnet_onnx_read_auto_pad (graph, call, &mode, error) ||
      !read_square (call, "kernel_shape", &layer->kernel, kernel, error) ||
      !read_square (call, "strides", &layer->stride, 1, error) ||
      !read_square (call, "dilations", &dilation, 1, error) ||
      !alexnet_onnx_sizes (call, "pads", pads, 4, 0, error))
    return FALSE;
  if (dilation != 1)
    return alexnet_format_error (error, "dilations of %u, expected 1",
        dilation);
  if (pads[0] != pads[1] || pads[2] != pads[3])
    return alexnet_format_error (error,
        "pads [%u, %u, %u, %u] differ between rows and columns", pads[0],
        pads[1], pads[2], pads[3]);
  layer->padding = pads[0];
  layer->end_padding = pads[2];
  if (mode != ONNX_NOTSET)
    pad_to_same (graph, layer, mode);
  return TRUE;
}

/* ---- layers with weights ------------------------------------------------- */

/* What is left of an initialiser's name without what says that it is a
 * weight. */
static char *
name_layer (const OnnxValue *weight)
{
  static const char *const suffixes[] = { ".weight", "_weight", "_w_0", ".w_0",
    "_w", "/convolution/ReadVariableOp:0", "/Cast/ReadVariableOp:0" };
  const char *name = weight->name;

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (name, suffixes[i]))
      return g_strndup (name, strlen (name) - strlen (suffixes[i]));
  return g_strdup (name);
}

/* Appends a layer, multiplies its outputs by `scale`, and adds `factor` times
 * the bias of the i-th input, when there is one. */
static gboolean
add_layer (OnnxReader *graph, const OnnxCall *call, AlexnetLayer *layer,
    const OnnxValue *weight, guint i, float scale, float factor, GError **error)
{
  const OnnxValue *bias = NULL;
  g_autofree char *name = name_layer (weight);
  g_autofree double *shift = NULL, *scales = NULL;
  guint n;

  layer->name = name;
  if (alexnet_onnx_input (call, i)) {
    bias = alexnet_onnx_weights (graph, call, i, error);
    if (!bias)
      return FALSE;
    if (bias->tensor.n_dims == 1 && scale == 1 && factor == 1 &&
        bias->tensor.dims[0] == layer->weight.dims[0])
      layer->bias = bias->tensor;
  }
  if (!alexnet_affine_add_layer (&graph->affine, graph->source, layer, error))
    return FALSE;
  if (scale == 1 && (!bias || alexnet_tensor_is_bound (&layer->bias)))
    return TRUE;
  n = alexnet_chain_last (graph->source)->channels;
  scales = g_new (double, n);
  shift = g_new0 (double, n);
  if (bias && !alexnet_onnx_read_vector (bias, n, 1, shift, error))
    return FALSE;
  for (guint c = 0; c < n; c++) {
    scales[c] = scale;
    shift[c] *= factor;
  }
  return alexnet_affine_fold_outputs (&graph->affine, graph->source,
      scale != 1 ? scales : NULL, shift, error);
}

static gboolean
read_conv (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *weight = alexnet_onnx_weights (graph, call, 1, error);
  AlexnetLayer layer = { .kind = ALEXNET_LAYER_CONV };
  gint64 groups = alexnet_onnx_int (call, "group", 1);

  if (!weight)
    return FALSE;
  if (weight->tensor.n_dims != 4)
    return alexnet_format_error (error,
        "its weights have %u dimensions, expected 4", weight->tensor.n_dims);
  if (groups < 1 || groups > G_MAXINT32)
    return alexnet_format_error (error,
        "group is %" G_GINT64_FORMAT ", expected 1 or more", groups);
  layer.groups = (guint) groups;
  layer.weight = weight->tensor;
  if (!read_window (graph, call, &layer,
          (guint) MIN (weight->tensor.dims[2], G_MAXINT32), error))
    return FALSE;
  return add_layer (graph, call, &layer, weight, 2, 1, 1, error);
}

/* A matrix for rows of [H,W,C] as one for those of [C,H,W]. */
static AlexnetTensor
turn_columns (OnnxReader *graph, const AlexnetTensor *matrix)
{
  const AlexnetShape *in = alexnet_chain_output (graph->source);
  gsize row = matrix->strided ? matrix->strides[0] : matrix->dims[1];
  gsize column = matrix->strided ? matrix->strides[1] : 1;
  AlexnetTensor turned = *matrix;

  if (!graph->channels_last || matrix->dims[1] != alexnet_shape_size (in))
    return turned;
  graph->channels_last = FALSE;
  if ((gsize) in->height * in->width == 1)
    return turned;
  turned.n_dims = 4;
  turned.strided = TRUE;
  memcpy (turned.dims + 1, (gsize[]){ in->channels, in->height, in->width },
      3 * sizeof (gsize));
  memcpy (turned.strides,
      (gsize[]){ row, column, (gsize) in->width * in->channels * column,
          in->channels * column },
      sizeof turned.strides);
  return turned;
}

static gboolean
check_matrix (const OnnxReader *graph, const OnnxValue *weight, GError **error)
{
  if (weight->tensor.n_dims == 2)
    return alexnet_onnx_needs (graph, TRUE, error);
  return alexnet_format_error (error,
      "its weights have %u dimensions, expected 2", weight->tensor.n_dims);
}

/* alpha * A * B + beta * C, or MatMul's A * B */
static gboolean
read_product (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *weight = alexnet_onnx_weights (graph, call, 1, error);
  AlexnetLayer layer = { .kind = ALEXNET_LAYER_LINEAR };

  if (!weight || !check_matrix (graph, weight, error))
    return FALSE;
  if (alexnet_onnx_int (call, "transA", 0) != 0)
    return alexnet_format_error (error, "transA turns its input, expected 0");
  layer.weight = alexnet_onnx_int (call, "transB", 0) != 0
      ? weight->tensor
      : alexnet_values_transpose (&weight->tensor);
  layer.weight = turn_columns (graph, &layer.weight);
  return add_layer (graph, call, &layer, weight, 2,
      alexnet_onnx_float (call, "alpha", 1),
      alexnet_onnx_float (call, "beta", 1), error);
}

/* ---- layers without ------------------------------------------------------ */

static gboolean
read_relu (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const AlexnetLayer layer = { .kind = ALEXNET_LAYER_RELU };

  return alexnet_affine_add_layer (&graph->affine, graph->source, &layer,
      error);
}

static gboolean
read_dropout (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const AlexnetLayer layer = { .kind = ALEXNET_LAYER_DROPOUT };
  const OnnxValue *training = NULL;

  if (alexnet_onnx_input (call, 2)) {
    training = alexnet_onnx_ints (graph, call, 2, error);
    if (!training)
      return FALSE;
  }
  if (training && training->n_ints == 1 && training->ints[0] != 0)
    return alexnet_format_error (error,
        "it is set for training, expected false");
  return alexnet_affine_add_layer (&graph->affine, graph->source, &layer,
      error);
}

static gboolean
read_lrn (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  gint64 size = alexnet_onnx_int (call, "size", 0);
  const AlexnetLayer layer = { .kind = ALEXNET_LAYER_LRN,
    .size = (guint) CLAMP (size, 0, G_MAXINT32),
    .alpha = alexnet_onnx_float (call, "alpha", 1e-4f),
    .beta = alexnet_onnx_float (call, "beta", 0.75f),
    .k = alexnet_onnx_float (call, "bias", 1) };

  if (layer.size % 2 != 1)
    return alexnet_format_error (error,
        "size is %" G_GINT64_FORMAT ", expected an odd number", size);
  return alexnet_onnx_needs (graph, FALSE, error) &&
      alexnet_affine_add_layer (&graph->affine, graph->source, &layer, error);
}

static gboolean
read_max_pool (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  AlexnetLayer layer = { .kind = ALEXNET_LAYER_MAXPOOL };

  if (!read_window (graph, call, &layer, 0, error))
    return FALSE;
  if (alexnet_onnx_int (call, "ceil_mode", 0) != 0)
    layer.end_padding =
        alexnet_chain_ceil_padding (alexnet_chain_output (graph->source)
                                        ->height,
            &layer, layer.end_padding);
  return alexnet_affine_add_layer (&graph->affine, graph->source, &layer,
      error);
}

/* PyTorch's adaptive pooling of what has that size already. */
static gboolean
add_average (OnnxReader *graph, gboolean identity, GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  const AlexnetLayer layer = { .kind = ALEXNET_LAYER_AVGPOOL,
    .size = shape->height };

  if (!identity)
    return alexnet_format_error (error,
        "it averages, which no AlexNet here does");
  return alexnet_affine_add_layer (&graph->affine, graph->source, &layer,
      error);
}

static gboolean
read_average_pool (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  AlexnetLayer layer = { 0 };

  return read_window (graph, call, &layer, 0, error) &&
      add_average (graph,
          layer.kernel == 1 && layer.stride == 1 && layer.padding == 0 &&
              layer.end_padding == 0,
          error);
}

static gboolean
read_global_average_pool (OnnxReader *graph, const OnnxCall *call,
    GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);

  return alexnet_onnx_needs (graph, FALSE, error) &&
      add_average (graph, shape->height == 1 && shape->width == 1, error);
}

/* Over the channels of one pixel. What is read are probabilities, so LogSoftmax
 * is one too: nothing may follow it. */
static gboolean
read_softmax (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const AlexnetLayer layer = { .kind = ALEXNET_LAYER_SOFTMAX };
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  gint64 axis = alexnet_onnx_int (call, "axis", graph->opset < 13 ? 1 : -1);
  gint64 rank = graph->flat ? 2 : 4;
  gint64 classes = graph->channels_last && !graph->flat ? 3 : 1;

  if ((axis != classes && axis != classes - rank) || shape->height != 1 ||
      shape->width != 1)
    return alexnet_format_error (error,
        "axis is %" G_GINT64_FORMAT " of [N,%u,%u,%u], expected classes", axis,
        shape->channels, shape->height, shape->width);
  return alexnet_affine_add_layer (&graph->affine, graph->source, &layer,
      error);
}

static gboolean
read_identity (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return TRUE;
}

/* From one type of floats to another: the backend has its own. */
static gboolean
read_cast (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  gint64 to = alexnet_onnx_int (call, "to", 0);

  if (alexnet_onnx_is_float (to))
    return TRUE;
  return alexnet_format_error (error,
      "it makes type number %" G_GINT64_FORMAT
      " of floats, expected one of floats",
      to);
}

/* What onnxruntime makes of a layer and a Relu. */
static gboolean
add_activation (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, "activation");
  g_autofree char *text = NULL, *quoted = NULL;

  if (!attribute)
    return alexnet_format_error (error,
        "it has no activation, expected 'Relu'");
  text = alexnet_wire_read_string (graph->reader, &attribute->s, error);
  if (!text)
    return FALSE;
  if (g_str_equal (text, "Relu"))
    return read_relu (graph, call, error);
  quoted = alexnet_quote (text);
  return alexnet_format_error (error, "its activation is %s, expected 'Relu'",
      quoted);
}

static gboolean
read_fused_conv (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  if (alexnet_onnx_input (call, 3))
    return alexnet_format_error (error, "it adds another input");
  return read_conv (graph, call, error) && add_activation (graph, call, error);
}

static gboolean
read_fused_gemm (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return read_product (graph, call, error) &&
      add_activation (graph, call, error);
}

const OnnxOperator alexnet_onnx_layers[] = {
  { "AveragePool", FALSE,
      "auto_pad ceil_mode count_include_pad dilations kernel_shape pads "
      "strides",
      read_average_pool },
  { "Cast", FALSE, "saturate to", read_cast },
  { "Conv", FALSE, "auto_pad dilations group kernel_shape pads strides",
      read_conv },
  { "Dropout", FALSE, "consumed_inputs is_test ratio seed", read_dropout },
  { "Gemm", FALSE, "alpha beta broadcast transA transB", read_product },
  { "GlobalAveragePool", FALSE, "", read_global_average_pool },
  { "Identity", FALSE, "", read_identity },
  { "LRN", FALSE, "alpha beta bias size", read_lrn },
  { "LogSoftmax", FALSE, "axis", read_softmax },
  { "MatMul", FALSE, "", read_product },
  { "MaxPool", FALSE,
      "auto_pad ceil_mode dilations kernel_shape pads storage_order strides",
      read_max_pool },
  { "Relu", FALSE, "consumed_inputs", read_relu },
  { "Softmax", FALSE, "axis", read_softmax },
  { "com.microsoft.FusedConv", FALSE,
      "activation activation_params auto_pad dilations group kernel_shape pads "
      "strides",
      read_fused_conv },
  { "com.microsoft.FusedGemm", FALSE,
      "activation activation_alpha activation_beta activation_gamma alpha beta "
      "transA transB",
      read_fused_gemm },
  { NULL },
};
