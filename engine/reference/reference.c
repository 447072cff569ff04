/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "reference.h"

#include <string.h>

#include "layers.h"

typedef struct {
  AlexnetPlan base;
  const AlexnetNetwork *network;
  float *inputs; /* [n_slots,C,H,W] */
  float *weights[ALEXNET_MAX_LAYERS], *biases[ALEXNET_MAX_LAYERS];
  float *activations[2]; /* a layer reads one and writes the other */
  double *row;
  guint embedding_layer; /* that reads them; ALEXNET_MAX_LAYERS: none */
  gsize n_embedding;
  float *embeddings; /* [max_batch_size, n_embedding] */
} ReferencePlan;

static void
reference_close (AlexnetPlan *plan)
{
  ReferencePlan *self = (ReferencePlan *) plan;

  for (guint i = 0; i < ALEXNET_MAX_LAYERS; i++) {
    g_free (self->weights[i]);
    g_free (self->biases[i]);
  }
  g_free (self->activations[0]);
  g_free (self->activations[1]);
  g_free (self->row);
  g_free (self->inputs);
  g_free (self->embeddings);
  g_free (self);
}

static gboolean
no_memory (GError **error)
{
  g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
      "backend 'reference' has not enough memory for the weights, the inputs "
      "and the largest activations");
  return FALSE;
}

static gboolean
copy_tensor (float **copy, const AlexnetTensor *tensor, GError **error)
{
  *copy = g_try_new (float, alexnet_tensor_n_values (tensor));
  return *copy ? alexnet_tensor_to_float (*copy, tensor, error)
               : no_memory (error);
}

