/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Vectors of floats. A source that includes this is compiled once for each
 * AlexnetIsa, with ONEDNN_SIMD_PLAIN, _AVX2, _AVX512 or _NEON defined, and puts
 * SIMD_NAME() around every name that it exports, which are those of
 * kernels.inc. */

#ifndef ALEXNET_ONEDNN_SIMD_H
#define ALEXNET_ONEDNN_SIMD_H

#include <glib.h>
#include <string.h>

#define SIMD_INLINE static inline __attribute__ ((always_inline))

#if defined(ONEDNN_SIMD_AVX512)

#include <immintrin.h>

#define SIMD_NAME(name) name##_avx512
#define SIMD_LANES 16

typedef __m512 Simd;

SIMD_INLINE Simd
simd_load (const float *in)
{
  return _mm512_loadu_ps (in);
}

SIMD_INLINE void
simd_store (float *out, Simd a)
{
  _mm512_storeu_ps (out, a);
}

SIMD_INLINE Simd
simd_all (float a)
{
  return _mm512_set1_ps (a);
}

SIMD_INLINE Simd
simd_add (Simd a, Simd b)
{
  return _mm512_add_ps (a, b);
}

SIMD_INLINE Simd
simd_sub (Simd a, Simd b)
{
  return _mm512_sub_ps (a, b);
}

SIMD_INLINE Simd
simd_mul (Simd a, Simd b)
{
  return _mm512_mul_ps (a, b);
}

/* a * b + c */
SIMD_INLINE Simd
simd_fma (Simd a, Simd b, Simd c)
{
  return _mm512_fmadd_ps (a, b, c);
}

/* `b` where `a` is NaN, in simd_min() too. */
SIMD_INLINE Simd
simd_max (Simd a, Simd b)
{
  return _mm512_max_ps (a, b);
}

SIMD_INLINE Simd
simd_min (Simd a, Simd b)
{
  return _mm512_min_ps (a, b);
}

SIMD_INLINE Simd
simd_load_bf16 (const guint16 *in)
{
  __m256i bits = _mm256_loadu_si256 ((const __m256i *) in);

  return _mm512_castsi512_ps (_mm512_slli_epi32 (_mm512_cvtepu16_epi32 (bits),
      16));
}

SIMD_INLINE Simd
simd_load_f16 (const guint16 *in)
{
  return _mm512_cvtph_ps (_mm256_loadu_si256 ((const __m256i *) in));
}

SIMD_INLINE void
simd_store_f16 (guint16 *out, Simd a)
{
  _mm256_storeu_si256 ((__m256i *) out,
      _mm512_cvtps_ph (a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

SIMD_INLINE Simd
simd_load_s8 (const gint8 *in)
{
  return _mm512_cvtepi32_ps (
      _mm512_cvtepi8_epi32 (_mm_loadu_si128 ((const __m128i *) in)));
}

SIMD_INLINE Simd
simd_load_s32 (const gint32 *in)
{
  return _mm512_cvtepi32_ps (_mm512_loadu_si512 (in));
}

/* The nearest whole numbers, which a byte holds. */
SIMD_INLINE void
simd_store_bytes (guint8 *out, Simd a)
{
  _mm_storeu_si128 ((__m128i *) out,
      _mm512_cvtepi32_epi8 (_mm512_cvtps_epi32 (a)));
}

#elif defined(ONEDNN_SIMD_AVX2)

#include <immintrin.h>

#define SIMD_NAME(name) name##_avx2
#define SIMD_LANES 8

typedef __m256 Simd;

SIMD_INLINE Simd
simd_load (const float *in)
{
  return _mm256_loadu_ps (in);
}

SIMD_INLINE void
simd_store (float *out, Simd a)
{
  _mm256_storeu_ps (out, a);
}

SIMD_INLINE Simd
simd_all (float a)
{
  return _mm256_set1_ps (a);
}

SIMD_INLINE Simd
simd_add (Simd a, Simd b)
{
  return _mm256_add_ps (a, b);
}

SIMD_INLINE Simd
simd_sub (Simd a, Simd b)
{
  return _mm256_sub_ps (a, b);
}

SIMD_INLINE Simd
simd_mul (Simd a, Simd b)
{
  return _mm256_mul_ps (a, b);
}

SIMD_INLINE Simd
simd_fma (Simd a, Simd b, Simd c)
{
  return _mm256_fmadd_ps (a, b, c);
}

SIMD_INLINE Simd
simd_max (Simd a, Simd b)
{
  return _mm256_max_ps (a, b);
}

SIMD_INLINE Simd
simd_min (Simd a, Simd b)
{
  return _mm256_min_ps (a, b);
}

SIMD_INLINE Simd
simd_load_bf16 (const guint16 *in)
{
  __m128i bits = _mm_loadu_si128 ((const __m128i *) in);

  return _mm256_castsi256_ps (_mm256_slli_epi32 (_mm256_cvtepu16_epi32 (bits),
      16));
}

SIMD_INLINE Simd
simd_load_f16 (const guint16 *in)
{
  return _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *) in));
}

