/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* PyTorch's LocalResponseNorm, and what people wrote before it was there:
 *
 *     x / (alpha * mean over channels of x * x + k) ^ beta
 *
 * where the mean is an AveragePool of three dimensions over [N,1,C,H,W], which
 * zeros among the channels make as large as x. */

#include "private.h"

#include "formats/chain.h"

#define MAX_PAD 4096

/* How far the branch is. */
enum {
  SQUARED = 1 << 0,
  UNFOLDED = 1 << 1,
  PADDED = 1 << 2,
  POOLED = 1 << 3,
  FOLDED = 1 << 4,
  SCALED = 1 << 5,
  ADDED = 1 << 6,
  RAISED = 1 << 7,
};

void
alexnet_onnx_norm_clear (OnnxNorm *norm)
{
  g_free (norm->name);
  *norm = (OnnxNorm){ 0 };
}

gboolean
alexnet_onnx_norm_is_sure (const OnnxNorm *norm)
{
  return norm->stage >= UNFOLDED;
}

/* The branch goes on with what the node gives. */
static gboolean
go_on (OnnxReader *graph, const OnnxCall *call, guint stage)
{
  g_free (graph->norm.name);
  graph->norm.name = g_strdup (call->message.output->pdata[0]);
  graph->norm.stage = stage;
  return TRUE;
}

static gboolean
is_branch (const OnnxReader *graph, const OnnxCall *call, guint i)
{
  return graph->norm.name &&
      g_strcmp0 (alexnet_onnx_input (call, i), graph->norm.name) == 0;
}

/* The one number that the i-th input is. */
static gboolean
read_number (const OnnxReader *graph, const OnnxCall *call, guint i,
    float *number, GError **error)
{
  const OnnxValue *value = alexnet_onnx_value (graph, call, i, error);
  gsize n;

  if (!value)
    return FALSE;
  n = value->is_ints ? value->n_ints : alexnet_tensor_n_values (&value->tensor);
  if (n != 1)
    return alexnet_format_error (error,
        "it takes %" G_GSIZE_FORMAT " values, expected one for all", n);
  *number = value->is_ints ? (float) value->ints[0] : 0;
  return value->is_ints ||
      alexnet_tensor_to_float (number, &value->tensor, error);
}

/* The number beside the branch. */
static gboolean
read_other (const OnnxReader *graph, const OnnxCall *call, float *number,
    GError **error)
{
  return read_number (graph, call, is_branch (graph, call, 0) ? 1 : 0, number,
      error);
}

/* ---- squares ------------------------------------------------------------- */

static gboolean
begin (OnnxReader *graph, const OnnxCall *call)
{
  alexnet_onnx_norm_clear (&graph->norm);
  graph->norm.layer = (AlexnetLayer){ .kind = ALEXNET_LAYER_LRN, .alpha = 1 };
  return go_on (graph, call, SQUARED);
}

static gboolean
read_product (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return begin (graph, call);
}

static gboolean
read_square (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  float power;

  if (!read_number (graph, call, 1, &power, error))
    return FALSE;
  if (power != 2)
    return alexnet_format_error (error, "the exponent is %g, expected 2",
        power);
  return begin (graph, call);
}

/* ---- the mean ------------------------------------------------------------ */

/* [N,1,C,H,W] or, when it is folded, [N,C,H,W]; one size may be -1. */
static gboolean
check_shape (const OnnxReader *graph, const OnnxCall *call, gboolean folded,
    GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  const gint64 sizes[] = { graph->batch, 1, shape->channels, shape->height,
    shape->width };
  const OnnxValue *value = alexnet_onnx_ints (graph, call, 1, error);
  guint n = folded ? 4 : 5, n_open = 0;
  gboolean ok;

  if (!value)
    return FALSE;
  ok = value->n_ints == n;
  for (guint i = 0; ok && i < n; i++) {
    gint64 size = value->ints[i];

    n_open += size == -1;
    ok = size == -1 || size == sizes[i > 0 ? i + folded : 0] ||
        (i == 0 && (size == 0 || size == 1));
  }
  return (ok && n_open <= 1) ||
      alexnet_format_error (error, "its shape is not %s of [N,%u,%u,%u]",
          folded ? "that" : "[N,1,C,H,W]", shape->channels, shape->height,
          shape->width);
}

