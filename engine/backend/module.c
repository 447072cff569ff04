/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module.h"

#include <dlfcn.h>

static char *
find_module (const char *file, GError **error)
{
  const char *directories[] = { g_getenv ("ALEXNET_BACKEND_DIR"),
    ALEXNET_MODULE_DIR };
  g_autoptr (GString) searched = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (directories); i++) {
    g_autofree char *path = NULL;

    if (!directories[i] || !*directories[i])
      continue;
    path = g_build_filename (directories[i], file, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
    g_string_append_printf (searched, "%s%s", searched->len ? ", " : "",
        directories[i]);
  }
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "module %s is not installed, it was searched in %s", file, searched->str);
  return NULL;
}

/* Libraries that have talked to a driver are not closed again. */
static const AlexnetBackend *
load_module (const char *file, GError **error)
{
  g_autofree char *path = find_module (file, error);
  const AlexnetModule *module = NULL;
  void *handle;

  if (!path)
    return NULL;
  handle = dlopen (path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle)
    module = dlsym (handle, ALEXNET_MODULE_SYMBOL);
  if (!module) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "module %s cannot be loaded: %s", path, dlerror ());
    return NULL;
  }
  if (module->abi == ALEXNET_MODULE_ABI)
    return module->backend;

  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "module %s is of interface version %u, this library needs %d", path,
      module->abi, ALEXNET_MODULE_ABI);
  return NULL;
}

static AlexnetPlan *
open_cudnn (const AlexnetNetwork *network, const AlexnetPlanParams *params,
    GError **error)
{
  const AlexnetBackend *backend = load_module ("backend-cudnn.so", error);

  return backend ? backend->open (network, params, error) : NULL;
}

/* A plan is the module's own and has its verbs: these only pass on. */

static void
close_plan (AlexnetPlan *plan)
{
  plan->backend->close (plan);
}

static gboolean
stage (AlexnetPlan *plan, guint slot, const AlexnetImage *image,
    AlexnetTransform *transform, GError **error)
{
  return plan->backend->stage (plan, slot, image, transform, error);
}

static gboolean
stage_tensor (AlexnetPlan *plan, guint slot, const float *tensor,
    GError **error)
{
  return plan->backend->stage_tensor (plan, slot, tensor, error);
}

static gboolean
infer (AlexnetPlan *plan, guint first, guint n, float *const *outputs,
    GError **error)
{
  return plan->backend->infer (plan, first, n, outputs, error);
}

static gboolean
infer_best (AlexnetPlan *plan, guint first, guint n, AlexnetBest *const *best,
    GError **error)
{
  return plan->backend->infer_best (plan, first, n, best, error);
}

const AlexnetBackend alexnet_cudnn_backend = {
  .name = "cudnn",
  .memories = 1u << ALEXNET_MEMORY_HOST | 1u << ALEXNET_MEMORY_CUDA,
  .open = open_cudnn,
  .close = close_plan,
  .stage = stage,
  .stage_tensor = stage_tensor,
  .infer = infer,
  .infer_best = infer_best,
};
