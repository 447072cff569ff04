/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The demonstration model on labelled photographs of CIFAR-10's test set: what
 * every precision of the backend "cpu" says is what PyTorch said in float, for
 * at least 99 of 100 images. What "auto" takes says what fp32 says, and its
 * logits are within a hundredth of the largest one; the same on the random
 * network at full width. */

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "backends.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/sample.h"
#include "support/says.h"

#define DEPTH 8
#define N_CLASSES 10
#define CALIBRATION 5
#define WANTED 0.99
#define AUTO_TOLERANCE 1e-2

static AlexnetImage
get_image (const Sample *self, guint i)
{
  int stride = gdk_pixbuf_get_rowstride (self->sheet);
  int x, y;

  sample_find (self, i, &x, &y);
  return (AlexnetImage){ .format = ALEXNET_FORMAT_RGB,
    .width = (guint) self->tile,
    .height = (guint) self->tile,
    .planes = { gdk_pixbuf_read_pixels (self->sheet) + y * stride + 3 * x },
    .strides = { stride } };
}

static AlexnetRequest *
submit (const Sample *self, AlexnetStream *stream, guint i)
{
  AlexnetImage image = get_image (self, i);
  g_autoptr (GError) error = NULL;
  AlexnetRequest *request = alexnet_stream_submit (stream, &image, NULL,
      &error);

  g_assert_no_error (error);
  return request;
}

/* probabilities [n_classes] */
static void
finish (AlexnetRequest *request, float *probabilities)
{
  AlexnetResult result;
  g_autoptr (GError) error = NULL;

  alexnet_request_wait (request, &result, &error);
  g_assert_no_error (error);
  memcpy (probabilities, result.probabilities,
      result.n_classes * sizeof *probabilities);
  alexnet_request_release (request);
}

/* [sample->n, N_CLASSES], to be freed; NULL, and the test is skipped, where
 * this machine lacks the precision. */
static float *
classify (const Sample *sample, const char *path, AlexnetPrecision precision)
{
  AlexnetEngineParams params = {
    .backend = "cpu", .precision = precision, .cpu_threads = 2
  };
  AlexnetModel *model = models_load (path);
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine = alexnet_engine_get (model, &params, &error);
  AlexnetRequest *requests[DEPTH];
  AlexnetStream *stream;
  float *found;

  alexnet_model_unref (model);
  if (!engine) {
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
    g_test_skip (error->message);
    return NULL;
  }
  stream = alexnet_stream_new (engine, NULL, DEPTH);
  found = g_new (float, sample->n *N_CLASSES);
  for (guint i = 0; i < sample->n + DEPTH; i++) {
    if (i >= DEPTH)
      finish (requests[i % DEPTH], found + (i - DEPTH) * N_CLASSES);
    if (i < sample->n)
      requests[i % DEPTH] = submit (sample, stream, i);
  }
  alexnet_stream_free (stream);
  alexnet_engine_unref (engine);
  return found;
}

static guint
find_best (const float *values)
{
  guint best;

  alexnet_top_k (values, N_CLASSES, 1, &best);
  return best;
}

static void
test_sample (gconstpointer data)
{
  Sample sample;
  g_autofree float *found = NULL;
  guint same = 0, right = 0;

  sample_load (&sample);
  found = classify (&sample, NULL, GPOINTER_TO_INT (data));
  for (guint i = 0; found && i < sample.n; i++) {
    guint best = find_best (found + i * N_CLASSES);

    same += best == json_array_get_int_element (sample.pytorch, i);
    right += best == json_array_get_int_element (sample.truth, i);
  }
  if (found) {
    g_test_message ("of %u images %u are as PyTorch says, %u are right",
        sample.n, same, right);
    g_assert_cmpfloat (same, >=, WANTED * sample.n);
  }
  sample_clear (&sample);
}

/* Probabilities to what they were made of, but for a constant, which makes
 * their mean zero here. */
static void
make_logits (float *values, guint n)
{
  double mean = 0;

  for (guint i = 0; i < n; i++)
    mean += log ((double) values[i]) / n;
  for (guint i = 0; i < n; i++)
    values[i] = (float) (log ((double) values[i]) - mean);
}

static double
find_error (const float *found, const float *expected, gsize n)
{
  double difference = 0, largest = 0;

  for (gsize i = 0; i < n; i++) {
    g_assert_true (isfinite (found[i]));
    difference = fmax (difference, fabs ((double) found[i] - expected[i]));
    largest = fmax (largest, fabs ((double) expected[i]));
  }
  return difference / largest;
}

static void
test_auto_sample (void)
{
  Sample sample;
  g_autofree float *expected = NULL, *found = NULL;
  guint same = 0;
  double error;

  sample_load (&sample);
  expected = classify (&sample, NULL, ALEXNET_PRECISION_FP32);
  found = classify (&sample, NULL, ALEXNET_PRECISION_AUTO);
  for (guint i = 0; i < sample.n; i++) {
    same += find_best (found + i * N_CLASSES) ==
        find_best (expected + i * N_CLASSES);
    make_logits (found + i * N_CLASSES, N_CLASSES);
    make_logits (expected + i * N_CLASSES, N_CLASSES);
  }
  error = find_error (found, expected, sample.n * N_CLASSES);
  g_test_message ("of %u images %u are as in fp32; error of logits %.2g",
      sample.n, same, error);
  g_assert_cmpfloat (same, >=, WANTED * sample.n);
  g_assert_cmpfloat (error, <=, AUTO_TOLERANCE);
  sample_clear (&sample);
}

