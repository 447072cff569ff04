/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ONNX graphs that are no AlexNet, and broken ones: each is refused in one
 * sentence that names the node. Graphs are put together here, field by field
 * as onnx.proto has them. */

#include <string.h>

#include "formats/onnx/onnx.h"
#include "support/cases.h"
#include "support/graph-files.h"
#include "support/onnx-builder.h"

/* ---- nodes --------------------------------------------------------------- */

typedef struct {
  const char *name;
  OnnxBuilderNode node;
  const char *expected;
} NodeCase;

#define W "w4"
#define ATTRIBUTE_INTS(name, ...)                            \
  {                                                          \
    name, 0, NULL, { __VA_ARGS__ },                          \
        sizeof ((gint64[]){ __VA_ARGS__ }) / sizeof (gint64) \
  }

/* w4 [2,3,3,3], w2 [2,192], v [3], int8 [1], ints [2] = { 1, 5 }, yes = { 1 }
 */
static const NodeCase node_cases[] = {
  { "operator/unknown", { "Clip", { "x" } },
      "node 'n', 'Clip': an operator that no AlexNet here has" },
  { "operator/activation", { "LeakyRelu", { "x" } },
      "node 'n', 'LeakyRelu': an operator" },
  { "operator/domain", { "Conv", { "x", W }, .domain = "com.microsoft" },
      "an operator of 'com.microsoft'" },
  { "operator/not-text", { "Re\nlu", { "x" } }, "'Re\\nlu'" },
  { "operator/nchwc", { "Conv", { "x", W }, .domain = "com.microsoft.nchwc" },
      "an operator of 'com.microsoft.nchwc', expected one of ONNX itself, as "
      "the file has that onnxruntime optimised" },
  { "fused/no-activation",
      { "FusedConv", { "x", W }, .domain = "com.microsoft" },
      "node 'n', 'FusedConv': it has no activation, expected 'Relu'" },
  { "fused/activation",
      { "FusedConv", { "x", W }, { { "activation", 0, "Tanh" } },
          .domain = "com.microsoft" },
      "its activation is 'Tanh', expected 'Relu'" },
  { "fused/sum",
      { "FusedConv", { "x", W, "", "x" }, { { "activation", 0, "Relu" } },
          .domain = "com.microsoft" },
      "it adds another input" },
  { "fused/of-onnx", { "FusedConv", { "x", W } },
      "'FusedConv': an operator that no AlexNet here has" },
  { "quantised/qlinear", { "QLinearConv", { "x" } }, "is quantised" },
  { "quantised/dequantize", { "DequantizeLinear", { "x" } }, "is quantised" },
  { "quantised/dynamic", { "DynamicQuantizeLinear", { "x" } }, "is quantised" },
  { "quantised/integer", { "ConvInteger", { "x" } }, "is quantised" },
  { "concat/no-input", { "Concat", { NULL } }, "it has no input" },
  { "attribute/unknown", { "Relu", { "x" }, { { "slope", 1 } } },
      "attribute 'slope' is not one that it has" },
  { "conv/auto-pad", { "Conv", { "x", W }, { { "auto_pad", 0, "SAME" } } },
      "auto_pad is 'SAME', which ONNX has not" },
  { "conv/dilations",
      { "Conv", { "x", W }, { ATTRIBUTE_INTS ("dilations", 2, 2) } },
      "dilations of 2" },
  { "conv/not-square",
      { "Conv", { "x", W }, { ATTRIBUTE_INTS ("kernel_shape", 3, 1) } },
      "kernel_shape is 3 x 1, expected a square" },
  { "conv/other-kernel",
      { "Conv", { "x", W }, { ATTRIBUTE_INTS ("kernel_shape", 5, 5) } },
      "node 'n', 'Conv': dimension 2 of its weights is 3, expected 5" },
  { "conv/pads-of-two",
      { "Conv", { "x", W }, { ATTRIBUTE_INTS ("pads", 1, 1) } },
      "pads has 2 numbers, expected 4" },
  { "conv/pads-differ",
      { "Conv", { "x", W }, { ATTRIBUTE_INTS ("pads", 1, 0, 1, 0) } },
      "pads [1, 0, 1, 0] differ between rows and columns" },
  { "conv/pads-negative",
      { "Conv", { "x", W }, { ATTRIBUTE_INTS ("pads", -1, -1, 0, 0) } },
      "pads has a -1, expected 0 to 2147483647" },
  { "conv/stride-0",
      { "Conv", { "x", W }, { ATTRIBUTE_INTS ("strides", 0, 0) } },
      "layer Conv2d-1" },
  { "conv/stride-huge",
      { "Conv", { "x", W }, { ATTRIBUTE_INTS ("strides", 1LL << 40, 1) } },
      "strides has a 1099511627776" },
  { "conv/group-0", { "Conv", { "x", W }, { { "group", 0 } } },
      "group is 0, expected 1 or more" },
  { "conv/group-2", { "Conv", { "x", W }, { { "group", 2 } } },
      "dimension 1 of its weights is 3, expected 1" },
  { "conv/no-weights", { "Conv", { "x" } },
      "its input 1, '', is not known without the picture" },
  { "conv/own-weights", { "Conv", { "x", "x" } }, "its input 1, 'x'" },
  { "conv/int8", { "Conv", { "x", "int8" } },
      "its input 'int8' is of type INT8, expected floats" },
  { "conv/ints", { "Conv", { "x", "ints" } },
      "is of whole numbers, expected floats" },
  { "conv/matrix", { "Conv", { "x", "w2" } },
      "its weights have 2 dimensions, expected 4" },
  { "conv/bias-of-3", { "Conv", { "x", W, "v" } },
      "it takes 3 values, expected one or 2 along the channels" },
  { "max-pool/no-kernel", { "MaxPool", { "x" } }, "layer MaxPool2d-1" },
  { "max-pool/padding-alone",
      { "MaxPool", { "x" },
          { ATTRIBUTE_INTS ("kernel_shape", 2, 2),
              ATTRIBUTE_INTS ("pads", 2, 2, 2, 2) } },
      "a pixel in each window" },
  { "average-pool/of-2",
      { "AveragePool", { "x" }, { ATTRIBUTE_INTS ("kernel_shape", 2, 2) } },
      "it averages" },
  { "average-pool/global", { "GlobalAveragePool", { "x" } }, "it averages" },
  { "lrn/even", { "LRN", { "x" }, { { "size", 4 } } },
      "size is 4, expected an odd number" },
  { "lrn/no-size", { "LRN", { "x" } }, "size is 0" },
  { "softmax/picture", { "Softmax", { "x" }, { { "axis", 1 } } },
      "axis is 1 of [N,3,8,8]" },
  { "log-softmax/picture", { "LogSoftmax", { "x" }, { { "axis", 1 } } },
      "axis is 1 of [N,3,8,8]" },
  { "gemm/picture", { "Gemm", { "x", "w2" } },
      "it gets [N,C,H,W], expected [N,C]" },
  { "matmul/picture", { "MatMul", { "x", "w2" } }, "it gets [N,C,H,W]" },
  { "transpose/no-perm", { "Transpose", { "x" } },
      "not between [N,C,H,W] and [N,H,W,C]" },
  { "transpose/rows",
      { "Transpose", { "x" }, { ATTRIBUTE_INTS ("perm", 0, 1, 3, 2) } },
      "not between [N,C,H,W] and [N,H,W,C]" },
  { "squeeze/picture",
      { "Squeeze", { "x" }, { ATTRIBUTE_INTS ("axes", 2, 3) } },
      "its axes are not height and width of one pixel" },
  { "reshape/other-four",
      { "Reshape", { "x" }, { ATTRIBUTE_INTS ("shape", 1, 8, 8, 3) } },
      "4 dimensions of other sizes than the picture" },
  { "reshape/three",
      { "Reshape", { "x" }, { ATTRIBUTE_INTS ("shape", 1, 3, 64) } },
      "its shape has 3 dimensions, expected 2: [N, 192]" },
  { "matmul/weights-first", { "MatMul", { "w2", "x" } },
      "it reads 'w2', which is not what the node before it gives" },
  { "add/first", { "Add", { "x", "v" } },
      "it takes 3 values, expected one or 3 along the channels" },
  { "dropout/training", { "Dropout", { "x", "", "yes" } },
      "it is set for training" },
  { "reshape/of-other-size", { "Reshape", { "x", "ints" } },
      "expected 2: [N, 192]" },
  { "reshape/by-weights", { "Reshape", { "x", "v" } },
      "its input 1 is not of whole numbers" },
  { "flatten/axis-2", { "Flatten", { "x" }, { { "axis", 2 } } },
      "axis is 2, expected 1" },
  { "cast/to-int8", { "Cast", { "x" }, { { "to", ONNX_INT8 } } },
      "it makes type number 3 of floats" },
  { "chain/unknown-input", { "Relu", { "z" } },
      "it reads 'z', which is not what the node before it gives" },
  { "chain/no-input", { "Relu", { NULL } }, "it reads ''" },
  { "chain/name-twice", { "Relu", { "x" }, .output = "x" },
      "there are two values 'x'" },
  { "chain/name-of-weights", { "Relu", { "x" }, .output = "v" },
      "there are two values 'v'" },
  { "chain/other-output", { "Relu", { "x" }, .output = "z" },
      "output 'y' is not what the last node gives" },
  { "constant/transpose-of-4", { "Transpose", { W } },
      "it turns weights of 4 dimensions" },
  { "constant/no-value", { "Constant", { NULL } },
      "it has no value that can be used, expected a tensor" },
  { "constant/fill-by-weights", { "ConstantOfShape", { "v" } },
      "is not of whole numbers" },
  { "constant/name-taken",
      { "Constant", { NULL }, { { "value_int", 1 } }, .output = "v" },
      "there are two values 'v'" },
  { "constant/gather-beyond", { "Gather", { "ints", "ints" } },
      "index 5, expected one of 2 numbers" },
  { "constant/product-of-two", { "Mul", { "ints", "yes" } },
      "its input 0 is 2 numbers, expected one" },
  { "constant/product-of-weights", { "Mul", { "v", "v" } },
      "its input 0 is not of whole numbers" },
  { "constant/sum-of-weights", { "Add", { "v", "v" } },
      "node 'n', 'Add': it makes weights of weights" },
  { "constant/reshape-of-3", { "Reshape", { "v", "ints" } },
      "its shape is not one of 3 weights in their order" },
  { "constant/slice-to-two", { "Slice", { "ints", "yes", "ints" } },
      "ends has not one number" },
  { "constant/slice-of-columns", { "Slice", { "ints", "yes", "yes", "yes" } },
      "it takes numbers of axis 1 by step 1, expected axis 0 and step 1" },
  { "constant/shape-of-weights", { "Shape", { "v" } },
      "it asks for another shape than that of the picture" },
};

