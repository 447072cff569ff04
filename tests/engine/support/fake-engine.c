/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake-engine.h"

#include "fake-backend.h"
#include "models.h"

void
fixture_set_up (Fixture *f, gconstpointer max_batch_size)
{
  fake_backend_reset ();
  f->model = models_load (NULL);
  f->engine = get_engine (f->model, GPOINTER_TO_UINT (max_batch_size), 0);
}

void
fixture_tear_down (Fixture *f, gconstpointer max_batch_size)
{
  fake_backend_set_gate (TRUE);
  alexnet_engine_unref (f->engine);
  alexnet_model_unref (f->model);
  g_assert_cmpuint (fake_backend_n_open (), ==, 0);
}

AlexnetEngine *
get_engine (AlexnetModel *model, guint max_batch_size, guint64 batch_timeout)
{
  AlexnetEngineParams params = {
    .backend = "fake",
    .max_batch_size = max_batch_size,
    .batch_timeout = batch_timeout,
  };
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine = alexnet_engine_get (model, &params, &error);

  g_assert_no_error (error);
  return engine;
}

AlexnetRequest *
try_submit (AlexnetStream *stream, float value, GError **error)
{
  return alexnet_stream_submit_tensor (stream, &value, error);
}

AlexnetRequest *
submit (AlexnetStream *stream, float value)
{
  g_autoptr (GError) error = NULL;
  AlexnetRequest *request = try_submit (stream, value, &error);

  g_assert_no_error (error);
  return request;
}

void
assert_answer (AlexnetRequest *request, float value)
{
  g_autoptr (GError) error = NULL;
  AlexnetResult result;

  alexnet_request_wait (request, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result.n_classes, ==, 10);
  g_assert_cmpuint (result.n_best, ==, ALEXNET_MAX_BEST);
  for (guint i = 0; i < result.n_best; i++) {
    g_assert_cmpuint (result.best[i].class_id, ==, i);
    g_assert_cmpfloat (result.best[i].probability, ==, i == 0 ? value : 0);
  }
}

void
take_answer (AlexnetRequest *request, float value)
{
  assert_answer (request, value);
  alexnet_request_release (request);
}

void
assert_fails (AlexnetRequest *request, AlexnetError code)
{
  g_autoptr (GError) error = NULL;
  AlexnetResult result;

  g_assert_false (alexnet_request_wait (request, &result, &error));
  g_assert_error (error, ALEXNET_ERROR, (int) code);
}
