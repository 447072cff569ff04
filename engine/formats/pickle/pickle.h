/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads pickles of protocols 0 to 5 without running anything: no class is
 * imported and no function called. The few that stand for a tensor, an array
 * or a container are known by name; what any other makes is an inert object
 * that holds its name, arguments, state and contents. Strings are UTF-8; long
 * ones and binary data stay in the file. */

#ifndef ALEXNET_PICKLE_H
#define ALEXNET_PICKLE_H

#include "formats/formats.h"

G_BEGIN_DECLS

typedef enum {
  ALEXNET_PICKLE_NONE,
  ALEXNET_PICKLE_BOOL,          /* integer */
  ALEXNET_PICKLE_INT,           /* integer */
  ALEXNET_PICKLE_LONG,          /* does not fit integer */
  ALEXNET_PICKLE_FLOAT,         /* real */
  ALEXNET_PICKLE_STRING,        /* string */
  ALEXNET_PICKLE_BYTES,         /* bytes; also a string that is long, holds NUL
                                   or is not UTF-8 */
  ALEXNET_PICKLE_TUPLE,         /* items */
  ALEXNET_PICKLE_LIST,          /* items */
  ALEXNET_PICKLE_SET,           /* items */
  ALEXNET_PICKLE_DICT,          /* items: key, value, key, value, ... */
  ALEXNET_PICKLE_GLOBAL,        /* global: a class or function */
  ALEXNET_PICKLE_OBJECT,        /* object; items: what was appended to it */
  ALEXNET_PICKLE_STORAGE,       /* storage */
  ALEXNET_PICKLE_TENSOR,        /* tensor */
  ALEXNET_PICKLE_ARRAY,         /* array */
} AlexnetPickleKind;

/* A type of values under PyTorch's names. */
typedef struct {
  const char *dtype;            /* "float32", as in torch.float32 */
  const char *storage;          /* "FloatStorage"; NULL: there is none */
  guint size;                   /* bytes of a value */
  gboolean usable;
  AlexnetDType as;              /* when usable */
} AlexnetTorchType;

typedef struct _AlexnetPickleGlobal AlexnetPickleGlobal;
typedef struct _AlexnetPickleValue AlexnetPickleValue;

struct _AlexnetPickleValue {
  AlexnetPickleKind kind;
  gboolean walked;              /* FALSE at first; of whoever walks over all */
  guint n_items;
  AlexnetPickleValue **items;
  union {
    gint64 integer;
    double real;
    const char *string;
    struct {
      const guint8 *data;       /* NULL: they lie in the file */
      guint64 offset;           /* there */
      gsize size;
    } bytes;
    struct {
      const char *name;         /* "module.name" */
      const AlexnetPickleGlobal *known; /* NULL: nothing is known of it */
    } global;
    struct {
      AlexnetPickleValue *callable, *args;
      AlexnetPickleValue *state;        /* or NULL */
      AlexnetPickleValue *dict; /* its items as a mapping, a DICT, or NULL */
    } object;
    struct {
      const AlexnetTorchType *type;
      const char *key;
      gint64 n_values;          /* >= 0 */
      gint64 begin, end;        /* of the part that this is, in values */
    } storage;
    struct {
      AlexnetPickleValue *args; /* TUPLE: STORAGE, INT offset in values, TUPLE
                                   of sizes, TUPLE of strides, ...; ints >= 0,
                                   both tuples of one length. NULL: a tensor
                                   that never got any */
      const AlexnetTorchType *type;     /* NULL: as the storage's */
    } tensor;
    struct {
      AlexnetPickleValue *shape;        /* TUPLE of INT >= 0; NULL: an array
                                           that never got its contents */
      AlexnetPickleValue *dtype, *data; /* BYTES, or LIST of objects */
      gboolean fortran;         /* the first index runs fastest */
    } array;
  };
};

/* Values are allocated so many at a time. */
#define ALEXNET_PICKLE_CHUNK 1024

/* Owns all values of a pickle. They may contain themselves and each other in
 * any way: do not recurse. */
typedef struct {
  AlexnetPickleValue *root;
  guint64 size;                 /* bytes read, up to and with STOP */
  GPtrArray *blocks;            /* g_free()d memory that BYTES point to; NULL
                                   when somebody took it over */
  GPtrArray *chunks;            /* of values */
  guint n_values;
  GStringChunk *strings;
} AlexnetPickle;

/* Reads one pickle that begins at `offset` and ends before `offset + size`.
 * FORMAT, or the file's own error. The values do not need the file. */
AlexnetPickle *alexnet_pickle_new (const AlexnetFile *file, guint64 offset,
    guint64 size, GError **error);
void alexnet_pickle_free (AlexnetPickle *pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetPickle, alexnet_pickle_free)

/* Value `i` of those that the pickle made, i < n_values. */
AlexnetPickleValue *alexnet_pickle_get (const AlexnetPickle *pickle, guint i);

/* The value under a string key; NULL when `dict` is none or has none. */
AlexnetPickleValue *alexnet_pickle_lookup (const AlexnetPickleValue *dict,
    const char *key);

/* What a value is, for a message: "a list", "a torch.Size". The caller frees
 * it. */
char *alexnet_pickle_describe (const AlexnetPickleValue *value);

/* Whether a container has an item i, of that kind. */
gboolean alexnet_pickle_item_is (const AlexnetPickleValue *value, guint i,
    AlexnetPickleKind kind);

G_END_DECLS

#endif /* ALEXNET_PICKLE_H */
