/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Properties that a user has set and that, as the others are, do nothing. */

#ifndef GST_ALEXNET_IDLE_H
#define GST_ALEXNET_IDLE_H

#include "element.h"

G_BEGIN_DECLS

/* Posts a warning for each reason that there is, naming the properties. Any
 * thread, without the object's lock. */
void gst_alexnet_warn_of_idle_properties (GstAlexnetClassify *self);

G_END_DECLS

#endif /* GST_ALEXNET_IDLE_H */