static gboolean
check_axis (const OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxAttribute *axes = alexnet_onnx_attribute (call, "axes");
  const OnnxValue *value = NULL;
  gint64 axis = 0;

  if (axes && axes->ints && axes->ints->len == 1) { /* before opset 13 */
    axis = g_array_index (axes->ints, gint64, 0);
  } else {
    value = alexnet_onnx_ints (graph, call, 1, error);
    if (!value)
      return FALSE;
    axis = value->n_ints == 1 ? value->ints[0] : 0;
  }
  return axis == 1 || axis == -4 ||
      alexnet_format_error (error, "its axes are not the second one alone");
}

static gboolean
read_unfold (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return check_shape (graph, call, FALSE, error) &&
      go_on (graph, call, UNFOLDED);
}

static gboolean
read_unsqueeze (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return check_axis (graph, call, error) && go_on (graph, call, UNFOLDED);
}

static gboolean
read_fold (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return check_shape (graph, call, TRUE, error) && go_on (graph, call, FOLDED);
}

static gboolean
read_squeeze (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return check_axis (graph, call, error) && go_on (graph, call, FOLDED);
}

/* What it pads with, of its modes that which has a value. */
static gboolean
check_pad_value (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxAttribute *mode = alexnet_onnx_attribute (call, "mode");
  g_autofree char *text = NULL;
  float value = alexnet_onnx_float (call, "value", 0);

  if (mode) {
    text = alexnet_wire_read_string (graph->reader, &mode->s, error);
    if (!text)
      return FALSE;
  }
  if (alexnet_onnx_input (call, 2) &&
      !read_number (graph, call, 2, &value, error))
    return FALSE;
  return (value == 0 && (!text || g_str_equal (text, "constant")) &&
             !alexnet_onnx_input (call, 3)) ||
      alexnet_format_error (error, "it pads with something else than zeros");
}

/* Adds zeros among the channels: `pads` has `n` dimensions' beginnings, then
 * their ends; channels are dimension `axis`. */
static gboolean
add_pads (OnnxReader *graph, const gint64 *pads, guint n, guint axis,
    GError **error)
{
  for (guint i = 0; i < 2 * n; i++) {
    gboolean channels = i % n == axis;

    if (pads[i] < 0 || pads[i] > (channels ? MAX_PAD : 0))
      return alexnet_format_error (error,
          "pad %u is %" G_GINT64_FORMAT ", expected zeros among channels alone",
          i, pads[i]);
    if (channels)
      graph->norm.pads[i / n] += (guint) pads[i];
  }
  return TRUE;
}

static gboolean
read_pad (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, "pads");
  const OnnxValue *value = NULL;
  const gint64 *pads = NULL;
  guint n = 0;

  if (!check_pad_value (graph, call, error))
    return FALSE;
  if (attribute && attribute->ints) { /* before opset 11 */
    pads = &g_array_index (attribute->ints, gint64, 0);
    n = attribute->ints->len;
  } else {
    value = alexnet_onnx_ints (graph, call, 1, error);
    if (!value)
      return FALSE;
    pads = value->ints;
    n = value->n_ints;
  }
  if (n != 10)
    return alexnet_format_error (error, "it has %u pads, expected 10", n);
  return add_pads (graph, pads, 5, 2, error) && go_on (graph, call, PADDED);
}

