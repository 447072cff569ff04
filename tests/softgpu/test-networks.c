/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The networks on the software device against the reference: each layer
 * alone, each beginning of a network, and the whole with every batch size, in
 * every precision. */

#include <glib/gstdio.h>
#include <math.h>
#include <unistd.h>

#include "fixture.h"
#include "support/random-model.h"
#include "support/says.h"

#define N_SUMMED 1024

typedef struct {
  const char *architecture;
  AlexnetPrecision precision;
} Case;

static gboolean
multiplies (const AlexnetLayer *layer)
{
  return layer->kind == ALEXNET_LAYER_CONV ||
      layer->kind == ALEXNET_LAYER_LINEAR;
}

static float *
absolute (const float *values, gsize n)
{
  float *out = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    out[i] = fabsf (values[i]);
  return out;
}

static void
make_absolute (AlexnetTensor *tensor)
{
  tensor->data = absolute (tensor->data, alexnet_tensor_n_values (tensor));
}

/* For each output of a layer: the sum of |weight| * |input| and |bias|, that
 * to which errors of a product are relative. */
static float *
sum_sizes (const AlexnetNetwork *network, guint n, const float *inputs)
{
  gsize size = n * alexnet_shape_size (&network->input);
  g_autofree float *sizes = absolute (inputs, size);
  AlexnetNetwork positive = *network;
  float *sums;

  if (multiplies (&network->layers[0])) {
    make_absolute (&positive.layers[0].weight);
    make_absolute (&positive.layers[0].bias);
  }
  sums = fixture_reference (&positive, n, sizes);
  if (multiplies (&network->layers[0]))
    random_model_clear (&positive);
  return sums;
}

/* The largest magnitude of each output's weights, for all of them. */
static void
make_largest (AlexnetTensor *tensor, guint n_rows)
{
  gsize n = alexnet_tensor_n_values (tensor) / n_rows;
  float *values = absolute (tensor->data, n_rows * n);

  for (gsize i = 0; i < n_rows; i++) {
    float largest = (float) fixture_largest (values + i * n, n);

    for (gsize k = i * n; k < (i + 1) * n; k++)
      values[k] = largest;
  }
  tensor->data = values;
}

/* For each output of a linear layer: how much it changes when each weight does
 * by half of what 1 of INT8 stands for, a 254th of the largest; 0 where they
 * are not of INT8. */
static float *
sum_steps (const AlexnetNetwork *network, guint n, const float *inputs,
    AlexnetPrecision precision)
{
  gsize size = n * alexnet_shape_size (&network->layers[0].out);
  g_autofree float *sizes = absolute (inputs,
      n * alexnet_shape_size (&network->input));
  AlexnetNetwork largest = *network;
  AlexnetLayer *layer = &largest.layers[0];
  float *steps;

  if (precision != ALEXNET_PRECISION_INT8 ||
      layer->kind != ALEXNET_LAYER_LINEAR)
    return g_new0 (float, size);
  make_largest (&layer->weight, layer->channels);
  layer->bias.data = g_new0 (float, layer->channels);
  steps = fixture_reference (&largest, n, sizes);
  random_model_clear (&largest);
  for (gsize i = 0; i < size; i++)
    steps[i] /= 254;
  return steps;
}

/* How far output may be from the reference, in units of u, half the last bit
 * of 1: weight, input and bias are each rounded once, and so is the output.
 * What is multiplied has two such errors, relative to the sum of sizes; sums
 * of n terms are kept in float, which adds up to n * 2^-24. Of the others,
 * relu and pooling pass the input's error on, LRN raises a sum of squares to
 * 3/4: 1 + 2 * 3/4. Softmax's relative error is twice the largest input's
 * absolute one. u^2 and what functions of float add are covered by 10 %. */
static double
tolerance_of (const AlexnetLayer *layer, double u, double u_store, double sizes,
    double output, double largest_input)
{
  double sums = 0;

  switch (layer->kind) {
    case ALEXNET_LAYER_CONV:
    case ALEXNET_LAYER_LINEAR:
      sums = (double) (alexnet_tensor_n_values (&layer->weight) /
                     layer->channels +
                 2) *
          0x1p-24;
      return 1.1 * ((2 * u + sums) * sizes + u_store * output);
    case ALEXNET_LAYER_LRN:
      return 1.1 * 3.5 * u_store * output + 0x1p-20 * output;
    case ALEXNET_LAYER_SOFTMAX:
      return 1.1 * 2 * u_store * largest_input * output + 0x1p-20 * output;
    default:
      return u_store * sizes;
  }
}

