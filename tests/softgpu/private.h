/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Between the parts of the software device. The stand-in for the CUDA runtime
 * exports these to the other two. Everything but soft_enter() wants the
 * device's lock, which soft_enter() takes and soft_leave() gives back. */

#ifndef SOFTGPU_PRIVATE_H
#define SOFTGPU_PRIVATE_H

#include <cuda.h>
#include <cuda_runtime_api.h>

#include "softgpu.h"

G_BEGIN_DECLS

/* For inner loops over memory that was checked before. */
#define SOFT_UNCHECKED __attribute__ ((no_sanitize ("address", "undefined")))

/* Calls: faults.c */

typedef enum {
  SOFT_CUDA,
  SOFT_CUDNN,
  SOFT_CUBLAS,
} SoftApi;

typedef enum {
  SOFT_UNSAFE = 1 << 0,    /* forbidden while this thread captures */
  SOFT_HOST_ONLY = 1 << 1, /* works although the device is lost */
} SoftCallFlags;

/* Counts the call and takes the lock. Returns 0, or the status with which the
 * call shall fail, as a status of `api`. */
SOFTGPU_API int soft_enter (const char *call, SoftApi api, guint flags);

/* Remembers the thread's last CUDA error, gives the lock back. */
SOFTGPU_API int soft_leave (SoftApi api, int status);

SOFTGPU_API G_NORETURN void soft_finding (const char *format, ...)
    G_GNUC_PRINTF (1, 2);

/* Counts things of a kind that are alive: +1 made, -1 freed. */
typedef enum {
  SOFT_LIVE_LIMITS,
  SOFT_LIVE_PERSISTING,
  SOFT_LIVE_DEVICE_MEMORY,
  SOFT_LIVE_PINNED_MEMORY,
  SOFT_LIVE_STREAMS,
  SOFT_LIVE_EVENTS,
  SOFT_LIVE_GRAPHS,
  SOFT_LIVE_GRAPH_EXECS,
  SOFT_LIVE_CUDNN_HANDLES,
  SOFT_LIVE_CUDNN_DESCRIPTORS,
  SOFT_LIVE_CUBLAS_HANDLES,
  SOFT_LIVE_CUBLAS_DESCRIPTORS,
  SOFT_N_LIVE
} SoftLive;

SOFTGPU_API void soft_count (SoftLive kind, int change);

/* A number of the seed's sequence, 0 .. n - 1. */
SOFTGPU_API guint soft_random (guint n);

/* Gives the lock to whoever else wants it for a moment. */
void soft_yield (void);

/* The device: device.c */

#define SOFT_MAX_DEVICES 8

typedef struct {
  guint n_devices, n_processors;
  guint capabilities[SOFT_MAX_DEVICES];
  cudaError_t lost[SOFT_MAX_DEVICES];
  gsize memory;                               /* of each */
  gsize l2_persisting, l2_granted, l2_window; /* of each from 8.0 on */
  int driver_version;
  gsize cudnn_version;
  gboolean no_engines, no_products;
} SoftDevice;

SOFTGPU_API SoftDevice *soft_device (void);
void soft_device_reset (void);
SOFTGPU_API int soft_current_context (void);
SOFTGPU_API CUresult soft_set_current (CUcontext context);

/* The sticky error of the context's device, or cudaSuccess. */
cudaError_t *soft_lost (int context);

/* Bytes of the cache that a device can set aside. */
gsize soft_l2_persisting (int ordinal);

/* FALSE when the context has not so many bytes left. */
gboolean soft_take_memory (int context, gsize size);
void soft_give_memory (int context, gsize size);

/* Memory: memory.c */

typedef enum {
  SOFT_HOST, /* what is neither of the others */
  SOFT_PINNED,
  SOFT_ON_DEVICE,
} SoftSide;

SoftSide soft_side (const void *address);

/* A finding unless [address, address + size) lies within one allocation of
 * device memory, in the context whose work runs or else the current one. */
SOFTGPU_API void soft_check_device (const void *address, gsize size,
    const char *what);
void soft_check_host (const void *address, gsize size, const char *what);

/* Makes a context's device memory accessible and all other inaccessible, or
 * all. */
SOFTGPU_API void soft_memory_open (int context);
SOFTGPU_API void soft_memory_close (void);

/* The L2 cache: cache.c */

/* An access-policy window; size 0: none. */
typedef struct {
  void *base;
  gsize size;
  gboolean persisting;
} SoftWindow;

/* A context's work reads through it: a finding when it is of memory that is
 * gone, or of more than was set aside. */
void soft_cache_use (int context, const SoftWindow *window);

