/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Winograd's convolution of whole numbers: its matrices against the identity
 * that makes them right, and every way to compute each convolution of both
 * networks in int8 against the backend "reference". */

#include <string.h>

#include "backends.h"
#include "support/cache-directory.h"
#include "support/isas.h"
#include "support/layers.h"
#include "onednn/int8-winograd/int8-winograd.h"
#include "onednn/int8-winograd/kernels.h"
#include "onednn/int8-winograd/tables.h"
#include "support/random-model.h"
#include "support/says.h"

#define OUTPUT INT8_WINOGRAD_OUTPUT

/* Of the norm of the result. Pixels are rounded to a 255th of the largest one
 * and weights to a 127th: 0.6 % was seen. Transformed pixels are rounded again,
 * to steps four times as large: 1.9 % was seen. */
#define DIRECT_TOLERANCE 1e-2
#define WINOGRAD_TOLERANCE 3e-2

typedef struct {
  guint kernel, tile, rows;
  const gint16 *input;
  const float *weight;
} Form;

static const Form forms[INT8_WINOGRAD_N_FORMS] = {
  [INT8_WINOGRAD_3] = { 3, 4, 4, int8_input_3[0], int8_weight_3[0] },
  [INT8_WINOGRAD_5] = { 5, 6, 7, int8_input_5[0], int8_weight_5[0] },
};

/* output * (weight x) . (input y) is the filter: sums over k of
 * output[i][k] weight[k][j] input[k][l] are 1 where l = i + j, else 0. */
static void
test_forms (void)
{
  for (guint f = 0; f < INT8_WINOGRAD_N_FORMS; f++) {
    const Form *form = &forms[f];
    guint r = form->kernel, n = form->tile;

    for (guint i = 0; i < OUTPUT * r * n; i++) {
      guint row = i / (r * n), tap = i / n % r, pixel = i % n;
      float sum = 0;

      for (guint k = 0; k < form->rows; k++)
        sum += int8_output[row][int8_points[k]] * form->weight[k * r + tap] *
            form->input[k * n + pixel];
      g_assert_cmpfloat (sum, ==, pixel == row + tap);
    }
  }
}

/* ---- layers -------------------------------------------------------------- */

#define N_IMAGES 3 /* that differ; batches repeat them */

static guint n_threads = 1;

static double
check_batches (const AlexnetNetwork *network, const float *inputs,
    const float *expected, guint max_batch, const char *way)
{
  AlexnetPlan *plan;
  double error;

  g_setenv ("ALEXNET_CPU_CONV", way, TRUE);
  plan = layers_open (alexnet_backend_find ("cpu", NULL), network,
      ALEXNET_PRECISION_INT8, n_threads, max_batch);
  g_unsetenv ("ALEXNET_CPU_CONV");
  assert_says (plan->choices, way);
  error = layers_compare_batches (plan, network, inputs, expected, N_IMAGES,
      max_batch, layers_norm_error);
  plan->backend->close (plan);
  return error;
}

/* Both ways to compute the convolution that `network` begins with, which reads
 * `inputs`. */
static void
check_ways (AlexnetNetwork *network, const float *inputs, const float *expected,
    guint max_batch, const char *what)
{
  AlexnetLayer *layer = &network->layers[0];
  guint kernel = (layer->kernel + layer->stride - 1) / layer->stride;
  const char *ways[] = { "direct", kernel == 3 ? "F(2x2,3x3)" : "F(2x2,5x5)" };
  double tolerances[] = { DIRECT_TOLERANCE, WINOGRAD_TOLERANCE };

  layers_calibrate (layer, inputs, N_IMAGES);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    double error = check_batches (network, inputs, expected, max_batch,
        ways[i]);

    g_test_message ("%s, %s, %u threads: error %.2g", what, ways[i], n_threads,
        error);
    g_assert_cmpfloat (error, <, tolerances[i]);
  }
  g_free ((gpointer) layer->int8.scales);
}

