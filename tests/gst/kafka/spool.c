/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The spool of classificationkafka alone: order, limit, and what is left of it
 * by processes that ended in the middle. */

#include "kafka/spool.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sys/resource.h>

#include "support/kafkahelpers.h"

#define MAX_BYTES (64 * 1024)
#define DIRECTORY "ALEXNET_TEST_SPOOL"

static GstAlexnetSpool *
open_with_limit (const char *directory, guint64 max_bytes)
{
  GError *error = NULL;
  GstAlexnetSpool *spool = gst_alexnet_spool_open (directory, max_bytes,
      &error);

  fail_unless (spool != NULL, "%s", error ? error->message : "");
  return spool;
}

static GstAlexnetSpool *
open_spool (const char *directory)
{
  return open_with_limit (directory, MAX_BYTES);
}

static gboolean
append_one (GstAlexnetSpool *spool, guint i)
{
  char *text = g_strdup_printf ("message %u", i);
  GBytes *bytes = g_bytes_new_take (text, strlen (text));
  gboolean ok = gst_alexnet_spool_append (spool, bytes, NULL);

  g_bytes_unref (bytes);
  return ok;
}

static void
append (GstAlexnetSpool *spool, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    fail_unless (append_one (spool, i));
}

/* Takes the next one, whose number is returned. */
static guint
take (GstAlexnetSpool *spool, GstAlexnetSpoolPlace *place)
{
  GBytes *bytes = gst_alexnet_spool_take (spool, place, NULL);
  const char *text;
  char *number;
  gsize size;
  guint i;

  fail_unless (bytes != NULL);
  text = g_bytes_get_data (bytes, &size);
  fail_unless (size > 8 && g_str_has_prefix (text, "message "));
  number = g_strndup (text + 8, size - 8);
  i = g_ascii_strtoull (number, NULL, 10);
  g_free (number);
  g_bytes_unref (bytes);
  return i;
}

static void
deliver (GstAlexnetSpool *spool, guint from, guint to)
{
  for (guint i = from; i < to; i++) {
    GstAlexnetSpoolPlace place;

    fail_unless_equals_int (take (spool, &place), i);
    fail_unless (gst_alexnet_spool_acknowledge (spool, &place, NULL));
  }
}

static void
expect_empty (GstAlexnetSpool *spool)
{
  GstAlexnetSpoolPlace place;

  fail_unless (gst_alexnet_spool_take (spool, &place, NULL) == NULL);
  fail_unless_equals_uint64 (gst_alexnet_spool_counts (spool)->n_waiting, 0);
}

/* Of what was taken, some is acknowledged, and the rest is taken again. */
static void
check_rewind (const char *directory)
{
  GstAlexnetSpool *spool = open_spool (directory);
  GstAlexnetSpoolPlace places[700];

  append (spool, 0, 700);
  for (guint i = 0; i < 700; i++)
    fail_unless_equals_int (take (spool, &places[i]), i);
  for (guint i = 0; i < 450; i++)
    fail_unless (gst_alexnet_spool_acknowledge (spool, &places[i], NULL));
  gst_alexnet_spool_rewind (spool);
  fail_unless_equals_uint64 (gst_alexnet_spool_counts (spool)->n_waiting, 250);
  append (spool, 700, 710);
  deliver (spool, 450, 710);
  expect_empty (spool);
  fail_unless_equals_uint64 (gst_alexnet_spool_counts (spool)->n_dropped, 0);
  gst_alexnet_spool_close (spool);
}

GST_START_TEST (test_rewind)
{
  char *directory = test_directory_new ();

  check_rewind (NULL);
  check_rewind (directory);
  fail_unless_equals_int (test_count_files (directory), 0);
  test_directory_free (directory);
}
GST_END_TEST

/* The oldest go; those that were taken are counted when it is known that they
 * cannot come again. */
