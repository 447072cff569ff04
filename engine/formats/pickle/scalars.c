/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The opcodes that make numbers, strings and bytes. */

#include "machine.h"

#include <string.h>

static gboolean
push_none (AlexnetPickleMachine *m, guint argument, GError **error)
{
  return alexnet_pickle_push_new (m, ALEXNET_PICKLE_NONE, error) != NULL;
}

static gboolean
push_integer (AlexnetPickleMachine *m, AlexnetPickleKind kind, gint64 integer,
    GError **error)
{
  AlexnetPickleValue *value = alexnet_pickle_push_new (m, kind, error);

  if (value)
    value->integer = integer;
  return value != NULL;
}

static gboolean
push_bool (AlexnetPickleMachine *m, guint truth, GError **error)
{
  return push_integer (m, ALEXNET_PICKLE_BOOL, truth, error);
}

static gboolean
push_unsigned (AlexnetPickleMachine *m, guint n_bytes, GError **error)
{
  guint64 number;

  return alexnet_pickle_read_number (m, n_bytes, &number, error) &&
      push_integer (m, ALEXNET_PICKLE_INT, (gint64) number, error);
}

static gboolean
push_signed (AlexnetPickleMachine *m, guint argument, GError **error)
{
  guint64 number;

  return alexnet_pickle_read_number (m, 4, &number, error) &&
      push_integer (m, ALEXNET_PICKLE_INT, (gint32) number, error);
}

/* Two's complement of any length. */
static gboolean
push_long (AlexnetPickleMachine *m, guint n_bytes, GError **error)
{
  guint64 size, bits;
  guint shift;

  if (!alexnet_pickle_read_number (m, n_bytes, &size, error))
    return FALSE;
  if (size > sizeof bits)
    return alexnet_pickle_skip (m, size, error) &&
        push_integer (m, ALEXNET_PICKLE_LONG, 0, error);
  if (!alexnet_pickle_read_number (m, (guint) size, &bits, error))
    return FALSE;
  shift = 64 - 8 * (guint) size;
  return push_integer (m, ALEXNET_PICKLE_INT,
      size > 0 ? (gint64) (bits << shift) >> shift : 0, error);
}

/* A decimal number, of INT perhaps a bool, of LONG with an L behind it. */
static gboolean
push_decimal (AlexnetPickleMachine *m, guint is_long, GError **error)
{
  g_autofree char *line = alexnet_pickle_read_name (m, error);
  gint64 number;
  gsize n;

  if (!line)
    return FALSE;
  if (g_str_equal (line, "00") || g_str_equal (line, "01"))
    return push_bool (m, line[1] == '1', error);
  n = strlen (line);
  if (is_long && n > 0 && line[n - 1] == 'L')
    line[n - 1] = '\0';
  if (g_ascii_string_to_signed (line, 10, G_MININT64, G_MAXINT64, &number,
          NULL))
    return push_integer (m, ALEXNET_PICKLE_INT, number, error);
  if (line[strspn (line, "-0123456789")] == '\0' && strlen (line) > 18)
    return push_integer (m, ALEXNET_PICKLE_LONG, 0, error);
  return alexnet_format_error (error, "expected an integer");
}

static gboolean
push_real (AlexnetPickleMachine *m, double real, GError **error)
{
  AlexnetPickleValue *value = alexnet_pickle_push_new (m, ALEXNET_PICKLE_FLOAT,
      error);

  if (value)
    value->real = real;
  return value != NULL;
}

/* Big-endian, as nothing else in a pickle is. */
static gboolean
push_double (AlexnetPickleMachine *m, guint argument, GError **error)
{
  guint64 bits;
  double real;

  if (!alexnet_pickle_read_number (m, 8, &bits, error))
    return FALSE;
  bits = GUINT64_SWAP_LE_BE (bits);
  memcpy (&real, &bits, sizeof real);
  return push_real (m, real, error);
}

