/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tables, shape inference and binding. */

#include <string.h>

#include "network/network.h"
#include "support/cases.h"
#include "support/says.h"

typedef struct {
  const char *architecture;
  guint64 n_parameters;
  guint input;
} Total;

static const Total totals[] = {
  { "torchvision", 61100840, 224 },
  { "caffe", 60965224, 227 },
  { "caffenet", 60965224, 227 },
};

static void
test_tables (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (totals); i++) {
    const AlexnetNetwork *network = alexnet_network_find (totals[i]
                                                              .architecture);
    guint64 n = 0;

    g_assert_nonnull (network);
    g_assert_cmpuint (network->input.width, ==, totals[i].input);
    g_assert_cmpuint (alexnet_network_output (network)->channels, ==, 1000);
    for (guint l = 0; l < network->n_layers; l++)
      n += alexnet_layer_n_parameters (&network->layers[l]);
    g_assert_cmpuint (n, ==, totals[i].n_parameters);
    g_assert_cmpint (network->layers[network->n_layers - 1].kind, ==,
        ALEXNET_LAYER_SOFTMAX);
  }
  g_assert_null (alexnet_network_find ("resnet"));
}

/* torchsummary's numbers for torchvision.models.alexnet(). */
static const char *const summary_lines[][3] = {
  { "Conv2d-1", "[-1, 64, 55, 55]", "23,296" },
  { "ReLU-2", "[-1, 64, 55, 55]", "0" },
  { "MaxPool2d-3", "[-1, 64, 27, 27]", "0" },
  { "Conv2d-4", "[-1, 192, 27, 27]", "307,392" },
  { "Conv2d-7", "[-1, 384, 13, 13]", "663,936" },
  { "Conv2d-9", "[-1, 256, 13, 13]", "884,992" },
  { "Conv2d-11", "[-1, 256, 13, 13]", "590,080" },
  { "MaxPool2d-13", "[-1, 256, 6, 6]", "0" },
  { "AdaptiveAvgPool2d-14", "[-1, 256, 6, 6]", "0" },
  { "Dropout-15", "[-1, 256, 6, 6]", "0" },
  { "Linear-16", "[-1, 4096]", "37,752,832" },
  { "Linear-19", "[-1, 4096]", "16,781,312" },
  { "Linear-21", "[-1, 1000]", "4,097,000" },
};

