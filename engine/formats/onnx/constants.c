/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators whose result does not depend on the picture. */

#include "private.h"

#include <math.h>
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

/* Floats become whole numbers, as PyTorch once wrote sizes. */
static OnnxValue *
round_floats (const AlexnetTensor *tensor, GError **error)
{
  guint n = (guint) alexnet_tensor_n_values (tensor);
  float floats[ONNX_MAX_INTS];
  gint64 ints[ONNX_MAX_INTS];

  if (!alexnet_tensor_to_float (floats, tensor, error))
    return NULL;
  for (guint i = 0; i < n; i++) {
    if (!(fabsf (floats[i]) < 1 << 24)) {
      alexnet_format_error (error, "it makes a whole number of %g", floats[i]);
      return NULL;
    }
    ints[i] = (gint64) floats[i];
  }
  return new_ints (ints, n);
}

static gboolean
read_cast (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *value = alexnet_onnx_value (graph, call, 0, error);
  OnnxValue *cast;

  if (!value)
    return FALSE;
  if (value->is_ints ||
      alexnet_onnx_is_float (alexnet_onnx_int (call, "to", 0)) ||
      alexnet_tensor_n_values (&value->tensor) > ONNX_MAX_INTS)
    cast = copy_value (value);
  else
    cast = round_floats (&value->tensor, error);
  return cast && give (graph, call, cast, error);
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
    return alexnet_format_error (error,
        "it has no value that can be used, expected a tensor, a float or at "
        "most %d whole numbers",
        ONNX_MAX_INTS);
  }
  g_ref_string_release (value->name);
  value->name = g_ref_string_new (call->message.output->pdata[0]);
  return give (graph, call, value, error);
}

/* The one value of its attribute, 0 without. */
static OnnxValue *
read_fill (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, "value");
  OnnxValue *value;
  gsize n;

  if (!attribute) {
    value = alexnet_onnx_value_new (NULL);
    value->tensor = alexnet_values_constant (graph->source, 0, NULL, 0);
    return value;
  }
  value = alexnet_onnx_value_read (graph, &attribute->t, error);
  if (!value)
    return NULL;
  n = value->is_ints ? value->n_ints : alexnet_tensor_n_values (&value->tensor);
  if (n == 1 && (value->is_ints || alexnet_tensor_is_bound (&value->tensor)))
    return value;
  alexnet_onnx_value_free (value);
  alexnet_format_error (error, "its value is not one number");
  return NULL;
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
          "dimension %u of its shape is %" G_GINT64_FORMAT
          ", expected 1 or more",
          i, shape->ints[i]);
    dims[i] = alexnet_clamp_size ((guint64) shape->ints[i]);
  }
  return alexnet_dims_multiply (dims, shape->n_ints, &n_values) ||
      alexnet_format_error (error, "the product of its shape overflows");
}

/* A list of the same whole number. */
static gboolean
fill_ints (OnnxValue *value, const gsize *dims, guint n_dims, GError **error)
{
  if (n_dims != 1 || dims[0] > ONNX_MAX_INTS)
    return alexnet_format_error (error,
        "it makes more of a whole number than a list of %d", ONNX_MAX_INTS);
  value->n_ints = (guint) dims[0];
  for (guint i = 1; i < value->n_ints; i++)
    value->ints[i] = value->ints[0];
  return TRUE;
}

static gboolean
fill_floats (OnnxReader *graph, OnnxValue *value, const gsize *dims,
    guint n_dims, GError **error)
{
  float fill;

  if (!alexnet_tensor_to_float (&fill, &value->tensor, error))
    return FALSE;
  value->tensor = alexnet_values_constant (graph->source, fill, dims, n_dims);
  return TRUE;
}

static gboolean
read_constant_of_shape (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *shape = alexnet_onnx_ints (graph, call, 0, error);
  gsize dims[ALEXNET_MAX_DIMS];
  OnnxValue *value;

  if (!shape || !read_fill_dims (shape, dims, error))
    return FALSE;
  value = read_fill (graph, call, error);
  if (!value)
    return FALSE;
  if (value->is_ints ? fill_ints (value, dims, shape->n_ints, error)
                     : fill_floats (graph, value, dims, shape->n_ints, error)) {
    g_ref_string_release (value->name);
    value->name = g_ref_string_new (call->message.output->pdata[0]);
    return give (graph, call, value, error);
  }
  alexnet_onnx_value_free (value);
  return FALSE;
}

/* Gives a tensor these dimensions, of which 0 is its own and one -1 what is
 * left. */
