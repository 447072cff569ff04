/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where classificationjson writes, and what becomes of its lines when that
 * fails, waits or ends. */

#include "support/jsonhelpers.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file is made empty, or is not. */
GST_START_TEST (test_append)
{
  char *path = test_write_file ("", 0);
  static const char *appends[] = { "false", "true", "true", "false" };
  static const guint lines[] = { 1, 2, 3, 1 };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    GstHarness *harness = test_harness_new ("classificationjson location=%s "
                                            "append=%s",
        path, appends[i]);

    gst_harness_push (harness, test_buffer_new (TEST_CAT));
    gst_harness_teardown (harness);
    test_expect_n_lines (path, lines[i]);
  }
  g_remove (path);
  g_free (path);
}
GST_END_TEST

/* A line that a full disk has cut short spoils none of those that follow. */
GST_START_TEST (test_append_to_half_a_line)
{
  char *path = test_write_file ("{\"half", -1), **lines;
  GstHarness *harness = test_harness_new ("classificationjson location=%s "
                                          "append=true",
      path);

  gst_harness_push (harness, test_buffer_new (TEST_CAT));
  gst_harness_teardown (harness);
  lines = test_read_lines (path);
  fail_unless_equals_int (g_strv_length (lines), 2);
  fail_unless_equals_string (lines[0], "{\"half");
  fail_unless (lines[1][0] == '{' && g_str_has_suffix (lines[1], "}"));
  g_strfreev (lines);
  g_remove (path);
  g_free (path);
}
GST_END_TEST

static guint
count_descriptors (void)
{
  GDir *all = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (all))
    n++;
  g_dir_close (all);
  return n;
}

/* Where there is no room for the end of that line, nothing stays open. */
GST_START_TEST (test_append_without_room)
{
  char *path = test_write_file ("{\"half", -1), *text;
  GstElement *element = gst_element_factory_make_full ("classificationjson",
      "location", path, "append", TRUE, NULL);
  struct rlimit before, limit;
  guint n;

  gst_element_set_state (element, GST_STATE_READY);
  n = count_descriptors ();
  fail_unless (getrlimit (RLIMIT_FSIZE, &before) == 0);
  limit = before;
  limit.rlim_cur = strlen ("{\"half");
  signal (SIGXFSZ, SIG_IGN);
  fail_unless (setrlimit (RLIMIT_FSIZE, &limit) == 0);
  text = test_expect_error (element, GST_STATE_PAUSED);
  fail_unless (setrlimit (RLIMIT_FSIZE, &before) == 0);
  fail_unless (g_str_has_suffix (text, "\": File too large"), "%s", text);
  fail_unless_equals_int (count_descriptors (), n);
  gst_object_unref (element);
  g_remove (path);
  g_free (path);
  g_free (text);
}
GST_END_TEST

static char *
read_pipe (int fd)
{
  GString *contents = g_string_new (NULL);
  char bytes[4096];
  gssize n;

  while ((n = read (fd, bytes, sizeof bytes)) > 0)
    g_string_append_len (contents, bytes, n);
  return g_string_free (contents, FALSE);
}

/* The descriptor is not ours to close. */
GST_START_TEST (test_descriptor)
{
  int ends[2];
  GstHarness *harness;
  char **lines;

  fail_unless (pipe (ends) == 0);
  harness = test_harness_new ("classificationjson fd=%d", ends[1]);
  gst_harness_push (harness, test_buffer_new (TEST_CAT));
  gst_harness_teardown (harness);
  fail_unless (write (ends[1], "{}\n", 3) == 3);
  close (ends[1]);
  lines = test_split_lines (read_pipe (ends[0]));
  fail_unless_equals_int (g_strv_length (lines), 2);
  json_object_unref (test_parse_line (lines[0]));
  g_strfreev (lines);
  close (ends[0]);
}
GST_END_TEST

static gpointer
push_many (gpointer harness)
{
  char *text = g_strnfill (1000, 'x');
  char *fields = g_strdup_printf ("labels=<%s>, confidences=<(float)1>", text);

  for (guint i = 0; i < 300; i++)
    gst_harness_push (harness, test_buffer_new (fields));
  g_free (fields);
  g_free (text);
  return NULL;
}

/* Lines of two elements that write the same file do not mix, and none
 * overwrites another. */
