/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a backend in a module cannot be had, one sentence a cause; and that
 * "auto" goes on to the next one and says so. */

#include <glib/gstdio.h>
#include <string.h>

#include "support/models.h"
#include "backend/module.h"

typedef struct {
  char *directory, *file;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->directory = g_dir_make_tmp ("alexnet-module-XXXXXX", &error);
  g_assert_no_error (error);
  f->file = g_build_filename (f->directory, "backend-cudnn.so", NULL);
  g_setenv ("ALEXNET_BACKEND_DIR", f->directory, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_unlink (f->file);
  g_rmdir (f->directory);
  g_free (f->file);
  g_free (f->directory);
}

/* NULL: the backend works. */
static GError *
get_reason (const char *backend)
{
  AlexnetEngineParams params = { .backend = backend };
  AlexnetModel *model = models_load (NULL);
  GError *error = NULL;

  alexnet_engine_unref (alexnet_engine_get (model, &params, &error));
  alexnet_model_unref (model);
  return error;
}

static void
assert_reason (const char *words, const char *more)
{
  g_autoptr (GError) error = get_reason ("cudnn");

  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, "cudnn: "));
  g_assert_nonnull (strstr (error->message, words));
  g_assert_nonnull (strstr (error->message, more));
  g_assert_null (strchr (error->message, '\n'));
}

static void
write_file (const char *path, const char *from)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize size = 7;

  if (from)
    g_file_get_contents (from, &bytes, &size, &error);
  else
    bytes = g_strdup ("no ELF\n");
  g_assert_no_error (error);
  g_file_set_contents (path, bytes, (gssize) size, &error);
  g_assert_no_error (error);
}

static void
test_not_installed (Fixture *f, gconstpointer data)
{
  if (g_file_test (ALEXNET_MODULE_DIR "/backend-cudnn.so",
          G_FILE_TEST_EXISTS)) {
    g_test_skip ("the module is installed in " ALEXNET_MODULE_DIR);
    return;
  }
  assert_reason ("is not installed", f->directory);
  assert_reason ("is not installed", ALEXNET_MODULE_DIR);
}

static void
test_not_a_module (Fixture *f, gconstpointer data)
{
  write_file (f->file, NULL);
  assert_reason ("cannot be loaded", f->file);
}

static void
test_wrong_version (Fixture *f, gconstpointer data)
{
  write_file (f->file, DUMMY_MODULE);
  assert_reason ("interface version 999999", f->file);
}

static void
test_auto (Fixture *f, gconstpointer data)
{
  AlexnetModel *model = models_load (NULL);
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine;

  write_file (f->file, NULL);
  engine = alexnet_engine_get (model, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (alexnet_engine_get_backend (engine), !=, "cudnn");
  g_assert_true (g_str_has_prefix (alexnet_engine_get_notes (engine),
      "cudnn: module "));
  g_assert_nonnull (strstr (alexnet_engine_get_notes (engine), f->file));
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

/* The real module, on whatever machine this is. */
static void
test_real (gconstpointer directory)
{
  g_autoptr (GError) error = NULL;

  if (!*(const char *) directory) {
    g_test_skip ("built without CUDA");
    return;
  }
  g_setenv ("ALEXNET_BACKEND_DIR", directory, TRUE);
  error = get_reason ("cudnn");
  if (!error) {
    g_test_skip ("there is a GPU here, and the module runs on it");
    return;
  }
  g_test_message ("%s", error->message);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  g_assert_null (strstr (error->message, "is not installed"));
  g_assert_null (strstr (error->message, "cannot be loaded: "));
  g_assert_null (strchr (error->message, '\n'));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/module/not-installed", Fixture, NULL, set_up,
      test_not_installed, tear_down);
  g_test_add ("/module/not-a-module", Fixture, NULL, set_up, test_not_a_module,
      tear_down);
  g_test_add ("/module/wrong-version", Fixture, NULL, set_up,
      test_wrong_version, tear_down);
  g_test_add ("/module/auto", Fixture, NULL, set_up, test_auto, tear_down);
  g_test_add_data_func ("/module/real", REAL_MODULE_DIR, test_real);
  return g_test_run ();
}
