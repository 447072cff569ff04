/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything goes through the spool. The streaming thread appends to it, and
 * that is all it does; this thread takes messages in their order, hands up to
 * MAX_IN_FLIGHT of them to librdkafka, and remembers them in the same order.
 * What librdkafka reports marks them; whenever the first one is settled it is
 * acknowledged to the spool, and goes. So what the spool has after any end, of
 * the process as well, is what is not known to be delivered, from some message
 * on, and it comes first the next time: nothing is missing, the order is kept,
 * and at most what was in flight comes twice, with the same ce_id.
 *
 * librdkafka keeps the order of a key, tries again by itself and, being
 * idempotent, writes once what it sent twice. Where it gives up on anything but
 * a single message, e.g. a topic that does not exist (yet) or a fatal error, it
 * is ended, the spool is rewound to the first message that is not acknowledged,
 * and after a while a new client begins there.
 *
 * `lock` guards the spool, the counts and the flags. librdkafka calls wake()
 * with a lock of its queue held, so that none of its functions is called under
 * ours. */

#include "sender.h"

#include "spool.h"

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
  GThread *thread;

  /* Of the thread. */
  GstAlexnetProducer *producer; /* NULL: until `resume` */
  gint64 resume, pause;
  GQueue in_flight; /* of InFlight, in the order of the spool */
  GBytes *held;     /* the last of them, which librdkafka has no room for */
  char *broken;     /* why there has to be a new client, or NULL */
  char *failure;    /* the last that was reported, or NULL */
  gboolean away;    /* no broker can be reached, which was reported */

  GMutex lock;
  GCond work, settled;
  GstAlexnetSpool *spool;
  guint64 sent, delivered, failed;
  gboolean woken, stopped, interrupted;
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

  g_mutex_lock (&sender->lock);
  sender->woken = TRUE;
  g_cond_signal (&sender->work);
  g_mutex_unlock (&sender->lock);
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

static void
count (GstAlexnetSender *sender, guint64 *counter)
{
  g_mutex_lock (&sender->lock);
  ++*counter;
  g_mutex_unlock (&sender->lock);
}

