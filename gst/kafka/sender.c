/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything goes through the outbox. The streaming thread adds to it, and that
 * is all it does; this thread takes messages in their order, hands up to
 * MAX_IN_FLIGHT of them to librdkafka, and remembers them in the same order.
 * What librdkafka reports marks them; whenever the first one is settled it is
 * acknowledged, and goes. So what the spool has after any end, of the process
 * as well, is what is not known to be delivered, from some message on, and it
 * comes first the next time: nothing is missing, the order is kept, and at most
 * what was in flight comes twice, with the same ce_id.
 *
 * librdkafka keeps the order of a key, tries again by itself and, being
 * idempotent, writes once what it sent twice. Where it gives up on anything but
 * a single message, e.g. a topic that does not exist (yet) or a fatal error, it
 * is ended, the outbox is rewound to the first message that is not
 * acknowledged, and after a while a new client begins there.
 *
 * librdkafka calls wake() with a lock of its queue held, so that none of its
 * functions may be called under ours: only the outbox has one. */

#include "sender.h"

#define MAX_IN_FLIGHT 500
#define FIRST_PAUSE G_TIME_SPAN_SECOND /* before a new client */
#define LONGEST_PAUSE (30 * G_TIME_SPAN_SECOND)

typedef struct {
  GstAlexnetSpoolPlace place;
  gboolean settled; /* delivered, or given up */
} InFlight;

struct _GstAlexnetSender {
  GstAlexnetSenderSettings settings;
  GstAlexnetSenderReport report;
  gpointer user;
  GstAlexnetOutbox *outbox;
  GThread *thread;

  /* Of the thread. */
  GstAlexnetProducer *producer; /* NULL: until `resume` */
  gint64 resume, pause;
  GQueue in_flight; /* of InFlight, in the order of the spool */
  GBytes *held;     /* the last of them, which librdkafka has no room for */
  char *broken;     /* why there has to be a new client, or NULL */
  char *failure;    /* the last that was reported, or NULL */
  gboolean away;    /* no broker can be reached, which was reported */
};

void
gst_alexnet_sender_settings_copy (const GstAlexnetSenderSettings *settings,
    GstAlexnetSenderSettings *copy)
{
  const GstAlexnetProducerSettings *producer = &settings->producer;

  *copy = *settings;
  copy->spool_directory = g_strdup (settings->spool_directory);
  copy->producer.brokers = g_strdup (producer->brokers);
  copy->producer.settings = producer->settings
      ? gst_structure_copy (producer->settings)
      : NULL;
}

void
gst_alexnet_sender_settings_clear (GstAlexnetSenderSettings *settings)
{
  g_clear_pointer (&settings->producer.brokers, g_free);
  g_clear_pointer (&settings->producer.settings, gst_structure_free);
  g_clear_pointer (&settings->spool_directory, g_free);
}

static void
wake (gpointer data)
{
  GstAlexnetSender *sender = data;

  gst_alexnet_outbox_wake (sender->outbox);
}

static void
report_error (GstAlexnetSender *sender, GError *error)
{
  sender->report (sender->user, FALSE, error);
  g_error_free (error);
}

static void G_GNUC_PRINTF (3, 4)
    report (GstAlexnetSender *sender, gboolean good, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
      format, args);
  va_end (args);
  sender->report (sender->user, good, error);
}

/* One of many that fail alike. */
static void
report_failure (GstAlexnetSender *sender, const char *why)
{
  if (g_strcmp0 (why, sender->failure) == 0)
    return;
  g_free (sender->failure);
  sender->failure = g_strdup (why);
  report (sender, FALSE, "a message was not delivered, and is given up: %s",
      why);
}

static void
settle (GstAlexnetSender *sender, InFlight *message, GstAlexnetSend send,
    const char *why)
{
  if (send == GST_ALEXNET_SEND_OK) {
    gst_alexnet_outbox_count (sender->outbox, GST_ALEXNET_OUTBOX_DELIVERED);
  } else {
    gst_alexnet_outbox_count (sender->outbox, GST_ALEXNET_OUTBOX_FAILED);
    report_failure (sender, why);
  }
  message->settled = TRUE;
}

