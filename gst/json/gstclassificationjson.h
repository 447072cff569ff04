/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef GST_CLASSIFICATION_JSON_H
#define GST_CLASSIFICATION_JSON_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_CLASSIFICATION_JSON (gst_classification_json_get_type ())
G_DECLARE_FINAL_TYPE (GstClassificationJson, gst_classification_json, GST,
    CLASSIFICATION_JSON, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (classificationjson)

G_END_DECLS

#endif /* GST_CLASSIFICATION_JSON_H */
