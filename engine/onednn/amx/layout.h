/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a convolution becomes panels, places and steps (kernels.h). */

#ifndef ALEXNET_ONEDNN_AMX_LAYOUT_H
#define ALEXNET_ONEDNN_AMX_LAYOUT_H

#include "network/network.h"

G_BEGIN_DECLS

/* A run is what of a window lies together: a row of pixels with all their
 * channels or, with groups, one pixel's channels of the group. */
typedef struct {
  const AlexnetLayer *layer;
  gsize value_size; /* bytes of a number */
  gsize pixel_size; /* bytes */
  gsize margin;     /* zeros left of each row, which also are those right of
                       the row before it */
  gsize row;        /* places */
  gsize n_places;
  gsize n_runs, chunks_of_run; /* of a window */
  guint chunk;                 /* bytes; 0: a run has no such parts */
  gsize panels_of_group;
  gsize panel_size; /* bytes of weights */
} AmxLayout;

/* Of a convolution of stride 1. The layer must live as long. */
AmxLayout alexnet_amx_layout (const AlexnetLayer *layer, gsize value_size);

/* All groups'. */
gsize alexnet_amx_layout_n_panels (const AmxLayout *layout);

/* The filter that is `place`-th among all panels; -1: none, only there to fill
 * a panel up. */
gssize alexnet_amx_layout_filter (const AmxLayout *layout, gsize place);

/* Bytes of a padded image, whole lines of a cache; 0 where it is read as it
 * is. */
gsize alexnet_amx_layout_padded_size (const AmxLayout *layout);

/* Bytes from the begin of a padded image to its first pixel, and to place 0. */
gsize alexnet_amx_layout_first_pixel (const AmxLayout *layout);
gsize alexnet_amx_layout_first_place (const AmxLayout *layout);

/* AmxPanel.offsets and .results; g_free() them. */
guint32 *alexnet_amx_layout_offsets (const AmxLayout *layout);
gint32 *alexnet_amx_layout_results (const AmxLayout *layout);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_AMX_LAYOUT_H */
