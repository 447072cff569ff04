/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "exif.h"

#include <string.h>

#define PNG "\x89PNG\r\n\x1a\n"
#define TAG_ORIENTATION 0x112
#define SIZE_OF_ENTRY 12

typedef struct {
  const guint8 *data;
  gsize size;
  gboolean is_big_endian;
} Bytes;

/* 0 beyond the end. */
static guint32
read_number (const Bytes *bytes, gsize at, guint size)
{
  guint32 number = 0;

  if (at > bytes->size || bytes->size - at < size)
    return 0;
  for (guint i = 0; i < size; i++)
    number = number << 8 |
        bytes->data[at + (bytes->is_big_endian ? i : size - 1 - i)];
  return number;
}

static gboolean
has_word (const Bytes *bytes, gsize at, const char *word)
{
  gsize size = strlen (word);

  return at <= bytes->size && bytes->size - at >= size &&
      memcmp (bytes->data + at, word, size) == 0;
}

static Bytes
get_part (const Bytes *whole, gsize at, gsize size)
{
  at = MIN (at, whole->size);
  return (Bytes){ whole->data + at, MIN (size, whole->size - at),
    whole->is_big_endian };
}

/* The TIFF header in a chunk of a PNG, which are a size, a name, data and a
 * checksum, or of a WebP, which are a name, a size and an even number of bytes.
 * Some write what precedes it in a JPEG into a WebP. */
static Bytes
find_exif (const Bytes *file)
{
  gboolean is_png = file->is_big_endian;
  const char *name = is_png ? "eXIf" : "EXIF";
  gsize at = is_png ? strlen (PNG) : strlen ("RIFF1234WEBP"), size;

  for (; at < file->size; at += 8 + size + (is_png ? 4 : size % 2)) {
    size = MIN (read_number (file, is_png ? at : at + 4, 4), file->size);
    if (has_word (file, is_png ? at + 4 : at, name)) {
      gsize mark = has_word (file, at + 8, "Exif") ? strlen ("Exif12") : 0;
      return get_part (file, at + 8 + mark, size - MIN (size, mark));
    }
  }
  return (Bytes){ 0 };
}

/* Of the first directory: a count and entries of a tag, a type, a count and a
 * value. */
static guint
read_orientation (Bytes exif)
{
  gsize at;
  guint n;

  exif.is_big_endian = has_word (&exif, 0, "MM");
  at = read_number (&exif, 4, 4);
  n = read_number (&exif, at, 2);
  for (guint i = 0; i < n; i++) {
    gsize entry = at + 2 + i * SIZE_OF_ENTRY;
    guint value = read_number (&exif, entry + 8, 2);
    if (read_number (&exif, entry, 2) == TAG_ORIENTATION && value >= 1 &&
        value <= 8)
      return value;
  }
  return 1;
}

guint
inspect_find_orientation (const guint8 *data, gsize size)
{
  Bytes file = { data, size };

  file.is_big_endian = has_word (&file, 0, PNG);
  if (!file.is_big_endian &&
      !(has_word (&file, 0, "RIFF") && has_word (&file, 8, "WEBP")))
    return 1;
  return read_orientation (find_exif (&file));
}
