/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The directory of a zip archive, as far as tensors in it need that: where each
 * stored entry's bytes lie. Compressed, encrypted, overlapping and
 * repeated entries are refused, and names that leave the archive. */

#ifndef ALEXNET_ZIP_H
#define ALEXNET_ZIP_H

#include "formats.h"

G_BEGIN_DECLS

typedef struct {
  char *name;
  guint64 header;               /* offset of the entry's own header */
  guint64 begin, size;          /* of its bytes */
} AlexnetZipEntry;

typedef struct {
  GPtrArray *entries;           /* AlexnetZipEntry, in the directory's order */
  GHashTable *by_name;
} AlexnetZip;

AlexnetZip *alexnet_zip_new (const AlexnetFile *file, GError **error);
void alexnet_zip_free (AlexnetZip *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetZip, alexnet_zip_free)

const AlexnetZipEntry *alexnet_zip_find (const AlexnetZip *zip,
    const char *name);

G_END_DECLS

#endif /* ALEXNET_ZIP_H */
