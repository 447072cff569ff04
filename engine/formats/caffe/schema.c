/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "schema.h"

#define END \
  {         \
    0       \
  }

const AlexnetWireField alexnet_caffe_shape[] = {
  ALEXNET_WIRE_FIELD (1, INTS, CaffeShape, dim),
  END,
};

const AlexnetWireField alexnet_caffe_blob[] = {
  ALEXNET_WIRE_FIELD (1, INT, CaffeBlob, num),
  ALEXNET_WIRE_FIELD (2, INT, CaffeBlob, channels),
  ALEXNET_WIRE_FIELD (3, INT, CaffeBlob, height),
  ALEXNET_WIRE_FIELD (4, INT, CaffeBlob, width),
  ALEXNET_WIRE_FIELD (5, FLOATS, CaffeBlob, data),
  ALEXNET_WIRE_FIELD (7, RANGE, CaffeBlob, shape),
  ALEXNET_WIRE_FIELD (8, DOUBLES, CaffeBlob, double_data),
  END,
};

static const AlexnetWireField convolution[] = {
  ALEXNET_WIRE_FIELD (1, INT, CaffeConvolution, num_output),
  ALEXNET_WIRE_FIELD (2, INT, CaffeConvolution, bias_term),
  ALEXNET_WIRE_FIELD (3, INTS, CaffeConvolution, pad),
  ALEXNET_WIRE_FIELD (4, INTS, CaffeConvolution, kernel_size),
  ALEXNET_WIRE_FIELD (5, INT, CaffeConvolution, group),
  ALEXNET_WIRE_FIELD (6, INTS, CaffeConvolution, stride),
  ALEXNET_WIRE_FIELD (9, INT, CaffeConvolution, pad_h),
  ALEXNET_WIRE_FIELD (10, INT, CaffeConvolution, pad_w),
  ALEXNET_WIRE_FIELD (11, INT, CaffeConvolution, kernel_h),
  ALEXNET_WIRE_FIELD (12, INT, CaffeConvolution, kernel_w),
  ALEXNET_WIRE_FIELD (13, INT, CaffeConvolution, stride_h),
  ALEXNET_WIRE_FIELD (14, INT, CaffeConvolution, stride_w),
  ALEXNET_WIRE_FIELD (16, INT, CaffeConvolution, axis),
  ALEXNET_WIRE_FIELD (18, INTS, CaffeConvolution, dilation),
  END,
};

static const AlexnetWireField inner_product[] = {
  ALEXNET_WIRE_FIELD (1, INT, CaffeInnerProduct, num_output),
  ALEXNET_WIRE_FIELD (2, INT, CaffeInnerProduct, bias_term),
  ALEXNET_WIRE_FIELD (5, INT, CaffeInnerProduct, axis),
  ALEXNET_WIRE_FIELD (6, INT, CaffeInnerProduct, transpose),
  END,
};

static const AlexnetWireField lrn[] = {
  ALEXNET_WIRE_FIELD (1, INT, CaffeLrn, local_size),
  ALEXNET_WIRE_FIELD (2, FLOAT, CaffeLrn, alpha),
  ALEXNET_WIRE_FIELD (3, FLOAT, CaffeLrn, beta),
  ALEXNET_WIRE_FIELD (4, INT, CaffeLrn, norm_region),
  ALEXNET_WIRE_FIELD (5, FLOAT, CaffeLrn, k),
  END,
};

static const AlexnetWireField pooling[] = {
  ALEXNET_WIRE_FIELD (1, INT, CaffePooling, pool),
  ALEXNET_WIRE_FIELD (2, INT, CaffePooling, kernel_size),
  ALEXNET_WIRE_FIELD (3, INT, CaffePooling, stride),
  ALEXNET_WIRE_FIELD (4, INT, CaffePooling, pad),
  ALEXNET_WIRE_FIELD (5, INT, CaffePooling, kernel_h),
  ALEXNET_WIRE_FIELD (6, INT, CaffePooling, kernel_w),
  ALEXNET_WIRE_FIELD (7, INT, CaffePooling, stride_h),
  ALEXNET_WIRE_FIELD (8, INT, CaffePooling, stride_w),
  ALEXNET_WIRE_FIELD (9, INT, CaffePooling, pad_h),
  ALEXNET_WIRE_FIELD (10, INT, CaffePooling, pad_w),
  ALEXNET_WIRE_FIELD (12, INT, CaffePooling, global_pooling),
  ALEXNET_WIRE_FIELD (13, INT, CaffePooling, round_mode),
  END,
};

