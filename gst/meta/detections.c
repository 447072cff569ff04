/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "detections.h"

#include <gst/video/video.h>

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>

/* A tracker relates the detection to the track; others do the reverse. */
static gboolean
find_tracking (GstAnalyticsRelationMeta *meta, guint od_id,
    GstAnalyticsTrackingMtd *tracking)
{
  GstAnalyticsMtdType type = gst_analytics_tracking_mtd_get_mtd_type ();
  gpointer state = NULL;

  if (gst_analytics_relation_meta_get_direct_related (meta, od_id,
          GST_ANALYTICS_REL_TYPE_ANY, type, &state, tracking))
    return TRUE;
  state = NULL;
  while (gst_analytics_relation_meta_iterate (meta, &state, type, tracking))
    if (gst_analytics_relation_meta_get_relation (meta,
            gst_analytics_mtd_get_id (tracking),
            od_id) != GST_ANALYTICS_REL_TYPE_NONE)
      return TRUE;
  return FALSE;
}

static void
read_tracking_id (GstAnalyticsRelationMeta *meta, GstAlexnetRegion *region)
{
  GstAnalyticsTrackingMtd tracking;
  GstClockTime first_seen, last_seen;
  gboolean lost;

  region->is_tracked = find_tracking (meta, region->index, &tracking) &&
      gst_analytics_tracking_mtd_get_info (&tracking, &region->tracking_id,
          &first_seen, &last_seen, &lost);
}

static void
add_detection (GArray *regions, GstAnalyticsODMtd *od,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped)
{
  guint id = gst_analytics_mtd_get_id (od);
  GstAlexnetRegion region = {
    .id = (int) id,
    .type = gst_analytics_od_mtd_get_obj_type (od),
    .origin = GST_ALEXNET_ORIGIN_OD,
    .index = id,
  };
  gint x, y, width, height;
  float confidence;

  if (!gst_analytics_od_mtd_get_location (od, &x, &y, &width, &height,
          &confidence))
    return;
  read_tracking_id (od->meta, &region);
  gst_alexnet_regions_add (regions, &region,
      &(GstAlexnetBox){ x, y, width, height }, visible, filter, n_skipped);
}

/* FALSE: the buffer has none, wanted or not. */
static gboolean
find_od_mtds (GArray *regions, GstBuffer *buffer, const AlexnetRegion *visible,
    const GstAlexnetRoiFilter *filter, guint *n_skipped)
{
  GstAnalyticsRelationMeta
      *meta = gst_buffer_get_analytics_relation_meta (buffer);
  gboolean found = FALSE;
  gpointer state = NULL;
  GstAnalyticsODMtd od;

  while (meta &&
      gst_analytics_relation_meta_iterate (meta, &state,
          gst_analytics_od_mtd_get_mtd_type (), &od)) {
    found = TRUE;
    add_detection (regions, &od, visible, filter, n_skipped);
  }
  return found;
}

#else

static gboolean
find_od_mtds (GArray *regions, GstBuffer *buffer, const AlexnetRegion *visible,
    const GstAlexnetRoiFilter *filter, guint *n_skipped)
{
  return FALSE;
}

#endif

/* The convention of trackers that write region-of-interest metadata. */
static void
read_object_id (GstVideoRegionOfInterestMeta *meta, GstAlexnetRegion *region)
{
  GstStructure *param = gst_video_region_of_interest_meta_get_param (meta,
      "object_id");
  int id;

  if (!param || !gst_structure_get_int (param, "id", &id))
    return;
  region->is_tracked = TRUE;
  region->tracking_id = (guint64) id;
}

static void
find_roi_metas (GArray *regions, GstBuffer *buffer,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped)
{
  gpointer state = NULL;
  GstMeta *meta;

  for (guint i = 0; (meta = gst_buffer_iterate_meta_filtered (buffer, &state,
                         GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
       i++) {
    GstVideoRegionOfInterestMeta *roi = (gpointer) meta;
    GstAlexnetBox box = { roi->x, roi->y, roi->w, roi->h };
    GstAlexnetRegion region = {
      .id = roi->id,
      .type = roi->roi_type,
      .origin = GST_ALEXNET_ORIGIN_ROI,
      .index = i,
    };

    read_object_id (roi, &region);
    gst_alexnet_regions_add (regions, &region, &box, visible, filter,
        n_skipped);
  }
}

void
gst_alexnet_detections_find (GArray *regions, GstBuffer *buffer,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped)
{
  if (!find_od_mtds (regions, buffer, visible, filter, n_skipped))
    find_roi_metas (regions, buffer, visible, filter, n_skipped);
}

GArray *
gst_alexnet_detections_find_all (GstBuffer *buffer,
    const AlexnetRegion *visible)
{
  static const GstAlexnetRoiFilter any = { NULL, 1, 1 };
  GArray *regions = gst_alexnet_regions_new ();
  guint n_skipped = 0;

  gst_alexnet_detections_find (regions, buffer, visible, &any, &n_skipped);
  return regions;
}
