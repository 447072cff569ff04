/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A NaN that goes into a pooling comes out of it, as from PyTorch's: from a
 * kernel of its own, whether it takes vectors or not, and from those that do
 * more. */

#include <math.h>

#include "fixture.h"
#include "support/definition.h"
#include "support/random-model.h"

#define RELU                   \
  {                            \
    .kind = ALEXNET_LAYER_RELU \
  }
#define POOL                                                \
  {                                                         \
    .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 3, .stride = 2 \
  }
#define LRN                                                              \
  {                                                                      \
    .kind = ALEXNET_LAYER_LRN, .size = 5, .alpha = 1e-4f, .beta = 0.75f, \
    .k = 1                                                               \
  }
#define LINEAR                                                    \
  {                                                               \
    .name = "linear", .kind = ALEXNET_LAYER_LINEAR, .channels = 3 \
  }

/* The first operation is never part of another's kernel. */
static const struct {
  const char *name;
  AlexnetNetwork network;
} cases[] = {
  { "values", { .input = { 3, 7, 5 }, .n_layers = 1, .layers = { POOL } } },
  { "vectors", { .input = { 8, 7, 5 }, .n_layers = 1, .layers = { POOL } } },
  { "behind-lrn",
      { .input = { 8, 7, 5 }, .n_layers = 3, .layers = { RELU, LRN, POOL } } },
  { "before-lrn",
      { .input = { 8, 7, 5 }, .n_layers = 3, .layers = { RELU, POOL, LRN } } },
  { "before-linear",
      { .input = { 8, 5, 5 },
          .n_layers = 3,
          .layers = { RELU, POOL, LINEAR } } },
};

typedef struct {
  const AlexnetNetwork *network;
  AlexnetPrecision precision;
} Case;

static float *
compute (const AlexnetNetwork *network, const float *in)
{
  gsize size = alexnet_shape_size (&network->input) * sizeof *in;
  float *values = g_memdup2 (in, size);

  for (guint i = 0; i < network->n_layers; i++) {
    float *next = definition_compute (&network->layers[i], values, 1);

    g_free (values);
    values = next;
  }
  return values;
}

static void
check_place (AlexnetPlan *plan, const AlexnetNetwork *network, gsize i)
{
  g_autofree float *in = fixture_inputs (network, 1, 0);
  gsize n = alexnet_shape_size (alexnet_network_output (network)), n_nan = 0;
  g_autofree float *expected = NULL, *found = NULL;

  in[i] = NAN;
  expected = compute (network, in);
  fixture_stage (plan, network, 0, 1, in);
  found = fixture_infer (plan, network, 0, 1);
  for (gsize k = 0; k < n; k++) {
    g_assert_cmpint (!isnan (found[k]), ==, !isnan (expected[k]));
    n_nan += isnan (found[k]) != 0;
  }
  g_assert_cmpuint (n_nan, >, 0);
}

static void
test_nan (gconstpointer data)
{
  const Case *test = data;
  AlexnetNetwork network = *test->network;
  AlexnetPlan *plan;

  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  random_model_fill (&network);
  plan = fixture_open (&network, test->precision, 1);
  for (gsize i = 0; i < alexnet_shape_size (&network.input); i++)
    check_place (plan, &network, i);
  fixture_close (plan);
  random_model_clear (&network);
  softgpu_reset ();
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint p = 0; p < FIXTURE_N_PRECISIONS; p++) {
      Case test = { &cases[i].network, fixture_precisions[p] };
      g_autofree char *path = g_strdup_printf ("/softgpu/pools/%s/%s",
          cases[i].name, alexnet_precision_name (test.precision));

      g_test_add_data_func_full (path, g_memdup2 (&test, sizeof test), test_nan,
          g_free);
    }
  return cache_directory_run ();
}
