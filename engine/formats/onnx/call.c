/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include "formats/chain.h"

#define MAX_ATTRIBUTES 64

static gboolean
read_attributes (OnnxReader *graph, OnnxCall *call, GError **error)
{
  const GArray *ranges = call->message.attribute;

  if (ranges && ranges->len > MAX_ATTRIBUTES)
    return alexnet_format_error (error, "it has more than %d attributes",
        MAX_ATTRIBUTES);
  for (guint i = 0; ranges && i < ranges->len; i++) {
    OnnxAttribute attribute = { 0 };
    gboolean ok = alexnet_wire_read (graph->reader,
        &g_array_index (ranges, AlexnetWireRange, i),
        alexnet_onnx_attribute_fields, &attribute, error);

    g_array_append_val (call->attributes, attribute);
    if (!ok)
      return FALSE;
  }
  return TRUE;
}

static void
clear_attribute (gpointer attribute)
{
  alexnet_wire_clear (alexnet_onnx_attribute_fields, attribute);
}

gboolean
alexnet_onnx_call_read (OnnxReader *graph, OnnxCall *call,
    const AlexnetWireRange *range, GError **error)
{
  call->attributes = g_array_new (FALSE, FALSE, sizeof (OnnxAttribute));
  g_array_set_clear_func (call->attributes, clear_attribute);
  return alexnet_wire_read (graph->reader, range, alexnet_onnx_node,
             &call->message, error) &&
      read_attributes (graph, call, error);
}

void
alexnet_onnx_call_clear (OnnxCall *call)
{
  g_array_unref (call->attributes);
  alexnet_wire_clear (alexnet_onnx_node, &call->message);
}

const char *
alexnet_onnx_input (const OnnxCall *call, guint i)
{
  const GPtrArray *input = call->message.input;
  const char *name = input && i < input->len ? input->pdata[i] : "";

  return name[0] != '\0' ? name : NULL;
}

gboolean
alexnet_onnx_is_current (const OnnxReader *graph, const char *name)
{
  return name && alexnet_chain_holds (graph->current, name);
}

const OnnxAttribute *
alexnet_onnx_attribute (const OnnxCall *call, const char *name)
{
  for (guint i = 0; i < call->attributes->len; i++) {
    const OnnxAttribute *attribute = &g_array_index (call->attributes,
        OnnxAttribute, i);

    if (g_strcmp0 (attribute->name, name) == 0)
      return attribute;
  }
  return NULL;
}

gint64
alexnet_onnx_int (const OnnxCall *call, const char *name, gint64 otherwise)
{
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, name);

  return attribute ? attribute->i : otherwise;
}

float
alexnet_onnx_float (const OnnxCall *call, const char *name, float otherwise)
{
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, name);

  return attribute ? attribute->f : otherwise;
}

gboolean
alexnet_onnx_sizes (const OnnxCall *call, const char *name, guint *sizes,
    guint n, guint otherwise, GError **error)
{
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, name);

  for (guint i = 0; i < n; i++)
    sizes[i] = otherwise;
  if (!attribute)
    return TRUE;
  if (!attribute->ints || attribute->ints->len != n)
    return alexnet_format_error (error, "%s has %u numbers, expected %u", name,
        attribute->ints ? attribute->ints->len : 0, n);
  for (guint i = 0; i < n; i++) {
    gint64 size = g_array_index (attribute->ints, gint64, i);

    if (size < 0 || size > G_MAXINT32)
      return alexnet_format_error (error,
          "%s has a %" G_GINT64_FORMAT ", expected 0 to %d", name, size,
          G_MAXINT32);
    sizes[i] = (guint) size;
  }
  return TRUE;
}

gboolean
alexnet_onnx_read_auto_pad (OnnxReader *graph, const OnnxCall *call,
    OnnxAutoPad *mode, GError **error)
{
  static const struct {
    const char *name;
    OnnxAutoPad mode;
  } modes[] = { { "NOTSET", ONNX_NOTSET }, { "VALID", ONNX_NOTSET },
    { "SAME_LOWER", ONNX_SAME_LOWER }, { "SAME_UPPER", ONNX_SAME_UPPER } };
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, "auto_pad");
  g_autofree char *text = NULL, *quoted = NULL;

  *mode = ONNX_NOTSET;
  if (!attribute || attribute->s.size == 0)
    return TRUE;
  text = alexnet_wire_read_string (graph->reader, &attribute->s, error);
  for (guint i = 0; text && i < G_N_ELEMENTS (modes); i++)
    if (g_str_equal (text, modes[i].name)) {
      *mode = modes[i].mode;
      return TRUE;
    }
  if (!text)
    return FALSE;
  quoted = alexnet_quote (text);
  return alexnet_format_error (error, "auto_pad is %s, which ONNX has not",
      quoted);
}

const OnnxValue *
alexnet_onnx_value (const OnnxReader *graph, const OnnxCall *call, guint i,
    GError **error)
{
  const char *name = alexnet_onnx_input (call, i);
  OnnxValue *value = name ? g_hash_table_lookup (graph->values, name) : NULL;
  g_autofree char *quoted = NULL;

  if (value && !value->unusable) {
    value->used = TRUE;
    return value;
  }
  quoted = alexnet_quote (name ? name : "");
  if (value)
    alexnet_format_error (error, "its input %s %s", quoted, value->unusable);
  else
    alexnet_format_error (error,
        "its input %u, %s, is not known without the picture", i, quoted);
  return NULL;
}

const OnnxValue *
alexnet_onnx_weights (const OnnxReader *graph, const OnnxCall *call, guint i,
    GError **error)
{
  const OnnxValue *value = alexnet_onnx_value (graph, call, i, error);

  if (!value || alexnet_tensor_is_bound (&value->tensor))
    return value;
  alexnet_format_error (error,
      "its input %u is of whole numbers, expected floats", i);
  return NULL;
}

const OnnxValue *
alexnet_onnx_ints (const OnnxReader *graph, const OnnxCall *call, guint i,
    GError **error)
{
  const OnnxValue *value = alexnet_onnx_value (graph, call, i, error);

  if (!value || (value->is_ints && value->n_columns == 0))
    return value;
  alexnet_format_error (error, "its input %u is not %sof whole numbers", i,
      value->is_ints ? "a list " : "");
  return NULL;
}

gboolean
alexnet_onnx_ints_of (const OnnxReader *graph, const OnnxCall *call,
    const char *name, const gint64 **ints, guint *n, GError **error)
{
  const OnnxAttribute *attribute = alexnet_onnx_attribute (call, name);
  const OnnxValue *value;

  if (attribute && attribute->ints) {
    *ints = &g_array_index (attribute->ints, gint64, 0);
    *n = attribute->ints->len;
    return TRUE;
  }
  value = alexnet_onnx_ints (graph, call, 1, error);
  if (!value)
    return FALSE;
  *ints = value->ints;
  *n = value->n_ints;
  return TRUE;
}
