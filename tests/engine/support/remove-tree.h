/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef REMOVE_TREE_H
#define REMOVE_TREE_H

#include <glib/gstdio.h>

/* Removes a file, a link, or a directory with all that is in it. */
static inline void
remove_tree (const char *path)
{
  g_autoptr (GDir) directory = g_file_test (path, G_FILE_TEST_IS_SYMLINK)
      ? NULL
      : g_dir_open (path, 0, NULL);
  const char *name;

  while (directory && (name = g_dir_read_name (directory))) {
    g_autofree char *entry = g_build_filename (path, name, NULL);

    remove_tree (entry);
  }
  g_assert_cmpint (g_remove (path), ==, 0);
}

#endif /* REMOVE_TREE_H */
