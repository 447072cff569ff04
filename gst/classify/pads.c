/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pads.h"

#include "caps.h"
#include "frames.h"
#include "gates.h"
#include "states.h"
#include "submit.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

/* Frames in flight with a live source, beside those that wait for a batch,
 * unless the user says otherwise: what waits there is late already. */
#define LIVE_DEPTH 4

/* Frames in flight of one of many streams: batches are made of all of them. */
#define SHARED_DEPTH 4

/* Unblocks both threads; what they hold is refused. */
static void
stop_flow (GstAlexnetClassify *self)
{
  gst_alexnet_inflight_stop (self->inflight);
  GST_OBJECT_LOCK (self);
  gst_alexnet_session_set_flushing (&self->session, TRUE);
  GST_OBJECT_UNLOCK (self);
}

/* FALSE: somebody activates pads of an element that is not started. */
static gboolean
start_flow (GstAlexnetClassify *self)
{
  if (!self->session.stream)
    return FALSE;
  gst_alexnet_session_set_flushing (&self->session, FALSE);
  gst_alexnet_inflight_start (self->inflight);
  return gst_pad_start_task (self->srcpad, gst_alexnet_classify_send_oldest,
      self, NULL);
}

static void
join_task (GstElement *element, gpointer task)
{
  gst_task_join (task);
}

/* The task cannot wait for its own end: where it comes here itself, by a probe
 * that takes the element out of a pipeline, it ends after its push, and the
 * element stays until then. */
static gboolean
stop_task (GstAlexnetClassify *self)
{
  GstTask *task;

  if (g_atomic_pointer_get (&self->sender) != g_thread_self ())
    return gst_pad_stop_task (self->srcpad);
  GST_OBJECT_LOCK (self->srcpad);
  task = g_steal_pointer (&GST_PAD_TASK (self->srcpad));
  GST_OBJECT_UNLOCK (self->srcpad);
  if (!task)
    return TRUE;
  gst_task_stop (task);
  gst_element_call_async (GST_ELEMENT (self), join_task, task,
      gst_object_unref);
  return TRUE;
}

static gboolean
end_flow (GstAlexnetClassify *self)
{
  gboolean ok;

  stop_flow (self);
  ok = stop_task (self);
  gst_alexnet_inflight_clear (self->inflight, NULL);
  return ok;
}

static gboolean
flush_start (GstAlexnetClassify *self, GstEvent *event)
{
  gboolean ok = gst_pad_push_event (self->srcpad, event);

  stop_flow (self);
  gst_pad_pause_task (self->srcpad);
  return ok;
}

/* A state change may have deactivated the source pad before there was a task
 * that it could have stopped. */
static gboolean
flush_stop (GstAlexnetClassify *self, GstEvent *event)
{
  gboolean ok;

  stop_flow (self);
  gst_pad_pause_task (self->srcpad);
  gst_alexnet_inflight_clear (self->inflight, self->srcpad);
  gst_alexnet_classify_forget_stream (self);
  ok = gst_pad_push_event (self->srcpad, event);
  start_flow (self);
  if (!gst_pad_is_active (self->srcpad))
    end_flow (self);
  return ok;
}

static gboolean
gst_alexnet_classify_sink_activate_mode (GstPad *pad, GstObject *parent,
    GstPadMode mode, gboolean active)
{
  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  if (!active)
    stop_flow (GST_ALEXNET_CLASSIFY_CAST (parent));
  return TRUE;
}

static gboolean
gst_alexnet_classify_src_activate_mode (GstPad *pad, GstObject *parent,
    GstPadMode mode, gboolean active)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY_CAST (parent);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  return active ? start_flow (self) : end_flow (self);
}

/* Blocks until everything is out. FALSE: that will not happen. */
static gboolean
drain (GstAlexnetClassify *self)
{
  gst_alexnet_session_drain (&self->session);
  return gst_alexnet_inflight_wait_empty (self->inflight) == GST_FLOW_OK;
}

/* The engine has to work where upstream's CUDA memory is. A backend of the CPU
 * reads it through the host. */
