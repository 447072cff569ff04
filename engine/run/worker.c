/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "worker.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

void
alexnet_worker_init (AlexnetEngine *engine)
{
  pthread_condattr_t monotonic;

  pthread_condattr_init (&monotonic);
  pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init (&engine->lock, NULL);
  pthread_cond_init (&engine->work, &monotonic);
  pthread_cond_init (&engine->slot_freed, NULL);
  pthread_condattr_destroy (&monotonic);
}

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

static void
update_awaited (AlexnetStream *stream)
{
  AlexnetEngine *engine = stream->engine;
  gboolean awaited = stream->filling && stream->n_handed < stream->depth;

  if (stream->awaited == awaited)
    return;
  stream->awaited = awaited;
  if (awaited)
    engine->n_filling++;
  else if (--engine->n_filling == 0)
    pthread_cond_signal (&engine->work);
}

void
alexnet_worker_set_filling (AlexnetStream *stream, gboolean filling)
{
  stream->filling = filling;
  update_awaited (stream);
}

void
alexnet_worker_add_handed (AlexnetStream *stream, int n)
{
  stream->n_handed += n;
  update_awaited (stream);
}

/* When the batch that begins at tail waits no longer. */
static guint64
get_deadline (const AlexnetEngine *engine)
{
  guint64 ready = engine->slots[engine->tail].ready_time;

  return ready + MIN (engine->params.batch_timeout, G_MAXUINT64 - ready);
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
      deadline = get_deadline (engine);
      if (n == batch_limit (engine) || engine->n_filling == 0 || engine->lost ||
          alexnet_now () >= deadline)
        return n;
    }
    wait_for_work (engine, deadline);
  }
  return 0;
}

/* A softmax gives numbers or nothing but NaN. */
static void
finish_request (AlexnetEngine *engine, AlexnetRequest *request)
{
  request->slot = NULL;
  alexnet_worker_add_handed (request->stream, -1);
  if (request->released)
    request->state = REQUEST_FREE;
  else if (engine->lost)
    request->state = REQUEST_LOST;
  else if (isfinite (request->best[0].probability))
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
  float *embeddings[ALEXNET_MAX_BATCH_SIZE];
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
    results->embeddings[i] = request->embedding;
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

void
alexnet_worker_lose (AlexnetEngine *engine, GError *error)
{
  if (engine->lost) {
    g_error_free (error);
    return;
  }
  engine->lost = error;
  pthread_cond_broadcast (&engine->slot_freed);
  pthread_cond_signal (&engine->work);
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
  if (engine->n_embedding > 0 && !error)
    plan->backend->get_embeddings (plan, n, results->embeddings);
  return error;
}

static void
count_batch (AlexnetEngineStats *stats, guint n, guint64 duration)
{
  stats->batches++;
  stats->images += n;
  stats->inference_time += duration;
  if (n == 1 && stats->image_time == 0)
    stats->image_time = duration;
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
  if (error)
    alexnet_worker_lose (engine, error);
  count_batch (&engine->stats, n, duration);
  finish_batch (engine, n, duration);
}

/* The first runs of a network are slow; nobody's frame should pay for that. */
static GError *
warm_up (AlexnetEngine *engine)
{
  const AlexnetBackend *backend = engine->plan->backend;
  guint batch = backend->warm_after_one ? 1 : engine->params.max_batch_size;
  g_autofree float *zeros = g_new0 (float, alexnet_shape_size (&engine->input));
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
  if (error)
    alexnet_worker_lose (engine, error);
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

gboolean
alexnet_worker_start (AlexnetEngine *engine, GError **error)
{
  int status = pthread_create (&engine->worker, NULL, worker_main, engine);

  engine->running = status == 0;
  if (!engine->running)
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "cannot start the engine's thread: %s", g_strerror (status));
  return engine->running && wait_until_warm (engine, error);
}

gboolean
alexnet_worker_is_lost (AlexnetEngine *engine)
{
  gboolean lost;

  pthread_mutex_lock (&engine->lock);
  lost = engine->lost != NULL;
  pthread_mutex_unlock (&engine->lock);
  return lost;
}

gboolean
alexnet_worker_is_here (const AlexnetEngine *engine)
{
  return engine->process == getpid ();
}

void
alexnet_worker_stop (AlexnetEngine *engine)
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
