/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cpu.h"

#ifdef ALEXNET_CPU_X86
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif
#ifdef ALEXNET_CPU_ARM64
#include <sys/auxv.h>
#endif

#define VARIABLE "ALEXNET_CPU_ISA"

static const char *const names[ALEXNET_N_ISAS] = {
  [ALEXNET_ISA_PLAIN] = "plain",
#if defined(ALEXNET_CPU_X86)
  [ALEXNET_ISA_AVX2] = "avx2",
  [ALEXNET_ISA_AVX512] = "avx512",
#elif defined(ALEXNET_CPU_ARM64)
  [ALEXNET_ISA_NEON] = "neon",
#endif
};

const char *
alexnet_isa_name (AlexnetIsa isa)
{
  return names[isa];
}

#ifdef ALEXNET_CPU_X86
/* Not every compiler's __builtin_cpu_supports() knows it by name. */
static gboolean
has_f16c (void)
{
  guint a, b, c, d;

  return __get_cpuid (1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}

AlexnetIsa
alexnet_cpu_detect (void)
{
  __builtin_cpu_init ();
  if (!__builtin_cpu_supports ("avx2") || !__builtin_cpu_supports ("fma") ||
      !has_f16c ())
    return ALEXNET_ISA_PLAIN;
  if (!__builtin_cpu_supports ("avx512f") ||
      !__builtin_cpu_supports ("avx512bw") ||
      !__builtin_cpu_supports ("avx512cd") ||
      !__builtin_cpu_supports ("avx512dq") ||
      !__builtin_cpu_supports ("avx512vl"))
    return ALEXNET_ISA_AVX2;
  return ALEXNET_ISA_AVX512;
}
#else
AlexnetIsa
alexnet_cpu_detect (void)
{
  return ALEXNET_N_ISAS - 1;
}
#endif

#if defined(ALEXNET_CPU_X86) && defined(__linux__)
/* Of <asm/prctl.h>, where that is new enough, and of the manual of the
 * processor: the state that tiles have. */
#define REQUEST_PERMISSION 0x1023
#define TILE_DATA 18

/* AMX-BF16, AMX-TILE and AMX-INT8, of leaf 7. */
#define AMX_BITS (1u << 22 | 1u << 24 | 1u << 25)

static gboolean
request_amx (void)
{
  guint a, b, c, d;

  return __get_cpuid_count (7, 0, &a, &b, &c, &d) &&
      (d & AMX_BITS) == AMX_BITS && __builtin_cpu_supports ("avx512bf16") &&
      __builtin_cpu_supports ("avx512vbmi") &&
      syscall (SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}
#else
static gboolean
request_amx (void)
{
  return FALSE;
}
#endif

gboolean
alexnet_cpu_has_amx (void)
{
  static gsize answer; /* 1: no, 2: yes */

  if (g_once_init_enter (&answer))
    g_once_init_leave (&answer, request_amx () ? 2 : 1);
  return answer == 2;
}

#ifdef ALEXNET_CPU_ARM64
gboolean
alexnet_cpu_has_dot_products (void)
{
  return (getauxval (AT_HWCAP) & HWCAP_ASIMDDP) != 0;
}
#endif

static void
warn_once (const char *value, const char *problem, AlexnetIsa used)
{
  static gint warned;

  if (g_atomic_int_compare_and_exchange (&warned, 0, 1))
    g_warning (VARIABLE " is '%s', %s: using %s", value, problem, names[used]);
}

AlexnetIsa
alexnet_cpu_isa (void)
{
  const char *value = g_getenv (VARIABLE);
  AlexnetIsa best = alexnet_cpu_detect ();
  AlexnetIsa isa = ALEXNET_ISA_PLAIN;

  if (value == NULL || *value == '\0')
    return best;
  while (isa < ALEXNET_N_ISAS && !g_str_equal (value, names[isa]))
    isa++;
  if (isa <= best)
    return isa;
  warn_once (value,
      isa < ALEXNET_N_ISAS ? "which this processor does not have"
                           : "which names no instruction set",
      best);
  return best;
}
