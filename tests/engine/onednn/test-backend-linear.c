/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Linear layers of the backend "cpu", with each instruction set that this
 * machine has in turn: shapes around the sizes that its loops are cut into,
 * batches of 1 to 33, inputs of both signs and as a ReLU leaves them, against
 * the definition; weights that are not ordinary numbers. Behind a ReLU each way
 * to compute them, whichever is the fastest. */

#include <math.h>
#include <string.h>

#include "backends.h"
#include "support/definition.h"
#include "support/isas.h"
#include "support/layers.h"
#include "support/random-model.h"

#define MAX_BATCH 33

/* Of the largest value: float sums up to 9216 terms, fp16 keeps 11 bits of a
 * weight, bf16 8 bits of weight and input, int8 8 bits of the largest of 32
 * weights. */
static const struct {
  AlexnetPrecision precision;
  double tolerance;
} precisions[] = {
  { ALEXNET_PRECISION_FP32, 1e-5 },
  { ALEXNET_PRECISION_FP16, 1e-3 },
  { ALEXNET_PRECISION_BF16, 2e-2 },
  { ALEXNET_PRECISION_INT8, 2e-2 },
  { ALEXNET_PRECISION_AUTO, 1e-2 },
};

/* In $ALEXNET_CPU_LINEAR. */
static const struct {
  const char *name;
  guint precision;
} ways[] = {
  { "panels", 2 },
  { "inner-product", 2 },
  { "panels", 3 },
  { "matmul", 3 },
  { "panels", 4 },
};

static const guint shapes[][2] = { { 1, 1 }, { 7, 3 }, { 127, 15 }, { 128, 16 },
  { 129, 17 }, { 255, 33 }, { 1000, 10 }, { 2304, 100 }, { 65, 1090 },
  { 40, 4170 } };

static const AlexnetBackend *backend;

/* A linear layer, behind a ReLU if `relu`. */
static AlexnetNetwork
make_network (guint n_inputs, guint n_outputs, gboolean relu)
{
  AlexnetNetwork network = { .input = { n_inputs, 1, 1 },
    .n_layers = relu ? 2 : 1,
    .layers = { { .kind = ALEXNET_LAYER_RELU } } };

  network.layers[network.n_layers - 1] = (AlexnetLayer){
    .kind = ALEXNET_LAYER_LINEAR, .name = "linear", .channels = n_outputs
  };
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  random_model_fill (&network);
  return network;
}

/* NULL, and the test is skipped, where this machine lacks what is asked. */
static AlexnetPlan *
open_plan (const AlexnetNetwork *network, AlexnetPrecision precision,
    AlexnetIsa isa)
{
  if (isa > alexnet_cpu_detect ()) {
    g_test_skip ("this CPU does not have the instruction set");
    return NULL;
  }
  isas_use (isa);
  return layers_open_or_skip (backend, network, precision, 2, MAX_BATCH);
}

/* in [n,inputs] -> out [n,outputs] */
static void
run (AlexnetPlan *plan, const AlexnetNetwork *network, const float *in,
    float *out, guint n)
{
  gsize in_size = network->input.channels;
  gsize out_size = alexnet_network_output (network)->channels;
  float *outputs[MAX_BATCH];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++) {
    outputs[i] = out + i * out_size;
    backend->stage_tensor (plan, i, in + i * in_size, &error);
    g_assert_no_error (error);
  }
  backend->infer (plan, 0, n, outputs, &error);
  g_assert_no_error (error);
}

/* Of found [n], relative to the largest of expected [n_all]. */
static double
find_error (const float *found, const float *expected, gsize n, gsize n_all)
{
  double largest = 0, difference = 0;

  for (gsize i = 0; i < n_all; i++)
    largest = fmax (largest, fabs ((double) expected[i]));
  for (gsize i = 0; i < n; i++) {
    g_assert_true (isfinite (found[i]));
    difference = fmax (difference, fabs ((double) found[i] - expected[i]));
  }
  return difference / largest;
}

typedef struct {
  AlexnetIsa isa;
  guint precision;
  guint way; /* of a case of ways[] */
} Case;

/* Inputs of image `i` as a ReLU leaves them; most of group 1 are zeros, all
 * inputs of image 1 are. */
static void
cut_inputs (float *in, guint n_inputs, guint i)
{
  for (guint c = 0; c < n_inputs; c++)
    if (i == 1 || in[c] < 0 || (c / 32 == 1 && c % 7 != 0))
      in[c] = 0;
}

