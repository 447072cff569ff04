/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "weights.h"

#include <math.h>

#include "onednn/dnnl/parallel.h"
#include "onednn/int8/int8.h"
#include "onednn/step/weights.h"
#include "tables.h"

#define POINTS INT8_WINOGRAD_POINTS
#define PLANES INT8_WINOGRAD_PLANES
#define OUTPUT INT8_WINOGRAD_OUTPUT
#define MAX_KERNEL 5

typedef struct {
  Int8WinogradLayout layout;
  const AlexnetLayer *layer;
  gsize in, out, groups; /* channels of a group; groups */
  float *from;           /* [groups * out, in, kernel, kernel] */
  float *numbers;        /* [groups * out, rows * rows, in] */
  float *scales;         /* [PLANES, groups * out] */
} Weights;

static void
weights_clear (Weights *self)
{
  g_free (self->from);
  g_free (self->numbers);
  g_free (self->scales);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Weights, weights_clear)

static guint
find_plane (const Weights *self, guint number)
{
  return alexnet_int8_winograd_plane (&self->layout, number);
}

/* w [kernel][kernel] -> out [rows * rows], `stride` apart. */
static void
transform (float *out, gsize stride, const float *w, guint kernel, guint rows)
{
  const float *g = kernel == 3 ? int8_weight_3[0] : int8_weight_5[0];
  float half[INT8_WINOGRAD_MAX_ROWS * MAX_KERNEL] = { 0 }; /* [rows][kernel] */

  for (guint k = 0; k < rows; k++)
    for (guint i = 0; i < kernel; i++)
      for (guint j = 0; j < kernel; j++)
        half[k * kernel + j] += g[k * kernel + i] * w[i * kernel + j];
  for (guint k = 0; k < rows; k++)
    for (guint l = 0; l < rows; l++, out += stride) {
      *out = 0;
      for (guint j = 0; j < kernel; j++)
        *out += half[k * kernel + j] * g[l * kernel + j];
    }
}

/* Makes numbers [rows * rows, in] of filter `o` whole. */
static void
quantize (const Weights *self, float *numbers, gsize o)
{
  guint rows = self->layout.rows;
  gsize n_filters = self->groups * self->out;
  float most[PLANES] = { 0 };

  for (guint k = 0; k < rows * rows; k++)
    for (gsize c = 0; c < self->in; c++) {
      float *plane = &most[find_plane (self, k)];

      *plane = fmaxf (*plane, fabsf (numbers[k * self->in + c]));
    }
  for (guint p = 0; p < PLANES; p++) {
    float scale = most[p] / G_MAXINT8;

    self->scales[p * n_filters + o] = isnormal (scale) ? scale : 1;
  }
  for (guint k = 0; k < rows * rows; k++) {
    float scale = self->scales[find_plane (self, k) * n_filters + o];

    for (gsize c = k * self->in; c < (k + 1) * self->in; c++)
      numbers[c] = CLAMP (rintf (numbers[c] / scale), -G_MAXINT8, G_MAXINT8);
  }
}

/* A share of the filters. */
static void
make_filters (gpointer user, guint thread, guint n_threads)
{
  const Weights *self = user;
  guint kernel = self->layout.kernel, rows = self->layout.rows;
  gsize n_filters = self->groups * self->out;
  gsize end = alexnet_onednn_part (n_filters, thread + 1, n_threads);

  for (gsize o = alexnet_onednn_part (n_filters, thread, n_threads); o < end;
       o++) {
    float *numbers = self->numbers + o * rows * rows * self->in;

    for (gsize c = 0; c < self->in; c++)
      transform (numbers + c, self->in,
          self->from + (o * self->in + c) * kernel * kernel, kernel, rows);
    quantize (self, numbers, o);
  }
}

static gboolean
weights_init (Weights *self, const OnednnContext *context, guint i,
    GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  guint rows;

  alexnet_int8_winograd_layout (&self->layout,
      layer->kernel == 3 ? INT8_WINOGRAD_3 : INT8_WINOGRAD_5);
  rows = self->layout.rows;
  self->layer = layer;
  self->groups = layer->groups;
  self->in = layer->in.channels / self->groups;
  self->out = layer->channels / self->groups;
  self->from = alexnet_onednn_floats_new (alexnet_onednn_count_weights (context,
                                              i),
      error);
  if (!self->from ||
      !alexnet_onednn_layer_floats (context, i, ONEDNN_WEIGHTS, self->from,
          error))
    return FALSE;
  self->numbers = alexnet_onednn_floats_new ((gsize) layer->channels * rows *
          rows * self->in,
      error);
  if (!self->numbers)
    return FALSE;
  self->scales = alexnet_onednn_floats_new ((gsize) PLANES * layer->channels,
      error);
  if (!self->scales)
    return FALSE;
  alexnet_onednn_parallel (make_filters, self);
  return TRUE;
}

