/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What of a frame is classified: the whole of it, regions that the user named,
 * or those that a detector upstream left. A frame's regions are a list, a
 * GArray of GstAlexnetRegion that clears its elements; it travels with the
 * frame. Nothing here knows of metadata: meta/detections.h makes such a list of
 * it, and named.h one of what the user named. */

#ifndef GST_ALEXNET_REGIONS_H
#define GST_ALEXNET_REGIONS_H

#include <gst/gst.h>

#include "alexnet.h"
#include "classes.h"
#include "tracks.h"

G_BEGIN_DECLS

/* Requests of a region: five positions, each also mirrored. */
#define GST_ALEXNET_MAX_VIEWS (2 * ALEXNET_N_POSITIONS)

/* Where on the buffer the detection is. */
typedef enum {
  GST_ALEXNET_ORIGIN_NONE,  /* nowhere: the region of an earlier frame */
  GST_ALEXNET_ORIGIN_FRAME, /* it is the whole frame */
  GST_ALEXNET_ORIGIN_NAMED, /* it has a name */
  GST_ALEXNET_ORIGIN_ROI,   /* the `index`-th region-of-interest metadata */
  GST_ALEXNET_ORIGIN_OD,    /* GstAnalyticsODMtd `index` */
} GstAlexnetOrigin;

typedef struct {
  AlexnetRegion area; /* pixels, inside the visible picture */
  gboolean is_roi;    /* FALSE: the whole frame */
  int id;             /* the detection's; -1: the frame, or one with a name */
  GQuark name;        /* that the user gave it, or 0 */
  GQuark type;        /* its name, the detector's class of it, or 0 */
  GstAlexnetOrigin origin;
  guint index;

  gboolean is_tracked; /* by an element upstream, with this id: */
  guint64 tracking_id;
  GstAlexnetTrack *track; /* a reference, or NULL: it is not known again */

  gboolean stale; /* not classified in this frame */
  AlexnetRequest *requests[GST_ALEXNET_MAX_VIEWS];
  guint n_requests;           /* not collected yet */
  GstAlexnetClasses *classes; /* a reference; NULL: none (yet) */
  gboolean has_state;         /* FALSE: none is kept of it */
  GstAlexnetState state;      /* with this frame, or the one it is from */
  gboolean has_changed;       /* the state, with this frame */
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

/* Gives tracked regions their tracks of `tracks`, and marks those stale that
 * gst_alexnet_tracks_follow() says are. The whole frame, by 0, and regions with
 * a name, by its quark, have theirs in `places` and are not stale. */
void gst_alexnet_regions_follow (GArray *regions, GHashTable *tracks,
    GHashTable *places, guint64 frame_number, guint interval);

/* The classes of `last` for a frame that was not classified: all stale;
 * tracked objects and regions with a name are where `found`, what there is of
 * both in the frame, says, others where they were. */
GArray *gst_alexnet_regions_repeat (GArray *last, GArray *found,
    const AlexnetRegion *visible);

/* Its best class, or GST_ALEXNET_NO_CLASS. */
guint gst_alexnet_region_get_best (const GstAlexnetRegion *region);

/* TRUE: there is a result to tell: it has a class, or its state has changed. */
gboolean gst_alexnet_region_is_told (const GstAlexnetRegion *region);

/* TRUE: some region is told; if `fresh`, one that is not stale. */
gboolean gst_alexnet_regions_are_told (GArray *regions, gboolean fresh);

/* TRUE: some region has a class. */
gboolean gst_alexnet_regions_have_classes (GArray *regions);

G_END_DECLS

#endif /* GST_ALEXNET_REGIONS_H */
