/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ONNX files: the table of layers that each makes and the probabilities that
 * onnxruntime computes from it; light_bvlc_alexnet.onnx is of the package onnx,
 * the graph of ONNX Model Zoo's AlexNet with weights that are all the same.
 * test-onnx-refused.c has what is refused. */

#include <string.h>

#include "formats/onnx/onnx.h"
#include "support/cases.h"
#include "support/graph-files.h"

typedef struct {
  const char *name, *kind, *architecture, *table;
  guint n_notes;
} Graph;

#define FC(dropout)                                                     \
  "fc6: linear [8,1,1]\nrelu [8,1,1]\n" dropout "fc7: linear [8,1,1]\n" \
  "relu [8,1,1]\n" dropout "fc8: linear [5,1,1]\nsoftmax [5,1,1]\n"

#define CAFFE_END(conv, pool)                                \
  "conv3: conv 3/1+1+1 g1 [8," conv "]\nrelu [8," conv "]\n" \
  "conv4: conv 3/1+1+1 g2 [8," conv "]\nrelu [8," conv "]\n" \
  "conv5: conv 3/1+1+1 g2 [6," conv "]\nrelu [6," conv "]\n" \
  "pool " pool " [6,6,6]\n" FC ("dropout [8,1,1]\n")

/* clang-format off */
#define BVLC_224                                            \
  "conv1: conv 11/4+0+0 g1 [4,54,54]\nrelu [4,54,54]\n"     \
  "lrn 5 0.0001 0.75 1 [4,54,54]\npool 3/2+0+0 [4,26,26]\n" \
  "conv2: conv 5/1+2+2 g2 [6,26,26]\nrelu [6,26,26]\n"      \
  "lrn 5 0.0001 0.75 1 [6,26,26]\npool 3/2+0+0 [6,12,12]\n" \
  CAFFE_END ("12,12", "3/2+0+1")

#define CAFFENET_227                                        \
  "conv1: conv 11/4+0+0 g1 [4,55,55]\nrelu [4,55,55]\n"     \
  "pool 3/2+0+0 [4,27,27]\nlrn 5 0.0001 0.75 1 [4,27,27]\n" \
  "conv2: conv 5/1+2+2 g2 [6,27,27]\nrelu [6,27,27]\n"      \
  "pool 3/2+0+0 [6,13,13]\nlrn 5 0.0001 0.75 1 [6,13,13]\n" \
  CAFFE_END ("13,13", "3/2+0+0")

#define FEATURES(a, b, c, d, e)                      \
  a ": conv 11/4+2+2 g1 [4,55,55]\nrelu [4,55,55]\n" \
  "pool 3/2+0+0 [4,27,27]\n"                         \
  b ": conv 5/1+2+2 g1 [6,27,27]\nrelu [6,27,27]\n"  \
  "pool 3/2+0+0 [6,13,13]\n"                         \
  c ": conv 3/1+1+1 g1 [8,13,13]\nrelu [8,13,13]\n"  \
  d ": conv 3/1+1+1 g1 [8,13,13]\nrelu [8,13,13]\n"  \
  e ": conv 3/1+1+1 g1 [6,13,13]\nrelu [6,13,13]\n"  \
  "pool 3/2+0+0 [6,6,6]\n"

#define TORCH                                                       \
  FEATURES ("features.0", "features.3", "features.6", "features.8", \
      "features.10")                                                \
  "avgpool [6,6,6]\n"                                               \
  "classifier.1: linear [8,1,1]\nrelu [8,1,1]\n"                    \
  "classifier.4: linear [8,1,1]\nrelu [8,1,1]\n"                    \
  "classifier.6: linear [5,1,1]\nsoftmax [5,1,1]\n"

#define NORMS(conv1, conv2, linear)                                \
  conv1 ": conv 11/4+2+2 g1 [4,55,55]\nrelu [4,55,55]\n"           \
  "lrn 5 0.5 0.75 1.5 [4,55,55]\npool 3/2+0+0 [4,27,27]\n"         \
  conv2 ": conv 5/1+2+2 g1 [6,27,27]\nrelu [6,27,27]\n"            \
  "lrn 3 0.5 0.6 1.5 [6,27,27]\npool 3/2+0+0 [6,13,13]\n"          \
  "pool 3/2+0+0 [6,6,6]\n" linear ": linear [5,1,1]\nsoftmax [5,1,1]\n"

