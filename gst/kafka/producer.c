/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "producer.h"

#include <librdkafka/rdkafka.h>

#include "message.h"

#define END_TIMEOUT G_TIME_SPAN_SECOND /* of a client */

struct _GstAlexnetProducer {
  rd_kafka_t *client;
  rd_kafka_queue_t *queue; /* of events */
  const GstAlexnetProducerEvents *events;
  gpointer user;
  char *last_error; /* but that all brokers are away; or NULL */
};

typedef char ErrorText[512];

static const char *const broker_settings[] = { "bootstrap.servers",
  "metadata.broker.list", "test.mock.num.brokers" };
static const char *const timeout_settings[] = { "message.timeout.ms",
  "delivery.timeout.ms" };

/* What a message cannot be helped with. */
static const rd_kafka_resp_err_t refusals[] = {
  RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
  RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
  RD_KAFKA_RESP_ERR_INVALID_MSG,
  RD_KAFKA_RESP_ERR_INVALID_RECORD,
  RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
};

static GstAlexnetSend
judge (rd_kafka_resp_err_t code)
{
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    return GST_ALEXNET_SEND_OK;
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
    return GST_ALEXNET_SEND_LATER;
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (code == refusals[i])
      return GST_ALEXNET_SEND_REFUSED;
  return GST_ALEXNET_SEND_BROKEN;
}

static void
write_log (const rd_kafka_t *client, int level, const char *facility,
    const char *text)
{
  GstDebugCategory *category = NULL;

  GST_DEBUG_CATEGORY_GET (category, "classificationkafka");
  GST_CAT_LEVEL_LOG (category, level <= 4 ? GST_LEVEL_WARNING : GST_LEVEL_DEBUG,
      NULL, "librdkafka: %s: %s", facility, text);
}

static gboolean
set (rd_kafka_conf_t *conf, const char *name, const char *value, GError **error)
{
  ErrorText text;
  rd_kafka_conf_res_t result = rd_kafka_conf_set (conf, name, value, text,
      sizeof text);

  if (result == RD_KAFKA_CONF_OK)
    return TRUE;
  if (result == RD_KAFKA_CONF_UNKNOWN)
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "librdkafka has no setting \"%s\"", name);
  else
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "librdkafka does not take \"%s\" for its setting \"%s\": %s", value,
        name, text);
  return FALSE;
}

static gboolean
set_all (rd_kafka_conf_t *conf, const GstStructure *settings, GError **error)
{
  gboolean ok = TRUE;
  int n = settings ? gst_structure_n_fields (settings) : 0;

  for (int i = 0; ok && i < n; i++) {
    const char *name = gst_structure_nth_field_name (settings, i);
    const GValue *value = gst_structure_get_value (settings, name);
    g_autofree char *text = G_VALUE_HOLDS_STRING (value)
        ? g_value_dup_string (value)
        : gst_value_serialize (value);

    ok = set (conf, name, text, error);
  }
  return ok;
}

static gboolean
has_one (const GstStructure *settings, const char *const *names, guint n)
{
  for (guint i = 0; settings && i < n; i++)
    if (gst_structure_has_field (settings, names[i]))
      return TRUE;
  return FALSE;
}

static gboolean
check_together (const GstAlexnetProducerSettings *settings, GError **error)
{
  const char *problem = NULL;

  if (!settings->brokers &&
      !has_one (settings->settings, broker_settings,
          G_N_ELEMENTS (broker_settings)))
    problem = "brokers is not set: it names one at least, as host:port";
  else if (settings->endless &&
      has_one (settings->settings, timeout_settings,
          G_N_ELEMENTS (timeout_settings)))
    problem = "there is no timeout of messages with a spool-directory, where "
              "they wait for the broker: leave message.timeout.ms out";
  if (problem)
    g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        problem);
  return problem == NULL;
}

