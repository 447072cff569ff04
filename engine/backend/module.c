/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module.h"

#include <dlfcn.h>
#include <string.h>

#include "installation.h"

#define DRIVER "libcuda.so.1"

/* A CUresult. */
#define NO_DEVICE 100

static char *
find_module (const char *file, GError **error)
{
  g_autofree char *installed = alexnet_find_installed (ALEXNET_MODULE_DIR);
  const char *directories[] = { g_getenv ("ALEXNET_BACKEND_DIR"), installed };
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

/* Libraries that have talked to the driver are not closed again, nor is its
 * own. */
static void *
find_in_driver (const char *name, GError **error)
{
  void *driver = dlopen (DRIVER, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  void *symbol = driver ? dlsym (driver, name) : NULL;

  if (!symbol)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "no NVIDIA driver is installed: %s", dlerror ());
  return symbol;
}

/* cuDNN and what it brings take hundreds of megabytes and half a second, so the
 * driver is asked before they are loaded. */
static gboolean
check_driver (GError **error)
{
  void *symbol = find_in_driver ("cuInit", error);
  int (*init) (guint flags) = NULL;
  int status;

  if (!symbol)
    return FALSE;
  memcpy (&init, &symbol, sizeof init);
  status = init (0);
  if (status == NO_DEVICE)
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "no CUDA device is there");
  else if (status != 0)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "the NVIDIA driver does not start: cuInit of " DRIVER " returned %d",
        status);
  return status == 0;
}

/* The driver's count is that of no context, and so no lost device's error. */
static gboolean
count_devices (guint *n, GError **error)
{
  void *symbol = check_driver (error)
      ? find_in_driver ("cuDeviceGetCount", error)
      : NULL;
  int (*count) (int *n) = NULL;
  int status, found = 0;

  if (!symbol)
    return FALSE;
  memcpy (&count, &symbol, sizeof count);
  status = count (&found);
  if (status != 0 || found < 1)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "no CUDA device is there: cuDeviceGetCount of " DRIVER
        " returned %d and %d",
        status, found);
  *n = (guint) found;
  return status == 0 && found > 0;
}

static const AlexnetBackend *
load_module (const char *file, GError **error)
{
  g_autofree char *path = find_module (file, error);
  const AlexnetModule *module = NULL;
  void *handle;

  if (!path || !check_driver (error))
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

const AlexnetBackend alexnet_cudnn_backend = {
  .name = "cudnn",
  .count_devices = count_devices,
  .open = open_cudnn,
};
