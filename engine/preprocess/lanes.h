/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A template, included by vector.c with ISA and LANES: the arithmetic of
 * arith.h on vectors of LANES numbers.
 *
 * The vertical passes run along a row, whatever its samples mean. Along it the
 * horizontal ones would have to gather samples from all over a row; so they
 * run across LANES rows instead, which lie transposed before them: each tap is
 * one weight times one whole vector, LANES rows of one sample. Real numbers
 * make LANES rows of output at once, and are transposed in front of and behind
 * the horizontal pass; fixed point resizes LANES source rows at once into the
 * ring, transposing bytes.
 *
 * A row whose length is no multiple of a vector ends with a vector that begins
 * earlier, so nothing beyond a row is read. No guard is needed on the other
 * side: rows in scratch memory are whole vectors. */

#define Floats NAME (Floats)
#define Ints NAME (Ints)
#define WIDE 4   /* vectors in flight: an addition takes some time */
#define BYTES 16 /* of one vector of them: columns of a tile of bytes */

INLINE Floats
NAME (load) (const float *p)
{
  Floats v;

  memcpy (&v, p, sizeof v);
  return v;
}

INLINE void
NAME (store) (float *p, Floats v)
{
  memcpy (p, &v, sizeof v);
}

/* alexnet_round_fixed(). */
INLINE Ints
NAME (round) (Ints sums)
{
  return (sums + (1 << (ALEXNET_WEIGHT_BITS - 1))) >> ALEXNET_WEIGHT_BITS;
}

/* Rotates the bits of a number's place in the tile by one, the highest to the
 * lowest; once for each bit of LANES it transposes. */
INLINE void
NAME (transpose) (Floats tile[LANES])
{
  Floats next[LANES];

  for (guint stage = 1; stage < LANES; stage *= 2) {
    for (guint i = 0; i < LANES / 2; i++)
      NAME (zip) (tile[i], tile[i + LANES / 2], &next[2 * i], &next[2 * i + 1]);
    for (guint i = 0; i < LANES; i++)
      tile[i] = next[i];
  }
}

/* The same for bytes: `n` = log2 (LANES) makes [LANES][BYTES] to
 * [BYTES][LANES], and 4 = log2 (BYTES) the reverse. */
INLINE void
NAME (rotate_bytes) (Bytes tile[LANES], guint n)
{
  Bytes next[LANES];

  for (guint stage = 0; stage < n; stage++) {
    for (guint i = 0; i < LANES / 2; i++) {
      next[2 * i] = zip_bytes_low (tile[i], tile[i + LANES / 2]);
      next[2 * i + 1] = zip_bytes_high (tile[i], tile[i + LANES / 2]);
    }
    for (guint i = 0; i < LANES; i++)
      tile[i] = next[i];
  }
}

/* ---- real numbers -------------------------------------------------------- */

/* Stored samples of one vertical pass. */
typedef struct {
  const guint8 *row; /* the first one's */
  gssize stride;
  guint shift;
  const AlexnetWord *weight; /* the first one's */
  gsize step;
  gint32 count;
} NAME (Taps);

/* `n` vectors of sums from sample `i` of the rows on. */
INLINE void
NAME (add_rows) (const NAME (Taps) * taps, guint bytes, gsize i, guint n,
    float *out)
{
  const guint8 *row = taps->row + i * bytes;
  const AlexnetWord *weight = taps->weight;
  Floats sums[WIDE] = { 0 };

  for (gint32 k = taps->count; k > 0; k--) {
    for (guint j = 0; j < n; j++) {
      Ints v = bytes == 1
          ? NAME (load_8) (row + j * LANES)
          : NAME (load_16) (row + j * 2 * LANES) >> (gint32) taps->shift;

      sums[j] = sums[j] + weight->real * NAME (to_floats) (v);
    }
    row += taps->stride;
    weight += taps->step;
  }
  for (guint j = 0; j < n; j++)
    NAME (store) (out + i + j * LANES, sums[j]);
}

INLINE void
NAME (resize_column) (const NAME (Taps) * taps, guint bytes, gsize n,
    float *out)
{
  gsize i = 0;

  for (; i + WIDE * LANES <= n; i += WIDE * LANES)
    NAME (add_rows) (taps, bytes, i, WIDE, out);
  for (; i < n; i += LANES)
    NAME (add_rows) (taps, bytes, MIN (i, n - LANES), 1, out);
}

/* The span of `plane`, vertically resized for LANES rows from `y` on, into
 * t->column. Rows beyond the last are the last again. */
