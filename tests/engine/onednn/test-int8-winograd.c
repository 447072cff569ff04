/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Winograd's convolution of whole numbers: its matrices against the identity
 * that makes them right, the transforms of every instruction set against their
 * definition, and every way to compute each convolution of both networks in
 * int8 against the backend "reference". */

#include <math.h>
#include <string.h>

#include "backends.h"
#include "support/cache-directory.h"
#include "cpu.h"
#include "support/layers.h"
#include "onednn/int8-winograd/int8-winograd.h"
#include "onednn/int8-winograd/kernels.h"
#include "onednn/int8-winograd/tables.h"
#include "onednn/simd/simd.h"
#include "support/random-model.h"

#define MAX_CHANNELS 70
#define MAX_PIXELS (INT8_WINOGRAD_MAX_TILE * INT8_WINOGRAD_MAX_TILE)
#define MAX_NUMBERS (INT8_WINOGRAD_MAX_ROWS * INT8_WINOGRAD_MAX_ROWS)
#define POINTS INT8_WINOGRAD_POINTS
#define PLANES INT8_WINOGRAD_PLANES
#define OUTPUT INT8_WINOGRAD_OUTPUT
#define N_OUTPUTS (OUTPUT * OUTPUT)
#define UNTOUCHED 77

/* Of the norm of the result. Pixels are rounded to a 255th of the largest one
 * and weights to a 127th: 0.6 % was seen. Transformed pixels are rounded again,
 * to steps four times as large: 1.9 % was seen. */
#define DIRECT_TOLERANCE 1e-2
#define WINOGRAD_TOLERANCE 3e-2

typedef struct {
  guint kernel, tile, rows;
  const gint16 *input;
  const float *weight;
} Form;

static const Form forms[INT8_WINOGRAD_N_FORMS] = {
  [INT8_WINOGRAD_3] = { 3, 4, 4, int8_input_3[0], int8_weight_3[0] },
  [INT8_WINOGRAD_5] = { 5, 6, 7, int8_input_5[0], int8_weight_5[0] },
};

/* output * (weight x) . (input y) is the filter: sums over k of
 * output[i][k] weight[k][j] input[k][l] are 1 where l = i + j, else 0. */
static void
test_forms (void)
{
  for (guint f = 0; f < INT8_WINOGRAD_N_FORMS; f++) {
    const Form *form = &forms[f];
    guint r = form->kernel, n = form->tile;

    for (guint i = 0; i < OUTPUT * r * n; i++) {
      guint row = i / (r * n), tap = i / n % r, pixel = i % n;
      float sum = 0;

      for (guint k = 0; k < form->rows; k++)
        sum += int8_output[row][int8_points[k]] * form->weight[k * r + tap] *
            form->input[k * n + pixel];
      g_assert_cmpfloat (sum, ==, pixel == row + tap);
    }
  }
}

/* ---- transforms ---------------------------------------------------------- */

typedef struct {
  AlexnetIsa isa;
  gboolean is_signed;
  guint channels;
  guint8 in[MAX_PIXELS][MAX_CHANNELS], out[MAX_NUMBERS][MAX_CHANNELS + 1];
} Pixels;

/* Half of them as large as they can be. */
static void
fill_pixels (Pixels *p, GRand *rand)
{
  memset (p->out, UNTOUCHED, sizeof p->out);
  for (guint i = 0; i < MAX_PIXELS; i++)
    for (guint c = 0; c < MAX_CHANNELS; c++) {
      gboolean extreme = g_rand_boolean (rand), high = g_rand_boolean (rand);

      if (p->is_signed)
        p->in[i][c] = (guint8) (gint8) (extreme
                ? (high ? 127 : -127)
                : g_rand_int_range (rand, -127, 128));
      else
        p->in[i][c] = (guint8) (extreme ? (high ? 255 : 0)
                                        : g_rand_int_range (rand, 0, 256));
    }
}

static gint
transform (const Pixels *p, const Form *form, guint number, guint c)
{
  const gint16 *a = form->input + number / form->rows * form->tile;
  const gint16 *b = form->input + number % form->rows * form->tile;
  gint sum = 0;

  for (guint i = 0; i < form->tile; i++)
    for (guint j = 0; j < form->tile; j++) {
      guint8 pixel = p->in[i * form->tile + j][c];

      sum += a[i] * b[j] * (p->is_signed ? (gint8) pixel : pixel);
    }
  return sum;
}

/* The nearest quarter; of two, the odd one. */
static void
check_quarter (gint found, gint number)
{
  gint rest = ABS (number - INT8_WINOGRAD_STEP * found);

  g_assert_cmpint (rest, <=, 2);
  g_assert_true (rest < 2 || found % 2 != 0);
}