static gboolean
follow_cuda (GstAlexnetClassify *self, const GstCaps *caps)
{
  const AlexnetEngine *engine = self->session.engine;
  int device_id;

  if (!gst_alexnet_cuda_is_in_caps (caps) ||
      !g_str_equal (alexnet_engine_get_backend (engine), "cudnn"))
    return TRUE;
  GST_OBJECT_LOCK (self);
  device_id = MAX (self->settings.cuda_device_id, -1);
  GST_OBJECT_UNLOCK (self);
  if (!gst_alexnet_cuda_find_context (&self->cuda, device_id) ||
      gst_alexnet_cuda_get_handle (&self->cuda) == self->session.cuda_context)
    return TRUE;
  return drain (self) && gst_alexnet_classify_change_engine (self);
}

static void
set_frame_duration (GstAlexnetClassify *self, const GstVideoInfo *info)
{
  GstClockTime duration = GST_ALEXNET_UNKNOWN_FRAME_DURATION;
  gboolean changed;

  if (info->fps_n > 0)
    duration = gst_util_uint64_scale_int (GST_SECOND, info->fps_d, info->fps_n);
  duration = MAX (duration, 1);
  GST_OBJECT_LOCK (self);
  changed = self->frame_duration != duration;
  self->frame_duration = duration;
  GST_OBJECT_UNLOCK (self);
  if (changed)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_latency (GST_OBJECT (self)));
}

/* Frames of the size of the network's input come from somebody who scaled them
 * for it, as other elements want it. */
static void
tell_of_size (GstAlexnetClassify *self)
{
  int side = (int) alexnet_model_get_input_size (self->session.model);
  guint resize_size = self->session.preprocess.resize_size;
  AlexnetCropMode mode;
  gboolean whole;

  GST_OBJECT_LOCK (self);
  mode = gst_alexnet_session_get_crop_mode (&self->session, &self->settings);
  whole = self->named->len == 0 &&
      self->settings.inference_region != GST_ALEXNET_INFERENCE_ROI_LIST;
  GST_OBJECT_UNLOCK (self);
  if (self->told_of_size || !whole || self->video_info.width != side ||
      self->video_info.height != side || resize_size <= (guint) side ||
      (mode != ALEXNET_CROP_CENTER && mode != ALEXNET_CROP_SQUASH))
    return;
  self->told_of_size = TRUE;
  GST_ELEMENT_INFO (self, STREAM, FORMAT,
      ("Frames of %dx%d are enlarged to %u and cut to %d again.", side, side,
          resize_size, side),
      ("the element itself makes the network's input of frames of any size: "
       "leave out what scales them in front of it, or set crop-mode=stretch"));
}

/* FALSE: a problem was posted, once: caps that are refused come again with each
 * event and frame. */
static gboolean
check_regions (GstAlexnetClassify *self)
{
  const GstVideoInfo *info = &self->video_info;
  g_autoptr (GError) error = NULL;

  if (gst_alexnet_named_check (self->named, info->width, info->height,
          &error)) {
    self->told_of_regions = FALSE;
    return TRUE;
  }
  if (!self->told_of_regions)
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_ERROR, error);
  self->told_of_regions = TRUE;
  return FALSE;
}

static gboolean
set_caps (GstAlexnetClassify *self, GstEvent *event)
{
  GstVideoInfo *info = &self->video_info;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  self->negotiated = gst_video_info_from_caps (info, caps);
  if (!self->negotiated) {
    GST_WARNING_OBJECT (self, "no video format in %" GST_PTR_FORMAT, caps);
    return FALSE;
  }
  self->negotiated = check_regions (self) && follow_cuda (self, caps);
  if (!self->negotiated)
    return FALSE;
  gst_alexnet_session_announce (&self->session);
  set_frame_duration (self, info);
  tell_of_size (self);
  return TRUE;
}

/* Takes the event. It goes out from here, as it does from an element without a
 * task: who sends EOS to empty the element and takes it out when that comes has
 * done so when this returns. Where no frame could tell upstream that nobody
 * listens, EOS must. */
static GstFlowReturn
send_eos (GstAlexnetClassify *self, GstEvent *event)
{
  GstFlowReturn flow;

  gst_alexnet_session_drain (&self->session);
  flow = gst_alexnet_inflight_wait_empty (self->inflight);
  if (flow == GST_FLOW_NOT_LINKED)
    GST_ELEMENT_FLOW_ERROR (self, flow);
  if (flow == GST_FLOW_OK)
    gst_pad_push_event (self->srcpad, event);
  else
    gst_event_unref (event);
  return flow;
}

/* There are no states then, which are looked for in pictures that are alike,
 * too. */
