/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that multiply every channel by a number and add one to it. They
 * become part of the layer before them; the first ones of a graph, of how a
 * picture becomes its input. */

#include "private.h"

#include <math.h>

#include "formats/chain.h"

static guint64
count_bytes (const AlexnetModelSource *source)
{
  guint64 n = 0;

  for (guint i = 0; i < source->files->len; i++)
    n += alexnet_file_get_size (source->files->pdata[i]);
  return n;
}

gboolean
alexnet_onnx_allow_fold (OnnxReader *graph, gboolean scale, GError **error)
{
  const AlexnetLayer *last = alexnet_chain_last (graph->source);

  graph->n_folded += last->channels;
  if (scale)
    graph->n_folded += alexnet_tensor_n_values (&last->weight);
  return graph->n_folded <= count_bytes (graph->source) ||
      alexnet_format_error (error,
          "more is to be folded into weights than the file has");
}

gboolean
alexnet_onnx_read_vector (const OnnxValue *value, guint n, guint axis,
    double *out, GError **error)
{
  const AlexnetTensor *tensor = &value->tensor;
  gsize n_values = alexnet_tensor_n_values (tensor);
  g_autofree float *floats = NULL;

  if (n_values != 1 &&
      (n_values != n || tensor->n_dims < axis ||
          tensor->dims[tensor->n_dims - axis] != n))
    return alexnet_format_error (error,
        "it takes %" G_GSIZE_FORMAT " values, expected one or %u along the "
        "channels",
        n_values, n);
  floats = g_new (float, n_values);
  if (!alexnet_tensor_to_float (floats, tensor, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    out[i] = floats[n_values == 1 ? 0 : i];
  return TRUE;
}

/* Says how many channels the last layer has when what is computed now can be
 * made part of it. */
static gboolean
find_layer (OnnxReader *graph, gboolean scale, guint *n, GError **error)
{
  const AlexnetLayer *last = alexnet_chain_last (graph->source);

  if (!last ||
      last->kind != (graph->flat ? ALEXNET_LAYER_LINEAR : ALEXNET_LAYER_CONV))
    return alexnet_format_error (error,
        "it does not follow a convolution or a linear layer, into whose "
        "weights it could be folded");
  *n = last->channels;
  return alexnet_onnx_allow_fold (graph, scale, error);
}

/* The same, or the picture's when there is no layer yet. */
static gboolean
find_target (OnnxReader *graph, gboolean scale, guint *n, GError **error)
{
  if (alexnet_chain_last (graph->source))
    return find_layer (graph, scale, n, error);
  *n = graph->source->network->input.channels;
  return *n == 1 || *n == ONNX_MAX_COLOURS ||
      alexnet_format_error (error,
          "it changes a picture of %u channels, expected 1 or 3", *n);
}

/* Divides by the numbers that stand there, or takes them off. */
static gboolean
invert (double *numbers, guint n, gboolean scale, GError **error)
{
  for (guint c = 0; c < n; c++) {
    numbers[c] = scale ? 1 / numbers[c] : -numbers[c];
    if (!isfinite (numbers[c]))
      return alexnet_format_error (error, "channel %u is divided by 0", c);
  }
  return TRUE;
}

/* What makes all numbers a half, as a Dropout of PaddlePaddle does, can be done
 * by the next layer. */
static gboolean
carry (OnnxReader *graph, const OnnxValue *value, gboolean inverse,
    GError **error)
{
  double number = 0;

  if (!alexnet_onnx_read_vector (value, 1, 1, &number, error) ||
      (inverse && !invert (&number, 1, TRUE, error)))
    return FALSE;
  graph->scale *= (float) number;
  return TRUE;
}

static gboolean
can_carry (const OnnxReader *graph, const OnnxValue *value)
{
  const AlexnetLayer *last = alexnet_chain_last (graph->source);

  return last && last->kind != ALEXNET_LAYER_CONV &&
      last->kind != ALEXNET_LAYER_LINEAR &&
      alexnet_tensor_n_values (&value->tensor) == 1;
}

/* By a number for each channel. */
static gboolean
change (OnnxReader *graph, const OnnxValue *value, gboolean scale,
    gboolean inverse, GError **error)
{
  guint axis = graph->flat || graph->channels_last ? 1 : 3, n = 0;
  g_autofree double *numbers = NULL;

  if (!find_target (graph, scale, &n, error))
    return FALSE;
  numbers = g_new (double, n);
  if (!alexnet_onnx_read_vector (value, n, axis, numbers, error) ||
      (inverse && !invert (numbers, n, scale, error)))
    return FALSE;
  if (alexnet_chain_last (graph->source))
    return alexnet_chain_fold (graph->source, scale ? numbers : NULL,
        scale ? NULL : numbers, error);
  alexnet_onnx_pixels_change (&graph->pixels, scale, numbers, n);
  return TRUE;
}

static gboolean
read_change (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const char *op = call->message.op_type;
  gboolean inverse = g_str_equal (op, "Sub") || g_str_equal (op, "Div");
  gboolean scale = g_str_equal (op, "Mul") || g_str_equal (op, "Div");
  gboolean first = alexnet_onnx_is_current (graph,
      alexnet_onnx_input (call, 0));
  const OnnxValue *value = alexnet_onnx_weights (graph, call, first, error);

  if (!value)
    return FALSE;
  if (scale && can_carry (graph, value))
    return carry (graph, value, inverse, error);
  return change (graph, value, scale, inverse, error);
}

static gboolean
read_batch_normalization (OnnxReader *graph, const OnnxCall *call,
    GError **error)
{
  enum { SCALE, BIAS, MEAN, VARIANCE, N };
  double epsilon = alexnet_onnx_float (call, "epsilon", 1e-5f);
  g_autofree double *values = NULL;
  double *of[N];
  guint n = 0;

  if (!find_layer (graph, TRUE, &n, error))
    return FALSE;
  if (alexnet_onnx_int (call, "training_mode", 0) != 0 ||
      alexnet_onnx_int (call, "spatial", 1) != 1)
    return alexnet_format_error (error,
        "it is set for training, or not to channels");
  values = g_new (double, N *(gsize) n);
  for (guint i = 0; i < N; i++) {
    const OnnxValue *value = alexnet_onnx_weights (graph, call, i + 1, error);

    of[i] = values + i * (gsize) n;
    if (!value || !alexnet_onnx_read_vector (value, n, 1, of[i], error))
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

const OnnxOperator alexnet_onnx_affine[] = {
  { "Add", TRUE, "broadcast", read_change },
  { "BatchNormalization", FALSE,
      "consumed_inputs epsilon is_test momentum spatial training_mode",
      read_batch_normalization },
  { "Div", FALSE, "broadcast", read_change },
  { "Mul", TRUE, "broadcast", read_change },
  { "Sub", FALSE, "broadcast", read_change },
  { NULL },
};
