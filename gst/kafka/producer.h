/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* librdkafka's producer, of which this is the only user: configuration, sending
 * without waiting, and what became of it.
 *
 * Errors are GST_RESOURCE_ERROR's. Thread-safety: one thread at a time. */

#ifndef GST_ALEXNET_PRODUCER_H
#define GST_ALEXNET_PRODUCER_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstAlexnetProducer GstAlexnetProducer;

typedef struct {
  char *brokers;          /* host:port,...; NULL: among the settings */
  GstStructure *settings; /* of librdkafka, by name; or NULL */
  gboolean endless;       /* a message is tried until it is delivered */
} GstAlexnetProducerSettings;

typedef enum {
  GST_ALEXNET_SEND_OK,
  GST_ALEXNET_SEND_LATER,   /* librdkafka has enough to do */
  GST_ALEXNET_SEND_REFUSED, /* this message, for good */
  GST_ALEXNET_SEND_BROKEN,  /* a new producer has to begin with it again */
} GstAlexnetSend;

typedef struct {
  /* From any thread, which must not use the producer in it: it is time for
   * gst_alexnet_producer_poll(). */
  void (*wake) (gpointer user);

  /* The rest from gst_alexnet_producer_poll(). What became of what was sent,
   * never SEND_LATER; `why` where it failed. */
  void (*sent) (gpointer user, gpointer tag, GstAlexnetSend send,
      const char *why);
  /* No broker can be reached now. */
  void (*away) (gpointer user, const char *why);
  void (*broken) (gpointer user, const char *why);
} GstAlexnetProducerEvents;

/* Whether librdkafka takes these settings. */
gboolean gst_alexnet_producer_check (const GstAlexnetProducerSettings *settings,
    GError **error);

/* Connects in the background. `events` has to last. */
GstAlexnetProducer *
gst_alexnet_producer_new (const GstAlexnetProducerSettings *settings,
    const GstAlexnetProducerEvents *events, gpointer user, GError **error);

/* What was not delivered is forgotten. Waits a second at most: what librdkafka
 * has to end, e.g. a search for a name, ends behind the scenes. */
void gst_alexnet_producer_free (GstAlexnetProducer *producer);

/* Sends a packed message; the fate of what is SEND_OK is told with `tag`. `why`
 * of the others is to be freed. */
GstAlexnetSend gst_alexnet_producer_send (GstAlexnetProducer *producer,
    GBytes *message, gpointer tag, char **why);

void gst_alexnet_producer_poll (GstAlexnetProducer *producer);

G_END_DECLS

#endif /* GST_ALEXNET_PRODUCER_H */
