/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Good model files of tests/data, to be broken and loaded. They live on the
 * heap at their exact size, so that the sanitizers see every byte too far. */

#ifndef BROKEN_FILE_H
#define BROKEN_FILE_H

#include "model/model.h"

G_BEGIN_DECLS

#define BROKEN_FILE_NAME "hostile" /* in messages */

/* tests/data/NAME */
GByteArray *broken_file_read (const char *name);

/* Where in the file, from byte `from` on, these n bytes are; they must be. */
gsize broken_file_find (const GByteArray *file, const void *needle, gsize n,
    gsize from);

void broken_file_append (GByteArray *file, const char *text);

/* Puts m bytes in the place of n. */
void broken_file_splice (GByteArray *file, gsize at, gsize n,
    const void *bytes, gsize m);

/* Overwrites with a little-endian number. */
void broken_file_put (GByteArray *file, gsize at, guint64 value,
    guint n_bytes);

/* Replaces every occurrence, as a shorter or longer text may. */
void broken_file_replace_all (GByteArray *file, const char *from,
    const char *to);

AlexnetModel *broken_file_load (const guint8 *data, gsize size,
    GError **error);

/* That loading ends in one line of UTF-8 that names the file and says
 * `expected`. */
void broken_file_assert_refused (const GByteArray *file, const char *expected);

G_END_DECLS

#endif /* BROKEN_FILE_H */
