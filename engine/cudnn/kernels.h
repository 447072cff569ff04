/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bodies of the kernels, in C, for one type of value. Included once a type,
 * by kernels.cu for the device and by a test for the host. Before that, these
 * must be defined:
 *
 *   REAL, TO_FLOAT (x), FROM_FLOAT (x)     how a value is stored
 *   WITH_S8                                if there are products by weights of
 *                                          8 bits, too; of types of 16 bits
 *   NAME (x)                               alexnet_x_f16 and so on
 *   KERNEL, PARAM (Type)                   a kernel and its argument
 *   DEVICE                                 a function that kernels call
 *   SHARED, BARRIER ()                     memory of a block, its barrier
 *   WARP_SUM (x)                           sum over the 32 threads of a warp;
 *                                          every thread of it gets the sum
 *   WARP_MAX (x)                           the same, the largest guint64
 *   THREAD_X, THREAD_Y, BLOCK_X, BLOCK_Y   indices
 *   FMA (a, b, c)                          a * b + c, rounded once if that is
 *                                          fast; nothing else is contracted
 *   WITH_BYTE (a, b, i)                    a, its lowest byte 0, with the i-th
 *                                          byte of b there; guint32
 *   UNROLL, UNROLL_BY (n)                  before a loop: all of it, or n turns
 *
 * All threads of a block reach every BARRIER that one of them reaches, all of a
 * warp every WARP_SUM and WARP_MAX. */

/* clang-format off */

#ifndef FMA
#define FMA(a, b, c) ((a) * (b) + (c))
#endif

#define VECTOR ((guint) (ALEXNET_VECTOR_BYTES / sizeof (REAL)))

typedef struct {
  REAL v[ALEXNET_VECTOR_BYTES / sizeof (REAL)];
} __attribute__ ((aligned (ALEXNET_VECTOR_BYTES))) NAME (vector);

/* There are fewer threads than 2^32: see alexnet_program_check_batch(). */
DEVICE guint
NAME (thread) (void)
{
  return BLOCK_X * ALEXNET_THREADS + THREAD_X;
}

DEVICE float
NAME (relu) (float x)
{
  return x < 0.0f ? 0.0f : x;
}

KERNEL
NAME (pixels) (PARAM (AlexnetPixelsArgs) args)
{
  guint x = BLOCK_X * ALEXNET_CANVAS_X + THREAD_X;
  guint y = BLOCK_Y * ALEXNET_CANVAS_Y + THREAD_Y;
  guint size = args.tables.size, pad = args.slot.pad;
  float values[3] = { 0.0f, 0.0f, 0.0f };
  REAL *out;

  if (x >= args.slot.columns * args.slot.block ||
      y >= args.slot.rows * args.slot.block)
    return;
  if (x - pad < size && y - pad < size)
    alexnet_tables_pixel (&args.tables, args.planes, args.strides, x - pad,
        y - pad, values);
  out = (REAL *) args.slot.data + alexnet_slot_index (&args.slot, x, y);
  UNROLL for (guint c = 0; c < 3; c++)
    if (c < args.slot.channels)
      out[c] = FROM_FLOAT (values[c]);
}

KERNEL
NAME (tensor) (PARAM (AlexnetTensorArgs) args)
{
  guint x = BLOCK_X * ALEXNET_CANVAS_X + THREAD_X;
  guint y = BLOCK_Y * ALEXNET_CANVAS_Y + THREAD_Y;
  guint from_x = x - args.slot.pad, from_y = y - args.slot.pad;
  int inside = from_x < args.width && from_y < args.height;
  gsize plane = (gsize) args.width * args.height;
  REAL *out;

  if (x >= args.slot.columns * args.slot.block ||
      y >= args.slot.rows * args.slot.block)
    return;
  out = (REAL *) args.slot.data + alexnet_slot_index (&args.slot, x, y);
  for (guint c = 0; c < args.slot.channels; c++)
    out[c] = FROM_FLOAT (inside
            ? args.tensor[c * plane + (gsize) from_y * args.width + from_x]
            : 0.0f);
}

