/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#include <stdio.h>

static const char *const metadata_keys[] = { "source", "licence", "accuracy" };

static void
print_channels (const char *what, const float *values, guint n)
{
  printf ("%s:", what);
  for (guint c = 0; c < n; c++)
    printf (" %g", (double) values[c]);
  puts ("");
}

static void
print_preprocess (const AlexnetModel *model)
{
  const AlexnetPreprocess *p = alexnet_model_get_preprocess (model);
  guint size = alexnet_model_get_input_size (model);
  guint n = alexnet_model_get_input_channels (model);
  const char *order = alexnet_channel_order_name (p->channel_order);

  printf ("input: %ux%u %s, %s from %u, %s\n", size, size,
      n == 1 ? "luma" : order, alexnet_crop_mode_name (p->crop_mode),
      p->resize_size, alexnet_interpolation_name (p->interpolation));
  print_channels ("mean", p->mean, n);
  print_channels ("std", p->std, n);
}

static void
print_model (const AlexnetModel *model)
{
  const char *const *labels = alexnet_model_get_labels (model);
  guint n = alexnet_model_get_n_classes (model);

  inspect_print (stdout, "file: %s", alexnet_model_get_path (model));
  inspect_print (stdout, "architecture: %s",
      alexnet_model_get_architecture (model));
  printf ("classes: %u\n", n);
  if (labels)
    inspect_print (stdout, "labels: %s ... %s", labels[0], labels[n - 1]);
  else
    puts ("labels: none");
  print_preprocess (model);
  inspect_print_lines (alexnet_model_get_origin (model));
  for (guint i = 0; i < G_N_ELEMENTS (metadata_keys); i++) {
    const char *text = alexnet_model_get_metadata (model, metadata_keys[i]);

    if (text)
      inspect_print (stdout, "%s: %s", metadata_keys[i], text);
  }
}

/* A grey image, that is, zeros after normalisation. */
static gboolean
run_once (AlexnetModel *model, AlexnetEngine *engine, GError **error)
{
  gsize size = alexnet_model_get_input_size (model);
  guint n_channels = alexnet_model_get_input_channels (model);
  g_autofree float *tensor = g_new0 (float, n_channels * size * size);
  AlexnetStream *stream = alexnet_stream_new (engine, NULL, 1);
  AlexnetRequest *request = alexnet_stream_submit_tensor (stream, tensor,
      error);
  AlexnetResult result;
  gboolean ok = request && alexnet_request_wait (request, &result, error);

  alexnet_request_release (request);
  alexnet_stream_free (stream);
  if (ok)
    printf ("backend: %s, %s\n", alexnet_engine_get_backend (engine),
        alexnet_precision_name (alexnet_engine_get_precision (engine)));
  return ok;
}

gboolean
inspect_check (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("[MODEL]");
  g_auto (InspectEngineOptions) options = { 0 };
  g_auto (InspectModelOptions) model_options = { 0 };
  g_autoptr (AlexnetModel) model = NULL;
  g_autoptr (AlexnetEngine) engine = NULL;

  g_option_context_set_summary (context,
      "Loads a model file (default: the one that is used when none is named),\n"
      "says what is in it, and runs it once.");
  inspect_model_options_add (context, &model_options);
  inspect_engine_options_add (context, &options);
  if (!inspect_parse (context, &argc, argv, 0, 1, error))
    return FALSE;
  model = inspect_load_model (argc > 1 ? argv[1] : NULL, &model_options, error);
  if (!model)
    return FALSE;
  print_model (model);
  engine = inspect_get_engine (model, &options, 1, error);
  return engine && run_once (model, engine, error);
}
