/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "preprocess-reference.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const packed[ALEXNET_N_FORMATS] = {
  [ALEXNET_FORMAT_RGB] = "RGB",
  [ALEXNET_FORMAT_BGR] = "BGR",
  [ALEXNET_FORMAT_RGBX] = "RGBx",
  [ALEXNET_FORMAT_BGRX] = "BGRx",
  [ALEXNET_FORMAT_XRGB] = "xRGB",
  [ALEXNET_FORMAT_XBGR] = "xBGR",
  [ALEXNET_FORMAT_RGBA] = "RGBA",
  [ALEXNET_FORMAT_BGRA] = "BGRA",
  [ALEXNET_FORMAT_ARGB] = "ARGB",
  [ALEXNET_FORMAT_ABGR] = "ABGR",
};

static gboolean
is_rgb (AlexnetFormat format)
{
  return packed[format] != NULL || format == ALEXNET_FORMAT_GRAY8;
}

static guint
bits_of (AlexnetFormat format)
{
  return format == ALEXNET_FORMAT_P010_10LE ||
          format == ALEXNET_FORMAT_I420_10LE
      ? 10
      : 8;
}

static gboolean
halves_columns (AlexnetFormat format)
{
  return !is_rgb (format) && format != ALEXNET_FORMAT_Y444;
}

static gboolean
halves_rows (AlexnetFormat format)
{
  return halves_columns (format) && format != ALEXNET_FORMAT_YUY2 &&
      format != ALEXNET_FORMAT_UYVY && format != ALEXNET_FORMAT_Y42B;
}

/* Samples of component `c` in a row or column of `n` pixels. */
static guint
length_of (guint n, guint c, gboolean halves)
{
  return c > 0 && halves ? (n + 1) / 2 : n;
}

/* Bytes of a row of `plane`; 0 when the format has no such plane. */
static gsize
row_bytes (AlexnetFormat format, guint plane, guint width)
{
  gsize half = (width + 1) / 2, bytes = bits_of (format) / 8;

  if (plane > 0 && is_rgb (format))
    return 0;
  if (packed[format] != NULL)
    return width * strlen (packed[format]);
  switch (format) {
    case ALEXNET_FORMAT_YUY2:
    case ALEXNET_FORMAT_UYVY:
      return plane == 0 ? 4 * half : 0;
    case ALEXNET_FORMAT_P010_10LE:
      return plane == 0 ? 2 * width : plane == 1 ? 4 * half : 0;
    case ALEXNET_FORMAT_NV12:
    case ALEXNET_FORMAT_NV21:
      return plane == 0 ? width : plane == 1 ? 2 * half : 0;
    case ALEXNET_FORMAT_I420_10LE:
      bytes = 2;
      break;
    default:
      break;
  }
  return bytes * (plane == 0 || !halves_columns (format) ? width : half);
}

/* The bytes of sample (x, y) of component c. */
static guint8 *
address_of (const AlexnetImage *image, guint c, guint x, guint y)
{
  AlexnetFormat format = image->format;
  guint plane = 0;
  gssize at = x;

  if (packed[format] != NULL) {
    const char *order = packed[format];

    at = x * strlen (order) + (strchr (order, "RGB"[c]) - order);
  } else {
    switch (format) {
      case ALEXNET_FORMAT_GRAY8:
        break;
      case ALEXNET_FORMAT_YUY2:
        at = c == 0 ? 2 * x : c == 1 ? 4 * x + 1 : 4 * x + 3;
        break;
      case ALEXNET_FORMAT_UYVY:
        at = c == 0 ? 2 * x + 1 : c == 1 ? 4 * x : 4 * x + 2;
        break;
      case ALEXNET_FORMAT_NV12:
        plane = c > 0;
        at = c == 0 ? x : 2 * x + (c == 2);
        break;
      case ALEXNET_FORMAT_NV21:
        plane = c > 0;
        at = c == 0 ? x : 2 * x + (c == 1);
        break;
      case ALEXNET_FORMAT_P010_10LE:
        plane = c > 0;
        at = c == 0 ? 2 * x : 4 * x + 2 * (c == 2);
        break;
      case ALEXNET_FORMAT_YV12:
        plane = c == 0 ? 0 : 3 - c;
        break;
      case ALEXNET_FORMAT_I420_10LE:
        plane = c;
        at = 2 * x;
        break;
      default:
        plane = c;
        break;
    }
  }
  return (guint8 *) image->planes[plane] + image->strides[plane] * (gssize) y +
      at;
}

