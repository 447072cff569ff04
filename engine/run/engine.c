/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "backends.h"
#include "model/model.h"

#define DEFAULT_BATCH_SIZE 16

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *registry;

guint64
alexnet_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GUINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static void
free_tail_slot (AlexnetEngine *engine)
{
  AlexnetSlot *slot = &engine->slots[engine->tail];

  slot->state = SLOT_FREE;
  slot->request = NULL;
  engine->tail = (engine->tail + 1) % engine->n_slots;
  engine->n_claimed--;
  pthread_cond_broadcast (&engine->slot_freed);
}

static guint
batch_limit (const AlexnetEngine *engine)
{
  return MIN (engine->params.max_batch_size, engine->n_slots - engine->tail);
}

static guint
count_ready (const AlexnetEngine *engine)
{
  guint limit = MIN (batch_limit (engine), engine->n_claimed);
  guint n = 0;

  while (n < limit && engine->slots[engine->tail + n].state == SLOT_READY)
    n++;
  return n;
}

static void
wait_for_work (AlexnetEngine *engine, guint64 deadline)
{
  struct timespec until = {
    .tv_sec = deadline / 1000000000,
    .tv_nsec = deadline % 1000000000,
  };

  if (deadline)
    pthread_cond_timedwait (&engine->work, &engine->lock, &until);
  else
    pthread_cond_wait (&engine->work, &engine->lock);
}

/* Returns the size of the next batch, which begins at tail; 0 = quit. */
static guint
take_batch (AlexnetEngine *engine)
{
  while (!engine->quit) {
    guint64 deadline = 0;
    guint n;

    while (engine->n_claimed > 0 &&
        engine->slots[engine->tail].state == SLOT_DROPPED)
      free_tail_slot (engine);

    n = count_ready (engine);
    if (n > 0) {
      deadline = engine->slots[engine->tail].ready_time +
          engine->params.batch_timeout;
      if (n == batch_limit (engine) || engine->n_filling == 0 ||
          alexnet_now () >= deadline)
        return n;
    }
    wait_for_work (engine, deadline);
  }
  return 0;
}

/* A softmax gives numbers or nothing but NaN. A NaN in the weights need not
 * show there: where a backend computes a ReLU as a maximum, NaN becomes 0. */
static gboolean
is_finite (const AlexnetEngine *engine, const AlexnetRequest *request)
{
  return !engine->not_finite && isfinite (request->best[0].probability);
}

static void
finish_request (AlexnetEngine *engine, AlexnetRequest *request)
{
  request->slot = NULL;
  if (request->released)
    request->state = REQUEST_FREE;
  else if (engine->lost)
    request->state = REQUEST_LOST;
  else if (is_finite (engine, request))
    request->state = REQUEST_DONE;
  else
    request->state = REQUEST_NOT_FINITE;
  request->released = FALSE;
  pthread_cond_broadcast (&request->stream->changed);
}

/* Where a batch is written to. */
typedef struct {
  gboolean all; /* somebody wants all probabilities */
  float *outputs[ALEXNET_MAX_BATCH_SIZE];
  AlexnetBest *best[ALEXNET_MAX_BATCH_SIZE];
} Results;

static void
start_batch (AlexnetEngine *engine, guint n, Results *results)
{
  guint64 now = alexnet_now ();

  results->all = FALSE;
  for (guint i = 0; i < n; i++) {
    AlexnetSlot *slot = &engine->slots[engine->tail + i];
    AlexnetRequest *request = slot->request;

    slot->state = SLOT_RUNNING;
    request->result.queue_time = now - slot->ready_time;
    results->all |= request->result.probabilities != NULL;
    results->outputs[i] = request->probabilities;
    results->best[i] = request->best;
  }
}

static void
finish_batch (AlexnetEngine *engine, guint n, guint64 duration)
{
  for (guint i = 0; i < n; i++) {
    AlexnetRequest *request = engine->slots[engine->tail].request;

    request->result.inference_time = duration;
    request->result.batch_size = n;
    finish_request (engine, request);
    free_tail_slot (engine);
  }
}

