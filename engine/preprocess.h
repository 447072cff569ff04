/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens to pixels between a frame and the network's input: crop,
 * antialiased resize, Y'CbCr to RGB, normalisation. */

#ifndef ALEXNET_PREPROCESS_H
#define ALEXNET_PREPROCESS_H

#include "alexnet.h"

G_BEGIN_DECLS

/* The tables that one image geometry needs, and scratch memory for one run.
 * Thread-safety: one thread at a time. */
typedef struct _AlexnetTransform AlexnetTransform;

AlexnetTransform *alexnet_transform_new (void);
void alexnet_transform_free (AlexnetTransform *transform);

/* Prepares for images like this one (planes are not read) to become `size` x
 * `size` network input; every field of `preprocess` is set. Does nothing and
 * allocates nothing when all is as it was at the last call. INVALID: zero or
 * too large size, unknown format, region empty or outside the image. */
gboolean alexnet_transform_update (AlexnetTransform *transform,
    const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint size, GError **error);

/* Receives rows y = 0 .. size - 1 in order; channels[c] are `size` normalised
 * values of the network's channel c, valid during the call. */
typedef void (*AlexnetRowFunc) (gpointer user, guint y,
    const float *const channels[3]);

/* Host memory only. Cannot fail and does not allocate. */
void alexnet_transform_run (AlexnetTransform *transform,
    const AlexnetImage *image, AlexnetRowFunc func, gpointer user);

G_END_DECLS

#endif /* ALEXNET_PREPROCESS_H */
