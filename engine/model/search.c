/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "alexnet.h"

#include <sys/stat.h>

#define SUBDIR "alexnet"

static const char *const suffixes[] = { ".safetensors", ".pth" };

/* Where the demonstration model can lie: where $ALEXNET_DATA_DIR says, for use
 * without installation, and where it is installed. */
static void
list_demonstrations (char *paths[2])
{
  const char *dir = g_getenv ("ALEXNET_DATA_DIR");

  paths[0] = dir && dir[0]
      ? g_build_filename (dir, ALEXNET_DEMONSTRATION_MODEL, NULL)
      : NULL;
  paths[1] = g_build_filename (ALEXNET_MODEL_DIR, ALEXNET_DEMONSTRATION_MODEL,
      NULL);
}

static gboolean
same_file (const char *a, const char *b)
{
  struct stat x, y;

  return stat (a, &x) == 0 && stat (b, &y) == 0 && x.st_dev == y.st_dev &&
      x.st_ino == y.st_ino;
}

gboolean
alexnet_model_is_demonstration (const char *path)
{
  char *paths[2];
  gboolean found = FALSE;

  g_return_val_if_fail (path != NULL, FALSE);

  list_demonstrations (paths);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    found = found || (paths[i] && same_file (path, paths[i]));
    g_free (paths[i]);
  }
  return found;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

/* Names in `dir` that end in `suffix`, sorted. */
static GPtrArray *
list_names (const char *dir, const char *suffix)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) handle = g_dir_open (dir, 0, NULL);
  const char *name;

  while (handle && (name = g_dir_read_name (handle)))
    if (g_str_has_suffix (name, suffix))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* The first model in `dir` that is not the demonstration model. */
static char *
search_dir (const char *dir)
{
  for (guint s = 0; s < G_N_ELEMENTS (suffixes); s++) {
    g_autoptr (GPtrArray) names = list_names (dir, suffixes[s]);

    for (guint i = 0; i < names->len; i++) {
      g_autofree char *path = g_build_filename (dir, names->pdata[i], NULL);

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR) &&
          !alexnet_model_is_demonstration (path))
        return g_steal_pointer (&path);
    }
  }
  return NULL;
}

static char *
search_data_dirs (GString *searched)
{
  const char *const *system = g_get_system_data_dirs ();

  for (gssize i = -1; i < 0 || system[i]; i++) {
    const char *base = i < 0 ? g_get_user_data_dir () : system[i];
    g_autofree char *dir = g_build_filename (base, SUBDIR, NULL);
    char *path = search_dir (dir);

    if (path)
      return path;
    g_string_append_printf (searched, ", %s", dir);
  }
  return NULL;
}

static char *
search_demonstration (GString *searched)
{
  char *paths[2], *found = NULL;

  list_demonstrations (paths);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    if (!paths[i])
      continue;
    g_string_append_printf (searched, ", %s", paths[i]);
    if (!found && g_file_test (paths[i], G_FILE_TEST_IS_REGULAR))
      found = g_strdup (paths[i]);
    g_free (paths[i]);
  }
  return found;
}

char *
alexnet_model_find_default (GError **error)
{
  const char *named = g_getenv ("ALEXNET_MODEL");
  g_autoptr (GString) searched = NULL;
  char *path;

  if (named && named[0])
    return g_strdup (named);
  searched = g_string_new ("$ALEXNET_MODEL (not set)");
  path = search_data_dirs (searched);
  if (!path)
    path = search_demonstration (searched);
  if (!path)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
        "no model file found; searched %s", searched->str);
  return path;
}
