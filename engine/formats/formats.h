/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the readers of model files share. A reader is given a file, finds out
 * what is in it and where its tensors lie, and reads none of their values. It
 * trusts nothing: every length, offset and product is checked before use, no
 * recursion and no allocation is larger than the file warrants, and strings are
 * seen to be UTF-8. Messages do not name the file; the caller does. */

#ifndef ALEXNET_FORMATS_H
#define ALEXNET_FORMATS_H

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

/* A module of a framework's that has no others inside, as a file keeps it. */
typedef struct {
  char *name;                   /* full, as its tensors have it:
                                   "net.features.1" */
  char *type;                   /* "torch.nn.modules.activation.Tanh" */
  char *script;                 /* the class's own name in TorchScript, which
                                   tells layers of one type apart; or NULL */
  GHashTable *settings;         /* char * -> char *, as Python writes them:
                                   "stride" -> "(2, 2)"; those that it has */
} AlexnetModule;

/* The settings that a layer can be told by; NULL-terminated. */
extern const char *const alexnet_module_settings[];

/* What there is in a model's files. Readers fill it in; it starts empty. */
typedef struct {
  AlexnetTensorSet *tensors;    /* by full dotted names, as in "state_dict.
                                   module.features.0.weight"; and metadata */
  AlexnetNetwork *network;      /* of formats with a list of layers of their
                                   own, tensors bound and shapes inferred; or
                                   NULL */
  GPtrArray *modules;           /* AlexnetModule, of formats that keep them */
  char **labels;                /* or NULL */
  char *kind;                   /* "PyTorch checkpoint (zip)" */
  gboolean is_caffes;           /* Caffe trained it, whatever its layers are */
  GPtrArray *notes;             /* char *, what else to tell about the file */
  GPtrArray *files;             /* AlexnetFile, the model's own first: what the
                                   tensors borrow */
  GPtrArray *arena;             /* g_free()d: memory that tensors and layers
                                   point to */
} AlexnetModelSource;

AlexnetModelSource *alexnet_model_source_new (void);
void alexnet_model_source_free (AlexnetModelSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetModelSource, alexnet_model_source_free)

/* Takes the module over. FORMAT for more than 4096. */
gboolean alexnet_model_source_add_module (AlexnetModelSource *source,
    AlexnetModule *module, GError **error);

/* What a format's functions _detect() are given: the whole of a file that is
 * shorter. */
#define ALEXNET_HEAD_SIZE 4096

/* A number of a file as a dimension. One that this machine's sizes cannot hold
 * becomes the largest of them, whose products overflow. */
gsize alexnet_clamp_size (guint64 number);

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

/* The 8-byte length, JSON header and raw tensors of safetensors, whose
 * __metadata__ becomes the set's. */
gboolean alexnet_safetensors_detect (const guint8 *head, gsize size,
    guint64 file_size);
gboolean alexnet_safetensors_read (AlexnetModelSource *source,
    AlexnetFile *file, GError **error);

/* Adds the tensors and metadata of such a file to those of others; the caller
 * keeps it. */
gboolean alexnet_safetensors_add (AlexnetTensorSet *set,
    const AlexnetFile *file, GError **error);

/* *.safetensors.index.json: which tensor lies in which of the safetensors files
 * beside it. */
gboolean alexnet_safetensors_index_detect (const guint8 *head, gsize size,
    guint64 file_size);
gboolean alexnet_safetensors_index_read (AlexnetModelSource *source,
    AlexnetFile *file, GError **error);

/* Replaces the file at `path` as a whole, which may be the one that tensors are
 * read from, with the tensors that are usable and `metadata`, char * -> char *.
 * A link stays, and what it leads to is replaced; the new file has the old
 * one's mode. INVALID when it cannot be written or is no regular file,
 * NO_MEMORY, and what alexnet_tensor_to_bytes() says of the tensors. */
gboolean alexnet_safetensors_write (const AlexnetTensorSet *set,
    GHashTable *metadata, const char *path, const AlexnetProgress *progress,
    GError **error);

/* What a file is that begins like that and can be no model: "packed with gzip;
 * unpack it first"; else NULL. Static. */
const char *alexnet_foreign_describe (const guint8 *head, gsize size);

G_END_DECLS

#endif /* ALEXNET_FORMATS_H */
