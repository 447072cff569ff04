/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way of a frame in: whether and what of it is classified. */

#ifndef GST_ALEXNET_SUBMIT_H
#define GST_ALEXNET_SUBMIT_H

#include "element.h"

G_BEGIN_DECLS

/* The sink pad's chain function. */
GstFlowReturn gst_alexnet_classify_chain (GstPad *pad, GstObject *parent,
    GstBuffer *buffer);

/* Blocks until there is room for this frame or gap. The sink pad's streaming
 * thread's. */
GstFlowReturn gst_alexnet_classify_wait_room (GstAlexnetClassify *self,
    GstAlexnetItem *item);

/* Waits for the region's result. Any thread that has the item. The item's error
 * says what went wrong; FALSE: so much that it must not come out. */
gboolean gst_alexnet_classify_collect (GstAlexnetClassify *self,
    GstAlexnetItem *item, GstAlexnetRegion *region);

G_END_DECLS

#endif /* GST_ALEXNET_SUBMIT_H */
