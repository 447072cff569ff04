/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "backend-tests.h"

#include <math.h>

#include "batches.h"
#include "definition.h"
#include "layer-cases.h"
#include "layers.h"
#include "preprocess-run.h"
#include "random-model.h"
#include "random-table.h"
#include "reference/reference.h"
#include "says.h"

#define N_SLOTS (BATCHES_MAX + 3)
#define N_TABLES 40

typedef struct {
  const AlexnetBackend *backend;
  BackendTestsPrecision precision;
} Subject;

static void
set_conv (const char *value)
{
  if (value)
    g_setenv ("ALEXNET_CPU_CONV", value, TRUE);
  else
    g_unsetenv ("ALEXNET_CPU_CONV");
}

/* FALSE, and the test is skipped, where this machine lacks the precision. Else
 * convolutions are computed as the subject says. */
static gboolean
begin (const Subject *subject)
{
  AlexnetNetwork network = { .input = { 1, 1, 1 },
    .n_layers = 1,
    .layers = { { .kind = ALEXNET_LAYER_RELU } } };
  AlexnetPlanParams params = { .precision = subject->precision.precision,
    .cpu_threads = 1,
    .max_batch_size = 1,
    .n_slots = 1 };
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan;

  set_conv (subject->precision.cpu_conv);
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  plan = subject->backend->open (&network, &params, &error);
  if (plan) {
    plan->backend->close (plan);
    return TRUE;
  }
  g_assert_cmpint (params.precision, !=, ALEXNET_PRECISION_FP32);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  g_test_skip (error->message);
  return FALSE;
}

/* Fails, and goes on: what fails beside it says more. */
static void
expect_error (double error, double allowed)
{
  if (error <= allowed)
    return;
  g_test_message ("that is more than %.2g", allowed);
  g_test_fail ();
}

static double
measure (const Subject *subject, const AlexnetNetwork *network,
    const BatchesImages *images)
{
  return batches_error (subject->backend, subject->precision.precision, network,
      images);
}

static void
test_layers (gconstpointer data)
{
  const Subject *subject = data;
  const BackendTestsPrecision *p = &subject->precision;
  double tolerance = p->alone > 0 ? p->alone : p->tolerance;

  if (!begin (subject))
    return;
  for (const LayerCase *c = layer_cases; c->in.channels > 0; c++) {
    AlexnetNetwork network = { .input = c->in, .n_layers = 1 };
    g_autofree float *inputs = batches_random_inputs (&c->in, N_SLOTS);
    g_autofree float *expected = NULL;
    double error;

    network.layers[0] = c->layer;
    g_assert_true (alexnet_network_infer_shapes (&network, NULL));
    random_model_fill (&network);
    expected = definition_compute (&network.layers[0], inputs, N_SLOTS);
    error = measure (subject, &network,
        &(BatchesImages){ N_SLOTS, inputs, expected });
    g_test_message ("kind %d [%u,%u,%u] -> [%u,%u,%u]: error %.2g",
        c->layer.kind, c->in.channels, c->in.height, c->in.width,
        network.layers[0].out.channels, network.layers[0].out.height,
        network.layers[0].out.width, error);
    expect_error (error, tolerance);
    random_model_clear (&network);
  }
}

static AlexnetNetwork
make_network (const char *architecture, gboolean narrow, guint n_channels)
{
  AlexnetNetwork network = *alexnet_network_find (architecture);

  network.input.channels = n_channels;
  if (narrow)
    random_model_narrow (&network);
  random_model_fill (&network);
  return network;
}

/* What layer `i` alone makes of its inputs, by the reference. in and the
 * result are [n, C, H, W]. */
static float *
run_reference (const AlexnetNetwork *network, guint i, const float *in, guint n)
{
  AlexnetNetwork single = { .input = network->layers[i].in, .n_layers = 1 };

  single.layers[0] = network->layers[i];
  return layers_run_reference (&single, in, n);
}

/* At full width, where each costs a second, only networks that end behind a
 * layer that computes something and behind the RELU that belongs to it. */
