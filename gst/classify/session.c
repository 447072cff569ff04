/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "session.h"

#include "properties.h"

static gboolean
check_backend (const char *name, GError **error)
{
  const char *const *names = alexnet_backend_names ();
  g_autofree char *all = NULL;

  if (g_str_equal (name, "auto") || g_strv_contains (names, name))
    return TRUE;
  all = g_strjoinv (", ", (char **) names);
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
      "backend '%s' is not in this build; it has: %s", name, all);
  return FALSE;
}

static gboolean
check_channels (const char *name, const GstAlexnetChannels *channels,
    guint n_channels, gboolean zero_allowed, GError **error)
{
  if (channels->n != 0 && channels->n != n_channels) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "property %s has %u values, expected %u or none", name, channels->n,
        n_channels);
    return FALSE;
  }
  for (guint i = 0; i < channels->n && !zero_allowed; i++)
    if (channels->values[i] == 0) {
      g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
          "property %s has a zero, nothing can be divided by that", name);
      return FALSE;
    }
  return TRUE;
}

static AlexnetModel *
load_model (const GstAlexnetSettings *settings, char ***problems,
    GError **error)
{
  AlexnetModelParams params = { .part = settings->model_part,
    .architecture = settings->architecture,
    .mean_file = settings->mean_file };

  *problems = NULL;
  return settings->model_file
      ? alexnet_model_load (settings->model_file, &params, error)
      : alexnet_model_load_default (&params, problems, error);
}

static gboolean
check_model (const AlexnetModel *model, const GstAlexnetSettings *settings,
    GError **error)
{
  guint n = alexnet_model_get_input_channels (model);

  return check_channels ("mean", &settings->mean, n, TRUE, error) &&
      check_channels ("std", &settings->std, n, FALSE, error);
}

static char **
number_labels (guint n)
{
  char **labels = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    labels[i] = g_strdup_printf ("%u", i);
  return labels;
}

static gboolean
load_labels (GstAlexnetSession *session, const char *path, GError **error)
{
  const char *const *own = alexnet_model_get_labels (session->model);
  guint n_classes = alexnet_model_get_n_classes (session->model);
  guint n;

  if (path)
    session->labels = alexnet_labels_load (path, error);
  else if (own)
    session->labels = g_strdupv ((char **) own);
  else
    session->labels = number_labels (n_classes);
  if (!session->labels)
    return FALSE;
  n = g_strv_length (session->labels);
  if (n == n_classes)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "%s has %u labels, expected %u, the classes of %s",
      path ? path : "the model file", n, n_classes,
      alexnet_model_get_path (session->model));
  return FALSE;
}

/* What all results say need not be copied into each of them. */
static void
intern_strings (GstAlexnetSession *session, const char *unknown_label)
{
  g_autofree char *name =
      g_filename_display_basename (alexnet_model_get_path (session->model));
  guint n = g_strv_length (session->labels);

  session->name = g_quark_from_string (name);
  session->unknown_label = g_quark_from_string (unknown_label);
  session->quarks = g_new (GQuark, n);
  for (guint i = 0; i < n; i++)
    session->quarks[i] = g_quark_from_string (session->labels[i]);
}

static gboolean
ignore_class (GstAlexnetSession *session, const char *label)
{
  gboolean found = FALSE;

  for (guint i = 0; session->labels[i]; i++)
    if (g_str_equal (session->labels[i], label))
      found = session->ignored[i] = TRUE;
  return found;
}

/* The unknown state takes in a class of its name. */
static gboolean
load_states (GstAlexnetSession *session, const GstAlexnetSettings *settings,
    GError **error)
{
  g_auto (GStrv)
      ignored = gst_alexnet_class_names_split (settings->ignored_classes);

  if (!settings->unknown_label) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "property unknown-label is empty, expected a name");
    return FALSE;
  }
  session->ignored = g_new0 (gboolean, g_strv_length (session->labels));
  ignore_class (session, settings->unknown_label);
  for (guint i = 0; ignored && ignored[i]; i++)
    if (!ignore_class (session, ignored[i])) {
      g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
          "property ignored-classes has '%s', expected labels of %s with "
          "commas between them, and \\, for a comma in one",
          ignored[i], alexnet_model_get_path (session->model));
      return FALSE;
    }
  return TRUE;
}

gboolean
gst_alexnet_session_load (GstAlexnetSession *session,
    const GstAlexnetSettings *settings, char ***problems, GError **error)
{
  *problems = NULL;
  if (!check_backend (gst_alexnet_backend_name (settings->backend), error))
    return FALSE;

  session->model = load_model (settings, problems, error);
  if (!session->model || !check_model (session->model, settings, error) ||
      !load_labels (session, settings->labels_file, error) ||
      !load_states (session, settings, error))
    goto fail;
  intern_strings (session, settings->unknown_label);
  return TRUE;

fail:
  gst_alexnet_session_unload (session);
  return FALSE;
}