static gboolean
reshape (AlexnetTensor *tensor, const gint64 *ints, guint n)
{
  gsize left = alexnet_tensor_n_values (tensor);
  gsize dims[ALEXNET_MAX_DIMS];
  guint open = n;

  for (guint i = 0; i < n; i++) {
    if (ints[i] == -1 && open == n) {
      open = i;
      continue;
    }
    dims[i] = ints[i] > 0 ? alexnet_clamp_size ((guint64) ints[i])
        : ints[i] == 0 && i < tensor->n_dims ? tensor->dims[i]
                                             : 0;
    if (dims[i] == 0 || left % dims[i] != 0)
      return FALSE;
    left /= dims[i];
  }
  if (open < n)
    dims[open] = left;
  memcpy (tensor->dims, dims, n * sizeof *dims);
  tensor->n_dims = n;
  return open < n || left == 1;
}

/* To a list, or to a matrix of which the number of rows is left open. */
static gboolean
reshape_ints (OnnxValue *value, const gint64 *ints, guint n)
{
  if (n == 1 && (ints[0] == -1 || ints[0] == value->n_ints)) {
    value->n_columns = 0;
    return TRUE;
  }
  if (n != 2 || ints[0] != -1 || ints[1] < 1 || ints[1] > value->n_ints ||
      value->n_ints % ints[1] != 0)
    return FALSE;
  value->n_columns = (guint) ints[1];
  return TRUE;
}

static gboolean
read_reshape (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *from = alexnet_onnx_value (graph, call, 0, error);
  gsize n_values;
  const gint64 *ints;
  OnnxValue *value;
  guint n;

  if (!from || !alexnet_onnx_ints_of (graph, call, "shape", &ints, &n, error))
    return FALSE;
  value = copy_value (from);
  if (from->is_ints ? reshape_ints (value, ints, n)
                    : n <= ALEXNET_MAX_DIMS && !from->tensor.strided &&
              reshape (&value->tensor, ints, n))
    return give (graph, call, value, error);
  alexnet_onnx_value_free (value);
  n_values = from->is_ints ? from->n_ints
                           : alexnet_tensor_n_values (&from->tensor);
  return alexnet_format_error (error,
      "its shape is not one of %" G_GSIZE_FORMAT " %s in their order", n_values,
      from->is_ints ? "numbers" : "weights");
}

static void
transpose_ints (OnnxValue *to, const OnnxValue *from)
{
  guint n = from->n_columns, n_rows = from->n_ints / n;

  for (guint i = 0; i < from->n_ints; i++)
    to->ints[i % n * n_rows + i / n] = from->ints[i];
  to->n_columns = n_rows;
}

static gboolean
read_transpose (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *matrix = alexnet_onnx_value (graph, call, 0, error);
  const OnnxAttribute *perm = alexnet_onnx_attribute (call, "perm");
  gboolean turns = !perm || !perm->ints || perm->ints->len != 2 ||
      g_array_index (perm->ints, gint64, 0) == 1;
  OnnxValue *value;

  if (!matrix)
    return FALSE;
  if (!turns ||
      (matrix->is_ints ? matrix->n_columns == 0 : matrix->tensor.n_dims != 2))
    return alexnet_format_error (error,
        "it turns %s of %u dimensions, expected a matrix",
        matrix->is_ints ? "numbers" : "weights",
        matrix->is_ints ? 1 + (matrix->n_columns > 0) : matrix->tensor.n_dims);
  value = copy_value (matrix);
  if (matrix->is_ints)
    transpose_ints (value, matrix);
  else
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

/* Of the picture, at any node: its first dimension is the one left open. */
static gboolean
read_shape (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const char *name = alexnet_onnx_input (call, 0);
  const OnnxSizes *sizes = name ? g_hash_table_lookup (graph->sizes, name)
                                : NULL;
  gint64 start, end;

  if (!sizes)
    return alexnet_format_error (error,
        "it asks for another shape than that of the picture");
  start = from_end (alexnet_onnx_int (call, "start", 0), sizes->n);
  end = from_end (alexnet_onnx_int (call, "end", sizes->n), sizes->n);
  start = CLAMP (start, 0, sizes->n);
  end = CLAMP (end, start, sizes->n);
  return give (graph, call,
      new_ints (sizes->ints + start, (guint) (end - start)), error);
}

/* An attribute or, since some opset, the i-th input, of one whole number. */
static gboolean
read_one_int (const OnnxReader *graph, const OnnxCall *call, const char *name,
    guint i, gint64 *number, GError **error)
{
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, name);
  const OnnxValue *value = NULL;

  if (attribute && attribute->ints && attribute->ints->len == 1) {
    *number = g_array_index (attribute->ints, gint64, 0);
    return TRUE;
  }
  if (attribute || !alexnet_onnx_input (call, i))
    return !attribute ||
        alexnet_format_error (error, "%s has not one number", name);
  value = alexnet_onnx_ints (graph, call, i, error);
  if (!value)
    return FALSE;
  *number = value->ints[0];
  return value->n_ints == 1 ||
      alexnet_format_error (error, "%s has not one number", name);
}

