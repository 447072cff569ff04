/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The spool between a thread that adds messages and one that sends them: how
 * they wait for each other, and what is counted. It alone knows a lock.
 *
 * Errors are GST_RESOURCE_ERROR's. Thread-safety: any thread, but for open and
 * close. No function of another module is called with the lock held but the
 * spool's. */

#ifndef GST_ALEXNET_OUTBOX_H
#define GST_ALEXNET_OUTBOX_H

#include "spool.h"

G_BEGIN_DECLS

typedef struct _GstAlexnetOutbox GstAlexnetOutbox;

typedef enum {
  GST_ALEXNET_OUTBOX_SENT,      /* given to librdkafka, once or more */
  GST_ALEXNET_OUTBOX_DELIVERED, /* acknowledged by a broker */
  GST_ALEXNET_OUTBOX_FAILED,    /* given up, e.g. too large for it */
  GST_ALEXNET_OUTBOX_N_EVENTS
} GstAlexnetOutboxEvent;

typedef struct {
  guint64 n[GST_ALEXNET_OUTBOX_N_EVENTS];
  guint64 spooled; /* that wait now, sent or not */
  guint64 dropped; /* too many to wait, torn, damaged or lost at the end */
  guint64 spool_bytes;
  guint n_torn; /* files that were found with half a message at the end */
} GstAlexnetOutboxCounts;

/* As gst_alexnet_spool_open(). */
GstAlexnetOutbox *gst_alexnet_outbox_open (const char *directory,
    guint64 max_bytes, GError **error);
void gst_alexnet_outbox_close (GstAlexnetOutbox *outbox);

/* Of the thread that adds. Never waits for the other. FALSE: the spool cannot
 * be written. */
gboolean gst_alexnet_outbox_add (GstAlexnetOutbox *outbox, GBytes *message,
    GError **error);

/* Waits until nothing is waiting any more, but no longer than `limit`, and not
 * while it is interrupted. How many messages wait. */
guint64 gst_alexnet_outbox_flush (GstAlexnetOutbox *outbox, GstClockTime limit);
void gst_alexnet_outbox_interrupt (GstAlexnetOutbox *outbox,
    gboolean interrupt);

/* Of the thread that sends: waits until it is woken, as it is by a message, or,
 * if `time` is not 0, until that monotonic time, woken or not. FALSE: it is to
 * stop. */
gboolean gst_alexnet_outbox_wait (GstAlexnetOutbox *outbox, gint64 time);
void gst_alexnet_outbox_wake (GstAlexnetOutbox *outbox);
void gst_alexnet_outbox_stop (GstAlexnetOutbox *outbox);

/* As the spool's. */
GBytes *gst_alexnet_outbox_take (GstAlexnetOutbox *outbox,
    GstAlexnetSpoolPlace *place, GError **error);
gboolean gst_alexnet_outbox_acknowledge (GstAlexnetOutbox *outbox,
    const GstAlexnetSpoolPlace *place, GError **error);
void gst_alexnet_outbox_rewind (GstAlexnetOutbox *outbox);

void gst_alexnet_outbox_count (GstAlexnetOutbox *outbox,
    GstAlexnetOutboxEvent event);
void gst_alexnet_outbox_get_counts (GstAlexnetOutbox *outbox,
    GstAlexnetOutboxCounts *counts);

G_END_DECLS

#endif /* GST_ALEXNET_OUTBOX_H */
