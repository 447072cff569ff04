/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef GST_ALEXNET_CLASSIFY_H
#define GST_ALEXNET_CLASSIFY_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_ALEXNET_CLASSIFY (gst_alexnet_classify_get_type ())
G_DECLARE_FINAL_TYPE (GstAlexnetClassify, gst_alexnet_classify, GST,
    ALEXNET_CLASSIFY, GstElement)

GST_ELEMENT_REGISTER_DECLARE (alexnetclassify)

G_END_DECLS

#endif /* GST_ALEXNET_CLASSIFY_H */