static void
break_off (gpointer data, const char *why)
{
  GstAlexnetSender *sender = data;

  if (!sender->broken)
    sender->broken = g_strdup (why);
}

static void
see_sent (gpointer data, gpointer tag, GstAlexnetSend send, const char *why)
{
  GstAlexnetSender *sender = data;

  if (send == GST_ALEXNET_SEND_BROKEN) {
    break_off (sender, why);
    return;
  }
  settle (sender, tag, send, why);
  if (send != GST_ALEXNET_SEND_OK)
    return;
  sender->pause = FIRST_PAUSE;
  if (sender->away)
    report (sender, TRUE, "messages are delivered again");
  sender->away = FALSE;
}

static void
see_away (gpointer data, const char *why)
{
  GstAlexnetSender *sender = data;
  GstAlexnetOutboxCounts counts;

  gst_alexnet_outbox_get_counts (sender->outbox, &counts);
  if (!sender->away)
    report (sender, FALSE,
        "no broker can be reached, %" G_GUINT64_FORMAT " messages wait: %s",
        counts.spooled, why);
  sender->away = TRUE;
}

static const GstAlexnetProducerEvents events = {
  .wake = wake,
  .sent = see_sent,
  .away = see_away,
  .broken = break_off,
};

/* Those in front that are settled. */
static void
acknowledge (GstAlexnetSender *sender)
{
  InFlight *first;

  while ((first = g_queue_peek_head (&sender->in_flight)) && first->settled) {
    GError *error = NULL;

    gst_alexnet_outbox_acknowledge (sender->outbox, &first->place, &error);
    g_free (g_queue_pop_head (&sender->in_flight));
    if (error)
      report_error (sender, error);
  }
}

/* The next message, which is in flight from here on; NULL: there is none. */
static GBytes *
take (GstAlexnetSender *sender)
{
  InFlight *taken = g_new0 (InFlight, 1);
  gboolean damaged;
  GBytes *message;
  GError *error;

  do {
    error = NULL;
    message = gst_alexnet_outbox_take (sender->outbox, &taken->place, &error);
    damaged = g_error_matches (error, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_READ);
    if (damaged)
      report_error (sender, error);
  } while (damaged);
  if (error) {
    break_off (sender, error->message);
    g_error_free (error);
  }
  if (message)
    g_queue_push_tail (&sender->in_flight, taken);
  else
    g_free (taken);
  return message;
}

/* FALSE: no more can be sent now. */
static gboolean
send_message (GstAlexnetSender *sender, GBytes *message)
{
  InFlight *last = g_queue_peek_tail (&sender->in_flight);
  g_autofree char *why = NULL;
  GstAlexnetSend send = gst_alexnet_producer_send (sender->producer, message,
      last, &why);

  switch (send) {
    case GST_ALEXNET_SEND_OK:
      gst_alexnet_outbox_count (sender->outbox, GST_ALEXNET_OUTBOX_SENT);
      return TRUE;
    case GST_ALEXNET_SEND_LATER:
      sender->held = g_bytes_ref (message);
      return FALSE;
    case GST_ALEXNET_SEND_REFUSED:
      settle (sender, last, send, why);
      return TRUE;
    default:
      break_off (sender, why);
      return FALSE;
  }
}

static void
send_more (GstAlexnetSender *sender)
{
  gboolean more = TRUE;

  while (more && sender->in_flight.length < MAX_IN_FLIGHT) {
    g_autoptr (GBytes) message = sender->held ? g_steal_pointer (&sender->held)
                                              : take (sender);

    more = message && send_message (sender, message);
  }
}

static void
end_client (GstAlexnetSender *sender)
{
  g_clear_pointer (&sender->producer, gst_alexnet_producer_free);
  g_clear_pointer (&sender->held, g_bytes_unref);
  g_queue_clear_full (&sender->in_flight, g_free);
}

