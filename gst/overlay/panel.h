/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pictures that the overlay lays over a frame, drawn with cairo and pango.
 * Each is a buffer of pixels with GstVideoMeta, of the format
 * GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB with premultiplied alpha. Sides
 * are even, so that pictures on even positions touch no chroma sample that
 * they share with other pixels. */

#ifndef GST_ALEXNET_PANEL_H
#define GST_ALEXNET_PANEL_H

#include <gst/video/video.h>
#include <pango/pango.h>

#include "meta/reader.h"

G_BEGIN_DECLS

typedef struct {
  double font_size;    /* pixels of the frame, vertically */
  double pixel_aspect; /* width of a pixel, its height being 1 */
  guint width, height; /* pixels that there is room for */
} GstAlexnetPanelStyle;

/* For one thread at a time; to be unreferenced. */
PangoContext *gst_alexnet_panel_context_new (void);

/* Labels, percentages and bars of at most `n_classes` classes, below the state
 * where there is one, which has another colour while a change is pending: less
 * of them where the room does not do. NULL when it does not do for one. */
GstBuffer *gst_alexnet_panel_draw (PangoContext *context,
    const GstAlexnetReadRegion *region, guint n_classes,
    const GstAlexnetPanelStyle *style);

/* What gst_alexnet_panel_draw() depends on, as text; to be freed. */
char *gst_alexnet_panel_describe (const GstAlexnetReadRegion *region,
    guint n_classes, const GstAlexnetPanelStyle *style);

/* The part at (x, y) with this width and height of the outline of a box, which
 * is `line` pixels wide. */
GstBuffer *gst_alexnet_panel_draw_outline (guint box_width, guint box_height,
    guint line, const GstVideoRectangle *part);

G_END_DECLS

#endif /* GST_ALEXNET_PANEL_H */
