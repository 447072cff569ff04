/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The detections that elements upstream left on a buffer -> regions:
 * GstAnalyticsODMtd (GStreamer 1.24 or newer) or, where there is none,
 * region-of-interest metadata; each with the tracking id it has. */

#ifndef GST_ALEXNET_DETECTIONS_H
#define GST_ALEXNET_DETECTIONS_H

#include "region/regions.h"

G_BEGIN_DECLS

/* Appends those that the filter wants; *n_skipped counts as that of
 * gst_alexnet_regions_add(). */
void gst_alexnet_detections_find (GArray *regions, GstBuffer *buffer,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped);

/* A list of all that are visible. */
GArray *gst_alexnet_detections_find_all (GstBuffer *buffer,
    const AlexnetRegion *visible);

G_END_DECLS

#endif /* GST_ALEXNET_DETECTIONS_H */
