/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the caps of the frames that come mean for the element. */

#ifndef GST_ALEXNET_FORMAT_H
#define GST_ALEXNET_FORMAT_H

#include "element.h"

G_BEGIN_DECLS

/* Of the event CAPS of the sink pad, whose streaming thread's this is. FALSE:
 * frames like these are refused until others come. */
gboolean gst_alexnet_classify_set_format (GstAlexnetClassify *self,
    GstEvent *event);

G_END_DECLS

#endif /* GST_ALEXNET_FORMAT_H */
