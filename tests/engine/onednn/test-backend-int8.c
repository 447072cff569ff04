/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolutions of the backend "cpu" in int8 against their definition in float,
 * with each instruction set of our own loops: signed and unsigned inputs,
 * groups, odd shapes, one convolution that feeds another through a pool, layers
 * that are affine, and what has no scale. */

#include <float.h>
#include <math.h>
#include <string.h>

#include "backends.h"
#include "support/definition.h"
#include "support/isas.h"
#include "support/layers.h"
#include "support/random-model.h"
#include "support/random-table.h"
#include "support/says.h"

#define N_IMAGES 5
#define N_TABLES 40

/* Of the largest value. An input has 127 or 255 steps, a weight 127, or without
 * VNNI 63: of unsigned inputs so that sums fit, of signed ones as oneDNN halves
 * them. Winograd's transforms make steps four times as large. */
#define DIRECT_TOLERANCE 2e-2
#define TOLERANCE 3e-2

/* Of a few convolutions, one behind another. */
#define TABLE_TOLERANCE (2 * TOLERANCE)

/* Padding p at the beginning and e at the end. */
#define CONV_ENDS(k, n, s, p, e, g)                                         \
  {                                                                         \
    .kind = ALEXNET_LAYER_CONV, .name = "conv", .channels = k, .kernel = n, \
    .stride = s, .padding = p, .end_padding = e, .groups = g                \
  }
#define CONV(k, n, s, p, g) CONV_ENDS (k, n, s, p, p, g)
#define AFFINE(k) CONV (k, 1, 1, 0, k)
#define RELU                   \
  {                            \
    .kind = ALEXNET_LAYER_RELU \
  }
#define MAXPOOL_ENDS(p, e)                                                 \
  {                                                                        \
    .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 3, .stride = 2, .padding = p, \
    .end_padding = e                                                       \
  }
#define MAXPOOL MAXPOOL_ENDS (0, 0)
#define LRN                                                                 \
  {                                                                         \
    .kind = ALEXNET_LAYER_LRN, .size = 5, .alpha = 1e-4f, .beta = 0.75f, 1, \
  }

typedef struct {
  AlexnetShape in;
  guint n_layers;
  AlexnetLayer layers[5];
} NetworkCase;

