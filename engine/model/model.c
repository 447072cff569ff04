/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One mutex guards the list of models that files are loaded into and all
 * reference counts: a model leaves the list in the same step in which its
 * last reference goes, so nobody can take it up again in between. */

#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_NAMED_TENSORS 3

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static GSList *registry;

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

static void
model_free (AlexnetModel *model)
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

static gboolean
bind_network (AlexnetModel *model, GError **error)
{
  const AlexnetNetwork *network = recognise (model->tensors, error);
  Lookup lookup = { .set = model->tensors };

  if (!network)
    return FALSE;
  model->network = *network;
  if (alexnet_network_bind (&model->network, look_up, &lookup, error))
    return TRUE;
  if (lookup.error) {
    g_clear_error (error);
    g_propagate_error (error, lookup.error);
  }
  return FALSE;
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
      bind_network (model, error) &&
      alexnet_model_apply_metadata (model, error))
    return model;
  g_prefix_error (error, "%s: ", path);
  model_free (model);
  return NULL;
}

static gboolean
open_file (const char *path, int *fd, AlexnetFileId *id, GError **error)
{
  struct stat status;

  *fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (*fd < 0 || fstat (*fd, &status) != 0) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
        "cannot open model file %s: %s", path, g_strerror (errno));
    return FALSE;
  }
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
        "cannot open model file %s: not a regular file", path);
    return FALSE;
  }
  *id = (AlexnetFileId){ status.st_dev, status.st_ino, status.st_size,
    status.st_mtim };
  return TRUE;
}

static gboolean
same_file (const AlexnetFileId *a, const AlexnetFileId *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size &&
      a->changed.tv_sec == b->changed.tv_sec &&
      a->changed.tv_nsec == b->changed.tv_nsec;
}

/* With the registry's lock held, so that two who load one file at the same
 * time get one model. */
static AlexnetModel *
registry_get (int fd, const AlexnetFileId *id, const char *path, GError **error)
{
  g_autoptr (GMappedFile) file = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) cause = NULL;
  AlexnetModel *model;

  for (GSList *l = registry; l; l = l->next) {
    model = l->data;
    if (same_file (&model->id, id)) {
      model->n_refs++;
      return model;
    }
  }
  file = g_mapped_file_new_from_fd (fd, FALSE, &cause);
  if (!file) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
        "cannot map model file %s: %s", path, cause->message);
    return NULL;
  }
  bytes = g_mapped_file_get_bytes (file);
  model = alexnet_model_new_from_bytes (bytes, path, error);
  if (!model)
    return NULL;
  model->shared = TRUE;
  model->id = *id;
  registry = g_slist_prepend (registry, model);
  return model;
}

AlexnetModel *
alexnet_model_load (const char *path, GError **error)
{
  AlexnetModel *model = NULL;
  AlexnetFileId id;
  int fd;

  g_return_val_if_fail (path != NULL, NULL);

  if (open_file (path, &fd, &id, error)) {
    pthread_mutex_lock (&registry_lock);
    model = registry_get (fd, &id, path, error);
    pthread_mutex_unlock (&registry_lock);
  }
  if (fd >= 0)
    close (fd);
  return model;
}

AlexnetModel *
alexnet_model_ref (AlexnetModel *model)
{
  pthread_mutex_lock (&registry_lock);
  model->n_refs++;
  pthread_mutex_unlock (&registry_lock);
  return model;
}

void
alexnet_model_unref (AlexnetModel *model)
{
  gboolean last;

  if (!model)
    return;
  pthread_mutex_lock (&registry_lock);
  last = --model->n_refs == 0;
  if (last && model->shared)
    registry = g_slist_remove (registry, model);
  pthread_mutex_unlock (&registry_lock);
  if (last)
    model_free (model);
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

char *
alexnet_model_summary (const AlexnetModel *model)
{
  return alexnet_network_summary (&model->network);
}

char *
alexnet_architecture_summary (const char *architecture, GError **error)
{
  const AlexnetNetwork *network;

  g_return_val_if_fail (architecture != NULL, NULL);

  network = alexnet_network_find (architecture);
  if (network)
    return alexnet_network_summary (network);
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "there is no architecture '%s'; there are torchvision and caffe",
      architecture);
  return NULL;
}
