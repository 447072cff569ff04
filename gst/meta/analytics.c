/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "analytics.h"

#include <string.h>

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>

#define LABEL_HEIGHT 24

gboolean
gst_alexnet_analytics_is_built (void)
{
  return TRUE;
}

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

gboolean
gst_alexnet_analytics_find (GArray *regions, GstBuffer *buffer,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped)
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

static gboolean
add_classes (GstAnalyticsRelationMeta *meta, const GstAlexnetResult *result,
    const GstAlexnetNames *names, GstAnalyticsClsMtd *classes)
{
  g_autofree GQuark *quarks = g_new (GQuark, result->n);

  for (guint i = 0; i < result->n; i++)
    quarks[i] = names->quarks[result->class_ids[i]];
  return gst_analytics_relation_meta_add_cls_mtd (meta, result->n,
      result->confidences, quarks, classes);
}

/* objectdetectionoverlay writes above a box. In a picture that is high enough
 * the whole frame's box leaves it room for its line, or it would be outside. */
static guint
get_headroom (const GstAlexnetRegion *region)
{
  return region->is_roi || region->area.height < 10 * LABEL_HEIGHT
      ? 0
      : LABEL_HEIGHT;
}

/* The whole frame is of its best class; that it is there is certain. */
static gboolean
add_od (GstAnalyticsRelationMeta *meta, const GstAlexnetRegion *region,
    const GstAlexnetNames *names, guint *od_id)
{
  const AlexnetRegion *area = &region->area;
  GQuark type = region->is_roi ? region->type
                               : names->quarks[region->result->class_ids[0]];
  guint headroom = get_headroom (region);
  GstAnalyticsODMtd od;

  if (!gst_analytics_relation_meta_add_od_mtd (meta, type, area->x,
          area->y + headroom, area->width, area->height - headroom, 1.0f, &od))
    return FALSE;
  *od_id = gst_analytics_mtd_get_id (&od);
  return TRUE;
}

/* Setting a relation replaces the one before, so all its kinds go at once. */
static gboolean
relate (GstAnalyticsRelationMeta *meta, guint od_id, guint classes_id)
{
  return gst_analytics_relation_meta_set_relation (meta,
             GST_ANALYTICS_REL_TYPE_RELATE_TO | GST_ANALYTICS_REL_TYPE_CONTAIN,
             od_id, classes_id) &&
      gst_analytics_relation_meta_set_relation (meta,
          GST_ANALYTICS_REL_TYPE_RELATE_TO | GST_ANALYTICS_REL_TYPE_IS_PART_OF,
          classes_id, od_id);
}

static gboolean
attach_region (GstAnalyticsRelationMeta *meta, const GstAlexnetRegion *region,
    const GstAlexnetNames *names, gboolean frame_od)
{
  GstAnalyticsClsMtd classes;
  guint od_id = region->index;

  if (!add_classes (meta, region->result, names, &classes))
    return FALSE;
  if (!region->is_roi && !frame_od)
    return TRUE;
  if (region->origin != GST_ALEXNET_ORIGIN_OD &&
      !add_od (meta, region, names, &od_id))
    return FALSE;
  return relate (meta, od_id, gst_analytics_mtd_get_id (&classes));
}

void
gst_alexnet_analytics_attach (GArray *regions, const GstAlexnetNames *names,
    gboolean frame_od, GstBuffer *buffer)
{
  GstAnalyticsRelationMeta
      *meta = gst_buffer_add_analytics_relation_meta (buffer);

  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (region->origin == GST_ALEXNET_ORIGIN_NONE ||
        gst_alexnet_region_get_best (region) == GST_ALEXNET_NO_CLASS)
      continue;
    if (!attach_region (meta, region, names, frame_od))
      GST_WARNING ("no room for %u classes in the relation metadata",
          region->result->n);
  }
}

#else

gboolean
gst_alexnet_analytics_is_built (void)
{
  return FALSE;
}

gboolean
gst_alexnet_analytics_find (GArray *regions, GstBuffer *buffer,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped)
{
  return FALSE;
}

void
gst_alexnet_analytics_attach (GArray *regions, const GstAlexnetNames *names,
    gboolean frame_od, GstBuffer *buffer)
{
}

#endif

#if HAVE_GST_ANALYTICS && GST_CHECK_VERSION(1, 26, 0)

#define TENSOR_NAME "classification-generic-softmaxed-out"

gboolean
gst_alexnet_tensor_is_built (void)
{
  return TRUE;
}

/* The probabilities of one region after the other. */
static GstBuffer *
collect_probabilities (GArray *regions, gsize dims[2])
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (float));
  gsize size;

  dims[0] = 0;
  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (gst_alexnet_region_get_best (region) == GST_ALEXNET_NO_CLASS)
      continue;
    dims[0]++;
    dims[1] = region->result->n_classes;
    g_array_append_vals (rows, region->result->probabilities, dims[1]);
  }
  size = rows->len * sizeof (float);
  return gst_buffer_new_wrapped (g_array_free (g_steal_pointer (&rows), FALSE),
      size);
}

/* Tensors of other elements stay: some versions keep all in one metadata. */
void
gst_alexnet_tensor_attach (GArray *regions, GstBuffer *buffer)
{
  gsize dims[2];
  GstBuffer *data = collect_probabilities (regions, dims);
  GstTensorMeta *meta = gst_buffer_add_tensor_meta (buffer);
  guint n = (guint) meta->num_tensors;
  GstTensor **tensors = g_new (GstTensor *, n + 1);

  for (guint i = 0; i < n; i++)
    tensors[i] = gst_tensor_copy (meta->tensors[i]);
  tensors[n] = gst_tensor_new_simple (g_quark_from_static_string (TENSOR_NAME),
      GST_TENSOR_DATA_TYPE_FLOAT32, data, GST_TENSOR_DIM_ORDER_ROW_MAJOR, 2,
      dims);
  gst_tensor_meta_set (meta, n + 1, tensors);
}

#else

gboolean
gst_alexnet_tensor_is_built (void)
{
  return FALSE;
}

void
gst_alexnet_tensor_attach (GArray *regions, GstBuffer *buffer)
{
}

#endif
