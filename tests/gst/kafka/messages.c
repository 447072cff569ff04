/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What classificationkafka publishes, read by a consumer, and what it does not
 * take for settings. */

#include "support/kafkahelpers.h"

#include <glib/gstdio.h>

static const char *const headers[][2] = {
  { "ce_specversion", "1.0" },
  { "ce_source", "/alexnetclassify/a%20model.safetensors" },
  { "ce_type", "alexnetclassify.classification" },
  { "ce_subject", "door" },
  { "ce_dataschema", "urn:alexnetclassify:classificationjson.schema.json" },
  { "content-type", "application/json" },
};

/* Those above, ce_id and ce_time, and no other. */
static void
expect_headers (GPtrArray *messages, guint i)
{
  GDateTime *time = g_date_time_new_from_iso8601 (test_message_header (messages,
                                                      i, "ce_time"),
      NULL);

  for (guint j = 0; j < G_N_ELEMENTS (headers); j++)
    fail_unless_equals_string (test_message_header (messages, i, headers[j][0]),
        headers[j][1]);
  fail_unless (time != NULL && g_date_time_get_utc_offset (time) == 0);
  test_message_header (messages, i, "ce_id");
  fail_unless_equals_int (g_hash_table_size (((Message *) messages->pdata[i])
                                                 ->headers),
      G_N_ELEMENTS (headers) + 2);
  g_date_time_unref (time);
}

/* The lines that classificationjson writes of the same frames, in order, and
 * the headers that the Kafka binding of CloudEvents wants. */
GST_START_TEST (test_lines)
{
  Cluster *cluster = test_cluster_new ();
  char *path = test_write_file ("", 0), **lines;
  char *upstream = g_strdup_printf ("classificationjson location=%s ! ", path);
  Publisher *publisher = test_publisher_new (cluster, upstream, "key=door");
  GPtrArray *messages;

  test_publish_many (publisher, 0, 20);
  test_publish_eos (publisher);
  fail_unless_equals_uint64 (test_stat (publisher->element, "delivered"), 20);
  fail_unless_equals_uint64 (test_stat (publisher->element, "sent"), 20);
  fail_unless_equals_uint64 (test_stat (publisher->element, "spooled"), 0);
  messages = test_cluster_read (cluster, 20);
  test_expect_frames (messages, 0);
  lines = test_read_lines (path);
  for (guint i = 0; i < 20; i++) {
    const Message *message = g_ptr_array_index (messages, i);

    fail_unless_equals_string (message->key, "door");
    fail_unless_equals_string (message->value, lines[i]);
    expect_headers (messages, i);
  }
  g_strfreev (lines);
  g_ptr_array_unref (messages);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
  g_remove (path);
  g_free (upstream);
  g_free (path);
}
GST_END_TEST

static GstPadProbeReturn
answer_latency (GstPad *pad, GstPadProbeInfo *info, gpointer live)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return GST_PAD_PROBE_OK;
  gst_query_set_latency (query, GPOINTER_TO_INT (live), 0, -1);
  return GST_PAD_PROBE_HANDLED;
}

/* Publishes the first two frames of a source, of the stream `id`. */
static void
play (Cluster *cluster, const char *id, gboolean live, const char *properties)
{
  Publisher *publisher = test_publisher_new (cluster, "", "%s", properties);
  gulong probe = gst_pad_add_probe (publisher->harness->srcpad,
      GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, answer_latency, GINT_TO_POINTER (live),
      NULL);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (publisher->harness, gst_event_new_stream_start (id));
  gst_harness_push_event (publisher->harness, gst_event_new_segment (&segment));
  test_publish_many (publisher, 0, 2);
  test_publish_eos (publisher);
  gst_pad_remove_probe (publisher->harness->srcpad, probe);
  test_publisher_free (publisher);
}

/* A file that is classified again has the same pairs of source and id, another
 * file of the same key others, another model another source, and a camera never
 * the same ids. */
GST_START_TEST (test_ids)
{
  static const char *const ids[] = { "a/b/file/0/0", "a/b/file/40000000/1",
    "a/b/file/0/0", "a/b/file/40000000/1", "a/b/other/0/0",
    "a/b/other/40000000/1", "file/0/0", "file/40000000/1" };
  const guint n = G_N_ELEMENTS (ids);
  Cluster *cluster = test_cluster_new ();
  GPtrArray *messages;

  play (cluster, "file", FALSE, "key=a/b");
  play (cluster, "file", FALSE, "key=a/b");
  play (cluster, "other", FALSE, "key=a/b");
  play (cluster, "file", FALSE, "");
  play (cluster, "camera", TRUE, "key=a/b");
  play (cluster, "camera", TRUE, "key=a/b");
  messages = test_cluster_read (cluster, n + 4);
  for (guint i = 0; i < n; i++)
    fail_unless_equals_string (test_message_header (messages, i, "ce_id"),
        ids[i]);
  for (guint i = n; i < n + 4; i++)
    for (guint j = 0; j < i; j++)
      fail_if (g_str_equal (test_message_header (messages, i, "ce_id"),
          test_message_header (messages, j, "ce_id")));
  g_ptr_array_unref (messages);
  test_cluster_free (cluster);
}
GST_END_TEST

#define OF_MODEL \
  TEST_CAT ", frame-number=(guint64)0, stream-time=(guint64)0, model=m"

