/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The best classes as the device finds them are those that alexnet_top_k()
 * finds in the probabilities of the same device, bit for bit. */

#include <math.h>
#include <string.h>

#include "fixture.h"
#include "support/random-model.h"

#define N_IMAGES 3

/* Around the number of best classes, a warp, a block. */
static const guint sizes[] = { 1, 2, 7, 8, 9, 31, 32, 33, 255, 256, 257, 1000,
  1001 };

static AlexnetNetwork
make_softmax (guint n_classes)
{
  AlexnetNetwork network = {
    .architecture = "softmax",
    .input = { n_classes, 1, 1 },
    .n_layers = 1,
    .layers = { { .kind = ALEXNET_LAYER_SOFTMAX } },
  };

  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  return network;
}

/* The first image's values differ, of the second's many are equal, all of the
 * third's are. */
static float *
make_logits (guint n)
{
  float *logits = g_new (float, N_IMAGES *n);

  random_model_values (logits, N_IMAGES * n, "logits", 5);
  for (guint c = 0; c < n; c++) {
    logits[n + c] = roundf (logits[n + c]);
    logits[2 * n + c] = -7;
  }
  return logits;
}

static void
check_image (const AlexnetBest *best, const float *probabilities, guint n)
{
  guint indices[ALEXNET_MAX_BEST];
  guint n_best = alexnet_top_k (probabilities, n, ALEXNET_MAX_BEST, indices);

  for (guint i = 0; i < n_best; i++)
    if (best[i].class_id != indices[i] ||
        memcmp (&best[i].probability, &probabilities[indices[i]],
            sizeof (float)) != 0)
      g_error ("of %u classes, place %u has class %u with %g, expected %u "
               "with %g",
          n, i, best[i].class_id, (double) best[i].probability, indices[i],
          (double) probabilities[indices[i]]);
}

static void
check_size (guint n, AlexnetPrecision precision)
{
  AlexnetNetwork network = make_softmax (n);
  g_autoptr (AlexnetPlan) plan = fixture_open (&network, precision, N_IMAGES);
  g_autofree float *logits = make_logits (n), *probabilities = NULL;
  g_autofree AlexnetBest *best = NULL;

  fixture_stage (plan, &network, 0, N_IMAGES, logits);
  best = fixture_infer_best (plan, 0, N_IMAGES);
  probabilities = fixture_infer (plan, &network, 0, N_IMAGES);
  for (guint i = 0; i < N_IMAGES; i++)
    check_image (best + i * ALEXNET_MAX_BEST, probabilities + i * n, n);
}

static void
test_sizes (gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    check_size (sizes[i], GPOINTER_TO_UINT (data));
  softgpu_reset ();
}

/* What is no number among the logits leaves none in the result, wherever it
 * is, and nothing in that of its neighbour. */
static void
check_not_finite (AlexnetPlan *plan, const AlexnetNetwork *network, float value)
{
  guint n = network->input.channels;
  g_autofree float *logits = make_logits (n);

  for (guint c = 0; c < n; c += 37) {
    g_autofree float *spoiled = g_memdup2 (logits, 2 * n * sizeof (float));
    g_autofree AlexnetBest *best = NULL;

    spoiled[c] = value;
    fixture_stage (plan, network, 0, 2, spoiled);
    best = fixture_infer_best (plan, 0, 2);
    for (guint i = 0; i < ALEXNET_MAX_BEST; i++) {
      g_assert_true (isnan (best[i].probability));
      g_assert_cmpuint (best[i].class_id, <, n);
      g_assert_true (isfinite (best[ALEXNET_MAX_BEST + i].probability));
    }
  }
}

static void
test_not_finite (void)
{
  AlexnetNetwork network = make_softmax (300);
  AlexnetPlan *plan = fixture_open (&network, ALEXNET_PRECISION_FP16, 2);

  check_not_finite (plan, &network, NAN);
  check_not_finite (plan, &network, -NAN);
  check_not_finite (plan, &network, INFINITY);
  fixture_close (plan);
  softgpu_reset ();
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  for (guint p = 0; p < FIXTURE_N_TYPES; p++) {
    AlexnetPrecision precision = fixture_precisions[p];
    g_autofree char *path = g_strconcat ("/softgpu/best/",
        alexnet_precision_name (precision), NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (precision), test_sizes);
  }
  g_test_add_func ("/softgpu/best/not-finite", test_not_finite);
  return cache_directory_run ();
}
