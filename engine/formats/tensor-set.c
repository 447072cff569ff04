/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "formats.h"

#include <stdarg.h>
#include <string.h>

#define MAX_QUOTED 64
#define MAX_TENSORS 100000

static void
entry_free (gpointer data)
{
  AlexnetTensorEntry *entry = data;

  g_free (entry->name);
  g_free (entry->unusable);
  g_free (entry);
}

AlexnetTensorSet *
alexnet_tensor_set_new (void)
{
  AlexnetTensorSet *set = g_new0 (AlexnetTensorSet, 1);

  set->entries = g_ptr_array_new_with_free_func (entry_free);
  set->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  set->metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  return set;
}

void
alexnet_tensor_set_free (AlexnetTensorSet *set)
{
  if (!set)
    return;
  g_hash_table_unref (set->metadata);
  g_hash_table_unref (set->by_name);
  g_ptr_array_unref (set->entries);
  g_free (set);
}

gboolean
alexnet_tensor_set_add (AlexnetTensorSet *set, const char *name,
    const AlexnetTensor *tensor, char *unusable, GError **error)
{
  g_autofree char *reason = unusable;
  g_autofree char *quoted = NULL;
  AlexnetTensorEntry *entry;

  if (set->entries->len >= MAX_TENSORS)
    return alexnet_format_error (error, "more than %d tensors", MAX_TENSORS);
  if (alexnet_tensor_set_find (set, name)) {
    quoted = alexnet_quote (name);
    return alexnet_format_error (error, "tensor %s is there twice", quoted);
  }
  entry = g_new0 (AlexnetTensorEntry, 1);
  entry->name = g_strdup (name);
  entry->unusable = g_steal_pointer (&reason);
  if (!entry->unusable)
    entry->tensor = *tensor;
  g_ptr_array_add (set->entries, entry);
  g_hash_table_insert (set->by_name, entry->name, entry);
  return TRUE;
}

const AlexnetTensorEntry *
alexnet_tensor_set_find (const AlexnetTensorSet *set, const char *name)
{
  return g_hash_table_lookup (set->by_name, name);
}

gsize
alexnet_clamp_size (guint64 number)
{
  return (gsize) MIN (number, G_MAXSIZE);
}

gboolean
alexnet_dims_multiply (const gsize *dims, guint n_dims, gsize *n_values)
{
  *n_values = 1;
  for (guint i = 0; i < n_dims; i++)
    if (!g_size_checked_mul (n_values, *n_values, dims[i]))
      return FALSE;
  return TRUE;
}

char *
alexnet_quote (const char *text)
{
  gsize length = strnlen (text, MAX_QUOTED + 1);
  g_autofree char *head = g_strndup (text, MIN (length, MAX_QUOTED));
  g_autofree char *escaped = g_strescape (head, NULL);

  return g_strconcat ("'", escaped, length > MAX_QUOTED ? "..." : "", "'",
      NULL);
}

gboolean
alexnet_format_error (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (ALEXNET_ERROR, ALEXNET_ERROR_FORMAT, format,
        args);
  va_end (args);
  return FALSE;
}
