/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a file to a model: which format it is, which of its tensors are the
 * network's, in what order its layers come, and what else it says. */

#include "binding.h"
#include "choose.h"
#include "formats/caffe/caffe.h"
#include "int8.h"
#include "labels.h"
#include "layers.h"
#include "metadata.h"
#include "model.h"
#include "private.h"
#include "sidecar.h"
#include "table.h"

#include "formats/reader.h"
#include "preprocess/preprocess.h"

void
alexnet_model_free (AlexnetModel *model)
{
  g_strfreev (model->labels);
  g_ptr_array_unref (model->arena);
  g_string_free (model->origin, TRUE);
  g_ptr_array_unref (model->beside);
  alexnet_model_source_free (model->source);
  alexnet_file_unref (model->file);
  g_free (model->part);
  g_free (model->architecture);
  g_free (model->labels_file);
  g_free (model->mean_file);
  g_free (model);
}

static void
add_note (AlexnetModel *model, const char *note)
{
  g_string_append_printf (model->origin, "note: %s\n", note);
}

static gboolean
read_source (AlexnetModel *model, GError **error)
{
  AlexnetModelSource *source = model->source;

  if (!alexnet_model_source_read (source, model->file, error))
    return FALSE;
  alexnet_metadata_drop_foreign (source->tensors->metadata, source->notes);
  g_string_append_printf (model->origin, "kind: %s\n", source->kind);
  for (guint i = 0; i < source->notes->len; i++)
    add_note (model, source->notes->pdata[i]);
  return TRUE;
}

/* Of a file that lists its layers. */
static gboolean
check_choice (const AlexnetModel *model, GError **error)
{
  return (!model->architecture && !model->part) ||
      alexnet_format_error (error,
          "the file lists its layers itself: %s cannot be chosen",
          model->part ? "a part" : "an architecture");
}

/* The network of a file that lists its layers. */
static gboolean
take_network (AlexnetModel *model, GError **error)
{
  const AlexnetNetwork *table = alexnet_table_find (model->source->network);
  const char *kind;

  if (!check_choice (model, error))
    return FALSE;
  model->network = *model->source->network;
  kind = model->network.architecture;
  if (alexnet_network_find (kind))
    g_string_append_printf (model->origin,
        "layers from: the file's list, which is %s of %s\n",
        table ? "that" : "like that", kind);
  else
    g_string_append (model->origin, "layers from: the file's list\n");
  return TRUE;
}

/* A table that the file carries beside its tensors: one of ours, which is then
 * what it is, or one that the file likens to one of ours. */
static AlexnetPart *
read_table (AlexnetModel *model, const char *layers, GError **error)
{
  const char *claimed = g_hash_table_lookup (model->source->tensors->metadata,
      "architecture");
  const AlexnetNetwork *like;

  if (!check_choice (model, error) ||
      !alexnet_table_from_json (&model->network, layers, model->arena, error))
    return NULL;
  like = alexnet_table_find (&model->network);
  if (!like && claimed)
    like = alexnet_metadata_find_network (claimed);
  if (like)
    model->network.architecture = like->architecture;
  g_string_append (model->origin, "layers from: a table in the file\n");
  return alexnet_part_new (model->source->tensors, &model->network);
}

/* A table by the names of tensors, and by the name of an architecture. */
static AlexnetPart *
find_table (AlexnetModel *model, GError **error)
{
  g_autoptr (AlexnetPart)
      part = alexnet_part_choose (model->source->tensors, model->part, error);
  const char *claimed = model->architecture
      ? model->architecture
      : g_hash_table_lookup (model->source->tensors->metadata, "architecture");
  const AlexnetNetwork *network = part
      ? alexnet_metadata_choose_network (claimed, part->network, error)
      : NULL;

  if (!network)
    return NULL;
  model->network = *network;
  alexnet_part_take_channels (part, &model->network);
  g_string_append_printf (model->origin, "layers from: %s, %s\n",
      network->architecture,
      model->architecture ? "as was asked for"
          : claimed       ? "as the file says"
                          : "by the names of its tensors");
  return g_steal_pointer (&part);
}

