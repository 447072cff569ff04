/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the threads of parallel.h wait for each other.
 *
 * libgomp lets one that waits turn for some milliseconds before it sleeps.
 * While processors are there for the asking that is best, because to wake a
 * thread takes tens of microseconds. Where others want them, as a decoder or
 * another process, a thread that turns takes a processor from what it waits
 * for. It turns a thousandth as long while libgomp has more threads than there
 * are processors (gcc's libgomp/env.c, gomp_throttled_spin_count_var); so where
 * a batch had to do without a processor, a thread more joins in, which does
 * nothing, and leaves when it is time to look again. */

#ifndef ALEXNET_ONEDNN_WAITING_H
#define ALEXNET_ONEDNN_WAITING_H

#include <glib.h>

G_BEGIN_DECLS

/* Of one thread that asks for work, and of the others it asks. Times are in
 * microseconds. */
typedef struct {
  gboolean decides; /* FALSE: the user does, or nothing is to be decided */
  gboolean is_crowded;
  gint64 until;            /* when to look again, by the monotonic clock */
  gint64 begin, begin_cpu; /* of this batch */
  gint64 time, cpu_time;   /* of those since the last look */
  guint n_lacked;          /* looks in a row that found too little */
} OnednnWaiting;

/* `n_threads` as alexnet_onednn_set_threads() had it. The user decides by
 * GOMP_SPINCOUNT or OMP_WAIT_POLICY; with less threads than processors there is
 * always one to be had. */
void alexnet_onednn_waiting_init (OnednnWaiting *self, guint n_threads);
void alexnet_onednn_waiting_clear (OnednnWaiting *self);

/* Before and behind what the calling thread does for a batch. */
void alexnet_onednn_waiting_begin (OnednnWaiting *self);
void alexnet_onednn_waiting_end (OnednnWaiting *self);

/* What _end() goes by: whether there is to be one more, when at `now` a batch
 * has taken `time`, for `cpu_time` of which its thread had a processor. */
gboolean alexnet_onednn_waiting_decide (OnednnWaiting *self, gint64 now,
    gint64 time, gint64 cpu_time);

/* There is one more from the first _join() to the last _leave(), where a thread
 * can be had. Any thread. */
void alexnet_onednn_crowd_join (void);
void alexnet_onednn_crowd_leave (void);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_WAITING_H */