static void
check_limit (const char *directory)
{
  GstAlexnetSpool *spool = open_spool (directory);
  const GstAlexnetSpoolCounts *counts = gst_alexnet_spool_counts (spool);
  GstAlexnetSpoolPlace places[10];
  GBytes *large = g_bytes_new_take (g_malloc0 (MAX_BYTES), MAX_BYTES);
  guint oldest;

  append (spool, 0, 10);
  for (guint i = 0; i < 10; i++)
    take (spool, &places[i]);
  append (spool, 10, 10000);
  fail_unless (counts->bytes <= MAX_BYTES);
  fail_unless_equals_uint64 (counts->n_waiting + counts->n_dropped, 10000);
  for (guint i = 0; i < 3; i++)
    fail_unless (gst_alexnet_spool_acknowledge (spool, &places[i], NULL));
  fail_unless_equals_uint64 (counts->n_waiting + counts->n_dropped, 9997);
  gst_alexnet_spool_rewind (spool);
  fail_unless_equals_uint64 (counts->n_waiting + counts->n_dropped, 9997);
  oldest = take (spool, &places[0]);
  fail_unless_equals_uint64 (counts->n_waiting, 10000 - oldest);
  fail_unless (gst_alexnet_spool_append (spool, large, NULL));
  fail_unless_equals_uint64 (counts->n_dropped, oldest - 3 + 1);
  fail_unless (gst_alexnet_spool_acknowledge (spool, &places[0], NULL));
  deliver (spool, oldest + 1, 10000);
  expect_empty (spool);
  g_bytes_unref (large);
  gst_alexnet_spool_close (spool);
}

GST_START_TEST (test_limit)
{
  char *directory = test_directory_new ();

  check_limit (NULL);
  check_limit (directory);
  test_directory_free (directory);
}
GST_END_TEST

/* Where a spool left off the next goes on, by its position; without one it
 * begins with the first message that is there. */
GST_START_TEST (test_position)
{
  char *directory = test_directory_new ();
  char *position = g_build_filename (directory, "position", NULL);
  GstAlexnetSpool *spool = open_spool (directory);

  append (spool, 0, 50);
  deliver (spool, 0, 20);
  gst_alexnet_spool_close (spool);
  spool = open_spool (directory);
  fail_unless_equals_uint64 (gst_alexnet_spool_counts (spool)->n_waiting, 30);
  append (spool, 50, 60);
  deliver (spool, 20, 30);
  gst_alexnet_spool_close (spool);
  fail_unless (g_file_set_contents (position, "123456789012345678901234", 24,
      NULL));
  spool = open_spool (directory);
  deliver (spool, 0, 60);
  expect_empty (spool);
  gst_alexnet_spool_close (spool);
  fail_unless_equals_int (test_count_files (directory), 0);
  test_directory_free (directory);
  g_free (position);
}
GST_END_TEST

/* Any part of the last message may be missing. */
GST_START_TEST (test_torn)
{
  const guint size = 8 + strlen ("message 0");

  for (guint cut = 1; cut < size; cut++) {
    char *directory = test_directory_new (), *path;
    GstAlexnetSpool *spool = open_spool (directory);

    append (spool, 0, 5);
    gst_alexnet_spool_close (spool);
    path = test_last_file (directory, ".spool");
    fail_unless (truncate (path, 5 * size - cut) == 0);
    for (guint i = 0; i < 2; i++) {
      spool = open_spool (directory);
      fail_unless_equals_int (gst_alexnet_spool_counts (spool)->n_torn, 1 - i);
      fail_unless_equals_uint64 (gst_alexnet_spool_counts (spool)->n_waiting,
          4);
      if (i == 0)
        gst_alexnet_spool_close (spool);
    }
    deliver (spool, 0, 4);
    expect_empty (spool);
    gst_alexnet_spool_close (spool);
    test_directory_free (directory);
    g_free (path);
  }
}
GST_END_TEST

/* What cannot be opened now is sent later. */
GST_START_TEST (test_no_descriptor)
{
  char *directory = test_directory_new ();
  GstAlexnetSpool *spool = open_spool (directory);
  struct rlimit limit, none;
  GstAlexnetSpoolPlace place;
  GError *error = NULL;

  append (spool, 0, 5);
  gst_alexnet_spool_close (spool);
  spool = open_spool (directory);
  fail_unless (getrlimit (RLIMIT_NOFILE, &limit) == 0);
  none = limit;
  none.rlim_cur = 0;
  fail_unless (setrlimit (RLIMIT_NOFILE, &none) == 0);
  fail_unless (gst_alexnet_spool_take (spool, &place, &error) == NULL);
  fail_unless (setrlimit (RLIMIT_NOFILE, &limit) == 0);
  fail_unless (strstr (error->message, "cannot open") != NULL, "%s",
      error->message);
  fail_unless_equals_uint64 (gst_alexnet_spool_counts (spool)->n_dropped, 0);
  deliver (spool, 0, 5);
  expect_empty (spool);
  gst_alexnet_spool_close (spool);
  test_directory_free (directory);
  g_error_free (error);
}
GST_END_TEST

