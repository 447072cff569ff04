/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the module's constructor registers as kernels, and their launches. */

#include "private.h"

#include <string.h>

#define MAX_FUNCTIONS 128

typedef struct {
  const SoftKernel *kernel;
  dim3 grid, block;
  guint8 args[] __attribute__ ((aligned (16)));
} Launch;

/* What the module's constructor registered, by the host's function. */
static struct {
  const void *function;
  const SoftKernel *kernel;
  gboolean loaded[2 * SOFT_MAX_DEVICES]; /* by context */
} registry[MAX_FUNCTIONS];
static guint n_registered;

/* Begins with any block: no kernel may count on an order. */
static void
run_launch (void *data)
{
  const Launch *launch = data;
  guint first = soft_random (launch->grid.x * launch->grid.y);

  soft_run_blocks (launch->kernel, launch->grid, launch->block, launch->args,
      first);
}

/* What nvcc has a module call when it is opened and closed. */
SOFTGPU_API void **__cudaRegisterFatBinary (void *image);
SOFTGPU_API void __cudaRegisterFatBinaryEnd (void **image);
SOFTGPU_API void __cudaUnregisterFatBinary (void **image);
SOFTGPU_API void __cudaRegisterFunction (void **image, const char *function,
    char *device_function, const char *name, int thread_limit, void *thread,
    void *block, void *block_dim, void *grid_dim, int *warp_size);
void **
__cudaRegisterFatBinary (void *image)
{
  static void *handle;

  return &handle;
}

void
__cudaRegisterFatBinaryEnd (void **image)
{
}

void
__cudaUnregisterFatBinary (void **image)
{
  n_registered = 0;
}

void
__cudaRegisterFunction (void **image, const char *function,
    char *device_function, const char *name, int thread_limit, void *thread,
    void *block_index, void *block_dim, void *grid_dim, int *warp_size)
{
  if (n_registered == MAX_FUNCTIONS)
    soft_finding ("more than %u kernels are registered", MAX_FUNCTIONS);
  registry[n_registered].function = function;
  registry[n_registered].kernel = soft_find_kernel (name);
  n_registered++;
}

static const SoftKernel *
find_kernel (const void *function, gboolean **loaded)
{
  for (guint i = 0; i < n_registered; i++)
    if (registry[i].function == function) {
      *loaded = &registry[i].loaded[soft_current_context ()];
      return registry[i].kernel;
    }
  return NULL;
}

void
soft_kernels_unload (void)
{
  for (guint i = 0; i < n_registered; i++)
    memset (registry[i].loaded, 0, sizeof registry[i].loaded);
}

cudaError_t
cudaFuncGetAttributes (struct cudaFuncAttributes *attributes,
    const void *function)
{
  cudaError_t status = soft_enter ("cudaFuncGetAttributes", SOFT_CUDA, 0);
  gboolean *loaded;

  if (!status && !find_kernel (function, &loaded))
    status = cudaErrorInvalidDeviceFunction;
  if (!status) {
    memset (attributes, 0, sizeof *attributes);
    *loaded = TRUE;
  }
  return soft_leave (SOFT_CUDA, status);
}

/* What kernel<<<>>> would call: here to be linked to. */
#define NOT_CALLED(name)                   \
  SOFTGPU_API G_NORETURN void name (void); \
  void name (void)                         \
  {                                        \
    soft_finding ("%s is called", #name);  \
  }

NOT_CALLED (__cudaGetKernel)
NOT_CALLED (__cudaLaunchKernel)
NOT_CALLED (__cudaPopCallConfiguration)

static cudaError_t
launch_kernel (const void *function, const Launch *geometry, void **args,
    cudaStream_t stream)
{
  g_autofree Launch *launch = NULL;
  SoftWork work = { .func = run_launch, .microseconds = 3 };
  const SoftKernel *kernel = find_kernel (function, &work.loaded);
  guint n_threads = geometry->block.x * geometry->block.y;

  if (!kernel)
    return cudaErrorInvalidDeviceFunction;
  if (geometry->grid.x == 0 || geometry->grid.y == 0 || n_threads == 0 ||
      n_threads > SOFT_MAX_THREADS || geometry->grid.y > 65535 ||
      geometry->grid.z != 1 || geometry->block.z != 1)
    return cudaErrorInvalidValue;
  launch = g_malloc (sizeof *launch + kernel->size);
  *launch = *geometry;
  launch->kernel = kernel;
  memcpy (launch->args, args[0], kernel->size);
  work.name = kernel->name;
  work.data = launch;
  work.size = sizeof *launch + kernel->size;
  return soft_enqueue (stream, &work);
}

cudaError_t
cudaLaunchKernel (const void *function, dim3 grid, dim3 threads, void **args,
    gsize shared, cudaStream_t stream)
{
  const Launch geometry = { NULL, grid, threads };
  cudaError_t status = soft_enter ("cudaLaunchKernel", SOFT_CUDA, 0);

  if (!status)
    status = launch_kernel (function, &geometry, args, stream);
  return soft_leave (SOFT_CUDA, status);
}
