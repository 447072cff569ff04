/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens to pixels between a frame and the network's input: crop,
 * resize, Y'CbCr to RGB, normalisation.
 *
 * The recipe is torchvision's, applied to the region as if it had been cut out
 * of the converted frame first. An image side of n pixels becomes m pixels, and
 * then `size` of the m are kept. Sides are compared as they are displayed: n
 * columns are n * par_n long, n rows n * par_d. Pixels that are not square are
 * not made square first: there is one resize, to these m.
 *
 * - ALEXNET_CROP_CENTER: shorter side m = resize_size, longer side
 *   floor (resize_size * long / short), at most 2^31 - 1; the crop begins at
 *   (m - size) / 2, halves rounded to even, or lies in a corner, as
 *   crop_position says. Where m < size, the rest is black, as torchvision's
 *   CenterCrop pads, with the smaller half first.
 * - ALEXNET_CROP_SQUASH: m = resize_size for both sides, then cut as above.
 *   Caffe's convert_imageset and DIGITS prepared training images this way, and
 *   Places365's networks were trained so; the name is DIGITS' and timm's.
 * - ALEXNET_CROP_STRETCH: m = size for both.
 * - ALEXNET_CROP_LETTERBOX: longer side m = size, shorter side
 *   floor (size * short / long), at least 1; the rest is `mean`, so 0 after
 *   normalisation.
 *
 * With `mirror` the m pixels of a row are reversed before they are cut, so the
 * five positions with and without are torchvision's TenCrop.
 *
 * Pixel i of the m lies at p = (i + 1/2) n / m - 1/2 among the n, and is
 *
 * - ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS: what a triangle filter about p of
 *   support max (n / m, 1) gives. RGB and GRAY8 equal Pillow's result bit by
 *   bit before normalisation.
 * - ALEXNET_INTERPOLATION_BILINEAR: linear between the pixels on both sides of
 *   p, or the one at the edge. It equals what torch.nn.functional.interpolate
 *   (mode bilinear, align_corners false) and OpenCV (INTER_LINEAR) give on
 *   float; on 8 bits these round once more.
 *
 * Y'CbCr differs by less than 1.5 levels of 255 from rounding at full
 * resolution, so by at most one level after rounding, unless colours lie
 * outside RGB; arith.h says why. It is not rounded here.
 *
 * A network of one channel gets luma: Pillow's mode L of the R, G, B above, not
 * rounded either.
 *
 * Only pixels that are kept are computed, and only samples that they need are
 * read. */

#ifndef ALEXNET_PREPROCESS_H
#define ALEXNET_PREPROCESS_H

#include "alexnet.h"
#include "arith.h"

G_BEGIN_DECLS

/* How the samples of a format lie; NULL when there is no such format. */
const AlexnetLayout *alexnet_format_get_layout (AlexnetFormat format);

/* The tables that one image geometry needs, and scratch memory for one run.
 * Thread-safety: one thread at a time. */
typedef struct _AlexnetTransform AlexnetTransform;

AlexnetTransform *alexnet_transform_new (void);
void alexnet_transform_free (AlexnetTransform *transform);

/* Prepares for images like this one (planes are not read) to become network
 * input of [n_channels,size,size], of R, G, B or of luma; every field of
 * `preprocess` is set, none of them to the model's own. Does nothing and
 * allocates nothing when all is as it was at the last call. INVALID: zero or
 * too large size, a pixel aspect ratio that is none, neither three channels nor
 * one, unknown format or other enumeration value, region empty or outside the
 * image; the transform is then as it was before. */
gboolean alexnet_transform_update (AlexnetTransform *transform,
    const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint n_channels, guint size,
    GError **error);

/* The tables of the last successful update. They are the transform's and stay
 * until the next update; what a GPU needs to do the same as run. */
const AlexnetTables *alexnet_transform_get_tables (
    const AlexnetTransform *transform);

/* Receives rows y = 0 .. size - 1 in order; channels[c], c < n_channels, are
 * `size` normalised values of the network's channel c, valid during the
 * call. */
typedef void (*AlexnetRowFunc) (gpointer user, guint y,
    const float *const *channels);

/* Host memory only, an image like that of the last successful update. Cannot
 * fail and does not allocate. */
void alexnet_transform_run (AlexnetTransform *transform,
    const AlexnetImage *image, AlexnetRowFunc func, gpointer user);

G_END_DECLS

#endif /* ALEXNET_PREPROCESS_H */