static void
test_node (gconstpointer data)
{
  const NodeCase *node_case = data;
  const gint64 four[] = { 2, 3, 3, 3 }, two[] = { 2, 192 };
  const gint64 three = 3, pair = 2, one = 1;
  const gint64 ints[] = { GINT64_TO_LE (1), GINT64_TO_LE (5) };
  const gint64 yes = GINT64_TO_LE (1);
  g_autofree float *zeros = g_new0 (float, 2 * 192);
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_tensor (graph, W, ONNX_FLOAT, four, 4, zeros,
      54 * sizeof (float));
  onnx_builder_put_tensor (graph, "w2", ONNX_FLOAT, two, 2, zeros,
      384 * sizeof (float));
  onnx_builder_put_tensor (graph, "v", ONNX_FLOAT, &three, 1, zeros,
      3 * sizeof (float));
  onnx_builder_put_tensor (graph, "int8", ONNX_INT8, &one, 1, zeros, 1);
  onnx_builder_put_tensor (graph, "ints", ONNX_INT64, &pair, 1, ints,
      sizeof ints);
  onnx_builder_put_tensor (graph, "yes", ONNX_INT64, &one, 1, &yes, sizeof yes);
  onnx_builder_put_node (graph, &node_case->node);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), node_case->expected);
}

