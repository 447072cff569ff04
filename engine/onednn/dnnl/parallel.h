/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Work on several threads: those of libgomp, on which oneDNN runs its own, so
 * that both use the same ones in turn and neither waits for a processor. How
 * many there are belongs to the calling thread, as OpenMP has it. */

#ifndef ALEXNET_ONEDNN_PARALLEL_H
#define ALEXNET_ONEDNN_PARALLEL_H

#include <glib.h>

G_BEGIN_DECLS

/* One thread's share, thread < n_threads. */
typedef void (*OnednnParallelFunc) (gpointer user, guint thread,
    guint n_threads);

/* Returns how many there were before. OpenMP may give fewer than it is asked
 * for, as below OMP_THREAD_LIMIT. The library parts its work by what it is
 * told, and leaves out the shares of threads that are not there: so it is to be
 * told what alexnet_onednn_prepare_threads() has found. */
guint alexnet_onednn_set_threads (guint n_threads);
guint alexnet_onednn_get_threads (void);

/* Calls `func` once on each thread and waits for all. Does not allocate once
 * the threads are there. */
void alexnet_onednn_parallel (OnednnParallelFunc func, gpointer user);

/* Makes all of them, the calling one too, treat denormal floats as 0 from now
 * on: some processors need a hundred times as long for one. Returns how many
 * there are. */
guint alexnet_onednn_prepare_threads (void);

/* Milliseconds for which these threads have had a processor, up to now: the
 * clock of a whole process is only as exact as the kernel's ticks are. */
double alexnet_onednn_get_cpu_time (void);

/* Part `i` of `n` equal parts of 0 .. size - 1 begins here. */
static inline gsize
alexnet_onednn_part (gsize size, gsize i, gsize n)
{
  return size * i / n;
}

G_END_DECLS

#endif /* ALEXNET_ONEDNN_PARALLEL_H */
