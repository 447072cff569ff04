/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

static gboolean
add_image (AlexnetCalibration *calibration, const char *path,
    InspectProgress *progress, GError **error)
{
  AlexnetImage image;
  GdkPixbuf *pixbuf = inspect_load_image (path, progress, &image, error);
  gboolean ok = pixbuf && alexnet_calibration_add (calibration, &image, error);

  g_clear_object (&pixbuf);
  return ok;
}

static gboolean
add_images (AlexnetCalibration *calibration, char **images, GError **error)
{
  guint n = g_strv_length (images);
  InspectProgress progress;
  gboolean ok = TRUE;

  inspect_progress_begin (&progress);
  for (guint i = 0; ok && i < n; i++) {
    ok = add_image (calibration, images[i], &progress, error);
    if (!ok)
      g_prefix_error (error, "%s: ", images[i]);
    inspect_progress_update (&progress, (i + 1.0) / n);
  }
  inspect_progress_end (&progress);
  return ok;
}

static gboolean
calibrate (const char *path, const InspectModelOptions *options, char **images,
    const char *output, GError **error)
{
  g_autoptr (AlexnetModel) model = inspect_load_model (path, options, error);
  g_autoptr (AlexnetCalibration) calibration = NULL;
  guint n = g_strv_length (images);

  if (!model)
    return FALSE;
  calibration = alexnet_calibration_new (model, error);
  if (!calibration || !add_images (calibration, images, error) ||
      !alexnet_calibration_write (calibration, output, error))
    return FALSE;
  inspect_print (stdout, "%s: %s with what precision int8 needs, from %u %s",
      output, path, n, n == 1 ? "image" : "images");
  return TRUE;
}

gboolean
inspect_calibrate (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("MODEL IMAGE...");
  g_auto (InspectModelOptions) options = { 0 };
  g_autofree char *output = NULL;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "file to write",
        "FILE" },
    { NULL },
  };

  g_option_context_set_summary (context,
      "Runs images like those that the model will see through it, and\n"
      "writes a copy of the model, as safetensors, that says how large the\n"
      "values between its layers become: what precision int8 needs. A few\n"
      "hundred images will do.");
  inspect_model_options_add (context, &options);
  g_option_context_add_main_entries (context, entries, NULL);
  return inspect_parse (context, &argc, argv, 2, G_MAXINT, error) &&
      inspect_check_output (output, error) &&
      calibrate (argv[1], &options, argv + 2, output, error);
}
