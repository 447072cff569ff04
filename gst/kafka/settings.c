/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "settings.h"

#include <string.h>

#define DEFAULT_SPOOL_MAX_BYTES (64 * 1024 * 1024)
#define MIN_SPOOL_MAX_BYTES (64 * 1024)
#define DEFAULT_FLUSH_TIMEOUT (10 * GST_SECOND)

#define MAX_TOPIC 249 /* bytes */

void
gst_alexnet_kafka_settings_init (GstAlexnetKafkaSettings *settings)
{
  *settings = (GstAlexnetKafkaSettings){
    .sender.spool_max_bytes = DEFAULT_SPOOL_MAX_BYTES,
    .flush_timeout = DEFAULT_FLUSH_TIMEOUT,
  };
}

void
gst_alexnet_kafka_settings_clear (GstAlexnetKafkaSettings *settings)
{
  g_clear_pointer (&settings->topic, g_free);
  g_clear_pointer (&settings->key, g_free);
  gst_alexnet_sender_settings_clear (&settings->sender);
}

void
gst_alexnet_kafka_settings_copy (const GstAlexnetKafkaSettings *settings,
    GstAlexnetKafkaSettings *copy)
{
  *copy = *settings;
  copy->topic = g_strdup (settings->topic);
  copy->key = g_strdup (settings->key);
  gst_alexnet_sender_settings_copy (&settings->sender, &copy->sender);
}

static gboolean
check_names (const char *topic, const char *key, GError **error)
{
  const char *const letters = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-";
  const char *problem = NULL;

  if (!topic)
    problem = "topic is not set";
  else if (strlen (topic) > MAX_TOPIC || topic[strspn (topic, letters)] ||
      g_str_equal (topic, ".") || g_str_equal (topic, ".."))
    problem = "topic has to be 1 to 249 letters, digits and ._-";
  else if (key && !g_utf8_validate (key, -1, NULL))
    problem = "key is not UTF-8";
  if (problem)
    g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        problem);
  return problem == NULL;
}

gboolean
gst_alexnet_kafka_settings_check (const GstAlexnetKafkaSettings *settings,
    GError **error)
{
  return check_names (settings->topic, settings->key, error) &&
      gst_alexnet_sender_check (&settings->sender, error);
}

static void
install_destination (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;

  /**
   * GstClassificationKafka:topic:
   *
   * The topic that is published to. Brokers may make it, or not, when they do
   * not have it; messages wait for it.
   */
  g_object_class_install_property (klass, GST_ALEXNET_KAFKA_TOPIC,
      g_param_spec_string ("topic", "Topic", "Topic to publish to; required",
          NULL, flags));

  /**
   * GstClassificationKafka:brokers:
   *
   * Some brokers of the cluster; the others are found through them.
   */
  g_object_class_install_property (klass, GST_ALEXNET_KAFKA_BROKERS,
      g_param_spec_string ("brokers", "Brokers",
          "Brokers of the cluster as host:port,...; NULL = among settings",
          NULL, flags));

  /**
   * GstClassificationKafka:key:
   *
   * The key of messages, as a camera's name. The id of a stream, which is the
   * default, is made of its URI for a file or a server, and at random for a
   * device.
   */
  g_object_class_install_property (klass, GST_ALEXNET_KAFKA_KEY,
      g_param_spec_string ("key", "Key",
          "Key of messages, which keep their order with the same one; NULL = "
          "the id of the stream",
          NULL, flags));
}

static void
install_client (GObjectClass *klass)
{
  /**
   * GstClassificationKafka:settings:
   *
   * Settings of librdkafka, as in
   * `settings="settings,compression.type=zstd,linger.ms=100"`, which go before
   * the element's own. `enable.idempotence` is true if it is not among them.
   */
  g_object_class_install_property (klass, GST_ALEXNET_KAFKA_SETTINGS,
      g_param_spec_boxed ("settings", "Settings",
          "Settings of librdkafka by name, as in \"settings,linger.ms=100\"",
          GST_TYPE_STRUCTURE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));
}

static void
install_spool (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * GstClassificationKafka:spool-directory:
   *
   * Where messages wait until a broker has acknowledged them. It belongs to one
   * element at a time.
   */
  g_object_class_install_property (klass, GST_ALEXNET_KAFKA_SPOOL_DIRECTORY,
      g_param_spec_string ("spool-directory", "Spool directory",
          "Directory in which messages wait for the broker and survive the "
          "process; NULL = they wait in memory",
          NULL, flags | GST_PARAM_MUTABLE_READY));

  /**
   * GstClassificationKafka:spool-max-bytes:
   *
   * How much may wait, in memory too. When it is reached an eighth goes.
   */
  g_object_class_install_property (klass, GST_ALEXNET_KAFKA_SPOOL_MAX_BYTES,
      g_param_spec_uint64 ("spool-max-bytes", "Spool bytes",
          "Most bytes of messages that wait for the broker; the oldest go",
          MIN_SPOOL_MAX_BYTES, G_MAXINT64, DEFAULT_SPOOL_MAX_BYTES,
          flags | GST_PARAM_MUTABLE_READY));

  /**
   * GstClassificationKafka:flush-timeout:
   *
   * How long the end of the stream waits for messages to be delivered. A
   * warning tells how many were not.
   */
  g_object_class_install_property (klass, GST_ALEXNET_KAFKA_FLUSH_TIMEOUT,
      g_param_spec_uint64 ("flush-timeout", "Flush timeout",
          "Longest wait for the broker at the end of the stream in nanoseconds",
          0, G_MAXUINT64, DEFAULT_FLUSH_TIMEOUT,
          flags | GST_PARAM_MUTABLE_PLAYING));
}

void
gst_alexnet_kafka_settings_install (GObjectClass *klass)
{
  install_destination (klass);
  install_client (klass);
  install_spool (klass);
}
