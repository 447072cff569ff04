/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loops in plain C, for every processor. What the compiler makes of them
 * decides how fast they are, not what they give. */

#include "private.h"

#include <string.h>

static void
widen_row (gint32 *restrict samples, const guint8 *restrict row, guint n)
{
  for (guint i = 0; i < n; i++)
    samples[i] = row[i];
}

/* Pixels of `step` samples -> `lanes` rows `pitch` bytes apart; channel[c] is
 * the sample of a pixel that goes to row c. Whole vectors of four are summed,
 * so `source` is readable four samples beyond its end. */
static inline void
resize_row (const AlexnetTables *tables, const gint32 *at,
    const gint32 *restrict source, guint step, guint lanes,
    const guint8 *channel, guint8 *restrict row, gsize pitch)
{
  const AlexnetTaps *taps = &tables->h[0];
  const AlexnetWord *counts = tables->words + taps->count;
  guint n = taps->n, vector = lanes == 1 ? 1 : 4;

  for (guint x = 0; x < n; x++) {
    const AlexnetWord *weight = tables->words + taps->weight + x;
    const gint32 *pixel = source + at[x];
    gint32 sums[4] = { 0 };

    for (gint32 k = counts[x].index; k > 0; k--, weight += n, pixel += step)
      for (guint c = 0; c < vector; c++)
        sums[c] = alexnet_add_fixed (sums[c], weight->fixed, pixel[c]);
    for (guint c = 0; c < lanes; c++)
      row[c * pitch + x] = (guint8) alexnet_round_fixed (sums[channel[c]]);
  }
}

static void
resize_row_1 (const AlexnetTables *tables, const gint32 *at,
    const gint32 *source, const guint8 *channel, guint8 *row, gsize pitch)
{
  resize_row (tables, at, source, 1, 1, channel, row, pitch);
}

static void
resize_row_n (const AlexnetTables *tables, const gint32 *at,
    const gint32 *source, guint step, const guint8 *channel, guint8 *row,
    gsize pitch)
{
  resize_row (tables, at, source, step, 3, channel, row, pitch);
}

static void
resize_source_row (AlexnetTransform *t, const guint8 *row, guint8 *target)
{
  const AlexnetComponent *c = t->tables.layout.components;
  const guint8 channel[3] = { c[0].offset, c[1].offset, c[2].offset };
  const AlexnetSpan *span = &t->spans[0];
  gint32 *source = (gint32 *) (void *) t->source;

  widen_row (source, row + span->first, span->count);
  if (c->step == 1)
    resize_row_1 (&t->tables, t->at[0], source, channel, target, t->pitch);
  else
    resize_row_n (&t->tables, t->at[0], source, c->step, channel, target,
        t->pitch);
}

static void
add_ring_row (gint32 *restrict sums, const guint8 *restrict row, guint n,
    gint32 weight)
{
  for (guint i = 0; i < n; i++)
    sums[i] = alexnet_add_fixed (sums[i], weight, row[i]);
}

static void
round_sums (float *restrict samples, const gint32 *restrict sums, guint n)
{
  for (guint i = 0; i < n; i++)
    samples[i] = (float) alexnet_round_fixed (sums[i]);
}

static void
compute_fixed (AlexnetTransform *t, const AlexnetImage *image, guint y)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetTaps *taps = &tables->v[0];
  gint32 first = tables->words[taps->first + y].index;
  gint32 end = first + tables->words[taps->count + y].index;
  gsize n = t->lanes * t->pitch;

  for (t->done = MAX (t->done, first); t->done < end; t->done++)
    resize_source_row (t,
        (const guint8 *) image->planes[0] + image->strides[0] * t->done,
        t->ring + n * (t->done % t->ring_rows));
  memset (t->sums, 0, n * sizeof *t->sums);
  for (gint32 k = 0; first + k < end; k++)
    add_ring_row (t->sums, t->ring + n * ((first + k) % t->ring_rows), n,
        tables->words[taps->weight + k * taps->n + y].fixed);
  for (guint c = 0; c < t->lanes; c++)
    round_sums (t->samples[c], t->sums + c * t->pitch, tables->width);
}

static void
add_row_8 (float *restrict column, const guint8 *restrict row, guint n,
    float weight)
{
  for (guint i = 0; i < n; i++)
    column[i] = alexnet_add_real (column[i], weight,
        alexnet_sample (row, i, 1, 0));
}

static void
add_row_16 (float *restrict column, const guint8 *restrict row, guint n,
    guint shift, float weight)
{
  for (guint i = 0; i < n; i++)
    column[i] = alexnet_add_real (column[i], weight,
        alexnet_sample (row, i, 2, shift));
}

/* The span of `plane`, vertically resized for row `y`, into t->column. */
static void
compute_column (AlexnetTransform *t, const AlexnetImage *image, guint plane,
    guint v_shift, guint y)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetLayout *layout = &tables->layout;
  const AlexnetTaps *taps = &tables->v[v_shift];
  const AlexnetSpan *span = &t->spans[plane];
  gint32 first = tables->words[taps->first + y].index;
  gint32 count = tables->words[taps->count + y].index;

  memset (t->column, 0, span->count * sizeof *t->column);
  for (gint32 k = 0; k < count; k++) {
    float weight = tables->words[taps->weight + k * taps->n + y].real;
    const guint8 *row = (const guint8 *) image->planes[plane] +
        image->strides[plane] * (first + k) +
        (gsize) span->first * layout->bytes;

    if (layout->bytes == 1)
      add_row_8 (t->column, row, span->count, weight);
    else
      add_row_16 (t->column, row, span->count, layout->shift, weight);
  }
}

static void
resize_column (float *restrict samples, const float *restrict column,
    const gint32 *restrict at, guint step, const AlexnetTaps *taps,
    const AlexnetWord *restrict words)
{
  const AlexnetWord *weights = words + taps->weight;
  guint n = taps->n;

  memset (samples, 0, n * sizeof *samples);
  for (guint k = 0; k < taps->n_taps; k++, weights += n, column += step)
    for (guint x = 0; x < n; x++)
      samples[x] = alexnet_add_real (samples[x], weights[x].real,
          column[at[x]]);
}

/* Components of one plane share the vertical pass. */
static void
compute_real (AlexnetTransform *t, const AlexnetImage *image, guint y)
{
  const AlexnetTables *tables = &t->tables;

  for (guint i = 0; i < tables->layout.n_components; i++) {
    const AlexnetComponent *c = &tables->layout.components[i];

    if (i == 0 || c->plane != c[-1].plane)
      compute_column (t, image, c->plane, c->v_shift, y);
    resize_column (t->samples[i], t->column, t->at[i], c->step,
        &tables->h[c->h_shift], tables->words);
  }
}

static void
convert (const AlexnetColor *color, guint c, const float *restrict s0,
    const float *restrict s1, const float *restrict s2, guint n,
    float *restrict out)
{
  const AlexnetColor local = *color;

  for (guint x = 0; x < n; x++)
    out[x] = alexnet_color_channel (&local, c, s0[x], s1[x], s2[x]);
}

static void
convert_luma (const AlexnetColor *color, const float *restrict s0,
    const float *restrict s1, const float *restrict s2, guint n,
    float *restrict out)
{
  const AlexnetColor local = *color;

  for (guint x = 0; x < n; x++)
    out[x] = alexnet_color_luma (&local, s0[x], s1[x], s2[x]);
}

const AlexnetKernels alexnet_kernels_plain = {
  .rows = 1,
  .span = 1,
#define KERNEL(name, type) .name = name,
#include "kernels.inc"
};