#define SQUARES(a, b, c)                             \
  a ": conv 3/1+1+1 g1 [4,13,13]\nrelu [4,13,13]\n" \
  b ": conv 3/1+1+1 g1 [4,13,13]\nrelu [4,13,13]\n" \
  c ": conv 3/1+1+1 g1 [4,13,13]\nrelu [4,13,13]\n"

#define AFFINE(name, n, side) \
  name ": conv 1/1+0+0 g" n " [" n "," side "," side "]\n"

#define SMALL(a, b, c, d, e)                         \
  a ": conv 11/4+2+2 g1 [2,55,55]\nrelu [2,55,55]\n" \
  "pool 3/2+0+0 [2,27,27]\n"                         \
  b ": conv 5/1+2+2 g1 [4,27,27]\nrelu [4,27,27]\n"  \
  "pool 3/2+0+0 [4,13,13]\n"                         \
  SQUARES (c, d, e) "pool 3/2+0+0 [4,6,6]\n"

#define SMALL_NORMS                                                         \
  "0: conv 11/4+2+2 g1 [2,55,55]\nrelu [2,55,55]\n"                         \
  "lrn 3 0.5 0.75 1.5 [2,55,55]\npool 3/2+0+0 [2,27,27]\n"                  \
  "4: conv 5/1+2+2 g1 [4,27,27]\nrelu [4,27,27]\n"                          \
  "lrn 3 0.5 0.75 1.5 [4,27,27]\npool 3/2+0+0 [4,13,13]\n"                  \
  "pool 3/2+0+0 [4,6,6]\n10: linear [5,1,1]\nsoftmax [5,1,1]\n"

#define SIZES                                                    \
  SMALL ("features.0", "features.3", "features.6", "features.8", \
      "features.10")                                             \
  "classifier.1: linear [8,1,1]\nrelu [8,1,1]\n"                 \
  "classifier.4: linear [8,1,1]\nrelu [8,1,1]\n"                 \
  "classifier.6: linear [5,1,1]\nsoftmax [5,1,1]\n"

