/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators whose result does not depend on the picture. */

#include "private.h"

#include <string.h>

#include "formats/chain.h"
#include "formats/values.h"

static gboolean
give (OnnxReader *graph, const OnnxCall *call, OnnxValue *value, GError **error)
{
  return alexnet_onnx_value_add (graph, call->message.output->pdata[0], value,
      error);
}

static OnnxValue *
new_ints (const gint64 *ints, guint n)
{
  OnnxValue *value = alexnet_onnx_value_new (NULL);

  value->is_ints = TRUE;
  value->n_ints = n;
  memcpy (value->ints, ints, n * sizeof *ints);
  return value;
}

static OnnxValue *
copy_value (const OnnxValue *value)
{
  OnnxValue *copy = g_memdup2 (value, sizeof *value);

  copy->name = g_ref_string_acquire (value->name);
  copy->unusable = g_strdup (value->unusable);
  return copy;
}

/* Another name for a value. */
static gboolean
read_alias (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *value = alexnet_onnx_value (graph, call, 0, error);

  return value && give (graph, call, copy_value (value), error);
}

static gboolean
read_alias_of_ints (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *value = alexnet_onnx_ints (graph, call, 0, error);

  return value && give (graph, call, copy_value (value), error);
}

static gboolean
read_constant (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxAttribute *t = alexnet_onnx_attribute (call, "value");
  const OnnxAttribute *i = alexnet_onnx_attribute (call, "value_int");
  const OnnxAttribute *ints = alexnet_onnx_attribute (call, "value_ints");
  const OnnxAttribute *f = alexnet_onnx_attribute (call, "value_float");
  OnnxValue *value = NULL;

  if (t && t->t.offset > 0) {
    value = alexnet_onnx_value_read (graph, &t->t, error);
    if (!value)
      return FALSE;
  } else if (i) {
    value = new_ints (&i->i, 1);
  } else if (ints && ints->ints && ints->ints->len <= ONNX_MAX_INTS) {
    value = new_ints (&g_array_index (ints->ints, gint64, 0), ints->ints->len);
  } else if (f) {
    value = alexnet_onnx_value_new (NULL);
    value->tensor = alexnet_values_constant (graph->source, f->f, NULL, 0);
  } else {
    return alexnet_format_error (error, "it has no value that can be used");
  }
  g_ref_string_release (value->name);
  value->name = g_ref_string_new (call->message.output->pdata[0]);
  return give (graph, call, value, error);
}

/* The one value of its attribute, 0 without. */
static gboolean
read_fill (OnnxReader *graph, const OnnxCall *call, float *fill, GError **error)
{
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, "value");
  OnnxValue *value;
  gboolean ok;

  *fill = 0;
  if (!attribute)
    return TRUE;
  value = alexnet_onnx_value_read (graph, &attribute->t, error);
  if (!value)
    return FALSE;
  if (!alexnet_tensor_is_bound (&value->tensor) ||
      alexnet_tensor_n_values (&value->tensor) != 1)
    ok = alexnet_format_error (error, "its value is not one float");
  else
    ok = alexnet_tensor_to_float (fill, &value->tensor, error);
  alexnet_onnx_value_free (value);
  return ok;
}

/* Dimensions above 0, whose product fits. */
static gboolean
read_fill_dims (const OnnxValue *shape, gsize dims[ALEXNET_MAX_DIMS],
    GError **error)
{
  gsize n_values;

  if (shape->n_ints > ALEXNET_MAX_DIMS)
    return alexnet_format_error (error, "a shape of %u dimensions",
        shape->n_ints);
  for (guint i = 0; i < shape->n_ints; i++) {
    if (shape->ints[i] < 1)
      return alexnet_format_error (error,
          "dimension %u of its shape is %" G_GINT64_FORMAT, i, shape->ints[i]);
    dims[i] = alexnet_clamp_size ((guint64) shape->ints[i]);
  }
  return alexnet_dims_multiply (dims, shape->n_ints, &n_values) ||
      alexnet_format_error (error, "the product of its shape overflows");
}

static gboolean
read_constant_of_shape (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *shape = alexnet_onnx_ints (graph, call, 0, error);
  gsize dims[ALEXNET_MAX_DIMS];
  OnnxValue *value;
  float fill;

  if (!shape || !read_fill_dims (shape, dims, error) ||
      !read_fill (graph, call, &fill, error))
    return FALSE;
  value = alexnet_onnx_value_new (call->message.output->pdata[0]);
  value->tensor = alexnet_values_constant (graph->source, fill, dims,
      shape->n_ints);
  return give (graph, call, value, error);
}

