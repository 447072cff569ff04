/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "definition.h"

#include <math.h>

typedef double (*Formula) (const AlexnetLayer *layer, const float *in, int k,
    int p, int q);

/* in [C,H,W]; `outside` around it. */
static double
at_or (const AlexnetLayer *layer, const float *in, int c, int y, int x,
    double outside)
{
  int channels = (int) layer->in.channels;
  int height = (int) layer->in.height, width = (int) layer->in.width;

  if (c < 0 || y < 0 || x < 0 || c >= channels || y >= height || x >= width)
    return outside;
  return in[((gsize) c * height + y) * width + x];
}

static double
at (const AlexnetLayer *layer, const float *in, int c, int y, int x)
{
  return at_or (layer, in, c, y, x, 0);
}

static double
conv (const AlexnetLayer *layer, const float *in, int k, int p, int q)
{
  int side = (int) layer->kernel, stride = (int) layer->stride;
  int n = (int) (layer->in.channels / layer->groups);
  int group = k / (int) (layer->channels / layer->groups);
  int y = p * stride - (int) layer->padding;
  int x = q * stride - (int) layer->padding;
  const float *weight = layer->weight.data;
  double sum = ((const float *) layer->bias.data)[k];

  for (int i = 0; i < n * side * side; i++)
    sum += weight[k * n * side * side + i] *
        at (layer, in, group * n + i / (side * side), y + i / side % side,
            x + i % side);
  return sum;
}

static double
linear (const AlexnetLayer *layer, const float *in, int k, int p, int q)
{
  gsize n = alexnet_shape_size (&layer->in);
  const float *weight = layer->weight.data;
  double sum = ((const float *) layer->bias.data)[k];

  for (gsize i = 0; i < n; i++)
    sum += (double) weight[k * n + i] * in[i];
  return sum;
}

static double
maxpool (const AlexnetLayer *layer, const float *in, int k, int p, int q)
{
  int side = (int) layer->kernel, stride = (int) layer->stride;
  int y = p * stride - (int) layer->padding;
  int x = q * stride - (int) layer->padding;
  double max = -INFINITY;

  for (int i = 0; i < side * side; i++) {
    double value = at_or (layer, in, k, y + i / side, x + i % side, -INFINITY);

    max = isnan (max) || isnan (value) ? NAN : fmax (max, value);
  }
  return max;
}

static double
lrn (const AlexnetLayer *layer, const float *in, int k, int p, int q)
{
  int half = (int) layer->size / 2;
  double sum = 0;

  for (int c = k - half; c <= k + half; c++)
    sum += pow (at (layer, in, c, p, q), 2);
  return at (layer, in, k, p, q) /
      pow (layer->k + layer->alpha / layer->size * sum, layer->beta);
}

static double
relu (const AlexnetLayer *layer, const float *in, int k, int p, int q)
{
  double value = at (layer, in, k, p, q);

  return isnan (value) ? NAN : fmax (value, 0);
}

static double
identity (const AlexnetLayer *layer, const float *in, int k, int p, int q)
{
  return at (layer, in, k, p, q);
}

static double
softmax (const AlexnetLayer *layer, const float *in, int k, int p, int q)
{
  double sum = 0;

  for (int c = 0; c < (int) layer->in.channels; c++)
    sum += exp (at (layer, in, c, p, q));
  return exp (at (layer, in, k, p, q)) / sum;
}

static const Formula formulas[] = {
  [ALEXNET_LAYER_CONV] = conv,
  [ALEXNET_LAYER_RELU] = relu,
  [ALEXNET_LAYER_LRN] = lrn,
  [ALEXNET_LAYER_MAXPOOL] = maxpool,
  [ALEXNET_LAYER_AVGPOOL] = identity,
  [ALEXNET_LAYER_DROPOUT] = identity,
  [ALEXNET_LAYER_LINEAR] = linear,
  [ALEXNET_LAYER_SOFTMAX] = softmax,
};

/* The tensor's values as floats in memory, to which it is bound then. */
static float *
read_values (AlexnetTensor *tensor)
{
  float *values = g_new (float, alexnet_tensor_n_values (tensor));
  g_autoptr (GError) error = NULL;

  if (alexnet_tensor_is_bound (tensor))
    alexnet_tensor_to_float (values, tensor, &error);
  g_assert_no_error (error);
  tensor->data = values;
  return values;
}

float *
definition_compute (const AlexnetLayer *of, const float *in, guint n)
{
  AlexnetLayer read = *of;
  const AlexnetLayer *layer = &read;
  G_GNUC_UNUSED g_autofree float *weight = read_values (&read.weight);
  G_GNUC_UNUSED g_autofree float *bias = read_values (&read.bias);
  Formula formula = formulas[layer->kind];
  gsize size = alexnet_shape_size (&layer->in);
  float *out = g_new (float, n *alexnet_shape_size (&layer->out));
  float *next = out;

  for (guint i = 0; i < n; i++)
    for (guint k = 0; k < layer->out.channels; k++)
      for (guint p = 0; p < layer->out.height; p++)
        for (guint q = 0; q < layer->out.width; q++)
          *next++ = (float) formula (layer, in + i * size, (int) k, (int) p,
              (int) q);
  return out;
}
