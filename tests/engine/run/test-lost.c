/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A device that fails a batch or a submission, and what is no failure of the
 * device. Runs under ThreadSanitizer too. */

#include "alexnet.h"
#include "support/fake-backend.h"
#include "support/fake-engine.h"

#define HOUR (3600 * G_GUINT64_CONSTANT (1000000000))

/* A new engine in its place works. */
static void
assert_replaced (Fixture *f, guint max_batch_size, guint64 batch_timeout)
{
  AlexnetEngine *fresh = get_engine (f->model, max_batch_size, batch_timeout);
  AlexnetStream *stream = alexnet_stream_new (fresh, NULL, max_batch_size);

  g_assert_true (fresh != f->engine);
  for (guint i = 0; i < max_batch_size; i++)
    alexnet_request_release (submit (stream, i));
  alexnet_stream_free (stream);
  alexnet_engine_unref (fresh);
}

static void
assert_refused (AlexnetStream *stream, int code, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (try_submit (stream, 3, &error));
  g_assert_error (error, ALEXNET_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_batch (Fixture *f, gconstpointer max_batch_size)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 4);
  AlexnetRequest *good = submit (stream, 1), *bad;

  assert_answer (good, 1);
  fake_backend_fail_infer (0);
  bad = submit (stream, 2);
  assert_fails (bad, ALEXNET_ERROR_DEVICE);
  assert_answer (good, 1);
  assert_refused (stream, ALEXNET_ERROR_DEVICE, "the device fell off the bus");
  assert_replaced (f, GPOINTER_TO_UINT (max_batch_size), 0);
  alexnet_request_release (good);
  alexnet_request_release (bad);
  alexnet_stream_free (stream);
}

/* The engine is lost for all its streams. What waits for a full batch does so
 * no longer. */
static void
test_staging (Fixture *f, gconstpointer max_batch_size)
{
  guint n = GPOINTER_TO_UINT (max_batch_size);
  AlexnetStream *stream, *other;
  AlexnetRequest *waiting;

  alexnet_engine_unref (f->engine);
  f->engine = get_engine (f->model, n, HOUR);
  stream = alexnet_stream_new (f->engine, NULL, 4);
  other = alexnet_stream_new (f->engine, NULL, 4);
  waiting = submit (other, 1);
  fake_backend_fail_stage (ALEXNET_ERROR_DEVICE);
  assert_refused (stream, ALEXNET_ERROR_DEVICE, "the upload failed");
  fake_backend_fail_stage (-1);
  assert_refused (stream, ALEXNET_ERROR_DEVICE, "the upload failed");
  assert_refused (other, ALEXNET_ERROR_DEVICE, "the upload failed");
  assert_fails (waiting, ALEXNET_ERROR_DEVICE);
  g_assert_cmpuint (fake_backend_n_batches (), ==, 0);
  assert_replaced (f, n, HOUR);
  alexnet_request_release (waiting);
  alexnet_stream_free (other);
  alexnet_stream_free (stream);
}

/* A batch that was under way fails, too. The first reason stays. */
static void
test_both (Fixture *f, gconstpointer max_batch_size)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 4);
  AlexnetRequest *running;

  fake_backend_set_gate (FALSE);
  fake_backend_fail_infer (0);
  running = submit (stream, 1);
  fake_backend_wait_begun (1);
  fake_backend_fail_stage (ALEXNET_ERROR_DEVICE);
  assert_refused (stream, ALEXNET_ERROR_DEVICE, "the upload failed");
  fake_backend_set_gate (TRUE);
  assert_fails (running, ALEXNET_ERROR_DEVICE);
  assert_refused (stream, ALEXNET_ERROR_DEVICE, "the upload failed");
  alexnet_request_release (running);
  alexnet_stream_free (stream);
}

/* Any number of times, and the next image is none the worse for it. */
static void
test_no_memory (Fixture *f, gconstpointer max_batch_size)
{
  AlexnetStream *stream = alexnet_stream_new (f->engine, NULL, 2);
  AlexnetRequest *request;

  fake_backend_fail_stage (ALEXNET_ERROR_NO_MEMORY);
  for (guint i = 0; i < 20; i++)
    assert_refused (stream, ALEXNET_ERROR_NO_MEMORY, "the upload failed");
  fake_backend_fail_stage (-1);
  request = submit (stream, 2);
  take_answer (request, 2);
  alexnet_stream_free (stream);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*run) (Fixture *, gconstpointer);
    guint max_batch_size;
  } tests[] = {
    { "/lost/batch", test_batch, 4 },
    { "/lost/staging", test_staging, 4 },
    { "/lost/both", test_both, 4 },
    { "/lost/no-memory", test_no_memory, 2 },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture,
        GUINT_TO_POINTER (tests[i].max_batch_size), fixture_set_up,
        tests[i].run, fixture_tear_down);
  return g_test_run ();
}
