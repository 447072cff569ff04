/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Results -> GstAnalytics relation metadata, which came with GStreamer 1.24.
 * Built without it, there is none. */

#ifndef GST_ALEXNET_ANALYTICS_H
#define GST_ALEXNET_ANALYTICS_H

#include "region/regions.h"

G_BEGIN_DECLS

gboolean gst_alexnet_analytics_is_built (void);

/* Adds a GstAnalyticsClsMtd for each region that has classes and is on this
 * buffer; `labels` are by class. Those of detections are related to them both
 * ways; a detection that is not a GstAnalyticsODMtd is made one, and so is the
 * whole frame where `frame_od` says so. */
void gst_alexnet_analytics_attach (GArray *regions, const GQuark *labels,
    gboolean frame_od, GstBuffer *buffer);

G_END_DECLS

#endif /* GST_ALEXNET_ANALYTICS_H */
