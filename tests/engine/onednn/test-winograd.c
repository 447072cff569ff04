/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The numbers of Winograd's convolution: its matrices against the identity
 * that makes them right, and every way to compute each convolution of both
 * networks against the backend "reference". The error is the largest difference
 * divided by the largest value expected. */

#include <math.h>
#include <string.h>

#include "backends.h"
#include "support/cache-directory.h"
#include "support/isas.h"
#include "support/layers.h"
#include "onednn/dnnl/isa.h"
#include "onednn/winograd/forms.h"
#include "support/random-model.h"

#define N_IMAGES 3 /* that differ; batches repeat them */

/* Of a layer on its own. */
#define DIRECT_TOLERANCE 1e-5
#define BF16_TOLERANCE 1e-2
/* Times what rounding errors grow by in a tile's transforms: twice what was
 * seen, which was between 1.9e-7 and 2.6e-7 for every tile. */
#define WINOGRAD_TOLERANCE 5e-7
#define NETWORK_TOLERANCE 1e-4
#define BF16_NETWORK_TOLERANCE 2e-2

/* output * (weight x) . (input y) is the filter: sums over k of
 * output[i][k] weight[k][j] input[k][l] are 1 where l = i + j, else 0. */
static void
test_forms (void)
{
  for (guint f = 0; f < WINOGRAD_N_TILES; f++) {
    const WinogradForm *form = &alexnet_winograd_forms[f];
    guint m = form->output, r = form->kernel, n = form->tile;

    g_assert_cmpuint (n, ==, m + r - 1);
    for (guint i = 0; i < m * r * n; i++) {
      guint row = i / (r * n), tap = i / n % r, pixel = i % n;
      double sum = 0;

      for (guint k = 0; k < n; k++)
        sum += (double) form->output_matrix[row * n + k] *
            form->weight_matrix[k * r + tap] *
            (double) form->input_matrix[k * n + pixel];
      g_assert_cmpfloat (fabs (sum - (pixel == row + tap)), <, 1e-14);
    }
  }
}

/* ---- layers -------------------------------------------------------------- */

/* One thread where there is little to do, which is nearly everywhere: then
 * the test does not wait for a second processor. */
static guint n_threads = 1;

static AlexnetPrecision precision = ALEXNET_PRECISION_FP32;

static double
get_error (const float *found, gsize n_found, const float *expected,
    gsize n_expected)
{
  double largest = 0, difference = 0;

  for (gsize i = 0; i < n_expected; i++)
    largest = fmax (largest, fabs ((double) expected[i]));
  for (gsize i = 0; i < n_found; i++) {
    g_assert_true (isfinite (found[i]));
    difference = fmax (difference,
        fabs ((double) found[i] - (double) expected[i % n_expected]));
  }
  return largest > 0 ? difference / largest : difference;
}

/* Instead of by Winograd, so that there may be one way only. */
static gboolean
is_in_tiles (void)
{
  return precision == ALEXNET_PRECISION_BF16 && alexnet_onednn_has_amx ();
}

/* On the way that is set, of which the plan says `way`. */
static double
check_batches (const AlexnetNetwork *network, const float *inputs,
    const float *expected, guint max_batch, const char *way)
{
  AlexnetPlan *plan = layers_open (alexnet_backend_find ("cpu", NULL), network,
      precision, n_threads, max_batch);
  double error;

  g_assert_true (is_in_tiles () || strstr (plan->choices, way));
  error = layers_compare_batches (plan, network, inputs, expected, N_IMAGES,
      max_batch, get_error);
  plan->backend->close (plan);
  return error;
}

static double
sum_squares (const double *values, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += values[i] * values[i];
  return sum;
}

/* By how much the variance of an output is larger than that of a plain sum
 * when every number on the way has the same relative error: in one dimension
 * at the worst output; in two, the square root of a variance is that. */
static double
get_growth (const WinogradForm *form)
{
  guint n = form->tile, r = form->kernel;
  double worst = 0, input[WINOGRAD_MAX_TILE], output;

  for (guint i = 0; i < form->output; i++) {
    double sum = 0;

    for (guint k = 0; k < n; k++) {
      for (guint j = 0; j < n; j++)
        input[j] = (double) form->input_matrix[k * n + j];
      output = (double) form->output_matrix[i * n + k];
      sum += output * output * sum_squares (form->weight_matrix + k * r, r) *
          sum_squares (input, n);
    }
    worst = fmax (worst, sum);
  }
  return worst / r;
}

/* NULL: direct. */
static double
get_tolerance (const WinogradForm *form)
{
  if (precision == ALEXNET_PRECISION_BF16)
    return BF16_TOLERANCE;
  return form ? fmax (DIRECT_TOLERANCE, WINOGRAD_TOLERANCE * get_growth (form))
              : DIRECT_TOLERANCE;
}

