/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which of a file's tensors are the weights of a network.
 *
 * The tensors of a network are those whose dotted names end as a table names
 * them: "state_dict.module.features.0.weight" is features.0.weight. What stands
 * before is the name of the part, here "state_dict.module"; the whole file's is
 * "". Wrappers may stand inside of a name, too ("features.module.0.weight"), as
 * they do where only some modules were wrapped. So nothing needs to know which
 * wrappers there are. */

#ifndef ALEXNET_PART_H
#define ALEXNET_PART_H

#include "leftovers.h"

G_BEGIN_DECLS

typedef struct {
  char *name;
  const AlexnetNetwork *network; /* the table whose names these are */
  GHashTable *tensors;           /* name in the table, "features.0.weight" ->
                                    const AlexnetTensorEntry * of the set */
  char *clash;                   /* "both ... and ... could be ...": two tensors
                                    that are one of the table; or NULL */
  GHashTable *below;             /* the same of numbered modules in a layer's
                                    place, "classifier.6.1.weight" for
                                    classifier.6.weight; NULL: several */
  AlexnetLeftovers left;
} AlexnetPart;

/* The one part of the set that holds a network's first convolution and, where
 * there are several, its last layer, or, with `wanted`, the one of this name or
 * below it. FORMAT: there is none, saying what there is instead; there are
 * several, naming them; in the one, two tensors could be the same of the table,
 * or a weight is computed from others; without `wanted`, a layer seems to
 * follow it. Other names of the same weights do not count. The set outlives the
 * part. */
AlexnetPart *alexnet_part_find (const AlexnetTensorSet *set, const char *wanted,
    GError **error);

/* The tensors that `network`, any table, names, as they are named there. Both
 * outlive the part. */
AlexnetPart *alexnet_part_new (const AlexnetTensorSet *set,
    const AlexnetNetwork *network);
void alexnet_part_free (AlexnetPart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetPart, alexnet_part_free)

G_END_DECLS

#endif /* ALEXNET_PART_H */
