/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Caffe's files: the table of layers that each makes, what is said about its
 * input, and the probabilities that Caffe would compute. Nets that no AlexNet
 * is, and broken ones, are refused in words of Caffe. */

#include "formats/caffe/caffe.h"
#include "support/cases.h"
#include "support/graph-files.h"
#include "support/says.h"

typedef struct {
  const char *name, *kind, *architecture, *table;
  const char *mean_file, *preprocess;
  guint n_notes;
} Net;

#define CONV345_AND_FC(conv, pool)                           \
  "conv3: conv 3/1+1+1 g1 [8," conv "]\nrelu [8," conv "]\n" \
  "conv4: conv 3/1+1+1 g2 [8," conv "]\nrelu [8," conv "]\n" \
  "conv5: conv 3/1+1+1 g2 [6," conv "]\nrelu [6," conv "]\n" \
  "pool " pool " [6,6,6]\n"                                  \
  "fc6: linear [8,1,1]\nrelu [8,1,1]\ndropout [8,1,1]\n"     \
  "fc7: linear [8,1,1]\nrelu [8,1,1]\ndropout [8,1,1]\n"     \
  "fc8: linear [5,1,1]\nsoftmax [5,1,1]\n"

/* clang-format off */
#define ALEXNET_227                                                          \
  "conv1: conv 11/4+0+0 g1 [4,55,55]\nrelu [4,55,55]\n"                      \
  "lrn 5 0.0001 0.75 1 [4,55,55]\npool 3/2+0+0 [4,27,27]\n"                  \
  "conv2: conv 5/1+2+2 g2 [6,27,27]\nrelu [6,27,27]\n"                       \
  "lrn 5 0.0001 0.75 1 [6,27,27]\npool 3/2+0+0 [6,13,13]\n"                  \
  CONV345_AND_FC ("13,13", "3/2+0+0")