static const AlexnetWireField relu[] = {
  ALEXNET_WIRE_FIELD (1, FLOAT, CaffeRelu, negative_slope),
  END,
};

static const AlexnetWireField dropout[] = {
  ALEXNET_WIRE_FIELD (2, INT, CaffeDropout, scale_train),
  END,
};

static const AlexnetWireField softmax[] = {
  ALEXNET_WIRE_FIELD (2, INT, CaffeAxis, axis),
  END,
};

static const AlexnetWireField flatten[] = {
  ALEXNET_WIRE_FIELD (1, INT, CaffeAxis, axis),
  END,
};

static const AlexnetWireField input[] = {
  ALEXNET_WIRE_FIELD (1, RANGES, CaffeInput, shape),
  END,
};

static const AlexnetWireField batch_norm[] = {
  ALEXNET_WIRE_FIELD (3, FLOAT, CaffeBatchNorm, eps),
  END,
};

static const AlexnetWireField scale[] = {
  ALEXNET_WIRE_FIELD (1, INT, CaffeScale, axis),
  ALEXNET_WIRE_FIELD (2, INT, CaffeScale, num_axes),
  ALEXNET_WIRE_FIELD (4, INT, CaffeScale, bias_term),
  END,
};

static const AlexnetWireField memory_data[] = {
  ALEXNET_WIRE_FIELD (2, INT, CaffeMemoryData, channels),
  ALEXNET_WIRE_FIELD (3, INT, CaffeMemoryData, height),
  ALEXNET_WIRE_FIELD (4, INT, CaffeMemoryData, width),
  END,
};

static const AlexnetWireField transformation[] = {
  ALEXNET_WIRE_FIELD (1, FLOAT, CaffeTransformation, scale),
  ALEXNET_WIRE_FIELD (3, INT, CaffeTransformation, crop_size),
  ALEXNET_WIRE_FIELD (4, STRING, CaffeTransformation, mean_file),
  ALEXNET_WIRE_FIELD (5, FLOATS, CaffeTransformation, mean_value),
  END,
};

/* DataParameter, ImageDataParameter, WindowDataParameter */
static const AlexnetWireField data[] = {
  ALEXNET_WIRE_FIELD (2, FLOAT, CaffeTransformation, scale),
  ALEXNET_WIRE_FIELD (3, STRING, CaffeTransformation, mean_file),
  ALEXNET_WIRE_FIELD (5, INT, CaffeTransformation, crop_size),
  END,
};

const AlexnetWireField alexnet_caffe_v1_layer[] = {
  ALEXNET_WIRE_FIELD (1, RANGE, CaffeLayer, v0),
  ALEXNET_WIRE_FIELD (2, STRINGS, CaffeLayer, bottom),
  ALEXNET_WIRE_FIELD (3, STRINGS, CaffeLayer, top),
  ALEXNET_WIRE_FIELD (4, STRING, CaffeLayer, name),
  ALEXNET_WIRE_FIELD (5, INT, CaffeLayer, v1_type),
  ALEXNET_WIRE_FIELD (6, RANGES, CaffeLayer, blobs),
  ALEXNET_WIRE_SUB (10, CaffeLayer, convolution, convolution),
  ALEXNET_WIRE_SUB (11, CaffeLayer, transformation, data),
  ALEXNET_WIRE_SUB (12, CaffeLayer, dropout, dropout),
  ALEXNET_WIRE_SUB (15, CaffeLayer, transformation, data),
  ALEXNET_WIRE_SUB (17, CaffeLayer, inner_product, inner_product),
  ALEXNET_WIRE_SUB (18, CaffeLayer, lrn, lrn),
  ALEXNET_WIRE_SUB (19, CaffeLayer, pooling, pooling),
  ALEXNET_WIRE_SUB (20, CaffeLayer, transformation, data),
  ALEXNET_WIRE_SUB (22, CaffeLayer, memory_data, memory_data),
  ALEXNET_WIRE_SUB (30, CaffeLayer, relu, relu),
  ALEXNET_WIRE_SUB (36, CaffeLayer, transformation, transformation),
  ALEXNET_WIRE_SUB (39, CaffeLayer, softmax, softmax),
  END,
};

