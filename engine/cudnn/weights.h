/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A layer's tensors as the device wants them: its type, filters KRSC (blocked
 * for the first convolution), matrices over NHWC features, and each part of a
 * convolution on its own, aligned to 256 bytes. */

#ifndef ALEXNET_CUDNN_WEIGHTS_H
#define ALEXNET_CUDNN_WEIGHTS_H

#include "device.h"
#include "ops.h"

G_BEGIN_DECLS

typedef struct {
  guint8 *weight, *bias;            /* device memory, of part 0 */
  gsize weight_stride, bias_stride; /* bytes from one part to the next */
} AlexnetWeights;

/* Of a CONV or a LINEAR. Sets weight_stride, and returns the bytes of all
 * parts' weights, a multiple of the alignment. */
gsize alexnet_weights_measure (AlexnetWeights *weights, const AlexnetOp *op,
    const AlexnetSlotLayout *slot, AlexnetPrecision precision);

/* Of one that was measured: `weight` is the caller's memory for so many bytes,
 * the bias is the device's. NO_MEMORY, DEVICE, and what reading gives. */
gboolean alexnet_weights_upload (AlexnetWeights *weights, AlexnetDevice *device,
    const AlexnetOp *op, const AlexnetSlotLayout *slot,
    AlexnetPrecision precision, GError **error);

/* One value in the device's type, rounded to nearest, ties to even. */
guint16 alexnet_float_to_half (float value);
guint16 alexnet_float_to_bfloat (float value);

/* One output's weights, `from` as the model has them, in the order in which
 * `op` wants them. `to` has been zeroed. Returns how many there are. */
gsize alexnet_weights_permute (float *to, const float *from,
    const AlexnetOp *op, const AlexnetSlotLayout *slot);

G_END_DECLS

#endif /* ALEXNET_CUDNN_WEIGHTS_H */
