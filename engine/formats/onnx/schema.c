/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "schema.h"

#define END \
  {         \
    0       \
  }

const AlexnetWireField alexnet_onnx_entry[] = {
  ALEXNET_WIRE_FIELD (1, STRING, OnnxEntry, key),
  ALEXNET_WIRE_FIELD (2, STRING, OnnxEntry, value),
  END,
};

const AlexnetWireField alexnet_onnx_tensor[] = {
  ALEXNET_WIRE_FIELD (1, INTS, OnnxTensor, dims),
  ALEXNET_WIRE_FIELD (2, INT, OnnxTensor, data_type),
  ALEXNET_WIRE_FIELD (3, RANGE, OnnxTensor, segment),
  ALEXNET_WIRE_FIELD (4, FLOATS, OnnxTensor, float_data),
  ALEXNET_WIRE_FIELD (5, VARINTS, OnnxTensor, int32_data),
  ALEXNET_WIRE_FIELD (7, VARINTS, OnnxTensor, int64_data),
  ALEXNET_WIRE_FIELD (8, STRING, OnnxTensor, name),
  ALEXNET_WIRE_FIELD (9, RANGE, OnnxTensor, raw_data),
  ALEXNET_WIRE_FIELD (10, DOUBLES, OnnxTensor, double_data),
  ALEXNET_WIRE_FIELD (13, RANGES, OnnxTensor, external_data),
  ALEXNET_WIRE_FIELD (14, INT, OnnxTensor, data_location),
  END,
};

const AlexnetWireField alexnet_onnx_attribute_fields[] = {
  ALEXNET_WIRE_FIELD (1, STRING, OnnxAttribute, name),
  ALEXNET_WIRE_FIELD (2, FLOAT, OnnxAttribute, f),
  ALEXNET_WIRE_FIELD (3, INT, OnnxAttribute, i),
  ALEXNET_WIRE_FIELD (4, RANGE, OnnxAttribute, s),
  ALEXNET_WIRE_FIELD (5, RANGE, OnnxAttribute, t),
  ALEXNET_WIRE_FIELD (6, RANGE, OnnxAttribute, g),
  ALEXNET_WIRE_FIELD (7, FLOATS, OnnxAttribute, floats),
  ALEXNET_WIRE_FIELD (8, INTS, OnnxAttribute, ints),
  ALEXNET_WIRE_FIELD (21, STRING, OnnxAttribute, ref_attr_name),
  END,
};

const AlexnetWireField alexnet_onnx_node[] = {
  ALEXNET_WIRE_FIELD (1, STRINGS, OnnxNode, input),
  ALEXNET_WIRE_FIELD (2, STRINGS, OnnxNode, output),
  ALEXNET_WIRE_FIELD (3, STRING, OnnxNode, name),
  ALEXNET_WIRE_FIELD (4, STRING, OnnxNode, op_type),
  ALEXNET_WIRE_FIELD (5, RANGES, OnnxNode, attribute),
  ALEXNET_WIRE_FIELD (7, STRING, OnnxNode, domain),
  END,
};

const AlexnetWireField alexnet_onnx_dimension[] = {
  ALEXNET_WIRE_FIELD (1, INT, OnnxDimension, dim_value),
  END,
};

static const AlexnetWireField shape[] = {
  ALEXNET_WIRE_FIELD (1, RANGES, OnnxShape, dim),
  END,
};

static const AlexnetWireField tensor_type[] = {
  ALEXNET_WIRE_FIELD (1, INT, OnnxTensorType, elem_type),
  ALEXNET_WIRE_SUB (2, OnnxTensorType, shape, shape),
  END,
};

static const AlexnetWireField type[] = {
  ALEXNET_WIRE_SUB (1, OnnxType, tensor_type, tensor_type),
  END,
};

const AlexnetWireField alexnet_onnx_value_info[] = {
  ALEXNET_WIRE_FIELD (1, STRING, OnnxValueInfo, name),
  ALEXNET_WIRE_SUB (2, OnnxValueInfo, type, type),
  END,
};

const AlexnetWireField alexnet_onnx_graph[] = {
  ALEXNET_WIRE_FIELD (1, RANGES, OnnxGraph, node),
  ALEXNET_WIRE_FIELD (5, RANGES, OnnxGraph, initializer),
  ALEXNET_WIRE_FIELD (11, RANGES, OnnxGraph, input),
  ALEXNET_WIRE_FIELD (12, RANGES, OnnxGraph, output),
  ALEXNET_WIRE_FIELD (15, RANGES, OnnxGraph, sparse_initializer),
  END,
};

const AlexnetWireField alexnet_onnx_operator_set[] = {
  ALEXNET_WIRE_FIELD (1, STRING, OnnxOperatorSet, domain),
  ALEXNET_WIRE_FIELD (2, INT, OnnxOperatorSet, version),
  END,
};

const AlexnetWireField alexnet_onnx_model[] = {
  ALEXNET_WIRE_FIELD (1, INT, OnnxModel, ir_version),
  ALEXNET_WIRE_FIELD (2, STRING, OnnxModel, producer_name),
  ALEXNET_WIRE_FIELD (7, RANGE, OnnxModel, graph),
  ALEXNET_WIRE_FIELD (8, RANGES, OnnxModel, opset_import),
  ALEXNET_WIRE_FIELD (14, RANGES, OnnxModel, metadata_props),
  END,
};
