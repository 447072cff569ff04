/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "regions.h"

#include "meta/analytics.h"

#include <string.h>

static void
make_room (GstAlexnetResult *result, guint n)
{
  result->n = n;
  result->class_ids = g_new (guint, n);
  result->confidences = g_new (float, n);
}

GstAlexnetResult *
gst_alexnet_result_new (const AlexnetResult *view)
{
  GstAlexnetResult *result = g_atomic_rc_box_new0 (GstAlexnetResult);

  result->n_classes = view->n_classes;
  if (view->probabilities) {
    result->probabilities = g_new0 (float, view->n_classes);
    return result;
  }
  make_room (result, view->n_best);
  for (guint i = 0; i < view->n_best; i++) {
    result->class_ids[i] = view->best[i].class_id;
    result->confidences[i] = view->best[i].probability;
  }
  return result;
}

static void
clear_result (gpointer data)
{
  GstAlexnetResult *result = data;

  g_free (result->probabilities);
  g_free (result->class_ids);
  g_free (result->confidences);
}

void
gst_alexnet_result_unref (GstAlexnetResult *result)
{
  g_atomic_rc_box_release_full (result, clear_result);
}

static void
find_best (GstAlexnetResult *result, guint k)
{
  make_room (result, k);
  alexnet_top_k (result->probabilities, result->n_classes, k,
      result->class_ids);
  for (guint i = 0; i < k; i++)
    result->confidences[i] = result->probabilities[result->class_ids[i]];
}

void
gst_alexnet_result_rank (GstAlexnetResult *result, guint top_k, float threshold)
{
  if (result->probabilities)
    find_best (result, MIN (top_k, result->n_classes));
  result->n = MIN (result->n, top_k);
  while (result->n > 0 && result->confidences[result->n - 1] < threshold)
    result->n--;
}

static void
clear_track (gpointer data)
{
  GstAlexnetTrack *track = data;

  g_clear_pointer (&track->result, gst_alexnet_result_unref);
  gst_alexnet_smoothing_clear (&track->smoothing);
}

static void
unref_track (gpointer track)
{
  g_atomic_rc_box_release_full (track, clear_track);
}

void
gst_alexnet_track_set_result (GstAlexnetTrack *track, GstAlexnetResult *result)
{
  g_clear_pointer (&track->result, gst_alexnet_result_unref);
  if (result)
    track->result = g_atomic_rc_box_acquire (result);
}

const float *
gst_alexnet_track_smooth (GstAlexnetTrack *track,
    const GstAlexnetResult *result, GstClockTime time, guint64 time_constant)
{
  if (track->smoothing.n == 0)
    gst_alexnet_smoothing_init (&track->smoothing, result->n_classes);
  return gst_alexnet_smoothing_add (&track->smoothing, result->probabilities,
      time, time_constant);
}

GHashTable *
gst_alexnet_tracks_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
      unref_track);
}

static gboolean
is_forgotten (gpointer id, gpointer value, gpointer frame_number)
{
  const GstAlexnetTrack *track = value;

  return *(guint64 *) frame_number - track->seen > GST_ALEXNET_TRACK_MEMORY;
}

void
gst_alexnet_tracks_expire (GHashTable *tracks, guint64 frame_number)
{
  g_hash_table_foreach_remove (tracks, is_forgotten, &frame_number);
}

static GstAlexnetTrack *
get_track (GHashTable *tracks, guint64 id)
{
  GstAlexnetTrack *track = g_hash_table_lookup (tracks, &id);

  if (!track) {
    track = g_atomic_rc_box_new0 (GstAlexnetTrack);
    track->posted_class = GST_ALEXNET_NO_CLASS;
    g_hash_table_insert (tracks, g_memdup2 (&id, sizeof id), track);
  }
  return track;
}

void
gst_alexnet_roi_filter_init (GstAlexnetRoiFilter *filter, const char *classes,
    guint min_width, guint min_height)
{
  filter->classes = NULL;
  filter->min_width = min_width;
  filter->min_height = min_height;
  if (!classes || !*classes)
    return;
  filter->classes = g_strsplit (classes, ",", -1);
  for (guint i = 0; filter->classes[i]; i++)
    g_strstrip (filter->classes[i]);
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
  g_clear_pointer (&region->result, gst_alexnet_result_unref);
  g_clear_pointer (&region->track, unref_track);
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
gst_alexnet_regions_find (GArray *regions, GstBuffer *buffer,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped)
{
  if (!gst_alexnet_analytics_find (regions, buffer, visible, filter, n_skipped))
    find_roi_metas (regions, buffer, visible, filter, n_skipped);
}

static gboolean
is_recent (const GstAlexnetTrack *track, guint64 frame_number, guint interval)
{
  return track->known && track->classified != frame_number &&
      (interval == 0 || frame_number - track->classified < interval);
}

void
gst_alexnet_regions_follow (GArray *regions, GHashTable *tracks,
    guint64 frame_number, guint interval)
{
  for (guint i = 0; i < regions->len; i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);
    GstAlexnetTrack *track;

    if (!region->is_tracked)
      continue;
    track = get_track (tracks, region->tracking_id);
    track->seen = frame_number;
    region->track = g_atomic_rc_box_acquire (track);
    region->stale = is_recent (track, frame_number, interval);
    if (region->stale)
      continue;
    track->known = TRUE;
    track->classified = frame_number;
  }
}

static GstAlexnetRegion *
find_object (GArray *regions, guint64 tracking_id)
{
  for (guint i = 0; i < regions->len; i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (region->is_tracked && region->tracking_id == tracking_id)
      return region;
  }
  return NULL;
}

/* Where the region of an earlier frame is in this one. */
static void
relocate (GstAlexnetRegion *region, GArray *found, const AlexnetRegion *visible)
{
  const GstAlexnetRegion *now = NULL;

  if (region->is_tracked)
    now = find_object (found, region->tracking_id);
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

GArray *
gst_alexnet_regions_repeat (GArray *last, GstBuffer *buffer,
    const AlexnetRegion *visible)
{
  static const GstAlexnetRoiFilter any = { NULL, 1, 1 };
  g_autoptr (GArray) found = gst_alexnet_regions_new ();
  GArray *regions = gst_alexnet_regions_new ();
  guint n_skipped = 0;

  gst_alexnet_regions_find (found, buffer, visible, &any, &n_skipped);
  for (guint i = 0; i < last->len; i++) {
    GstAlexnetRegion region = *gst_alexnet_regions_nth (last, i);

    if (!region.result)
      continue;
    g_atomic_rc_box_acquire (region.result);
    region.track = NULL;
    region.n_requests = 0;
    region.stale = TRUE;
    relocate (&region, found, visible);
    g_array_append_val (regions, region);
  }
  return regions;
}

guint
gst_alexnet_region_get_best (const GstAlexnetRegion *region)
{
  if (!region->result || region->result->n == 0)
    return GST_ALEXNET_NO_CLASS;
  return region->result->class_ids[0];
}

gboolean
gst_alexnet_regions_have_result (GArray *regions, gboolean fresh)
{
  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (gst_alexnet_region_get_best (region) != GST_ALEXNET_NO_CLASS &&
        !(fresh && region->stale))
      return TRUE;
  }
  return FALSE;
}