DEVICE void
NAME (load) (float *values, const REAL *from, guint n)
{
  if (n == VECTOR) {
    NAME (vector) packed = *(const NAME (vector) *) from;

    UNROLL for (guint i = 0; i < VECTOR; i++)
      values[i] = TO_FLOAT (packed.v[i]);
  } else {
    values[0] = TO_FLOAT (from[0]);
  }
}

DEVICE void
NAME (store) (REAL *to, const float *values, guint n)
{
  if (n == VECTOR) {
    NAME (vector) packed;

    UNROLL for (guint i = 0; i < VECTOR; i++)
      packed.v[i] = FROM_FLOAT (values[i]);
    *(NAME (vector) *) to = packed;
  } else {
    to[0] = FROM_FLOAT (values[0]);
  }
}

typedef struct {
  guint n, y, x, c;
} NAME (place);

/* Place `i` of an array that is counted in groups of `vector` channels. The
 * channel is what neighbouring threads differ in. */
DEVICE NAME (place)
NAME (locate) (const AlexnetArray *a, guint i, guint vector)
{
  guint groups = a->channels / vector;
  NAME (place) at;

  at.c = i % groups * vector;
  i /= groups;
  at.x = i % a->width;
  i /= a->width;
  at.y = i % a->height;
  at.n = i / a->height;
  return at;
}

/* The larger one, or the one that is NaN: it is the user's to see. */
DEVICE float
NAME (larger) (float best, float value)
{
  return value > best || value != value ? value : best;
}

/* The largest values of the window of an output. */
DEVICE void
NAME (pool) (float *best, const AlexnetPoolArgs *args, NAME (place) at,
    guint vector)
{
  const REAL *in = (const REAL *) args->in.data;
  float value[ALEXNET_VECTOR_BYTES / sizeof (REAL)] = { 0.0f };

  UNROLL for (guint j = 0; j < VECTOR; j++)
    best[j] = -INFINITY;
  for (guint k = 0; k < args->kernel * args->kernel; k++) {
    /* Above and left of the image these are huge. */
    guint y = at.y * args->stride + k / args->kernel - args->padding;
    guint x = at.x * args->stride + k % args->kernel - args->padding;

    if (y >= args->in.height || x >= args->in.width)
      continue;
    NAME (load) (value,
        in + alexnet_array_index (&args->in, at.n, y, x, at.c), vector);
    UNROLL for (guint j = 0; j < VECTOR; j++)
      if (j < vector)
        best[j] = NAME (larger) (best[j], value[j]);
  }
}

KERNEL
NAME (maxpool) (PARAM (AlexnetPoolArgs) args)
{
  REAL *out = (REAL *) args.out.data;
  NAME (place) at = NAME (locate) (&args.out, NAME (thread) (), args.vector);
  float best[ALEXNET_VECTOR_BYTES / sizeof (REAL)];

  if (at.n >= args.out.n)
    return;
  NAME (pool) (best, &args, at, args.vector);
  NAME (store) (out + alexnet_array_index (&args.out, at.n, at.y, at.x, at.c),
      best, args.vector);
}

KERNEL
NAME (lrn) (PARAM (AlexnetLrnArgs) args)
{
  const REAL *in = (const REAL *) args.in.data;
  NAME (place) at = NAME (locate) (&args.out, NAME (thread) (), args.vector);
  float value[ALEXNET_VECTOR_BYTES / sizeof (REAL)] = { 0.0f };
  float sum[ALEXNET_VECTOR_BYTES / sizeof (REAL)] = { 0.0f };

  if (at.n >= args.out.n)
    return;
  /* Each square goes to all outputs whose window it is in. */
  for (guint k = 0; k < args.vector + args.size - 1; k++) {
    guint c = at.c + k - args.size / 2;
    float v;

    if (c >= args.in.channels)
      continue;
    v = TO_FLOAT (in[alexnet_array_index (&args.in, at.n, at.y, at.x, c)]);
    UNROLL for (guint j = 0; j < VECTOR; j++)
      if (k >= j && k < j + args.size)
        sum[j] += v * v;
  }
  NAME (load) (value,
      in + alexnet_array_index (&args.in, at.n, at.y, at.x, at.c), args.vector);
  UNROLL for (guint j = 0; j < VECTOR; j++)
    value[j] *= powf (args.k + args.alpha / args.size * sum[j], -args.beta);
  NAME (store) ((REAL *) args.out.data +
          alexnet_array_index (&args.out, at.n, at.y, at.x, at.c),
      value, args.vector);
}

