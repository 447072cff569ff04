/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The element's pads: events and activation. */

#ifndef GST_ALEXNET_PADS_H
#define GST_ALEXNET_PADS_H

#include "element.h"

G_BEGIN_DECLS

void gst_alexnet_classify_add_pads (GstAlexnetClassify *self);

G_END_DECLS

#endif /* GST_ALEXNET_PADS_H */
