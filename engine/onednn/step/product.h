/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many products of matrices of one shape at once, as Winograd's convolutions
 * need them: by the library, or where that has nothing fast for a processor
 * (multiply.h) by ourselves. */

#ifndef ALEXNET_ONEDNN_PRODUCT_H
#define ALEXNET_ONEDNN_PRODUCT_H

#include "multiply.h"
#include "weights.h"

G_BEGIN_DECLS

/* output [n, rows, out] = input [n, rows, in] weights [n, in, out]: in float,
 * or of dnnl_u8 and dnnl_s8 summed up in dnnl_s32. There are n_weights such
 * weights, one behind the other. */
typedef struct {
  dnnl_data_type_t type; /* of the input */
  gsize n, rows, in, out;
  guint n_weights;
  gboolean transposed; /* weights are made as [n, out, in], not [n, in, out] */
} OnednnProductShape;

/* What one thread at a time needs. */
typedef struct {
  dnnl_stream_t stream;
  dnnl_memory_t input, output, scratchpad;
} OnednnProductUser;

typedef struct {
  OnednnProductShape shape;
  const char *isa;          /* what multiplies, as in a table of plans */
  OnednnMultiply *multiply; /* by ourselves, with these; else NULL */
  const float *panels; /* [n_weights * n, panels of outputs, in, of a panel] */
  OnednnMultiplyBytes *multiply_bytes; /* the same with these */
  const gint8 *bytes;                  /* [n_weights * n, in, out] */
  dnnl_primitive_t primitive;
  guint n_weights, n_users;
  dnnl_memory_t *weights;
  OnednnProductUser *users;
  /* Bytes, multiples of a cache line. */
  gsize input_size, output_size, scratchpad_size;
} OnednnProduct;

/* `self` is zeroed. The weights are `values`, [n_weights * n, in, out], which
 * are made in the type that is multiplied: float or gint8.
 * With more users than one each product runs on the thread that asks for it,
 * else on all of OpenMP's. UNSUPPORTED when weights do not lie one behind the
 * other. */
gboolean alexnet_onednn_product_init (OnednnProduct *self,
    OnednnContext *context, const OnednnProductShape *shape,
    const OnednnValues *values, guint n_users, GError **error);
void alexnet_onednn_product_clear (OnednnProduct *self);

/* Does not allocate; returns when it is done. Users are threads that do not
 * wait for each other. */
gboolean alexnet_onednn_product_run (const OnednnProduct *self, guint user,
    guint weights, void *input, void *output, void *scratchpad, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_PRODUCT_H */
