/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include "backend/caller.h"
#include "model/model.h"
#include "worker.h"

static void
complete_preprocess (AlexnetPreprocess *preprocess, const AlexnetModel *model)
{
  const AlexnetPreprocess *defaults = alexnet_model_get_preprocess (model);

  if (preprocess->crop_mode == ALEXNET_CROP_MODEL)
    preprocess->crop_mode = defaults->crop_mode;
  if (preprocess->resize_size == 0)
    preprocess->resize_size = defaults->resize_size;
  if (preprocess->interpolation == ALEXNET_INTERPOLATION_MODEL)
    preprocess->interpolation = defaults->interpolation;
  if (preprocess->channel_order == ALEXNET_CHANNELS_MODEL)
    preprocess->channel_order = defaults->channel_order;
  for (guint c = 0; c < 3; c++) {
    if (preprocess->std[c] != 0)
      continue;
    preprocess->std[c] = defaults->std[c];
    preprocess->mean[c] = defaults->mean[c];
  }
}

void
alexnet_stream_set_preprocess (AlexnetStream *stream,
    const AlexnetPreprocess *preprocess)
{
  const AlexnetModel *model = stream->engine->model;

  stream->preprocess = preprocess ? *preprocess
                                  : *alexnet_model_get_preprocess (model);
  complete_preprocess (&stream->preprocess, model);
}

void
alexnet_stream_set_best_only (AlexnetStream *stream, gboolean best_only)
{
  stream->best_only = best_only;
}

static void
init_requests (AlexnetStream *stream)
{
  guint n_classes = stream->engine->n_classes;
  guint n_embedding = stream->engine->n_embedding;

  stream->requests = g_new0 (AlexnetRequest, stream->depth);
  stream->probabilities = g_malloc_n (n_classes,
      stream->depth * sizeof (float));
  stream->embeddings = g_malloc_n (n_embedding, stream->depth * sizeof (float));
  for (guint i = 0; i < stream->depth; i++) {
    AlexnetRequest *request = &stream->requests[i];

    request->stream = stream;
    request->probabilities = &stream->probabilities[i * (gsize) n_classes];
    request->result.best = request->best;
    request->result.n_best = MIN (ALEXNET_MAX_BEST, n_classes);
    request->result.n_classes = n_classes;
    if (n_embedding > 0)
      request->embedding = &stream->embeddings[i * (gsize) n_embedding];
    request->result.embedding = request->embedding;
    request->result.n_embedding = n_embedding;
  }
}

AlexnetStream *
alexnet_stream_new (AlexnetEngine *engine, const AlexnetPreprocess *preprocess,
    guint depth)
{
  AlexnetStream *stream;

  g_return_val_if_fail (engine != NULL, NULL);
  g_return_val_if_fail (depth >= 1 && depth <= ALEXNET_MAX_BATCH_SIZE, NULL);

  stream = g_new0 (AlexnetStream, 1);
  stream->engine = engine;
  alexnet_engine_attach (engine);
  stream->depth = depth;
  for (guint i = 0; i < ALEXNET_N_POSITIONS; i++)
    for (guint mirror = 0; mirror < 2; mirror++)
      stream->transforms[i][mirror] = alexnet_transform_new ();
  pthread_cond_init (&stream->changed, NULL);
  alexnet_stream_set_preprocess (stream, preprocess);
  init_requests (stream);
  return stream;
}

static gboolean
has_pending (const AlexnetStream *stream)
{
  for (guint i = 0; i < stream->depth; i++)
    if (stream->requests[i].state == REQUEST_PENDING)
      return TRUE;
  return FALSE;
}

static void
finish (AlexnetStream *stream)
{
  AlexnetEngine *engine = stream->engine;

  pthread_mutex_lock (&engine->lock);
  alexnet_worker_set_filling (stream, FALSE);
  while (has_pending (stream))
    pthread_cond_wait (&stream->changed, &engine->lock);
  pthread_mutex_unlock (&engine->lock);
  pthread_cond_destroy (&stream->changed);
}

