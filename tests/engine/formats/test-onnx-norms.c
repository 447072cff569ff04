/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LocalResponseNorm in parts of which one is another than PyTorch writes. What
 * it computes is test-onnx.c's matter. */

#include <math.h>

#include "formats/onnx/onnx.h"
#include "support/cases.h"
#include "support/graph-files.h"
#include "support/onnx-builder.h"

/* Of three channels of x [1,3,8,8]. */
static const OnnxBuilderNode nodes[] = {
  { "Mul", { "x", "x" }, .output = "a" },
  { "Reshape", { "a", "shape" }, .output = "b" },
  { "Pad", { "b", "pads" }, .output = "c" },
  { "AveragePool", { "c" },
      { { "kernel_shape", .ints = { 3, 1, 1 }, .n_ints = 3 } }, .output = "d" },
  { "Squeeze", { "d", "one" }, .output = "e" },
  { "Mul", { "e", "half" }, .output = "f" },
  { "Add", { "one", "f" }, .output = "g" },
  { "Pow", { "g", "half" }, .output = "h" },
  { "Div", { "x", "h" } },
};

static const struct {
  const char *name;
  gint64 ints[10];
  guint n;
} ints[] = {
  { "shape", { 1, 1, 3, 8, -1 }, 5 },
  { "flat", { 1, 1, 3, 64, 1 }, 5 },
  { "open", { -1, 1, 3, 8, -1 }, 5 },
  { "four", { 1, 3, 8, 8 }, 4 },
  { "pads", { 0, 0, 1, 0, 0, 0, 0, 1, 0, 0 }, 10 },
  { "off", { 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 }, 10 },
  { "rows", { 0, 0, 1, 1, 0, 0, 0, 1, 1, 0 }, 10 },
  { "cut", { 0, 0, -1, 0, 0, 0, 0, 1, 0, 0 }, 10 },
  { "one", { 1 }, 1 },
  { "two", { 2 }, 1 },
  { "three", { 3 }, 1 },
};

typedef struct {
  const char *name;
  guint at; /* of the node that is another one */
  OnnxBuilderNode node;
  const char *expected;
  OnnxBuilderNode more; /* behind it */
} Case;

#define INTS(name, ...)                                      \
  {                                                          \
    name, 0, NULL, { __VA_ARGS__ },                          \
        sizeof ((gint64[]){ __VA_ARGS__ }) / sizeof (gint64) \
  }
#define KERNEL(...) INTS ("kernel_shape", __VA_ARGS__)
/* Read to the end, where no list of classes is. */
#define READ "the network ends in [3, 8, 8], expected classes"

