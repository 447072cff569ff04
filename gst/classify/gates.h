/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What keeps frames and regions from being classified though they are due. */

#ifndef GST_ALEXNET_GATES_H
#define GST_ALEXNET_GATES_H

#include "element.h"

G_BEGIN_DECLS

/* `classes` as the property run-when has them, to be cleared. INVALID: one is
 * empty. */
gboolean gst_alexnet_gates_parse (GstAlexnetRoiFilter *run_when,
    const char *classes, GError **error);

/* TRUE: run-when lets the frame be classified. */
gboolean gst_alexnet_gates_let_run (GstAlexnetClassify *self,
    const GstAlexnetItem *item);

/* Tells, once, who asked for regions alone that none was found for long; of an
 * item that has been looked at. */
void gst_alexnet_gates_watch_regions (GstAlexnetClassify *self,
    const GstAlexnetItem *item);

/* At the end of a stream that was too short for long: tells who never got what
 * was asked for, and so no result. */
void gst_alexnet_gates_end (GstAlexnetClassify *self);

/* Marks those of the item's regions stale whose picture is what it was when
 * they were last classified. */
void gst_alexnet_gates_find_still (GstAlexnetClassify *self,
    GstAlexnetItem *item, const AlexnetImage *image);

/* What pictures were says nothing about what comes. The sink pad's streaming
 * thread's. */
void gst_alexnet_gates_forget_pictures (GstAlexnetClassify *self);

G_END_DECLS

#endif /* GST_ALEXNET_GATES_H */
