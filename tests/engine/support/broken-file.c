/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "broken-file.h"

#include <string.h>

#include "data-path.h"
#include "says.h"

GByteArray *
broken_file_read (const char *name)
{
  g_autofree char *path = data_path (name);
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_byte_array_new_take ((guint8 *) data, size);
}

AlexnetModel *
broken_file_load (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  return alexnet_model_new_from_bytes (bytes, BROKEN_FILE_NAME, NULL, error);
}

void
broken_file_assert_refused (const GByteArray *file, const char *expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (broken_file_load (file->data, file->len, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, BROKEN_FILE_NAME ": "));
  g_assert_null (strpbrk (error->message, "\n\r"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  assert_says (error->message, expected);
}

gsize
broken_file_find (const GByteArray *file, const void *needle, gsize n,
    gsize from)
{
  for (gsize i = from; i + n <= file->len; i++)
    if (memcmp (file->data + i, needle, n) == 0)
      return i;
  g_error ("the file to break does not hold what shall be broken");
}

void
broken_file_append (GByteArray *file, const char *text)
{
  g_byte_array_append (file, (const guint8 *) text, (guint) strlen (text));
}

void
broken_file_splice (GByteArray *file, gsize at, gsize n, const void *bytes,
    gsize m)
{
  g_autofree guint8 *tail = g_memdup2 (file->data + at + n, file->len - at - n);
  guint n_tail = (guint) (file->len - at - n);

  g_byte_array_set_size (file, (guint) at);
  g_byte_array_append (file, bytes, (guint) m);
  g_byte_array_append (file, tail, n_tail);
}

void
broken_file_put (GByteArray *file, gsize at, guint64 value, guint n_bytes)
{
  g_assert_cmpuint (at + n_bytes, <=, file->len);
  for (guint i = 0; i < n_bytes; i++)
    file->data[at + i] = (guint8) (value >> 8 * i);
}

void
broken_file_replace_all (GByteArray *file, const char *from, const char *to)
{
  gsize at = broken_file_find (file, from, strlen (from), 0);

  do {
    broken_file_splice (file, at, strlen (from), to, strlen (to));
    at += strlen (to);
    while (at + strlen (from) <= file->len &&
        memcmp (file->data + at, from, strlen (from)) != 0)
      at++;
  } while (at + strlen (from) <= file->len);
}
