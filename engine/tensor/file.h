/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where the bytes of a model come from: a file that stays open and is read
 * with checks, never mapped, so that one that is cut short or rewritten under
 * way gives an error and no signal. A file that another one replaces is read
 * as it was when it was opened. Immutable; any thread. */

#ifndef ALEXNET_FILE_H
#define ALEXNET_FILE_H

#include <sys/stat.h>

#include "alexnet.h"

G_BEGIN_DECLS

typedef struct _AlexnetFile AlexnetFile;

/* NOT_FOUND, naming the path, for what is absent, may not be read, or is no
 * regular file (a directory, a FIFO, a device); never waits for any of them. */
AlexnetFile *alexnet_file_open (const char *path, GError **error);

/* NULL of a regular file; else "it is a FIFO, expected a regular file". To be
 * freed. */
char *alexnet_file_check_type (const struct stat *status);

/* Opens another file of the same model, by its name relative to the directory
 * that `file` is in. FORMAT for a name that is empty, absolute, has `..` or
 * leads through a symbolic link; and for a `file` in memory, which has no
 * directory. Where `file` was opened by a link, one beside it may lead to the
 * directory that this one leads to. */
AlexnetFile *alexnet_file_open_beside (const AlexnetFile *file,
    const char *name, GError **error);

/* A file in memory; `path` is for messages. */
AlexnetFile *alexnet_file_new_from_bytes (GBytes *bytes, const char *path);

AlexnetFile *alexnet_file_ref (AlexnetFile *file);
void alexnet_file_unref (AlexnetFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetFile, alexnet_file_unref)

const char *alexnet_file_get_path (const AlexnetFile *file);

/* In bytes, when it was opened. */
guint64 alexnet_file_get_size (const AlexnetFile *file);

/* Whether both are one file on disk (device, inode) that has not changed
 * between being opened as one and as the other (size, time of change). */
gboolean alexnet_file_equal (const AlexnetFile *a, const AlexnetFile *b);

/* Whether its path still leads to this file and nothing in it has changed. Of a
 * file in memory: TRUE. */
gboolean alexnet_file_is_current (const AlexnetFile *file);

/* Reads all of `size` bytes. FORMAT when they do not lie within the file as it
 * was opened, or when it was cut short or changed since; NOT_FOUND when the
 * disk cannot read. Messages do not name the file; the caller does. */
gboolean alexnet_file_read (const AlexnetFile *file, guint64 offset, void *out,
    gsize size, GError **error);

/* The same into memory of its own. The caller has bounded `size`; NO_MEMORY
 * when there is not that much. */
GBytes *alexnet_file_read_bytes (const AlexnetFile *file, guint64 offset,
    gsize size, GError **error);

G_END_DECLS

#endif /* ALEXNET_FILE_H */
