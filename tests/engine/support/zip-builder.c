/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "zip-builder.h"

#include <string.h>

static void
put (GByteArray *zip, guint64 value, guint n_bytes)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (zip, (const guint8 *) &value, n_bytes);
}

/* From the version needed to the length of extra fields: the same in both
 * headers. Nobody checks the sum. */
static void
put_common (GByteArray *zip, const ZipBuilderEntry *entry)
{
  put (zip, 10, 2); /* version */
  put (zip, 0, 8);  /* flags, method, time and date */
  put (zip, 0, 4);  /* sum */
  put (zip, entry->size, 4);
  put (zip, entry->size, 4);
  put (zip, strlen (entry->name), 2);
  put (zip, 0, 2); /* extra fields */
}

static void
put_name (GByteArray *zip, const ZipBuilderEntry *entry)
{
  g_byte_array_append (zip, (const guint8 *) entry->name,
      (guint) strlen (entry->name));
}

static void
put_entry (GByteArray *zip, const ZipBuilderEntry *entry)
{
  put (zip, 0x04034b50, 4);
  put_common (zip, entry);
  put_name (zip, entry);
  g_byte_array_append (zip, (const guint8 *) entry->bytes, (guint) entry->size);
}

static void
put_record (GByteArray *zip, const ZipBuilderEntry *entry, guint offset)
{
  put (zip, 0x02014b50, 4);
  put (zip, 10, 2); /* version of the writer */
  put_common (zip, entry);
  put (zip, 0, 8); /* comment, disk, attributes */
  put (zip, 0, 2); /* and more of them */
  put (zip, offset, 4);
  put_name (zip, entry);
}

GByteArray *
zip_builder_make (const ZipBuilderEntry *entries)
{
  GByteArray *zip = g_byte_array_new (), *directory = g_byte_array_new ();
  guint n, begin, size;

  for (n = 0; entries[n].name; n++) {
    put_record (directory, &entries[n], zip->len);
    put_entry (zip, &entries[n]);
  }
  begin = zip->len;
  size = directory->len;
  g_byte_array_append (zip, directory->data, size);
  g_byte_array_unref (directory);
  put (zip, 0x06054b50, 4);
  put (zip, 0, 4); /* disks */
  put (zip, n, 2);
  put (zip, n, 2);
  put (zip, size, 4);
  put (zip, begin, 4);
  put (zip, 0, 2); /* comment */
  return zip;
}
