/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The module's kernels, compiled for the host. */

#include "private.h"

#include <math.h>

#include "cudnn/kernel-args.h"
#include "numbers.h"

#define KERNEL static void
#define PARAM(Type) const Type
#define DEVICE static inline
#define SHARED static
#define BARRIER() soft_barrier ()
#define WARP_SUM(x) soft_warp_sum (x)
#define WARP_MAX(x) soft_warp_max (x)
#define WITH_BYTE(a, b, i) ((a) | ((b) >> 8 * (i) & 0xff))
#define THREAD_X soft_thread.thread_x
#define THREAD_Y soft_thread.thread_y
#define BLOCK_X soft_thread.block_x
#define BLOCK_Y soft_thread.block_y
#define UNROLL
#define UNROLL_BY(n)

#define WITH_S8
#define REAL guint16
#define TO_FLOAT(x) soft_fp16_to_float (x)
#define FROM_FLOAT(x) soft_fp16_from_float (x)
#define NAME(x) alexnet_##x##_f16
#include "cudnn/kernels.h"

#define REAL guint16
#define TO_FLOAT(x) soft_bf16_to_float (x)
#define FROM_FLOAT(x) soft_bf16_from_float (x)
#define NAME(x) alexnet_##x##_bf16
#include "cudnn/kernels.h"

#define REAL float
#define TO_FLOAT(x) (x)
#define FROM_FLOAT(x) (x)
#define NAME(x) alexnet_##x##_f32
#include "cudnn/kernels.h"

#define RUN(name, Args)                     \
  static void run_##name (const void *args) \
  {                                         \
    alexnet_##name (*(const Args *) args);  \
  }
#define ENTRY(name, Args, meets) \
  { "alexnet_" #name, sizeof (Args), run_##name, meets },

#define RUN_ONE(name, Args, meets) RUN (name, Args)
#define RUN_KERNEL(name, Args, meets) \
  RUN (name##_f16, Args) RUN (name##_bf16, Args) RUN (name##_f32, Args)
#define ENTER_KERNEL(name, Args, meets) \
  ENTRY (name##_f16, Args, meets)       \
  ENTRY (name##_bf16, Args, meets)      \
  ENTRY (name##_f32, Args, meets)

#define KERNELS(DO)                       \
  DO (pixels, AlexnetPixelsArgs, FALSE)   \
  DO (tensor, AlexnetTensorArgs, FALSE)   \
  DO (maxpool, AlexnetPoolArgs, FALSE)    \
  DO (lrn, AlexnetLrnArgs, FALSE)         \
  DO (lrn_pool, AlexnetLrnPoolArgs, TRUE) \
  DO (copy, AlexnetCopyArgs, FALSE)       \
  DO (output, AlexnetOutputArgs, FALSE)   \
  DO (softmax, AlexnetSoftmaxArgs, TRUE)  \
  DO (dot, AlexnetGemvArgs, TRUE)         \
  DO (gemv, AlexnetGemvArgs, TRUE)        \
  DO (pooled_gemv, AlexnetPooledGemvArgs, TRUE)

/* Only with values of this type. */
#define KERNELS_F16(DO)                    \
  DO (gemv_s8_f16, AlexnetGemvArgs, TRUE)  \
  DO (pooled_gemv_s8_f16, AlexnetPooledGemvArgs, TRUE)

KERNELS (RUN_KERNEL)
KERNELS_F16 (RUN_ONE)

static const SoftKernel kernels[] = {
  KERNELS (ENTER_KERNEL) KERNELS_F16 (ENTRY){ NULL }
};

const SoftKernel *
soft_find_kernel (const char *name)
{
  const SoftKernel *kernel = kernels;

  while (kernel->name && !g_str_equal (kernel->name, name))
    kernel++;
  return kernel->name ? kernel : NULL;
}
