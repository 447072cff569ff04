/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is set aside of each context's L2 cache, and what is marked to stay
 * there. Nothing is cached. */

#include "private.h"

#include <string.h>

#define MAX_CONTEXTS (2 * SOFT_MAX_DEVICES)

static struct {
  gsize limit;
  gboolean has_lines; /* that persist */
} caches[MAX_CONTEXTS];

static cudaError_t
check_limit (enum cudaLimit limit)
{
  int ordinal = soft_current_context () % SOFT_MAX_DEVICES;

  return limit == cudaLimitPersistingL2CacheSize &&
          soft_l2_persisting (ordinal) > 0
      ? cudaSuccess
      : cudaErrorUnsupportedLimit;
}

cudaError_t
cudaDeviceGetLimit (gsize *value, enum cudaLimit limit)
{
  cudaError_t status = soft_enter ("cudaDeviceGetLimit", SOFT_CUDA, 0);

  if (!status)
    status = check_limit (limit);
  if (!status)
    *value = caches[soft_current_context ()].limit;
  return soft_leave (SOFT_CUDA, status);
}

static void
set_limit (int context, gsize value)
{
  gsize *limit = &caches[context].limit;

  if (value > soft_l2_persisting (context % SOFT_MAX_DEVICES))
    soft_finding ("%zu bytes of the cache are to be set aside, more than there "
                  "are",
        value);
  value = MIN (value, soft_device ()->l2_granted);
  soft_count (SOFT_LIVE_LIMITS, (value > 0) - (*limit > 0));
  *limit = value;
}

/* Waits for the device. One that gives back does so although it fails. */
cudaError_t
cudaDeviceSetLimit (enum cudaLimit limit, gsize value)
{
  cudaError_t status = soft_enter ("cudaDeviceSetLimit", SOFT_CUDA,
      SOFT_UNSAFE);
  int context = soft_current_context ();

  if (!status)
    status = check_limit (limit);
  if (status != cudaErrorUnsupportedLimit)
    soft_run (NULL);
  if (!status || value < caches[context].limit)
    set_limit (context, value);
  return soft_leave (SOFT_CUDA, status);
}

static void
forget_lines (int context)
{
  if (caches[context].has_lines)
    soft_count (SOFT_LIVE_PERSISTING, -1);
  caches[context].has_lines = FALSE;
}

cudaError_t
cudaCtxResetPersistingL2Cache (void)
{
  cudaError_t status = soft_enter ("cudaCtxResetPersistingL2Cache", SOFT_CUDA,
      SOFT_UNSAFE);

  soft_run (NULL);
  forget_lines (soft_current_context ());
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
soft_window_read (SoftWindow *to, const struct cudaAccessPolicyWindow *window)
{
  if (!(window->hitRatio >= 0 && window->hitRatio <= 1) ||
      window->missProp == cudaAccessPropertyPersisting)
    return cudaErrorInvalidValue;
  if (window->num_bytes > soft_device ()->l2_window)
    soft_finding ("a window has %zu bytes, more than the device allows",
        window->num_bytes);
  soft_check_device (window->base_ptr, window->num_bytes, "a window");
  *to = (SoftWindow){ window->base_ptr, window->num_bytes,
    window->hitProp == cudaAccessPropertyPersisting };
  return cudaSuccess;
}

static cudaError_t
set_window (cudaStream_t stream, const struct cudaAccessPolicyWindow *window)
{
  cudaError_t status = soft_stream_check (stream);

  if (status)
    return status;
  if (stream->capture)
    soft_finding ("the window of a stream is changed in a capture");
  return soft_window_read (&stream->window, window);
}

cudaError_t
cudaStreamSetAttribute (cudaStream_t stream, cudaStreamAttrID attribute,
    const cudaStreamAttrValue *value)
{
  cudaError_t status = soft_enter ("cudaStreamSetAttribute", SOFT_CUDA, 0);

  if (!status && attribute != cudaStreamAttributeAccessPolicyWindow)
    status = cudaErrorInvalidValue;
  if (!status)
    status = set_window (stream, &value->accessPolicyWindow);
  return soft_leave (SOFT_CUDA, status);
}

void
soft_cache_use (int context, const SoftWindow *window)
{
  if (window->size == 0)
    return;
  soft_check_device (window->base, window->size, "a window");
  if (!window->persisting)
    return;
  if (window->size > caches[context].limit)
    soft_finding ("a window keeps %zu bytes of the cache, of which %zu are set "
                  "aside",
        window->size, caches[context].limit);
  if (!caches[context].has_lines)
    soft_count (SOFT_LIVE_PERSISTING, 1);
  caches[context].has_lines = TRUE;
}

void
soft_cache_lose (int context)
{
  for (int i = context % SOFT_MAX_DEVICES; i < MAX_CONTEXTS;
       i += SOFT_MAX_DEVICES) {
    set_limit (i, 0);
    forget_lines (i);
  }
}

void
soft_cache_reset (void)
{
  memset (caches, 0, sizeof caches);
}
