/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inflight.h"

#include <gst/base/gstqueuearray.h>

#define INITIAL_ITEMS 64

struct _GstAlexnetInflight {
  GMutex lock;
  GCond added, removed;
  GstFlowReturn flow;
  guint64 era; /* how often it was cleared */
  GstQueueArray *items;
  guint n_inside; /* queued and taken, of what takes room */
  guint limit;
  gboolean busy, busy_with_room; /* an item is taken */
  gboolean discard; /* frames up to the next segment are unwanted */
};

static gboolean
is_frame (const GstAlexnetItem *item)
{
  return GST_IS_BUFFER (item->object);
}

/* What passes time, and so fills it. */
static gboolean
takes_room (const GstAlexnetItem *item)
{
  return is_frame (item) || GST_EVENT_TYPE (item->object) == GST_EVENT_GAP;
}

static gboolean
begins_anew (const GstAlexnetItem *item)
{
  return !is_frame (item) &&
      (GST_EVENT_TYPE (item->object) == GST_EVENT_STREAM_START ||
          GST_EVENT_TYPE (item->object) == GST_EVENT_SEGMENT);
}

static gboolean
is_moving (const GstAlexnetInflight *inflight)
{
  return inflight->flow == GST_FLOW_OK || inflight->flow == GST_FLOW_EOS;
}

void
gst_alexnet_item_clear (GstAlexnetItem *item)
{
  g_clear_pointer (&item->regions, g_array_unref);
  g_clear_pointer (&item->object, gst_mini_object_unref);
  g_clear_error (&item->error);
}

GstAlexnetInflight *
gst_alexnet_inflight_new (void)
{
  GstAlexnetInflight *inflight = g_new0 (GstAlexnetInflight, 1);

  g_mutex_init (&inflight->lock);
  g_cond_init (&inflight->added);
  g_cond_init (&inflight->removed);
  inflight->flow = GST_FLOW_FLUSHING;
  inflight->limit = 1;
  inflight->items = gst_queue_array_new_for_struct (sizeof (GstAlexnetItem),
      INITIAL_ITEMS);
  return inflight;
}

void
gst_alexnet_inflight_free (GstAlexnetInflight *inflight)
{
  gst_alexnet_inflight_clear (inflight, NULL);
  gst_queue_array_free (inflight->items);
  g_cond_clear (&inflight->removed);
  g_cond_clear (&inflight->added);
  g_mutex_clear (&inflight->lock);
  g_free (inflight);
}

void
gst_alexnet_inflight_set_limit (GstAlexnetInflight *inflight, guint frames)
{
  g_mutex_lock (&inflight->lock);
  inflight->limit = frames;
  g_cond_broadcast (&inflight->removed);
  g_mutex_unlock (&inflight->lock);
}

static void
set_flow (GstAlexnetInflight *inflight, GstFlowReturn flow)
{
  inflight->flow = flow;
  g_cond_broadcast (&inflight->added);
  g_cond_broadcast (&inflight->removed);
}

void
gst_alexnet_inflight_stop (GstAlexnetInflight *inflight)
{
  g_mutex_lock (&inflight->lock);
  set_flow (inflight, GST_FLOW_FLUSHING);
  g_mutex_unlock (&inflight->lock);
}

void
gst_alexnet_inflight_start (GstAlexnetInflight *inflight)
{
  g_mutex_lock (&inflight->lock);
  inflight->discard = FALSE;
  set_flow (inflight, GST_FLOW_OK);
  g_mutex_unlock (&inflight->lock);
}

void
gst_alexnet_inflight_relink (GstAlexnetInflight *inflight)
{
  g_mutex_lock (&inflight->lock);
  if (inflight->flow == GST_FLOW_NOT_LINKED)
    set_flow (inflight, GST_FLOW_OK);
  g_mutex_unlock (&inflight->lock);
}

static gboolean
outlives_flush (const GstEvent *event)
{
  return GST_EVENT_IS_STICKY (event) &&
      GST_EVENT_TYPE (event) != GST_EVENT_SEGMENT;
}

void
gst_alexnet_inflight_clear (GstAlexnetInflight *inflight, GstPad *pad)
{
  GstAlexnetItem *item;

  g_mutex_lock (&inflight->lock);
  while ((item = gst_queue_array_pop_head_struct (inflight->items))) {
    if (pad && !is_frame (item) && outlives_flush (GST_EVENT (item->object)))
      gst_pad_store_sticky_event (pad, GST_EVENT (item->object));
    gst_alexnet_item_clear (item);
  }
  inflight->era++;
  inflight->n_inside = 0;
  inflight->busy = inflight->busy_with_room = FALSE;
  g_cond_broadcast (&inflight->removed);
  g_mutex_unlock (&inflight->lock);
}

gboolean
gst_alexnet_inflight_is_full (GstAlexnetInflight *inflight)
{
  gboolean full;

  g_mutex_lock (&inflight->lock);
  full = inflight->n_inside >= inflight->limit;
  g_mutex_unlock (&inflight->lock);
  return full;
}

/* After EOS gaps still move, and fill it. */
static gboolean
may_get_room (const GstAlexnetInflight *inflight, const GstAlexnetItem *item)
{
  return is_frame (item) ? inflight->flow == GST_FLOW_OK : is_moving (inflight);
}

