/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Zip archives of stored entries, as torch.save() writes them. */

#ifndef ZIP_BUILDER_H
#define ZIP_BUILDER_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *name; /* NULL: one behind the last */
  const char *bytes;
  gsize size;
} ZipBuilderEntry;

GByteArray *zip_builder_make (const ZipBuilderEntry *entries);

G_END_DECLS

#endif /* ZIP_BUILDER_H */
