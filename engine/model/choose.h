/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which part of a file is meant. */

#ifndef ALEXNET_CHOOSE_H
#define ALEXNET_CHOOSE_H

#include "part.h"

G_BEGIN_DECLS

/* The one part of the set that holds a network's first convolution and, where
 * there are several, its last layer, or, with `wanted`, the one of this name or
 * below it. FORMAT: there is none, saying what there is instead; there are
 * several, naming them; in the one, two tensors could be the same of the table,
 * or a weight is computed from others; without `wanted`, a layer seems to
 * follow it. Other names of the same weights do not count. The set outlives the
 * part. */
AlexnetPart *alexnet_part_choose (const AlexnetTensorSet *set,
    const char *wanted, GError **error);

G_END_DECLS

#endif /* ALEXNET_CHOOSE_H */
