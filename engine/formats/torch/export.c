/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "archive.h"

#include <string.h>

#include "formats/storage.h"

#define WEIGHTS "data/weights/"
#define CONFIG "_weights_config.json"

/* torch._export.serde.schema.ScalarType */
static const struct {
  gsize number;
  AlexnetDType dtype;
} types[] = {
  { 6, ALEXNET_DTYPE_F16 },
  { 7, ALEXNET_DTYPE_F32 },
  { 8, ALEXNET_DTYPE_F64 },
  { 13, ALEXNET_DTYPE_BF16 },
  { 29, ALEXNET_DTYPE_F8_E4M3 },
  { 30, ALEXNET_DTYPE_F8_E5M2 },
};

/* {"as_int": 4} */
static gboolean
get_size (JsonNode *node, guint64 *size)
{
  JsonObject *object = alexnet_json_get_object (node);

  return object &&
      alexnet_json_get_size (json_object_get_member (object, "as_int"), size);
}

static gboolean
get_sizes (JsonObject *object, const char *key, gsize *sizes, guint *n)
{
  JsonArray *array = alexnet_json_get_array (json_object_get_member (object,
      key));
  guint64 size;

  if (!array)
    return FALSE;
  *n = json_array_get_length (array);
  for (guint i = 0; i < MIN (*n, ALEXNET_MAX_DIMS); i++) {
    if (!get_size (json_array_get_element (array, i), &size))
      return FALSE;
    sizes[i] = alexnet_clamp_size (size);
  }
  return TRUE;
}

/* FALSE when it is no description of a tensor. */
static gboolean
describe (JsonObject *meta, AlexnetTensor *tensor, guint64 *offset,
    char **unusable)
{
  guint n_strides;
  guint64 number;

  if (!alexnet_json_get_size (json_object_get_member (meta, "dtype"),
          &number) ||
      !get_sizes (meta, "sizes", tensor->dims, &tensor->n_dims) ||
      !get_sizes (meta, "strides", tensor->strides, &n_strides) ||
      n_strides != tensor->n_dims ||
      !get_size (json_object_get_member (meta, "storage_offset"), offset))
    return FALSE;
  if (tensor->n_dims > ALEXNET_MAX_DIMS) {
    *unusable = g_strdup_printf ("has %u dimensions, expected at most %d",
        tensor->n_dims, ALEXNET_MAX_DIMS);
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    tensor->dtype = types[i].dtype;
    if (types[i].number == number)
      return TRUE;
  }
  *unusable = g_strdup_printf ("has torch.export's dtype %" G_GUINT64_FORMAT
                               ", expected one of floats",
      number);
  return TRUE;
}

/* {"path_name": "weight_0", "use_pickle": false, "tensor_meta": {...}} */
static gboolean
read_tensor (const AlexnetTorchArchive *archive, JsonNode *node,
    AlexnetTensor *tensor, char **unusable, GError **error)
{
  JsonObject *object = alexnet_json_get_object (node);
  JsonObject *meta = object
      ? alexnet_json_get_object (json_object_get_member (object, "tensor_meta"))
      : NULL;
  const char *path = object
      ? alexnet_json_get_string (json_object_get_member (object, "path_name"))
      : NULL;
  const AlexnetZipEntry *entry;
  guint64 offset;

  if (!meta || !path || !describe (meta, tensor, &offset, unusable))
    return alexnet_format_error (error,
        "expected path_name, and in tensor_meta dtype, sizes, strides and "
        "storage_offset");
  if (!*unusable &&
      json_object_get_boolean_member_with_default (object, "use_pickle", FALSE))
    *unusable = g_strdup ("is pickled apart from the others");
  if (*unusable)
    return TRUE;
  entry = alexnet_torch_archive_get (archive, WEIGHTS, path, error);
  return entry &&
      alexnet_storage_bind (tensor, archive->file, entry->begin, entry->size,
          offset, unusable, error);
}

static gboolean
add_tensor (AlexnetModelSource *source, const AlexnetTorchArchive *archive,
    const char *name, JsonNode *node, GError **error)
{
  AlexnetTensor tensor = { 0 };
  char *unusable = NULL;

  if (!read_tensor (archive, node, &tensor, &unusable, error)) {
    g_autofree char *quoted = alexnet_quote (name);

    g_prefix_error (error, "tensor %s: ", quoted);
    g_free (unusable);
    return FALSE;
  }
  return alexnet_tensor_set_add (source->tensors, name, &tensor, unusable,
      error);
}

static gboolean
add_tensors (AlexnetModelSource *source, const AlexnetTorchArchive *archive,
    JsonNode *root, GError **error)
{
  JsonObject *object = alexnet_json_get_object (root);
  JsonObject *config = object
      ? alexnet_json_get_object (json_object_get_member (object, "config"))
      : NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (!config)
    return alexnet_format_error (error, "expected a JSON object 'config'");
  json_object_iter_init_ordered (&iter, config);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    if (!add_tensor (source, archive, name, node, error))
      return FALSE;
  return TRUE;
}

/* The list of weights of a model in the archive, of which there is one as a
 * rule. */
static const AlexnetZipEntry *
find_config (const AlexnetTorchArchive *archive, GError **error)
{
  g_autofree char *prefix = g_strconcat (archive->folder, WEIGHTS, NULL);
  const AlexnetZipEntry *found = NULL;

  for (guint i = 0; i < archive->zip->entries->len; i++) {
    const AlexnetZipEntry *entry = archive->zip->entries->pdata[i];

    if (!g_str_has_prefix (entry->name, prefix) ||
        !g_str_has_suffix (entry->name, CONFIG))
      continue;
    if (found) {
      alexnet_format_error (error,
          "torch.export archive of several models, expected one");
      return NULL;
    }
    found = entry;
  }
  if (!found)
    alexnet_format_error (error,
        "torch.export archive without " WEIGHTS "NAME" CONFIG
        "; save it with PyTorch 2.9 or newer");
  return found;
}

/* "model" of data/weights/model_weights_config.json */
static char *
get_model_name (const AlexnetZipEntry *config)
{
  const char *name = strrchr (config->name, '/') + 1;

  return g_strndup (name, strlen (name) - strlen (CONFIG));
}

gboolean
alexnet_torch_export_read (AlexnetModelSource *source,
    const AlexnetTorchArchive *archive, GError **error)
{
  const AlexnetZipEntry *entry = find_config (archive, error);
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *quoted = NULL, *model = NULL;

  if (!entry)
    return FALSE;
  quoted = alexnet_quote (entry->name);
  root = alexnet_torch_archive_read_json (archive, entry, quoted, error);
  if (!root)
    return FALSE;
  source->kind = g_strdup ("PyTorch export archive (.pt2)");
  model = get_model_name (entry);
  return add_tensors (source, archive, root, error) &&
      alexnet_torch_graph_read (source, archive, model, error);
}
