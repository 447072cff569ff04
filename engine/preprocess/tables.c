/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <math.h>
#include <string.h>

/* clang-format off */
#define PACKED(n, r, g, b) \
  { 1, 3, FALSE, 1, 8, 0, \
    { { 0, r, n, 0, 0 }, { 0, g, n, 0, 0 }, { 0, b, n, 0, 0 } } }
#define PLANAR(bytes, bits, u, v, h, s) \
  { 3, 3, TRUE, bytes, bits, 0, \
    { { 0, 0, 1, 0, 0 }, { u, 0, 1, h, s }, { v, 0, 1, h, s } } }
#define BIPLANAR(bytes, bits, shift, u, v) \
  { 2, 3, TRUE, bytes, bits, shift, \
    { { 0, 0, 1, 0, 0 }, { 1, u, 2, 1, 1 }, { 1, v, 2, 1, 1 } } }
#define PACKED_422(y, u, v) \
  { 1, 3, TRUE, 1, 8, 0, \
    { { 0, y, 2, 0, 0 }, { 0, u, 4, 1, 0 }, { 0, v, 4, 1, 0 } } }
/* clang-format on */

static const AlexnetLayout layouts[ALEXNET_N_FORMATS] = {
  [ALEXNET_FORMAT_RGB] = PACKED (3, 0, 1, 2),
  [ALEXNET_FORMAT_BGR] = PACKED (3, 2, 1, 0),
  [ALEXNET_FORMAT_RGBX] = PACKED (4, 0, 1, 2),
  [ALEXNET_FORMAT_BGRX] = PACKED (4, 2, 1, 0),
  [ALEXNET_FORMAT_XRGB] = PACKED (4, 1, 2, 3),
  [ALEXNET_FORMAT_XBGR] = PACKED (4, 3, 2, 1),
  [ALEXNET_FORMAT_RGBA] = PACKED (4, 0, 1, 2),
  [ALEXNET_FORMAT_BGRA] = PACKED (4, 2, 1, 0),
  [ALEXNET_FORMAT_ARGB] = PACKED (4, 1, 2, 3),
  [ALEXNET_FORMAT_ABGR] = PACKED (4, 3, 2, 1),
  [ALEXNET_FORMAT_GRAY8] = { 1, 1, FALSE, 1, 8, 0, { { 0, 0, 1, 0, 0 } } },
  [ALEXNET_FORMAT_NV12] = BIPLANAR (1, 8, 0, 0, 1),
  [ALEXNET_FORMAT_NV21] = BIPLANAR (1, 8, 0, 1, 0),
  [ALEXNET_FORMAT_I420] = PLANAR (1, 8, 1, 2, 1, 1),
  [ALEXNET_FORMAT_YV12] = PLANAR (1, 8, 2, 1, 1, 1),
  [ALEXNET_FORMAT_YUY2] = PACKED_422 (0, 1, 3),
  [ALEXNET_FORMAT_UYVY] = PACKED_422 (1, 0, 2),
  [ALEXNET_FORMAT_Y42B] = PLANAR (1, 8, 1, 2, 1, 0),
  [ALEXNET_FORMAT_Y444] = PLANAR (1, 8, 1, 2, 0, 0),
  [ALEXNET_FORMAT_P010_10LE] = BIPLANAR (2, 10, 6, 0, 1),
  [ALEXNET_FORMAT_I420_10LE] = PLANAR (2, 10, 1, 2, 1, 1),
};

const AlexnetLayout *
alexnet_format_get_layout (AlexnetFormat format)
{
  return (guint) format < ALEXNET_N_FORMATS ? &layouts[format] : NULL;
}

typedef enum { NEAR, MIDDLE, FAR } Place;

/* Where the crop lies on each axis. */
static const struct {
  Place x, y;
} places[ALEXNET_N_POSITIONS] = {
  [ALEXNET_POSITION_CENTER] = { MIDDLE, MIDDLE },
  [ALEXNET_POSITION_TOP_LEFT] = { NEAR, NEAR },
  [ALEXNET_POSITION_TOP_RIGHT] = { FAR, NEAR },
  [ALEXNET_POSITION_BOTTOM_LEFT] = { NEAR, FAR },
  [ALEXNET_POSITION_BOTTOM_RIGHT] = { FAR, FAR },
};

/* One axis of the geometry: `in` pixels from `origin` of the image's `whole`
 * become `out`, of which `n` from `start` are shown at `at`; `mirror`: they
 * are counted from the other end. */
