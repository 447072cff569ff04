/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The backend "reference": one image at a time, plain loops, sums in double.
 * Slow, always built, and what every other backend is measured against. Runs
 * in ALEXNET_PRECISION_FP32 only. */

#ifndef ALEXNET_REFERENCE_H
#define ALEXNET_REFERENCE_H

#include "backend/backend.h"

G_BEGIN_DECLS

extern const AlexnetBackend alexnet_reference_backend;

G_END_DECLS

#endif /* ALEXNET_REFERENCE_H */