/* What a caller has set, checked. */
cudaError_t soft_window_read (SoftWindow *window,
    const struct cudaAccessPolicyWindow *from);
void soft_cache_reset (void);

/* Nothing is left of it in the contexts of a device that is lost. */
void soft_cache_lose (int context);

/* Work: work.c */

/* Runs with device memory open; `data` is the work's own copy. */
typedef void (*SoftFunc) (void *data);

/* What a piece of work does: `func` with its own copy of `size` bytes of data,
 * for so long in virtual time. By its name, a constant, it is counted; NULL:
 * it is not, being none of the device's. */
typedef struct {
  const char *name;
  SoftFunc func;
  const void *data;
  gsize size;
  double microseconds;
  SoftWindow window; /* the stream's; set where the work is enqueued */
  gboolean *loaded;  /* whether its code is there, as it is from the first time
                        on, which must not be in a capture; NULL: it has none */
} SoftWork;

/* Enqueues it, or records it while the stream captures. */
SOFTGPU_API cudaError_t soft_enqueue (cudaStream_t stream,
    const SoftWork *work);

/* Puts two pieces of work around each other's use of a workspace: the first
 * writes a token into it, the second, which does `func`, checks it and
 * scribbles. Work that shares the workspace without order is found. */
SOFTGPU_API cudaError_t soft_enqueue_with_workspace (cudaStream_t stream,
    const SoftWork *work, void *workspace, gsize workspace_size);

typedef struct _SoftItem SoftItem;

/* NULL: nothing, but for the order. A node is counted as a graph's. */
SoftItem *soft_item_new (const SoftWork *work, gboolean is_node);
SoftItem *soft_item_ref (SoftItem *item);
void soft_item_unref (SoftItem *item);

/* `item` waits for `earlier`, which may be NULL or done. */
void soft_item_add_dependency (SoftItem *item, SoftItem *earlier);

/* Hands the item to the device; takes the reference. */
void soft_item_submit (SoftItem *item, guint lane, int context);
gboolean soft_item_is_done (const SoftItem *item);
double soft_item_end (const SoftItem *item);

/* Runs work until `item` is done; NULL: until there is none. */
void soft_run (const SoftItem *item);

void soft_work_seed (void);
void soft_work_reset (void);

/* Streams and events: stream.c; graphs: graph.c */

typedef struct _SoftCapture SoftCapture;

struct CUstream_st {
  int context;
  guint lane;
  SoftItem *last;
  SoftCapture *capture;
  GArray *tails; /* guint: nodes that the next one waits for */
  SoftWindow window;
};

struct CUevent_st {
  int context;
  gboolean timed;
  SoftItem *item; /* its last record */
  SoftCapture *capture;
  GArray *tails;
};

/* Adds an item after the stream's last one. Takes the reference. */
void soft_stream_append (cudaStream_t stream, SoftItem *item);
cudaError_t soft_stream_check (cudaStream_t stream);

void soft_capture_add (cudaStream_t stream, const SoftWork *work);
void soft_capture_invalidate (cudaStream_t stream);
void soft_capture_record (cudaStream_t stream, cudaEvent_t event);
cudaError_t soft_capture_wait (cudaStream_t stream, cudaEvent_t event);
void soft_capture_forget (cudaStream_t stream);

/* Kernels: kernels.c, their bodies kernels-host.c, their threads threads.c.
 * The last two need nothing of the device. */

typedef struct {
  const char *name;
  gsize size; /* of its argument */
  void (*run) (const void *args);
  gboolean meets; /* its threads wait for each other */
} SoftKernel;

/* NULL where there is none of that name. */
const SoftKernel *soft_find_kernel (const char *name);

/* No context has the code of any. */
void soft_kernels_unload (void);

#define SOFT_MAX_THREADS 1024 /* of a block */

/* Runs all blocks of a grid, from number `first` on. One thread at a time. */
void soft_run_blocks (const SoftKernel *kernel, dim3 grid, dim3 threads,
    const void *args, guint first);

/* The running thread's indices. */
typedef struct {
  guint thread_x, thread_y, block_x, block_y;
} SoftThread;

extern SoftThread soft_thread;

/* What kernels call: all threads of the block meet; all of the warp do, and
 * each gets the sum, added up as a butterfly of shuffles does, or the largest
 * value. */
void soft_barrier (void);
float soft_warp_sum (float value);
guint64 soft_warp_max (guint64 value);

/* TRUE when this thread captures, so that unsafe calls must fail; the capture
 * is then invalid. */
gboolean soft_capture_forbids (void);

G_END_DECLS

#endif /* SOFTGPU_PRIVATE_H */
