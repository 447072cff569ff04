/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whoever wants processors beside the network gets them: where a batch had to
 * do without one, threads that wait sleep instead of turning. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "onednn/dnnl/parallel.h"
#include "onednn/dnnl/waiting.h"

#define MS G_TIME_SPAN_MILLISECOND

int omp_get_num_procs (void);

static guint
count_processors (void)
{
  return (guint) omp_get_num_procs ();
}

/* One batch after the other, each of 10 ms and a pause of 10. */
static const struct {
  guint n;          /* batches */
  gint64 cpu_time;  /* of each */
  gboolean crowded; /* what the last one decides, and none before it */
} steps[] = {
  /* All processors are there. */
  { 100, 10 * MS, FALSE },
  /* Something happened, once. */
  { 5, 5 * MS, FALSE },
  { 5, 10 * MS, FALSE },
  { 5, 5 * MS, FALSE },
  /* And again: two looks of 50 ms in a row. */
  { 5, 9 * MS, TRUE },
};

static void
test_decide (void)
{
  OnednnWaiting waiting = { .decides = TRUE };
  gint64 now = 0;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    for (guint n = 1; n <= steps[i].n; n++) {
      now += 20 * MS;
      g_assert_cmpint (alexnet_onednn_waiting_decide (&waiting, now, 10 * MS,
                           steps[i].cpu_time),
          ==, n == steps[i].n && steps[i].crowded);
    }
}

/* What batches take meanwhile does not count. Then a look is enough. */
static void
test_look_again (void)
{
  OnednnWaiting waiting = {
    .is_crowded = TRUE, .until = 100 * MS, .n_lacked = 2
  };

  g_assert_true (alexnet_onednn_waiting_decide (&waiting, 99 * MS, 50 * MS, 0));
  g_assert_false (alexnet_onednn_waiting_decide (&waiting, 100 * MS, 50 * MS,
      0));
  waiting.is_crowded = FALSE;
  g_assert_true (alexnet_onednn_waiting_decide (&waiting, 200 * MS, 60 * MS,
      50 * MS));
  waiting.is_crowded = TRUE;
  g_assert_false (alexnet_onednn_waiting_decide (&waiting, waiting.until,
      50 * MS, 0));
  waiting.is_crowded = FALSE;
  g_assert_false (alexnet_onednn_waiting_decide (&waiting, 9000 * MS, 60 * MS,
      60 * MS));
}

static gboolean
decides (guint n_threads)
{
  OnednnWaiting waiting;

  alexnet_onednn_waiting_init (&waiting, n_threads);
  return waiting.decides;
}

static void
test_who_decides (void)
{
  static const char *const names[] = { "GOMP_SPINCOUNT", "OMP_WAIT_POLICY" };
  guint n = MAX (count_processors (), 2);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_unsetenv (names[i]);
  g_assert_true (decides (n));
  g_assert_false (decides (1));
  if (count_processors () > 2)
    g_assert_false (decides (count_processors () - 1));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_setenv (names[i], "1000", TRUE);
    g_assert_false (decides (n));
    g_unsetenv (names[i]);
  }
}

/* Milliseconds that threads turn behind what they were asked for. */
static double
measure_turning (void)
{
  double before = alexnet_onednn_get_cpu_time ();

  g_usleep (50 * MS);
  return alexnet_onednn_get_cpu_time () - before;
}

/* Until that is more, or less, than `limit`. */
static gboolean
wait_turning (double limit, gboolean more)
{
  for (guint i = 0; i < 100; i++)
    if ((measure_turning () > limit) == more)
      return TRUE;
  return FALSE;
}

/* Of two who want it the first to leave changes nothing. */
static void
test_crowd (void)
{
  double alone = 0;

  if (count_processors () < 2) {
    g_test_skip ("with one processor threads never turn for long");
    return;
  }
  alexnet_onednn_set_threads (count_processors ());
  alexnet_onednn_get_cpu_time ();
  for (guint i = 0; i < 5; i++)
    alone = MAX (alone, measure_turning ());
  g_assert_cmpfloat (alone, >, 0);
  alexnet_onednn_crowd_join ();
  alexnet_onednn_crowd_join ();
  g_assert_true (wait_turning (alone / 4, FALSE));
  alexnet_onednn_crowd_leave ();
  g_usleep (50 * MS);
  g_assert_true (wait_turning (alone / 4, FALSE));
  alexnet_onednn_crowd_leave ();
  g_assert_true (wait_turning (alone / 4, TRUE));
}

/* ---- a system that has few threads left ---------------------------------- */

static atomic_int n_left = G_MAXINT;

typedef struct {
  void *(*run) (void *data);
  void *data;
} Start;

static void
give_back (void *unused)
{
  atomic_fetch_add (&n_left, 1);
}

static void *
run_and_give_back (void *data)
{
  Start start = *(Start *) data;
  void *result;

  free (data);
  pthread_cleanup_push (give_back, NULL);
  result = start.run (start.data);
  pthread_cleanup_pop (TRUE);
  return result;
}

/* That of the C library, but for the limit. */
__attribute__ ((visibility ("default"))) int
pthread_create (pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run) (void *data), void *data)
{
  int (*create) (pthread_t *, const pthread_attr_t *, void *(*) (void *),
      void *) = dlsym (RTLD_NEXT, "pthread_create");
  Start *start;

  if (atomic_fetch_sub (&n_left, 1) <= 0) {
    give_back (NULL);
    return EAGAIN;
  }
  start = malloc (sizeof *start);
  *start = (Start){ run, data };
  return create (thread, attributes, run_and_give_back, start);
}

static void
wait_left (int expected)
{
  for (guint i = 0; i < 1000 && atomic_load (&n_left) != expected; i++)
    g_usleep (10 * MS);
  g_assert_cmpint (atomic_load (&n_left), ==, expected);
}

/* libgomp ends the process where it gets none. */
static void
test_few_threads (void)
{
  for (int n = 0; n <= 3; n++) {
    atomic_store (&n_left, n);
    alexnet_onednn_crowd_join ();
    wait_left (MAX (n - 2, 0));
    g_usleep (10 * MS);
    wait_left (MAX (n - 2, 0));
    alexnet_onednn_crowd_leave ();
    wait_left (n);
  }
  atomic_store (&n_left, G_MAXINT);
}

static atomic_bool numbers_stay;

/* That of the C library, but for threads whose number another one has. */
__attribute__ ((visibility ("default"))) int
tgkill (pid_t process, pid_t thread, int signal)
{
  return atomic_load (&numbers_stay)
      ? 0
      : (int) syscall (SYS_tgkill, process, thread, signal);
}

/* It gives up waiting for that one's end. */
static void
test_number_of_another (void)
{
  atomic_store (&numbers_stay, TRUE);
  alexnet_onednn_crowd_join ();
  alexnet_onednn_crowd_leave ();
  atomic_store (&numbers_stay, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/waiting/decide", test_decide);
  g_test_add_func ("/waiting/look-again", test_look_again);
  g_test_add_func ("/waiting/who-decides", test_who_decides);
  g_test_add_func ("/waiting/crowd", test_crowd);
  g_test_add_func ("/waiting/few-threads", test_few_threads);
  g_test_add_func ("/waiting/number-of-another", test_number_of_another);
  return g_test_run ();
}
