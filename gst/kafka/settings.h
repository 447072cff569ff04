/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The properties of classificationkafka that say what goes where, and how long
 * it may wait.
 *
 * Thread-safety: the caller holds a lock. */

#ifndef GST_ALEXNET_KAFKA_SETTINGS_H
#define GST_ALEXNET_KAFKA_SETTINGS_H

#include "sender.h"

G_BEGIN_DECLS

enum {
  GST_ALEXNET_KAFKA_TOPIC = 1,
  GST_ALEXNET_KAFKA_BROKERS,
  GST_ALEXNET_KAFKA_KEY,
  GST_ALEXNET_KAFKA_SETTINGS,
  GST_ALEXNET_KAFKA_SPOOL_DIRECTORY,
  GST_ALEXNET_KAFKA_SPOOL_MAX_BYTES,
  GST_ALEXNET_KAFKA_FLUSH_TIMEOUT,
  GST_ALEXNET_KAFKA_N_PROPERTIES,
};

typedef struct {
  char *topic, *key; /* key NULL: the id of the stream */
  GstAlexnetSenderSettings sender;
  GstClockTime flush_timeout; /* ns */
} GstAlexnetKafkaSettings;

/* To the defaults of the properties. */
void gst_alexnet_kafka_settings_init (GstAlexnetKafkaSettings *settings);
void gst_alexnet_kafka_settings_clear (GstAlexnetKafkaSettings *settings);
void gst_alexnet_kafka_settings_copy (const GstAlexnetKafkaSettings *settings,
    GstAlexnetKafkaSettings *copy);

/* Errors are GST_RESOURCE_ERROR's. */
gboolean
gst_alexnet_kafka_settings_check (const GstAlexnetKafkaSettings *settings,
    GError **error);

/* Of a class: the properties with the ids above. */
void gst_alexnet_kafka_settings_install (GObjectClass *klass);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstAlexnetKafkaSettings,
    gst_alexnet_kafka_settings_clear)

G_END_DECLS

#endif /* GST_ALEXNET_KAFKA_SETTINGS_H */