static void
check_layer_outputs (const AlexnetNetwork *network, guint n,
    const float *inputs, const float *outputs, AlexnetPrecision precision)
{
  const AlexnetLayer *layer = &network->layers[0];
  gsize size = n * alexnet_shape_size (&layer->out);
  g_autofree float *expected = fixture_reference (network, n, inputs);
  g_autofree float *sizes = sum_sizes (network, n, inputs);
  g_autofree float *steps = sum_steps (network, n, inputs, precision);
  double largest = fixture_largest (inputs,
      n * alexnet_shape_size (&layer->in));
  double u = fixture_rounding (precision, multiplies (layer));
  double u_store = fixture_rounding (precision, FALSE);

  for (gsize i = 0; i < size; i++)
    fixture_assert_near (&outputs[i], &expected[i], 1,
        tolerance_of (layer, u, u_store, sizes[i], fabs (expected[i]),
            largest) +
            1.1 * steps[i],
        layer->name ? layer->name : "a layer");
}

static void
check_layer (const AlexnetNetwork *network, guint i, AlexnetPrecision precision)
{
  AlexnetNetwork layer = fixture_layer (network, i);
  g_autoptr (AlexnetPlan) plan = fixture_open (&layer, precision, 3);
  g_autofree float *inputs = fixture_inputs (&layer, 3, i);

  fixture_stage (plan, &layer, 1, 3, inputs);
  for (guint n = 1; n <= 3; n++) {
    g_autofree float *outputs = fixture_infer (plan, &layer, 1, n);

    check_layer_outputs (&layer, n, inputs, outputs, plan->precision);
  }
}

static void
test_layers (gconstpointer data)
{
  const Case *c = data;
  AlexnetNetwork *network = fixture_network (c->architecture);

  for (guint i = 0; i < network->n_layers; i++)
    check_layer (network, i, c->precision);
  random_model_clear (network);
  g_free (network);
  softgpu_reset ();
}

/* Linear layers that cublasLt does not take, in batches that our own product
 * for small ones takes and in others. */
static void
test_refused (gconstpointer data)
{
  const Case *c = data;
  AlexnetNetwork *network = fixture_network (c->architecture);

  softgpu_set_no_products ();
  for (guint i = 0; i < network->n_layers; i++)
    if (network->layers[i].kind == ALEXNET_LAYER_LINEAR)
      check_layer (network, i, c->precision);
  random_model_clear (network);
  g_free (network);
  softgpu_reset ();
}

/* Of the largest output. Errors of a layer's outputs are independent and add
 * up as their root mean square does: over the eight layers that multiply to
 * about 2 * sqrt (8) u, six times that at the worst of some thousand values.
 * Weights of INT8 are off by up to a 254th of the largest, those of the model
 * are as evenly spread up to that: three layers of them add sqrt (3) / 254. */
static double
relative_tolerance (AlexnetPrecision precision)
{
  double whole = precision == ALEXNET_PRECISION_INT8 ? sqrt (3) / 254 : 0;

  return 6 * (2 * sqrt (8) * fixture_rounding (precision, TRUE) + whole);
}

static void
check_outputs (const AlexnetNetwork *network, guint n, const float *outputs,
    const float *expected, AlexnetPrecision precision)
{
  gsize size = n * alexnet_shape_size (alexnet_network_output (network));
  g_autofree char *what = g_strdup_printf ("%s up to layer %u, batch of %u",
      network->architecture, network->n_layers, n);

  fixture_assert_near (outputs, expected, size,
      relative_tolerance (precision) * fixture_largest (expected, size), what);
}

static void
check_beginning (const AlexnetNetwork *network, guint n_layers,
    AlexnetPrecision precision)
{
  AlexnetNetwork begun = *network;
  g_autoptr (AlexnetPlan) plan = NULL;
  g_autofree float *inputs = NULL, *outputs = NULL, *expected = NULL;

  begun.n_layers = n_layers;
  inputs = fixture_inputs (&begun, 1, n_layers);
  expected = fixture_reference (&begun, 1, inputs);
  plan = fixture_open (&begun, precision, 1);
  fixture_stage (plan, &begun, 1, 1, inputs);
  outputs = fixture_infer (plan, &begun, 1, 1);
  check_outputs (&begun, 1, outputs, expected, plan->precision);
}

