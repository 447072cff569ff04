/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tables of layers, to JSON and back. */

#include <string.h>

#include "model/table.h"

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

static void
test_errors (void)
{
  static const struct {
    const char *json, *message;
  } cases[] = {
    { "[]", "__metadata__ layers: expected a JSON object" },
    { "{}", "__metadata__ layers: 0 layers, expected 1 to 32" },
    { "{\"layers\": [{\"type\": \"gelu\"}]}",
        "__metadata__ layers: layer 0 has type 'gelu'" },
    { "{\"layers\": [7]}", "__metadata__ layers: layer 0 has type ''" },
    { "{\"layers\": [{\"type\": \"relu\"}, {\"type\": \"linear\"}]}",
        "__metadata__ layers: layer 1 (linear) has no name" },
    { "{\"layers\": [{\"type\": \"linear\", \"name\": \"fc\", "
      "\"channels\": 1.5}]}",
        "__metadata__ layers: layer 0 (linear) has no 'channels' that it "
        "could have" },
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

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) arena = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GError) error = NULL;
    AlexnetNetwork network;

    g_assert_false (alexnet_table_from_json (&network, cases[i].json, arena,
        &error));
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
    g_assert_cmpstr (error->message, ==, cases[i].message);
  }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/table/const-tables", test_const_tables);
  g_test_add_func ("/table/other-tables", test_other_tables);
  g_test_add_func ("/table/errors", test_errors);
  return g_test_run ();
}
