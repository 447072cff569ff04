/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Our own kernels: loads the image that kernels.cu became, and starts them. */

#ifndef ALEXNET_CUDNN_LAUNCH_H
#define ALEXNET_CUDNN_LAUNCH_H

#include "device.h"
#include "kernel-args.h"

G_BEGIN_DECLS

typedef enum {
  ALEXNET_KERNEL_PIXELS,
  ALEXNET_KERNEL_TENSOR,
  ALEXNET_KERNEL_MAXPOOL,
  ALEXNET_KERNEL_LRN,
  ALEXNET_KERNEL_COPY,
  ALEXNET_KERNEL_OUTPUT,
  ALEXNET_KERNEL_SOFTMAX,
  ALEXNET_KERNEL_GEMV,
  ALEXNET_N_KERNELS
} AlexnetKernel;

typedef struct {
  cudaLibrary_t library;
  cudaKernel_t kernels[ALEXNET_N_KERNELS];
} AlexnetKernels;

/* Those for values of `precision`. */
gboolean alexnet_kernels_load (AlexnetKernels *kernels,
    AlexnetPrecision precision, GError **error);
void alexnet_kernels_unload (AlexnetKernels *kernels, GError **error);

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

G_END_DECLS

#endif /* ALEXNET_CUDNN_LAUNCH_H */
