/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A software device: a test double for the CUDA runtime, cuDNN's backend API
 * and cublasLt, with which the unchanged backend-cudnn.so runs from stage to
 * results on a machine that has no GPU. It proves logic and data flow and
 * says nothing about speed. It is never installed, and the device's name says
 * what it is.
 *
 * It is four shared objects with the names of the real ones, of which the
 * driver's only counts devices; a process gets them by linking to them or by
 * LD_LIBRARY_PATH. Only the entry points that
 * engine/cudnn/README.md lists are there.
 *
 * Streams are lazy. A call that enqueues work only records it; work runs when
 * somebody waits for something, in an order that is drawn from the seed among
 * all orders that stream order, events and graphs allow, and much of it not
 * before it must. Time is virtual: each piece of work has a fixed cost.
 *
 * Device memory is out of the host's reach (PROT_NONE) except while device
 * work runs. Each allocation stands alone between guard pages, filled with
 * NaN, its slack filled with a pattern that is checked when it is freed and
 * poisoned under AddressSanitizer. Pinned memory is guarded the same way.
 *
 * A finding is what no correct program does: an address of the wrong side, an
 * overrun, a workspace that two pieces of work share, a leak. It prints one
 * line that begins with "softgpu: " and aborts.
 *
 * Every entry point can be told to fail; see softgpu_fail_call(). Thread-
 * safety: entry points may be called from any thread; what is declared here,
 * while no other thread uses the device. */

#ifndef SOFTGPU_H
#define SOFTGPU_H

#include <glib.h>

G_BEGIN_DECLS

#define SOFTGPU_API __attribute__ ((visibility ("default")))

/* The device as it is at the start of a process: seed 0 or $SOFTGPU_SEED, one
 * device of capability 9.0 with 4 GiB or $SOFTGPU_MEMORY bytes, nothing set to
 * fail, no calls counted; $SOFTGPU_LOSE is softgpu_lose_device(). A list of
 * capabilities, as 75,90, in $SOFTGPU_DEVICES is as many devices instead, of
 * which $CUDA_VISIBLE_DEVICES chooses by number. Everything must have been
 * freed before: a leak is a finding. */
SOFTGPU_API void softgpu_reset (void);

SOFTGPU_API void softgpu_set_seed (guint64 seed);

/* Of capability 9.0; 0 = there is none. */
SOFTGPU_API void softgpu_set_devices (guint n);

/* A CUcontext of a device that is not its primary one. */
SOFTGPU_API void *softgpu_context (guint ordinal);

/* Bytes of each context. */
SOFTGPU_API void softgpu_set_memory (gsize total);

/* 10 * major + minor. */
SOFTGPU_API void softgpu_set_capability (guint ordinal, guint capability);

/* Multiprocessors of each device that this process sees, at first 4. */
SOFTGPU_API void softgpu_set_processors (guint n);

/* Bytes of the L2 cache that each device can set aside, of these what it
 * grants, and of an access-policy window at most. At first 3 MiB, all of it,
 * 128 MiB; below capability 8.0 there is none of it. */
SOFTGPU_API void softgpu_set_l2 (gsize persisting, gsize granted, gsize window);

/* cuDNN's lists of engines are empty from now on. */
SOFTGPU_API void softgpu_set_no_engines (void);

/* cublasLt refuses every product from now on. */
SOFTGPU_API void softgpu_set_no_products (void);

/* As cudaDriverGetVersion() and cudnnGetVersion() say it; driver 0 = there is
 * none. */
SOFTGPU_API void softgpu_set_driver_version (int version);
SOFTGPU_API void softgpu_set_cudnn_version (gsize version);

/* What a call of each library returns when it is told to fail. */
typedef struct {
  int cuda, cudnn, cublas;
} SoftgpuStatus;

/* The n-th call of an entry point from now on (1 = the next) fails, once; those
 * that only put a status into words or ask for a version do not count. One that
 * frees something frees it all the same, as CUDA's do. */
SOFTGPU_API void softgpu_fail_call (guint n, const SoftgpuStatus *status);

/* The next call of an entry point of this name calls `func` first, once: what
 * another thread does at that moment, at which it can be anywhere. */
SOFTGPU_API void softgpu_during (const char *call, void (*func) (gpointer data),
    gpointer data);

/* The n-th piece of device work from now on (1 = the next) is an illegal
 * access: its device is lost, that and all later work there is dropped, and
 * every later call of a thread whose device it is, but those that want none,
 * fails with the sticky error until reset. Other devices go on. */
SOFTGPU_API void softgpu_lose_device (guint n);

/* As when clocks fall for a while: of the pieces of device work since the last
 * reset, n from number `first` on (1 = the first) take half as long again. */
SOFTGPU_API void softgpu_slow_down (guint first, guint n);

/* Name of the call that was told to fail and did; NULL when none did. */
SOFTGPU_API const char *softgpu_failed_call (void);

/* Pieces of device work run since the last reset. */
SOFTGPU_API guint softgpu_n_works (void);

/* How many of these ran since the last reset or call of this, how many of them
 * were nodes of a graph, and of which kinds: one line each, with a kernel's
 * name, or "convolution", "product", "copy", "fill", and " persisting SIZE"
 * where it ran in such a window of so many bytes. The caller frees it. */
SOFTGPU_API char *softgpu_take_works (guint *n_works, guint *n_nodes);

/* Bytes that copies have brought to the host since the process began. */
SOFTGPU_API gsize softgpu_n_returned (void);

/* What is alive, one line a kind; "" when nothing is. The caller frees it. */
SOFTGPU_API char *softgpu_list_live (void);

/* Fills and reads device memory for a test, which cannot touch it itself. */
SOFTGPU_API void *softgpu_device_new (const void *data, gsize size);
SOFTGPU_API void softgpu_device_free (void *device);

G_END_DECLS

#endif /* SOFTGPU_H */
