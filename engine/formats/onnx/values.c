/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <string.h>

#include "formats/values.h"

#define EXTERNAL 1
#define MAX_EXTERNAL 64

typedef struct {
  gint64 number;
  const char *name;
  AlexnetDType dtype; /* of FLOATS */
  enum { OTHER, FLOATS, INTS } use;
  guint width; /* of INTS, in bytes */
} DataType;

static const DataType types[] = {
  { 1, "FLOAT", ALEXNET_DTYPE_F32, FLOATS, 0 },
  { 2, "UINT8", 0, OTHER, 0 },
  { 3, "INT8", 0, OTHER, 0 },
  { 4, "UINT16", 0, OTHER, 0 },
  { 5, "INT16", 0, OTHER, 0 },
  { 6, "INT32", 0, INTS, 4 },
  { 7, "INT64", 0, INTS, 8 },
  { 8, "STRING", 0, OTHER, 0 },
  { 9, "BOOL", 0, INTS, 1 },
  { 10, "FLOAT16", ALEXNET_DTYPE_F16, FLOATS, 0 },
  { 11, "DOUBLE", ALEXNET_DTYPE_F64, FLOATS, 0 },
  { 12, "UINT32", 0, OTHER, 0 },
  { 13, "UINT64", 0, OTHER, 0 },
  { 14, "COMPLEX64", 0, OTHER, 0 },
  { 15, "COMPLEX128", 0, OTHER, 0 },
  { 16, "BFLOAT16", ALEXNET_DTYPE_BF16, FLOATS, 0 },
  { 17, "FLOAT8E4M3FN", ALEXNET_DTYPE_F8_E4M3, FLOATS, 0 },
  { 18, "FLOAT8E4M3FNUZ", 0, OTHER, 0 },
  { 19, "FLOAT8E5M2", ALEXNET_DTYPE_F8_E5M2, FLOATS, 0 },
  { 20, "FLOAT8E5M2FNUZ", 0, OTHER, 0 },
  { 21, "UINT4", 0, OTHER, 0 },
  { 22, "INT4", 0, OTHER, 0 },
  { 23, "FLOAT4E2M1", 0, OTHER, 0 },
};

OnnxValue *
alexnet_onnx_value_new (const char *name)
{
  OnnxValue *value = g_new0 (OnnxValue, 1);

  value->name = g_ref_string_new (name ? name : "");
  return value;
}

void
alexnet_onnx_value_free (OnnxValue *value)
{
  g_free (value->unusable);
  g_ref_string_release (value->name);
  g_free (value);
}

gboolean
alexnet_onnx_value_add (OnnxReader *graph, const char *name, OnnxValue *value,
    GError **error)
{
  g_autofree char *quoted = NULL;

  if (!g_hash_table_contains (graph->values, name)) {
    g_hash_table_insert (graph->values, g_strdup (name), value);
    return TRUE;
  }
  quoted = alexnet_quote (name); /* it may be the value's own */
  alexnet_onnx_value_free (value);
  return alexnet_format_error (error, "there are two values %s", quoted);
}

static const DataType *
find_type (gint64 number)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (types[i].number == number)
      return &types[i];
  return NULL;
}

gboolean
alexnet_onnx_is_float (gint64 data_type)
{
  const DataType *type = find_type (data_type);

  return type && type->use == FLOATS;
}

/* ---- where the bytes of a tensor lie ------------------------------------- */

typedef struct {
  const AlexnetFile *file;
  guint64 offset, size;
} Extent;

/* What the entries of external_data say; an empty `location`: nothing. */
typedef struct {
  char *location;
  guint64 offset, length;
  gboolean has_length;
} External;

static AlexnetFile *
open_external (OnnxReader *graph, const char *location, GError **error)
{
  AlexnetFile *file = g_hash_table_lookup (graph->external, location);

  if (file)
    return file;
  if (g_hash_table_size (graph->external) >= MAX_EXTERNAL) {
    alexnet_format_error (error, "its data lies in more than %d files",
        MAX_EXTERNAL);
    return NULL;
  }
  file = alexnet_file_open_beside (graph->file, location, error);
  if (!file)
    return NULL;
  g_ptr_array_add (graph->source->files, file);
  g_hash_table_insert (graph->external, g_strdup (location), file);
  return file;
}