static void
put_sample (const AlexnetImage *image, guint c, guint x, guint y, guint value)
{
  guint8 *bytes = address_of (image, c, x, y);

  if (bits_of (image->format) == 8) {
    bytes[0] = value;
    return;
  }
  if (image->format == ALEXNET_FORMAT_P010_10LE)
    value <<= 6;
  bytes[0] = value & 0xff;
  bytes[1] = value >> 8;
}

static guint
get_sample (const AlexnetImage *image, guint c, guint x, guint y)
{
  const guint8 *bytes = address_of (image, c, x, y);
  guint value = bytes[0];

  if (bits_of (image->format) == 10)
    value |= bytes[1] << 8;
  return image->format == ALEXNET_FORMAT_P010_10LE ? value >> 6 : value;
}

static void
map_plane (Frame *frame, guint plane, FrameFlags flags)
{
  AlexnetImage *image = &frame->image;
  gsize page = sysconf (_SC_PAGESIZE);
  gsize row = row_bytes (image->format, plane, image->width);
  gsize stride = row + (flags & FRAME_PADDED ? 19 + 5 * plane : 0);
  guint rows = length_of (image->height, plane, halves_rows (image->format));
  gsize length = stride * (rows - 1) + row;
  gsize body = (length + page - 1) / page * page;
  guint8 *map = mmap (NULL, body + 2 * page, PROT_NONE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  guint8 *first;

  g_assert_true (map != MAP_FAILED);
  g_assert_cmpint (mprotect (map + page, body, PROT_READ | PROT_WRITE), ==, 0);
  frame->maps[plane] = map;
  frame->map_sizes[plane] = body + 2 * page;
  first = map + page + (flags & FRAME_FRONT ? 0 : body - length);
  if (flags & FRAME_PADDED)
    memset (first, 0xa5, length);
  image->strides[plane] = stride;
  image->planes[plane] = first;
  if (flags & FRAME_FLIPPED) {
    image->strides[plane] = -(gssize) stride;
    image->planes[plane] = first + stride * (rows - 1);
  }
}

static guint
photo_component (const AlexnetImage *image, const guint8 *rgb, gboolean vivid,
    guint c)
{
  gint r = rgb[0], g = rgb[1], b = rgb[2];

  if (image->format == ALEXNET_FORMAT_GRAY8)
    return g;
  if (is_rgb (image->format))
    return rgb[c];
  if (!vivid) {
    r = 64 + r / 2;
    g = 64 + g / 2;
    b = 64 + b / 2;
  }
  if (c == 0)
    return ((66 * r + 129 * g + 25 * b + 128) >> 8) + 16;
  if (c == 1)
    return ((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128;
  return ((112 * r - 94 * g - 18 * b + 128) >> 8) + 128;
}

static void
show_photo (const AlexnetImage *image, guint c, const guint8 *photo,
    gboolean vivid)
{
  gboolean wide = halves_columns (image->format) && c > 0;
  gboolean high = halves_rows (image->format) && c > 0;
  guint columns = length_of (image->width, c, wide);
  guint rows = length_of (image->height, c, high);

  for (guint y = 0; y < rows; y++) {
    for (guint x = 0; x < columns; x++) {
      guint px = (x << wide) % PHOTO_WIDTH, py = (y << high) % PHOTO_HEIGHT;
      guint value = photo_component (image, photo + 3 * (py * PHOTO_WIDTH + px),
          vivid, c);

      if (bits_of (image->format) == 10)
        value = 4 * value + ((x + 2 * y + c) & 3);
      put_sample (image, c, x, y, value);
    }
  }
}

Frame *
frame_new (AlexnetFormat format, guint width, guint height, FrameFlags flags,
    const guint8 *photo, gboolean vivid)
{
  Frame *frame = g_new0 (Frame, 1);

  frame->image.format = format;
  frame->image.width = width;
  frame->image.height = height;
  for (guint p = 0; p < 3 && row_bytes (format, p, width) > 0; p++)
    map_plane (frame, p, flags);
  for (guint c = 0; c < (format == ALEXNET_FORMAT_GRAY8 ? 1 : 3); c++)
    show_photo (&frame->image, c, photo, vivid);
  return frame;
}

void
frame_free (Frame *frame)
{
  for (guint p = 0; p < 3; p++)
    if (frame->maps[p] != NULL)
      munmap (frame->maps[p], frame->map_sizes[p]);
  g_free (frame);
}

void
frame_fill (Frame *frame, guint c, guint value)
{
  const AlexnetImage *image = &frame->image;
  guint columns = length_of (image->width, c, halves_columns (image->format));
  guint rows = length_of (image->height, c, halves_rows (image->format));

  for (guint y = 0; y < rows; y++)
    for (guint x = 0; x < columns; x++)
      put_sample (image, c, x, y, value);
}

static double
get_chroma (const AlexnetImage *image, guint c, guint x, guint y)
{
  gboolean wide = halves_columns (image->format);
  gboolean high = halves_rows (image->format);
  gint last_x = length_of (image->width, c, wide) - 1;
  gint last_y = length_of (image->height, c, high) - 1;
  AlexnetChromaSite site = image->site;
  gboolean left, top;
  double px = x, py = y, sum = 0;

  if (site == ALEXNET_SITE_DEFAULT)
    site = image->height > 576 ? ALEXNET_SITE_LEFT : ALEXNET_SITE_CENTER;
  left = site == ALEXNET_SITE_LEFT || site == ALEXNET_SITE_TOP_LEFT;
  top = site == ALEXNET_SITE_TOP || site == ALEXNET_SITE_TOP_LEFT;
  if (wide)
    px = left ? x / 2.0 : (x - 0.5) / 2.0;
  if (high)
    py = top ? y / 2.0 : (y - 0.5) / 2.0;
  for (gint j = floor (py); j <= floor (py) + 1; j++)
    for (gint i = floor (px); i <= floor (px) + 1; i++)
      sum += (1 - fabs (px - i)) * (1 - fabs (py - j)) *
          get_sample (image, c, CLAMP (i, 0, last_x), CLAMP (j, 0, last_y));
  return sum;
}

static void
get_luma_weights (const AlexnetImage *image, double *kr, double *kb)
{
  static const double weights[6][2] = { { 0, 0 }, { 0.299, 0.114 },
    { 0.2126, 0.0722 }, { 0.2627, 0.0593 }, { 0.212, 0.087 }, { 0.30, 0.11 } };
  guint matrix = image->matrix;

  if (matrix == ALEXNET_MATRIX_DEFAULT)
    matrix = image->height > 576 ? ALEXNET_MATRIX_BT709 : ALEXNET_MATRIX_BT601;
  *kr = weights[matrix][0];
  *kb = weights[matrix][1];
}

/* 0..255, not yet rounded or clipped. */
static void
convert (const AlexnetImage *image, guint px, guint py, double rgb[3])
{
  double unit = bits_of (image->format) == 10 ? 4 : 1;
  double top = bits_of (image->format) == 10 ? 1023 : 255;
  gboolean full = image->range == ALEXNET_RANGE_FULL;
  double y, u, v, kr, kb;

  y = get_sample (image, 0, px, py);
  u = get_chroma (image, 1, px, py) - 128 * unit;
  v = get_chroma (image, 2, px, py) - 128 * unit;
  y = full ? y / top : (y - 16 * unit) / (219 * unit);
  u = full ? u / top : u / (224 * unit);
  v = full ? v / top : v / (224 * unit);
  get_luma_weights (image, &kr, &kb);
  rgb[0] = 255 * (y + 2 * (1 - kr) * v);
  rgb[2] = 255 * (y + 2 * (1 - kb) * u);
  rgb[1] = (255 * y - kr * rgb[0] - kb * rgb[2]) / (1 - kr - kb);
}

static void
get_rgb (Reference *r, guint x, guint y, gint rgb[3])
{
  double value[3];

  for (guint c = 0; c < 3 && is_rgb (r->image->format); c++)
    rgb[c] = get_sample (r->image,
        r->image->format == ALEXNET_FORMAT_GRAY8 ? 0 : c, x, y);
  if (is_rgb (r->image->format))
    return;
  convert (r->image, x, y, value);
  for (guint c = 0; c < 3; c++) {
    if (value[c] < -0.5 || value[c] > 255.5)
      r->clipped++;
    rgb[c] = floor (CLAMP (value[c], 0, 255) + 0.5);
  }
}

/* Pillow's weights for output `i` of `out` from `in` pixels. */
static gint
get_weights (gint in, gint out, gint i, gint64 *weights, gint *first)
{
  double scale = (double) in / out, support = scale < 1 ? 1 : scale;
  double center = (i + 0.5) * scale, all = 0;
  gint begin = center - support + 0.5, end = center + support + 0.5;

  if (begin < 0)
    begin = 0;
  if (end > in)
    end = in;
  for (gint pass = 0; pass < 2; pass++) {
    for (gint x = begin; x < end; x++) {
      double w = 1 - fabs ((x - center + 0.5) * (1.0 / support));

      if (w < 0)
        w = 0;
      if (pass == 0)
        all += w;
      else
        weights[x - begin] = w / all * 4194304.0 + 0.5;
    }
  }
  *first = begin;
  return end - begin;
}

/* Where pixel `x` of the input lies in the resized image of `out`, or -1. */
static gint
place (gint out, gint size, gint x)
{
  if (out < size) {
    x -= (size - out) / 2;
    return x < out ? x : -1;
  }
  return x + (gint) rint ((out - size) / 2.0);
}

/* Pixel (x, y) of an image of out_w x out_h, as Pillow resizes. */
static void
get_antialiased (Reference *r, gint out_w, gint out_h, gint x, gint y,
    float rgb[3])
{
  gint64 wx[20000], wy[20000], sums[3] = { 0 };
  gint x0, y0, nx = get_weights (r->region.width, out_w, x, wx, &x0);
  gint ny = get_weights (r->region.height, out_h, y, wy, &y0);

  for (gint j = 0; j < ny; j++) {
    gint64 row[3] = { 0 };
    gint pixel[3];

    for (gint i = 0; i < nx; i++) {
      get_rgb (r, r->region.x + x0 + i, r->region.y + y0 + j, pixel);
      for (guint c = 0; c < 3; c++)
        row[c] += wx[i] * pixel[c];
    }
    for (guint c = 0; c < 3; c++)
      sums[c] += wy[j] * ((row[c] + 2097152) >> 22);
  }
  for (guint c = 0; c < 3; c++)
    rgb[c] = (sums[c] + 2097152) >> 22;
}

/* The same between the four nearest pixels. */
static void
get_bilinear (Reference *r, gint out_w, gint out_h, gint x, gint y,
    float rgb[3])
{
  gint w = r->region.width, h = r->region.height;
  double px = CLAMP ((x + 0.5) * w / out_w - 0.5, 0, w - 1);
  double py = CLAMP ((y + 0.5) * h / out_h - 0.5, 0, h - 1);
  double sums[3] = { 0 };

  for (gint j = floor (py); j <= ceil (py); j++)
    for (gint i = floor (px); i <= ceil (px); i++) {
      gint pixel[3];

      get_rgb (r, r->region.x + i, r->region.y + j, pixel);
      for (guint c = 0; c < 3; c++)
        sums[c] += (1 - fabs (px - i)) * (1 - fabs (py - j)) * pixel[c];
    }
  for (guint c = 0; c < 3; c++)
    rgb[c] = sums[c];
}

gboolean
reference_pixel (Reference *r, guint px, guint py, float rgb[3])
{
  double w = (double) r->region.width * MAX (r->image->par_n, 1);
  double h = (double) r->region.height * MAX (r->image->par_d, 1);
  gint out_w = r->size, out_h = r->size, x, y;

  if (r->mode == ALEXNET_CROP_CENTER) {
    out_w = w <= h ? r->resize : MIN (r->resize * w / h, G_MAXINT32);
    out_h = w <= h ? MIN (r->resize * h / w, G_MAXINT32) : r->resize;
  } else if (r->mode == ALEXNET_CROP_SQUASH) {
    out_w = out_h = r->resize;
  } else if (r->mode == ALEXNET_CROP_LETTERBOX) {
    out_w = w >= h ? r->size : MAX (r->size * w / h, 1);
    out_h = w >= h ? MAX (r->size * h / w, 1) : r->size;
  }
  x = place (out_w, r->size, px);
  y = place (out_h, r->size, py);
  if (x < 0 || y < 0)
    return FALSE;
  if (r->interpolation == ALEXNET_INTERPOLATION_BILINEAR)
    get_bilinear (r, out_w, out_h, x, y, rgb);
  else
    get_antialiased (r, out_w, out_h, x, y, rgb);
  return TRUE;
}
