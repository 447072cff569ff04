/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Between preprocess.c, which runs over pixels, and preprocess-tables.c,
 * which makes the tables. */

#ifndef ALEXNET_PREPROCESS_PRIVATE_H
#define ALEXNET_PREPROCESS_PRIVATE_H

#include "preprocess.h"

G_BEGIN_DECLS

/* All that tables depend on. Members have one size, so there is no padding
 * and memcmp() compares. */
typedef struct {
  AlexnetFormat format;
  AlexnetMatrix matrix;
  AlexnetRange range;
  AlexnetChromaSite site;
  guint width, height;
  AlexnetRegion region;
  AlexnetPreprocess preprocess;
  guint size;
} AlexnetKey;

/* `key` has been checked. Frees what `tables` held, which may be all zero. */
void alexnet_tables_build (AlexnetTables *tables, const AlexnetKey *key);
void alexnet_tables_clear (AlexnetTables *tables);

G_END_DECLS

#endif /* ALEXNET_PREPROCESS_PRIVATE_H */
