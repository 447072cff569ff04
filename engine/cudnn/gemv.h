/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bodies of the products, for the type of values that kernels.h is included
 * for and one type of weights. Included by it once a type of weights. Before
 * that, these must be defined:
 *
 *   PRODUCT (x)                 alexnet_x_f16, alexnet_x_s8_f16 and so on
 *   WEIGHT                      how a weight is stored
 *   PACK                        ALEXNET_VECTOR_BYTES of them
 *   WEIGHT_TO_FLOAT (pack, i)   the i-th of a pack
 *   SCALED (sum, args, row)     what a sum of products of a row stands for */

/* clang-format off */

#define PACKED ((guint) (ALEXNET_VECTOR_BYTES / sizeof (WEIGHT)))

/* The products of `ahead` strides of a warp from column k on, which is this
 * thread's first. All weights are asked for before the first is used. A pack of
 * them belongs to as many vectors of x as kernel-args.h says. */
DEVICE void
PRODUCT (gemv_strides) (const AlexnetGemvArgs *args, const REAL *x, guint row,
    guint k, guint ahead, guint n,
    float sums[ALEXNET_GEMV_ROWS][ALEXNET_GEMV_COLUMNS])
{
  const guint stride = 32 * PACKED, n_parts = PACKED / VECTOR;
  guint lane = THREAD_X % 32, begin = k - lane * PACKED;
  const WEIGHT *w = (const WEIGHT *) args->w;
  PACK a[ALEXNET_GEMV_AHEAD][ALEXNET_GEMV_ROWS];
  float b[ALEXNET_VECTOR_BYTES / sizeof (REAL)];

  UNROLL for (guint d = 0; d < ahead; d++)
    UNROLL for (guint r = 0; r < ALEXNET_GEMV_ROWS; r++)
      a[d][r] = *(const PACK *) (w +
          (gsize) (row + r < args->n_out ? row + r : row) * args->n_in + k +
          d * stride);
  UNROLL for (guint d = 0; d < ahead; d++, begin += stride)
    UNROLL for (guint p = 0; p < n_parts; p++) {
      guint left = args->n_in - begin;
      guint part = (left < stride ? left : stride) / n_parts;

      UNROLL for (guint j = 0; j < n; j++) {
        NAME (load) (b, x + (gsize) j * args->n_in + begin + p * part +
            lane * VECTOR, VECTOR);
        UNROLL for (guint r = 0; r < ALEXNET_GEMV_ROWS; r++)
          UNROLL for (guint i = 0; i < VECTOR; i++)
            sums[r][j] = FMA (WEIGHT_TO_FLOAT (a[d][r], p * VECTOR + i), b[i],
                sums[r][j]);
      }
    }
}

/* The part of ALEXNET_GEMV_ROWS rows' products that one thread makes. Called
 * with a constant `n`, so that nothing is left of the conditions. */
DEVICE void
PRODUCT (gemv_part) (const AlexnetGemvArgs *args, const REAL *x, guint row,
    guint n, float sums[ALEXNET_GEMV_ROWS][ALEXNET_GEMV_COLUMNS])
{
  guint stride = 32 * PACKED, k = THREAD_X % 32 * PACKED;

  for (; k + (ALEXNET_GEMV_AHEAD - 1) * stride < args->n_in;
       k += ALEXNET_GEMV_AHEAD * stride)
    PRODUCT (gemv_strides) (args, x, row, k, ALEXNET_GEMV_AHEAD, n, sums);
  UNROLL_BY (1)
  for (; k < args->n_in; k += stride)
    PRODUCT (gemv_strides) (args, x, row, k, 1, n, sums);
}

DEVICE void
PRODUCT (gemv_rows) (const AlexnetGemvArgs *args, const REAL *x, guint row,
    guint n)
{
  const REAL *bias = (const REAL *) args->bias;
  REAL *y = (REAL *) args->y;
  float sums[ALEXNET_GEMV_ROWS][ALEXNET_GEMV_COLUMNS] = { { 0.0f } };

  PRODUCT (gemv_part) (args, x, row, n, sums);
  UNROLL for (guint r = 0; r < ALEXNET_GEMV_ROWS; r++)
    UNROLL for (guint j = 0; j < n; j++) {
      float sum = WARP_SUM (sums[r][j]);

      if (THREAD_X % 32 == 0 && row + r < args->n_out) {
        sum = SCALED (sum, args, row + r) + TO_FLOAT (bias[row + r]);
        y[(gsize) j * args->n_out + row + r] =
            FROM_FLOAT (args->relu ? NAME (relu) (sum) : sum);
      }
    }
}

KERNEL
PRODUCT (gemv) (PARAM (AlexnetGemvArgs) args)
{
  guint warp = BLOCK_X * ALEXNET_GEMV_WARPS + THREAD_X / 32;
  guint row = warp * ALEXNET_GEMV_ROWS;
  const REAL *x = (const REAL *) args.x;

  if (row >= args.n_out)
    return;
  switch (args.n) {
    case 1:
      PRODUCT (gemv_rows) (&args, x, row, 1);
      break;
    case 2:
      PRODUCT (gemv_rows) (&args, x, row, 2);
      break;
    case 4:
      PRODUCT (gemv_rows) (&args, x, row, 4);
      break;
    case 8:
      PRODUCT (gemv_rows) (&args, x, row, 8);
      break;
  }
}

KERNEL
PRODUCT (pooled_gemv) (PARAM (AlexnetPooledGemvArgs) args)
{
  SHARED NAME (vector) x[ALEXNET_POOLED_VALUES / VECTOR];
  guint warp = BLOCK_X * ALEXNET_POOLED_WARPS + THREAD_X / 32;
  guint row = warp * ALEXNET_GEMV_ROWS;

  for (guint i = THREAD_X; i < args.gemv.n_in / VECTOR;
       i += 32 * ALEXNET_POOLED_WARPS) {
    float best[ALEXNET_VECTOR_BYTES / sizeof (REAL)];

    NAME (pool) (best, &args.pool, NAME (locate) (&args.pool.out, i, VECTOR),
        VECTOR);
    NAME (store) (x[i].v, best, VECTOR);
  }
  BARRIER ();
  if (row < args.gemv.n_out)
    PRODUCT (gemv_rows) (&args.gemv, x[0].v, row, 1);
}

#undef PACKED
#undef PRODUCT
#undef WEIGHT
#undef PACK
#undef WEIGHT_TO_FLOAT
#undef SCALED
