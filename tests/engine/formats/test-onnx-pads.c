/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* auto_pad: on which side of 8 rows a window gets how many more. Readers of
 * ONNX differ in SAME_LOWER; the specification's more at the beginning holds.
 */

#include "formats/onnx/onnx.h"
#include "support/cases.h"
#include "support/graph-files.h"
#include "support/onnx-builder.h"

#define N_CLASSES 2

typedef struct {
  const char *name, *mode;
  guint kernel, stride, padding, end_padding, side;
} Case;

static const Case cases[] = {
  { "lower/even", "SAME_LOWER", 2, 1, 1, 0, 8 },
  { "upper/even", "SAME_UPPER", 2, 1, 0, 1, 8 },
  { "lower/odd", "SAME_LOWER", 3, 1, 1, 1, 8 },
  { "upper/odd", "SAME_UPPER", 3, 1, 1, 1, 8 },
  { "lower/strides", "SAME_LOWER", 3, 2, 1, 0, 4 },
  { "upper/strides", "SAME_UPPER", 3, 2, 0, 1, 4 },
  { "lower/large", "SAME_LOWER", 5, 2, 2, 1, 4 },
  { "upper/large", "SAME_UPPER", 5, 2, 1, 2, 4 },
  { "lower/nothing", "SAME_LOWER", 2, 2, 0, 0, 4 },
  { "lower/apart", "SAME_LOWER", 1, 3, 0, 0, 3 },
  { "valid", "VALID", 3, 2, 0, 0, 3 },
};

static void
put_weights (GByteArray *graph, const char *name, const gint64 *dims,
    guint n_dims)
{
  gsize n = sizeof (float);
  g_autofree void *zeros = NULL;

  for (guint i = 0; i < n_dims; i++)
    n *= dims[i];
  zeros = g_malloc0 (n);
  onnx_builder_put_tensor (graph, name, ONNX_FLOAT, dims, n_dims, zeros, n);
}

static void
put_window (GByteArray *graph, const Case *c, const char *op)
{
  const gint64 dims[] = { 3, 3, c->kernel, c->kernel };
  const char *weights = g_str_equal (op, "Conv") ? "w" : NULL;

  if (weights)
    put_weights (graph, weights, dims, G_N_ELEMENTS (dims));
  onnx_builder_put_node (graph,
      &(OnnxBuilderNode){ op, { "x", weights },
          { { "kernel_shape", .ints = { c->kernel, c->kernel }, .n_ints = 2 },
              { "strides", .ints = { c->stride, c->stride }, .n_ints = 2 },
              { "auto_pad", 0, c->mode } },
          .output = "a" });
}

/* The window, and a linear layer of all that it gives. */
static AlexnetModelSource *
read_graph (const Case *c, const char *op)
{
  const gint64 dims[] = { N_CLASSES, 3 * c->side * c->side };
  GByteArray *graph = onnx_builder_make_graph ();
  g_autoptr (GError) error = NULL;
  AlexnetModelSource *source;

  put_window (graph, c, op);
  put_weights (graph, "v", dims, G_N_ELEMENTS (dims));
  onnx_builder_put_node (graph,
      &(OnnxBuilderNode){ "Flatten", { "a" }, .output = "b" });
  onnx_builder_put_node (graph,
      &(OnnxBuilderNode){ "Gemm", { "b", "v" }, { { "transB", 1 } } });
  source = graph_files_read_bytes (alexnet_onnx_read,
      onnx_builder_make_model (graph), &error);
  g_assert_no_error (error);
  return source;
}

static void
test_case (gconstpointer data)
{
  static const char *const ops[] = { "Conv", "MaxPool" };
  const Case *c = data;

  for (guint i = 0; i < G_N_ELEMENTS (ops); i++) {
    g_autoptr (AlexnetModelSource) source = read_graph (c, ops[i]);
    const AlexnetLayer *layer = &source->network->layers[0];

    g_assert_cmpuint (layer->kernel, ==, c->kernel);
    g_assert_cmpuint (layer->padding, ==, c->padding);
    g_assert_cmpuint (layer->end_padding, ==, c->end_padding);
    g_assert_cmpuint (layer->out.height, ==, c->side);
    g_assert_cmpuint (layer->out.width, ==, c->side);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/onnx-pads", cases, test_case);
  return g_test_run ();
}
