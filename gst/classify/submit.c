/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "submit.h"

#include "gates.h"
#include "inference.h"
#include "meta/detections.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

static gboolean
is_late (GstAlexnetClassify *self, GstClockTime running_time)
{
  gboolean late;

  GST_OBJECT_LOCK (self);
  late = self->settings.qos && GST_CLOCK_TIME_IS_VALID (running_time) &&
      GST_CLOCK_TIME_IS_VALID (self->earliest_time) &&
      running_time <= self->earliest_time;
  GST_OBJECT_UNLOCK (self);
  return late;
}

/* A frame that is late or that a gate stops stays due: the next one in time
 * is classified. */
static GstAlexnetFate
decide (GstAlexnetClassify *self, const GstAlexnetItem *item)
{
  GstAlexnetPace pace;
  GstAlexnetFate fate;

  GST_OBJECT_LOCK (self);
  pace = self->settings.pace;
  pace.pending = self->pending;
  GST_OBJECT_UNLOCK (self);

  if (GST_BUFFER_FLAG_IS_SET (item->object, GST_BUFFER_FLAG_CORRUPTED))
    return GST_ALEXNET_FATE_SKIP_CORRUPT;
  fate = gst_alexnet_schedule_decide (&self->schedule, &pace);
  if (fate != GST_ALEXNET_FATE_CLASSIFY)
    return fate;
  if (is_late (self, item->info.running_time))
    return GST_ALEXNET_FATE_SKIP_QOS;
  if (!gst_alexnet_gates_let_run (self, item))
    return GST_ALEXNET_FATE_SKIP_RUN_WHEN;
  gst_alexnet_schedule_fulfil (&self->schedule, &pace);
  return GST_ALEXNET_FATE_CLASSIFY;
}

/* This thread alone sets the duration that the caps give. */
static GstClockTime
estimate_duration (const GstAlexnetClassify *self, GstBuffer *buffer)
{
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    return GST_BUFFER_DURATION (buffer);
  return self->frame_duration;
}

static void
describe_frame (GstAlexnetClassify *self, GstBuffer *buffer,
    GstAlexnetFrameInfo *info)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  info->number = self->n_frames++;
  info->arrival = gst_util_get_timestamp ();
  info->region = gst_alexnet_frame_get_visible (buffer, &self->video_info);
  info->running_time = info->stream_time = GST_CLOCK_TIME_NONE;
  if (self->segment.format == GST_FORMAT_TIME) {
    info->running_time = gst_segment_to_running_time (&self->segment,
        GST_FORMAT_TIME, pts);
    info->stream_time = gst_segment_to_stream_time (&self->segment,
        GST_FORMAT_TIME, pts);
  }
  info->time = gst_alexnet_schedule_advance (&self->schedule,
      info->running_time, estimate_duration (self, buffer));
}

/* TRUE: of a result, its best classes are not enough. */
static gboolean
needs_all (const GstAlexnetSession *session, const GstAlexnetSettings *settings)
{
  return settings->top_k > ALEXNET_MAX_BEST || settings->smoothing > 0 ||
      session->ten_crop || (session->attach & GST_ALEXNET_ATTACH_TENSOR);
}

static void
update_session (GstAlexnetClassify *self)
{
  GstAlexnetSession *session = &self->session;
  gboolean all;

  GST_OBJECT_LOCK (self);
  session->preprocess.crop_mode = gst_alexnet_session_get_crop_mode (session,
      &self->settings);
  all = needs_all (session, &self->settings);
  GST_OBJECT_UNLOCK (self);
  alexnet_stream_set_best_only (session->stream, !all);
}

static void
find_regions (GstAlexnetClassify *self, GstAlexnetItem *item)
{
  GstAlexnetRoiFilter filter;

  GST_OBJECT_LOCK (self);
  gst_alexnet_roi_filter_init (&filter, self->settings.roi_classes,
      self->settings.roi_min_width, self->settings.roi_min_height);
  GST_OBJECT_UNLOCK (self);

  gst_alexnet_detections_find (item->regions, GST_BUFFER (item->object),
      &item->info.region, &filter, &item->n_regions_skipped);
  gst_alexnet_roi_filter_clear (&filter);
  gst_alexnet_tracks_expire (self->tracks, self->last_look, item->info.number);
  self->last_look = item->info.number;
}

/* Regions with a name stand for the whole frame. */
static void
choose_regions (GstAlexnetClassify *self, GstAlexnetItem *item)
{
  GstAlexnetInferenceRegion which;
  guint interval;

  GST_OBJECT_LOCK (self);
  which = self->settings.inference_region;
  interval = self->settings.reclassify_interval;
  GST_OBJECT_UNLOCK (self);

  item->regions = gst_alexnet_regions_new ();
  gst_alexnet_named_add (self->named, item->regions, &item->info.region,
      &item->n_regions_skipped);
  if (which != GST_ALEXNET_INFERENCE_FULL_FRAME)
    find_regions (self, item);
  if (which == GST_ALEXNET_INFERENCE_ROI_LIST)
    gst_alexnet_gates_watch_regions (self, item);
  else if (item->regions->len == 0 && self->named->len == 0)
    gst_alexnet_regions_add_frame (item->regions, &item->info.region);
  gst_alexnet_regions_follow (item->regions, self->tracks, self->places,
      item->info.number, interval);
}

