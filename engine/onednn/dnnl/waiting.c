/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libgomp counts the threads that it has made and not ended. Each thread that
 * asks for work gets others of its own, and they end with it; so the crowd is a
 * thread that has asked for one other and then sleeps. `crowd` is guarded by
 * its lock, a pthread's, into which ThreadSanitizer sees: the first who wants
 * it starts the thread with the number that there is, the last to leave counts
 * that up, by which the thread knows that it is to end, and waits for it
 * without the lock, so that meanwhile another one may be started. */

#define _GNU_SOURCE

#include "waiting.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "parallel.h"

/* A look takes so long. Threads that turn have a processor for all of it, but
 * for what happens now and then: so many looks in a row have to find less. */
#define LOOK (50 * G_TIME_SPAN_MILLISECOND)
#define LEAST_SHARE 0.95
#define N_LOOKS 2

/* So long nobody looks again. */
#define STAY (2 * G_TIME_SPAN_SECOND)

#define MOMENT (G_TIME_SPAN_MILLISECOND / 10)
#define MOST_MOMENTS 1000

int omp_get_num_procs (void);

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  guint n; /* who want it */
  gsize number;
  gboolean is_there;
  pthread_t thread;
} crowd = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };

/* ---- the crowd ----------------------------------------------------------- */

static void
do_nothing (gpointer user, guint thread, guint n_threads)
{
}

static gpointer
get_id (gpointer unused)
{
  return GINT_TO_POINTER (gettid ());
}

/* libgomp ends the process where it gets none. What has been joined counts a
 * moment longer; its number may be another thread's by then. */
static gboolean
can_have_thread (void)
{
  pthread_t thread;
  void *id;

  if (pthread_create (&thread, NULL, get_id, NULL) != 0)
    return FALSE;
  pthread_join (thread, &id);
  for (guint i = 0;
       i < MOST_MOMENTS && tgkill (getpid (), GPOINTER_TO_INT (id), 0) == 0;
       i++)
    g_usleep (MOMENT);
  return TRUE;
}

static gpointer
run_crowd (gpointer number)
{
  if (can_have_thread ()) {
    alexnet_onednn_set_threads (2);
    alexnet_onednn_parallel (do_nothing, NULL);
  }
  pthread_mutex_lock (&crowd.lock);
  while (crowd.number == GPOINTER_TO_SIZE (number))
    pthread_cond_wait (&crowd.changed, &crowd.lock);
  pthread_mutex_unlock (&crowd.lock);
  return NULL;
}

void
alexnet_onednn_crowd_join (void)
{
  pthread_mutex_lock (&crowd.lock);
  if (crowd.n++ == 0)
    crowd.is_there = pthread_create (&crowd.thread, NULL, run_crowd,
                         GSIZE_TO_POINTER (crowd.number)) == 0;
  pthread_mutex_unlock (&crowd.lock);
}

void
alexnet_onednn_crowd_leave (void)
{
  gboolean ends;
  pthread_t thread;

  pthread_mutex_lock (&crowd.lock);
  ends = --crowd.n == 0 && crowd.is_there;
  thread = crowd.thread;
  crowd.number += ends;
  pthread_cond_broadcast (&crowd.changed);
  pthread_mutex_unlock (&crowd.lock);
  if (ends)
    pthread_join (thread, NULL);
}

/* ---- deciding ------------------------------------------------------------ */

void
alexnet_onednn_waiting_init (OnednnWaiting *self, guint n_threads)
{
  *self = (OnednnWaiting){ 0 };
  self->decides = n_threads > 1 && n_threads >= (guint) omp_get_num_procs () &&
      !g_getenv ("GOMP_SPINCOUNT") && !g_getenv ("OMP_WAIT_POLICY");
}

static void
set_crowded (OnednnWaiting *self, gboolean is_crowded)
{
  if (is_crowded && !self->is_crowded)
    alexnet_onednn_crowd_join ();
  else if (!is_crowded && self->is_crowded)
    alexnet_onednn_crowd_leave ();
  self->is_crowded = is_crowded;
}

void
alexnet_onednn_waiting_clear (OnednnWaiting *self)
{
  set_crowded (self, FALSE);
}

/* While it is crowded threads sleep, which says nothing about processors. The
 * first look after it alone decides. */
gboolean
alexnet_onednn_waiting_decide (OnednnWaiting *self, gint64 now, gint64 time,
    gint64 cpu_time)
{
  gboolean lacked;

  if (self->is_crowded)
    return now < self->until;
  self->time += time;
  self->cpu_time += cpu_time;
  if (self->time < LOOK)
    return FALSE;
  lacked = (double) self->cpu_time < LEAST_SHARE * (double) self->time;
  self->n_lacked = lacked ? MIN (self->n_lacked + 1, N_LOOKS) : 0;
  self->time = self->cpu_time = 0;
  self->until = now + STAY;
  return self->n_lacked == N_LOOKS;
}

static gint64
get_cpu_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

void
alexnet_onednn_waiting_begin (OnednnWaiting *self)
{
  if (!self->decides)
    return;
  self->begin = g_get_monotonic_time ();
  self->begin_cpu = get_cpu_time ();
}

void
alexnet_onednn_waiting_end (OnednnWaiting *self)
{
  gint64 now;

  if (!self->decides)
    return;
  now = g_get_monotonic_time ();
  set_crowded (self,
      alexnet_onednn_waiting_decide (self, now, now - self->begin,
          get_cpu_time () - self->begin_cpu));
}
