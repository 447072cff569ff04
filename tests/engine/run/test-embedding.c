/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Embeddings as an application asks for them: what PyTorch computes, for heads
 * of three linear layers, one and none. */

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "model/model.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/says.h"

/* Of the largest value, in fp32. */
#define TOLERANCE 1e-4

/* The same in int8: an input of a layer has 255 steps and a weight 127, so that
 * either is off by up to half a hundredth; in a sum of many that comes to less,
 * and it adds up over seven layers. */
#define INT8_TOLERANCE 3e-2

#define N_IMAGES 4

static char *dir;

static AlexnetModel *
load_narrow (const char *architecture)
{
  g_autofree char *file = g_strconcat (architecture, "-narrow.safetensors",
      NULL);
  g_autofree char *path = models_path (file);

  return models_load (path);
}

static AlexnetEngine *
get_engine_of (AlexnetModel *model, const char *backend,
    AlexnetPrecision precision, gboolean embedding)
{
  AlexnetEngineParams params = { .backend = backend,
    .precision = precision,
    .max_batch_size = 2,
    .embedding = embedding };
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine = alexnet_engine_get (model, &params, &error);

  g_assert_no_error (error);
  g_assert_cmpint (alexnet_engine_get_precision (engine), ==, precision);
  return engine;
}

static AlexnetEngine *
get_engine (AlexnetModel *model, const char *backend, gboolean embedding)
{
  return get_engine_of (model, backend, ALEXNET_PRECISION_FP32, embedding);
}

/* FALSE, and the test is skipped, where this machine lacks the device. */
static gboolean
begin (const char *backend)
{
  AlexnetModel *model = load_narrow ("torchvision");
  AlexnetEngineParams params = { .backend = backend, .max_batch_size = 1 };
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine = alexnet_engine_get (model, &params, &error);

  if (!engine) {
    g_assert_cmpstr (backend, ==, "cudnn");
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
    g_test_skip (error->message);
  }
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
  return engine != NULL;
}

/* Takes the request; NULL: the result has none. g_free() it. */
static float *
take_embedding (AlexnetRequest *request, guint *n)
{
  g_autoptr (GError) error = NULL;
  AlexnetResult result;
  float *embedding;

  alexnet_request_wait (request, &result, &error);
  g_assert_no_error (error);
  *n = result.n_embedding;
  embedding = g_memdup2 (result.embedding, *n * sizeof (float));
  alexnet_request_release (request);
  return embedding;
}

/* What an engine says of `input`; NULL: that there is none. g_free() it. */
static float *
embed (AlexnetEngine *engine, const float *input, gboolean best_only, guint *n)
{
  AlexnetStream *stream = alexnet_stream_new (engine, NULL, 1);
  g_autoptr (GError) error = NULL;
  AlexnetRequest *request;
  float *embedding;

  alexnet_stream_set_best_only (stream, best_only);
  request = alexnet_stream_submit_tensor (stream, input, &error);
  g_assert_no_error (error);
  embedding = take_embedding (request, n);
  alexnet_stream_free (stream);
  return embedding;
}

static float *
embed_image (AlexnetEngine *engine, const AlexnetImage *image, guint *n)
{
  AlexnetStream *stream = alexnet_stream_new (engine, NULL, 1);
  g_autoptr (GError) error = NULL;
  AlexnetRequest *request = alexnet_stream_submit (stream, image, NULL, &error);
  float *embedding;

  g_assert_no_error (error);
  embedding = take_embedding (request, n);
  alexnet_stream_free (stream);
  return embedding;
}

/* How far what was found is off at most, of the largest value. */
static float
find_error (const float *found, const float *expected, guint n)
{
  float largest = 0, difference = 0;

  for (guint i = 0; i < n; i++) {
    g_assert_true (isfinite (found[i]));
    largest = fmaxf (largest, fabsf (expected[i]));
    difference = fmaxf (difference, fabsf (found[i] - expected[i]));
  }
  g_assert_cmpfloat (largest, >, 0);
  return difference / largest;
}