TARGET static void
NAME (compute_column) (AlexnetTransform *t, const AlexnetImage *image,
    guint plane, guint v_shift, guint y)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetLayout *layout = &tables->layout;
  const AlexnetTaps *taps = &tables->v[v_shift];
  const AlexnetSpan *span = &t->spans[plane];

  for (guint r = 0; r < LANES; r++) {
    guint at = MIN (y + r, tables->height - 1);
    NAME (Taps)
    of_row = { .row = (const guint8 *) image->planes[plane] +
          image->strides[plane] * tables->words[taps->first + at].index +
          (gsize) span->first * layout->bytes,
      .stride = image->strides[plane],
      .shift = layout->shift,
      .weight = tables->words + taps->weight + at,
      .step = taps->n,
      .count = tables->words[taps->count + at].index };
    float *out = t->column + r * t->column_pitch;

    if (layout->bytes == 1)
      NAME (resize_column) (&of_row, 1, span->count, out);
    else
      NAME (resize_column) (&of_row, 2, span->count, out);
  }
}

/* `n` columns of t->column -> t->columns. */
TARGET static void
NAME (transpose_column) (AlexnetTransform *t, gsize n)
{
  Floats tile[LANES];

  for (gsize i = 0; i < n; i += LANES) {
    for (guint r = 0; r < LANES; r++)
      tile[r] = NAME (load) (t->column + r * t->column_pitch + i);
    NAME (transpose) (tile);
    for (guint r = 0; r < LANES; r++)
      NAME (store) (t->columns + (i + r) * LANES, tile[r]);
  }
}

/* Component `i` of LANES rows. Outputs beyond the last are the last again. */
TARGET static void
NAME (resize_columns) (AlexnetTransform *t, guint i)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetComponent *c = &tables->layout.components[i];
  const AlexnetTaps *taps = &tables->h[c->h_shift];
  const AlexnetWord *counts = tables->words + taps->count;

  for (guint x = 0; x < taps->n; x += LANES) {
    Floats tile[LANES];

    for (guint j = 0; j < LANES; j++) {
      guint at = MIN (x + j, taps->n - 1);
      const AlexnetWord *weight = tables->words + taps->weight + at;
      const float *column = t->columns + (gsize) t->at[i][at] * LANES;
      Floats sum = { 0 };

      for (gint32 k = counts[at].index; k > 0; k--) {
        sum = sum + weight->real * NAME (load) (column);
        column += c->step * LANES;
        weight += taps->n;
      }
      tile[j] = sum;
    }
    NAME (transpose) (tile);
    for (guint r = 0; r < LANES; r++)
      NAME (store) (t->samples[i] + r * t->pitch + x, tile[r]);
  }
}

TARGET static void
NAME (compute_real) (AlexnetTransform *t, const AlexnetImage *image, guint y)
{
  for (guint i = 0; i < t->tables.layout.n_components; i++) {
    const AlexnetComponent *c = &t->tables.layout.components[i];

    if (i == 0 || c->plane != c[-1].plane) {
      NAME (compute_column) (t, image, c->plane, c->v_shift, y);
      NAME (transpose_column) (t, t->spans[c->plane].count);
    }
    NAME (resize_columns) (t, i);
  }
}

/* ---- fixed point --------------------------------------------------------- */

/* Spans of LANES source rows from `row` on -> t->source, [samples][LANES]. */
TARGET static void
NAME (transpose_source) (AlexnetTransform *t, const AlexnetImage *image,
    gint32 row)
{
  const AlexnetSpan *span = &t->spans[0];
  const guint8 *rows[LANES];
  Bytes tile[LANES];

  for (guint r = 0; r < LANES; r++)
    rows[r] = (const guint8 *) image->planes[0] +
        image->strides[0] * MIN (row + (gint32) r, t->last_row) + span->first;
  for (gint32 i = 0; i < span->count; i += BYTES) {
    gint32 at = MIN (i, span->count - BYTES);

    for (guint r = 0; r < LANES; r++)
      tile[r] = load_bytes (rows[r] + at);
    NAME (rotate_bytes) (tile, LOG2_LANES);
    for (guint r = 0; r < LANES; r++)
      store_bytes (t->source + (gsize) at * LANES + r * BYTES, tile[r]);
  }
}

