/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolutions in tiles of AMX, of whole numbers and of bf16, against the
 * backend "reference". */

#include <string.h>

#include "backends.h"
#include "cpu.h"
#include "onednn/amx/layout.h"
#include "onednn/dnnl/isa.h"
#include "support/cache-directory.h"
#include "support/layers.h"
#include "support/random-model.h"

#define N_IMAGES 3 /* that differ; batches repeat them */
#define WAY "implicit-gemm"

/* Of the norm of the result: pixels and weights are rounded to a 255th and a
 * 127th of the largest, or to 8 bits each. 0.6 % and 0.3 % were seen. */
#define TOLERANCE 1e-2

static guint n_threads = 1;
static AlexnetPrecision precision;
static guint n_checked;

static gboolean
has_amx (void)
{
  if (alexnet_backend_find ("cpu", NULL) && alexnet_onednn_has_amx () &&
      alexnet_cpu_has_amx ())
    return TRUE;
  g_test_skip ("this CPU has no AMX");
  return FALSE;
}

/* The convolution that `network` begins with, where its channels fill tiles. */
static void
check (AlexnetNetwork *network, const float *inputs, const float *expected,
    guint max_batch, const char *what)
{
  AlexnetLayer *layer = &network->layers[0];
  AlexnetPlan *plan;

  layers_calibrate (layer, inputs, N_IMAGES);
  plan = layers_open (alexnet_backend_find ("cpu", NULL), network, precision,
      n_threads, max_batch);
  if (strstr (plan->choices, WAY)) {
    double error = layers_compare_batches (plan, network, inputs, expected,
        N_IMAGES, max_batch, layers_norm_error);

    g_test_message ("%s: error %.2g", what, error);
    g_assert_cmpfloat (error, <, TOLERANCE);
    n_checked++;
  }
  plan->backend->close (plan);
  g_free ((gpointer) layer->int8.scales);
}

/* All five of a network of full width. */
static void
test_layers (gconstpointer data)
{
  if (!has_amx ())
    return;
  precision = GPOINTER_TO_INT (data);
  n_threads = 2;
  n_checked = 0;
  layers_check_convolutions ("torchvision", 1, N_IMAGES, 5, check);
  layers_check_convolutions ("caffe", 1, N_IMAGES, 3, check);
  g_assert_cmpuint (n_checked, ==, 10);
  layers_check_convolutions ("torchvision", 2, N_IMAGES, LAYERS_MAX_BATCH,
      check);
  n_threads = 1;
}

#define PADDED(p, e) .padding = p, .end_padding = e

/* Images smaller than a tile, margins that differ, filters that fill no panel,
 * groups; more threads than images. */
static void
test_sizes (gconstpointer data)
{
  static const AlexnetLayer layers[] = {
    { .channels = 16, .kernel = 3, PADDED (1, 1), .groups = 1 },
    { .channels = 31, .kernel = 3, PADDED (0, 0), .groups = 1 },
    { .channels = 99, .kernel = 3, PADDED (3, 3), .groups = 3 },
    { .channels = 33, .kernel = 3, PADDED (0, 2), .groups = 1 },
    { .channels = 65, .kernel = 5, PADDED (2, 2), .groups = 1 },
    { .channels = 34, .kernel = 5, PADDED (1, 0), .groups = 2 },
    { .channels = 1, .kernel = 1, PADDED (0, 0), .groups = 1 },
  };

  if (!has_amx ())
    return;
  precision = GPOINTER_TO_INT (data);
  n_checked = 0;
  for (guint i = 0; i < 13 * G_N_ELEMENTS (layers); i++) {
    AlexnetLayer layer = layers[i / 13];

    layer.stride = 1;
    layer.in = (AlexnetShape){ layer.groups * (i % 2 ? 32 : 44), 5 + i % 13,
      17 - i % 13 };
    n_threads = 1 + i % 5;
    layers_check_convolution (&layer, N_IMAGES, check);
  }
  g_assert_cmpuint (n_checked, ==, 13 * G_N_ELEMENTS (layers));
  n_threads = 1;
}

/* A run of bytes is divided into as few equal parts as fit. */
static void
test_chunks (void)
{
  static const struct {
    guint channels, kernel, groups;
    gsize value_size;
    guint chunk;
  } cases[] = { { 48, 3, 1, 1, 48 }, { 64, 5, 1, 1, 64 }, { 3, 3, 1, 1, 0 },
    { 96, 5, 2, 1, 48 }, { 44, 3, 1, 1, 44 }, { 48, 3, 1, 2, 48 },
    { 3, 2, 1, 2, 12 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    AlexnetLayer layer = { .kind = ALEXNET_LAYER_CONV,
      .channels = 2 * cases[i].groups,
      .kernel = cases[i].kernel,
      .stride = 1,
      .groups = cases[i].groups,
      .in = { cases[i].channels, 9, 9 },
      .out = { 2 * cases[i].groups, 9, 9 } };
    AmxLayout layout = alexnet_amx_layout (&layer, cases[i].value_size);

    g_assert_cmpuint (layout.chunk, ==, cases[i].chunk);
  }
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    AlexnetPrecision precision;
  } types[] = { { "int8", ALEXNET_PRECISION_INT8 },
    { "bf16", ALEXNET_PRECISION_BF16 } };

  cache_directory_init (&argc, &argv);
  g_setenv ("ALEXNET_CPU_CONV", WAY, TRUE);
  g_test_add_func ("/amx/chunks", test_chunks);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autofree char *layers = g_strdup_printf ("/amx/layers/%s", types[i].name);
    g_autofree char *sizes = g_strdup_printf ("/amx/sizes/%s", types[i].name);

    g_test_add_data_func (layers, GINT_TO_POINTER (types[i].precision),
        test_layers);
    g_test_add_data_func (sizes, GINT_TO_POINTER (types[i].precision),
        test_sizes);
  }
  return cache_directory_run ();
}