GST_START_TEST (test_two_writers)
{
  char *path = test_write_file ("", 0), **lines;
  GstHarness *harnesses[2];
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    harnesses[i] = test_harness_new ("classificationjson location=%s", path);
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("push", push_many, harnesses[i]);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < 2; i++)
    gst_harness_teardown (harnesses[i]);
  lines = test_read_lines (path);
  fail_unless_equals_int (g_strv_length (lines), 600);
  for (guint i = 0; i < 600; i++)
    json_object_unref (test_parse_line (lines[i]));
  g_strfreev (lines);
  g_remove (path);
  g_free (path);
}
GST_END_TEST

static void
expect_write_error (GstHarness *harness, int code, const char *text)
{
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error;

  gst_element_set_bus (harness->element, bus);
  for (guint i = 0; i < 3; i++)
    fail_unless_equals_int (gst_harness_push (harness,
                                test_buffer_new (TEST_CAT)),
        GST_FLOW_ERROR);
  gst_harness_push_event (harness, gst_event_new_eos ());
  message = test_pop_message (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_error_matches (error, GST_RESOURCE_ERROR, code));
  fail_unless (strstr (error->message, text) != NULL, "%s", error->message);
  fail_unless_equals_int (test_count_messages (bus, GST_MESSAGE_ERROR), 0);
  g_error_free (error);
  gst_message_unref (message);
  gst_element_set_bus (harness->element, NULL);
  gst_object_unref (bus);
}

/* One error that says what and why, however many buffers come. */
GST_START_TEST (test_disk_full)
{
  GstHarness
      *harness = test_harness_new ("classificationjson location=/dev/full");

  expect_write_error (harness, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "cannot write to file \"/dev/full\": No space left on device");
  gst_harness_teardown (harness);
}
GST_END_TEST

/* An error, and no signal that ends the process. */
GST_START_TEST (test_reader_gone)
{
  GstHarness *harness;
  char *text;
  int ends[2];

  fail_unless (pipe (ends) == 0);
  close (ends[0]);
  harness = test_harness_new ("classificationjson fd=%d", ends[1]);
  text = g_strdup_printf ("cannot write to descriptor %d: Broken pipe",
      ends[1]);
  expect_write_error (harness, GST_RESOURCE_ERROR_WRITE, text);
  gst_harness_teardown (harness);
  close (ends[1]);
  g_free (text);
}
GST_END_TEST

static void
expect_open_error (const char *name, const char *value, const char *expected)
{
  GstElement *element = gst_element_factory_make ("classificationjson", NULL);
  char *text;

  gst_util_set_object_arg (G_OBJECT (element), name, value);
  text = test_expect_error (element, GST_STATE_PAUSED);
  fail_unless_equals_string (text, expected);
  g_free (text);
  gst_object_unref (element);
}

/* What cannot be written is found before the first buffer. */
GST_START_TEST (test_bad_targets)
{
  int fd = g_open ("/dev/null", O_RDONLY, 0);
  char *number = g_strdup_printf ("%d", fd);
  char *expected = g_strdup_printf ("cannot open descriptor %d: Bad file "
                                    "descriptor",
      fd);

  expect_open_error ("location", "/nowhere/a.jsonl",
      "cannot open file \"/nowhere/a.jsonl\": No such file or directory");
  expect_open_error ("location", "/", "cannot open file \"/\": Is a directory");
  expect_open_error ("fd", "1000",
      "cannot open descriptor 1000: Bad file descriptor");
  expect_open_error ("fd", number, expected);
  close (fd);
  g_free (expected);
  g_free (number);
}
GST_END_TEST

typedef struct {
  GstHarness *harness;
  char *fields;
  GstFlowReturn flow;
  int n; /* pushed */
} Pusher;

/* Pushes until that fails. */
static gpointer
push_until_failure (gpointer data)
{
  Pusher *pusher = data;

  do {
    pusher->flow = gst_harness_push (pusher->harness,
        test_buffer_new (pusher->fields));
    g_atomic_int_inc (&pusher->n);
  } while (pusher->flow == GST_FLOW_OK);
  return NULL;
}

/* Waits until the pusher does not get on: its pipe is full. */
static void
wait_until_stuck (Pusher *pusher)
{
  int before;

  do {
    before = g_atomic_int_get (&pusher->n);
    g_usleep (100000);
  } while (before == 0 || before != g_atomic_int_get (&pusher->n));
}

