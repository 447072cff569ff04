/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "archive.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_JSON ((guint64) 8 << 20)
#define METHOD_DEFLATED 8
#define MAX_CODE ((gsize) 16 << 10) /* of one module, which has a thousand */

const AlexnetZipEntry *
alexnet_torch_archive_find (const AlexnetTorchArchive *archive,
    const char *name)
{
  g_autofree char *full = g_strconcat (archive->folder, name, NULL);

  return alexnet_zip_find (archive->zip, full);
}

const AlexnetZipEntry *
alexnet_torch_archive_get (const AlexnetTorchArchive *archive,
    const char *directory, const char *name, GError **error)
{
  g_autofree char *full = g_strconcat (archive->folder, directory, name, NULL);
  g_autofree char *quoted = alexnet_quote (full);
  const AlexnetZipEntry *entry = alexnet_zip_find (archive->zip, full);

  if (entry)
    return alexnet_zip_check_stored (entry, error) ? entry : NULL;
  alexnet_format_error (error, "there is no zip entry %s", quoted);
  return NULL;
}

gboolean
alexnet_torch_archive_check_order (const AlexnetTorchArchive *archive,
    GError **error)
{
  const AlexnetZipEntry *entry = alexnet_torch_archive_find (archive,
      "byteorder");
  char order[6];

  if (!entry)
    return TRUE;
  if (!alexnet_zip_check_stored (entry, error))
    return FALSE;
  if (entry->size != sizeof order)
    return alexnet_format_error (error, "byte order is not little");
  return alexnet_file_read (archive->file, entry->begin, order, sizeof order,
             error) &&
      (memcmp (order, "little", sizeof order) == 0 ||
          alexnet_format_error (error, "byte order is not little"));
}

JsonNode *
alexnet_torch_archive_read_json (const AlexnetTorchArchive *archive,
    const AlexnetZipEntry *entry, const char *what, GError **error)
{
  g_autoptr (GBytes) text = NULL;

  if (!alexnet_zip_check_stored (entry, error))
    return NULL;
  if (entry->size > MAX_JSON) {
    alexnet_format_error (error,
        "%s has %" G_GUINT64_FORMAT
        " bytes, expected at most %" G_GUINT64_FORMAT,
        what, entry->size, MAX_JSON);
    return NULL;
  }
  text = alexnet_file_read_bytes (archive->file, entry->begin,
      (gsize) entry->size, error);
  return text ? alexnet_json_parse (g_bytes_get_data (text, NULL),
                    g_bytes_get_size (text), what, error)
              : NULL;
}

/* Ended by a 0; NULL when it is longer than `most`, or broken. */
static char *
inflate (GBytes *packed, gsize most)
{
  g_autoptr (GZlibDecompressor)
      zlib = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW);
  g_autofree char *text = g_malloc0 (most + 1);
  gsize n_read, n_written;

  return g_converter_convert (G_CONVERTER (zlib),
             g_bytes_get_data (packed, NULL), g_bytes_get_size (packed), text,
             most, G_CONVERTER_INPUT_AT_END, &n_read, &n_written,
             NULL) == G_CONVERTER_FINISHED
      ? g_steal_pointer (&text)
      : NULL;
}

/* NULL when it is compressed in another way than PyTorch does. */
static char *
unpack (const AlexnetZipEntry *entry, GBytes *bytes)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);

  if (entry->method == 0)
    return g_strndup (text ? text : "", size);
  return entry->method == METHOD_DEFLATED ? inflate (bytes, MAX_CODE) : NULL;
}

char *
alexnet_torch_archive_read_code (const AlexnetTorchArchive *archive,
    const AlexnetZipEntry *entry, GError **error)
{
  g_autofree char *quoted = alexnet_quote (entry->name);
  g_autoptr (GBytes) bytes = NULL;
  char *text = NULL;

  if (entry->size <= MAX_CODE) {
    bytes = alexnet_file_read_bytes (archive->file, entry->begin,
        (gsize) entry->size, error);
    if (!bytes)
      return NULL;
    text = unpack (entry, bytes);
  }
  if (!text)
    alexnet_format_error (error,
        "zip entry %s is not code of at most %" G_GSIZE_FORMAT " bytes", quoted,
        MAX_CODE);
  return text;
}
