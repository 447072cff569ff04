/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a failed call of CUDA, cuDNN or cublasLt becomes a GError.
 *
 * TRUE when a call went well. Else sets `error`, unless it is set already, to
 * one line that names the call, its status and what cuDNN has to say:
 * UNSUPPORTED, NO_MEMORY, with what is free and in all, or DEVICE. */

#ifndef ALEXNET_CUDNN_ERROR_H
#define ALEXNET_CUDNN_ERROR_H

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>

#include "alexnet.h"

G_BEGIN_DECLS

#define CUDA(call) alexnet_cuda_check ((call), #call, error)
#define CUBLAS(call) alexnet_cublas_check ((call), #call, error)
#define CUDNN(call) alexnet_cudnn_check ((call), #call, error)

gboolean alexnet_cuda_check (cudaError_t status, const char *call,
    GError **error);
gboolean alexnet_cublas_check (cublasStatus_t status, const char *call,
    GError **error);
gboolean alexnet_cudnn_check (cudnnStatus_t status, const char *call,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_ERROR_H */