static gboolean
fill (rd_kafka_conf_t *conf, const GstAlexnetProducerSettings *settings,
    GError **error)
{
  rd_kafka_conf_set_log_cb (conf, write_log);
  rd_kafka_conf_set_events (conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  if (!set (conf, "client.id", "alexnetclassify", error) ||
      !set (conf, "enable.idempotence", "true", error) ||
      (settings->endless && !set (conf, "message.timeout.ms", "0", error)))
    return FALSE;
  if (settings->brokers &&
      !set (conf, "bootstrap.servers", settings->brokers, error))
    return FALSE;
  return set_all (conf, settings->settings, error) &&
      check_together (settings, error);
}

static rd_kafka_conf_t *
make_conf (const GstAlexnetProducerSettings *settings, GError **error)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();

  if (fill (conf, settings, error))
    return conf;
  rd_kafka_conf_destroy (conf);
  return NULL;
}

gboolean
gst_alexnet_producer_check (const GstAlexnetProducerSettings *settings,
    GError **error)
{
  rd_kafka_conf_t *conf = make_conf (settings, error);

  if (!conf)
    return FALSE;
  rd_kafka_conf_destroy (conf);
  return TRUE;
}

static void
wake (rd_kafka_t *client, void *data)
{
  const GstAlexnetProducer *producer = data;

  producer->events->wake (producer->user);
}

GstAlexnetProducer *
gst_alexnet_producer_new (const GstAlexnetProducerSettings *settings,
    const GstAlexnetProducerEvents *events, gpointer user, GError **error)
{
  rd_kafka_conf_t *conf = make_conf (settings, error);
  GstAlexnetProducer *producer;
  rd_kafka_t *client;
  ErrorText text;

  if (!conf)
    return NULL;
  client = rd_kafka_new (RD_KAFKA_PRODUCER, conf, text, sizeof text);
  if (!client) {
    rd_kafka_conf_destroy (conf);
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "librdkafka does not start: %s", text);
    return NULL;
  }
  producer = g_new0 (GstAlexnetProducer, 1);
  producer->client = client;
  producer->queue = rd_kafka_queue_get_main (client);
  producer->events = events;
  producer->user = user;
  rd_kafka_queue_cb_event_enable (producer->queue, wake, producer);
  return producer;
}

typedef struct {
  rd_kafka_t *client;
  gboolean ended; /* under `lock` */
  GMutex lock;
  GCond cond;
} Teardown;

static void
teardown_clear (gpointer data)
{
  Teardown *teardown = data;

  g_mutex_clear (&teardown->lock);
  g_cond_clear (&teardown->cond);
}

static gpointer
run_teardown (gpointer data)
{
  Teardown *teardown = data;

  rd_kafka_destroy (teardown->client);
  g_mutex_lock (&teardown->lock);
  teardown->ended = TRUE;
  g_cond_signal (&teardown->cond);
  g_mutex_unlock (&teardown->lock);
  g_atomic_rc_box_release_full (teardown, teardown_clear);
  return NULL;
}

/* Destroys it in a thread of its own, which is left alone when that takes
 * longer than END_TIMEOUT. */
static void
end_client (rd_kafka_t *client)
{
  gint64 deadline = g_get_monotonic_time () + END_TIMEOUT;
  Teardown *teardown = g_atomic_rc_box_new0 (Teardown);
  gboolean waiting = TRUE;
  GThread *thread;

  teardown->client = client;
  g_mutex_init (&teardown->lock);
  g_cond_init (&teardown->cond);
  thread = g_thread_new ("alexnet-kafka-end", run_teardown,
      g_atomic_rc_box_acquire (teardown));
  g_mutex_lock (&teardown->lock);
  while (!teardown->ended && waiting)
    waiting = g_cond_wait_until (&teardown->cond, &teardown->lock, deadline);
  waiting = !teardown->ended;
  g_mutex_unlock (&teardown->lock);
  if (waiting)
    g_thread_unref (thread);
  else
    g_thread_join (thread);
  g_atomic_rc_box_release_full (teardown, teardown_clear);
}

void
gst_alexnet_producer_free (GstAlexnetProducer *producer)
{
  if (!producer)
    return;
  rd_kafka_queue_cb_event_enable (producer->queue, NULL, NULL);
  rd_kafka_queue_destroy (producer->queue);
  rd_kafka_purge (producer->client,
      RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
          RD_KAFKA_PURGE_F_NON_BLOCKING);
  end_client (producer->client);
  g_free (producer->last_error);
  g_free (producer);
}

