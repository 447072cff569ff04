/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The directory of a zip archive, as far as tensors in it need that: where each
 * entry's bytes lie. Encrypted, overlapping and repeated entries are refused,
 * and names that leave the archive; compressed ones are listed as they lie
 * there. */

#ifndef ALEXNET_ZIP_H
#define ALEXNET_ZIP_H

#include "formats/formats.h"

G_BEGIN_DECLS

typedef struct {
  char *name;
  guint64 header;               /* offset of the entry's own header */
  guint64 begin, size;          /* of its bytes */
  guint method;                 /* of compression; 0: stored as they are */
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

/* FORMAT when the bytes are compressed. */
gboolean alexnet_zip_check_stored (const AlexnetZipEntry *entry,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_ZIP_H */
