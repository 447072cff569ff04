/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of kernels.h, and what each is given: one struct, by value.
 * Compiled by the C compiler for the host and by nvcc for the device. */

#ifndef ALEXNET_CUDNN_KERNEL_ARGS_H
#define ALEXNET_CUDNN_KERNEL_ARGS_H

#include "preprocess/preprocess.h"

typedef enum {
  ALEXNET_KERNEL_PIXELS,
  ALEXNET_KERNEL_TENSOR,
  ALEXNET_KERNEL_MAXPOOL,
  ALEXNET_KERNEL_LRN,
  ALEXNET_KERNEL_LRN_POOL,
  ALEXNET_KERNEL_COPY,
  ALEXNET_KERNEL_OUTPUT,
  ALEXNET_KERNEL_SOFTMAX,
  ALEXNET_KERNEL_DOT,
  ALEXNET_KERNEL_GEMV,
  ALEXNET_KERNEL_POOLED_GEMV,
  ALEXNET_N_KERNELS
} AlexnetKernel;

/* As cudaLaunchKernel() takes them, by AlexnetKernel. */
typedef struct {
  const void *functions[ALEXNET_N_KERNELS];
} AlexnetKernels;

/* For each type of values, and for f16 with products by weights of 8 bits;
 * made by nvcc. */
G_BEGIN_DECLS
extern const AlexnetKernels alexnet_kernels_f16, alexnet_kernels_bf16,
    alexnet_kernels_f32, alexnet_kernels_f16_s8;
G_END_DECLS

/* An activation: [parts][n][height][width][channels / parts], the parts
 * part_stride values apart. */
typedef struct {
  void *data;
  gsize part_stride;
  guint n, height, width, channels, parts;
} AlexnetArray;

/* Where channel c of pixel (x, y) of image n lies, counted in values. */
ALEXNET_INLINE gsize
alexnet_array_index (const AlexnetArray *a, guint n, guint y, guint x, guint c)
{
  guint channels = a->channels / a->parts;
  gsize pixel = ((gsize) n * a->height + y) * a->width + x;

  return c / channels * a->part_stride + pixel * channels + c % channels;
}

/* A slot: AlexnetSlotLayout in the form that kernels want. `columns` and
 * `rows` count blocks. */
typedef struct {
  void *data;
  guint block, pad, columns, rows, channels;
} AlexnetSlotArgs;

/* Where channel 0 of pixel (x, y) of the unblocked canvas lies. */
ALEXNET_INLINE gsize
alexnet_slot_index (const AlexnetSlotArgs *s, guint x, guint y)
{
  gsize block = (gsize) (y / s->block) * s->columns + x / s->block;
  guint inside = y % s->block * s->block + x % s->block;

  return (block * s->block * s->block + inside) * s->channels;
}

/* pixels, tensor: blocks of 32 x 8 threads, one thread a canvas pixel. */
#define ALEXNET_CANVAS_X 32
#define ALEXNET_CANVAS_Y 8

/* A frame -> a slot. */
typedef struct {
  AlexnetTables tables;  /* words: device memory */
  const void *planes[4]; /* of the whole image, though only the part
                            that is read need be there */
  gssize strides[4];
  AlexnetSlotArgs slot;
} AlexnetPixelsArgs;

/* [channels,height,width] floats -> a slot. */
typedef struct {
  const float *tensor;
  guint width, height;
  AlexnetSlotArgs slot;
} AlexnetTensorArgs;

/* All below: blocks of 256 threads, a grid of one dimension. */
#define ALEXNET_THREADS 256

/* softmax: classes among which the best ones of all threads are. */
#define ALEXNET_CANDIDATES (ALEXNET_THREADS / 32 * ALEXNET_MAX_BEST)

/* maxpool, lrn: one thread for `vector` channels of an output pixel. vector is
 * 1 or ALEXNET_VECTOR_BYTES / size of a value; it divides channels / parts of
 * both, and their data and part_stride are aligned to it. */
#define ALEXNET_VECTOR_BYTES 16
typedef struct {
  AlexnetArray in, out;
  guint vector;
  guint kernel, stride, padding;
} AlexnetPoolArgs;

typedef struct {
  AlexnetArray in, out;
  guint vector;
  guint size;
  float alpha, beta, k;
} AlexnetLrnArgs;

/* lrn_pool: an LRN and a max pooling that follows it, or the other way round
 * unless `lrn_first`: `in` is read by the first, `out` written by the second,
 * and what lies between them is as they would store it. One block an output
 * pixel, whose window, kernel * kernel * channels values, at most
 * ALEXNET_WINDOW_VALUES, is in the block's memory; vector as above, of `in`
 * alone. */
