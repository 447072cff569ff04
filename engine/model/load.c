/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a file to a model: which format it is, which of its tensors are the
 * network's, in what order its layers come, and what else it says. */

#include "int8.h"
#include "labels.h"
#include "metadata.h"
#include "model.h"
#include "part.h"
#include "private.h"
#include "sidecar.h"
#include "table.h"

void
alexnet_model_free (AlexnetModel *model)
{
  g_strfreev (model->labels);
  g_ptr_array_unref (model->arena);
  g_string_free (model->origin, TRUE);
  alexnet_model_source_free (model->source);
  alexnet_file_unref (model->file);
  g_free (model->part);
  g_free (model->architecture);
  g_free (model);
}

static gboolean
read_source (AlexnetModel *model, GError **error)
{
  if (!alexnet_model_source_read (model->source, model->file, error))
    return FALSE;
  g_string_append_printf (model->origin, "kind: %s\n", model->source->kind);
  return TRUE;
}

/* A table that the file carries beside its tensors. */
static AlexnetPart *
read_table (AlexnetModel *model, const char *layers, GError **error)
{
  if (!alexnet_table_from_json (&model->network, layers, model->arena, error))
    return NULL;
  g_string_append (model->origin, "layers: a table in the file\n");
  return alexnet_part_new (model->source->tensors, &model->network);
}

/* A table by the names of tensors, and by the name of an architecture. */
static AlexnetPart *
find_table (AlexnetModel *model, GError **error)
{
  g_autoptr (AlexnetPart)
      part = alexnet_part_find (model->source->tensors, model->part, error);
  const char *claimed = model->architecture
      ? model->architecture
      : g_hash_table_lookup (model->source->tensors->metadata, "architecture");
  const AlexnetNetwork *network = part
      ? alexnet_metadata_choose_network (claimed, part->network, error)
      : NULL;

  if (!network)
    return NULL;
  model->network = *network;
  g_string_append_printf (model->origin, "layers: %s, %s\n",
      network->architecture,
      model->architecture ? "as was asked for"
          : claimed       ? "as the file says"
                          : "by the names of its tensors");
  return g_steal_pointer (&part);
}

static void
watch_tensors (AlexnetModel *model)
{
  for (guint i = 0; i < model->network.n_layers; i++) {
    AlexnetLayer *layer = &model->network.layers[i];

    layer->weight.not_finite = &model->not_finite[2 * i];
    layer->bias.not_finite = &model->not_finite[2 * i + 1];
  }
}

static gboolean
bind_network (AlexnetModel *model, GError **error)
{
  const char *layers = g_hash_table_lookup (model->source->tensors->metadata,
      "layers");
  g_autoptr (AlexnetPart) part = layers ? read_table (model, layers, error)
                                        : find_table (model, error);

  if (!part || !alexnet_part_bind (part, &model->network, error))
    return FALSE;
  watch_tensors (model);
  if (part->name[0] != '\0')
    g_string_append_printf (model->origin, "part: %s\n", part->name);
  return TRUE;
}

static gboolean
read_labels (AlexnetModel *model, GError **error)
{
  guint n_classes = alexnet_model_get_n_classes (model);
  g_autofree char *path = NULL;
  const char *from = "in the file";

  if (!alexnet_metadata_read_labels (model->source->tensors->metadata,
          n_classes, &model->labels, error))
    return FALSE;
  if (!model->labels) {
    g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);

    model->labels = alexnet_sidecar_find_labels (alexnet_model_get_path (model),
        n_classes, &path, notes);
    from = path;
    for (guint i = 0; i < notes->len; i++)
      g_string_append_printf (model->origin, "note: %s\n",
          (const char *) notes->pdata[i]);
  }
  if (!model->labels && n_classes == ALEXNET_N_IMAGENET_LABELS) {
    model->labels = alexnet_labels_imagenet ();
    from = "ImageNet's, built in";
  }
  g_string_append_printf (model->origin, "labels: %s\n",
      model->labels ? from : "none");
  return TRUE;
}

static gboolean
read_metadata (AlexnetModel *model, GError **error)
{
  GHashTable *metadata = model->source->tensors->metadata;

  if (!alexnet_metadata_read_preprocess (metadata, &model->network,
          &model->preprocess, error))
    return FALSE;
  g_string_append_printf (model->origin, "preprocessing: %s\n",
      g_hash_table_contains (metadata, "preprocess")
          ? "in the file"
          : "as this architecture was trained");
  return read_labels (model, error) &&
      alexnet_int8_read (metadata, &model->network, model->arena, error);
}

AlexnetModel *
alexnet_model_new (AlexnetFile *file, const AlexnetModelParams *params,
    GError **error)
{
  AlexnetModel *model = g_new0 (AlexnetModel, 1);

  model->n_refs = 1;
  model->part = g_strdup (params ? params->part : NULL);
  model->architecture = g_strdup (params ? params->architecture : NULL);
  model->file = alexnet_file_ref (file);
  model->source = alexnet_model_source_new ();
  model->arena = g_ptr_array_new_with_free_func (g_free);
  model->origin = g_string_new (NULL);
  if (read_source (model, error) && bind_network (model, error) &&
      read_metadata (model, error))
    return model;
  g_prefix_error (error, "%s: ", alexnet_file_get_path (file));
  alexnet_model_free (model);
  return NULL;
}

AlexnetModel *
alexnet_model_new_from_bytes (GBytes *bytes, const char *path,
    const AlexnetModelParams *params, GError **error)
{
  g_autoptr (AlexnetFile) file = alexnet_file_new_from_bytes (bytes, path);

  return alexnet_model_new (file, params, error);
}
