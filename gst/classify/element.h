/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The element's own fields, and what sets them back. ../README.md says which
 * file does what, in the order in which they call each other.
 *
 * Two threads meet here. The sink pad's streaming thread decides about each
 * frame, submits it to the engine and appends it to the queue; the task on the
 * source pad takes the oldest, waits for its result, attaches it and pushes.
 * Serialized events ride in the same queue. inflight.h has the rules of that
 * queue; the fields below say which thread or lock they belong to. The object
 * lock guards plain values and is never held across a call that can block. */

#ifndef GST_ALEXNET_ELEMENT_H
#define GST_ALEXNET_ELEMENT_H

#include "inflight.h"
#include "input/cudamemory.h"
#include "region/named.h"
#include "session.h"
#include "settings.h"
#include "stats.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_alexnet_classify_debug);

#define GST_ALEXNET_UNKNOWN_FRAME_DURATION (GST_SECOND / 25)

/* So many frames without a detection or region that somebody asked for are not
 * what he expects: a warning says so. */
#define GST_ALEXNET_PATIENCE 100

typedef struct _GstAlexnetClassify GstAlexnetClassify;

/* Of the element that a pad's function is given. */
#define GST_ALEXNET_CLASSIFY_CAST(object) ((GstAlexnetClassify *) (object))

/* What has been posted since the start, or need not be any more. */
typedef struct {
  gboolean run_when;  /* that no detection is one of these */
  gboolean memory;    /* that pictures are not in host memory */
  gboolean no_region; /* that none is found */
  gboolean size;      /* that frames are scaled twice */
  gboolean regions;   /* that the newest caps have no place for them */
} GstAlexnetTold;

struct _GstAlexnetClassify {
  GstElement parent;

  GstPad *sinkpad, *srcpad;
  GstAlexnetInflight *inflight;
  GstAlexnetSession session;
  GstAlexnetCuda cuda;
  GstAlexnetWriter *writer; /* of examples; NULL: none are saved; constant while
                               pads are active */
  GArray *named;            /* region/named.h; constant while pads are active */
  GHashTable *places; /* tracks of these, by their quarks, and of the whole
                         frame, by 0; which there are is constant, too */
  GThread *sender;    /* the task's, while it sends; atomic */

  /* Of the sink pad's streaming thread. */
  GstVideoInfo video_info;
  gboolean negotiated;
  GstSegment segment;
  guint64 n_frames;
  GstAlexnetSchedule schedule;
  GHashTable *tracks;           /* of objects */
  guint64 last_look;            /* frame that objects were looked for in */
  GstAlexnetRoiFilter run_when; /* constant while pads are active */
  guint n_stopped;              /* frames that run-when has stopped */
  guint n_of_other_types;       /* of these, with detections of other types */
  guint n_without_regions;      /* frames before the first region */
  guint n_too_small;            /* regions of the newest of these */
  GstAlexnetTold told;

  /* Of the task. */
  GArray *regions; /* of the newest classified frame */
  GArray *posted;  /* guint: best class of the newest message, by region */
  gboolean posted_rois;
  guint warned;      /* bit 1 << AlexnetError: has been posted */
  guint64 n_results; /* regions that examples were chosen from */
  gboolean warned_of_examples;

  /* Under the object lock. */
  GstAlexnetSettings settings;
  gboolean outdated;    /* settings have changed since the model was loaded */
  gboolean told_misfit; /* that frames are not taken: was posted */
  gboolean pending; /* a change of state in the newest classified frame is */
  GstAlexnetStats stats;
  GstStructure *last_result;
  AlexnetEngine *engine;      /* the session's, borrowed; NULL: not started */
  GstClockTime earliest_time; /* frames before it are late; NONE: none are */
  GstClockTime frame_duration;
  guint64 latency; /* without batch-timeout, as it was last reported */
};

/* No lock may be held. */
void gst_alexnet_classify_post_problem (GstAlexnetClassify *self,
    GstMessageType type, const GError *error);

/* Blocks until everything is out. FALSE: that will not happen. */
gboolean gst_alexnet_classify_drain (GstAlexnetClassify *self);

/* What was seen before says nothing about what comes. The first is the sink
 * pad's streaming thread's, the others the task's: states outlast results. */
void gst_alexnet_classify_forget_tracks (GstAlexnetClassify *self);
void gst_alexnet_classify_forget_results (GstAlexnetClassify *self);
void gst_alexnet_classify_forget_states (GstAlexnetClassify *self);

/* Forgets what belongs to the stream before a flush or start. Neither thread
 * may be running. */
void gst_alexnet_classify_forget_stream (GstAlexnetClassify *self);

G_END_DECLS

#endif /* GST_ALEXNET_ELEMENT_H */
