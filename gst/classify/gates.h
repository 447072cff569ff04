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

/* Marks those of the item's regions stale whose picture is what it was when
 * they were last classified. */
void gst_alexnet_gates_find_still (GstAlexnetClassify *self,
    GstAlexnetItem *item, const AlexnetImage *image);

/* What pictures were says nothing about what comes. The sink pad's streaming
 * thread's. */
void gst_alexnet_gates_forget_pictures (GstAlexnetClassify *self);

G_END_DECLS

#endif /* GST_ALEXNET_GATES_H */