static gboolean
take_entry (External *external, OnnxEntry *entry, GError **error)
{
  const char *value = entry->value ? entry->value : "";
  gboolean length = g_strcmp0 (entry->key, "length") == 0;
  guint64 number;

  if (g_strcmp0 (entry->key, "location") == 0) {
    g_free (external->location);
    external->location = g_strdup (value);
    return TRUE;
  }
  if (!length && g_strcmp0 (entry->key, "offset") != 0)
    return TRUE;
  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT64, &number, NULL)) {
    g_autofree char *quoted = alexnet_quote (value);

    return alexnet_format_error (error,
        "the %s of its external data is %s, expected a number", entry->key,
        quoted);
  }
  if (length)
    external->length = number;
  else
    external->offset = number;
  external->has_length |= length;
  return TRUE;
}

static gboolean
read_external (OnnxReader *graph, External *external, const GArray *ranges,
    GError **error)
{
  gboolean ok = TRUE;

  for (guint i = 0; ok && ranges && i < ranges->len; i++) {
    OnnxEntry entry = { 0 };

    ok = alexnet_wire_read (graph->reader,
             &g_array_index (ranges, AlexnetWireRange, i), alexnet_onnx_entry,
             &entry, error) &&
        take_entry (external, &entry, error);
    alexnet_wire_clear (alexnet_onnx_entry, &entry);
  }
  return ok;
}

static gboolean
locate_external (OnnxReader *graph, Extent *extent, const OnnxTensor *tensor,
    guint64 size, GError **error)
{
  External external = { 0 };
  gboolean ok = read_external (graph, &external, tensor->external_data, error);
  g_autofree char *location = external.location;
  guint64 file_size;

  if (!ok)
    return FALSE;
  extent->file = open_external (graph, location ? location : "", error);
  if (!extent->file)
    return FALSE;
  file_size = alexnet_file_get_size (extent->file);
  extent->offset = external.offset;
  extent->size = external.has_length ? external.length : size;
  if (extent->offset <= file_size && extent->size <= file_size - extent->offset)
    return TRUE;
  return alexnet_format_error (error,
      "its external data lies at byte %" G_GUINT64_FORMAT
      " with %" G_GUINT64_FORMAT
      " bytes, but the file ends at %" G_GUINT64_FORMAT,
      extent->offset, extent->size, file_size);
}

/* Finds `size` bytes that are a tensor's as they stand; `extent->file` stays
 * NULL when its numbers come as fields of their own. */
static gboolean
locate (OnnxReader *graph, Extent *extent, const OnnxTensor *tensor,
    guint64 size, GError **error)
{
  if (tensor->data_location == EXTERNAL) {
    if (!locate_external (graph, extent, tensor, size, error))
      return FALSE;
  } else if (tensor->raw_data.offset > 0) {
    *extent = (Extent){ graph->file, tensor->raw_data.offset,
      tensor->raw_data.size };
  } else {
    return TRUE;
  }
  if (extent->size == size)
    return TRUE;
  return alexnet_format_error (error,
      "%" G_GUINT64_FORMAT " bytes, expected %" G_GUINT64_FORMAT
      " from its shape and type",
      extent->size, size);
}

/* ---- what they are ------------------------------------------------------- */

/* Types below 32 bits come as one varint for each value. */
static gboolean
copy_small (OnnxReader *graph, AlexnetTensor *tensor, const GArray *runs,
    gsize n, GError **error)
{
  guint width = (guint) alexnet_dtype_size (tensor->dtype);
  g_autofree void *values = NULL;
  guint64 n_bytes = 0;

  for (guint i = 0; runs && i < runs->len; i++)
    n_bytes += g_array_index (runs, AlexnetWireRun, i).size;
  if (n > n_bytes)
    return alexnet_format_error (error,
        "at most %" G_GUINT64_FORMAT " values, expected %" G_GSIZE_FORMAT
        " from its shape",
        n_bytes, n);
  values = g_try_malloc (n * width);
  if (!values) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "no memory for %" G_GSIZE_FORMAT " values", n);
    return FALSE;
  }
  if (!alexnet_wire_copy_varints (graph->reader, runs, width, values, n, error))
    return FALSE;
  tensor->data = values;
  g_ptr_array_add (graph->source->arena, g_steal_pointer (&values));
  return TRUE;
}

static gboolean
read_floats (OnnxReader *graph, AlexnetTensor *tensor,
    const OnnxTensor *message, gsize n, GError **error)
{
  gsize size;
  Extent extent = { 0 };

  if (!g_size_checked_mul (&size, n, alexnet_dtype_size (tensor->dtype)))
    return alexnet_format_error (error, "the product of its shape overflows");
  if (!locate (graph, &extent, message, size, error))
    return FALSE;
  tensor->file = extent.file;
  tensor->offset = extent.offset;
  if (extent.file)
    return TRUE;
  if (tensor->dtype != ALEXNET_DTYPE_F32 && tensor->dtype != ALEXNET_DTYPE_F64)
    return copy_small (graph, tensor, message->int32_data, n, error);
  return alexnet_values_bind (tensor, graph->source, graph->reader, graph->file,
      tensor->dtype == ALEXNET_DTYPE_F64 ? message->double_data
                                         : message->float_data,
      error);
}

