/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One GPU: its memory, its compute stream, its handles. */

#ifndef ALEXNET_CUDNN_DEVICE_H
#define ALEXNET_CUDNN_DEVICE_H

#include <cuda.h>

#include "error.h"
#include "handle.h"

G_BEGIN_DECLS

/* Bytes, of device memory and of the parts that it is divided into. */
#define ALEXNET_DEVICE_ALIGNMENT 256

static inline gsize
alexnet_device_align (gsize size)
{
  return (size + ALEXNET_DEVICE_ALIGNMENT - 1) / ALEXNET_DEVICE_ALIGNMENT *
      ALEXNET_DEVICE_ALIGNMENT;
}

typedef struct {
  guint ordinal;
  CUcontext context;                   /* NULL: the device's primary one */
  CUresult (*set_current) (CUcontext); /* the driver's; NULL without context */
  char name[256];
  guint capability;                     /* 10 * major + minor */
  int driver;                           /* as cudaDriverGetVersion() gives it */
  cudaStream_t stream;                  /* all that infer does */
  struct cudaAccessPolicyWindow window; /* the stream's; num_bytes 0: none */
  AlexnetCudnn cudnn;
  cublasLtHandle_t cublas;
  GPtrArray *memory, *pinned;
  _Atomic gsize used; /* bytes of device memory; staging adds its own */
} AlexnetDevice;

/* UNSUPPORTED: no driver, no device, no such device, cuDNN older than built
 * against. After a failure, close gives back what there is. */
gboolean alexnet_device_open (AlexnetDevice *device, guint ordinal,
    CUcontext context, GError **error);

/* Frees everything. Sets `error` to the first failure, and goes on. */
void alexnet_device_close (AlexnetDevice *device, GError **error);

/* Makes it the calling thread's device, in the device's context, which it
 * stays: asking which one that was before costs time for each frame. */
gboolean alexnet_device_enter (const AlexnetDevice *device, GError **error);

/* Device memory, aligned, and pinned host memory, which kernels
 * can write to at the same address; freed by close. What they have written is
 * there when an event behind them has happened. NO_MEMORY says how much was
 * wanted too. */
void *alexnet_device_alloc (AlexnetDevice *device, gsize size, GError **error);
void *alexnet_device_alloc_pinned (AlexnetDevice *device, gsize size,
    GError **error);

/* The same, for the caller to free with cudaFree() and cudaFreeHost(). */
gboolean alexnet_cuda_malloc (void **memory, gsize size, GError **error);
gboolean alexnet_cuda_malloc_pinned (void **memory, gsize size, GError **error);

/* Host memory -> device, waits for it. For loading, not for frames. */
gboolean alexnet_device_upload (AlexnetDevice *device, void *to,
    const void *from, gsize size, GError **error);

/* Waits for all that was given to the compute stream. */
gboolean alexnet_device_finish (AlexnetDevice *device, GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_DEVICE_H */
