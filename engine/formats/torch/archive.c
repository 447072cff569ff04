/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "archive.h"

#include <string.h>

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
