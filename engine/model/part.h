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

/* All parts of the set that hold a network's first convolution, in the order of
 * the file: an array that owns them. The set outlives them. */
GPtrArray *alexnet_part_list (const AlexnetTensorSet *set);

gboolean alexnet_part_has_last_layer (const AlexnetPart *part);

/* Finds what of the set the part leaves (`left`). `names`: a set of the names
 * of all parts. */
void alexnet_part_find_unused (AlexnetPart *part, GHashTable *names,
    const AlexnetTensorSet *set);

/* The tensors that `network`, any table, names, as they are named there. Both
 * outlive the part. */
AlexnetPart *alexnet_part_new (const AlexnetTensorSet *set,
    const AlexnetNetwork *network);
void alexnet_part_free (AlexnetPart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetPart, alexnet_part_free)

G_END_DECLS

#endif /* ALEXNET_PART_H */
