/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "json-syntax.h"

#include <math.h>
#include <string.h>

#include "formats.h"

#define MAX_DEPTH 32
#define MAX_VALUES 250000
#define MAX_NUMBER 64 /* characters */

typedef struct {
  const char *text;
  gsize size, at;
  char closers[MAX_DEPTH]; /* of what is open */
  guint depth, n_values;
  const char *expected; /* what is not there; NULL: all is well */
} Scanner;

static gboolean
fail (Scanner *s, const char *expected)
{
  s->expected = expected;
  return FALSE;
}

/* The next character; NUL at the end. */
static char
peek (const Scanner *s)
{
  return s->at < s->size ? s->text[s->at] : '\0';
}

static gboolean
take (Scanner *s, char c)
{
  if (s->at >= s->size || s->text[s->at] != c)
    return FALSE;
  s->at++;
  return TRUE;
}

static void
skip_blanks (Scanner *s)
{
  while (s->at < s->size && strchr (" \t\n\r", s->text[s->at]) &&
      s->text[s->at] != '\0')
    s->at++;
}

static gboolean
scan_hex (Scanner *s, guint *code)
{
  *code = 0;
  for (guint i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value (peek (s));

    if (digit < 0)
      return fail (s, "four hexadecimal digits");
    *code = *code << 4 | (guint) digit;
    s->at++;
  }
  return TRUE;
}

/* Behind "\u". */
static gboolean
scan_code (Scanner *s)
{
  guint code, low;

  if (!scan_hex (s, &code))
    return FALSE;
  if (code == 0)
    return fail (s, "a string without \\u0000");
  if (code < 0xd800 || code > 0xdfff)
    return TRUE;
  if (code > 0xdbff || !take (s, '\\') || !take (s, 'u'))
    return fail (s, "a surrogate pair");
  if (!scan_hex (s, &low))
    return FALSE;
  return (low >= 0xdc00 && low <= 0xdfff) || fail (s, "a surrogate pair");
}

static gboolean
scan_escape (Scanner *s)
{
  char c = peek (s);

  if (c == '\0' || !strchr ("\"\\/bfnrtu", c))
    return fail (s, "an escape of JSON");
  s->at++;
  return c != 'u' || scan_code (s);
}

static gboolean
scan_string (Scanner *s)
{
  if (!take (s, '"'))
    return fail (s, "a string");
  while (s->at < s->size) {
    guint8 c = (guint8) s->text[s->at];

    if (c < 0x20)
      return fail (s, "no control character");
    s->at++;
    if (c == '"')
      return TRUE;
    if (c == '\\' && !scan_escape (s))
      return FALSE;
  }
  return fail (s, "the end of a string");
}

static gboolean
scan_digits (Scanner *s)
{
  if (!g_ascii_isdigit (peek (s)))
    return fail (s, "a digit");
  while (g_ascii_isdigit (peek (s)))
    s->at++;
  return TRUE;
}

static gboolean
check_number (Scanner *s, gsize begin, gboolean whole)
{
  char text[MAX_NUMBER + 1];
  gsize size = s->at - begin;

  if (size > MAX_NUMBER)
    return fail (s,
        "a number of at most " G_STRINGIFY (MAX_NUMBER) " characters");
  memcpy (text, s->text + begin, size);
  text[size] = '\0';
  if (whole)
    return g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, NULL,
               NULL) ||
        fail (s, "a number of at most 64 bits");
  return isfinite (g_ascii_strtod (text, NULL)) ||
      fail (s, "a number within the range of double");
}

static gboolean
scan_number (Scanner *s)
{
  gsize begin = s->at;
  gboolean whole = TRUE;

  take (s, '-');
  if (!take (s, '0') && !scan_digits (s))
    return FALSE;
  if (take (s, '.')) {
    whole = FALSE;
    if (!scan_digits (s))
      return FALSE;
  }
  if (take (s, 'e') || take (s, 'E')) {
    whole = FALSE;
    if (!take (s, '-'))
      take (s, '+');
    if (!scan_digits (s))
      return FALSE;
  }
  return check_number (s, begin, whole);
}

static gboolean
scan_word (Scanner *s)
{
  static const char *const words[] = { "true", "false", "null" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    gsize length = strlen (words[i]);

    if (s->size - s->at >= length &&
        memcmp (s->text + s->at, words[i], length) == 0) {
      s->at += length;
      return TRUE;
    }
  }
  return fail (s, "a value");
}

static gboolean
scan_key (Scanner *s)
{
  skip_blanks (s);
  if (!scan_string (s))
    return FALSE;
  skip_blanks (s);
  return take (s, ':') || fail (s, "':'");
}

static gboolean
open_container (Scanner *s, char closer)
{
  if (s->depth == MAX_DEPTH)
    return fail (s,
        "no deeper nesting than " G_STRINGIFY (MAX_DEPTH) " levels");
  s->closers[s->depth++] = closer;
  s->at++;
  return TRUE;
}

/* A whole value, or the beginning of an array or object up to its first
 * value. */
static gboolean
scan_value (Scanner *s, gboolean *whole)
{
  char c;

  skip_blanks (s);
  c = peek (s);
  *whole = TRUE;
  if (++s->n_values > MAX_VALUES)
    return fail (s, "no more than " G_STRINGIFY (MAX_VALUES) " values");
  if (c == '"')
    return scan_string (s);
  if (c == '-' || g_ascii_isdigit (c))
    return scan_number (s);
  if (c != '[' && c != '{')
    return scan_word (s);
  if (!open_container (s, c == '[' ? ']' : '}'))
    return FALSE;
  skip_blanks (s);
  *whole = peek (s) == s->closers[s->depth - 1];
  return *whole || c == '[' || scan_key (s);
}

/* What follows a value: ends of arrays and objects, until there is another
 * value or everything is closed. */
static gboolean
scan_ends (Scanner *s)
{
  while (s->depth > 0) {
    char closer = s->closers[s->depth - 1];

    skip_blanks (s);
    if (take (s, ','))
      return closer == ']' || scan_key (s);
    if (!take (s, closer))
      return fail (s, closer == ']' ? "',' or ']'" : "',' or '}'");
    s->depth--;
  }
  return TRUE;
}

static gboolean
scan (Scanner *s)
{
  gboolean whole;

  do {
    if (!scan_value (s, &whole))
      return FALSE;
    if (whole && !scan_ends (s))
      return FALSE;
  } while (s->depth > 0);
  skip_blanks (s);
  return s->at == s->size || fail (s, "nothing more");
}

gboolean
alexnet_json_check_syntax (const char *text, gsize size, const char *what,
    GError **error)
{
  Scanner s = { .text = text, .size = size };

  if (scan (&s))
    return TRUE;
  return alexnet_format_error (error,
      "%s is not JSON: byte %" G_GSIZE_FORMAT ": expected %s", what, s.at,
      s.expected);
}
