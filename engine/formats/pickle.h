/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads pickles without running anything: the opcodes and globals that
 * torch.save() has needed for a state_dict over the years, as values. Any
 * other opcode or global is refused by name. */

#ifndef ALEXNET_PICKLE_H
#define ALEXNET_PICKLE_H

#include "formats.h"

G_BEGIN_DECLS

typedef enum {
  ALEXNET_PICKLE_NONE,
  ALEXNET_PICKLE_BOOL,          /* integer */
  ALEXNET_PICKLE_INT,           /* integer */
  ALEXNET_PICKLE_LONG,          /* bytes; does not fit integer */
  ALEXNET_PICKLE_STRING,        /* string */
  ALEXNET_PICKLE_TUPLE,         /* items */
  ALEXNET_PICKLE_LIST,          /* items */
  ALEXNET_PICKLE_DICT,          /* items: key, value, key, value, ... */
  ALEXNET_PICKLE_GLOBAL,        /* integer: of pickle-globals.c */
  ALEXNET_PICKLE_STORAGE,       /* storage_type, string: key, integer: number
                                   of values */
  ALEXNET_PICKLE_TENSOR,        /* items: STORAGE, INT offset in values, TUPLE
                                   of sizes, TUPLE of strides; ints >= 0, both
                                   tuples of one length; no items: a tensor
                                   that never got any */
  ALEXNET_PICKLE_MARK,          /* never outside the machine */
} AlexnetPickleKind;

typedef struct {
  const char *name;             /* "FloatStorage" */
  guint size;                   /* bytes of a value */
  gboolean usable;
  AlexnetDType dtype;           /* when usable */
} AlexnetStorageType;

typedef struct {
  AlexnetPickleKind kind;
  gint64 integer;
  char *string;                 /* UTF-8 */
  GBytes *bytes;                /* little-endian, two's complement */
  GPtrArray *items;             /* AlexnetPickleValue, not owned */
  const AlexnetStorageType *storage_type;
} AlexnetPickleValue;

/* Owns all values that a pickle made. Lists and dicts may contain themselves:
 * do not recurse. */
typedef struct {
  GPtrArray *values;
  const AlexnetPickleValue *root;
  gsize size;                   /* bytes read, up to and with STOP */
} AlexnetPickle;

/* Reads one pickle from the beginning of data. FORMAT. */
AlexnetPickle *alexnet_pickle_new (const guint8 *data, gsize size,
    GError **error);
void alexnet_pickle_free (AlexnetPickle *pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetPickle, alexnet_pickle_free)

/* The value under a string key; NULL when `dict` is none or has none. */
const AlexnetPickleValue *alexnet_pickle_lookup (
    const AlexnetPickleValue *dict, const char *key);

/* Between pickle.c and pickle-globals.c: what the machine may name and call.
 * Each fills `value`, which is empty, or fails with FORMAT; build gives a value
 * that there is its state. */
gboolean alexnet_pickle_find_global (AlexnetPickleValue *value,
    const char *module, const char *name, GError **error);
gboolean alexnet_pickle_reduce (AlexnetPickleValue *value,
    const AlexnetPickleValue *callable, const AlexnetPickleValue *args,
    GError **error);
gboolean alexnet_pickle_build (AlexnetPickleValue *object,
    const AlexnetPickleValue *state, GError **error);
gboolean alexnet_pickle_load_storage (AlexnetPickleValue *value,
    const AlexnetPickleValue *id, GError **error);

G_END_DECLS

#endif /* ALEXNET_PICKLE_H */
