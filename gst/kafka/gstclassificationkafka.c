/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-classificationkafka
 * @title: classificationkafka
 * @short_description: Publishes classifications to Kafka
 *
 * Passes buffers through, and publishes each line that #GstClassificationJson
 * would write of them, without its newline, as a message to a topic of Kafka.
 *
 * The message is a CloudEvent 1.0 in binary mode: headers ce_specversion,
 * ce_id, ce_source, ce_type, ce_subject, ce_time, ce_dataschema and
 * content-type. Its key, ce_subject too, is #GstClassificationKafka:key, so
 * that messages of one stream keep their order. ce_id is key, id of the stream,
 * which is told once where it is the key, stream time in nanoseconds and number
 * of the frame, for a live source with the time of its start before these, and
 * ce_source names the model; where one model is there twice, ce_id ends in `/1`
 * for the second result. Of two messages that have the same pair of these one
 * can be left out, e.g. when a file was classified again: sources that have a
 * URI, as filesrc, give a stream the same id again, and others, as appsrc, a
 * new one.
 *
 * The broker is never waited for, but at the end of the stream, for
 * #GstClassificationKafka:flush-timeout at most. While it is away, messages
 * wait in memory or, with #GstClassificationKafka:spool-directory, in files,
 * where they survive the process; the next start sends them first. When there
 * are too many of them the oldest go, and count as dropped in
 * #GstClassificationKafka:stats. A warning says when the broker is away, which
 * messages are given up, and how many are left.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! alexnetclassify !
 * classificationkafka brokers=kafka:9092 topic=cameras key=door
 * spool-directory=/var/spool/door ! fakesink
 * ]|
 *
 * Since: 0.1
 */

#include "gstclassificationkafka.h"

#include "json/selection.h"
#include "message.h"
#include "property/locked.h"
#include "sender.h"
#include "settings.h"

GST_DEBUG_CATEGORY_STATIC (classification_kafka_debug);
#define GST_CAT_DEFAULT classification_kafka_debug

/* After those of settings.h. */
enum {
  PROP_INCLUDE_STALE = GST_ALEXNET_KAFKA_N_PROPERTIES,
  PROP_WRITE_WHEN,
  PROP_STATS,
};

struct _GstClassificationKafka {
  GstBaseTransform parent;

  GstAlexnetSelection selection; /* whose header says which lock */

  /* Of the streaming thread. */
  gboolean failed;     /* an error has been posted */
  gboolean is_started; /* `start` is known */
  char *start;         /* of a live stream, or NULL */
  char *stream_id;
  GstAlexnetKafkaSettings active; /* as they were at the start */