static gboolean
copy_weights (ReferencePlan *self, GError **error)
{
  for (guint i = 0; i < self->network->n_layers; i++) {
    const AlexnetLayer *layer = &self->network->layers[i];

    if (alexnet_tensor_is_bound (&layer->weight) &&
        !(copy_tensor (&self->weights[i], &layer->weight, error) &&
            copy_tensor (&self->biases[i], &layer->bias, error)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
allocate_activations (ReferencePlan *self, guint n_slots, GError **error)
{
  gsize largest = alexnet_shape_size (&self->network->input), widest = 1;

  self->inputs = g_try_malloc0_n (largest, n_slots * sizeof (float));
  for (guint i = 0; i < self->network->n_layers; i++) {
    const AlexnetShape *out = &self->network->layers[i].out;

    largest = MAX (largest, alexnet_shape_size (out));
    widest = MAX (widest, out->width);
  }
  self->activations[0] = g_try_new (float, largest);
  self->activations[1] = g_try_new (float, largest);
  self->row = g_try_new (double, widest);
  if (self->inputs && self->activations[0] && self->activations[1] && self->row)
    return TRUE;
  return no_memory (error);
}

static gboolean
allocate_embeddings (ReferencePlan *self, const AlexnetPlanParams *params,
    GError **error)
{
  const AlexnetNetwork *network = self->network;
  const AlexnetLayer *layer = alexnet_network_last_linear (network);

  self->embedding_layer = ALEXNET_MAX_LAYERS;
  if (!params->embedding)
    return TRUE;
  self->embedding_layer = (guint) (layer - network->layers);
  self->n_embedding = alexnet_shape_size (&layer->in);
  self->embeddings = g_try_malloc_n (self->n_embedding,
      params->max_batch_size * sizeof (float));
  return self->embeddings || no_memory (error);
}

static AlexnetPlan *
reference_open (const AlexnetNetwork *network, const AlexnetPlanParams *params,
    GError **error)
{
  ReferencePlan *self;

  if (params->precision != ALEXNET_PRECISION_AUTO &&
      params->precision != ALEXNET_PRECISION_FP32) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "backend 'reference' computes in fp32 only, not in %s",
        alexnet_precision_name (params->precision));
    return NULL;
  }
  self = g_new0 (ReferencePlan, 1);
  self->base.backend = &alexnet_reference_backend;
  self->base.precision = ALEXNET_PRECISION_FP32;
  self->network = network;
  if (copy_weights (self, error) &&
      allocate_activations (self, params->n_slots, error) &&
      allocate_embeddings (self, params, error))
    return &self->base;
  reference_close (&self->base);
  return NULL;
}

static float *
slot_input (ReferencePlan *self, guint slot)
{
  return self->inputs + slot * alexnet_shape_size (&self->network->input);
}

typedef struct {
  float *out; /* [n_channels,H,W] */
  guint n_channels;
  gsize width, area;
} Staging;

static void
stage_row (gpointer user, guint y, const float *const *channels)
{
  Staging *staging = user;

  for (guint c = 0; c < staging->n_channels; c++)
    memcpy (staging->out + c * staging->area + y * staging->width, channels[c],
        staging->width * sizeof (float));
}

static gboolean
reference_stage (AlexnetPlan *plan, guint slot, const AlexnetImage *image,
    AlexnetTransform *transform, GError **error)
{
  ReferencePlan *self = (ReferencePlan *) plan;
  const AlexnetShape *input = &self->network->input;
  Staging staging = { slot_input (self, slot), input->channels, input->width,
    (gsize) input->height * input->width };

  alexnet_transform_run (transform, image, stage_row, &staging);
  return TRUE;
}

static gboolean
reference_stage_tensor (AlexnetPlan *plan, guint slot, const float *tensor,
    GError **error)
{
  ReferencePlan *self = (ReferencePlan *) plan;

  memcpy (slot_input (self, slot), tensor,
      alexnet_shape_size (&self->network->input) * sizeof (float));
  return TRUE;
}

static void
run_layer (ReferencePlan *self, guint i, float *out, const float *in)
{
  const AlexnetLayer *layer = &self->network->layers[i];

  switch (layer->kind) {
    case ALEXNET_LAYER_CONV:
      alexnet_reference_conv (out, self->row, in, self->weights[i],
          self->biases[i], layer);
      break;
    case ALEXNET_LAYER_LINEAR:
      alexnet_reference_linear (out, in, self->weights[i], self->biases[i],
          layer);
      break;
    case ALEXNET_LAYER_RELU:
      alexnet_reference_relu (out, in, layer);
      break;
    case ALEXNET_LAYER_LRN:
      alexnet_reference_lrn (out, in, layer);
      break;
    case ALEXNET_LAYER_MAXPOOL:
      alexnet_reference_maxpool (out, in, layer);
      break;
    case ALEXNET_LAYER_SOFTMAX:
      alexnet_reference_softmax (out, in, layer);
      break;
    case ALEXNET_LAYER_AVGPOOL:
    case ALEXNET_LAYER_DROPOUT:
      break;
  }
}

static gboolean
reference_infer (AlexnetPlan *plan, guint first, guint n, float *const *outputs,
    GError **error)
{
  ReferencePlan *self = (ReferencePlan *) plan;
  gsize n_outputs = alexnet_shape_size (alexnet_network_output (self->network));

  for (guint image = 0; image < n; image++) {
    const float *in = slot_input (self, first + image);

    for (guint i = 0; i < self->network->n_layers; i++) {
      float *out = self->activations[in == self->activations[0]];

      if (i == self->embedding_layer)
        memcpy (self->embeddings + image * self->n_embedding, in,
            self->n_embedding * sizeof (float));
      if (alexnet_layer_is_identity (&self->network->layers[i]))
        continue;
      run_layer (self, i, out, in);
      in = out;
    }
    memcpy (outputs[image], in, n_outputs * sizeof (float));
  }
  return TRUE;
}

static void
reference_get_embeddings (AlexnetPlan *plan, guint n, float *const *embeddings)
{
  ReferencePlan *self = (ReferencePlan *) plan;

  for (guint i = 0; i < n; i++)
    memcpy (embeddings[i], self->embeddings + i * self->n_embedding,
        self->n_embedding * sizeof (float));
}

const AlexnetBackend alexnet_reference_backend = {
  .name = "reference",
  .memories = 1 << ALEXNET_MEMORY_HOST,
  .warm_after_one = TRUE,
  .open = reference_open,
  .close = reference_close,
  .stage = reference_stage,
  .stage_tensor = reference_stage_tensor,
  .infer = reference_infer,
  .get_embeddings = reference_get_embeddings,
};
