/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Graphs that are refused for what several nodes do together: a factor that no
 * weights take up, layers of another layout, sizes made of the number of
 * pictures. */

#include "formats/onnx/onnx.h"
#include "support/cases.h"
#include "support/graph-files.h"
#include "support/onnx-builder.h"

#define INTS(name, ...)                                      \
  {                                                          \
    name, 0, NULL, { __VA_ARGS__ },                          \
        sizeof ((gint64[]){ __VA_ARGS__ }) / sizeof (gint64) \
  }

typedef struct {
  const char *name;
  OnnxBuilderNode nodes[4];
  const char *expected;
} Case;

static const Case cases[] = {
  { "factor/lrn",
      { { "Relu", { "x" }, .output = "a" },
          { "Mul", { "a", "half" }, .output = "b" },
          { "LRN", { "b" }, { { "size", 5 } } } },
      "node 'n', 'LRN': it follows a product with 0.5" },
  { "factor/relu",
      { { "Relu", { "x" }, .output = "a" },
          { "Div", { "a", "half" }, .output = "b" }, { "Relu", { "b" } } },
      "node 'n', 'Relu': it follows a product with 2" },
  { "factor/end",
      { { "Relu", { "x" }, .output = "a" }, { "Mul", { "half", "a" } } },
      "the graph ends in a product with 0.5, expected a layer" },
  { "factor/channels",
      { { "Relu", { "x" }, .output = "a" }, { "Mul", { "a", "v3" } } },
      "it does not follow a convolution or a linear layer" },
  { "layout/pool",
      { { "Transpose", { "x" }, { INTS ("perm", 0, 2, 3, 1) }, .output = "a" },
          { "MaxPool", { "a" }, { INTS ("kernel_shape", 2, 2) } } },
      "node 'n', 'MaxPool': it gets [N,H,W,C], expected [N,C,H,W]" },
  { "shape/pictures",
      { { "Shape", { "x" }, .output = "a" },
          { "Gather", { "a", "zero" }, .output = "b" },
          { "Mul", { "b", "two" }, .output = "c" } },
      "node 'n', 'Mul': it computes with the number of pictures" },
  { "shape/negative",
      { { "Constant", { NULL }, { { "value_int", -3 } }, .output = "a" },
          { "Mul", { "a", "two" }, .output = "b" } },
      "-3 times 2 is no size" },
  { "shape/huge",
      { { "Constant", { NULL }, { { "value_int", 1LL << 40 } }, .output = "a" },
          { "Mul", { "a", "a" }, .output = "b" } },
      "is no size" },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  const gint64 one = 1, three[] = { 3, 1, 1 };
  const gint64 zero = 0, two = GINT64_TO_LE (2);
  const float half = 0.5f, floats[3] = { 1, 2, 3 };
  GByteArray *graph = onnx_builder_make_graph ();

  onnx_builder_put_tensor (graph, "half", ONNX_FLOAT, &one, 1, &half,
      sizeof half);
  onnx_builder_put_tensor (graph, "v3", ONNX_FLOAT, three, 3, floats,
      sizeof floats);
  onnx_builder_put_tensor (graph, "zero", ONNX_INT64, &one, 1, &zero,
      sizeof zero);
  onnx_builder_put_tensor (graph, "two", ONNX_INT64, &one, 1, &two, sizeof two);
  for (guint i = 0; i < 4 && c->nodes[i].op; i++)
    onnx_builder_put_node (graph, &c->nodes[i]);
  graph_files_assert_refused (alexnet_onnx_read,
      onnx_builder_make_model (graph), c->expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/onnx-graphs", cases, test_case);
  return g_test_run ();
}
