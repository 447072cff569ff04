/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "zip.h"

#include <string.h>

/* Layouts after PKWARE's APPNOTE.TXT 6.3, sections 4.3 and 4.5.3. */
#define LOCAL_MAGIC 0x04034b50
#define LOCAL_SIZE 30
#define CENTRAL_MAGIC 0x02014b50
#define CENTRAL_SIZE 46
#define END_MAGIC 0x06054b50
#define END_SIZE 22
#define END64_MAGIC 0x06064b50
#define END64_SIZE 56
#define LOCATOR64_MAGIC 0x07064b50
#define LOCATOR64_SIZE 20
#define EXTRA64_ID 1
#define MAX_COMMENT 65535
#define MAX_ENTRIES 100000
#define FLAGS_ENCRYPTED (1 | 1 << 6 | 1 << 13)

typedef struct {
  const guint8 *data;
  gsize size;
  gsize directory, directory_end;
  guint64 n_entries;
} Reader;

/* One record of the directory, 64-bit fields resolved. */
typedef struct {
  guint16 flags, method;
  guint64 compressed, uncompressed, header;
  gsize next;
} Record;

static guint16
read_u16 (const guint8 *p)
{
  return (guint16) (p[0] | p[1] << 8);
}

static guint32
read_u32 (const guint8 *p)
{
  return read_u16 (p) | (guint32) read_u16 (p + 2) << 16;
}

static guint64
read_u64 (const guint8 *p)
{
  return read_u32 (p) | (guint64) read_u32 (p + 4) << 32;
}

/* `length` bytes at `offset`, or NULL when they are not all below `end`. */
static const guint8 *
get_bytes (const Reader *reader, guint64 offset, guint64 length, gsize end)
{
  if (offset > end || length > end - offset)
    return NULL;
  return reader->data + offset;
}

static void
entry_free (gpointer data)
{
  AlexnetZipEntry *entry = data;

  g_free (entry->name);
  g_free (entry);
}

void
alexnet_zip_free (AlexnetZip *zip)
{
  if (!zip)
    return;
  g_hash_table_unref (zip->by_name);
  g_ptr_array_unref (zip->entries);
  g_free (zip);
}

const AlexnetZipEntry *
alexnet_zip_find (const AlexnetZip *zip, const char *name)
{
  return g_hash_table_lookup (zip->by_name, name);
}

/* The end record is the last thing in the file but for its comment. */
static const guint8 *
find_end (const Reader *reader)
{
  gsize lowest = reader->size > END_SIZE + MAX_COMMENT
      ? reader->size - END_SIZE - MAX_COMMENT
      : 0;

  if (reader->size < END_SIZE)
    return NULL;
  for (gsize at = reader->size - END_SIZE + 1; at-- > lowest;) {
    const guint8 *p = reader->data + at;

    if (read_u32 (p) == END_MAGIC &&
        read_u16 (p + 20) == reader->size - END_SIZE - at)
      return p;
  }
  return NULL;
}

/* The 64-bit end record, which a locator before the end record points to. */
static const guint8 *
find_end64 (const Reader *reader, const guint8 *end)
{
  gsize at = (gsize) (end - reader->data);
  const guint8 *locator, *end64;

  if (at < LOCATOR64_SIZE)
    return NULL;
  locator = end - LOCATOR64_SIZE;
  if (read_u32 (locator) != LOCATOR64_MAGIC)
    return NULL;
  end64 = get_bytes (reader, read_u64 (locator + 8), END64_SIZE,
      at - LOCATOR64_SIZE);
  return end64 && read_u32 (end64) == END64_MAGIC ? end64 : NULL;
}

