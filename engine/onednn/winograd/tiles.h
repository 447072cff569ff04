/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the tiles of Winograd's convolution lie on images in dnnl_nhwc, of
 * values of any size. Tiles are counted row by row and image by image. */

#ifndef ALEXNET_WINOGRAD_TILES_H
#define ALEXNET_WINOGRAD_TILES_H

#include "network/network.h"

G_BEGIN_DECLS

typedef struct {
  AlexnetShape in, out;
  guint padding;
  guint output, tile;      /* pixels each way, those that are read overlap */
  guint n_rows, n_columns; /* of tiles in an image */
} WinogradTiles;

/* For a convolution with a stride of 1. */
WinogradTiles alexnet_winograd_tiles (const AlexnetLayer *layer, guint output);

static inline gsize
alexnet_winograd_tiles_per_image (const WinogradTiles *tiles)
{
  return (gsize) tiles->n_rows * tiles->n_columns;
}

/* The largest part of `batch` images, all parts being equal, whose tiles of
 * `tile_size` bytes stay in a cache. */
guint alexnet_winograd_tiles_block (const WinogradTiles *tiles, guint batch,
    gsize tile_size);

/* Where the pixels [tile * tile] of tile `t` begin in `src`, which is
 * `zeros` outside of the image. */
void alexnet_winograd_tiles_read (const WinogradTiles *tiles, const void *src,
    gsize value_size, gsize t, const void *zeros, const void **pixels);

/* Where its outputs [output * output] go to in `dst`; NULL outside. */
void alexnet_winograd_tiles_write (const WinogradTiles *tiles, void *dst,
    gsize value_size, gsize t, void **pixels);

G_END_DECLS

#endif /* ALEXNET_WINOGRAD_TILES_H */
