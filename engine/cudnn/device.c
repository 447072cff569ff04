/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "device.h"

#include <string.h>

static gboolean
check_cudnn_version (GError **error)
{
  gsize found = cudnnGetVersion (), needed = CUDNN_VERSION;

  if (found >= needed)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "cuDNN %zu.%zu.%zu was found, this module was built against %zu.%zu.%zu "
      "and needs at least that",
      found / 10000, found / 100 % 100, found % 100, needed / 10000,
      needed / 100 % 100, needed % 100);
  return FALSE;
}

static gboolean
check_driver (AlexnetDevice *device, GError **error)
{
  if (!CUDA (cudaDriverGetVersion (&device->driver)))
    return FALSE;
  if (device->driver > 0)
    return TRUE;
  g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "no NVIDIA driver is installed (libcuda.so.1)");
  return FALSE;
}

static gboolean
read_properties (AlexnetDevice *device, GError **error)
{
  struct cudaDeviceProp properties;

  if (!CUDA (cudaGetDeviceProperties (&properties, (int) device->ordinal)))
    return FALSE;
  g_strlcpy (device->name, properties.name, sizeof device->name);
  device->capability = (guint) (10 * properties.major + properties.minor);
  if (device->capability >= 75)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "%s has compute capability %d.%d, the least is 7.5", device->name,
      properties.major, properties.minor);
  return FALSE;
}

/* The driver is not linked to, so that its absence is an error with a reason.
 * It counts errors as the runtime does. */
static gboolean
find_set_current (AlexnetDevice *device, GError **error)
{
  enum cudaDriverEntryPointQueryResult found;
  void *function = NULL;

#if CUDART_VERSION >= 12050
  if (!CUDA (cudaGetDriverEntryPointByVersion ("cuCtxSetCurrent", &function,
          12000, cudaEnableDefault, &found)))
    return FALSE;
#else
  if (!CUDA (cudaGetDriverEntryPoint ("cuCtxSetCurrent", &function,
          cudaEnableDefault, &found)))
    return FALSE;
#endif
  if (found != cudaDriverEntryPointSuccess)
    return alexnet_cuda_check (cudaErrorSymbolNotFound, "cuCtxSetCurrent",
        error);
  memcpy (&device->set_current, &function, sizeof function);
  return TRUE;
}

static gboolean
refuse_driver (const AlexnetDevice *device, GError **error)
{
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "the NVIDIA driver is too old: it knows CUDA %d.%d, this module was "
      "built with %d.%d",
      device->driver / 1000, device->driver % 1000 / 10, CUDART_VERSION / 1000,
      CUDART_VERSION % 1000 / 10);
  return FALSE;
}

static gboolean
refuse_ordinal (const AlexnetDevice *device, GError **error)
{
  int n = 0;

  if (!CUDA (cudaGetDeviceCount (&n)))
    return FALSE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "there is no CUDA device %u, the last of %d is %d", device->ordinal, n,
      n - 1);
  return FALSE;
}

/* Before anything else that wants a device: what is asked while a lost one is
 * current may have its error for an answer. */
static gboolean
enter_first (const AlexnetDevice *device, GError **error)
{
  cudaError_t status;

  if (device->context)
    return alexnet_device_enter (device, error);
  status = cudaSetDevice ((int) device->ordinal);
  if (status == cudaErrorInsufficientDriver)
    return refuse_driver (device, error);
  if (status == cudaErrorInvalidDevice)
    return refuse_ordinal (device, error);
  if (status != cudaErrorNoDevice)
    return alexnet_cuda_check (status, "cudaSetDevice", error);
  g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "no CUDA device is there");
  return FALSE;
}

gboolean
alexnet_device_open (AlexnetDevice *device, guint ordinal, CUcontext context,
    GError **error)
{
  device->ordinal = ordinal;
  device->context = context;
  device->memory = g_ptr_array_new ();
  device->pinned = g_ptr_array_new ();
  return check_driver (device, error) &&
      (!context || find_set_current (device, error)) &&
      enter_first (device, error) && check_cudnn_version (error) &&
      read_properties (device, error) &&
      CUDA (cudaStreamCreateWithFlags (&device->stream,
          cudaStreamNonBlocking)) &&
      alexnet_cudnn_open (&device->cudnn, device->stream, error) &&
      CUBLAS (cublasLtCreate (&device->cublas));
}

void
alexnet_device_close (AlexnetDevice *device, GError **error)
{
  for (guint i = 0; i < device->memory->len; i++)
    CUDA (cudaFree (g_ptr_array_index (device->memory, i)));
  for (guint i = 0; i < device->pinned->len; i++)
    CUDA (cudaFreeHost (g_ptr_array_index (device->pinned, i)));
  g_ptr_array_unref (device->memory);
  g_ptr_array_unref (device->pinned);
  if (device->cublas)
    CUBLAS (cublasLtDestroy (device->cublas));
  alexnet_cudnn_close (&device->cudnn, error);
  if (device->stream)
    CUDA (cudaStreamDestroy (device->stream));
}

gboolean
alexnet_device_enter (const AlexnetDevice *device, GError **error)
{
  if (device->set_current)
    return alexnet_cuda_check ((cudaError_t)
                                   device->set_current (device->context),
        "cuCtxSetCurrent", error);
  return CUDA (cudaSetDevice ((int) device->ordinal));
}

/* `status` of allocating `size` bytes. */
static gboolean
check_allocation (cudaError_t status, const char *call, gsize size,
    GError **error)
{
  if (alexnet_cuda_check (status, call, error))
    return TRUE;
  g_prefix_error (error, "%.1f MiB: ", size / 1048576.0);
  return FALSE;
}

gboolean
alexnet_cuda_malloc (void **memory, gsize size, GError **error)
{
  return check_allocation (cudaMalloc (memory, MAX (size, 1)), "cudaMalloc",
      size, error);
}

gboolean
alexnet_cuda_malloc_pinned (void **memory, gsize size, GError **error)
{
  return check_allocation (cudaHostAlloc (memory, MAX (size, 1),
                               cudaHostAllocMapped),
      "cudaHostAlloc", size, error);
}

void *
alexnet_device_alloc (AlexnetDevice *device, gsize size, GError **error)
{
  void *memory;

  if (!alexnet_cuda_malloc (&memory, size, error))
    return NULL;
  g_ptr_array_add (device->memory, memory);
  device->used += MAX (size, 1);
  return memory;
}

void *
alexnet_device_alloc_pinned (AlexnetDevice *device, gsize size, GError **error)
{
  void *memory;

  if (!alexnet_cuda_malloc_pinned (&memory, size, error))
    return NULL;
  g_ptr_array_add (device->pinned, memory);
  return memory;
}

gboolean
alexnet_device_upload (AlexnetDevice *device, void *to, const void *from,
    gsize size, GError **error)
{
  return CUDA (cudaMemcpyAsync (to, from, size, cudaMemcpyHostToDevice,
             device->stream)) &&
      alexnet_device_finish (device, error);
}

gboolean
alexnet_device_finish (AlexnetDevice *device, GError **error)
{
  return CUDA (cudaStreamSynchronize (device->stream));
}
