/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One mutex guards the list of models that files are loaded into and all
 * reference counts: a model leaves the list in the same step in which its
 * last reference goes, so nobody can take it up again in between. */

#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static GSList *registry;

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
same_params (const AlexnetModel *model, const AlexnetModelParams *params)
{
  static const AlexnetModelParams defaults;

  if (!params)
    params = &defaults;
  return g_strcmp0 (model->part, params->part) == 0 &&
      g_strcmp0 (model->architecture, params->architecture) == 0;
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
registry_get (int fd, const AlexnetFileId *id, const char *path,
    const AlexnetModelParams *params, GError **error)
{
  g_autoptr (GMappedFile) file = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) cause = NULL;
  AlexnetModel *model;

  for (GSList *l = registry; l; l = l->next) {
    model = l->data;
    if (same_file (&model->id, id) && same_params (model, params)) {
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
  model = alexnet_model_new_from_bytes (bytes, path, params, error);
  if (!model)
    return NULL;
  model->shared = TRUE;
  model->id = *id;
  registry = g_slist_prepend (registry, model);
  return model;
}

AlexnetModel *
alexnet_model_load (const char *path, const AlexnetModelParams *params,
    GError **error)
{
  AlexnetModel *model = NULL;
  AlexnetFileId id;
  int fd;

  g_return_val_if_fail (path != NULL, NULL);

  if (open_file (path, &fd, &id, error)) {
    pthread_mutex_lock (&registry_lock);
    model = registry_get (fd, &id, path, params, error);
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
    alexnet_model_free (model);
}