typedef struct {
  guint whole, origin, in;
  guint out, start, n, at;
  gboolean mirror;
  AlexnetInterpolation interpolation;
} Axis;

static void
axis_crop (Axis *axis, guint out, guint size, Place place)
{
  axis->out = out;
  axis->n = MIN (out, size);
  if (out < size) {
    axis->at = (size - out) / 2;
  } else if (place == MIDDLE) {
    axis->start = (out - size) / 2;
    if ((out - size) % 2 == 1 && axis->start % 2 == 1)
      axis->start++;
  } else if (place == FAR) {
    axis->start = out - size;
  }
}

/* What a side of `length` becomes when one of `other` becomes `side`. Lengths
 * are at most ALEXNET_MAX_IMAGE_SIDE * (2^31 - 1), so the product is below
 * 2^58. */
static guint
scale_side (guint side, guint64 length, guint64 other)
{
  return CLAMP (side * length / other, 1, G_MAXINT32);
}

static void
get_axes (const AlexnetKey *key, Axis *x, Axis *y)
{
  const AlexnetRegion *region = &key->region;
  guint64 w = (guint64) region->width * MAX (key->par_n, 1);
  guint64 h = (guint64) region->height * MAX (key->par_d, 1);
  guint size = key->size, side = key->preprocess.resize_size;
  guint out_w = size, out_h = size;

  if (key->preprocess.crop_mode == ALEXNET_CROP_CENTER) {
    out_w = w <= h ? side : scale_side (side, w, h);
    out_h = w <= h ? scale_side (side, h, w) : side;
  } else if (key->preprocess.crop_mode == ALEXNET_CROP_SQUASH) {
    out_w = out_h = side;
  } else if (key->preprocess.crop_mode == ALEXNET_CROP_LETTERBOX) {
    out_w = w >= h ? size : scale_side (size, w, h);
    out_h = w >= h ? scale_side (size, h, w) : size;
  }
  *x = (Axis){ key->width, region->x, region->width };
  *y = (Axis){ key->height, region->y, region->height };
  axis_crop (x, out_w, size, places[key->preprocess.crop_position].x);
  axis_crop (y, out_h, size, places[key->preprocess.crop_position].y);
  x->mirror = key->preprocess.mirror;
  x->interpolation = y->interpolation = key->preprocess.interpolation;
}

/* Where the middle of output `i` lies, in pixels from the region's edge. */
static double
get_center (const Axis *axis, guint i)
{
  double scale = (double) axis->in / axis->out;
  guint shown = axis->start + i;
  guint pixel = axis->mirror ? axis->out - 1 - shown : shown;

  return (pixel + 0.5) * scale;
}

/* Pillow's triangle filter for output `i` of `axis`: returns how many weights
 * it wrote, for pixels of the region from *first on. */
static guint
get_triangle (const Axis *axis, guint i, double *weights, guint *first)
{
  double support = MAX ((double) axis->in / axis->out, 1.0);
  double inverse = 1.0 / support, center = get_center (axis, i), sum = 0;
  int low = MAX ((int) (center - support + 0.5), 0);
  int high = MIN ((int) (center + support + 0.5), (int) axis->in);

  for (int k = 0; k < high - low; k++) {
    weights[k] = MAX (1.0 - fabs ((k + low - center + 0.5) * inverse), 0.0);
    sum += weights[k];
  }
  for (int k = 0; k < high - low; k++)
    weights[k] /= sum;
  *first = low;
  return high - low;
}

/* The same without antialias: the two pixels whose middles are on both sides
 * of the output's, or the one at the edge. */
static guint
get_neighbours (const Axis *axis, guint i, double *weights, guint *first)
{
  double place = MAX (get_center (axis, i) - 0.5, 0.0);
  guint low = (guint) place, n = low + 1 < axis->in ? 2 : 1;

  weights[1] = n == 2 ? place - low : 0.0;
  weights[0] = 1.0 - weights[1];
  *first = low;
  return n;
}

static guint
get_pixels (const Axis *axis, guint i, double *weights, guint *first)
{
  return axis->interpolation == ALEXNET_INTERPOLATION_BILINEAR
      ? get_neighbours (axis, i, weights, first)
      : get_triangle (axis, i, weights, first);
}

/* The same for subsampled samples: composes the pixels with the bilinear
 * upsampling of arith.h. `weights` are zeroed here. */