/* What a disk has changed under the spool is not sent, and the rest is. */
GST_START_TEST (test_damaged)
{
  char *directory = test_directory_new (), *path;
  GstAlexnetSpool *spool = open_spool (directory);
  GstAlexnetSpoolPlace place;
  GError *error = NULL;
  FILE *file;

  append (spool, 0, 5);
  path = test_last_file (directory, ".spool");
  file = g_fopen (path, "r+");
  fail_unless (fseek (file, 2 * (8 + strlen ("message 0")) + 8, SEEK_SET) == 0);
  fail_unless (fputs ("M", file) >= 0 && fclose (file) == 0);
  gst_alexnet_spool_rewind (spool);
  deliver (spool, 0, 2);
  fail_unless (gst_alexnet_spool_take (spool, &place, &error) == NULL);
  fail_unless (strstr (error->message, "is not what was written to it") != NULL,
      "%s", error->message);
  append (spool, 5, 10);
  deliver (spool, 5, 10);
  expect_empty (spool);
  fail_unless_equals_uint64 (gst_alexnet_spool_counts (spool)->n_dropped, 3);
  gst_alexnet_spool_close (spool);
  test_directory_free (directory);
  g_error_free (error);
  g_free (path);
}
GST_END_TEST

/* What this program is with DIRECTORY in its environment: it appends until it
 * is killed, and writes a byte for each message. Not a child that only forks: a
 * sanitizer's allocator may be locked by another thread just then. */
static int
append_for_ever (const char *directory)
{
  GstAlexnetSpool *spool = gst_alexnet_spool_open (directory, G_MAXINT64, NULL);
  guint i = 0;

  while (spool && append_one (spool, i++) && write (STDOUT_FILENO, "", 1) == 1)
    ;
  return 1;
}

static GPid
spawn (const char *directory, int *output)
{
  char *argv[] = { (char *) "/proc/self/exe", NULL };
  char **environment = g_environ_setenv (g_get_environ (), DIRECTORY, directory,
      TRUE);
  GError *error = NULL;
  GPid pid;

  fail_unless (g_spawn_async_with_pipes (NULL, argv, environment,
                   G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL, output,
                   NULL, &error),
      "%s", error ? error->message : "");
  g_strfreev (environment);
  return pid;
}

/* Everything that had been appended is there, in order, wherever the process
 * was killed. */
GST_START_TEST (test_killed)
{
  char *directory = test_directory_new ();
  char bytes[500];
  guint n = 0;
  int output;
  GstAlexnetSpool *spool;
  GPid pid = spawn (directory, &output);

  while (n < 100 * (guint) (__i__ + 1)) {
    gssize n_read = read (output, bytes, sizeof bytes);

    fail_unless (n_read > 0);
    n += (guint) n_read;
  }
  fail_unless (kill (pid, SIGKILL) == 0);
  fail_unless (waitpid (pid, NULL, 0) == pid);
  close (output);

  spool = open_with_limit (directory, G_MAXINT64);
  fail_unless (gst_alexnet_spool_counts (spool)->n_waiting >= n);
  deliver (spool, 0, n);
  gst_alexnet_spool_close (spool);
  test_directory_free (directory);
}
GST_END_TEST

static Suite *
spool_suite (void)
{
  Suite *suite = suite_create ("spool");
  TCase *tests = test_case_new ("spool");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_rewind);
  tcase_add_test (tests, test_limit);
  tcase_add_test (tests, test_position);
  tcase_add_test (tests, test_torn);
  tcase_add_test (tests, test_no_descriptor);
  tcase_add_test (tests, test_damaged);
  tcase_add_loop_test (tests, test_killed, 0, 4);
  return suite;
}

int
main (int argc, char **argv)
{
  const char *directory = g_getenv (DIRECTORY);

  if (directory)
    return append_for_ever (directory);
  gst_check_init (&argc, &argv);
  return gst_check_run_suite (spool_suite (), "spool", __FILE__);
}
