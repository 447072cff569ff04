/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a batch waits for, and for how long. Runs under ThreadSanitizer too. */

#include <pthread.h>

#include "alexnet.h"
#include "support/fake-backend.h"
#include "support/fake-engine.h"
#include "support/models.h"

#define HOUR (3600 * G_GUINT64_CONSTANT (1000000000))

static void
test_timeout (void)
{
  AlexnetModel *model;
  AlexnetEngine *engine;
  AlexnetStream *stream;
  AlexnetRequest *requests[4];

  fake_backend_reset ();
  model = models_load (NULL);
  engine = get_engine (model, 4, 20 * G_GUINT64_CONSTANT (1000000000));
  stream = alexnet_stream_new (engine, NULL, 4);
  for (guint i = 0; i < 4; i++) {
    requests[i] = submit (stream, i);
    g_usleep (10000);
  }
  for (guint i = 0; i < 4; i++)
    take_answer (requests[i], i);
  g_assert_cmpuint (fake_backend_n_batches (), ==, 1);
  alexnet_stream_free (stream);
  alexnet_engine_unref (engine);

  engine = get_engine (model, 4, 1000000);
  stream = alexnet_stream_new (engine, NULL, 4);
  requests[0] = submit (stream, 7);
  take_answer (requests[0], 7);
  alexnet_stream_free (stream);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

/* A batch waits for streams that go on, and for no other. */
static void
test_drain (void)
{
  AlexnetModel *model = models_load (NULL);
  AlexnetEngine *engine;
  AlexnetStream *streams[2];
  AlexnetRequest *requests[2];

  fake_backend_reset ();
  engine = get_engine (model, 4, HOUR);
  for (guint i = 0; i < 2; i++)
    streams[i] = alexnet_stream_new (engine, NULL, 4);
  for (guint round = 1; round <= 3; round++) {
    for (guint i = 0; i < 2; i++)
      requests[i] = submit (streams[i], i);
    alexnet_stream_drain (streams[0]);
    g_usleep (10000);
    g_assert_cmpuint (fake_backend_n_batches (), ==, round - 1);
    alexnet_stream_drain (streams[1]);
    for (guint i = 0; i < 2; i++)
      take_answer (requests[i], i);
    g_assert_cmpuint (fake_backend_batch_size (round - 1), ==, 2);
  }
  alexnet_request_release (submit (streams[1], 0));
  requests[0] = submit (streams[0], 5);
  alexnet_stream_drain (streams[0]);
  alexnet_stream_free (streams[1]);
  take_answer (requests[0], 5);
  alexnet_stream_free (streams[0]);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

typedef struct {
  AlexnetStream *stream;
  AlexnetRequest *request;
} Blocked;

static void *
submit_one_more (void *data)
{
  Blocked *blocked = data;

  blocked->request = submit (blocked->stream, 4);
  return NULL;
}

/* A batch does not wait for a stream that has nothing to add until it has run,
 * be its thread in a submission that has to wait or not. */
static void
test_all_in_flight (void)
{
  AlexnetModel *model = models_load (NULL);
  AlexnetRequest *requests[4];
  AlexnetEngine *engine;
  Blocked blocked;
  pthread_t thread;

  fake_backend_reset ();
  engine = get_engine (model, 16, HOUR);
  blocked.stream = alexnet_stream_new (engine, NULL, 4);
  for (guint i = 0; i < 4; i++)
    requests[i] = submit (blocked.stream, i);
  pthread_create (&thread, NULL, submit_one_more, &blocked);
  for (guint i = 0; i < 4; i++)
    take_answer (requests[i], i);
  pthread_join (thread, NULL);
  for (guint i = 0; i < 3; i++)
    requests[i] = submit (blocked.stream, i);
  take_answer (blocked.request, 4);
  for (guint i = 0; i < 3; i++)
    take_answer (requests[i], i);
  g_assert_cmpuint (fake_backend_n_batches (), ==, 2);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (fake_backend_batch_size (i), ==, 4);
  alexnet_stream_free (blocked.stream);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

/* It does wait for a stream that has got its answers and may go on, as one does
 * that lets a request go. */
static void
test_next_round (void)
{
  AlexnetModel *model = models_load (NULL);
  AlexnetStream *streams[2];
  AlexnetRequest *requests[2];
  AlexnetEngine *engine;

  fake_backend_reset ();
  engine = get_engine (model, 16, HOUR);
  for (guint i = 0; i < 2; i++)
    streams[i] = alexnet_stream_new (engine, NULL, 1);
  take_answer (submit (streams[0], 0), 0);
  for (guint round = 1; round <= 3; round++) {
    for (guint i = 2; i-- > 0;) {
      g_assert_cmpuint (fake_backend_n_batches (), ==, round);
      requests[i] = submit (streams[i], i);
      g_usleep (10000);
    }
    for (guint i = 0; i < 2; i++)
      take_answer (requests[i], i);
    g_assert_cmpuint (fake_backend_batch_size (round), ==, 2);
  }
  requests[0] = submit (streams[0], 0);
  alexnet_request_release (requests[0]);
  requests[1] = submit (streams[1], 1);
  g_usleep (10000);
  g_assert_cmpuint (fake_backend_n_batches (), ==, 4);
  alexnet_stream_drain (streams[0]);
  take_answer (requests[1], 1);
  for (guint i = 0; i < 2; i++)
    alexnet_stream_free (streams[i]);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

/* What cannot be waited for up to its end is for ever. */
static void
test_forever (void)
{
  static const guint64 timeouts[] = { G_MAXUINT64, G_MAXUINT64 - 1,
    G_MAXINT64 };
  AlexnetModel *model = models_load (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++) {
    AlexnetRequest *requests[4];
    AlexnetEngine *engine;
    AlexnetStream *stream;

    fake_backend_reset ();
    engine = get_engine (model, 4, timeouts[i]);
    stream = alexnet_stream_new (engine, NULL, 8);
    requests[0] = submit (stream, 0);
    g_usleep (10000);
    g_assert_cmpuint (fake_backend_n_batches (), ==, 0);
    for (guint k = 1; k < 4; k++)
      requests[k] = submit (stream, k);
    for (guint k = 0; k < 4; k++)
      take_answer (requests[k], k);
    g_assert_cmpuint (fake_backend_n_batches (), ==, 1);
    alexnet_stream_free (stream);
    alexnet_engine_unref (engine);
  }
  alexnet_model_unref (model);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/batches/timeout", test_timeout);
  g_test_add_func ("/batches/drain", test_drain);
  g_test_add_func ("/batches/all-in-flight", test_all_in_flight);
  g_test_add_func ("/batches/next-round", test_next_round);
  g_test_add_func ("/batches/forever", test_forever);
  return g_test_run ();
}
