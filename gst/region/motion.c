/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "motion.h"

#include <stdlib.h>

#define SIDE GST_ALEXNET_THUMBNAIL_SIDE
#define CELL_COLUMNS 8
#define COLUMNS (SIDE * CELL_COLUMNS)

#define CACHE_LINE 64
#define AHEAD 8 /* rows that are on their way from memory */

/* Luma is made of some bytes of a pixel of the first plane. */
typedef struct {
  guint pixel_size; /* bytes from one luma sample to the next */
  guint n;
  guint offsets[3];
} Luma;

/* By how many bytes: what each counts, times 256. */
static const guint weights[][3] = {
  [1] = { 256 }, [2] = { 64, 64 * 256 }, [3] = { 77, 150, 29 }
};

static const Luma lumas[] = {
  [ALEXNET_FORMAT_NV12] = { 1, 1, { 0 } },
  [ALEXNET_FORMAT_NV21] = { 1, 1, { 0 } },
  [ALEXNET_FORMAT_I420] = { 1, 1, { 0 } },
  [ALEXNET_FORMAT_YV12] = { 1, 1, { 0 } },
  [ALEXNET_FORMAT_YUY2] = { 2, 1, { 0 } },
  [ALEXNET_FORMAT_UYVY] = { 2, 1, { 1 } },
  [ALEXNET_FORMAT_Y42B] = { 1, 1, { 0 } },
  [ALEXNET_FORMAT_Y444] = { 1, 1, { 0 } },
  [ALEXNET_FORMAT_P010_10LE] = { 2, 1, { 1 } },
  [ALEXNET_FORMAT_I420_10LE] = { 2, 2, { 0, 1 } },
  [ALEXNET_FORMAT_RGB] = { 3, 3, { 0, 1, 2 } },
  [ALEXNET_FORMAT_BGR] = { 3, 3, { 2, 1, 0 } },
  [ALEXNET_FORMAT_RGBX] = { 4, 3, { 0, 1, 2 } },
  [ALEXNET_FORMAT_BGRX] = { 4, 3, { 2, 1, 0 } },
  [ALEXNET_FORMAT_XRGB] = { 4, 3, { 1, 2, 3 } },
  [ALEXNET_FORMAT_XBGR] = { 4, 3, { 3, 2, 1 } },
  [ALEXNET_FORMAT_RGBA] = { 4, 3, { 0, 1, 2 } },
  [ALEXNET_FORMAT_BGRA] = { 4, 3, { 2, 1, 0 } },
  [ALEXNET_FORMAT_ARGB] = { 4, 3, { 1, 2, 3 } },
  [ALEXNET_FORMAT_ABGR] = { 4, 3, { 3, 2, 1 } },
  [ALEXNET_FORMAT_GRAY8] = { 1, 1, { 0 } },
};

/* The middle of the i-th of n equal parts of `length` pixels. */
static guint
get_middle (guint i, guint n, guint length)
{
  return (2 * i + 1) * length / (2 * n);
}

static void
add_bytes (guint16 *cells, const guint8 *row, const guint *columns)
{
  for (guint i = 0; i < SIDE; i++) {
    guint sum = 0;

#pragma GCC unroll 8
    for (guint k = 0; k < CELL_COLUMNS; k++)
      sum += row[columns[i * CELL_COLUMNS + k]];
    cells[i] += sum;
  }
}

static void
add_pixels (guint16 *cells, const guint8 *row, const guint *columns,
    const Luma *luma)
{
  const guint *weight = weights[luma->n], *offsets = luma->offsets;

  for (guint i = 0; i < SIDE; i++) {
    guint a = 0, b = 0, c = 0;

#pragma GCC unroll 8
    for (guint k = 0; k < CELL_COLUMNS; k++) {
      const guint8 *pixel = row + columns[i * CELL_COLUMNS + k];

      a += pixel[offsets[0]];
      b += pixel[offsets[1]];
      c += pixel[offsets[2]];
    }
    cells[i] += (weight[0] * a + weight[1] * b + weight[2] * c) / 256;
  }
}

/* Rows lie too far from each other for the processor to foresee them. */
static void
fetch (const guint8 *row, const guint *columns)
{
  for (guint x = columns[0]; x <= columns[COLUMNS - 1]; x += CACHE_LINE)
    __builtin_prefetch (row + x);
}

void
gst_alexnet_thumbnail_take (GstAlexnetThumbnail *thumbnail,
    const AlexnetImage *image, const AlexnetRegion *region)
{
  const Luma *luma = &lumas[image->format];
  const guint8 *plane = image->planes[0];
  const guint8 *rows[SIDE + AHEAD];
  guint columns[COLUMNS];

  for (guint i = 0; i < COLUMNS; i++)
    columns[i] = (region->x + get_middle (i, COLUMNS, region->width)) *
        luma->pixel_size;
  for (guint i = 0; i < SIDE + AHEAD; i++) {
    guint y = region->y + get_middle (MIN (i, SIDE - 1), SIDE, region->height);

    rows[i] = plane + (gssize) y * image->strides[0];
    if (i < AHEAD)
      fetch (rows[i], columns);
  }
  *thumbnail = (GstAlexnetThumbnail){ .is_taken = TRUE };
  for (guint i = 0; i < SIDE; i++) {
    guint16 *cells = thumbnail->cells + i * SIDE;

    fetch (rows[i + AHEAD], columns);
    if (luma->n == 1)
      add_bytes (cells, rows[i] + luma->offsets[0], columns);
    else
      add_pixels (cells, rows[i], columns, luma);
  }
}

float
gst_alexnet_thumbnail_compare (const GstAlexnetThumbnail *a,
    const GstAlexnetThumbnail *b)
{
  guint sum = 0;

  for (guint i = 0; i < GST_ALEXNET_THUMBNAIL_CELLS; i++)
    sum += (guint) abs (a->cells[i] - b->cells[i]);
  return (float) sum / (CELL_COLUMNS * GST_ALEXNET_THUMBNAIL_CELLS);
}
