/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames with several photographs on them, and regions that a detector would
 * have left there. */

#ifndef ALEXNET_TEST_COLLAGE_H
#define ALEXNET_TEST_COLLAGE_H

#include "helpers.h"

#define COLLAGE_COLUMNS 4
#define COLLAGE_ROWS 2
#define COLLAGE_TILE 32

/* Sets the fixture's caps to those of a collage. */
void collage_set_caps (Fixture *fixture);

/* A photograph with this corner on a frame of RGB, a tile large. */
void collage_draw (GstVideoFrame *frame, guint photo, guint x, guint y);

/* The horse in even tiles, the truck in odd ones; timestamp by its number. */
GstBuffer *collage_new (Fixture *fixture);

/* Region-of-interest metadata; a tile by its number. */
GstVideoRegionOfInterestMeta *collage_add_roi (GstBuffer *buffer,
    const char *type, guint x, guint y, guint width, guint height);
GstVideoRegionOfInterestMeta *collage_add_tile (GstBuffer *buffer, guint tile);

/* Only these columns of the frame are visible. */
void collage_crop (GstBuffer *buffer, guint x, guint width);

/* A tile that a tracker follows. */
void collage_add_object (GstBuffer *buffer, guint tile, int id);

#if HAVE_GST_ANALYTICS
/* A tile as GstAnalytics metadata; returns the detection's id. */
guint collage_add_detection (GstBuffer *buffer, const char *type, guint tile);

/* Relates a detection to a track; `reverse`: as some trackers do. */
void collage_track_detection (GstBuffer *buffer, guint od_id, guint64 id,
    gboolean reverse);
#endif

/* Fails unless the region lies there, 0..1. */
void collage_expect_place (const GstStructure *result, double x, double y,
    double width, double height);

/* Fails unless the region is that tile and of its class. */
void collage_expect_tile (const GstStructure *result, guint tile);

#endif /* ALEXNET_TEST_COLLAGE_H */