static const NetworkCase cases[] = {
  { { 3, 36, 33 }, 1, { CONV (16, 11, 4, 2, 1) } },
  { { 2, 17, 23 }, 1, { CONV (9, 4, 3, 1, 1) } },
  { { 3, 9, 9 }, 1, { CONV (4, 1, 1, 0, 1) } },
  { { 48, 13, 13 }, 2, { CONV (32, 3, 1, 1, 2), RELU } },
  { { 16, 7, 7 }, 1, { CONV (16, 3, 1, 1, 16) } },
  { { 3, 35, 39 }, 4,
      { CONV (24, 11, 4, 0, 1), RELU, MAXPOOL, CONV (8, 3, 1, 1, 1) } },
  { { 8, 13, 11 }, 3, { CONV (12, 3, 1, 1, 1), RELU, CONV (5, 5, 1, 2, 1) } },
  { { 8, 13, 11 }, 2, { CONV (12, 3, 1, 1, 1), CONV (6, 3, 1, 1, 2) } },
  { { 8, 15, 15 }, 5,
      { CONV (16, 3, 1, 1, 1), RELU, LRN, MAXPOOL, CONV (6, 3, 1, 1, 2) } },
  { { 40, 19, 17 }, 4,
      { CONV (64, 3, 1, 1, 1), RELU, MAXPOOL, CONV (48, 5, 1, 2, 2) } },
  { { 64, 11, 9 }, 5,
      { CONV (96, 5, 1, 2, 1), RELU, LRN, MAXPOOL, CONV (32, 3, 1, 1, 2) } },
  { { 8, 15, 15 }, 5,
      { CONV (16, 3, 1, 1, 1), RELU, MAXPOOL, LRN, CONV (6, 3, 1, 1, 2) } },
  { { 8, 15, 15 }, 5,
      { CONV (16, 3, 1, 1, 1), RELU, AFFINE (16), MAXPOOL,
          CONV (6, 3, 1, 1, 2) } },
  { { 8, 11, 9 }, 4,
      { CONV (12, 3, 1, 1, 1), AFFINE (12), RELU, CONV (6, 3, 1, 1, 1) } },
  { { 5, 9, 9 }, 3, { AFFINE (5), CONV (8, 3, 1, 1, 1), AFFINE (8) } },
  { { 1, 35, 38 }, 1, { CONV (16, 11, 4, 2, 1) } },
  { { 3, 33, 30 }, 4,
      { CONV_ENDS (16, 11, 4, 5, 1, 1), RELU, MAXPOOL_ENDS (0, 1),
          CONV (8, 3, 1, 1, 1) } },
  { { 40, 14, 13 }, 4,
      { CONV_ENDS (48, 3, 1, 0, 2, 1), MAXPOOL_ENDS (1, 1), RELU,
          CONV_ENDS (32, 5, 1, 3, 1, 1) } },
  { { 8, 14, 13 }, 3,
      { CONV_ENDS (12, 3, 2, 0, 1, 1), MAXPOOL_ENDS (2, 1),
          CONV (6, 3, 1, 1, 2) } },
  /* Strides are computed in float: from and to unsigned and signed numbers. */
  { { 17, 6, 5 }, 3, { CONV (33, 3, 2, 1, 1), RELU, CONV (8, 3, 1, 1, 1) } },
  { { 17, 6, 5 }, 2, { CONV (33, 3, 2, 1, 1), CONV (8, 3, 1, 1, 1) } },
  { { 18, 6, 5 }, 2, { CONV (34, 3, 2, 1, 2), CONV (8, 3, 2, 1, 1) } },
};

/* In $ALEXNET_CPU_CONV; a layer that cannot be computed so is direct. */
static const char *const ways[] = { "direct", "F(2x2,3x3) F(2x2,5x5)" };
static const double tolerances[] = { DIRECT_TOLERANCE, TOLERANCE };

static const AlexnetBackend *backend;

static AlexnetNetwork
make_network (const NetworkCase *c)
{
  AlexnetNetwork network = { .input = c->in, .n_layers = c->n_layers };

  memcpy (network.layers, c->layers, sizeof c->layers);
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  return network;
}

static void
clear_network (AlexnetNetwork *network)
{
  for (guint i = 0; i < network->n_layers; i++)
    g_free ((gpointer) network->layers[i].int8.scales);
  random_model_clear (network);
}

/* What the definition makes of in [N_IMAGES,C,H,W]; calibrates on the way. */
static float *
compute (AlexnetNetwork *network, const float *in)
{
  float *values = g_memdup2 (in,
      N_IMAGES * alexnet_shape_size (&network->input) * sizeof *in);

  for (guint i = 0; i < network->n_layers; i++) {
    AlexnetLayer *layer = &network->layers[i];
    float *next = definition_compute (layer, values, N_IMAGES);

    if (alexnet_layer_takes_int8 (layer))
      layers_calibrate (layer, values, N_IMAGES);
    g_free (values);
    values = next;
  }
  return values;
}

/* Of the result for in [N_IMAGES,C,H,W]. */
static double
find_error (const AlexnetNetwork *network, AlexnetIsa isa, const float *in,
    const float *expected)
{
  gsize out_size = alexnet_shape_size (alexnet_network_output (network));
  g_autofree float *out = NULL;
  double difference = 0, largest = 0;
  AlexnetPlan *plan;

  isas_use (isa);
  plan = layers_open (backend, network, ALEXNET_PRECISION_INT8, 2, N_IMAGES);
  g_assert_cmpint (plan->precision, ==, ALEXNET_PRECISION_INT8);
  out = layers_run (plan, network, in, N_IMAGES, N_IMAGES);
  backend->close (plan);
  for (gsize i = 0; i < N_IMAGES * out_size; i++) {
    g_assert_true (isfinite (out[i]));
    largest = fmax (largest, fabs ((double) expected[i]));
    difference = fmax (difference, fabs ((double) out[i] - expected[i]));
  }
  return largest > 0 ? difference / largest : difference;
}