static void
start_pusher (Pusher *pusher, int fd, gsize label_size)
{
  char *label = g_strnfill (label_size, 'x');

  *pusher = (Pusher){
    .harness = test_harness_new ("classificationjson fd=%d", fd),
    .fields = g_strdup_printf ("labels=<%s>, confidences=<(float)1>", label),
  };
  g_free (label);
}

/* A reader that does not read cannot keep the element from stopping. */
GST_START_TEST (test_stop_while_waiting)
{
  Pusher pusher;
  GThread *thread;
  int ends[2];

  fail_unless (pipe (ends) == 0);
  start_pusher (&pusher, ends[1], 100);
  thread = g_thread_new ("push", push_until_failure, &pusher);
  wait_until_stuck (&pusher);
  gst_element_set_state (pusher.harness->element, GST_STATE_NULL);
  g_thread_join (thread);
  fail_unless_equals_int (pusher.flow, GST_FLOW_FLUSHING);
  gst_harness_teardown (pusher.harness);
  g_free (pusher.fields);
  close (ends[0]);
  close (ends[1]);
}
GST_END_TEST

static gpointer
read_in_thread (gpointer fd)
{
  return read_pipe (GPOINTER_TO_INT (fd));
}

/* Nor from being flushed; a line that was begun is finished afterwards, even
 * when nothing but the end of the stream comes. */
static void
flush_while_waiting (gsize label_size, gboolean push_more)
{
  GThread *thread, *reader;
  Pusher pusher;
  char **lines;
  int ends[2];

  fail_unless (pipe (ends) == 0);
  start_pusher (&pusher, ends[1], label_size);
  thread = g_thread_new ("push", push_until_failure, &pusher);
  wait_until_stuck (&pusher);
  gst_harness_push_event (pusher.harness, gst_event_new_flush_start ());
  g_thread_join (thread);
  fail_unless_equals_int (pusher.flow, GST_FLOW_FLUSHING);
  gst_harness_push_event (pusher.harness, gst_event_new_flush_stop (TRUE));

  reader = g_thread_new ("read", read_in_thread, GINT_TO_POINTER (ends[0]));
  if (push_more) {
    GstSegment segment;

    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (pusher.harness, gst_event_new_segment (&segment));
    fail_unless_equals_int (gst_harness_push (pusher.harness,
                                test_buffer_new (TEST_CAT)),
        GST_FLOW_OK);
  }
  gst_harness_push_event (pusher.harness, gst_event_new_eos ());
  gst_harness_teardown (pusher.harness);
  close (ends[1]);
  lines = test_split_lines (g_thread_join (reader));
  for (guint i = 0; lines[i]; i++)
    json_object_unref (test_parse_line (lines[i]));
  fail_unless (g_strv_length (lines) + 1 >= (guint) pusher.n);
  g_strfreev (lines);
  g_free (pusher.fields);
  close (ends[0]);
}

GST_START_TEST (test_flush_while_waiting)
{
  flush_while_waiting (100, TRUE);
  flush_while_waiting (100, FALSE);
  /* A line takes 7 pages of a pipe's 16: the third one is begun. */
  flush_while_waiting (25000, TRUE);
  flush_while_waiting (25000, FALSE);
}
GST_END_TEST

static char *
make_fifo (void)
{
  char *path = test_write_file ("", 0);

  g_remove (path);
  fail_unless (mkfifo (path, 0600) == 0);
  return path;
}

/* An application gets its thread back, hears what is waited for, and can stop
 * waiting. */
GST_START_TEST (test_fifo_without_a_reader)
{
  char *path = make_fifo ();
  char *line = test_line_new ("videotestsrc ! alexnetclassify ! "
                              "classificationjson location=%s ! fakesink",
      path);
  char *expected = g_strdup_printf ("Waiting for a reader of the FIFO \"%s\".",
      path);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);

  for (guint i = 0; i < 3; i++) {
    GstMessage *message;
    GError *info;

    fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_PLAYING),
        GST_STATE_CHANGE_ASYNC);
    message = test_pop_message (bus, GST_MESSAGE_INFO);
    gst_message_parse_info (message, &info, NULL);
    fail_unless_equals_string (info->message, expected);
    g_usleep (i * 100 * 1000);
    fail_unless_equals_int (gst_element_set_state (pipeline, GST_STATE_NULL),
        GST_STATE_CHANGE_SUCCESS);
    g_error_free (info);
    gst_message_unref (message);
  }
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_remove (path);
  g_free (expected);
  g_free (line);
  g_free (path);
}
GST_END_TEST

