/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The element's own fields, and what its four files call in one another:
 * gstalexnetclassify.c is the class, its properties and states; submit.c and
 * frames.c are the way of a frame, in and out; pads.c is events, queries and
 * activation.
 *
 * Two threads meet here. The sink pad's streaming thread decides about each
 * frame, submits it to the engine and appends it to the queue; the task on the
 * source pad takes the oldest, waits for its result, attaches it and pushes.
 * Serialized events ride in the same queue. inflight.h has the rules of that
 * queue; the fields below say which thread or lock they belong to. The object
 * lock guards plain values and is never held across a call that can block. */

#ifndef GST_ALEXNET_ELEMENT_H
#define GST_ALEXNET_ELEMENT_H

#include "input/cudamemory.h"
#include "gstalexnetclassify.h"
#include "inflight.h"
#include "meta/result.h"
#include "session.h"
#include "settings.h"
#include "region/smoothing.h"
#include "stats.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_alexnet_classify_debug);

#define GST_ALEXNET_UNKNOWN_FRAME_DURATION (GST_SECOND / 25)

struct _GstAlexnetClassify {
  GstElement parent;

  GstPad *sinkpad, *srcpad;
  GstAlexnetInflight *inflight;
  GstAlexnetSession session;
  GstAlexnetCuda cuda;

  /* Of the sink pad's streaming thread. */
  GstVideoInfo video_info;
  gboolean negotiated;
  GstSegment segment;
  guint64 n_frames;
  GstAlexnetSchedule schedule;
  GHashTable *tracks;
  guint n_without_regions; /* frames since the newest region */
  gboolean warned_of_no_region;

  /* Of the task. */
  GArray *regions;               /* of the newest classified frame */
  GstAlexnetSmoothing smoothing; /* of whole frames */
  GArray *posted; /* guint: best class of the newest message, by region */
  gboolean posted_rois;
  guint warned; /* bit 1 << AlexnetError: has been posted */

  /* Under the object lock. */
  GstAlexnetSettings settings;
  GstAlexnetStats stats;
  GstStructure *last_result;
  AlexnetEngine *engine;      /* the session's, borrowed; NULL: not started */
  GstClockTime earliest_time; /* frames before it are late; NONE: none are */
  GstClockTime frame_duration;
  guint64 latency; /* without batch-timeout, as it was last reported */
};

/* gstalexnetclassify.c */

/* Gives the element another engine, for CUDA memory of the context in `cuda`.
 * Nothing may be in flight, but the element may be flushed meanwhile. FALSE: a
 * problem was posted, and the engine is the one before. */
gboolean gst_alexnet_classify_change_engine (GstAlexnetClassify *self);

/* No lock may be held. */
void gst_alexnet_classify_post_problem (GstAlexnetClassify *self,
    GstMessageType type, const GError *error);

/* submit.c */

GstFlowReturn gst_alexnet_classify_chain (GstPad *pad, GstObject *parent,
    GstBuffer *buffer);

/* Waits for the region's result. Any thread that has the item. The item's error
 * says what went wrong; FALSE: so much that it must not come out. */
gboolean gst_alexnet_classify_collect (GstAlexnetClassify *self,
    GstAlexnetItem *item, GstAlexnetRegion *region);

/* Forgets what belongs to the stream so far. */
void gst_alexnet_classify_forget_tracks (GstAlexnetClassify *self);

/* frames.c */

/* The task on the source pad: sends the oldest frame or event. */
void gst_alexnet_classify_send_oldest (gpointer self);

/* Forgets what belongs to the stream before a flush or start. Neither thread
 * may be running. */
void gst_alexnet_classify_forget_stream (GstAlexnetClassify *self);

/* pads.c */

void gst_alexnet_classify_add_pads (GstAlexnetClassify *self);

G_END_DECLS

#endif /* GST_ALEXNET_ELEMENT_H */
