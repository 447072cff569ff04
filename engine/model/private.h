/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_MODEL_PRIVATE_H
#define ALEXNET_MODEL_PRIVATE_H

#include <sys/types.h>
#include <time.h>

#include "formats/formats.h"

G_BEGIN_DECLS

/* What tells whether a path still leads to the same bytes. */
typedef struct {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec changed;
} AlexnetFileId;

struct _AlexnetModel {
  /* Constant once loaded. */
  char *path;
  char *part, *architecture;    /* as AlexnetModelParams asked for */
  GBytes *bytes;
  AlexnetTensorSet *tensors;
  AlexnetNetwork network;
  gint not_finite[2 * ALEXNET_MAX_LAYERS];      /* of its tensors; atomic */
  AlexnetPreprocess preprocess;
  char **labels;
  GPtrArray *arena;             /* g_free()d: what network points to */
  GString *origin;
  gboolean shared;
  AlexnetFileId id;             /* when shared */

  guint n_refs;                 /* under the registry's lock */
};

/* Of the last reference. */
void alexnet_model_free (AlexnetModel *model);

G_END_DECLS

#endif /* ALEXNET_MODEL_PRIVATE_H */