static void
begin_stream (GstAlexnetClassify *self)
{
  gboolean has_states;

  GST_OBJECT_LOCK (self);
  has_states = gst_alexnet_state_rules_apply (&self->settings.state_rules);
  GST_OBJECT_UNLOCK (self);
  gst_alexnet_classify_forget_tracks (self);
  if (has_states)
    gst_alexnet_gates_forget_pictures (self);
}

static GstFlowReturn
gst_alexnet_classify_sink_event (GstPad *pad, GstObject *parent,
    GstEvent *event)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY_CAST (parent);
  gboolean ok;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      ok = flush_start (self, event);
      return ok ? GST_FLOW_OK : GST_FLOW_ERROR;
    case GST_EVENT_FLUSH_STOP:
      ok = flush_stop (self, event);
      return ok ? GST_FLOW_OK : GST_FLOW_ERROR;
    case GST_EVENT_CAPS:
      if (!set_caps (self, event)) {
        gst_event_unref (event);
        return GST_FLOW_NOT_NEGOTIATED;
      }
      event = gst_alexnet_classify_map_caps_event (self, event);
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      break;
    case GST_EVENT_STREAM_START:
      begin_stream (self);
      break;
    case GST_EVENT_GAP:
      gst_alexnet_classify_forget_tracks (self);
      gst_alexnet_gates_forget_pictures (self);
      gst_alexnet_schedule_reset (&self->schedule);
      break;
    case GST_EVENT_SEGMENT_DONE:
      gst_alexnet_session_drain (&self->session);
      break;
    case GST_EVENT_EOS:
      return send_eos (self, event);
    default:
      break;
  }
  if (GST_EVENT_IS_SERIALIZED (event))
    return gst_alexnet_inflight_append_event (self->inflight, event);
  ok = gst_pad_event_default (pad, parent, event);
  return ok ? GST_FLOW_OK : GST_FLOW_ERROR;
}

/* What is late now will be later still when it arrives, so the next frame in
 * time is estimated to lie as much again ahead. */
static void
update_qos (GstAlexnetClassify *self, GstEvent *event)
{
  GstClockTimeDiff diff;
  GstClockTime timestamp, earliest = GST_CLOCK_TIME_NONE;

  gst_event_parse_qos (event, NULL, NULL, &diff, &timestamp);
  if (GST_CLOCK_TIME_IS_VALID (timestamp)) {
    if (diff > 0)
      earliest = timestamp + 2 * diff;
    else if (timestamp > (GstClockTime) -diff)
      earliest = timestamp + diff;
  }
  GST_OBJECT_LOCK (self);
  self->earliest_time = earliest;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_alexnet_classify_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY_CAST (parent);

  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS)
    update_qos (self, event);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_RECONFIGURE)
    gst_alexnet_inflight_relink (self->inflight);
  return gst_pad_event_default (pad, parent, event);
}

/* Holds the object lock. */
static guint
choose_depth (const GstAlexnetClassify *self, gboolean live)
{
  const GstAlexnetSettings *settings = &self->settings;
  guint64 n_waiting = settings->batch_timeout / self->frame_duration;
  guint depth = self->session.depth;

  if (!self->engine)
    return 1;
  if (settings->max_in_flight != 0)
    return depth;
  if (live)
    return MIN (depth, LIVE_DEPTH + n_waiting);
  return MIN (depth,
      MAX (SHARED_DEPTH,
          depth / MAX (1, alexnet_engine_count_streams (self->engine))));
}

/* Returns how many frames there can be in the element from now on. */
static guint
set_depth (GstAlexnetClassify *self, gboolean live)
{
  guint depth;

  GST_OBJECT_LOCK (self);
  depth = choose_depth (self, live);
  GST_OBJECT_UNLOCK (self);
  gst_alexnet_inflight_set_limit (self->inflight, depth);
  return depth;
}

/* FALSE also where upstream does not answer. */
static gboolean
is_live (GstAlexnetClassify *self)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (self->sinkpad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  return live;
}

/* Buffers stay here while they are in flight, so a pool needs more of them. */
static void
propose_pools (GstAlexnetClassify *self, GstQuery *query, GstCaps *caps,
    guint size, guint depth)
{
  guint n = gst_query_get_n_allocation_pools (query);

  if (n == 0) {
    GstBufferPool *pool = gst_alexnet_cuda_is_in_caps (caps)
        ? gst_alexnet_cuda_new_pool (&self->cuda, caps, size, depth)
        : NULL;

    gst_query_add_allocation_pool (query, pool, size, depth, 0);
    gst_clear_object (&pool);
  }
  for (guint i = 0; i < n; i++) {
    GstBufferPool *pool;
    guint size, min, max;

    gst_query_parse_nth_allocation_pool (query, i, &pool, &size, &min, &max);
    min += depth;
    if (max != 0)
      max = MAX (max, min);
    gst_query_set_nth_allocation_pool (query, i, pool, size, min, max);
    gst_clear_object (&pool);
  }
}

