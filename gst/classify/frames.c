/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "frames.h"

#include "confirm.h"
#include "examples.h"
#include "meta/detections.h"
#include "submit.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

/* Latency is reviewed once in so many classified frames, at first oftener. */
#define LATENCY_REVIEW 32

static void
warn_once (GstAlexnetClassify *self, const GError *error)
{
  guint bit = 1u << error->code;

  GST_DEBUG_OBJECT (self, "frame is not classified: %s", error->message);
  if (!(self->warned & bit))
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_WARNING, error);
  self->warned |= bit;
}

/* Where the best class is remembered that was posted last of this region: with
 * its track or, of the whole frame and what has none, by its place in the
 * list. */
static guint *
get_posted (GstAlexnetClassify *self, GstAlexnetRegion *region, guint place)
{
  guint none = GST_ALEXNET_NO_CLASS;

  if (region->track && region->is_roi)
    return &region->track->posted_class;
  while (self->posted->len <= place)
    g_array_append_val (self->posted, none);
  return &g_array_index (self->posted, guint, place);
}

static void
post_region (GstAlexnetClassify *self, const GstAlexnetRegion *region,
    const GstAlexnetItem *item, GstBuffer *buffer)
{
  GstAlexnetModelInfo model =
      gst_alexnet_session_get_model_info (&self->session);

  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_alexnet_result_to_structure (region, &model, &item->info,
              buffer)));
}

/* What was posted of a list says nothing about one of another kind, nor about
 * regions that were not there. */
static void
compare_lists (GstAlexnetClassify *self, GArray *regions)
{
  gboolean are_rois = regions->len > 0 &&
      gst_alexnet_regions_nth (regions, 0)->is_roi;
  guint n = MIN (regions->len, self->posted->len);

  g_array_set_size (self->posted, are_rois == self->posted_rois ? n : 0);
  self->posted_rois = are_rois;
}

/* A message for each region that was classified now. Who gets one may flush or
 * stop the element, and then no more is said. */
static void
post_results (GstAlexnetClassify *self, const GstAlexnetItem *item,
    GstBuffer *buffer)
{
  GstAlexnetPost post;

  GST_OBJECT_LOCK (self);
  post = self->settings.post;
  GST_OBJECT_UNLOCK (self);

  compare_lists (self, item->regions);
  for (guint i = 0; i < item->regions->len &&
       gst_alexnet_inflight_wants (self->inflight, item);
       i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (item->regions, i);
    guint best = gst_alexnet_region_get_best (region);
    guint *posted = get_posted (self, region, i);
    gboolean changed = best != *posted;

    if (region->stale)
      continue;
    *posted = best;
    if (best != GST_ALEXNET_NO_CLASS &&
        (post == GST_ALEXNET_POST_ALWAYS ||
            (post == GST_ALEXNET_POST_ON_CHANGE && changed)))
      post_region (self, region, item, buffer);
  }
}

/* What the engine alone adds to a frame. Waiting for a full batch is not in
 * it, nor what the frame waits for downstream. */
static guint64
compute_latency (const GstAlexnetFrameInfo *info,
    const GstAlexnetClasses *classes, guint64 batch_timeout)
{
  guint64 waiting = MAX (classes->queue_time, batch_timeout) - batch_timeout;

  return info->staging_time + waiting + classes->inference_time;
}

static gboolean
latency_is_due (const GstAlexnetStats *stats)
{
  guint64 n = stats->inferred;

  return n % LATENCY_REVIEW == 0 || (n < LATENCY_REVIEW && (n & (n - 1)) == 0);
}

static void
review_latency (GstAlexnetClassify *self)
{
  gboolean changed = FALSE;
  guint64 p95;

  GST_OBJECT_LOCK (self);
  if (latency_is_due (&self->stats)) {
    p95 = gst_alexnet_times_percentile (&self->stats.latency, 95);
    changed = 4 * p95 > 5 * self->latency || 4 * p95 < 3 * self->latency;
    if (changed)
      self->latency = p95;
  }
  GST_OBJECT_UNLOCK (self);
  if (changed)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_latency (GST_OBJECT (self)));
}

static void
repeat_result (GstAlexnetClassify *self, GstAlexnetRegion *region)
{
  if (region->track->classes)
    region->classes = gst_alexnet_classes_ref (region->track->classes);
  GST_OBJECT_LOCK (self);
  self->stats.repeated_regions += region->is_roi;
  GST_OBJECT_UNLOCK (self);
}

/* Results of one place or object are smoothed; what lies in another frame's
 * untracked region may be something else. */
