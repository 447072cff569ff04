/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "regions.h"

void
gst_alexnet_roi_filter_init (GstAlexnetRoiFilter *filter, const char *classes,
    guint min_width, guint min_height)
{
  filter->classes = gst_alexnet_class_names_split (classes);
  filter->min_width = min_width;
  filter->min_height = min_height;
}

void
gst_alexnet_roi_filter_clear (GstAlexnetRoiFilter *filter)
{
  g_clear_pointer (&filter->classes, g_strfreev);
}

static void
clear_region (gpointer data)
{
  GstAlexnetRegion *region = data;

  for (guint i = 0; i < region->n_requests; i++)
    alexnet_request_release (region->requests[i]);
  g_clear_pointer (&region->classes, gst_alexnet_classes_unref);
  g_clear_pointer (&region->track, gst_alexnet_track_unref);
}

GArray *
gst_alexnet_regions_new (void)
{
  GArray *regions = g_array_new (FALSE, FALSE, sizeof (GstAlexnetRegion));

  g_array_set_clear_func (regions, clear_region);
  return regions;
}

GstAlexnetRegion *
gst_alexnet_regions_nth (GArray *regions, guint i)
{
  return &g_array_index (regions, GstAlexnetRegion, i);
}

void
gst_alexnet_regions_add_frame (GArray *regions, const AlexnetRegion *visible)
{
  GstAlexnetRegion region = {
    .area = *visible, .id = -1, .origin = GST_ALEXNET_ORIGIN_FRAME
  };

  g_array_append_val (regions, region);
}

/* The part of one axis that is visible; 0: none. */
static guint
clip (gint64 from, gint64 length, guint visible_from, guint visible_length,
    guint *clipped_from)
{
  gint64 low = MAX (from, (gint64) visible_from);
  gint64 high = MIN (from + length, (gint64) visible_from + visible_length);

  *clipped_from = (guint) low;
  return high > low ? (guint) (high - low) : 0;
}

static gboolean
has_wanted_class (const GstAlexnetRegion *region,
    const GstAlexnetRoiFilter *filter)
{
  return !filter->classes ||
      (region->type != 0 &&
          g_strv_contains ((const char *const *) filter->classes,
              g_quark_to_string (region->type)));
}

gboolean
gst_alexnet_regions_add (GArray *regions, const GstAlexnetRegion *region,
    const GstAlexnetBox *box, const AlexnetRegion *visible,
    const GstAlexnetRoiFilter *filter, guint *n_skipped)
{
  GstAlexnetRegion added = *region;
  AlexnetRegion *area = &added.area;

  if (!has_wanted_class (region, filter))
    return FALSE;
  area->width = clip (box->x, box->width, visible->x, visible->width, &area->x);
  area->height = clip (box->y, box->height, visible->y, visible->height,
      &area->y);
  if (area->width < MAX (filter->min_width, 1) ||
      area->height < MAX (filter->min_height, 1)) {
    (*n_skipped)++;
    return FALSE;
  }
  added.is_roi = TRUE;
  g_array_append_val (regions, added);
  return TRUE;
}

void
gst_alexnet_regions_follow (GArray *regions, GHashTable *tracks,
    GHashTable *places, guint64 frame_number, guint interval)
{
  for (guint i = 0; i < regions->len; i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (region->is_tracked)
      region->track = gst_alexnet_tracks_follow (tracks, region->tracking_id,
          frame_number, interval, &region->stale);
    else if (region->name || !region->is_roi)
      region->track = gst_alexnet_tracks_follow (places, region->name,
          frame_number, 1, &region->stale);
  }
}

static gboolean
is_same (const GstAlexnetRegion *a, const GstAlexnetRegion *b)
{
  if (a->name || b->name)
    return a->name == b->name;
  return a->is_tracked && b->is_tracked && a->tracking_id == b->tracking_id;
}

static GstAlexnetRegion *
find_again (GArray *regions, const GstAlexnetRegion *wanted)
{
  for (guint i = 0; i < regions->len; i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (is_same (region, wanted))
      return region;
  }
  return NULL;
}

/* Where the region of an earlier frame is in this one. */
static void
relocate (GstAlexnetRegion *region, GArray *found, const AlexnetRegion *visible)
{
  const GstAlexnetRegion *now = find_again (found, region);

  if (!region->is_roi) {
    region->area = *visible;
  } else if (now) {
    region->area = now->area;
    region->id = now->id;
    region->origin = now->origin;
    region->index = now->index;
  } else {
    region->origin = GST_ALEXNET_ORIGIN_NONE;
  }
}

/* FALSE: it was found in a picture of another size. */
static gboolean
lies_in (const AlexnetRegion *area, const AlexnetRegion *visible)
{
  return area->x >= visible->x && area->y >= visible->y &&
      area->x + area->width <= visible->x + visible->width &&
      area->y + area->height <= visible->y + visible->height;
}

GArray *
gst_alexnet_regions_repeat (GArray *last, GArray *found,
    const AlexnetRegion *visible)
{
  GArray *regions = gst_alexnet_regions_new ();

  for (guint i = 0; i < last->len; i++) {
    GstAlexnetRegion region = *gst_alexnet_regions_nth (last, i);

    if (!region.classes)
      continue;
    relocate (&region, found, visible);
    if (!lies_in (&region.area, visible))
      continue;
    gst_alexnet_classes_ref (region.classes);
    region.track = NULL;
    region.n_requests = 0;
    region.stale = TRUE;
    region.has_changed = FALSE;
    g_array_append_val (regions, region);
  }
  return regions;
}

guint
gst_alexnet_region_get_best (const GstAlexnetRegion *region)
{
  if (!region->classes || region->classes->n == 0)
    return GST_ALEXNET_NO_CLASS;
  return region->classes->class_ids[0];
}

gboolean
gst_alexnet_region_is_told (const GstAlexnetRegion *region)
{
  return region->has_changed ||
      gst_alexnet_region_get_best (region) != GST_ALEXNET_NO_CLASS;
}

gboolean
gst_alexnet_regions_are_told (GArray *regions, gboolean fresh)
{
  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (gst_alexnet_region_is_told (region) && !(fresh && region->stale))
      return TRUE;
  }
  return FALSE;
}

gboolean
gst_alexnet_regions_have_classes (GArray *regions)
{
  for (guint i = 0; i < regions->len; i++)
    if (gst_alexnet_region_get_best (gst_alexnet_regions_nth (regions, i)) !=
        GST_ALEXNET_NO_CLASS)
      return TRUE;
  return FALSE;
}