/* Whether this CPU computes so, with `isa`. */
static gboolean
has_ways (gconstpointer isa)
{
  isas_use (GPOINTER_TO_INT (isa));
  if (alexnet_backend_find ("cpu", NULL) &&
      alexnet_int8_winograd_is_exact (alexnet_cpu_isa ()))
    return TRUE;
  g_test_skip ("no fast products of bytes here: it computes directly");
  return FALSE;
}

static void
test_layers (gconstpointer isa)
{
  gboolean best = GPOINTER_TO_INT (isa) == (int) alexnet_cpu_detect ();

  if (!has_ways (isa))
    return;
  layers_check_convolutions ("torchvision", 2, N_IMAGES, 3, check_ways);
  n_threads = best ? 2 : 1;
  layers_check_convolutions ("torchvision", 1, N_IMAGES,
      best ? LAYERS_MAX_BATCH : 2, check_ways);
  layers_check_convolutions ("caffe", 1, N_IMAGES, best ? 7 : 2, check_ways);
  n_threads = 1;
}

#define PADDED(p, e) .padding = p, .end_padding = e

/* Images that no tile divides, narrower than one, filters that no panel or
 * vector divides; groups; more threads than tiles. */
static void
test_sizes (gconstpointer isa)
{
  static const AlexnetLayer layers[] = {
    { .channels = 16, .kernel = 3, PADDED (1, 1), .groups = 1 },
    { .channels = 150, .kernel = 3, PADDED (0, 0), .groups = 1 },
    { .channels = 66, .kernel = 3, PADDED (3, 3), .groups = 3 },
    { .channels = 16, .kernel = 3, PADDED (0, 2), .groups = 1 },
    { .channels = 65, .kernel = 5, PADDED (2, 2), .groups = 1 },
    { .channels = 34, .kernel = 5, PADDED (0, 0), .groups = 2 },
    { .channels = 17, .kernel = 5, PADDED (3, 1), .groups = 1 },
  };

  if (!has_ways (isa))
    return;
  for (guint i = 0; i < 13 * G_N_ELEMENTS (layers); i++) {
    AlexnetLayer layer = layers[i / 13];

    layer.stride = 1;
    layer.in = (AlexnetShape){ layer.groups * (i % 2 ? 32 : 41), 5 + i % 13,
      17 - i % 13 };
    n_threads = 1 + i % 5;
    layers_check_convolution (&layer, N_IMAGES, check_ways);
  }
  n_threads = 1;
}

/* Without scales: images of zeros, and filters of zeros or of denormals. */
static void
test_zeros (gconstpointer isa)
{
  AlexnetLayer layer = { .kind = ALEXNET_LAYER_CONV,
    .name = "conv",
    .channels = 24,
    .kernel = 3,
    .stride = 1,
    .padding = 1,
    .end_padding = 1,
    .groups = 1,
    .in = { 32, 9, 9 } };
  AlexnetNetwork network = layers_make_single (&layer);
  g_autofree float *inputs = NULL;
  g_autofree float *expected = NULL;
  float *weights;

  if (!has_ways (isa))
    return;
  random_model_fill (&network);
  inputs = layers_random_inputs (&network.input, N_IMAGES);
  weights = (float *) network.layers[0].weight.data;
  for (gsize k = 0; k < 32 * 9; k++) {
    weights[k] = 0;
    weights[32 * 9 + k] = 1e-41f;
  }
  expected = layers_run_reference (&network, inputs, N_IMAGES);
  check_ways (&network, inputs, expected, 2, "filters");
  memset (inputs, 0,
      N_IMAGES * alexnet_shape_size (&layer.in) * sizeof (float));
  g_free (expected);
  expected = layers_run_reference (&network, inputs, N_IMAGES);
  check_ways (&network, inputs, expected, 2, "zeros");
  random_model_clear (&network);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/int8-winograd/forms", test_forms);
  isas_add_tests ("/int8-winograd", "layers", test_layers);
  isas_add_tests ("/int8-winograd", "sizes", test_sizes);
  isas_add_tests ("/int8-winograd", "zeros", test_zeros);
  return cache_directory_run ();
}
