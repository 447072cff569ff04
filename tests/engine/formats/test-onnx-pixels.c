/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Graphs that normalise pictures themselves: what that makes of the model's
 * preprocessing. */

#include <string.h>

#include "formats/onnx/onnx.h"
#include "model/model.h"
#include "support/cases.h"
#include "support/graph-files.h"
#include "support/onnx-builder.h"

#define TOLERANCE 1e-6

typedef struct {
  const char *op; /* with a number or three beside the picture, four times for
                     a BatchNormalization */
  guint n;
  float numbers[3];
} Node;

typedef struct {
  const char *name;
  Node nodes[3];
  gboolean lrn, last, bytes; /* Caffe's; [N,H,W,C] */
  AlexnetChannelOrder order;
  float mean[3], std[3];
  const char *expected; /* or it is refused */
} Case;

#define IMAGENET_MEAN      \
  {                        \
    0.485f, 0.456f, 0.406f \
  }
#define IMAGENET_STD       \
  {                        \
    0.229f, 0.224f, 0.225f \
  }
#define RGB ALEXNET_CHANNELS_RGB
#define BGR ALEXNET_CHANNELS_BGR
#define LEVEL (1 / 255.f)

static const Case cases[] = {
  { "none", { { 0 } }, .order = RGB, .mean = IMAGENET_MEAN,
      .std = IMAGENET_STD },
  { "own",
      { { "Sub", 3, { 0.5f, 0.25f, 0.125f } },
          { "Div", 3, { 0.5f, 0.25f, 1 } } },
      .order = RGB, .mean = { 0.5f, 0.25f, 0.125f },
      .std = { 0.5f, 0.25f, 1 } },
  { "levels",
      { { "Div", 1, { 255 } }, { "Sub", 3, IMAGENET_MEAN },
          { "Div", 3, IMAGENET_STD } },
      .order = RGB, .mean = IMAGENET_MEAN, .std = IMAGENET_STD },
  { "levels-at-once",
      { { "Sub", 3, { 51, 102, 127.5f } }, { "Mul", 1, { 1 / 51.f } } },
      .order = RGB, .mean = { 0.2f, 0.4f, 0.5f }, .std = { 0.2f, 0.2f, 0.2f } },
  { "scale", { { "Mul", 1, { LEVEL } } }, .order = RGB, .std = { 1, 1, 1 } },
  { "keras", { { "Mul", 1, { 1 / 127.5f } }, { "Add", 1, { -1 } } },
      .last = TRUE, .order = RGB, .mean = { 0.5f, 0.5f, 0.5f },
      .std = { 0.5f, 0.5f, 0.5f } },
  { "keras/channels", { { "Sub", 3, { 51, 102, 127.5f } } }, .last = TRUE,
      .order = RGB, .mean = { 0.2f, 0.4f, 0.5f },
      .std = { LEVEL, LEVEL, LEVEL } },
  { "bytes", { { 0 } }, .bytes = TRUE, .order = RGB,
      .std = { LEVEL, LEVEL, LEVEL } },
  { "bytes/normalised", { { "Sub", 1, { 51 } }, { "Div", 1, { 51 } } },
      .bytes = TRUE, .order = RGB, .mean = { 0.2f, 0.2f, 0.2f },
      .std = { 0.2f, 0.2f, 0.2f } },
  { "caffe", { { "Sub", 3, { 102, 127.5f, 153 } } }, .lrn = TRUE, .order = BGR,
      .mean = { 0.6f, 0.5f, 0.4f }, .std = { LEVEL, LEVEL, LEVEL } },
  { "caffe/rgb", { { "Sub", 3, { 153, 127.5f, 102 } } }, .lrn = TRUE,
      .order = RGB, .mean = { 0.6f, 0.5f, 0.4f },
      .std = { LEVEL, LEVEL, LEVEL } },
  { "identity", { { "Mul", 1, { 1 } }, { "Add", 1, { 0 } } }, .order = RGB,
      .mean = IMAGENET_MEAN, .std = IMAGENET_STD },
  { "batch-norm", { { "BatchNormalization", 3, { 4, 4, 4 } } }, .order = RGB,
      .mean = { 2 * LEVEL, 2 * LEVEL, 2 * LEVEL },
      .std = { LEVEL / 2, LEVEL / 2, LEVEL / 2 } },
  { "refused/negative", { { "Mul", 1, { -1 } } },
      .expected = "its first nodes multiply channel 0 by -1 and add 0, which "
                  "normalises neither 0..1 nor 0..255" },
  { "refused/below", { { "Add", 1, { 0.5f } } },
      .expected = "multiply channel 0 by 1 and add 0.5" },
  { "refused/above", { { "Sub", 1, { 300 } } },
      .expected = "multiply channel 0 by 1 and add -300" },
  { "refused/zero", { { "Div", 1, { 0 } } },
      .expected = "node 'n', 'Div': channel 0 is divided by 0" },
  { "refused/nothing", { { "Mul", 1, { 0 } } }, .expected = "neither 0..1" },
  { "refused/squared", { { "Pow", 1, { 2 } } },
      .expected = "is not what the node before it gives" },
};

