/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a picture has changed since it was last classified. A thumbnail is
 * its luma in 16 x 16 cells, each the mean of eight pixels that are spread
 * evenly over its middle row. How far two of them are apart is the mean
 * absolute difference of their cells in levels of 8 bit luma as the frames have
 * it, 0..255: what has 10 bits is scaled down, limited range is not stretched,
 * and of RGB it is (77 R + 150 G + 29 B) / 256. Noise that has the standard
 * deviation s in each pixel keeps two of them 0.4 s apart, which is s / sqrt
 * (8) * 2 / sqrt (pi).
 */

#ifndef GST_ALEXNET_MOTION_H
#define GST_ALEXNET_MOTION_H

#include <glib.h>

#include "alexnet.h"

G_BEGIN_DECLS

#define GST_ALEXNET_THUMBNAIL_SIDE 16
#define GST_ALEXNET_THUMBNAIL_CELLS \
  (GST_ALEXNET_THUMBNAIL_SIDE * GST_ALEXNET_THUMBNAIL_SIDE)

typedef struct {
  gboolean is_taken;
  guint16 cells[GST_ALEXNET_THUMBNAIL_CELLS]; /* sums of 8 pixels */
} GstAlexnetThumbnail;

/* Of a region of an image in host memory. */
void gst_alexnet_thumbnail_take (GstAlexnetThumbnail *thumbnail,
    const AlexnetImage *image, const AlexnetRegion *region);

/* Both taken. */
float gst_alexnet_thumbnail_compare (const GstAlexnetThumbnail *a,
    const GstAlexnetThumbnail *b);

G_END_DECLS

#endif /* GST_ALEXNET_MOTION_H */
