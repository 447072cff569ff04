/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* {"metadata": {...}, "weight_map": {"features.0.weight":
 * "model-00001-of-00002.safetensors", ...}}, as Hugging Face's libraries write
 * it where a model is split. */

#include <string.h>

#include "formats.h"
#include "json.h"

#define BLANKS " \t\n\r"
#define MAX_SHARDS 64

/* Unlike a length in 8 bytes, text has no NUL. */
gboolean
alexnet_safetensors_index_detect (const guint8 *head, gsize size,
    guint64 file_size)
{
  gsize at = 0;

  while (at < size && head[at] != '\0' && strchr (BLANKS, head[at]))
    at++;
  return at < size && head[at] == '{' && !memchr (head, '\0', size);
}

static JsonObject *
find_map (JsonNode *root)
{
  JsonObject *object = alexnet_json_get_object (root);

  return object
      ? alexnet_json_get_object (json_object_get_member (object, "weight_map"))
      : NULL;
}

/* The names of shards, each once, in the order of their first tensors; NULL
 * when a member is no string or there are too many. */
static GPtrArray *
list_shards (JsonObject *map, GError **error)
{
  g_autoptr (GPtrArray) shards = g_ptr_array_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, map);
  while (json_object_iter_next_ordered (&iter, &name, &node)) {
    const char *shard = alexnet_json_get_string (node);

    if (!shard) {
      g_autofree char *quoted = alexnet_quote (name);

      alexnet_format_error (error,
          "weight_map: %s: expected the name of a file", quoted);
      return NULL;
    }
    if (!g_ptr_array_find_with_equal_func (shards, shard, g_str_equal, NULL))
      g_ptr_array_add (shards, (gpointer) shard);
    if (shards->len > MAX_SHARDS) {
      alexnet_format_error (error, "weight_map names more than %d files",
          MAX_SHARDS);
      return NULL;
    }
  }
  return g_steal_pointer (&shards);
}

/* Whether the map says of tensors from `first` on that they lie in `shard`. */
static gboolean
check_tensors (const AlexnetTensorSet *set, guint first, JsonObject *map,
    const char *shard, GError **error)
{
  for (guint i = first; i < set->entries->len; i++) {
    const AlexnetTensorEntry *entry = set->entries->pdata[i];
    const char *said = alexnet_json_get_string (json_object_get_member (map,
        entry->name));
    g_autofree char *quoted = NULL;

    if (g_strcmp0 (said, shard) == 0)
      continue;
    quoted = alexnet_quote (entry->name);
    return alexnet_format_error (error,
        "has tensor %s, of which weight_map says something else", quoted);
  }
  return TRUE;
}

/* transformers writes an index of files of PyTorch, too. */
static gboolean
check_format (const AlexnetFile *file, GError **error)
{
  guint64 file_size = alexnet_file_get_size (file);
  guint8 head[16];
  gsize size = (gsize) MIN (file_size, sizeof head);

  return alexnet_file_read (file, 0, head, size, error) &&
      (alexnet_safetensors_detect (head, size, file_size) ||
          alexnet_format_error (error,
              "is no safetensors file; save the model in one file, or as "
              "safetensors"));
}

static gboolean
read_shard (AlexnetModelSource *source, const AlexnetFile *index,
    const char *shard, JsonObject *map, GError **error)
{
  AlexnetFile *file = alexnet_file_open_beside (index, shard, error);
  guint first = source->tensors->entries->len;
  g_autofree char *quoted = NULL;

  if (!file)
    return FALSE;
  g_ptr_array_add (source->files, file);
  if (check_format (file, error) &&
      alexnet_safetensors_add (source->tensors, file, error) &&
      check_tensors (source->tensors, first, map, shard, error))
    return TRUE;
  quoted = alexnet_quote (shard);
  g_prefix_error (error, "%s: ", quoted);
  return FALSE;
}

static gboolean
check_complete (const AlexnetTensorSet *set, JsonObject *map, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, map);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    if (!alexnet_tensor_set_find (set, name)) {
      g_autofree char *quoted = alexnet_quote (name);
      g_autofree char *shard = alexnet_quote (json_node_get_string (node));

      return alexnet_format_error (error, "tensor %s is not in %s", quoted,
          shard);
    }
  return TRUE;
}

gboolean
alexnet_safetensors_index_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error)
{
  gsize size = (gsize) MIN (alexnet_file_get_size (file),
      (guint64) ALEXNET_MAX_JSON + 1);
  g_autoptr (GBytes) text = alexnet_file_read_bytes (file, 0, size, error);
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GPtrArray) shards = NULL;
  JsonObject *map;

  if (!text)
    return FALSE;
  root = alexnet_json_parse (g_bytes_get_data (text, NULL), size, "index",
      error);
  if (!root)
    return FALSE;
  map = find_map (root);
  if (!map)
    return alexnet_format_error (error, "expected a JSON object 'weight_map'");
  shards = list_shards (map, error);
  if (!shards)
    return FALSE;
  source->kind = g_strdup_printf ("safetensors in %u files", shards->len);
  for (guint i = 0; i < shards->len; i++)
    if (!read_shard (source, file, shards->pdata[i], map, error))
      return FALSE;
  return check_complete (source->tensors, map, error);
}