static gboolean
check_shape (const Case *c, guint n_inputs, guint n_outputs, gboolean cut)
{
  AlexnetNetwork network = make_network (n_inputs, n_outputs, FALSE);
  g_autofree float *in = g_new (float, n_inputs *MAX_BATCH);
  g_autofree float *out = g_new (float, n_outputs *MAX_BATCH);
  g_autofree float *expected = NULL;
  AlexnetPlan *plan = open_plan (&network, precisions[c->precision].precision,
      c->isa);
  double error = 0;

  random_model_values (in, n_inputs * MAX_BATCH, "image", 1);
  for (guint i = 0; cut && i < MAX_BATCH; i++)
    cut_inputs (in + i * n_inputs, n_inputs, i);
  expected = definition_compute (&network.layers[0], in, MAX_BATCH);
  for (guint n = 1; plan && n <= MAX_BATCH; n++) {
    memset (out, 0xff, n_outputs * MAX_BATCH * sizeof *out);
    run (plan, &network, in, out, n);
    error = fmax (error,
        find_error (out, expected, n * n_outputs, MAX_BATCH * n_outputs));
  }
  g_test_message ("%u -> %u%s: error %.2g", n_inputs, n_outputs,
      cut ? ", without negative inputs" : "", error);
  g_assert_cmpfloat (error, <=, precisions[c->precision].tolerance);
  if (plan)
    backend->close (plan);
  random_model_clear (&network);
  return plan != NULL;
}

static void
test_shapes (gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (!check_shape (data, shapes[i][0], shapes[i][1], FALSE) ||
        !check_shape (data, shapes[i][0], shapes[i][1], TRUE))
      return;
}

/* Whether what is computed is the way of the case: since it is asked for, or
 * since there is no other. Panels in plain C are for small batches. */
static gboolean
is_taken (const AlexnetPlan *plan, const Case *c)
{
  g_autofree char *row = g_strdup_printf ("%-13s by $ALEXNET_CPU_LINEAR",
      ways[c->way].name);
  gboolean asked = strstr (plan->choices, "linear") != NULL;
  gboolean panels = g_str_equal (ways[c->way].name, "panels") &&
      c->isa > ALEXNET_ISA_PLAIN;

  if (strstr (plan->choices, row) || (panels && !asked))
    return TRUE;
  g_assert_false (panels);
  g_test_skip ("this CPU computes it in another way");
  return FALSE;
}

static AlexnetPlan *
open_way (const AlexnetNetwork *network, const Case *c)
{
  AlexnetPlan *plan;

  g_setenv ("ALEXNET_CPU_LINEAR", ways[c->way].name, TRUE);
  plan = open_plan (network, precisions[c->precision].precision, c->isa);
  g_unsetenv ("ALEXNET_CPU_LINEAR");
  if (!plan || is_taken (plan, c))
    return plan;
  backend->close (plan);
  return NULL;
}

/* Inputs that a ReLU makes those of cut_inputs(). */
static gboolean
check_way (const Case *c, guint n_inputs, guint n_outputs)
{
  static const guint batches[] = { 5, 6, 8, 17, 33 };
  AlexnetNetwork network = make_network (n_inputs, n_outputs, TRUE);
  g_autofree float *in = g_new (float, n_inputs *MAX_BATCH);
  g_autofree float *out = g_new (float, n_outputs *MAX_BATCH);
  g_autofree float *cut = g_new (float, n_inputs *MAX_BATCH);
  g_autofree float *expected = NULL;
  AlexnetPlan *plan = open_way (&network, c);
  double error = 0;

  random_model_values (in, n_inputs * MAX_BATCH, "image", 1);
  for (guint i = 0; i < n_inputs * MAX_BATCH; i++)
    cut[i] = fmaxf (in[i], 0);
  expected = definition_compute (&network.layers[1], cut, MAX_BATCH);
  for (guint b = 0; plan && b < G_N_ELEMENTS (batches); b++) {
    guint n = batches[b];

    memset (out, 0xff, n_outputs * MAX_BATCH * sizeof *out);
    run (plan, &network, in, out, n);
    error = fmax (error,
        find_error (out, expected, n * n_outputs, MAX_BATCH * n_outputs));
  }
  g_test_message ("%u -> %u by %s: error %.2g", n_inputs, n_outputs,
      ways[c->way].name, error);
  g_assert_cmpfloat (error, <=, precisions[c->precision].tolerance);
  if (plan)
    backend->close (plan);
  random_model_clear (&network);
  return plan != NULL;
}

static void
test_way (gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i += 2)
    if (!check_way (data, shapes[i][0], shapes[i][1]))
      return;
}

/* Row 0 is all zeros, row 1 denormal, row 2 beyond fp16, row 3 has a NaN and
 * row 4 an infinity; the others are as they were. */