static const Case cases[] = {
  { "whole", 0, { "Mul", { "x", "x" }, .output = "a" }, READ },
  { "itself", 0, { "Mul", { "a", "a" }, .output = "a" },
      "'Mul': its input 0, 'a', is not known without the picture" },
  { "name/picture", 0, { "Mul", { "x", "x" }, .output = "x" },
      "there are two values 'x'" },
  { "name/constant", 0, { "Mul", { "x", "x" }, .output = "half" },
      "there are two values 'half'" },
  { "name/branch", 1, { "Reshape", { "a", "shape" }, .output = "a" },
      "there are two values 'a'" },
  { "square", 0, { "Pow", { "x", "two" }, .output = "a" }, READ },
  { "cube", 0, { "Pow", { "x", "three" }, .output = "a" },
      "the exponent is 3, expected 2" },
  { "root", 0, { "Pow", { "x", "floats" }, .output = "a" },
      "it takes 3 values, expected one for all" },
  { "layer-between", 0, { "Relu", { "x" }, .output = "a" },
      "'Reshape': its shape has 5 dimensions, expected 2" },
  { "unsqueeze", 1, { "Unsqueeze", { "a", "one" }, .output = "b" }, READ },
  { "unsqueeze/missing", 1, { "Unsqueeze", { "a" }, .output = "b" },
      "its input 1, '', is not known without the picture" },
  { "unsqueeze/two", 1,
      { "Unsqueeze", { "a" }, { INTS ("axes", 1, 2) }, .output = "b" },
      "its axes are not the second one alone" },
  { "unsqueeze/other", 1, { "Unsqueeze", { "a", "two" }, .output = "b" },
      "its axes are not the second one alone" },
  { "unsqueeze/shape", 1, { "Unsqueeze", { "a", "one" }, .output = "u" }, READ,
      { "Reshape", { "u", "shape" }, .output = "b" } },
  { "identity", 1, { "Identity", { "a" }, .output = "u" }, READ,
      { "Reshape", { "u", "shape" }, .output = "b" } },
  { "shape/missing", 1, { "Reshape", { "a" }, .output = "b" },
      "its input 1, '', is not known without the picture" },
  { "shape/flat", 1, { "Reshape", { "a", "flat" }, .output = "b" },
      "its shape is not [N,1,C,H,W] of [N,3,8,8]" },
  { "shape/open", 1, { "Reshape", { "a", "open" }, .output = "b" },
      "its shape is not [N,1,C,H,W] of [N,3,8,8]" },
  { "shape/four", 1, { "Reshape", { "a", "four" }, .output = "b" },
      "its shape is not [N,1,C,H,W] of [N,3,8,8]" },
  { "pads/off-centre", 2, { "Pad", { "b", "off" }, .output = "c" },
      "its window has 3 channels, with 2 zeros before and 0 behind them" },
  { "pads/rows", 2, { "Pad", { "b", "rows" }, .output = "c" },
      "pad 3 is 1, expected zeros among channels alone" },
  { "pads/negative", 2, { "Pad", { "b", "cut" }, .output = "c" },
      "pad 2 is -1, expected zeros among channels alone" },
  { "pads/few", 2, { "Pad", { "b", "four" }, .output = "c" },
      "it has 4 pads, expected 10" },
  { "pads/missing", 2, { "Pad", { "b" }, .output = "c" },
      "its input 1, '', is not known without the picture" },
  { "pads/ones", 2, { "Pad", { "b", "pads", "one" }, .output = "c" },
      "it pads with 1, expected 0" },
  { "pads/nearly-zeros", 2, { "Pad", { "b", "pads", "tiny" }, .output = "c" },
      READ },
  { "pads/axes", 2, { "Pad", { "b", "pads", "", "two" }, .output = "c" },
      "it has axes, expected all of them" },
  { "pads/attribute", 2,
      { "Pad", { "b" }, { INTS ("pads", 0, 0, 1, 0, 0, 0, 0, 1, 0, 0) },
          .output = "c" },
      READ },
  { "pads/mode", 2,
      { "Pad", { "b", "pads" }, { { "mode", 0, "edge" } }, .output = "c" },
      "its mode is 'edge', expected 'constant'" },
  { "pads/computed", 2,
      { "ConstantOfShape", { "one" }, .output = "c",
          .attributes = { { "value", 1 } } },
      "it is part of a LocalResponseNorm, which can be exported with "
      "dynamo=True or simplified with onnxsim: " },
  { "pool/even", 3,
      { "AveragePool", { "c" }, { KERNEL (2, 1, 1) }, .output = "d" },
      "its window has 2 channels, with 1 zeros before and 1 behind them" },
  { "pool/wide", 3,
      { "AveragePool", { "c" }, { KERNEL (3, 3, 1) }, .output = "d" },
      "its window is not one over channels alone" },
  { "pool/no-kernel", 3, { "AveragePool", { "c" }, .output = "d" },
      "its window is not one over channels alone" },
  { "pool/plane", 3,
      { "AveragePool", { "c" }, { KERNEL (3, 1) }, .output = "d" },
      "kernel_shape has 2 numbers, expected 3" },
  { "pool/stride", 3,
      { "AveragePool", { "c" }, { KERNEL (3, 1, 1), INTS ("strides", 2, 1, 1) },
          .output = "d" },
      "its window is not one over channels alone" },
  { "pool/dilated", 3,
      { "AveragePool", { "c" },
          { KERNEL (3, 1, 1), INTS ("dilations", 2, 1, 1) }, .output = "d" },
      "its window is not one over channels alone" },
  { "pool/not-dilated", 3,
      { "AveragePool", { "c" },
          { KERNEL (3, 1, 1), INTS ("dilations", 1, 1, 1) }, .output = "d" },
      READ },
  { "pool/pads", 3,
      { "AveragePool", { "c" },
          { KERNEL (5, 1, 1), INTS ("pads", 1, 0, 0, 1, 0, 0),
              { "count_include_pad", 1 } },
          .output = "d" },
      READ },
  { "pool/pads-left-out", 3,
      { "AveragePool", { "c" },
          { KERNEL (5, 1, 1), INTS ("pads", 1, 0, 0, 1, 0, 0) },
          .output = "d" },
      "it does not count what it pads with" },
  { "pool/pads-of-rows", 3,
      { "AveragePool", { "c" },
          { KERNEL (3, 1, 1), INTS ("pads", 0, 1, 0, 0, 1, 0) },
          .output = "d" },
      "pad 1 is 1, expected zeros among channels alone" },
  { "pool/maximum", 3, { "MaxPool", { "c" }, .output = "d" },
      "'MaxPool': it reads 'c', which is not what the node before it gives" },
  { "fold", 4, { "Reshape", { "d", "four" }, .output = "e" }, READ },
  { "fold/other", 4, { "Reshape", { "d", "shape" }, .output = "e" },
      "its shape is not that of [N,3,8,8]" },
  { "alpha/first", 5, { "Mul", { "half", "e" }, .output = "f" }, READ },
  { "alpha/whole", 5, { "Mul", { "e", "three" }, .output = "f" }, READ },
  { "alpha/infinite", 5, { "Mul", { "e", "infinite" }, .output = "f" },
      "needs a size above 0 and finite alpha, beta and k" },
  { "alpha/missing", 5, { "Mul", { "e" }, .output = "f" },
      "its input 1, '', is not known without the picture" },
  { "alpha/each", 5, { "Mul", { "e", "floats" }, .output = "f" },
      "it takes 3 values, expected one for all" },
  { "k/first", 5, { "Add", { "e", "half" }, .output = "f" },
      "'Add': it reads 'one', which is not what the node before it gives" },
  { "beta/turned", 7, { "Pow", { "half", "g" }, .output = "h" },
      "'Pow': an operator that no AlexNet here has" },
  { "quotient/turned", 8, { "Div", { "h", "x" } },
      "'Div': it reads 'h', which is not what the node before it gives" },
  { "quotient/missing", 8, { "Identity", { "one" }, .output = "i" },
      "output 'y' is not what the last node gives" },
};