static char *
put_nodes (GByteArray *graph, const Case *c)
{
  static const char *const values[] = { "a", "b", "c" };
  static const char *const numbers[] = { "p", "q", "r" };
  const gint64 first[] = { 1, 3, 1, 1 }, last[] = { 3 }, one[] = { 1 };
  const char *from = "x";

  if (c->bytes) {
    onnx_builder_put_node (graph,
        &(OnnxBuilderNode){
            "Cast", { "x" }, { { "to", ONNX_FLOAT } }, .output = "floats" });
    from = "floats";
  }
  for (guint i = 0; i < G_N_ELEMENTS (values) && c->nodes[i].op; i++) {
    const Node *node = &c->nodes[i];
    gboolean norm = g_str_equal (node->op, "BatchNormalization");
    const char *more = norm ? numbers[i] : NULL;
    gboolean vector = c->last || norm;

    onnx_builder_put_tensor (graph, numbers[i], ONNX_FLOAT,
        node->n == 1 ? one
            : vector ? last
                     : first,
        node->n == 1 || vector ? 1 : 4, node->numbers,
        node->n * sizeof (float));
    onnx_builder_put_node (graph,
        &(OnnxBuilderNode){ node->op, { from, numbers[i], more, more, more },
            .output = values[i] });
    from = values[i];
  }
  return g_strdup (from);
}

/* A convolution over all of the picture. */
static GByteArray *
make_model (const Case *c)
{
  const gint64 picture[] = { 1, c->last ? 8 : 3, 8, c->last ? 3 : 8 };
  const gint64 dims[] = { 2, 3, 8, 8 }, out[] = { 1, 2, 1, 1 };
  g_autofree float *zeros = g_new0 (float, 2 * 3 * 8 * 8);
  GByteArray *graph = g_byte_array_new ();
  g_autofree char *from = put_nodes (graph, c);

  onnx_builder_put_value_info (graph, 11, "x", c->bytes ? 2 : ONNX_FLOAT,
      picture, 4);
  onnx_builder_put_value_info (graph, 12, "y", ONNX_FLOAT, out, 4);
  onnx_builder_put_tensor (graph, "w", ONNX_FLOAT, dims, 4, zeros,
      384 * sizeof (float));
  if (c->last)
    onnx_builder_put_node (graph,
        &(OnnxBuilderNode){ "Transpose", { from },
            { { "perm", .ints = { 0, 3, 1, 2 }, .n_ints = 4 } },
            .output = "turned" });
  onnx_builder_put_node (graph,
      &(OnnxBuilderNode){ "Conv", { c->last ? "turned" : from, "w" },
          .output = c->lrn ? "z" : "y" });
  if (c->lrn)
    onnx_builder_put_node (graph,
        &(OnnxBuilderNode){ "LRN", { "z" }, { { "size", 5 } } });
  return onnx_builder_make_model (graph);
}

static void
test_preprocess (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (make_model (c));
  g_autoptr (GError) error = NULL;
  AlexnetModel *model = alexnet_model_new_from_bytes (bytes, "pixels", NULL,
      &error);
  const AlexnetPreprocess *found;

  g_assert_no_error (error);
  found = alexnet_model_get_preprocess (model);
  g_assert_cmpint (found->channel_order, ==, c->order);
  for (guint i = 0; i < 3; i++) {
    g_assert_cmpfloat_with_epsilon (found->mean[i], c->mean[i], TOLERANCE);
    g_assert_cmpfloat_with_epsilon (found->std[i], c->std[i], TOLERANCE);
  }
  alexnet_model_unref (model);
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;

  if (c->expected)
    graph_files_assert_refused (alexnet_onnx_read, make_model (c), c->expected);
  else
    test_preprocess (c);
}

static void
test_twice (void)
{
  static const Case c = { "twice", { { "Mul", 1, { LEVEL } } } };
  GByteArray *model = make_model (&c), *entry = g_byte_array_new ();

  graph_files_put_text (entry, 1, "preprocess");
  graph_files_put_text (entry, 2, "{\"channels\":\"RGB\"}");
  graph_files_put_message (model, 14, entry);
  graph_files_assert_refused (alexnet_onnx_read, model,
      "its first nodes normalise pictures, and so does preprocess in its "
      "metadata; expected one of them");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/onnx-pixels", cases, test_case);
  g_test_add_func ("/onnx-pixels/refused/twice", test_twice);
  return g_test_run ();
}
