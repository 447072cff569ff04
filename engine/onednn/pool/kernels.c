/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernels.h"

#include <math.h>

#include "onednn/simd/simd.h"

/* Lanes that are compared at once: a loop of a fixed length becomes vectors.
 * The library's blocks of channels have 8 or 16. */
#define LONG_STEP 32
#define STEP 8

/* What a window covers of one side, first .. end - 1. */
typedef struct {
  guint first, end;
} Cover;

SIMD_INLINE Cover
find_cover (const OnednnPool *pool, guint i, guint side)
{
  guint begin = i * pool->stride, end = begin + pool->kernel;

  return (Cover){ MAX (begin, pool->padding) - pool->padding,
    MIN (end - pool->padding, side) };
}

/* Bits of a bf16 as a whole number that is ordered as it is, and back: a NaN is
 * the largest of all. */
SIMD_INLINE gint16
order_bf16 (gint16 bits)
{
  const gint16 infinity = 0x7f80;
  gint16 ordered = (gint16) (bits ^ (bits >> 15 & G_MAXINT16));

  return (bits & G_MAXINT16) > infinity ? G_MAXINT16 : ordered;
}

#define SAME(value) (value)

#define TYPE float
#define POOL_ROW SIMD_NAME (alexnet_onednn_maxpool_f32)
#define POOL_LANES pool_lanes_f32
#define LEAST -INFINITY
#define LARGER(a, b) ((((a) >= (b)) | ((a) != (a))) ? (a) : (b))
#define ORDER SAME
#include "maxpool.h"

#define TYPE gint16
#define POOL_ROW SIMD_NAME (alexnet_onednn_maxpool_bf16)
#define POOL_LANES pool_lanes_bf16
#define LEAST G_MININT16
#define LARGER MAX
#define ORDER order_bf16
#include "maxpool.h"

#define TYPE guint8
#define POOL_ROW SIMD_NAME (alexnet_onednn_maxpool_u8)
#define POOL_LANES pool_lanes_u8
#define LEAST 0
#define LARGER MAX
#define ORDER SAME
#include "maxpool.h"

#define TYPE gint8
#define POOL_ROW SIMD_NAME (alexnet_onednn_maxpool_s8)
#define POOL_LANES pool_lanes_s8
#define LEAST G_MININT8
#define LARGER MAX
#define ORDER SAME
#include "maxpool.h"
