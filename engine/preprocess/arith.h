/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The arithmetic of preprocessing, once: the C compiler and nvcc both compile
 * it. The CPU calls the small functions in loops over rows; a GPU thread calls
 * alexnet_tables_pixel() for its pixel. Everything that depends on geometry,
 * format and colorimetry is in AlexnetTables, plain data made on the host.
 *
 * RGB and GRAY8 with antialias are computed in fixed point, exactly as Pillow
 * resizes 8-bit images: weights of 22 fractional bits, the horizontal pass
 * first, rounded to 8 bits, then the vertical one, rounded to 8 bits. All else
 * is computed in real numbers and rounded nowhere.
 *
 * Y'CbCr is meant to equal: upsample chroma bilinearly to full resolution,
 * convert to RGB, resize. With luma weights w (i) of an output and chroma
 * upsampled as U (i) = sum over j of u (i, j) C (j), the resized chroma is
 *
 *     sum_i w (i) U (i)  =  sum_j (sum_i w (i) u (i, j)) C (j),
 *
 * so one table of taps on the stored chroma samples does both. u (i, j) is
 * the bilinear weight of chroma sample j at position p (i) = i / 2 where
 * chroma lies on the first of its two luma samples, (i - 1/2) / 2 where it
 * lies between them, with the samples at the edges of the image repeated.
 * Weights sum to 1 and the colour matrix is affine, so converting after
 * resizing gives the same RGB, without the roundings to 8 bits on the way
 * (each at most half a level; there are three). Only the clip to 0..255 does
 * not commute: colours outside RGB are clipped here after they were averaged,
 * not before. */

#ifndef ALEXNET_PREPROCESS_ARITH_H
#define ALEXNET_PREPROCESS_ARITH_H

#include <glib.h>

#ifdef __CUDACC__
#define ALEXNET_INLINE static inline __host__ __device__
#else
#define ALEXNET_INLINE static inline
#endif

#define ALEXNET_WEIGHT_BITS 22

/* Where the samples of a component lie. A sample index counts samples of
 * AlexnetLayout.bytes from the start of a row: offset + step * x. */
typedef struct {
  guint8 plane;
  guint8 offset, step;
  guint8 h_shift, v_shift; /* one sample for 1 << shift pixels */
} AlexnetComponent;

/* A pixel format. */
typedef struct {
  guint8 n_planes;
  guint8 n_components; /* 1: grey, 3: R, G, B or Y', Cb, Cr */
  guint8 ycbcr;
  guint8 bytes, bits, shift; /* of a sample: value = little endian >> shift */
  AlexnetComponent components[3];
} AlexnetLayout;

typedef union {
  gint32 index; /* first, count */
  gint32 fixed; /* weights of 22 fractional bits, or */
  float real;   /* weights of AlexnetTables.real */
} AlexnetWord;

/* One axis of one resolution: output i is the sum over k < count (i) of
 * weight (k, i) * sample (first (i) + k). The three tables begin at these
 * positions of AlexnetTables.words; weight (k, i) is at weight + k * n + i,
 * so neighbouring outputs read neighbouring words. Weights from count (i) to
 * n_taps are 0. first counts from the start of the plane, not of the region. */
typedef struct {
  guint n, n_taps;
  guint first, count, weight;
} AlexnetTaps;

/* Luma as Pillow's mode L weighs R, G, B: ITU-R BT.601. The sum is 1. */
#define ALEXNET_LUMA_R (19595 / 65536.0f)
#define ALEXNET_LUMA_G (38470 / 65536.0f)
#define ALEXNET_LUMA_B (7471 / 65536.0f)

/* rgb = clip (matrix * samples + offset) to 0..1; out = rgb * scale + bias,
 * all in the order of the network's channels. Of a network of luma rgb is R, G,
 * B, and out = luma (rgb) * scale[0] + bias[0]. */
typedef struct {
  float matrix[3][3], offset[3];
  float scale[3], bias[3];
} AlexnetColor;

/* All that a run needs to know besides pointers and strides. To use it on a
 * device, copy the struct by value and `words` (n_words) to the device, and
 * point the copy's `words` there. */
typedef struct {
  guint serial;                   /* differs when anything else here does */
  guint n_channels;               /* of the output: R, G, B or luma */
  guint size;                     /* of it, both sides */
  guint left, top, width, height; /* the part that shows the image */
  float pad[3];                   /* what the rest is filled with */
  AlexnetLayout layout;
  guint real; /* weights are real numbers, not of fixed point */
  AlexnetColor color;
  AlexnetTaps h[2], v[2]; /* by h_shift and v_shift of a component */
  const AlexnetWord *words;
  gsize n_words;
} AlexnetTables;

/* Sample `i` of a row of samples; any alignment. */
ALEXNET_INLINE guint
alexnet_sample (const guint8 *row, gssize i, guint bytes, guint shift)
{
  if (bytes == 1)
    return row[i];
  return (guint) (row[2 * i] | row[2 * i + 1] << 8) >> shift;
}

/* One tap. The sum of weights is 1 to within n_taps / 2 <= 8192 units of the
 * last bit, so a sum of 8-bit samples stays below 2^30, and rounded it is not
 * above 255: there is nothing to clip. With 16448 taps there would be. */
ALEXNET_INLINE gint32
alexnet_add_fixed (gint32 sum, gint32 weight, gint32 sample)
{
  return sum + weight * sample;
}

ALEXNET_INLINE float
alexnet_add_real (float sum, float weight, float sample)
{
  return sum + weight * sample;
}

