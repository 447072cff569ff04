/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "outbox.h"

struct _GstAlexnetOutbox {
  GMutex lock;
  GCond work;    /* for the thread that sends: woken or stopped */
  GCond settled; /* for the one that adds: fewer wait, or interrupted */
  GstAlexnetSpool *spool;
  guint64 n[GST_ALEXNET_OUTBOX_N_EVENTS];
  gboolean woken, stopped, interrupted;
};

GstAlexnetOutbox *
gst_alexnet_outbox_open (const char *directory, guint64 max_bytes,
    GError **error)
{
  GstAlexnetSpool *spool = gst_alexnet_spool_open (directory, max_bytes, error);
  GstAlexnetOutbox *outbox;

  if (!spool)
    return NULL;
  outbox = g_new0 (GstAlexnetOutbox, 1);
  outbox->spool = spool;
  g_mutex_init (&outbox->lock);
  g_cond_init (&outbox->work);
  g_cond_init (&outbox->settled);
  return outbox;
}

void
gst_alexnet_outbox_close (GstAlexnetOutbox *outbox)
{
  if (!outbox)
    return;
  gst_alexnet_spool_close (outbox->spool);
  g_cond_clear (&outbox->settled);
  g_cond_clear (&outbox->work);
  g_mutex_clear (&outbox->lock);
  g_free (outbox);
}

gboolean
gst_alexnet_outbox_add (GstAlexnetOutbox *outbox, GBytes *message,
    GError **error)
{
  gboolean ok;

  g_mutex_lock (&outbox->lock);
  ok = gst_alexnet_spool_append (outbox->spool, message, error);
  outbox->woken = TRUE;
  g_cond_signal (&outbox->work);
  g_mutex_unlock (&outbox->lock);
  return ok;
}

guint64
gst_alexnet_outbox_flush (GstAlexnetOutbox *outbox, GstClockTime limit)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) (limit / GST_USECOND);
  const GstAlexnetSpoolCounts *counts;
  gboolean in_time = TRUE;
  guint64 n;

  g_mutex_lock (&outbox->lock);
  counts = gst_alexnet_spool_counts (outbox->spool);
  while (counts->n_waiting > 0 && in_time && !outbox->interrupted)
    in_time = g_cond_wait_until (&outbox->settled, &outbox->lock, deadline);
  n = counts->n_waiting;
  g_mutex_unlock (&outbox->lock);
  return n;
}

void
gst_alexnet_outbox_interrupt (GstAlexnetOutbox *outbox, gboolean interrupt)
{
  g_mutex_lock (&outbox->lock);
  outbox->interrupted = interrupt;
  g_cond_broadcast (&outbox->settled);
  g_mutex_unlock (&outbox->lock);
}

gboolean
gst_alexnet_outbox_wait (GstAlexnetOutbox *outbox, gint64 time)
{
  gboolean is_time = FALSE, stopped;

  g_mutex_lock (&outbox->lock);
  while (!outbox->stopped && !is_time && (!outbox->woken || time != 0))
    if (time == 0)
      g_cond_wait (&outbox->work, &outbox->lock);
    else
      is_time = !g_cond_wait_until (&outbox->work, &outbox->lock, time);
  outbox->woken = FALSE;
  stopped = outbox->stopped;
  g_mutex_unlock (&outbox->lock);
  return !stopped;
}

static void
set_and_signal (GstAlexnetOutbox *outbox, gboolean *flag)
{
  g_mutex_lock (&outbox->lock);
  *flag = TRUE;
  g_cond_signal (&outbox->work);
  g_mutex_unlock (&outbox->lock);
}

void
gst_alexnet_outbox_wake (GstAlexnetOutbox *outbox)
{
  set_and_signal (outbox, &outbox->woken);
}

void
gst_alexnet_outbox_stop (GstAlexnetOutbox *outbox)
{
  set_and_signal (outbox, &outbox->stopped);
}

GBytes *
gst_alexnet_outbox_take (GstAlexnetOutbox *outbox, GstAlexnetSpoolPlace *place,
    GError **error)
{
  GBytes *message;

  g_mutex_lock (&outbox->lock);
  message = gst_alexnet_spool_take (outbox->spool, place, error);
  g_cond_broadcast (&outbox->settled);
  g_mutex_unlock (&outbox->lock);
  return message;
}

gboolean
gst_alexnet_outbox_acknowledge (GstAlexnetOutbox *outbox,
    const GstAlexnetSpoolPlace *place, GError **error)
{
  gboolean ok;

  g_mutex_lock (&outbox->lock);
  ok = gst_alexnet_spool_acknowledge (outbox->spool, place, error);
  g_cond_broadcast (&outbox->settled);
  g_mutex_unlock (&outbox->lock);
  return ok;
}

void
gst_alexnet_outbox_rewind (GstAlexnetOutbox *outbox)
{
  g_mutex_lock (&outbox->lock);
  gst_alexnet_spool_rewind (outbox->spool);
  g_mutex_unlock (&outbox->lock);
}

void
gst_alexnet_outbox_count (GstAlexnetOutbox *outbox, GstAlexnetOutboxEvent event)
{
  g_mutex_lock (&outbox->lock);
  outbox->n[event]++;
  g_mutex_unlock (&outbox->lock);
}

void
gst_alexnet_outbox_get_counts (GstAlexnetOutbox *outbox,
    GstAlexnetOutboxCounts *counts)
{
  const GstAlexnetSpoolCounts *spool;

  g_mutex_lock (&outbox->lock);
  spool = gst_alexnet_spool_counts (outbox->spool);
  for (guint i = 0; i < GST_ALEXNET_OUTBOX_N_EVENTS; i++)
    counts->n[i] = outbox->n[i];
  counts->spooled = spool->n_waiting;
  counts->dropped = spool->n_dropped;
  counts->spool_bytes = spool->bytes;
  counts->n_torn = spool->n_torn;
  g_mutex_unlock (&outbox->lock);
}
