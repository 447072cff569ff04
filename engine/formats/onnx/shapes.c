/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators that give a picture another shape: [N,C,H,W], [N,H,W,C] as
 * TensorFlow has it, or [N,C] with the numbers of either in their order. */

#include "private.h"

#include <string.h>

#include "formats/chain.h"

gboolean
alexnet_onnx_needs (const OnnxReader *graph, gboolean flat, GError **error)
{
  const char *found = graph->flat ? "[N,C]"
      : graph->channels_last      ? "[N,H,W,C]"
                                  : "[N,C,H,W]";

  if (graph->flat == flat && (flat || !graph->channels_last))
    return TRUE;
  return alexnet_format_error (error, "it gets %s, expected %s", found,
      flat ? "[N,C]" : "[N,C,H,W]");
}

gboolean
alexnet_onnx_is_shape (const gint64 *ints, const gint64 *sizes, guint n)
{
  guint n_open = 0;

  for (guint i = 0; i < n; i++) {
    n_open += ints[i] == -1;
    if (ints[i] != sizes[i] && ints[i] != -1 &&
        (i > 0 || ints[i] < 0 || ints[i] > (sizes[0] < 2)))
      return FALSE;
  }
  return n_open <= 1;
}

void
alexnet_onnx_sizes_of (const OnnxReader *graph, gboolean channels_last,
    gint64 sizes[4])
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);

  sizes[0] = graph->batch;
  sizes[1] = channels_last ? shape->height : shape->channels;
  sizes[2] = channels_last ? shape->width : shape->height;
  sizes[3] = channels_last ? shape->channels : shape->width;
}

void
alexnet_onnx_set_current (OnnxReader *graph, const char *name)
{
  OnnxSizes *sizes = g_new0 (OnnxSizes, 1);

  alexnet_onnx_sizes_of (graph, graph->channels_last, sizes->ints);
  sizes->ints[0] = 0;
  sizes->n = graph->flat ? 2 : 4;
  if (graph->flat)
    sizes->ints[1] = (gint64)
        alexnet_shape_size (alexnet_chain_output (graph->source));
  alexnet_chain_set (graph->current, name);
  g_hash_table_replace (graph->sizes, g_strdup (name), sizes);
}

/* Whether both layouts have numbers in the same order. */
static gboolean
is_either (const OnnxReader *graph)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);

  return shape->channels == 1 || (gsize) shape->height * shape->width == 1;
}

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
reshape_to_two (OnnxReader *graph, const gint64 *ints, GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  const gint64 sizes[] = { graph->batch, (gint64) alexnet_shape_size (shape) };

  if (!alexnet_onnx_is_shape (ints, sizes, 2))
    return alexnet_format_error (error,
        "its shape has 2 dimensions of other sizes, expected 2: [N, "
        "%" G_GINT64_FORMAT "]",
        sizes[1]);
  graph->flat = TRUE;
  return TRUE;
}

/* To a layout in which numbers have the order that they have. */
static gboolean
reshape_to_four (OnnxReader *graph, const gint64 *ints, GError **error)
{
  for (guint i = 0; i < 2; i++) {
    gboolean last = i == 0 ? graph->channels_last : !graph->channels_last;
    gint64 sizes[4];

    alexnet_onnx_sizes_of (graph, last, sizes);
    if ((i > 0 && !is_either (graph)) ||
        !alexnet_onnx_is_shape (ints, sizes, 4))
      continue;
    graph->channels_last = last;
    graph->flat = FALSE;
    return TRUE;
  }
  return alexnet_format_error (error,
      "its shape has 4 dimensions of other sizes than the picture");
}

static gboolean
read_reshape (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  const gint64 *ints;
  guint n;

  if (!alexnet_onnx_ints_of (graph, call, "shape", &ints, &n, error))
    return FALSE;
  if (n == 2)
    return reshape_to_two (graph, ints, error);
  if (n == 4)
    return reshape_to_four (graph, ints, error);
  return alexnet_format_error (error,
      "its shape has %u dimensions, expected 2: [N, %" G_GSIZE_FORMAT "]", n,
      alexnet_shape_size (shape));
}

/* Of what has one pixel. */
static gboolean
read_squeeze (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  gint64 first = graph->channels_last ? 1 : 2;
  const gint64 *axes;
  guint n;

  if (!alexnet_onnx_ints_of (graph, call, "axes", &axes, &n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if ((axes[i] < 0 ? axes[i] + 4 : axes[i]) != first + i)
      n = 0;
  if (n != 2 || graph->flat || shape->height != 1 || shape->width != 1)
    return alexnet_format_error (error,
        "its axes are not height and width of one pixel");
  graph->flat = TRUE;
  return TRUE;
}

/* From one layout to the other. */
static gboolean
read_transpose (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  static const gint64 perms[2][4] = { { 0, 2, 3, 1 }, { 0, 3, 1, 2 } };
  const OnnxAttribute *perm = alexnet_onnx_attribute (call, "perm");
  const gint64 *expected = perms[graph->channels_last];

  if (graph->flat || !perm || !perm->ints || perm->ints->len != 4 ||
      memcmp (perm->ints->data, expected, sizeof perms[0]) != 0)
    return alexnet_format_error (error,
        "it turns a picture, but not between [N,C,H,W] and [N,H,W,C]");
  graph->channels_last = !graph->channels_last;
  return TRUE;
}

const OnnxOperator alexnet_onnx_shapes[] = {
  { "Flatten", FALSE, "axis", read_flatten },
  { "Reshape", FALSE, "allowzero consumed_inputs shape", read_reshape },
  { "Squeeze", FALSE, "axes", read_squeeze },
  { "Transpose", FALSE, "perm", read_transpose },
  { NULL },
};