#define ALEXNET_WINDOW_VALUES 2304
typedef struct {
  AlexnetArray in, out;
  guint vector;
  guint kernel, stride, padding;
  guint size;
  float alpha, beta, k;
  guint lrn_first;
} AlexnetLrnPoolArgs;

/* copy: one thread a value; other parts; times `scale` plus `shift`, both
 * [channels], unless they are NULL; ReLU if `relu`. */
typedef struct {
  AlexnetArray in, out;
  const void *scale, *shift;
  guint relu;
} AlexnetCopyArgs;

/* output: one thread a value; out is [n,channels,height,width]. */
typedef struct {
  AlexnetArray in;
  float *out;
} AlexnetOutputArgs;

/* softmax over channels: one block a pixel of an image; out as above. best is
 * [n,height,width][ALEXNET_MAX_BEST], what alexnet_top_k() says of a pixel;
 * with fewer channels the rest stays as it was. */
typedef struct {
  AlexnetArray in;
  float *out;
  AlexnetBest *best;
} AlexnetSoftmaxArgs;

/* gemv: y[n][n_out] = x[n][n_in] * w[n_out][n_in] + bias, ReLU if `relu`;
 * n <= ALEXNET_GEMV_COLUMNS. n_in is a multiple of ALEXNET_VECTOR_BYTES / size
 * of a value, x and w are aligned to ALEXNET_VECTOR_BYTES. A warp makes
 * ALEXNET_GEMV_ROWS outputs of each column, a block ALEXNET_GEMV_WARPS times
 * as many; blocks of 32 * ALEXNET_GEMV_WARPS threads. Weights of
 * ALEXNET_GEMV_AHEAD strides of a warp are on their way at once. */
#define ALEXNET_GEMV_COLUMNS 8
#define ALEXNET_GEMV_ROWS 2
#define ALEXNET_GEMV_WARPS 4
#define ALEXNET_GEMV_AHEAD 4
typedef struct {
  const void *x, *w, *bias;
  void *y;
  guint n, n_in, n_out;
  guint relu;
  const float *scales; /* gemv_s8: [n_out] */
} AlexnetGemvArgs;

/* gemv_s8: the same with weights of 8 bits, of which each is a whole number,
 * -127 .. 127, plus ALEXNET_S8_ZERO, and stands for that number times the scale
 * of its output. n_in is a multiple of ALEXNET_VECTOR_BYTES.
 *
 * A vector of weights is multiplied with two vectors of x. Of the columns that
 * a warp takes at once, or of those that are left, it holds a part of the first
 * half and one of the second, so that what the warp reads of x lies together,
 * too. */
#define ALEXNET_S8_ZERO 128
#define ALEXNET_S8_STRIDE (32 * ALEXNET_VECTOR_BYTES)

/* The column whose weight is the i-th of its row. */
ALEXNET_INLINE guint
alexnet_s8_column (guint n_in, guint i)
{
  guint begin = i / ALEXNET_S8_STRIDE * ALEXNET_S8_STRIDE, left = n_in - begin;
  guint half = (left < ALEXNET_S8_STRIDE ? left : ALEXNET_S8_STRIDE) / 2;
  guint vector = i % ALEXNET_S8_STRIDE / ALEXNET_VECTOR_BYTES;
  guint place = i % ALEXNET_VECTOR_BYTES;

  return begin + vector * (ALEXNET_VECTOR_BYTES / 2) +
      place / (ALEXNET_VECTOR_BYTES / 2) * half +
      place % (ALEXNET_VECTOR_BYTES / 2);
}

/* dot: the same for any n and n_in, with weights of the type of the values
 * and a value at a time: for what nobody else computes. A warp makes one output
 * of one image. */

/* pooled_gemv, pooled_gemv_s8: the same for one image, of which x is what
 * maxpool makes of pool.in. Every block pools it all, at most
 * ALEXNET_POOLED_VALUES, into its own memory: so its blocks are large, of 32 *
 * ALEXNET_POOLED_WARPS threads. Neither gemv.x nor pool.out.data is used; n is
 * 1, pool.vector is not 1. */
#define ALEXNET_POOLED_VALUES 9216
#define ALEXNET_POOLED_WARPS 16
typedef struct {
  AlexnetGemvArgs gemv;
  AlexnetPoolArgs pool;
} AlexnetPooledGemvArgs;

#endif /* ALEXNET_CUDNN_KERNEL_ARGS_H */
