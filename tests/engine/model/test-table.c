/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tables of layers, to JSON and back. */

#include <glib/gstdio.h>
#include <string.h>

#include "model/model.h"
#include "model/table.h"
#include "support/models.h"
#include "support/onnx-builder.h"
#include "support/says.h"

/* ONNX Model Zoo's: 224 pixels, the last pool padded at its end. */
static AlexnetNetwork
make_padded (void)
{
  AlexnetNetwork network = *alexnet_network_find ("caffe");
  GError *error = NULL;

  network.input.width = network.input.height = 224;
  for (guint i = network.n_layers; i-- > 0;)
    if (network.layers[i].kind == ALEXNET_LAYER_MAXPOOL) {
      network.layers[i].end_padding = 1;
      break;
    }
  alexnet_network_infer_shapes (&network, &error);
  g_assert_no_error (error);
  return network;
}

static void
assert_returns (const AlexnetNetwork *network)
{
  g_autofree char *json = alexnet_table_to_json (network);
  g_autoptr (GPtrArray) arena = g_ptr_array_new_with_free_func (g_free);
  AlexnetNetwork copy;
  g_autofree char *again = NULL;
  GError *error = NULL;

  alexnet_table_from_json (&copy, json, arena, &error);
  g_assert_no_error (error);
  alexnet_network_infer_shapes (&copy, &error);
  g_assert_no_error (error);
  again = alexnet_table_to_json (&copy);
  g_assert_cmpstr (again, ==, json);
  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetShape *a = &network->layers[i].out, *b = &copy.layers[i].out;

    g_assert_cmpuint (a->channels, ==, b->channels);
    g_assert_cmpuint (a->height, ==, b->height);
    g_assert_cmpuint (a->width, ==, b->width);
  }
}

static void
test_const_tables (void)
{
  const AlexnetNetwork *const *networks = alexnet_networks ();

  for (guint i = 0; networks[i]; i++) {
    assert_returns (networks[i]);
    g_assert_true (alexnet_table_find (networks[i]) == networks[i]);
  }
}

/* Widths are the weights' business, all else makes another table. */
static void
test_other_tables (void)
{
  AlexnetNetwork narrow = *alexnet_network_find ("caffe");
  AlexnetNetwork padded = make_padded ();
  AlexnetNetwork lrn = narrow;

  narrow.layers[0].channels = 8;
  g_assert_true (alexnet_table_find (&narrow) ==
      alexnet_network_find ("caffe"));
  g_assert_null (alexnet_table_find (&padded));
  assert_returns (&padded);
  lrn.layers[2].k = 2;
  g_assert_null (alexnet_table_find (&lrn));
  assert_returns (&lrn);
}

#define FC "{\"type\": \"linear\", \"name\": \"fc\", \"channels\": 2}"

static const struct {
  const char *json, *message;
} errors[] = {
  { "[]", "__metadata__ layers: expected a JSON object" },
  { "{}", "__metadata__ layers: 0 layers, expected 1 to 32" },
  { "{\"layers\": [{\"type\": \"gelu\"}]}",
      "__metadata__ layers: layer 0 has type 'gelu'" },
  { "{\"layers\": [7]}", "__metadata__ layers: layer 0 has type ''" },
  { "{\"layers\": [{\"type\": \"relu\"}, {\"type\": \"linear\"}]}",
      "__metadata__ layers: layer 1 (linear) has the name '', expected 1 "
      "to 128 bytes of visible characters" },
  { "{\"layers\": [{\"type\": \"linear\", \"name\": \"f\\nc\"}]}",
      "__metadata__ layers: layer 0 (linear) has the name 'f\\nc', expected "
      "1 to 128 bytes of visible characters" },
  { "{\"layers\": [{\"type\": \"linear\", \"name\": \"fc\", "
    "\"channels\": 1.5}]}",
      "__metadata__ layers: layer 0 (linear) has no 'channels' that it "
      "could have" },
  { "{\"layers\": [" FC ", {\"type\": \"relu\"}, " FC "]}",
      "__metadata__ layers: layer 2 (linear) has the name 'fc', as layer 0 "
      "has" },
  { "{\"layers\": [{\"type\": \"lrn\", \"size\": 5, \"alpha\": 1e300, "
    "\"beta\": 0.75, \"k\": 1}]}",
      "__metadata__ layers: layer 0 (lrn) has no 'alpha' that it could "
      "have" },
  { "{\"layers\": [{\"type\": \"avgpool\", \"size\": -1}]}",
      "__metadata__ layers: layer 0 (avgpool) has no 'size' that it could "
      "have" },
  { "{\"layers\": [{\"type\": \"relu\", \"size\": 1}]}",
      "__metadata__ layers: layer 0 (relu) has 2 fields, expected 1" },
  { "{\"layers\": [{\"type\": \"relu\"}]}",
      "__metadata__ layers: input is not [channels, height, width]" },
  { "{\"layers\": [{\"type\": \"relu\"}], \"input\": [3, 224]}",
      "__metadata__ layers: input is not [channels, height, width]" },
};

static void
test_errors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++) {
    g_autoptr (GPtrArray) arena = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GError) error = NULL;
    AlexnetNetwork network;

    g_assert_false (alexnet_table_from_json (&network, errors[i].json, arena,
        &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
    g_assert_cmpstr (error->message, ==, errors[i].message);
  }
}

static void
cut_softmax (AlexnetNetwork *network)
{
  network->n_layers--;
}

static void
narrow_input (AlexnetNetwork *network)
{
  network->input.width--;
}

