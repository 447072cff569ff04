/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "formats.h"

#define MAX_MODULES 4096

const char *const alexnet_module_settings[] = { "kernel_size", "stride",
  "padding", "dilation", "groups", "padding_mode", "ceil_mode", "output_size",
  NULL };

static void
unref_file (gpointer file)
{
  alexnet_file_unref (file);
}

static void
module_free (gpointer data)
{
  AlexnetModule *module = data;

  g_free (module->name);
  g_free (module->type);
  g_free (module->script);
  g_hash_table_unref (module->settings);
  g_free (module);
}

AlexnetModelSource *
alexnet_model_source_new (void)
{
  AlexnetModelSource *source = g_new0 (AlexnetModelSource, 1);

  source->tensors = alexnet_tensor_set_new ();
  source->modules = g_ptr_array_new_with_free_func (module_free);
  source->notes = g_ptr_array_new_with_free_func (g_free);
  source->files = g_ptr_array_new_with_free_func (unref_file);
  source->arena = g_ptr_array_new_with_free_func (g_free);
  return source;
}

gboolean
alexnet_model_source_add_module (AlexnetModelSource *source,
    AlexnetModule *module, GError **error)
{
  g_ptr_array_add (source->modules, module);
  return source->modules->len <= MAX_MODULES ||
      alexnet_format_error (error, "more than %d modules", MAX_MODULES);
}

void
alexnet_model_source_free (AlexnetModelSource *source)
{
  if (!source)
    return;
  alexnet_tensor_set_free (source->tensors);
  g_free (source->network);
  g_strfreev (source->labels);
  g_free (source->kind);
  g_ptr_array_unref (source->modules);
  g_ptr_array_unref (source->notes);
  g_ptr_array_unref (source->files);
  g_ptr_array_unref (source->arena);
  g_free (source);
}