static void
test_beginnings (gconstpointer data)
{
  const Case *c = data;
  AlexnetNetwork *network = fixture_network (c->architecture);

  for (guint n = 1; n <= network->n_layers; n++)
    if (!alexnet_layer_is_identity (&network->layers[n - 1]))
      check_beginning (network, n, c->precision);
  random_model_clear (network);
  g_free (network);
  softgpu_reset ();
}

/* The whole of a network whose beginnings are much as those of another. */
static void
test_whole (gconstpointer data)
{
  const Case *c = data;
  AlexnetNetwork *network = fixture_network (c->architecture);

  check_beginning (network, network->n_layers, c->precision);
  random_model_clear (network);
  g_free (network);
  softgpu_reset ();
}

/* Every batch size at every place where the engine would put it. */
static void
test_batches (gconstpointer data)
{
  const Case *c = data;
  AlexnetNetwork *network = g_str_equal (c->architecture, "caffe")
      ? fixture_small_network ()
      : fixture_network (c->architecture);
  gsize size, n_in = alexnet_shape_size (&network->input);
  g_autofree float *inputs = fixture_inputs (network, 32, 0);
  g_autofree float *expected = NULL;
  AlexnetPlan *plan;

  network->n_layers--; /* logits tell more than probabilities */
  size = alexnet_shape_size (alexnet_network_output (network));
  expected = fixture_reference (network, 32, inputs);
  plan = fixture_open (network, c->precision, 16);
  fixture_stage (plan, network, 0, 32, inputs);
  for (guint n = 1; n <= 16; n++) {
    guint first = (7 * n) % (33 - n);
    g_autofree float *outputs = NULL;

    fixture_stage (plan, network, first, 1, inputs + first * n_in);
    outputs = fixture_infer (plan, network, first, n);
    check_outputs (network, n, outputs, expected + first * size,
        plan->precision);
  }
  fixture_close (plan);
  random_model_clear (network);
  g_free (network);
  softgpu_reset ();
}

/* A normalisation and a pooling, in either order: one kernel does both for one
 * image, of two each has its own, and that gives the same bits. */
static void
check_joined (AlexnetPrecision precision, gboolean lrn_first)
{
  static const AlexnetLayer pool = { .kind = ALEXNET_LAYER_MAXPOOL,
    .kernel = 3,
    .stride = 2,
    .padding = 1,
    .end_padding = 1 };
  static const AlexnetLayer lrn = {
    .kind = ALEXNET_LAYER_LRN, .size = 5, .alpha = 0.5f, .beta = 0.75f, .k = 1
  };
  AlexnetNetwork network = { .input = { 24, 10, 13 }, .n_layers = 3 };
  g_autoptr (AlexnetPlan) plan = NULL;
  g_autofree float *inputs = NULL, *one = NULL, *two = NULL;
  g_autofree char *text = NULL;
  guint n_works, n_nodes;

  network.layers[0] = (AlexnetLayer){ .kind = ALEXNET_LAYER_RELU };
  network.layers[1] = lrn_first ? lrn : pool;
  network.layers[2] = lrn_first ? pool : lrn;
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  plan = fixture_open (&network, precision, 2);
  inputs = fixture_inputs (&network, 2, 0);
  fixture_stage (plan, &network, 0, 2, inputs);
  two = fixture_infer (plan, &network, 0, 2);
  g_free (softgpu_take_works (&n_works, &n_nodes));
  one = fixture_infer (plan, &network, 0, 1);
  text = softgpu_take_works (&n_works, &n_nodes);
  assert_says (text, "1 node alexnet_lrn_pool_");
  g_assert_cmpuint (n_nodes, ==, 2);
  g_assert_cmpmem (one,
      alexnet_shape_size (alexnet_network_output (&network)) * sizeof *one, two,
      alexnet_shape_size (alexnet_network_output (&network)) * sizeof *two);
}

static void
test_joined (void)
{
  for (guint p = 0; p < FIXTURE_N_PRECISIONS; p++) {
    check_joined (fixture_precisions[p], TRUE);
    check_joined (fixture_precisions[p], FALSE);
  }
  softgpu_reset ();
}

