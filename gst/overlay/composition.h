/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Classifications -> what is laid over a frame. Pictures that stay as they
 * were are kept from one frame to the next. For one thread at a time. */

#ifndef GST_ALEXNET_COMPOSITION_H
#define GST_ALEXNET_COMPOSITION_H

#include <gst/video/video.h>
#include <pango/pango.h>

#include "meta/reader.h"

G_BEGIN_DECLS

typedef enum {
  GST_ALEXNET_POSITION_TOP_LEFT,
  GST_ALEXNET_POSITION_TOP_RIGHT,
  GST_ALEXNET_POSITION_BOTTOM_LEFT,
  GST_ALEXNET_POSITION_BOTTOM_RIGHT,
} GstAlexnetPosition;

typedef struct {
  GstAlexnetPosition position; /* of the whole frame's panel */
  float font_size;             /* pixels; 0 = by the height of the picture */
  guint top_k, region_top_k;   /* classes shown of the frame, of a region */
  gboolean outline;            /* of regions */
} GstAlexnetCompositionSettings;

typedef struct {
  PangoContext *context;
  GHashTable *pictures; /* text that describes a picture -> array of the
                         * rectangles with it, in the order they are shown */
} GstAlexnetCompositor;

void gst_alexnet_compositor_init (GstAlexnetCompositor *compositor);
void gst_alexnet_compositor_clear (GstAlexnetCompositor *compositor);

/* Of an array of GstAlexnetReading, for a picture that lies at `visible` in
 * frames like `info`. NULL when there is nothing to show, or no room to show
 * it. */
GstVideoOverlayComposition *
gst_alexnet_compositor_compose (GstAlexnetCompositor *compositor,
    const GArray *readings, const GstAlexnetCompositionSettings *settings,
    const GstVideoInfo *info, const GstVideoRectangle *visible);

G_END_DECLS

#endif /* GST_ALEXNET_COMPOSITION_H */
