/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "formats.h"

#define MAX_DEPTH 8
#define MAX_VALUES 1000000

/* json-glib recurses and allocates as the text tells it to: look first. */
static gboolean
check_size (const char *text, gsize size, const char *what, GError **error)
{
  guint depth = 0, n_values = 0;
  gboolean in_string = FALSE;

  for (gsize i = 0; i < size; i++) {
    char c = text[i];

    if (in_string) {
      if (c == '\\')
        i++;
      else if (c == '"')
        in_string = FALSE;
      continue;
    }
    if (c == '"')
      in_string = TRUE;
    else if (c == '{' || c == '[')
      depth++;
    else if ((c == '}' || c == ']') && depth > 0)
      depth--;
    if (c == '{' || c == '[' || c == ',')
      n_values++;
    if (depth > MAX_DEPTH)
      return alexnet_format_error (error,
          "%s nests deeper than %d levels at byte %" G_GSIZE_FORMAT, what,
          MAX_DEPTH, i);
    if (n_values > MAX_VALUES)
      return alexnet_format_error (error, "%s holds more than %d values", what,
          MAX_VALUES);
  }
  return TRUE;
}

JsonNode *
alexnet_json_parse (const char *text, gsize size, const char *what,
    GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) cause = NULL;
  JsonNode *root;

  if (size > G_MAXINT32 || !g_utf8_validate (text, (gssize) size, NULL)) {
    alexnet_format_error (error, "%s is not UTF-8 text", what);
    return NULL;
  }
  if (!check_size (text, size, what, error))
    return NULL;
  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, text, (gssize) size, &cause)) {
    g_strdelimit (cause->message, "\n\r", ' ');
    alexnet_format_error (error, "%s is not JSON: %s", what, cause->message);
    return NULL;
  }
  root = json_parser_steal_root (parser);
  if (!root)
    alexnet_format_error (error, "%s is empty", what);
  return root;
}