/* A copy of the demonstration model, calibrated on every CALIBRATION-th image
 * of the sample. g_free() the path and remove the file. */
static char *
make_calibrated (const Sample *sample)
{
  AlexnetModel *model = models_load (NULL);
  g_autoptr (GError) error = NULL;
  AlexnetCalibration *calibration = alexnet_calibration_new (model, &error);
  char *path = NULL;
  int fd = g_file_open_tmp ("calibrated-XXXXXX.safetensors", &path, &error);

  g_assert_no_error (error);
  close (fd);
  for (guint i = 0; i < sample->n; i += CALIBRATION) {
    AlexnetImage image = get_image (sample, i);

    alexnet_calibration_add (calibration, &image, &error);
    g_assert_no_error (error);
  }
  alexnet_calibration_write (calibration, path, &error);
  g_assert_no_error (error);
  alexnet_calibration_free (calibration);
  alexnet_model_unref (model);
  return path;
}

/* Of the images that were not calibrated on, as many are right in int8 as in
 * fp32, but for half a percent. */
static void
test_int8 (void)
{
  Sample sample;
  g_autofree float *expected = NULL, *found = NULL;
  g_autofree char *path = NULL;
  int right = 0, right_fp32 = 0, n = 0;

  sample_load (&sample);
  path = make_calibrated (&sample);
  expected = classify (&sample, path, ALEXNET_PRECISION_FP32);
  found = classify (&sample, path, ALEXNET_PRECISION_INT8);
  for (guint i = 0; i < sample.n; i++) {
    gint64 truth = json_array_get_int_element (sample.truth, i);

    if (i % CALIBRATION == 0)
      continue;
    n++;
    right += find_best (found + i * N_CLASSES) == truth;
    right_fp32 += find_best (expected + i * N_CLASSES) == truth;
  }
  g_test_message ("of %d images %d are right in int8, %d in fp32", n, right,
      right_fp32);
  g_assert_cmpint (right_fp32 - right, <=, n / 200);
  g_unlink (path);
  sample_clear (&sample);
}

/* A file without a calibration is refused with what helps. */
static void
test_int8_uncalibrated (void)
{
  AlexnetEngineParams params = { .backend = "cpu",
    .precision = ALEXNET_PRECISION_INT8 };
  AlexnetModel *model = models_load (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_engine_get (model, &params, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  assert_says (error->message,
      "'alexnet-inspect calibrate MODEL IMAGES... -o OUT.safetensors'");
  alexnet_model_unref (model);
}

/* The logits of `n` random images. */
static float *
run_random (const AlexnetNetwork *network, AlexnetPrecision precision, guint n)
{
  const AlexnetBackend *backend = alexnet_backend_find ("cpu", NULL);
  AlexnetPlanParams params = {
    .precision = precision, .cpu_threads = 2, .max_batch_size = n, .n_slots = n
  };
  gsize in_size = alexnet_shape_size (&network->input);
  gsize out_size = alexnet_network_output (network)->channels;
  g_autofree float *in = g_new (float, n *in_size);
  g_autofree float **outputs = g_new (float *, n);
  float *out = g_new (float, n *out_size);
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan = backend->open (network, &params, &error);

  g_assert_no_error (error);
  random_model_values (in, n * in_size, "image", 1);
  for (guint i = 0; i < n; i++) {
    outputs[i] = out + i * out_size;
    g_assert_true (backend->stage_tensor (plan, i, in + i * in_size, NULL));
  }
  g_assert_true (backend->infer (plan, 0, n, outputs, NULL));
  backend->close (plan);
  return out;
}

static void
test_auto_random (void)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");

  random_model_fill (&network);
  network.n_layers--;
  for (guint n = 1; n <= DEPTH; n *= 2) {
    g_autofree float *expected = NULL, *found = NULL;
    double error;

    expected = run_random (&network, ALEXNET_PRECISION_FP32, n);
    found = run_random (&network, ALEXNET_PRECISION_AUTO, n);
    error = find_error (found, expected,
        n * alexnet_network_output (&network)->channels);
    g_test_message ("batch %u: error of logits %.2g", n, error);
    g_assert_cmpfloat (error, <=, AUTO_TOLERANCE);
  }
  random_model_clear (&network);
}

int
main (int argc, char *argv[])
{
  static const AlexnetPrecision precisions[] = { ALEXNET_PRECISION_FP32,
    ALEXNET_PRECISION_FP16, ALEXNET_PRECISION_BF16 };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++) {
    g_autofree char *path = g_strconcat ("/sample/cpu/",
        alexnet_precision_name (precisions[i]), NULL);

    g_test_add_data_func (path, GINT_TO_POINTER (precisions[i]), test_sample);
  }
  g_test_add_func ("/sample/cpu/auto", test_auto_sample);
  g_test_add_func ("/sample/cpu/int8", test_int8);
  g_test_add_func ("/sample/cpu/int8-uncalibrated", test_int8_uncalibrated);
  g_test_add_func ("/random/cpu/auto", test_auto_random);
  return g_test_run ();
}
