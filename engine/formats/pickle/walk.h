/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finds what a pickle holds of a model, wherever in it. */

#ifndef ALEXNET_PICKLE_WALK_H
#define ALEXNET_PICKLE_WALK_H

#include "pickle.h"

G_BEGIN_DECLS

/* Where the values of tensors lie. */
typedef struct {
  const AlexnetFile *file;      /* of the pickle and of the storages */
  /* Finds the bytes of a storage; FORMAT when there are none of that key. */
  gboolean (*find) (gconstpointer user, const char *key, guint64 *offset,
      guint64 *size, GError **error);
  gconstpointer user;
} AlexnetStorages;

/* Adds all tensors and arrays below `root` to the source, the modules that have
 * no others inside, and its labels when there are any (a list `classes`, a dict
 * `class_to_idx`). Names are the keys and indices on the shortest way there,
 * between dots; of a list of pairs with a string first, the strings; of a
 * module, its attributes and what is in _modules, _parameters and _buffers,
 * without these. Each container is walked once; a module has all its names.
 * Takes over the pickle's blocks. FORMAT, or the file's own error. */
gboolean alexnet_pickle_walk (AlexnetModelSource *source,
    AlexnetPickle *pickle, AlexnetPickleValue *root,
    const AlexnetStorages *storages, GError **error);

/* Fills in a tensor from a TENSOR, or an ARRAY of numbers. *unusable is why it
 * cannot be used, though it is no sign of a bad file, for the caller to free,
 * else NULL. FORMAT when its values are not all there. */
gboolean alexnet_pickle_to_tensor (AlexnetPickle *pickle,
    const AlexnetPickleValue *value, const AlexnetStorages *storages,
    AlexnetTensor *tensor, char **unusable, GError **error);

/* What a value is as a module of PyTorch's or TorchScript's without others
 * inside, still without a name; NULL when it is none. */
AlexnetModule *alexnet_pickle_to_module (const AlexnetPickleValue *value);

G_END_DECLS

#endif /* ALEXNET_PICKLE_WALK_H */