static gboolean
is_fatal (const GError *error)
{
  return error->code == ALEXNET_ERROR_CANCELLED ||
      error->code == ALEXNET_ERROR_DEVICE;
}

/* Takes the error. The first one is kept, or one that is worse. */
static void
keep_error (GstAlexnetItem *item, GError *error)
{
  if (item->error && !is_fatal (error)) {
    g_error_free (error);
    return;
  }
  g_clear_error (&item->error);
  item->error = error;
}

static void
count_request (gpointer user_data, const AlexnetResult *result)
{
  GstAlexnetClassify *self = user_data;

  GST_OBJECT_LOCK (self);
  gst_alexnet_stats_add_request (&self->stats, result);
  GST_OBJECT_UNLOCK (self);
}

gboolean
gst_alexnet_classify_collect (GstAlexnetClassify *self, GstAlexnetItem *item,
    GstAlexnetRegion *region)
{
  GError *error = NULL;

  if (!gst_alexnet_inference_collect (region, count_request, self, &error))
    keep_error (item, error);
  return !item->error || !is_fatal (item->error);
}

/* All requests of a frame are under way together, as far as there can be so
 * many: older frames' are given back by the task, but this frame's own only
 * when it has got there, so here the oldest of them are waited for. */
static gboolean
submit_regions (GstAlexnetClassify *self, GstAlexnetItem *item,
    const AlexnetImage *image)
{
  guint n_views = gst_alexnet_inference_n_views (&self->session);
  guint n_open = 0, oldest = 0;
  GError *error = NULL;

  for (guint i = 0; i < item->regions->len; i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (item->regions, i);

    if (region->stale)
      continue;
    while (n_open + n_views > GST_ALEXNET_MAX_REQUESTS) {
      GstAlexnetRegion *old = gst_alexnet_regions_nth (item->regions, oldest++);

      n_open -= old->n_requests;
      if (!gst_alexnet_classify_collect (self, item, old))
        return FALSE;
    }
    if (!gst_alexnet_inference_submit (&self->session, image, region, &error)) {
      keep_error (item, error);
      return FALSE;
    }
    n_open += n_views;
  }
  return TRUE;
}

/* Host pixels are free again when this returns. */
static void
submit_frame (GstAlexnetClassify *self, GstAlexnetItem *item)
{
  GstBuffer *buffer = GST_BUFFER (item->object);
  GstAlexnetFrame frame;

  if (!gst_alexnet_frame_map (&frame, &self->video_info, buffer,
          self->session.cuda_context)) {
    g_set_error (&item->error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "a buffer of %" G_GSIZE_FORMAT " bytes is no %s frame of %dx%d",
        gst_buffer_get_size (buffer),
        gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (&self->video_info)),
        self->video_info.width, self->video_info.height);
    return;
  }
  update_session (self);
  choose_regions (self, item);
  gst_alexnet_gates_find_still (self, item, &frame.image);
  if (!submit_regions (self, item, &frame.image))
    GST_DEBUG_OBJECT (self, "not all of it is classified: %s",
        item->error->message);
  item->info.staging_time = gst_util_get_timestamp () - item->info.arrival;
  gst_alexnet_frame_unmap (&frame);
}

/* While there is no room nothing more comes that a batch could wait for: frames
 * that are skipped take room, and no part of a batch. */
GstFlowReturn
gst_alexnet_classify_wait_room (GstAlexnetClassify *self, GstAlexnetItem *item)
{
  if (gst_alexnet_inflight_is_full (self->inflight))
    gst_alexnet_session_drain (&self->session);
  return gst_alexnet_inflight_wait_room (self->inflight, item);
}

static void
log_fate (GstAlexnetClassify *self, const GstAlexnetItem *item)
{
  static const char *const fates[] = {
    [GST_ALEXNET_FATE_CLASSIFY] = "is classified",
    [GST_ALEXNET_FATE_SKIP_INTERVAL] = "is skipped by inference-interval",
    [GST_ALEXNET_FATE_SKIP_PERIOD] = "is skipped by inference-period",
    [GST_ALEXNET_FATE_SKIP_QOS] = "is late, and qos is on",
    [GST_ALEXNET_FATE_SKIP_RUN_WHEN] = "has no detection of run-when",
    [GST_ALEXNET_FATE_SKIP_CORRUPT] = "is marked as corrupt",
  };

  GST_LOG_OBJECT (self,
      "frame %" G_GUINT64_FORMAT ", running time %" GST_TIME_FORMAT ", %s",
      item->info.number, GST_TIME_ARGS (item->info.running_time),
      fates[item->fate]);
}

GstFlowReturn
gst_alexnet_classify_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY_CAST (parent);
  GstAlexnetItem item = { .object = GST_MINI_OBJECT (buffer) };
  GstFlowReturn flow = GST_FLOW_NOT_NEGOTIATED;

  if (self->negotiated)
    flow = gst_alexnet_classify_wait_room (self, &item);
  if (flow != GST_FLOW_OK) {
    gst_alexnet_item_clear (&item);
    return flow;
  }
  describe_frame (self, buffer, &item.info);
  item.fate = decide (self, &item);
  log_fate (self, &item);
  if (item.fate == GST_ALEXNET_FATE_CLASSIFY)
    submit_frame (self, &item);
  return gst_alexnet_inflight_append_frame (self->inflight, &item);
}
