/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "element.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

/* Latency is reviewed once in so many classified frames, at first oftener. */
#define LATENCY_REVIEW 32

#define NO_CLASS G_MAXUINT

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

/* A frame that is late stays due: the next one in time is classified. */
static GstAlexnetFate
decide (GstAlexnetClassify *self, const GstAlexnetItem *item)
{
  GstAlexnetPace pace;
  GstAlexnetFate fate;

  GST_OBJECT_LOCK (self);
  pace = self->settings.pace;
  GST_OBJECT_UNLOCK (self);

  if (GST_BUFFER_FLAG_IS_SET (item->object, GST_BUFFER_FLAG_CORRUPTED))
    return GST_ALEXNET_FATE_SKIP_CORRUPT;
  fate = gst_alexnet_schedule_decide (&self->schedule, &pace);
  if (fate != GST_ALEXNET_FATE_CLASSIFY)
    return fate;
  if (is_late (self, item->info.running_time))
    return GST_ALEXNET_FATE_SKIP_QOS;
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
  info->region = (AlexnetRegion){ 0, 0, self->video_info.width,
    self->video_info.height };
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

static void
update_crop_mode (GstAlexnetClassify *self)
{
  AlexnetPreprocess preprocess;

  GST_OBJECT_LOCK (self);
  preprocess = gst_alexnet_session_get_preprocess (&self->session,
      &self->settings);
  GST_OBJECT_UNLOCK (self);
  if (preprocess.crop_mode == self->crop_mode)
    return;
  self->crop_mode = preprocess.crop_mode;
  alexnet_stream_set_preprocess (self->session.stream, &preprocess);
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
  update_crop_mode (self);
  item->info.region = frame.region;
  item->request = alexnet_stream_submit (self->session.stream, &frame.image,
      &frame.region, &item->error);
  item->info.staging_time = gst_util_get_timestamp () - item->info.arrival;
  gst_alexnet_frame_unmap (&frame);
}

GstFlowReturn
gst_alexnet_classify_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY (parent);
  GstAlexnetItem item = { .object = GST_MINI_OBJECT (buffer) };
  GstFlowReturn flow = GST_FLOW_NOT_NEGOTIATED;

  if (self->negotiated)
    flow = gst_alexnet_inflight_wait_room (self->inflight);
  if (flow != GST_FLOW_OK) {
    gst_alexnet_item_clear (&item);
    return flow;
  }
  describe_frame (self, buffer, &item.info);
  item.fate = decide (self, &item);
  if (item.fate == GST_ALEXNET_FATE_CLASSIFY)
    submit_frame (self, &item);
  return gst_alexnet_inflight_append_frame (self->inflight, &item);
}

static void
warn_once (GstAlexnetClassify *self, const GError *error)
{
  guint bit = 1u << error->code;

  GST_DEBUG_OBJECT (self, "frame is not classified: %s", error->message);
  if (!(self->warned & bit))
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_WARNING, error);
  self->warned |= bit;
}

static void
post_result (GstAlexnetClassify *self, const GstStructure *structure,
    GstAlexnetPost post)
{
  guint best = self->result.class_ids[0];

  if (post == GST_ALEXNET_POST_ALWAYS ||
      (post == GST_ALEXNET_POST_ON_CHANGE && best != self->posted_class))
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_element (GST_OBJECT (self),
            gst_structure_copy (structure)));
  self->posted_class = best;
}

/* What the engine alone adds to a frame. Waiting for a full batch is not in
 * it, nor what the frame waits for downstream. */
