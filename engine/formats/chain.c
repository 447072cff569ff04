/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "chain.h"

#include <string.h>

#include "values.h"

/* Nothing in the file warrants a weight that is one value many times. */
#define MAX_CONSTANT (1u << 26)

gboolean
alexnet_chain_begin (AlexnetModelSource *source, const AlexnetShape *input,
    GError **error)
{
  if (input->height != input->width || input->height == 0)
    return alexnet_format_error (error,
        "the input is [%u, %u, %u], expected a square of pixels",
        input->channels, input->height, input->width);
  source->network = g_new0 (AlexnetNetwork, 1);
  source->network->input = *input;
  return TRUE;
}

AlexnetLayer *
alexnet_chain_last (const AlexnetModelSource *source)
{
  AlexnetNetwork *network = source->network;

  return network && network->n_layers > 0
      ? &network->layers[network->n_layers - 1]
      : NULL;
}

const AlexnetShape *
alexnet_chain_output (const AlexnetModelSource *source)
{
  const AlexnetLayer *last = alexnet_chain_last (source);

  return last ? &last->out : &source->network->input;
}

static gboolean
has_weights (const AlexnetLayer *layer)
{
  return layer->kind == ALEXNET_LAYER_CONV ||
      layer->kind == ALEXNET_LAYER_LINEAR;
}

gboolean
alexnet_chain_holds (const GPtrArray *names, const char *name)
{
  return g_ptr_array_find_with_equal_func ((GPtrArray *) names, name,
      g_str_equal, NULL);
}

void
alexnet_chain_set (GPtrArray *names, const char *name)
{
  g_ptr_array_set_size (names, 0);
  g_ptr_array_add (names, g_strdup (name));
}

guint
alexnet_chain_ceil_padding (guint side, const AlexnetLayer *layer, guint end)
{
  guint64 kernel = layer->kernel, stride = layer->stride;
  guint64 begun = (guint64) side + layer->padding;
  guint64 last; /* where the last window begins */

  if (stride == 0 || begun + end < kernel)
    return end;
  last = (begun + end - kernel + stride - 1) / stride * stride;
  if (last >= begun)
    last -= stride;
  return last + kernel > begun ? (guint) (last + kernel - begun) : 0;
}

static gboolean
is_taken (const AlexnetNetwork *network, const char *name)
{
  for (guint i = 0; i < network->n_layers; i++)
    if (has_weights (&network->layers[i]) &&
        g_str_equal (network->layers[i].name, name))
      return TRUE;
  return FALSE;
}

static const char *
keep_name (AlexnetModelSource *source, const char *name)
{
  const AlexnetNetwork *network = source->network;
  char *kept;

  if (name && alexnet_layer_is_name (name) && !is_taken (network, name))
    kept = g_strdup (name);
  else
    kept = g_strdup_printf ("layer%u", network->n_layers + 1);
  g_ptr_array_add (source->arena, kept);
  return kept;
}

/* A constant may be larger than what the file holds, within a limit. */
static gboolean
check_size (const AlexnetTensor *weight, GError **error)
{
  gboolean constant = weight->strided;
  gsize n;

  for (guint i = 0; i < weight->n_dims; i++)
    constant = constant && weight->strides[i] == 0;
  if (alexnet_dims_multiply (weight->dims, weight->n_dims, &n) &&
      (!constant || n <= MAX_CONSTANT))
    return TRUE;
  return alexnet_format_error (error, "it has too many weights");
}

static gboolean
check_shape (const AlexnetLayer *layer, const AlexnetShape *in, GError **error)
{
  gboolean conv = layer->kind == ALEXNET_LAYER_CONV;
  const gsize expected[] = { 0,
    conv                           ? in->channels / MAX (layer->groups, 1)
        : layer->weight.n_dims > 2 ? in->channels
                                   : alexnet_shape_size (in),
    conv ? layer->kernel : in->height, conv ? layer->kernel : in->width };

  for (guint i = 1; i < layer->weight.n_dims; i++)
    if (layer->weight.dims[i] != expected[i])
      return alexnet_format_error (error,
          "dimension %u of its weights is %" G_GSIZE_FORMAT
          ", expected %" G_GSIZE_FORMAT,
          i, layer->weight.dims[i], expected[i]);
  return check_size (&layer->weight, error);
}

