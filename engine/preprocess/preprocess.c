/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64 /* bytes: a line of the cache, the longest vector */

AlexnetTransform *
alexnet_transform_new (void)
{
  AlexnetTransform *transform = g_new0 (AlexnetTransform, 1);

  transform->isa = alexnet_cpu_isa ();
  return transform;
}

static void
free_scratch (AlexnetTransform *t)
{
  for (guint c = 0; c < 3; c++) {
    g_clear_pointer (&t->at[c], g_free);
    g_clear_pointer (&t->samples[c], free);
    g_clear_pointer (&t->output[c], free);
  }
  g_clear_pointer (&t->source, free);
  g_clear_pointer (&t->ring, free);
  g_clear_pointer (&t->sums, free);
  g_clear_pointer (&t->column, free);
  g_clear_pointer (&t->columns, free);
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

/* Whole pixels for fixed point, single samples for real numbers. */
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
    gint32 offset = tables->real ? c->offset : 0;
    gint32 width = tables->real ? 1 : c->step;

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

/* Zeroed; as with g_malloc(), there is no way on without it. */
static void *
new_scratch (gsize n, gsize size)
{
  gsize bytes = (n * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  void *data = aligned_alloc (ALIGNMENT, bytes);

  if (data == NULL)
    g_error ("no memory for %" G_GSIZE_FORMAT " bytes", bytes);
  return memset (data, 0, bytes);
}

static gsize
get_pitch (gsize n)
{
  return (n + ALEXNET_ROW_UNIT - 1) / ALEXNET_ROW_UNIT * ALEXNET_ROW_UNIT;
}

/* Planes that give less than whole vectors are left to the plain loops. */
static void
choose_kernels (AlexnetTransform *t)
{
  t->kernels = alexnet_kernels_get (t->isa);
  for (guint p = 0; p < t->tables.layout.n_planes; p++)
    if (t->spans[p].count < t->kernels->span)
      t->kernels = &alexnet_kernels_plain;
}

static void
build_fixed (AlexnetTransform *t, gsize span)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetWord *last = tables->words + tables->height - 1;
  guint rows = t->kernels->rows;

  t->last_row = last[tables->v[0].first].index +
      last[tables->v[0].count].index - 1;
  t->lanes = tables->layout.n_components;
  t->ring_rows = tables->v[0].n_taps + rows - 1;
  t->source = new_scratch (get_pitch (span + 4), MAX (rows, sizeof (gint32)));
  t->ring = new_scratch (t->ring_rows, t->lanes * t->pitch);
  t->sums = new_scratch (t->lanes * t->pitch, sizeof *t->sums);
}

/* The horizontal pass may count on samples that all n_taps find. */
static void
build_real (AlexnetTransform *t, gsize span)
{
  guint n_taps = MAX (t->tables.h[0].n_taps, t->tables.h[1].n_taps);
  gsize floats = t->kernels->rows * sizeof (float);

  t->column_pitch = get_pitch (span + 4 * n_taps);
  t->column = new_scratch (t->column_pitch, floats);
  t->columns = new_scratch (t->column_pitch, floats);
}

static void
build_scratch (AlexnetTransform *t)
{
  const AlexnetTables *tables = &t->tables;
  gsize most = 0;

  free_scratch (t);
  build_spans (t);
  choose_kernels (t);
  for (guint p = 0; p < tables->layout.n_planes; p++)
    most = MAX (most, (gsize) t->spans[p].count);
  for (guint c = 0; c < tables->layout.n_components; c++)
    shift_starts (t, c);
  t->pitch = get_pitch (tables->size);
  for (guint c = 0; c < 3; c++) {
    t->samples[c] = new_scratch (t->pitch, t->kernels->rows * sizeof (float));
    t->output[c] = new_scratch (t->pitch, sizeof (float));
  }
  if (tables->real)
    build_real (t, most);
  else
    build_fixed (t, most);
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
  if (image->width - 1 >= ALEXNET_MAX_IMAGE_SIDE ||
      image->height - 1 >= ALEXNET_MAX_IMAGE_SIDE) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "image has %u x %u pixels, expected 1 to %d a side", image->width,
        image->height, ALEXNET_MAX_IMAGE_SIDE);
    return FALSE;
  }
  if (image->par_n > G_MAXINT32 || image->par_d > G_MAXINT32 ||
      (image->par_n == 0) != (image->par_d == 0)) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "image has a pixel aspect ratio of %u/%u, expected two numbers of 1 to "
        "%d, or 0/0 for 1/1",
        image->par_n, image->par_d, G_MAXINT32);
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
  if (p->crop_mode == ALEXNET_CROP_MODEL ||
      (guint) p->crop_mode >= ALEXNET_N_CROP_MODES) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "crop mode is %d, expected %d to %d", p->crop_mode, ALEXNET_CROP_CENTER,
        ALEXNET_N_CROP_MODES - 1);
    return FALSE;
  }
  if (p->interpolation == ALEXNET_INTERPOLATION_MODEL ||
      (guint) p->interpolation >= ALEXNET_N_INTERPOLATIONS) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "interpolation is %d, expected %d to %d", p->interpolation,
        ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS, ALEXNET_N_INTERPOLATIONS - 1);
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

