/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What becomes of the messages of classificationkafka when the broker is away,
 * slow or refuses them, and when the element is stopped meanwhile. */

#include "support/kafkahelpers.h"

#include <glib/gstdio.h>
#include <unistd.h>

/* A limit that has passed at once. */
#define NO_FLUSH "flush-timeout=1"

static void
expect_messages (Cluster *cluster, guint from, guint to)
{
  GPtrArray *messages = test_cluster_read (cluster, to - from);

  test_expect_frames (messages, from);
  g_ptr_array_unref (messages);
}

/* Frames pass as if nothing had happened; nothing is lost, doubled or out of
 * order afterwards. */
static void
return_after_a_while (const char *properties)
{
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher = test_publisher_new (cluster, "", "%s", properties);

  test_publish_many (publisher, 0, 10);
  test_wait_for_stat (publisher, "delivered", 10);
  test_cluster_set_up (cluster, FALSE);
  test_publish_many (publisher, 10, 700);
  test_wait_for (publisher, GST_MESSAGE_WARNING, "no broker can be reached, ");
  fail_unless_equals_uint64 (test_stat (publisher->element, "spooled"), 690);
  test_cluster_set_up (cluster, TRUE);
  test_wait_for (publisher, GST_MESSAGE_INFO, "messages are delivered again");
  test_publish_many (publisher, 700, 710);
  test_wait_for_stat (publisher, "delivered", 710);
  fail_unless_equals_uint64 (test_stat (publisher->element, "dropped"), 0);
  expect_messages (cluster, 0, 710);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
}

GST_START_TEST (test_away)
{
  char *directory = test_directory_new ();
  char *properties = g_strdup_printf ("spool-directory=%s", directory);

  return_after_a_while ("");
  return_after_a_while (properties);
  fail_unless_equals_int (test_count_files (directory), 0);
  g_free (properties);
  test_directory_free (directory);
}
GST_END_TEST

/* What was not delivered at the end is counted, twice: that it is late, and
 * then that it is lost. */
GST_START_TEST (test_lost_at_the_end)
{
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher;

  test_cluster_set_up (cluster, FALSE);
  publisher = test_publisher_new (cluster, "", NO_FLUSH);
  test_publish_many (publisher, 0, 5);
  test_publish_eos (publisher);
  test_wait_for (publisher, GST_MESSAGE_WARNING,
      "5 messages were not delivered at the end of the stream");
  gst_element_set_state (publisher->element, GST_STATE_READY);
  test_wait_for (publisher, GST_MESSAGE_WARNING, "5 messages are lost");
  fail_unless_equals_uint64 (test_stat (publisher->element, "dropped"), 5);
  fail_unless_equals_uint64 (test_stat (publisher->element, "spooled"), 0);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
}
GST_END_TEST

/* Publishes into the spool of a cluster that is away, and ends. */
static void
fill_spool (Cluster *cluster, const char *directory, guint from, guint to)
{
  Publisher *publisher = test_publisher_new (cluster, "",
      NO_FLUSH " spool-directory=%s", directory);
  char *text = g_strdup_printf ("%u messages wait in spool-directory", to);

  test_publish_many (publisher, from, to);
  test_publish_eos (publisher);
  test_wait_for (publisher, GST_MESSAGE_WARNING, text);
  test_publisher_free (publisher);
  g_free (text);
}

/* The next start sends first what the ones before have left. */
GST_START_TEST (test_restart)
{
  char *directory = test_directory_new ();
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher;

  test_cluster_set_up (cluster, FALSE);
  fill_spool (cluster, directory, 0, 30);
  fill_spool (cluster, directory, 30, 45);
  test_cluster_set_up (cluster, TRUE);
  publisher = test_publisher_new (cluster, "", "spool-directory=%s", directory);
  test_publish_many (publisher, 45, 50);
  test_publish_eos (publisher);
  fail_unless_equals_uint64 (test_stat (publisher->element, "delivered"), 50);
  test_publisher_free (publisher);
  expect_messages (cluster, 0, 50);
  fail_unless_equals_int (test_count_files (directory), 0);
  test_cluster_free (cluster);
  test_directory_free (directory);
}
GST_END_TEST

/* A process that was killed while it wrote has left half a message. */
GST_START_TEST (test_half_a_message)
{
  char *directory = test_directory_new (), *path;
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher;
  GStatBuf status;

  test_cluster_set_up (cluster, FALSE);
  fill_spool (cluster, directory, 0, 30);
  path = test_last_file (directory, ".spool");
  fail_unless (g_stat (path, &status) == 0);
  fail_unless (truncate (path, status.st_size - 5) == 0);
  test_cluster_set_up (cluster, TRUE);
  publisher = test_publisher_new (cluster, "", "spool-directory=%s", directory);
  gst_element_set_state (publisher->element, GST_STATE_READY);
  fail_unless_equals_uint64 (test_stat (publisher->element, "dropped"), 1);
  gst_element_set_state (publisher->element, GST_STATE_PLAYING);
  test_wait_for_stat (publisher, "spooled", 0);
  expect_messages (cluster, 0, 29);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
  test_directory_free (directory);
  g_free (path);
}
GST_END_TEST

