/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pixels of a region, apart from their frame. */

#ifndef GST_ALEXNET_CROP_H
#define GST_ALEXNET_CROP_H

#include <gst/video/video.h>

#include "alexnet.h"

G_BEGIN_DECLS

/* A copy of the area, which is inside the frame, in the frame's format and with
 * its colours. Edges between samples of chroma move outwards to the next.
 * `about`, taken, is what gst_sample_get_info() returns. NULL: the buffer,
 * which is in host memory, is not what `info` says. */
GstSample *gst_alexnet_crop_new (const GstVideoInfo *info, GstBuffer *buffer,
    const AlexnetRegion *area, GstStructure *about);

G_END_DECLS

#endif /* GST_ALEXNET_CROP_H */