static gboolean
check_channels (AlexnetChannelOrder order, guint n_channels, GError **error)
{
  if (order == ALEXNET_CHANNELS_MODEL ||
      (guint) order >= ALEXNET_N_CHANNEL_ORDERS) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
        "channel order is %d, expected %d or %d", order, ALEXNET_CHANNELS_RGB,
        ALEXNET_CHANNELS_BGR);
    return FALSE;
  }
  if (n_channels == 1 || n_channels == 3)
    return TRUE;
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "network wants %u channels, expected 3 or 1", n_channels);
  return FALSE;
}

gboolean
alexnet_transform_update (AlexnetTransform *transform,
    const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess, guint n_channels, guint size,
    GError **error)
{
  AlexnetRegion all = { 0, 0, image->width, image->height };
  const AlexnetRegion *r = region != NULL ? region : &all;
  AlexnetKey key = { image->format, image->matrix, image->range, image->site,
    image->width, image->height, image->par_n, image->par_d, *r, *preprocess,
    n_channels, size };

  if (memcmp (&key, &transform->key, sizeof key) == 0)
    return TRUE;
  if (!check_image (image, error) || !check_region (image, r, error) ||
      !check_recipe (preprocess, size, error) ||
      !check_channels (preprocess->channel_order, n_channels, error))
    return FALSE;
  transform->key = key;
  alexnet_tables_build (&transform->tables, &transform->key);
  build_scratch (transform);
  return TRUE;
}

static void
fill_pad (AlexnetTransform *t)
{
  for (guint c = 0; c < t->tables.n_channels; c++)
    for (guint x = 0; x < t->tables.size; x++)
      t->output[c][x] = t->tables.pad[c];
}

/* Row `r` of t->samples to t->output. */
static void
convert_row (AlexnetTransform *t, guint r)
{
  const AlexnetTables *tables = &t->tables;
  const AlexnetColor *color = &tables->color;
  gsize at = r * t->pitch;
  const float *s0 = t->samples[0] + at, *s1 = t->samples[1] + at;
  const float *s2 = t->samples[2] + at;

  if (tables->n_channels == 1) {
    t->kernels->convert_luma (color, s0, s1, s2, tables->width,
        t->output[0] + tables->left);
    return;
  }
  for (guint c = 0; c < 3; c++)
    t->kernels->convert (color, c, s0, s1, s2, tables->width,
        t->output[c] + tables->left);
}

/* Rows y .. y + n - 1 of the part that shows the image, from t->samples. */
static void
emit_rows (AlexnetTransform *t, guint y, guint n, AlexnetRowFunc func,
    gpointer user)
{
  const float *const channels[3] = { t->output[0], t->output[1], t->output[2] };

  for (guint r = 0; r < n; r++) {
    convert_row (t, r);
    func (user, t->tables.top + y + r, channels);
  }
}

static void
emit_pad (AlexnetTransform *t, guint y, guint end, AlexnetRowFunc func,
    gpointer user)
{
  const float *const channels[3] = { t->output[0], t->output[1], t->output[2] };

  fill_pad (t);
  for (; y < end; y++)
    func (user, y, channels);
}

void
alexnet_transform_run (AlexnetTransform *transform, const AlexnetImage *image,
    AlexnetRowFunc func, gpointer user)
{
  AlexnetTransform *t = transform;
  const AlexnetTables *tables = &t->tables;
  guint rows = tables->real ? t->kernels->rows : 1;

  t->done = 0;
  emit_pad (t, 0, tables->top, func, user);
  for (guint y = 0; y < tables->height; y += rows) {
    if (tables->real)
      t->kernels->compute_real (t, image, y);
    else
      t->kernels->compute_fixed (t, image, y);
    emit_rows (t, y, MIN (rows, tables->height - y), func, user);
  }
  emit_pad (t, tables->top + tables->height, tables->size, func, user);
}
