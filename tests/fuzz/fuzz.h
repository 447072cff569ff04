/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef FUZZ_H
#define FUZZ_H

#include "formats/formats.h"

G_BEGIN_DECLS

/* What reads files that nobody has checked. */
typedef struct _FuzzTarget FuzzTarget;

struct _FuzzTarget {
  const char *name;
  gboolean (*run) (const FuzzTarget *target, AlexnetFile *file,
      GError **error);
  gboolean (*read) (AlexnetModelSource *source, AlexnetFile *file,
      GError **error);          /* of targets that fill in a source */

  /* Which files of tests/data are seeds, and what of them: NULL: all. */
  gboolean (*detect) (const guint8 *head, gsize size, guint64 file_size);
  GBytes *(*cut) (const AlexnetFile *file);
};

/* Ends with one that has no name. */
extern const FuzzTarget fuzz_targets[];

/* NULL when there is none of that name. */
const FuzzTarget *fuzz_find (const char *name);

/* The seeds of a target below $ALEXNET_TEST_DATA: GBytes, by file's name. */
GHashTable *fuzz_seeds (const FuzzTarget *target);

/* Gives `data`, in memory of its exact size, to a target. It either fails with
 * one proper error or gives something that can be read in all its parts; all
 * else aborts. Returns which. */
gboolean fuzz_run (const FuzzTarget *target, const guint8 *data, gsize size);

G_END_DECLS

#endif /* FUZZ_H */