const AlexnetWireField alexnet_caffe_layer[] = {
  ALEXNET_WIRE_FIELD (1, STRING, CaffeLayer, name),
  ALEXNET_WIRE_FIELD (2, STRING, CaffeLayer, type),
  ALEXNET_WIRE_FIELD (3, STRINGS, CaffeLayer, bottom),
  ALEXNET_WIRE_FIELD (4, STRINGS, CaffeLayer, top),
  ALEXNET_WIRE_FIELD (7, RANGES, CaffeLayer, blobs),
  ALEXNET_WIRE_SUB (100, CaffeLayer, transformation, transformation),
  ALEXNET_WIRE_SUB (106, CaffeLayer, convolution, convolution),
  ALEXNET_WIRE_SUB (107, CaffeLayer, transformation, data),
  ALEXNET_WIRE_SUB (108, CaffeLayer, dropout, dropout),
  ALEXNET_WIRE_SUB (115, CaffeLayer, transformation, data),
  ALEXNET_WIRE_SUB (117, CaffeLayer, inner_product, inner_product),
  ALEXNET_WIRE_SUB (118, CaffeLayer, lrn, lrn),
  ALEXNET_WIRE_SUB (119, CaffeLayer, memory_data, memory_data),
  ALEXNET_WIRE_SUB (121, CaffeLayer, pooling, pooling),
  ALEXNET_WIRE_SUB (123, CaffeLayer, relu, relu),
  ALEXNET_WIRE_SUB (125, CaffeLayer, softmax, softmax),
  ALEXNET_WIRE_SUB (129, CaffeLayer, transformation, data),
  ALEXNET_WIRE_SUB (135, CaffeLayer, flatten, flatten),
  ALEXNET_WIRE_SUB (139, CaffeLayer, batch_norm, batch_norm),
  ALEXNET_WIRE_SUB (142, CaffeLayer, scale, scale),
  ALEXNET_WIRE_SUB (143, CaffeLayer, input, input),
  END,
};

const CaffeLayer alexnet_caffe_layer_defaults = {
  .convolution = { .bias_term = 1, .group = 1, .axis = 1 },
  .inner_product = { .bias_term = 1, .axis = 1 },
  .lrn = { .local_size = 5, .alpha = 1, .beta = 0.75f, .k = 1 },
  .pooling = { .stride = 1 },
  .dropout = { .scale_train = 1 },
  .softmax = { .axis = 1 },
  .flatten = { .axis = 1 },
  .batch_norm = { .eps = 1e-5f },
  .scale = { .axis = 1, .num_axes = 1 },
  .transformation = { .scale = 1 },
};

const AlexnetWireField alexnet_caffe_net[] = {
  ALEXNET_WIRE_FIELD (1, STRING, CaffeNet, name),
  ALEXNET_WIRE_FIELD (2, RANGES, CaffeNet, v1_layers),
  ALEXNET_WIRE_FIELD (3, STRINGS, CaffeNet, input),
  ALEXNET_WIRE_FIELD (4, INTS, CaffeNet, input_dim),
  ALEXNET_WIRE_FIELD (8, RANGES, CaffeNet, input_shape),
  ALEXNET_WIRE_FIELD (100, RANGES, CaffeNet, layers),
  END,
};