/* A sum of taps to an 8-bit value. */
ALEXNET_INLINE gint32
alexnet_round_fixed (gint32 sum)
{
  return (sum + (1 << (ALEXNET_WEIGHT_BITS - 1))) >> ALEXNET_WEIGHT_BITS;
}

/* Row `c` of the matrix, clipped, from three samples. */
ALEXNET_INLINE float
alexnet_color_row (const AlexnetColor *color, guint c, float s0, float s1,
    float s2)
{
  const float *m = color->matrix[c];
  float v = m[0] * s0 + m[1] * s1 + m[2] * s2 + color->offset[c];

  v = v < 0.0f ? 0.0f : v;
  return v > 1.0f ? 1.0f : v;
}

/* Channel `c` of the network. */
ALEXNET_INLINE float
alexnet_color_channel (const AlexnetColor *color, guint c, float s0, float s1,
    float s2)
{
  float v = alexnet_color_row (color, c, s0, s1, s2);

  return v * color->scale[c] + color->bias[c];
}

/* The one channel of a network of luma. */
ALEXNET_INLINE float
alexnet_color_luma (const AlexnetColor *color, float s0, float s1, float s2)
{
  float v = ALEXNET_LUMA_R * alexnet_color_row (color, 0, s0, s1, s2) +
      ALEXNET_LUMA_G * alexnet_color_row (color, 1, s0, s1, s2) +
      ALEXNET_LUMA_B * alexnet_color_row (color, 2, s0, s1, s2);

  return v * color->scale[0] + color->bias[0];
}

/* Output `x` of the horizontal pass over one source row, in fixed point. */
ALEXNET_INLINE gint32
alexnet_row_fixed (const AlexnetTables *t, const AlexnetComponent *c,
    const guint8 *row, guint x)
{
  const AlexnetTaps *taps = &t->h[c->h_shift];
  const AlexnetWord *weight = t->words + taps->weight + x;
  gint32 first = t->words[taps->first + x].index;
  gint32 count = t->words[taps->count + x].index;
  gint32 k, sum = 0;

  for (k = 0; k < count; k++)
    sum = alexnet_add_fixed (sum, weight[(gsize) k * taps->n].fixed,
        row[c->offset + (gssize) c->step * (first + k)]);
  return alexnet_round_fixed (sum);
}

/* The same in real numbers, in units of the stored samples. */
ALEXNET_INLINE float
alexnet_row_real (const AlexnetTables *t, const AlexnetComponent *c,
    const guint8 *row, guint x)
{
  const AlexnetTaps *taps = &t->h[c->h_shift];
  const AlexnetWord *weight = t->words + taps->weight + x;
  gint32 first = t->words[taps->first + x].index;
  gint32 count = t->words[taps->count + x].index;
  gint32 k;
  float sum = 0;

  for (k = 0; k < count; k++)
    sum = alexnet_add_real (sum, weight[(gsize) k * taps->n].real,
        (float) alexnet_sample (row, c->offset + (gssize) c->step * (first + k),
            t->layout.bytes, t->layout.shift));
  return sum;
}

/* Both passes of one component at (x, y) of the part that shows the image. */
ALEXNET_INLINE float
alexnet_component_value (const AlexnetTables *t, const AlexnetComponent *c,
    const guint8 *plane, gssize stride, guint x, guint y)
{
  const AlexnetTaps *taps = &t->v[c->v_shift];
  const AlexnetWord *weight = t->words + taps->weight + y;
  gint32 first = t->words[taps->first + y].index;
  gint32 count = t->words[taps->count + y].index;
  gint32 k, fixed = 0;
  float real = 0;

  for (k = 0; k < count; k++) {
    const guint8 *row = plane + stride * (first + k);
    AlexnetWord w = weight[(gsize) k * taps->n];

    if (t->real)
      real = alexnet_add_real (real, w.real, alexnet_row_real (t, c, row, x));
    else
      fixed = alexnet_add_fixed (fixed, w.fixed,
          alexnet_row_fixed (t, c, row, x));
  }
  return t->real ? real : (float) alexnet_round_fixed (fixed);
}

/* The network's channels, as many as it has, at (x, y) of its input: all that
 * a GPU thread has to do. */
ALEXNET_INLINE void
alexnet_tables_pixel (const AlexnetTables *t, const void *const *planes,
    const gssize *strides, guint x, guint y, float out[3])
{
  float s[3] = { 0, 0, 0 };
  guint c;

  if (x - t->left >= t->width || y - t->top >= t->height) {
    for (c = 0; c < 3; c++)
      out[c] = c < t->n_channels ? t->pad[c] : out[c];
    return;
  }
  for (c = 0; c < t->layout.n_components; c++) {
    const AlexnetComponent *component = &t->layout.components[c];
    float value = alexnet_component_value (t, component,
        (const guint8 *) planes[component->plane], strides[component->plane],
        x - t->left, y - t->top);

    /* By no index that a GPU would keep the array in memory for. */
    s[0] = c == 0 ? value : s[0];
    s[1] = c == 1 ? value : s[1];
    s[2] = c == 2 ? value : s[2];
  }
  if (t->n_channels == 1) {
    out[0] = alexnet_color_luma (&t->color, s[0], s[1], s[2]);
    return;
  }
  for (c = 0; c < 3; c++)
    out[c] = alexnet_color_channel (&t->color, c, s[0], s[1], s[2]);
}

#endif /* ALEXNET_PREPROCESS_ARITH_H */
