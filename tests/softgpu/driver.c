/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <cuda.h>

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
