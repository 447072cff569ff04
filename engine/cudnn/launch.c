/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "launch.h"

static const char *const names[ALEXNET_N_KERNELS] = {
  [ALEXNET_KERNEL_PIXELS] = "pixels",
  [ALEXNET_KERNEL_TENSOR] = "tensor",
  [ALEXNET_KERNEL_MAXPOOL] = "maxpool",
  [ALEXNET_KERNEL_LRN] = "lrn",
  [ALEXNET_KERNEL_LRN_POOL] = "lrn_pool",
  [ALEXNET_KERNEL_COPY] = "copy",
  [ALEXNET_KERNEL_OUTPUT] = "output",
  [ALEXNET_KERNEL_SOFTMAX] = "softmax",
  [ALEXNET_KERNEL_DOT] = "dot",
  [ALEXNET_KERNEL_GEMV] = "gemv",
  [ALEXNET_KERNEL_POOLED_GEMV] = "pooled_gemv",
};

static const AlexnetKernels *
choose (AlexnetPrecision precision)
{
  switch (precision) {
    case ALEXNET_PRECISION_FP16:
      return &alexnet_kernels_f16;
    case ALEXNET_PRECISION_BF16:
      return &alexnet_kernels_bf16;
    case ALEXNET_PRECISION_INT8:
      return &alexnet_kernels_f16_s8;
    default:
      return &alexnet_kernels_f32;
  }
}

const AlexnetKernels *
alexnet_kernels_load (AlexnetPrecision precision, GError **error)
{
  const AlexnetKernels *kernels = choose (precision);

  /* Asking for the attributes loads the code. */
  for (guint i = 0; i < ALEXNET_N_KERNELS; i++) {
    struct cudaFuncAttributes attributes;

    if (!CUDA (cudaFuncGetAttributes (&attributes, kernels->functions[i]))) {
      g_prefix_error (error, "%s: ", names[i]);
      return NULL;
    }
  }
  return kernels;
}

static gboolean
run (const AlexnetKernels *kernels, AlexnetKernel kernel, dim3 grid, dim3 block,
    const void *args, cudaStream_t stream, GError **error)
{
  void *pointers[] = { (void *) args };
  cudaError_t status = cudaLaunchKernel (kernels->functions[kernel], grid,
      block, pointers, 0, stream);

  if (status == cudaSuccess)
    return TRUE;
  alexnet_cuda_check (status, "cudaLaunchKernel", error);
  g_prefix_error (error, "%s: ", names[kernel]);
  return FALSE;
}

static guint
divide_up (gsize a, gsize b)
{
  return (guint) ((a + b - 1) / b);
}

gboolean
alexnet_kernel_run (const AlexnetKernels *kernels, AlexnetKernel kernel,
    gsize n_threads, const void *args, cudaStream_t stream, GError **error)
{
  dim3 grid = { divide_up (n_threads, ALEXNET_THREADS), 1, 1 };
  dim3 block = { ALEXNET_THREADS, 1, 1 };

  return run (kernels, kernel, grid, block, args, stream, error);
}

gboolean
alexnet_kernel_run_canvas (const AlexnetKernels *kernels, AlexnetKernel kernel,
    const AlexnetSlotArgs *slot, const void *args, cudaStream_t stream,
    GError **error)
{
  dim3 grid = { divide_up (slot->columns * slot->block, ALEXNET_CANVAS_X),
    divide_up (slot->rows * slot->block, ALEXNET_CANVAS_Y), 1 };
  dim3 block = { ALEXNET_CANVAS_X, ALEXNET_CANVAS_Y, 1 };

  return run (kernels, kernel, grid, block, args, stream, error);
}

/* A warp for ALEXNET_GEMV_ROWS of n_out outputs. */
static gboolean
run_product (const AlexnetKernels *kernels, AlexnetKernel kernel, guint n_out,
    guint n_warps, const void *args, cudaStream_t stream, GError **error)
{
  dim3 grid = { divide_up (n_out, n_warps * ALEXNET_GEMV_ROWS), 1, 1 };
  dim3 block = { 32 * n_warps, 1, 1 };

  return run (kernels, kernel, grid, block, args, stream, error);
}

gboolean
alexnet_kernel_run_gemv (const AlexnetKernels *kernels,
    const AlexnetGemvArgs *args, cudaStream_t stream, GError **error)
{
  return run_product (kernels, ALEXNET_KERNEL_GEMV, args->n_out,
      ALEXNET_GEMV_WARPS, args, stream, error);
}

gboolean
alexnet_kernel_run_pooled_gemv (const AlexnetKernels *kernels,
    const AlexnetPooledGemvArgs *args, cudaStream_t stream, GError **error)
{
  return run_product (kernels, ALEXNET_KERNEL_POOLED_GEMV, args->gemv.n_out,
      ALEXNET_POOLED_WARPS, args, stream, error);
}