void
gst_alexnet_session_unload (GstAlexnetSession *session)
{
  g_clear_pointer (&session->ignored, g_free);
  g_clear_pointer (&session->quarks, g_free);
  g_clear_pointer (&session->labels, g_strfreev);
  g_clear_pointer (&session->model, alexnet_model_unref);
}

/* A failure is the first frame's to report. */
static guint64
measure (GstAlexnetSession *session)
{
  gsize side = alexnet_model_get_input_size (session->model);
  guint n_channels = alexnet_model_get_input_channels (session->model);
  g_autofree float *zeros = g_new0 (float, n_channels * side * side);
  AlexnetRequest *request = alexnet_stream_submit_tensor (session->stream,
      zeros, NULL);
  AlexnetResult result = { 0 };

  if (request)
    alexnet_request_wait (request, &result, NULL);
  alexnet_request_release (request);
  return result.queue_time + result.inference_time;
}

/* How long one image takes, so that the first LATENCY query, which comes
 * before the first frame, has an answer: as whoever came first to the engine
 * has found. Where a lone frame would wait for others, there is no answer. */
static guint64
find_first_time (GstAlexnetSession *session, const GstAlexnetSettings *settings)
{
  AlexnetEngineStats stats;

  if (settings->batch_timeout != 0)
    return 0;
  alexnet_engine_get_stats (session->engine, &stats);
  return stats.image_time > 0 ? stats.image_time : measure (session);
}

AlexnetCropMode
gst_alexnet_session_get_crop_mode (const GstAlexnetSession *session,
    const GstAlexnetSettings *settings)
{
  if (settings->crop_mode != ALEXNET_CROP_MODEL)
    return settings->crop_mode;
  return alexnet_model_get_preprocess (session->model)->crop_mode;
}

/* The model's preprocessing with what the user wants otherwise. */
static AlexnetPreprocess
get_preprocess (const GstAlexnetSession *session,
    const GstAlexnetSettings *settings)
{
  AlexnetPreprocess preprocess = *alexnet_model_get_preprocess (session->model);

  preprocess.crop_mode = gst_alexnet_session_get_crop_mode (session, settings);
  for (guint i = 0; i < settings->mean.n; i++)
    preprocess.mean[i] = settings->mean.values[i];
  for (guint i = 0; i < settings->std.n; i++)
    preprocess.std[i] = settings->std.values[i];
  return preprocess;
}

gboolean
gst_alexnet_session_start (GstAlexnetSession *session,
    const GstAlexnetSettings *settings, void *cuda_context, GError **error)
{
  AlexnetEngineParams params = {
    .id = settings->engine_id,
    .backend = gst_alexnet_backend_name (settings->backend),
    .precision = settings->precision,
    .cpu_threads = settings->cpu_threads,
    .cuda_device = settings->cuda_device_id + 1,
    .cuda_context = cuda_context,
    .max_batch_size = settings->max_batch_size,
    .batch_timeout = settings->batch_timeout,
    .embedding = settings->attach & GST_ALEXNET_ATTACH_EMBEDDING,
  };
  guint depth = settings->max_in_flight;

  session->engine = alexnet_engine_get (session->model, &params, error);
  if (!session->engine)
    return FALSE;
  if (!g_str_equal (alexnet_engine_get_backend (session->engine), "cudnn"))
    cuda_context = NULL;
  session->cuda_context = cuda_context;
  session->backend =
      g_quark_from_string (alexnet_engine_get_backend (session->engine));
  if (depth == 0)
    depth = MIN (2 * settings->max_batch_size, ALEXNET_MAX_BATCH_SIZE);
  session->depth = depth;
  session->attach = settings->attach;
  session->ten_crop = settings->ten_crop;
  session->preprocess = get_preprocess (session, settings);
  session->stream = alexnet_stream_new (session->engine, &session->preprocess,
      GST_ALEXNET_MAX_REQUESTS);
  session->first_time = find_first_time (session, settings);
  return TRUE;
}

void
gst_alexnet_session_stop (GstAlexnetSession *session)
{
  g_clear_pointer (&session->stream, alexnet_stream_free);
  g_clear_pointer (&session->engine, alexnet_engine_unref);
}

void
gst_alexnet_session_set_flushing (GstAlexnetSession *session, gboolean flushing)
{
  if (session->stream)
    alexnet_stream_set_flushing (session->stream, flushing);
}

void
gst_alexnet_session_announce (GstAlexnetSession *session)
{
  if (session->stream)
    alexnet_stream_announce (session->stream);
}

void
gst_alexnet_session_drain (GstAlexnetSession *session)
{
  if (session->stream)
    alexnet_stream_drain (session->stream);
}

GstAlexnetModelInfo
gst_alexnet_session_get_model_info (const GstAlexnetSession *session)
{
  return (GstAlexnetModelInfo){
    .model = session->name,
    .backend = session->backend,
    .labels = session->quarks,
    .unknown_label = session->unknown_label,
  };
}
