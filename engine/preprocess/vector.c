/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loops in vectors of 4, 8 or 16 numbers: lanes.h, once for each
 * instruction set, and here what its language cannot say itself. */

#include "private.h"

#include <string.h>

#define PASTE2(a, b) a##_##b
#define PASTE(a, b) PASTE2 (a, b)
#define NAME(name) PASTE (name, ISA)
#define ALWAYS_INLINE static inline __attribute__ ((always_inline))
#define INLINE TARGET ALWAYS_INLINE

#if defined(ALEXNET_CPU_X86)
#include <immintrin.h>

typedef __m128i Bytes;

ALWAYS_INLINE Bytes
load_bytes (const guint8 *p)
{
  return _mm_loadu_si128 ((const __m128i *) (const void *) p);
}

ALWAYS_INLINE void
store_bytes (guint8 *p, Bytes v)
{
  _mm_storeu_si128 ((__m128i *) (void *) p, v);
}

ALWAYS_INLINE Bytes
zip_bytes_low (Bytes a, Bytes b)
{
  return _mm_unpacklo_epi8 (a, b);
}

ALWAYS_INLINE Bytes
zip_bytes_high (Bytes a, Bytes b)
{
  return _mm_unpackhi_epi8 (a, b);
}

#define ISA avx2
#define LANES 8
#define LOG2_LANES 3
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
#undef LOG2_LANES
#undef TARGET

#define ISA avx512
#define LANES 16
#define LOG2_LANES 4
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

#elif defined(ALEXNET_CPU_ARM64)
#include <arm_neon.h>

typedef uint8x16_t Bytes;

ALWAYS_INLINE Bytes
load_bytes (const guint8 *p)
{
  return vld1q_u8 (p);
}

ALWAYS_INLINE void
store_bytes (guint8 *p, Bytes v)
{
  vst1q_u8 (p, v);
}

ALWAYS_INLINE Bytes
zip_bytes_low (Bytes a, Bytes b)
{
  return vzip1q_u8 (a, b);
}

ALWAYS_INLINE Bytes
zip_bytes_high (Bytes a, Bytes b)
{
  return vzip2q_u8 (a, b);
}

#define ISA neon
#define LANES 4
#define LOG2_LANES 2
#define TARGET
typedef float32x4_t Floats_neon;
typedef int32x4_t Ints_neon;

INLINE Ints_neon
load_8_neon (const guint8 *p)
{
  guint32 four;

  memcpy (&four, p, sizeof four);
  return vreinterpretq_s32_u32 (vmovl_u16 (
      vget_low_u16 (vmovl_u8 (vreinterpret_u8_u32 (vdup_n_u32 (four))))));
}

INLINE Ints_neon
load_16_neon (const guint8 *p)
{
  return vreinterpretq_s32_u32 (vmovl_u16 (vreinterpret_u16_u8 (vld1_u8 (p))));
}

/* 0..255 each. */
INLINE void
store_8_neon (guint8 *p, Ints_neon v)
{
  uint16x4_t words = vmovn_u32 (vreinterpretq_u32_s32 (v));
  uint8x8_t bytes = vmovn_u16 (vcombine_u16 (words, words));
  guint32 four = vget_lane_u32 (vreinterpret_u32_u8 (bytes), 0);

  memcpy (p, &four, sizeof four);
}

INLINE Floats_neon
to_floats_neon (Ints_neon v)
{
  return vcvtq_f32_s32 (v);
}

INLINE void
zip_neon (Floats_neon a, Floats_neon b, Floats_neon *low, Floats_neon *high)
{
  *low = vzip1q_f32 (a, b);
  *high = vzip2q_f32 (a, b);
}

#include "lanes.h"
#endif

static const AlexnetKernels *const kernels[ALEXNET_N_ISAS] = {
  [ALEXNET_ISA_PLAIN] = &alexnet_kernels_plain,
#if defined(ALEXNET_CPU_X86)
  [ALEXNET_ISA_AVX2] = &kernels_avx2,
  [ALEXNET_ISA_AVX512] = &kernels_avx512,
#elif defined(ALEXNET_CPU_ARM64)
  [ALEXNET_ISA_NEON] = &kernels_neon,
#endif
};

const AlexnetKernels *
alexnet_kernels_get (AlexnetIsa isa)
{
  return kernels[isa];
}
