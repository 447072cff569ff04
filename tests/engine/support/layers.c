/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "layers.h"

#include <math.h>

#include "random-model.h"
#include "reference/reference.h"

AlexnetNetwork
layers_make_single (const AlexnetLayer *layer)
{
  AlexnetNetwork network = { .architecture = "torchvision",
    .input = layer->in,
    .n_layers = 2,
    .layers = { *layer, { .kind = ALEXNET_LAYER_RELU } } };

  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  return network;
}

AlexnetNetwork
layers_make_network (const char *architecture, guint divisor)
{
  AlexnetNetwork network = *alexnet_network_find (architecture);

  for (guint i = 0; i < network.n_layers; i++)
    network.layers[i].channels /= divisor;
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  random_model_fill (&network);
  return network;
}

float *
layers_random_inputs (const AlexnetShape *shape, guint n)
{
  gsize size = n * alexnet_shape_size (shape);
  float *inputs = g_new (float, size);

  random_model_values (inputs, size, "images", 1);
  return inputs;
}

static AlexnetPlan *
open_plan (const AlexnetBackend *backend, const AlexnetNetwork *network,
    AlexnetPrecision precision, guint n_threads, guint batch, GError **error)
{
  AlexnetPlanParams params = { .precision = precision,
    .cpu_threads = n_threads,
    .max_batch_size = batch,
    .n_slots = batch };

  return backend->open (network, &params, error);
}

AlexnetPlan *
layers_open (const AlexnetBackend *backend, const AlexnetNetwork *network,
    AlexnetPrecision precision, guint n_threads, guint batch)
{
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan = open_plan (backend, network, precision, n_threads, batch,
      &error);

  g_assert_no_error (error);
  return plan;
}

AlexnetPlan *
layers_open_or_skip (const AlexnetBackend *backend,
    const AlexnetNetwork *network, AlexnetPrecision precision, guint n_threads,
    guint batch)
{
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan = open_plan (backend, network, precision, n_threads, batch,
      &error);

  if (plan)
    return plan;
  g_assert_cmpint (precision, !=, ALEXNET_PRECISION_FP32);
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  g_test_skip (error->message);
  return NULL;
}

float *
layers_run (AlexnetPlan *plan, const AlexnetNetwork *network,
    const float *inputs, guint n, guint batch)
{
  gsize in = alexnet_shape_size (&network->input);
  gsize out = alexnet_shape_size (alexnet_network_output (network));
  float *outputs = g_new (float, batch *out), *pointers[LAYERS_MAX_BATCH];
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (batch, <=, LAYERS_MAX_BATCH);
  for (guint i = 0; i < batch; i++) {
    plan->backend->stage_tensor (plan, i, inputs + i % n * in, NULL);
    pointers[i] = outputs + i * out;
  }
  plan->backend->infer (plan, 0, batch, pointers, &error);
  g_assert_no_error (error);
  return outputs;
}

float *
layers_run_reference (const AlexnetNetwork *network, const float *inputs,
    guint n)
{
  AlexnetPlan *plan = layers_open (&alexnet_reference_backend, network,
      ALEXNET_PRECISION_FP32, 1, n);
  float *outputs = layers_run (plan, network, inputs, n, n);

  plan->backend->close (plan);
  return outputs;
}

double
layers_norm_error (const float *found, gsize n_found, const float *expected,
    gsize n_expected)
{
  double difference = 0, whole = 0;

  for (gsize i = 0; i < n_found; i++) {
    double value = (double) expected[i % n_expected];

    g_assert_true (isfinite (found[i]));
    whole += value * value;
    difference += pow ((double) found[i] - value, 2);
  }
  return whole > 0 ? sqrt (difference / whole) : sqrt (difference);
}

double
layers_compare_batches (AlexnetPlan *plan, const AlexnetNetwork *network,
    const float *inputs, const float *expected, guint n, guint max_batch,
    LayersError error)
{
  static const guint batches[] = { 1, 2, 3, 7, 16, LAYERS_MAX_BATCH };
  gsize size = alexnet_shape_size (alexnet_network_output (network));
  double largest = 0;

  for (guint i = 0; i < G_N_ELEMENTS (batches) && batches[i] <= max_batch;
       i++) {
    g_autofree float *outputs = layers_run (plan, network, inputs, n,
        batches[i]);

    largest = fmax (largest,
        error (outputs, batches[i] * size, expected, n * size));
  }
  return largest;
}

void
layers_check_convolution (const AlexnetLayer *layer, guint n, LayersCheck check)
{
  AlexnetLayer conv = *layer;
  AlexnetNetwork network;
  g_autofree float *inputs = NULL, *expected = NULL;
  g_autofree char *what = g_strdup_printf ("[%u,%u,%u], %u of %ux%u",
      layer->in.channels, layer->in.height, layer->in.width, layer->channels,
      layer->kernel, layer->kernel);

  conv.kind = ALEXNET_LAYER_CONV;
  conv.name = "conv";
  network = layers_make_single (&conv);
  random_model_fill (&network);
  inputs = layers_random_inputs (&network.input, n);
  expected = layers_run_reference (&network, inputs, n);
  check (&network, inputs, expected, 3, what);
  random_model_clear (&network);
}

void
layers_check_convolutions (const char *architecture, guint divisor, guint n,
    guint max_batch, LayersCheck check)
{
  AlexnetNetwork network = layers_make_network (architecture, divisor);
  float *values = layers_random_inputs (&network.input, n);

  for (guint i = 0; network.layers[i].kind != ALEXNET_LAYER_LINEAR; i++) {
    const AlexnetLayer *layer = &network.layers[i];
    gboolean conv = layer->kind == ALEXNET_LAYER_CONV;
    AlexnetNetwork single = layers_make_single (layer);
    g_autofree char *what = g_strdup_printf ("%s, 1/%u of the width, %s",
        architecture, divisor, layer->name);
    float *next;

    if (!conv)
      single.n_layers = 1;
    next = layers_run_reference (&single, values, n);
    if (conv)
      check (&single, values, next, max_batch, what);
    g_free (values);
    values = next;
  }
  g_free (values);
  random_model_clear (&network);
}

void
layers_calibrate (AlexnetLayer *layer, const float *inputs, guint n)
{
  gsize size = n * alexnet_shape_size (&layer->in);
  gsize filter = alexnet_tensor_n_values (&layer->weight) / layer->channels;
  const float *weights = layer->weight.data;
  float *scales = g_new0 (float, layer->channels);

  layer->int8.least = layer->int8.most = inputs[0];
  for (gsize i = 0; i < size; i++) {
    layer->int8.least = fminf (layer->int8.least, inputs[i]);
    layer->int8.most = fmaxf (layer->int8.most, inputs[i]);
  }
  for (gsize i = 0; i < filter * layer->channels; i++)
    scales[i / filter] = fmaxf (scales[i / filter], fabsf (weights[i]) / 127);
  layer->int8.scales = scales;
}
