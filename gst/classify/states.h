/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the element has in which state: model and labels from READY on, an
 * engine in PAUSED and PLAYING. */

#ifndef GST_ALEXNET_STATES_H
#define GST_ALEXNET_STATES_H

#include "element.h"

G_BEGIN_DECLS

/* NULL to READY and back. FALSE: a problem was posted, and nothing is loaded.
 */
gboolean gst_alexnet_classify_load (GstAlexnetClassify *self);
void gst_alexnet_classify_unload (GstAlexnetClassify *self);

/* READY to PAUSED and back, while pads are inactive. FALSE: a problem was
 * posted. Stopping what was not started does no harm. */
gboolean gst_alexnet_classify_start (GstAlexnetClassify *self);
void gst_alexnet_classify_stop (GstAlexnetClassify *self);

/* Gives the element another engine, for CUDA memory of the context in `cuda`.
 * Nothing may be in flight, but the element may be flushed meanwhile. FALSE: a
 * problem was posted, and the engine is the one before. */
gboolean gst_alexnet_classify_change_engine (GstAlexnetClassify *self);

G_END_DECLS

#endif /* GST_ALEXNET_STATES_H */
