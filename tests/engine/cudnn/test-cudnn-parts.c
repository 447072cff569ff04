/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of the cuDNN module that need neither device nor cuDNN: networks
 * as operations, weights in the device's layouts. */

#include <math.h>
#include <string.h>

#include "cudnn/linear.h"
#include "cudnn/precision.h"
#include "cudnn/schedule.h"
#include "cudnn/weights.h"
#include "support/says.h"

static AlexnetProgram
build (const char *architecture)
{
  g_autoptr (GError) error = NULL;
  AlexnetProgram program;

  alexnet_program_build (&program, alexnet_network_find (architecture), &error);
  g_assert_no_error (error);
  return program;
}

static char *
describe (const AlexnetProgram *program)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < program->n_ops; i++) {
    const AlexnetOp *op = &program->ops[i];
    g_autofree char *name = alexnet_op_get_name (program, i);

    g_string_append_printf (text, "%s%s %u:%ux%ux%u %u:%ux%ux%u\n", name,
        op->relu ? "+relu" : "", op->in_parts, op->in.channels, op->in.height,
        op->in.width, op->out_parts, op->out.channels, op->out.height,
        op->out.width);
  }
  return g_strdup (text->str);
}

/* What a kernel reads lies elsewhere than what it writes. */
static void
test_buffers (void)
{
  static const char *const names[] = { "torchvision", "caffe", "caffenet" };

  for (guint a = 0; a < G_N_ELEMENTS (names); a++) {
    AlexnetProgram program = build (names[a]);
    const AlexnetOp *ops = program.ops;

    for (guint i = 0; i < program.n_ops; i++) {
      g_assert_cmpuint (ops[i].buffer, <, ALEXNET_N_BUFFERS);
      if (i > 0)
        g_assert_cmpuint (ops[i].buffer, !=, ops[i - 1].buffer);
      if (i > 1 && alexnet_op_can_join (&ops[i - 1], &ops[i]))
        g_assert_cmpuint (ops[i].buffer, !=, ops[i - 2].buffer);
    }
  }
}

static void
test_program_torchvision (void)
{
  AlexnetProgram program = build ("torchvision");
  g_autofree char *text = describe (&program);

  g_assert_cmpuint (program.slot.block, ==, 4);
  g_assert_cmpuint (program.slot.pad, ==, 2);
  g_assert_cmpstr (text, ==,
      "conv1+relu 1:48x57x57 1:64x55x55\n"
      "pool1 1:64x55x55 1:64x27x27\n"
      "conv2+relu 1:64x27x27 1:192x27x27\n"
      "pool2 1:192x27x27 1:192x13x13\n"
      "conv3+relu 1:192x13x13 1:384x13x13\n"
      "conv4+relu 1:384x13x13 1:256x13x13\n"
      "conv5+relu 1:256x13x13 1:256x13x13\n"
      "pool3 1:256x13x13 1:256x6x6\n"
      "linear1+relu 1:256x6x6 1:4096x1x1\n"
      "linear2+relu 1:4096x1x1 1:4096x1x1\n"
      "linear3 1:4096x1x1 1:1000x1x1\n"
      "softmax1 1:1000x1x1 1:1000x1x1\n");
}

static void
test_program_caffe (void)
{
  AlexnetProgram program = build ("caffe");
  g_autofree char *text = describe (&program);

  g_assert_cmpuint (program.slot.block, ==, 4);
  g_assert_cmpuint (program.slot.pad, ==, 0);
  g_assert_true (g_str_has_prefix (text,
      "conv1+relu 1:48x57x57 1:96x55x55\n"
      "lrn1 1:96x55x55 1:96x55x55\n"
      "pool1 1:96x55x55 2:96x27x27\n"
      "conv2+relu 2:96x27x27 2:256x27x27\n"
      "lrn2 2:256x27x27 1:256x27x27\n"
      "pool2 1:256x27x27 1:256x13x13\n"
      "conv3+relu 1:256x13x13 2:384x13x13\n"
      "conv4+relu 2:384x13x13 2:384x13x13\n"
      "conv5+relu 2:384x13x13 2:256x13x13\n"
      "pool3 2:256x13x13 1:256x6x6\n"));
}

static void
test_program_caffenet (void)
{
  AlexnetProgram program = build ("caffenet");
  g_autofree char *text = describe (&program);

  g_assert_true (g_str_has_prefix (text,
      "conv1+relu 1:48x57x57 1:96x55x55\n"
      "pool1 1:96x55x55 1:96x27x27\n"
      "lrn1 1:96x27x27 2:96x27x27\n"
      "conv2+relu 2:96x27x27 2:256x27x27\n"
      "pool2 2:256x27x27 1:256x13x13\n"
      "lrn2 1:256x13x13 1:256x13x13\n"
      "conv3+relu 1:256x13x13 2:384x13x13\n"));
}