static const Graph graphs[] = {
  { "bvlc-224.onnx", "ONNX (opset 9, IR 3)", "caffe", BVLC_224, 0 },
  { "caffenet-227.onnx", "ONNX (opset 13, IR 8)", "caffenet", CAFFENET_227, 1 },
  { "external.onnx", "ONNX (opset 13, IR 8)", "caffenet", CAFFENET_227, 1 },
  { "external-unaligned.onnx", "ONNX (opset 9, IR 3)", "caffe", BVLC_224, 0 },
  { "float-types.onnx", "ONNX (opset 19, IR 9)", "torchvision",
      FEATURES ("conv1", "conv2", "conv3", "conv4", "conv5") FC (""), 1 },
  { "constants.onnx", "ONNX (opset 13, IR 8)", "torchvision",
      FEATURES ("features.0", "conv2", "r11", "conv4", "conv5")
      "avgpool [6,6,6]\ndropout [6,6,6]\n" FC ("dropout [8,1,1]\n"), 0 },
  { "products.onnx", "ONNX (opset 13, IR 8)", "custom",
      "conv1: conv 11/4+2+2 g1 [4,55,55]\nrelu [4,55,55]\n"
      "pool 3/2+0+0 [4,27,27]\n"
      "conv2: conv 5/1+2+2 g1 [6,27,27]\nrelu [6,27,27]\n"
      "pool 3/2+0+0 [6,13,13]\npool 3/2+0+0 [6,6,6]\n"
      "fc6: linear [8,1,1]\nrelu [8,1,1]\n"
      "a: linear [8,1,1]\nrelu [8,1,1]\nb: linear [8,1,1]\nrelu [8,1,1]\n"
      "c: linear [8,1,1]\nrelu [8,1,1]\nd: linear [8,1,1]\nrelu [8,1,1]\n"
      "e: linear [5,1,1]\nsoftmax [5,1,1]\n", 1 },
  { "batch-norms.onnx", "ONNX (opset 15, IR 8)", "custom",
      "conv1: conv 11/4+2+2 g1 [4,55,55]\nrelu [4,55,55]\n"
      "pool 3/2+0+0 [4,27,27]\n"
      "conv2: conv 5/1+2+2 g1 [6,27,27]\nrelu [6,27,27]\n"
      "pool 3/2+0+0 [6,13,13]\n"
      "conv3: conv 3/1+1+1 g1 [6,13,13]\nrelu [6,13,13]\n"
      "pool 3/2+0+0 [6,6,6]\n"
      "fc6: linear [8,1,1]\nrelu [8,1,1]\n"
      "fc8: linear [5,1,1]\nsoftmax [5,1,1]\n", 1 },
  { "late-batch-norms.onnx", "ONNX (opset 15, IR 8)", "custom",
      "conv1: conv 11/4+2+2 g1 [4,55,55]\nrelu [4,55,55]\n"
      "pool 3/2+0+0 [4,27,27]\n" AFFINE ("layer4", "4", "27")
      "conv2: conv 5/1+2+2 g2 [6,27,27]\nrelu [6,27,27]\n"
      AFFINE ("layer7", "6", "27") "pool 3/2+0+0 [6,13,13]\n"
      "conv3: conv 3/1+0+0 g2 [8,11,11]\nrelu [8,11,11]\n"
      "conv4: conv 3/1+1+1 g1 [8,11,11]\nrelu [8,11,11]\n"
      AFFINE ("layer13", "8", "11") "lrn 5 0.0001 0.75 1 [8,11,11]\n"
      "conv5: conv 3/1+1+1 g1 [6,11,11]\nrelu [6,11,11]\n"
      "fc6: linear [8,1,1]\nrelu [8,1,1]\ndropout [8,1,1]\n"
      "fc8: linear [5,1,1]\nsoftmax [5,1,1]\n", 1 },
  { "pools.onnx", "ONNX (opset 13, IR 8)", "custom",
      "conv1: conv 11/4+2+2 g1 [4,49,49]\nrelu [4,49,49]\n"
      "pool 3/2+1+1 [4,25,25]\n"
      "conv2: conv 5/1+2+2 g1 [6,25,25]\nrelu [6,25,25]\n"
      "pool 3/2+1+0 [6,12,12]\npool 2/2+0+0 [6,6,6]\n"
      "pool 3/2+1+2 [6,4,4]\npool 2/1+0+0 [6,3,3]\n"
      "fc6: linear [8,1,1]\nrelu [8,1,1]\n"
      "fc8: linear [5,1,1]\nsoftmax [5,1,1]\n", 1 },
  { "grey.onnx", "ONNX (opset 13, IR 8)", "custom",
      "conv1: conv 11/4+2+2 g1 [4,55,55]\nrelu [4,55,55]\n"
      "pool 3/2+0+0 [4,27,27]\n"
      "conv2: conv 5/1+2+2 g1 [6,27,27]\nrelu [6,27,27]\n"
      "pool 3/2+0+0 [6,13,13]\npool 3/2+0+0 [6,6,6]\n"
      "conv6: conv 6/1+0+0 g1 [8,1,1]\nrelu [8,1,1]\n"
      "conv7: conv 1/1+0+0 g1 [5,1,1]\navgpool [5,1,1]\n"
      "softmax [5,1,1]\n", 0 },
  { "log-softmax.onnx", "ONNX (opset 13, IR 8)", "custom",
      "conv1: conv 11/4+2+2 g1 [4,55,55]\nrelu [4,55,55]\n"
      "pool 3/2+0+0 [4,27,27]\n"
      "conv2: conv 5/1+2+2 g1 [6,27,27]\nrelu [6,27,27]\n"
      "pool 3/2+0+0 [6,13,13]\npool 3/2+0+0 [6,6,6]\n"
      "fc8: linear [5,1,1]\nsoftmax [5,1,1]\n", 0 },
  { "norms.onnx", "ONNX (opset 9, IR 8)", "custom",
      NORMS ("conv1", "conv2", "fc8"), 1 },
  { "torch-2.15-norms.onnx", "ONNX (opset 20, IR 10)", "custom",
      NORMS ("0", "4", "10"), 1 },
  { "keras.onnx", "ONNX (opset 15, IR 8)", "custom",
      "functional_1/conv2d_1: conv 11/4+0+0 g1 [2,55,55]\nrelu [2,55,55]\n"
      "pool 3/2+0+0 [2,27,27]\n"
      "functional_1/conv2d_1_2: conv 5/1+2+2 g1 [4,27,27]\nrelu [4,27,27]\n"
      "pool 3/2+0+0 [4,13,13]\n"
      SQUARES ("functional_1/conv2d_2_1", "functional_1/conv2d_3_1",
          "functional_1/conv2d_4_1") "pool 3/2+1+1 [4,7,7]\n"
      "functional_1/dense_1: linear [8,1,1]\nrelu [8,1,1]\n"
      "functional_1/dense_1_2: linear [5,1,1]\nsoftmax [5,1,1]\n", 1 },
  { "keras-relu-first.onnx", "ONNX (opset 15, IR 8)", "custom",
      "sequential_1/conv2d_5_1: conv 11/4+0+0 g1 [2,55,55]\nrelu [2,55,55]\n"
      "pool 3/2+0+0 [2,27,27]\n" AFFINE ("layer4", "2", "27")
      "sequential_1/conv2d_6_1: conv 5/1+2+2 g1 [4,27,27]\nrelu [4,27,27]\n"
      "pool 3/2+0+0 [4,13,13]\n" AFFINE ("layer8", "4", "13")
      "sequential_1/conv2d_7_1: conv 3/1+1+1 g1 [4,13,13]\nrelu [4,13,13]\n"
      "sequential_1/conv2d_8_1: conv 3/1+0+0 g1 [4,11,11]\nrelu [4,11,11]\n"
      AFFINE ("layer13", "4", "11")
      "sequential_1/conv2d_9_1: conv 3/1+1+1 g1 [4,11,11]\nrelu [4,11,11]\n"
      AFFINE ("layer16", "4", "11") "pool 3/2+0+0 [4,5,5]\n"
      "sequential_1/dense_2_1: linear [8,1,1]\nrelu [8,1,1]\n"
      "sequential_1/dense_3_1: linear [8,1,1]\nrelu [8,1,1]\n"
      "sequential_1/dense_4_1: linear [5,1,1]\nsoftmax [5,1,1]\n", 1 },
  { "paddle.onnx", "ONNX (opset 16, IR 8)", "custom",
      SMALL ("conv2d_0", "conv2d_1", "conv2d_2", "conv2d_3", "conv2d_4")
      "linear_0: linear [8,1,1]\nrelu [8,1,1]\n"
      "linear_1: linear [5,1,1]\nsoftmax [5,1,1]\n", 0 },
  { "onnxruntime-extended.onnx", "ONNX (opset 14, IR 7)", "torchvision", TORCH,
      1 },
  { "onnxsim-norms.onnx", "ONNX (opset 14, IR 7)", "custom", SMALL_NORMS, 1 },
  { "torch-1.13-norms-14.onnx", "ONNX (opset 14, IR 7)", "custom", SMALL_NORMS,
      1 },
  { "torch-1.13-sizes-8.onnx", "ONNX (opset 8, IR 3)", "torchvision", SIZES,
      2 },
  { "torch-1.13-sizes-14.onnx", "ONNX (opset 14, IR 7)", "torchvision", SIZES,
      2 },
  { "torch-1.13.onnx", "ONNX (opset 14, IR 7)", "torchvision", TORCH, 1 },
  { "torch-1.13-opset-9.onnx", "ONNX (opset 9, IR 4)", "torchvision", TORCH,
      1 },
  { "torch-1.13-view.onnx", "ONNX (opset 14, IR 7)", "torchvision", TORCH, 1 },
  { "torch-2.14.onnx", "ONNX (opset 20, IR 10)", "torchvision", TORCH, 1 },
  { "torch-2.14-view.onnx", "ONNX (opset 20, IR 10)", "torchvision", TORCH, 1 },
};
/* clang-format on */

