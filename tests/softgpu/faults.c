/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <cublasLt.h>
#include <cudnn.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static gint n_waiting;
static __thread cudaError_t last_error;

static struct {
  guint fail_in; /* 0 = never */
  SoftgpuStatus status;
  const char *failed_call;
  const char *during; /* what is to call `visit`; NULL: nothing */
  void (*visit) (gpointer data);
  gpointer visitor;
  guint64 random;
  int live[SOFT_N_LIVE];
} state;

static const char *const live_names[SOFT_N_LIVE] = {
  [SOFT_LIVE_LIMITS] = "contexts with a part of the cache set aside",
  [SOFT_LIVE_PERSISTING] = "contexts with persisting lines",
  [SOFT_LIVE_DEVICE_MEMORY] = "allocations of device memory",
  [SOFT_LIVE_PINNED_MEMORY] = "allocations of pinned memory",
  [SOFT_LIVE_STREAMS] = "streams",
  [SOFT_LIVE_EVENTS] = "events",
  [SOFT_LIVE_GRAPHS] = "graphs",
  [SOFT_LIVE_GRAPH_EXECS] = "executable graphs",
  [SOFT_LIVE_CUDNN_HANDLES] = "cuDNN handles",
  [SOFT_LIVE_CUDNN_DESCRIPTORS] = "cuDNN descriptors",
  [SOFT_LIVE_CUBLAS_HANDLES] = "cublasLt handles",
  [SOFT_LIVE_CUBLAS_DESCRIPTORS] = "cublasLt descriptors",
};

void
soft_finding (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  fputs ("softgpu: ", stderr);
  vfprintf (stderr, format, args);
  fputc ('\n', stderr);
  va_end (args);
  abort ();
}

static int
status_of (const SoftgpuStatus *status, SoftApi api)
{
  switch (api) {
    case SOFT_CUDA:
      return status->cuda;
    case SOFT_CUDNN:
      return status->cudnn;
    default:
      return status->cublas;
  }
}

/* Without the lock, which the visitor wants. */
static void
be_visited (const char *call)
{
  if (!state.during || !g_str_equal (state.during, call))
    return;
  state.during = NULL;
  pthread_mutex_unlock (&lock);
  state.visit (state.visitor);
  pthread_mutex_lock (&lock);
}

int
soft_enter (const char *call, SoftApi api, guint flags)
{
  static const SoftgpuStatus in_capture = {
    .cuda = cudaErrorStreamCaptureUnsupported,
    .cudnn = CUDNN_STATUS_EXECUTION_FAILED,
    .cublas = CUBLAS_STATUS_EXECUTION_FAILED,
  };

  g_atomic_int_inc (&n_waiting);
  pthread_mutex_lock (&lock);
  g_atomic_int_add (&n_waiting, -1);
  be_visited (call);
  if (state.fail_in > 0 && --state.fail_in == 0) {
    state.failed_call = call;
    return status_of (&state.status, api);
  }
  if (*soft_lost (soft_current_context ()) && !(flags & SOFT_HOST_ONLY)) {
    SoftgpuStatus lost = { *soft_lost (soft_current_context ()),
      CUDNN_STATUS_EXECUTION_FAILED_CUDART, CUBLAS_STATUS_EXECUTION_FAILED };

    return status_of (&lost, api);
  }
  if ((flags & SOFT_UNSAFE) && soft_capture_forbids ())
    return status_of (&in_capture, api);
  return 0;
}

int
soft_leave (SoftApi api, int status)
{
  if (api == SOFT_CUDA && status)
    last_error = status;
  pthread_mutex_unlock (&lock);
  return status;
}

void
soft_yield (void)
{
  if (g_atomic_int_get (&n_waiting) == 0)
    return;
  pthread_mutex_unlock (&lock);
  sched_yield ();
  pthread_mutex_lock (&lock);
}

void
soft_count (SoftLive kind, int change)
{
  state.live[kind] += change;
  if (state.live[kind] < 0)
    soft_finding ("more %s were freed than made", live_names[kind]);
}

/* splitmix64, by Steele, Lea and Flood. */
guint
soft_random (guint n)
{
  guint64 z = state.random += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return (guint) ((z ^ (z >> 31)) >> 32) % n;
}

/* That of a call of this runtime: the libraries have their own. */
cudaError_t
cudaGetLastError (void)
{
  cudaError_t status = last_error;

  last_error = cudaSuccess;
  return status;
}

void
softgpu_set_seed (guint64 seed)
{
  state.random = seed;
  soft_work_seed ();
}

void
softgpu_fail_call (guint n, const SoftgpuStatus *status)
{
  state.fail_in = n;
  state.status = *status;
  state.failed_call = NULL;
}

void
softgpu_during (const char *call, void (*func) (gpointer data), gpointer data)
{
  state.during = call;
  state.visit = func;
  state.visitor = data;
}

const char *
softgpu_failed_call (void)
{
  return state.failed_call;
}

char *
softgpu_list_live (void)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < SOFT_N_LIVE; i++)
    if (state.live[i])
      g_string_append_printf (text, "%d %s\n", state.live[i], live_names[i]);
  return g_string_free (text, FALSE);
}

void
softgpu_reset (void)
{
  g_autofree char *live = softgpu_list_live ();
  const char *seed = g_getenv ("SOFTGPU_SEED");

  if (*live)
    soft_finding ("left over:\n%s", live);
  soft_work_reset ();
  soft_cache_reset ();
  soft_device_reset ();
  soft_kernels_unload ();
  state.fail_in = 0;
  state.failed_call = NULL;
  state.during = NULL;
  last_error = cudaSuccess;
  softgpu_set_seed (seed ? g_ascii_strtoull (seed, NULL, 10) : 0);
}

__attribute__ ((constructor)) static void
start (void)
{
  softgpu_reset ();
}

/* What a whole process leaks, gst-launch-1.0's too. */
__attribute__ ((destructor)) static void
stop (void)
{
  g_autofree char *live = softgpu_list_live ();

  if (*live && !state.failed_call)
    soft_finding ("left over at exit:\n%s", live);
}
