/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The backend "cpu": oneDNN 2.6 or 3. ALEXNET_PRECISION_FP32 everywhere,
 * ALEXNET_PRECISION_BF16 where the CPU multiplies bfloat16 (AVX512-BF16 or
 * AMX), which is also what ALEXNET_PRECISION_AUTO then means.
 *
 * Every kind of layer is taken in any order, except that a softmax must be the
 * last one and that an LRN has an odd size. */

#ifndef ALEXNET_ONEDNN_H
#define ALEXNET_ONEDNN_H

#include "../backend.h"

G_BEGIN_DECLS

extern const AlexnetBackend alexnet_onednn_backend;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_H */
