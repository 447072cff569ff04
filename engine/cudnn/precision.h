/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What numbers a device computes in. */

#ifndef ALEXNET_CUDNN_PRECISION_H
#define ALEXNET_CUDNN_PRECISION_H

#include "handle.h"
#include "network/network.h"

G_BEGIN_DECLS

/* `capability` is 10 * major + minor. UNSUPPORTED with the reason when such
 * a device cannot compute in `precision`. AUTO becomes the first of FP16, TF32
 * and FP32 in which cuDNN's first list has a plan for one of the network's
 * convolutions, or FP16 where there is none: some devices get nothing in 16
 * bits but what cuDNN falls back to. */
gboolean alexnet_precision_resolve (AlexnetPrecision *precision,
    const AlexnetCudnn *cudnn, const AlexnetNetwork *network, guint capability,
    const char *device, GError **error);

/* What all is computed in but products by weights of INT8, which are FP16's
 * values by whole numbers. */
AlexnetPrecision alexnet_precision_of_values (AlexnetPrecision precision);

G_END_DECLS

#endif /* ALEXNET_CUDNN_PRECISION_H */
