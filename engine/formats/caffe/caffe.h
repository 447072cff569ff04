/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Caffe's .caffemodel and .binaryproto: messages NetParameter and BlobProto of
 * caffe.proto in protobuf's wire format (BVLC/caffe, src/caffe/proto). */

#ifndef ALEXNET_CAFFE_H
#define ALEXNET_CAFFE_H

#include "formats/formats.h"

G_BEGIN_DECLS

/* The last of all formats to ask: the wire format has no magic number. */
gboolean alexnet_caffe_detect (const guint8 *head, gsize size,
    guint64 file_size);

/* A net as Caffe saved it, deploy or train; old (V1, `layers`) or new
 * (`layer`). Layers that only feed or judge it are passed over and noted. Its
 * input is what the file says (an input layer or shape, crop_size) or 227.
 * Metadata: `mean_file`, the mean image that a data layer names; `preprocess`,
 * its means and scale. */
gboolean alexnet_caffe_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error);

/* A mean.binaryproto: an image [3,H,W] or [1,H,W] in the order B, G, R for
 * values 0..255. `mean` gets what AlexnetPreprocess wants, R, G, B for values
 * 0..1: the means of its channels over all of it, as Caffe's examples in Python
 * take them. (Caffe itself subtracts the centre of the image pixel by pixel.)
 * FORMAT. */
gboolean alexnet_caffe_mean_read (AlexnetFile *file, float mean[3],
    GError **error);

G_END_DECLS

#endif /* ALEXNET_CAFFE_H */
