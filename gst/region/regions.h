/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What of a frame is classified: the whole of it, or the regions that a
 * detector upstream left. A frame's regions are a list, a GArray of
 * GstAlexnetRegion that clears its elements; it travels with the frame.
 *
 * Objects that a tracker upstream follows from frame to frame have a track,
 * which the list refers to. The sink pad's streaming thread looks it up and
 * decides from it whether the object is classified again; the task puts the
 * result there and, as frames come in order, finds it at the next one. */

#ifndef GST_ALEXNET_REGIONS_H
#define GST_ALEXNET_REGIONS_H

#include <gst/video/video.h>

#include "alexnet.h"
#include "smoothing.h"

G_BEGIN_DECLS

/* Requests of a region: five positions, each also mirrored. */
#define GST_ALEXNET_MAX_VIEWS (2 * ALEXNET_N_POSITIONS)

/* Tracks are forgotten when their object was not seen for so many frames. */
#define GST_ALEXNET_TRACK_MEMORY 300

#define GST_ALEXNET_NO_CLASS G_MAXUINT

typedef enum {
  GST_ALEXNET_INFERENCE_FULL_FRAME,
  GST_ALEXNET_INFERENCE_ROI_LIST,
  GST_ALEXNET_INFERENCE_ROI_LIST_OR_FRAME,
} GstAlexnetInferenceRegion;

/* ---- results ------------------------------------------------------------- */

/* The classes of one region. Reference counted; constant once ranked. */
typedef struct {
  guint n_classes;
  float *probabilities;               /* [n_classes], softmax; NULL: only the
                                         best classes are known */
  guint64 queue_time, inference_time; /* ns; the longest of its requests */

  /* The classes that are kept, best first. */
  guint n;
  guint *class_ids;
  float *confidences; /* 0..1 */
} GstAlexnetResult;

/* For a request's result: begins with its best classes, or with no class and
 * probabilities of zero if it has any. */
GstAlexnetResult *gst_alexnet_result_new (const AlexnetResult *view);
void gst_alexnet_result_unref (GstAlexnetResult *result);

/* Keeps the `top_k` most probable classes of at least `threshold`, as far as
 * they are known. */
void gst_alexnet_result_rank (GstAlexnetResult *result, guint top_k,
    float threshold);

/* ---- tracks -------------------------------------------------------------- */

typedef struct {
  /* Of the sink pad's streaming thread; numbers of frames. */
  guint64 seen, classified;
  gboolean known; /* has been classified */

  /* Of the task. */
  GstAlexnetResult *result; /* NULL: none yet */
  GstAlexnetSmoothing smoothing;
  guint posted_class; /* best one of the newest message */
} GstAlexnetTrack;

/* Takes a reference; NULL: none. */
void gst_alexnet_track_set_result (GstAlexnetTrack *track,
    GstAlexnetResult *result);

/* As gst_alexnet_smoothing_add(). */
const float *gst_alexnet_track_smooth (GstAlexnetTrack *track,
    const GstAlexnetResult *result, GstClockTime time, guint64 time_constant);

/* From guint64 * to GstAlexnetTrack *. */
GHashTable *gst_alexnet_tracks_new (void);

/* Forgets the objects that have not been seen lately. */
void gst_alexnet_tracks_expire (GHashTable *tracks, guint64 frame_number);

/* ---- regions ------------------------------------------------------------- */

/* Where on the buffer the detection is. */
typedef enum {
  GST_ALEXNET_ORIGIN_NONE,  /* nowhere: the region of an earlier frame */
  GST_ALEXNET_ORIGIN_FRAME, /* it is the whole frame */
  GST_ALEXNET_ORIGIN_ROI,   /* the `index`-th region-of-interest metadata */
  GST_ALEXNET_ORIGIN_OD,    /* GstAnalyticsODMtd `index` */
} GstAlexnetOrigin;

typedef struct {
  AlexnetRegion area; /* pixels, inside the visible picture */
  gboolean is_roi;    /* FALSE: the whole frame */
  int id;             /* the detection's; -1: the whole frame */
  GQuark type;        /* the detector's class of it, or 0 */
  GstAlexnetOrigin origin;
  guint index;

  gboolean is_tracked;
  guint64 tracking_id;
  GstAlexnetTrack *track; /* a reference, or NULL */

  gboolean stale; /* not classified in this frame */
  AlexnetRequest *requests[GST_ALEXNET_MAX_VIEWS];
  guint n_requests;         /* not collected yet */
  GstAlexnetResult *result; /* a reference; NULL: none (yet) */
} GstAlexnetRegion;

/* A detection as metadata have it: may reach over the frame. */
typedef struct {
  gint64 x, y, width, height;
} GstAlexnetBox;

typedef struct {
  char **classes; /* of detections that are wanted; NULL = all */
  guint min_width, min_height;
} GstAlexnetRoiFilter;

/* Splits a list of classes at its commas. The result has to be cleared. */
void gst_alexnet_roi_filter_init (GstAlexnetRoiFilter *filter,
    const char *classes, guint min_width, guint min_height);
void gst_alexnet_roi_filter_clear (GstAlexnetRoiFilter *filter);

/* An empty list. */
GArray *gst_alexnet_regions_new (void);
GstAlexnetRegion *gst_alexnet_regions_nth (GArray *regions, guint i);

/* Appends the whole frame. */
void gst_alexnet_regions_add_frame (GArray *regions,
    const AlexnetRegion *visible);

/* Appends a detection, of which `region` has all but the area, after clipping
 * it to the visible picture. FALSE: not wanted; what of it is visible is
 * empty or too small counts in *n_skipped. */
gboolean gst_alexnet_regions_add (GArray *regions,
    const GstAlexnetRegion *region, const GstAlexnetBox *box,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped);

/* Appends every detection of the buffer: its GstAnalyticsODMtd or, where
 * there is none, its region-of-interest metadata. */
void gst_alexnet_regions_find (GArray *regions, GstBuffer *buffer,
    const AlexnetRegion *visible, const GstAlexnetRoiFilter *filter,
    guint *n_skipped);

/* Gives tracked regions their tracks, and marks those stale that have been
 * classified less than `interval` frames ago; 0: ever. */
void gst_alexnet_regions_follow (GArray *regions, GHashTable *tracks,
    guint64 frame_number, guint interval);

/* The results of `last` for a buffer that was not classified: all stale;
 * tracked objects are where the buffer says, other regions where they were. */
GArray *gst_alexnet_regions_repeat (GArray *last, GstBuffer *buffer,
    const AlexnetRegion *visible);

/* Its best class, or GST_ALEXNET_NO_CLASS. */
guint gst_alexnet_region_get_best (const GstAlexnetRegion *region);

/* TRUE: some region has a class; if `fresh`, one that is not stale. */
gboolean gst_alexnet_regions_have_result (GArray *regions, gboolean fresh);

G_END_DECLS

#endif /* GST_ALEXNET_REGIONS_H */
