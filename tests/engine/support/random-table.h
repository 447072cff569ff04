/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Networks of which nothing is AlexNet's but the kinds of layers. */

#ifndef RANDOM_TABLE_H
#define RANDOM_TABLE_H

#include "network/network.h"

G_BEGIN_DECLS

/* A few layers in any order that backends take: convolutions, pools, LRN, ReLU
 * and dropout of any size and padding, then linear layers or none. The same
 * for the same seed; shapes inferred, without weights. */
AlexnetNetwork random_table_make (guint32 seed);

/* One line. The caller frees it. */
char *random_table_describe (const AlexnetNetwork *network);

G_END_DECLS

#endif /* RANDOM_TABLE_H */