static rd_kafka_headers_t *
make_headers (GVariant *headers)
{
  rd_kafka_headers_t
      *made = rd_kafka_headers_new (g_variant_n_children (headers));
  const char *name, *value;
  GVariantIter iter;

  g_variant_iter_init (&iter, headers);
  while (g_variant_iter_next (&iter, "(&s&s)", &name, &value))
    rd_kafka_header_add (made, name, -1, value, -1);
  return made;
}

/* The same text for a message that is not taken and one that comes back. After
 * a fatal error all fail, with one code or another. */
static char *
describe (const GstAlexnetProducer *producer, rd_kafka_resp_err_t code)
{
  ErrorText text;

  if (rd_kafka_fatal_error (producer->client, text, sizeof text) == 0)
    return g_strdup (rd_kafka_err2str (code));
  return g_strdup (text);
}

static GstAlexnetSend
produce (GstAlexnetProducer *producer, GVariant *message, gpointer tag,
    char **why)
{
  g_autoptr (GVariant) headers = g_variant_get_child_value (message, 2);
  g_autoptr (GVariant) value = g_variant_get_child_value (message, 3);
  rd_kafka_headers_t *made = make_headers (headers);
  const char *topic, *key;
  rd_kafka_error_t *error;
  GstAlexnetSend send;

  g_variant_get_child (message, 0, "&s", &topic);
  g_variant_get_child (message, 1, "&s", &key);
  const rd_kafka_vu_t values[] = {
    { RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic },
    { RD_KAFKA_VTYPE_KEY, .u.mem = { (void *) key, strlen (key) } },
    { RD_KAFKA_VTYPE_VALUE,
        .u.mem = { (void *) g_variant_get_data (value),
            g_variant_get_size (value) } },
    { RD_KAFKA_VTYPE_HEADERS, .u.headers = made },
    { RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
    { RD_KAFKA_VTYPE_OPAQUE, .u.ptr = tag },
  };

  error = rd_kafka_produceva (producer->client, values, G_N_ELEMENTS (values));
  if (!error)
    return GST_ALEXNET_SEND_OK;
  send = judge (rd_kafka_error_code (error));
  *why = describe (producer, rd_kafka_error_code (error));
  rd_kafka_error_destroy (error);
  rd_kafka_headers_destroy (made);
  return send;
}

GstAlexnetSend
gst_alexnet_producer_send (GstAlexnetProducer *producer, GBytes *message,
    gpointer tag, char **why)
{
  g_autoptr (GVariant) unpacked = gst_alexnet_message_unpack (message);

  if (unpacked)
    return produce (producer, unpacked, tag, why);
  *why = g_strdup ("it is not laid out as messages are");
  return GST_ALEXNET_SEND_REFUSED;
}

static void
report_messages (GstAlexnetProducer *producer, rd_kafka_event_t *event)
{
  const rd_kafka_message_t *message;

  while ((message = rd_kafka_event_message_next (event))) {
    g_autofree char *why = message->err ? describe (producer, message->err)
                                        : NULL;

    producer->events->sent (producer->user, message->_private,
        judge (message->err), why);
  }
}

static void
report_error (GstAlexnetProducer *producer, rd_kafka_event_t *event)
{
  const char *text = rd_kafka_event_error_string (event);

  if (rd_kafka_event_error_is_fatal (event))
    producer->events->broken (producer->user, text);
  else if (rd_kafka_event_error (event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    producer->events->away (producer->user,
        producer->last_error ? producer->last_error : text);
  else {
    g_free (producer->last_error);
    producer->last_error = g_strdup (text);
  }
}

void
gst_alexnet_producer_poll (GstAlexnetProducer *producer)
{
  rd_kafka_event_t *event;

  while ((event = rd_kafka_queue_poll (producer->queue, 0))) {
    if (rd_kafka_event_type (event) == RD_KAFKA_EVENT_DR)
      report_messages (producer, event);
    else if (rd_kafka_event_type (event) == RD_KAFKA_EVENT_ERROR)
      report_error (producer, event);
    rd_kafka_event_destroy (event);
  }
}
