/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One mutex guards the list of models that files are loaded into and all
 * reference counts: a model leaves the list in the same step in which its
 * last reference goes, so nobody can take it up again in between. */

#include "private.h"

#include <pthread.h>
#include <sys/stat.h>

#include "model.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static GSList *registry;

static gboolean
same_params (const AlexnetModel *model, const AlexnetModelParams *params)
{
  static const AlexnetModelParams defaults;

  if (!params)
    params = &defaults;
  return g_strcmp0 (model->part, params->part) == 0 &&
      g_strcmp0 (model->architecture, params->architecture) == 0 &&
      g_strcmp0 (model->labels_file, params->labels_file) == 0 &&
      g_strcmp0 (model->mean_file, params->mean_file) == 0;
}

/* Whether the same files lie beside both. */
static gboolean
same_directory (const AlexnetFile *a, const AlexnetFile *b)
{
  g_autofree char *first = g_path_get_dirname (alexnet_file_get_path (a));
  g_autofree char *second = g_path_get_dirname (alexnet_file_get_path (b));
  struct stat x, y;

  return stat (first, &x) == 0 && stat (second, &y) == 0 &&
      x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static gboolean
are_current (const GPtrArray *files, guint first)
{
  for (guint i = first; i < files->len; i++)
    if (!alexnet_file_is_current (files->pdata[i]))
      return FALSE;
  return TRUE;
}

/* Whether loading `file` would give the same model. */
static gboolean
is_same (const AlexnetModel *model, const AlexnetFile *file,
    const AlexnetModelParams *params)
{
  return alexnet_file_equal (model->file, file) &&
      same_params (model, params) && same_directory (model->file, file) &&
      are_current (model->source->files, 1) && are_current (model->beside, 0);
}

/* With the registry's lock held, so that two who load one file at the same
 * time get one model. */
static AlexnetModel *
registry_get (AlexnetFile *file, const AlexnetModelParams *params,
    GError **error)
{
  AlexnetModel *model;

  for (GSList *l = registry; l; l = l->next) {
    model = l->data;
    if (is_same (model, file, params)) {
      model->n_refs++;
      return model;
    }
  }
  model = alexnet_model_new (file, params, error);
  if (!model)
    return NULL;
  model->shared = TRUE;
  registry = g_slist_prepend (registry, model);
  return model;
}

AlexnetModel *
alexnet_model_load (const char *path, const AlexnetModelParams *params,
    GError **error)
{
  g_autoptr (AlexnetFile) file = NULL;
  AlexnetModel *model;

  g_return_val_if_fail (path != NULL, NULL);

  file = alexnet_file_open (path, error);
  if (!file)
    return NULL;
  pthread_mutex_lock (&registry_lock);
  model = registry_get (file, params, error);
  pthread_mutex_unlock (&registry_lock);
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
    alexnet_model_free (model);
}
