/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts our own kernels, those of kernels.cu. */

#ifndef ALEXNET_CUDNN_LAUNCH_H
#define ALEXNET_CUDNN_LAUNCH_H

#include "device.h"
#include "kernel-args.h"

G_BEGIN_DECLS

/* Those for values of `precision`, brought to the calling thread's device;
 * constant. NULL and DEVICE when there is no code for it. */
const AlexnetKernels *alexnet_kernels_load (AlexnetPrecision precision,
    GError **error);

/* One thread for each of n_threads, in blocks of ALEXNET_THREADS. `args` is
 * the struct of kernel-args.h; it is copied. */
gboolean alexnet_kernel_run (const AlexnetKernels *kernels,
    AlexnetKernel kernel, gsize n_threads, const void *args,
    cudaStream_t stream, GError **error);

/* One thread a pixel of the canvas of `slot`: PIXELS, TENSOR. */
gboolean alexnet_kernel_run_canvas (const AlexnetKernels *kernels,
    AlexnetKernel kernel, const AlexnetSlotArgs *slot, const void *args,
    cudaStream_t stream, GError **error);

gboolean alexnet_kernel_run_gemv (const AlexnetKernels *kernels,
    const AlexnetGemvArgs *args, cudaStream_t stream, GError **error);

gboolean alexnet_kernel_run_pooled_gemv (const AlexnetKernels *kernels,
    const AlexnetPooledGemvArgs *args, cudaStream_t stream, GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_LAUNCH_H */
