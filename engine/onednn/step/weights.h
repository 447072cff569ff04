/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights in the formats that primitives and operations read, each made once
 * for all programs of a plan. */

#ifndef ALEXNET_ONEDNN_WEIGHTS_H
#define ALEXNET_ONEDNN_WEIGHTS_H

#include "context.h"

G_BEGIN_DECLS

/* Makes values of a layer, in the type and order in which they were asked for;
 * `key` says which, to the operation whose function this is. NO_MEMORY, and
 * what reading gives. */
typedef gboolean (*OnednnMakeValues) (const OnednnContext *context, guint layer,
    guint key, void *out, GError **error);

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

/* Weights or bias as the layer computes with them, in float: [out, in / groups,
 * kH, kW] or [out]. As OnednnMakeValues. */
gboolean alexnet_onednn_layer_floats (const OnednnContext *context, guint layer,
    guint key, void *out, GError **error);

/* How many weights a layer computes with. */
gsize alexnet_onednn_count_weights (const OnednnContext *context, guint layer);

/* Memory for `n` of them; NO_MEMORY. g_free() it. */
float *alexnet_onednn_floats_new (gsize n, GError **error);

/* `values`, which are made as `plain` says, in the format of `wanted`; made
 * where they stay if that is the same. The memory is the context's, and zero in
 * a trial. NO_MEMORY, and what reading gives. */
gboolean alexnet_onednn_weights_get (OnednnContext *context,
    const OnednnValues *values, DnnlDesc plain, DnnlDesc wanted,
    dnnl_memory_t *memory, GError **error);

/* `n` values that stay floats, or bytes, as they lie in such a memory. */
gboolean alexnet_onednn_floats_get (OnednnContext *context,
    const OnednnValues *values, gsize n, const float **floats, GError **error);
gboolean alexnet_onednn_bytes_get (OnednnContext *context,
    const OnednnValues *values, gsize n, const guint8 **bytes, GError **error);

/* For the context. */
GPtrArray *alexnet_onednn_weights_new (void);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_WEIGHTS_H */
