/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is saved to learn from. */

#ifndef GST_ALEXNET_EXAMPLES_H
#define GST_ALEXNET_EXAMPLES_H

#include "element.h"

G_BEGIN_DECLS

/* READY to PAUSED and back, while pads are inactive. FALSE: a problem was
 * posted. Stopping saves what is still to be saved, and without a start does
 * nothing. */
gboolean gst_alexnet_examples_start (GstAlexnetClassify *self);
void gst_alexnet_examples_stop (GstAlexnetClassify *self);

/* The task: picks from the frame's regions, which have their classes and states
 * now. Copies pixels of those and waits for nothing. */
void gst_alexnet_examples_pick (GstAlexnetClassify *self,
    const GstAlexnetItem *item);

G_END_DECLS

#endif /* GST_ALEXNET_EXAMPLES_H */
