/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The machine that a pickle is a program for, between the files that run its
 * opcodes. Every function that may fail sets a FORMAT error or the file's. */

#ifndef ALEXNET_PICKLE_MACHINE_H
#define ALEXNET_PICKLE_MACHINE_H

#include "pickle.h"

G_BEGIN_DECLS

/* A string of more bytes stays in the file; no line is longer but those that
 * hold a string. */
#define ALEXNET_PICKLE_MAX_TEXT 65536

typedef struct {
  AlexnetPickle *pickle;
  const AlexnetFile *file;
  guint64 begin, end, at;       /* of the pickle in the file */
  guint8 *window;               /* bytes of the file from window_begin on */
  guint64 window_begin;
  gsize window_size;
  GPtrArray *stack;             /* AlexnetPickleValue */
  GArray *marks;                /* guint: lengths of the stack */
  GPtrArray *memo;              /* AlexnetPickleValue or NULL */
  guint n_memo;                 /* those that are not NULL */
  guint n_items;                /* in all containers */
  gsize n_text;                 /* bytes of all strings */
  GHashTable *encoded;          /* string -> its BYTES */
} AlexnetPickleMachine;

typedef struct {
  guint8 code;
  const char *name;             /* as Python's pickletools has it */
  gboolean (*run) (AlexnetPickleMachine *m, guint argument, GError **error);
  guint argument;
} AlexnetPickleOpcode;

/* Each ends with one that has no name. */
extern const AlexnetPickleOpcode alexnet_pickle_scalar_opcodes[];
extern const AlexnetPickleOpcode alexnet_pickle_container_opcodes[];
extern const AlexnetPickleOpcode alexnet_pickle_object_opcodes[];

/* The next n bytes, at most ALEXNET_PICKLE_MAX_TEXT, valid until the next
 * call. */
const guint8 *alexnet_pickle_read (AlexnetPickleMachine *m, gsize n,
    GError **error);

/* An unsigned little-endian number of n <= 8 bytes. */
gboolean alexnet_pickle_read_number (AlexnetPickleMachine *m, guint n,
    guint64 *number, GError **error);

/* Passes over n bytes. */
gboolean alexnet_pickle_skip (AlexnetPickleMachine *m, guint64 n,
    GError **error);

/* The bytes up to the next line feed, which is passed over too. g_free() them;
 * a NUL follows them. */
char *alexnet_pickle_read_line (AlexnetPickleMachine *m, gsize *size,
    GError **error);

/* The same as UTF-8 text of bounded length. */
char *alexnet_pickle_read_name (AlexnetPickleMachine *m, GError **error);

/* A value, which also lies on the stack with push; new fails when there are
 * too many, NULL then. */
AlexnetPickleValue *alexnet_pickle_make (AlexnetPickleMachine *m,
    AlexnetPickleKind kind, GError **error);
AlexnetPickleValue *alexnet_pickle_push_new (AlexnetPickleMachine *m,
    AlexnetPickleKind kind, GError **error);
gboolean alexnet_pickle_push (AlexnetPickleMachine *m,
    AlexnetPickleValue *value, GError **error);

/* Keeps a text as long as the pickle; NULL when there is too much of it. */
const char *alexnet_pickle_keep (AlexnetPickleMachine *m, const char *text,
    gsize size, GError **error);

/* The value on top of the stack, above the topmost mark. */
AlexnetPickleValue *alexnet_pickle_top (AlexnetPickleMachine *m,
    GError **error);
AlexnetPickleValue *alexnet_pickle_pop (AlexnetPickleMachine *m,
    GError **error);

/* The value below the topmost mark. */
AlexnetPickleValue *alexnet_pickle_below_mark (AlexnetPickleMachine *m,
    GError **error);

/* Removes the topmost mark and moves all above it to a container. */
gboolean alexnet_pickle_pop_mark (AlexnetPickleMachine *m,
    AlexnetPickleValue *container, GError **error);

/* A tuple of all above the topmost mark, which goes. */
AlexnetPickleValue *alexnet_pickle_pop_tuple (AlexnetPickleMachine *m,
    GError **error);

/* Adds an item to a list, tuple, set, dict or object. */
gboolean alexnet_pickle_append (AlexnetPickleMachine *m,
    AlexnetPickleValue *container, AlexnetPickleValue *item, GError **error);

/* What is known of a class or function; NULL: nothing. */
const AlexnetPickleGlobal *alexnet_pickle_find_global (const char *name);

/* What a call gives: something of what it is known to give, or *value is NULL
 * and nothing is known. */
gboolean alexnet_pickle_call (AlexnetPickleMachine *m,
    const AlexnetPickleGlobal *known, AlexnetPickleValue *args,
    AlexnetPickleValue **value, GError **error);

/* Gives state to a TENSOR or ARRAY that waits for it. */
void alexnet_pickle_set_state (AlexnetPickleValue *value,
    AlexnetPickleValue *state);

/* What a persistent id stands for; as for a call. */
gboolean alexnet_pickle_load (AlexnetPickleMachine *m, AlexnetPickleValue *id,
    AlexnetPickleValue **value, GError **error);

G_END_DECLS

#endif /* ALEXNET_PICKLE_MACHINE_H */
