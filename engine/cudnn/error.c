/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "error.h"

#include <string.h>

/* "cudaMalloc (memory, size)" -> "cudaMalloc" */
static int
name_length (const char *call)
{
  return (int) strcspn (call, " (");
}

/* Takes `text`. */
static void
append (GError **error, char *text)
{
  char *message = error ? g_strconcat ((*error)->message, text, NULL) : NULL;

  if (message) {
    g_free ((*error)->message);
    (*error)->message = message;
  }
  g_free (text);
}

/* What CUDA has to say: how much memory there is, or that the device is lost.
 * A library has a runtime of its own, of whose errors ours does not tell; but
 * on a lost device every call fails. */
static void
add_cause (AlexnetError code, GError **error)
{
  gsize available, total;
  cudaError_t status;

  if (code != ALEXNET_ERROR_NO_MEMORY && code != ALEXNET_ERROR_DEVICE)
    return;
  status = cudaMemGetInfo (&available, &total);
  if (status != cudaSuccess)
    append (error,
        g_strdup_printf ("; cudaMemGetInfo: %s (%s)", cudaGetErrorName (status),
            cudaGetErrorString (status)));
  else if (code == ALEXNET_ERROR_NO_MEMORY)
    append (error,
        g_strdup_printf ("; %.1f of the device's %.1f MiB are free",
            available / 1048576.0, total / 1048576.0));
  cudaGetLastError ();
}

gboolean
alexnet_cuda_check (cudaError_t status, const char *call, GError **error)
{
  gboolean memory = status == cudaErrorMemoryAllocation;

  if (status == cudaSuccess)
    return TRUE;
  cudaGetLastError ();
  if (error && *error)
    return FALSE;
  g_set_error (error, ALEXNET_ERROR,
      memory ? ALEXNET_ERROR_NO_MEMORY : ALEXNET_ERROR_DEVICE,
      "%.*s failed: %s (%s)", name_length (call), call,
      cudaGetErrorName (status), cudaGetErrorString (status));
  if (memory)
    add_cause (ALEXNET_ERROR_NO_MEMORY, error);
  return FALSE;
}

gboolean
alexnet_cublas_check (cublasStatus_t status, const char *call, GError **error)
{
  AlexnetError code = ALEXNET_ERROR_DEVICE;

  if (status == CUBLAS_STATUS_SUCCESS)
    return TRUE;
  if (error && *error)
    return FALSE;
  if (status == CUBLAS_STATUS_NOT_SUPPORTED)
    code = ALEXNET_ERROR_UNSUPPORTED;
  else if (status == CUBLAS_STATUS_ALLOC_FAILED)
    code = ALEXNET_ERROR_NO_MEMORY;
  g_set_error (error, ALEXNET_ERROR, code, "%.*s failed: %s",
      name_length (call), call, cublasLtGetStatusName (status));
  add_cause (code, error);
  return FALSE;
}

static AlexnetError
get_cudnn_code (cudnnStatus_t status)
{
  if (status / 1000 == CUDNN_STATUS_NOT_SUPPORTED / 1000)
    return ALEXNET_ERROR_UNSUPPORTED;
  if (status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
      status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)
    return ALEXNET_ERROR_NO_MEMORY;
  return ALEXNET_ERROR_DEVICE;
}

gboolean
alexnet_cudnn_check (cudnnStatus_t status, const char *call, GError **error)
{
  char detail[512] = "";

  if (status == CUDNN_STATUS_SUCCESS)
    return TRUE;
  if (error && *error)
    return FALSE;
  cudnnGetLastErrorString (detail, sizeof detail - 1);
  g_strdelimit (g_strchomp (detail), "\n", ' ');
  g_set_error (error, ALEXNET_ERROR, get_cudnn_code (status),
      "%.*s failed: %s%s%s", name_length (call), call,
      cudnnGetErrorString (status), detail[0] ? ", " : "", detail);
  add_cause (get_cudnn_code (status), error);
  return FALSE;
}
