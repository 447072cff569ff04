/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model as one safetensors file that describes itself: the tensors of its
 * network under the names of its table, and metadata as metadata.h reads it. */

#include <json-glib/json-glib.h>

#include "metadata.h"
#include "model.h"
#include "private.h"
#include "table.h"

static gboolean
add_tensor (AlexnetTensorSet *set, const AlexnetLayer *layer, const char *last,
    const AlexnetTensor *tensor, GError **error)
{
  g_autofree char *name = g_strconcat (layer->name, ".", last, NULL);

  return alexnet_tensor_set_add (set, name, tensor, NULL, error);
}

static AlexnetTensorSet *
collect_tensors (const AlexnetNetwork *network, GError **error)
{
  g_autoptr (AlexnetTensorSet) set = alexnet_tensor_set_new ();

  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (alexnet_tensor_is_bound (&layer->weight) &&
        (!add_tensor (set, layer, "weight", &layer->weight, error) ||
            !add_tensor (set, layer, "bias", &layer->bias, error)))
      return NULL;
  }
  return g_steal_pointer (&set);
}

static char *
describe_labels (char *const *labels)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  for (; *labels; labels++)
    json_array_add_string_element (array, *labels);
  json_node_take_array (root, array);
  return json_to_string (root, FALSE);
}

static void
set (GHashTable *metadata, const char *key, char *value)
{
  g_hash_table_insert (metadata, g_strdup (key), value);
}

/* What the file said, and what was found elsewhere. */
static GHashTable *
collect_metadata (const AlexnetModel *model)
{
  GHashTable *metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  const AlexnetNetwork *table = alexnet_table_find (&model->network);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, model->source->tensors->metadata);
  while (g_hash_table_iter_next (&iter, &key, &value))
    set (metadata, key, g_strdup (value));
  g_hash_table_remove (metadata, "layers");
  set (metadata, "architecture", g_strdup (model->network.architecture));
  if (!table)
    set (metadata, "layers", alexnet_table_to_json (&model->network));
  if (model->labels)
    set (metadata, "labels", describe_labels (model->labels));
  set (metadata, "preprocess",
      alexnet_metadata_describe_preprocess (&model->preprocess,
          &model->network));
  return metadata;
}

gboolean
alexnet_model_write (const AlexnetModel *model, const char *key,
    const char *value, const char *path, const AlexnetProgress *progress,
    GError **error)
{
  g_autoptr (GHashTable) metadata = collect_metadata (model);
  g_autoptr (AlexnetTensorSet)
      tensors = collect_tensors (&model->network, error);

  if (key)
    set (metadata, key, g_strdup (value));
  return tensors &&
      alexnet_safetensors_write (tensors, metadata, path, progress, error);
}

gboolean
alexnet_model_save (const AlexnetModel *model, const char *path,
    const AlexnetProgress *progress, GError **error)
{
  g_return_val_if_fail (model != NULL && path != NULL, FALSE);

  return alexnet_model_write (model, NULL, NULL, path, progress, error);
}
