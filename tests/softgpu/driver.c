/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <cuda.h>
#include <string.h>

CUresult
cuInit (unsigned int flags)
{
  return CUDA_SUCCESS;
}

CUresult
cuDeviceGetCount (int *n)
{
  cudaError_t status = soft_enter ("cuDeviceGetCount", SOFT_CUDA,
      SOFT_HOST_ONLY);

  if (!status)
    *n = (int) soft_device ()->n_devices;
  return (CUresult) soft_leave (SOFT_CUDA, status);
}

/* What an application calls that has a context of its own. */

CUresult
cuDeviceGet (CUdevice *device, int ordinal)
{
  *device = ordinal;
  return CUDA_SUCCESS;
}

/* Current from then on, as CUDA has it. */
SOFTGPU_API CUresult cuCtxCreate_v2 (CUcontext *context, unsigned int flags,
    CUdevice device);
CUresult
cuCtxCreate_v2 (CUcontext *context, unsigned int flags, CUdevice device)
{
  *context = softgpu_context ((guint) device);
  return soft_set_current (*context);
}

CUresult
cuCtxDestroy_v2 (CUcontext context)
{
  return CUDA_SUCCESS;
}

CUresult
cuCtxSynchronize (void)
{
  return CUDA_SUCCESS;
}

CUresult
cuMemAlloc_v2 (CUdeviceptr *memory, size_t size)
{
  void *address = NULL;
  cudaError_t status = cudaMalloc (&address, size);

  *memory = (CUdeviceptr) (guintptr) address;
  return (CUresult) status;
}

CUresult
cuMemFree_v2 (CUdeviceptr memory)
{
  return (CUresult) cudaFree ((void *) (guintptr) memory);
}

CUresult
cuMemcpyHtoD_v2 (CUdeviceptr to, const void *from, size_t size)
{
  void *address = (void *) (guintptr) to;
  cudaError_t status = soft_enter ("cuMemcpyHtoD", SOFT_CUDA, SOFT_UNSAFE);

  if (!status) {
    soft_check_device (address, size, "the target of a copy");
    soft_memory_open (soft_current_context ());
    memcpy (address, from, size);
    soft_memory_close ();
  }
  return (CUresult) soft_leave (SOFT_CUDA, status);
}
