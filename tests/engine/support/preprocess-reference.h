/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames to preprocess, and what should come out, computed the obvious way:
 * every pixel converted at full resolution, rounded to 8 bits, then resized
 * as Pillow does or, without antialias, as PyTorch does in float. Shares no
 * table and no code with the engine. */

#ifndef PREPROCESS_REFERENCE_H
#define PREPROCESS_REFERENCE_H

#include "preprocess/preprocess.h"

#define PHOTO_WIDTH 320
#define PHOTO_HEIGHT 256

typedef enum {
  FRAME_PADDED = 1 << 0,  /* strides longer than rows */
  FRAME_FLIPPED = 1 << 1, /* negative strides */
  FRAME_FRONT = 1 << 2,   /* guards the first byte, else the last */
} FrameFlags;

/* Planes of exactly the bytes that the format uses, each beside a page that
 * must not be touched. Bytes between rows are 0xa5. */
typedef struct {
  AlexnetImage image;
  gpointer maps[3];
  gsize map_sizes[3];
} Frame;

/* `photo`: PHOTO_WIDTH x PHOTO_HEIGHT pixels R, G, B, repeated over the frame;
 * Y'CbCr formats show it at half contrast, so that no colour lies outside RGB
 * whatever the matrix, unless `vivid`. */
Frame *frame_new (AlexnetFormat format, guint width, guint height,
    FrameFlags flags, const guint8 *photo, gboolean vivid);
void frame_free (Frame *frame);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Frame, frame_free)

/* Sets component `c` of every pixel; as stored, 10-bit values unshifted. */
void frame_fill (Frame *frame, guint c, guint value);

typedef struct {
  const AlexnetImage *image;
  AlexnetRegion region;
  AlexnetCropMode mode;
  AlexnetInterpolation interpolation;
  guint resize, size;
  guint clipped; /* counts converted pixels that lie outside RGB */
} Reference;

/* R, G, B of the network's input before normalisation; FALSE where the input
 * does not show the image. */
gboolean reference_pixel (Reference *reference, guint x, guint y, float rgb[3]);

#endif /* PREPROCESS_REFERENCE_H */