GstFlowReturn
gst_alexnet_inflight_wait_room (GstAlexnetInflight *inflight,
    GstAlexnetItem *item)
{
  GstFlowReturn flow;

  g_mutex_lock (&inflight->lock);
  while (may_get_room (inflight, item) && inflight->n_inside >= inflight->limit)
    g_cond_wait (&inflight->removed, &inflight->lock);
  flow = inflight->flow;
  item->era = inflight->era;
  g_mutex_unlock (&inflight->lock);
  return flow;
}

static void
append (GstAlexnetInflight *inflight, GstAlexnetItem *item)
{
  inflight->n_inside += takes_room (item);
  gst_queue_array_push_tail_struct (inflight->items, item);
  memset (item, 0, sizeof *item);
  g_cond_signal (&inflight->added);
}

GstFlowReturn
gst_alexnet_inflight_append_frame (GstAlexnetInflight *inflight,
    GstAlexnetItem *item)
{
  GstFlowReturn flow;

  g_mutex_lock (&inflight->lock);
  flow = inflight->flow;
  if (flow == GST_FLOW_OK && item->era == inflight->era)
    append (inflight, item);
  g_mutex_unlock (&inflight->lock);
  gst_alexnet_item_clear (item);
  return flow;
}

static gboolean
accepts_event (const GstAlexnetInflight *inflight, const GstEvent *event)
{
  return is_moving (inflight) ||
      (inflight->flow != GST_FLOW_FLUSHING && GST_EVENT_IS_STICKY (event));
}

GstFlowReturn
gst_alexnet_inflight_append_event (GstAlexnetInflight *inflight,
    GstEvent *event)
{
  GstAlexnetItem item = { .object = GST_MINI_OBJECT (event) };
  GstFlowReturn flow;

  g_mutex_lock (&inflight->lock);
  if (inflight->flow == GST_FLOW_EOS && begins_anew (&item))
    set_flow (inflight, GST_FLOW_OK);
  flow = inflight->flow;
  if (accepts_event (inflight, event)) {
    item.era = inflight->era;
    append (inflight, &item);
    flow = GST_FLOW_OK;
  }
  g_mutex_unlock (&inflight->lock);
  gst_alexnet_item_clear (&item);
  return flow;
}

static gboolean
can_take (const GstAlexnetInflight *inflight)
{
  return is_moving (inflight) && !gst_queue_array_is_empty (inflight->items);
}

/* Waits for the next item and moves it out; FALSE: flushing. */
static gboolean
pop (GstAlexnetInflight *inflight, GstAlexnetItem *item)
{
  while (!can_take (inflight) && inflight->flow != GST_FLOW_FLUSHING)
    g_cond_wait (&inflight->added, &inflight->lock);
  if (inflight->flow == GST_FLOW_FLUSHING)
    return FALSE;
  *item = *(GstAlexnetItem *) gst_queue_array_pop_head_struct (inflight->items);
  if (begins_anew (item))
    inflight->discard = FALSE;
  return TRUE;
}

static void
make_room (GstAlexnetInflight *inflight)
{
  inflight->n_inside--;
  g_cond_broadcast (&inflight->removed);
}

gboolean
gst_alexnet_inflight_take (GstAlexnetInflight *inflight, GstAlexnetItem *item)
{
  gboolean taken;

  g_mutex_lock (&inflight->lock);
  while ((taken = pop (inflight, item)) && inflight->discard &&
      is_frame (item)) {
    gst_alexnet_item_clear (item);
    make_room (inflight);
  }
  inflight->busy = taken;
  inflight->busy_with_room = taken && takes_room (item);
  g_mutex_unlock (&inflight->lock);
  return taken;
}

static gboolean
holds_new_beginning (const GstAlexnetInflight *inflight)
{
  guint n = gst_queue_array_get_length (inflight->items);

  for (guint i = 0; i < n; i++)
    if (begins_anew (gst_queue_array_peek_nth_struct (inflight->items, i)))
      return TRUE;
  return FALSE;
}

static void
settle (GstAlexnetInflight *inflight, GstFlowReturn flow)
{
  if (inflight->busy_with_room)
    make_room (inflight);
  inflight->busy = inflight->busy_with_room = FALSE;
  if (flow == GST_FLOW_EOS) {
    inflight->discard = TRUE;
    if (holds_new_beginning (inflight))
      flow = GST_FLOW_OK;
  }
  if (flow < GST_FLOW_OK && inflight->flow == GST_FLOW_OK)
    set_flow (inflight, flow);
  g_cond_broadcast (&inflight->removed);
}

void
gst_alexnet_inflight_done (GstAlexnetInflight *inflight,
    const GstAlexnetItem *item, GstFlowReturn flow)
{
  g_mutex_lock (&inflight->lock);
  if (item->era == inflight->era)
    settle (inflight, flow);
  g_mutex_unlock (&inflight->lock);
}

gboolean
gst_alexnet_inflight_wants (GstAlexnetInflight *inflight,
    const GstAlexnetItem *item)
{
  gboolean wants;

  g_mutex_lock (&inflight->lock);
  wants = inflight->flow != GST_FLOW_FLUSHING && item->era == inflight->era;
  g_mutex_unlock (&inflight->lock);
  return wants;
}

GstFlowReturn
gst_alexnet_inflight_wait_empty (GstAlexnetInflight *inflight)
{
  GstFlowReturn flow;

  g_mutex_lock (&inflight->lock);
  while (is_moving (inflight) &&
      (inflight->busy || !gst_queue_array_is_empty (inflight->items)))
    g_cond_wait (&inflight->removed, &inflight->lock);
  flow = is_moving (inflight) ? GST_FLOW_OK : inflight->flow;
  g_mutex_unlock (&inflight->lock);
  return flow;
}