static gboolean
find_directory (Reader *reader, GError **error)
{
  const guint8 *end = find_end (reader), *end64;
  guint64 length, offset;
  gsize limit;

  if (!end)
    return alexnet_format_error (error,
        "zip archive without its directory at the end; is it truncated?");
  end64 = find_end64 (reader, end);
  limit = (gsize) ((end64 ? end64 : end) - reader->data);
  reader->n_entries = end64 ? read_u64 (end64 + 32) : read_u16 (end + 10);
  length = end64 ? read_u64 (end64 + 40) : read_u32 (end + 12);
  offset = end64 ? read_u64 (end64 + 48) : read_u32 (end + 16);
  if (!get_bytes (reader, offset, length, limit))
    return alexnet_format_error (error,
        "zip directory of %" G_GUINT64_FORMAT
        " bytes at byte %" G_GUINT64_FORMAT
        " does not end before byte %" G_GSIZE_FORMAT,
        length, offset, limit);
  if (reader->n_entries > MAX_ENTRIES)
    return alexnet_format_error (error,
        "zip archive of %" G_GUINT64_FORMAT " entries, expected at most %d",
        reader->n_entries, MAX_ENTRIES);
  reader->directory = (gsize) offset;
  reader->directory_end = (gsize) (offset + length);
  return TRUE;
}

/* Replaces 32-bit fields that are all ones by those of the 64-bit extra. */
static gboolean
resolve_extra64 (Record *record, const guint8 *extra, gsize size)
{
  guint64 *fields[] = { &record->uncompressed, &record->compressed,
    &record->header };
  const guint8 *field = NULL;
  gsize left = 0;

  for (gsize at = 0; size - at >= 4;) {
    gsize length = read_u16 (extra + at + 2);

    if (length > size - at - 4)
      return FALSE;
    if (read_u16 (extra + at) == EXTRA64_ID) {
      field = extra + at + 4;
      left = length;
      break;
    }
    at += 4 + length;
  }
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (*fields[i] != G_MAXUINT32)
      continue;
    if (left < 8)
      return FALSE;
    *fields[i] = read_u64 (field);
    field += 8;
    left -= 8;
  }
  return TRUE;
}

static gboolean
name_is_safe (const char *name, gsize length)
{
  g_auto (GStrv) parts = NULL;

  if (length == 0 || strlen (name) != length || name[0] == '/' ||
      strchr (name, '\\') || strchr (name, ':'))
    return FALSE;
  parts = g_strsplit (name, "/", -1);
  for (guint i = 0; parts[i]; i++)
    if (g_str_equal (parts[i], "..") || g_str_equal (parts[i], "."))
      return FALSE;
  return TRUE;
}

static gboolean
check_record (const Record *record, const char *quoted, GError **error)
{
  if (record->flags & FLAGS_ENCRYPTED)
    return alexnet_format_error (error, "zip entry %s is encrypted", quoted);
  if (record->method != 0)
    return alexnet_format_error (error,
        "zip entry %s is compressed (method %u), expected it stored", quoted,
        record->method);
  if (record->compressed != record->uncompressed)
    return alexnet_format_error (error,
        "zip entry %s has %" G_GUINT64_FORMAT
        " bytes stored, expected %" G_GUINT64_FORMAT,
        quoted, record->compressed, record->uncompressed);
  return TRUE;
}

/* Follows a record to the entry's own header, which must agree, and on to the
 * bytes. */
static gboolean
locate (const Reader *reader, const Record *record, AlexnetZipEntry *entry,
    const char *quoted, GError **error)
{
  gsize length = strlen (entry->name);
  const guint8 *header = get_bytes (reader, record->header, LOCAL_SIZE + length,
      reader->directory);
  guint64 begin;

  if (!header || read_u32 (header) != LOCAL_MAGIC)
    return alexnet_format_error (error,
        "zip entry %s: there is no header at byte %" G_GUINT64_FORMAT, quoted,
        record->header);
  if (read_u16 (header + 8) != record->method ||
      (read_u16 (header + 6) & FLAGS_ENCRYPTED) ||
      read_u16 (header + 26) != length ||
      memcmp (header + LOCAL_SIZE, entry->name, length) != 0)
    return alexnet_format_error (error,
        "zip entry %s: its header at byte %" G_GUINT64_FORMAT
        " disagrees with the directory",
        quoted, record->header);
  begin = record->header + LOCAL_SIZE + length + read_u16 (header + 28);
  if (!get_bytes (reader, begin, record->compressed, reader->directory))
    return alexnet_format_error (error,
        "zip entry %s: %" G_GUINT64_FORMAT " bytes at byte %" G_GUINT64_FORMAT
        " do not end before the directory at byte %" G_GSIZE_FORMAT,
        quoted, record->compressed, begin, reader->directory);
  entry->header = (gsize) record->header;
  entry->begin = (gsize) begin;
  entry->size = (gsize) record->compressed;
  return TRUE;
}

