/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* PyTorch's LocalResponseNorm, and what people wrote before it was there:
 *
 *     x / (alpha * mean over channels of x * x + k) ^ beta
 *
 * where the mean is an AveragePool of three dimensions over [N,1,C,H,W], which
 * zeros among the channels make as large as x. */

#include "private.h"

#include <math.h>

#include "formats/chain.h"

#define MAX_PAD 4096
/* PaddlePaddle's exporter writes any number for 0 (findings/paddle2onnx-lrn-
 * pads.sh): below this one it makes no difference. */
#define NOTHING 1e-30f

/* How far the branch is. */
typedef enum {
  SQUARED = 1 << 0,
  UNFOLDED = 1 << 1,
  PADDED = 1 << 2,
  POOLED = 1 << 3,
  FOLDED = 1 << 4,
  SCALED = 1 << 5,
  ADDED = 1 << 6,
  RAISED = 1 << 7,
} Stage;

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

/* What the branch is while the picture is [N,1,C,H,W]. */
static void
set_sizes (OnnxReader *graph, const char *name)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  OnnxSizes sizes = { { 0, 1, shape->channels, shape->height, shape->width },
    5 };

  g_hash_table_replace (graph->sizes, g_strdup (name),
      g_memdup2 (&sizes, sizeof sizes));
}

