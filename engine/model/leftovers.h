/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What of a file no layer of its network uses: some of it says that the file is
 * of another network than the table, some is worth a note, and the rest is what
 * training leaves behind. */

#ifndef ALEXNET_LEFTOVERS_H
#define ALEXNET_LEFTOVERS_H

#include "formats/formats.h"

G_BEGIN_DECLS

/* Full names of tensors, borrowed from the set. */
typedef struct {
  GPtrArray *unused;  /* in the part: weights and biases, running means and
                         variances, any floats below a layer's own name */
  GPtrArray *beside;  /* below what holds the part, and of no other network:
                         weights as a layer's */
  GPtrArray *means;   /* a wrapper's means and deviations */
  GPtrArray *ignored; /* other floats in the part */
} AlexnetLeftovers;

void alexnet_leftovers_init (AlexnetLeftovers *left);
void alexnet_leftovers_clear (AlexnetLeftovers *left);

/* Sorts what is in the part named `part` but is not of `used`, tensors'
 * entries, nor of the parts `others`, names. */
void alexnet_leftovers_find (AlexnetLeftovers *left,
    const AlexnetTensorSet *set, const char *part, GHashTable *used,
    GHashTable *others);

/* Adds to `notes`, char *, what is worth one. */
void alexnet_leftovers_note (const AlexnetLeftovers *left, GPtrArray *notes);

/* FORMAT: in the part there is a layer whose weight is computed from what is
 * stored, as that of one that is pruned, and how to make it one of its own. */
gboolean alexnet_leftovers_check_computed (const AlexnetTensorSet *set,
    const char *part, GHashTable *others, GError **error);

/* What is behind the last dot of a dotted name. */
const char *alexnet_name_last_word (const char *name);

/* Of a word of a dotted name. */
gboolean alexnet_name_is_number (const char *word);
gboolean alexnet_name_is_weight (const char *last_word);

/* Whether a dotted name is `part` or lies below it. */
gboolean alexnet_name_lies_in (const char *name, const char *part);

/* The first ones, quoted, and how many more there are. The caller frees it. */
char *alexnet_names_to_string (const GPtrArray *names);

G_END_DECLS

#endif /* ALEXNET_LEFTOVERS_H */