static void
check_pixels (Pixels *p, Int8WinogradForm f, GRand *rand)
{
  static const Int8WinogradInput
      *const inputs[ALEXNET_N_ISAS] = SIMD_BY_ISA (alexnet_int8_winograd_input);
  const Form *form = &forms[f];
  const void *pixels[MAX_PIXELS];
  guint8 *out[MAX_NUMBERS];

  fill_pixels (p, rand);
  for (guint i = 0; i < MAX_PIXELS; i++)
    pixels[i] = p->in[i];
  for (guint k = 0; k < MAX_NUMBERS; k++)
    out[k] = p->out[k];
  (*inputs[p->isa]) (f, out, pixels, p->is_signed, p->channels);
  for (guint k = 0; k < form->rows * form->rows; k++) {
    gboolean sum = int8_points[k / form->rows] == INT8_POINT_OF_SUMS &&
        int8_points[k % form->rows] == INT8_POINT_OF_SUMS;
    gint offset = sum && !p->is_signed ? 0 : INT8_WINOGRAD_OFFSET;

    for (guint c = 0; c < p->channels; c++)
      check_quarter (p->out[k][c] - offset, transform (p, form, k, c));
    g_assert_cmpuint (p->out[k][p->channels], ==, UNTOUCHED);
  }
}

static void
test_input (gconstpointer isa)
{
  static const guint channels[] = { 32, 33, 48, 64, MAX_CHANNELS };
  g_autofree Pixels *p = g_new0 (Pixels, 1);
  GRand *rand = g_rand_new_with_seed (1);

  p->isa = (AlexnetIsa) GPOINTER_TO_INT (isa);
  for (guint i = 0; i < 4 * G_N_ELEMENTS (channels); i++) {
    p->channels = channels[i / 4];
    p->is_signed = i % 2;
    check_pixels (p, i / 2 % 2 ? INT8_WINOGRAD_5 : INT8_WINOGRAD_3, rand);
  }
  g_rand_free (rand);
}

typedef struct {
  AlexnetIsa isa;
  gboolean bytes;
  guint channels;
  float least;
  gint32 in[PLANES][MAX_CHANNELS];
  float scales[PLANES][MAX_CHANNELS], bias[N_OUTPUTS][MAX_CHANNELS];
  float floats[N_OUTPUTS][MAX_CHANNELS + 1];
  guint8 numbers[N_OUTPUTS][MAX_CHANNELS + 1];
} Results;

static double
expect (const Results *r, guint output, guint c)
{
  double sum = (double) r->bias[output][c];

  for (guint p = 0; p < PLANES; p++)
    sum += (double) (int8_output[output / OUTPUT][p / POINTS] *
               int8_output[output % OUTPUT][p % POINTS]) *
        r->in[p][c] * (double) r->scales[p][c];
  return fmax (sum, (double) r->least);
}

static void
check_result (const Results *r, guint output)
{
  for (guint c = 0; c < r->channels; c++) {
    double expected = expect (r, output, c);

    if (r->bytes)
      g_assert_cmpfloat (fabs (fmin (expected, 255) - r->numbers[output][c]),
          <=, 0.501);
    else
      g_assert_cmpfloat (fabs (expected - (double) r->floats[output][c]), <=,
          1e-3);
  }
  g_assert_cmpfloat (r->floats[output][r->channels], ==, UNTOUCHED);
  g_assert_cmpuint (r->numbers[output][r->channels], ==, UNTOUCHED);
}

/* The last output is dropped. */
static void
check_results (Results *r, GRand *rand)
{
  static const Int8WinogradOutput *const outputs[ALEXNET_N_ISAS] =
      SIMD_BY_ISA (alexnet_int8_winograd_output);
  const gint32 *in[PLANES];
  Int8WinogradSums sums = { in, r->scales[0], r->bias[0], MAX_CHANNELS,
    r->least, G_MAXUINT8, r->bytes };
  void *pixels[N_OUTPUTS] = { NULL };

  for (guint p = 0; p < PLANES; p++) {
    in[p] = r->in[p];
    for (guint c = 0; c < MAX_CHANNELS; c++) {
      r->in[p][c] = g_rand_int_range (rand, -100000, 100000);
      r->scales[p][c] = (float) g_rand_double_range (rand, 1e-4, 1e-3);
    }
  }
  for (guint i = 0; i < N_OUTPUTS; i++)
    for (guint c = 0; c <= MAX_CHANNELS; c++) {
      if (c < MAX_CHANNELS)
        r->bias[i][c] = (float) g_rand_double_range (rand, 0, 200);
      r->floats[i][c] = r->numbers[i][c] = UNTOUCHED;
    }
  for (guint i = 0; i < N_OUTPUTS - 1; i++)
    pixels[i] = r->bytes ? (void *) r->numbers[i] : r->floats[i];
  (*outputs[r->isa]) (pixels, &sums, r->channels);
  for (guint i = 0; i < N_OUTPUTS - 1; i++)
    check_result (r, i);
  g_assert_cmpuint (r->numbers[N_OUTPUTS - 1][0], ==, UNTOUCHED);
  g_assert_cmpfloat (r->floats[N_OUTPUTS - 1][0], ==, UNTOUCHED);
}