/* All rows, or all numbers of a list, the last one first. */
static gboolean
reverse (OnnxReader *graph, const OnnxCall *call, const OnnxValue *from,
    GError **error)
{
  guint n = MAX (from->n_columns, 1), n_rows = from->n_ints / n;
  OnnxValue *value = copy_value (from);

  for (guint i = 0; i < from->n_ints; i++)
    value->ints[(n_rows - 1 - i / n) * n + i % n] = from->ints[i];
  return give (graph, call, value, error);
}

static gboolean
read_slice (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  const OnnxValue *from = alexnet_onnx_value (graph, call, 0, error);
  gint64 start = 0, end = G_MAXINT64, axis = 0, step = 1;

  if (!from || !read_one_int (graph, call, "starts", 1, &start, error) ||
      !read_one_int (graph, call, "ends", 2, &end, error) ||
      !read_one_int (graph, call, "axes", 3, &axis, error) ||
      !read_one_int (graph, call, "steps", 4, &step, error))
    return FALSE;
  if (from->is_ints && axis == 0 && step == -1 && start == -1 &&
      end < -ONNX_MAX_INTS)
    return reverse (graph, call, from, error);
  from = alexnet_onnx_ints (graph, call, 0, error);
  if (!from)
    return FALSE;
  if (axis < -1 || axis > 0 || step != 1)
    return alexnet_format_error (error,
        "it takes numbers of axis %" G_GINT64_FORMAT " by step "
        "%" G_GINT64_FORMAT ", expected axis 0 and step 1",
        axis, step);
  start = CLAMP (from_end (start, from->n_ints), 0, from->n_ints);
  end = CLAMP (from_end (end, from->n_ints), start, from->n_ints);
  return give (graph, call,
      new_ints (from->ints + start, (guint) (end - start)), error);
}

/* A product with a dimension that is open is no longer one. */
static gboolean
multiply (gint64 *product, gint64 a, gint64 b, GError **error)
{
  if ((a == 0 && b != 1) || (b == 0 && a != 1))
    return alexnet_format_error (error,
        "it computes with the number of pictures");
  if (a < 0 || b < 0 || a > G_MAXINT32 || b > G_MAXINT32 || a * b > G_MAXINT32)
    return alexnet_format_error (error,
        "%" G_GINT64_FORMAT " times %" G_GINT64_FORMAT " is no size", a, b);
  *product = a * b;
  return TRUE;
}

static gboolean
read_pair (const OnnxReader *graph, const OnnxCall *call, gint64 pair[2],
    GError **error)
{
  for (guint i = 0; i < 2; i++) {
    const OnnxValue *value = alexnet_onnx_ints (graph, call, i, error);

    if (!value)
      return FALSE;
    if (value->n_ints != 1)
      return alexnet_format_error (error,
          "its input %u is %u numbers, expected one", i, value->n_ints);
    pair[i] = value->ints[0];
  }
  return TRUE;
}

static gboolean
read_product (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  gint64 pair[2] = { 0 }, product = 0;

  return read_pair (graph, call, pair, error) &&
      multiply (&product, pair[0], pair[1], error) &&
      give (graph, call, new_ints (&product, 1), error);
}

static gboolean
read_equal (OnnxReader *graph, const OnnxCall *call, GError **error)
{
  gint64 pair[2] = { 0 }, equal;

  if (!read_pair (graph, call, pair, error))
    return FALSE;
  if (pair[0] == 0 || pair[1] == 0)
    return alexnet_format_error (error,
        "it compares with 0 or the number of pictures");
  equal = pair[0] == pair[1];
  return give (graph, call, new_ints (&equal, 1), error);
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
          "index %" G_GINT64_FORMAT ", expected one of %u numbers",
          indices->ints[i], from->n_ints);
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
  { "Cast", FALSE, "saturate to", read_cast },
  { "Concat", FALSE, "axis", read_concat },
  { "Constant", FALSE, "value value_float value_int value_ints",
      read_constant },
  { "ConstantOfShape", FALSE, "value", read_constant_of_shape },
  { "Equal", FALSE, "", read_equal },
  { "Gather", FALSE, "axis", read_gather },
  { "Identity", FALSE, "", read_alias },
  { "Mul", FALSE, "", read_product },
  { "Reshape", FALSE, "allowzero shape", read_reshape },
  { "Shape", FALSE, "end start", read_shape },
  { "Slice", FALSE, "axes ends starts", read_slice },
  { "Squeeze", FALSE, "axes", read_alias_of_ints },
  { "Transpose", FALSE, "perm", read_transpose },
  { "Unsqueeze", FALSE, "axes", read_alias_of_ints },
  { NULL },
};
