/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "network.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define MAX_NAME 128

/* No side, width or class count of an AlexNet comes near; the product of any
 * three of them still fits 64 bits. */
#define MAX_DIM (1u << 20)
#define MAX_VALUES (G_GUINT64_CONSTANT (1) << 31)

#define CONV(n, c, k, s, p, g)                                         \
  {                                                                    \
    .kind = ALEXNET_LAYER_CONV, .name = n, .channels = c, .kernel = k, \
    .stride = s, .padding = p, .end_padding = p, .groups = g           \
  }
#define RELU                   \
  {                            \
    .kind = ALEXNET_LAYER_RELU \
  }
#define LRN                                                              \
  {                                                                      \
    .kind = ALEXNET_LAYER_LRN, .size = 5, .alpha = 1e-4f, .beta = 0.75f, \
    .k = 1                                                               \
  }
#define MAXPOOL                                             \
  {                                                         \
    .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 3, .stride = 2 \
  }
#define AVGPOOL                              \
  {                                          \
    .kind = ALEXNET_LAYER_AVGPOOL, .size = 6 \
  }
#define DROPOUT                   \
  {                               \
    .kind = ALEXNET_LAYER_DROPOUT \
  }
#define LINEAR(n, c)                                       \
  {                                                        \
    .kind = ALEXNET_LAYER_LINEAR, .name = n, .channels = c \
  }
#define SOFTMAX                   \
  {                               \
    .kind = ALEXNET_LAYER_SOFTMAX \
  }

/* clang-format off */
static AlexnetNetwork torchvision = {
  .architecture = "torchvision",
  .input = { 3, 224, 224 },
  .n_layers = 22,
  .layers = {
    CONV ("features.0", 64, 11, 4, 2, 1), RELU, MAXPOOL,
    CONV ("features.3", 192, 5, 1, 2, 1), RELU, MAXPOOL,
    CONV ("features.6", 384, 3, 1, 1, 1), RELU,
    CONV ("features.8", 256, 3, 1, 1, 1), RELU,
    CONV ("features.10", 256, 3, 1, 1, 1), RELU, MAXPOOL,
    AVGPOOL,
    DROPOUT, LINEAR ("classifier.1", 4096), RELU,
    DROPOUT, LINEAR ("classifier.4", 4096), RELU,
    LINEAR ("classifier.6", 1000),
    SOFTMAX,
  },
};

static AlexnetNetwork caffe = {
  .architecture = "caffe",
  .input = { 3, 227, 227 },
  .n_layers = 23,
  .layers = {
    CONV ("conv1", 96, 11, 4, 0, 1), RELU, LRN, MAXPOOL,
    CONV ("conv2", 256, 5, 1, 2, 2), RELU, LRN, MAXPOOL,
    CONV ("conv3", 384, 3, 1, 1, 1), RELU,
    CONV ("conv4", 384, 3, 1, 1, 2), RELU,
    CONV ("conv5", 256, 3, 1, 1, 2), RELU, MAXPOOL,
    LINEAR ("fc6", 4096), RELU, DROPOUT,
    LINEAR ("fc7", 4096), RELU, DROPOUT,
    LINEAR ("fc8", 1000),
    SOFTMAX,
  },
};

/* The BVLC's other network, which pools before it normalises. */
static AlexnetNetwork caffenet = {
  .architecture = "caffenet",
  .input = { 3, 227, 227 },
  .n_layers = 23,
  .layers = {
    CONV ("conv1", 96, 11, 4, 0, 1), RELU, MAXPOOL, LRN,
    CONV ("conv2", 256, 5, 1, 2, 2), RELU, MAXPOOL, LRN,
    CONV ("conv3", 384, 3, 1, 1, 1), RELU,
    CONV ("conv4", 384, 3, 1, 1, 2), RELU,
    CONV ("conv5", 256, 3, 1, 1, 2), RELU, MAXPOOL,
    LINEAR ("fc6", 4096), RELU, DROPOUT,
    LINEAR ("fc7", 4096), RELU, DROPOUT,
    LINEAR ("fc8", 1000),
    SOFTMAX,
  },
};
/* clang-format on */

static AlexnetNetwork *const tables[] = { &torchvision, &caffe, &caffenet };

static void
infer_tables (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    if (!alexnet_network_infer_shapes (tables[i], NULL))
      g_assert_not_reached ();
}

