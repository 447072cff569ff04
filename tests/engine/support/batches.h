/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A network in batches of many sizes, at several places in a plan's slots. */

#ifndef BATCHES_H
#define BATCHES_H

#include "backend/backend.h"

G_BEGIN_DECLS

#define BATCHES_MAX 16

/* Noise, another for each image: [n, size of the shape]; g_free() it. What
 * tolerances there are was seen with it. */
float *batches_random_inputs (const AlexnetShape *shape, guint n);

/* It has to open, and computes in `precision`. */
AlexnetPlan *batches_open (const AlexnetBackend *backend,
    AlexnetPrecision precision, const AlexnetNetwork *network, guint max_batch,
    guint n_slots, gboolean embedding);

/* Computes slots first to first + n - 1; outputs [n, size]. */
void batches_infer (AlexnetPlan *plan, guint first, guint n, float *outputs,
    gsize size);

double batches_largest (const float *values, gsize n);

/* Images [n, size of the input] and what should come of them: [n, size of the
 * output], and what the last linear layer reads, or NULL. */
typedef struct {
  guint n;
  const float *inputs, *expected, *embeddings;
} BatchesImages;

/* Runs batches of 1 to 5 and of BATCHES_MAX, as far as there are images. The
 * largest difference of an output divided by the largest that was expected, or
 * that of the embeddings, if it is larger. Infinite, and a message says why,
 * where there is no plan; and where an output is not finite. */
double batches_error (const AlexnetBackend *backend, AlexnetPrecision precision,
    const AlexnetNetwork *network, const BatchesImages *images);

G_END_DECLS

#endif /* BATCHES_H */
