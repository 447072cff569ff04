/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights in the formats that primitives and operations read, each made once
 * for all programs of a plan. */

#ifndef ALEXNET_ONEDNN_WEIGHTS_H
#define ALEXNET_ONEDNN_WEIGHTS_H

#include "context.h"

G_BEGIN_DECLS

/* Makes values of a layer, in float; `key` says which, to the operation whose
 * function this is. g_free() them. NO_MEMORY, and what reading gives. */
typedef float *(*OnednnMakeValues) (const OnednnContext *context, guint layer,
    guint key, GError **error);

/* Those values; who asks for equal ones gets the same memory. */
typedef struct {
  OnednnMakeValues make;
  guint layer, key;
} OnednnValues;

/* Keys of alexnet_onednn_layer_floats(). */
typedef enum {
  ONEDNN_WEIGHTS,
  ONEDNN_BIAS,
} OnednnLayerFloats;

/* Weights or bias as the layer computes with them: [out, in / groups, kH, kW]
 * or [out]. As OnednnMakeValues. */
float *alexnet_onednn_layer_floats (const OnednnContext *context, guint layer,
    guint key, GError **error);

/* Memory for `n` of them; NO_MEMORY. g_free() it. */
float *alexnet_onednn_floats_new (gsize n, GError **error);

/* `values`, which `plain` describes, in the format of `wanted`. The memory is
 * the context's, and zero in a trial. NO_MEMORY, and what reading gives. */
gboolean alexnet_onednn_weights_get (OnednnContext *context,
    const OnednnValues *values, DnnlDesc plain, DnnlDesc wanted,
    dnnl_memory_t *memory, GError **error);

/* `n` values that stay floats, as they lie in such a memory. */
gboolean alexnet_onednn_floats_get (OnednnContext *context,
    const OnednnValues *values, gsize n, const float **floats, GError **error);

/* For the context. */
GPtrArray *alexnet_onednn_weights_new (void);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_WEIGHTS_H */
