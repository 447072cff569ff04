/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Results -> GstTensorMeta, which came with GStreamer 1.26, and what it is ->
 * the field `tensors` of caps, by which elements for tensors find each other
 * since 1.28. Built without them, there is none. */

#ifndef GST_ALEXNET_TENSOR_H
#define GST_ALEXNET_TENSOR_H

#include "region/regions.h"

G_BEGIN_DECLS

gboolean gst_alexnet_tensor_is_built (void);

/* Adds "classification-generic-softmaxed-out": the probabilities of all
 * classes, 32 bit floats of [regions that have classes, classes]. Tensors of
 * other elements stay, and where there are some, it is in their metadata. */
void gst_alexnet_tensor_attach (GArray *regions, GstBuffer *buffer);

gboolean gst_alexnet_tensor_is_in_caps (void);

/* Takes caps and returns them with a group of that name in `tensors`, beside
 * those that are there; and caps without `tensors`. Where the tensor is not in
 * caps they are returned as they are. */
GstCaps *gst_alexnet_tensor_add_to_caps (GstCaps *caps, guint n_classes);
GstCaps *gst_alexnet_tensor_remove_from_caps (GstCaps *caps);

G_END_DECLS

#endif /* GST_ALEXNET_TENSOR_H */
