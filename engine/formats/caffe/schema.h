/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The messages of caffe.proto, as far as an AlexNet has use for them: members
 * are named as there, and so are the defaults. */

#ifndef ALEXNET_CAFFE_SCHEMA_H
#define ALEXNET_CAFFE_SCHEMA_H

#include "formats/wire.h"

G_BEGIN_DECLS

typedef struct {
  GArray *dim;
} CaffeShape;

typedef struct {
  gint64 num, channels, height, width;  /* where there is no shape */
  AlexnetWireRange shape;
  GArray *data, *double_data;
} CaffeBlob;

typedef struct {
  gint64 num_output, bias_term, group, axis;
  GArray *pad, *kernel_size, *stride, *dilation;        /* one for both or
                                                           height, width */
  gint64 pad_h, pad_w, kernel_h, kernel_w, stride_h, stride_w;
} CaffeConvolution;

typedef struct {
  gint64 num_output, bias_term, axis, transpose;
} CaffeInnerProduct;

typedef struct {
  gint64 local_size, norm_region;
  float alpha, beta, k;
} CaffeLrn;

typedef struct {
  gint64 pool, kernel_size, stride, pad;
  gint64 kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w;
  gint64 global_pooling, round_mode;
} CaffePooling;

typedef struct {
  float negative_slope;
} CaffeRelu;

typedef struct {
  gint64 scale_train;
} CaffeDropout;

typedef struct {
  gint64 axis;
} CaffeAxis;                    /* of a softmax, of a flatten */

typedef struct {
  float eps;
} CaffeBatchNorm;

typedef struct {
  gint64 axis, num_axes, bias_term;
} CaffeScale;

typedef struct {
  GArray *shape;                /* of ranges */
} CaffeInput;

typedef struct {
  gint64 channels, height, width;
} CaffeMemoryData;

/* Also what data layers had in their own parameters before there was one. */
typedef struct {
  float scale;
  gint64 crop_size;
  char *mean_file;
  GArray *mean_value;
} CaffeTransformation;

typedef struct {
  char *name;
  gint64 v1_type;               /* V1 */
  char *type;                   /* new */
  GPtrArray *bottom, *top;
  GArray *blobs;                /* of ranges */
  AlexnetWireRange v0;          /* V1: a layer of V0 inside */
  CaffeConvolution convolution;
  CaffeInnerProduct inner_product;
  CaffeLrn lrn;
  CaffePooling pooling;
  CaffeRelu relu;
  CaffeDropout dropout;
  CaffeAxis softmax, flatten;
  CaffeBatchNorm batch_norm;
  CaffeScale scale;
  CaffeInput input;
  CaffeMemoryData memory_data;
  CaffeTransformation transformation;
} CaffeLayer;

typedef struct {
  char *name;
  GArray *v1_layers, *layers;   /* of ranges */
  GPtrArray *input;
  GArray *input_dim;            /* N, C, H, W of each input */
  GArray *input_shape;          /* of ranges */
} CaffeNet;

extern const AlexnetWireField alexnet_caffe_net[];
extern const AlexnetWireField alexnet_caffe_v1_layer[];
extern const AlexnetWireField alexnet_caffe_layer[];
extern const AlexnetWireField alexnet_caffe_shape[];
extern const AlexnetWireField alexnet_caffe_blob[];

extern const CaffeLayer alexnet_caffe_layer_defaults;

G_END_DECLS

#endif /* ALEXNET_CAFFE_SCHEMA_H */
