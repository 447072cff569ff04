/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Slots, batches, cancellation and sharing, on a backend that the test can hold
 * and let go. Runs under ThreadSanitizer too. */

#include <math.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alexnet.h"
#include "support/demonstration.h"
#include "support/fake-backend.h"
#include "support/fake-engine.h"
#include "model/model.h"
#include "support/models.h"
#include "support/says.h"

static void
test_answers_in_order (Fixture *f, gconstpointer data)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 5);
  AlexnetRequest *pending[5] = { NULL };

  for (guint i = 0; i < 200; i++) {
    if (pending[i % 5])
      take_answer (pending[i % 5], i - 5);
    pending[i % 5] = submit (stream, i);
  }
  for (guint i = 0; i < 5; i++)
    take_answer (pending[i], 195 + i);
  alexnet_stream_free (stream);
}

static void
test_batches_form_while_busy (Fixture *f, gconstpointer data)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 8);
  AlexnetRequest *requests[8];
  AlexnetEngineStats stats;

  alexnet_engine_get_stats (f->engine, &stats);
  g_assert_cmpuint (stats.image_time, ==, 0);
  fake_backend_set_gate (FALSE);
  requests[0] = submit (stream, 0);
  fake_backend_wait_begun (1);
  for (guint i = 1; i < 7; i++)
    requests[i] = submit (stream, i);
  fake_backend_set_gate (TRUE);
  for (guint i = 0; i < 7; i++)
    take_answer (requests[i], i);

  /* A ring of 8 slots, batches of 4 at most: 0, 1-4, 5-6. */
  g_assert_cmpuint (fake_backend_n_batches (), ==, 3);
  g_assert_cmpuint (fake_backend_batch_size (0), ==, 1);
  g_assert_cmpuint (fake_backend_batch_size (1), ==, 4);
  g_assert_cmpuint (fake_backend_batch_size (2), ==, 2);
  alexnet_engine_get_stats (f->engine, &stats);
  g_assert_cmpuint (stats.batches, ==, 3);
  g_assert_cmpuint (stats.images, ==, 7);
  g_assert_cmpuint (stats.image_time, >, 0);
  g_assert_cmpuint (stats.image_time, <, stats.inference_time);
  g_assert_cmpuint (stats.device_memory, ==, FAKE_BACKEND_MEMORY);
  alexnet_stream_free (stream);
}

static void
test_release_unread (Fixture *f, gconstpointer data)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 3);
  AlexnetRequest *request;

  fake_backend_set_gate (FALSE);
  request = submit (stream, 1);
  fake_backend_wait_begun (1);
  alexnet_request_release (request);
  alexnet_request_release (submit (stream, 2));
  alexnet_request_release (submit (stream, 3));
  request = submit (stream, 4);
  fake_backend_set_gate (TRUE);
  take_answer (request, 4);

  /* 2 and 3 were let go before the worker saw them. */
  g_assert_cmpuint (fake_backend_n_batches (), ==, 2);
  g_assert_cmpuint (fake_backend_batch_size (1), ==, 1);
  alexnet_request_release (submit (stream, 5));
  alexnet_stream_free (stream);
}

static void *
flush_soon (void *stream)
{
  g_usleep (20000);
  alexnet_stream_set_flushing (stream, TRUE);
  return NULL;
}

static void
test_flushing_wakes_wait (Fixture *f, gconstpointer data)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 2);
  AlexnetStream *other = alexnet_stream_new (f->engine, NULL, 2);
  AlexnetRequest *request, *others;
  g_autoptr (GError) error = NULL;
  pthread_t thread;

  fake_backend_set_gate (FALSE);
  request = submit (stream, 1);
  others = submit (other, 2);
  pthread_create (&thread, NULL, flush_soon, stream);
  assert_fails (request, ALEXNET_ERROR_CANCELLED);
  pthread_join (thread, NULL);
  g_assert_null (try_submit (stream, 3, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_CANCELLED);

  fake_backend_set_gate (TRUE);
  take_answer (others, 2);
  alexnet_request_release (request);
  alexnet_stream_set_flushing (stream, FALSE);
  request = submit (stream, 4);
  take_answer (request, 4);
  alexnet_stream_free (stream);
  alexnet_stream_free (other);
}