static gboolean
read_pool (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  guint kernel[3], strides[3], sizes[6];
  gint64 pads[6];

  if (!alexnet_onnx_check_auto_pad (graph, call, error) ||
      !alexnet_onnx_sizes (call, "kernel_shape", kernel, 3, 0, error) ||
      !alexnet_onnx_sizes (call, "strides", strides, 3, 1, error) ||
      !alexnet_onnx_sizes (call, "pads", sizes, 6, 0, error))
    return FALSE;
  if (kernel[1] != 1 || kernel[2] != 1 || strides[0] != 1 || strides[1] != 1 ||
      strides[2] != 1)
    return alexnet_format_error (error,
        "its window is not one over channels alone, of stride 1");
  for (guint i = 0; i < G_N_ELEMENTS (pads); i++)
    pads[i] = sizes[i];
  if (sizes[0] + sizes[3] > 0 &&
      alexnet_onnx_int (call, "count_include_pad", 0) != 1)
    return alexnet_format_error (error, "it does not count what it pads with");
  if (!add_pads (graph, pads, 3, 0, error))
    return FALSE;
  if (kernel[0] % 2 != 1 || graph->norm.pads[0] != kernel[0] / 2 ||
      graph->norm.pads[1] != kernel[0] / 2)
    return alexnet_format_error (error,
        "its window has %u channels, with %u zeros before and %u behind them, "
        "expected an odd number and half of it",
        kernel[0], graph->norm.pads[0], graph->norm.pads[1]);
  graph->norm.layer.size = kernel[0];
  return go_on (graph, call, POOLED);
}

/* ---- the rest ------------------------------------------------------------ */

static gboolean
read_alpha (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return read_other (graph, call, &graph->norm.layer.alpha, error) &&
      go_on (graph, call, SCALED);
}

static gboolean
read_k (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return read_other (graph, call, &graph->norm.layer.k, error) &&
      go_on (graph, call, ADDED);
}

static gboolean
read_beta (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return read_other (graph, call, &graph->norm.layer.beta, error) &&
      go_on (graph, call, RAISED);
}

static gboolean
read_quotient (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  if (!alexnet_chain_add (graph->source, &graph->norm.layer, error))
    return FALSE;
  alexnet_chain_set (graph->current, call->message.output->pdata[0]);
  alexnet_onnx_norm_clear (&graph->norm);
  return TRUE;
}

/* Which inputs are the picture and which are the branch, a bit each; what
 * stages the branch may be at, 0: it begins. */
static const struct {
  OnnxOperator operator;
  guint picture, branch, from;
} steps[] = {
  { { "Mul", FALSE, "", read_product }, 3, 0, 0 },
  { { "Pow", FALSE, "", read_square }, 1, 0, 0 },
  { { "Reshape", FALSE, "allowzero", read_unfold }, 0, 1, SQUARED },
  { { "Unsqueeze", FALSE, "axes", read_unsqueeze }, 0, 1, SQUARED },
  { { "Pad", FALSE, "mode pads value", read_pad }, 0, 1, UNFOLDED | PADDED },
  { { "AveragePool", FALSE,
        "auto_pad ceil_mode count_include_pad kernel_shape pads strides",
        read_pool },
      0, 1, UNFOLDED | PADDED },
  { { "Reshape", FALSE, "allowzero", read_fold }, 0, 1, POOLED | FOLDED },
  { { "Squeeze", FALSE, "axes", read_squeeze }, 0, 1, POOLED },
  { { "Mul", TRUE, "", read_alpha }, 0, 1, FOLDED },
  { { "Add", TRUE, "", read_k }, 0, 1, FOLDED | SCALED },
  { { "Pow", FALSE, "", read_beta }, 0, 1, ADDED },
  { { "Div", FALSE, "", read_quotient }, 1, 2, RAISED },
};

const OnnxOperator *
alexnet_onnx_find_norm (const OnnxReader *graph, const OnnxCall *call)
{
  guint picture = 0, branch = 0;

  for (guint i = 0; i < 2; i++) {
    const char *name = alexnet_onnx_input (call, i);

    picture |= (guint) alexnet_onnx_is_current (graph, name) << i;
    branch |= (guint) is_branch (graph, call, i) << i;
  }
  for (guint i = 0; !graph->flat && i < G_N_ELEMENTS (steps); i++)
    if (g_strcmp0 (steps[i].operator.name, call->message.op_type) == 0 &&
        steps[i].picture == picture &&
        (steps[i].branch == branch ||
            (steps[i].operator.either && branch == 2)) &&
        (steps[i].from == 0 || (steps[i].from & graph->norm.stage)))
      return &steps[i].operator;
  return NULL;
}