void
alexnet_stream_announce (AlexnetStream *stream)
{
  if (g_atomic_int_compare_and_exchange (&stream->announced, FALSE, TRUE))
    g_atomic_int_inc (&stream->engine->n_announced);
}

void
alexnet_stream_free (AlexnetStream *stream)
{
  AlexnetEngine *engine;

  if (!stream)
    return;
  engine = stream->engine;
  if (stream->announced)
    g_atomic_int_add (&engine->n_announced, -1);
  if (alexnet_worker_is_here (engine))
    finish (stream);
  for (guint i = 0; i < ALEXNET_N_POSITIONS; i++)
    for (guint mirror = 0; mirror < 2; mirror++)
      alexnet_transform_free (stream->transforms[i][mirror]);
  g_free (stream->requests);
  g_free (stream->probabilities);
  g_free (stream->embeddings);
  g_free (stream);
  alexnet_engine_detach (engine);
}

void
alexnet_stream_set_flushing (AlexnetStream *stream, gboolean flushing)
{
  AlexnetEngine *engine = stream->engine;

  pthread_mutex_lock (&engine->lock);
  stream->flushing = flushing;
  alexnet_worker_set_filling (stream, FALSE);
  pthread_cond_broadcast (&stream->changed);
  pthread_cond_broadcast (&engine->slot_freed);
  pthread_mutex_unlock (&engine->lock);
}

void
alexnet_stream_drain (AlexnetStream *stream)
{
  pthread_mutex_lock (&stream->engine->lock);
  alexnet_worker_set_filling (stream, FALSE);
  pthread_mutex_unlock (&stream->engine->lock);
}

static gboolean
check_usable (const AlexnetStream *stream, GError **error)
{
  if (stream->engine->lost) {
    g_propagate_error (error, g_error_copy (stream->engine->lost));
    return FALSE;
  }
  if (stream->flushing) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_CANCELLED,
        "the stream is flushing");
    return FALSE;
  }
  return TRUE;
}

static AlexnetRequest *
find_free_request (AlexnetStream *stream)
{
  for (guint i = 0; i < stream->depth; i++)
    if (stream->requests[i].state == REQUEST_FREE)
      return &stream->requests[i];
  return NULL;
}

/* Claims the slot at the head of the ring for a free request. */
static AlexnetRequest *
claim (AlexnetStream *stream, GError **error)
{
  AlexnetEngine *engine = stream->engine;
  AlexnetRequest *request;

  while (check_usable (stream, error)) {
    request = find_free_request (stream);
    if (!request) {
      pthread_cond_wait (&stream->changed, &engine->lock);
    } else if (engine->n_claimed == engine->n_slots) {
      pthread_cond_wait (&engine->slot_freed, &engine->lock);
    } else {
      alexnet_worker_set_filling (stream, TRUE);
      request->state = REQUEST_PENDING;
      request->result.probabilities =
          stream->best_only ? NULL : request->probabilities;
      request->slot = &engine->slots[engine->head];
      request->slot->state = SLOT_STAGING;
      request->slot->request = request;
      engine->head = (engine->head + 1) % engine->n_slots;
      engine->n_claimed++;
      return request;
    }
  }
  return NULL;
}

/* The slot is given back by the worker, when it becomes the tail. */
static void
drop (AlexnetRequest *request)
{
  if (request->slot->state == SLOT_READY)
    alexnet_worker_add_handed (request->stream, -1);
  request->slot->state = SLOT_DROPPED;
  request->slot->request = NULL;
  request->slot = NULL;
  request->state = REQUEST_FREE;
  request->released = FALSE;
  pthread_cond_broadcast (&request->stream->changed);
}

static void
hand_over (AlexnetRequest *request)
{
  request->slot->state = SLOT_READY;
  request->slot->ready_time = alexnet_now ();
  alexnet_worker_add_handed (request->stream, 1);
}

/* What a device has failed to take it fails to compute, too. */
static void
fail_staging (AlexnetRequest *request, const GError *reason)
{
  drop (request);
  if (g_error_matches (reason, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE))
    alexnet_worker_lose (request->stream->engine, g_error_copy (reason));
}