const AlexnetNetwork *const *
alexnet_networks (void)
{
  static const AlexnetNetwork *const networks[] = { &torchvision, &caffe,
    &caffenet, NULL };
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, infer_tables);
  return networks;
}

const AlexnetNetwork *
alexnet_network_find (const char *architecture)
{
  const AlexnetNetwork *const *networks = alexnet_networks ();

  for (guint i = 0; networks[i]; i++)
    if (g_str_equal (networks[i]->architecture, architecture))
      return networks[i];
  return NULL;
}

const char *
alexnet_layer_kind_name (AlexnetLayerKind kind)
{
  static const char *const names[] = {
    [ALEXNET_LAYER_CONV] = "Conv2d",
    [ALEXNET_LAYER_RELU] = "ReLU",
    [ALEXNET_LAYER_LRN] = "LocalResponseNorm",
    [ALEXNET_LAYER_MAXPOOL] = "MaxPool2d",
    [ALEXNET_LAYER_AVGPOOL] = "AdaptiveAvgPool2d",
    [ALEXNET_LAYER_DROPOUT] = "Dropout",
    [ALEXNET_LAYER_LINEAR] = "Linear",
    [ALEXNET_LAYER_SOFTMAX] = "Softmax",
  };

  g_return_val_if_fail ((guint) kind < G_N_ELEMENTS (names), "?");
  return names[kind];
}

gsize
alexnet_shape_size (const AlexnetShape *shape)
{
  return (gsize) shape->channels * shape->height * shape->width;
}

gboolean
alexnet_network_normalises (const AlexnetNetwork *network)
{
  for (guint i = 0; i < network->n_layers; i++)
    if (network->layers[i].kind == ALEXNET_LAYER_LRN)
      return TRUE;
  return FALSE;
}

const AlexnetLayer *
alexnet_network_last_linear (const AlexnetNetwork *network)
{
  for (guint i = network->n_layers; i-- > 0;)
    if (network->layers[i].kind == ALEXNET_LAYER_LINEAR)
      return &network->layers[i];
  return NULL;
}

const AlexnetShape *
alexnet_network_output (const AlexnetNetwork *network)
{
  g_return_val_if_fail (network->n_layers > 0, &network->input);
  return &network->layers[network->n_layers - 1].out;
}

