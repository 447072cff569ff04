/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of classificationkafka share: librdkafka's mock cluster, an
 * element that publishes to it, and what a consumer reads there. */

#ifndef ALEXNET_TEST_KAFKA_HELPERS_H
#define ALEXNET_TEST_KAFKA_HELPERS_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "jsonhelpers.h"

#define TEST_TOPIC "results"

/* Requests of Kafka's protocol: one brings messages, one makes a producer
 * known. */
#define TEST_PRODUCE 0
#define TEST_INIT_PRODUCER 22

typedef struct {
  rd_kafka_t *client;
  rd_kafka_mock_cluster_t *mock; /* one broker, one partition of TEST_TOPIC */
} Cluster;

Cluster *test_cluster_new (void);
void test_cluster_free (Cluster *cluster);
void test_cluster_set_up (Cluster *cluster, gboolean up);

typedef struct {
  char *key, *value;
  GHashTable *headers; /* strings by name */
} Message;

/* The first `n` messages of the topic, waited for; of Message. Fails where
 * there are more. */
GPtrArray *test_cluster_read (Cluster *cluster, guint n);
const char *test_message_header (GPtrArray *messages, guint i,
    const char *name);

typedef struct {
  GstHarness *harness;
  GstElement *element; /* the classificationkafka */
  GstBus *bus;
} Publisher;

/* Behind these elements, "" or "... ! ", with a broker that is soon found again
 * and these properties beside. PLAYING. */
Publisher *test_publisher_new (Cluster *cluster, const char *upstream,
    const char *format, ...) G_GNUC_PRINTF (3, 4);
void test_publisher_free (Publisher *publisher);

/* The frame of this number, of 25 a second, is a cat; `extra` is more fields,
 * or NULL. Must be taken. */
void test_publish (Publisher *publisher, guint number, const char *extra);
void test_publish_many (Publisher *publisher, guint from, guint to);
void test_publish_eos (Publisher *publisher);

/* Fails unless these are the messages of the frames from `from` on. */
void test_expect_frames (GPtrArray *messages, guint from);

/* Waits for a warning or info message with this text. */
void test_wait_for (Publisher *publisher, GstMessageType type,
    const char *text);

/* Waits until a counter has the value. */
void test_wait_for_stat (Publisher *publisher, const char *field,
    guint64 value);

/* An empty directory, and without it and what is in it. */
char *test_directory_new (void);
void test_directory_free (char *directory);

/* How many files it has; the last of them by name, to be freed. */
guint test_count_files (const char *directory);
char *test_last_file (const char *directory, const char *suffix);

#endif /* ALEXNET_TEST_KAFKA_HELPERS_H */
