/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kafkahelpers.h"

#include <glib/gstdio.h>

#define BROKER 1
#define LIMIT_MS 120000
#define INTERVAL_US 10000

static rd_kafka_t *
make_client (rd_kafka_type_t type, const char *brokers)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();
  char text[512];
  rd_kafka_t *client;

  if (brokers)
    rd_kafka_conf_set (conf, "bootstrap.servers", brokers, NULL, 0);
  if (type == RD_KAFKA_CONSUMER)
    rd_kafka_conf_set (conf, "group.id", "test", NULL, 0);
  client = rd_kafka_new (type, conf, text, sizeof text);
  fail_unless (client != NULL, "%s", text);
  return client;
}

Cluster *
test_cluster_new (void)
{
  Cluster *cluster = g_new (Cluster, 1);

  cluster->client = make_client (RD_KAFKA_PRODUCER, NULL);
  cluster->mock = rd_kafka_mock_cluster_new (cluster->client, 1);
  rd_kafka_mock_topic_create (cluster->mock, TEST_TOPIC, 1, 1);
  return cluster;
}

void
test_cluster_free (Cluster *cluster)
{
  rd_kafka_mock_cluster_destroy (cluster->mock);
  rd_kafka_destroy (cluster->client);
  g_free (cluster);
}

void
test_cluster_set_up (Cluster *cluster, gboolean up)
{
  if (up)
    rd_kafka_mock_broker_set_up (cluster->mock, BROKER);
  else
    rd_kafka_mock_broker_set_down (cluster->mock, BROKER);
}

static void
message_free (gpointer data)
{
  Message *message = data;

  g_hash_table_unref (message->headers);
  g_free (message->value);
  g_free (message->key);
  g_free (message);
}

static Message *
copy_message (const rd_kafka_message_t *source)
{
  Message *message = g_new (Message, 1);
  rd_kafka_headers_t *headers;
  const char *name;
  const void *value;
  size_t size;

  message->key = g_strndup (source->key, source->key_len);
  message->value = g_strndup (source->payload, source->len);
  message->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  fail_unless (rd_kafka_message_headers (source, &headers) == 0);
  for (guint i = 0;
       rd_kafka_header_get_all (headers, i, &name, &value, &size) == 0; i++)
    g_hash_table_insert (message->headers, g_strdup (name),
        g_strndup (value, size));
  return message;
}

static gint64
count_messages (rd_kafka_t *consumer)
{
  gint64 low, high;

  fail_unless (rd_kafka_query_watermark_offsets (consumer, TEST_TOPIC, 0, &low,
                   &high, LIMIT_MS) == 0);
  return high;
}

static rd_kafka_t *
make_consumer (Cluster *cluster)
{
  rd_kafka_t *consumer = make_client (RD_KAFKA_CONSUMER,
      rd_kafka_mock_cluster_bootstraps (cluster->mock));
  rd_kafka_topic_partition_list_t
      *partitions = rd_kafka_topic_partition_list_new (1);

  rd_kafka_poll_set_consumer (consumer);
  rd_kafka_topic_partition_list_add (partitions, TEST_TOPIC, 0)->offset = 0;
  fail_unless (rd_kafka_assign (consumer, partitions) == 0);
  rd_kafka_topic_partition_list_destroy (partitions);
  return consumer;
}

GPtrArray *
test_cluster_read (Cluster *cluster, guint n)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (message_free);
  rd_kafka_t *consumer = make_consumer (cluster);

  while (messages->len < n) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll (consumer, LIMIT_MS);

    fail_unless (message != NULL, "%u of %u messages", messages->len, n);
    if (!message->err)
      g_ptr_array_add (messages, copy_message (message));
    rd_kafka_message_destroy (message);
  }
  fail_unless_equals_int64 (count_messages (consumer), n);
  rd_kafka_destroy (consumer);
  return messages;
}

const char *
test_message_header (GPtrArray *messages, guint i, const char *name)
{
  const Message *message = g_ptr_array_index (messages, i);
  const char *value = g_hash_table_lookup (message->headers, name);

  fail_unless (value != NULL, "%s", name);
  return value;
}

