/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#define DEPTH 16
#define DEFAULT_TOP_K 5

/* Requests in flight are [done, submitted), in a ring. */
typedef struct {
  char **paths;
  guint n_paths, submitted, done, n_failed;
  guint top_k;
  const AlexnetModel *model;
  AlexnetStream *stream;
  AlexnetRequest *requests[DEPTH];
  GError *errors[DEPTH];
  InspectProgress progress;
} Job;

static AlexnetRequest *
submit_image (Job *job, const char *path, GError **error)
{
  AlexnetImage image;
  g_autoptr (GdkPixbuf)
      pixbuf = inspect_load_image (path, &job->progress, &image, error);

  return pixbuf ? alexnet_stream_submit (job->stream, &image, NULL, error)
                : NULL;
}

static void
submit_next (Job *job)
{
  guint i = job->submitted % DEPTH;

  job->requests[i] = submit_image (job, job->paths[job->submitted],
      &job->errors[i]);
  job->submitted++;
}

static void
print_result (const Job *job, const char *path, const AlexnetResult *result)
{
  const char *const *labels = alexnet_model_get_labels (job->model);
  g_autofree guint *best = g_new (guint, job->top_k);
  guint n = alexnet_top_k (result->probabilities, result->n_classes, job->top_k,
      best);

  for (guint i = 0; i < n; i++) {
    double percent = 100 * (double) result->probabilities[best[i]];

    if (labels)
      inspect_print (stdout, "%s: %.1f %% %s", path, percent, labels[best[i]]);
    else
      inspect_print (stdout, "%s: %.1f %% class %u", path, percent, best[i]);
  }
}

/* Prints the oldest result, or why there is none. */
static void
finish_oldest (Job *job)
{
  guint i = job->done % DEPTH;
  const char *path = job->paths[job->done++];
  AlexnetResult result;

  inspect_progress_end (&job->progress);
  if (job->requests[i] &&
      alexnet_request_wait (job->requests[i], &result, &job->errors[i])) {
    print_result (job, path, &result);
  } else {
    inspect_print (stderr, "alexnet-inspect: %s: %s", path,
        job->errors[i]->message);
    job->n_failed++;
  }
  g_clear_error (&job->errors[i]);
  g_clear_pointer (&job->requests[i], alexnet_request_release);
  inspect_progress_update (&job->progress, (double) job->done / job->n_paths);
}

static void
run_job (Job *job)
{
  inspect_progress_begin (&job->progress);
  while (job->done < job->n_paths) {
    if (job->submitted < job->n_paths && job->submitted - job->done < DEPTH)
      submit_next (job);
    else
      finish_oldest (job);
  }
  inspect_progress_end (&job->progress);
}

static gboolean
classify (AlexnetModel *model, const InspectEngineOptions *options, int top_k,
    char **images, GError **error)
{
  g_autoptr (AlexnetEngine)
      engine = inspect_get_engine (model, options, DEPTH, error);
  Job job = {
    .paths = images, .n_paths = g_strv_length (images), .model = model
  };

  if (!engine)
    return FALSE;
  job.top_k = MIN ((guint) top_k, alexnet_model_get_n_classes (model));
  job.stream = alexnet_stream_new (engine, NULL, DEPTH);
  run_job (&job);
  alexnet_stream_free (job.stream);
  return job.n_failed == 0;
}

static gboolean
check_top_k (int top_k, GError **error)
{
  if (top_k >= 1)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "top-k is %d, expected at least 1", top_k);
  return FALSE;
}

gboolean
inspect_classify (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("IMAGE...");
  g_auto (InspectEngineOptions) options = { 0 };
  g_auto (InspectModelOptions) model_options = { 0 };
  g_autoptr (AlexnetModel) model = NULL;
  g_autofree char *path = NULL;
  int top_k = DEFAULT_TOP_K;
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &path,
        "model file (default: as the element finds it)", "FILE" },
    { "top-k", 'k', 0, G_OPTION_ARG_INT, &top_k,
        "results for each image (default: 5)", "N" },
    { NULL },
  };

  g_option_context_set_summary (context,
      "Prints probability and label of what is in each image. An image that\n"
      "cannot be read costs a message and the exit code 1; the others are\n"
      "classified.");
  inspect_model_options_add (context, &model_options);
  inspect_engine_options_add (context, &options);
  g_option_context_add_main_entries (context, entries, NULL);
  return inspect_parse (context, &argc, argv, 1, G_MAXINT, error) &&
      check_top_k (top_k, error) &&
      (model = inspect_load_model (path, &model_options, error)) != NULL &&
      classify (model, &options, top_k, argv + 1, error);
}
