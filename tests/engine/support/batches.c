/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "batches.h"

#include <math.h>
#include <string.h>

#include "random-model.h"

float *
batches_random_inputs (const AlexnetShape *shape, guint n)
{
  gsize size = alexnet_shape_size (shape);
  float *inputs = g_new (float, size *n);

  for (guint i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf ("image-%u", i);

    random_model_values (inputs + i * size, size, name, 1);
  }
  return inputs;
}

static AlexnetPlan *
try_open (const AlexnetBackend *backend, AlexnetPrecision precision,
    const AlexnetNetwork *network, guint max_batch, guint n_slots,
    gboolean embedding, GError **error)
{
  AlexnetPlanParams params = { .precision = precision,
    .cpu_threads = 2,
    .max_batch_size = max_batch,
    .n_slots = n_slots,
    .embedding = embedding };
  AlexnetPlan *plan = backend->open (network, &params, error);

  if (plan)
    g_assert_cmpint (plan->precision, ==, precision);
  return plan;
}

AlexnetPlan *
batches_open (const AlexnetBackend *backend, AlexnetPrecision precision,
    const AlexnetNetwork *network, guint max_batch, guint n_slots,
    gboolean embedding)
{
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan = try_open (backend, precision, network, max_batch, n_slots,
      embedding, &error);

  g_assert_no_error (error);
  return plan;
}

/* Fills slots 0 to n - 1 with inputs [n, size]. */
static void
stage (AlexnetPlan *plan, const float *inputs, gsize size, guint n)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++) {
    plan->backend->stage_tensor (plan, i, inputs + i * size, &error);
    g_assert_no_error (error);
  }
}

void
batches_infer (AlexnetPlan *plan, guint first, guint n, float *outputs,
    gsize size)
{
  float *pointers[BATCHES_MAX];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    pointers[i] = outputs + i * size;
  plan->backend->infer (plan, first, n, pointers, &error);
  g_assert_no_error (error);
}

double
batches_largest (const float *values, gsize n)
{
  double largest = 0;

  for (gsize i = 0; i < n; i++)
    largest = fmax (largest, fabs ((double) values[i]));
  return largest;
}

static double
largest_difference (const float *found, const float *expected, gsize n)
{
  double largest = 0;

  for (gsize i = 0; i < n; i++) {
    if (!isfinite (found[i]))
      return INFINITY;
    largest = fmax (largest, fabs ((double) found[i] - expected[i]));
  }
  return largest;
}

/* What of images is compared: outputs or embeddings. */
typedef struct {
  const float *expected; /* [n, size]; NULL: nothing is */
  gsize size;
  float *found; /* [BATCHES_MAX, size] */
  double difference;
} Compared;

static void
compare (Compared *self, guint first, guint n)
{
  for (guint i = 0; i < n; i++)
    self->difference = fmax (self->difference,
        largest_difference (self->found + i * self->size,
            self->expected + (first + i) * self->size, self->size));
}

static double
get_error (const Compared *self, guint n)
{
  double largest = batches_largest (self->expected, n * self->size);

  return largest > 0 ? self->difference / largest : self->difference;
}

static void
get_embeddings (AlexnetPlan *plan, guint n, float *embeddings, gsize size)
{
  float *pointers[BATCHES_MAX];

  for (guint i = 0; i < n; i++)
    pointers[i] = embeddings + i * size;
  plan->backend->get_embeddings (plan, n, pointers);
}

/* Of a plan for batches of up to `max_batch`, which it closes. */
static double
measure_error (AlexnetPlan *plan, const AlexnetNetwork *network,
    const BatchesImages *images, guint max_batch)
{
  guint n = images->n;
  const float *embeddings = images->embeddings;
  Compared out = { images->expected,
    alexnet_shape_size (alexnet_network_output (network)) };
  Compared in = { embeddings,
    embeddings ? alexnet_shape_size (&alexnet_network_last_linear (network)->in)
               : 0 };
  g_autofree float *outputs = out.found = g_malloc_n (max_batch,
      out.size * sizeof (float));
  g_autofree float *kept = in.found = g_malloc_n (max_batch,
      in.size * sizeof (float));

  stage (plan, images->inputs, alexnet_shape_size (&network->input), n);
  for (guint batch = 1; batch <= max_batch; batch++) {
    guint first = n - batch;

    if (batch > 5 && batch < max_batch)
      continue;
    memset (outputs, 0xff, max_batch * out.size * sizeof (float));
    batches_infer (plan, first, batch, outputs, out.size);
    compare (&out, first, batch);
    if (!embeddings)
      continue;
    memset (kept, 0xff, max_batch * in.size * sizeof (float));
    get_embeddings (plan, batch, kept, in.size);
    compare (&in, first, batch);
  }
  plan->backend->close (plan);
  return fmax (get_error (&out, n), get_error (&in, n));
}

double
batches_error (const AlexnetBackend *backend, AlexnetPrecision precision,
    const AlexnetNetwork *network, const BatchesImages *images)
{
  guint max_batch = MIN (images->n, BATCHES_MAX);
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan = try_open (backend, precision, network, max_batch,
      images->n, images->embeddings != NULL, &error);

  if (plan)
    return measure_error (plan, network, images, max_batch);
  g_test_message ("%s", error->message);
  return INFINITY;
}