/* ---- tensors ------------------------------------------------------------- */

typedef struct {
  const char *name;
  guint type;
  gint64 dims[5];
  guint n_dims;
  gsize size; /* bytes of data, up to 64 */
  const char *expected;
} TensorCase;

static const TensorCase tensor_cases[] = {
  { "type", 99, { 1 }, 1, 4, "tensor 'w': its type is number 99" },
  { "negative", ONNX_FLOAT, { -1 }, 1, 4, "dimension 0 of its shape is -1" },
  { "overflow", ONNX_FLOAT, { 1LL << 32, 1LL << 32, 2 }, 3, 4,
      "dimension 1 of its shape is 4294967296" },
  { "bytes-overflow", ONNX_FLOAT, { 1LL << 62 }, 1, 4, "shape overflows" },
  { "low-bits", ONNX_FLOAT, { (1LL << 32) + 1 }, 1, 4, "its shape" },
  { "short", ONNX_FLOAT, { 2 }, 1, 4, "4 bytes, expected 8 from its shape" },
  { "long", ONNX_FLOAT, { 1 }, 1, 8, "8 bytes, expected 4 from its shape" },
  { "five-dims", ONNX_FLOAT, { 1, 1, 1, 1, 1 }, 5, 4,
      "its input 'w' has 5 dimensions, expected at most 4" },
  { "empty", ONNX_FLOAT, { 0, 3, 3, 3 }, 4, 0,
      "its input 'w' is empty, expected values" },
  { "unused", ONNX_FLOAT, { 2, 2 }, 2, 16, "no node uses the weights 'w'" },
};

