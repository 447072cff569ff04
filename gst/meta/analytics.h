/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* GstAnalytics: the only file that knows it. Relation metadata came with
 * GStreamer 1.24, tensors with 1.26; built without them, the functions here do
 * nothing. */

#ifndef GST_ALEXNET_ANALYTICS_H
#define GST_ALEXNET_ANALYTICS_H

#include "region/regions.h"
#include "result.h"

G_BEGIN_DECLS

gboolean gst_alexnet_analytics_is_built (void);
gboolean gst_alexnet_tensor_is_built (void);

/* Appends the buffer's detections, with the tracking ids that are related to
 * them. FALSE: it has none, wanted or not. */
gboolean gst_alexnet_analytics_find (GArray *regions, GstBuffer *buffer,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped);

/* Adds a GstAnalyticsClsMtd for each region that has classes and is on this
 * buffer. Those of detections are related to them both ways; a detection that
 * is not a GstAnalyticsODMtd is made one, and so is the whole frame where
 * `frame_od` says so. */
void gst_alexnet_analytics_attach (GArray *regions,
    const GstAlexnetNames *names, gboolean frame_od, GstBuffer *buffer);

/* Adds GstTensorMeta "classification-generic-softmaxed-out": the
 * probabilities of all classes, 32 bit floats of [regions that have classes,
 * classes]. */
void gst_alexnet_tensor_attach (GArray *regions, GstBuffer *buffer);

G_END_DECLS

#endif /* GST_ALEXNET_ANALYTICS_H */
