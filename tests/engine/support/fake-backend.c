/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake-backend.h"

#include <pthread.h>

#include "backends.h"

#define MAX_BATCHES 100000

typedef struct {
  AlexnetPlan parent;
  guint n_classes;
  guint warm_ups; /* infer calls that belong to the warm-up */
  float *inputs;  /* [n_slots] */
} FakePlan;

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  gboolean gate;
  int fail_stage, fail_infer;
  guint n_batches, n_open, n_warm;
  guint sizes[MAX_BATCHES];
} fake = {
  .lock = PTHREAD_MUTEX_INITIALIZER,
  .changed = PTHREAD_COND_INITIALIZER,
  .gate = TRUE,
  .fail_stage = -1,
  .fail_infer = -1,
};

static AlexnetPlan *fake_open (const AlexnetNetwork *network,
    const AlexnetPlanParams *params, GError **error);
static AlexnetPlan *quick_open (const AlexnetNetwork *network,
    const AlexnetPlanParams *params, GError **error);
static void fake_close (AlexnetPlan *plan);
static gboolean fake_stage (AlexnetPlan *plan, guint slot,
    const AlexnetImage *image, AlexnetTransform *transform, GError **error);
static gboolean fake_stage_tensor (AlexnetPlan *plan, guint slot,
    const float *tensor, GError **error);
static gboolean fake_infer (AlexnetPlan *plan, guint first, guint n,
    float *const *outputs, GError **error);
static guint64 fake_get_device_memory (AlexnetPlan *plan);

static AlexnetPlan *
absent_open (const AlexnetNetwork *network, const AlexnetPlanParams *params,
    GError **error)
{
  g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "this machine has no such device");
  return NULL;
}

static const AlexnetBackend absent_backend = {
  .name = "absent",
  .open = absent_open,
};

#define FAKE_VERBS                                                             \
  .memories = 1u << ALEXNET_MEMORY_HOST, .close = fake_close,                  \
  .stage = fake_stage, .stage_tensor = fake_stage_tensor, .infer = fake_infer, \
  .get_device_memory = fake_get_device_memory

static const AlexnetBackend fake_backend = {
  .name = "fake",
  .open = fake_open,
  FAKE_VERBS,
};

static const AlexnetBackend quick_backend = {
  .name = "quick",
  .warm_after_one = TRUE,
  .open = quick_open,
  FAKE_VERBS,
};

static const AlexnetBackend unbuilt_backend = { .name = "unbuilt" };

const AlexnetBackend *const alexnet_backends[] = {
  &absent_backend,
  &unbuilt_backend,
  &fake_backend,
  &quick_backend,
  NULL,
};

const char *const *
alexnet_backend_names (void)
{
  static const char *const names[] = { "absent", "fake", "quick", NULL };

  return names;
}

const AlexnetBackend *
alexnet_backend_find (const char *name, GError **error)
{
  for (guint i = 0; alexnet_backends[i]; i++)
    if (g_str_equal (alexnet_backends[i]->name, name))
      return alexnet_backends[i];
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "no backend '%s'", name);
  return NULL;
}

/* As real backends do, though nothing comes of them. */
static void
read_weights (const AlexnetNetwork *network)
{
  for (guint i = 0; i < network->n_layers; i++) {
    const AlexnetTensor *tensors[] = { &network->layers[i].weight,
      &network->layers[i].bias };

    for (guint k = 0; k < G_N_ELEMENTS (tensors); k++) {
      g_autofree float *values = g_new (float,
          alexnet_tensor_n_values (tensors[k]));
      g_autoptr (GError) error = NULL;

      if (alexnet_tensor_is_bound (tensors[k]))
        alexnet_tensor_to_float (values, tensors[k], &error);
      g_assert_no_error (error);
    }
  }
}

static AlexnetPlan *
open_plan (const AlexnetBackend *backend, const AlexnetNetwork *network,
    const AlexnetPlanParams *params)
{
  FakePlan *plan = g_new0 (FakePlan, 1);

  read_weights (network);
  plan->parent.backend = backend;
  plan->parent.precision = ALEXNET_PRECISION_FP32;
  plan->n_classes = alexnet_network_output (network)->channels;
  plan->warm_ups = params->max_batch_size > 1 && !backend->warm_after_one ? 2
                                                                          : 1;
  plan->inputs = g_new0 (float, params->n_slots);

  pthread_mutex_lock (&fake.lock);
  fake.n_open++;
  fake.n_warm = 0;
  pthread_mutex_unlock (&fake.lock);
  return &plan->parent;
}

static AlexnetPlan *
fake_open (const AlexnetNetwork *network, const AlexnetPlanParams *params,
    GError **error)
{
  return open_plan (&fake_backend, network, params);
}

static AlexnetPlan *
quick_open (const AlexnetNetwork *network, const AlexnetPlanParams *params,
    GError **error)
{
  return open_plan (&quick_backend, network, params);
}