/* The types of all weights, each once. */
static void
note_types (AlexnetModel *model)
{
  g_autoptr (GString) types = g_string_new (NULL);
  guint seen = 0;

  for (guint i = 0; i < model->network.n_layers; i++) {
    const AlexnetTensor *weight = &model->network.layers[i].weight;

    if (!alexnet_tensor_is_bound (weight) || (seen & 1u << weight->dtype))
      continue;
    seen |= 1u << weight->dtype;
    g_string_append_printf (types, " %s", alexnet_dtype_name (weight->dtype));
  }
  g_string_append_printf (model->origin, "types:%s\n", types->str);
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

/* Whether an engine can run it: pictures are squares of colours or of luma. */
static gboolean
check_classifier (const AlexnetNetwork *network, GError **error)
{
  const AlexnetShape *in = &network->input;
  const AlexnetLayer *last = &network->layers[network->n_layers - 1];

  if ((in->channels != 1 && in->channels != 3) || in->height != in->width ||
      in->width > ALEXNET_MAX_SIDE)
    return alexnet_format_error (error,
        "the network takes [%u, %u, %u], expected a square of 1 or 3 channels "
        "and at most %u pixels each way",
        in->channels, in->height, in->width, ALEXNET_MAX_SIDE);
  return (last->kind == ALEXNET_LAYER_SOFTMAX && last->out.height == 1 &&
             last->out.width == 1) ||
      alexnet_format_error (error,
          "the network ends in [%u, %u, %u], expected a softmax over "
          "[classes, 1, 1]",
          last->out.channels, last->out.height, last->out.width);
}

static gboolean
bind_by_names (AlexnetModel *model, GError **error)
{
  const char *layers = g_hash_table_lookup (model->source->tensors->metadata,
      "layers");
  g_autoptr (AlexnetPart) part = layers ? read_table (model, layers, error)
                                        : find_table (model, error);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);

  if (!part || !alexnet_part_bind (part, &model->network, notes, error) ||
      !alexnet_layers_check (model->source, &model->network, error))
    return FALSE;
  for (guint i = 0; i < notes->len; i++)
    add_note (model, notes->pdata[i]);
  if (part->name[0] != '\0') {
    g_autofree char *quoted = alexnet_quote (part->name);

    g_string_append_printf (model->origin, "part: %s\n", quoted);
  }
  return TRUE;
}

static gboolean
bind_network (AlexnetModel *model, GError **error)
{
  gboolean bound = model->source->network ? take_network (model, error)
                                          : bind_by_names (model, error);

  if (!bound || !check_classifier (&model->network, error))
    return FALSE;
  watch_tensors (model);
  note_types (model);
  if (alexnet_model_get_n_classes (model) == 1)
    add_note (model,
        "one class: the softmax of one number is 1, so that every image is of "
        "it with 100 %");
  return TRUE;
}

static gboolean
load_labels (AlexnetModel *model, GError **error)
{
  guint n_classes = alexnet_model_get_n_classes (model);
  AlexnetFile *file;
  guint n;

  model->labels = alexnet_labels_load_file (model->labels_file, &file, error);
  if (file)
    g_ptr_array_add (model->beside, file);
  n = model->labels ? g_strv_length (model->labels) : n_classes;
  if (n != n_classes)
    return alexnet_format_error (error,
        "%s has %u labels, expected %u, one for each class", model->labels_file,
        n, n_classes);
  return model->labels != NULL;
}

/* Those of a file beside the model, with its path, or ImageNet's. */
static char *
find_labels (AlexnetModel *model)
{
  guint n_classes = alexnet_model_get_n_classes (model);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  AlexnetFile *file;

  model->labels = alexnet_sidecar_find_labels (alexnet_model_get_path (model),
      n_classes, &file, notes);
  for (guint i = 0; i < notes->len; i++)
    add_note (model, notes->pdata[i]);
  if (model->labels) {
    g_ptr_array_add (model->beside, file);
    return g_strdup (alexnet_file_get_path (file));
  }
  if (n_classes != ALEXNET_N_IMAGENET_LABELS)
    return g_strdup ("none");
  model->labels = alexnet_labels_imagenet ();
  return g_strdup ("ImageNet's, built in");
}

/* Those inside of a checkpoint, where there are as many as classes. */
static void
take_labels (AlexnetModel *model)
{
  char **labels = model->source->labels;
  guint n = labels ? g_strv_length (labels) : 0;

  if (n == alexnet_model_get_n_classes (model))
    model->labels = g_strdupv (labels);
  else if (labels)
    g_string_append_printf (model->origin,
        "note: %u labels in the file, not used for %u classes\n", n,
        alexnet_model_get_n_classes (model));
}

static gboolean
read_labels (AlexnetModel *model, GError **error)
{
  g_autofree char *found = NULL;
  gboolean ok = model->labels_file
      ? load_labels (model, error)
      : alexnet_metadata_read_labels (model->source->tensors->metadata,
            alexnet_model_get_n_classes (model), &model->labels, error);

  if (ok && !model->labels)
    take_labels (model);
  if (ok && !model->labels)
    found = find_labels (model);
  g_string_append_printf (model->origin, "labels from: %s\n",
      found                    ? found
          : model->labels_file ? model->labels_file
                               : "in the file");
  return ok;
}

static gboolean
load_mean (AlexnetModel *model, const char *path, GError **error)
{
  AlexnetFile *file = alexnet_file_open (path, error);

  if (!file)
    return FALSE;
  g_ptr_array_add (model->beside, file);
  if (!alexnet_caffe_mean_read (file, model->preprocess.mean, error))
    return FALSE;
  g_string_append_printf (model->origin,
      "mean from: %s, of each channel over all of its image\n", path);
  return TRUE;
}

