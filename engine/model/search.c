/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "alexnet.h"

#include <sys/stat.h>

#include "installation.h"

#define SUBDIR "alexnet"

/* In the order in which a folder's files are tried. */
static const char *const suffixes[] = { ".safetensors",
  ".safetensors.index.json", ".pth", ".pth.tar", ".pt", ".pt2", ".ckpt", ".bin",
  ".onnx", ".caffemodel", ".npy" };

/* What lies beside models; a shard is read through its index. */
#define COMPANIONS                                            \
  "^\\.|~$|\\.(txt|json|md|prototxt|binaryproto|data|part)$|" \
  "-\\d+-of-\\d+\\.safetensors$"

/* Where the demonstration model can lie: where $ALEXNET_DATA_DIR says, for use
 * without installation, and where it is installed. */
static void
list_demonstrations (char *paths[2])
{
  g_autofree char *installed = alexnet_find_installed (ALEXNET_MODEL_DIR);
  const char *dir = g_getenv ("ALEXNET_DATA_DIR");

  paths[0] = dir && dir[0]
      ? g_build_filename (dir, ALEXNET_DEMONSTRATION_MODEL, NULL)
      : NULL;
  paths[1] = g_build_filename (installed, ALEXNET_DEMONSTRATION_MODEL, NULL);
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

typedef struct {
  const AlexnetModelParams *params;
  GString *searched;   /* places, each behind ", " */
  GPtrArray *problems; /* what could not be used: char * */
} Search;

static GPtrArray *
list_names (Search *search, const char *dir)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRegex) companions = g_regex_new (COMPANIONS, 0, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) handle = g_dir_open (dir, 0, &error);
  const char *name;

  if (!handle && !g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_ptr_array_add (search->problems, g_strdup (error->message));
  while (handle && (name = g_dir_read_name (handle)))
    if (!g_regex_match (companions, name, 0, NULL) ||
        g_str_has_suffix (name, ".safetensors.index.json"))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* The model at `path`, or NULL and one more problem. */
static AlexnetModel *
try (Search *search, const char *path)
{
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = alexnet_model_load (path, search->params, &error);

  if (!model)
    g_ptr_array_add (search->problems, g_strdup (error->message));
  return model;
}

static void
note_others (Search *search, const char *dir, const GPtrArray *names)
{
  for (guint i = 0; i < names->len; i++)
    if (names->pdata[i])
      g_ptr_array_add (search->problems,
          g_strdup_printf ("%s/%s: no model file by its name", dir,
              (const char *) names->pdata[i]));
}

/* The first model in `dir` that is not the demonstration model. */
static AlexnetModel *
search_dir (Search *search, const char *dir)
{
  g_autoptr (GPtrArray) names = list_names (search, dir);
  AlexnetModel *model = NULL;

  for (guint s = 0; s < G_N_ELEMENTS (suffixes); s++)
    for (guint i = 0; i < names->len && !model; i++) {
      g_autofree char *path = NULL;

      if (!names->pdata[i] || !g_str_has_suffix (names->pdata[i], suffixes[s]))
        continue;
      path = g_build_filename (dir, names->pdata[i], NULL);
      if (!alexnet_model_is_demonstration (path))
        model = try (search, path);
      g_clear_pointer (&names->pdata[i], g_free);
    }
  if (!model)
    note_others (search, dir, names);
  return model;
}

static AlexnetModel *
search_data_dirs (Search *search)
{
  const char *const *system = g_get_system_data_dirs ();

  for (gssize i = -1; i < 0 || system[i]; i++) {
    const char *base = i < 0 ? g_get_user_data_dir () : system[i];
    g_autofree char *dir = g_build_filename (base, SUBDIR, NULL);
    AlexnetModel *model = search_dir (search, dir);

    if (model)
      return model;
    g_string_append_printf (search->searched, ", %s", dir);
  }
  return NULL;
}

static AlexnetModel *
search_demonstration (Search *search)
{
  AlexnetModel *model = NULL;
  char *paths[2];

  list_demonstrations (paths);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    if (!paths[i])
      continue;
    g_string_append_printf (search->searched, ", %s", paths[i]);
    if (!model && g_file_test (paths[i], G_FILE_TEST_IS_REGULAR))
      model = try (search, paths[i]);
    g_free (paths[i]);
  }
  return model;
}

static void
set_error (const Search *search, GError **error)
{
  g_autoptr (GString) problems = g_string_new (NULL);

  for (guint i = 0; i < search->problems->len; i++)
    g_string_append_printf (problems, "%s%s", i > 0 ? "; " : "",
        (const char *) search->problems->pdata[i]);
  if (problems->len > 0)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
        "no model file can be used: %s; searched %s", problems->str,
        search->searched->str);
  else
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND,
        "no model file found; searched %s", search->searched->str);
}

static AlexnetModel *
search_all (Search *search, GError **error)
{
  AlexnetModel *model = search_data_dirs (search);

  if (!model)
    model = search_demonstration (search);
  if (!model)
    set_error (search, error);
  return model;
}

AlexnetModel *
alexnet_model_load_default (const AlexnetModelParams *params, char ***problems,
    GError **error)
{
  const char *named = g_getenv ("ALEXNET_MODEL");
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) searched = g_string_new ("$ALEXNET_MODEL (not set)");
  Search search = { params, searched, found };
  AlexnetModel *model = named && named[0]
      ? alexnet_model_load (named, params, error)
      : search_all (&search, error);

  if (!model)
    g_ptr_array_set_size (found, 0);
  if (problems) {
    g_ptr_array_add (found, NULL);
    *problems = (char **) g_ptr_array_steal (found, NULL);
  }
  return model;
}
