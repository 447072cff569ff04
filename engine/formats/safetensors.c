/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "formats.h"

#include "json.h"

#define LENGTH_SIZE 8
#define MAX_DIMS 64

/* What weights are not stored in, with the bytes of a value. */
static const struct {
  const char *name;
  gsize size;
} other_dtypes[] = {
  { "I64", 8 },
  { "U64", 8 },
  { "I32", 4 },
  { "U32", 4 },
  { "I16", 2 },
  { "U16", 2 },
  { "I8", 1 },
  { "U8", 1 },
  { "BOOL", 1 },
};

typedef struct {
  guint64 begin, end;
  const char *name;
} Range;

typedef struct {
  AlexnetTensorSet *set;
  const AlexnetFile *file;
  guint64 begin, size; /* of what lies behind the header */
  GArray *ranges;
} Reader;

/* What one member of the header says. */
typedef struct {
  const char *dtype;
  guint n_dims;
  guint64 dims[MAX_DIMS];
  guint64 begin, end;
} Info;

gboolean
alexnet_safetensors_detect (const guint8 *head, gsize size, guint64 file_size)
{
  return size > LENGTH_SIZE && head[LENGTH_SIZE] == '{';
}

/* The bytes of a value; 0: not known. */
static gsize
find_value_size (const char *name)
{
  AlexnetDType dtype;

  if (alexnet_dtype_find (name, &dtype))
    return alexnet_dtype_size (dtype);
  for (guint i = 0; i < G_N_ELEMENTS (other_dtypes); i++)
    if (g_str_equal (other_dtypes[i].name, name))
      return other_dtypes[i].size;
  return 0;
}

/* Reads a list of at most `max` sizes. */
static gboolean
get_sizes (JsonObject *object, const char *key, guint64 *values, guint max,
    guint *n)
{
  JsonArray *array = alexnet_json_get_array (json_object_get_member (object,
      key));

  if (!array)
    return FALSE;
  *n = json_array_get_length (array);
  if (*n > max)
    return FALSE;
  for (guint i = 0; i < *n; i++)
    if (!alexnet_json_get_size (json_array_get_element (array, i), &values[i]))
      return FALSE;
  return TRUE;
}

static gboolean
parse_info (Info *info, JsonNode *node, const char *quoted, GError **error)
{
  JsonObject *object = alexnet_json_get_object (node);
  guint64 offsets[2];
  guint n;

  if (!object)
    return alexnet_format_error (error,
        "tensor %s: expected a JSON object in the header", quoted);
  info->dtype = alexnet_json_get_string (json_object_get_member (object,
      "dtype"));
  if (!info->dtype)
    return alexnet_format_error (error, "tensor %s has no dtype", quoted);
  if (!get_sizes (object, "shape", info->dims, MAX_DIMS, &info->n_dims))
    return alexnet_format_error (error,
        "tensor %s: expected a shape of at most %d sizes", quoted, MAX_DIMS);
  if (!get_sizes (object, "data_offsets", offsets, 2, &n) || n != 2)
    return alexnet_format_error (error,
        "tensor %s: expected data_offsets of two sizes", quoted);
  info->begin = offsets[0];
  info->end = offsets[1];
  return TRUE;
}

/* The bytes that values of such a size take; FALSE: more than can be counted.
 */
static gboolean
count_bytes (const Info *info, gsize value_size, guint64 *n_bytes)
{
  *n_bytes = value_size;
  for (guint i = 0; i < info->n_dims; i++)
    if (!g_uint64_checked_mul (n_bytes, *n_bytes, info->dims[i]))
      return FALSE;
  return TRUE;
}

static gboolean
check_extent (const Reader *reader, const Info *info, const char *quoted,
    GError **error)
{
  gsize value_size = find_value_size (info->dtype);
  guint64 n_bytes;

  if (info->begin > info->end || info->end > reader->size)
    return alexnet_format_error (error,
        "tensor %s lies at bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
        ", but there are %" G_GUINT64_FORMAT " bytes of tensors",
        quoted, info->begin, info->end, reader->size);
  if (value_size == 0)
    return TRUE;
  if (!count_bytes (info, value_size, &n_bytes))
    return alexnet_format_error (error,
        "tensor %s: the product of its shape overflows", quoted);
  if (n_bytes != info->end - info->begin)
    return alexnet_format_error (error,
        "tensor %s occupies %" G_GUINT64_FORMAT
        " bytes, expected %" G_GUINT64_FORMAT " from its shape and dtype %s",
        quoted, info->end - info->begin, n_bytes, info->dtype);
  return TRUE;
}

/* NULL, or why the tensor cannot be used. */
static char *
describe_tensor (AlexnetTensor *tensor, const Info *info)
{
  g_autofree char *quoted = NULL;
  gsize n_bytes;

  if (!alexnet_dtype_find (info->dtype, &tensor->dtype)) {
    quoted = alexnet_quote (info->dtype);
    return g_strdup_printf ("has dtype %s, expected one of floats", quoted);
  }
  if (info->n_dims > G_N_ELEMENTS (tensor->dims))
    return g_strdup_printf ("has %u dimensions, expected at most %u",
        info->n_dims, (guint) G_N_ELEMENTS (tensor->dims));
  tensor->n_dims = info->n_dims;
  for (guint i = 0; i < info->n_dims; i++)
    tensor->dims[i] = alexnet_clamp_size (info->dims[i]);
  return alexnet_tensor_get_extent (tensor, &n_bytes)
      ? NULL
      : g_strdup ("is larger than this machine's memory can be");
}