/* A grouped convolution as the first layer finds its slot in one part. */
static void
test_program_grouped_first (void)
{
  AlexnetNetwork network = *alexnet_network_find ("caffe");
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  AlexnetProgram program;

  while (network.layers[0].groups != 2) {
    network.n_layers--;
    memmove (network.layers, network.layers + 1,
        network.n_layers * sizeof network.layers[0]);
  }
  network.input = network.layers[0].in;
  network.n_layers = 1;
  alexnet_program_build (&program, &network, &error);
  g_assert_no_error (error);
  text = describe (&program);
  g_assert_cmpstr (text, ==,
      "copy1 1:96x27x27 2:96x27x27\n"
      "conv1 2:96x27x27 2:256x27x27\n"
      "output1 2:256x27x27 1:256x27x27\n");
}

static void
test_large_batch (void)
{
  AlexnetNetwork network = { .input = { 3, 8192, 8192 }, .n_layers = 1 };
  g_autoptr (GError) error = NULL;
  AlexnetProgram program;

  network.layers[0] = (AlexnetLayer){
    .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 2, .stride = 1, .end_padding = 1
  };
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  g_assert_true (alexnet_program_build (&program, &network, NULL));
  g_assert_true (alexnet_program_check_batch (&program, 21, NULL));
  g_assert_false (alexnet_program_check_batch (&program, 22, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  assert_says (error->message, "at most 21 images, not 22");
}

static void
test_early_softmax (void)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");
  g_autoptr (GError) error = NULL;
  AlexnetProgram program;

  network.layers[1].kind = ALEXNET_LAYER_SOFTMAX;
  g_assert_false (alexnet_program_build (&program, &network, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
  assert_says (error->message, "only as the last layer");
}

static void
test_batches (void)
{
  guint sizes[ALEXNET_MAX_BATCHES];

  g_assert_cmpuint (alexnet_get_batches (1, sizes), ==, 1);
  g_assert_cmpuint (sizes[0], ==, 1);
  g_assert_cmpuint (alexnet_get_batches (12, sizes), ==, 5);
  g_assert_cmpuint (sizes[3], ==, 8);
  g_assert_cmpuint (sizes[4], ==, 12);
  g_assert_cmpuint (alexnet_get_batches (ALEXNET_MAX_BATCH_SIZE, sizes), ==,
      10);
  g_assert_cmpuint (alexnet_get_batches (ALEXNET_MAX_BATCH_SIZE - 1, sizes), ==,
      10);
}

/* The last pooling of all networks is part of the product behind it, for one
 * image, unless somebody wants to see what lies between; a normalisation is one
 * with the pooling behind it or, in caffenet, before it. */
static void
test_schedule (void)
{
  static const char *const architectures[] = { "torchvision", "caffe",
    "caffenet" };
  static const guint pools[] = { 7, 9, 9 };

  for (guint a = 0; a < G_N_ELEMENTS (architectures); a++) {
    AlexnetProgram program = build (architectures[a]);

    for (AlexnetPrecision p = ALEXNET_PRECISION_FP32; p < ALEXNET_N_PRECISIONS;
         p++) {
      AlexnetPrecision values = alexnet_precision_of_values (p);
      gboolean int8 = p == ALEXNET_PRECISION_INT8;
      AlexnetSchedule one = alexnet_schedule_make (&program, values, int8, 0,
          1);
      AlexnetSchedule two = alexnet_schedule_make (&program, values, int8, 0,
          2);
      AlexnetSchedule seen = alexnet_schedule_make (&program, values, int8,
          pools[a] + 1, 1);

      for (guint i = 0; i < program.n_ops; i++) {
        gboolean normalises = a > 0 && (i == 1 || i == 4);

        g_assert_cmpint (one.joined[i], ==, i == pools[a] || normalises);
        g_assert_false (two.joined[i]);
        g_assert_cmpint (seen.joined[i], ==, normalises);
      }
    }
  }
}

/* Results of few images are written to where the host reads them, and weights
 * kept in the cache. */
static void
test_mapped (void)
{
  AlexnetProgram program = build ("torchvision");

  for (guint n = 1; n <= ALEXNET_MAX_BATCH_SIZE; n *= 2) {
    AlexnetSchedule s = alexnet_schedule_make (&program, ALEXNET_PRECISION_FP16,
        FALSE, 0, n);

    g_assert_cmpint (s.mapped, ==, n <= 8);
    g_assert_cmpint (s.persisting, ==, n <= 8);
  }
}

/* A pooling in front of a linear layer, and something in front of that. */
static AlexnetNetwork
make_pooled (const AlexnetShape *in)
{
  AlexnetNetwork network = { .input = *in, .n_layers = 3 };

  network.layers[0] = (AlexnetLayer){ .kind = ALEXNET_LAYER_RELU };
  network.layers[1] = (AlexnetLayer){
    .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 3, .stride = 1
  };
  network.layers[2] = (AlexnetLayer){ .kind = ALEXNET_LAYER_LINEAR,
    .channels = 8 };
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  return network;
}

/* A pooling that a kernel cannot take together with what is behind it: of too
 * many values, of channels that are no whole vectors, of a slot. */
static void
test_not_joined (void)
{
  static const AlexnetShape inputs[] = { { 1160, 6, 6 }, { 12, 6, 6 } };

  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    AlexnetNetwork network = make_pooled (&inputs[i]);
    AlexnetProgram program;
    AlexnetSchedule s;

    g_assert_true (alexnet_program_build (&program, &network, NULL));
    s = alexnet_schedule_make (&program, ALEXNET_PRECISION_FP16, FALSE, 0, 1);
    g_assert_false (s.joined[1]);
    s = alexnet_schedule_make (&program, ALEXNET_PRECISION_FP32, FALSE, 0, 1);
    g_assert_cmpint (s.joined[1], ==, i == 1);

    memmove (network.layers, network.layers + 1, 2 * sizeof *network.layers);
    network.n_layers = 2;
    g_assert_true (alexnet_network_infer_shapes (&network, NULL));
    g_assert_true (alexnet_program_build (&program, &network, NULL));
    s = alexnet_schedule_make (&program, ALEXNET_PRECISION_FP32, FALSE, 0, 1);
    g_assert_false (s.joined[0]);
  }
}

/* Whole vectors of values that are no whole vectors of weights of 8 bits. */
static void
test_not_joined_int8 (void)
{
  AlexnetNetwork network = make_pooled (&(AlexnetShape){ 8, 5, 5 });
  AlexnetProgram program;

  g_assert_true (alexnet_program_build (&program, &network, NULL));
  for (gboolean int8 = FALSE; int8 <= TRUE; int8++)
    g_assert_cmpint (alexnet_schedule_make (&program, ALEXNET_PRECISION_FP16,
                         int8, 0, 1)
                         .joined[1],
        ==, !int8);
}

/* Weights in 16 bits are there, too, where our own product does not take every
 * batch; and all are whole numbers then. */
static void
test_storage (void)
{
  static const struct {
    guint max_batch;
    AlexnetStorage storage;
  } cases[] = { { 1, ALEXNET_STORAGE_INT8 }, { 2, ALEXNET_STORAGE_INT8 },
    { 3, ALEXNET_STORAGE_BOTH }, { 8, ALEXNET_STORAGE_INT8 },
    { 9, ALEXNET_STORAGE_BOTH }, { 512, ALEXNET_STORAGE_BOTH } };
  AlexnetProgram program = build ("torchvision");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint op = 8; op <= 10; op++) {
      AlexnetLinearShape shape = alexnet_linear_shape (&program, op, 1,
          cases[i].max_batch, ALEXNET_PRECISION_FP16, TRUE);

      g_assert_cmpint (shape.storage, ==, cases[i].storage);
      shape = alexnet_linear_shape (&program, op, 1, cases[i].max_batch,
          ALEXNET_PRECISION_FP16, FALSE);
      g_assert_cmpint (shape.storage, ==, ALEXNET_STORAGE_VALUES);
    }
}

/* Blocked weights: tap (y, x) of channel c is where the slot has its pixel. */
static void
test_permute_blocked (void)
{
  AlexnetProgram program = build ("torchvision");
  float from[3 * 11 * 11], to[48 * 3 * 3] = { 0 };
  gsize n;

  for (guint i = 0; i < G_N_ELEMENTS (from); i++)
    from[i] = i + 1;
  n = alexnet_weights_permute (to, from, &program.ops[0], &program.slot);
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (to));
  for (guint i = 0; i < n; i++) {
    guint c = i % 3, dx = i / 3 % 4, dy = i / 12 % 4;
    guint x = i / 48 % 3 * 4 + dx, y = i / 144 * 4 + dy;

    g_assert_cmpfloat (to[i], ==,
        x < 11 && y < 11 ? from[(c * 11 + y) * 11 + x] : 0);
  }
}

