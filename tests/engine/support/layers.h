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

/* The same; NULL, and the test is skipped, where this machine lacks the
 * precision, as it never lacks FP32. */
AlexnetPlan *layers_open_or_skip (const AlexnetBackend *backend,
    const AlexnetNetwork *network, AlexnetPrecision precision, guint n_threads,
    guint batch);

/* inputs [n, size of the input], which the slots of a batch take in turn; gives
 * [batch, size of the output] to g_free(). */
float *layers_run (AlexnetPlan *plan, const AlexnetNetwork *network,
    const float *inputs, guint n, guint batch);

/* The same of the backend "reference", for each of the inputs. */
float *layers_run_reference (const AlexnetNetwork *network, const float *inputs,
    guint n);

/* Of `n_found` values, which repeat `n_expected`: how far they are off. */
typedef double (*LayersError) (const float *found, gsize n_found,
    const float *expected, gsize n_expected);

/* Of the norm of what is expected; all are finite. */
double layers_norm_error (const float *found, gsize n_found,
    const float *expected, gsize n_expected);

/* Runs batches of 1 to `max_batch` images against `expected` [n, size of the
 * output]; the largest error. */
double layers_compare_batches (AlexnetPlan *plan, const AlexnetNetwork *network,
    const float *inputs, const float *expected, guint n, guint max_batch,
    LayersError error);

/* To check a convolution on its own and its results by "reference"; `what` is
 * for messages. */
typedef void (*LayersCheck) (AlexnetNetwork *single, const float *inputs,
    const float *expected, guint max_batch, const char *what);

/* One of random weights, of which `layer` has numbers and `in`, for `n` images,
 * in batches of up to 3. */
void layers_check_convolution (const AlexnetLayer *layer, guint n,
    LayersCheck check);

/* Every convolution of a network of random weights; each reads what "reference"
 * made of those before it, for `n` images. */
void layers_check_convolutions (const char *architecture, guint divisor,
    guint n, guint max_batch, LayersCheck check);

/* Fills in what int8 needs to know of a convolution that reads inputs [n, size
 * of the input], as alexnet_calibration_write() has it; g_free() the scales. */
void layers_calibrate (AlexnetLayer *layer, const float *inputs, guint n);

G_END_DECLS

#endif /* LAYERS_H */