/* Reads the record at `at`; its name, which the caller frees, or NULL. */
static char *
read_record (const Reader *reader, gsize at, Record *record, GError **error)
{
  const guint8 *p = get_bytes (reader, at, CENTRAL_SIZE, reader->directory_end);
  gsize name_length, extra_length;
  const guint8 *name;

  if (!p || read_u32 (p) != CENTRAL_MAGIC)
    goto bad;
  name_length = read_u16 (p + 28);
  extra_length = read_u16 (p + 30);
  record->next = at + CENTRAL_SIZE + name_length + extra_length +
      read_u16 (p + 32);
  name = get_bytes (reader, at + CENTRAL_SIZE, name_length + extra_length,
      reader->directory_end);
  if (!name || record->next > reader->directory_end)
    goto bad;
  record->flags = read_u16 (p + 8);
  record->method = read_u16 (p + 10);
  record->compressed = read_u32 (p + 20);
  record->uncompressed = read_u32 (p + 24);
  record->header = read_u32 (p + 42);
  if (!resolve_extra64 (record, name + name_length, extra_length))
    goto bad;
  if (name_length == strnlen ((const char *) name, name_length))
    return g_strndup ((const char *) name, name_length);

bad:
  alexnet_format_error (error,
      "zip directory: bad record at byte %" G_GSIZE_FORMAT, at);
  return NULL;
}

static gboolean
add_entry (AlexnetZip *zip, const Reader *reader, gsize at, gsize *next,
    GError **error)
{
  Record record = { 0 };
  char *name = read_record (reader, at, &record, error);
  g_autofree char *quoted = NULL;
  AlexnetZipEntry *entry;

  if (!name)
    return FALSE;
  entry = g_new0 (AlexnetZipEntry, 1);
  entry->name = name;
  g_ptr_array_add (zip->entries, entry);
  *next = record.next;
  quoted = alexnet_quote (name);
  if (!name_is_safe (name, strlen (name)))
    return alexnet_format_error (error,
        "zip entry %s: its name leads out of the archive", quoted);
  if (!g_hash_table_insert (zip->by_name, name, entry))
    return alexnet_format_error (error, "zip entry %s is there twice", quoted);
  return check_record (&record, quoted, error) &&
      locate (reader, &record, entry, quoted, error);
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const AlexnetZipEntry *x = *(AlexnetZipEntry *const *) a;
  const AlexnetZipEntry *y = *(AlexnetZipEntry *const *) b;

  return x->header < y->header ? -1 : x->header > y->header;
}

static gboolean
check_overlaps (const AlexnetZip *zip, GError **error)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_copy (zip->entries, NULL, NULL);

  g_ptr_array_set_free_func (sorted, NULL);
  g_ptr_array_sort (sorted, compare_entries);
  for (guint i = 1; i < sorted->len; i++) {
    const AlexnetZipEntry *before = sorted->pdata[i - 1];
    const AlexnetZipEntry *entry = sorted->pdata[i];

    if (entry->header < before->begin + before->size) {
      g_autofree char *quoted = alexnet_quote (entry->name);

      return alexnet_format_error (error,
          "zip entry %s overlaps the one before it", quoted);
    }
  }
  return TRUE;
}

AlexnetZip *
alexnet_zip_new (const guint8 *data, gsize size, GError **error)
{
  Reader reader = { .data = data, .size = size };
  g_autoptr (AlexnetZip) zip = g_new0 (AlexnetZip, 1);
  gsize at;

  zip->entries = g_ptr_array_new_with_free_func (entry_free);
  zip->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  if (!find_directory (&reader, error))
    return NULL;
  at = reader.directory;
  for (guint64 i = 0; i < reader.n_entries; i++)
    if (!add_entry (zip, &reader, at, &at, error))
      return NULL;
  if (at != reader.directory_end) {
    alexnet_format_error (error,
        "zip directory has bytes left after its %" G_GUINT64_FORMAT " entries",
        reader.n_entries);
    return NULL;
  }
  if (!check_overlaps (zip, error))
    return NULL;
  return g_steal_pointer (&zip);
}