static guint
get_composed (const Axis *axis, guint i, gboolean cosited, double *pixels,
    double *weights, guint *first)
{
  guint n_pixels = get_pixels (axis, i, pixels, first);
  gint x = axis->origin + *first, last = (axis->whole + 1) / 2 - 1;
  gint low = cosited ? x >> 1 : MAX ((x - 1) >> 1, 0), high = low;

  memset (weights, 0, (n_pixels / 2 + 3) * sizeof *weights);
  for (guint k = 0; k < n_pixels; k++, x++) {
    gint quarters = cosited ? 2 * x : 2 * x - 1;
    gint left = quarters >> 2, right = MIN (left + 1, last);
    double f = (quarters & 3) / 4.0;

    left = MAX (left, 0);
    weights[left - low] += (1.0 - f) * pixels[k];
    weights[right - low] += f * pixels[k];
    high = right;
  }
  *first = low;
  return high - low + 1;
}

typedef struct {
  GArray *words; /* AlexnetWord */
  gboolean real;
  double *pixels, *weights; /* scratch for one output */
} Builder;

static AlexnetWord
get_word (const Builder *builder, double weight)
{
  AlexnetWord word;

  if (builder->real)
    word.real = (float) weight;
  else
    word.fixed = (gint32) (weight * (1 << ALEXNET_WEIGHT_BITS) + 0.5);
  return word;
}

/* Weights of output `i` in builder->weights, without zeros at the ends. */
static guint
get_weights (const Builder *builder, const Axis *axis, guint i,
    gboolean subsampled, gboolean cosited, guint *first)
{
  double *weights = builder->weights;
  guint n, zeros = 0;

  if (subsampled) {
    n = get_composed (axis, i, cosited, builder->pixels, weights, first);
  } else {
    n = get_pixels (axis, i, weights, first);
    *first += axis->origin;
  }
  while (n > 1 && get_word (builder, weights[n - 1]).fixed == 0)
    n--;
  while (zeros + 1 < n && get_word (builder, weights[zeros]).fixed == 0)
    zeros++;
  *first += zeros;
  memmove (weights, weights + zeros, (n - zeros) * sizeof *weights);
  return n - zeros;
}

static AlexnetTaps
build_taps (Builder *builder, const Axis *axis, gboolean subsampled,
    gboolean cosited)
{
  AlexnetTaps taps = { .n = axis->n, .first = builder->words->len };
  AlexnetWord *words;
  guint first;

  taps.count = taps.first + taps.n;
  taps.weight = taps.count + taps.n;
  g_array_set_size (builder->words, taps.weight);
  words = (AlexnetWord *) (void *) builder->words->data;
  for (guint i = 0; i < taps.n; i++) {
    guint n = get_weights (builder, axis, i, subsampled, cosited, &first);

    words[taps.first + i].index = first;
    words[taps.count + i].index = n;
    taps.n_taps = MAX (taps.n_taps, n);
  }
  g_array_set_size (builder->words, taps.weight + taps.n * taps.n_taps);
  words = (AlexnetWord *) (void *) builder->words->data;
  for (guint i = 0; i < taps.n; i++) {
    guint n = get_weights (builder, axis, i, subsampled, cosited, &first);

    for (guint k = 0; k < n; k++)
      words[taps.weight + k * taps.n + i] = get_word (builder,
          builder->weights[k]);
  }
  return taps;
}

static void
build_all_taps (AlexnetTables *tables, const AlexnetKey *key, const Axis *x,
    const Axis *y)
{
  const AlexnetComponent *last = &tables->layout.components[2];
  gboolean high = key->height > 576;
  AlexnetChromaSite site = key->site;
  gsize most = MAX (x->in, y->in) + 8;
  Builder builder = { g_array_new (FALSE, TRUE, sizeof (AlexnetWord)),
    tables->real, g_new (double, most), g_new (double, most) };

  if (site == ALEXNET_SITE_DEFAULT)
    site = high ? ALEXNET_SITE_LEFT : ALEXNET_SITE_CENTER;
  tables->h[0] = build_taps (&builder, x, FALSE, FALSE);
  tables->v[0] = build_taps (&builder, y, FALSE, FALSE);
  if (last->h_shift)
    tables->h[1] = build_taps (&builder, x, TRUE,
        site == ALEXNET_SITE_LEFT || site == ALEXNET_SITE_TOP_LEFT);
  if (last->v_shift)
    tables->v[1] = build_taps (&builder, y, TRUE,
        site == ALEXNET_SITE_TOP || site == ALEXNET_SITE_TOP_LEFT);
  tables->n_words = builder.words->len;
  tables->words = (AlexnetWord *) (void *) g_array_free (builder.words, FALSE);
  g_free (builder.pixels);
  g_free (builder.weights);
}

