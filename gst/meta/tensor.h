/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Results -> GstTensorMeta, which came with GStreamer 1.26. Built without it,
 * there is none. */

#ifndef GST_ALEXNET_TENSOR_H
#define GST_ALEXNET_TENSOR_H

#include "region/regions.h"

G_BEGIN_DECLS

gboolean gst_alexnet_tensor_is_built (void);

/* Adds "classification-generic-softmaxed-out": the probabilities of all
 * classes, 32 bit floats of [regions that have classes, classes]. */
void gst_alexnet_tensor_attach (GArray *regions, GstBuffer *buffer);

G_END_DECLS

#endif /* GST_ALEXNET_TENSOR_H */
