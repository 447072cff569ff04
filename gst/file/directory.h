/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Directories that one element at a time keeps its files in. Errors are
 * GST_RESOURCE_ERROR's and name the file. */

#ifndef GST_ALEXNET_DIRECTORY_H
#define GST_ALEXNET_DIRECTORY_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Opens a directory that can be written to, made if there is none, and locks
 * it until the descriptor is closed; -1 on failure. `use` is what an element
 * does that has it already, as "saves examples". */
int gst_alexnet_directory_open (const char *path, const char *use,
    GError **error);

/* Sets "cannot WHAT "PATH": ..." for an error number of the system; FALSE. */
gboolean gst_alexnet_file_fail (const char *what, const char *path, int number,
    GError **error);

G_END_DECLS

#endif /* GST_ALEXNET_DIRECTORY_H */