static gboolean
read_transpose (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *matrix = alexnet_onnx_weights (graph, call, 0, error);
  const OnnxAttribute *perm = alexnet_onnx_attribute (call, "perm");
  OnnxValue *value;

  if (!matrix)
    return FALSE;
  if (matrix->tensor.n_dims != 2 ||
      (perm && perm->ints && perm->ints->len == 2 &&
          g_array_index (perm->ints, gint64, 0) != 1))
    return alexnet_format_error (error,
        "it turns weights of %u dimensions, expected a matrix",
        matrix->tensor.n_dims);
  value = copy_value (matrix);
  value->tensor = alexnet_values_transpose (&matrix->tensor);
  return give (graph, call, value, error);
}

/* ---- how shapes are put together ----------------------------------------- */

/* `at` of `n`, from the end when it is negative. */
static gint64
from_end (gint64 at, guint n)
{
  return at < 0 ? at + n : at;
}

/* Of the input: its first dimension is the one that is left open. */
static gboolean
read_shape (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const AlexnetShape *shape = alexnet_chain_output (graph->source);
  const gint64 four[] = { 0, shape->channels, shape->height, shape->width };
  const gint64 two[] = { 0, (gint64) alexnet_shape_size (shape) };
  guint n = graph->flat ? 2 : 4;
  gint64 start = from_end (alexnet_onnx_int (call, "start", 0), n);
  gint64 end = from_end (alexnet_onnx_int (call, "end", n), n);

  if (!alexnet_onnx_is_current (graph, alexnet_onnx_input (call, 0)))
    return alexnet_format_error (error,
        "it asks for another shape than that of what the node before it gives");
  start = CLAMP (start, 0, n);
  end = CLAMP (end, start, n);
  return give (graph, call,
      new_ints ((graph->flat ? two : four) + start, (guint) (end - start)),
      error);
}

static gboolean
read_gather (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *from = alexnet_onnx_ints (graph, call, 0, error);
  const OnnxValue *indices = from ? alexnet_onnx_ints (graph, call, 1, error)
                                  : NULL;
  gint64 ints[ONNX_MAX_INTS];

  if (!indices)
    return FALSE;
  for (guint i = 0; i < indices->n_ints; i++) {
    gint64 at = from_end (indices->ints[i], from->n_ints);

    if (at < 0 || at >= from->n_ints)
      return alexnet_format_error (error,
          "index %" G_GINT64_FORMAT " of %u numbers", indices->ints[i],
          from->n_ints);
    ints[i] = from->ints[at];
  }
  return give (graph, call, new_ints (ints, indices->n_ints), error);
}

static gboolean
read_concat (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  guint n_inputs = call->message.input ? call->message.input->len : 0;
  gint64 ints[ONNX_MAX_INTS];
  guint n = 0;

  if (n_inputs == 0)
    return alexnet_format_error (error, "it has no input");
  for (guint i = 0; i < n_inputs; i++) {
    const OnnxValue *part = alexnet_onnx_ints (graph, call, i, error);

    if (!part)
      return FALSE;
    if (part->n_ints > ONNX_MAX_INTS - n)
      return alexnet_format_error (error, "more than %d numbers",
          ONNX_MAX_INTS);
    memcpy (ints + n, part->ints, part->n_ints * sizeof *ints);
    n += part->n_ints;
  }
  return give (graph, call, new_ints (ints, n), error);
}

const OnnxOperator alexnet_onnx_constants[] = {
  { "Cast", FALSE, "saturate to", read_alias },
  { "Concat", FALSE, "axis", read_concat },
  { "Constant", FALSE, "value value_float value_int value_ints",
      read_constant },
  { "ConstantOfShape", FALSE, "value", read_constant_of_shape },
  { "Gather", FALSE, "axis", read_gather },
  { "Identity", FALSE, "", read_alias },
  { "Shape", FALSE, "end start", read_shape },
  { "Squeeze", FALSE, "axes", read_alias_of_ints },
  { "Transpose", FALSE, "perm", read_transpose },
  { "Unsqueeze", FALSE, "axes", read_alias_of_ints },
  { NULL },
};