/* Results of two elements. */
GST_START_TEST (test_one_model_twice)
{
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher = test_publisher_new (cluster, "", "key=door");
  GstBuffer *buffer = test_buffer_new (OF_MODEL);
  GPtrArray *messages;
  char *expected;

  test_add_result (buffer, OF_MODEL ", inference-time=(guint64)2");
  fail_unless_equals_int (gst_harness_push (publisher->harness, buffer),
      GST_FLOW_OK);
  test_publish_eos (publisher);
  messages = test_cluster_read (cluster, 2);
  expected = g_strconcat (test_message_header (messages, 0, "ce_id"), "/1",
      NULL);
  fail_unless_equals_string (test_message_header (messages, 1, "ce_id"),
      expected);
  g_free (expected);
  g_ptr_array_unref (messages);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
}
GST_END_TEST

/* Without a key the stream has one. */
GST_START_TEST (test_stream_id)
{
  Cluster *cluster = test_cluster_new ();
  Publisher *publisher = test_publisher_new (cluster, "", "write-when=%s",
      "on-change");
  GstEvent *event = gst_pad_get_sticky_event (publisher->harness->srcpad,
      GST_EVENT_STREAM_START, 0);
  GPtrArray *messages;
  const char *id;

  gst_event_parse_stream_start (event, &id);
  test_publish_many (publisher, 7, 20);
  test_publish_eos (publisher);
  messages = test_cluster_read (cluster, 1);
  test_expect_frames (messages, 7);
  fail_unless_equals_string (((Message *) messages->pdata[0])->key, id);
  fail_unless_equals_string (test_message_header (messages, 0, "ce_subject"),
      id);
  gst_event_unref (event);
  g_ptr_array_unref (messages);
  test_publisher_free (publisher);
  test_cluster_free (cluster);
}
GST_END_TEST

static const struct {
  GstState state;
  const char *name, *value, *expected;
} bad_settings[] = {
  { GST_STATE_READY, "topic", "", "topic is not set" },
  { GST_STATE_READY, "topic", "a b",
      "topic has to be 1 to 249 letters, digits and ._-" },
  { GST_STATE_READY, "topic", "..",
      "topic has to be 1 to 249 letters, digits and ._-" },
  { GST_STATE_READY, "key", "\xff", "key is not UTF-8" },
  { GST_STATE_READY, "brokers", "",
      "brokers is not set: it names one at least, as host:port" },
  { GST_STATE_READY, "settings", "settings,linger.msec=5",
      "librdkafka has no setting \"linger.msec\"" },
  { GST_STATE_READY, "settings", "settings,linger.ms=soon",
      "librdkafka does not take \"soon\" for its setting \"linger.ms\"" },
  { GST_STATE_READY, "settings", "settings,message.timeout.ms=1000",
      "leave message.timeout.ms out" },
  { GST_STATE_PAUSED, "settings",
      "settings,security.protocol=ssl,ssl.ca.location=/nowhere.pem",
      "librdkafka does not start: " },
  { GST_STATE_PAUSED, "spool-directory", "/dev/null/spool",
      "cannot make the directory \"/dev/null/spool\": Not a directory" },
  { GST_STATE_PAUSED, "spool-directory", "/proc/spool",
      "cannot make the directory \"/proc/spool\": No such file or directory" },
};

/* One sentence, as early as it can be said. */
GST_START_TEST (test_bad_setting)
{
  char *directory = test_directory_new ();
  GstElement *element = gst_element_factory_make_full ("classificationkafka",
      "topic", TEST_TOPIC, "brokers", "127.0.0.1:9", "spool-directory",
      directory, NULL);
  char *text;

  if (g_str_equal (bad_settings[__i__].name, "settings"))
    gst_util_set_object_arg (G_OBJECT (element), "settings",
        bad_settings[__i__].value);
  else
    g_object_set (element, bad_settings[__i__].name, bad_settings[__i__].value,
        NULL);
  text = test_expect_error (element, bad_settings[__i__].state);
  fail_unless (strstr (text, bad_settings[__i__].expected) != NULL, "%s", text);
  g_free (text);
  gst_object_unref (element);
  test_directory_free (directory);
}
GST_END_TEST

/* Settings go before the element's own, of any type that has a text. */
GST_START_TEST (test_settings)
{
  GstElement *element = gst_element_factory_make_full ("classificationkafka",
      "topic", TEST_TOPIC, NULL);
  GstStructure *settings = gst_structure_new ("settings", "linger.ms",
                   G_TYPE_INT, 3, "enable.idempotence", G_TYPE_BOOLEAN, FALSE,
                   "acks", G_TYPE_STRING, "1", "test.mock.num.brokers",
                   G_TYPE_UINT, 1, NULL),
               *found;

  g_object_set (element, "settings", settings, NULL);
  g_object_get (element, "settings", &found, NULL);
  fail_unless (gst_structure_is_equal (found, settings));
  for (guint i = 0; i < 3; i++) {
    fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
        GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int (gst_element_set_state (element, GST_STATE_NULL),
        GST_STATE_CHANGE_SUCCESS);
  }
  gst_structure_free (settings);
  gst_structure_free (found);
  gst_object_unref (element);
}
GST_END_TEST

static Suite *
messages_suite (void)
{
  Suite *suite = suite_create ("messages");
  TCase *tests = test_case_new ("messages");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_lines);
  tcase_add_test (tests, test_ids);
  tcase_add_test (tests, test_one_model_twice);
  tcase_add_test (tests, test_stream_id);
  tcase_add_loop_test (tests, test_bad_setting, 0, G_N_ELEMENTS (bad_settings));
  tcase_add_test (tests, test_settings);
  return suite;
}

GST_CHECK_MAIN (messages)
