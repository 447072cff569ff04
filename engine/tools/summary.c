/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

#include <string.h>

/* A file of that name comes first, then, for a name that no file would have, an
 * architecture. */
static char *
summarise (const char *name, const InspectModelOptions *options, GError **error)
{
  g_autoptr (AlexnetModel) model = NULL;

  if (name && !g_file_test (name, G_FILE_TEST_EXISTS) && !strchr (name, '.') &&
      !strchr (name, '/'))
    return alexnet_architecture_summary (name, error);
  model = inspect_load_model (name, options, error);
  return model ? alexnet_model_summary (model) : NULL;
}

gboolean
inspect_summary (int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext)
      context = g_option_context_new ("[MODEL|torchvision|caffe|caffenet]");
  g_auto (InspectModelOptions) options = { 0 };
  g_autofree char *text = NULL;

  g_option_context_set_summary (context,
      "Prints the layers of a model file in the manner of torchsummary; of an\n"
      "architecture at full width without any weights; or of the model that\n"
      "is used when none is named.");
  inspect_model_options_add (context, &options);
  if (!inspect_parse (context, &argc, argv, 0, 1, error))
    return FALSE;
  text = summarise (argc > 1 ? argv[1] : NULL, &options, error);
  if (!text)
    return FALSE;
  inspect_print_lines (text);
  return TRUE;
}