static gboolean
push_float_text (AlexnetPickleMachine *m, guint argument, GError **error)
{
  g_autofree char *line = alexnet_pickle_read_name (m, error);
  char *end;
  double real;

  if (!line)
    return FALSE;
  real = g_ascii_strtod (line, &end);
  if (end == line || *end)
    return alexnet_format_error (error, "expected a number");
  return push_real (m, real, error);
}

/* Bytes that stay in the file. */
static gboolean
push_file_bytes (AlexnetPickleMachine *m, guint64 size, GError **error)
{
  guint64 offset = m->at;
  AlexnetPickleValue *value;

  if (!alexnet_pickle_skip (m, size, error))
    return FALSE;
  value = alexnet_pickle_push_new (m, ALEXNET_PICKLE_BYTES, error);
  if (!value)
    return FALSE;
  value->bytes.offset = offset;
  value->bytes.size = alexnet_clamp_size (size);
  return TRUE;
}

static gboolean
push_bytes (AlexnetPickleMachine *m, guint n_bytes, GError **error)
{
  guint64 size;

  return alexnet_pickle_read_number (m, n_bytes, &size, error) &&
      push_file_bytes (m, size, error);
}

static gboolean
push_string (AlexnetPickleMachine *m, const char *text, gsize size,
    GError **error)
{
  const char *kept = alexnet_pickle_keep (m, text, size, error);
  AlexnetPickleValue *value = kept
      ? alexnet_pickle_push_new (m, ALEXNET_PICKLE_STRING, error)
      : NULL;

  if (value)
    value->string = kept;
  return value != NULL;
}

/* Python 2 wrote bytes as strings. */
static gboolean
push_text (AlexnetPickleMachine *m, guint n_bytes, GError **error)
{
  guint64 size, begin;
  const char *text;

  if (!alexnet_pickle_read_number (m, n_bytes, &size, error))
    return FALSE;
  if (size > ALEXNET_PICKLE_MAX_TEXT)
    return push_file_bytes (m, size, error);
  begin = m->at;
  text = (const char *) alexnet_pickle_read (m, (gsize) size, error);
  if (!text)
    return FALSE;
  if (g_utf8_validate (text, (gssize) size, NULL))
    return push_string (m, text, (gsize) size, error);
  m->at = begin;
  return push_file_bytes (m, size, error);
}

/* Takes the text over. */
static gboolean
push_line (AlexnetPickleMachine *m, GString *text, GError **error)
{
  AlexnetPickleValue *value;
  gsize size = text->len;

  if (size <= ALEXNET_PICKLE_MAX_TEXT &&
      g_utf8_validate (text->str, (gssize) size, NULL)) {
    gboolean pushed = push_string (m, text->str, size, error);

    g_string_free (text, TRUE);
    return pushed;
  }
  g_ptr_array_add (m->pickle->blocks, g_string_free (text, FALSE));
  value = alexnet_pickle_push_new (m, ALEXNET_PICKLE_BYTES, error);
  if (!value)
    return FALSE;
  value->bytes.data = m->pickle->blocks->pdata[m->pickle->blocks->len - 1];
  value->bytes.size = size;
  return TRUE;
}

/* A number of up to `n` digits, which *p passes; -1 when there is none. */
static gint64
read_digits (const char **p, const char *end, guint n, guint base)
{
  gint64 number = 0;
  guint i = 0;

  for (; i < n && *p < end; i++, (*p)++) {
    int digit = g_ascii_xdigit_value (**p);

    if (digit < 0 || digit >= (int) base)
      break;
    number = number * base + digit;
  }
  return i > 0 ? number : -1;
}

/* Appends what an escape of a Python string stands for; *p is behind the
 * backslash. What is no escape stands for itself. */
static void
append_escape (GString *out, const char **p, const char *end)
{
  static const char letters[] = "\\'\"abfnrtv";
  static const char bytes[] = "\\'\"\a\b\f\n\r\t\v";
  const char *letter = memchr (letters, **p, sizeof letters - 1);
  const char *begin = *p;
  gint64 number;

  if (letter) {
    g_string_append_c (out, bytes[letter - letters]);
    (*p)++;
    return;
  }
  *p += **p == 'x';
  number = *begin == 'x' ? read_digits (p, end, 2, 16)
                         : read_digits (p, end, 3, 8);
  if (number >= 0) {
    g_string_append_c (out, (char) number);
    return;
  }
  g_string_append_c (out, '\\');
  *p = begin;
}