static gboolean
is_checked (const AlexnetNetwork *network, guint i, gboolean narrow)
{
  return narrow ||
      (!alexnet_layer_is_identity (&network->layers[i]) &&
          (i + 1 == network->n_layers ||
              network->layers[i + 1].kind != ALEXNET_LAYER_RELU));
}

/* A probability changes by the factor exp (d) when a logit changes by d, so
 * the error of a softmax that is fed by other layers is as many times theirs
 * as the largest logit says. values [n,C,H,W] go into layer `i`. */
static double
allowed_error (const Subject *subject, const AlexnetNetwork *network, guint i,
    const float *values, guint n)
{
  const AlexnetLayer *layer = &network->layers[i];
  double tolerance = subject->precision.tolerance;

  if (layer->kind != ALEXNET_LAYER_SOFTMAX)
    return tolerance;
  return tolerance *
      fmax (batches_largest (values, n * alexnet_shape_size (&layer->in)), 1);
}

/* Every network that ends early, from its first layer alone to all of it. */
static void
check_prefixes (const Subject *subject, const char *architecture,
    gboolean narrow, guint n)
{
  AlexnetNetwork network = make_network (architecture, narrow, 3);
  g_autofree float *inputs = batches_random_inputs (&network.input, n);
  g_autofree float *values = g_memdup2 (inputs,
      n * alexnet_shape_size (&network.input) * sizeof (float));

  for (guint i = 0; i < network.n_layers; i++) {
    AlexnetNetwork prefix = network;
    float *next = run_reference (&network, i, values, n);
    double allowed = allowed_error (subject, &network, i, values, n);
    double error;

    g_free (values);
    values = next;
    prefix.n_layers = i + 1;
    if (!is_checked (&network, i, narrow))
      continue;
    error = measure (subject, &prefix, &(BatchesImages){ n, inputs, values });
    g_test_message ("%s, %s, layers 1 to %u: error %.2g", architecture,
        narrow ? "narrow" : "full width", i + 1, error);
    expect_error (error, allowed);
  }
  random_model_clear (&network);
}

static void
test_narrow_networks (gconstpointer data)
{
  if (!begin (data))
    return;
  check_prefixes (data, "torchvision", TRUE, N_SLOTS);
  check_prefixes (data, "caffe", TRUE, N_SLOTS);
  check_prefixes (data, "caffenet", TRUE, N_SLOTS);
}

/* Layers in any order; with a linear layer or more, also embeddings. */
static void
test_tables (gconstpointer data)
{
  const Subject *subject = data;

  if (!begin (subject))
    return;
  for (guint seed = 0; seed < N_TABLES; seed++) {
    AlexnetNetwork network = random_table_make (seed);
    g_autofree char *what = random_table_describe (&network);
    const AlexnetLayer *linear = alexnet_network_last_linear (&network);
    g_autofree float *inputs = batches_random_inputs (&network.input,
        BATCHES_MAX);
    g_autofree float *embeddings = NULL;
    float *expected = g_memdup2 (inputs,
        BATCHES_MAX * alexnet_shape_size (&network.input) * sizeof (float));
    double error;

    random_model_fill (&network);
    for (guint i = 0; i < network.n_layers; i++) {
      float *next = run_reference (&network, i, expected, BATCHES_MAX);

      if (linear == &network.layers[i])
        embeddings = g_steal_pointer (&expected);
      g_free (expected);
      expected = next;
    }
    error = measure (subject, &network,
        &(BatchesImages){ BATCHES_MAX, inputs, expected, embeddings });
    g_test_message ("%u: %s: error %.2g", seed, what, error);
    expect_error (error, subject->precision.tolerance);
    g_free (expected);
    random_model_clear (&network);
  }
}

static void
test_full_networks (gconstpointer data)
{
  if (!begin (data))
    return;
  check_prefixes (data, "torchvision", FALSE, 3);
  check_prefixes (data, "caffe", FALSE, 3);
}

