/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "layout.h"

#include "tables.h"

#define PLANES INT8_WINOGRAD_PLANES
#define POINTS INT8_WINOGRAD_POINTS

/* Filters of a panel, whose weights and sums stay in a cache. */
#define MAX_PANEL 64

const Int8WinogradShape alexnet_int8_winograd_forms[INT8_WINOGRAD_N_FORMS] = {
  [INT8_WINOGRAD_3] = { "F(2x2,3x3)", 3, 4 },
  [INT8_WINOGRAD_5] = { "F(2x2,5x5)", 5, 7 },
};

guint
alexnet_int8_winograd_plane (const Int8WinogradLayout *layout, guint k)
{
  return int8_points[k / layout->rows] * POINTS + int8_points[k % layout->rows];
}

Int8WinogradPanels
alexnet_int8_winograd_panels (const AlexnetLayer *layer)
{
  gsize out = layer->channels / layer->groups;
  gsize n = (out + MAX_PANEL - 1) / MAX_PANEL;

  return (Int8WinogradPanels){ n, (out + n - 1) / n, out };
}

/* How many rows have the point of row `i`. */
static guint
count_rows (const Int8WinogradShape *form, guint point)
{
  guint n = 0;

  for (guint i = 0; i < form->rows; i++)
    n += int8_points[i] == point;
  return n;
}

/* The product of planes with so many parts. */
static guint
find_product (Int8WinogradLayout *layout, guint n_parts)
{
  guint p = 0;

  while (p < layout->n_products && layout->products[p].n_parts != n_parts)
    p++;
  if (p == layout->n_products)
    layout->products[layout->n_products++].n_parts = n_parts;
  return p;
}

static void
place_planes (Int8WinogradLayout *layout, const Int8WinogradShape *form)
{
  for (guint k = 0; k < PLANES; k++) {
    guint n_parts = count_rows (form, k / POINTS) *
        count_rows (form, k % POINTS);
    guint product = find_product (layout, n_parts);

    layout->planes[k] = (Int8WinogradPlace){ product,
      layout->products[product].n_planes++, 0 };
  }
}

void
alexnet_int8_winograd_layout (Int8WinogradLayout *layout, Int8WinogradForm f)
{
  const Int8WinogradShape *form = &alexnet_int8_winograd_forms[f];
  guint n_parts[PLANES] = { 0 };

  *layout = (Int8WinogradLayout){ form->kernel, form->rows, 0 };
  place_planes (layout, form);
  for (guint k = 0; k < form->rows * form->rows; k++) {
    guint plane = alexnet_int8_winograd_plane (layout, k);

    layout->numbers[k] = layout->planes[plane];
    layout->numbers[k].part = n_parts[plane]++;
  }
}
