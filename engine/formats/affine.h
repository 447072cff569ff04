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
} AlexnetAffine;

void alexnet_affine_clear (AlexnetAffine *affine);

/* Then multiplies by `scale` and adds `shift`, both [n], NULL: 1, 0. Where it
 * had fewer, `n` is so many times as many as they were. */
void alexnet_affine_then (AlexnetAffine *affine, guint n, const double *scale,
    const double *shift);

/* Whether a layer of these settings, were it the chain's next one, computes the
 * same from what waits: weights then take it up, others leave it waiting. */
gboolean alexnet_affine_passes (const AlexnetAffine *affine,
    const AlexnetModelSource *source, const AlexnetLayer *layer);

/* Makes the input of the chain's last layer, a CONV or LINEAR, that of what
 * waits, by changing its weights; nothing waits any longer. */
gboolean alexnet_affine_fold (AlexnetAffine *affine, AlexnetModelSource *source,
    GError **error);

/* Appends what waits, which is of channels, as a layer of its own: a CONV of
 * one weight a channel, which alexnet_layer_is_affine() knows. */
gboolean alexnet_affine_append (AlexnetAffine *affine,
    AlexnetModelSource *source, GError **error);

/* Multiplies the outputs of the last layer, a CONV or LINEAR, by `scale` and
 * adds `shift`, both [channels], by changing its weights. NULL: by 1, 0.
 *
 * This and alexnet_affine_fold() take memory for what they change, which the
 * caller has bounded. */
gboolean alexnet_affine_fold_outputs (AlexnetModelSource *source,
    const double *scale, const double *shift, GError **error);

G_END_DECLS

#endif /* ALEXNET_AFFINE_H */
