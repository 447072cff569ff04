/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef GST_CLASSIFICATION_KAFKA_H
#define GST_CLASSIFICATION_KAFKA_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_CLASSIFICATION_KAFKA (gst_classification_kafka_get_type ())
G_DECLARE_FINAL_TYPE (GstClassificationKafka, gst_classification_kafka, GST,
    CLASSIFICATION_KAFKA, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (classificationkafka)

G_END_DECLS

#endif /* GST_CLASSIFICATION_KAFKA_H */