Publisher *
test_publisher_new (Cluster *cluster, const char *upstream, const char *format,
    ...)
{
  Publisher *publisher = g_new (Publisher, 1);
  va_list args;
  char *properties, *line;
  GstElement *bin;

  va_start (args, format);
  properties = g_strdup_vprintf (format, args);
  va_end (args);
  line = g_strdup_printf ("%sclassificationkafka name=kafka topic=" TEST_TOPIC
                          " brokers=%s "
                          "settings=\"settings,reconnect.backoff.max.ms=100\" "
                          "%s",
      upstream, rd_kafka_mock_cluster_bootstraps (cluster->mock), properties);
  bin = gst_parse_bin_from_description (line, TRUE, NULL);
  publisher->element = gst_bin_get_by_name (GST_BIN (bin), "kafka");
  publisher->bus = gst_bus_new ();
  gst_element_set_bus (publisher->element, publisher->bus);
  publisher->harness = gst_harness_new_with_element (bin, "sink", "src");
  gst_harness_set_src_caps_str (publisher->harness, TEST_CAPS);
  gst_object_unref (bin);
  g_free (line);
  g_free (properties);
  return publisher;
}

void
test_publisher_free (Publisher *publisher)
{
  gst_element_set_state (publisher->element, GST_STATE_NULL);
  gst_element_set_bus (publisher->element, NULL);
  gst_object_unref (publisher->bus);
  gst_object_unref (publisher->element);
  gst_harness_teardown (publisher->harness);
  g_free (publisher);
}

void
test_publish (Publisher *publisher, guint number, const char *extra)
{
  char *fields = g_strdup_printf (
      "labels=<cat>, class-ids=<3>, confidences=<(float)0.75>, "
      "model=\"a model.safetensors\", frame-number=(guint64)%u, "
      "stream-time=(guint64)%" G_GUINT64_FORMAT "%s",
      number, number * (GST_SECOND / 25), extra ? extra : "");

  fail_unless_equals_int (gst_harness_push (publisher->harness,
                              test_buffer_new (fields)),
      GST_FLOW_OK);
  g_free (fields);
}

void
test_publish_many (Publisher *publisher, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    test_publish (publisher, i, NULL);
}

void
test_publish_eos (Publisher *publisher)
{
  fail_unless (gst_harness_push_event (publisher->harness,
      gst_event_new_eos ()));
}

void
test_expect_frames (GPtrArray *messages, guint from)
{
  for (guint i = 0; i < messages->len; i++) {
    const Message *message = g_ptr_array_index (messages, i);
    JsonObject *line = test_parse_line (message->value);

    fail_unless_equals_int (json_object_get_int_member (line, "frame_number"),
        from + i);
    json_object_unref (line);
  }
}

void
test_wait_for (Publisher *publisher, GstMessageType type, const char *text)
{
  gboolean found = FALSE;

  while (!found) {
    GstMessage *message = gst_bus_timed_pop_filtered (publisher->bus,
        LIMIT_MS * GST_MSECOND, type);
    GError *error = NULL;

    fail_unless (message != NULL, "nothing says: %s", text);
    if (type == GST_MESSAGE_WARNING)
      gst_message_parse_warning (message, &error, NULL);
    else
      gst_message_parse_info (message, &error, NULL);
    GST_INFO ("%s", error->message);
    found = strstr (error->message, text) != NULL;
    g_error_free (error);
    gst_message_unref (message);
  }
}

void
test_wait_for_stat (Publisher *publisher, const char *field, guint64 value)
{
  guint64 found = 0;

  for (guint i = 0; i < LIMIT_MS / (INTERVAL_US / 1000); i++) {
    found = test_stat (publisher->element, field);
    if (found == value)
      return;
    g_usleep (INTERVAL_US);
  }
  fail ("%s is %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, field, found,
      value);
}

char *
test_directory_new (void)
{
  char *directory = g_dir_make_tmp ("alexnet-XXXXXX", NULL);

  fail_unless (directory != NULL);
  return directory;
}

void
test_directory_free (char *directory)
{
  GDir *files = g_dir_open (directory, 0, NULL);
  const char *name;

  while (files && (name = g_dir_read_name (files))) {
    char *path = g_build_filename (directory, name, NULL);

    g_remove (path);
    g_free (path);
  }
  g_clear_pointer (&files, g_dir_close);
  g_rmdir (directory);
  g_free (directory);
}

guint
test_count_files (const char *directory)
{
  GDir *files = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (files && g_dir_read_name (files))
    n++;
  g_clear_pointer (&files, g_dir_close);
  return n;
}

char *
test_last_file (const char *directory, const char *suffix)
{
  GDir *files = g_dir_open (directory, 0, NULL);
  char *last = NULL, *path;
  const char *name;

  while ((name = g_dir_read_name (files)))
    if (g_str_has_suffix (name, suffix) && g_strcmp0 (name, last) > 0) {
      g_free (last);
      last = g_strdup (name);
    }
  g_dir_close (files);
  fail_unless (last != NULL);
  path = g_build_filename (directory, last, NULL);
  g_free (last);
  return path;
}
