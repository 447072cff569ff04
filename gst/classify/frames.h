/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way of a frame out: its results are ranked, attached and posted. */

#ifndef GST_ALEXNET_FRAMES_H
#define GST_ALEXNET_FRAMES_H

#include "element.h"

G_BEGIN_DECLS

/* The task on the source pad: sends the oldest frame or event. */
void gst_alexnet_classify_send_oldest (gpointer self);

G_END_DECLS

#endif /* GST_ALEXNET_FRAMES_H */