static void
test_flushing_wakes_submit (Fixture *f, gconstpointer data)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 2);
  AlexnetRequest *a = submit (stream, 1), *b = submit (stream, 2);
  g_autoptr (GError) error = NULL;
  pthread_t thread;

  pthread_create (&thread, NULL, flush_soon, stream);
  g_assert_null (try_submit (stream, 3, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_CANCELLED);
  pthread_join (thread, NULL);
  alexnet_request_release (a);
  alexnet_request_release (b);
  alexnet_stream_free (stream);
}

/* It waits for a slot, which another stream has. */
static void
test_flushing_wakes_submit_without_slot (Fixture *f, gconstpointer data)
{
  AlexnetStream *greedy = alexnet_stream_new (f->engine, NULL, 8);
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 1);
  AlexnetRequest *requests[8];
  g_autoptr (GError) error = NULL;
  pthread_t thread;

  fake_backend_set_gate (FALSE);
  for (guint i = 0; i < 8; i++)
    requests[i] = submit (greedy, i);
  pthread_create (&thread, NULL, flush_soon, stream);
  g_assert_null (try_submit (stream, 8, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_CANCELLED);
  pthread_join (thread, NULL);
  fake_backend_set_gate (TRUE);
  for (guint i = 0; i < 8; i++)
    alexnet_request_release (requests[i]);
  alexnet_stream_free (greedy);
  alexnet_stream_free (stream);
}

static void
test_stalled_stream_stops_nobody (Fixture *f, gconstpointer data)
{
  AlexnetStream *stalled = alexnet_stream_new (f->engine, NULL, 100);
  AlexnetStream *other = alexnet_stream_new (f->engine, NULL, 1);
  AlexnetRequest *unread[100];

  for (guint i = 0; i < 100; i++)
    unread[i] = submit (stalled, i);
  for (guint i = 0; i < 50; i++) {
    AlexnetRequest *request = submit (other, 1000 + i);

    take_answer (request, 1000 + i);
  }
  for (guint i = 0; i < 100; i++)
    take_answer (unread[i], i);
  alexnet_stream_free (stalled);
  alexnet_stream_free (other);
}

static void
test_not_finite (Fixture *f, gconstpointer data)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 2);
  AlexnetRequest *nan = submit (stream, NAN), *good = submit (stream, 1);

  assert_fails (nan, ALEXNET_ERROR_NOT_FINITE);
  assert_answer (good, 1);
  alexnet_request_release (nan);
  alexnet_request_release (good);
  alexnet_stream_free (stream);
}

static void
test_best_only (Fixture *f, gconstpointer data)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 2);
  AlexnetRequest *requests[2];
  AlexnetResult result;

  requests[0] = submit (stream, 1);
  alexnet_stream_set_best_only (stream, TRUE);
  requests[1] = submit (stream, 2);
  for (guint i = 0; i < 2; i++) {
    assert_answer (requests[i], 1 + i);
    alexnet_request_wait (requests[i], &result, NULL);
    g_assert_cmpint (result.probabilities == NULL, ==, i == 1);
    alexnet_request_release (requests[i]);
  }
  alexnet_stream_free (stream);
}

/* A child gives back what it has inherited, of which a batch is under way in
 * the parent, and disturbs nobody. */
static void
test_fork (Fixture *f, gconstpointer data)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 2);
  AlexnetRequest *request;
  int status;
  pid_t pid;

  fake_backend_set_gate (FALSE);
  request = submit (stream, 1);
  fake_backend_wait_begun (1);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    alarm (120);
    alexnet_stream_free (stream);
    alexnet_engine_unref (f->engine);
    _exit (0);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  fake_backend_set_gate (TRUE);
  take_answer (request, 1);
  alexnet_stream_free (stream);
}

