/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "layers.h"

#include <math.h>

/* Adds one row of the image, weighted by one row of a kernel, to a row of
 * outputs. row [Q], in [W], weight [R]. */
static void
conv_add_row (double *row, const float *in, const float *weight,
    const AlexnetLayer *layer)
{
  gint64 stride = layer->stride, width = layer->in.width;

  for (gint64 r = 0; r < layer->kernel; r++) {
    gint64 shift = r - (gint64) layer->padding;
    gint64 first = shift < 0 ? (stride - 1 - shift) / stride : 0;
    gint64 end = shift < width ? (width - 1 - shift) / stride + 1 : 0;
    double w = weight[r];

    end = MIN (end, (gint64) layer->out.width);
    for (gint64 q = first; q < end; q++)
      row[q] += w * in[q * stride + shift];
  }
}

/* One row `p` of output channel `k`. */
static void
conv_row (float *out, double *row, const float *in, const float *weight,
    float bias, guint k, guint p, const AlexnetLayer *layer)
{
  guint group_in = layer->in.channels / layer->groups;
  guint group_out = layer->channels / layer->groups;
  gint64 height = layer->in.height, width = layer->in.width;

  in += (gsize) (k / group_out) * group_in * height * width;
  for (guint q = 0; q < layer->out.width; q++)
    row[q] = bias;
  for (guint c = 0; c < group_in; c++)
    for (guint r = 0; r < layer->kernel; r++) {
      gint64 y = (gint64) p * layer->stride + r - layer->padding;

      if (y >= 0 && y < height)
        conv_add_row (row, in + (c * height + y) * width,
            weight + ((gsize) c * layer->kernel + r) * layer->kernel, layer);
    }
  for (guint q = 0; q < layer->out.width; q++)
    out[q] = (float) row[q];
}

void
alexnet_reference_conv (float *out, double *row, const float *in,
    const float *weight, const float *bias, const AlexnetLayer *layer)
{
  gsize kernel_size = (gsize) (layer->in.channels / layer->groups) *
      layer->kernel * layer->kernel;

  for (guint k = 0; k < layer->channels; k++)
    for (guint p = 0; p < layer->out.height; p++)
      conv_row (out + ((gsize) k * layer->out.height + p) * layer->out.width,
          row, in, weight + k * kernel_size, bias[k], k, p, layer);
}

void
alexnet_reference_linear (float *out, const float *in, const float *weight,
    const float *bias, const AlexnetLayer *layer)
{
  gsize n = alexnet_shape_size (&layer->in);

  for (guint k = 0; k < layer->channels; k++) {
    const float *w = weight + k * n;
    double sum = bias[k];

    for (gsize i = 0; i < n; i++)
      sum += (double) w[i] * in[i];
    out[k] = (float) sum;
  }
}

void
alexnet_reference_relu (float *out, const float *in, const AlexnetLayer *layer)
{
  gsize n = alexnet_shape_size (&layer->in);

  for (gsize i = 0; i < n; i++)
    out[i] = in[i] < 0 ? 0 : in[i];
}

void
alexnet_reference_lrn (float *out, const float *in, const AlexnetLayer *layer)
{
  gsize area = (gsize) layer->in.height * layer->in.width;
  guint channels = layer->in.channels;

  for (guint c = 0; c < channels; c++) {
    guint first = c > layer->size / 2 ? c - layer->size / 2 : 0;
    guint end = MIN (c + (layer->size - 1) / 2 + 1, channels);

    for (gsize i = 0; i < area; i++) {
      double squares = 0, x = in[c * area + i];

      for (guint n = first; n < end; n++)
        squares += (double) in[n * area + i] * in[n * area + i];
      out[c * area + i] = (float) (x /
          pow (layer->k + layer->alpha / layer->size * squares, layer->beta));
    }
  }
}

/* Which of a side's pixels the `i`-th window covers, those of its padding left
 * out: first <= pixel < end. */
typedef struct {
  guint first, end;
} Window;

static Window
find_window (const AlexnetLayer *layer, guint i, guint side)
{
  gint64 start = (gint64) i * layer->stride - layer->padding;

  return (Window){ (guint) MAX (start, 0),
    (guint) MIN (start + layer->kernel, side) };
}

/* Largest value of a window of rows and columns, NaN if there is one; in
 * [H,W]. */
static float
window_max (const float *in, Window rows, Window columns, guint width)
{
  float max = -INFINITY;

  for (guint y = rows.first; y < rows.end; y++)
    for (guint x = columns.first; x < columns.end; x++) {
      float value = in[(gsize) y * width + x];

      if (value > max || isnan (value))
        max = value;
    }
  return max;
}

void
alexnet_reference_maxpool (float *out, const float *in,
    const AlexnetLayer *layer)
{
  guint height = layer->in.height, width = layer->in.width;

  for (guint c = 0; c < layer->out.channels; c++, in += (gsize) height * width)
    for (guint p = 0; p < layer->out.height; p++)
      for (guint q = 0; q < layer->out.width; q++)
        *out++ = window_max (in, find_window (layer, p, height),
            find_window (layer, q, width), width);
}

void
alexnet_reference_softmax (float *out, const float *in,
    const AlexnetLayer *layer)
{
  gsize area = (gsize) layer->in.height * layer->in.width;
  gsize n = area * layer->in.channels;

  for (gsize i = 0; i < area; i++) {
    double max = -INFINITY, sum = 0;

    for (gsize c = i; c < n; c += area)
      max = fmax (max, in[c]);
    for (gsize c = i; c < n; c += area)
      sum += exp (in[c] - max);
    for (gsize c = i; c < n; c += area)
      out[c] = (float) (exp (in[c] - max) / sum);
  }
}