static void
test_permute_linear (void)
{
  AlexnetProgram program = build ("torchvision");
  const AlexnetOp *op = &program.ops[8];
  g_autofree float *from = g_new (float, 9216);
  g_autofree float *to = g_new0 (float, 9216);

  for (guint i = 0; i < 9216; i++)
    from[i] = i;
  g_assert_cmpuint (alexnet_weights_permute (to, from, op, &program.slot), ==,
      9216);
  for (guint i = 0; i < 9216; i++)
    g_assert_cmpfloat (to[i], ==, i % 256 * 36 + i / 256);
}

/* Each weight is where the kernel looks for it, within half of what 1 stands
 * for; nothing else is a weight of a row. */
static void
check_pack (const float *row, guint n)
{
  g_autofree float *dequantized = g_memdup2 (row, n * sizeof *row);
  g_autofree guint8 *packed = g_new (guint8, n);
  g_autofree gboolean *met = g_new0 (gboolean, n);
  float scale = alexnet_weights_pack_int8 (packed, dequantized, n);

  for (guint i = 0; i < n; i++) {
    guint column = alexnet_s8_column (n, i);
    int number = packed[i] - ALEXNET_S8_ZERO;

    g_assert_cmpuint (column, <, n);
    g_assert_false (met[column]);
    met[column] = TRUE;
    g_assert_cmpint (ABS (number), <=, 127);
    g_assert_cmpfloat (fabsf (row[column] - number * scale), <=,
        0.5001f * scale);
    g_assert_cmpfloat (dequantized[column], ==, number * scale);
  }
}

