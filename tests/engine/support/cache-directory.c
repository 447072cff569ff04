/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cache-directory.h"

#include <glib/gstdio.h>

#include "remove-tree.h"

/* That of a subprocess, which may abort, is removed with its parent's. */
static char *
make_directory (GError **error)
{
  char *path;

  if (!g_test_subprocess ())
    return g_dir_make_tmp ("alexnet-test-XXXXXX", error);
  path = g_build_filename (g_getenv ("XDG_CACHE_HOME"), "subprocess", NULL);
  g_mkdir_with_parents (path, 0700);
  return path;
}

void
cache_directory_init (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_test_init (argc, argv, NULL);
  path = make_directory (&error);
  g_assert_no_error (error);
  g_setenv ("XDG_CACHE_HOME", path, TRUE);
}

void
cache_directory_clear (void)
{
  remove_tree (g_get_user_cache_dir ());
  g_assert_cmpint (g_mkdir (g_get_user_cache_dir (), 0700), ==, 0);
}

char *
cache_directory_find (void)
{
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "alexnet",
      NULL);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name = directory ? g_dir_read_name (directory) : NULL;

  if (!name)
    return g_strdup ("");
  g_assert_null (g_dir_read_name (directory));
  return g_build_filename (path, name, NULL);
}

void
cache_directory_replace (const char *pattern, const char *with)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  g_autofree char *path = cache_directory_find ();
  g_autofree char *text = NULL, *changed = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_regex_match (regex, text, 0, NULL));
  changed = g_regex_replace_literal (regex, text, -1, 0, with, 0, &error);
  g_assert_no_error (error);
  g_file_set_contents (path, changed, -1, &error);
  g_assert_no_error (error);
}

int
cache_directory_run (void)
{
  int status = g_test_run ();

  remove_tree (g_get_user_cache_dir ());
  return status;
}
