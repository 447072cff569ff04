/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A model file, loaded: see alexnet.h for what it can be asked, metadata.h for
 * what it may say besides its tensors. A weight or bias that no layer uses is
 * an error, other tensors are ignored. */

#ifndef ALEXNET_MODEL_H
#define ALEXNET_MODEL_H

#include "network/network.h"

G_BEGIN_DECLS

/* The model's, with all weights bound. */
const AlexnetNetwork *alexnet_model_get_network (const AlexnetModel *model);

/* A model from a file in memory, which it keeps; never shared with others.
 * `path` is for messages, and for what may lie beside it. */
AlexnetModel *alexnet_model_new_from_bytes (GBytes *bytes, const char *path,
    const AlexnetModelParams *params, GError **error);

/* alexnet_model_save() with `key` of the metadata set to `value`, unless it is
 * NULL. */
gboolean alexnet_model_write (const AlexnetModel *model, const char *key,
    const char *value, const char *path, const AlexnetProgress *progress,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_MODEL_H */