/* Rows R, G, B of the matrix for y in 0..1 and chroma in -1/2..1/2. */
static void
get_ycbcr_matrix (AlexnetMatrix matrix, gboolean high, double m[3][3])
{
  static const double luma[][2] = {
    [ALEXNET_MATRIX_BT601] = { 0.299, 0.114 },
    [ALEXNET_MATRIX_BT709] = { 0.2126, 0.0722 },
    [ALEXNET_MATRIX_BT2020] = { 0.2627, 0.0593 },
    [ALEXNET_MATRIX_SMPTE240M] = { 0.212, 0.087 },
    [ALEXNET_MATRIX_FCC] = { 0.30, 0.11 },
  };
  double kr, kb, kg;

  if (matrix == ALEXNET_MATRIX_DEFAULT)
    matrix = high ? ALEXNET_MATRIX_BT709 : ALEXNET_MATRIX_BT601;
  kr = luma[matrix][0];
  kb = luma[matrix][1];
  kg = 1 - kr - kb;
  m[0][0] = m[1][0] = m[2][0] = 1;
  m[0][2] = 2 * (1 - kr);
  m[2][1] = 2 * (1 - kb);
  m[1][1] = -kb * m[2][1] / kg;
  m[1][2] = -kr * m[0][2] / kg;
}

/* Matrix and range on stored samples: rgb = m * samples + offset, in 0..1. */
static void
get_matrix (const AlexnetKey *key, const AlexnetLayout *layout, double m[3][3],
    double offset[3])
{
  gboolean limited = key->range == ALEXNET_RANGE_LIMITED ||
      (key->range == ALEXNET_RANGE_DEFAULT && layout->ycbcr);
  double unit = 1 << (layout->bits - 8), top = (1 << layout->bits) - 1;
  double black = limited ? 16 * unit : 0;
  double y_scale = limited ? 219 * unit : top;
  double c_scale = limited ? 224 * unit : top;

  memset (m, 0, 9 * sizeof (double));
  if (layout->ycbcr)
    get_ycbcr_matrix (key->matrix, key->height > 576, m);
  else
    for (guint i = 0; i < 3; i++)
      m[i][layout->n_components == 1 ? 0 : i] = 1;

  for (guint i = 0; i < 3; i++) {
    offset[i] = -black / y_scale;
    for (guint j = 0; j < 3; j++) {
      gboolean chroma = layout->ycbcr && j > 0;

      m[i][j] /= chroma ? c_scale : y_scale;
      offset[i] -= chroma ? 128 * unit * m[i][j] : 0;
    }
  }
}

static void
build_color (AlexnetTables *tables, const AlexnetKey *key)
{
  const AlexnetPreprocess *p = &key->preprocess;
  gboolean letterbox = p->crop_mode == ALEXNET_CROP_LETTERBOX;
  gboolean reversed = p->channel_order == ALEXNET_CHANNELS_BGR &&
      key->n_channels == 3;
  double m[3][3], offset[3];

  get_matrix (key, &tables->layout, m, offset);
  for (guint i = 0; i < 3; i++) {
    guint c = reversed ? 2 - i : i;

    for (guint j = 0; j < 3; j++)
      tables->color.matrix[i][j] = (float) m[c][j];
    tables->color.offset[i] = (float) offset[c];
    tables->color.scale[i] = 1.0f / p->std[c];
    tables->color.bias[i] = -p->mean[c] / p->std[c];
    tables->pad[i] = letterbox ? 0.0f : tables->color.bias[i];
  }
}

void
alexnet_tables_build (AlexnetTables *tables, const AlexnetKey *key)
{
  guint serial = tables->serial + 1;
  Axis x, y;

  alexnet_tables_clear (tables);
  get_axes (key, &x, &y);
  tables->serial = serial;
  tables->n_channels = key->n_channels;
  tables->size = key->size;
  tables->left = x.at;
  tables->top = y.at;
  tables->width = x.n;
  tables->height = y.n;
  tables->layout = layouts[key->format];
  tables->real = tables->layout.ycbcr ||
      key->preprocess.interpolation == ALEXNET_INTERPOLATION_BILINEAR;
  build_all_taps (tables, key, &x, &y);
  build_color (tables, key);
}

void
alexnet_tables_clear (AlexnetTables *tables)
{
  g_free ((AlexnetWord *) tables->words);
  memset (tables, 0, sizeof *tables);
}