static void
test_tensor (gconstpointer data)
{
  const TensorCase *tensor = data;
  const OnnxBuilderNode conv = { "Conv", { "x", "w" } };
  const OnnxBuilderNode relu = { "Relu", { "x" } };
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_tensor (graph, "w", tensor->type, tensor->dims,
      tensor->n_dims, (const guint8[64]){ 0 }, tensor->size);
  onnx_builder_put_node (graph,
      g_str_equal (tensor->name, "unused") ? &relu : &conv);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), tensor->expected);
}

static void
test_tensor_twice (void)
{
  const gint64 one = 1;
  GByteArray *graph = onnx_builder_make_graph ();

  for (guint i = 0; i < 2; i++)
    onnx_builder_put_tensor (graph, "w", ONNX_FLOAT, &one, 1,
        (const guint8[4]){ 0 }, 4);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), "there are two values 'w'");
}

/* A thousand million weights that a dozen bytes ask for. */
typedef struct {
  const char *name;
  gint64 sizes[4];
  guint n_sizes;
  const char *expected;
} FillCase;

static const FillCase fill_cases[] = {
  { "huge", { 2, 3, 1LL << 31, 1LL << 31 }, 4,
      "node 'n', 'ConstantOfShape': the product of its shape overflows" },
  { "wide", { 1 << 11, 1 << 20, 1, 1 }, 4,
      "node 'n', 'Conv': dimension 1 of its weights is 1048576" },
  { "many", { 1 << 26, 3, 3, 3 }, 4,
      "node 'n', 'Conv': it has too many weights" },
  { "low-bits", { (1LL << 32) + 2, 1, 1, 1 }, 4,
      "node 'n', 'Conv': a layer with 4294967" },
  /* The product's lowest 64 bits are 2, which is what the convolution has. */
  { "wraps", { (1LL << 62) + 1, (1LL << 62) + 1, 2 }, 3,
      "node 'n', 'ConstantOfShape': the product of its shape overflows" },
};

/* As the weights of a convolution, or as what a normalisation multiplies its
 * two outputs by. */
static void
test_fill (gconstpointer data)
{
  const FillCase *t = data;
  const gint64 n = t->n_sizes, four[] = { 2, 3, 3, 3 };
  const OnnxBuilderNode fill = { "ConstantOfShape", { "shape" },
    .output = "filled" };
  const OnnxBuilderNode conv = { "Conv",
    { "x", t->n_sizes == 4 ? "filled" : W }, .output = "a" };
  const OnnxBuilderNode norm = { "BatchNormalization",
    { "a", "filled", "filled", "filled", "filled" } };
  GByteArray *graph = onnx_builder_make_graph ();
  gint64 bytes[4];

  for (guint i = 0; i < 4; i++)
    bytes[i] = GINT64_TO_LE (t->sizes[i]);
  onnx_builder_put_tensor (graph, "shape", ONNX_INT64, &n, 1, bytes,
      t->n_sizes * sizeof *bytes);
  onnx_builder_put_tensor (graph, W, ONNX_FLOAT, four, 4, (float[54]){ 0 },
      54 * sizeof (float));
  onnx_builder_put_node (graph, &fill);
  onnx_builder_put_node (graph, &conv);
  onnx_builder_put_node (graph, &norm);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), t->expected);
}

/* ---- graphs -------------------------------------------------------------- */

typedef struct {
  const char *name;
  guint type;
  gint64 dims[5];
  guint n_dims;
  const char *expected;
} InputCase;

static const InputCase input_cases[] = {
  { "int64", ONNX_INT64, { 1, 3, 8, 8 }, 4,
      "input 'x': it is of type number 7, expected floats" },
  { "three-dims", ONNX_FLOAT, { 3, 8, 8 }, 3,
      "it has 3 dimensions, expected [N,C,H,W]" },
  { "not-square", ONNX_FLOAT, { 1, 3, 8, 9 }, 4, "expected a square" },
  { "half-open", ONNX_FLOAT, { 1, 3, 8, 0 }, 4, "expected a square" },
  { "huge", ONNX_FLOAT, { 1, 3, 1 << 20, 1 << 20 }, 4,
      "dimension 2 is 1048576" },
  { "no-channels", ONNX_FLOAT, { 1, 0, 8, 8 }, 4, "layer ReLU-1" },
};

