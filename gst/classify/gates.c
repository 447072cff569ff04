/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gates.h"

#include "meta/detections.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

gboolean
gst_alexnet_gates_parse (GstAlexnetRoiFilter *run_when, const char *classes,
    GError **error)
{
  gst_alexnet_roi_filter_init (run_when, classes, 1, 1);
  for (guint i = 0; run_when->classes && run_when->classes[i]; i++)
    if (*run_when->classes[i] == '\0') {
      g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
          "class %u of run-when \"%s\" is empty; expected a detector's "
          "classes with commas between them",
          i + 1, classes);
      gst_alexnet_roi_filter_clear (run_when);
      return FALSE;
    }
  return TRUE;
}

static char *
list_types (GArray *regions)
{
  GString *types = g_string_new (NULL);

  for (guint i = 0; i < regions->len; i++) {
    GQuark type = gst_alexnet_regions_nth (regions, i)->type;

    g_string_append_printf (types, "%s\"%s\"", i > 0 ? ", " : "",
        type ? g_quark_to_string (type) : "");
  }
  return g_string_free (types, FALSE);
}

/* Which classes a detector knows is only seen by what it finds. */
static void
watch_types (GstAlexnetClassify *self, const GstAlexnetItem *item)
{
  g_autoptr (GArray)
      all = gst_alexnet_detections_find_all (GST_BUFFER (item->object),
          &item->info.region);
  g_autofree char *types = NULL;
  g_autofree char *wanted = NULL;

  if (all->len == 0 || ++self->n_of_other_types < GST_ALEXNET_PATIENCE)
    return;
  self->told.run_when = TRUE;
  types = list_types (all);
  wanted = g_strjoinv (", ", self->run_when.classes);
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("Nothing is classified: run-when names %s, and %d frames had only "
       "detections of other classes.",
          wanted, GST_ALEXNET_PATIENCE),
      ("the newest one's are %s", types));
}

gboolean
gst_alexnet_gates_let_run (GstAlexnetClassify *self, const GstAlexnetItem *item)
{
  g_autoptr (GArray) found = NULL;
  guint n_skipped = 0;

  if (!self->run_when.classes)
    return TRUE;
  found = gst_alexnet_regions_new ();
  gst_alexnet_detections_find (found, GST_BUFFER (item->object),
      &item->info.region, &self->run_when, &n_skipped);
  if (found->len > 0)
    self->told.run_when = TRUE;
  if (!self->told.run_when)
    watch_types (self, item);
  self->n_stopped += found->len == 0;
  return found->len > 0;
}

static void
tell_of_no_region (GstAlexnetClassify *self)
{
  self->told.no_region = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("No region to classify in %u %s.", self->n_without_regions,
          self->n_without_regions == 1 ? "frame" : "frames"),
      ("inference-region asks for regions of GstAnalyticsODMtd or "
       "GstVideoRegionOfInterestMeta from an element upstream; of the newest "
       "frame's, %u were empty or too small, others are not in roi-classes",
          self->n_too_small));
}

void
gst_alexnet_gates_watch_regions (GstAlexnetClassify *self,
    const GstAlexnetItem *item)
{
  if (item->regions->len > 0)
    self->told.no_region = TRUE;
  if (self->told.no_region)
    return;
  self->n_too_small = item->n_regions_skipped;
  if (++self->n_without_regions == GST_ALEXNET_PATIENCE)
    tell_of_no_region (self);
}

static void
tell_of_no_detection (GstAlexnetClassify *self)
{
  g_autofree char *wanted = g_strjoinv (", ", self->run_when.classes);

  self->told.run_when = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("Nothing was classified: run-when names %s, and no frame had a "
       "detection of it.",
          wanted),
      ("%u of %u frames had detections, of other classes; they come as "
       "GstAnalyticsODMtd or GstVideoRegionOfInterestMeta from an element "
       "upstream",
          self->n_of_other_types, self->n_stopped));
}

void
gst_alexnet_gates_end (GstAlexnetClassify *self)
{
  if (self->n_without_regions > 0 && !self->told.no_region)
    tell_of_no_region (self);
  if (self->n_stopped > 0 && !self->told.run_when)
    tell_of_no_detection (self);
}

static void
warn_of_memory (GstAlexnetClassify *self)
{
  if (self->told.memory)
    return;
  self->told.memory = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FORMAT,
      ("motion-threshold has no effect on frames in GPU memory."),
      ("all of them are classified; cudadownload in front of the element "
       "brings them where they can be compared"));
}

/* What a state is still made of, be it of the same picture: a change that is
 * pending, or a vote that is not decided. */
static gboolean
wants_results (const GstAlexnetRegion *region, const GstAlexnetVoteRules *rules)
{
  const AlexnetRegion *area = &region->area;

  if (g_atomic_int_get (&region->track->pending))
    return TRUE;
  return region->is_tracked && rules->count > 0 &&
      MIN (area->width, area->height) >= rules->min_side &&
      !g_atomic_int_get (&region->track->decided);
}

/* The picture that is classified is the one that others are compared with, so
 * that slow changes add up. */
static gboolean
is_still (GstAlexnetRegion *region, const AlexnetImage *image, float threshold,
    const GstAlexnetVoteRules *rules)
{
  GstAlexnetThumbnail *last = &region->track->thumbnail;
  GstAlexnetThumbnail now;

  gst_alexnet_thumbnail_take (&now, image, &region->area);
  if (last->is_taken && !wants_results (region, rules) &&
      gst_alexnet_thumbnail_compare (&now, last) < threshold)
    return TRUE;
  *last = now;
  return FALSE;
}

void
gst_alexnet_gates_find_still (GstAlexnetClassify *self, GstAlexnetItem *item,
    const AlexnetImage *image)
{
  GstAlexnetVoteRules rules;
  float threshold;

  GST_OBJECT_LOCK (self);
  threshold = self->settings.motion_threshold;
  rules = self->settings.vote_rules;
  GST_OBJECT_UNLOCK (self);
  if (threshold > 0 && image->memory == ALEXNET_MEMORY_CUDA) {
    warn_of_memory (self);
    threshold = 0;
  }
  for (guint i = 0; i < item->regions->len; i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (item->regions, i);

    if (!region->track || region->stale)
      continue;
    if (threshold > 0)
      region->stale = is_still (region, image, threshold, &rules);
    else
      region->track->thumbnail.is_taken = FALSE;
    item->n_still += region->stale;
  }
}

static void
forget_picture (gpointer id, gpointer track, gpointer user_data)
{
  ((GstAlexnetTrack *) track)->thumbnail.is_taken = FALSE;
}

void
gst_alexnet_gates_forget_pictures (GstAlexnetClassify *self)
{
  g_hash_table_foreach (self->places, forget_picture, NULL);
}