static void
test_output (gconstpointer isa)
{
  static const guint channels[] = { 16, 17, 33, 64, MAX_CHANNELS };
  g_autofree Results *r = g_new0 (Results, 1);
  GRand *rand = g_rand_new_with_seed (1);

  r->isa = (AlexnetIsa) GPOINTER_TO_INT (isa);
  for (guint i = 0; i < 4 * G_N_ELEMENTS (channels); i++) {
    r->channels = channels[i / 4];
    r->bytes = i % 2;
    r->least = r->bytes || i / 2 % 2 ? 0 : -G_MAXFLOAT;
    check_results (r, rand);
  }
  g_rand_free (rand);
}

/* ---- layers -------------------------------------------------------------- */

#define N_IMAGES 3 /* that differ; batches repeat them */

static guint n_threads = 1;

/* Of the norm of `expected` [N_IMAGES, size]. */
static double
get_error (const float *found, const float *expected, gsize size, guint batch)
{
  double difference = 0, whole = 0;

  for (gsize i = 0; i < batch * size; i++) {
    double value = (double) expected[i % (N_IMAGES * size)];

    g_assert_true (isfinite (found[i]));
    whole += value * value;
    difference += pow ((double) found[i] - value, 2);
  }
  return whole > 0 ? sqrt (difference / whole) : sqrt (difference);
}

static double
check_batches (const AlexnetNetwork *network, const float *inputs,
    const float *expected, guint max_batch, const char *way)
{
  static const guint batches[] = { 1, 2, 3, 7, 16, 33 };
  gsize size = alexnet_shape_size (alexnet_network_output (network));
  AlexnetPlan *plan;
  double error = 0;

  g_setenv ("ALEXNET_CPU_CONV", way, TRUE);
  plan = layers_open (alexnet_backend_find ("cpu", NULL), network,
      ALEXNET_PRECISION_INT8, n_threads, max_batch);
  g_unsetenv ("ALEXNET_CPU_CONV");
  g_assert_nonnull (strstr (plan->choices, way));
  for (guint i = 0; i < G_N_ELEMENTS (batches) && batches[i] <= max_batch;
       i++) {
    g_autofree float *outputs = layers_run (plan, network, inputs, N_IMAGES,
        batches[i]);

    error = fmax (error, get_error (outputs, expected, size, batches[i]));
  }
  plan->backend->close (plan);
  return error;
}

/* Both ways to compute the convolution that `network` begins with, which reads
 * `inputs`. */
static void
check_ways (AlexnetNetwork *network, const float *inputs, const float *expected,
    guint max_batch, const char *what)
{
  AlexnetLayer *layer = &network->layers[0];
  guint kernel = (layer->kernel + layer->stride - 1) / layer->stride;
  const char *ways[] = { "direct", kernel == 3 ? "F(2x2,3x3)" : "F(2x2,5x5)" };
  double tolerances[] = { DIRECT_TOLERANCE, WINOGRAD_TOLERANCE };

  layers_calibrate (layer, inputs, N_IMAGES);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    double error = check_batches (network, inputs, expected, max_batch,
        ways[i]);

    g_test_message ("%s, %s: error %.2g", what, ways[i], error);
    g_assert_cmpfloat (error, <, tolerances[i]);
  }
  g_free ((gpointer) layer->int8.scales);
}

/* Whether this CPU computes so; sets $ALEXNET_CPU_ISA. */
static gboolean
has_ways (gconstpointer isa)
{
  g_setenv ("ALEXNET_CPU_ISA",
      alexnet_isa_name ((AlexnetIsa) GPOINTER_TO_INT (isa)), TRUE);
  if (alexnet_backend_find ("cpu", NULL) && alexnet_int8_winograd_is_exact ())
    return TRUE;
  g_test_skip ("this CPU has no AVX512-VNNI, and computes directly");
  return FALSE;
}

/* Each layer reads what `reference` made of those before it. */
static void
check_layers (const char *architecture, guint divisor, guint max_batch)
{
  AlexnetNetwork network = layers_make_network (architecture, divisor);
  float *values = layers_random_inputs (&network.input, N_IMAGES);

  for (guint i = 0; network.layers[i].kind != ALEXNET_LAYER_LINEAR; i++) {
    const AlexnetLayer *layer = &network.layers[i];
    AlexnetNetwork single = layers_make_single (layer);
    g_autofree char *what = g_strdup_printf ("%s, 1/%u of the width, %s",
        architecture, divisor, layer->name);
    float *next;

    if (layer->kind != ALEXNET_LAYER_CONV)
      single.n_layers = 1;
    next = layers_run_reference (&single, values, N_IMAGES);
    if (layer->kind == ALEXNET_LAYER_CONV)
      check_ways (&single, values, next, max_batch, what);
    g_free (values);
    values = next;
  }
  g_free (values);
  random_model_clear (&network);
}

