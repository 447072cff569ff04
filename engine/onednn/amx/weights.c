/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "weights.h"

#include <string.h>

#include "kernels.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/int8/int8.h"
#include "onednn/step/weights.h"
#include "small-floats.h"

#define FILTERS (AMX_PANEL / 2)

typedef struct {
  AmxLayout layout;
  const float *from; /* [out, in / groups, kH, kW] */
  guint8 *out;
} Packing;

AmxLayout
alexnet_amx_layout_in (const OnednnContext *context, guint layer)
{
  return alexnet_amx_layout (&context->network.layers[layer],
      context->int8 ? sizeof (gint8) : sizeof (guint16));
}

/* Number `i` of all that a window of the group's inputs has. */
static float
find_weight (const Packing *packing, gsize filter, gsize i)
{
  const AlexnetLayer *layer = packing->layout.layer;
  gsize in = layer->in.channels / layer->groups;
  gsize taps = layer->kernel * layer->kernel;

  return packing->from[(filter * in + i % in) * taps + i / in];
}

/* One filter's of a panel. */
static void
pack_filter (const Packing *packing, guint8 *panel, gsize f, gsize filter)
{
  const AmxLayout *layout = &packing->layout;
  gsize size = layout->value_size, n = layout->panel_size / AMX_PANEL / size;
  gsize of_chunk = layout->chunk / size, of_quad = TILE_QUAD / size;

  for (gsize i = 0; i < n; i++) {
    gsize tile = 2 * (i / of_chunk) + f / FILTERS;
    gsize row = i % of_chunk / of_quad;
    gsize at = tile * layout->chunk * FILTERS +
        (row * FILTERS + f % FILTERS) * TILE_QUAD + i % of_quad * size;
    float value = find_weight (packing, filter, i);

    if (size == 1)
      panel[at] = (guint8) (gint8) value;
    else
      *(guint16 *) (panel + at) = alexnet_bf16_from_float (value);
  }
}

static void
pack_panels (gpointer user, guint thread, guint n_threads)
{
  const Packing *packing = user;
  const AmxLayout *layout = &packing->layout;
  gsize n = alexnet_amx_layout_n_panels (layout);
  gsize end = alexnet_onednn_part (n, thread + 1, n_threads);

  for (gsize p = alexnet_onednn_part (n, thread, n_threads); p < end; p++) {
    guint8 *panel = packing->out + p * layout->panel_size;

    memset (panel, 0, layout->panel_size);
    for (gsize f = 0; f < AMX_PANEL; f++) {
      gssize filter = alexnet_amx_layout_filter (layout, p * AMX_PANEL + f);

      if (filter >= 0)
        pack_filter (packing, panel, f, (gsize) filter);
    }
  }
}

static gboolean
make_weights (const OnednnContext *context, guint i, guint8 *out,
    GError **error)
{
  gsize n = alexnet_onednn_count_weights (context, i);
  g_autofree float *from = alexnet_onednn_floats_new (n, error);
  Packing packing = { alexnet_amx_layout_in (context, i), from, out };

  if (!from ||
      !(context->int8 ? alexnet_onednn_int8_values (context, i,
                            ONEDNN_INT8_WEIGHTS, from, error)
                      : alexnet_onednn_layer_floats (context, i, ONEDNN_WEIGHTS,
                            from, error)))
    return FALSE;
  alexnet_onednn_parallel (pack_panels, &packing);
  return TRUE;
}

/* One number of each filter. */
static gboolean
make_filters (const OnednnContext *context, guint i, guint key, float *filters,
    GError **error)
{
  if (context->int8)
    return alexnet_onednn_int8_values (context, i,
        key == AMX_SCALES ? ONEDNN_INT8_SCALES : ONEDNN_INT8_BIAS, filters,
        error);
  if (key == AMX_BIAS)
    return alexnet_onednn_layer_floats (context, i, ONEDNN_BIAS, filters,
        error);
  for (guint c = 0; c < context->network.layers[i].channels; c++)
    filters[c] = 1;
  return TRUE;
}

gboolean
alexnet_amx_values (const OnednnContext *context, guint layer, guint key,
    void *out, GError **error)
{
  AmxLayout layout = alexnet_amx_layout_in (context, layer);
  g_autofree float *filters = NULL;
  float *floats = out;

  if (key == AMX_WEIGHTS)
    return make_weights (context, layer, out, error);
  filters = alexnet_onednn_floats_new (layout.layer->channels, error);
  if (!filters || !make_filters (context, layer, key, filters, error))
    return FALSE;
  for (gsize i = 0; i < alexnet_amx_layout_n_panels (&layout) * AMX_PANEL;
       i++) {
    gssize filter = alexnet_amx_layout_filter (&layout, i);

    floats[i] = filter < 0 ? 0 : filters[filter];
  }
  return TRUE;
}
