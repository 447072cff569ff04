/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#include <stdio.h>
#include <stdlib.h>

#define N_WINDOWS 5
#define DEFAULT_SECONDS 3
#define DEFAULT_BATCHES "1,8,32"

/* Keeps two batches in flight, as a user does who wants full ones. */
typedef struct {
  AlexnetStream *stream;
  const float *tensor;
  guint depth, submitted, done;
  AlexnetRequest **requests; /* ring of depth */
} Load;

typedef struct {
  double rates[N_WINDOWS]; /* frames a second, ascending */
  AlexnetEngineStats stats;
} Measurement;

static gboolean
finish_one (Load *load, GError **error)
{
  AlexnetRequest **request = &load->requests[load->done % load->depth];
  AlexnetResult result;
  gboolean ok = alexnet_request_wait (*request, &result, error);

  g_clear_pointer (request, alexnet_request_release);
  load->done++;
  return ok;
}

static gboolean
submit_one (Load *load, GError **error)
{
  AlexnetRequest *request;

  if (load->submitted - load->done == load->depth && !finish_one (load, error))
    return FALSE;
  request = alexnet_stream_submit_tensor (load->stream, load->tensor, error);
  if (!request)
    return FALSE;
  load->requests[load->submitted++ % load->depth] = request;
  return TRUE;
}

/* Frames a second over a window of at least `duration` microseconds. */
static gboolean
run_window (Load *load, gint64 duration, double *rate, GError **error)
{
  gint64 begin = g_get_monotonic_time (), elapsed;
  guint done = load->done;

  do {
    if (!submit_one (load, error))
      return FALSE;
    elapsed = g_get_monotonic_time () - begin;
  } while (elapsed < duration || load->done == done);
  *rate = (load->done - done) * (double) G_USEC_PER_SEC / (double) elapsed;
  return TRUE;
}

static int
compare_rates (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static gboolean
run_windows (Load *load, gint64 duration, Measurement *m,
    InspectProgress *progress, GError **error)
{
  double rate;

  if (!run_window (load, duration / N_WINDOWS, &rate, error)) /* warms up */
    return FALSE;
  for (guint i = 0; i < N_WINDOWS; i++) {
    inspect_progress_update (progress, (i + 1.0) / (N_WINDOWS + 1));
    if (!run_window (load, duration / N_WINDOWS, &m->rates[i], error))
      return FALSE;
  }
  qsort (m->rates, N_WINDOWS, sizeof *m->rates, compare_rates);
  return TRUE;
}

/* Values of a normalised image, the same at every run. */
static float *
make_tensor (const AlexnetModel *model)
{
  gsize side = alexnet_model_get_input_size (model);
  gsize n = alexnet_model_get_input_channels (model) * side * side;
  float *tensor = g_new (float, n);
  GRand *random = g_rand_new_with_seed (1);

  for (gsize i = 0; i < n; i++)
    tensor[i] = (float) g_rand_double_range (random, -2, 2);
  g_rand_free (random);
  return tensor;
}

static gboolean
measure (AlexnetEngine *engine, const float *tensor, guint batch, int seconds,
    Measurement *m, GError **error)
{
  Load load = { .tensor = tensor,
    .depth = MIN (2 * batch, ALEXNET_MAX_BATCH_SIZE) };
  InspectProgress progress;
  gboolean ok;

  load.stream = alexnet_stream_new (engine, NULL, load.depth);
  alexnet_stream_set_best_only (load.stream, TRUE);
  load.requests = g_new0 (AlexnetRequest *, load.depth);
  inspect_progress_begin (&progress);
  ok = run_windows (&load, seconds * (gint64) G_USEC_PER_SEC, m, &progress,
      error);
  inspect_progress_end (&progress);
  while (load.done < load.submitted)
    finish_one (&load, NULL);
  alexnet_engine_get_stats (engine, &m->stats);
  alexnet_stream_free (load.stream);
  g_free (load.requests);
  return ok;
}

static gboolean
bench_batch (AlexnetModel *model, const InspectEngineOptions *options,
    guint batch, int seconds, GError **error)
{
  g_autoptr (AlexnetEngine)
      engine = inspect_get_engine (model, options, batch, error);
  g_autofree float *tensor = make_tensor (model);
  Measurement m = { 0 };

  if (!engine || !measure (engine, tensor, batch, seconds, &m, error))
    return FALSE;
  printf ("%-9s %-9s %5u %11.1f %9.1f .. %-9.1f %9.1f %9.2f\n",
      alexnet_engine_get_backend (engine),
      alexnet_precision_name (alexnet_engine_get_precision (engine)), batch,
      m.rates[N_WINDOWS / 2], m.rates[0], m.rates[N_WINDOWS - 1],
      (double) m.stats.images / (double) m.stats.batches,
      (double) m.stats.inference_time / 1e6 / (double) m.stats.batches);
  fflush (stdout);
  return TRUE;
}

static gboolean
print_plans (AlexnetModel *model, const InspectEngineOptions *options,
    guint max_batch, GError **error)
{
  g_autoptr (AlexnetEngine)
      engine = inspect_get_engine (model, options, max_batch, error);

  if (!engine)
    return FALSE;
  printf ("%-12s %5s  %-13s %s\n", "layer", "batch", "chosen",
      "milliseconds of each");
  inspect_print_lines (alexnet_engine_get_choices (engine));
  return TRUE;
}

/* "1,8,32" -> { 1, 8, 32 } */
static GArray *
parse_batches (const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  g_autoptr (GArray) batches = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; parts[i]; i++) {
    guint64 value;
    guint batch;

    if (!g_ascii_string_to_unsigned (parts[i], 10, 1, ALEXNET_MAX_BATCH_SIZE,
            &value, NULL)) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
          "batch size '%s', expected 1 to %d", parts[i],
          ALEXNET_MAX_BATCH_SIZE);
      return NULL;
    }
    batch = (guint) value;
    g_array_append_val (batches, batch);
  }
  return g_steal_pointer (&batches);
}