/* A linear layer of ones, to 16 outputs. */
static AlexnetNetwork
make_sum (void)
{
  AlexnetNetwork network = { .input = { N_SUMMED, 1, 1 }, .n_layers = 1 };
  AlexnetLayer *layer = &network.layers[0];
  float *ones = g_new (float, 16 * N_SUMMED);

  *layer = (AlexnetLayer){
    .kind = ALEXNET_LAYER_LINEAR, .name = "sum", .channels = 16
  };
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  random_model_fill (&network);
  random_model_clear (&network);
  for (guint i = 0; i < 16 * N_SUMMED; i++)
    ones[i] = 1;
  layer->weight.data = ones;
  layer->bias.data = g_new0 (float, 16);
  return network;
}

/* A sum whose parts no type of 16 bits can hold: what is added to the first
 * value is lost there, and left when this is taken off again. */
static void
check_sum (AlexnetPrecision precision)
{
  AlexnetNetwork network = make_sum ();
  g_autoptr (AlexnetPlan) plan = fixture_open (&network, precision, 16);
  float inputs[16][N_SUMMED] = { 0 };
  g_autofree float *outputs = NULL;

  for (guint i = 0; i < 16; i++) {
    inputs[i][0] = 4096;
    inputs[i][N_SUMMED - 1] = -4096;
    for (guint k = 1; k <= 6; k++)
      inputs[i][k * N_SUMMED / 8] = 1;
  }
  fixture_stage (plan, &network, 0, 16, inputs[0]);
  outputs = fixture_infer (plan, &network, 0, 16);
  for (guint i = 0; i < 16 * 16; i++)
    g_assert_cmpfloat (outputs[i], ==, 6);
  random_model_clear (&network);
}

/* Whatever splits a sum adds its parts up in float. */
static void
test_sums (void)
{
  for (guint p = 0; p < FIXTURE_N_TYPES; p++)
    check_sum (fixture_precisions[p]);
  softgpu_reset ();
}

/* A file as long as a tensor, of which only the beginning is left. */
static AlexnetFile *
make_cut_file (const AlexnetTensor *tensor)
{
  gsize size = alexnet_tensor_n_values (tensor) * sizeof (float);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("alexnet-test-XXXXXX", &path, &error);
  AlexnetFile *file;

  g_assert_no_error (error);
  g_assert_cmpint (ftruncate (fd, (off_t) size), ==, 0);
  file = alexnet_file_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ftruncate (fd, (off_t) size / 2), ==, 0);
  g_close (fd, NULL);
  g_remove (path);
  return file;
}

/* Weights that can no longer be read once others were uploaded: an error, and
 * nothing is left on the device. */
static void
test_cut_file (void)
{
  AlexnetNetwork *network = fixture_network ("torchvision");
  g_autoptr (AlexnetFile) file = NULL;
  g_autoptr (GError) error = NULL;
  AlexnetLayer *layer = network->layers + network->n_layers - 1;

  while (layer->kind != ALEXNET_LAYER_LINEAR)
    layer--;
  file = make_cut_file (&layer->weight);
  layer->weight.file = file;
  g_assert_null (fixture_try_open (network, ALEXNET_PRECISION_FP32, 2, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message, "was cut short");
  random_model_clear (network);
  g_free (network);
  softgpu_reset ();
}

static void
add_cases (const char *name, const char *architecture, GTestDataFunc func)
{
  for (guint p = 0; p < FIXTURE_N_PRECISIONS; p++) {
    Case *c = g_new (Case, 1);
    g_autofree char *path = NULL;

    c->architecture = architecture;
    c->precision = fixture_precisions[p];
    path = g_strdup_printf ("/softgpu/%s/%s/%s", name, architecture,
        alexnet_precision_name (c->precision));
    g_test_add_data_func_full (path, c, func, g_free);
  }
}

int
main (int argc, char **argv)
{
  static const char *const architectures[] = { "torchvision", "caffe" };

  cache_directory_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (architectures); i++) {
    add_cases ("layers", architectures[i], test_layers);
    add_cases ("beginnings", architectures[i], test_beginnings);
    add_cases ("batches", architectures[i], test_batches);
  }
  add_cases ("refused", "torchvision", test_refused);
  add_cases ("whole", "caffenet", test_whole);
  g_test_add_func ("/softgpu/joined", test_joined);
  g_test_add_func ("/softgpu/sums", test_sums);
  g_test_add_func ("/softgpu/cut-file", test_cut_file);
  return cache_directory_run ();
}
