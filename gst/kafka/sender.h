/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A thread that brings messages to Kafka, in the order in which they come, by
 * way of a spool. sender.c begins with how.
 *
 * Errors are GST_RESOURCE_ERROR's. Thread-safety: one thread at a time. */

#ifndef GST_ALEXNET_SENDER_H
#define GST_ALEXNET_SENDER_H

#include "outbox.h"
#include "producer.h"

G_BEGIN_DECLS

typedef struct _GstAlexnetSender GstAlexnetSender;

typedef struct {
  GstAlexnetProducerSettings producer; /* but for `endless` */
  char *spool_directory;               /* NULL: messages wait in memory */
  guint64 spool_max_bytes;
} GstAlexnetSenderSettings;

/* From the sender's thread, or from within gst_alexnet_sender_new(): something
 * that a user should hear of. `good`: that it is over. */
typedef void (*GstAlexnetSenderReport) (gpointer user, gboolean good,
    const GError *error);

/* Whether a sender could be made of these settings, as far as that shows
 * without starting anything. */
gboolean gst_alexnet_sender_check (const GstAlexnetSenderSettings *settings,
    GError **error);

GstAlexnetSender *
gst_alexnet_sender_new (const GstAlexnetSenderSettings *settings,
    GstAlexnetSenderReport report, gpointer user, GError **error);

/* Ends in a few seconds whatever the broker does. What was not delivered stays
 * in the spool's directory; without one it is dropped. The last counts. */
void gst_alexnet_sender_free (GstAlexnetSender *sender,
    GstAlexnetOutboxCounts *counts);

/* Where to add messages, wait for them and count them, from any thread. It
 * lives as long as the sender. */
GstAlexnetOutbox *gst_alexnet_sender_get_outbox (GstAlexnetSender *sender);

void gst_alexnet_sender_settings_clear (GstAlexnetSenderSettings *settings);
void gst_alexnet_sender_settings_copy (const GstAlexnetSenderSettings *settings,
    GstAlexnetSenderSettings *copy);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstAlexnetSenderSettings,
    gst_alexnet_sender_settings_clear)

G_END_DECLS

#endif /* GST_ALEXNET_SENDER_H */
