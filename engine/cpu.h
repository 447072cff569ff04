/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which instruction set the engine's own loops use: the only place that looks
 * at the processor for it, and at $ALEXNET_CPU_ISA, which names one (plain;
 * avx2 or avx512 on x86-64, neon on arm64) in place of the best there is. It is
 * for tests and for looking into a suspected fault, and does not reach into
 * oneDNN, which reads $ONEDNN_MAX_CPU_ISA.
 *
 * Ask once, when the object that owns the loops is made, and keep the answer:
 *
 *     self->isa = alexnet_cpu_isa ();
 *     ...
 *     #ifdef ALEXNET_CPU_X86
 *       if (self->isa >= ALEXNET_ISA_AVX512)
 *         return product_avx512 (...);
 *       if (self->isa >= ALEXNET_ISA_AVX2)
 *         return product_avx2 (...);
 *     #endif
 *     return product_plain (...);
 *
 * with the variants marked `ALEXNET_TARGET_AVX512 static void` and so on. They
 * may share one always-inline body in C, or use intrinsics. What goes beyond
 * these sets (VNNI, BF16, AMX; on arm64 dot products) asks
 * __builtin_cpu_supports(), or here, on top, and only when the set itself was
 * chosen. The sets contain
 * FMA, on arm64 plain C does, and gcc makes use of it in C: a file whose
 * results must not depend on the set is compiled with -ffp-contract=off.
 *
 * Thread-safety: any thread. */

#ifndef ALEXNET_CPU_H
#define ALEXNET_CPU_H

#include <glib.h>

G_BEGIN_DECLS

#if defined(__x86_64__) && defined(__GNUC__)
#define ALEXNET_CPU_X86 1
#define ALEXNET_TARGET_AVX2 __attribute__ ((target ("avx2,fma,f16c")))
#define ALEXNET_TARGET_AVX512                      \
  __attribute__ ((target ("avx2,fma,f16c,avx512f," \
                          "avx512bw,avx512cd,avx512dq,avx512vl")))
#elif defined(__aarch64__) && defined(__GNUC__)
#define ALEXNET_CPU_ARM64 1
#endif

/* Each contains the ones before it. */
typedef enum {
  ALEXNET_ISA_PLAIN, /* C as the compiler was told to make it */
#if defined(ALEXNET_CPU_X86)
  ALEXNET_ISA_AVX2,   /* AVX2, FMA, F16C */
  ALEXNET_ISA_AVX512, /* and F, BW, CD, DQ, VL */
#elif defined(ALEXNET_CPU_ARM64)
  ALEXNET_ISA_NEON, /* Armv8.0's, which every arm64 processor has */
#endif
  ALEXNET_N_ISAS,
} AlexnetIsa;

/* The best that processor and operating system can do. */
AlexnetIsa alexnet_cpu_detect (void);

/* Tiles of numbers of 8 bits and of bf16, of x86-64, which Linux lets a process
 * use that has asked for it: this does. */
gboolean alexnet_cpu_has_amx (void);

#ifdef ALEXNET_CPU_ARM64
/* Of numbers of 8 bits, Armv8.2's. */
gboolean alexnet_cpu_has_dot_products (void);
#endif

/* The one to use: $ALEXNET_CPU_ISA, else the best. A value that is unknown,
 * or that this processor cannot do, gets a warning, once, and the best. */
AlexnetIsa alexnet_cpu_isa (void);

/* As $ALEXNET_CPU_ISA spells it. */
const char *alexnet_isa_name (AlexnetIsa isa);

G_END_DECLS

#endif /* ALEXNET_CPU_H */
