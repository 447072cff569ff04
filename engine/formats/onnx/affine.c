/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that multiply every channel by a number and add one to it. They
 * become part of the weights right before them, else of those behind them where
 * that is exact, else a layer of their own; the first ones of a graph, part of
 * how a picture becomes its input. */

#include "private.h"

#include <math.h>

#include "formats/chain.h"

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

/* How many numbers there may be: one a channel or, of [N,C], one for each value
 * where there are not all of them the same. */
static gboolean
count_numbers (OnnxReader *graph, const OnnxValue *value, guint *n,
    GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  gboolean same = alexnet_tensor_n_values (&value->tensor) == 1;

  *n = graph->flat && !same ? (guint) alexnet_shape_size (shape)
                            : MAX (shape->channels, graph->affine.n);
  if (alexnet_chain_last (graph->source))
    return alexnet_affine_allow (&graph->affine, graph->source, *n, error);
  return *n == 1 || *n == ONNX_MAX_COLOURS ||
      alexnet_format_error (error,
          "it changes a picture of %u channels, expected 1 or 3", *n);
}

/* Numbers of values that lie as [H,W,C], as the chain has them. NULL stays. */
static void
turn (const OnnxReader *graph, double *numbers, guint n)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  guint channels = shape->channels, pixels = n / channels;
  g_autofree double *turned = NULL;

  if (!numbers || !graph->flat || !graph->channels_last || pixels == 1)
    return;
  turned = g_memdup2 (numbers, n * sizeof *numbers);
  for (guint i = 0; i < n; i++)
    numbers[i % channels * pixels + i / channels] = turned[i];
}

/* By [n] numbers; NULL: by 1, 0. */
static gboolean
change (OnnxReader *graph, guint n, double *scale, double *shift,
    GError **error)
{
  if (!alexnet_chain_last (graph->source)) {
    alexnet_onnx_pixels_change (&graph->pixels, scale, shift, n);
    return TRUE;
  }
  if (alexnet_affine_is_behind_weights (&graph->affine, graph->source,
          graph->flat))
    return alexnet_affine_fold_outputs (&graph->affine, graph->source, scale,
        shift, error);
  turn (graph, scale, n);
  turn (graph, shift, n);
  alexnet_affine_then (&graph->affine, n, scale, shift);
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
  guint axis = graph->flat || graph->channels_last ? 1 : 3, n = 0;
  g_autofree double *numbers = NULL;

  if (!value || !count_numbers (graph, value, &n, error))
    return FALSE;
  numbers = g_new (double, n);
  return alexnet_onnx_read_vector (value, n, axis, numbers, error) &&
      (!inverse || invert (numbers, n, scale, error)) &&
      change (graph, n, scale ? numbers : NULL, scale ? NULL : numbers, error);
}

static gboolean
read_batch_normalization (OnnxReader *graph, const OnnxCall *call,
    GError **error)
{
  enum { SCALE, BIAS, MEAN, VARIANCE, N };
  double epsilon = alexnet_onnx_float (call, "epsilon", 1e-5f);
  const OnnxValue *first = alexnet_onnx_weights (graph, call, 1, error);
  g_autofree double *values = NULL;
  double *of[N];
  guint n = 0;

  if (!first || !alexnet_onnx_needs (graph, graph->flat, error) ||
      !count_numbers (graph, first, &n, error))
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
  return change (graph, n, of[SCALE], of[BIAS], error);
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
