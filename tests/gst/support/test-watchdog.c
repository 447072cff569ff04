/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A watchdog that does not bark would not be missed: hangs on purpose, in a
 * process of its own, and looks for the function in which it does. */

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watchdog.h"

/* Exported, so that the program itself can tell its name. */
__attribute__ ((visibility ("default"))) gpointer hang_here (gpointer unused);

gpointer
hang_here (gpointer unused)
{
  for (;;)
    pause ();
  return NULL;
}

static void
hang (int output)
{
  dup2 (output, STDERR_FILENO);
  g_setenv ("ALEXNET_TEST_WATCHDOG", "1", TRUE);
  test_watchdog_start ();
  g_thread_join (g_thread_new ("hangs", hang_here, NULL));
}

static char *
read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  return g_string_free (text, FALSE);
}

static void
test_hang (gconstpointer path)
{
  g_autofree char *text = NULL;
  int ends[2], status;
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0) {
    if (path)
      g_setenv ("PATH", path, TRUE);
    hang (ends[1]);
    _exit (0);
  }
  close (ends[1]);
  text = read_all (ends[0]);
  close (ends[0]);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGABRT);
  g_assert_nonnull (strstr (text, "watchdog: the test hangs for 1 s"));
  g_assert_nonnull (strstr (text, "hang_here"));
}

static void
test_in_time (void)
{
  g_setenv ("ALEXNET_TEST_WATCHDOG", "3600", TRUE);
  for (guint i = 0; i < 3; i++) {
    test_watchdog_start ();
    test_watchdog_stop ();
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/watchdog/hang", NULL, test_hang);
  g_test_add_data_func ("/watchdog/hang-without-gdb", "/nowhere", test_hang);
  g_test_add_func ("/watchdog/in-time", test_in_time);
  return g_test_run ();
}
