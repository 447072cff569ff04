/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_MODEL_PRIVATE_H
#define ALEXNET_MODEL_PRIVATE_H

#include "formats/formats.h"

G_BEGIN_DECLS

struct _AlexnetModel {
  /* Constant once loaded. */
  /* AlexnetModelParams */
  char *part, *architecture, *labels_file, *mean_file;
  AlexnetFile *file;
  AlexnetModelSource *source;
  AlexnetNetwork network;
  gint not_finite[2 * ALEXNET_MAX_LAYERS];      /* of its tensors; atomic */
  AlexnetPreprocess preprocess;
  char **labels;
  GPtrArray *arena;             /* g_free()d: what network points to */
  GString *origin;
  GPtrArray *beside;            /* AlexnetFile: of labels and of means */
  gboolean shared;

  guint n_refs;                 /* under the registry's lock */
};

/* Keeps the file. */
AlexnetModel *alexnet_model_new (AlexnetFile *file,
    const AlexnetModelParams *params, GError **error);

/* Of the last reference. */
void alexnet_model_free (AlexnetModel *model);

G_END_DECLS

#endif /* ALEXNET_MODEL_PRIVATE_H */
