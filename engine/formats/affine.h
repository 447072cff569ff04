/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Numbers by which channels are multiplied and to which others are added, as a
 * graph does behind a ReLU or a pooling: they wait for what can take them up,
 * and are exact wherever that is. */

#ifndef ALEXNET_AFFINE_H
#define ALEXNET_AFFINE_H

#include "formats.h"

G_BEGIN_DECLS

/* What the chain's last layer gives is still to become scale * x + shift. One
 * that is zero-initialised does nothing. */
typedef struct {
  guint n;               /* channels, or all values of them; 0: none */
  double *scale, *shift; /* [n] */
  guint64 n_changed;     /* numbers that all changes together have made */
} AlexnetAffine;

void alexnet_affine_clear (AlexnetAffine *affine);

/* Whether the files warrant `n` more numbers: as many as they have bytes.
 * FORMAT when they do not. */
gboolean alexnet_affine_allow (AlexnetAffine *affine,
    const AlexnetModelSource *source, guint64 n, GError **error);

/* Whether the next change would be of the last layer's own weights: it is a
 * CONV or, `flat`, a LINEAR, and nothing waits. */
gboolean alexnet_affine_is_behind_weights (const AlexnetAffine *affine,
    const AlexnetModelSource *source, gboolean flat);

/* Then multiplies by `scale` and adds `shift`, both [n], NULL: 1, 0. Where it
 * had fewer, `n` is so many times as many as they were; the caller has seen
 * that they are allowed. */
void alexnet_affine_then (AlexnetAffine *affine, guint n, const double *scale,
    const double *shift);

/* Multiplies the outputs of the last layer, a CONV or LINEAR, by `scale` and
 * adds `shift`, both [channels], by changing its weights. NULL: by 1, 0. FORMAT
 * when they are not allowed; NO_MEMORY. */
gboolean alexnet_affine_fold_outputs (AlexnetAffine *affine,
    AlexnetModelSource *source, const double *scale, const double *shift,
    GError **error);

/* Appends a layer to the chain, into whose weights what waits is folded; where
 * that would not be exact, a layer for it comes before. */
gboolean alexnet_affine_add_layer (AlexnetAffine *affine,
    AlexnetModelSource *source, const AlexnetLayer *layer, GError **error);

/* Makes what waits a layer of its own, a CONV of one weight a channel, which
 * alexnet_layer_is_affine() knows. FORMAT, meant for who comes next, where no
 * such layer can stand: behind a linear one. */
gboolean alexnet_affine_settle (AlexnetAffine *affine,
    AlexnetModelSource *source, GError **error);

G_END_DECLS

#endif /* ALEXNET_AFFINE_H */