static const Net nets[] = {
  { "alexnet-v1-train.caffemodel", "Caffe model (V1 layers)", "caffe",
      ALEXNET_227, "data/ilsvrc12/imagenet_mean.binaryproto",
      "{\"crop_mode\":\"squash\",\"channels\":\"BGR\","
      "\"std\":[0.0039215686274509803,"
      "0.0039215686274509803,0.0039215686274509803]}",
      3 },
  { "caffenet-deploy.caffemodel", "Caffe model", "caffenet",
      "conv1: conv 11/4+0+0 g1 [4,55,55]\nrelu [4,55,55]\n"
      "pool 3/2+0+0 [4,27,27]\nlrn 5 0.0001 0.75 1 [4,27,27]\n"
      "conv2: conv 5/1+2+2 g2 [6,27,27]\nrelu [6,27,27]\n"
      "pool 3/2+0+0 [6,13,13]\nlrn 5 0.0001 0.75 1 [6,13,13]\n"
      CONV345_AND_FC ("13,13", "3/2+0+0"),
      NULL, NULL, 0 },
  { "digits-train.caffemodel", "Caffe model", "caffe", ALEXNET_227, NULL,
      "{\"crop_mode\":\"squash\",\"channels\":\"BGR\","
      "\"mean\":[0.4823529411764706,"
      "0.45882352941176469,0.40784313725490196],\"std\":["
      "0.0078431372549019607,0.0078431372549019607,0.0078431372549019607]}",
      3 },
  /* 48 and 24 pixels: the last window hangs over by one. */
  { "old-data.caffemodel", "Caffe model (V1 layers)", "caffe",
      "conv1: conv 11/4+0+0 g1 [4,48,48]\nrelu [4,48,48]\n"
      "lrn 5 0.0001 0.75 1 [4,48,48]\npool 3/2+0+1 [4,24,24]\n"
      "conv2: conv 5/1+2+2 g2 [6,24,24]\nrelu [6,24,24]\n"
      "lrn 5 0.0001 0.75 1 [6,24,24]\npool 3/2+0+1 [6,12,12]\n"
      CONV345_AND_FC ("12,12", "3/2+0+1"),
      NULL,
      "{\"crop_mode\":\"squash\",\"channels\":\"L\",\"mean\":[0],\"std\":["
      "0.015686274509803921]}",
      3 },
  { "own-sizes.caffemodel", "Caffe model", "caffe",
      "first: conv 7/4+3+3 g1 [4,51,51]\nrelu [4,51,51]\n"
      "pool 3/2+0+0 [4,25,25]\nlrn 3 0.005 0.5 2 [4,25,25]\n"
      "pool 3/2+1+1 [4,13,13]\n"
      "second: conv 3/1+0+0 g2 [6,11,11]\nrelu [6,11,11]\n"
      "pool 2/2+0+0 [6,5,5]\npool 3/3+2+2 [6,3,3]\n"
      "third: linear [8,1,1]\nrelu [8,1,1]\n"
      "fourth: linear [5,1,1]\nsoftmax [5,1,1]\n",
      NULL, NULL, 0 },
  { "respelled.caffemodel", "Caffe model", "caffe", ALEXNET_227, NULL, NULL,
      1 },
  { "batch-norms.caffemodel", "Caffe model", "caffe",
      "conv1: conv 11/4+0+0 g1 [4,15,15]\nrelu [4,15,15]\n"
      "pool 3/2+0+0 [4,7,7]\n"
      "conv2: conv 5/1+2+2 g2 [6,7,7]\nrelu [6,7,7]\n"
      "pool 3/2+0+0 [6,3,3]\n"
      "conv3: conv 3/1+1+1 g1 [8,3,3]\nrelu [8,3,3]\n"
      "pool 3/2+0+0 [8,1,1]\n"
      "fc6: linear [8,1,1]\nrelu [8,1,1]\n"
      "fc8: linear [5,1,1]\nsoftmax [5,1,1]\n",
      NULL,
      "{\"crop_mode\":\"squash\",\"channels\":\"BGR\",\"mean\":[0,0,0],"
      "\"std\":[0.0039215686274509803,0.0039215686274509803,"
      "0.0039215686274509803]}",
      0 },
  /* What is behind relu turns numbers around, and so is not the maximum's. */
  { "late-batch-norms.caffemodel", "Caffe model", "caffe",
      "conv1: conv 11/4+0+0 g1 [4,23,23]\nrelu [4,23,23]\n"
      "layer3: conv 1/1+0+0 g4 [4,23,23]\npool 3/2+0+0 [4,11,11]\n"
      "conv2: conv 5/1+2+2 g2 [6,11,11]\nrelu [6,11,11]\n"
      "pool 3/2+0+0 [6,5,5]\n"
      "conv3: conv 3/1+0+0 g2 [8,3,3]\nrelu [8,3,3]\n"
      "pool 2/1+0+0 [8,2,2]\n"
      "fc6: linear [8,1,1]\nrelu [8,1,1]\ndropout [8,1,1]\n"
      "fc8: linear [5,1,1]\nsoftmax [5,1,1]\n",
      NULL,
      "{\"crop_mode\":\"squash\",\"channels\":\"BGR\",\"std\":["
      "0.0039215686274509803,0.0039215686274509803,0.0039215686274509803]}",
      1 },
};
/* clang-format on */

static void
test_net (gconstpointer data)
{
  const Net *net = data;
  g_autofree char *path = graph_files_path ("caffe", net->name);
  g_autofree char *table = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (AlexnetModelSource)
      source = graph_files_read (alexnet_caffe_read, path, &error);

  g_assert_no_error (error);
  table = graph_files_describe (source->network);
  g_assert_cmpstr (table, ==, net->table);
  g_assert_cmpstr (source->kind, ==, net->kind);
  g_assert_cmpstr (source->network->architecture, ==, net->architecture);
  g_assert_cmpstr (g_hash_table_lookup (source->tensors->metadata, "mean_file"),
      ==, net->mean_file);
  g_assert_cmpstr (g_hash_table_lookup (source->tensors->metadata,
                       "preprocess"),
      ==, net->preprocess);
  g_assert_cmpuint (source->notes->len, ==, net->n_notes);
  graph_files_assert_probabilities (source->network, "caffe", net->name);
}