  /* Under the object lock. */
  GstAlexnetKafkaSettings settings;
  GstAlexnetSender *sender;      /* NULL: below PAUSED */
  GstAlexnetOutboxCounts counts; /* of the last sender that ended */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (GstClassificationKafka, gst_classification_kafka,
    GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (classificationkafka, "classificationkafka",
    GST_RANK_NONE, GST_TYPE_CLASSIFICATION_KAFKA)

static void
post (GstClassificationKafka *self, GstMessageType type, const GError *error)
{
  gst_element_message_full (GST_ELEMENT (self), type, error->domain,
      error->code, g_strdup (error->message), NULL, __FILE__, GST_FUNCTION,
      __LINE__);
}

static void
report (gpointer user, gboolean good, const GError *error)
{
  post (user, good ? GST_MESSAGE_INFO : GST_MESSAGE_WARNING, error);
}

/* What is set, as far as it can be checked without a start. */
static gboolean
prepare (GstClassificationKafka *self, GstAlexnetKafkaSettings *settings,
    GError **error)
{
  GST_OBJECT_LOCK (self);
  gst_alexnet_kafka_settings_copy (&self->settings, settings);
  GST_OBJECT_UNLOCK (self);
  return gst_alexnet_kafka_settings_check (settings, error);
}

static gboolean
check (GstClassificationKafka *self)
{
  g_auto (GstAlexnetKafkaSettings) settings = { 0 };
  g_autoptr (GError) error = NULL;

  if (prepare (self, &settings, &error))
    return TRUE;
  post (self, GST_MESSAGE_ERROR, error);
  return FALSE;
}

static void
forget_stream (GstClassificationKafka *self)
{
  self->is_started = FALSE;
  g_clear_pointer (&self->start, g_free);
}

static gboolean
gst_classification_kafka_start (GstBaseTransform *trans)
{
  GstClassificationKafka *self = GST_CLASSIFICATION_KAFKA (trans);
  g_autoptr (GError) error = NULL;
  GstAlexnetSender *sender = NULL;

  self->failed = FALSE;
  forget_stream (self);
  gst_alexnet_selection_reset (&self->selection);
  gst_alexnet_kafka_settings_clear (&self->active);
  if (prepare (self, &self->active, &error))
    sender = gst_alexnet_sender_new (&self->active.sender, report, self,
        &error);
  if (!sender) {
    post (self, GST_MESSAGE_ERROR, error);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->sender = sender;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void
warn (GstClassificationKafka *self, guint64 n, const char *what)
{
  g_autoptr (GError) error = g_error_new (GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_WRITE, "%" G_GUINT64_FORMAT " messages %s", n, what);

  post (self, GST_MESSAGE_WARNING, error);
}

static gboolean
gst_classification_kafka_stop (GstBaseTransform *trans)
{
  GstClassificationKafka *self = GST_CLASSIFICATION_KAFKA (trans);
  GstAlexnetOutboxCounts before, counts;
  GstAlexnetSender *sender;

  GST_OBJECT_LOCK (self);
  sender = g_steal_pointer (&self->sender);
  GST_OBJECT_UNLOCK (self);
  if (!sender)
    return TRUE;
  gst_alexnet_outbox_get_counts (gst_alexnet_sender_get_outbox (sender),
      &before);
  gst_alexnet_sender_free (sender, &counts);
  GST_OBJECT_LOCK (self);
  self->counts = counts;
  GST_OBJECT_UNLOCK (self);
  if (counts.dropped > before.dropped)
    warn (self, counts.dropped - before.dropped,
        "are lost, for they were not delivered before the element was stopped");
  return TRUE;
}

static gboolean
gst_classification_kafka_set_caps (GstBaseTransform *trans, GstCaps *incaps,
    GstCaps *outcaps)
{
  gst_alexnet_selection_set_caps (&GST_CLASSIFICATION_KAFKA (trans)->selection,
      incaps);
  return TRUE;
}

static gboolean
is_live (GstBaseTransform *trans)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (GST_BASE_TRANSFORM_SINK_PAD (trans), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

static GBytes *
make_message (GstClassificationKafka *self, const GstAlexnetReading *reading)
{
  GstAlexnetMessageStream stream = { .topic = self->active.topic };

  if (!self->is_started && is_live (GST_BASE_TRANSFORM (self))) {
    g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

    self->start = g_date_time_format_iso8601 (now);
  }
  self->is_started = TRUE;
  stream.start = self->start;
  stream.key = self->active.key ? self->active.key : self->stream_id;
  stream.id = self->active.key ? self->stream_id : NULL;
  return gst_alexnet_message_pack (&stream, reading);
}

static GstFlowReturn
publish (GstClassificationKafka *self, const GstAlexnetReading *reading)
{
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GError) error = NULL;

  if (self->failed)
    return GST_FLOW_ERROR;
  message = make_message (self, reading);
  if (gst_alexnet_outbox_add (gst_alexnet_sender_get_outbox (self->sender),
          message, &error))
    return GST_FLOW_OK;
  self->failed = TRUE;
  post (self, GST_MESSAGE_ERROR, error);
  return GST_FLOW_ERROR;
}

static GstFlowReturn
gst_classification_kafka_transform_ip (GstBaseTransform *trans,
    GstBuffer *buffer)
{
  GstClassificationKafka *self = GST_CLASSIFICATION_KAFKA (trans);
  g_autoptr (GArray) readings = gst_alexnet_selection_read (&self->selection,
      GST_ELEMENT (self), buffer, &trans->segment);
  GstFlowReturn flow = GST_FLOW_OK;

  for (guint i = 0; i < readings->len && flow == GST_FLOW_OK; i++)
    flow = publish (self, &g_array_index (readings, GstAlexnetReading, i));
  return flow;
}

static void
flush (GstClassificationKafka *self)
{
  GstClockTime limit;
  guint64 n;

  GST_OBJECT_LOCK (self);
  limit = self->settings.flush_timeout;
  GST_OBJECT_UNLOCK (self);
  n = gst_alexnet_outbox_flush (gst_alexnet_sender_get_outbox (self->sender),
      limit);
  if (n > 0)
    warn (self, n,
        self->active.sender.spool_directory
            ? "wait in spool-directory at the end of the stream"
            : "were not delivered at the end of the stream");
}

static void
interrupt (GstClassificationKafka *self, gboolean interrupted)
{
  GST_OBJECT_LOCK (self);
  if (self->sender)
    gst_alexnet_outbox_interrupt (gst_alexnet_sender_get_outbox (self->sender),
        interrupted);
  GST_OBJECT_UNLOCK (self);
}

static void
begin_stream (GstClassificationKafka *self, GstEvent *event)
{
  const char *id;

  gst_event_parse_stream_start (event, &id);
  g_free (self->stream_id);
  self->stream_id = g_utf8_make_valid (id, -1);
  forget_stream (self);
}

static gboolean
gst_classification_kafka_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstClassificationKafka *self = GST_CLASSIFICATION_KAFKA (trans);

  gst_alexnet_selection_event (&self->selection, GST_ELEMENT (self), event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      interrupt (self, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      interrupt (self, FALSE);
      break;
    case GST_EVENT_STREAM_START:
      begin_stream (self, event);
      break;
    case GST_EVENT_EOS:
      flush (self);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_classification_kafka_parent_class)
      ->sink_event (trans, event);
}

static GstStateChangeReturn
gst_classification_kafka_change_state (GstElement *element,
    GstStateChange transition)
{
  GstClassificationKafka *self = GST_CLASSIFICATION_KAFKA (element);

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !check (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    interrupt (self, TRUE);
  return GST_ELEMENT_CLASS (gst_classification_kafka_parent_class)
      ->change_state (element, transition);
}

#define FIELD(name) G_STRUCT_OFFSET (GstClassificationKafka, name)

/* Where the writable properties lie. */
static const gsize fields[] = {
  [GST_ALEXNET_KAFKA_TOPIC] = FIELD (settings.topic),
  [GST_ALEXNET_KAFKA_BROKERS] = FIELD (settings.sender.producer.brokers),
  [GST_ALEXNET_KAFKA_KEY] = FIELD (settings.key),
  [GST_ALEXNET_KAFKA_SETTINGS] = FIELD (settings.sender.producer.settings),
  [GST_ALEXNET_KAFKA_SPOOL_DIRECTORY] = FIELD (settings.sender.spool_directory),
  [GST_ALEXNET_KAFKA_SPOOL_MAX_BYTES] = FIELD (settings.sender.spool_max_bytes),
  [GST_ALEXNET_KAFKA_FLUSH_TIMEOUT] = FIELD (settings.flush_timeout),
  [PROP_INCLUDE_STALE] = FIELD (selection.include_stale),
  [PROP_WRITE_WHEN] = FIELD (selection.write_when),
};

static void
gst_classification_kafka_set_property (GObject *object, guint id,
    const GValue *value, GParamSpec *pspec)
{
  gst_alexnet_property_set (GST_ELEMENT (object), fields[id], value, pspec,
      classification_kafka_debug);
}

static GstStructure *
make_stats (GstClassificationKafka *self)
{
  GstAlexnetOutboxCounts counts;

  GST_OBJECT_LOCK (self);
  counts = self->counts;
  if (self->sender)
    gst_alexnet_outbox_get_counts (gst_alexnet_sender_get_outbox (self->sender),
        &counts);
  GST_OBJECT_UNLOCK (self);
  return gst_structure_new ("alexnet-kafka-stats", "sent", G_TYPE_UINT64,
      counts.n[GST_ALEXNET_OUTBOX_SENT], "delivered", G_TYPE_UINT64,
      counts.n[GST_ALEXNET_OUTBOX_DELIVERED], "failed", G_TYPE_UINT64,
      counts.n[GST_ALEXNET_OUTBOX_FAILED], "spooled", G_TYPE_UINT64,
      counts.spooled, "dropped", G_TYPE_UINT64, counts.dropped, "spool-bytes",
      G_TYPE_UINT64, counts.spool_bytes, NULL);
}

static void
gst_classification_kafka_get_property (GObject *object, guint id, GValue *value,
    GParamSpec *pspec)
{
  if (id == PROP_STATS)
    g_value_take_boxed (value, make_stats (GST_CLASSIFICATION_KAFKA (object)));
  else
    gst_alexnet_property_get (GST_ELEMENT (object), fields[id], value);
}

static void
gst_classification_kafka_finalize (GObject *object)
{
  GstClassificationKafka *self = GST_CLASSIFICATION_KAFKA (object);

  gst_alexnet_selection_clear (&self->selection);
  gst_alexnet_kafka_settings_clear (&self->settings);
  gst_alexnet_kafka_settings_clear (&self->active);
  g_free (self->stream_id);
  g_free (self->start);
  G_OBJECT_CLASS (gst_classification_kafka_parent_class)->finalize (object);
}

static void
install_stats (GObjectClass *klass)
{
  /**
   * GstClassificationKafka:stats:
   *
   * Counters since the start (guint64): sent (messages given to librdkafka,
   * some twice after a fatal error), delivered (that a broker acknowledged),
   * failed (that were given up, as too large or after message.timeout.ms),
   * spooled (that wait now), dropped (that were too many, or found incomplete),
   * spool-bytes (of those that wait, and were delivered lately).
   */
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Messages counted: sent, delivered, failed, spooled, dropped; bytes "
          "of the spool",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_classification_kafka_class_init (GstClassificationKafkaClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (classification_kafka_debug, "classificationkafka", 0,
      "Classifications to Kafka");

  object_class->set_property = gst_classification_kafka_set_property;
  object_class->get_property = gst_classification_kafka_get_property;
  object_class->finalize = gst_classification_kafka_finalize;
  gst_alexnet_kafka_settings_install (object_class);
  gst_alexnet_selection_install (object_class, PROP_INCLUDE_STALE,
      PROP_WRITE_WHEN);
  install_stats (object_class);

  gst_element_class_set_static_metadata (element_class,
      "Classification Kafka publisher", "Filter/Analyzer/Video",
      "Publishes the classifications that buffers carry to Kafka",
      "The alexnetclassify project");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  element_class->change_state = gst_classification_kafka_change_state;

  trans_class->start = gst_classification_kafka_start;
  trans_class->stop = gst_classification_kafka_stop;
  trans_class->set_caps = gst_classification_kafka_set_caps;
  trans_class->sink_event = gst_classification_kafka_sink_event;
  trans_class->transform_ip = gst_classification_kafka_transform_ip;
}

static void
gst_classification_kafka_init (GstClassificationKafka *self)
{
  gst_alexnet_selection_init (&self->selection);
  gst_alexnet_kafka_settings_init (&self->settings);
  self->stream_id = g_strdup ("unknown");
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
