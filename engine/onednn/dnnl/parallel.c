/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ThreadSanitizer does not see libgomp's barriers, so `passed` says once
 * more what they say: what was written before alexnet_onednn_parallel() is
 * seen by every thread, and what the threads wrote is seen behind it. It is
 * one for all, because what a job lies in was something else before. */

#include "parallel.h"

#include <stdatomic.h>
#include <time.h>

#ifdef __SSE__
#include <xmmintrin.h>
#endif

/* Of libgomp, declared here because a compiler other than gcc does not bring
 * its header and makes calls into another runtime of "#pragma omp". */
void omp_set_dynamic (int dynamic);
void omp_set_num_threads (int n);
int omp_get_max_threads (void);
int omp_get_thread_num (void);
int omp_get_num_threads (void);
void GOMP_parallel (void (*func) (void *), void *data, unsigned n_threads,
    unsigned flags);

typedef struct {
  OnednnParallelFunc func;
  gpointer user;
} Job;

static atomic_uint passed;

guint
alexnet_onednn_set_threads (guint n_threads)
{
  guint before = alexnet_onednn_get_threads ();

  omp_set_dynamic (FALSE);
  omp_set_num_threads ((int) n_threads);
  return before;
}

guint
alexnet_onednn_get_threads (void)
{
  return (guint) omp_get_max_threads ();
}

static void
run_share (void *data)
{
  const Job *job = data;

  atomic_fetch_add (&passed, 1);
  job->func (job->user, (guint) omp_get_thread_num (),
      (guint) omp_get_num_threads ());
  atomic_fetch_add (&passed, 1);
}

void
alexnet_onednn_parallel (OnednnParallelFunc func, gpointer user)
{
  Job job = { func, user };

  atomic_fetch_add (&passed, 1);
  GOMP_parallel (run_share, &job, 0, 0);
  atomic_load (&passed);
}

static void
prepare_thread (gpointer user, guint thread, guint n_threads)
{
  guint *n = user;

#if defined(__SSE__)
  const guint flush_to_zero = 1 << 15, denormals_are_zero = 1 << 6;

  _mm_setcsr (_mm_getcsr () | flush_to_zero | denormals_are_zero);
#elif defined(__aarch64__)
  const guint64 flush_to_zero = 1 << 24;
  guint64 state;

  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  __asm__ volatile("msr fpcr, %0" : : "r"(state | flush_to_zero));
#endif
  if (thread == 0)
    *n = n_threads;
}

guint
alexnet_onednn_prepare_threads (void)
{
  guint n = 0;

  alexnet_onednn_parallel (prepare_thread, &n);
  return n;
}

static void
add_cpu_time (gpointer user, guint thread, guint n_threads)
{
  atomic_ullong *nanoseconds = user;
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  atomic_fetch_add (nanoseconds,
      (guint64) time.tv_sec * 1000000000 + (guint64) time.tv_nsec);
}

double
alexnet_onednn_get_cpu_time (void)
{
  atomic_ullong nanoseconds = 0;

  alexnet_onednn_parallel (add_cpu_time, &nanoseconds);
  return (double) atomic_load (&nanoseconds) / 1e6;
}
