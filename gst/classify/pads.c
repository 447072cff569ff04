/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pads.h"

#include "caps.h"
#include "format.h"
#include "frames.h"
#include "gates.h"
#include "queries.h"
#include "submit.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

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

/* Takes the event. It goes out from here, as it does from an element without a
 * task: who sends EOS to empty the element and takes it out when that comes has
 * done so when this returns. Where no frame could tell upstream that nobody
 * listens, EOS must. */
static GstFlowReturn
send_eos (GstAlexnetClassify *self, GstEvent *event)
{
  GstFlowReturn flow;

  gst_alexnet_gates_end (self);
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

/* Gaps wait for room as frames do: else nothing would hold back who sends
 * nothing but gaps. */
static void
begin_gap (GstAlexnetClassify *self, GstEvent *event)
{
  GstAlexnetItem gap = { .object = GST_MINI_OBJECT (event) };

  gst_alexnet_classify_forget_tracks (self);
  gst_alexnet_gates_forget_pictures (self);
  gst_alexnet_schedule_reset (&self->schedule);
  gst_alexnet_classify_wait_room (self, &gap);
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
      if (!gst_alexnet_classify_set_format (self, event)) {
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
      begin_gap (self, event);
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
  GST_LOG_OBJECT (self, "late by %" GST_STIME_FORMAT " at %" GST_TIME_FORMAT,
      GST_STIME_ARGS (diff), GST_TIME_ARGS (timestamp));
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
  gst_pad_set_query_function (self->sinkpad, gst_alexnet_classify_query_sink);

  self->srcpad = add_pad (self, "src", gst_alexnet_classify_src_activate_mode);
  gst_pad_set_event_function (self->srcpad, gst_alexnet_classify_src_event);
  gst_pad_set_query_function (self->srcpad, gst_alexnet_classify_query_src);
}
