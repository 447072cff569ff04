/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef GST_CLASSIFICATION_OVERLAY_H
#define GST_CLASSIFICATION_OVERLAY_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_CLASSIFICATION_OVERLAY (gst_classification_overlay_get_type ())
G_DECLARE_FINAL_TYPE (GstClassificationOverlay, gst_classification_overlay, GST,
    CLASSIFICATION_OVERLAY, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (classificationoverlay)

G_END_DECLS

#endif /* GST_CLASSIFICATION_OVERLAY_H */