static void
spoil (AlexnetNetwork *network)
{
  float *values = (float *) network->layers[network->n_layers - 1].weight.data;
  guint n = network->input.channels;

  for (guint i = 0; i < n; i++) {
    values[i] = 0;
    values[n + i] = 1e-42f;
    values[2 * n + i] = 1e6f;
  }
  values[3 * n + n / 2] = NAN;
  values[4 * n + n - 1] = INFINITY;
}

enum { INPUTS = 130, OUTPUTS = 20 };

static void
check_odd (const AlexnetNetwork *network, const float *bias, const float *in,
    const float *out)
{
  const AlexnetLayer *layer = &network->layers[network->n_layers - 1];
  g_autofree float *expected = definition_compute (layer, in, 1);

  g_assert_cmpfloat (out[0], ==, bias[0]);
  g_assert_cmpfloat (fabsf (out[1] - bias[1]), <=, 1e-30f);
  g_assert_cmpfloat (fabsf (out[2] / expected[2] - 1), <=, 0.1f);
  g_assert_true (isnan (out[3]));
  g_assert_false (isfinite (out[4]));
  g_assert_cmpfloat (find_error (out + 5, expected + 5, OUTPUTS - 5,
                         OUTPUTS - 5),
      <=, 1e-2);
}

/* And an image that is not finite spoils none but itself. */
static void
test_odd_way (gconstpointer data)
{
  enum { BATCH = 6 };
  AlexnetNetwork network = make_network (INPUTS, OUTPUTS, TRUE);
  const float *bias = (const float *) network.layers[1].bias.data;
  float in[BATCH * INPUTS], out[BATCH * OUTPUTS];
  AlexnetPlan *plan;

  spoil (&network);
  random_model_values (in, BATCH * INPUTS, "image", 1);
  for (guint i = 0; i < BATCH * INPUTS; i++)
    in[i] = fabsf (in[i]);
  in[3 * INPUTS + 1] = INFINITY;
  plan = open_way (&network, data);
  if (plan) {
    run (plan, &network, in, out, BATCH);
    for (guint i = 0; i < BATCH; i++)
      if (i != 3)
        check_odd (&network, bias, in + i * INPUTS, out + i * OUTPUTS);
    for (guint c = 0; c < OUTPUTS; c++)
      g_assert_false (isfinite (out[3 * OUTPUTS + c]));
    backend->close (plan);
  }
  random_model_clear (&network);
}

static void
test_odd_weights (gconstpointer data)
{
  const Case *c = data;
  AlexnetNetwork network = make_network (INPUTS, OUTPUTS, FALSE);
  const float *bias = (const float *) network.layers[0].bias.data;
  float in[INPUTS], out[OUTPUTS];
  AlexnetPlan *plan;

  spoil (&network);
  random_model_values (in, INPUTS, "image", 1);
  plan = open_plan (&network, precisions[c->precision].precision, c->isa);
  if (plan) {
    run (plan, &network, in, out, 1);
    check_odd (&network, bias, in, out);
    backend->close (plan);
  }
  random_model_clear (&network);
}

static void
add_way_cases (void)
{
  for (guint i = 0; i < ALEXNET_N_ISAS; i++)
    for (guint w = 0; w < G_N_ELEMENTS (ways); w++) {
      Case c = { i, ways[w].precision, w };
      g_autofree char *of = g_strdup_printf ("/linear/%s/%s/by-%s",
          alexnet_isa_name (i),
          alexnet_precision_name (precisions[c.precision].precision),
          ways[w].name);
      g_autofree char *shapes_path = g_strconcat (of, "/shapes", NULL);
      g_autofree char *odd_path = g_strconcat (of, "/odd-values", NULL);

      g_test_add_data_func_full (shapes_path, g_memdup2 (&c, sizeof c),
          test_way, g_free);
      g_test_add_data_func_full (odd_path, g_memdup2 (&c, sizeof c),
          test_odd_way, g_free);
    }
}

static void
add_cases (void)
{
  for (guint i = 0; i < ALEXNET_N_ISAS; i++)
    for (guint p = 0; p < G_N_ELEMENTS (precisions); p++) {
      Case c = { i, p, 0 };
      g_autofree char *of = g_strdup_printf ("/linear/%s/%s",
          alexnet_isa_name (i),
          alexnet_precision_name (precisions[p].precision));
      g_autofree char *shapes_path = g_strconcat (of, "/shapes", NULL);
      g_autofree char *odd_path = g_strconcat (of, "/odd-weights", NULL);

      g_test_add_data_func_full (shapes_path, g_memdup2 (&c, sizeof c),
          test_shapes, g_free);
      g_test_add_data_func_full (odd_path, g_memdup2 (&c, sizeof c),
          test_odd_weights, g_free);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  backend = alexnet_backend_find ("cpu", NULL);
  if (backend) {
    add_cases ();
    add_way_cases ();
  }
  return g_test_run ();
}