static void
test_input (gconstpointer data)
{
  const InputCase *input = data;
  const OnnxBuilderNode relu = { "Relu", { "x" } };
  GByteArray *graph = g_byte_array_new ();

  onnx_builder_put_value_info (graph, 11, "x", input->type, input->dims,
      input->n_dims);
  onnx_builder_put_value_info (graph, 12, "y", ONNX_FLOAT, input->dims,
      input->n_dims);
  onnx_builder_put_node (graph, &relu);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), input->expected);
}

static void
test_two_inputs (void)
{
  const gint64 picture[] = { 1, 3, 8, 8 };
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_value_info (graph, 11, "mask", ONNX_FLOAT, picture, 4);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "input 'mask': there is another one before it");
}

static void
test_two_outputs (void)
{
  const gint64 picture[] = { 1, 3, 8, 8 };
  const OnnxBuilderNode relu = { "Relu", { "x" } };
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_value_info (graph, 12, "features", ONNX_FLOAT, picture, 4);
  onnx_builder_put_node (graph, &relu);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), "the graph has 2 outputs, expected one");
}

static void
test_no_graph (void)
{
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (g_byte_array_new ()), "the graph has no input");
}

static void
test_sparse (void)
{
  GByteArray *graph = onnx_builder_make_graph ();

  graph_files_put_message (graph, 15, g_byte_array_new ());
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), "its weights are sparse");
}

/* An output that is no list of classes. */
static void
test_no_classes (void)
{
  const OnnxBuilderNode relu = { "Relu", { "x" } };
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_node (graph, &relu);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "the network ends in [3, 8, 8], expected classes");
}

static void
test_too_many (gconstpointer data)
{
  guint n = GPOINTER_TO_UINT (data);
  const OnnxBuilderNode relus[] = {
    { "Relu", { "x" } },
    { "Relu", { "y" }, .output = "x" },
  };
  GByteArray *graph = onnx_builder_make_graph ();

  for (guint i = 0; i < n; i++)
    onnx_builder_put_node (graph, &relus[i % 2]);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      n > 65536 ? "field 1 is there more than 65536 times"
                : "node 'n', 'Relu': more than 32 layers");
}

static void
test_many_attributes (void)
{
  GByteArray *graph = onnx_builder_make_graph (), *node = g_byte_array_new ();

  graph_files_put_text (node, 4, "Relu");
  for (guint i = 0; i < 60000; i++)
    graph_files_put_message (node, 5, g_byte_array_new ());
  graph_files_put_message (graph, 1, node);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), "it has more than 64 attributes");
}

static void
put_step (GByteArray *graph, const char *op, guint i, gboolean scale)
{
  g_autofree char *from = g_strdup_printf ("a%u", i);
  g_autofree char *to = g_strdup_printf ("a%u", i + 1);
  const OnnxBuilderNode node = { op,
    { from, scale ? "v" : NULL, "v", "v", "v" }, .output = to };

  onnx_builder_put_node (graph, &node);
}

/* Many nodes that keep a long name, each under another one. */
static void
test_long_name (void)
{
  const gint64 dims[] = { 1 };
  GByteArray *graph = onnx_builder_make_graph ();
  g_autofree char *name = g_strnfill ((1 << 20) - 1, 'n');
  const OnnxBuilderNode first = { "Identity", { name }, .output = "a0" };

  onnx_builder_put_tensor (graph, name, ONNX_FLOAT, dims, 1, "none", 4);
  onnx_builder_put_node (graph, &first);
  for (guint i = 0; i < 60000; i++)
    put_step (graph, "Identity", i, FALSE);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "output 'y' is not what the last node gives");
}

/* What quantize_dynamic() writes: a bias is reshaped before any node tells. */
static void
test_quantised_late (void)
{
  const gint64 one = 1;
  const OnnxBuilderNode first = { "Reshape", { "v", "shape" }, .output = "b" };
  const OnnxBuilderNode second = { "DynamicQuantizeLinear", { "x" } };
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_tensor (graph, "v", ONNX_FLOAT, &one, 1, "none", 4);
  onnx_builder_put_tensor (graph, "shape", ONNX_INT64, &one, 1, &one, 8);
  onnx_builder_put_node (graph, &first);
  onnx_builder_put_node (graph, &second);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "node 'n', 'DynamicQuantizeLinear': the network is quantised");
}

