/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that compute something from the picture. */

#include "private.h"

#include <math.h>
#include <string.h>

#include "formats/chain.h"
#include "formats/values.h"

static gboolean
needs (const OnnxReader *graph, gboolean flat, GError **error)
{
  if (graph->flat == flat)
    return TRUE;
  return alexnet_format_error (error, "it gets %s, expected %s",
      graph->flat ? "[N,C]" : "[N,C,H,W]", flat ? "[N,C]" : "[N,C,H,W]");
}

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

/* `kernel`: when there is no kernel_shape; 0: there must be. */
static gboolean
read_window (OnnxReader *graph, const OnnxCall *call, AlexnetLayer *layer,
    guint kernel, GError **error)
{
  guint pads[4], dilation;

  if (!needs (graph, FALSE, error) ||
      !alexnet_onnx_check_auto_pad (graph, call, error) ||
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
  return TRUE;
}

/* ---- layers with weights ------------------------------------------------- */

static guint64
count_bytes (const AlexnetModelSource *source)
{
  guint64 n = 0;

  for (guint i = 0; i < source->files->len; i++)
    n += alexnet_file_get_size (source->files->pdata[i]);
  return n;
}

/* Whether the files warrant one more change of the last layer's biases and,
 * with `scale`, its weights: all changes together, of as many values as they
 * have bytes. */
static gboolean
allow_fold (OnnxReader *graph, gboolean scale, GError **error)
{
  const AlexnetLayer *last = alexnet_chain_last (graph->source);

  graph->n_folded += last->channels;
  if (scale)
    graph->n_folded += alexnet_tensor_n_values (&last->weight);
  return graph->n_folded <= count_bytes (graph->source) ||
      alexnet_format_error (error,
          "more is to be folded into weights than the file has");
}

/* One float for each of `n` outputs: [n], or a number of dimensions of which
 * all but the `axis`-th from the end are 1; or one for all. */
static gboolean
read_vector (const OnnxValue *value, guint n, guint axis, double *out,
    GError **error)
{
  const AlexnetTensor *tensor = &value->tensor;
  gsize n_values = alexnet_tensor_n_values (tensor);
  g_autofree float *floats = NULL;

  if (n_values != 1 &&
      (n_values != n || tensor->n_dims < axis ||
          tensor->dims[tensor->n_dims - axis] != n))
    return alexnet_format_error (error,
        "it takes %" G_GSIZE_FORMAT " values, expected one for each of %u "
        "outputs",
        n_values, n);
  floats = g_new (float, n_values);
  if (!alexnet_tensor_to_float (floats, tensor, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    out[i] = floats[n_values == 1 ? 0 : i];
  return TRUE;
}

/* What is left of an initialiser's name without what says that it is a
 * weight. */
static char *
name_layer (const OnnxValue *weight)
{
  static const char *const suffixes[] = { ".weight", "_weight", "_w_0", "_w" };
  const char *name = weight->name;

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (name, suffixes[i]))
      return g_strndup (name, strlen (name) - strlen (suffixes[i]));
  return g_strdup (name);
}

/* Appends a layer, multiplies its outputs by `scale` and adds `factor` times
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
  if (!alexnet_chain_add (graph->source, layer, error))
    return FALSE;
  if (scale == 1 && (!bias || alexnet_tensor_is_bound (&layer->bias)))
    return TRUE;
  if (!allow_fold (graph, scale != 1, error))
    return FALSE;
  n = alexnet_chain_last (graph->source)->channels;
  scales = g_new (double, n);
  shift = g_new0 (double, n);
  if (bias && !read_vector (bias, n, 1, shift, error))
    return FALSE;
  for (guint c = 0; c < n; c++) {
    scales[c] = scale;
    shift[c] *= factor;
  }
  return alexnet_chain_fold (graph->source, scale != 1 ? scales : NULL, shift,
      error);
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
    return alexnet_format_error (error, "group is %" G_GINT64_FORMAT, groups);
  layer.groups = (guint) groups;
  layer.weight = weight->tensor;
  if (!read_window (graph, call, &layer,
          (guint) MIN (weight->tensor.dims[2], G_MAXINT32), error))
    return FALSE;
  return add_layer (graph, call, &layer, weight, 2, 1, 1, error);
}

static gboolean
check_matrix (const OnnxReader *graph, const OnnxValue *weight, GError **error)
{
  if (weight->tensor.n_dims == 2)
    return needs (graph, TRUE, error);
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
  return add_layer (graph, call, &layer, weight, 2,
      alexnet_onnx_float (call, "alpha", 1),
      alexnet_onnx_float (call, "beta", 1), error);
}

/* The last layer, when what is computed now can be made part of it. */
static const AlexnetLayer *
last_with_weights (OnnxReader *graph, gboolean scale, GError **error)
{
  const AlexnetLayer *last = alexnet_chain_last (graph->source);

  if (last &&
      (graph->flat ? last->kind == ALEXNET_LAYER_LINEAR
                   : last->kind == ALEXNET_LAYER_CONV))
    return allow_fold (graph, scale, error) ? last : NULL;
  alexnet_format_error (error,
      "it does not follow a convolution or a linear layer, into whose weights "
      "it could be folded");
  return NULL;
}

static gboolean
read_add (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  guint other = alexnet_onnx_is_current (graph, alexnet_onnx_input (call, 0))
      ? 1
      : 0;
  const OnnxValue *bias = alexnet_onnx_weights (graph, call, other, error);
  const AlexnetLayer *last = bias ? last_with_weights (graph, FALSE, error)
                                  : NULL;
  g_autofree double *shift = NULL;

  if (!last)
    return FALSE;
  shift = g_new (double, last->channels);
  return read_vector (bias, last->channels, graph->flat ? 1 : 3, shift,
             error) &&
      alexnet_chain_fold (graph->source, NULL, shift, error);
}

static gboolean
read_batch_normalization (OnnxReader *graph, const OnnxCall *call,
    GError **error)
{
  enum { SCALE, BIAS, MEAN, VARIANCE, N };
  const AlexnetLayer *last = last_with_weights (graph, TRUE, error);
  double epsilon = alexnet_onnx_float (call, "epsilon", 1e-5f);
  g_autofree double *values = NULL;
  double *of[N];
  guint n;

  if (!last)
    return FALSE;
  if (alexnet_onnx_int (call, "training_mode", 0) != 0 ||
      alexnet_onnx_int (call, "spatial", 1) != 1)
    return alexnet_format_error (error,
        "it is set for training, or not to channels");
  n = last->channels;
  values = g_new (double, N *(gsize) n);
  for (guint i = 0; i < N; i++) {
    const OnnxValue *value = alexnet_onnx_weights (graph, call, i + 1, error);

    of[i] = values + i * (gsize) n;
    if (!value || !read_vector (value, n, 1, of[i], error))
      return FALSE;
  }
  for (guint c = 0; c < n; c++) {
    of[SCALE][c] /= sqrt (of[VARIANCE][c] + epsilon);
    of[BIAS][c] -= of[MEAN][c] * of[SCALE][c];
    if (!isfinite (of[SCALE][c]) || !isfinite (of[BIAS][c]))
      return alexnet_format_error (error,
          "channel %u has variance %g, scale and bias that are not finite", c,
          of[VARIANCE][c]);
  }
  return alexnet_chain_fold (graph->source, of[SCALE], of[BIAS], error);
}

/* ---- layers without ------------------------------------------------------ */

static gboolean
read_relu (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const AlexnetLayer layer = { .kind = ALEXNET_LAYER_RELU };

  return alexnet_chain_add (graph->source, &layer, error);
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
    return alexnet_format_error (error, "it is set for training");
  return alexnet_chain_add (graph->source, &layer, error);
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
  return needs (graph, FALSE, error) &&
      alexnet_chain_add (graph->source, &layer, error);
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
  return alexnet_chain_add (graph->source, &layer, error);
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
  return alexnet_chain_add (graph->source, &layer, error);
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

  return needs (graph, FALSE, error) &&
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

  if ((axis != 1 && axis != 1 - rank) || shape->height != 1 ||
      shape->width != 1)
    return alexnet_format_error (error,
        "axis is %" G_GINT64_FORMAT " of [N,%u,%u,%u], expected classes", axis,
        shape->channels, shape->height, shape->width);
  return alexnet_chain_add (graph->source, &layer, error);
}

/* ---- shapes -------------------------------------------------------------- */

static gboolean
read_flatten (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  gint64 axis = alexnet_onnx_int (call, "axis", 1);

  if (axis != 1 && axis != (graph->flat ? -1 : -3))
    return alexnet_format_error (error,
        "axis is %" G_GINT64_FORMAT ", expected 1", axis);
  graph->flat = TRUE;
  return TRUE;
}

/* To [N,C], of which one may be -1 (what is left) and N 0 (as it is). */
static gboolean
read_reshape (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  gint64 size = (gint64)
      alexnet_shape_size (alexnet_chain_output (graph->source));
  const gint64 *ints;
  guint n;

  if (!alexnet_onnx_ints_of (graph, call, "shape", &ints, &n, error))
    return FALSE;
  if (n != 2 || (ints[0] != graph->batch && (ints[0] < -1 || ints[0] > 1)) ||
      (ints[1] != size && (ints[1] != -1 || ints[0] == -1)))
    return alexnet_format_error (error,
        "its shape has %u dimensions%s, expected 2: [N, %" G_GINT64_FORMAT "]",
        n, n == 2 ? " of other sizes" : "", size);
  graph->flat = TRUE;
  return TRUE;
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
      "it makes type number %" G_GINT64_FORMAT " of floats", to);
}

/* What has no function computes what no AlexNet here does. */
const OnnxOperator alexnet_onnx_layers[] = {
  { "Add", TRUE, "broadcast", read_add },
  { "AveragePool", FALSE,
      "auto_pad ceil_mode count_include_pad dilations kernel_shape pads "
      "strides",
      read_average_pool },
  { "BatchNormalization", FALSE,
      "consumed_inputs epsilon is_test momentum spatial training_mode",
      read_batch_normalization },
  { "Cast", FALSE, "saturate to", read_cast },
  { "Conv", FALSE, "auto_pad dilations group kernel_shape pads strides",
      read_conv },
  { "Dropout", FALSE, "consumed_inputs is_test ratio seed", read_dropout },
  { "Flatten", FALSE, "axis", read_flatten },
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
  { "Reshape", FALSE, "allowzero consumed_inputs shape", read_reshape },
  { "Softmax", FALSE, "axis", read_softmax },
  { NULL },
};
