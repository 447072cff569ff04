/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernel-args.h"

#define KERNEL extern "C" __global__ void
#define PARAM(Type) const __grid_constant__ Type
#define DEVICE static __device__ __forceinline__
#define SHARED __shared__
#define BARRIER() __syncthreads ()
#define WARP_SUM(x) warp_sum (x)
#define WARP_MAX(x) warp_max (x)
#define FMA(a, b, c) fmaf (a, b, c)
#define WITH_BYTE(a, b, i) __byte_perm (b, a, 0x7650 + (i))
#define THREAD_X threadIdx.x
#define THREAD_Y threadIdx.y
#define BLOCK_X blockIdx.x
#define BLOCK_Y blockIdx.y
#define UNROLL _Pragma ("unroll")
#define PRAGMA(x) _Pragma (#x)
#define UNROLL_BY(n) PRAGMA (unroll n)

DEVICE float
warp_sum (float x)
{
  for (int step = 16; step > 0; step /= 2)
    x += __shfl_xor_sync (0xffffffffu, x, step);
  return x;
}

DEVICE guint64
warp_max (guint64 x)
{
  for (int step = 16; step > 0; step /= 2) {
    guint64 other = __shfl_xor_sync (0xffffffffu, x, step);

    x = other > x ? other : x;
  }
  return x;
}

#define WITH_S8
#define REAL guint16
#define TO_FLOAT(x) __half2float (__ushort_as_half (x))
#define FROM_FLOAT(x) __half_as_ushort (__float2half_rn (x))
#define NAME(x) alexnet_##x##_f16
#include "kernels.h"

#define REAL guint16
#define TO_FLOAT(x) __bfloat162float (__ushort_as_bfloat16 (x))
#define FROM_FLOAT(x) __bfloat16_as_ushort (__float2bfloat16_rn (x))
#define NAME(x) alexnet_##x##_bf16
#include "kernels.h"

#define REAL float
#define TO_FLOAT(x) (x)
#define FROM_FLOAT(x) (x)
#define NAME(x) alexnet_##x##_f32
#include "kernels.h"

/* In the order of AlexnetKernel; with products by `s8`, _s8 or nothing. */
#define KERNELS(type, s8)                                 \
  {                                                       \
    {                                                     \
      (const void *) alexnet_pixels_##type,               \
      (const void *) alexnet_tensor_##type,               \
      (const void *) alexnet_maxpool_##type,              \
      (const void *) alexnet_lrn_##type,                  \
      (const void *) alexnet_lrn_pool_##type,             \
      (const void *) alexnet_copy_##type,                 \
      (const void *) alexnet_output_##type,               \
      (const void *) alexnet_softmax_##type,              \
      (const void *) alexnet_dot_##type,                  \
      (const void *) alexnet_gemv##s8##_##type,           \
      (const void *) alexnet_pooled_gemv##s8##_##type,    \
    }                                                     \
  }

const AlexnetKernels alexnet_kernels_f16 = KERNELS (f16, );
const AlexnetKernels alexnet_kernels_bf16 = KERNELS (bf16, );
const AlexnetKernels alexnet_kernels_f32 = KERNELS (f32, );
const AlexnetKernels alexnet_kernels_f16_s8 = KERNELS (f16, _s8);
