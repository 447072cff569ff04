/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fields.h"

static void
store_string (char **field, const GValue *value)
{
  const char *string = g_value_get_string (value);

  g_free (*field);
  *field = string && *string ? g_strdup (string) : NULL;
}

static void
store_structure (GstStructure **field, const GValue *value)
{
  gst_clear_structure (field);
  *field = g_value_dup_boxed (value);
}

gboolean
gst_alexnet_property_store (gpointer structure, gsize offset,
    const GValue *value)
{
  gpointer field = G_STRUCT_MEMBER_P (structure, offset);

  if (G_VALUE_HOLDS_STRING (value))
    store_string (field, value);
  else if (GST_VALUE_HOLDS_STRUCTURE (value))
    store_structure (field, value);
  else if (G_VALUE_HOLDS_ENUM (value))
    *(int *) field = g_value_get_enum (value);
  else if (G_VALUE_HOLDS_FLAGS (value))
    *(guint *) field = g_value_get_flags (value);
  else if (G_VALUE_HOLDS_INT (value))
    *(int *) field = g_value_get_int (value);
  else if (G_VALUE_HOLDS_UINT (value))
    *(guint *) field = g_value_get_uint (value);
  else if (G_VALUE_HOLDS_UINT64 (value))
    *(guint64 *) field = g_value_get_uint64 (value);
  else if (G_VALUE_HOLDS_FLOAT (value))
    *(float *) field = g_value_get_float (value);
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    *(gboolean *) field = g_value_get_boolean (value);
  else
    return FALSE;
  return TRUE;
}

gboolean
gst_alexnet_property_read (gconstpointer structure, gsize offset, GValue *value)
{
  gconstpointer field = G_STRUCT_MEMBER_P (structure, offset);

  if (G_VALUE_HOLDS_STRING (value))
    g_value_set_string (value, *(char *const *) field);
  else if (GST_VALUE_HOLDS_STRUCTURE (value))
    g_value_set_boxed (value, *(GstStructure *const *) field);
  else if (G_VALUE_HOLDS_ENUM (value))
    g_value_set_enum (value, *(const int *) field);
  else if (G_VALUE_HOLDS_FLAGS (value))
    g_value_set_flags (value, *(const guint *) field);
  else if (G_VALUE_HOLDS_INT (value))
    g_value_set_int (value, *(const int *) field);
  else if (G_VALUE_HOLDS_UINT (value))
    g_value_set_uint (value, *(const guint *) field);
  else if (G_VALUE_HOLDS_UINT64 (value))
    g_value_set_uint64 (value, *(const guint64 *) field);
  else if (G_VALUE_HOLDS_FLOAT (value))
    g_value_set_float (value, *(const float *) field);
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    g_value_set_boolean (value, *(const gboolean *) field);
  else
    return FALSE;
  return TRUE;
}
