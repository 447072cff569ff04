/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inspect.h"

/* Of a character of valid UTF-8, or of a byte that is none. */
static void
append_escaped (GString *escaped, const char *text, gsize length)
{
  g_autofree char *piece = g_strndup (text, length);
  g_autofree char *code = g_strescape (piece, NULL);

  g_string_append (escaped, code);
}

static char *
escape (const char *text)
{
  GString *escaped = g_string_new (NULL);

  while (*text) {
    gunichar c = g_utf8_get_char_validated (text, -1);
    gboolean is_valid = c != (gunichar) -1 && c != (gunichar) -2;
    gsize length = is_valid ? (gsize) (g_utf8_next_char (text) - text) : 1;

    if (!is_valid || g_unichar_iscntrl (c))
      append_escaped (escaped, text, length);
    else
      g_string_append_len (escaped, text, (gssize) length);
    text += length;
  }
  return g_string_free (escaped, FALSE);
}

void
inspect_print (FILE *stream, const char *format, ...)
{
  g_autofree char *line = NULL, *escaped = NULL;
  va_list arguments;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  escaped = escape (line);
  fprintf (stream, "%s\n", escaped);
}

void
inspect_print_lines (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i]; i++)
    if (lines[i + 1] || lines[i][0] != '\0')
      inspect_print (stdout, "%s", lines[i]);
}