/* Every way to compute the convolution that `network` begins with. */
static void
check_ways (AlexnetNetwork *network, const float *inputs, const float *expected,
    guint max_batch, const char *what)
{
  const AlexnetLayer *layer = &network->layers[0];
  guint kernel = (layer->kernel + layer->stride - 1) / layer->stride;

  for (int f = -1; f < WINOGRAD_N_TILES; f++) {
    const WinogradForm *form = f < 0 ? NULL : &alexnet_winograd_forms[f];
    const char *way = form ? form->name : "direct";
    double error;

    if (form && (form->kernel != kernel || is_in_tiles ()))
      continue;
    g_setenv ("ALEXNET_CPU_CONV", way, TRUE);
    error = check_batches (network, inputs, expected, max_batch, way);
    g_test_message ("%s, %s: error %.2g", what, way, error);
    g_assert_cmpfloat (error, <, get_tolerance (form));
  }
  g_unsetenv ("ALEXNET_CPU_CONV");
}

static void
test_layers (gconstpointer isa)
{
  isas_use (GPOINTER_TO_INT (isa));
  layers_check_convolutions ("torchvision", 8, N_IMAGES, LAYERS_MAX_BATCH,
      check_ways);
  layers_check_convolutions ("caffe", 8, N_IMAGES, 7, check_ways);
  layers_check_convolutions ("torchvision", 3, N_IMAGES, 3, check_ways);
  layers_check_convolutions ("caffe", 4, N_IMAGES, 3, check_ways);
}

static void
test_full_width (gconstpointer isa)
{
  gboolean best = GPOINTER_TO_INT (isa) == (int) alexnet_cpu_detect ();

  isas_use (GPOINTER_TO_INT (isa));
  n_threads = best ? 2 : 1;
  layers_check_convolutions ("torchvision", 1, N_IMAGES,
      best ? LAYERS_MAX_BATCH : 2, check_ways);
  if (best)
    layers_check_convolutions ("caffe", 1, N_IMAGES, 3, check_ways);
  n_threads = 1;
}

#define PADDED(p, e) .padding = p, .end_padding = e

/* Images that no tile divides, narrower than one, of many channels or few. */
static void
test_sizes (gconstpointer isa)
{
  static const AlexnetLayer layers[] = {
    { .channels = 7, .kernel = 3, PADDED (1, 1), .groups = 1 },
    { .channels = 24, .kernel = 3, PADDED (0, 0), .groups = 3 },
    { .channels = 18, .kernel = 3, PADDED (3, 3), .groups = 2 },
    { .channels = 9, .kernel = 3, PADDED (0, 2), .groups = 1 },
    { .channels = 33, .kernel = 5, PADDED (2, 2), .groups = 1 },
    { .channels = 6, .kernel = 5, PADDED (0, 0), .groups = 6 },
    { .channels = 10, .kernel = 5, PADDED (3, 1), .groups = 2 },
  };

  isas_use (GPOINTER_TO_INT (isa));
  for (guint i = 0; i < 13 * G_N_ELEMENTS (layers); i++) {
    AlexnetLayer layer = layers[i / 13];

    layer.stride = 1;
    layer.in = (AlexnetShape){ i % 2 ? 6 : 30, 5 + i % 13, 17 - i % 13 };
    layers_check_convolution (&layer, N_IMAGES, check_ways);
  }
}

/* Blocks of pixels that the image does not fill, or fills from one side. */
static void
test_blocks (gconstpointer isa)
{
  static const AlexnetLayer layers[] = {
    { .kernel = 11, .stride = 4, PADDED (2, 2), .in = { 1, 35, 34 } },
    { .kernel = 11, .stride = 4, PADDED (0, 3), .in = { 3, 32, 35 } },
    { .kernel = 12, .stride = 4, PADDED (5, 1), .in = { 4, 33, 30 } },
    { .kernel = 5, .stride = 2, PADDED (0, 1), .in = { 1, 18, 21 } },
    { .kernel = 9, .stride = 2, PADDED (4, 3), .in = { 3, 17, 16 } },
  };

  isas_use (GPOINTER_TO_INT (isa));
  for (guint i = 0; i < G_N_ELEMENTS (layers); i++) {
    AlexnetLayer layer = layers[i];

    layer.channels = 8;
    layer.groups = 1;
    layers_check_convolution (&layer, N_IMAGES, check_ways);
  }
}

/* `conv` is what $ALEXNET_CPU_CONV says. */
static void
check_network (const char *architecture, const char *conv, double tolerance)
{
  AlexnetNetwork network = layers_make_network (architecture, 1);
  g_autofree float *inputs = layers_random_inputs (&network.input, N_IMAGES);
  g_autofree float *expected = NULL;
  double error;

  network.n_layers--;
  expected = layers_run_reference (&network, inputs, N_IMAGES);
  g_setenv ("ALEXNET_CPU_CONV", conv, TRUE);
  error = check_batches (&network, inputs, expected, N_IMAGES,
      "by $ALEXNET_CPU_CONV");
  g_test_message ("%s, %s: error %.2g", architecture, conv, error);
  g_assert_cmpfloat (error, <, tolerance);
  g_unsetenv ("ALEXNET_CPU_CONV");
  random_model_clear (&network);
}

/* All convolutions with the largest tiles. */
static void
test_whole_network (void)
{
  check_network ("torchvision", "F(6x6,3x3) F(4x4,5x5)", NETWORK_TOLERANCE);
  check_network ("caffe", "F(6x6,3x3) F(4x4,5x5)", NETWORK_TOLERANCE);
}

