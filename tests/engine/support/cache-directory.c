/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cache-directory.h"

#include <glib/gstdio.h>

void
cache_directory_init (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_dir_make_tmp ("alexnet-test-XXXXXX", &error);

  g_assert_no_error (error);
  g_setenv ("XDG_CACHE_HOME", path, TRUE);
  g_test_init (argc, argv, NULL);
}

static void
empty (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory && (name = g_dir_read_name (directory))) {
    g_autofree char *entry = g_build_filename (path, name, NULL);

    empty (entry);
    g_assert_cmpint (g_remove (entry), ==, 0);
  }
}

void
cache_directory_clear (void)
{
  empty (g_get_user_cache_dir ());
}

int
cache_directory_run (void)
{
  int status = g_test_run ();

  cache_directory_clear ();
  g_rmdir (g_get_user_cache_dir ());
  return status;
}