static void
start_again (GstAlexnetSender *sender)
{
  report (sender, FALSE,
      "messages cannot be sent, and are again in %" G_GINT64_FORMAT " s: %s",
      sender->pause / G_TIME_SPAN_SECOND, sender->broken);
  g_clear_pointer (&sender->broken, g_free);
  end_client (sender);
  gst_alexnet_outbox_rewind (sender->outbox);
  sender->resume = g_get_monotonic_time () + sender->pause;
  sender->pause = MIN (2 * sender->pause, LONGEST_PAUSE);
}

static void
start_client (GstAlexnetSender *sender)
{
  g_autoptr (GError) error = NULL;

  sender->producer = gst_alexnet_producer_new (&sender->settings.producer,
      &events, sender, &error);
  if (!sender->producer)
    break_off (sender, error->message);
}

static void
work (GstAlexnetSender *sender)
{
  if (!sender->producer && g_get_monotonic_time () >= sender->resume)
    start_client (sender);
  if (sender->producer) {
    gst_alexnet_producer_poll (sender->producer);
    acknowledge (sender);
  }
  if (sender->producer && !sender->broken) {
    send_more (sender);
    acknowledge (sender);
  }
  if (sender->broken)
    start_again (sender);
}

static gpointer
run (gpointer data)
{
  GstAlexnetSender *sender = data;

  do
    work (sender);
  while (gst_alexnet_outbox_wait (sender->outbox,
      sender->producer ? 0 : sender->resume));
  end_client (sender);
  return NULL;
}

static gboolean
start (GstAlexnetSender *sender, GError **error)
{
  const GstAlexnetSenderSettings *settings = &sender->settings;

  sender->outbox = gst_alexnet_outbox_open (settings->spool_directory,
      settings->spool_max_bytes, error);
  if (!sender->outbox)
    return FALSE;
  sender->producer = gst_alexnet_producer_new (&settings->producer, &events,
      sender, error);
  return sender->producer != NULL;
}

static void
report_torn (GstAlexnetSender *sender)
{
  GstAlexnetOutboxCounts counts;

  gst_alexnet_outbox_get_counts (sender->outbox, &counts);
  if (counts.n_torn > 0)
    report (sender, FALSE,
        "%u messages in \"%s\" were not written to their end, and are dropped",
        counts.n_torn, sender->settings.spool_directory);
}

gboolean
gst_alexnet_sender_check (const GstAlexnetSenderSettings *settings,
    GError **error)
{
  GstAlexnetProducerSettings producer = settings->producer;

  producer.endless = settings->spool_directory != NULL;
  return gst_alexnet_producer_check (&producer, error);
}

static void
clear (GstAlexnetSender *sender)
{
  end_client (sender);
  gst_alexnet_outbox_close (sender->outbox);
  gst_alexnet_sender_settings_clear (&sender->settings);
  g_free (sender->failure);
  g_free (sender->broken);
  g_free (sender);
}

GstAlexnetSender *
gst_alexnet_sender_new (const GstAlexnetSenderSettings *settings,
    GstAlexnetSenderReport func, gpointer user, GError **error)
{
  GstAlexnetSender *sender = g_new0 (GstAlexnetSender, 1);

  gst_alexnet_sender_settings_copy (settings, &sender->settings);
  sender->settings.producer.endless = sender->settings.spool_directory != NULL;
  sender->report = func;
  sender->user = user;
  sender->pause = FIRST_PAUSE;
  g_queue_init (&sender->in_flight);
  if (!start (sender, error)) {
    clear (sender);
    return NULL;
  }
  report_torn (sender);
  sender->thread = g_thread_new ("alexnet-kafka", run, sender);
  return sender;
}

void
gst_alexnet_sender_free (GstAlexnetSender *sender,
    GstAlexnetOutboxCounts *counts)
{
  gst_alexnet_outbox_stop (sender->outbox);
  g_thread_join (sender->thread);
  gst_alexnet_outbox_rewind (sender->outbox);
  gst_alexnet_outbox_get_counts (sender->outbox, counts);
  if (!sender->settings.spool_directory) {
    counts->dropped += counts->spooled;
    counts->spooled = counts->spool_bytes = 0;
  }
  clear (sender);
}

GstAlexnetOutbox *
gst_alexnet_sender_get_outbox (GstAlexnetSender *sender)
{
  return sender->outbox;
}