static void
put_constants (GByteArray *graph)
{
  const gint64 one = 1, three = 3;
  const float floats[] = { 0.5f, 0.5f, 0.5f }, infinite = INFINITY;
  const float tiny = -1e-35f;

  for (guint i = 0; i < G_N_ELEMENTS (ints); i++) {
    gint64 bytes[10], n = ints[i].n;

    for (guint j = 0; j < ints[i].n; j++)
      bytes[j] = GINT64_TO_LE (ints[i].ints[j]);
    onnx_builder_put_tensor (graph, ints[i].name, ONNX_INT64, &n, 1, bytes,
        ints[i].n * sizeof *bytes);
  }
  onnx_builder_put_tensor (graph, "half", ONNX_FLOAT, &one, 1, floats,
      sizeof *floats);
  onnx_builder_put_tensor (graph, "infinite", ONNX_FLOAT, &one, 1, &infinite,
      sizeof infinite);
  onnx_builder_put_tensor (graph, "tiny", ONNX_FLOAT, &one, 1, &tiny,
      sizeof tiny);
  onnx_builder_put_tensor (graph, "floats", ONNX_FLOAT, &three, 1, floats,
      sizeof floats);
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  GByteArray *graph = onnx_builder_make_graph ();

  put_constants (graph);
  for (guint i = 0; i < G_N_ELEMENTS (nodes); i++) {
    onnx_builder_put_node (graph, i == c->at ? &c->node : &nodes[i]);
    if (i == c->at && c->more.op)
      onnx_builder_put_node (graph, &c->more);
  }
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), c->expected);
}

/* The shape [1,1,C,H,-1] mixes them. */
static void
test_two_pictures (void)
{
  const gint64 pictures[] = { 2, 3, 8, 8 };
  GByteArray *graph = g_byte_array_new ();

  onnx_builder_put_value_info (graph, 11, "x", ONNX_FLOAT, pictures, 4);
  onnx_builder_put_value_info (graph, 12, "y", ONNX_FLOAT, pictures, 4);
  put_constants (graph);
  for (guint i = 0; i < G_N_ELEMENTS (nodes); i++)
    onnx_builder_put_node (graph, &nodes[i]);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "its shape is not [N,1,C,H,W] of [N,3,8,8]");
}

/* Each pad is within the limit, both together are not. */
static void
test_many_pads (void)
{
  const gint64 n = 10;
  const gint64 pads[10] = { [2] = GINT64_TO_LE (4096) };
  const OnnxBuilderNode pad = { "Pad", { "b", "many" }, .output = "c" };
  const OnnxBuilderNode again = { "Pad", { "c", "many" }, .output = "d" };
  GByteArray *graph = onnx_builder_make_graph ();

  put_constants (graph);
  onnx_builder_put_tensor (graph, "many", ONNX_INT64, &n, 1, pads, sizeof pads);
  onnx_builder_put_node (graph, &nodes[0]);
  onnx_builder_put_node (graph, &nodes[1]);
  onnx_builder_put_node (graph, &pad);
  onnx_builder_put_node (graph, &again);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "pad 2 is 4096, expected zeros among channels alone");
}

/* What is divided is no longer what was squared. */
static void
test_other_picture (void)
{
  static const gint64 shape[] = { 1, 1, 3, 8, 8 }, n = 5;
  const OnnxBuilderNode relu = { "Relu", { "x" }, .output = "z" };
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_tensor (graph, "shape", ONNX_INT64, &n, 1, shape,
      sizeof shape);
  onnx_builder_put_node (graph, &nodes[0]);
  onnx_builder_put_node (graph, &relu);
  onnx_builder_put_node (graph, &nodes[1]);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph),
      "'Reshape': its input 0, 'a', is not known without the picture");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/onnx/norms", cases, test_case);
  g_test_add_func ("/onnx/norms/two-pictures", test_two_pictures);
  g_test_add_func ("/onnx/norms/many-pads", test_many_pads);
  g_test_add_func ("/onnx/norms/other-picture", test_other_picture);
  return g_test_run ();
}
