/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "json.h"

#include <math.h>

#include "formats.h"
#include "json-syntax.h"

JsonNode *
alexnet_json_parse (const char *text, gsize size, const char *what,
    GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) cause = NULL;

  if (size > ALEXNET_MAX_JSON) {
    alexnet_format_error (error,
        "%s of %" G_GSIZE_FORMAT " bytes, expected at most %u", what, size,
        ALEXNET_MAX_JSON);
    return NULL;
  }
  if (!g_utf8_validate (text, (gssize) size, NULL)) {
    alexnet_format_error (error, "%s is not UTF-8 text", what);
    return NULL;
  }
  if (!alexnet_json_check_syntax (text, size, what, error))
    return NULL;
  parser = json_parser_new_immutable ();
  if (json_parser_load_from_data (parser, text, (gssize) size, &cause))
    return json_parser_steal_root (parser);
  g_strdelimit (cause->message, "\n\r", ' ');
  alexnet_format_error (error, "%s is not JSON: %s", what, cause->message);
  return NULL;
}

static GType
type_of (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node)
                                              : G_TYPE_INVALID;
}

const char *
alexnet_json_get_string (JsonNode *node)
{
  return type_of (node) == G_TYPE_STRING ? json_node_get_string (node) : NULL;
}

JsonObject *
alexnet_json_get_object (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                               : NULL;
}

JsonArray *
alexnet_json_get_array (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                              : NULL;
}

double
alexnet_json_get_number (JsonNode *node)
{
  GType type = type_of (node);

  return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE
      ? json_node_get_double (node)
      : NAN;
}

gboolean
alexnet_json_get_size (JsonNode *node, guint64 *size)
{
  gint64 value = type_of (node) == G_TYPE_INT64 ? json_node_get_int (node) : -1;

  *size = (guint64) value;
  return value >= 0;
}

void
alexnet_json_append_numbers (GString *json, const char *key,
    const double *values, guint n)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (json, ",\"%s\":[", key);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (json, "%s%s", i > 0 ? "," : "",
        g_ascii_dtostr (buffer, sizeof buffer, values[i]));
  g_string_append_c (json, ']');
}
