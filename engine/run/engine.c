/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <unistd.h>

#include "backend/caller.h"
#include "backends.h"
#include "model/model.h"
#include "processors.h"
#include "spread.h"
#include "worker.h"

#define DEFAULT_BATCH_SIZE 16

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *registry;

static void
close_plan (AlexnetEngine *engine)
{
  alexnet_worker_stop (engine);
  if (engine->plan)
    engine->plan->backend->close (engine->plan);
}

static void
engine_free (AlexnetEngine *engine)
{
  if (alexnet_worker_is_here (engine))
    close_plan (engine);
  g_clear_error (&engine->lost);
  alexnet_model_unref (engine->model);
  g_free (engine->slots);
  g_free (engine->id);
  g_free (engine->backend_wanted);
  g_free (engine->notes);
  g_free (engine);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetEngine, engine_free)

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
    .embedding = engine->n_embedding > 0,
  };

  if (!backend->open) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "not in this build");
    return NULL;
  }
  return backend->open (alexnet_model_get_network (engine->model), &params,
      error);
}

/* What is wrong with a model's file is wrong for every backend. */
static gboolean
is_about_file (const GError *error)
{
  return g_error_matches (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT) ||
      g_error_matches (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FOUND);
}

static AlexnetPlan *
open_first_that_works (AlexnetEngine *engine, GError **error)
{
  g_autoptr (GString) notes = g_string_new (NULL);

  for (guint i = 0; alexnet_backends[i] && !engine->plan; i++) {
    g_autoptr (GError) reason = NULL;

    engine->plan = open_backend (engine, alexnet_backends[i], &reason);
    if (is_about_file (reason)) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
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
open_plan (gpointer data, GError **error)
{
  AlexnetEngine *engine = data;
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
check_precision (AlexnetPrecision precision, GError **error)
{
  AlexnetPrecision last = ALEXNET_N_PRECISIONS - 1;

  if ((guint) precision <= last)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "there is no precision %d, the last is %d, %s", (int) precision,
      (int) last, alexnet_precision_name (last));
  return FALSE;
}

static gboolean
complete_params (AlexnetEngineParams *params, GError **error)
{
  if (!params->backend)
    params->backend = "auto";
  if (params->cpu_threads == 0)
    params->cpu_threads = MIN (alexnet_processors_count (),
        ALEXNET_MAX_CPU_THREADS);
  if (params->cuda_device == 0)
    params->cuda_device = 1;
  params->embedding = params->embedding != FALSE;
  if (params->max_batch_size == 0)
    params->max_batch_size = DEFAULT_BATCH_SIZE;
  return check_precision (params->precision, error) &&
      check_most ("a batch size", params->max_batch_size,
          ALEXNET_MAX_BATCH_SIZE, error) &&
      check_most ("a number of threads", params->cpu_threads,
          ALEXNET_MAX_CPU_THREADS, error);
}

static gboolean
check_device (const AlexnetEngineParams *params, GError **error)
{
  gboolean spread = params->cuda_device == ALEXNET_CUDA_LEAST_LOADED;

  if (params->cuda_device > 0 || (spread && !params->cuda_context))
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID, "cuda_device %d %s",
      params->cuda_device,
      spread ? "is with a cuda_context, whose device it has to name"
             : "is no device");
  return FALSE;
}

static gboolean
check_embedding (const AlexnetModel *model, const AlexnetEngineParams *params,
    GError **error)
{
  if (!params->embedding || alexnet_model_get_n_embedding (model) > 0)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "%s: the network has no linear layer, expected one, whose input is the "
      "embedding",
      alexnet_model_get_path (model));
  return FALSE;
}

/* What the backend has read of them to be opened. They need not show in what it
 * computes: where a ReLU is a maximum, NaN becomes 0. */
static gboolean
check_weights (const AlexnetModel *model, GError **error)
{
  g_autofree char *name =
      alexnet_network_find_not_finite (alexnet_model_get_network (model));

  if (!name)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
      "%s: tensor %s holds NaN or infinity, expected finite numbers",
      alexnet_model_get_path (model), name);
  return FALSE;
}