/* Place of pixel `k` of the window of an output pixel; FALSE: it is outside of
 * the image. */
DEVICE int
NAME (window_pixel) (const AlexnetLrnPoolArgs *args, NAME (place) *at, guint k)
{
  at->y = at->y * args->stride + k / args->kernel - args->padding;
  at->x = at->x * args->stride + k % args->kernel - args->padding;
  return at->y < args->in.height && at->x < args->in.width;
}

/* [kernel,kernel,channels] of an output pixel, where they are inside. */
DEVICE void
NAME (load_window) (float *window, const AlexnetLrnPoolArgs *args,
    NAME (place) out)
{
  const REAL *in = (const REAL *) args->in.data;
  guint channels = args->in.channels;
  guint n = args->kernel * args->kernel * channels;

  for (guint i = THREAD_X * args->vector; i < n;
       i += ALEXNET_THREADS * args->vector) {
    float value[ALEXNET_VECTOR_BYTES / sizeof (REAL)] = { 0.0f };
    NAME (place) at = out;

    if (!NAME (window_pixel) (args, &at, i / channels))
      continue;
    NAME (load) (value, in + alexnet_array_index (&args->in, at.n, at.y, at.x,
        i % channels), args->vector);
    UNROLL for (guint j = 0; j < VECTOR; j++)
      if (j < args->vector)
        window[i + j] = value[j];
  }
}

/* Value `i` of [pixels][channels], normalised as NAME (lrn) does it. */
DEVICE float
NAME (normal) (const float *values, guint i, const AlexnetLrnPoolArgs *args)
{
  guint first = i % args->in.channels - args->size / 2;
  float sum = 0.0f;

  for (guint k = 0; k < args->size; k++) {
    guint c = first + k;

    if (c < args->in.channels) {
      float v = values[i - args->size / 2 + k];

      sum += v * v;
    }
  }
  return values[i] *
      powf (args->k + args->alpha / args->size * sum, -args->beta);
}

/* The largest of [pixels][channels] in channel c, as NAME (pool) has it. */
DEVICE float
NAME (largest) (const float *values, guint c, const AlexnetLrnPoolArgs *args,
    NAME (place) out)
{
  float best = -INFINITY;

  for (guint k = 0; k < args->kernel * args->kernel; k++) {
    NAME (place) at = out;

    if (NAME (window_pixel) (args, &at, k))
      best = NAME (larger) (best, values[k * args->in.channels + c]);
  }
  return best;
}

KERNEL
NAME (lrn_pool) (PARAM (AlexnetLrnPoolArgs) args)
{
  SHARED float window[ALEXNET_WINDOW_VALUES];
  SHARED float between[ALEXNET_WINDOW_VALUES];
  guint channels = args.in.channels;
  guint n = args.lrn_first ? args.kernel * args.kernel * channels : channels;
  NAME (place) out = NAME (locate) (&args.out, BLOCK_X * channels, 1);

  NAME (load_window) (window, &args, out);
  BARRIER ();
  for (guint i = THREAD_X; i < n; i += ALEXNET_THREADS) {
    NAME (place) at = out;

    if (!args.lrn_first)
      between[i] = NAME (largest) (window, i, &args, out);
    else if (NAME (window_pixel) (&args, &at, i / channels))
      between[i] = NAME (normal) (window, i, &args);
  }
  BARRIER ();
  for (guint c = THREAD_X; c < channels; c += ALEXNET_THREADS)
    ((REAL *) args.out.data)[alexnet_array_index (&args.out, out.n, out.y,
        out.x, c)] = FROM_FLOAT (args.lrn_first
            ? NAME (largest) (between, c, &args, out)
            : NAME (normal) (between, c, &args));
}

