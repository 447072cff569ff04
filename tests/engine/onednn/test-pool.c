/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A NaN that goes into a max pooling comes out of it, as from PyTorch's, from
 * whichever place of a window, and from no other window. */

#include <math.h>

#include "backends.h"
#include "support/cache-directory.h"
#include "support/layers.h"
#include "support/random-model.h"

#define N_IMAGES 2
#define PLACES 61 /* a step through them that meets all channels and columns */

#define CONV(n)                                                             \
  {                                                                         \
    .kind = ALEXNET_LAYER_CONV, .name = "conv", .channels = n, .kernel = 3, \
    .stride = 1, .padding = 1, .end_padding = 1, .groups = 1                \
  }
#define MAXPOOL(k, s, p, e)                                                \
  {                                                                        \
    .kind = ALEXNET_LAYER_MAXPOOL, .kernel = k, .stride = s, .padding = p, \
    .end_padding = e                                                       \
  }

/* Alone, and in the formats that the library's convolutions like to write. */
static const struct {
  const char *name;
  AlexnetNetwork network;
} cases[] = {
  { "alone",
      { .input = { 5, 13, 12 },
          .n_layers = 1,
          .layers = { MAXPOOL (3, 2, 0, 1) } } },
  { "padded",
      { .input = { 3, 8, 9 },
          .n_layers = 1,
          .layers = { MAXPOOL (4, 3, 3, 2) } } },
  { "behind-16",
      { .input = { 3, 14, 15 },
          .n_layers = 2,
          .layers = { CONV (16), MAXPOOL (3, 2, 0, 0) } } },
  { "behind-24",
      { .input = { 8, 11, 11 },
          .n_layers = 2,
          .layers = { CONV (24), MAXPOOL (2, 2, 1, 1) } } },
  { "behind-5",
      { .input = { 16, 9, 9 },
          .n_layers = 2,
          .layers = { CONV (5), MAXPOOL (3, 2, 0, 0) } } },
};

static const AlexnetPrecision precisions[] = { ALEXNET_PRECISION_FP32,
  ALEXNET_PRECISION_BF16 };

typedef struct {
  const AlexnetNetwork *network;
  AlexnetPrecision precision;
} Case;

static const AlexnetBackend *backend;

/* Convolutions of bf16 multiply numbers beside their input by zero, which a NaN
 * makes a NaN too. */
static gboolean
may_spread (const AlexnetPlan *plan, const AlexnetNetwork *network)
{
  return plan->precision == ALEXNET_PRECISION_BF16 &&
      network->layers[0].kind == ALEXNET_LAYER_CONV;
}

static void
check_place (AlexnetPlan *plan, const AlexnetNetwork *network, float *inputs,
    gsize place)
{
  gsize n = alexnet_shape_size (alexnet_network_output (network)), n_nan = 0;
  g_autofree float *expected = NULL, *found = NULL;
  float was = inputs[place];

  inputs[place] = NAN;
  expected = layers_run_reference (network, inputs, N_IMAGES);
  found = layers_run (plan, network, inputs, N_IMAGES, N_IMAGES);
  inputs[place] = was;
  for (gsize i = 0; i < N_IMAGES * n; i++) {
    if (isnan (expected[i]) ? !isnan (found[i])
                            : isnan (found[i]) && !may_spread (plan, network))
      g_error ("a NaN at %" G_GSIZE_FORMAT ": result %" G_GSIZE_FORMAT
               " is %g, expected %g",
          place, i, (double) found[i], (double) expected[i]);
    n_nan += isnan (expected[i]) != 0;
  }
  g_assert_cmpuint (n_nan, >, 0);
}

static void
check_places (AlexnetPlan *plan, const AlexnetNetwork *network)
{
  g_autofree float *inputs = layers_random_inputs (&network->input, N_IMAGES);
  gsize n = N_IMAGES * alexnet_shape_size (&network->input);

  for (gsize i = 0; i < n; i += PLACES)
    check_place (plan, network, inputs, i);
}

static void
test_nan (gconstpointer data)
{
  const Case *test = data;
  AlexnetNetwork network = *test->network;
  AlexnetPlan *plan;

  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  random_model_fill (&network);
  plan = layers_open_or_skip (backend, &network, test->precision, 2, N_IMAGES);
  if (plan) {
    check_places (plan, &network);
    backend->close (plan);
  }
  random_model_clear (&network);
}

int
main (int argc, char *argv[])
{
  backend = alexnet_backend_find ("cpu", NULL);
  cache_directory_init (&argc, &argv);
  /* Winograd's transforms spread one NaN over a tile. */
  g_setenv ("ALEXNET_CPU_CONV", "direct", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint p = 0; p < G_N_ELEMENTS (precisions); p++) {
      Case test = { &cases[i].network, precisions[p] };
      g_autofree char *path = g_strdup_printf ("/pool/%s/%s", cases[i].name,
          alexnet_precision_name (precisions[p]));

      g_test_add_data_func_full (path, g_memdup2 (&test, sizeof test), test_nan,
          g_free);
    }
  return cache_directory_run ();
}