static void
smooth_result (const GstAlexnetItem *item, GstAlexnetRegion *region,
    guint64 time_constant)
{
  GstAlexnetClasses *classes = region->classes;
  const float *smooth = classes->probabilities;

  /* It was asked for before smoothing was. */
  if (!classes->probabilities)
    time_constant = 0;
  if (region->track)
    smooth = gst_alexnet_track_smooth (region->track, classes, item->info.time,
        time_constant);
  if (smooth != classes->probabilities)
    memcpy (classes->probabilities, smooth,
        classes->n_classes * sizeof *classes->probabilities);
}

static void
rank_result (GstAlexnetClassify *self, const GstAlexnetItem *item,
    GstAlexnetRegion *region)
{
  GstAlexnetClasses *classes = region->classes;
  guint64 time_constant;
  guint top_k;
  float threshold;

  GST_OBJECT_LOCK (self);
  top_k = self->settings.top_k;
  threshold = self->settings.threshold;
  time_constant = self->settings.smoothing;
  GST_OBJECT_UNLOCK (self);

  smooth_result (item, region, time_constant);
  gst_alexnet_classes_rank (classes, top_k, threshold);

  GST_OBJECT_LOCK (self);
  gst_alexnet_stats_add_result (&self->stats,
      compute_latency (&item->info, classes, self->settings.batch_timeout),
      gst_util_get_timestamp () - item->info.arrival);
  if (classes->n == 0)
    self->stats.below_threshold++;
  GST_OBJECT_UNLOCK (self);
  review_latency (self);
}

static void
keep_result (GstAlexnetClassify *self, const GstAlexnetItem *item,
    GstAlexnetRegion *region)
{
  if (region->stale) {
    repeat_result (self, region);
    return;
  }
  if (region->classes)
    rank_result (self, item, region);
  if (region->track)
    gst_alexnet_track_set_classes (region->track, region->classes);
}

static void
remember (GstAlexnetClassify *self, GArray *regions, gboolean pending)
{
  g_array_unref (self->regions);
  self->regions = g_array_ref (regions);
  GST_OBJECT_LOCK (self);
  self->pending = pending;
  GST_OBJECT_UNLOCK (self);
}

/* Waits for the frame's results. Not OK: the frame must not come out, and
 * item->error says why if that is for good. */
static GstFlowReturn
finish_inference (GstAlexnetClassify *self, GstAlexnetItem *item)
{
  gboolean ok = TRUE, pending;

  if (!item->regions)
    item->regions = gst_alexnet_regions_new ();
  for (guint i = 0; i < item->regions->len && ok; i++)
    ok = gst_alexnet_classify_collect (self, item,
        gst_alexnet_regions_nth (item->regions, i));
  if (!ok)
    return item->error->code == ALEXNET_ERROR_DEVICE ? GST_FLOW_ERROR
                                                     : GST_FLOW_FLUSHING;
  if (item->error)
    warn_once (self, item->error);
  for (guint i = 0; i < item->regions->len; i++)
    keep_result (self, item, gst_alexnet_regions_nth (item->regions, i));
  pending = gst_alexnet_classify_confirm (self, item);
  if (!gst_alexnet_inflight_wants (self->inflight, item))
    return GST_FLOW_FLUSHING;
  remember (self, item->regions, pending);
  return GST_FLOW_OK;
}

static void
count_frame (GstAlexnetClassify *self, const GstAlexnetItem *item)
{
  GstAlexnetStats *stats = &self->stats;

  GST_OBJECT_LOCK (self);
  stats->frames++;
  if (item->fate == GST_ALEXNET_FATE_SKIP_INTERVAL)
    stats->skipped_interval++;
  else if (item->fate == GST_ALEXNET_FATE_SKIP_PERIOD)
    stats->skipped_period++;
  else if (item->fate == GST_ALEXNET_FATE_SKIP_QOS)
    stats->skipped_qos++;
  else if (item->fate == GST_ALEXNET_FATE_SKIP_RUN_WHEN)
    stats->skipped_run_when++;
  else if (item->fate == GST_ALEXNET_FATE_SKIP_CORRUPT || item->error)
    stats->errors++;
  stats->skipped_regions += item->n_regions_skipped;
  stats->skipped_motion += item->n_still;
  for (guint i = 0; item->regions && i < item->regions->len; i++)
    stats->regions += gst_alexnet_regions_nth (item->regions, i)->is_roi;
  GST_OBJECT_UNLOCK (self);
}

/* A frame that was skipped gets the regions of the one before, if the user
 * wants that. */