static void
fake_close (AlexnetPlan *plan)
{
  pthread_mutex_lock (&fake.lock);
  fake.n_open--;
  pthread_mutex_unlock (&fake.lock);
  g_free (((FakePlan *) plan)->inputs);
  g_free (plan);
}

static gboolean
stage_value (AlexnetPlan *plan, guint slot, float value, GError **error)
{
  int code;

  pthread_mutex_lock (&fake.lock);
  code = fake.fail_stage;
  pthread_mutex_unlock (&fake.lock);
  if (code < 0)
    ((FakePlan *) plan)->inputs[slot] = value;
  else
    g_set_error_literal (error, ALEXNET_ERROR, code, "the upload failed");
  return code < 0;
}

static gboolean
fake_stage (AlexnetPlan *plan, guint slot, const AlexnetImage *image,
    AlexnetTransform *transform, GError **error)
{
  return stage_value (plan, slot, *(const guint8 *) image->planes[0], error);
}

static gboolean
fake_stage_tensor (AlexnetPlan *plan, guint slot, const float *tensor,
    GError **error)
{
  return stage_value (plan, slot, tensor[0], error);
}

static void
record_warm_up (guint n)
{
  pthread_mutex_lock (&fake.lock);
  fake.n_warm += n;
  pthread_mutex_unlock (&fake.lock);
}

/* Records the batch, waits for the gate; FALSE when the batch shall fail. */
static gboolean
enter_batch (guint n)
{
  gboolean ok;

  pthread_mutex_lock (&fake.lock);
  g_assert_cmpuint (fake.n_batches, <, MAX_BATCHES);
  fake.sizes[fake.n_batches++] = n;
  pthread_cond_broadcast (&fake.changed);
  while (!fake.gate)
    pthread_cond_wait (&fake.changed, &fake.lock);
  ok = fake.fail_infer != 0;
  if (fake.fail_infer >= 0)
    fake.fail_infer--;
  pthread_mutex_unlock (&fake.lock);
  return ok;
}

static guint64
fake_get_device_memory (AlexnetPlan *plan)
{
  return FAKE_BACKEND_MEMORY;
}

static gboolean
fake_infer (AlexnetPlan *base, guint first, guint n, float *const *outputs,
    GError **error)
{
  FakePlan *plan = (FakePlan *) base;

  if (plan->warm_ups > 0) {
    plan->warm_ups--;
    record_warm_up (n);
    return TRUE;
  }
  if (!enter_batch (n)) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE,
        "the device fell off the bus");
    return FALSE;
  }
  for (guint i = 0; i < n; i++) {
    for (guint c = 1; c < plan->n_classes; c++)
      outputs[i][c] = 0;
    outputs[i][0] = plan->inputs[first + i];
  }
  return TRUE;
}

void
fake_backend_reset (void)
{
  pthread_mutex_lock (&fake.lock);
  g_assert_cmpuint (fake.n_open, ==, 0);
  fake.gate = TRUE;
  fake.fail_stage = -1;
  fake.fail_infer = -1;
  fake.n_batches = 0;
  pthread_mutex_unlock (&fake.lock);
}

void
fake_backend_set_gate (gboolean open)
{
  pthread_mutex_lock (&fake.lock);
  fake.gate = open;
  pthread_cond_broadcast (&fake.changed);
  pthread_mutex_unlock (&fake.lock);
}

void
fake_backend_wait_begun (guint n)
{
  pthread_mutex_lock (&fake.lock);
  while (fake.n_batches < n)
    pthread_cond_wait (&fake.changed, &fake.lock);
  pthread_mutex_unlock (&fake.lock);
}

void
fake_backend_fail_infer (int n)
{
  pthread_mutex_lock (&fake.lock);
  fake.fail_infer = n;
  pthread_mutex_unlock (&fake.lock);
}

void
fake_backend_fail_stage (int code)
{
  pthread_mutex_lock (&fake.lock);
  fake.fail_stage = code;
  pthread_mutex_unlock (&fake.lock);
}

guint
fake_backend_n_batches (void)
{
  guint n;

  pthread_mutex_lock (&fake.lock);
  n = fake.n_batches;
  pthread_mutex_unlock (&fake.lock);
  return n;
}

guint
fake_backend_batch_size (guint i)
{
  guint size;

  pthread_mutex_lock (&fake.lock);
  g_assert_cmpuint (i, <, fake.n_batches);
  size = fake.sizes[i];
  pthread_mutex_unlock (&fake.lock);
  return size;
}

guint
fake_backend_n_warm (void)
{
  guint n;

  pthread_mutex_lock (&fake.lock);
  n = fake.n_warm;
  pthread_mutex_unlock (&fake.lock);
  return n;
}

guint
fake_backend_n_open (void)
{
  guint n;

  pthread_mutex_lock (&fake.lock);
  n = fake.n_open;
  pthread_mutex_unlock (&fake.lock);
  return n;
}