KERNEL
NAME (copy) (PARAM (AlexnetCopyArgs) args)
{
  const REAL *in = (const REAL *) args.in.data;
  NAME (place) at = NAME (locate) (&args.out, NAME (thread) (), 1);
  float value;

  if (at.n >= args.out.n)
    return;
  value = TO_FLOAT (in[alexnet_array_index (&args.in, at.n, at.y, at.x, at.c)]);
  if (args.scale)
    value = fmaf (value, TO_FLOAT (((const REAL *) args.scale)[at.c]),
        TO_FLOAT (((const REAL *) args.shift)[at.c]));
  ((REAL *) args.out.data)[alexnet_array_index (&args.out, at.n, at.y, at.x,
      at.c)] = FROM_FLOAT (args.relu ? NAME (relu) (value) : value);
}

KERNEL
NAME (output) (PARAM (AlexnetOutputArgs) args)
{
  const REAL *in = (const REAL *) args.in.data;
  guint i = NAME (thread) (), rest = i;
  guint x = rest % args.in.width;
  guint y = (rest /= args.in.width) % args.in.height;
  guint c = (rest /= args.in.height) % args.in.channels;
  guint n = rest / args.in.channels;

  if (n < args.in.n)
    args.out[i] = TO_FLOAT (in[alexnet_array_index (&args.in, n, y, x, c)]);
}

/* Largest (`sum` 0) or sum of what the threads of a block hold. */
DEVICE float
NAME (reduce) (float *shared, float value, int sum)
{
  BARRIER ();
  shared[THREAD_X] = value;
  for (guint step = ALEXNET_THREADS / 2; step > 0; step /= 2) {
    BARRIER ();
    if (THREAD_X < step) {
      float other = shared[THREAD_X + step];

      if (sum)
        shared[THREAD_X] += other;
      else if (!(other <= shared[THREAD_X]))
        shared[THREAD_X] = other;
    }
  }
  BARRIER ();
  return shared[0];
}

/* Larger for a larger probability and, of equal ones, for the first channel;
 * never 0. Bits of floats that are not negative order as the floats do. */
DEVICE guint64
NAME (key) (float probability, guint c)
{
  union {
    float value;
    guint32 bits;
  } as = { probability };

  return (guint64) as.bits << 32 | (guint32) ~c;
}

DEVICE AlexnetBest
NAME (decode) (guint64 key)
{
  union {
    guint32 bits;
    float value;
  } as = { (guint32) (key >> 32) };
  AlexnetBest best = { ~(guint32) key, as.value };

  return best;
}

/* Each warp puts its channels in order as far as they can matter; then each
 * of these candidates counts how many are before it. A thread reads from `p`
 * what it has written. */
DEVICE void
NAME (rank) (guint64 *candidates, const float *p, gsize stride, guint n,
    AlexnetBest *best)
{
  guint64 key = ~(guint64) 0;
  guint place = 0;

  for (guint i = 0; i < ALEXNET_MAX_BEST; i++) {
    guint64 next = 0;

    for (guint c = THREAD_X; c < n; c += ALEXNET_THREADS) {
      guint64 own = NAME (key) (p[c * stride], c);

      if (own < key && own > next)
        next = own;
    }
    key = WARP_MAX (next);
    if (THREAD_X % 32 == 0)
      candidates[THREAD_X / 32 * ALEXNET_MAX_BEST + i] = key;
  }
  BARRIER ();
  if (THREAD_X >= ALEXNET_CANDIDATES)
    return;
  key = candidates[THREAD_X];
  for (guint i = 0; i < ALEXNET_CANDIDATES; i++)
    place += candidates[i] > key;
  if (key != 0 && place < ALEXNET_MAX_BEST)
    best[place] = NAME (decode) (key);
}