/* Why this CPU does not compute in it; NULL where it does. g_free() it. */
static char *
refuse_bf16 (void)
{
  AlexnetNetwork network = { .input = { 1, 1, 1 },
    .n_layers = 1,
    .layers = { { .kind = ALEXNET_LAYER_RELU } } };
  AlexnetPlanParams params = { ALEXNET_PRECISION_BF16, 1, 0, NULL, 1, 1 };
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan;

  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  plan = alexnet_backend_find ("cpu", NULL)->open (&network, &params, &error);
  if (plan) {
    plan->backend->close (plan);
    return NULL;
  }
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  return g_strdup (error->message);
}

/* Winograd in float between what is read and written in bf16. */
static void
test_bf16 (void)
{
  g_autofree char *refusal = refuse_bf16 ();

  if (refusal) {
    g_test_skip (refusal);
    return;
  }
  precision = ALEXNET_PRECISION_BF16;
  layers_check_convolutions ("torchvision", 8, N_IMAGES, LAYERS_MAX_BATCH,
      check_ways);
  layers_check_convolutions ("caffe", 8, N_IMAGES, 7, check_ways);
  layers_check_convolutions ("torchvision", 1, N_IMAGES, 2, check_ways);
  layers_check_convolutions ("caffe", 1, N_IMAGES, 2, check_ways);
  /* From bf16 to float and back in the middle of a network. */
  check_network ("torchvision", "F(3x3,5x5) direct", BF16_NETWORK_TOLERANCE);
  check_network ("caffe", "F(3x3,5x5) direct", BF16_NETWORK_TOLERANCE);
  precision = ALEXNET_PRECISION_FP32;
}

/* ---- numbers that are none, or nearly ------------------------------------ */

/* Fills all weights of a convolution, and runs one image of ones. */
static float *
run_filled (const char *way, float weight, float input, gsize *size)
{
  AlexnetLayer layer = { .kind = ALEXNET_LAYER_CONV,
    .name = "conv",
    .channels = 20,
    .kernel = 3,
    .stride = 1,
    .padding = 1,
    .end_padding = 1,
    .groups = 1,
    .in = { 20, 9, 9 } };
  AlexnetNetwork network = layers_make_single (&layer);
  g_autofree float *inputs = layers_random_inputs (&network.input, N_IMAGES);
  AlexnetPlan *plan;
  float *outputs;

  random_model_fill (&network);
  for (guint i = 0; i < 20 * 20 * 9; i++)
    ((float *) network.layers[0].weight.data)[i] = weight;
  memset ((gpointer) network.layers[0].bias.data, 0, 20 * sizeof (float));
  *size = alexnet_shape_size (&network.input);
  for (gsize i = 0; i < *size; i++)
    inputs[i] = input;
  g_setenv ("ALEXNET_CPU_CONV", way, TRUE);
  plan = layers_open (alexnet_backend_find ("cpu", NULL), &network, precision,
      n_threads, 1);
  outputs = layers_run (plan, &network, inputs, 1, 1);
  plan->backend->close (plan);
  random_model_clear (&network);
  g_unsetenv ("ALEXNET_CPU_CONV");
  return outputs;
}

static void
test_not_finite (gconstpointer isa)
{
  isas_use (GPOINTER_TO_INT (isa));
  for (guint f = 0; f < WINOGRAD_2_5; f++) {
    const char *way = alexnet_winograd_forms[f].name;
    gsize size;
    g_autofree float *nan = run_filled (way, NAN, 1, &size);
    g_autofree float *infinite = run_filled (way, INFINITY, 1, &size);

    for (gsize i = 0; i < size; i++)
      g_assert_true (!isfinite (nan[i]) && !isfinite (infinite[i]));
  }
}

/* What is too small for a normal float counts as 0, so that it does not cost
 * a slow path. */
static void
test_denormals (gconstpointer isa)
{
  isas_use (GPOINTER_TO_INT (isa));
  for (guint f = 0; f < WINOGRAD_2_5; f++) {
    const char *way = alexnet_winograd_forms[f].name;
    gsize size;
    g_autofree float *weights = run_filled (way, 1e-42f, 1, &size);
    g_autofree float *inputs = run_filled (way, 1, 1e-42f, &size);

    for (gsize i = 0; i < size; i++)
      g_assert_true (weights[i] == 0 && inputs[i] == 0);
  }
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/winograd/forms", test_forms);
  isas_add_tests ("/winograd", "layers", test_layers);
  isas_add_tests ("/winograd", "full-width", test_full_width);
  isas_add_tests ("/winograd", "sizes", test_sizes);
  isas_add_tests ("/winograd", "blocks", test_blocks);
  g_test_add_func ("/winograd/whole-network", test_whole_network);
  g_test_add_func ("/winograd/bf16", test_bf16);
  isas_add_tests ("/winograd", "not-finite", test_not_finite);
  isas_add_tests ("/winograd", "denormals", test_denormals);
  return cache_directory_run ();
}
