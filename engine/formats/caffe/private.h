/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef ALEXNET_CAFFE_PRIVATE_H
#define ALEXNET_CAFFE_PRIVATE_H

#include "schema.h"
#include "formats/affine.h"
#include "formats/formats.h"

G_BEGIN_DECLS

/* What a data layer does to pixels of 0..255: (x - mean) * scale; nothing where
 * a BatchNorm in front of all layers does it. */
typedef struct {
  gboolean known;               /* there is one of the two */
  float scale;
  gboolean has_mean;            /* else a mean file says it, or nobody */
  float mean[3];                /* B, G, R */
} CaffePixels;

/* A net that is being read. */
typedef struct {
  AlexnetModelSource *source;
  AlexnetFile *file;
  AlexnetWireReader *reader;
  AlexnetShape input;           /* 0: not known yet */
  GPtrArray *current;           /* names of the blobs that hold what the last
                                   layer gave; none: not known yet */
  CaffePixels pixels;
  AlexnetAffine affine;         /* what waits for the next layer */
} CaffeReader;

/* Binds a tensor whose n_dims are set to the BlobProto at `range`, which may
 * have more dimensions of 1 before. */
gboolean alexnet_caffe_read_blob (CaffeReader *net, AlexnetTensor *tensor,
    const AlexnetWireRange *range, GError **error);

/* The same of blob `i` of a layer, which is there; messages call it `what`. */
gboolean alexnet_caffe_read_layer_blob (CaffeReader *net, AlexnetTensor *tensor,
    const CaffeLayer *layer, guint i, const char *what, GError **error);

/* FORMAT unless the layer has so many blobs. */
gboolean alexnet_caffe_count_blobs (const CaffeLayer *layer, guint n,
    GError **error);

/* Appends what a layer computes to the table, takes the input's size from a
 * layer that feeds the net, passes over what judges it. Messages name it. */
gboolean alexnet_caffe_read_layer (CaffeReader *net, const CaffeLayer *layer,
    GError **error);

/* Layers that feed a net: with images, which they transform, or as they are
 * told. The first in a net counts. */
gboolean alexnet_caffe_read_data (CaffeReader *net, const CaffeLayer *layer,
    GError **error);
gboolean alexnet_caffe_read_input (CaffeReader *net, const CaffeLayer *layer,
    GError **error);

/* The same for inputs that the net itself declares. */
gboolean alexnet_caffe_read_net_input (CaffeReader *net,
    const CaffeNet *message, GError **error);

/* Layers that change each channel by numbers of its own. */
gboolean alexnet_caffe_read_batch_norm (CaffeReader *net,
    const CaffeLayer *layer, GError **error);
gboolean alexnet_caffe_read_scale (CaffeReader *net, const CaffeLayer *layer,
    GError **error);

/* Before the first layer. What the file does not say of the input is `channels`
 * and the default. */
gboolean alexnet_caffe_begin (CaffeReader *net, gsize channels, GError **error);

/* FORMAT unless the layer has one input, which the one before it gave. */
gboolean alexnet_caffe_check_chain (const CaffeReader *net,
    const CaffeLayer *layer, GError **error);

/* Once the table is complete: says as metadata how Caffe prepares pixels, where
 * a data layer does or where the table does not tell that it is Caffe's. */
void alexnet_caffe_describe_pixels (CaffeReader *net);

G_END_DECLS

#endif /* ALEXNET_CAFFE_PRIVATE_H */