static gboolean
add_tensor (Reader *reader, const char *name, const Info *info, GError **error)
{
  AlexnetTensor tensor = { .file = reader->file,
    .offset = reader->begin + info->begin };
  Range range = { info->begin, info->end, name };
  char *unusable = describe_tensor (&tensor, info);

  g_array_append_val (reader->ranges, range);
  return alexnet_tensor_set_add (reader->set, name, &tensor, unusable, error);
}

static gboolean
read_tensor (Reader *reader, const char *name, JsonNode *node, GError **error)
{
  g_autofree char *quoted = alexnet_quote (name);
  Info info;

  if (!parse_info (&info, node, quoted, error))
    return FALSE;
  return check_extent (reader, &info, quoted, error) &&
      add_tensor (reader, name, &info, error);
}

static gboolean
read_metadata (Reader *reader, JsonNode *node, GError **error)
{
  JsonObjectIter iter;
  const char *key;
  JsonNode *value;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return alexnet_format_error (error,
        "__metadata__: expected a JSON object of strings");
  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (json_object_iter_next_ordered (&iter, &key, &value)) {
    const char *string = alexnet_json_get_string (value);

    if (!string) {
      g_autofree char *quoted = alexnet_quote (key);

      return alexnet_format_error (error, "__metadata__ %s: expected a string",
          quoted);
    }
    g_hash_table_insert (reader->set->metadata, g_strdup (key),
        g_strdup (string));
  }
  return TRUE;
}

static int
compare_ranges (gconstpointer a, gconstpointer b)
{
  const Range *x = a, *y = b;

  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  return x->end < y->end ? -1 : x->end > y->end;
}

/* The format allows neither overlaps nor holes. */
static gboolean
check_ranges (const Reader *reader, GError **error)
{
  guint64 end = 0;

  g_array_sort (reader->ranges, compare_ranges);
  for (guint i = 0; i < reader->ranges->len; i++) {
    const Range *range = &g_array_index (reader->ranges, Range, i);

    if (range->begin != end) {
      g_autofree char *quoted = alexnet_quote (range->name);

      return alexnet_format_error (error,
          "tensor %s begins at byte %" G_GUINT64_FORMAT
          ", expected %" G_GUINT64_FORMAT " where the one before it ends",
          quoted, range->begin, end);
    }
    end = range->end;
  }
  if (end != reader->size)
    return alexnet_format_error (error,
        "tensors end at byte %" G_GUINT64_FORMAT
        ", but there are %" G_GUINT64_FORMAT " bytes of them",
        end, reader->size);
  return TRUE;
}

static gboolean
read_header (Reader *reader, JsonNode *root, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (!JSON_NODE_HOLDS_OBJECT (root))
    return alexnet_format_error (error,
        "safetensors header: expected a JSON object");
  json_object_iter_init_ordered (&iter, json_node_get_object (root));
  while (json_object_iter_next_ordered (&iter, &name, &node)) {
    gboolean ok = g_str_equal (name, "__metadata__")
        ? read_metadata (reader, node, error)
        : read_tensor (reader, name, node, error);

    if (!ok)
      return FALSE;
  }
  return check_ranges (reader, error);
}

/* The text of the header; sets where what lies behind it begins. */
static GBytes *
read_text (Reader *reader, GError **error)
{
  guint64 size = alexnet_file_get_size (reader->file);
  guint64 length;

  if (size < LENGTH_SIZE) {
    alexnet_format_error (error,
        "file of %" G_GUINT64_FORMAT " bytes is too short for safetensors",
        size);
    return NULL;
  }
  if (!alexnet_file_read (reader->file, 0, &length, sizeof length, error))
    return NULL;
  length = GUINT64_FROM_LE (length);
  if (length > ALEXNET_MAX_JSON || length > size - LENGTH_SIZE) {
    alexnet_format_error (error,
        "safetensors header of %" G_GUINT64_FORMAT
        " bytes, expected at most %" G_GUINT64_FORMAT,
        length, MIN (size - LENGTH_SIZE, (guint64) ALEXNET_MAX_JSON));
    return NULL;
  }
  reader->begin = LENGTH_SIZE + length;
  reader->size = size - reader->begin;
  return alexnet_file_read_bytes (reader->file, LENGTH_SIZE, (gsize) length,
      error);
}

gboolean
alexnet_safetensors_add (AlexnetTensorSet *set, const AlexnetFile *file,
    GError **error)
{
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (Range));
  Reader reader = { .set = set, .file = file, .ranges = ranges };
  g_autoptr (GBytes) text = read_text (&reader, error);
  g_autoptr (JsonNode) root = NULL;

  if (!text)
    return FALSE;
  root = alexnet_json_parse (g_bytes_get_data (text, NULL),
      g_bytes_get_size (text), "safetensors header", error);
  return root && read_header (&reader, root, error);
}

gboolean
alexnet_safetensors_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error)
{
  source->kind = g_strdup ("safetensors");
  return alexnet_safetensors_add (source->tensors, file, error);
}
