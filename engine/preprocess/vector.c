/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loops in vectors of 8 or 16 numbers: lanes.h, once for each
 * instruction set, and here what its language cannot say itself. */

#include "private.h"

#include <string.h>

#ifdef ALEXNET_CPU_X86
#include <immintrin.h>

#define PASTE2(a, b) a##_##b
#define PASTE(a, b) PASTE2 (a, b)
#define NAME(name) PASTE (name, ISA)
#define INLINE TARGET static inline __attribute__ ((always_inline))

#define ISA avx2
#define LANES 8
#define TARGET ALEXNET_TARGET_AVX2
typedef float Floats_avx2 __attribute__ ((vector_size (32)));
typedef gint32 Ints_avx2 __attribute__ ((vector_size (32)));

INLINE Ints_avx2
load_8_avx2 (const guint8 *p)
{
  return (Ints_avx2)
      _mm256_cvtepu8_epi32 (_mm_loadl_epi64 ((const __m128i *) p));
}

INLINE Ints_avx2
load_16_avx2 (const guint8 *p)
{
  return (Ints_avx2)
      _mm256_cvtepu16_epi32 (_mm_loadu_si128 ((const __m128i *) p));
}

/* 0..255 each. */
INLINE void
store_8_avx2 (guint8 *p, Ints_avx2 v)
{
  __m256i words = _mm256_packus_epi32 ((__m256i) v, (__m256i) v);
  __m128i low = _mm256_castsi256_si128 (words);
  __m128i high = _mm256_extracti128_si256 (words, 1);

  low = _mm_unpacklo_epi64 (low, high);
  _mm_storel_epi64 ((__m128i *) p, _mm_packus_epi16 (low, low));
}

INLINE Floats_avx2
to_floats_avx2 (Ints_avx2 v)
{
  return (Floats_avx2) _mm256_cvtepi32_ps ((__m256i) v);
}

INLINE void
zip_avx2 (Floats_avx2 a, Floats_avx2 b, Floats_avx2 *low, Floats_avx2 *high)
{
  __m256 even = _mm256_unpacklo_ps ((__m256) a, (__m256) b);
  __m256 odd = _mm256_unpackhi_ps ((__m256) a, (__m256) b);

  *low = (Floats_avx2) _mm256_permute2f128_ps (even, odd, 0x20);
  *high = (Floats_avx2) _mm256_permute2f128_ps (even, odd, 0x31);
}

#include "lanes.h"
#undef ISA
#undef LANES
#undef TARGET

#define ISA avx512
#define LANES 16
#define TARGET ALEXNET_TARGET_AVX512
typedef float Floats_avx512 __attribute__ ((vector_size (64)));
typedef gint32 Ints_avx512 __attribute__ ((vector_size (64)));

INLINE Ints_avx512
load_8_avx512 (const guint8 *p)
{
  return (Ints_avx512)
      _mm512_cvtepu8_epi32 (_mm_loadu_si128 ((const __m128i *) p));
}

INLINE Ints_avx512
load_16_avx512 (const guint8 *p)
{
  return (Ints_avx512)
      _mm512_cvtepu16_epi32 (_mm256_loadu_si256 ((const __m256i *) p));
}

INLINE void
store_8_avx512 (guint8 *p, Ints_avx512 v)
{
  _mm_storeu_si128 ((__m128i *) p, _mm512_cvtepi32_epi8 ((__m512i) v));
}

INLINE Floats_avx512
to_floats_avx512 (Ints_avx512 v)
{
  return (Floats_avx512) _mm512_cvtepi32_ps ((__m512i) v);
}

INLINE void
zip_avx512 (Floats_avx512 a, Floats_avx512 b, Floats_avx512 *low,
    Floats_avx512 *high)
{
  const __m512i first = _mm512_setr_epi32 (0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5,
      21, 6, 22, 7, 23);
  const __m512i second = _mm512_setr_epi32 (8, 24, 9, 25, 10, 26, 11, 27, 12,
      28, 13, 29, 14, 30, 15, 31);

  *low = (Floats_avx512) _mm512_permutex2var_ps ((__m512) a, first, (__m512) b);
  *high = (Floats_avx512) _mm512_permutex2var_ps ((__m512) a, second,
      (__m512) b);
}

#include "lanes.h"

static const AlexnetKernels *const kernels[ALEXNET_N_ISAS] = {
  [ALEXNET_ISA_PLAIN] = &alexnet_kernels_plain,
  [ALEXNET_ISA_AVX2] = &kernels_avx2,
  [ALEXNET_ISA_AVX512] = &kernels_avx512,
};

const AlexnetKernels *
alexnet_kernels_get (AlexnetIsa isa)
{
  return kernels[isa];
}
#else
const AlexnetKernels *
alexnet_kernels_get (AlexnetIsa isa)
{
  return &alexnet_kernels_plain;
}
#endif
