/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* RGB and GRAY8 run the horizontal pass first, as Pillow does: each source
 * row is resized once into a ring of planar rows that holds as many as the
 * vertical pass looks back. Y'CbCr has no rounding in between, so there the
 * vertical pass comes first: it runs over contiguous samples of a plane,
 * whatever their meaning, and leaves only `height` rows to the horizontal
 * one. Both compute what alexnet_tables_pixel() does for one pixel. */

#include "preprocess-private.h"

#include <string.h>

/* One copy of a loop for each vector unit, chosen when the library is loaded;
 * gcc's extension. The sanitizers are not ready yet at that moment. None of
 * the copies fuses a product into a sum, so all give the same bits. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VECTORISED __attribute__ ((target_clones ("avx2", "default")))
#else
#define VECTORISED
#endif

/* Samples of a plane that the horizontal passes read. */
typedef struct {
  gint32 first, count;
} Span;

struct _AlexnetTransform {
  AlexnetKey key;
  AlexnetTables tables;

  Span spans[3]; /* by plane */
  gint32 *at[3]; /* [width] first tap of a component in a span */
  guint lanes;   /* RGB, GRAY8: components of a ring row */
  guint ring_rows;
  gint32 *source;    /* span of a source row and four more */
  guint8 *ring;      /* [ring_rows][lanes * width] */
  gint32 *sums;      /* [lanes * width] */
  float *column;     /* Y'CbCr: a span, vertically resized */
  float *samples[3]; /* [size], as stored, resized */
  float *output[3];  /* [size] */
};

AlexnetTransform *
alexnet_transform_new (void)
{
  return g_new0 (AlexnetTransform, 1);
}

static void
free_scratch (AlexnetTransform *t)
{
  for (guint c = 0; c < 3; c++) {
    g_clear_pointer (&t->at[c], g_free);
    g_clear_pointer (&t->samples[c], g_free);
    g_clear_pointer (&t->output[c], g_free);
  }
  g_clear_pointer (&t->source, g_free);
  g_clear_pointer (&t->ring, g_free);
  g_clear_pointer (&t->sums, g_free);
  g_clear_pointer (&t->column, g_free);
}

void
alexnet_transform_free (AlexnetTransform *transform)
{
  if (transform == NULL)
    return;
  free_scratch (transform);
  alexnet_tables_clear (&transform->tables);
  g_free (transform);
}

const AlexnetTables *
alexnet_transform_get_tables (const AlexnetTransform *transform)
{
  return &transform->tables;
}

/* Whole pixels of RGB and GRAY8, single samples of Y'CbCr. */
static void
build_spans (AlexnetTransform *t)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetLayout *layout = &tables->layout;
  gint32 end[3] = { 0 };

  for (guint p = 0; p < 3; p++)
    t->spans[p].first = G_MAXINT32;
  for (guint i = 0; i < layout->n_components; i++) {
    const AlexnetComponent *c = &layout->components[i];
    const AlexnetTaps *taps = &tables->h[c->h_shift];
    gint32 offset = layout->ycbcr ? c->offset : 0;
    gint32 width = layout->ycbcr ? 1 : c->step;

    t->at[i] = g_new (gint32, taps->n);
    for (guint x = 0; x < taps->n; x++) {
      gint32 first = tables->words[taps->first + x].index;
      gint32 last = first + tables->words[taps->count + x].index - 1;

      t->at[i][x] = offset + c->step * first;
      t->spans[c->plane].first = MIN (t->spans[c->plane].first, t->at[i][x]);
      end[c->plane] = MAX (end[c->plane], offset + c->step * last + width);
    }
  }
  for (guint p = 0; p < layout->n_planes; p++)
    t->spans[p].count = end[p] - t->spans[p].first;
}

/* Makes t->at count from the beginning of the span. */
static void
shift_starts (AlexnetTransform *t, guint i)
{
  const AlexnetComponent *c = &t->tables.layout.components[i];

  for (guint x = 0; x < t->tables.width; x++)
    t->at[i][x] -= t->spans[c->plane].first;
}

static void
build_scratch (AlexnetTransform *t)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetLayout *layout = &tables->layout;
  gsize most = 0;

  free_scratch (t);
  build_spans (t);
  for (guint p = 0; p < layout->n_planes; p++)
    most = MAX (most, (gsize) t->spans[p].count);
  for (guint c = 0; c < layout->n_components; c++)
    shift_starts (t, c);
  for (guint c = 0; c < 3; c++) {
    t->samples[c] = g_new0 (float, tables->size);
    t->output[c] = g_new0 (float, tables->size);
  }
  if (layout->ycbcr) {
    most += 4 * MAX (tables->h[0].n_taps, tables->h[1].n_taps);
    t->column = g_new0 (float, most);
    return;
  }
  t->lanes = layout->n_components;
  t->ring_rows = tables->v[0].n_taps;
  t->source = g_new0 (gint32, most + 4);
  t->ring = g_malloc0 ((gsize) t->ring_rows * t->lanes * tables->width);
  t->sums = g_new (gint32, t->lanes * tables->width);
}