static gboolean
is_caffes (const AlexnetModel *model)
{
  return model->source->is_caffes ||
      alexnet_metadata_is_caffes (&model->network);
}

/* What is cut out is the same part of a picture as where the size is known. */
static void
guess_resize (AlexnetModel *model)
{
  AlexnetPreprocess *preprocess = &model->preprocess;
  guint side = alexnet_model_get_input_size (model);

  preprocess->resize_size = alexnet_metadata_guess_resize (side,
      is_caffes (model));
  if (!alexnet_metadata_is_trained_size (side) &&
      (preprocess->crop_mode == ALEXNET_CROP_CENTER ||
          preprocess->crop_mode == ALEXNET_CROP_SQUASH))
    g_string_append_printf (model->origin,
        "note: the file does not say what its %u pixels are cut from: %u "
        "assumed, as 256 for %s\n",
        side, preprocess->resize_size, is_caffes (model) ? "227" : "224");
}

/* A network that is fed with colours as Caffe orders them, or with luma. */
static gboolean
reads_mean (const AlexnetModel *model)
{
  return alexnet_model_get_input_channels (model) == 1
      ? is_caffes (model)
      : model->preprocess.channel_order == ALEXNET_CHANNELS_BGR;
}

/* A mean file that is asked for, or that lies beside a network of Caffe's which
 * has no means of its own. */
static gboolean
read_mean (AlexnetModel *model, gboolean has_means, GError **error)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) cause = NULL;
  g_autofree char *path = NULL;

  if (model->mean_file)
    return load_mean (model, model->mean_file, error);
  if (has_means || !reads_mean (model))
    return TRUE;
  path = alexnet_sidecar_find_mean (alexnet_model_get_path (model), notes);
  if (path && !load_mean (model, path, &cause))
    g_ptr_array_add (notes, g_strdup_printf ("not used: %s", cause->message));
  for (guint i = 0; i < notes->len; i++)
    add_note (model, notes->pdata[i]);
  return TRUE;
}

/* What the file's calibration for int8 has not seen, which had the file's `own`
 * mean; NULL: there is nothing. */
static const char *
find_change (const AlexnetModel *model, const float own[3])
{
  const char *claimed = alexnet_model_get_metadata (model, "architecture");

  for (guint c = 0; c < 3; c++)
    if (own[c] != model->preprocess.mean[c])
      return "mean";
  if (model->architecture &&
      (!claimed ||
          alexnet_metadata_find_network (claimed) !=
              alexnet_network_find (model->network.architecture)))
    return "architecture";
  return NULL;
}

static gboolean
read_int8 (AlexnetModel *model, const float own_mean[3], GError **error)
{
  GHashTable *metadata = model->source->tensors->metadata;
  const char *change = find_change (model, own_mean);

  if (!change)
    return alexnet_int8_read (metadata, &model->network, model->arena, error);
  if (g_hash_table_remove (metadata, "int8"))
    g_string_append_printf (model->origin,
        "note: the calibration for int8 in the file is not used: it was made "
        "with another %s\n",
        change);
  return TRUE;
}

static gboolean
read_metadata (AlexnetModel *model, GError **error)
{
  GHashTable *metadata = model->source->tensors->metadata;
  AlexnetPreprocessSaid said;
  AlexnetPreprocess own;

  if (!alexnet_metadata_read_preprocess (metadata, &model->network,
          &model->preprocess, &said, error))
    return FALSE;
  g_string_append_printf (model->origin, "preprocessing from: %s\n",
      g_hash_table_contains (metadata, "preprocess") ? "in the file"
          : alexnet_metadata_is_trained_size (
                alexnet_model_get_input_size (model))
          ? "as this architecture was trained"
          : "as this architecture was trained at another size");
  if (!said.resize)
    guess_resize (model);
  own = model->preprocess;
  return read_mean (model, said.mean, error) && read_labels (model, error) &&
      read_int8 (model, own.mean, error);
}

AlexnetModel *
alexnet_model_new (AlexnetFile *file, const AlexnetModelParams *params,
    GError **error)
{
  AlexnetModel *model = g_new0 (AlexnetModel, 1);

  model->n_refs = 1;
  model->part = g_strdup (params ? params->part : NULL);
  model->architecture = g_strdup (params ? params->architecture : NULL);
  model->labels_file = g_strdup (params ? params->labels_file : NULL);
  model->mean_file = g_strdup (params ? params->mean_file : NULL);
  model->file = alexnet_file_ref (file);
  model->source = alexnet_model_source_new ();
  model->arena = g_ptr_array_new_with_free_func (g_free);
  model->origin = g_string_new (NULL);
  model->beside = g_ptr_array_new_with_free_func ((GDestroyNotify)
          alexnet_file_unref);
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