static void
test_notes (void)
{
  static const char *const expected[] = {
    "passed over layer 'accuracy' (Accuracy)",
    "passed over layer 'loss' (SoftmaxWithLoss)",
    "there is no softmax in the file; one was added",
  };
  g_autofree char *path = graph_files_path ("caffe", "digits-train.caffemodel");
  g_autoptr (AlexnetModelSource)
      source = graph_files_read (alexnet_caffe_read, path, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (source->notes->pdata[i], ==, expected[i]);
}

/* Weights stay in the file when they lie there in one piece. */
static void
test_zero_copy (void)
{
  g_autofree char *whole = graph_files_path ("caffe",
      "alexnet-v1-train.caffemodel");
  g_autofree char *pieces = graph_files_path ("caffe", "respelled.caffemodel");
  g_autoptr (AlexnetModelSource)
      a = graph_files_read (alexnet_caffe_read, whole, NULL);
  g_autoptr (AlexnetModelSource)
      b = graph_files_read (alexnet_caffe_read, pieces, NULL);

  g_assert_true (a->network->layers[0].weight.file == a->files->pdata[0]);
  g_assert_nonnull (b->network->layers[0].weight.data);
}

static void
test_detect (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (nets); i++)
    graph_files_assert_detected (alexnet_caffe_detect, "caffe", nets[i].name);
}

typedef struct {
  const char *name;
  float mean[3];
} Mean;

static const Mean means[] = {
  { "mean.binaryproto", { 123, 117, 104 } },
  { "mean-grey.binaryproto", { 123, 123, 123 } },
};

static void
test_mean (gconstpointer data)
{
  const Mean *mean = data;
  g_autofree char *path = graph_files_path ("caffe", mean->name);
  g_autoptr (GError) error = NULL;
  g_autoptr (AlexnetFile) file = alexnet_file_open (path, &error);
  float found[3];

  g_assert_no_error (error);
  alexnet_caffe_mean_read (file, found, &error);
  g_assert_no_error (error);
  for (guint c = 0; c < 3; c++)
    g_assert_cmpfloat_with_epsilon (found[c] * 255, mean->mean[c], 1e-3);
}

/* ---- what is refused ----------------------------------------------------- */

/* A net of one layer `data` -> `top` of this type and, when there is one, with
 * this message as field `number`. */
static GByteArray *
make_net (const char *type, guint number, GByteArray *parameters)
{
  GByteArray *layer = g_byte_array_new (), *net = g_byte_array_new ();

  graph_files_put_text (layer, 1, "x");
  graph_files_put_text (layer, 2, type);
  graph_files_put_text (layer, 3, "data");
  graph_files_put_text (layer, 4, "top");
  if (parameters)
    graph_files_put_message (layer, number, parameters);
  graph_files_put_message (net, 100, layer);
  return net;
}

typedef struct {
  const char *name, *type;
  guint number; /* of the parameters; 0: none */
  guint field;
  guint64 value;
  const char *expected;
} Refusal;

static const Refusal refusals[] = {
  { "type/unknown", "Concat", 0, 0, 0,
      "layer 'x' (Concat): it computes what no AlexNet here does" },
  { "type/unheard-of", "PReLU", 0, 0, 0,
      "layer 'x' is of type 'PReLU', which no AlexNet here has" },
  { "batch-norm/blobs", "BatchNorm", 0, 0, 0,
      "layer 'x' (BatchNorm): 0 blobs of weights, expected 3" },
  { "scale/blobs", "Scale", 142, 4, 1,
      "layer 'x' (Scale): 0 blobs of weights, expected 2" },
  { "scale/axis", "Scale", 142, 1, 0,
      "layer 'x' (Scale): it is of 1 axes from 0 on, expected 1 from 1 on" },
  { "lrn/within-channel", "LRN", 118, 4, 1, "WITHIN_CHANNEL" },
  { "lrn/even", "LRN", 118, 1, 4, "local_size 4, expected an odd number" },
  { "lrn/negative", "LRN", 118, 1, (guint64) -3, "local_size -3" },
  { "lrn/large", "LRN", 118, 1, G_MAXUINT32, "local_size is 4294967295" },
  { "pooling/average", "Pooling", 121, 1, 1, "AVE pooling" },
  { "pooling/global", "Pooling", 121, 12, 1, "global MAX pooling" },
  { "pooling/no-kernel", "Pooling", 121, 3, 2, "layer MaxPool2d-1" },
  { "pooling/not-square", "Pooling", 121, 5, 3,
      "kernel_size is 3 x 0, expected a square" },
  { "convolution/dilation", "Convolution", 106, 18, 2, "dilation 2" },
  { "convolution/axis", "Convolution", 106, 16, 2, "axis 2" },
  { "convolution/no-weights", "Convolution", 106, 4, 3,
      "0 blobs of weights, expected 2" },
  { "inner-product/no-bias-no-weights", "InnerProduct", 117, 2, 0,
      "0 blobs of weights, expected 1" },
  { "inner-product/axis", "InnerProduct", 117, 5, 2, "axis 2, expected 1" },
  { "softmax/axis", "Softmax", 125, 2, 2, "axis 2, expected 1" },
  { "dropout/scales-later", "Dropout", 108, 2, 0, "it scales when" },
  { "crop/huge", "Data", 100, 3, 1 << 20, "crop_size is 1048576" },
};