static gboolean
check_image (const AlexnetImage *image, GError **error)
{
  if (alexnet_format_get_layout (image->format) == NULL ||
      (guint) image->matrix > ALEXNET_MATRIX_FCC ||
      (guint) image->range > ALEXNET_RANGE_LIMITED ||
      (guint) image->site > ALEXNET_SITE_TOP) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "image has format %d, matrix %d, range %d, chroma site %d; expected "
        "values of their enumerations",
        image->format, image->matrix, image->range, image->site);
    return FALSE;
  }
  if (image->width - 1 >= ALEXNET_MAX_SIDE ||
      image->height - 1 >= ALEXNET_MAX_SIDE) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "image has %u x %u pixels, expected 1 to %d a side", image->width,
        image->height, ALEXNET_MAX_SIDE);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_region (const AlexnetImage *image, const AlexnetRegion *r, GError **error)
{
  if (r->width == 0 || r->height == 0 || r->x >= image->width ||
      r->y >= image->height || r->width > image->width - r->x ||
      r->height > image->height - r->y) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "region has %u x %u pixels at %u, %u, expected a part of the image's "
        "%u x %u",
        r->width, r->height, r->x, r->y, image->width, image->height);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_recipe (const AlexnetPreprocess *p, guint size, GError **error)
{
  if ((guint) p->crop_mode > ALEXNET_CROP_LETTERBOX) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "crop mode is %d, expected 0 to %d", p->crop_mode,
        ALEXNET_CROP_LETTERBOX);
    return FALSE;
  }
  if ((guint) p->crop_position >= ALEXNET_N_POSITIONS) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "crop position is %d, expected 0 to %d", p->crop_position,
        ALEXNET_N_POSITIONS - 1);
    return FALSE;
  }
  if (size - 1 >= ALEXNET_MAX_SIDE || p->resize_size - 1 >= ALEXNET_MAX_SIDE) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "input size is %u and resize size %u, expected 1 to %d", size,
        p->resize_size, ALEXNET_MAX_SIDE);
    return FALSE;
  }
  return TRUE;
}

gboolean
alexnet_transform_update (AlexnetTransform *transform,
    const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint size, GError **error)
{
  AlexnetRegion all = { 0, 0, image->width, image->height };
  const AlexnetRegion *r = region != NULL ? region : &all;
  AlexnetKey key = { image->format, image->matrix, image->range, image->site,
    image->width, image->height, *r, *preprocess, size };

  if (memcmp (&key, &transform->key, sizeof key) == 0)
    return TRUE;
  if (!check_image (image, error) || !check_region (image, r, error) ||
      !check_recipe (preprocess, size, error))
    return FALSE;
  transform->key = key;
  alexnet_tables_build (&transform->tables, &transform->key);
  build_scratch (transform);
  return TRUE;
}

VECTORISED static void
widen_row (gint32 *restrict samples, const guint8 *restrict row, guint n)
{
  for (guint i = 0; i < n; i++)
    samples[i] = row[i];
}

/* Pixels of `step` samples -> `lanes` rows of `n` bytes; channel[c] is the
 * sample of a pixel that goes to row c. Whole vectors of four are summed, so
 * `source` is readable four samples beyond its end. */
static inline void
resize_row (const AlexnetTables *tables, const gint32 *at,
    const gint32 *restrict source, guint step, guint lanes,
    const guint8 *channel, guint8 *restrict row)
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
      row[c * n + x] = (guint8) alexnet_round_fixed (sums[channel[c]]);
  }
}

VECTORISED static void
resize_row_1 (const AlexnetTables *tables, const gint32 *at,
    const gint32 *source, const guint8 *channel, guint8 *row)
{
  resize_row (tables, at, source, 1, 1, channel, row);
}

VECTORISED static void
resize_row_n (const AlexnetTables *tables, const gint32 *at,
    const gint32 *source, guint step, const guint8 *channel, guint8 *row)
{
  resize_row (tables, at, source, step, 3, channel, row);
}