static void
check_network (AlexnetNetwork network, AlexnetIsa isa, gboolean is_signed,
    const char *way, double tolerance)
{
  gsize n = N_IMAGES * alexnet_shape_size (&network.input);
  g_autofree char *what = random_table_describe (&network);
  g_autofree float *in = g_new (float, n);
  g_autofree float *expected = NULL;
  double error;

  random_model_fill (&network);
  random_model_values (in, n, "image", 1);
  for (gsize i = 0; !is_signed && i < n; i++)
    in[i] = fabsf (in[i]);
  expected = compute (&network, in);
  g_setenv ("ALEXNET_CPU_CONV", way, TRUE);
  error = find_error (&network, isa, in, expected);
  g_unsetenv ("ALEXNET_CPU_CONV");
  g_test_message ("%s, %s input, %s: error %.2g", what,
      is_signed ? "signed" : "unsigned", way, error);
  g_assert_cmpfloat (error, <=, tolerance);
  clear_network (&network);
}

static void
test_convolutions (gconstpointer data)
{
  AlexnetIsa isa = GPOINTER_TO_INT (data);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint w = 0; w < G_N_ELEMENTS (ways); w++) {
      check_network (make_network (&cases[i]), isa, TRUE, ways[w],
          tolerances[w]);
      check_network (make_network (&cases[i]), isa, FALSE, ways[w],
          tolerances[w]);
    }
}

/* Layers in any order. */
static void
test_tables (void)
{
  for (guint seed = 0; seed < N_TABLES; seed++)
    check_network (random_table_make (seed), alexnet_cpu_detect (), seed % 2,
        ways[seed / 2 % G_N_ELEMENTS (ways)], TABLE_TOLERANCE);
}

/* Images of zeros, a filter of zeros and one of denormal numbers. */
static void
test_no_scale (void)
{
  AlexnetNetwork network = make_network (&cases[6]);
  const AlexnetLayer *layer = &network.layers[0];
  gsize n = N_IMAGES * alexnet_shape_size (&network.input), filter;
  g_autofree float *in = g_new0 (float, n);
  g_autofree float *expected = NULL;
  float *weights;

  random_model_fill (&network);
  filter = alexnet_tensor_n_values (&layer->weight) / layer->channels;
  weights = (float *) layer->weight.data;
  for (gsize k = 0; k < filter; k++) {
    weights[k] = 0;
    weights[filter + k] = 1e-41f;
  }
  expected = compute (&network, in);
  g_assert_cmpfloat (find_error (&network, alexnet_cpu_detect (), in, expected),
      <=, TOLERANCE);
  clear_network (&network);
}

static void
test_uncalibrated (void)
{
  AlexnetNetwork network = make_network (&cases[0]);
  AlexnetPlanParams params = { .precision = ALEXNET_PRECISION_INT8,
    .cpu_threads = 1,
    .max_batch_size = 1,
    .n_slots = 1 };
  g_autoptr (GError) error = NULL;

  g_assert_null (backend->open (&network, &params, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  assert_says (error->message, "values of conv");
  assert_says (error->message, "alexnet-inspect calibrate");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  backend = alexnet_backend_find ("cpu", NULL);
  isas_add_tests ("/int8", "convolutions", test_convolutions);
  g_test_add_func ("/int8/tables", test_tables);
  g_test_add_func ("/int8/no-scale", test_no_scale);
  g_test_add_func ("/int8/uncalibrated", test_uncalibrated);
  return g_test_run ();
}
