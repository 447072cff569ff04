/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The messages of onnx.proto, as far as an AlexNet has use for them: members
 * are named as there. */

#ifndef ALEXNET_ONNX_SCHEMA_H
#define ALEXNET_ONNX_SCHEMA_H

#include "formats/wire.h"

G_BEGIN_DECLS

typedef struct {
  char *key, *value;
} OnnxEntry;

typedef struct {
  GArray *dims;
  gint64 data_type;
  AlexnetWireRange segment;
  GArray *float_data, *int32_data, *int64_data, *double_data;   /* of runs */
  char *name;
  AlexnetWireRange raw_data;
  GArray *external_data;        /* of ranges of OnnxEntry */
  gint64 data_location;
} OnnxTensor;

typedef struct {
  char *name, *ref_attr_name;
  float f;
  gint64 i;
  AlexnetWireRange s, t, g;     /* text; OnnxTensor; OnnxGraph */
  GArray *floats;               /* of runs */
  GArray *ints;
} OnnxAttribute;

typedef struct {
  GPtrArray *input, *output;
  char *name, *op_type, *domain;
  GArray *attribute;            /* of ranges of OnnxAttribute */
} OnnxNode;

typedef struct {
  gint64 dim_value;             /* 0: any */
} OnnxDimension;

typedef struct {
  GArray *dim;                  /* of ranges of OnnxDimension */
} OnnxShape;

typedef struct {
  gint64 elem_type;
  OnnxShape shape;
} OnnxTensorType;

typedef struct {
  OnnxTensorType tensor_type;
} OnnxType;

typedef struct {
  char *name;
  OnnxType type;
} OnnxValueInfo;

typedef struct {
  GArray *node, *initializer, *input, *output;  /* of ranges */
  GArray *sparse_initializer;
} OnnxGraph;

typedef struct {
  char *domain;
  gint64 version;
} OnnxOperatorSet;

typedef struct {
  gint64 ir_version;
  char *producer_name;
  AlexnetWireRange graph;
  GArray *opset_import, *metadata_props;        /* of ranges */
} OnnxModel;

extern const AlexnetWireField alexnet_onnx_entry[];
extern const AlexnetWireField alexnet_onnx_tensor[];
extern const AlexnetWireField alexnet_onnx_attribute_fields[];
extern const AlexnetWireField alexnet_onnx_node[];
extern const AlexnetWireField alexnet_onnx_dimension[];
extern const AlexnetWireField alexnet_onnx_value_info[];
extern const AlexnetWireField alexnet_onnx_graph[];
extern const AlexnetWireField alexnet_onnx_operator_set[];
extern const AlexnetWireField alexnet_onnx_model[];

G_END_DECLS

#endif /* ALEXNET_ONNX_SCHEMA_H */
