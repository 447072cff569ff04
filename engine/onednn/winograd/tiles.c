/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tiles.h"

/* Bytes of all tiles in a block together; more was slower. */
#define BLOCK_SIZE ((gsize) 8 << 20)

WinogradTiles
alexnet_winograd_tiles (const AlexnetLayer *layer, guint output)
{
  return (WinogradTiles){ layer->in, layer->out, layer->padding, output,
    output + layer->kernel - 1, (layer->out.height + output - 1) / output,
    (layer->out.width + output - 1) / output };
}

guint
alexnet_winograd_tiles_block (const WinogradTiles *tiles, guint batch,
    gsize tile_size)
{
  gsize image_size = alexnet_winograd_tiles_per_image (tiles) * tile_size;
  guint n_parts = 1;

  while (n_parts < batch &&
      (batch % n_parts != 0 || batch / n_parts * image_size > BLOCK_SIZE))
    n_parts++;
  return batch / n_parts;
}

void
alexnet_winograd_tiles_read (const WinogradTiles *tiles, const void *src,
    gsize value_size, gsize t, const void *zeros, const void **pixels)
{
  const AlexnetShape *in = &tiles->in;
  gsize image = t / alexnet_winograd_tiles_per_image (tiles);
  guint row = (guint) (t / tiles->n_columns % tiles->n_rows);
  guint column = (guint) (t % tiles->n_columns);
  gsize pixel_size = in->channels * value_size;
  const guint8 *first = (const guint8 *) src +
      image * alexnet_shape_size (in) * value_size;

  for (guint i = 0; i < tiles->tile; i++)
    for (guint j = 0; j < tiles->tile; j++) {
      /* Above and left of the image these are huge. */
      guint y = row * tiles->output + i - tiles->padding;
      guint x = column * tiles->output + j - tiles->padding;

      *pixels++ = y < in->height && x < in->width
          ? first + ((gsize) y * in->width + x) * pixel_size
          : zeros;
    }
}

void
alexnet_winograd_tiles_write (const WinogradTiles *tiles, void *dst,
    gsize value_size, gsize t, void **pixels)
{
  const AlexnetShape *out = &tiles->out;
  gsize image = t / alexnet_winograd_tiles_per_image (tiles);
  guint row = (guint) (t / tiles->n_columns % tiles->n_rows);
  guint column = (guint) (t % tiles->n_columns);
  gsize pixel_size = out->channels * value_size;
  guint8 *first = (guint8 *) dst +
      image * alexnet_shape_size (out) * value_size;

  for (guint i = 0; i < tiles->output; i++)
    for (guint j = 0; j < tiles->output; j++) {
      guint y = row * tiles->output + i, x = column * tiles->output + j;

      *pixels++ = y < out->height && x < out->width
          ? first + ((gsize) y * out->width + x) * pixel_size
          : NULL;
    }
}