static void
test_layers (gconstpointer isa)
{
  gboolean best = GPOINTER_TO_INT (isa) == (int) alexnet_cpu_detect ();

  if (!has_ways (isa))
    return;
  check_layers ("torchvision", 2, 3);
  n_threads = best ? 2 : 1;
  check_layers ("torchvision", 1, best ? LAYERS_MAX_BATCH : 2);
  check_layers ("caffe", 1, best ? 7 : 2);
  n_threads = 1;
}

#define PADDED(p, e) .padding = p, .end_padding = e

/* Images that no tile divides, narrower than one, filters that no panel or
 * vector divides; groups; more threads than tiles. */
static void
test_sizes (gconstpointer isa)
{
  static const AlexnetLayer layers[] = {
    { .channels = 16, .kernel = 3, PADDED (1, 1), .groups = 1 },
    { .channels = 150, .kernel = 3, PADDED (0, 0), .groups = 1 },
    { .channels = 66, .kernel = 3, PADDED (3, 3), .groups = 3 },
    { .channels = 16, .kernel = 3, PADDED (0, 2), .groups = 1 },
    { .channels = 65, .kernel = 5, PADDED (2, 2), .groups = 1 },
    { .channels = 34, .kernel = 5, PADDED (0, 0), .groups = 2 },
    { .channels = 17, .kernel = 5, PADDED (3, 1), .groups = 1 },
  };

  if (!has_ways (isa))
    return;
  for (guint i = 0; i < 13 * G_N_ELEMENTS (layers); i++) {
    AlexnetLayer layer = layers[i / 13];
    AlexnetNetwork network;
    g_autofree float *inputs = NULL;
    g_autofree float *expected = NULL;
    g_autofree char *what = NULL;

    layer.kind = ALEXNET_LAYER_CONV;
    layer.name = "conv";
    layer.stride = 1;
    layer.in = (AlexnetShape){ layer.groups * (i % 2 ? 32 : 41), 5 + i % 13,
      17 - i % 13 };
    n_threads = 1 + i % 5;
    network = layers_make_single (&layer);
    random_model_fill (&network);
    inputs = layers_random_inputs (&network.input, N_IMAGES);
    expected = layers_run_reference (&network, inputs, N_IMAGES);
    what = g_strdup_printf ("[%u,%u,%u], %u of %ux%u, %u threads",
        layer.in.channels, layer.in.height, layer.in.width, layer.channels,
        layer.kernel, layer.kernel, n_threads);
    check_ways (&network, inputs, expected, 3, what);
    random_model_clear (&network);
  }
  n_threads = 1;
}

/* Without scales: images of zeros, and filters of zeros or of denormals. */
static void
test_zeros (gconstpointer isa)
{
  AlexnetLayer layer = { .kind = ALEXNET_LAYER_CONV,
    .name = "conv",
    .channels = 24,
    .kernel = 3,
    .stride = 1,
    .padding = 1,
    .end_padding = 1,
    .groups = 1,
    .in = { 32, 9, 9 } };
  AlexnetNetwork network = layers_make_single (&layer);
  g_autofree float *inputs = NULL;
  g_autofree float *expected = NULL;
  float *weights;

  if (!has_ways (isa))
    return;
  random_model_fill (&network);
  inputs = layers_random_inputs (&network.input, N_IMAGES);
  weights = (float *) network.layers[0].weight.data;
  for (gsize k = 0; k < 32 * 9; k++) {
    weights[k] = 0;
    weights[32 * 9 + k] = 1e-41f;
  }
  expected = layers_run_reference (&network, inputs, N_IMAGES);
  check_ways (&network, inputs, expected, 2, "filters");
  memset (inputs, 0,
      N_IMAGES * alexnet_shape_size (&layer.in) * sizeof (float));
  g_free (expected);
  expected = layers_run_reference (&network, inputs, N_IMAGES);
  check_ways (&network, inputs, expected, 2, "zeros");
  random_model_clear (&network);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/int8-winograd/forms", test_forms);
  layers_add_for_isas ("/int8-winograd", "input", test_input);
  layers_add_for_isas ("/int8-winograd", "output", test_output);
  layers_add_for_isas ("/int8-winograd", "layers", test_layers);
  layers_add_for_isas ("/int8-winograd", "sizes", test_sizes);
  layers_add_for_isas ("/int8-winograd", "zeros", test_zeros);
  return cache_directory_run ();
}