static AlexnetModelSource *
read_graph (const char *name)
{
  g_autofree char *path = graph_files_path ("onnx", name);
  g_autoptr (GError) error = NULL;
  AlexnetModelSource *source = graph_files_read (alexnet_onnx_read, path,
      &error);

  g_assert_no_error (error);
  return source;
}

static void
test_graph (gconstpointer data)
{
  const Graph *graph = data;
  g_autoptr (AlexnetModelSource) source = read_graph (graph->name);
  g_autofree char *table = graph_files_describe (source->network);

  g_assert_cmpstr (table, ==, graph->table);
  g_assert_cmpstr (source->kind, ==, graph->kind);
  g_assert_cmpstr (source->network->architecture, ==, graph->architecture);
  g_assert_cmpuint (source->notes->len, ==, graph->n_notes);
  graph_files_assert_probabilities (source->network, "onnx", graph->name);
}

/* 60,965,224 weights in 4 KB: they must not take memory before they are used.
 */
static void
test_light (void)
{
  g_autoptr (AlexnetModelSource)
      source = read_graph ("light_bvlc_alexnet.onnx");
  const AlexnetNetwork *network = source->network;
  guint64 n = 0;

  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetTensor *weight = &network->layers[i].weight;

    n += alexnet_layer_n_parameters (&network->layers[i]);
    for (guint d = 0; d < weight->n_dims; d++)
      g_assert_true (weight->strided && weight->strides[d] == 0);
  }
  g_assert_cmpuint (n, ==, 60965224);
  g_assert_cmpstr (network->architecture, ==, "caffe");
  graph_files_assert_probabilities (network, "onnx", "light_bvlc_alexnet.onnx");
}

