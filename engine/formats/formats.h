/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the readers of model files share. A reader is given the whole file as
 * memory that outlives the set and fills the set with tensors that point into
 * it. It trusts nothing: every length, offset and product is checked before
 * use, no recursion and no allocation is larger than the file warrants.
 * Messages do not name the file; the caller does. */

#ifndef ALEXNET_FORMATS_H
#define ALEXNET_FORMATS_H

#include <json-glib/json-glib.h>

#include "network/network.h"

G_BEGIN_DECLS

typedef struct {
  char *name;
  AlexnetTensor tensor;         /* when unusable is NULL */
  char *unusable;               /* "has dtype 'I64', expected one of floats" */
} AlexnetTensorEntry;

typedef struct {
  GPtrArray *entries;           /* AlexnetTensorEntry, in the file's order */
  GHashTable *by_name;
  GHashTable *metadata;         /* char * -> char * */
} AlexnetTensorSet;

AlexnetTensorSet *alexnet_tensor_set_new (void);
void alexnet_tensor_set_free (AlexnetTensorSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetTensorSet, alexnet_tensor_set_free)

/* Adds a tensor, or with `unusable` (taken over) the reason why it is none.
 * FORMAT when there is one of that name already. */
gboolean alexnet_tensor_set_add (AlexnetTensorSet *set, const char *name,
    const AlexnetTensor *tensor, char *unusable, GError **error);
const AlexnetTensorEntry *alexnet_tensor_set_find (
    const AlexnetTensorSet *set, const char *name);

/* Multiplies and says whether the product fits. `n_values` is 1 for no
 * dimensions. */
gboolean alexnet_dims_multiply (const gsize *dims, guint n_dims,
    gsize *n_values);

/* A string of a file as it can stand in a message: escaped, shortened, in
 * quotes. The caller frees it. */
char *alexnet_quote (const char *text);

/* Sets a FORMAT error; always FALSE, so that a check can return it. */
gboolean alexnet_format_error (GError **error, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/* Parses JSON from a file; NULL for text that is not UTF-8 or JSON, or that
 * nests deeper or holds more values than a model file has use for. `what` is
 * the subject of the message. */
JsonNode *alexnet_json_parse (const char *text, gsize size, const char *what,
    GError **error);

/* The 8-byte length, JSON header and raw tensors of safetensors, whose
 * __metadata__ becomes the set's. */
gboolean alexnet_safetensors_read (AlexnetTensorSet *set, const guint8 *data,
    gsize size, GError **error);

/* Replaces the file at `path` as a whole with the tensors that are usable and
 * `metadata`, char * -> char *. INVALID when it cannot be written. */
gboolean alexnet_safetensors_write (const AlexnetTensorSet *set,
    GHashTable *metadata, const char *path, GError **error);

/* A state_dict that torch.save() wrote: a zip of stored entries, or the
 * pickles of PyTorch before 1.6. */
gboolean alexnet_torch_zip_read (AlexnetTensorSet *set, const guint8 *data,
    gsize size, GError **error);
gboolean alexnet_torch_legacy_read (AlexnetTensorSet *set,
    const guint8 *data, gsize size, GError **error);

/* Whether a file begins like one of the three. */
gboolean alexnet_safetensors_detect (const guint8 *data, gsize size);
gboolean alexnet_torch_zip_detect (const guint8 *data, gsize size);
gboolean alexnet_torch_legacy_detect (const guint8 *data, gsize size);

G_END_DECLS

#endif /* ALEXNET_FORMATS_H */
