/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tune.h"

#include "capture.h"

#define N_RUNS 5

typedef struct {
  AlexnetDevice *device;
  const char *what;
  AlexnetTuneFunc func;
  gpointer user;
  cudaEvent_t begin, end;
} Tuner;

typedef struct {
  const Tuner *tuner;
  guint candidate;
} Runs;

static gboolean
give_runs (gpointer user, GError **error)
{
  const Runs *runs = user;
  const Tuner *tuner = runs->tuner;

  for (guint i = 0; i < N_RUNS; i++)
    if (!tuner->func (tuner->user, runs->candidate, error))
      return FALSE;
  return TRUE;
}

/* In use it is part of a graph too. */
static cudaGraphExec_t
make_graph (const Tuner *tuner, guint candidate, GError **error)
{
  Runs runs = { tuner, candidate };

  if (!tuner->func (tuner->user, candidate, error) ||
      !alexnet_device_finish (tuner->device, error))
    return NULL;
  return alexnet_capture (tuner->device, give_runs, &runs, error);
}

/* The second of two launches, which is there before the first is done, so that
 * the device does not wait for the host. */
static gboolean
time_graph (const Tuner *tuner, cudaGraphExec_t graph, float *time,
    GError **error)
{
  cudaStream_t stream = tuner->device->stream;

  return CUDA (cudaGraphLaunch (graph, stream)) &&
      CUDA (cudaEventRecord (tuner->begin, stream)) &&
      CUDA (cudaGraphLaunch (graph, stream)) &&
      CUDA (cudaEventRecord (tuner->end, stream)) &&
      CUDA (cudaEventSynchronize (tuner->end)) &&
      CUDA (cudaEventElapsedTime (time, tuner->begin, tuner->end));
}

static gboolean
measure (const Tuner *tuner, guint candidate, float *time, GError **error)
{
  cudaGraphExec_t graph = make_graph (tuner, candidate, error);
  gboolean ok = graph && time_graph (tuner, graph, time, error);

  if (graph)
    ok = CUDA (cudaGraphExecDestroy (graph)) && ok;
  return ok;
}

gboolean
alexnet_tune_pass_over (AlexnetDevice *device, const char *what,
    const GError *reason, GError **error)
{
  g_info ("%s: one way is passed over: %s", what, reason->message);
  return alexnet_device_finish (device, error);
}

static gboolean
find_best (const Tuner *tuner, guint n, guint *best, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean found = FALSE;
  float best_time = 0, time;

  for (guint i = 0; i < n; i++) {
    g_clear_error (&reason);
    if (!measure (tuner, i, &time, &reason)) {
      if (!alexnet_tune_pass_over (tuner->device, tuner->what, reason, error))
        return FALSE;
      continue;
    }
    g_debug ("%s: candidate %u of %u takes %.2f us", tuner->what, i, n,
        1000.0 * (double) time / N_RUNS);
    if (found && time >= best_time)
      continue;
    found = TRUE;
    *best = i;
    best_time = time;
  }
  if (!found)
    g_propagate_error (error, g_steal_pointer (&reason));
  return found;
}

gboolean
alexnet_tune (AlexnetDevice *device, const char *what, guint n,
    AlexnetTuneFunc func, gpointer user, guint *best, GError **error)
{
  Tuner tuner = { device, what, func, user, NULL, NULL };
  gboolean ok;

  *best = 0;
  if (n == 1)
    return TRUE;
  ok = CUDA (cudaEventCreateWithFlags (&tuner.begin, cudaEventDefault)) &&
      CUDA (cudaEventCreateWithFlags (&tuner.end, cudaEventDefault)) &&
      find_best (&tuner, n, best, error);
  if (tuner.begin)
    ok = CUDA (cudaEventDestroy (tuner.begin)) && ok;
  if (tuner.end)
    ok = CUDA (cudaEventDestroy (tuner.end)) && ok;
  return ok;
}
