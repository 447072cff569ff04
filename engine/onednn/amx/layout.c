/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "layout.h"

#include "kernels.h"

#define LINE 64 /* bytes, of a cache */

/* A run of `size` bytes in as few equal parts as rows of a tile can hold. */
static void
divide_run (AmxLayout *self, gsize size)
{
  gsize n = (size + TILE_BYTES - 1) / TILE_BYTES;

  if (size % TILE_QUAD != 0)
    return;
  while (size % (n * TILE_QUAD) != 0)
    n++;
  self->chunks_of_run = n;
  self->chunk = (guint) (size / n);
}

AmxLayout
alexnet_amx_layout (const AlexnetLayer *layer, gsize value_size)
{
  AmxLayout self = { .layer = layer, .value_size = value_size };
  gsize k = layer->kernel, groups = layer->groups;
  gsize filters = layer->channels / groups;

  self.pixel_size = layer->in.channels * value_size;
  self.margin = MAX (layer->padding, layer->end_padding);
  self.row = MAX (layer->in.width + self.margin, layer->out.width);
  self.n_places = (layer->out.height - 1) * self.row + layer->out.width;
  self.n_runs = groups > 1 ? k * k : k;
  divide_run (&self, self.pixel_size * (groups > 1 ? 1 : k) / groups);
  self.panels_of_group = (filters + AMX_PANEL - 1) / AMX_PANEL;
  self.panel_size = self.n_runs * self.chunks_of_run * self.chunk * AMX_PANEL;
  return self;
}

gsize
alexnet_amx_layout_n_panels (const AmxLayout *layout)
{
  return layout->layer->groups * layout->panels_of_group;
}

gssize
alexnet_amx_layout_filter (const AmxLayout *layout, gsize place)
{
  gsize filters = layout->layer->channels / layout->layer->groups;
  gsize places = layout->panels_of_group * AMX_PANEL;

  return place % places < filters
      ? (gssize) (place / places * filters + place % places)
      : -1;
}

gsize
alexnet_amx_layout_padded_size (const AmxLayout *layout)
{
  const AlexnetLayer *layer = layout->layer;
  gsize rows = layer->padding + layer->in.height + layer->end_padding;
  gsize size = (rows * layout->row + layout->margin) * layout->pixel_size;

  return layout->margin > 0 ? (size + LINE - 1) / LINE * LINE : 0;
}

gsize
alexnet_amx_layout_first_pixel (const AmxLayout *layout)
{
  return (layout->layer->padding * layout->row + layout->margin) *
      layout->pixel_size;
}

gsize
alexnet_amx_layout_first_place (const AmxLayout *layout)
{
  return (layout->margin - layout->layer->padding) * layout->pixel_size;
}

guint32 *
alexnet_amx_layout_offsets (const AmxLayout *layout)
{
  gsize k = layout->layer->kernel, n = layout->chunks_of_run;
  guint32 *offsets = g_new (guint32, layout->n_runs * n);

  for (gsize i = 0; i < layout->n_runs * n; i++) {
    gsize run = i / n;
    gsize pixel = layout->n_runs > k ? run / k * layout->row + run % k
                                     : run * layout->row;

    offsets[i] = (guint32) (pixel * layout->pixel_size + i % n * layout->chunk);
  }
  return offsets;
}

gint32 *
alexnet_amx_layout_results (const AmxLayout *layout)
{
  const AlexnetLayer *layer = layout->layer;
  gint32 *results = g_new (gint32, layout->n_places);

  for (gsize i = 0; i < layout->n_places; i++) {
    gsize x = i % layout->row, y = i / layout->row;

    results[i] = x < layer->out.width
        ? (gint32) ((y * layer->out.width + x) * layer->channels)
        : -1;
  }
  return results;
}