static void
test_refusal (gconstpointer data)
{
  const Refusal *refusal = data;
  GByteArray *parameters = NULL;

  if (refusal->number > 0) {
    parameters = g_byte_array_new ();
    graph_files_put_int (parameters, refusal->field, refusal->value);
  }
  graph_files_assert_refused (alexnet_caffe_read,
      make_net (refusal->type, refusal->number, parameters), refusal->expected);
}

static void
test_leaky_relu (void)
{
  GByteArray *parameters = g_byte_array_new ();

  graph_files_put_float (parameters, 1, 0.1f);
  graph_files_assert_refused (alexnet_caffe_read,
      make_net ("ReLU", 123, parameters), "negative_slope 0.1");
}

static void
test_v0 (void)
{
  g_autofree char *path = graph_files_path ("caffe", "v0.caffemodel");
  g_autoptr (GError) error = NULL;

  g_assert_null (graph_files_read (alexnet_caffe_read, path, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message, "V0 layers");
}

static void
test_no_layers (void)
{
  GByteArray *net = g_byte_array_new ();

  graph_files_put_text (net, 1, "empty");
  graph_files_assert_refused (alexnet_caffe_read, net, "without layers");
}

/* Nothing but layers that compute nothing. */
static void
test_nothing_computed (void)
{
  static const char *const types[] = { "Data", "Accuracy", "Flatten", "Silence",
    "Split", "SoftmaxWithLoss" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    graph_files_assert_refused (alexnet_caffe_read,
        make_net (types[i], 0, NULL), "there are no layers");
}

static void
test_not_a_chain (void)
{
  GByteArray *net = make_net ("ReLU", 0, NULL);
  GByteArray *second = make_net ("ReLU", 0, NULL);

  g_byte_array_append (net, second->data, second->len);
  g_byte_array_unref (second);
  graph_files_assert_refused (alexnet_caffe_read, net,
      "it reads 'data', which is not what the layer before it gives");
}

typedef struct {
  const char *name;
  gint64 dims[5];
  guint n;
  const char *expected;
  gint64 num_output; /* 0: not given */
} Shape;

/* A convolution of 1 x 1 with a blob of these dimensions and 4 values, or a
 * linear layer that turns them. */
static GByteArray *
make_layer (const Shape *shape, gboolean linear)
{
  const float values[4] = { 0 };
  GByteArray *dims = g_byte_array_new (), *blob = g_byte_array_new ();
  GByteArray *parameters = g_byte_array_new (), *net = g_byte_array_new ();
  GByteArray *layer = g_byte_array_new ();

  for (guint i = 0; i < shape->n; i++)
    graph_files_put_int (dims, 1, (guint64) shape->dims[i]);
  graph_files_put_message (blob, 7, dims);
  graph_files_put_bytes (blob, 5, values, sizeof values);
  if (shape->num_output != 0)
    graph_files_put_int (parameters, 1, (guint64) shape->num_output);
  graph_files_put_int (parameters, 2, 0);
  graph_files_put_int (parameters, linear ? 6 : 4, 1);
  graph_files_put_text (layer, 1, "x");
  graph_files_put_text (layer, 2, linear ? "InnerProduct" : "Convolution");
  graph_files_put_text (layer, 3, "data");
  graph_files_put_text (layer, 4, "top");
  graph_files_put_message (layer, linear ? 117 : 106, parameters);
  graph_files_put_message (layer, 7, blob);
  graph_files_put_message (net, 100, layer);
  return net;
}

static const Shape shapes[] = {
  { "fewer", { 2, 2 }, 2, "its weights: 2 dimensions, expected 4" },
  { "more", { 4, 1, 1, 1, 1 }, 5, "its weights: dimension 0 is 4" },
  { "zero", { 4, 0, 1, 1 }, 4, "dimension 1 is 0" },
  { "negative", { -4, -1, 1, 1 }, 4, "dimension 0 is -4" },
  { "overflow", { 1LL << 33, 1LL << 33, 1LL << 33, 1 }, 4, "overflows" },
  { "low-bits", { (1LL << 32) + 4, 1, 1, 1 }, 4, "its shape" },
  { "other-count", { 5, 1, 1, 1 }, 4, "4 values, expected 5 from its shape" },
  { "other-kernel", { 1, 1, 2, 2 }, 4,
      "dimension 2 of its weights is 2, expected 1" },
  { "other-outputs", { 4, 1, 1, 1 }, 4,
      "its weights have 4 outputs, expected num_output, 3", 3 },
  { "negative-outputs", { 4, 1, 1, 1 }, 4,
      "its weights have 4 outputs, expected num_output, -4", -4 },
};

static void
test_shape (gconstpointer data)
{
  const Shape *shape = data;

  graph_files_assert_refused (alexnet_caffe_read, make_layer (shape, FALSE),
      shape->expected);
}

/* The columns of what is turned are the outputs. */
static void
test_turned (void)
{
  const Shape shape = { .dims = { 4, 1 }, .n = 2, .num_output = 4 };

  graph_files_assert_refused (alexnet_caffe_read, make_layer (&shape, TRUE),
      "its weights have 1 outputs, expected num_output, 4");
}

/* Nesting that no table knows costs nothing. */
static void
test_depth (void)
{
  GByteArray *net = g_byte_array_new ();

  graph_files_put_text (net, 1, "deep");
  for (guint i = 0; i < 20000; i++) {
    GByteArray *outer = g_byte_array_new ();

    graph_files_put_message (outer, 100, net);
    net = outer;
  }
  graph_files_assert_refused (alexnet_caffe_read, net, "layer '' is of type");
}

static void
test_too_many_layers (void)
{
  GByteArray *net = make_net ("Dropout", 0, NULL);

  for (guint i = 0; i < 70000; i++) {
    GByteArray *next = g_byte_array_new ();

    graph_files_put_text (next, 2, "ReLU");
    graph_files_put_text (next, 3, "top");
    graph_files_put_text (next, 4, "top");
    graph_files_put_message (net, 100, next);
  }
  graph_files_assert_refused (alexnet_caffe_read, net,
      "field 100 is there more than 65536 times");
}

static void
test_mean_refused (void)
{
  GByteArray *blob = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (AlexnetFile) file = NULL;
  g_autoptr (GError) error = NULL;
  float mean[3];

  for (guint i = 1; i <= 4; i++)
    graph_files_put_int (blob, i, 2);
  graph_files_put_bytes (blob, 5, (const float[16]){ 0 }, 64);
  bytes = g_byte_array_free_to_bytes (blob);
  file = alexnet_file_new_from_bytes (bytes, "bytes");
  g_assert_false (alexnet_caffe_mean_read (file, mean, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message, "mean file: dimension 0 is 2");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/caffe/net", nets, test_net);
  g_test_add_func ("/caffe/notes", test_notes);
  g_test_add_func ("/caffe/zero-copy", test_zero_copy);
  g_test_add_func ("/caffe/detect", test_detect);
  ADD_NAMED_CASES ("/caffe/mean", means, test_mean);
  g_test_add_func ("/caffe/mean/refused", test_mean_refused);
  ADD_NAMED_CASES ("/caffe/refused", refusals, test_refusal);
  ADD_NAMED_CASES ("/caffe/refused/shape", shapes, test_shape);
  g_test_add_func ("/caffe/refused/turned", test_turned);
  g_test_add_func ("/caffe/refused/leaky-relu", test_leaky_relu);
  g_test_add_func ("/caffe/refused/v0", test_v0);
  g_test_add_func ("/caffe/refused/no-layers", test_no_layers);
  g_test_add_func ("/caffe/refused/nothing-computed", test_nothing_computed);
  g_test_add_func ("/caffe/refused/not-a-chain", test_not_a_chain);
  g_test_add_func ("/caffe/refused/depth", test_depth);
  g_test_add_func ("/caffe/refused/too-many-layers", test_too_many_layers);
  return g_test_run ();
}
