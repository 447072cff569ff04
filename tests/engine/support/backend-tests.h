/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tests that every backend must pass, with one thin main for each:
 *
 * - each kind of layer alone, over many shapes, against its definition,
 *   written here a second time, one output value at a time;
 * - networks, narrow and at full width, layer by layer against the
 *   backend "reference";
 * - small networks of layers in any order against that backend;
 * - the golden logits and embeddings that PyTorch computed;
 * - batches of many sizes at any place in the ring; pixels as well as tensors.
 *
 * The error of a layer is the largest difference of any value divided by the
 * largest value that was expected of any image: rounding errors grow with the
 * terms of a sum, not with what is left of them after they cancelled.
 */

#ifndef BACKEND_TESTS_H
#define BACKEND_TESTS_H

#include "backend/backend.h"

G_BEGIN_DECLS

/* A precision and how large the error of a layer may become in it. */
typedef struct {
  AlexnetPrecision precision;
  double tolerance;
  const char *cpu_conv; /* $ALEXNET_CPU_CONV; NULL: what is the fastest. Golden
                           logits in fp32 always take what is the fastest. */
  double alone; /* tolerance of a layer that nothing is before; 0: the same */
} BackendTestsPrecision;

/* Adds the tests for all `precisions`, ended by a tolerance of 0; AUTO must
 * take the last that this machine has. One that it lacks is skipped; fp32 is
 * not. */
void backend_tests_add (const AlexnetBackend *backend,
    const BackendTestsPrecision *precisions);

G_END_DECLS

#endif /* BACKEND_TESTS_H */