static gboolean
read_ints (OnnxReader *graph, OnnxValue *value, const OnnxTensor *message,
    guint width, guint n, GError **error)
{
  guint8 bytes[ONNX_MAX_INTS * sizeof (gint64)];
  Extent extent = { 0 };
  gboolean ok;

  if (!locate (graph, &extent, message, (guint64) n * width, error))
    return FALSE;
  if (extent.file)
    ok = alexnet_file_read (extent.file, extent.offset, bytes, n * width,
        error);
  else
    ok = alexnet_wire_copy_varints (graph->reader,
        width == 8 ? message->int64_data : message->int32_data, width, bytes, n,
        error);
  for (guint i = 0; ok && i < n; i++) {
    guint64 bits = 0;

    memcpy (&bits, bytes + i * width, width);
    bits = GUINT64_FROM_LE (bits);
    value->ints[i] = width == 4 ? (gint32) bits : (gint64) bits;
  }
  value->is_ints = TRUE;
  value->n_ints = n;
  return ok;
}

static gboolean
read_dims (OnnxValue *value, const OnnxTensor *message, gsize *n,
    GError **error)
{
  guint n_dims = message->dims ? message->dims->len : 0;

  *n = 1;
  for (guint i = 0; i < n_dims; i++) {
    gint64 dim = g_array_index (message->dims, gint64, i);

    if (dim < 0 ||
        !g_size_checked_mul (n, *n, alexnet_clamp_size ((guint64) dim)))
      return alexnet_format_error (error,
          "dimension %u of its shape is %" G_GINT64_FORMAT, i, dim);
    if (i < G_N_ELEMENTS (value->tensor.dims))
      value->tensor.dims[i] = alexnet_clamp_size ((guint64) dim);
  }
  value->tensor.n_dims = n_dims;
  if (n_dims > G_N_ELEMENTS (value->tensor.dims))
    value->unusable = g_strdup_printf ("has %u dimensions, expected at most %u",
        n_dims, (guint) G_N_ELEMENTS (value->tensor.dims));
  else if (*n == 0)
    value->unusable = g_strdup ("is empty, expected values");
  return TRUE;
}

static gboolean
read_numbers (OnnxReader *graph, OnnxValue *value, const OnnxTensor *message,
    gsize n, GError **error)
{
  const DataType *type = find_type (message->data_type);

  if (!type)
    return alexnet_format_error (error,
        "its type is number %" G_GINT64_FORMAT ", which ONNX has not",
        message->data_type);
  if (value->unusable)
    return TRUE;
  if (type->use == FLOATS) {
    value->tensor.dtype = type->dtype;
    return read_floats (graph, &value->tensor, message, n, error);
  }
  if (type->use == INTS && n <= ONNX_MAX_INTS)
    return read_ints (graph, value, message, type->width, (guint) n, error);
  value->unusable = type->use == INTS
      ? g_strdup_printf ("is of type %s, expected floats or at most %d whole "
                         "numbers",
            type->name, ONNX_MAX_INTS)
      : g_strdup_printf ("is of type %s, expected floats", type->name);
  return TRUE;
}

static OnnxValue *
read_tensor (OnnxReader *graph, const OnnxTensor *message, GError **error)
{
  OnnxValue *value = alexnet_onnx_value_new (message->name);
  g_autofree char *quoted = NULL;
  gboolean ok;
  gsize n;

  if (message->segment.offset > 0)
    ok = alexnet_format_error (error, "it comes in segments");
  else
    ok = read_dims (value, message, &n, error) &&
        read_numbers (graph, value, message, n, error);
  if (ok)
    return value;
  alexnet_onnx_value_free (value);
  quoted = alexnet_quote (message->name ? message->name : "");
  g_prefix_error (error, "tensor %s: ", quoted);
  return NULL;
}

OnnxValue *
alexnet_onnx_value_read (OnnxReader *graph, const AlexnetWireRange *range,
    GError **error)
{
  OnnxTensor message = { 0 };
  OnnxValue *value = NULL;

  if (alexnet_wire_read (graph->reader, range, alexnet_onnx_tensor, &message,
          error))
    value = read_tensor (graph, &message, error);
  alexnet_wire_clear (alexnet_onnx_tensor, &message);
  return value;
}
