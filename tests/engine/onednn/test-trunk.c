/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Layers of a trunk together: by the fastest of each or all by the library, for
 * how many images at once, and who decides. */

#include <math.h>
#include <string.h>

#include "backends.h"
#include "support/cache-directory.h"
#include "support/cases.h"
#include "support/layers.h"
#include "onednn/dnnl/isa.h"
#include "onednn/int8-winograd/int8-winograd.h"
#include "support/random-model.h"
#include "support/says.h"

#define N_IMAGES 3 /* that differ; batches repeat them */

static const guint parts[] = { 1, 2, 4, 8, 16, 32 };

typedef struct {
  const char *name;
  AlexnetPrecision precision;
  const char *ours; /* in $ALEXNET_CPU_CONV: no way of the library's */
  double tolerance;
} Case;

static const Case cases[] = {
  { "fp32", ALEXNET_PRECISION_FP32, "F(4x4,3x3)", 1e-4 },
  { "bf16", ALEXNET_PRECISION_BF16, "F(4x4,3x3) implicit-gemm", 2e-2 },
  { "int8", ALEXNET_PRECISION_INT8, "F(2x2,3x3)", 6e-2 },
};

static const AlexnetBackend *backend;

typedef struct {
  AlexnetNetwork network;
  float *inputs, *expected; /* of N_IMAGES */
} Subject;

/* Made up, and what "reference" makes of it; calibrated on the way. */
static void
subject_init (Subject *self)
{
  static const AlexnetLayer conv = { .kind = ALEXNET_LAYER_CONV,
    .channels = 32,
    .kernel = 3,
    .stride = 1,
    .padding = 1,
    .end_padding = 1,
    .groups = 1 };
  AlexnetNetwork *network = &self->network;

  *network = (AlexnetNetwork){ .architecture = "torchvision",
    .input = { 16, 20, 20 },
    .n_layers = 4,
    .layers = { conv, { .kind = ALEXNET_LAYER_RELU }, conv,
        { .kind = ALEXNET_LAYER_RELU } } };
  network->layers[0].name = "first";
  network->layers[2].name = "second";
  g_assert_true (alexnet_network_infer_shapes (network, NULL));
  random_model_fill (network);
  self->inputs = layers_random_inputs (&network->input, N_IMAGES);
  self->expected = g_memdup2 (self->inputs,
      N_IMAGES * alexnet_shape_size (&network->input) * sizeof (float));
  for (guint i = 0; i < network->n_layers; i += 2) {
    AlexnetNetwork single = layers_make_single (&network->layers[i]);
    float *next = layers_run_reference (&single, self->expected, N_IMAGES);

    layers_calibrate (&network->layers[i], self->expected, N_IMAGES);
    g_free (self->expected);
    self->expected = next;
  }
}

static void
subject_clear (Subject *self)
{
  for (guint i = 0; i < self->network.n_layers; i++)
    g_free ((gpointer) self->network.layers[i].int8.scales);
  random_model_clear (&self->network);
  g_free (self->inputs);
  g_free (self->expected);
}

/* NULL, and the test is skipped, where this machine lacks the precision. */
static AlexnetPlan *
open_plan (const Subject *subject, AlexnetPrecision precision)
{
  AlexnetPlan *plan = layers_open_or_skip (backend, &subject->network,
      precision, 1, LAYERS_MAX_BATCH);

  if (plan)
    g_test_message ("%s", plan->choices);
  return plan;
}

/* How many trunks were chosen so; `text` follows the number of images. */
static guint
count_trunks (const AlexnetPlan *plan, const char *text)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *row = g_strdup_printf ("%-12s %5u  %s", "trunk", parts[i],
        text);

    n += strstr (plan->choices, row) != NULL;
  }
  return n;
}

/* ---- the variable decides ------------------------------------------------ */

/* LAYERS_MAX_BATCH images, with convolutions by `conv` and the trunk by
 * `trunk`; NULL when the test is skipped. */
static float *
run (const Subject *subject, AlexnetPrecision precision, const char *conv,
    const char *trunk)
{
  g_autofree char *row = g_strdup_printf ("%-13s by $ALEXNET_CPU_TRUNK", trunk);
  AlexnetPlan *plan;
  float *outputs;

  g_setenv ("ALEXNET_CPU_CONV", conv, TRUE);
  g_setenv ("ALEXNET_CPU_TRUNK", trunk, TRUE);
  plan = open_plan (subject, precision);
  g_unsetenv ("ALEXNET_CPU_CONV");
  g_unsetenv ("ALEXNET_CPU_TRUNK");
  if (!plan)
    return NULL;
  g_assert_cmpuint (count_trunks (plan, row), ==, G_N_ELEMENTS (parts));
  outputs = layers_run (plan, &subject->network, subject->inputs, N_IMAGES,
      LAYERS_MAX_BATCH);
  backend->close (plan);
  return outputs;
}

static double
get_error (const Subject *subject, const float *outputs)
{
  gsize size = alexnet_shape_size (alexnet_network_output (&subject->network));
  double largest = 0, difference = 0;

  for (gsize i = 0; i < LAYERS_MAX_BATCH * size; i++) {
    double expected = (double) subject->expected[i % (N_IMAGES * size)];

    g_assert_true (isfinite (outputs[i]));
    largest = fmax (largest, fabs (expected));
    difference = fmax (difference, fabs ((double) outputs[i] - expected));
  }
  return difference / largest;
}

/* What the library computes is the same whatever was chosen for each layer, and
 * is not what was, unless both add up the same tiles. */
