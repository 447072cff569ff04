/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The element's own fields, and what its three files call in one another:
 * gstalexnetclassify.c is the class, its properties and states; frames.c is
 * the way of a frame; pads.c is events, queries and activation.
 *
 * Two threads meet here. The sink pad's streaming thread decides about each
 * frame, submits it to the engine and appends it to the queue; the task on the
 * source pad takes the oldest, waits for its result, attaches it and pushes.
 * Serialized events ride in the same queue. inflight.h has the rules of that
 * queue; the fields below say which thread or lock they belong to. The object
 * lock guards plain values and is never held across a call that can block. */

#ifndef GST_ALEXNET_ELEMENT_H
#define GST_ALEXNET_ELEMENT_H

#include "cudamemory.h"
#include "gstalexnetclassify.h"
#include "inflight.h"
#include "result.h"
#include "session.h"
#include "settings.h"
#include "smoothing.h"
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
  AlexnetCropMode crop_mode; /* the stream's */

  /* Of the task. */
  GstAlexnetResult result; /* of the newest classified frame */
  GstAlexnetSmoothing smoothing;
  guint posted_class; /* best one of the newest message */
  guint warned;       /* bit 1 << AlexnetError: has been posted */

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

/* frames.c */

GstFlowReturn gst_alexnet_classify_chain (GstPad *pad, GstObject *parent,
    GstBuffer *buffer);

/* The task on the source pad: sends the oldest frame or event. */
void gst_alexnet_classify_send_oldest (gpointer self);

/* Forgets what belongs to the stream before a flush or start. Neither thread
 * may be running. */
void gst_alexnet_classify_forget_stream (GstAlexnetClassify *self);

/* pads.c */

void gst_alexnet_classify_add_pads (GstAlexnetClassify *self);

G_END_DECLS

#endif /* GST_ALEXNET_ELEMENT_H */
