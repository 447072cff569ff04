/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* As an application does whose plugin uses the library: it is opened, used and
 * closed, again and again. */

#include <dlfcn.h>

#include "alexnet.h"
#include "support/demonstration.h"

static void
find (void *handle, const char *name, void *function)
{
  *(void **) function = dlsym (handle, name);
  g_assert_nonnull (*(void **) function);
}

static void
use (void *handle, const char *backend)
{
  AlexnetEngineParams params = { .backend = backend, .max_batch_size = 1 };
  g_autofree char *path = demonstration_path ();
  g_autoptr (GError) error = NULL;
  __typeof__ (alexnet_model_load) *load;
  __typeof__ (alexnet_engine_get) *get;
  __typeof__ (alexnet_engine_unref) *unref_engine;
  __typeof__ (alexnet_model_unref) *unref_model;
  AlexnetModel *model;
  AlexnetEngine *engine;

  find (handle, "alexnet_model_load", &load);
  find (handle, "alexnet_engine_get", &get);
  find (handle, "alexnet_engine_unref", &unref_engine);
  find (handle, "alexnet_model_unref", &unref_model);
  model = load (path, NULL, &error);
  g_assert_no_error (error);
  engine = get (model, &params, &error);
  g_assert_no_error (error);
  unref_engine (engine);
  unref_model (model);
}

static void
test_unload (gconstpointer backend)
{
  for (guint i = 0; i < 3; i++) {
    void *handle = dlopen (LIBALEXNET, RTLD_NOW | RTLD_LOCAL);

    g_assert_nonnull (handle);
    use (handle, backend);
    g_assert_cmpint (dlclose (handle), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/unload/auto", "auto", test_unload);
  g_test_add_data_func ("/unload/reference", "reference", test_unload);
  return g_test_run ();
}
