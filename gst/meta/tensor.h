/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Results -> GstTensorMeta, which came with GStreamer 1.26, and what it is ->
 * the field `tensors` of caps, by which elements for tensors find each other
 * since 1.28. Built without them, there is none. */

#ifndef GST_ALEXNET_TENSOR_H
#define GST_ALEXNET_TENSOR_H

#include "region/regions.h"

G_BEGIN_DECLS

/* 32 bit floats of [regions that have classes, values]; both are the ids. */
typedef enum {
  GST_ALEXNET_TENSOR_CLASSES,   /* "classification-generic-softmaxed-out": the
                                   probabilities of all classes */
  GST_ALEXNET_TENSOR_EMBEDDING, /* "alexnet-embedding-out": the embeddings */
  GST_ALEXNET_N_TENSORS
} GstAlexnetTensor;

gboolean gst_alexnet_tensor_is_built (void);

/* Adds a tensor, of which the classes have the values. Tensors of other
 * elements stay, and where there are some, it is in their metadata. */
void gst_alexnet_tensor_attach (GstAlexnetTensor tensor, GArray *regions,
    GstBuffer *buffer);

gboolean gst_alexnet_tensor_is_in_caps (void);

/* Takes caps and returns them with a group of the tensor's id, whose rows have
 * so many values, in `tensors`, beside those that are there; and caps without
 * `tensors`. Where tensors are not in caps they are returned as they are. */
GstCaps *gst_alexnet_tensor_add_to_caps (GstCaps *caps, GstAlexnetTensor tensor,
    guint n_values);
GstCaps *gst_alexnet_tensor_remove_from_caps (GstCaps *caps);

G_END_DECLS

#endif /* GST_ALEXNET_TENSOR_H */