static void
find_best (AlexnetBest *best, const float *probabilities, guint n_classes)
{
  guint ids[ALEXNET_MAX_BEST];
  guint n = alexnet_top_k (probabilities, n_classes, ALEXNET_MAX_BEST, ids);

  for (guint i = 0; i < n; i++)
    best[i] = (AlexnetBest){ ids[i], probabilities[ids[i]] };
}

static GError *
infer (AlexnetEngine *engine, guint first, guint n, const Results *results)
{
  AlexnetPlan *plan = engine->plan;
  GError *error = NULL;

  if (plan->backend->infer_best && !results->all)
    plan->backend->infer_best (plan, first, n, results->best, &error);
  else if (plan->backend->infer (plan, first, n, results->outputs, &error))
    for (guint i = 0; i < n; i++)
      find_best (results->best[i], results->outputs[i], engine->n_classes);
  return error;
}

static void
run_batch (AlexnetEngine *engine, guint n)
{
  Results results;
  GError *error;
  guint first = engine->tail;
  guint64 duration;

  start_batch (engine, n, &results);
  pthread_mutex_unlock (&engine->lock);

  duration = alexnet_now ();
  error = infer (engine, first, n, &results);
  duration = alexnet_now () - duration;

  pthread_mutex_lock (&engine->lock);
  engine->lost = error;
  engine->stats.batches++;
  engine->stats.images += n;
  engine->stats.inference_time += duration;
  finish_batch (engine, n, duration);
}

/* The first runs of a network are slow; nobody's frame should pay for that. */
static GError *
warm_up (AlexnetEngine *engine)
{
  const AlexnetBackend *backend = engine->plan->backend;
  guint batch = engine->params.max_batch_size;
  gsize n_values = 3 * (gsize) engine->input_size * engine->input_size;
  g_autofree float *zeros = g_new0 (float, n_values);
  g_autofree float *scratch = g_new (float, engine->n_classes *(gsize) batch);
  g_autofree float **outputs = g_new (float *, batch);
  GError *error = NULL;
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < batch; i++) {
    outputs[i] = &scratch[i * (gsize) engine->n_classes];
    ok = backend->stage_tensor (engine->plan, i, zeros, &error);
  }
  ok = ok && backend->infer (engine->plan, 0, 1, outputs, &error);
  if (ok && batch > 1)
    backend->infer (engine->plan, 0, batch, outputs, &error);
  return error;
}

static void *
worker_main (void *data)
{
  AlexnetEngine *engine = data;
  GError *error = warm_up (engine);
  guint n;

  pthread_mutex_lock (&engine->lock);
  engine->lost = error;
  engine->warm = TRUE;
  pthread_cond_broadcast (&engine->slot_freed);
  while ((n = take_batch (engine)) > 0)
    if (engine->lost)
      finish_batch (engine, n, 0);
    else
      run_batch (engine, n);
  pthread_mutex_unlock (&engine->lock);
  return NULL;
}

static void
stop_worker (AlexnetEngine *engine)
{
  if (engine->running) {
    pthread_mutex_lock (&engine->lock);
    engine->quit = TRUE;
    pthread_cond_signal (&engine->work);
    pthread_mutex_unlock (&engine->lock);
    pthread_join (engine->worker, NULL);
  }
  pthread_cond_destroy (&engine->work);
  pthread_cond_destroy (&engine->slot_freed);
  pthread_mutex_destroy (&engine->lock);
}

static void
engine_free (AlexnetEngine *engine)
{
  stop_worker (engine);
  if (engine->plan)
    engine->plan->backend->close (engine->plan);
  g_clear_error (&engine->lost);
  alexnet_model_unref (engine->model);
  g_free (engine->slots);
  g_free (engine->id);
  g_free (engine->backend_wanted);
  g_free (engine->notes);
  g_free (engine->not_finite);
  g_free (engine);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetEngine, engine_free)

static void
init_locks (AlexnetEngine *engine)
{
  pthread_condattr_t monotonic;

  pthread_condattr_init (&monotonic);
  pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init (&engine->lock, NULL);
  pthread_cond_init (&engine->work, &monotonic);
  pthread_cond_init (&engine->slot_freed, NULL);
  pthread_condattr_destroy (&monotonic);
}