/* The oldest make room; those that librdkafka had already are not lost. */
GST_START_TEST (test_full)
{
  char *directory = test_directory_new ();
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher;
  GPtrArray *messages;
  guint64 dropped;
  JsonObject *line;

  test_cluster_set_up (cluster, FALSE);
  publisher = test_publisher_new (cluster, "",
      "spool-max-bytes=65536 spool-directory=%s", directory);
  test_publish_many (publisher, 0, 2000);
  dropped = test_stat (publisher->element, "dropped");
  fail_unless (dropped > 1000 && dropped < 2000);
  fail_unless (test_stat (publisher->element, "spool-bytes") <= 65536);
  test_cluster_set_up (cluster, TRUE);
  test_wait_for_stat (publisher, "delivered", 2000 - dropped);
  messages = test_cluster_read (cluster, 2000 - dropped);
  line = test_parse_line (((Message *) messages->pdata[messages->len - 1])
                              ->value);
  fail_unless_equals_int (json_object_get_int_member (line, "frame_number"),
      1999);
  json_object_unref (line);
  g_ptr_array_unref (messages);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
  test_directory_free (directory);
}
GST_END_TEST

/* One is given up, by librdkafka or by the broker; the others come. */
GST_START_TEST (test_too_large)
{
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher = test_publisher_new (cluster, "", " ");
  char *name = g_strnfill (1200000, 'x');
  char *extra = g_strdup_printf (", backend=%s", name);

  test_publish (publisher, 0, NULL);
  test_publish (publisher, 77, extra);
  test_wait_for (publisher, GST_MESSAGE_WARNING,
      "a message was not delivered, and is given up: ");
  test_wait_for_stat (publisher, "delivered", 1);
  rd_kafka_mock_push_request_errors (cluster->mock, TEST_PRODUCE, 1,
      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  test_publish (publisher, 78, NULL);
  test_wait_for_stat (publisher, "failed", 2);
  test_publish (publisher, 1, NULL);
  test_publish_eos (publisher);
  fail_unless_equals_uint64 (test_stat (publisher->element, "delivered"), 2);
  expect_messages (cluster, 0, 2);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
  g_free (extra);
  g_free (name);
}
GST_END_TEST

/* librdkafka tries again what the broker had no time for, and once is enough.
 */
GST_START_TEST (test_passing_errors)
{
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher = test_publisher_new (cluster, "", " ");

  rd_kafka_mock_push_request_errors (cluster->mock, TEST_PRODUCE, 4,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
  test_publish_many (publisher, 0, 50);
  test_wait_for_stat (publisher, "delivered", 50);
  expect_messages (cluster, 0, 50);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
}
GST_END_TEST

/* In memory a message has as much time as librdkafka is told to give it. */
GST_START_TEST (test_timeout)
{
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher;

  test_cluster_set_up (cluster, FALSE);
  publisher = test_publisher_new (cluster, "",
      "settings=\"settings,message.timeout.ms=1000\"");
  test_publish_many (publisher, 0, 3);
  test_wait_for (publisher, GST_MESSAGE_WARNING, "Message timed out");
  test_wait_for_stat (publisher, "failed", 3);
  test_wait_for_stat (publisher, "spooled", 0);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
}
GST_END_TEST

/* Messages that a client cannot send are sent by a new one. */
static void
begin_again (Cluster *cluster, const char *why)
{
  Publisher *publisher = test_publisher_new (cluster, "",
      "settings=\"settings,topic.metadata.propagation.max.ms=0\"");
  char *text = g_strconcat ("messages cannot be sent, and are again in 1 s: ",
      why, NULL);

  test_publish_many (publisher, 0, 20);
  test_wait_for (publisher, GST_MESSAGE_WARNING, text);
  rd_kafka_mock_topic_set_error (cluster->mock, TEST_TOPIC,
      RD_KAFKA_RESP_ERR_NO_ERROR);
  test_publish_many (publisher, 20, 30);
  test_wait_for_stat (publisher, "delivered", 30);
  expect_messages (cluster, 0, 30);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
  g_free (text);
}

/* librdkafka says it as the broker's error or as its own, whichever is first.
 */
GST_START_TEST (test_topic_refused)
{
  Cluster *cluster = test_cluster_new ();

  rd_kafka_mock_topic_set_error (cluster->mock, TEST_TOPIC,
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  begin_again (cluster, "");
}
GST_END_TEST

GST_START_TEST (test_fatal_error)
{
  Cluster *cluster = test_cluster_new ();

  rd_kafka_mock_push_request_errors (cluster->mock, TEST_INIT_PRODUCER, 1,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  begin_again (cluster, "Failed to acquire ");
}
GST_END_TEST

/* When what cannot be opened is tried again, by the next warning of it. */
static char *
wait_for_refusal (Publisher *publisher)
{
  for (;;) {
    GstMessage *message = test_pop_message (publisher->bus,
        GST_MESSAGE_WARNING);
    char *when = NULL;
    GError *error;

    gst_message_parse_warning (message, &error, NULL);
    gst_message_unref (message);
    if (strstr (error->message, "cannot open")) {
      const char *again = strstr (error->message, "again in ");

      fail_unless (again != NULL, "only \"%s\" is said", error->message);
      when = g_strdup (again);
    }
    g_error_free (error);
    if (when)
      return when;
  }
}

/* A file that cannot be opened is told once each time, with when it is tried
 * again. */
GST_START_TEST (test_file_that_cannot_be_opened)
{
  char *directory = test_directory_new (), *path, *first, *second;
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher;

  test_cluster_set_up (cluster, FALSE);
  fill_spool (cluster, directory, 0, 5);
  path = test_last_file (directory, ".spool");
  test_cluster_set_up (cluster, TRUE);
  rd_kafka_mock_topic_set_error (cluster->mock, TEST_TOPIC,
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  publisher = test_publisher_new (cluster, "",
      NO_FLUSH " settings=\"settings,topic.metadata.propagation.max.ms=0\""
               " spool-directory=%s",
      directory);
  test_publish (publisher, 5, NULL);
  test_wait_for (publisher, GST_MESSAGE_WARNING, "are again in 1 s");
  fail_unless (g_remove (path) == 0 && g_mkdir (path, 0777) == 0);
  first = wait_for_refusal (publisher);
  second = wait_for_refusal (publisher);
  fail_unless (strcmp (first, second) != 0, "said twice: %s", first);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
  g_remove (path);
  test_directory_free (directory);
  g_free (second);
  g_free (first);
  g_free (path);
}
GST_END_TEST

static gpointer
push_eos (gpointer publisher)
{
  gst_harness_push_event (((Publisher *) publisher)->harness,
      gst_event_new_eos ());
  return NULL;
}

/* The end of a stream waits for the broker, but not against who stops or
 * flushes it. */
GST_START_TEST (test_stop_while_flushing)
{
  Cluster *cluster = test_cluster_new ();

  test_cluster_set_up (cluster, FALSE);
  for (guint i = 0; i < 2; i++) {
    Publisher *publisher = test_publisher_new (cluster, "",
        "flush-timeout=3600000000000");
    GThread *thread;

    test_publish_many (publisher, 0, 5);
    thread = g_thread_new ("eos", push_eos, publisher);
    g_usleep (i * 200 * 1000);
    if (i == 0)
      gst_harness_push_event (publisher->harness, gst_event_new_flush_start ());
    else
      gst_element_set_state (publisher->element, GST_STATE_NULL);
    g_thread_join (thread);
    test_publisher_free (publisher);
  }
  test_cluster_free (cluster);
}
GST_END_TEST

/* A directory is one element's. */
GST_START_TEST (test_taken_directory)
{
  char *directory = test_directory_new (), *text;
  char *expected = g_strdup_printf ("another element spools messages in \"%s\"",
      directory);
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher = test_publisher_new (cluster, "", "spool-directory=%s",
      directory);
  GstElement *element = gst_element_factory_make_full ("classificationkafka",
      "topic", TEST_TOPIC, "brokers", "127.0.0.1:9", "spool-directory",
      directory, NULL);

  text = test_expect_error (element, GST_STATE_PAUSED);
  fail_unless_equals_string (text, expected);
  test_publisher_free (publisher);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  test_cluster_free (cluster);
  test_directory_free (directory);
  g_free (expected);
  g_free (text);
}
GST_END_TEST

static Suite *
outage_suite (void)
{
  Suite *suite = suite_create ("outage");
  TCase *tests = test_case_new ("outage");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_away);
  tcase_add_test (tests, test_lost_at_the_end);
  tcase_add_test (tests, test_restart);
  tcase_add_test (tests, test_half_a_message);
  tcase_add_test (tests, test_full);
  tcase_add_test (tests, test_too_large);
  tcase_add_test (tests, test_passing_errors);
  tcase_add_test (tests, test_timeout);
  tcase_add_test (tests, test_topic_refused);
  tcase_add_test (tests, test_fatal_error);
  tcase_add_test (tests, test_file_that_cannot_be_opened);
  tcase_add_test (tests, test_stop_while_flushing);
  tcase_add_test (tests, test_taken_directory);
  return suite;
}

GST_CHECK_MAIN (outage)