static AlexnetEngine *
engine_new (AlexnetModel *model, const AlexnetEngineParams *params,
    GError **error)
{
  g_autoptr (AlexnetEngine) engine = g_new0 (AlexnetEngine, 1);

  engine->n_refs = 1;
  engine->process = getpid ();
  engine->model = alexnet_model_ref (model);
  engine->params = *params;
  engine->params.id = engine->id = g_strdup (params->id);
  engine->backend_wanted = g_strdup (params->backend);
  engine->params.backend = engine->backend_wanted;
  engine->n_classes = alexnet_model_get_n_classes (model);
  if (params->embedding)
    engine->n_embedding = alexnet_model_get_n_embedding (model);
  engine->input = alexnet_model_get_network (model)->input;
  engine->n_slots = 2 * params->max_batch_size;
  engine->slots = g_new0 (AlexnetSlot, engine->n_slots);
  alexnet_worker_init (engine);
  if (!alexnet_backend_call_apart (open_plan, engine, error))
    return NULL;
  if (!check_weights (model, error) || !alexnet_worker_start (engine, error))
    return NULL;
  return g_steal_pointer (&engine);
}

static gboolean
serves (AlexnetEngine *engine, const AlexnetModel *model,
    const AlexnetEngineParams *params)
{
  const AlexnetEngineParams *own = &engine->params;

  return alexnet_worker_is_here (engine) && engine->model == model &&
      g_strcmp0 (own->id, params->id) == 0 &&
      g_str_equal (own->backend, params->backend) &&
      own->precision == params->precision &&
      own->cpu_threads == params->cpu_threads &&
      own->cuda_device == params->cuda_device &&
      own->cuda_context == params->cuda_context &&
      own->max_batch_size == params->max_batch_size &&
      own->batch_timeout == params->batch_timeout &&
      own->embedding == params->embedding && !alexnet_worker_is_lost (engine);
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

/* The first of the `n` devices that works, the least loaded first. */
static AlexnetEngine *
registry_get_any (AlexnetModel *model, AlexnetEngineParams params, guint n,
    GError **error)
{
  g_autofree guint *ranks = alexnet_spread_rank (registry, n);
  g_autoptr (GString) reasons = g_string_new (NULL);

  params.backend = "cudnn";
  for (guint i = 0; i < n; i++) {
    g_autoptr (GError) reason = NULL;
    AlexnetEngine *engine;

    params.cuda_device = (int) ranks[i] + 1;
    engine = registry_get (model, &params, &reason);
    if (engine)
      return engine;
    if (is_about_file (reason)) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
    g_info ("CUDA device %u is passed over: %s", ranks[i], reason->message);
    g_string_append_printf (reasons, "%s%u: %s", i ? "; " : "", ranks[i],
        reason->message);
  }
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "none of %u CUDA devices works: %s", n, reasons->str);
  return NULL;
}

/* Where there is no choice, it is as with the first device. */
static AlexnetEngine *
registry_spread (AlexnetModel *model, const AlexnetEngineParams *params,
    GError **error)
{
  gboolean is_auto = g_str_equal (params->backend, "auto");
  const char *name = is_auto ? "cudnn" : params->backend;
  const AlexnetBackend *backend = alexnet_backend_find (name, error);
  AlexnetEngineParams first = *params;
  g_autoptr (GError) reason = NULL;
  AlexnetEngine *engine = NULL;
  guint n = 1;

  if (!backend)
    return NULL;
  if (backend->count_devices)
    backend->count_devices (&n, &reason);
  first.cuda_device = 1;
  if (reason || n == 1)
    return registry_get (model, &first, error);
  engine = registry_get_any (model, first, n, &reason);
  if (engine)
    return engine;
  if (is_auto && !is_about_file (reason))
    return registry_get (model, &first, error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
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
  if (!complete_params (&complete, error) || !check_device (&complete, error) ||
      !check_embedding (model, &complete, error))
    return NULL;
  pthread_mutex_lock (&registry_lock);
  engine = complete.cuda_device == ALEXNET_CUDA_LEAST_LOADED
      ? registry_spread (model, &complete, error)
      : registry_get (model, &complete, error);
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

void
alexnet_engine_attach (AlexnetEngine *engine)
{
  pthread_mutex_lock (&registry_lock);
  engine->n_refs++;
  engine->n_streams++;
  pthread_mutex_unlock (&registry_lock);
}

void
alexnet_engine_detach (AlexnetEngine *engine)
{
  pthread_mutex_lock (&registry_lock);
  engine->n_streams--;
  pthread_mutex_unlock (&registry_lock);
  alexnet_engine_unref (engine);
}

/* Does not wait for the registry, which is locked while an engine is made. */
guint
alexnet_engine_count_streams (AlexnetEngine *engine)
{
  return (guint) g_atomic_int_get (&engine->n_announced);
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
  if (plan->backend->get_device_memory) {
    stats->device_memory = plan->backend->get_device_memory (plan);
    stats->cuda_device = engine->params.cuda_device;
  }
}