static void
check_golden (const Subject *subject, const char *architecture, gboolean narrow,
    const char *name)
{
  AlexnetNetwork network = make_network (architecture, narrow, 3);
  g_autofree float *input = random_model_input (&network);
  g_autofree float *expected = NULL, *embedding = NULL;
  gboolean fp32 = subject->precision.precision == ALEXNET_PRECISION_FP32;
  double tolerance = fp32 ? 1e-4 : subject->precision.tolerance;
  double error;
  guint n;

  if (fp32)
    set_conv (NULL);
  network.n_layers--;
  expected = random_model_golden (name, "logits", &n);
  g_assert_cmpuint (n, ==, alexnet_network_output (&network)->channels);
  embedding = random_model_golden (name, "embedding", &n);
  g_assert_cmpuint (n, ==, alexnet_network_last_linear (&network)->in.channels);
  error = measure (subject, &network,
      &(BatchesImages){ 1, input, expected, embedding });
  g_test_message ("%s: error %.2g", name, error);
  expect_error (error, tolerance);
  random_model_clear (&network);
}

static void
test_golden (gconstpointer data)
{
  if (!begin (data))
    return;
  check_golden (data, "torchvision", TRUE, "torchvision-narrow");
  check_golden (data, "caffe", TRUE, "caffe-narrow");
  check_golden (data, "caffenet", TRUE, "caffenet-narrow");
  check_golden (data, "torchvision", FALSE, "torchvision-full");
}

/* Pixels staged are the tensor staged that preprocessing makes of them. Each is
 * a batch: products of several images may add their terms in another order. */
static void
check_pixels (const Subject *subject, const char *architecture,
    guint n_channels)
{
  enum { WIDTH = 61, HEIGHT = 43 };
  AlexnetNetwork network = make_network (architecture, TRUE, n_channels);
  guint side = network.input.height;
  g_autofree guint8 *pixels = g_malloc (WIDTH * HEIGHT * 3);
  AlexnetImage image = { .format = ALEXNET_FORMAT_RGB,
    .width = WIDTH,
    .height = HEIGHT,
    .planes = { pixels },
    .strides = { WIDTH * 3 } };
  AlexnetPreprocess preprocess = { ALEXNET_CROP_CENTER, 256,
    ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS, { 0.5f, 0.4f, 0.3f },
    { 0.2f, 0.3f, 0.4f }, ALEXNET_CHANNELS_RGB };
  AlexnetTransform *transform = alexnet_transform_new ();
  AlexnetPlan *plan = batches_open (subject->backend,
      subject->precision.precision, &network, 2, 2, FALSE);
  gsize size = alexnet_shape_size (alexnet_network_output (&network));
  g_autofree float *outputs = g_new (float, 2 * size);
  Output tensor;

  for (guint i = 0; i < WIDTH * HEIGHT * 3; i++)
    pixels[i] = (guint8) g_test_rand_int ();
  tensor = output_run_channels (transform, &image, NULL, &preprocess,
      n_channels, side);
  g_assert_true (plan->backend->stage_tensor (plan, 0, tensor.values, NULL));
  g_assert_true (plan->backend->stage (plan, 1, &image, transform, NULL));
  batches_infer (plan, 0, 1, outputs, size);
  batches_infer (plan, 1, 1, outputs + size, size);
  g_assert_cmpmem (outputs, size * sizeof (float), outputs + size,
      size * sizeof (float));
  plan->backend->close (plan);
  output_clear (&tensor);
  alexnet_transform_free (transform);
  random_model_clear (&network);
}

static void
test_pixels (gconstpointer data)
{
  if (!begin (data))
    return;
  for (guint n_channels = 1; n_channels <= 3; n_channels += 2) {
    check_pixels (data, "torchvision", n_channels);
    check_pixels (data, "caffe", n_channels);
  }
}

static gboolean
is_listed (const BackendTestsPrecision *precisions, AlexnetPrecision precision)
{
  for (guint i = 0; precisions[i].tolerance > 0; i++)
    if (precisions[i].precision == precision)
      return TRUE;
  return FALSE;
}