/* What a submission stages: an image and how to transform it, or a tensor. */
typedef struct {
  const AlexnetImage *image;
  AlexnetTransform *transform;
  const float *tensor;
} Source;

static void
stage (AlexnetStream *stream, guint slot, const Source *source, GError **error)
{
  AlexnetPlan *plan = stream->engine->plan;

  if (source->tensor)
    plan->backend->stage_tensor (plan, slot, source->tensor, error);
  else
    plan->backend->stage (plan, slot, source->image, source->transform, error);
}

static AlexnetRequest *
submit (AlexnetStream *stream, const Source *source, GError **error)
{
  AlexnetEngine *engine = stream->engine;
  AlexnetRequest *request;
  GError *reason = NULL;

  pthread_mutex_lock (&engine->lock);
  request = claim (stream, error);
  pthread_mutex_unlock (&engine->lock);
  if (!request)
    return NULL;

  stage (stream, request->slot - engine->slots, source, &reason);

  pthread_mutex_lock (&engine->lock);
  if (reason)
    fail_staging (request, reason);
  else
    hand_over (request);
  pthread_cond_signal (&engine->work);
  pthread_mutex_unlock (&engine->lock);
  if (!reason)
    return request;
  g_propagate_error (error, reason);
  return NULL;
}

/* The update checks the position; until then it may be anything. */
static AlexnetTransform *
get_transform (const AlexnetStream *stream)
{
  guint position = stream->preprocess.crop_position;

  return stream->transforms[position % ALEXNET_N_POSITIONS]
                           [stream->preprocess.mirror != FALSE];
}

AlexnetRequest *
alexnet_stream_submit (AlexnetStream *stream, const AlexnetImage *image,
    const AlexnetRegion *region, GError **error)
{
  AlexnetEngine *engine = stream->engine;
  AlexnetRegion whole = { 0, 0, image->width, image->height };
  AlexnetTransform *transform = get_transform (stream);

  if (!alexnet_backend_check_memory (engine->plan->backend, image->memory,
          error) ||
      !alexnet_transform_update (transform, image, region ? region : &whole,
          &stream->preprocess, engine->input.channels, engine->input.width,
          error))
    return NULL;
  return submit (stream, &(Source){ .image = image, .transform = transform },
      error);
}

AlexnetRequest *
alexnet_stream_submit_tensor (AlexnetStream *stream, const float *tensor,
    GError **error)
{
  return submit (stream, &(Source){ .tensor = tensor }, error);
}

static gboolean
collect (const AlexnetRequest *request, AlexnetResult *result, GError **error)
{
  switch (request->state) {
    case REQUEST_DONE:
      *result = request->result;
      return TRUE;
    case REQUEST_NOT_FINITE:
      g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_NOT_FINITE,
          "the network gave values that are not finite numbers");
      return FALSE;
    default:
      return check_usable (request->stream, error);
  }
}

gboolean
alexnet_request_wait (AlexnetRequest *request, AlexnetResult *result,
    GError **error)
{
  AlexnetStream *stream = request->stream;
  AlexnetEngine *engine = stream->engine;
  gboolean ok;

  pthread_mutex_lock (&engine->lock);
  while (request->state == REQUEST_PENDING && !stream->flushing)
    pthread_cond_wait (&stream->changed, &engine->lock);
  ok = collect (request, result, error);
  pthread_mutex_unlock (&engine->lock);
  return ok;
}

void
alexnet_request_release (AlexnetRequest *request)
{
  AlexnetEngine *engine;

  if (!request)
    return;
  engine = request->stream->engine;
  pthread_mutex_lock (&engine->lock);
  if (request->state != REQUEST_PENDING) {
    request->state = REQUEST_FREE;
    pthread_cond_broadcast (&request->stream->changed);
  } else if (request->slot->state == SLOT_READY) {
    drop (request);
    pthread_cond_signal (&engine->work);
  } else {
    request->released = TRUE;
  }
  pthread_mutex_unlock (&engine->lock);
}