static gboolean
start_worker (AlexnetEngine *engine, GError **error)
{
  int status = pthread_create (&engine->worker, NULL, worker_main, engine);

  engine->running = status == 0;
  if (!engine->running)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "cannot start the engine's thread: %s", g_strerror (status));
  return engine->running;
}

static gboolean
wait_until_warm (AlexnetEngine *engine, GError **error)
{
  gboolean ok;

  pthread_mutex_lock (&engine->lock);
  while (!engine->warm)
    pthread_cond_wait (&engine->slot_freed, &engine->lock);
  ok = engine->lost == NULL;
  if (!ok)
    g_propagate_error (error, g_error_copy (engine->lost));
  pthread_mutex_unlock (&engine->lock);
  return ok;
}

static AlexnetPlan *
open_backend (AlexnetEngine *engine, const AlexnetBackend *backend,
    GError **error)
{
  AlexnetPlanParams params = {
    .precision = engine->params.precision,
    .cpu_threads = engine->params.cpu_threads,
    .cuda_device = (guint) engine->params.cuda_device - 1,
    .cuda_context = engine->params.cuda_context,
    .max_batch_size = engine->params.max_batch_size,
    .n_slots = engine->n_slots,
  };

  return backend->open (alexnet_model_get_network (engine->model), &params,
      error);
}

static AlexnetPlan *
open_first_that_works (AlexnetEngine *engine, GError **error)
{
  g_autoptr (GString) notes = g_string_new (NULL);

  for (guint i = 0; alexnet_backends[i] && !engine->plan; i++) {
    g_autoptr (GError) reason = NULL;

    engine->plan = open_backend (engine, alexnet_backends[i], &reason);
    if (!engine->plan)
      g_string_append_printf (notes, "%s%s: %s", notes->len ? "\n" : "",
          alexnet_backends[i]->name, reason->message);
  }
  engine->notes = g_strdup (notes->str);
  g_string_replace (notes, "\n", "; ", 0);
  if (!engine->plan)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "no backend works: %s", notes->str);
  return engine->plan;
}

static gboolean
open_plan (AlexnetEngine *engine, GError **error)
{
  const AlexnetBackend *backend;

  if (g_str_equal (engine->params.backend, "auto"))
    return open_first_that_works (engine, error) != NULL;

  backend = alexnet_backend_find (engine->params.backend, error);
  if (!backend)
    return FALSE;
  engine->notes = g_strdup ("");
  engine->plan = open_backend (engine, backend, error);
  g_prefix_error (error, "%s: ", engine->params.backend);
  return engine->plan != NULL;
}

static gboolean
check_most (const char *what, guint value, guint most, GError **error)
{
  if (value <= most)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "%s of %u is too large, the most is %u", what, value, most);
  return FALSE;
}

static gboolean
complete_params (AlexnetEngineParams *params, GError **error)
{
  if (!params->backend)
    params->backend = "auto";
  if (params->cpu_threads == 0)
    params->cpu_threads = MIN (g_get_num_processors (),
        ALEXNET_MAX_CPU_THREADS);
  params->cuda_device = MAX (params->cuda_device, 1);
  if (params->max_batch_size == 0)
    params->max_batch_size = DEFAULT_BATCH_SIZE;
  return check_most ("a batch size", params->max_batch_size,
             ALEXNET_MAX_BATCH_SIZE, error) &&
      check_most ("a number of threads", params->cpu_threads,
          ALEXNET_MAX_CPU_THREADS, error);
}

static AlexnetEngine *
engine_new (AlexnetModel *model, const AlexnetEngineParams *params,
    GError **error)
{
  g_autoptr (AlexnetEngine) engine = g_new0 (AlexnetEngine, 1);

  engine->n_refs = 1;
  engine->model = alexnet_model_ref (model);
  engine->params = *params;
  engine->params.id = engine->id = g_strdup (params->id);
  engine->backend_wanted = g_strdup (params->backend);
  engine->params.backend = engine->backend_wanted;
  engine->not_finite =
      alexnet_network_find_not_finite (alexnet_model_get_network (model));
  engine->n_classes = alexnet_model_get_n_classes (model);
  engine->input_size = alexnet_model_get_input_size (model);
  engine->n_slots = 2 * params->max_batch_size;
  engine->slots = g_new0 (AlexnetSlot, engine->n_slots);
  init_locks (engine);
  if (!open_plan (engine, error) || !start_worker (engine, error) ||
      !wait_until_warm (engine, error))
    return NULL;
  return g_steal_pointer (&engine);
}

