/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "queries.h"

#include "caps.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

/* Frames in flight with a live source, beside those that wait for a batch,
 * unless the user says otherwise: what waits there is late already. */
#define LIVE_DEPTH 4

/* Frames in flight of one of some streams, and of one of many: batches are made
 * of all of them, and each frame may be a large one. */
#define SHARED_DEPTH 4
#define LEAST_DEPTH 2

/* `depth` are two batches; of four there are never fewer than two a stream. */
static guint
share_depth (guint depth, guint n_streams)
{
  guint part = MAX (depth / n_streams,
      MIN (SHARED_DEPTH, 2 * depth / n_streams));

  return MIN (depth, MAX (part, LEAST_DEPTH));
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
  return share_depth (depth,
      MAX (1, alexnet_engine_count_streams (self->engine)));
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

gboolean
gst_alexnet_classify_query_sink (GstPad *pad, GstObject *parent,
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
  if (!gst_alexnet_classify_drain (self))
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

gboolean
gst_alexnet_classify_query_src (GstPad *pad, GstObject *parent, GstQuery *query)
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