static void
test_summary (void)
{
  g_autofree char *summary = alexnet_architecture_summary ("torchvision", NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (summary_lines); i++) {
    g_autofree char *line = g_strdup_printf ("\n%20s  %25s %15s\n",
        summary_lines[i][0], summary_lines[i][1], summary_lines[i][2]);

    assert_says (summary, line);
  }
  assert_says (summary, "\nTotal params: 61,100,840\n");
  g_assert_null (strstr (summary, "Softmax"));
  g_assert_null (alexnet_architecture_summary ("vgg", &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID);
  assert_says (error->message, "torchvision, caffe, caffenet");
}

/* The layer where 96 channels are first normalised, and its size there. */
static void
test_lrn_order (void)
{
  g_autofree char *caffe = alexnet_architecture_summary ("caffe", NULL);
  g_autofree char *caffenet = alexnet_architecture_summary ("caffenet", NULL);

  assert_says (caffe, "LocalResponseNorm-3           [-1, 96, 55, 55] ");
  assert_says (caffenet, "LocalResponseNorm-4           [-1, 96, 27, 27] ");
}

typedef struct {
  const char *name;
  AlexnetShape input;
  AlexnetLayer layer;
  AlexnetShape out; /* zero: must fail */
} Inference;

static const Inference inferences[] = {
  { "conv", { 3, 224, 224 },
      { .kind = ALEXNET_LAYER_CONV,
          .channels = 64,
          .kernel = 11,
          .stride = 4,
          .padding = 2,
          .end_padding = 2,
          .groups = 1 },
      { 64, 55, 55 } },
  { "conv/not-square", { 4, 10, 7 },
      { .kind = ALEXNET_LAYER_CONV,
          .channels = 2,
          .kernel = 3,
          .stride = 2,
          .padding = 1,
          .end_padding = 1,
          .groups = 2 },
      { 2, 5, 4 } },
  { "conv/groups", { 3, 9, 9 },
      { .kind = ALEXNET_LAYER_CONV,
          .channels = 4,
          .kernel = 3,
          .stride = 1,
          .groups = 2 } },
  { "conv/kernel-too-large", { 1, 2, 2 },
      { .kind = ALEXNET_LAYER_CONV,
          .channels = 1,
          .kernel = 3,
          .stride = 1,
          .groups = 1 } },
  { "conv/no-stride", { 1, 4, 4 },
      { .kind = ALEXNET_LAYER_CONV, .channels = 1, .kernel = 3, .groups = 1 } },
  { "conv/no-outputs", { 1, 4, 4 },
      { .kind = ALEXNET_LAYER_CONV, .kernel = 3, .stride = 1, .groups = 1 } },
  { "conv/padding-overflows", { 1, 4, 4 },
      { .kind = ALEXNET_LAYER_CONV,
          .channels = 1,
          .kernel = 3,
          .stride = 1,
          .padding = G_MAXUINT,
          .groups = 1 } },
  { "conv/strides-far", { 1, 4, 4 },
      { .kind = ALEXNET_LAYER_CONV,
          .channels = 1,
          .kernel = 3,
          .stride = G_MAXUINT,
          .groups = 1 } },
  { "conv/ends", { 3, 10, 7 },
      { .kind = ALEXNET_LAYER_CONV,
          .channels = 2,
          .kernel = 4,
          .stride = 2,
          .padding = 1,
          .end_padding = 2,
          .groups = 1 },
      { 2, 5, 4 } },
  { "conv/padding-alone", { 1, 1, 1 },
      { .kind = ALEXNET_LAYER_CONV,
          .channels = 1,
          .kernel = 1,
          .stride = 1,
          .padding = 1,
          .end_padding = 1,
          .groups = 1 },
      { 1, 3, 3 } },
  { "conv/product-overflows", { 1, 1 << 10, 1 << 10 },
      { .kind = ALEXNET_LAYER_CONV,
          .channels = 1 << 20,
          .kernel = 1,
          .stride = 1,
          .groups = 1 } },
  { "maxpool/floor", { 5, 8, 8 },
      { .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 3, .stride = 2 },
      { 5, 3, 3 } },
  { "maxpool/end", { 256, 12, 12 },
      { .kind = ALEXNET_LAYER_MAXPOOL,
          .kernel = 3,
          .stride = 2,
          .end_padding = 1 },
      { 256, 6, 6 } },
  { "maxpool/begin", { 1, 4, 5 },
      { .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 3, .stride = 2, .padding = 2 },
      { 1, 2, 3 } },
  { "maxpool/first-of-padding-alone", { 1, 4, 5 },
      { .kind = ALEXNET_LAYER_MAXPOOL,
          .kernel = 2,
          .stride = 2,
          .padding = 2 } },
  { "maxpool/last-of-padding-alone", { 1, 5, 4 },
      { .kind = ALEXNET_LAYER_MAXPOOL,
          .kernel = 2,
          .stride = 2,
          .end_padding = 2 } },
  { "maxpool/too-small", { 5, 2, 2 },
      { .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 3, .stride = 2 } },
  { "avgpool", { 7, 6, 6 }, { .kind = ALEXNET_LAYER_AVGPOOL, .size = 6 },
      { 7, 6, 6 } },
  { "avgpool/not-identity", { 7, 7, 7 },
      { .kind = ALEXNET_LAYER_AVGPOOL, .size = 6 } },
  { "linear", { 7, 6, 6 }, { .kind = ALEXNET_LAYER_LINEAR, .channels = 9 },
      { 9, 1, 1 } },
  { "relu/no-input", { 0, 6, 6 }, { .kind = ALEXNET_LAYER_RELU } },
};

static void
test_inference (gconstpointer data)
{
  const Inference *t = data;
  AlexnetNetwork network = { .input = t->input, .n_layers = 1 };
  g_autoptr (GError) error = NULL;
  gboolean ok;

  network.layers[0] = t->layer;
  ok = alexnet_network_infer_shapes (&network, &error);
  if (t->out.channels == 0) {
    g_assert_false (ok);
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
    g_test_message ("%s", error->message);
    return;
  }
  g_assert_no_error (error);
  g_assert_cmpmem (&network.layers[0].out, sizeof t->out, &t->out,
      sizeof t->out);
}

/* Shapes of a narrow torchvision net; one line of it changed must name itself.
 * All tensors share no data: binding reads none. */
typedef struct {
  const char *name;
  guint n_dims;
  gsize dims[4];
} Shape;

static const Shape narrow[] = {
  { "features.0.weight", 4, { 4, 3, 11, 11 } },
  { "features.0.bias", 1, { 4 } },
  { "features.3.weight", 4, { 6, 4, 5, 5 } },
  { "features.3.bias", 1, { 6 } },
  { "features.6.weight", 4, { 8, 6, 3, 3 } },
  { "features.6.bias", 1, { 8 } },
  { "features.8.weight", 4, { 5, 8, 3, 3 } },
  { "features.8.bias", 1, { 5 } },
  { "features.10.weight", 4, { 2, 5, 3, 3 } },
  { "features.10.bias", 1, { 2 } },
  { "classifier.1.weight", 2, { 10, 72 } },
  { "classifier.1.bias", 1, { 10 } },
  { "classifier.4.weight", 2, { 11, 10 } },
  { "classifier.4.bias", 1, { 11 } },
  { "classifier.6.weight", 2, { 3, 11 } },
  { "classifier.6.bias", 1, { 3 } },
};

typedef struct {
  Shape change;
  const char *message;
  AlexnetTensor tensor;
} Lookup;

static const AlexnetTensor *
look_up (gpointer user, const char *name)
{
  Lookup *lookup = user;

  for (guint i = 0; i < G_N_ELEMENTS (narrow); i++) {
    const Shape *shape = &narrow[i];

    if (!g_str_equal (name, shape->name))
      continue;
    if (lookup->change.name && g_str_equal (name, lookup->change.name))
      shape = &lookup->change;
    lookup->tensor = (AlexnetTensor){ .n_dims = shape->n_dims, .data = shape };
    memcpy (lookup->tensor.dims, shape->dims, sizeof shape->dims);
    return shape->n_dims > 0 ? &lookup->tensor : NULL;
  }
  return NULL;
}

static void
test_bind (void)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");
  g_autoptr (GError) error = NULL;
  Lookup lookup = { 0 };

  alexnet_network_bind (&network, look_up, &lookup, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (alexnet_network_output (&network)->channels, ==, 3);
  g_assert_cmpuint (network.layers[0].out.channels, ==, 4);
  g_assert_true (network.layers[0].weight.data == &narrow[0]);
  g_assert_cmpuint (network.layers[0].bias.dims[0], ==, 4);
}

/* A table from a file may say what none of ours does. */
static void
test_no_groups (void)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");
  g_autoptr (GError) error = NULL;
  Lookup lookup = { 0 };

  network.layers[0].groups = 0;
  g_assert_false (alexnet_network_bind (&network, look_up, &lookup, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message, "channels that its groups divide");
}

static const Lookup misfits[] = {
  { { "features.0.weight", 4, { 4, 1, 11, 11 } },
      "tensor features.0.weight has shape [4, 1, 11, 11], "
      "expected [N, 3, 11, 11]" },
  { { "features.0.weight", 4, { 0, 3, 11, 11 } }, "[0, 3, 11, 11]" },
  { { "features.0.weight", 4, { G_MAXSIZE, 3, 11, 11 } }, "[N, 3, 11, 11]" },
  { { "features.3.bias", 1, { 7 } },
      "tensor features.3.bias has shape [7], expected [6]" },
  { { "features.6.weight", 3, { 8, 6, 3 } }, "has shape [8, 6, 3]" },
  { { "features.10.bias" },
      "there is no tensor features.10.bias; expected one of shape [2]" },
  { { "classifier.1.weight", 2, { 10, 73 } },
      "tensor classifier.1.weight has shape [10, 73], expected [N, 72]" },
  { { "classifier.6.bias", 2, { 3, 1 } }, "expected [3]" },
};

static void
test_misfit (gconstpointer data)
{
  Lookup lookup = *(const Lookup *) data;
  AlexnetNetwork network = *alexnet_network_find ("torchvision");
  AlexnetNetwork before = network;
  g_autoptr (GError) error = NULL;

  g_assert_false (alexnet_network_bind (&network, look_up, &lookup, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  assert_says (error->message, lookup.message);
  g_assert_cmpmem (&network, sizeof network, &before, sizeof before);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/network/tables", test_tables);
  g_test_add_func ("/network/summary", test_summary);
  g_test_add_func ("/network/lrn-order", test_lrn_order);
  ADD_NAMED_CASES ("/network/infer", inferences, test_inference);
  g_test_add_func ("/network/bind", test_bind);
  g_test_add_func ("/network/no-groups", test_no_groups);
  for (guint i = 0; i < G_N_ELEMENTS (misfits); i++) {
    g_autofree char *path = g_strdup_printf ("/network/misfit/%u/%s", i,
        misfits[i].change.name);

    g_test_add_data_func (path, &misfits[i], test_misfit);
  }
  return g_test_run ();
}
