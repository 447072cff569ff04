/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

static void
update (gpointer user, double fraction)
{
  inspect_progress_update (user, fraction);
}

/* What of the file was not taken over, or was assumed. */
static void
print_notes (const AlexnetModel *model)
{
  g_auto (GStrv)
      lines = g_strsplit (alexnet_model_get_origin (model), "\n", -1);

  for (guint i = 0; lines[i]; i++)
    if (g_str_has_prefix (lines[i], "note: "))
      inspect_print (stderr, "alexnet-inspect: %s", lines[i]);
}

static gboolean
convert (const char *path, const InspectModelOptions *options,
    const char *output, GError **error)
{
  g_autoptr (AlexnetModel) model = inspect_load_model (path, options, error);
  InspectProgress bar;
  AlexnetProgress progress = { update, &bar };
  gboolean ok;

  if (!model)
    return FALSE;
  inspect_progress_begin (&bar);
  ok = alexnet_model_save (model, output, &progress, error);
  inspect_progress_end (&bar);
  if (!ok)
    return FALSE;
  inspect_print (stdout, "%s: all of %s", output, path);
  print_notes (model);
  return TRUE;
}

gboolean
inspect_convert (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("MODEL");
  g_auto (InspectModelOptions) options = { 0 };
  g_autofree char *output = NULL;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "file to write",
        "FILE" },
    { NULL },
  };

  g_option_context_set_summary (context,
      "Writes a model file of any kind as one safetensors file that describes\n"
      "itself: weights, table of layers, labels, preprocessing.");
  inspect_model_options_add (context, &options);
  g_option_context_add_main_entries (context, entries, NULL);
  return inspect_parse (context, &argc, argv, 1, 1, error) &&
      inspect_check_output (output, error) &&
      convert (argv[1], &options, output, error);
}