static guint64
count_waiting (GstAlexnetSender *sender)
{
  guint64 n;

  g_mutex_lock (&sender->lock);
  n = gst_alexnet_spool_counts (sender->spool)->n_waiting;
  g_mutex_unlock (&sender->lock);
  return n;
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
    count (sender, &sender->delivered);
  } else {
    count (sender, &sender->failed);
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

  if (!sender->away)
    report (sender, FALSE,
        "no broker can be reached, %" G_GUINT64_FORMAT " messages wait: %s",
        count_waiting (sender), why);
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

    g_mutex_lock (&sender->lock);
    gst_alexnet_spool_acknowledge (sender->spool, &first->place, &error);
    g_cond_broadcast (&sender->settled);
    g_mutex_unlock (&sender->lock);
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
    g_mutex_lock (&sender->lock);
    message = gst_alexnet_spool_take (sender->spool, &taken->place, &error);
    g_cond_broadcast (&sender->settled);
    g_mutex_unlock (&sender->lock);
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
      count (sender, &sender->sent);
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
  g_mutex_lock (&sender->lock);
  gst_alexnet_spool_rewind (sender->spool);
  g_mutex_unlock (&sender->lock);
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

/* Until there is something to do; FALSE: the end. */
static gboolean
wait_for_work (GstAlexnetSender *sender)
{
  gboolean is_time = FALSE, stopped;

  g_mutex_lock (&sender->lock);
  while (!sender->stopped && !is_time && (!sender->woken || !sender->producer))
    if (sender->producer)
      g_cond_wait (&sender->work, &sender->lock);
    else
      is_time = !g_cond_wait_until (&sender->work, &sender->lock,
          sender->resume);
  sender->woken = FALSE;
  stopped = sender->stopped;
  g_mutex_unlock (&sender->lock);
  return !stopped;
}

static gpointer
run (gpointer data)
{
  GstAlexnetSender *sender = data;

  do
    work (sender);
  while (wait_for_work (sender));
  end_client (sender);
  return NULL;
}

static gboolean
start (GstAlexnetSender *sender, GError **error)
{
  const GstAlexnetSenderSettings *settings = &sender->settings;

  sender->spool = gst_alexnet_spool_open (settings->spool_directory,
      settings->spool_max_bytes, error);
  if (!sender->spool)
    return FALSE;
  sender->producer = gst_alexnet_producer_new (&settings->producer, &events,
      sender, error);
  return sender->producer != NULL;
}

static void
report_torn (GstAlexnetSender *sender)
{
  guint n_torn = gst_alexnet_spool_counts (sender->spool)->n_torn;

  if (n_torn > 0)
    report (sender, FALSE,
        "%u messages in \"%s\" were not written to their end, and are dropped",
        n_torn, sender->settings.spool_directory);
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
  gst_alexnet_spool_close (sender->spool);
  gst_alexnet_sender_settings_clear (&sender->settings);
  g_free (sender->failure);
  g_free (sender->broken);
  g_cond_clear (&sender->settled);
  g_cond_clear (&sender->work);
  g_mutex_clear (&sender->lock);
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
  g_mutex_init (&sender->lock);
  g_cond_init (&sender->work);
  g_cond_init (&sender->settled);
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
    GstAlexnetSenderCounts *counts)
{
  g_mutex_lock (&sender->lock);
  sender->stopped = TRUE;
  g_cond_signal (&sender->work);
  g_mutex_unlock (&sender->lock);
  g_thread_join (sender->thread);
  gst_alexnet_spool_rewind (sender->spool);
  gst_alexnet_sender_get_counts (sender, counts);
  if (!sender->settings.spool_directory) {
    counts->dropped += counts->spooled;
    counts->spooled = counts->spool_bytes = 0;
  }
  clear (sender);
}

gboolean
gst_alexnet_sender_add (GstAlexnetSender *sender, GBytes *message,
    GError **error)
{
  gboolean ok;

  g_mutex_lock (&sender->lock);
  ok = gst_alexnet_spool_append (sender->spool, message, error);
  sender->woken = TRUE;
  g_cond_signal (&sender->work);
  g_mutex_unlock (&sender->lock);
  return ok;
}

guint64
gst_alexnet_sender_flush (GstAlexnetSender *sender, GstClockTime limit)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) (limit / GST_USECOND);
  const GstAlexnetSpoolCounts *counts;
  gboolean in_time = TRUE;
  guint64 n;

  g_mutex_lock (&sender->lock);
  counts = gst_alexnet_spool_counts (sender->spool);
  while (counts->n_waiting > 0 && in_time && !sender->interrupted)
    in_time = g_cond_wait_until (&sender->settled, &sender->lock, deadline);
  n = counts->n_waiting;
  g_mutex_unlock (&sender->lock);
  return n;
}

void
gst_alexnet_sender_interrupt (GstAlexnetSender *sender, gboolean interrupt)
{
  g_mutex_lock (&sender->lock);
  sender->interrupted = interrupt;
  g_cond_broadcast (&sender->settled);
  g_mutex_unlock (&sender->lock);
}

void
gst_alexnet_sender_get_counts (GstAlexnetSender *sender,
    GstAlexnetSenderCounts *counts)
{
  const GstAlexnetSpoolCounts *spool;

  g_mutex_lock (&sender->lock);
  spool = gst_alexnet_spool_counts (sender->spool);
  *counts = (GstAlexnetSenderCounts){
    .sent = sender->sent,
    .delivered = sender->delivered,
    .failed = sender->failed,
    .spooled = spool->n_waiting,
    .dropped = spool->n_dropped,
    .spool_bytes = spool->bytes,
  };
  g_mutex_unlock (&sender->lock);
}
