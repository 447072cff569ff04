/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Modules of PyTorch's: what class each is and how it is set. */

#include "walk.h"

#include <string.h>

#define SCRIPT "__torch__."
#define MANGLED "___torch_mangle_"

/* A layer has some thirty attributes. */
#define MAX_ATTRIBUTES 64
#define MAX_TEXT 16
#define MAX_TYPE 512

static char *
format_pair (const AlexnetPickleValue *tuple)
{
  if (tuple->n_items != 2 ||
      !alexnet_pickle_item_is (tuple, 0, ALEXNET_PICKLE_INT) ||
      !alexnet_pickle_item_is (tuple, 1, ALEXNET_PICKLE_INT))
    return g_strdup ("(...)");
  return g_strdup_printf ("(%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ")",
      tuple->items[0]->integer, tuple->items[1]->integer);
}

/* As Python writes it. */
static char *
format_setting (const AlexnetPickleValue *value)
{
  switch (value->kind) {
    case ALEXNET_PICKLE_BOOL:
      return g_strdup (value->integer ? "True" : "False");
    case ALEXNET_PICKLE_INT:
      return g_strdup_printf ("%" G_GINT64_FORMAT, value->integer);
    case ALEXNET_PICKLE_STRING:
      return strnlen (value->string, MAX_TEXT) < MAX_TEXT
          ? alexnet_quote (value->string)
          : g_strdup ("'...'");
    case ALEXNET_PICKLE_TUPLE:
    case ALEXNET_PICKLE_LIST:
      return format_pair (value);
    default:
      return alexnet_pickle_describe (value);
  }
}

static GHashTable *
get_settings (const AlexnetPickleValue *state)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
      g_free);

  for (guint i = 0; alexnet_module_settings[i]; i++) {
    const char *name = alexnet_module_settings[i];
    const AlexnetPickleValue *value = alexnet_pickle_lookup (state, name);

    if (value)
      g_hash_table_insert (table, (gpointer) name, format_setting (value));
  }
  return table;
}

/* The name of an object's class, or NULL. */
static const char *
get_class (const AlexnetPickleValue *value)
{
  const AlexnetPickleValue *callable = value->object.callable;

  return callable->kind == ALEXNET_PICKLE_GLOBAL ? callable->global.name : NULL;
}

static gboolean
is_script (const AlexnetPickleValue *value)
{
  const char *name = value->kind == ALEXNET_PICKLE_OBJECT ? get_class (value)
                                                          : NULL;

  return name && g_str_has_prefix (name, SCRIPT);
}

/* TorchScript's modules have those inside of them as attributes. */
static gboolean
has_modules (const AlexnetPickleValue *state, gboolean script)
{
  const AlexnetPickleValue *modules = alexnet_pickle_lookup (state, "_modules");

  if (!script)
    return !modules || modules->kind != ALEXNET_PICKLE_DICT ||
        modules->n_items > 0;
  for (guint i = 1; i < state->n_items; i += 2)
    if (is_script (state->items[i]))
      return TRUE;
  return FALSE;
}

/* The class in Python of one of TorchScript's, which numbers equals. */
static char *
get_python_class (const char *name)
{
  g_auto (GStrv) words = g_strsplit (name + strlen (SCRIPT), ".", -1);
  GString *joined = g_string_new (NULL);

  for (guint i = 0; words[i]; i++)
    if (!g_str_has_prefix (words[i], MANGLED))
      g_string_append_printf (joined, "%s%s", joined->len > 0 ? "." : "",
          words[i]);
  return g_string_free (joined, FALSE);
}

AlexnetModule *
alexnet_pickle_to_module (const AlexnetPickleValue *value)
{
  const AlexnetPickleValue *state = value->object.state;
  const char *name = get_class (value);
  gboolean script = is_script (value);
  AlexnetModule *module;

  if (!name || strnlen (name, MAX_TYPE) == MAX_TYPE || !state ||
      state->kind != ALEXNET_PICKLE_DICT ||
      state->n_items > 2 * MAX_ATTRIBUTES || has_modules (state, script))
    return NULL;
  module = g_new0 (AlexnetModule, 1);
  module->type = script ? get_python_class (name) : g_strdup (name);
  module->script = script ? g_strdup (name) : NULL;
  module->settings = get_settings (state);
  return module;
}
