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
#define MAX_DIRECTORY (32u << 20)
#define FLAGS_ENCRYPTED (1 | 1 << 6 | 1 << 13)

typedef struct {
  const AlexnetFile *file;
  guint64 directory; /* where the directory begins */
  GBytes *records;   /* what is in it */
  guint64 n_entries;
} Reader;

/* What the end record says, and where the directory must have ended. */
typedef struct {
  guint64 n_entries, length, offset, limit;
} End;

/* One record of the directory, 64-bit fields resolved. */
typedef struct {
  guint16 flags, method;
  guint64 compressed, uncompressed, header;
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

gboolean
alexnet_zip_check_stored (const AlexnetZipEntry *entry, GError **error)
{
  g_autofree char *quoted = NULL;

  if (entry->method == 0)
    return TRUE;
  quoted = alexnet_quote (entry->name);
  return alexnet_format_error (error,
      "zip entry %s is compressed (method %u), expected it stored", quoted,
      entry->method);
}

/* The end record is the last thing in a file but for its comment. Where in
 * `tail`, the last bytes of the file, it is; -1 when it is not. */
static gssize
find_end (const guint8 *tail, gsize size)
{
  for (gssize at = (gssize) size - END_SIZE; at >= 0; at--)
    if (read_u32 (tail + at) == END_MAGIC &&
        read_u16 (tail + at + 20) == size - END_SIZE - (gsize) at)
      return at;
  return -1;
}

/* Replaces what the end record says by the 64-bit one, which a locator before
 * it points to. */
static gboolean
resolve_end64 (const Reader *reader, const guint8 *locator, End *end,
    GError **error)
{
  guint64 offset = read_u64 (locator + 8);
  guint8 record[END64_SIZE];

  if (end->limit < LOCATOR64_SIZE + END64_SIZE ||
      offset > end->limit - LOCATOR64_SIZE - END64_SIZE)
    return TRUE;
  if (!alexnet_file_read (reader->file, offset, record, sizeof record, error))
    return FALSE;
  if (read_u32 (record) == END64_MAGIC)
    *end = (End){ read_u64 (record + 32), read_u64 (record + 40),
      read_u64 (record + 48), offset };
  return TRUE;
}

static gboolean
read_end (const Reader *reader, End *end, GError **error)
{
  guint64 size = alexnet_file_get_size (reader->file);
  gsize length = (gsize) MIN (size, LOCATOR64_SIZE + END_SIZE + MAX_COMMENT);
  g_autofree guint8 *tail = g_malloc (length + 1);
  const guint8 *record;
  gssize at;

  if (!alexnet_file_read (reader->file, size - length, tail, length, error))
    return FALSE;
  at = find_end (tail, length);
  if (at < 0)
    return alexnet_format_error (error,
        "zip archive without its directory at the end; is it truncated?");
  record = tail + at;
  *end = (End){ read_u16 (record + 10), read_u32 (record + 12),
    read_u32 (record + 16), size - length + (guint64) at };
  return at < LOCATOR64_SIZE ||
      read_u32 (record - LOCATOR64_SIZE) != LOCATOR64_MAGIC ||
      resolve_end64 (reader, record - LOCATOR64_SIZE, end, error);
}

static gboolean
read_directory (Reader *reader, GError **error)
{
  End end = { 0 };

  if (!read_end (reader, &end, error))
    return FALSE;
  if (end.offset > end.limit || end.length > end.limit - end.offset)
    return alexnet_format_error (error,
        "zip directory of %" G_GUINT64_FORMAT
        " bytes at byte %" G_GUINT64_FORMAT
        " does not end before byte %" G_GUINT64_FORMAT,
        end.length, end.offset, end.limit);
  if (end.n_entries > MAX_ENTRIES || end.length > MAX_DIRECTORY)
    return alexnet_format_error (error,
        "zip archive of %" G_GUINT64_FORMAT
        " entries, expected at most %d in %u bytes",
        end.n_entries, MAX_ENTRIES, MAX_DIRECTORY);
  reader->directory = end.offset;
  reader->n_entries = end.n_entries;
  reader->records = alexnet_file_read_bytes (reader->file, end.offset,
      (gsize) end.length, error);
  return reader->records != NULL;
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
name_is_safe (const char *name)
{
  g_auto (GStrv) parts = NULL;

  if (name[0] == '\0' || name[0] == '/' || strchr (name, '\\') ||
      strchr (name, ':'))
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
  if (record->method == 0 && record->compressed != record->uncompressed)
    return alexnet_format_error (error,
        "zip entry %s has %" G_GUINT64_FORMAT
        " bytes stored, expected %" G_GUINT64_FORMAT,
        quoted, record->compressed, record->uncompressed);
  return TRUE;
}

/* Reads the entry's own header with as much of a name as the entry has. */
static gboolean
read_header (const Reader *reader, guint64 at, guint8 *header, gsize size,
    const char *quoted, GError **error)
{
  if (at > reader->directory || size > reader->directory - at)
    return alexnet_format_error (error,
        "zip entry %s: there is no header at byte %" G_GUINT64_FORMAT, quoted,
        at);
  if (!alexnet_file_read (reader->file, at, header, size, error))
    return FALSE;
  if (read_u32 (header) != LOCAL_MAGIC)
    return alexnet_format_error (error,
        "zip entry %s: there is no header at byte %" G_GUINT64_FORMAT, quoted,
        at);
  return TRUE;
}

/* Follows a record to the entry's own header, which must agree, and on to the
 * bytes. */
static gboolean
locate (const Reader *reader, const Record *record, AlexnetZipEntry *entry,
    const char *quoted, GError **error)
{
  gsize length = strlen (entry->name);
  g_autofree guint8 *header = g_malloc (LOCAL_SIZE + length);
  guint64 begin;

  if (!read_header (reader, record->header, header, LOCAL_SIZE + length, quoted,
          error))
    return FALSE;
  if (read_u16 (header + 8) != record->method ||
      (read_u16 (header + 6) & FLAGS_ENCRYPTED) ||
      read_u16 (header + 26) != length ||
      memcmp (header + LOCAL_SIZE, entry->name, length) != 0)
    return alexnet_format_error (error,
        "zip entry %s: its header at byte %" G_GUINT64_FORMAT
        " disagrees with the directory",
        quoted, record->header);
  begin = record->header + LOCAL_SIZE + length + read_u16 (header + 28);
  if (begin > reader->directory ||
      record->compressed > reader->directory - begin)
    return alexnet_format_error (error,
        "zip entry %s: %" G_GUINT64_FORMAT " bytes at byte %" G_GUINT64_FORMAT
        " do not end before the directory at byte %" G_GUINT64_FORMAT,
        quoted, record->compressed, begin, reader->directory);
  entry->header = record->header;
  entry->begin = begin;
  entry->size = record->compressed;
  entry->method = record->method;
  return TRUE;
}

/* Reads the record at `*at` of the directory and goes on to the next; its
 * name, which the caller frees, or NULL. */
static char *
read_record (const Reader *reader, gsize *at, Record *record, GError **error)
{
  gsize size, name_length, extra_length, length;
  const guint8 *p = g_bytes_get_data (reader->records, &size);

  p += *at;
  size -= *at;
  if (size < CENTRAL_SIZE || read_u32 (p) != CENTRAL_MAGIC)
    goto bad;
  name_length = read_u16 (p + 28);
  extra_length = read_u16 (p + 30);
  length = CENTRAL_SIZE + name_length + extra_length + read_u16 (p + 32);
  if (length > size)
    goto bad;
  record->flags = read_u16 (p + 8);
  record->method = read_u16 (p + 10);
  record->compressed = read_u32 (p + 20);
  record->uncompressed = read_u32 (p + 24);
  record->header = read_u32 (p + 42);
  p += CENTRAL_SIZE;
  if (!resolve_extra64 (record, p + name_length, extra_length))
    goto bad;
  if (name_length == strnlen ((const char *) p, name_length)) {
    *at += length;
    return g_strndup ((const char *) p, name_length);
  }

bad:
  alexnet_format_error (error,
      "zip directory: bad record at byte %" G_GUINT64_FORMAT,
      reader->directory + *at);
  return NULL;
}

static gboolean
add_entry (AlexnetZip *zip, const Reader *reader, gsize *at, GError **error)
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
  quoted = alexnet_quote (name);
  if (!name_is_safe (name))
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

static gboolean
add_entries (AlexnetZip *zip, const Reader *reader, GError **error)
{
  gsize at = 0;

  for (guint64 i = 0; i < reader->n_entries; i++)
    if (!add_entry (zip, reader, &at, error))
      return FALSE;
  if (at != g_bytes_get_size (reader->records))
    return alexnet_format_error (error,
        "zip directory has bytes left after its %" G_GUINT64_FORMAT " entries",
        reader->n_entries);
  return check_overlaps (zip, error);
}

AlexnetZip *
alexnet_zip_new (const AlexnetFile *file, GError **error)
{
  g_autoptr (AlexnetZip) zip = g_new0 (AlexnetZip, 1);
  Reader reader = { .file = file };
  gboolean ok;

  zip->entries = g_ptr_array_new_with_free_func (entry_free);
  zip->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  ok = read_directory (&reader, error) && add_entries (zip, &reader, error);
  g_clear_pointer (&reader.records, g_bytes_unref);
  return ok ? g_steal_pointer (&zip) : NULL;
}