gboolean
alexnet_layer_is_name (const char *name)
{
  if (name[0] == '\0' || strlen (name) > MAX_NAME)
    return FALSE;
  for (const char *p = name; *p; p = g_utf8_next_char (p))
    if (!g_unichar_isgraph (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

gboolean
alexnet_layer_is_identity (const AlexnetLayer *layer)
{
  return layer->kind == ALEXNET_LAYER_DROPOUT ||
      layer->kind == ALEXNET_LAYER_AVGPOOL;
}

gboolean
alexnet_layer_is_affine (const AlexnetLayer *layer)
{
  return layer->kind == ALEXNET_LAYER_CONV && layer->kernel == 1 &&
      layer->stride == 1 && layer->padding == 0 && layer->end_padding == 0 &&
      layer->groups == layer->channels && layer->groups == layer->in.channels;
}

gboolean
alexnet_layer_takes_int8 (const AlexnetLayer *layer)
{
  return layer->kind == ALEXNET_LAYER_CONV && !alexnet_layer_is_affine (layer);
}

guint64
alexnet_layer_n_parameters (const AlexnetLayer *layer)
{
  guint64 inputs;

  if (layer->kind == ALEXNET_LAYER_CONV)
    inputs = (guint64) (layer->in.channels / layer->groups) * layer->kernel *
        layer->kernel;
  else if (layer->kind == ALEXNET_LAYER_LINEAR)
    inputs = alexnet_shape_size (&layer->in);
  else
    return 0;
  return (inputs + 1) * layer->channels;
}

static gboolean
shape_is_valid (const AlexnetShape *s)
{
  return s->channels > 0 && s->height > 0 && s->width > 0 &&
      s->channels <= MAX_DIM && s->height <= MAX_DIM && s->width <= MAX_DIM &&
      (guint64) s->channels * s->height * s->width <= MAX_VALUES;
}

static gboolean
window_is_valid (const AlexnetLayer *layer)
{
  return layer->kernel > 0 && layer->stride > 0 && layer->kernel <= MAX_DIM &&
      layer->stride <= MAX_DIM && layer->padding <= layer->kernel &&
      layer->end_padding <= layer->kernel;
}

/* Output side of a valid window; 0 when it does not fit. */
static guint
window_output (const AlexnetLayer *layer, guint side)
{
  guint padded = layer->padding + side + layer->end_padding;

  return padded < layer->kernel ? 0
                                : (padded - layer->kernel) / layer->stride + 1;
}

/* Whether the first and the last of the `n` windows on a side each hold a
 * pixel; then all do. */
static gboolean
windows_hold_pixels (const AlexnetLayer *layer, guint side, guint n)
{
  return layer->padding < layer->kernel &&
      (guint64) (n - 1) * layer->stride < (guint64) side + layer->padding;
}

/* Sets height and width of layer->out; NULL or what the layer needs. */
static const char *
infer_window (AlexnetLayer *layer)
{
  const AlexnetShape *in = &layer->in;
  AlexnetShape *out = &layer->out;

  if (!window_is_valid (layer))
    return "a kernel and a stride within its limits, and padding of at most "
           "its kernel";
  out->height = window_output (layer, in->height);
  out->width = window_output (layer, in->width);
  if (out->height == 0 || out->width == 0)
    return "an input that its kernel fits into";
  if (layer->kind == ALEXNET_LAYER_MAXPOOL &&
      !(windows_hold_pixels (layer, in->height, out->height) &&
          windows_hold_pixels (layer, in->width, out->width)))
    return "a pixel in each window, not padding alone";
  return NULL;
}

/* Why the layer cannot take layer->in; NULL and layer->out when it can. */
static const char *
infer_layer (AlexnetLayer *layer)
{
  const char *needed = NULL;

  layer->out = layer->in;
  switch (layer->kind) {
    case ALEXNET_LAYER_CONV:
      if (layer->groups == 0 || layer->in.channels % layer->groups != 0 ||
          layer->channels % layer->groups != 0)
        return "channels that its groups divide";
      layer->out.channels = layer->channels;
      needed = infer_window (layer);
      break;
    case ALEXNET_LAYER_MAXPOOL:
      needed = infer_window (layer);
      break;
    case ALEXNET_LAYER_AVGPOOL:
      if (layer->in.height != layer->size || layer->in.width != layer->size)
        return "an input of the size of its output";
      break;
    case ALEXNET_LAYER_LINEAR:
      layer->out = (AlexnetShape){ layer->channels, 1, 1 };
      break;
    case ALEXNET_LAYER_LRN:
      if (layer->size == 0 || !isfinite (layer->alpha) ||
          !isfinite (layer->beta) || !isfinite (layer->k))
        return "a size above 0 and finite alpha, beta and k";
      break;
    default:
      break;
  }
  if (!needed && !shape_is_valid (&layer->out))
    needed = "sizes within its limits";
  return needed;
}

static gboolean
infer_layer_checked (AlexnetNetwork *network, guint i, GError **error)
{
  AlexnetLayer *layer = &network->layers[i];
  const char *needed;

  layer->in = i > 0 ? network->layers[i - 1].out : network->input;
  needed = shape_is_valid (&layer->in) ? infer_layer (layer)
                                       : "sizes within its limits";
  if (!needed)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
      "layer %s-%u with input [%u, %u, %u] and %u outputs needs %s",
      alexnet_layer_kind_name (layer->kind), i + 1, layer->in.channels,
      layer->in.height, layer->in.width, layer->channels, needed);
  return FALSE;
}

gboolean
alexnet_network_infer_shapes (AlexnetNetwork *network, GError **error)
{
  for (guint i = 0; i < network->n_layers; i++)
    if (!infer_layer_checked (network, i, error))
      return FALSE;
  return TRUE;
}

static char *
dims_to_string (const gsize *dims, guint n_dims, const char *first)
{
  GString *s = g_string_new ("[");

  for (guint i = 0; i < n_dims; i++) {
    if (i > 0)
      g_string_append (s, ", ");
    if (i == 0 && first)
      g_string_append (s, first);
    else
      g_string_append_printf (s, "%" G_GSIZE_FORMAT, dims[i]);
  }
  g_string_append_c (s, ']');
  return g_string_free (s, FALSE);
}

/* A linear layer's weights may keep the dimensions of its input apart, as those
 * do that do not lie in their order: [out, C, H, W]. */
static gboolean
keeps_input_dims (const AlexnetLayer *layer, const AlexnetTensor *tensor)
{
  const AlexnetShape *in = &layer->in;

  return layer->kind == ALEXNET_LAYER_LINEAR && tensor->n_dims == 4 &&
      tensor->dims[0] > 0 && tensor->dims[0] <= MAX_DIM &&
      tensor->dims[1] == in->channels && tensor->dims[2] == in->height &&
      tensor->dims[3] == in->width;
}

/* dims[0] of `expected` may be 0: any number of outputs that the layer's
 * groups divide. */
static gboolean
dims_fit (const AlexnetLayer *layer, const AlexnetTensor *tensor,
    const gsize *expected, guint n_dims)
{
  if (tensor->n_dims != n_dims)
    return FALSE;
  for (guint i = 0; i < n_dims; i++) {
    if (tensor->dims[i] == 0 || tensor->dims[i] > MAX_VALUES)
      return FALSE;
    if (expected[i] != 0 && tensor->dims[i] != expected[i])
      return FALSE;
  }
  return expected[0] != 0 ||
      (tensor->dims[0] <= MAX_DIM &&
          tensor->dims[0] % MAX (layer->groups, 1) == 0);
}

typedef struct {
  AlexnetTensorLookup lookup;
  gpointer user;
} Binding;

/* NULL and an error when the tensor is not there or of another shape. */
static const AlexnetTensor *
find_tensor (const Binding *binding, const AlexnetLayer *layer,
    const char *suffix, const gsize *expected, guint n_dims, GError **error)
{
  g_autofree char *name = g_strconcat (layer->name, suffix, NULL);
  g_autofree char *wanted = NULL, *found = NULL, *any = NULL;
  const AlexnetTensor *tensor = binding->lookup (binding->user, name);

  if (tensor &&
      (dims_fit (layer, tensor, expected, n_dims) ||
          keeps_input_dims (layer, tensor)))
    return tensor;

  if (layer->groups > 1)
    any = g_strdup_printf ("N divisible by %u", layer->groups);
  wanted = dims_to_string (expected, n_dims,
      expected[0] != 0 ? NULL
          : any        ? any
                       : "N");
  if (!tensor) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "there is no tensor %s; expected one of shape %s", name, wanted);
    return NULL;
  }
  found = dims_to_string (tensor->dims, tensor->n_dims, NULL);
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
      "tensor %s has shape %s, expected %s", name, found, wanted);
  return NULL;
}

