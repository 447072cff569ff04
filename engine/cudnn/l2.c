/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "l2.h"

#include <pthread.h>

/* A context that has a part of its cache set aside from here. */
typedef struct _AlexnetL2Share {
  guint ordinal;
  CUcontext context;
  guint n_users;
  gsize limit; /* as it was left here */
} Share;

/* Guards `shares`, and that a limit does not change between a look and a
 * call. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GSList *shares;

static Share *
join_share (const AlexnetDevice *device)
{
  Share *share;

  for (GSList *l = shares; l; l = l->next) {
    share = l->data;
    if (share->ordinal == device->ordinal &&
        share->context == device->context) {
      share->n_users++;
      return share;
    }
  }
  share = g_new0 (Share, 1);
  share->ordinal = device->ordinal;
  share->context = device->context;
  share->n_users = 1;
  shares = g_slist_prepend (shares, share);
  return share;
}

/* TRUE when a call has failed, for whatever reason, on a device that goes on:
 * it does without. One that is lost is a failure. */
static gboolean
is_refused (AlexnetDevice *device, cudaError_t status, const char *call)
{
  if (status == cudaSuccess)
    return FALSE;
  cudaGetLastError ();
  if (!alexnet_device_finish (device, NULL))
    return FALSE;
  g_info ("weights do not stay in the L2 cache: %s failed: %s", call,
      cudaGetErrorName (status));
  return TRUE;
}

/* Raises the limit by the size wanted, up to `most`. What it is then need not
 * be what was asked for. */
static gboolean
set_aside (AlexnetL2 *l2, gsize wanted, gsize most, GError **error)
{
  const enum cudaLimit kind = cudaLimitPersistingL2CacheSize;
  gsize before = 0, after = 0;
  cudaError_t status = cudaDeviceGetLimit (&before, kind);

  wanted = MIN (wanted, most - MIN (most, before));
  if (is_refused (l2->device, status, "cudaDeviceGetLimit"))
    return TRUE;
  if (!alexnet_cuda_check (status, "cudaDeviceGetLimit", error))
    return FALSE;
  if (wanted == 0)
    return TRUE;
  status = cudaDeviceSetLimit (kind, before + wanted);
  if (is_refused (l2->device, status, "cudaDeviceSetLimit"))
    return TRUE;
  if (!alexnet_cuda_check (status, "cudaDeviceSetLimit", error))
    return FALSE;
  l2->share = join_share (l2->device);
  l2->share->limit = before + wanted;
  l2->set_aside = wanted;
  if (!CUDA (cudaDeviceGetLimit (&after, kind)))
    return FALSE;
  l2->share->limit = after;
  l2->set_aside = after - MIN (after, before);
  l2->size = MIN (wanted, l2->set_aside);
  return TRUE;
}

gboolean
alexnet_l2_open (AlexnetL2 *l2, AlexnetDevice *device, void *base, gsize size,
    GError **error)
{
  int ordinal = (int) device->ordinal, most = 0, window = 0;
  gboolean ok;

  l2->device = device;
  l2->base = base;
  if (g_strcmp0 (g_getenv ("ALEXNET_CUDNN_L2"), "0") == 0)
    return TRUE;
  if (!CUDA (cudaDeviceGetAttribute (&most, cudaDevAttrMaxPersistingL2CacheSize,
          ordinal)) ||
      !CUDA (cudaDeviceGetAttribute (&window,
          cudaDevAttrMaxAccessPolicyWindowSize, ordinal)))
    return FALSE;
  if (most <= 0 || window <= 0)
    return TRUE;
  pthread_mutex_lock (&lock);
  ok = set_aside (l2, MIN (size, (gsize) window), (gsize) most, error);
  pthread_mutex_unlock (&lock);
  return ok;
}

/* One that is lost cannot be entered, and calls would reach another one. */
static gboolean
is_current (const AlexnetDevice *device, GError **error)
{
  int ordinal = -1;

  return alexnet_device_enter (device, error) ||
      (CUDA (cudaGetDevice (&ordinal)) && ordinal == (int) device->ordinal);
}

static void
give_back (AlexnetL2 *l2, GError **error)
{
  const enum cudaLimit kind = cudaLimitPersistingL2CacheSize;
  gsize limit;

  alexnet_device_finish (l2->device, error);
  if (!CUDA (cudaDeviceGetLimit (&limit, kind)))
    limit = l2->share->limit;
  l2->share->limit = limit - MIN (limit, l2->set_aside);
  CUDA (cudaDeviceSetLimit (kind, l2->share->limit));
  if (l2->share->n_users == 1)
    CUDA (cudaCtxResetPersistingL2Cache ());
}

static void
leave_share (Share *share)
{
  if (--share->n_users > 0)
    return;
  shares = g_slist_remove (shares, share);
  g_free (share);
}

void
alexnet_l2_close (AlexnetL2 *l2, GError **error)
{
  if (!l2->share)
    return;
  pthread_mutex_lock (&lock);
  if (is_current (l2->device, error))
    give_back (l2, error);
  leave_share (l2->share);
  pthread_mutex_unlock (&lock);
}

gboolean
alexnet_l2_set_persisting (AlexnetL2 *l2, gboolean persisting, GError **error)
{
  const cudaStreamAttrValue value = {
    .accessPolicyWindow = {
      .base_ptr = l2->base,
      .num_bytes = l2->size,
      .hitRatio = 1.0f,
      .hitProp = persisting ? cudaAccessPropertyPersisting
                            : cudaAccessPropertyNormal,
      .missProp = cudaAccessPropertyNormal,
    },
  };
  cudaError_t status;

  if (l2->size == 0 || l2->persisting == persisting)
    return TRUE;
  status = cudaStreamSetAttribute (l2->device->stream,
      cudaStreamAttributeAccessPolicyWindow, &value);
  if (is_refused (l2->device, status, "cudaStreamSetAttribute")) {
    l2->size = l2->device->window.num_bytes = 0;
    return TRUE;
  }
  l2->persisting = persisting;
  l2->device->window = value.accessPolicyWindow;
  return alexnet_cuda_check (status, "cudaStreamSetAttribute", error);
}
