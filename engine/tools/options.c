/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#include <string.h>

static void
add_entries (GOptionContext *context, InspectEngineOptions *options)
{
  const GOptionEntry entries[] = {
    { "backend", 'b', 0, G_OPTION_ARG_STRING, &options->backend,
        options->backend_help, "NAME" },
    { "precision", 'p', 0, G_OPTION_ARG_STRING, &options->precision,
        "auto, fp32, bf16, int8, ... (default: auto)", "NAME" },
    { "threads", 't', 0, G_OPTION_ARG_INT, &options->threads,
        "of the CPU (default: all that it may use)", "N" },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

void
inspect_engine_options_add (GOptionContext *context,
    InspectEngineOptions *options)
{
  g_autofree char *names = g_strjoinv (", ",
      (char **) alexnet_backend_names ());

  options->backend_help = g_strdup_printf ("%s or auto (default: auto)", names);
  add_entries (context, options);
}

void
inspect_engine_options_clear (InspectEngineOptions *options)
{
  g_clear_pointer (&options->backend_help, g_free);
  g_clear_pointer (&options->backend, g_free);
  g_clear_pointer (&options->precision, g_free);
}

static char *
list_precisions (void)
{
  GString *names = g_string_new (NULL);

  for (AlexnetPrecision p = 0; p < ALEXNET_N_PRECISIONS; p++)
    g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "",
        alexnet_precision_name (p));
  return g_string_free (names, FALSE);
}

static gboolean
parse_precision (const char *name, AlexnetPrecision *precision, GError **error)
{
  g_autofree char *names = NULL;

  *precision = ALEXNET_PRECISION_AUTO;
  if (!name)
    return TRUE;
  for (AlexnetPrecision p = 0; p < ALEXNET_N_PRECISIONS; p++) {
    if (!g_str_equal (alexnet_precision_name (p), name))
      continue;
    *precision = p;
    return TRUE;
  }
  names = list_precisions ();
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "there is no precision '%s', expected one of %s", name, names);
  return FALSE;
}

AlexnetEngine *
inspect_get_engine (AlexnetModel *model, const InspectEngineOptions *options,
    guint max_batch_size, GError **error)
{
  AlexnetEngineParams params = {
    .backend = options->backend,
    .cpu_threads = (guint) options->threads,
    .max_batch_size = max_batch_size,
  };

  if (options->threads < 0) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "%d threads, expected at least 1", options->threads);
    return NULL;
  }
  if (!parse_precision (options->precision, &params.precision, error))
    return NULL;
  return alexnet_engine_get (model, &params, error);
}

void
inspect_model_options_add (GOptionContext *context,
    InspectModelOptions *options)
{
  const GOptionEntry entries[] = {
    { "part", 0, 0, G_OPTION_ARG_STRING, &options->part,
        "network to take from a file that holds several", "NAME" },
    { "architecture", 0, 0, G_OPTION_ARG_STRING, &options->architecture,
        "torchvision, caffe or caffenet (default: as the file says)", "NAME" },
    { "labels", 0, 0, G_OPTION_ARG_FILENAME, &options->labels,
        "labels instead of the file's", "FILE" },
    { "mean", 0, 0, G_OPTION_ARG_FILENAME, &options->mean,
        "a mean.binaryproto instead of the file's means", "FILE" },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

void
inspect_model_options_clear (InspectModelOptions *options)
{
  g_clear_pointer (&options->part, g_free);
  g_clear_pointer (&options->architecture, g_free);
  g_clear_pointer (&options->labels, g_free);
  g_clear_pointer (&options->mean, g_free);
}

AlexnetModel *
inspect_load_model (const char *path, const InspectModelOptions *options,
    GError **error)
{
  AlexnetModelParams params = { .part = options->part,
    .architecture = options->architecture,
    .labels_file = options->labels,
    .mean_file = options->mean };
  g_auto (GStrv) problems = NULL;
  AlexnetModel *model;

  if (path)
    return alexnet_model_load (path, &params, error);
  model = alexnet_model_load_default (&params, &problems, error);
  for (guint i = 0; problems[i]; i++)
    inspect_print (stderr, "alexnet-inspect: passed over: %s", problems[i]);
  return model;
}

/* GOption leaves it where an argument behind it begins with a dash. */
static void
drop_separator (int *argc, char **argv)
{
  for (int i = 1; i < *argc; i++) {
    if (!g_str_equal (argv[i], "--"))
      continue;
    memmove (&argv[i], &argv[i + 1], (gsize) (*argc - i) * sizeof *argv);
    --*argc;
    return;
  }
}

gboolean
inspect_parse (GOptionContext *context, int *argc, char **argv, int least,
    int most, GError **error)
{
  int n;

  if (!g_option_context_parse (context, argc, &argv, error))
    return FALSE;
  drop_separator (argc, argv);
  n = *argc - 1;
  if (n >= least && n <= most)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "%d arguments, expected %s %d", n, n < least ? "at least" : "at most",
      n < least ? least : most);
  return FALSE;
}

gboolean
inspect_check_output (const char *output, GError **error)
{
  if (output)
    return TRUE;
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "where to? -o OUT.safetensors says it");
  return FALSE;
}