SIMD_INLINE void
simd_store_f16 (guint16 *out, Simd a)
{
  _mm_storeu_si128 ((__m128i *) out,
      _mm256_cvtps_ph (a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

SIMD_INLINE Simd
simd_load_s8 (const gint8 *in)
{
  return _mm256_cvtepi32_ps (
      _mm256_cvtepi8_epi32 (_mm_loadl_epi64 ((const __m128i *) in)));
}

SIMD_INLINE Simd
simd_load_s32 (const gint32 *in)
{
  return _mm256_cvtepi32_ps (_mm256_loadu_si256 ((const __m256i *) in));
}

/* The nearest whole numbers, which a byte holds. */
SIMD_INLINE void
simd_store_bytes (guint8 *out, Simd a)
{
  const __m256i lowest = _mm256_set1_epi32 (0x0c080400);
  __m256i bytes = _mm256_shuffle_epi8 (_mm256_cvtps_epi32 (a), lowest);

  _mm_storel_epi64 ((__m128i *) out,
      _mm_unpacklo_epi32 (_mm256_castsi256_si128 (bytes),
          _mm256_extracti128_si256 (bytes, 1)));
}

#elif defined(ONEDNN_SIMD_NEON)

#include <arm_neon.h>

#define SIMD_NAME(name) name##_neon
#define SIMD_LANES 8

/* Two registers: what lies in 16 bits fills one when it is read. */
typedef struct {
  float32x4_t low, high;
} Simd;

SIMD_INLINE Simd
simd_load (const float *in)
{
  return (Simd){ vld1q_f32 (in), vld1q_f32 (in + 4) };
}

SIMD_INLINE void
simd_store (float *out, Simd a)
{
  vst1q_f32 (out, a.low);
  vst1q_f32 (out + 4, a.high);
}

SIMD_INLINE Simd
simd_all (float a)
{
  return (Simd){ vdupq_n_f32 (a), vdupq_n_f32 (a) };
}

SIMD_INLINE Simd
simd_add (Simd a, Simd b)
{
  return (Simd){ vaddq_f32 (a.low, b.low), vaddq_f32 (a.high, b.high) };
}

SIMD_INLINE Simd
simd_sub (Simd a, Simd b)
{
  return (Simd){ vsubq_f32 (a.low, b.low), vsubq_f32 (a.high, b.high) };
}

SIMD_INLINE Simd
simd_mul (Simd a, Simd b)
{
  return (Simd){ vmulq_f32 (a.low, b.low), vmulq_f32 (a.high, b.high) };
}

SIMD_INLINE Simd
simd_fma (Simd a, Simd b, Simd c)
{
  return (Simd){ vfmaq_f32 (c.low, a.low, b.low),
    vfmaq_f32 (c.high, a.high, b.high) };
}

/* What the processor itself calls the maximum with a NaN is one. */
SIMD_INLINE Simd
simd_max (Simd a, Simd b)
{
  return (Simd){ vbslq_f32 (vcgtq_f32 (a.low, b.low), a.low, b.low),
    vbslq_f32 (vcgtq_f32 (a.high, b.high), a.high, b.high) };
}

SIMD_INLINE Simd
simd_min (Simd a, Simd b)
{
  return (Simd){ vbslq_f32 (vcltq_f32 (a.low, b.low), a.low, b.low),
    vbslq_f32 (vcltq_f32 (a.high, b.high), a.high, b.high) };
}

SIMD_INLINE Simd
simd_load_bf16 (const guint16 *in)
{
  uint16x8_t bits = vld1q_u16 (in);

  return (Simd){ vreinterpretq_f32_u32 (vshll_n_u16 (vget_low_u16 (bits), 16)),
    vreinterpretq_f32_u32 (vshll_high_n_u16 (bits, 16)) };
}

SIMD_INLINE Simd
simd_load_f16 (const guint16 *in)
{
  float16x8_t numbers = vreinterpretq_f16_u16 (vld1q_u16 (in));

  return (Simd){ vcvt_f32_f16 (vget_low_f16 (numbers)),
    vcvt_high_f32_f16 (numbers) };
}

SIMD_INLINE void
simd_store_f16 (guint16 *out, Simd a)
{
  vst1q_u16 (out,
      vreinterpretq_u16_f16 (vcvt_high_f16_f32 (vcvt_f16_f32 (a.low), a.high)));
}

SIMD_INLINE Simd
simd_load_s8 (const gint8 *in)
{
  int16x8_t words = vmovl_s8 (vld1_s8 (in));

  return (Simd){ vcvtq_f32_s32 (vmovl_s16 (vget_low_s16 (words))),
    vcvtq_f32_s32 (vmovl_high_s16 (words)) };
}

SIMD_INLINE Simd
simd_load_s32 (const gint32 *in)
{
  return (Simd){ vcvtq_f32_s32 (vld1q_s32 (in)),
    vcvtq_f32_s32 (vld1q_s32 (in + 4)) };
}

/* The nearest whole numbers, which a byte holds. */
SIMD_INLINE void
simd_store_bytes (guint8 *out, Simd a)
{
  int16x4_t low = vmovn_s32 (vcvtnq_s32_f32 (a.low));
  int16x8_t words = vmovn_high_s32 (low, vcvtnq_s32_f32 (a.high));

  vst1_u8 (out, vmovn_u16 (vreinterpretq_u16_s16 (words)));
}

#else /* vectors that the compiler makes of what the CPU has */

#define SIMD_NAME(name) name##_plain
#define SIMD_LANES 4

typedef float Simd __attribute__ ((vector_size (16)));

SIMD_INLINE Simd
simd_load (const float *in)
{
  Simd a;

  memcpy (&a, in, sizeof a);
  return a;
}

SIMD_INLINE void
simd_store (float *out, Simd a)
{
  memcpy (out, &a, sizeof a);
}

SIMD_INLINE Simd
simd_all (float a)
{
  return (Simd){ a, a, a, a };
}

SIMD_INLINE Simd
simd_add (Simd a, Simd b)
{
  return a + b;
}

SIMD_INLINE Simd
simd_sub (Simd a, Simd b)
{
  return a - b;
}

SIMD_INLINE Simd
simd_mul (Simd a, Simd b)
{
  return a * b;
}

SIMD_INLINE Simd
simd_fma (Simd a, Simd b, Simd c)
{
  return a * b + c;
}

SIMD_INLINE Simd
simd_max (Simd a, Simd b)
{
  for (guint i = 0; i < SIMD_LANES; i++)
    a[i] = a[i] > b[i] ? a[i] : b[i];
  return a;
}

SIMD_INLINE Simd
simd_min (Simd a, Simd b)
{
  for (guint i = 0; i < SIMD_LANES; i++)
    a[i] = a[i] < b[i] ? a[i] : b[i];
  return a;
}

SIMD_INLINE Simd
simd_load_bf16 (const guint16 *in)
{
  typedef guint16 Narrow __attribute__ ((vector_size (8)));
  typedef guint32 Wide __attribute__ ((vector_size (16)));
  Narrow bits;

  memcpy (&bits, in, sizeof bits);
  return (Simd) (__builtin_convertvector(bits, Wide) << 16);
}

SIMD_INLINE Simd
simd_load_s8 (const gint8 *in)
{
  typedef gint8 Narrow __attribute__ ((vector_size (4)));
  Narrow values;

  memcpy (&values, in, sizeof values);
  return __builtin_convertvector(values, Simd);
}

SIMD_INLINE Simd
simd_load_s32 (const gint32 *in)
{
  typedef gint32 Numbers __attribute__ ((vector_size (16)));
  Numbers values;

  memcpy (&values, in, sizeof values);
  return __builtin_convertvector(values, Simd);
}

/* The nearest whole numbers, which a byte holds: they are the last bits when
 * there is no room for a fraction. */
SIMD_INLINE void
simd_store_bytes (guint8 *out, Simd a)
{
  guint32 bits[SIMD_LANES];

  a += 0x1.8p23f;
  memcpy (bits, &a, sizeof bits);
  for (guint i = 0; i < SIMD_LANES; i++)
    out[i] = (guint8) bits[i];
}

#endif

#endif /* ALEXNET_ONEDNN_SIMD_H */