/* Nothing reads logarithms, nor does a layer here. */
static void
test_behind_log_softmax (void)
{
  static const gint64 dims[] = { 1, 192 };
  const OnnxBuilderNode nodes[] = { { "Flatten", { "x" }, .output = "a" },
    { "Gemm", { "a", "w" }, { { "transB", 1 } }, .output = "b" },
    { "LogSoftmax", { "b" }, .output = "c" }, { "Relu", { "c" } } };
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_tensor (graph, "w", ONNX_FLOAT, dims, 2, (float[192]){ 0 },
      192 * sizeof (float));
  for (guint i = 0; i < G_N_ELEMENTS (nodes); i++)
    onnx_builder_put_node (graph, &nodes[i]);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "node 'n', 'Relu': a layer behind the softmax");
}

/* Many nodes to fold into one large layer. */
static void
test_many_folds (gconstpointer op)
{
  static const gint64 dims[] = { 1 << 16, 3, 3, 3 }, ones[] = { 1 << 16, 1, 1 };
  const gsize size = sizeof (float) * 27 << 16;
  GByteArray *graph = onnx_builder_make_graph ();
  g_autofree char *zeros = g_malloc0 (size);
  const OnnxBuilderNode conv = { "Conv", { "x", "w" }, .output = "a0" };

  onnx_builder_put_tensor (graph, "w", ONNX_FLOAT, dims, 4, zeros, size);
  onnx_builder_put_tensor (graph, "v", ONNX_FLOAT, ones,
      g_str_equal (op, "Add") ? 3 : 1, zeros, size / 27);
  onnx_builder_put_node (graph, &conv);
  for (guint i = 0; i < 10000; i++)
    put_step (graph, op, i, TRUE);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "more is to be folded into weights than the file has");
}

/* A graph in an attribute of a node of a graph in an attribute of ... */
static void
test_depth (void)
{
  GByteArray *graph = onnx_builder_make_graph ();

  for (guint i = 0; i < 10000; i++) {
    GByteArray *attribute = g_byte_array_new (), *node = g_byte_array_new ();

    graph_files_put_text (attribute, 1, "body");
    graph_files_put_message (attribute, 6, graph);
    graph_files_put_text (node, 4, "Loop");
    graph_files_put_message (node, 5, attribute);
    graph = onnx_builder_make_graph ();
    graph_files_put_message (graph, 1, node);
  }
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "node 1, 'Loop': an operator that no AlexNet here has");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/onnx/refused/node", node_cases, test_node);
  ADD_NAMED_CASES ("/onnx/refused/tensor", tensor_cases, test_tensor);
  g_test_add_func ("/onnx/refused/tensor/twice", test_tensor_twice);
  ADD_NAMED_CASES ("/onnx/refused/fill", fill_cases, test_fill);
  ADD_NAMED_CASES ("/onnx/refused/input", input_cases, test_input);
  g_test_add_func ("/onnx/refused/input/two", test_two_inputs);
  g_test_add_func ("/onnx/refused/output/two", test_two_outputs);
  g_test_add_func ("/onnx/refused/output/no-classes", test_no_classes);
  g_test_add_func ("/onnx/refused/quantised/late", test_quantised_late);
  g_test_add_func ("/onnx/refused/log-softmax/within", test_behind_log_softmax);
  g_test_add_func ("/onnx/refused/no-graph", test_no_graph);
  g_test_add_func ("/onnx/refused/sparse", test_sparse);
  g_test_add_data_func ("/onnx/refused/too-many/layers", GUINT_TO_POINTER (40),
      test_too_many);
  g_test_add_data_func ("/onnx/refused/too-many/nodes",
      GUINT_TO_POINTER (70000), test_too_many);
  g_test_add_func ("/onnx/refused/too-many/attributes", test_many_attributes);
  g_test_add_func ("/onnx/refused/too-many/names", test_long_name);
  g_test_add_data_func ("/onnx/refused/too-many/batch-norms",
      "BatchNormalization", test_many_folds);
  g_test_add_data_func ("/onnx/refused/too-many/sums", "Add", test_many_folds);
  g_test_add_func ("/onnx/refused/depth", test_depth);
  return g_test_run ();
}
