/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The functions of kernels.inc, by instruction set. A header declares those of
 * its own room, of which `type` is the type of a function:
 *
 *     #define KERNELS_OF KERNELS_OF_LINEAR
 *     #define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
 *     #include "onednn/simd/kernels.inc"
 *
 * Who computes with one asks alexnet_onednn_NAME (isa) for it: NULL where there
 * is none. Who writes one defines alexnet_onednn_NAME_SET, by SIMD_NAME(). */

#ifndef ALEXNET_ONEDNN_DISPATCH_H
#define ALEXNET_ONEDNN_DISPATCH_H

#include "cpu.h"

#define SIMD_KERNEL(name, type, sets)                                      \
  extern type alexnet_onednn_##name##_plain, alexnet_onednn_##name##_avx2, \
      alexnet_onednn_##name##_avx512, alexnet_onednn_##name##_vnni,        \
      alexnet_onednn_##name##_neon, alexnet_onednn_##name##_amx;           \
  SIMD_##sets (name, type)

/* What `sets` may be. */
#if defined(ALEXNET_CPU_X86)

#define SIMD_LANES_OF_SETS 4, 8, 16

#define SIMD_EVERY(name, type)                              \
  SIMD_DISPATCH (name, type, alexnet_onednn_##name##_plain, \
      alexnet_onednn_##name##_avx2, alexnet_onednn_##name##_avx512)

/* All but plain C. */
#define SIMD_VECTORS(name, type)                                 \
  SIMD_DISPATCH (name, type, NULL, alexnet_onednn_##name##_avx2, \
      alexnet_onednn_##name##_avx512)

/* The best set, where the processor has dot products of 8 bits too. */
#define SIMD_DOT(name, type)                                               \
  SIMD_DISPATCH (name, type, NULL, NULL,                                   \
      __builtin_cpu_supports ("avx512vnni") ? alexnet_onednn_##name##_vnni \
                                            : NULL)

/* Tiles, beside the best set. */
#define SIMD_AMX(name, type)             \
  SIMD_DISPATCH (name, type, NULL, NULL, \
      alexnet_cpu_has_amx () ? alexnet_onednn_##name##_amx : NULL)

/* Of arm64 alone. */
#define SIMD_NEON(name, type) SIMD_DISPATCH (name, type, NULL)
#define SIMD_NEON_DOT SIMD_NEON

#elif defined(ALEXNET_CPU_ARM64)

#define SIMD_LANES_OF_SETS 4, 8
#define SIMD_EVERY(name, type)                              \
  SIMD_DISPATCH (name, type, alexnet_onednn_##name##_plain, \
      alexnet_onednn_##name##_neon)
#define SIMD_VECTORS(name, type) \
  SIMD_DISPATCH (name, type, NULL, alexnet_onednn_##name##_neon)
#define SIMD_NEON SIMD_VECTORS
#define SIMD_DOT(name, type)       \
  SIMD_DISPATCH (name, type, NULL, \
      alexnet_cpu_has_dot_products () ? alexnet_onednn_##name##_neon : NULL)
#define SIMD_NEON_DOT SIMD_DOT
#define SIMD_AMX(name, type) SIMD_DISPATCH (name, type, NULL)

#else

#define SIMD_LANES_OF_SETS 4
#define SIMD_EVERY(name, type) \
  SIMD_DISPATCH (name, type, alexnet_onednn_##name##_plain)
#define SIMD_VECTORS(name, type) SIMD_DISPATCH (name, type, NULL)
#define SIMD_NEON(name, type) SIMD_DISPATCH (name, type, NULL)
#define SIMD_NEON_DOT SIMD_NEON
#define SIMD_DOT(name, type) SIMD_DISPATCH (name, type, NULL)
#define SIMD_AMX(name, type) SIMD_DISPATCH (name, type, NULL)

#endif

/* What the functions of DOT multiply with, as in a table of plans. */
#ifdef ALEXNET_CPU_ARM64
#define SIMD_DOT_ISA "dotprod"
#else
#define SIMD_DOT_ISA "vnni"
#endif

/* Behind the type, a function for each AlexnetIsa. */
#define SIMD_DISPATCH(name, type, ...)                       \
  static inline type *alexnet_onednn_##name (AlexnetIsa isa) \
  {                                                          \
    type *const functions[ALEXNET_N_ISAS] = { __VA_ARGS__ }; \
                                                             \
    return functions[isa];                                   \
  }

/* Floats in a vector of `isa`. */
static inline guint
alexnet_onednn_simd_lanes (AlexnetIsa isa)
{
  static const guint lanes[ALEXNET_N_ISAS] = { SIMD_LANES_OF_SETS };

  return lanes[isa];
}

#endif /* ALEXNET_ONEDNN_DISPATCH_H */
