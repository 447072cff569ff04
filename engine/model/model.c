/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "model.h"

#include "int8.h"
#include "metadata.h"
#include "private.h"

#define MAX_NAMED_TENSORS 3

typedef struct {
  const char *name;
  gboolean (*detect) (const guint8 *data, gsize size);
  gboolean (*read) (AlexnetTensorSet *set, const guint8 *data, gsize size,
      GError **error);
} Format;

static const Format formats[] = {
  { "safetensors", alexnet_safetensors_detect, alexnet_safetensors_read },
  { "PyTorch", alexnet_torch_zip_detect, alexnet_torch_zip_read },
  { "older PyTorch", alexnet_torch_legacy_detect, alexnet_torch_legacy_read },
};

void
alexnet_model_free (AlexnetModel *model)
{
  g_strfreev (model->labels);
  g_ptr_array_unref (model->scales);
  alexnet_tensor_set_free (model->tensors);
  g_bytes_unref (model->bytes);
  g_free (model->path);
  g_free (model);
}

static gboolean
read_tensors (AlexnetTensorSet *set, GBytes *bytes, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (!formats[i].detect (data, size))
      continue;
    if (formats[i].read (set, data, size, error))
      return TRUE;
    g_prefix_error (error, "%s file: ", formats[i].name);
    return FALSE;
  }
  return alexnet_format_error (error,
      "%" G_GSIZE_FORMAT " bytes that are neither a safetensors nor a "
      "PyTorch file",
      size);
}

static char *
name_first_tensors (const AlexnetTensorSet *set)
{
  GString *s = g_string_new (NULL);

  for (guint i = 0; i < set->entries->len && i < MAX_NAMED_TENSORS; i++) {
    const AlexnetTensorEntry *entry = set->entries->pdata[i];
    g_autofree char *quoted = alexnet_quote (entry->name);

    g_string_append_printf (s, "%s%s", i > 0 ? ", " : "", quoted);
  }
  if (set->entries->len > MAX_NAMED_TENSORS)
    g_string_append_printf (s, " and %u more",
        set->entries->len - MAX_NAMED_TENSORS);
  if (set->entries->len == 0)
    g_string_append (s, "no tensors");
  return g_string_free (s, FALSE);
}

/* The network whose first tensor the file has. */
static const AlexnetNetwork *
recognise (const AlexnetTensorSet *set, GError **error)
{
  const AlexnetNetwork *const *networks = alexnet_networks ();
  g_autoptr (GString) wanted = g_string_new (NULL);
  g_autofree char *found = NULL;

  for (guint i = 0; networks[i]; i++) {
    g_autofree char *name = g_strconcat (networks[i]->layers[0].name, ".weight",
        NULL);

    if (alexnet_tensor_set_find (set, name))
      return networks[i];
    g_string_append_printf (wanted, "%s%s (%s)", i > 0 ? " or " : "", name,
        networks[i]->architecture);
  }
  found = name_first_tensors (set);
  alexnet_format_error (error, "not an AlexNet: it has %s, expected %s", found,
      wanted->str);
  return NULL;
}

typedef struct {
  const AlexnetTensorSet *set;
  GError *error; /* of a tensor that is there but unusable */
} Lookup;

static const AlexnetTensor *
look_up (gpointer user, const char *name)
{
  Lookup *lookup = user;
  const AlexnetTensorEntry *entry = alexnet_tensor_set_find (lookup->set, name);

  if (!entry)
    return NULL;
  if (!entry->unusable)
    return &entry->tensor;
  g_clear_error (&lookup->error);
  alexnet_format_error (&lookup->error, "tensor %s %s", name, entry->unusable);
  return NULL;
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
  const AlexnetNetwork *network = recognise (model->tensors, error);
  Lookup lookup = { .set = model->tensors };

  if (!network)
    return FALSE;
  model->network = *network;
  if (alexnet_network_bind (&model->network, look_up, &lookup, error)) {
    watch_tensors (model);
    return TRUE;
  }
  if (lookup.error) {
    g_clear_error (error);
    g_propagate_error (error, lookup.error);
  }
  return FALSE;
}

static gboolean
read_metadata (AlexnetModel *model, GError **error)
{
  GHashTable *metadata = model->tensors->metadata;
  AlexnetNetwork *network = &model->network;

  return alexnet_metadata_check_architecture (metadata, network->architecture,
             error) &&
      alexnet_metadata_read_preprocess (metadata, network, &model->preprocess,
          error) &&
      alexnet_metadata_read_labels (metadata,
          alexnet_model_get_n_classes (model), &model->labels, error) &&
      alexnet_int8_read (metadata, network, model->scales, error);
}

AlexnetModel *
alexnet_model_new_from_bytes (GBytes *bytes, const char *path, GError **error)
{
  AlexnetModel *model = g_new0 (AlexnetModel, 1);

  model->n_refs = 1;
  model->path = g_strdup (path);
  model->bytes = g_bytes_ref (bytes);
  model->tensors = alexnet_tensor_set_new ();
  model->scales = g_ptr_array_new_with_free_func (g_free);
  if (read_tensors (model->tensors, bytes, error) &&
      bind_network (model, error) && read_metadata (model, error))
    return model;
  g_prefix_error (error, "%s: ", path);
  alexnet_model_free (model);
  return NULL;
}

const AlexnetNetwork *
alexnet_model_get_network (const AlexnetModel *model)
{
  return &model->network;
}

const char *
alexnet_model_get_path (const AlexnetModel *model)
{
  return model->path;
}

const char *
alexnet_model_get_architecture (const AlexnetModel *model)
{
  return model->network.architecture;
}

guint
alexnet_model_get_n_classes (const AlexnetModel *model)
{
  return alexnet_network_output (&model->network)->channels;
}

guint
alexnet_model_get_input_size (const AlexnetModel *model)
{
  return model->network.input.width;
}

const char *const *
alexnet_model_get_labels (const AlexnetModel *model)
{
  return (const char *const *) model->labels;
}

const AlexnetPreprocess *
alexnet_model_get_preprocess (const AlexnetModel *model)
{
  return &model->preprocess;
}

const char *
alexnet_model_get_metadata (const AlexnetModel *model, const char *key)
{
  return g_hash_table_lookup (model->tensors->metadata, key);
}

gboolean
alexnet_model_write (const AlexnetModel *model, const char *key,
    const char *value, const char *path, GError **error)
{
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer name, string;

  g_hash_table_iter_init (&iter, model->tensors->metadata);
  while (g_hash_table_iter_next (&iter, &name, &string))
    g_hash_table_insert (metadata, name, string);
  g_hash_table_insert (metadata, (gpointer) key, (gpointer) value);
  return alexnet_safetensors_write (model->tensors, metadata, path, error);
}

char *
alexnet_model_summary (const AlexnetModel *model)
{
  return alexnet_network_summary (&model->network);
}