/* The branch goes on with what the node gives. */
static gboolean
go_on (OnnxReader *graph, const OnnxCall *call, Stage stage)
{
  if (stage == POOLED)
    set_sizes (graph, call->message.output->pdata[0]);
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
read_product (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  alexnet_onnx_norm_clear (&graph->norm);
  graph->norm.layer = (AlexnetLayer){ .kind = ALEXNET_LAYER_LRN, .alpha = 1 };
  return go_on (graph, call, SQUARED);
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
  return read_product (graph, call, error);
}

/* ---- the mean ------------------------------------------------------------ */

static gboolean
read_unfold (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  const gint64 sizes[] = { graph->batch, 1, shape->channels, shape->height,
    shape->width };
  const OnnxValue *value = alexnet_onnx_ints (graph, call, 1, error);

  if (!value)
    return FALSE;
  if (value->n_ints != 5 || !alexnet_onnx_is_shape (value->ints, sizes, 5))
    return alexnet_format_error (error,
        "its shape is not [N,1,C,H,W] of [N,%u,%u,%u]", shape->channels,
        shape->height, shape->width);
  return go_on (graph, call, UNFOLDED);
}

static gboolean
read_fold (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  const OnnxValue *value = alexnet_onnx_ints (graph, call, 1, error);
  gint64 sizes[4];

  if (!value)
    return FALSE;
  alexnet_onnx_sizes_of (graph, FALSE, sizes);
  if (value->n_ints != 4 || !alexnet_onnx_is_shape (value->ints, sizes, 4))
    return alexnet_format_error (error, "its shape is not that of [N,%u,%u,%u]",
        shape->channels, shape->height, shape->width);
  return go_on (graph, call, FOLDED);
}

static gboolean
check_axis (const OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const gint64 *axes;
  guint n;

  if (!alexnet_onnx_ints_of (graph, call, "axes", &axes, &n, error))
    return FALSE;
  return (n == 1 && (axes[0] == 1 || axes[0] == -4)) ||
      alexnet_format_error (error, "its axes are not the second one alone");
}

static gboolean
read_unsqueeze (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return check_axis (graph, call, error) && go_on (graph, call, UNFOLDED);
}

static gboolean
read_squeeze (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return check_axis (graph, call, error) && go_on (graph, call, FOLDED);
}

/* Of the modes of a Pad only that with a value has one. */
static gboolean
check_pad_mode (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxAttribute *mode = alexnet_onnx_attribute (call, "mode");
  g_autofree char *text = NULL, *quoted = NULL;

  if (!mode)
    return TRUE;
  text = alexnet_wire_read_string (graph->reader, &mode->s, error);
  if (!text)
    return FALSE;
  if (g_str_equal (text, "constant"))
    return TRUE;
  quoted = alexnet_quote (text);
  return alexnet_format_error (error, "its mode is %s, expected 'constant'",
      quoted);
}

static gboolean
check_pad_value (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  float value = alexnet_onnx_float (call, "value", 0); /* before opset 11 */

  if (alexnet_onnx_input (call, 2) &&
      !read_number (graph, call, 2, &value, error))
    return FALSE;
  return fabsf (value) < NOTHING ||
      alexnet_format_error (error, "it pads with %g, expected 0", value);
}

/* Adds zeros among the channels: `pads` has `n` dimensions' beginnings, then
 * their ends; channels are dimension `axis`. */
static gboolean
add_pads (OnnxReader *graph, const gint64 *pads, guint n, guint axis,
    GError **error)
{
  for (guint i = 0; i < 2 * n; i++) {
    guint *sum = &graph->norm.pads[i / n];

    if (pads[i] < 0 || pads[i] > (i % n == axis ? MAX_PAD - *sum : 0))
      return alexnet_format_error (error,
          "pad %u is %" G_GINT64_FORMAT ", expected zeros among channels alone",
          i, pads[i]);
    *sum += (guint) pads[i];
  }
  return TRUE;
}

static gboolean
read_pad (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const gint64 *pads;
  guint n;

  if (!check_pad_mode (graph, call, error) ||
      !check_pad_value (graph, call, error) ||
      !alexnet_onnx_ints_of (graph, call, "pads", &pads, &n, error))
    return FALSE;
  if (alexnet_onnx_input (call, 3))
    return alexnet_format_error (error, "it has axes, expected all of them");
  if (n != 10)
    return alexnet_format_error (error, "it has %u pads, expected 10", n);
  return add_pads (graph, pads, 5, 2, error) && go_on (graph, call, PADDED);
}

static gboolean
read_window (OnnxReader *graph, const OnnxCall *call, guint *channels,
    GError **error)
{
  guint kernel[3], strides[3], dilations[3];
  OnnxAutoPad mode;

  if (!alexnet_onnx_read_auto_pad (graph, call, &mode, error) ||
      !alexnet_onnx_sizes (call, "kernel_shape", kernel, 3, 0, error) ||
      !alexnet_onnx_sizes (call, "strides", strides, 3, 1, error) ||
      !alexnet_onnx_sizes (call, "dilations", dilations, 3, 1, error))
    return FALSE;
  if (mode != ONNX_NOTSET)
    return alexnet_format_error (error,
        "auto_pad leaves open what it pads, expected pads as numbers");
  *channels = kernel[0];
  kernel[0] = 1;
  for (guint i = 0; i < 3; i++)
    if (kernel[i] != 1 || strides[i] != 1 || dilations[i] != 1)
      return alexnet_format_error (error,
          "its window is not one over channels alone, of stride 1");
  return TRUE;
}

static gboolean
add_window_pads (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  guint sizes[6];
  gint64 pads[6];

  if (!alexnet_onnx_sizes (call, "pads", sizes, 6, 0, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (pads); i++)
    pads[i] = sizes[i];
  if (sizes[0] + sizes[3] > 0 &&
      alexnet_onnx_int (call, "count_include_pad", 0) != 1)
    return alexnet_format_error (error, "it does not count what it pads with");
  return add_pads (graph, pads, 3, 0, error);
}

static gboolean
read_pool (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const guint *pads = graph->norm.pads;
  guint size = 0;

  if (!read_window (graph, call, &size, error) ||
      !add_window_pads (graph, call, error))
    return FALSE;
  if (size % 2 != 1 || pads[0] != size / 2 || pads[1] != size / 2)
    return alexnet_format_error (error,
        "its window has %u channels, with %u zeros before and %u behind them, "
        "expected an odd number and half of it",
        size, pads[0], pads[1]);
  graph->norm.layer.size = size;
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
  if (!alexnet_affine_add_layer (&graph->affine, graph->source,
          &graph->norm.layer, error))
    return FALSE;
  alexnet_onnx_set_current (graph, call->message.output->pdata[0]);
  alexnet_onnx_norm_clear (&graph->norm);
  return TRUE;
}

/* PaddlePaddle's exporter gives values another name. */
static gboolean
read_identity (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  return go_on (graph, call, graph->norm.stage);
}

/* Which inputs are the picture and which are the branch, a bit each; what
 * stages the branch may be at, 0: it begins. */
typedef struct {
  OnnxOperator operator;
  guint picture, branch, from;
} Step;

static const Step steps[] = {
  { { "Mul", FALSE, "", read_product }, 3, 0, 0 },
  { { "Pow", FALSE, "", read_square }, 1, 0, 0 },
  { { "Reshape", FALSE, "allowzero", read_unfold }, 0, 1, SQUARED | UNFOLDED },
  { { "Unsqueeze", FALSE, "axes", read_unsqueeze }, 0, 1, SQUARED },
  { { "Pad", FALSE, "mode pads value", read_pad }, 0, 1, UNFOLDED | PADDED },
  { { "AveragePool", FALSE,
        "auto_pad ceil_mode count_include_pad dilations kernel_shape pads "
        "strides",
        read_pool },
      0, 1, UNFOLDED | PADDED },
  { { "Reshape", FALSE, "allowzero", read_fold }, 0, 1, POOLED | FOLDED },
  { { "Squeeze", FALSE, "axes", read_squeeze }, 0, 1, POOLED },
  { { "Identity", FALSE, "", read_identity }, 0, 1, 0 },
  { { "Mul", TRUE, "", read_alpha }, 0, 1, FOLDED },
  { { "Add", TRUE, "", read_k }, 0, 1, FOLDED | SCALED },
  { { "Pow", FALSE, "", read_beta }, 0, 1, ADDED },
  { { "Div", FALSE, "", read_quotient }, 1, 2, RAISED },
};

static gboolean
is_step (const Step *step, guint picture, guint branch, guint stage)
{
  return step->picture == picture &&
      (step->branch == branch || (step->operator.either && branch == 2)) &&
      (step->from == 0 || (step->from & stage));
}

const OnnxOperator *
alexnet_onnx_find_norm (const OnnxReader *graph, const OnnxCall *call)
{
  guint picture = 0, branch = 0;

  for (guint i = 0; i < 2; i++) {
    const char *name = alexnet_onnx_input (call, i);

    picture |= (guint) alexnet_onnx_is_current (graph, name) << i;
    branch |= (guint) is_branch (graph, call, i) << i;
  }
  for (guint i = 0;
       !graph->flat && !graph->channels_last && i < G_N_ELEMENTS (steps); i++)
    if (g_strcmp0 (steps[i].operator.name, call->message.op_type) == 0 &&
        is_step (&steps[i], picture, branch, graph->norm.stage))
      return &steps[i].operator;
  return NULL;
}
