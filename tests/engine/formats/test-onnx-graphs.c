/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Graphs that are refused for what several nodes do together: numbers that no
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
  { "affine/linear-relu",
      { { "Gemm", { "flat", "w3" }, .output = "a" },
          { "Relu", { "a" }, .output = "b" },
          { "Sub", { "b", "half" }, .output = "c" }, { "Relu", { "c" } } },
      "node 'n', 'Relu': it follows products or sums with constants" },
  { "affine/linear-end",
      { { "Gemm", { "flat", "w3" }, .output = "a" },
          { "Relu", { "a" }, .output = "b" }, { "Mul", { "half", "b" } } },
      "the graph's end: it follows products or sums with constants that no "
      "weights are right before, expected a linear layer" },
  { "affine/of-values",
      { { "Relu", { "x" }, .output = "a" },
          { "Flatten", { "a" }, .output = "b" },
          { "Add", { "b", "v192" }, .output = "c" }, { "Relu", { "c" } } },
      "node 'n', 'Relu': it follows products or sums" },
  { "affine/channels",
      { { "Relu", { "x" }, .output = "a" }, { "Mul", { "a", "v192" } } },
      "it takes 192 values, expected one or 3 along the channels" },
  { "affine/by-0",
      { { "Relu", { "x" }, .output = "a" }, { "Div", { "a", "none" } } },
      "channel 0 is divided by 0" },
  { "affine/training",
      { { "Relu", { "x" }, .output = "a" },
          { "BatchNormalization", { "a", "v3", "v3", "v3", "v3" },
              { { "training_mode", 1 } } } },
      "it is set for training" },
  { "affine/variance",
      { { "Relu", { "x" }, .output = "a" },
          { "BatchNormalization", { "a", "v3", "v3", "v3", "below" } } },
      "channel 0 has variance -1" },
  { "affine/layout",
      { { "Relu", { "x" }, .output = "a" },
          { "Transpose", { "a" }, { INTS ("perm", 0, 2, 3, 1) },
              .output = "b" },
          { "BatchNormalization", { "b", "v3", "v3", "v3", "v3" } } },
      "it gets [N,H,W,C], expected [N,C,H,W]" },
  { "if/condition", { { "If", { "x" } } },
      "node 'n', 'If': its input 0, 'x', is not known without the picture" },
  { "if/no-branches", { { "If", { "two" } } },
      "it has not one condition and two branches" },
  { "if/pictures", { { "Equal", { "zero", "two" } } },
      "it compares with 0 or the number of pictures" },
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

/* All of one value. */
static void
put_floats (GByteArray *graph, const char *name, float value,
    const gint64 *dims, guint n_dims)
{
  float values[1024];
  gsize n = 1;

  for (guint i = 0; i < n_dims; i++)
    n *= (gsize) dims[i];
  g_assert_cmpuint (n, <=, G_N_ELEMENTS (values));
  for (gsize i = 0; i < n; i++)
    values[i] = value;
  onnx_builder_put_tensor (graph, name, ONNX_FLOAT, dims, n_dims, values,
      n * sizeof *values);
}

static void
test_case (gconstpointer data)
{
  static const OnnxBuilderNode flatten = { "Flatten", { "x" },
    .output = "flat" };
  const Case *c = data;
  const gint64 zero = GINT64_TO_LE (0), two = GINT64_TO_LE (2);
  GByteArray *graph = onnx_builder_make_graph ();

  put_floats (graph, "half", 0.5f, (gint64[]){ 1 }, 1);
  put_floats (graph, "none", 0, (gint64[]){ 1 }, 1);
  put_floats (graph, "v3", 1, (gint64[]){ 3 }, 1);
  put_floats (graph, "below", -1, (gint64[]){ 3 }, 1);
  put_floats (graph, "v192", 1, (gint64[]){ 192 }, 1);
  put_floats (graph, "w3", 1, (gint64[]){ 192, 3 }, 2);
  onnx_builder_put_tensor (graph, "zero", ONNX_INT64, (gint64[]){ 1 }, 1, &zero,
      sizeof zero);
  onnx_builder_put_tensor (graph, "two", ONNX_INT64, (gint64[]){ 1 }, 1, &two,
      sizeof two);
  if (g_str_has_prefix (c->name, "affine/linear"))
    onnx_builder_put_node (graph, &flatten);
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
