/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A cuDNN handle, or a device that plans can be made for without one. */

#ifndef ALEXNET_CUDNN_HANDLE_H
#define ALEXNET_CUDNN_HANDLE_H

#include <cudnn.h>

#include "alexnet.h"

G_BEGIN_DECLS

/* Since 9.8 graphs and plans are told their device by a descriptor of its
 * properties, and the handle is deprecated there. A build may say 0, to tell
 * them by the handle all the same. */
#ifndef ALEXNET_CUDNN_HAS_PROPERTIES
#define ALEXNET_CUDNN_HAS_PROPERTIES (CUDNN_VERSION >= 90800)
#endif

typedef struct {
  cudnnHandle_t handle;                /* NULL: no device, plans cannot run */
  cudnnBackendDescriptor_t properties; /* of the device; NULL before 9.8 */
} AlexnetCudnn;

/* For the calling thread's device; plans run on `stream`. DEVICE. */
gboolean alexnet_cudnn_open (AlexnetCudnn *cudnn, cudaStream_t stream,
    GError **error);

/* For the device that `json` describes. Something must answer as
 * libcuda.so.1, or there will be no plans. UNSUPPORTED before cuDNN 9.8. */
gboolean alexnet_cudnn_open_for (AlexnetCudnn *cudnn, const char *json,
    GError **error);
void alexnet_cudnn_close (AlexnetCudnn *cudnn, GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_HANDLE_H */
