/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tune.h"

#include <math.h>

#include "capture.h"

#define N_RUNS 3 /* in a graph */

/* Candidates are run in turn, and the least time of each counts: clocks rise
 * and fall meanwhile. */
#define N_ROUNDS 3

/* One that has needed so many times the best is not run again. */
#define HOPELESS 2.0f

typedef struct {
  AlexnetDevice *device;
  const char *what;
  AlexnetTuneFunc func;
  gpointer user;
  guint n;
  cudaGraphExec_t *graphs; /* NULL: passed over */
  float *times;            /* in milliseconds, of those that have a graph */
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
static gboolean
prepare (const Tuner *tuner, guint candidate, GError **error)
{
  Runs runs = { tuner, candidate };

  tuner->times[candidate] = INFINITY;
  if (tuner->func (tuner->user, candidate, error) &&
      alexnet_device_finish (tuner->device, error))
    tuner->graphs[candidate] = alexnet_capture (tuner->device, give_runs, &runs,
        error);
  return tuner->graphs[candidate] != NULL;
}

/* The second of two launches, which is there before the first is done, so that
 * the device does not wait for the host. */
static gboolean
measure (const Tuner *tuner, guint candidate, GError **error)
{
  cudaStream_t stream = tuner->device->stream;
  cudaGraphExec_t graph = tuner->graphs[candidate];
  float time;

  if (!CUDA (cudaGraphLaunch (graph, stream)) ||
      !CUDA (cudaEventRecord (tuner->begin, stream)) ||
      !CUDA (cudaGraphLaunch (graph, stream)) ||
      !CUDA (cudaEventRecord (tuner->end, stream)) ||
      !CUDA (cudaEventSynchronize (tuner->end)) ||
      !CUDA (cudaEventElapsedTime (&time, tuner->begin, tuner->end)))
    return FALSE;
  tuner->times[candidate] = MIN (tuner->times[candidate], time);
  return TRUE;
}

static gboolean
destroy_graph (const Tuner *tuner, guint candidate, GError **error)
{
  cudaGraphExec_t graph = tuner->graphs[candidate];

  tuner->graphs[candidate] = NULL;
  return !graph || CUDA (cudaGraphExecDestroy (graph));
}

gboolean
alexnet_tune_pass_over (AlexnetDevice *device, const char *what,
    const GError *reason, GError **error)
{
  g_info ("%s: one way is passed over: %s", what, reason->message);
  return alexnet_device_finish (device, error);
}

/* Does `step` with a candidate. `reason` is why the last one was passed over.
 */
static gboolean
try_step (const Tuner *tuner, guint candidate,
    gboolean (*step) (const Tuner *, guint, GError **), GError **reason,
    GError **error)
{
  GError *failure = NULL;

  if (step (tuner, candidate, &failure))
    return TRUE;
  g_clear_error (reason);
  *reason = failure;
  return alexnet_tune_pass_over (tuner->device, tuner->what, failure, error) &&
      destroy_graph (tuner, candidate, error);
}

/* Of those that have a graph; n when none has. */
static guint
find_fastest (const Tuner *tuner)
{
  guint best = tuner->n;

  for (guint i = 0; i < tuner->n; i++)
    if (tuner->graphs[i] &&
        (best == tuner->n || tuner->times[i] < tuner->times[best]))
      best = i;
  return best;
}

static gboolean
is_open (const Tuner *tuner, guint candidate, guint round)
{
  return tuner->graphs[candidate] &&
      (round == 0 ||
          tuner->times[candidate] <
              HOPELESS * tuner->times[find_fastest (tuner)]);
}

static gboolean
run_rounds (const Tuner *tuner, GError **reason, GError **error)
{
  for (guint i = 0; i < tuner->n; i++)
    if (!try_step (tuner, i, prepare, reason, error))
      return FALSE;
  for (guint round = 0; round < N_ROUNDS; round++)
    for (guint i = 0; i < tuner->n; i++)
      if (is_open (tuner, i, round) &&
          !try_step (tuner, i, measure, reason, error))
        return FALSE;
  return TRUE;
}

static gboolean
find_best (const Tuner *tuner, guint *best, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (!run_rounds (tuner, &reason, error))
    return FALSE;
  for (guint i = 0; i < tuner->n; i++)
    if (tuner->graphs[i])
      g_debug ("%s: candidate %u of %u takes %.2f us", tuner->what, i, tuner->n,
          1000.0 * (double) tuner->times[i] / N_RUNS);
  *best = find_fastest (tuner);
  if (*best < tuner->n)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

gboolean
alexnet_tune (AlexnetDevice *device, const char *what, guint n,
    AlexnetTuneFunc func, gpointer user, guint *best, GError **error)
{
  g_autofree cudaGraphExec_t *graphs = g_new0 (cudaGraphExec_t, n);
  g_autofree float *times = g_new (float, n);
  Tuner tuner = { device, what, func, user, n, graphs, times };
  gboolean ok;

  *best = 0;
  if (n == 1)
    return TRUE;
  ok = CUDA (cudaEventCreateWithFlags (&tuner.begin, cudaEventDefault)) &&
      CUDA (cudaEventCreateWithFlags (&tuner.end, cudaEventDefault)) &&
      find_best (&tuner, best, error);
  for (guint i = 0; i < n; i++)
    ok = destroy_graph (&tuner, i, error) && ok;
  if (tuner.begin)
    ok = CUDA (cudaEventDestroy (tuner.begin)) && ok;
  if (tuner.end)
    ok = CUDA (cudaEventDestroy (tuner.end)) && ok;
  return ok;
}
