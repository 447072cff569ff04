/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernel of one type. kernels.c includes this once for each of them, with
 * TYPE, the names POOL_ROW and POOL_LANES, the larger one LARGER (a, b) of two,
 * and what they are compared as, ORDER (value), of which LEAST is the least
 * one; applied once more it gives the value back. All are undefined afterwards.
 */

/* Lanes [n] from `in` on, those of the image's first pixel, to `out`. */
SIMD_INLINE void
POOL_LANES (TYPE *out, const TYPE *in, const OnednnPool *pool, Cover rows,
    Cover columns, gsize n)
{
  TYPE most[LONG_STEP];

  for (gsize i = 0; i < n; i++)
    most[i] = LEAST;
  for (guint y = rows.first; y < rows.end; y++)
    for (guint x = columns.first; x < columns.end; x++) {
      const TYPE *pixel = in + (y * (gsize) pool->in_width + x) * pool->lanes;

      for (gsize i = 0; i < n; i++) {
        TYPE value = ORDER (pixel[i]);

        most[i] = LARGER (most[i], value);
      }
    }
  for (gsize i = 0; i < n; i++)
    out[i] = ORDER (most[i]);
}

void
POOL_ROW (void *result, const void *image, const OnednnPool *pool, guint y)
{
  Cover rows = find_cover (pool, y, pool->in_height);
  TYPE *out = result;

  for (guint x = 0; x < pool->out_width; x++, out += pool->lanes) {
    Cover columns = find_cover (pool, x, pool->in_width);
    const TYPE *in = image;
    gsize i = 0;

    for (; i + LONG_STEP <= pool->lanes; i += LONG_STEP)
      POOL_LANES (out + i, in + i, pool, rows, columns, LONG_STEP);
    for (; i + STEP <= pool->lanes; i += STEP)
      POOL_LANES (out + i, in + i, pool, rows, columns, STEP);
    if (i < pool->lanes)
      POOL_LANES (out + i, in + i, pool, rows, columns, pool->lanes - i);
  }
}

#undef TYPE
#undef POOL_ROW
#undef POOL_LANES
#undef LEAST
#undef LARGER
#undef ORDER
