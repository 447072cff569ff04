/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The backend "cpu": oneDNN 2.6 or 3, and loops of our own where they are
 * faster.
 *
 * ALEXNET_PRECISION_FP32: everything in float, everywhere.
 * ALEXNET_PRECISION_FP16: the weights of linear layers are stored in fp16 and
 *   everything is computed in float; with AVX2 and F16C, or NEON.
 * ALEXNET_PRECISION_BF16: convolutions in bfloat16, where the CPU multiplies
 *   it (AVX512-BF16 or AMX); linear layers on few images as in FP16, and on
 * more in whichever is faster. ALEXNET_PRECISION_INT8: convolutions with whole
 * numbers of 8 bits, from a calibrated model; weights of linear layers stored
 * as int8 in groups with a scale each, or where the library is faster with a
 * scale for each output. On any CPU, several times faster with VNNI.
 * ALEXNET_PRECISION_AUTO: the last of the first three that the CPU has; weights
 * of linear layers are stored as int8 in groups with a scale each, as far as
 *   what that changes stays small.
 * A layer with a weight above 65504 has bf16 in the place of fp16.
 *
 * Our own loops are those of cpu.h.
 *
 * Every kind of layer is taken in any order, except that a softmax must be the
 * last one and that an LRN has an odd size. */

#ifndef ALEXNET_ONEDNN_H
#define ALEXNET_ONEDNN_H

#include "backend/backend.h"

G_BEGIN_DECLS

extern const AlexnetBackend alexnet_onednn_backend;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_H */