static void
repeat_regions (GstAlexnetClassify *self, GstAlexnetItem *item)
{
  g_autoptr (GArray) found = NULL;
  gboolean repeat_last;
  guint n_skipped = 0;

  GST_OBJECT_LOCK (self);
  repeat_last = self->settings.repeat_last;
  GST_OBJECT_UNLOCK (self);
  if (!repeat_last || item->fate == GST_ALEXNET_FATE_SKIP_CORRUPT)
    return;
  found = gst_alexnet_detections_find_all (GST_BUFFER (item->object),
      &item->info.region);
  gst_alexnet_named_add (self->named, found, &item->info.region, &n_skipped);
  item->regions = gst_alexnet_regions_repeat (self->regions, found,
      &item->info.region);
}

static void
set_last_result (GstAlexnetClassify *self, const GstStructure *structure)
{
  GST_OBJECT_LOCK (self);
  gst_clear_structure (&self->last_result);
  self->last_result = gst_structure_copy (structure);
  GST_OBJECT_UNLOCK (self);
  g_object_notify (G_OBJECT (self), "last-result");
}

static GstBuffer *
attach_results (GstAlexnetClassify *self, const GstAlexnetItem *item,
    GstBuffer *buffer)
{
  GstAlexnetModelInfo model =
      gst_alexnet_session_get_model_info (&self->session);
  const GstStructure *structure;
  gboolean frame_od;

  GST_OBJECT_LOCK (self);
  frame_od = self->settings.full_frame_od;
  GST_OBJECT_UNLOCK (self);

  buffer = gst_buffer_make_writable (buffer);
  structure = gst_alexnet_result_attach (item->regions, &model, &item->info,
      self->session.attach, frame_od, buffer);
  if (gst_alexnet_regions_are_told (item->regions, TRUE))
    set_last_result (self, structure);
  return buffer;
}

static void
send_event (GstAlexnetClassify *self, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_GAP)
    gst_alexnet_classify_forget_results (self);
  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
    gst_alexnet_classify_forget_states (self);
  gst_pad_push_event (self->srcpad, event);
}

static GstFlowReturn
send_frame (GstAlexnetClassify *self, GstAlexnetItem *item)
{
  gboolean classified = item->fate == GST_ALEXNET_FATE_CLASSIFY;
  GstFlowReturn flow = GST_FLOW_OK;
  GstBuffer *buffer;

  if (classified)
    flow = finish_inference (self, item);
  else
    repeat_regions (self, item);
  if (flow != GST_FLOW_OK)
    return flow;
  count_frame (self, item);
  if (classified)
    gst_alexnet_examples_pick (self, item);
  if (!gst_alexnet_inflight_wants (self->inflight, item))
    return GST_FLOW_FLUSHING;
  buffer = GST_BUFFER (g_steal_pointer (&item->object));
  if (item->regions && gst_alexnet_regions_are_told (item->regions, FALSE))
    buffer = attach_results (self, item, buffer);
  if (classified)
    post_results (self, item, buffer);
  if (gst_alexnet_inflight_wants (self->inflight, item))
    return gst_pad_push (self->srcpad, buffer);
  gst_buffer_unref (buffer);
  return GST_FLOW_FLUSHING;
}

static void
fail (GstAlexnetClassify *self, const GstAlexnetItem *item, GstFlowReturn flow)
{
  if (g_error_matches (item->error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE))
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_ERROR, item->error);
  else
    GST_ELEMENT_FLOW_ERROR (self, flow);
  if (gst_alexnet_inflight_wants (self->inflight, item))
    gst_pad_push_event (self->srcpad, gst_event_new_eos ());
}

/* Whoever sees what is sent may stop the element or flush from this thread. */
void
gst_alexnet_classify_send_oldest (gpointer user_data)
{
  GstAlexnetClassify *self = user_data;
  GstFlowReturn flow = GST_FLOW_OK;
  GstAlexnetItem item;

  if (!gst_alexnet_inflight_take (self->inflight, &item)) {
    gst_pad_pause_task (self->srcpad);
    return;
  }
  g_atomic_pointer_set (&self->sender, g_thread_self ());
  if (GST_IS_EVENT (item.object))
    send_event (self, GST_EVENT (g_steal_pointer (&item.object)));
  else
    flow = send_frame (self, &item);
  if (flow < GST_FLOW_EOS)
    fail (self, &item, flow);
  g_atomic_pointer_set (&self->sender, NULL);
  gst_alexnet_item_clear (&item);
  gst_alexnet_inflight_done (self->inflight, &item, flow);
}