/* Sources ask before anybody has asked for the latency. Of metadata only that
 * is offered which the peer reads: it gets the same buffers, and one that takes
 * their layout from the caps would not find the pixels by GstVideoMeta. */
static gboolean
query_allocation (GstAlexnetClassify *self, GstQuery *query)
{
  guint depth = set_depth (self, is_live (self));
  GstVideoInfo info;
  GstCaps *caps;

  if (!gst_pad_peer_query (self->srcpad, query))
    GST_DEBUG_OBJECT (self, "nobody downstream answers ALLOCATION");
  gst_query_parse_allocation (query, &caps, NULL);
  if (!caps || !gst_video_info_from_caps (&info, caps))
    return FALSE;
  propose_pools (self, query, caps, info.size, depth);
  return TRUE;
}

static gboolean
is_about_caps (const GstQuery *query)
{
  return GST_QUERY_TYPE (query) == GST_QUERY_CAPS ||
      GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS;
}

static gboolean
gst_alexnet_classify_sink_query (GstPad *pad, GstObject *parent,
    GstQuery *query)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY_CAST (parent);

  if (is_about_caps (query))
    return gst_alexnet_classify_query_caps (pad, parent, query);
  if (GST_QUERY_TYPE (query) == GST_QUERY_CONTEXT &&
      gst_alexnet_cuda_answer (&self->cuda, query))
    return TRUE;
  if (!GST_QUERY_IS_SERIALIZED (query))
    return gst_pad_query_default (pad, parent, query);
  if (!drain (self))
    return FALSE;
  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION)
    return query_allocation (self, query);
  return gst_pad_peer_query (self->srcpad, query);
}

static gboolean
query_latency (GstAlexnetClassify *self, GstQuery *query)
{
  GstClockTime min, max;
  gboolean live;
  guint depth;

  if (!gst_pad_peer_query (self->sinkpad, query))
    return FALSE;
  gst_query_parse_latency (query, &live, &min, &max);

  depth = set_depth (self, live);

  GST_OBJECT_LOCK (self);
  min += self->latency + self->settings.batch_timeout;
  if (GST_CLOCK_TIME_IS_VALID (max))
    max += depth * self->frame_duration;
  GST_OBJECT_UNLOCK (self);
  gst_query_set_latency (query, live, min, max);
  return TRUE;
}

static gboolean
gst_alexnet_classify_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY_CAST (parent);

  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return query_latency (self, query);
  if (is_about_caps (query))
    return gst_alexnet_classify_query_caps (pad, parent, query);
  if (GST_QUERY_TYPE (query) == GST_QUERY_CONTEXT &&
      gst_alexnet_cuda_answer (&self->cuda, query))
    return TRUE;
  return gst_pad_query_default (pad, parent, query);
}

static GstPad *
add_pad (GstAlexnetClassify *self, const char *name,
    GstPadActivateModeFunction activate_mode)
{
  GstElement *element = GST_ELEMENT (self);
  GstPadTemplate *template = gst_element_get_pad_template (element, name);
  GstPad *pad = gst_pad_new_from_template (template, name);

  gst_pad_set_activatemode_function (pad, activate_mode);
  GST_PAD_SET_PROXY_CAPS (pad);
  gst_element_add_pad (element, pad);
  return pad;
}

void
gst_alexnet_classify_add_pads (GstAlexnetClassify *self)
{
  self->sinkpad = add_pad (self, "sink",
      gst_alexnet_classify_sink_activate_mode);
  gst_pad_set_chain_function (self->sinkpad, gst_alexnet_classify_chain);
  gst_pad_set_event_full_function (self->sinkpad,
      gst_alexnet_classify_sink_event);
  gst_pad_set_query_function (self->sinkpad, gst_alexnet_classify_sink_query);

  self->srcpad = add_pad (self, "src", gst_alexnet_classify_src_activate_mode);
  gst_pad_set_event_function (self->srcpad, gst_alexnet_classify_src_event);
  gst_pad_set_query_function (self->srcpad, gst_alexnet_classify_src_query);
}