static gboolean
push_quoted (AlexnetPickleMachine *m, guint argument, GError **error)
{
  gsize size;
  g_autofree char *line = alexnet_pickle_read_line (m, &size, error);
  const char *p, *end;
  GString *out;

  if (!line)
    return FALSE;
  if (size < 2 || !strchr ("'\"", line[0]) || line[size - 1] != line[0])
    return alexnet_format_error (error, "expected a string in quotes");
  out = g_string_sized_new (size);
  end = line + size - 1;
  for (p = line + 1; p < end;) {
    char c = *p++;

    if (c == '\\' && p < end)
      append_escape (out, &p, end);
    else
      g_string_append_c (out, c);
  }
  return push_line (m, out, error);
}

/* Latin-1 in which \uXXXX and \UXXXXXXXX stand for a character; a backslash
 * before another one makes both stand for themselves. */
static gboolean
push_raw_unicode (AlexnetPickleMachine *m, guint argument, GError **error)
{
  gsize size;
  g_autofree char *line = alexnet_pickle_read_line (m, &size, error);
  const char *p = line, *end = line ? line + size : NULL;
  GString *out;

  if (!line)
    return FALSE;
  out = g_string_sized_new (size);
  while (p < end) {
    gunichar c = (guint8) *p++;

    if (c == '\\' && p < end && (*p == 'u' || *p == 'U')) {
      guint n = *p++ == 'u' ? 4 : 8;
      const char *digits = p;
      gint64 number = read_digits (&p, end, n, 16);

      if (p != digits + n || number > 0x10ffff) {
        g_string_free (out, TRUE);
        return alexnet_format_error (error, "has a bad escape in a string");
      }
      c = (gunichar) number;
    } else if (c == '\\' && p < end && *p == '\\') {
      g_string_append_c (out, *p++);
    }
    g_string_append_unichar (out, c);
  }
  return push_line (m, out, error);
}

static gboolean
refuse_buffer (AlexnetPickleMachine *m, guint argument, GError **error)
{
  return alexnet_format_error (error,
      "wants a buffer from outside of the file");
}

const AlexnetPickleOpcode alexnet_pickle_scalar_opcodes[] = {
  { 'N', "NONE", push_none },
  { 0x88, "NEWTRUE", push_bool, TRUE },
  { 0x89, "NEWFALSE", push_bool, FALSE },
  { 'I', "INT", push_decimal, FALSE },
  { 'L', "LONG", push_decimal, TRUE },
  { 'J', "BININT", push_signed },
  { 'K', "BININT1", push_unsigned, 1 },
  { 'M', "BININT2", push_unsigned, 2 },
  { 0x8a, "LONG1", push_long, 1 },
  { 0x8b, "LONG4", push_long, 4 },
  { 'F', "FLOAT", push_float_text },
  { 'G', "BINFLOAT", push_double },
  { 'S', "STRING", push_quoted },
  { 'T', "BINSTRING", push_text, 4 },
  { 'U', "SHORT_BINSTRING", push_text, 1 },
  { 'V', "UNICODE", push_raw_unicode },
  { 'X', "BINUNICODE", push_text, 4 },
  { 0x8c, "SHORT_BINUNICODE", push_text, 1 },
  { 0x8d, "BINUNICODE8", push_text, 8 },
  { 'B', "BINBYTES", push_bytes, 4 },
  { 'C', "SHORT_BINBYTES", push_bytes, 1 },
  { 0x8e, "BINBYTES8", push_bytes, 8 },
  { 0x96, "BYTEARRAY8", push_bytes, 8 },
  { 0x97, "NEXT_BUFFER", refuse_buffer },
  { 0x98, "READONLY_BUFFER", refuse_buffer },
  { 0 },
};