static gboolean
is_lost (AlexnetEngine *engine)
{
  gboolean lost;

  pthread_mutex_lock (&engine->lock);
  lost = engine->lost != NULL;
  pthread_mutex_unlock (&engine->lock);
  return lost;
}

static gboolean
serves (AlexnetEngine *engine, const AlexnetModel *model,
    const AlexnetEngineParams *params)
{
  const AlexnetEngineParams *own = &engine->params;

  return engine->model == model && g_strcmp0 (own->id, params->id) == 0 &&
      g_str_equal (own->backend, params->backend) &&
      own->precision == params->precision &&
      own->cpu_threads == params->cpu_threads &&
      own->cuda_device == params->cuda_device &&
      own->cuda_context == params->cuda_context &&
      own->max_batch_size == params->max_batch_size &&
      own->batch_timeout == params->batch_timeout && !is_lost (engine);
}

static AlexnetEngine *
registry_get (AlexnetModel *model, const AlexnetEngineParams *params,
    GError **error)
{
  AlexnetEngine *engine;

  if (!registry)
    registry = g_ptr_array_new ();
  for (guint i = 0; i < registry->len; i++) {
    engine = g_ptr_array_index (registry, i);
    if (serves (engine, model, params)) {
      engine->n_refs++;
      return engine;
    }
  }
  engine = engine_new (model, params, error);
  if (engine)
    g_ptr_array_add (registry, engine);
  return engine;
}

AlexnetEngine *
alexnet_engine_get (AlexnetModel *model, const AlexnetEngineParams *params,
    GError **error)
{
  AlexnetEngineParams complete = { 0 };
  AlexnetEngine *engine;

  g_return_val_if_fail (model != NULL, NULL);

  if (params)
    complete = *params;
  if (!complete_params (&complete, error))
    return NULL;
  pthread_mutex_lock (&registry_lock);
  engine = registry_get (model, &complete, error);
  pthread_mutex_unlock (&registry_lock);
  return engine;
}

AlexnetEngine *
alexnet_engine_ref (AlexnetEngine *engine)
{
  pthread_mutex_lock (&registry_lock);
  engine->n_refs++;
  pthread_mutex_unlock (&registry_lock);
  return engine;
}

void
alexnet_engine_unref (AlexnetEngine *engine)
{
  gboolean last;

  if (!engine)
    return;
  pthread_mutex_lock (&registry_lock);
  last = --engine->n_refs == 0;
  if (last)
    g_ptr_array_remove_fast (registry, engine);
  if (last && registry->len == 0)
    g_clear_pointer (&registry, g_ptr_array_unref);
  pthread_mutex_unlock (&registry_lock);
  if (last)
    engine_free (engine);
}

const char *
alexnet_engine_get_backend (const AlexnetEngine *engine)
{
  return engine->plan->backend->name;
}

AlexnetPrecision
alexnet_engine_get_precision (const AlexnetEngine *engine)
{
  return engine->plan->precision;
}

const char *
alexnet_engine_get_choices (const AlexnetEngine *engine)
{
  const char *choices = engine->plan->choices;

  return choices ? choices : "";
}

const char *
alexnet_engine_get_notes (const AlexnetEngine *engine)
{
  return engine->notes;
}

void
alexnet_engine_get_stats (AlexnetEngine *engine, AlexnetEngineStats *stats)
{
  AlexnetPlan *plan = engine->plan;

  pthread_mutex_lock (&engine->lock);
  *stats = engine->stats;
  pthread_mutex_unlock (&engine->lock);
  if (plan->backend->get_device_memory)
    stats->device_memory = plan->backend->get_device_memory (plan);
}
