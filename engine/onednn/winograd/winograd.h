/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution as oneDNN's batched product of matrices between transforms of
 * our own: 2 to 5 times fewer multiplications than direct convolution, for a
 * rounding error that is several times larger (about 1e-5 of the largest
 * output with the largest tiles). In float, always. */

#ifndef ALEXNET_ONEDNN_WINOGRAD_H
#define ALEXNET_ONEDNN_WINOGRAD_H

#include "onednn/step/program.h"
#include "transform.h"

G_BEGIN_DECLS

/* Whether `layer` is a convolution of this kernel with a stride of 1. */
gboolean alexnet_winograd_fits (const AlexnetLayer *layer, WinogradTile tile);

/* About how long it takes, in the time of one multiplication and addition of
 * direct convolution: to choose by when nothing can be timed. */
double alexnet_winograd_guess (const AlexnetLayer *layer, WinogradTile tile,
    guint batch);

/* The same of direct convolution in float. */
double alexnet_direct_guess (const AlexnetLayer *layer, guint batch);

/* Appends layer `i` of the context's network, which fits, with a ReLU behind
 * it if `relu`. Reads whatever there is as float in dnnl_nhwc, and writes
 * that. NO_MEMORY. */
gboolean alexnet_winograd_add (OnednnProgram *program, guint i,
    WinogradTile tile, gboolean relu, GError **error);

/* The layer's weights, transformed by all threads: [groups, n * n,
 * in / groups, out / groups]. g_free() them; NULL when memory is short. */
float *alexnet_winograd_weights (const OnednnContext *context, guint i,
    WinogradTile tile);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_WINOGRAD_H */
