/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How an engine and its streams share their work.
 *
 * The engine owns a ring of slots; a slot is one image's place in the big
 * input tensor of the plan. A submitting thread claims the slot at `head`,
 * lets the backend stage pixels into it without holding a lock, and marks it
 * READY. The worker takes the run of READY slots that begins at `tail`, at
 * most max_batch_size and never across the end of the ring, runs the network
 * over it, and gives the slots back. So a batch is a contiguous slice of the
 * input, and batches form by themselves while the worker is busy.
 *
 * Results are written into memory of the request, not of the slot: a
 * stream whose reader stalls keeps its own requests and nobody's slots.
 *
 * One mutex, `lock`, guards everything below it, in engines and streams. It
 * is never held while a backend works. `work` wakes the worker, `slot_freed`
 * wakes submitters, each stream's `changed` wakes those who wait for its
 * requests. The registry's mutex guards reference counts and is taken first.
 */

#ifndef ALEXNET_ENGINE_PRIVATE_H
#define ALEXNET_ENGINE_PRIVATE_H

#include <pthread.h>
#include <sys/types.h>

#include "backend/backend.h"

G_BEGIN_DECLS

typedef enum {
  SLOT_FREE,
  SLOT_STAGING,
  SLOT_READY,
  SLOT_DROPPED,                 /* staging failed, or nobody wants it now */
  SLOT_RUNNING,
} SlotState;

typedef struct {
  SlotState state;
  AlexnetRequest *request;
  guint64 ready_time;
} AlexnetSlot;

struct _AlexnetEngine {
  /* Constant after alexnet_engine_get(). */
  AlexnetModel *model;
  AlexnetEngineParams params;
  char *id, *backend_wanted;    /* what params points to */
  char *notes;
  AlexnetPlan *plan;
  guint n_classes, n_embedding; /* of results */
  AlexnetShape input;
  guint n_slots;
  pthread_t worker;
  pid_t process;                /* that the worker runs in: no fork has it */
  gboolean running;

  guint n_refs, n_streams;      /* the registry's; each of these has a
                                   reference */
  guint n_announced;            /* of these; atomic */

  pthread_mutex_t lock;
  pthread_cond_t work, slot_freed;
  AlexnetSlot *slots;
  guint head, tail, n_claimed;
  guint n_filling;              /* streams that batches may wait for */
  gboolean warm, quit;
  GError *lost;                 /* why the plan is lost; constant once set */
  AlexnetEngineStats stats;
};

typedef enum {
  REQUEST_FREE,
  REQUEST_PENDING,              /* has a slot */
  REQUEST_DONE,
  REQUEST_NOT_FINITE,
  REQUEST_LOST,
} RequestState;

struct _AlexnetRequest {
  AlexnetStream *stream;
  RequestState state;
  gboolean released;            /* by its user, while PENDING */
  AlexnetSlot *slot;            /* while PENDING */
  AlexnetResult result;         /* no probabilities: nobody wants them */
  float *probabilities, *embedding;
  AlexnetBest best[ALEXNET_MAX_BEST];
};

struct _AlexnetStream {
  AlexnetEngine *engine;
  AlexnetPreprocess preprocess;
  gboolean best_only;
  AlexnetTransform *transforms[ALEXNET_N_POSITIONS][2]; /* [.][mirror] */
  guint depth;
  gboolean announced;           /* atomic */
  AlexnetRequest *requests;
  float *probabilities;         /* [depth, n_classes] */
  float *embeddings;            /* [depth, n_embedding], NULL if 0 */

  /* Under the engine's lock. */
  pthread_cond_t changed;
  gboolean flushing;
  gboolean filling;             /* has submitted and may go on */
  guint n_handed;               /* requests whose slots are READY or RUNNING */
  gboolean awaited;             /* is one of n_filling */
};

/* A stream's reference. */
void alexnet_engine_attach (AlexnetEngine *engine);
void alexnet_engine_detach (AlexnetEngine *engine);

G_END_DECLS

#endif /* ALEXNET_ENGINE_PRIVATE_H */