static gpointer
read_fifo (gpointer path)
{
  int fd = g_open (path, O_RDONLY, 0);
  char *contents;

  fail_unless (fd >= 0);
  contents = read_pipe (fd);
  close (fd);
  return contents;
}

static gpointer
push_three (gpointer harness)
{
  for (guint i = 0; i < 3; i++)
    fail_unless_equals_int (gst_harness_push (harness,
                                test_buffer_new (TEST_CAT)),
        GST_FLOW_OK);
  return NULL;
}

/* No line is lost to a reader that comes late, and one of a stream without any
 * sees its end. */
GST_START_TEST (test_late_reader)
{
  for (guint n = 0; n <= 3; n += 3) {
    char *path = make_fifo (), **lines;
    GstHarness *harness = test_harness_new ("classificationjson location=%s",
        path);
    GThread *push = NULL, *read;

    if (n > 0)
      push = g_thread_new ("push", push_three, harness);
    g_usleep (200 * 1000);
    read = g_thread_new ("read", read_fifo, path);
    if (push)
      g_thread_join (push);
    gst_harness_push_event (harness, gst_event_new_eos ());
    gst_harness_teardown (harness);
    lines = test_split_lines (g_thread_join (read));
    fail_unless_equals_int (g_strv_length (lines), n);
    g_strfreev (lines);
    g_remove (path);
    g_free (path);
  }
}
GST_END_TEST

static gpointer
push_one (gpointer harness)
{
  return GINT_TO_POINTER (gst_harness_push (harness,
      test_buffer_new (TEST_CAT)));
}

/* A flush ends the waiting, and the next line waits anew. */
GST_START_TEST (test_flush_without_a_reader)
{
  char *path = make_fifo ();
  GstHarness *harness = test_harness_new ("classificationjson location=%s",
      path);

  for (guint i = 0; i < 3; i++) {
    GThread *thread = g_thread_new ("push", push_one, harness);
    GstSegment segment;

    g_usleep (20 * 1000);
    gst_harness_push_event (harness, gst_event_new_flush_start ());
    fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)),
        GST_FLOW_FLUSHING);
    gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE));
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (harness, gst_event_new_segment (&segment));
  }
  gst_harness_teardown (harness);
  g_remove (path);
  g_free (path);
}
GST_END_TEST

/* What failed downstream, or stopped in the middle, has its lines. */
GST_START_TEST (test_lines_before_an_error)
{
  char *path = test_write_file ("", 0);
  char *text = test_line_new ("videotestsrc num-buffers=20 ! alexnetclassify ! "
                              "classificationjson location=%s ! "
                              "identity error-after=7 ! fakesink",
      path);
  GstElement *pipeline = gst_parse_launch (text, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gst_message_unref (test_pop_message (bus, GST_MESSAGE_ERROR));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  test_expect_n_lines (path, 7);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  g_remove (path);
  g_free (text);
  g_free (path);
}
GST_END_TEST

static Suite *
lines_suite (void)
{
  Suite *suite = suite_create ("lines");
  TCase *tests = test_case_new ("lines");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_append);
  tcase_add_test (tests, test_append_to_half_a_line);
  tcase_add_test (tests, test_append_without_room);
  tcase_add_test (tests, test_descriptor);
  tcase_add_test (tests, test_two_writers);
  tcase_add_test (tests, test_disk_full);
  tcase_add_test (tests, test_reader_gone);
  tcase_add_test (tests, test_bad_targets);
  tcase_add_test (tests, test_stop_while_waiting);
  tcase_add_test (tests, test_flush_while_waiting);
  tcase_add_test (tests, test_fifo_without_a_reader);
  tcase_add_test (tests, test_late_reader);
  tcase_add_test (tests, test_flush_without_a_reader);
  tcase_add_test (tests, test_lines_before_an_error);
  return suite;
}

GST_CHECK_MAIN (lines)
