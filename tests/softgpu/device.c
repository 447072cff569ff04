/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <cuda.h>
#include <stdlib.h>
#include <string.h>

/* Contexts: each device's primary one, by ordinal, then another of each. */
#define MAX_CONTEXTS (2 * SOFT_MAX_DEVICES)

static SoftDevice device;
static gsize used[MAX_CONTEXTS];
static __thread int current;

/* A CUcontext points here, at what it is called. */
static int contexts[MAX_CONTEXTS];

static const struct {
  cudaError_t status;
  const char *name, *text;
} errors[] = {
  { cudaSuccess, "cudaSuccess", "no error" },
  { cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument" },
  { cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory" },
  { cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
      "CUDA driver version is insufficient for CUDA runtime version" },
  { cudaErrorInvalidDevice, "cudaErrorInvalidDevice",
      "invalid device ordinal" },
  { cudaErrorNoDevice, "cudaErrorNoDevice",
      "no CUDA-capable device is detected" },
  { cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice",
      "no kernel image is available for execution on the device" },
  { cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle",
      "invalid resource handle" },
  { cudaErrorUnsupportedLimit, "cudaErrorUnsupportedLimit",
      "limit is not supported on this architecture" },
  { cudaErrorSymbolNotFound, "cudaErrorSymbolNotFound",
      "named symbol not found" },
  { cudaErrorNotReady, "cudaErrorNotReady", "device not ready" },
  { cudaErrorIllegalAddress, "cudaErrorIllegalAddress",
      "an illegal memory access was encountered" },
  { cudaErrorLaunchFailure, "cudaErrorLaunchFailure",
      "unspecified launch failure" },
  { cudaErrorECCUncorrectable, "cudaErrorECCUncorrectable",
      "uncorrectable ECC error encountered" },
  { cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
      "operation not permitted when stream is capturing" },
  { cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
      "operation failed due to a previous error during capture" },
  { cudaErrorStreamCaptureUnmatched, "cudaErrorStreamCaptureUnmatched",
      "capture was not initiated in this stream" },
  { cudaErrorStreamCaptureUnjoined, "cudaErrorStreamCaptureUnjoined",
      "capturing stream has unjoined work" },
  { cudaErrorStreamCaptureIsolation, "cudaErrorStreamCaptureIsolation",
      "dependency created on uncaptured work in another stream" },
  { cudaErrorCapturedEvent, "cudaErrorCapturedEvent",
      "operation not permitted on an event last recorded in a capturing "
      "stream" },
  { cudaErrorUnknown, "cudaErrorUnknown", "unknown error" },
};

SoftDevice *
soft_device (void)
{
  return &device;
}

int
soft_current_context (void)
{
  return current;
}

cudaError_t *
soft_lost (int context)
{
  return &device.lost[context % SOFT_MAX_DEVICES];
}

void *
softgpu_context (guint ordinal)
{
  int context = SOFT_MAX_DEVICES + (int) ordinal;

  g_assert_cmpint (context, <, MAX_CONTEXTS);
  contexts[context] = context;
  return &contexts[context];
}

CUresult
soft_set_current (CUcontext context)
{
  cudaError_t status = soft_enter ("cuCtxSetCurrent", SOFT_CUDA,
      SOFT_HOST_ONLY);

  if (!status)
    status = *soft_lost (*(const int *) context);
  if (!status)
    current = *(const int *) context;
  return (CUresult) soft_leave (SOFT_CUDA, status);
}

static cudaError_t
find_driver_function (const char *name, void **function,
    enum cudaDriverEntryPointQueryResult *found)
{
  cudaError_t status = soft_enter ("cudaGetDriverEntryPoint", SOFT_CUDA, 0);
  CUresult (*known) (CUcontext) = soft_set_current;

  if (status)
    return soft_leave (SOFT_CUDA, status);
  *found = cudaDriverEntryPointSymbolNotFound;
  if (g_str_equal (name, "cuCtxSetCurrent")) {
    *found = cudaDriverEntryPointSuccess;
    memcpy (function, &known, sizeof known);
  }
  return soft_leave (SOFT_CUDA, cudaSuccess);
}

#if CUDART_VERSION >= 12050
cudaError_t
cudaGetDriverEntryPointByVersion (const char *name, void **function,
    unsigned int version, unsigned long long flags,
    enum cudaDriverEntryPointQueryResult *found)
{
  return find_driver_function (name, function, found);
}
#else
cudaError_t
cudaGetDriverEntryPoint (const char *name, void **function,
    unsigned long long flags, enum cudaDriverEntryPointQueryResult *found)
{
  return find_driver_function (name, function, found);
}
#endif

/* What $SOFTGPU_DEVICES lists, as far as $CUDA_VISIBLE_DEVICES, which ends at
 * the first number that there is none of. */
static void
list_devices (const char *capabilities)
{
  const char *numbers = g_getenv ("CUDA_VISIBLE_DEVICES");
  g_auto (GStrv) all = g_strsplit (capabilities, ",", SOFT_MAX_DEVICES);
  g_auto (GStrv) visible = g_strsplit (numbers ? numbers : "", ",", -1);
  guint n = g_strv_length (all), n_visible = g_strv_length (visible);

  for (guint i = 0; n > 0 && i < (numbers ? n_visible : n); i++) {
    guint64 k = i;

    if (device.n_devices == SOFT_MAX_DEVICES ||
        (numbers &&
            !g_ascii_string_to_unsigned (visible[i], 10, 0, n - 1, &k, NULL)))
      break;
    softgpu_set_capability (device.n_devices++,
        (guint) g_ascii_strtoull (all[k], NULL, 10));
  }
}

void
soft_device_reset (void)
{
  const char *memory = g_getenv ("SOFTGPU_MEMORY");
  const char *devices = g_getenv ("SOFTGPU_DEVICES");

  device = (SoftDevice){
    .n_processors = 4,
    .memory = memory ? g_ascii_strtoull (memory, NULL, 10)
                     : G_GUINT64_CONSTANT (4) << 30,
    .l2_persisting = 3 << 20,
    .l2_granted = 3 << 20,
    .l2_window = 128 << 20,
    .driver_version = CUDART_VERSION,
    .cudnn_version = 91900,
  };
  list_devices (devices ? devices : "90");
  current = 0;
}

void
softgpu_set_devices (guint n)
{
  g_assert_cmpuint (n, <=, SOFT_MAX_DEVICES);
  device.n_devices = n;
  for (guint i = 0; i < n; i++)
    device.capabilities[i] = 90;
}

void
softgpu_set_memory (gsize total)
{
  device.memory = total;
}

void
softgpu_set_l2 (gsize persisting, gsize granted, gsize window)
{
  device.l2_persisting = persisting;
  device.l2_granted = granted;
  device.l2_window = window;
}

gsize
soft_l2_persisting (int ordinal)
{
  return device.capabilities[ordinal] >= 80 ? device.l2_persisting : 0;
}

void
softgpu_set_no_engines (void)
{
  device.no_engines = TRUE;
}

void
softgpu_set_no_products (void)
{
  device.no_products = TRUE;
}

void
softgpu_set_capability (guint ordinal, guint capability)
{
  g_assert_cmpuint (ordinal, <, SOFT_MAX_DEVICES);
  device.capabilities[ordinal] = capability;
}

void
softgpu_set_processors (guint n)
{
  device.n_processors = n;
}

void
softgpu_set_driver_version (int version)
{
  device.driver_version = version;
}

void
softgpu_set_cudnn_version (gsize version)
{
  device.cudnn_version = version;
}

static int
find_error (cudaError_t status)
{
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    if (errors[i].status == status)
      return i;
  return -1;
}

const char *
cudaGetErrorName (cudaError_t status)
{
  int i = find_error (status);

  return i < 0 ? "unrecognized error code" : errors[i].name;
}

const char *
cudaGetErrorString (cudaError_t status)
{
  int i = find_error (status);

  return i < 0 ? "unrecognized error code" : errors[i].text;
}

cudaError_t
cudaDriverGetVersion (int *version)
{
  cudaError_t status = soft_enter ("cudaDriverGetVersion", SOFT_CUDA,
      SOFT_HOST_ONLY);

  if (!status)
    *version = device.driver_version;
  return soft_leave (SOFT_CUDA, status);
}

static cudaError_t
check_driver (void)
{
  if (device.driver_version / 1000 < CUDART_VERSION / 1000)
    return cudaErrorInsufficientDriver;
  return device.n_devices > 0 ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t
cudaGetDeviceCount (int *count)
{
  cudaError_t status = soft_enter ("cudaGetDeviceCount", SOFT_CUDA, 0);

  if (!status)
    status = check_driver ();
  *count = status ? 0 : device.n_devices;
  return soft_leave (SOFT_CUDA, status);
}

static cudaError_t
check_ordinal (int ordinal)
{
  cudaError_t status = check_driver ();

  if (!status && (ordinal < 0 || ordinal >= (int) device.n_devices))
    status = cudaErrorInvalidDevice;
  return status;
}

static void
describe (struct cudaDeviceProp *properties, int ordinal)
{
  guint capability = device.capabilities[ordinal];

  *properties = (struct cudaDeviceProp){
    .name = "softgpu, a test double",
    .totalGlobalMem = device.memory,
    .sharedMemPerBlock = 48 << 10,
    .sharedMemPerBlockOptin = 96 << 10,
    .sharedMemPerMultiprocessor = 100 << 10,
    .regsPerBlock = 65536,
    .warpSize = 32,
    .maxThreadsPerBlock = 1024,
    .maxThreadsDim = { 1024, 1024, 64 },
    .maxGridSize = { G_MAXINT, 65535, 65535 },
    .major = capability / 10,
    .minor = capability % 10,
    .multiProcessorCount = (int) device.n_processors,
    .l2CacheSize = 4 << 20,
    .maxThreadsPerMultiProcessor = 2048,
    .concurrentKernels = 1,
    .asyncEngineCount = 2,
    .unifiedAddressing = 1,
  };
}

cudaError_t
cudaGetDeviceProperties (struct cudaDeviceProp *properties, int ordinal)
{
  cudaError_t status = soft_enter ("cudaGetDeviceProperties", SOFT_CUDA, 0);

  if (!status)
    status = check_ordinal (ordinal);
  if (!status)
    describe (properties, ordinal);
  return soft_leave (SOFT_CUDA, status);
}

static cudaError_t
get_attribute (int *value, enum cudaDeviceAttr attribute, int ordinal)
{
  struct cudaDeviceProp properties;
  gsize persisting = soft_l2_persisting (ordinal);

  describe (&properties, ordinal);
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = properties.multiProcessorCount;
      return cudaSuccess;
    case cudaDevAttrClockRate:
      *value = 1000000; /* kHz */
      return cudaSuccess;
    case cudaDevAttrMaxPersistingL2CacheSize:
      *value = (int) persisting;
      return cudaSuccess;
    case cudaDevAttrMaxAccessPolicyWindowSize:
      *value = persisting > 0 ? (int) device.l2_window : 0;
      return cudaSuccess;
    default:
      return cudaErrorInvalidValue;
  }
}

cudaError_t
cudaDeviceGetAttribute (int *value, enum cudaDeviceAttr attribute, int ordinal)
{
  cudaError_t status = soft_enter ("cudaDeviceGetAttribute", SOFT_CUDA, 0);

  if (!status)
    status = check_ordinal (ordinal);
  if (!status)
    status = get_attribute (value, attribute, ordinal);
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaSetDevice (int ordinal)
{
  cudaError_t status = soft_enter ("cudaSetDevice", SOFT_CUDA, SOFT_HOST_ONLY);

  if (!status)
    status = check_ordinal (ordinal);
  if (!status)
    status = *soft_lost (ordinal);
  if (!status)
    current = ordinal;
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaGetDevice (int *ordinal)
{
  cudaError_t status = soft_enter ("cudaGetDevice", SOFT_CUDA, SOFT_HOST_ONLY);

  if (!status)
    *ordinal = current % SOFT_MAX_DEVICES;
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaMemGetInfo (gsize *free_bytes, gsize *total)
{
  cudaError_t status = soft_enter ("cudaMemGetInfo", SOFT_CUDA, 0);

  if (!status) {
    *total = device.memory;
    *free_bytes = device.memory - MIN (used[current], device.memory);
  }
  return soft_leave (SOFT_CUDA, status);
}

gboolean
soft_take_memory (int context, gsize size)
{
  if (used[context] + size > device.memory)
    return FALSE;
  used[context] += size;
  return TRUE;
}

void
soft_give_memory (int context, gsize size)
{
  used[context] -= size;
}