static gboolean
bind_layer (AlexnetLayer *layer, const Binding *binding, GError **error)
{
  gboolean conv = layer->kind == ALEXNET_LAYER_CONV;
  gsize dims[4] = { 0 };
  const AlexnetTensor *weight, *bias;

  dims[1] = conv ? layer->in.channels / MAX (layer->groups, 1)
                 : alexnet_shape_size (&layer->in);
  dims[2] = dims[3] = layer->kernel;
  weight = find_tensor (binding, layer, ".weight", dims, conv ? 4 : 2, error);
  if (!weight)
    return FALSE;
  layer->weight = *weight;
  layer->channels = (guint) weight->dims[0];
  bias = find_tensor (binding, layer, ".bias", layer->weight.dims, 1, error);
  if (!bias)
    return FALSE;
  layer->bias = *bias;
  return TRUE;
}

gboolean
alexnet_network_bind (AlexnetNetwork *network, AlexnetTensorLookup lookup,
    gpointer user, GError **error)
{
  Binding binding = { lookup, user };
  AlexnetNetwork bound = *network;

  for (guint i = 0; i < bound.n_layers; i++) {
    AlexnetLayer *layer = &bound.layers[i];

    layer->in = i > 0 ? bound.layers[i - 1].out : bound.input;
    if ((layer->kind == ALEXNET_LAYER_CONV ||
            layer->kind == ALEXNET_LAYER_LINEAR) &&
        !bind_layer (layer, &binding, error))
      return FALSE;
    if (!infer_layer_checked (&bound, i, error))
      return FALSE;
  }
  *network = bound;
  return TRUE;
}

static gboolean
has_not_finite (const AlexnetTensor *tensor)
{
  return tensor->not_finite && g_atomic_int_get (tensor->not_finite);
}

char *
alexnet_network_find_not_finite (const AlexnetNetwork *network)
{
  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetLayer *layer = &network->layers[i];

    if (has_not_finite (&layer->weight))
      return g_strconcat (layer->name, ".weight", NULL);
    if (has_not_finite (&layer->bias))
      return g_strconcat (layer->name, ".bias", NULL);
  }
  return NULL;
}
