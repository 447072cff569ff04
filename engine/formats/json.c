/* SPDX-License-Identifier: LGPL-2.1-or-later */

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