static void
compare_all (const Subject *subject, const Case *c)
{
  AlexnetPrecision precision = c->precision;
  gboolean tiles = precision == ALEXNET_PRECISION_BF16 &&
      alexnet_onednn_has_amx ();
  gsize size = alexnet_shape_size (alexnet_network_output (&subject->network));
  g_autofree float *layers = run (subject, precision, c->ours, "layers");
  g_autofree float *library = run (subject, precision, c->ours, "library");
  g_autofree float *direct = run (subject, precision, "direct", "library");

  if (!layers)
    return;
  g_test_message ("errors %.2g, %.2g", get_error (subject, layers),
      get_error (subject, library));
  g_assert_cmpfloat (get_error (subject, layers), <=, c->tolerance);
  g_assert_cmpfloat (get_error (subject, library), <=, c->tolerance);
  size *= LAYERS_MAX_BATCH * sizeof (float);
  g_assert_cmpmem (library, size, direct, size);
  g_assert_true (tiles || memcmp (library, layers, size) != 0);
}

static void
test_forced (gconstpointer data)
{
  const Case *c = data;
  Subject subject;

  if (c->precision == ALEXNET_PRECISION_INT8 &&
      !alexnet_int8_winograd_is_exact (alexnet_cpu_isa ())) {
    g_test_skip ("this CPU has but one way to convolve in int8");
    return;
  }
  subject_init (&subject);
  compare_all (&subject, c);
  subject_clear (&subject);
}

/* ---- the clock decides --------------------------------------------------- */

/* Says in the cache what a trunk for `batch` images takes. */
static void
set_times (guint batch, double layers, double library)
{
  g_autofree char *pattern = g_strdup_printf ("\"trunk [^\"]*batch %u: [^\"]*"
                                              "\" *: *\\K\"[^\"]*\"",
      batch);
  g_autofree char *value =
      g_strdup_printf ("\"layers[a]=%.1f library[a]=%.1f\"", layers, library);

  cache_directory_replace (pattern, value);
}

static AlexnetPlan *
open_timed (const Subject *subject)
{
  AlexnetPlan *plan;

  g_setenv ("ALEXNET_CPU_CONV", cases[0].ours, TRUE);
  g_setenv ("ALEXNET_CPU_TRUNK", "", TRUE);
  g_setenv ("ALEXNET_CPU_PROFILE", "1", TRUE);
  plan = open_plan (subject, ALEXNET_PRECISION_FP32);
  g_unsetenv ("ALEXNET_CPU_CONV");
  g_unsetenv ("ALEXNET_CPU_TRUNK");
  g_unsetenv ("ALEXNET_CPU_PROFILE");
  return plan;
}

static GString *printed;

static void
keep (const char *text)
{
  g_string_append (printed, text);
}

/* Closes the plan; g_free() what it says of two batches of 32 images. */
static char *
profile (AlexnetPlan *plan, const Subject *subject)
{
  GPrintFunc before = g_set_printerr_handler (keep);

  printed = g_string_new (NULL);
  for (guint i = 0; i < 2; i++)
    g_free (layers_run (plan, &subject->network, subject->inputs, N_IMAGES,
        32));
  backend->close (plan);
  g_set_printerr_handler (before);
  return g_string_free (printed, FALSE);
}

/* `part` images run at once when trunks for 16 and 32 take as long as that, and
 * smaller ones a millisecond for each image. */
static void
check_part (const Subject *subject, double of_16, double of_32, guint part)
{
  g_autofree char *step = g_strdup_printf ("second         batch %3u", part);
  g_autofree char *profiled = NULL;
  AlexnetPlan *plan;

  for (guint i = 0; i < 4; i++)
    set_times (parts[i], 9 * parts[i], parts[i]);
  set_times (16, 99, of_16);
  set_times (32, 99, of_32);
  plan = open_timed (subject);
  g_assert_cmpuint (count_trunks (plan, "library       layers["), ==,
      G_N_ELEMENTS (parts));
  profiled = profile (plan, subject);
  assert_says (profiled, step);
}

/* Puts the times of all trunks into the cache; what the machine was too busy
 * for is timed when the next plan is made. */
static gboolean
time_all (const Subject *subject)
{
  gboolean done = FALSE;

  for (guint i = 0; i < 20 && !done; i++) {
    AlexnetPlan *plan = open_timed (subject);

    done = strstr (plan->choices, "not timed") == NULL;
    backend->close (plan);
  }
  return done;
}

/* The faster of both ways is taken, and as many images at once as are faster
 * than fewer. */
static void
test_timed (void)
{
  Subject subject;

  subject_init (&subject);
  if (time_all (&subject)) {
    check_part (&subject, 17, 33, 8);
    check_part (&subject, 15, 31, 16);
    check_part (&subject, 15, 28, 32);
    check_part (&subject, 17, 28, 32);
  } else {
    g_test_skip ("this machine is too busy to time anything");
  }
  subject_clear (&subject);
}

/* What computes in float has no tiles: no trunk is timed. */
static void
test_unasked (void)
{
  g_autofree char *profiled = NULL;
  Subject subject;
  AlexnetPlan *plan;

  subject_init (&subject);
  g_setenv ("ALEXNET_CPU_PROFILE", "1", TRUE);
  plan = open_plan (&subject, ALEXNET_PRECISION_FP32);
  g_unsetenv ("ALEXNET_CPU_PROFILE");
  g_assert_null (strstr (plan->choices, "trunk"));
  profiled = profile (plan, &subject);
  assert_says (profiled, "second         batch   8");
  g_assert_null (strstr (profiled, "second         batch  16"));
  g_assert_null (strstr (profiled, "second         batch  32"));
  subject_clear (&subject);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  backend = alexnet_backend_find ("cpu", NULL);
  ADD_NAMED_CASES ("/trunk/forced", cases, test_forced);
  g_test_add_func ("/trunk/timed", test_timed);
  g_test_add_func ("/trunk/unasked", test_unasked);
  return cache_directory_run ();
}