/* to [n_planes, n_parts * in, size] from the filters from `first` on. */
static void
put_panel (const Weights *self, gint8 *to, guint product, gsize first,
    gsize size)
{
  const Int8WinogradLayout *layout = &self->layout;
  guint n = layout->rows * layout->rows;
  gsize n_parts = layout->products[product].n_parts;

  for (gsize o = 0; o < size; o++)
    for (guint k = 0; k < n; k++) {
      const Int8WinogradPlace *place = &layout->numbers[k];
      const float *from = self->numbers + ((first + o) * n + k) * self->in;
      gsize row = (place->index * n_parts + place->part) * self->in;

      for (gsize c = 0; place->product == product && c < self->in; c++)
        to[(row + c) * size + o] = (gint8) from[c];
    }
}

static void
make_weights (const Weights *self, guint product, gint8 *out)
{
  const Int8WinogradProduct *shape = &self->layout.products[product];
  Int8WinogradPanels panels = alexnet_int8_winograd_panels (self->layer);
  gsize panel = shape->n_planes * shape->n_parts * self->in * panels.size;

  for (gsize i = 0; i < self->groups * panels.n; i++)
    put_panel (self, out + i * panel, product,
        i / panels.n * self->out +
            alexnet_int8_winograd_first (&panels, i % panels.n),
        panels.size);
}

/* What sums become the result by. */
static void
make_scales (const Weights *self, const OnednnContext *context, guint i,
    float *scales)
{
  gsize n = (gsize) PLANES * self->layer->channels;
  float in = alexnet_onednn_int8_quantization (self->layer).scale;
  float out = alexnet_onednn_int8_result (&context->network, i).scale;

  for (gsize k = 0; k < n; k++)
    scales[k] = INT8_WINOGRAD_STEP * in * self->scales[k] / out;
}

/* What the offset of the pixels adds to plane `p` of filter `f`. */
static float
sum_offsets (const Weights *self, guint p, gsize f)
{
  guint n = self->layout.rows * self->layout.rows;
  float sum = 0;

  if (p / POINTS == INT8_POINT_OF_SUMS && p % POINTS == INT8_POINT_OF_SUMS &&
      alexnet_onednn_int8_quantization (self->layer).type == dnnl_u8)
    return 0;
  for (guint k = 0; k < n; k++)
    for (gsize c = 0; find_plane (self, k) == p && c < self->in; c++)
      sum += self->numbers[(f * n + k) * self->in + c];
  return INT8_WINOGRAD_OFFSET * sum;
}

/* Takes those offsets off: [OUTPUT * OUTPUT, groups * out]. */
static gboolean
make_bias (const Weights *self, const OnednnContext *context, guint i,
    float *values, GError **error)
{
  gsize n = self->layer->channels;
  float out = alexnet_onednn_int8_result (&context->network, i).scale;
  g_autofree float *scales = alexnet_onednn_floats_new (PLANES * n, error);
  g_autofree float *bias = scales ? alexnet_onednn_floats_new (n, error) : NULL;

  if (!bias ||
      !alexnet_onednn_layer_floats (context, i, ONEDNN_BIAS, bias, error))
    return FALSE;
  make_scales (self, context, i, scales);
  for (gsize f = 0; f < n; f++) {
    for (guint k = 0; k < OUTPUT * OUTPUT; k++)
      values[k * n + f] = bias[f] / out;
    for (guint p = 0; p < PLANES; p++) {
      float sum = scales[p * n + f] * sum_offsets (self, p, f);

      for (guint k = 0; k < OUTPUT * OUTPUT; k++)
        values[k * n + f] -= sum * int8_output[k / OUTPUT][p / POINTS] *
            int8_output[k % OUTPUT][p % POINTS];
    }
  }
  return TRUE;
}

gboolean
alexnet_int8_winograd_values (const OnednnContext *context, guint layer,
    guint key, void *out, GError **error)
{
  g_auto (Weights) weights = { 0 };

  if (!weights_init (&weights, context, layer, error))
    return FALSE;
  switch (key) {
    case INT8_WINOGRAD_SCALES:
      make_scales (&weights, context, layer, out);
      return TRUE;
    case INT8_WINOGRAD_BIAS:
      return make_bias (&weights, context, layer, out, error);
    default:
      make_weights (&weights, key, out);
      return TRUE;
  }
}
