/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known again from frame to frame has a track: an object that a tracker
 * upstream follows, a region with a name, the whole frame. The sink pad's
 * streaming thread looks it up and decides from it whether that is classified
 * again; the task puts the classes there and, as frames come in order, finds
 * them at the next one. */

#ifndef GST_ALEXNET_TRACKS_H
#define GST_ALEXNET_TRACKS_H

#include <gst/gst.h>

#include "classes.h"
#include "motion.h"
#include "smoothing.h"
#include "vote.h"

G_BEGIN_DECLS

/* Tracks of objects are forgotten when those were in none of so many frames,
 * whether those were classified or not, unless they were in the last one that
 * was. */
#define GST_ALEXNET_TRACK_MEMORY 300

/* Reference counted. */
typedef struct {
  /* Of the sink pad's streaming thread; numbers of frames. */
  guint64 seen, classified;
  gboolean known;                /* has been classified */
  GstAlexnetThumbnail thumbnail; /* of the picture that was classified last */

  /* Of the task. */
  GstAlexnetClasses *classes; /* NULL: none yet */
  GstAlexnetSmoothing smoothing;
  GstAlexnetState state;
  GstAlexnetVote vote; /* of objects */
  guint posted_class;  /* best one of the newest message */
  guint learned_class; /* best one, or state, that examples were chosen by */
  gboolean is_learned_from; /* a choice has been made */

  int pending; /* atomic: a change of the state is, or the first one */
  int decided; /* atomic: the vote is, and nothing changes its state again */
} GstAlexnetTrack;

void gst_alexnet_track_unref (GstAlexnetTrack *track);

/* Takes a reference; NULL: none. */
void gst_alexnet_track_set_classes (GstAlexnetTrack *track,
    GstAlexnetClasses *classes);

/* What it was classified as says nothing about what comes; its state stays. */
void gst_alexnet_track_forget_results (GstAlexnetTrack *track);

/* As gst_alexnet_smoothing_add(). */
const float *gst_alexnet_track_smooth (GstAlexnetTrack *track,
    const GstAlexnetClasses *classes, GstClockTime time, guint64 time_constant);

/* From guint64 * to GstAlexnetTrack *. */
GHashTable *gst_alexnet_tracks_new (void);

/* The track with this id, made if there is none; borrowed. */
GstAlexnetTrack *gst_alexnet_tracks_get (GHashTable *tracks, guint64 id);

/* The track of what is in this frame; the caller unrefs it. *stale: it was
 * classified less than `interval` frames ago; 0: ever, and no change of its
 * state is pending, or the vote on it is decided. Where not, it is going to be
 * classified in this frame. */
GstAlexnetTrack *gst_alexnet_tracks_follow (GHashTable *tracks, guint64 id,
    guint64 frame_number, guint interval, gboolean *stale);

/* Forgets the objects that have not been seen lately; `previous` is the frame
 * that was looked at before this one. */
void gst_alexnet_tracks_expire (GHashTable *tracks, guint64 previous,
    guint64 frame_number);

G_END_DECLS

#endif /* GST_ALEXNET_TRACKS_H */