KERNEL
NAME (softmax) (PARAM (AlexnetSoftmaxArgs) args)
{
  SHARED float shared[ALEXNET_THREADS];
  SHARED guint64 candidates[ALEXNET_CANDIDATES];
  const REAL *in = (const REAL *) args.in.data;
  guint pixels = args.in.width * args.in.height, n = BLOCK_X / pixels;
  guint y = BLOCK_X % pixels / args.in.width, x = BLOCK_X % args.in.width;
  float *out = args.out + (gsize) n * args.in.channels * pixels +
      BLOCK_X % pixels;
  float largest = TO_FLOAT (in[alexnet_array_index (&args.in, n, y, x, 0)]);
  float sum = 0.0f;

  for (guint c = THREAD_X; c < args.in.channels; c += ALEXNET_THREADS) {
    float v = TO_FLOAT (in[alexnet_array_index (&args.in, n, y, x, c)]);

    largest = v <= largest ? largest : v;
  }
  largest = NAME (reduce) (shared, largest, 0);
  for (guint c = THREAD_X; c < args.in.channels; c += ALEXNET_THREADS)
    sum += expf (
        TO_FLOAT (in[alexnet_array_index (&args.in, n, y, x, c)]) - largest);
  sum = NAME (reduce) (shared, sum, 1);
  for (guint c = THREAD_X; c < args.in.channels; c += ALEXNET_THREADS)
    out[(gsize) c * pixels] = expf (TO_FLOAT (in[alexnet_array_index (&args.in,
        n, y, x, c)]) - largest) / sum;
  NAME (rank) (candidates, out, pixels, args.in.channels,
      args.best + (gsize) BLOCK_X * ALEXNET_MAX_BEST);
}

KERNEL
NAME (dot) (PARAM (AlexnetGemvArgs) args)
{
  guint warp = BLOCK_X * (ALEXNET_THREADS / 32) + THREAD_X / 32;
  guint row = warp % args.n_out, n = warp / args.n_out;
  const REAL *x = (const REAL *) args.x + (gsize) n * args.n_in;
  const REAL *w = (const REAL *) args.w + (gsize) row * args.n_in;
  float sum = 0.0f;

  if (n >= args.n)
    return;
  for (guint k = THREAD_X % 32; k < args.n_in; k += 32)
    sum = FMA (TO_FLOAT (w[k]), TO_FLOAT (x[k]), sum);
  sum = WARP_SUM (sum) + TO_FLOAT (((const REAL *) args.bias)[row]);
  if (THREAD_X % 32 == 0)
    ((REAL *) args.y)[warp] = FROM_FLOAT (args.relu ? NAME (relu) (sum) : sum);
}

/* By weights of the same type. */
#define PRODUCT(x) NAME (x)
#define WEIGHT REAL
#define PACK NAME (vector)
#define WEIGHT_TO_FLOAT(pack, i) TO_FLOAT ((pack).v[i])
#define SCALED(sum, args, row) (sum)
#include "gemv.h"

#ifdef WITH_S8
typedef struct {
  guint32 v[ALEXNET_VECTOR_BYTES / sizeof (guint32)];
} __attribute__ ((aligned (ALEXNET_VECTOR_BYTES))) NAME (bytes);

/* The i-th byte of a word, less ALEXNET_S8_ZERO: the last bits of 2^23 count
 * ones. */
DEVICE float
NAME (whole) (guint32 word, guint i)
{
  union {
    guint32 bits;
    float value;
  } as = { WITH_BYTE (0x4b000000u, word, i) };

  return as.value - (8388608.0f + ALEXNET_S8_ZERO);
}

/* By weights of 8 bits. */
#define PRODUCT(x) NAME (x##_s8)
#define WEIGHT guint8
#define PACK NAME (bytes)
#define WEIGHT_TO_FLOAT(pack, i) NAME (whole) ((pack).v[(i) / 4], (i) % 4)
#define SCALED(sum, args, row) ((sum) * (args)->scales[row])
#include "gemv.h"
#undef WITH_S8
#endif

#undef VECTOR
#undef REAL
#undef TO_FLOAT
#undef FROM_FLOAT
#undef NAME
