/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE

#include "installation.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* With a slash at its end; NULL where the library is not in a folder as
 * installed, as in a build. */
static char *
find_prefix (void)
{
  static const char anchor;
  g_autofree char *folder = NULL;
  Dl_info info;
  char *file = dladdr (&anchor, &info) ? realpath (info.dli_fname, NULL) : NULL;

  folder = file ? g_path_get_dirname (file) : NULL;
  free (file);
  if (!folder || !g_str_has_suffix (folder, "/" ALEXNET_LIB_DIR))
    return NULL;
  return g_strndup (folder, strlen (folder) - strlen (ALEXNET_LIB_DIR));
}

char *
alexnet_find_installed (const char *folder)
{
  g_autofree char *prefix = NULL, *path = NULL;

  if (g_path_is_absolute (folder))
    return g_strdup (folder);
  prefix = find_prefix ();
  path = prefix ? g_build_filename (prefix, folder, NULL) : NULL;
  return path && g_file_test (path, G_FILE_TEST_IS_DIR)
      ? g_steal_pointer (&path)
      : g_build_filename (ALEXNET_PREFIX, folder, NULL);
}
