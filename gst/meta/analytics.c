/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "analytics.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>

#define LABEL_HEIGHT 24

gboolean
gst_alexnet_analytics_is_built (void)
{
  return TRUE;
}

static gboolean
add_classes (GstAnalyticsRelationMeta *meta, const GstAlexnetClasses *classes,
    const GQuark *labels, GstAnalyticsClsMtd *added)
{
  g_autofree GQuark *kept = g_new (GQuark, classes->n);

  for (guint i = 0; i < classes->n; i++)
    kept[i] = labels[classes->class_ids[i]];
  return gst_analytics_relation_meta_add_cls_mtd (meta, classes->n,
      classes->confidences, kept, added);
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
    const GQuark *labels, guint *od_id)
{
  const AlexnetRegion *area = &region->area;
  GQuark type = region->is_roi ? region->type
                               : labels[region->classes->class_ids[0]];
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
    const GQuark *labels, gboolean frame_od)
{
  GstAnalyticsClsMtd classes;
  guint od_id = region->index;

  if (!add_classes (meta, region->classes, labels, &classes))
    return FALSE;
  if (!region->is_roi && !frame_od)
    return TRUE;
  if (region->origin != GST_ALEXNET_ORIGIN_OD &&
      !add_od (meta, region, labels, &od_id))
    return FALSE;
  return relate (meta, od_id, gst_analytics_mtd_get_id (&classes));
}

static void
warn_of_room (guint n_classes)
{
  GstDebugCategory *category = NULL;

  GST_DEBUG_CATEGORY_GET (category, "alexnetclassify");
  GST_CAT_WARNING (category, "no room for %u classes in the relation metadata",
      n_classes);
}

void
gst_alexnet_analytics_attach (GArray *regions, const GQuark *labels,
    gboolean frame_od, GstBuffer *buffer)
{
  GstAnalyticsRelationMeta
      *meta = gst_buffer_add_analytics_relation_meta (buffer);

  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (region->origin == GST_ALEXNET_ORIGIN_NONE ||
        gst_alexnet_region_get_best (region) == GST_ALEXNET_NO_CLASS)
      continue;
    if (!attach_region (meta, region, labels, frame_od))
      warn_of_room (region->classes->n);
  }
}

#else

gboolean
gst_alexnet_analytics_is_built (void)
{
  return FALSE;
}

void
gst_alexnet_analytics_attach (GArray *regions, const GQuark *labels,
    gboolean frame_od, GstBuffer *buffer)
{
}

#endif