static void
test_metadata (void)
{
  g_autoptr (AlexnetModelSource) source = read_graph ("caffenet-227.onnx");

  g_assert_cmpstr (g_hash_table_lookup (source->tensors->metadata, "author"),
      ==, "generate_onnx_files");
}

/* Small tensors stay inside, the others lie in the file beside. */
static void
test_external (void)
{
  g_autoptr (AlexnetModelSource)
      source = read_graph ("external-unaligned.onnx");
  const AlexnetLayer *conv1 = &source->network->layers[0];

  g_assert_cmpuint (source->files->len, ==, 2);
  g_assert_true (conv1->weight.file == source->files->pdata[1]);
  g_assert_cmpuint (conv1->weight.offset, ==, 7);
  g_assert_true (conv1->bias.file == source->files->pdata[0]);
}

static void
test_types (void)
{
  static const AlexnetDType expected[] = { ALEXNET_DTYPE_F16, ALEXNET_DTYPE_F16,
    ALEXNET_DTYPE_BF16, ALEXNET_DTYPE_BF16, ALEXNET_DTYPE_F64,
    ALEXNET_DTYPE_F64, ALEXNET_DTYPE_F8_E4M3, ALEXNET_DTYPE_F8_E5M2 };
  g_autoptr (AlexnetModelSource) source = read_graph ("float-types.onnx");
  guint n = 0;

  for (guint i = 0; i < source->network->n_layers; i++)
    if (source->network->layers[i].name)
      g_assert_cmpint (source->network->layers[i].weight.dtype, ==,
          expected[n++]);
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (expected));
}

static void
test_detect (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (graphs); i++)
    graph_files_assert_detected (alexnet_onnx_detect, "onnx", graphs[i].name);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_NAMED_CASES ("/onnx/graph", graphs, test_graph);
  g_test_add_func ("/onnx/light", test_light);
  g_test_add_func ("/onnx/metadata", test_metadata);
  g_test_add_func ("/onnx/external", test_external);
  g_test_add_func ("/onnx/types", test_types);
  g_test_add_func ("/onnx/detect", test_detect);
  return g_test_run ();
}