static guint64
compute_latency (const GstAlexnetFrameInfo *info, const AlexnetResult *result,
    guint64 batch_timeout)
{
  guint64 waiting = MAX (result->queue_time, batch_timeout) - batch_timeout;

  return info->staging_time + waiting + result->inference_time;
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
keep_result (GstAlexnetClassify *self, const GstAlexnetItem *item,
    const AlexnetResult *result)
{
  AlexnetResult smooth = *result;
  guint64 time_constant;
  guint top_k;
  float threshold;

  GST_OBJECT_LOCK (self);
  top_k = self->settings.top_k;
  threshold = self->settings.threshold;
  time_constant = self->settings.smoothing;
  GST_OBJECT_UNLOCK (self);

  smooth.probabilities = gst_alexnet_smoothing_add (&self->smoothing,
      result->probabilities, item->info.time, time_constant);
  gst_alexnet_result_set (&self->result, &smooth, top_k, threshold);

  GST_OBJECT_LOCK (self);
  gst_alexnet_stats_add_result (&self->stats, result,
      compute_latency (&item->info, result, self->settings.batch_timeout),
      gst_util_get_timestamp () - item->info.arrival);
  if (self->result.n == 0)
    self->stats.below_threshold++;
  GST_OBJECT_UNLOCK (self);
}

/* Waits for the frame's result. Not OK: the frame must not come out, and
 * item->error says why if that is for good. */
static GstFlowReturn
finish_inference (GstAlexnetClassify *self, GstAlexnetItem *item)
{
  AlexnetResult result;

  if (item->request &&
      alexnet_request_wait (item->request, &result, &item->error)) {
    keep_result (self, item, &result);
    review_latency (self);
    g_clear_pointer (&item->request, alexnet_request_release);
    return GST_FLOW_OK;
  }
  g_clear_pointer (&item->request, alexnet_request_release);
  if (item->error->code == ALEXNET_ERROR_CANCELLED)
    return GST_FLOW_FLUSHING;
  if (item->error->code == ALEXNET_ERROR_DEVICE)
    return GST_FLOW_ERROR;
  self->result.n = 0;
  warn_once (self, item->error);
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
  else if (item->fate == GST_ALEXNET_FATE_SKIP_CORRUPT || item->error)
    stats->errors++;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
wants_result (GstAlexnetClassify *self, const GstAlexnetItem *item)
{
  gboolean repeat_last;

  if (self->result.n == 0 || item->fate == GST_ALEXNET_FATE_SKIP_CORRUPT)
    return FALSE;
  if (item->fate == GST_ALEXNET_FATE_CLASSIFY)
    return TRUE;
  GST_OBJECT_LOCK (self);
  repeat_last = self->settings.repeat_last;
  GST_OBJECT_UNLOCK (self);
  return repeat_last;
}

static GstBuffer *
attach_result (GstAlexnetClassify *self, const GstAlexnetItem *item,
    GstBuffer *buffer)
{
  GstAlexnetNames names = gst_alexnet_session_get_names (&self->session);
  gboolean stale = item->fate != GST_ALEXNET_FATE_CLASSIFY;
  const GstStructure *structure;
  GstAlexnetAttach attach;
  GstAlexnetPost post;

  GST_OBJECT_LOCK (self);
  attach = self->settings.attach;
  post = self->settings.post;
  GST_OBJECT_UNLOCK (self);

  buffer = gst_buffer_make_writable (buffer);
  structure = gst_alexnet_result_attach (&self->result, &names, &item->info,
      stale, attach, buffer);
  if (stale)
    return buffer;

  GST_OBJECT_LOCK (self);
  gst_clear_structure (&self->last_result);
  self->last_result = gst_structure_copy (structure);
  GST_OBJECT_UNLOCK (self);
  g_object_notify (G_OBJECT (self), "last-result");
  post_result (self, structure, post);
  return buffer;
}

/* What was seen before says nothing about what comes. */
static void
forget_results (GstAlexnetClassify *self)
{
  gst_alexnet_smoothing_reset (&self->smoothing);
  self->result.n = 0;
}

static void
send_event (GstAlexnetClassify *self, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_GAP:
      forget_results (self);
      break;
    default:
      break;
  }
  gst_pad_push_event (self->srcpad, event);
}

static GstFlowReturn
send_frame (GstAlexnetClassify *self, GstAlexnetItem *item)
{
  GstFlowReturn flow = GST_FLOW_OK;
  GstBuffer *buffer;

  if (item->fate == GST_ALEXNET_FATE_CLASSIFY) {
    flow = finish_inference (self, item);
    if (flow != GST_FLOW_OK)
      return flow;
  }
  buffer = GST_BUFFER (g_steal_pointer (&item->object));
  if (wants_result (self, item))
    buffer = attach_result (self, item, buffer);
  else if (self->result.n == 0)
    self->posted_class = NO_CLASS;
  count_frame (self, item);
  return gst_pad_push (self->srcpad, buffer);
}

static void
fail (GstAlexnetClassify *self, const GError *error, GstFlowReturn flow)
{
  if (g_error_matches (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE))
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_ERROR, error);
  else
    GST_ELEMENT_FLOW_ERROR (self, flow);
  gst_pad_push_event (self->srcpad, gst_event_new_eos ());
}

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
  if (GST_IS_EVENT (item.object))
    send_event (self, GST_EVENT (g_steal_pointer (&item.object)));
  else
    flow = send_frame (self, &item);
  if (flow < GST_FLOW_EOS)
    fail (self, item.error, flow);
  gst_alexnet_item_clear (&item);
  gst_alexnet_inflight_done (self->inflight, flow);
}

void
gst_alexnet_classify_forget_stream (GstAlexnetClassify *self)
{
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  gst_alexnet_schedule_reset (&self->schedule);
  forget_results (self);
  self->posted_class = NO_CLASS;
  GST_OBJECT_LOCK (self);
  self->earliest_time = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);
}
