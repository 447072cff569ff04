/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an operation that computes convolutions tells about itself: plan/ lists
 * such operations, and chooses among their variants for each layer. */

#ifndef ALEXNET_ONEDNN_CONVOLUTION_H
#define ALEXNET_ONEDNN_CONVOLUTION_H

#include "program.h"

G_BEGIN_DECLS

typedef struct {
  guint n_variants;
  gboolean int8;   /* computes with whole numbers, else in a type of floats */
  gboolean floats; /* and then in float, as dnnl_nhwc, whatever the context's
                      type is */

  /* Without blanks; no two variants have the same. */
  const char *(*get_name) (guint variant);

  gboolean (*fits) (const AlexnetLayer *layer, guint variant);

  /* About how long it takes, in a unit that those with the same `int8` share:
   * to choose by when nothing can be timed. */
  double (*guess) (const OnednnContext *context, const AlexnetLayer *layer,
      guint variant, guint batch);

  /* Appends layer `i` of the context's network, which fits, with a ReLU behind
   * it if `relu`. Reads whatever there is; `type` is what the next layer reads,
   * which those that have no choice leave aside. UNSUPPORTED, NO_MEMORY. */
  gboolean (*add) (OnednnProgram *program, guint i, guint variant,
      gboolean relu, dnnl_data_type_t type, GError **error);
} OnednnConvolution;

/* `n_products` products of matrices [rows, in] and [in, out] for each group of
 * `layer`, in multiplications: what guess() counts. */
double alexnet_onednn_convolution_cost (const AlexnetLayer *layer,
    gsize n_products, gsize rows);

/* The same of direct convolution. */
double alexnet_onednn_convolution_direct_cost (const AlexnetLayer *layer,
    guint batch);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_CONVOLUTION_H */
