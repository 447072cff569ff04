/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an operation that computes layers with weights tells about itself:
 * plan/ lists such operations, and chooses among their variants for each
 * layer. */

#ifndef ALEXNET_ONEDNN_METHOD_H
#define ALEXNET_ONEDNN_METHOD_H

#include "program.h"

G_BEGIN_DECLS

typedef struct {
  guint n_variants;
  gboolean floats;  /* reads float, as dnnl_nhwc, whatever the context's type
                       is */
  gboolean library; /* the library computes it, no loops of ours */
  double lead;      /* its weights are there in any case: another, whose weights
                      come on top, must be so many times as fast to be taken in
                      its place; 0: 1 */

  /* Without blanks; no two variants that fit a layer have the same. */
  const char *(*get_name) (guint variant);

  /* Whether it can compute layer `i` of the context's network, and is not
   * known to be slower than another that can. */
  gboolean (*fits) (const OnednnContext *context, guint i, guint variant,
      guint batch);

  /* About how long it takes, in a unit that those which fit the same layer
   * share: to choose by when nothing can be timed. */
  double (*guess) (const OnednnContext *context, guint i, guint variant,
      guint batch);

  /* Appends layer `i`, which fits, with a ReLU behind it if `relu`. Reads
   * whatever there is; `type` is what the next layer reads, which those that
   * have no choice leave aside. UNSUPPORTED, NO_MEMORY. */
  gboolean (*add) (OnednnProgram *program, guint i, guint variant,
      gboolean relu, dnnl_data_type_t type, GError **error);
} OnednnMethod;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_METHOD_H */
