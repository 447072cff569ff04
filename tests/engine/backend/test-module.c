/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a backend in a module cannot be had, one sentence a cause; and that
 * "auto" goes on to the next one and says so. */

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <string.h>

#include "support/models.h"
#include "support/says.h"
#include "backend/module.h"

typedef struct {
  char *directory, *file;
} Fixture;

/* What the driver answers, a CUresult; NULL where it is this machine's. */
static int *driver_status;

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
  *driver_status = 0;
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
  assert_says (error->message, words);
  assert_says (error->message, more);
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
  assert_says (alexnet_engine_get_notes (engine), f->file);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

static gboolean
is_mapped (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *maps = NULL;

  g_file_get_contents ("/proc/self/maps", &maps, NULL, &error);
  g_assert_no_error (error);
  return strstr (maps, name) != NULL;
}

/* Without a GPU the module is not so much as opened. */
static void
test_no_device (Fixture *f, gconstpointer data)
{
  write_file (f->file, DUMMY_MODULE);
  *driver_status = 100;
  assert_reason ("no CUDA device", "");
  *driver_status = 803;
  assert_reason ("driver does not start", "803");
  g_assert_false (is_mapped (f->file));
  *driver_status = 0;
  assert_reason ("interface version", f->file);
}

/* The real module, on whatever machine this is: it runs, or cuDNN is not
 * loaded, as "auto" then costs what the next backend does. */
static void
test_real (void)
{
  g_autoptr (GError) error = NULL;

  if (!*REAL_MODULE_DIR) {
    g_test_skip ("built without CUDA");
    return;
  }
  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, 0);
    g_test_trap_assert_passed ();
    return;
  }
  g_setenv ("ALEXNET_BACKEND_DIR", REAL_MODULE_DIR, TRUE);
  error = get_reason ("auto");
  g_assert_no_error (error);
  error = get_reason ("cudnn");
  if (!error)
    return;
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  g_assert_null (strstr (error->message, "is not installed"));
  g_assert_null (strstr (error->message, "cannot be loaded: "));
  g_assert_null (strchr (error->message, '\n'));
  if (strstr (error->message, "no NVIDIA driver") ||
      strstr (error->message, "no CUDA device")) {
    g_assert_false (is_mapped ("backend-cudnn"));
    g_assert_false (is_mapped ("libcudnn"));
    g_assert_false (is_mapped ("libcublas"));
  }
}

/* Whoever asks for libcuda.so.1 from here on gets this one. */
static void
load_fake_driver (void)
{
  void *driver = dlopen (FAKE_DRIVER, RTLD_NOW);

  if (!driver)
    g_error ("%s", dlerror ());
  driver_status = dlsym (driver, "fake_driver_status");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!g_test_subprocess ())
    load_fake_driver ();
  g_test_add ("/module/not-installed", Fixture, NULL, set_up,
      test_not_installed, tear_down);
  g_test_add ("/module/not-a-module", Fixture, NULL, set_up, test_not_a_module,
      tear_down);
  g_test_add ("/module/wrong-version", Fixture, NULL, set_up,
      test_wrong_version, tear_down);
  g_test_add ("/module/auto", Fixture, NULL, set_up, test_auto, tear_down);
  g_test_add ("/module/no-device", Fixture, NULL, set_up, test_no_device,
      tear_down);
  g_test_add_func ("/module/real", test_real);
  return g_test_run ();
}
