/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Caps are the same on both pads, but where a tensor is attached those of the
 * source pad say so (meta/tensor.h). */

#ifndef GST_ALEXNET_CAPS_H
#define GST_ALEXNET_CAPS_H

#include "element.h"

G_BEGIN_DECLS

/* Takes the sink pad's event CAPS and returns the source pad's. */
GstEvent *gst_alexnet_classify_map_caps_event (GstAlexnetClassify *self,
    GstEvent *event);

/* CAPS and ACCEPT_CAPS of either pad. A warning, one a start, says why frames
 * are refused where upstream has no others. */
gboolean gst_alexnet_classify_query_caps (GstPad *pad, GstObject *parent,
    GstQuery *query);

G_END_DECLS

#endif /* GST_ALEXNET_CAPS_H */
