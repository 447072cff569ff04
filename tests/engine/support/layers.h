/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Networks of one layer and of random weights, and running them. */

#ifndef LAYERS_H
#define LAYERS_H

#include "backend/backend.h"

G_BEGIN_DECLS

#define LAYERS_MAX_BATCH 33

/* A convolution and, as in AlexNet, a ReLU; with `layer`'s weights. */
AlexnetNetwork layers_make_single (const AlexnetLayer *layer);

/* 1 / `divisor` of the width; random_model_clear() it. */
AlexnetNetwork layers_make_network (const char *architecture, guint divisor);

/* [n, size of the shape]; g_free() them. */
float *layers_random_inputs (const AlexnetShape *shape, guint n);

/* For batches of up to `batch` images. */
AlexnetPlan *layers_open (const AlexnetBackend *backend,
    const AlexnetNetwork *network, AlexnetPrecision precision, guint n_threads,
    guint batch);

/* inputs [n, size of the input], which the slots of a batch take in turn; gives
 * [batch, size of the output] to g_free(). */
float *layers_run (AlexnetPlan *plan, const AlexnetNetwork *network,
    const float *inputs, guint n, guint batch);

/* The same of the backend "reference", for each of the inputs. */
float *layers_run_reference (const AlexnetNetwork *network, const float *inputs,
    guint n);

/* Fills in what int8 needs to know of a convolution that reads inputs [n, size
 * of the input], as alexnet_calibration_write() has it; g_free() the scales. */
void layers_calibrate (AlexnetLayer *layer, const float *inputs, guint n);

G_END_DECLS

#endif /* LAYERS_H */
