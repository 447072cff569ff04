/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A layer's tensors as the device wants them: its type, filters KRSC (blocked
 * for the first convolution), matrices over NHWC features, and each part of a
 * convolution on its own, aligned to 256 bytes. */

#ifndef ALEXNET_CUDNN_WEIGHTS_H
#define ALEXNET_CUDNN_WEIGHTS_H

#include "device.h"
#include "ops.h"

G_BEGIN_DECLS

/* How the weights of a layer are kept. */
typedef enum {
  ALEXNET_STORAGE_VALUES, /* in the type of values */
  ALEXNET_STORAGE_INT8,   /* LINEAR: as gemv_s8 of kernel-args.h reads them */
  ALEXNET_STORAGE_BOTH,   /* the same, and what that stands for in the type of
                             values */
} AlexnetStorage;

/* Device memory. */
typedef struct {
  AlexnetStorage storage;
  guint8 *weight, *bias;            /* of part 0; `weight` is NULL with INT8 */
  gsize weight_stride, bias_stride; /* bytes from one part to the next */
  guint8 *int8;                     /* of INT8 and BOTH, else NULL */
  float *scales;                    /* of `int8` */
} AlexnetWeights;

/* Of an operation that has some. Sets storage and weight_stride, and returns
 * the bytes, a multiple of the alignment, of what small batches read: all
 * parts' `weight`, or `int8`. */
gsize alexnet_weights_measure (AlexnetWeights *weights, const AlexnetOp *op,
    const AlexnetSlotLayout *slot, AlexnetPrecision precision,
    AlexnetStorage storage);

/* Makes the caller's memory that. */
void alexnet_weights_set_memory (AlexnetWeights *weights, guint8 *memory);

/* Of one that has memory; all else is the device's. NO_MEMORY, DEVICE, and what
 * reading gives. */
gboolean alexnet_weights_upload (AlexnetWeights *weights, AlexnetDevice *device,
    const AlexnetOp *op, const AlexnetSlotLayout *slot,
    AlexnetPrecision precision, GError **error);

/* One row of `n` weights as gemv_s8 reads it; they become what that stands for.
 * Returns the scale. */
float alexnet_weights_pack_int8 (guint8 *to, float *row, guint n);

/* One output's weights, `from` as the model has them, in the order in which
 * `op` wants them. `to` has been zeroed. Returns how many there are. */
gsize alexnet_weights_permute (float *to, const float *from,
    const AlexnetOp *op, const AlexnetSlotLayout *slot);

G_END_DECLS

#endif /* ALEXNET_CUDNN_WEIGHTS_H */