typedef struct {
  const AlexnetBackend *backend;
  const BackendTestsPrecision *precisions;
} Listed;

static void
test_refusals (gconstpointer data)
{
  const Listed *listed = data;
  AlexnetNetwork network = make_network ("torchvision", TRUE, 3);

  for (int p = ALEXNET_PRECISION_FP32; p < ALEXNET_N_PRECISIONS; p++) {
    AlexnetPlanParams params = {
      .precision = p, .cpu_threads = 1, .max_batch_size = 1, .n_slots = 1
    };
    g_autoptr (GError) error = NULL;

    if (is_listed (listed->precisions, p))
      continue;
    g_assert_null (listed->backend->open (&network, &params, &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
    assert_says (error->message, alexnet_precision_name (p));
  }
  random_model_clear (&network);
}

/* What a plan computes in when `wanted` is asked for; AUTO: there is none. */
static AlexnetPrecision
find_precision (const AlexnetBackend *backend, const AlexnetNetwork *network,
    AlexnetPrecision wanted)
{
  AlexnetPlanParams params = {
    .precision = wanted, .cpu_threads = 1, .max_batch_size = 1, .n_slots = 1
  };
  AlexnetPlan *plan = backend->open (network, &params, NULL);
  AlexnetPrecision precision = ALEXNET_PRECISION_AUTO;

  if (plan) {
    precision = plan->precision;
    plan->backend->close (plan);
  }
  return precision;
}

/* AUTO is the last of the listed precisions that this machine has. */
static void
test_auto (gconstpointer data)
{
  const Listed *listed = data;
  AlexnetNetwork network = make_network ("torchvision", TRUE, 3);
  AlexnetPrecision best = ALEXNET_PRECISION_AUTO, found;

  for (guint i = 0; listed->precisions[i].tolerance > 0; i++) {
    found = find_precision (listed->backend, &network,
        listed->precisions[i].precision);
    if (found != ALEXNET_PRECISION_AUTO)
      best = found;
  }
  found = find_precision (listed->backend, &network, ALEXNET_PRECISION_AUTO);
  g_test_message ("auto is %s", alexnet_precision_name (found));
  g_assert_cmpint (found, !=, ALEXNET_PRECISION_AUTO);
  g_assert_cmpint (found, ==, best);
  random_model_clear (&network);
}

typedef struct {
  const char *name;
  GTestDataFunc func;
} Test;

static void
add_test (const AlexnetBackend *backend, const char *of, const Test *test,
    gpointer data)
{
  g_autofree char *path = g_strdup_printf ("/backend/%s/%s/%s", backend->name,
      of, test->name);

  g_test_add_data_func_full (path, data, test->func, g_free);
}

void
backend_tests_add (const AlexnetBackend *backend,
    const BackendTestsPrecision *precisions)
{
  static const Test with_precision[] = {
    { "layers", test_layers },
    { "golden", test_golden },
    { "pixels", test_pixels },
    { "tables", test_tables },
    { "narrow", test_narrow_networks },
    { "full-width", test_full_networks },
  };
  static const Test without[] = {
    { "refusals", test_refusals },
    { "auto", test_auto },
  };
  Listed listed = { backend, precisions };
  guint n_tests = G_N_ELEMENTS (with_precision);

  /* It would be compared with itself. */
  if (backend == &alexnet_reference_backend)
    n_tests -= 3;
  for (guint i = 0; precisions[i].tolerance > 0; i++) {
    Subject subject = { backend, precisions[i] };

    for (guint j = 0; j < n_tests; j++)
      add_test (backend, alexnet_precision_name (precisions[i].precision),
          &with_precision[j], g_memdup2 (&subject, sizeof subject));
  }
  for (guint j = 0; j < G_N_ELEMENTS (without); j++)
    add_test (backend, "precisions", &without[j],
        g_memdup2 (&listed, sizeof listed));
}