static guint
largest_batch (const GArray *batches)
{
  guint largest = 0;

  for (guint i = 0; i < batches->len; i++)
    largest = MAX (largest, g_array_index (batches, guint, i));
  return largest;
}

static gboolean
bench (AlexnetModel *model, const InspectEngineOptions *options,
    const char *batches_text, int seconds, gboolean plans, GError **error)
{
  g_autoptr (GArray) batches = parse_batches (batches_text, error);

  if (!batches)
    return FALSE;
  if (seconds < 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "%d seconds, expected at least 1", seconds);
    return FALSE;
  }
  if (plans)
    return print_plans (model, options, largest_batch (batches), error);
  printf ("%-9s %-9s %5s %11s %22s %9s %9s\n", "backend", "precision", "batch",
      "frames/s", "lowest .. highest", "in batch", "ms/batch");
  for (guint i = 0; i < batches->len; i++)
    if (!bench_batch (model, options, g_array_index (batches, guint, i),
            seconds, error))
      return FALSE;
  return TRUE;
}

gboolean
inspect_bench (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("[MODEL]");
  g_auto (InspectEngineOptions) options = { 0 };
  g_auto (InspectModelOptions) model_options = { 0 };
  g_autoptr (AlexnetModel) model = NULL;
  g_autofree char *batches = NULL;
  int seconds = DEFAULT_SECONDS;
  gboolean plans = FALSE;
  const GOptionEntry entries[] = {
    { "batch-sizes", 'n', 0, G_OPTION_ARG_STRING, &batches,
        "comma-separated (default: 1,8,32)", "LIST" },
    { "seconds", 's', 0, G_OPTION_ARG_INT, &seconds,
        "for each batch size (default: 3)", "N" },
    { "plans", 0, 0, G_OPTION_ARG_NONE, &plans,
        "print how each layer is computed, and do not measure", NULL },
    { NULL },
  };

  g_option_context_set_summary (context,
      "Measures the network on ready tensors with two batches in flight: the\n"
      "median, lowest and highest of five windows, images in a batch and time\n"
      "of one.");
  inspect_model_options_add (context, &model_options);
  inspect_engine_options_add (context, &options);
  g_option_context_add_main_entries (context, entries, NULL);
  return inspect_parse (context, &argc, argv, 0, 1, error) &&
      (model = inspect_load_model (argc > 1 ? argv[1] : NULL, &model_options,
           error)) != NULL &&
      bench (model, &options, batches ? batches : DEFAULT_BATCHES, seconds,
          plans, error);
}