static void
resize_source_row (AlexnetTransform *t, const guint8 *row, guint8 *target)
{
  const AlexnetComponent *c = t->tables.layout.components;
  const guint8 channel[3] = { c[0].offset, c[1].offset, c[2].offset };
  const Span *span = &t->spans[0];

  widen_row (t->source, row + span->first, span->count);
  if (c->step == 1)
    resize_row_1 (&t->tables, t->at[0], t->source, channel, target);
  else
    resize_row_n (&t->tables, t->at[0], t->source, c->step, channel, target);
}

VECTORISED static void
add_ring_row (gint32 *restrict sums, const guint8 *restrict row, guint n,
    gint32 weight)
{
  for (guint i = 0; i < n; i++)
    sums[i] = alexnet_add_fixed (sums[i], weight, row[i]);
}

VECTORISED static void
round_sums (float *restrict samples, const gint32 *restrict sums, guint n)
{
  for (guint i = 0; i < n; i++)
    samples[i] = (float) alexnet_round_fixed (sums[i]);
}

/* Fills t->samples for row `y`; *done counts the source rows in the ring. */
static void
compute_fixed (AlexnetTransform *t, const AlexnetImage *image, guint y,
    gint32 *done)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetTaps *taps = &tables->v[0];
  gint32 first = tables->words[taps->first + y].index;
  gint32 end = first + tables->words[taps->count + y].index;
  gsize n = (gsize) t->lanes * tables->width;

  for (*done = MAX (*done, first); *done < end; (*done)++)
    resize_source_row (t,
        (const guint8 *) image->planes[0] + image->strides[0] * *done,
        t->ring + n * (*done % t->ring_rows));
  memset (t->sums, 0, n * sizeof *t->sums);
  for (gint32 k = 0; first + k < end; k++)
    add_ring_row (t->sums, t->ring + n * ((first + k) % t->ring_rows), n,
        tables->words[taps->weight + k * taps->n + y].fixed);
  for (guint c = 0; c < t->lanes; c++)
    round_sums (t->samples[c], t->sums + c * tables->width, tables->width);
}

VECTORISED static void
add_row_8 (float *restrict column, const guint8 *restrict row, guint n,
    float weight)
{
  for (guint i = 0; i < n; i++)
    column[i] = alexnet_add_real (column[i], weight,
        alexnet_sample (row, i, 1, 0));
}

VECTORISED static void
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
  const Span *span = &t->spans[plane];
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

VECTORISED static void
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

/* Fills t->samples for row `y`. Components of one plane share the vertical
 * pass. */
static void
compute_real (AlexnetTransform *t, const AlexnetImage *image, guint y)
{
  const AlexnetTables *tables = &t->tables;

  for (guint i = 0; i < 3; i++) {
    const AlexnetComponent *c = &tables->layout.components[i];

    if (i == 0 || c->plane != c[-1].plane)
      compute_column (t, image, c->plane, c->v_shift, y);
    resize_column (t->samples[i], t->column, t->at[i], c->step,
        &tables->h[c->h_shift], tables->words);
  }
}

VECTORISED static void
convert_row (const AlexnetColor *color, guint c, const float *restrict s0,
    const float *restrict s1, const float *restrict s2, guint n,
    float *restrict out)
{
  const AlexnetColor local = *color;

  for (guint x = 0; x < n; x++)
    out[x] = alexnet_color_channel (&local, c, s0[x], s1[x], s2[x]);
}

static void
fill_pad (AlexnetTransform *t)
{
  for (guint c = 0; c < 3; c++)
    for (guint x = 0; x < t->tables.size; x++)
      t->output[c][x] = t->tables.pad[c];
}

void
alexnet_transform_run (AlexnetTransform *transform, const AlexnetImage *image,
    AlexnetRowFunc func, gpointer user)
{
  AlexnetTransform *t = transform;
  const AlexnetTables *tables = &t->tables;
  const float *const channels[3] = { t->output[0], t->output[1], t->output[2] };
  gint32 done = 0;

  fill_pad (t);
  for (guint y = 0; y < tables->top; y++)
    func (user, y, channels);
  for (guint y = 0; y < tables->height; y++) {
    if (tables->layout.ycbcr)
      compute_real (t, image, y);
    else
      compute_fixed (t, image, y, &done);
    for (guint c = 0; c < 3; c++)
      convert_row (&tables->color, c, t->samples[0], t->samples[1],
          t->samples[2], tables->width, t->output[c] + tables->left);
    func (user, tables->top + y, channels);
  }
  fill_pad (t);
  for (guint y = tables->top + tables->height; y < tables->size; y++)
    func (user, y, channels);
}
