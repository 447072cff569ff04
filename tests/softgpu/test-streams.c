/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The engine with the module: streams that share it, flush and stop with work
 * in flight, a device that is lost while frames are on their way. */

#include <cuda_runtime_api.h>

#include <math.h>

#include "alexnet.h"
#include "fixture.h"
#include "support/random-model.h"
#include "support/says.h"

#define N_INPUTS 24
#define N_CLASSES 10
#define DEPTH 6
#define N_PLANES 3

static AlexnetModel *model;
static float *inputs, *expected;
static gsize n_in;

static AlexnetEngine *
try_engine (const char *backend, GError **error)
{
  AlexnetEngineParams params = {
    .backend = backend,
    .precision = ALEXNET_PRECISION_FP32,
    .max_batch_size = 4,
  };

  return alexnet_engine_get (model, &params, error);
}

static AlexnetEngine *
get_engine (void)
{
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine = try_engine ("cudnn", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (alexnet_engine_get_backend (engine), ==, "cudnn");
  return engine;
}

static void
assert_clean (void)
{
  g_autofree char *live = softgpu_list_live ();

  g_assert_cmpstr (live, ==, "");
}

/* Noise on planes of different colours, so that no two have the same answer. */
static void
make_inputs (void)
{
  AlexnetNetwork *network = fixture_network ("torchvision");
  float colors[N_INPUTS * N_PLANES];

  n_in = alexnet_shape_size (&network->input);
  inputs = fixture_inputs (network, N_INPUTS, 7);
  random_model_values (colors, G_N_ELEMENTS (colors), "colors", 9);
  for (gsize i = 0; i < N_INPUTS * n_in; i++)
    inputs[i] += colors[i * N_PLANES / n_in];
  expected = fixture_reference (network, N_INPUTS, inputs);
  random_model_clear (network);
  g_free (network);
}

/* Well above what fp32 does to a probability, and well below what tells one
 * input from the next. */
static gboolean
is_answer (const float *probabilities, guint i)
{
  for (guint c = 0; c < N_CLASSES; c++)
    if (!(fabsf (probabilities[c] - expected[i * N_CLASSES + c]) <= 2e-5f))
      return FALSE;
  return TRUE;
}

/* The same of what a stream gets that wants no more. */
static gboolean
is_best (const AlexnetResult *result, guint i)
{
  const float *all = expected + i * N_CLASSES;
  float last = 1;

  g_assert_cmpuint (result->n_best, ==, ALEXNET_MAX_BEST);
  for (guint k = 0; k < result->n_best; k++) {
    const AlexnetBest *best = &result->best[k];

    if (best->probability > last ||
        !(fabsf (best->probability - all[best->class_id]) <= 2e-5f))
      return FALSE;
    last = best->probability;
  }
  for (guint c = 0, n = 0; c < N_CLASSES; c++)
    if ((n += all[c] > last + 2e-5f) >= result->n_best)
      return FALSE;
  return TRUE;
}

static void
test_inputs_differ (void)
{
  for (guint i = 0; i < N_INPUTS; i++)
    for (guint k = 0; k < i; k++)
      if (is_answer (expected + k * N_CLASSES, i))
        g_error ("inputs %u and %u have the same answer", k, i);
}

typedef struct {
  AlexnetEngine *engine;
  guint first, step;
  gboolean best_only;
} User;

static void
check_result (AlexnetRequest *request, guint i)
{
  g_autoptr (GError) error = NULL;
  AlexnetResult result;

  alexnet_request_wait (request, &result, &error);
  g_assert_no_error (error);
  if (!is_best (&result, i) ||
      (result.probabilities && !is_answer (result.probabilities, i)))
    g_error ("input %u has another's answer", i);
  alexnet_request_release (request);
}

/* Keeps DEPTH requests in flight. */
static gpointer
use_stream (gpointer data)
{
  const User *user = data;
  AlexnetRequest *requests[DEPTH] = { NULL };
  AlexnetStream *stream = alexnet_stream_new (user->engine, NULL, DEPTH);

  alexnet_stream_set_best_only (stream, user->best_only);
  for (guint n = 0; n < 2 * N_INPUTS + DEPTH; n++) {
    guint at = n % DEPTH;
    g_autoptr (GError) error = NULL;

    if (requests[at])
      check_result (requests[at],
          (user->first + (n - DEPTH) * user->step) % N_INPUTS);
    requests[at] = NULL;
    if (n >= 2 * N_INPUTS)
      continue;
    requests[at] = alexnet_stream_submit_tensor (stream,
        inputs + (user->first + n * user->step) % N_INPUTS * n_in, &error);
    g_assert_no_error (error);
  }
  alexnet_stream_free (stream);
  return NULL;
}

static void
test_sharing (void)
{
  for (guint seed = 0; seed < 4; seed++) {
    AlexnetEngine *engine, *same;
    User users[2];
    GThread *thread;

    softgpu_reset ();
    softgpu_set_seed (seed);
    engine = get_engine ();
    same = get_engine ();
    g_assert_true (engine == same);
    users[0] = (User){ engine, 0, 1, FALSE };
    users[1] = (User){ same, 5, 7, TRUE };
    thread = g_thread_new ("user", use_stream, &users[1]);
    use_stream (&users[0]);
    g_thread_join (thread);
    alexnet_engine_unref (engine);
    alexnet_engine_unref (same);
    assert_clean ();
  }
}

static void
submit_some (AlexnetStream *stream, AlexnetRequest **requests, guint n)
{
  for (guint i = 0; i < n; i++) {
    g_autoptr (GError) error = NULL;

    requests[i] = alexnet_stream_submit_tensor (stream,
        inputs + i % N_INPUTS * n_in, &error);
    g_assert_no_error (error);
  }
}

/* No more is copied back than was asked for; the best classes of one image the
 * kernel has written to the host's memory. */
static void
test_best_only (void)
{
  for (guint best_only = 0; best_only < 2; best_only++) {
    AlexnetEngine *engine;
    AlexnetStream *stream;
    AlexnetRequest *request;
    AlexnetResult result;
    gsize n_returned;

    softgpu_reset ();
    engine = get_engine ();
    stream = alexnet_stream_new (engine, NULL, 1);
    alexnet_stream_set_best_only (stream, best_only);
    n_returned = softgpu_n_returned ();
    submit_some (stream, &request, 1);
    g_assert_true (alexnet_request_wait (request, &result, NULL));
    g_assert_cmpint (result.probabilities == NULL, ==, best_only);
    g_assert_cmpuint (softgpu_n_returned () - n_returned, ==,
        best_only ? 0 : N_CLASSES * sizeof (float));
    check_result (request, 0);
    alexnet_stream_free (stream);
    alexnet_engine_unref (engine);
    assert_clean ();
  }
}

/* Nobody waits for what is in flight. */
static void
test_stop (void)
{
  for (guint seed = 0; seed < 8; seed++) {
    AlexnetRequest *requests[DEPTH];
    AlexnetStream *stream;
    AlexnetEngine *engine;

    softgpu_reset ();
    softgpu_set_seed (seed);
    engine = get_engine ();
    stream = alexnet_stream_new (engine, NULL, DEPTH);
    submit_some (stream, requests, 1 + seed % DEPTH);
    for (guint i = 0; i < 1 + seed % DEPTH; i++)
      alexnet_request_release (requests[i]);
    alexnet_stream_free (stream);
    alexnet_engine_unref (engine);
    assert_clean ();
  }
}

/* Waiters come back; what is submitted afterwards gets its own answers. */
static void
test_flush (void)
{
  AlexnetEngine *engine;
  AlexnetStream *stream;

  softgpu_reset ();
  engine = get_engine ();
  stream = alexnet_stream_new (engine, NULL, DEPTH);
  for (guint round = 0; round < 6; round++) {
    AlexnetRequest *requests[DEPTH];
    g_autoptr (GError) error = NULL;

    submit_some (stream, requests, DEPTH);
    alexnet_stream_set_flushing (stream, TRUE);
    g_assert_null (alexnet_stream_submit_tensor (stream, inputs, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_CANCELLED);
    for (guint i = 0; i < DEPTH; i++)
      alexnet_request_release (requests[i]);
    alexnet_stream_set_flushing (stream, FALSE);

    submit_some (stream, requests, 3);
    for (guint i = 0; i < 3; i++)
      check_result (requests[i], i);
  }
  alexnet_stream_free (stream);
  alexnet_engine_unref (engine);
  assert_clean ();
}

/* Returns how many of the answers came before the loss. */
static guint
use_until_lost (AlexnetStream *stream)
{
  for (guint i = 0; i < N_INPUTS; i++) {
    g_autoptr (GError) error = NULL;
    AlexnetRequest *request = alexnet_stream_submit_tensor (stream,
        inputs + i * n_in, &error);
    AlexnetResult result;

    if (!request || !alexnet_request_wait (request, &result, &error)) {
      g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE);
      assert_says (error->message, "cudaErrorIllegalAddress");
      alexnet_request_release (request);
      return i;
    }
    g_assert_true (is_answer (result.probabilities, i));
    alexnet_request_release (request);
  }
  g_assert_not_reached ();
}

static void
test_lost (void)
{
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine;
  AlexnetStream *stream;

  softgpu_reset ();
  engine = get_engine ();
  stream = alexnet_stream_new (engine, NULL, DEPTH);
  softgpu_lose_device (100);
  g_assert_cmpuint (use_until_lost (stream), >, 1);
  g_assert_cmpuint (use_until_lost (stream), ==, 0);
  alexnet_stream_free (stream);

  g_assert_null (try_engine ("cudnn", &error));
  assert_says (error->message, "cudaErrorIllegalAddress");
  alexnet_engine_unref (engine);
  assert_clean ();
  test_flush ();
}

/* A frame that is too large for the device fails alone. */
static void
test_no_memory (void)
{
  const guint side = 2048;
  g_autofree guint8 *pixels = g_malloc0 (3 * (gsize) side * side);
  AlexnetImage image = { .format = ALEXNET_FORMAT_RGB,
    .width = side,
    .height = side,
    .planes = { pixels },
    .strides = { 3 * (gssize) side } };
  AlexnetEngineStats before, after;
  AlexnetEngine *engine;
  AlexnetStream *stream;
  AlexnetRequest *request;

  softgpu_reset ();
  engine = get_engine ();
  stream = alexnet_stream_new (engine, NULL, 1);
  alexnet_engine_get_stats (engine, &before);
  softgpu_set_memory (before.device_memory);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (alexnet_stream_submit (stream, &image, NULL, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY);
    submit_some (stream, &request, 1);
    check_result (request, 0);
  }
  alexnet_engine_get_stats (engine, &after);
  g_assert_cmpuint (after.device_memory, ==, before.device_memory);
  softgpu_set_memory (2 * before.device_memory);
  request = alexnet_stream_submit (stream, &image, NULL, NULL);
  g_assert_nonnull (request);
  alexnet_request_release (request);
  alexnet_stream_free (stream);
  alexnet_engine_unref (engine);
  assert_clean ();
}

/* It is its owner's mistake, for which the engine has not to pay. */
static void
test_foreign_stream (void)
{
  AlexnetImage image = { .format = ALEXNET_FORMAT_RGB,
    .memory = ALEXNET_MEMORY_CUDA,
    .width = 1,
    .height = 1,
    .strides = { 3 } };
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine;
  AlexnetStream *stream;
  AlexnetRequest *request;
  cudaStream_t foreign;

  softgpu_reset ();
  softgpu_set_devices (2);
  g_assert_cmpint (cudaSetDevice (1), ==, 0);
  g_assert_cmpint (cudaStreamCreateWithFlags (&foreign, cudaStreamNonBlocking),
      ==, 0);
  g_assert_cmpint (cudaSetDevice (0), ==, 0);
  image.planes[0] = softgpu_device_new ("rgb", 3);
  image.cuda_stream = foreign;
  engine = get_engine ();
  stream = alexnet_stream_new (engine, NULL, 1);
  g_assert_null (alexnet_stream_submit (stream, &image, NULL, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
  assert_says (error->message, "cuda_stream");
  submit_some (stream, &request, 1);
  check_result (request, 0);
  alexnet_stream_free (stream);
  alexnet_engine_unref (engine);
  softgpu_device_free ((void *) image.planes[0]);
  g_assert_cmpint (cudaStreamDestroy (foreign), ==, 0);
  assert_clean ();
}

/* "auto" takes the device that is there, and passes over one that is not. */
static void
test_auto (void)
{
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine;

  softgpu_reset ();
  engine = try_engine ("auto", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (alexnet_engine_get_backend (engine), ==, "cudnn");
  g_assert_cmpstr (alexnet_engine_get_notes (engine), ==, "");
  alexnet_engine_unref (engine);

  softgpu_reset ();
  softgpu_set_devices (0);
  engine = try_engine ("auto", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (alexnet_engine_get_backend (engine), !=, "cudnn");
  assert_says (alexnet_engine_get_notes (engine), "no CUDA device");
  alexnet_engine_unref (engine);
  assert_clean ();
}

int
main (int argc, char **argv)
{
  int status;

  cache_directory_init (&argc, &argv);
  model = fixture_model ();
  make_inputs ();
  g_test_add_func ("/softgpu/streams/inputs-differ", test_inputs_differ);
  g_test_add_func ("/softgpu/streams/sharing", test_sharing);
  g_test_add_func ("/softgpu/streams/best-only", test_best_only);
  g_test_add_func ("/softgpu/streams/stop", test_stop);
  g_test_add_func ("/softgpu/streams/flush", test_flush);
  g_test_add_func ("/softgpu/streams/lost", test_lost);
  g_test_add_func ("/softgpu/streams/no-memory", test_no_memory);
  g_test_add_func ("/softgpu/streams/foreign-stream", test_foreign_stream);
  g_test_add_func ("/softgpu/streams/auto", test_auto);
  status = cache_directory_run ();
  g_free (expected);
  g_free (inputs);
  alexnet_model_unref (model);
  return status;
}
