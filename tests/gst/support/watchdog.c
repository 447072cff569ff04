/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE
#include "watchdog.h"

#include <execinfo.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_LIMIT 240 /* s */
#define GDB_LIMIT 60      /* s */
#define STACK_LIMIT 5     /* s that a thread has to print its own */
#define MAX_FRAMES 64

static struct {
  GThread *thread;
  GMutex lock;
  GCond changed;
  gboolean stop;
  guint limit; /* s */
} watchdog;

static sem_t printed;

/* FALSE: there is no gdb, or it may not attach. */
static gboolean
run_gdb (void)
{
  char pid[16];
  pid_t child;
  int status;

  g_snprintf (pid, sizeof pid, "%d", (int) getpid ());
  prctl (PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  child = fork ();
  if (child == 0) {
    dup2 (STDERR_FILENO, STDOUT_FILENO);
    alarm (GDB_LIMIT);
    execlp ("gdb", "gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off",
        "-ex", "thread apply all backtrace", "-p", pid, NULL);
    _exit (127);
  }
  return child > 0 && waitpid (child, &status, 0) == child &&
      WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static void
print_own_stack (int number)
{
  void *frames[MAX_FRAMES];
  int n = backtrace (frames, MAX_FRAMES);

  backtrace_symbols_fd (frames, n, STDERR_FILENO);
  sem_post (&printed);
}

static void
ask_thread (const char *tid)
{
  struct timespec until;

  fprintf (stderr, "thread %s:\n", tid);
  syscall (SYS_tgkill, getpid (), atoi (tid), SIGUSR1);
  clock_gettime (CLOCK_REALTIME, &until);
  until.tv_sec += STACK_LIMIT;
  sem_timedwait (&printed, &until);
}

static void
ask_threads (void)
{
  struct sigaction action = { .sa_handler = print_own_stack };
  GDir *tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *tid;

  sem_init (&printed, 0, 0);
  sigaction (SIGUSR1, &action, NULL);
  while (tasks && (tid = g_dir_read_name (tasks)))
    ask_thread (tid);
}

static gpointer
watch (gpointer unused)
{
  gint64 deadline = g_get_monotonic_time () +
      watchdog.limit * G_TIME_SPAN_SECOND;
  gboolean in_time = TRUE;

  g_mutex_lock (&watchdog.lock);
  while (!watchdog.stop && in_time)
    in_time = g_cond_wait_until (&watchdog.changed, &watchdog.lock, deadline);
  g_mutex_unlock (&watchdog.lock);
  if (in_time)
    return NULL;

  fprintf (stderr, "watchdog: the test hangs for %u s; its threads:\n",
      watchdog.limit);
  if (!run_gdb ())
    ask_threads ();
  abort ();
}

void
test_watchdog_start (void)
{
  const char *limit = g_getenv ("ALEXNET_TEST_WATCHDOG");

  watchdog.limit = limit ? (guint) atoi (limit) : DEFAULT_LIMIT;
  watchdog.stop = FALSE;
  watchdog.thread = g_thread_new ("watchdog", watch, NULL);
}

void
test_watchdog_stop (void)
{
  g_mutex_lock (&watchdog.lock);
  watchdog.stop = TRUE;
  g_cond_signal (&watchdog.changed);
  g_mutex_unlock (&watchdog.lock);
  g_thread_join (watchdog.thread);
}
