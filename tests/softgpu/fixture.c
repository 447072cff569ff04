/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixture.h"

#include <math.h>
#include <string.h>

#include "backends.h"
#include "support/data-path.h"
#include "support/random-model.h"

const AlexnetPrecision fixture_precisions[FIXTURE_N_PRECISIONS] = {
  ALEXNET_PRECISION_FP32,
  ALEXNET_PRECISION_TF32,
  ALEXNET_PRECISION_FP16,
  ALEXNET_PRECISION_BF16,
  ALEXNET_PRECISION_INT8,
};

AlexnetNetwork *
fixture_network (const char *architecture)
{
  const AlexnetNetwork *full = alexnet_network_find (architecture);
  AlexnetNetwork *network = g_memdup2 (full, sizeof *full);

  random_model_narrow (network);
  random_model_fill (network);
  return network;
}

AlexnetNetwork *
fixture_small_network (void)
{
  const AlexnetNetwork *full = alexnet_network_find ("caffe");
  AlexnetNetwork *network = g_memdup2 (full, sizeof *full);

  network->input.width = network->input.height = 67;
  random_model_narrow (network);
  random_model_fill (network);
  return network;
}

AlexnetModel *
fixture_model (void)
{
  g_autofree char *path = data_path ("models",
      "torchvision-narrow.safetensors");
  g_autoptr (GError) error = NULL;
  AlexnetModel *loaded = alexnet_model_load (path, NULL, &error);

  g_assert_no_error (error);
  return loaded;
}

AlexnetNetwork
fixture_layer (const AlexnetNetwork *network, guint i)
{
  AlexnetNetwork layer = *network;

  layer.n_layers = 1;
  layer.layers[0] = network->layers[i];
  layer.input = network->layers[i].in;
  return layer;
}

AlexnetPlan *
fixture_try_open (const AlexnetNetwork *network, AlexnetPrecision precision,
    guint max_batch_size, GError **error)
{
  AlexnetPlanParams params = {
    .precision = precision,
    .cpu_threads = 1,
    .max_batch_size = max_batch_size,
    .n_slots = 2 * max_batch_size,
  };
  const AlexnetBackend *backend = alexnet_backend_find ("cudnn", error);

  return backend ? backend->open (network, &params, error) : NULL;
}

AlexnetPlan *
fixture_open (const AlexnetNetwork *network, AlexnetPrecision precision,
    guint max_batch_size)
{
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan = fixture_try_open (network, precision, max_batch_size,
      &error);

  g_assert_no_error (error);
  return plan;
}

void
fixture_close (AlexnetPlan *plan)
{
  plan->backend->close (plan);
}

float *
fixture_inputs (const AlexnetNetwork *network, guint n, guint seed)
{
  gsize size = alexnet_shape_size (&network->input);
  float *inputs = g_new (float, n *size);
  g_autofree char *name = g_strdup_printf ("input %u", seed);

  random_model_values (inputs, n * size, name, 1);
  return inputs;
}

void
fixture_stage (AlexnetPlan *plan, const AlexnetNetwork *network, guint first,
    guint n, const float *inputs)
{
  gsize size = alexnet_shape_size (&network->input);

  for (guint i = 0; i < n; i++) {
    g_autoptr (GError) error = NULL;

    plan->backend->stage_tensor (plan, first + i, inputs + i * size, &error);
    g_assert_no_error (error);
  }
}

static void
point_to_outputs (float **pointers, float *outputs, guint n, gsize size)
{
  for (guint i = 0; i < n; i++)
    pointers[i] = outputs + i * size;
}

float *
fixture_infer (AlexnetPlan *plan, const AlexnetNetwork *network, guint first,
    guint n)
{
  gsize size = alexnet_shape_size (alexnet_network_output (network));
  float *outputs = g_new (float, n *size);
  float *pointers[ALEXNET_MAX_BATCH_SIZE];
  g_autoptr (GError) error = NULL;

  point_to_outputs (pointers, outputs, n, size);
  plan->backend->infer (plan, first, n, pointers, &error);
  g_assert_no_error (error);
  return outputs;
}

AlexnetBest *
fixture_infer_best (AlexnetPlan *plan, guint first, guint n)
{
  AlexnetBest *best = g_new0 (AlexnetBest, n * ALEXNET_MAX_BEST);
  AlexnetBest *pointers[ALEXNET_MAX_BATCH_SIZE];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    pointers[i] = best + i * ALEXNET_MAX_BEST;
  plan->backend->infer_best (plan, first, n, pointers, &error);
  g_assert_no_error (error);
  return best;
}

float *
fixture_reference (const AlexnetNetwork *network, guint n, const float *inputs)
{
  AlexnetPlanParams params = {
    .precision = ALEXNET_PRECISION_FP32,
    .cpu_threads = 1,
    .max_batch_size = n,
    .n_slots = n,
  };
  g_autoptr (GError) error = NULL;
  const AlexnetBackend *backend = alexnet_backend_find ("reference", &error);
  g_autoptr (AlexnetPlan) plan = NULL;

  g_assert_no_error (error);
  plan = backend->open (network, &params, &error);
  g_assert_no_error (error);
  fixture_stage (plan, network, 0, n, inputs);
  return fixture_infer (plan, network, 0, n);
}

double
fixture_rounding (AlexnetPrecision precision, gboolean multiplies)
{
  switch (precision) {
    case ALEXNET_PRECISION_FP32:
      return 0x1p-24;
    case ALEXNET_PRECISION_TF32:
      return multiplies ? 0x1p-10 : 0x1p-24;
    case ALEXNET_PRECISION_BF16:
      return 0x1p-8;
    default:
      return 0x1p-11;
  }
}

void
fixture_assert_near (const float *a, const float *b, gsize n, double tolerance,
    const char *what)
{
  for (gsize i = 0; i < n; i++)
    if (!(fabs ((double) a[i] - b[i]) <= tolerance))
      g_error ("%s: value %zu is %g, the reference has %g, tolerance %g", what,
          i, a[i], b[i], tolerance);
}

double
fixture_largest (const float *values, gsize n)
{
  double largest = 0;

  for (gsize i = 0; i < n; i++)
    largest = fmax (largest, fabs (values[i]));
  return largest;
}