/* Two groups, so that the weights fit. */
static void
double_input (AlexnetNetwork *network)
{
  network->input.channels = 6;
  network->layers[0].groups = 2;
}

/* That sizes are the network's own, and not the tables' alone. */
static void
widen_last_pool (AlexnetNetwork *network)
{
  network->layers[12].padding = network->layers[12].end_padding = 1;
}

static const struct {
  void (*change) (AlexnetNetwork *network);
  const char *message;
} unfit[] = {
  { cut_softmax,
      "ends in [10, 1, 1], expected a softmax over [classes, 1, 1]" },
  { narrow_input, "takes [3, 224, 223], expected a square of 1 or 3 channels" },
  { double_input, "takes [6, 224, 224], expected a square of 1 or 3 channels" },
  { widen_last_pool, "[16, 7, 7] and 0 outputs needs an input of the size" },
};

/* Of a file with these layers, which is loaded so. */
static void
expect_refusal (const char *layers, const AlexnetModelParams *params,
    const char *message)
{
  g_autofree char *path = models_path ("torchvision-narrow.safetensors");
  g_autofree char *dir = g_dir_make_tmp ("alexnet-table-XXXXXX", NULL);
  g_autofree char *copy = g_build_filename (dir, "copy.safetensors", NULL);
  AlexnetModel *model = models_load (path);
  g_autoptr (GError) error = NULL;

  alexnet_model_write (model, "layers", layers, copy, NULL, &error);
  g_assert_no_error (error);
  alexnet_model_unref (model);
  g_assert_null (alexnet_model_load (copy, params, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  assert_says (error->message, message);
  g_unlink (copy);
  g_rmdir (dir);
}

/* Tables of a file's own that its weights or an engine have no use for. */
static void
test_unfit (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (unfit); i++) {
    AlexnetNetwork network = *alexnet_network_find ("torchvision");
    g_autofree char *layers = NULL;

    unfit[i].change (&network);
    layers = alexnet_table_to_json (&network);
    expect_refusal (layers, NULL, unfit[i].message);
  }
}

static const struct {
  AlexnetModelParams params;
  const char *message;
} choices[] = {
  { { .architecture = "caffenet" }, "an architecture cannot be chosen" },
  { { .part = "ema" }, "a part cannot be chosen" },
};

/* What is asked for beside a table of the file's own is not left aside. */
static void
test_choices (void)
{
  const AlexnetNetwork *network = alexnet_network_find ("torchvision");
  g_autofree char *layers = alexnet_table_to_json (network);

  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    expect_refusal (layers, &choices[i].params, choices[i].message);
}

#define MAX_PICTURE (3 * 512 * 512)

/* Pictures x [1,C,side,side] in two classes, y [1,2]. */
static GBytes *
make_graph (gint64 channels, gint64 side)
{
  const gint64 picture[] = { 1, channels, side, side }, classes[] = { 1, 2 };
  const gint64 dims[] = { channels * side * side, 2 };
  static const float weights[2 * MAX_PICTURE];
  const OnnxBuilderNode flatten = { "Flatten", { "x" }, .output = "flat" };
  const OnnxBuilderNode product = { "MatMul", { "flat", "w" } };
  GByteArray *graph = g_byte_array_new ();

  onnx_builder_put_value_info (graph, 11, "x", ONNX_FLOAT, picture, 4);
  onnx_builder_put_value_info (graph, 12, "y", ONNX_FLOAT, classes, 2);
  onnx_builder_put_tensor (graph, "w", ONNX_FLOAT, dims, 2, weights,
      (gsize) (2 * dims[0]) * sizeof *weights);
  onnx_builder_put_node (graph, &flatten);
  onnx_builder_put_node (graph, &product);
  return g_byte_array_free_to_bytes (onnx_builder_make_model (graph));
}

/* The same of a format that lists its layers. */
static void
test_unfit_graph (void)
{
  g_autoptr (GBytes) bytes = make_graph (2, 8);
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_model_new_from_bytes (bytes, "graph.onnx", NULL,
      &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_assert_cmpstr (error->message, ==,
      "graph.onnx: the network takes [2, 8, 8], expected a square of 1 or 3 "
      "channels and at most 8192 pixels each way");
}

/* What an input of other sizes is cut from, in proportion to 256 and 224 as
 * torchvision.transforms.Resize (round (side * 256 / 224)) would be told. */
static void
test_resize (void)
{
  static const struct {
    guint side, resize;
  } cases[] = { { 64, 73 }, { 224, 256 }, { 227, 256 }, { 299, 342 },
    { 512, 585 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) bytes = make_graph (3, cases[i].side);
    g_autofree char *note = g_strdup_printf ("note: the file does not say what "
                                             "its %u pixels are cut from: %u "
                                             "assumed, as 256 for 224\n",
        cases[i].side, cases[i].resize);
    AlexnetModel *model = alexnet_model_new_from_bytes (bytes, "graph.onnx",
        NULL, NULL);

    g_assert_nonnull (model);
    g_assert_cmpuint (alexnet_model_get_preprocess (model)->resize_size, ==,
        cases[i].resize);
    g_assert_true ((cases[i].resize != 256) ==
        (strstr (alexnet_model_get_origin (model), note) != NULL));
    alexnet_model_unref (model);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/table/const-tables", test_const_tables);
  g_test_add_func ("/table/other-tables", test_other_tables);
  g_test_add_func ("/table/errors", test_errors);
  g_test_add_func ("/table/unfit", test_unfit);
  g_test_add_func ("/table/unfit/graph", test_unfit_graph);
  g_test_add_func ("/table/choices", test_choices);
  g_test_add_func ("/table/resize", test_resize);
  return g_test_run ();
}