/* Output `x` of LANES rows: the components in the order of the ring. */
INLINE void
NAME (resize_pixel) (const AlexnetTransform *t, guint x, guint lanes,
    guint8 out[][BYTES * LANES], guint place)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetTaps *taps = &tables->h[0];
  const AlexnetComponent *c = tables->layout.components;
  const AlexnetWord *weight = tables->words + taps->weight + x;
  const guint8 *source = t->source + (gsize) t->at[0][x] * LANES;
  Ints sums[3] = { 0 };

  for (gint32 k = tables->words[taps->count + x].index; k > 0; k--) {
    for (guint i = 0; i < lanes; i++)
      sums[i] = sums[i] +
          weight->fixed * NAME (load_8) (source + c[i].offset * LANES);
    source += c->step * LANES;
    weight += taps->n;
  }
  for (guint i = 0; i < lanes; i++)
    NAME (store_8) (out[i] + place * LANES, NAME (round) (sums[i]));
}

/* t->source -> rows of the ring from `row` on. */
INLINE void
NAME (resize_source) (AlexnetTransform *t, gint32 row, guint lanes)
{
  guint n = t->tables.width;
  guint8 *rows[LANES];

  for (guint r = 0; r < LANES; r++)
    rows[r] = t->ring + (row + r) % t->ring_rows * lanes * t->pitch;
  for (guint x = 0; x < n; x += BYTES) {
    guint8 bytes[3][BYTES * LANES];
    Bytes tile[LANES];

    for (guint j = 0; j < BYTES; j++)
      NAME (resize_pixel) (t, MIN (x + j, n - 1), lanes, bytes, j);
    for (guint i = 0; i < lanes; i++) {
      for (guint r = 0; r < LANES; r++)
        tile[r] = load_bytes (bytes[i] + r * BYTES);
      NAME (rotate_bytes) (tile, 4);
      for (guint r = 0; r < LANES; r++)
        store_bytes (rows[r] + i * t->pitch + x, tile[r]);
    }
  }
}

/* Component `i` of row `y`, from the ring. */
TARGET static void
NAME (add_ring_rows) (AlexnetTransform *t, guint y, guint i)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetTaps *taps = &tables->v[0];
  gsize size = t->lanes * t->pitch;
  const guint8 *end = t->ring + t->ring_rows * size;
  const guint8 *first = t->ring + i * t->pitch +
      tables->words[taps->first + y].index % t->ring_rows * size;

  for (guint x = 0; x < tables->width; x += LANES) {
    const AlexnetWord *weight = tables->words + taps->weight + y;
    const guint8 *row = first + x;
    Ints sum = { 0 };

    for (gint32 k = tables->words[taps->count + y].index; k > 0; k--) {
      sum = sum + weight->fixed * NAME (load_8) (row);
      weight += taps->n;
      row += size;
      if (row >= end)
        row -= t->ring_rows * size;
    }
    NAME (store) (t->samples[i] + x, NAME (to_floats) (NAME (round) (sum)));
  }
}

TARGET static void
NAME (compute_fixed) (AlexnetTransform *t, const AlexnetImage *image, guint y)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetTaps *taps = &tables->v[0];
  gint32 first = tables->words[taps->first + y].index;
  gint32 end = first + tables->words[taps->count + y].index;

  for (t->done = MAX (t->done, first); t->done < end; t->done += LANES) {
    NAME (transpose_source) (t, image, t->done);
    if (t->lanes == 1)
      NAME (resize_source) (t, t->done, 1);
    else
      NAME (resize_source) (t, t->done, 3);
  }
  for (guint i = 0; i < t->lanes; i++)
    NAME (add_ring_rows) (t, y, i);
}

TARGET static void
NAME (convert) (const AlexnetColor *color, guint c, const float *restrict s0,
    const float *restrict s1, const float *restrict s2, guint n,
    float *restrict out)
{
  const AlexnetColor local = *color;

  for (guint x = 0; x < n; x++)
    out[x] = alexnet_color_channel (&local, c, s0[x], s1[x], s2[x]);
}

TARGET static void
NAME (convert_luma) (const AlexnetColor *color, const float *restrict s0,
    const float *restrict s1, const float *restrict s2, guint n,
    float *restrict out)
{
  const AlexnetColor local = *color;

  for (guint x = 0; x < n; x++)
    out[x] = alexnet_color_luma (&local, s0[x], s1[x], s2[x]);
}

static const AlexnetKernels NAME (kernels) = {
  .rows = LANES,
  .span = BYTES,
#define KERNEL(name, type) .name = NAME (name),
#include "kernels.inc"
};

#undef Floats
#undef Ints
#undef WIDE
#undef BYTES