static void
test_pack_int8 (void)
{
  static const guint lengths[] = { 16, 48, 512, 528, 1536, 4096, 9216 };
  g_autofree float *row = g_new (float, 9216);

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    for (guint k = 0; k < lengths[i]; k++)
      row[k] = sinf (k + 1) * (k % 7 == 0 ? 10 : 1);
    check_pack (row, lengths[i]);
  }
}

/* The threads of a warp find their inputs beside each other: of a thread's
 * sixteen, eight and eight. */
static void
test_columns_int8 (void)
{
  const guint n = 2 * ALEXNET_S8_STRIDE + 96;

  for (guint i = 0; i < n; i++) {
    guint begin = i / ALEXNET_S8_STRIDE * ALEXNET_S8_STRIDE;
    guint thread = (i - begin) / 16, half = i % 16 / 8;
    guint width = MIN (n - begin, ALEXNET_S8_STRIDE) / 2;

    g_assert_cmpuint (alexnet_s8_column (n, i), ==,
        begin + half * width + 8 * thread + i % 8);
  }
}

/* What is not finite shows in what comes of a row. */
static void
test_pack_not_finite (void)
{
  static const float odd[] = { INFINITY, -INFINITY, NAN };

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++) {
    float row[16] = { 1, 2, odd[i] };
    guint8 packed[16];

    g_assert_true (isnan (alexnet_weights_pack_int8 (packed, row, 16)));
    g_assert_true (isnan (row[0]));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cudnn-parts/program/torchvision",
      test_program_torchvision);
  g_test_add_func ("/cudnn-parts/program/caffe", test_program_caffe);
  g_test_add_func ("/cudnn-parts/program/caffenet", test_program_caffenet);
  g_test_add_func ("/cudnn-parts/program/grouped-first",
      test_program_grouped_first);
  g_test_add_func ("/cudnn-parts/program/large-batch", test_large_batch);
  g_test_add_func ("/cudnn-parts/program/early-softmax", test_early_softmax);
  g_test_add_func ("/cudnn-parts/batches", test_batches);
  g_test_add_func ("/cudnn-parts/buffers", test_buffers);
  g_test_add_func ("/cudnn-parts/schedule/networks", test_schedule);
  g_test_add_func ("/cudnn-parts/schedule/mapped", test_mapped);
  g_test_add_func ("/cudnn-parts/schedule/not-joined", test_not_joined);
  g_test_add_func ("/cudnn-parts/schedule/not-joined-int8",
      test_not_joined_int8);
  g_test_add_func ("/cudnn-parts/int8/storage", test_storage);
  g_test_add_func ("/cudnn-parts/int8/pack", test_pack_int8);
  g_test_add_func ("/cudnn-parts/int8/columns", test_columns_int8);
  g_test_add_func ("/cudnn-parts/int8/not-finite", test_pack_not_finite);
  g_test_add_func ("/cudnn-parts/permute/blocked", test_permute_blocked);
  g_test_add_func ("/cudnn-parts/permute/linear", test_permute_linear);
  return g_test_run ();
}