/* The same engine serves two streams, of which one wants less. */
static void
check_golden (const char *backend, const char *architecture)
{
  g_autofree char *name = g_strconcat (architecture, "-narrow", NULL);
  AlexnetModel *model = load_narrow (architecture);
  AlexnetEngine *engine = get_engine (model, backend, TRUE);
  g_autofree float
      *input = random_model_input (alexnet_model_get_network (model));
  guint n;
  g_autofree float *expected = random_model_golden (name, "embedding", &n);

  g_assert_cmpuint (alexnet_model_get_n_embedding (model), ==, n);
  for (guint best_only = 0; best_only < 2; best_only++) {
    guint n_found;
    g_autofree float *found = embed (engine, input, best_only, &n_found);

    g_assert_cmpuint (n_found, ==, n);
    g_assert_cmpfloat (find_error (found, expected, n), <=, TOLERANCE);
  }
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

static void
test_golden (gconstpointer backend)
{
  if (!begin (backend))
    return;
  check_golden (backend, "torchvision");
  check_golden (backend, "caffe");
}

/* The model with what int8 has to know of it. */
static AlexnetModel *
calibrate (AlexnetModel *model)
{
  g_autofree char *path = g_build_filename (dir, "int8.safetensors", NULL);
  AlexnetModel *calibrated;

  models_calibrate (model, N_IMAGES, path);
  calibrated = models_load (path);
  g_unlink (path);
  return calibrated;
}

/* Images that it was calibrated with, and one more. */
static void
test_int8 (void)
{
  AlexnetModel *plain = load_narrow ("torchvision");
  AlexnetModel *model = calibrate (plain);
  AlexnetEngine *exact = get_engine (plain, "reference", TRUE);
  AlexnetEngine *engine = get_engine_of (model, "cpu", ALEXNET_PRECISION_INT8,
      TRUE);

  for (guint i = 0; i <= N_IMAGES; i++) {
    guint8 pixels[MODELS_SIDE * MODELS_SIDE * 3];
    AlexnetImage image = models_make_image (pixels, i);
    guint n, n_found;
    g_autofree float *expected = embed_image (exact, &image, &n);
    g_autofree float *found = embed_image (engine, &image, &n_found);
    float error;

    g_assert_cmpuint (n_found, ==, n);
    error = find_error (found, expected, n);
    g_test_message ("image %u: error %.2g", i, (double) error);
    g_assert_cmpfloat (error, <=, INT8_TOLERANCE);
  }
  alexnet_engine_unref (engine);
  alexnet_engine_unref (exact);
  alexnet_model_unref (model);
  alexnet_model_unref (plain);
}

/* Who does not ask gets none, from an engine of its own. */
static void
test_off (void)
{
  AlexnetModel *model = load_narrow ("torchvision");
  AlexnetEngine *with = get_engine (model, "reference", TRUE);
  AlexnetEngine *same = get_engine (model, "reference", 42);
  AlexnetEngine *without = get_engine (model, "reference", FALSE);
  g_autofree float
      *input = random_model_input (alexnet_model_get_network (model));
  guint n;

  g_assert_true (with == same);
  g_assert_true (with != without);
  g_assert_null (embed (without, input, FALSE, &n));
  g_assert_cmpuint (n, ==, 0);
  alexnet_engine_unref (with);
  alexnet_engine_unref (same);
  alexnet_engine_unref (without);
  alexnet_model_unref (model);
}

/* A network that looks for the largest value of each channel and takes two
 * sums of these, all weights 0, in a layer of JSON `layer`. */
static AlexnetModel *
load_pooled (const char *layer, const char *shape)
{
  g_autofree char *layers = g_strdup_printf (
      "{\"input\": [3, 224, 224], \"layers\": [{\"type\": \"maxpool\", "
      "\"kernel\": 224, \"stride\": 1, \"padding\": 0, \"end_padding\": 0}, "
      "{\"name\": \"last\", \"channels\": 2, %s}, {\"type\": \"softmax\"}]}",
      layer);
  g_autofree char *escaped = g_strescape (layers, NULL);
  g_autofree char *header = g_strdup_printf (
      "{\"__metadata__\": {\"layers\": \"%s\"}, "
      "\"last.weight\": {\"dtype\": \"F32\", \"shape\": %s, "
      "\"data_offsets\": [0, 24]}, \"last.bias\": {\"dtype\": \"F32\", "
      "\"shape\": [2], \"data_offsets\": [24, 32]}}",
      escaped, shape);
  g_autofree char *path = g_build_filename (dir, "pooled.safetensors", NULL);
  guint64 size = GUINT64_TO_LE (strlen (header));
  GByteArray *file = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  AlexnetModel *model;

  g_byte_array_append (file, (const guint8 *) &size, sizeof size);
  g_byte_array_append (file, (const guint8 *) header, strlen (header));
  g_byte_array_append (file, (const guint8[32]){ 0 }, 32);
  g_file_set_contents (path, (const char *) file->data, file->len, &error);
  g_assert_no_error (error);
  g_byte_array_unref (file);
  model = models_load (path);
  g_unlink (path);
  return model;
}

static void
check_one_linear (const char *backend)
{
  AlexnetModel *model = load_pooled ("\"type\": \"linear\"", "[2, 3]");
  AlexnetEngine *engine = get_engine (model, backend, TRUE);
  g_autofree float
      *input = random_model_input (alexnet_model_get_network (model));
  float largest[3] = { -INFINITY, -INFINITY, -INFINITY };
  g_autofree float *found = NULL;
  guint n;

  for (guint i = 0; i < 3 * 224 * 224; i++)
    largest[i / (224 * 224)] = fmaxf (largest[i / (224 * 224)], input[i]);
  found = embed (engine, input, FALSE, &n);
  g_assert_cmpmem (found, n * sizeof (float), largest, sizeof largest);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

static void
test_one_linear (gconstpointer backend)
{
  if (begin (backend))
    check_one_linear (backend);
}

static void
test_no_linear (void)
{
  AlexnetModel *model = load_pooled ("\"type\": \"conv\", \"kernel\": 1, "
                                     "\"stride\": 1, \"padding\": 0, "
                                     "\"end_padding\": 0, \"groups\": 1",
      "[2, 3, 1, 1]");
  AlexnetEngineParams params = { .embedding = TRUE };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (alexnet_model_get_n_embedding (model), ==, 0);
  g_assert_null (alexnet_engine_get (model, &params, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
  assert_says (error->message, "no linear layer");
  alexnet_engine_unref (get_engine (model, "reference", FALSE));
  alexnet_model_unref (model);
}

int
main (int argc, char **argv)
{
  const char *const *backends = alexnet_backend_names ();
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("alexnet-embedding-XXXXXX", NULL);
  g_assert_nonnull (dir);
  for (guint i = 0; backends[i]; i++) {
    g_autofree char *golden = g_strdup_printf ("/embedding/%s/golden",
        backends[i]);
    g_autofree char *one = g_strdup_printf ("/embedding/%s/one-linear",
        backends[i]);

    g_test_add_data_func (golden, backends[i], test_golden);
    g_test_add_data_func (one, backends[i], test_one_linear);
    if (g_str_equal (backends[i], "cpu"))
      g_test_add_func ("/embedding/cpu/int8", test_int8);
  }
  g_test_add_func ("/embedding/off", test_off);
  g_test_add_func ("/embedding/no-linear", test_no_linear);
  status = g_test_run ();
  g_rmdir (dir);
  g_free (dir);
  return status;
}