static gboolean
complete (AlexnetModelSource *source, AlexnetLayer *layer, GError **error)
{
  gsize channels = layer->weight.dims[0];

  if (channels == 0 || channels > G_MAXINT32)
    return alexnet_format_error (error,
        "a layer with %" G_GSIZE_FORMAT " outputs", channels);
  layer->channels = (guint) channels;
  if (!alexnet_tensor_is_bound (&layer->bias))
    layer->bias = alexnet_values_constant (source, 0, &channels, 1);
  if (layer->bias.n_dims != 1 || layer->bias.dims[0] != channels)
    return alexnet_format_error (error,
        "its bias has not one value for each of its %" G_GSIZE_FORMAT
        " outputs",
        channels);
  layer->name = keep_name (source, layer->name);
  return check_shape (layer, alexnet_chain_output (source), error);
}

gboolean
alexnet_chain_add (AlexnetModelSource *source, const AlexnetLayer *layer,
    GError **error)
{
  AlexnetNetwork *network = source->network;
  const AlexnetLayer *last = alexnet_chain_last (source);
  AlexnetLayer added = *layer;

  if (network->n_layers >= ALEXNET_MAX_LAYERS)
    return alexnet_format_error (error, "more than %d layers",
        ALEXNET_MAX_LAYERS);
  if (last && last->kind == ALEXNET_LAYER_SOFTMAX)
    return alexnet_format_error (error,
        "a layer behind the softmax, expected none");
  if (has_weights (&added) && !complete (source, &added, error))
    return FALSE;
  network->layers[network->n_layers++] = added;
  return alexnet_network_infer_shapes (network, error);
}

/* The next layer that computes something, from the i-th on. */
static const AlexnetLayer *
next_layer (const AlexnetNetwork *network, guint *i)
{
  while (*i < network->n_layers &&
      alexnet_layer_is_identity (&network->layers[*i]))
    (*i)++;
  return *i < network->n_layers ? &network->layers[(*i)++] : NULL;
}

static gboolean
same_kinds (const AlexnetNetwork *a, const AlexnetNetwork *b)
{
  guint i = 0, j = 0;

  for (;;) {
    const AlexnetLayer *x = next_layer (a, &i), *y = next_layer (b, &j);

    if (!x || !y)
      return x == y;
    if (x->kind != y->kind)
      return FALSE;
  }
}

static const char *
find_architecture (const AlexnetNetwork *network, const char *otherwise)
{
  const AlexnetNetwork *const *networks = alexnet_networks ();

  for (guint i = 0; networks[i]; i++)
    if (same_kinds (network, networks[i]))
      return networks[i]->architecture;
  return otherwise;
}

static gboolean
name_tensors (AlexnetModelSource *source, GError **error)
{
  for (guint i = 0; i < source->network->n_layers; i++) {
    const AlexnetLayer *layer = &source->network->layers[i];
    g_autofree char *weight = NULL, *bias = NULL;

    if (!has_weights (layer))
      continue;
    weight = g_strconcat (layer->name, ".weight", NULL);
    bias = g_strconcat (layer->name, ".bias", NULL);
    if (!alexnet_tensor_set_add (source->tensors, weight, &layer->weight, NULL,
            error) ||
        !alexnet_tensor_set_add (source->tensors, bias, &layer->bias, NULL,
            error))
      return FALSE;
  }
  return TRUE;
}

static const AlexnetTensor *
look_up (gpointer user, const char *name)
{
  const AlexnetTensorEntry *entry = alexnet_tensor_set_find (user, name);

  return entry ? &entry->tensor : NULL;
}

gboolean
alexnet_chain_finish (AlexnetModelSource *source, const char *otherwise,
    GError **error)
{
  const AlexnetLayer softmax = { .kind = ALEXNET_LAYER_SOFTMAX };
  const AlexnetLayer *last = alexnet_chain_last (source);

  if (!last)
    return alexnet_format_error (error, "there are no layers");
  if (last->kind != ALEXNET_LAYER_SOFTMAX) {
    if (!alexnet_chain_add (source, &softmax, error))
      return FALSE;
    g_ptr_array_add (source->notes,
        g_strdup ("there is no softmax in the file; one was added"));
  }
  if (last->out.height != 1 || last->out.width != 1)
    return alexnet_format_error (error,
        "the network ends in [%u, %u, %u], expected classes",
        last->out.channels, last->out.height, last->out.width);
  source->network->architecture = find_architecture (source->network,
      otherwise);
  return name_tensors (source, error) &&
      alexnet_network_bind (source->network, look_up, source->tensors, error);
}
