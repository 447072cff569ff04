/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From classes to states: the results of a frame are counted, and a change is
 * posted. */

#ifndef GST_ALEXNET_CONFIRM_H
#define GST_ALEXNET_CONFIRM_H

#include "element.h"

G_BEGIN_DECLS

/* The task: gives the frame's regions their states. Its results are ranked.
 * Who hears of a change may flush or stop the element, and then those that
 * follow have none. TRUE: a change of one is pending. */
gboolean gst_alexnet_classify_confirm (GstAlexnetClassify *self,
    const GstAlexnetItem *item);

G_END_DECLS

#endif /* GST_ALEXNET_CONFIRM_H */