/* The fake backend answers 1 whatever the weights are. */
static void
test_not_finite_weights (void)
{
  g_autofree char *path = demonstration_path ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  AlexnetModel *model;
  char *data;
  gsize size;

  fake_backend_reset ();
  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  data[size - 1] = 0x7e;
  bytes = g_bytes_new_take (data, size);
  model = alexnet_model_new_from_bytes (bytes, "nan.safetensors", NULL, &error);
  g_assert_no_error (error);
  g_assert_null (alexnet_engine_get (model, NULL, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr (error->message, ==,
      "nan.safetensors: tensor classifier.6.bias holds NaN or infinity, "
      "expected finite numbers");
  g_assert_cmpuint (fake_backend_n_open (), ==, 0);
  alexnet_model_unref (model);
}

static void
test_sharing (Fixture *f, gconstpointer data)
{
  guint batch = GPOINTER_TO_UINT (data);
  AlexnetEngine *same = get_engine (f->model, batch, 0);
  AlexnetEngine *other = get_engine (f->model, batch + 1, 0);

  g_assert_true (same == f->engine);
  g_assert_true (other != f->engine);
  g_assert_cmpuint (fake_backend_n_open (), ==, 2);
  alexnet_engine_unref (other);
  alexnet_engine_unref (same);
  g_assert_cmpuint (fake_backend_n_open (), ==, 1);
}

/* An id is part of what must be equal; having none is one of them. */
static void
test_isolation (Fixture *f, gconstpointer data)
{
  char id[] = "a";
  AlexnetEngineParams params = { .id = id, .backend = "fake" };
  AlexnetEngine *engines[4];
  static const char names[] = { 'a', 'b', 'a', 'b' };

  params.max_batch_size = GPOINTER_TO_UINT (data);
  for (guint i = 0; i < G_N_ELEMENTS (engines); i++) {
    id[0] = names[i];
    engines[i] = alexnet_engine_get (f->model, &params, NULL);
  }
  g_assert_true (engines[0] != f->engine);
  g_assert_true (engines[0] != engines[1]);
  g_assert_true (engines[0] == engines[2]);
  g_assert_true (engines[1] == engines[3]);
  g_assert_cmpuint (fake_backend_n_open (), ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (engines); i++)
    alexnet_engine_unref (engines[i]);
}

static void
test_choice_of_backend (void)
{
  AlexnetModel *model = models_load (NULL);
  AlexnetEngineParams params = { .backend = "absent" };
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine;

  fake_backend_reset ();
  g_assert_null (alexnet_engine_get (model, &params, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  g_assert_cmpstr (error->message, ==,
      "absent: this machine has no such device");
  g_clear_error (&error);

  params.backend = "auto";
  engine = alexnet_engine_get (model, &params, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (alexnet_engine_get_backend (engine), ==, "fake");
  g_assert_cmpstr (alexnet_engine_get_notes (engine), ==,
      "absent: this machine has no such device\n"
      "unbuilt: not in this build");
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

/* Refused before a backend sees them, with what was wrong. */
static void
test_bad_params (void)
{
  static const struct {
    AlexnetEngineParams params;
    const char *message;
  } bad[] = {
    { { .max_batch_size = ALEXNET_MAX_BATCH_SIZE + 1 }, "batch size of 513" },
    { { .cpu_threads = ALEXNET_MAX_CPU_THREADS + 1 }, "threads of 1025" },
    { { .cuda_device = -2 }, "cuda_device -2" },
    { { .precision = ALEXNET_N_PRECISIONS }, "precision 6" },
    { { .precision = (AlexnetPrecision) 42 }, "precision 42" },
    { { .precision = (AlexnetPrecision) -1 }, "precision -1" },
  };
  AlexnetModel *model = models_load (NULL);

  fake_backend_reset ();
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    AlexnetEngineParams params = bad[i].params;
    g_autoptr (GError) error = NULL;

    params.backend = i % 2 ? "auto" : "fake";
    g_assert_null (alexnet_engine_get (model, &params, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
    assert_says (error->message, bad[i].message);
  }
  alexnet_model_unref (model);
}

static void
test_bad_image (Fixture *f, gconstpointer data)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 1);
  guint8 pixel[3] = { 9, 9, 9 };
  AlexnetImage image = {
    .format = ALEXNET_FORMAT_RGB,
    .planes = { pixel },
    .strides = { 3 },
  };
  AlexnetRegion outside = { 1, 0, 1, 1 };
  g_autoptr (GError) error = NULL;
  AlexnetRequest *request;

  g_assert_null (alexnet_stream_submit (stream, &image, NULL, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
  g_clear_error (&error);
  image.width = image.height = 1;
  g_assert_null (alexnet_stream_submit (stream, &image, &outside, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
  g_clear_error (&error);
  for (int memory = ALEXNET_MEMORY_CUDA; memory <= 32; memory++) {
    image.memory = (AlexnetMemory) memory;
    g_assert_null (alexnet_stream_submit (stream, &image, NULL, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
    g_clear_error (&error);
  }

  image.memory = ALEXNET_MEMORY_HOST;
  request = alexnet_stream_submit (stream, &image, NULL, &error);
  g_assert_no_error (error);
  take_answer (request, 9);
  alexnet_stream_free (stream);
}

/* One stream of many: some requests are read, some let go, and the stream is
 * flushed in between. */
static void *
run_stream (void *engine)
{
  AlexnetStream *stream = alexnet_stream_new (engine, NULL, 4);

  for (guint i = 0; i < 300; i++) {
    AlexnetRequest *a = submit (stream, i), *b = submit (stream, i + 0.5f);

    if (i % 3 != 0)
      assert_answer (a, i);
    alexnet_request_release (a);
    if (i % 7 == 0) {
      alexnet_stream_set_flushing (stream, TRUE);
      alexnet_stream_set_flushing (stream, FALSE);
    }
    if (i % 2 == 0)
      assert_answer (b, i + 0.5f);
    alexnet_request_release (b);
  }
  alexnet_stream_free (stream);
  return NULL;
}

static void
test_many_streams (Fixture *f, gconstpointer data)
{
  pthread_t threads[16];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, run_stream, f->engine),
        ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    pthread_join (threads[i], NULL);
}

static void *
get_and_use (void *model)
{
  for (guint i = 0; i < 20; i++) {
    AlexnetEngine *engine = get_engine (model, 2, 0);
    AlexnetStream *stream = alexnet_stream_new (engine, NULL, 1);
    AlexnetRequest *request = submit (stream, i);

    alexnet_engine_unref (engine);
    take_answer (request, i);
    alexnet_stream_free (stream);
  }
  return NULL;
}

static void
test_coming_and_going (void)
{
  AlexnetModel *model = models_load (NULL);
  pthread_t threads[6];

  fake_backend_reset ();
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, get_and_use, model), ==,
        0);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    pthread_join (threads[i], NULL);
  alexnet_model_unref (model);
  g_assert_cmpuint (fake_backend_n_open (), ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*run) (Fixture *, gconstpointer);
    guint max_batch_size;
  } tests[] = {
    { "/engine/answers-in-order", test_answers_in_order, 4 },
    { "/engine/answers-in-order/one-by-one", test_answers_in_order, 1 },
    { "/engine/batches-form-while-busy", test_batches_form_while_busy, 4 },
    { "/engine/release-unread", test_release_unread, 4 },
    { "/engine/flushing-wakes-wait", test_flushing_wakes_wait, 4 },
    { "/engine/flushing-wakes-submit", test_flushing_wakes_submit, 4 },
    { "/engine/flushing-wakes-submit/slot",
        test_flushing_wakes_submit_without_slot, 4 },
    { "/engine/stalled-stream", test_stalled_stream_stops_nobody, 4 },
    { "/engine/not-finite", test_not_finite, 2 },
    { "/engine/best-only", test_best_only, 2 },
    { "/engine/fork", test_fork, 4 },
    { "/engine/sharing", test_sharing, 4 },
    { "/engine/isolation", test_isolation, 4 },
    { "/engine/bad-image", test_bad_image, 2 },
    { "/engine/many-streams", test_many_streams, 3 },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture,
        GUINT_TO_POINTER (tests[i].max_batch_size), fixture_set_up,
        tests[i].run, fixture_tear_down);
  g_test_add_func ("/engine/not-finite-weights", test_not_finite_weights);
  g_test_add_func ("/engine/choice-of-backend", test_choice_of_backend);
  g_test_add_func ("/engine/bad-params", test_bad_params);
  g_test_add_func ("/engine/coming-and-going", test_coming_and_going);
  return g_test_run ();
}
