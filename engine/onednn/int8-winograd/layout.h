/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where numbers, weights and sums lie between transforms and products. */

#ifndef ALEXNET_ONEDNN_INT8_WINOGRAD_LAYOUT_H
#define ALEXNET_ONEDNN_INT8_WINOGRAD_LAYOUT_H

#include "kernels.h"
#include "network/network.h"

G_BEGIN_DECLS

#define INT8_WINOGRAD_MAX_PRODUCTS 3
#define INT8_WINOGRAD_MAX_NUMBERS \
  (INT8_WINOGRAD_MAX_ROWS * INT8_WINOGRAD_MAX_ROWS)

typedef struct {
  const char *name; /* "F(2x2,3x3)" */
  guint kernel, rows;
} Int8WinogradShape;

extern const Int8WinogradShape
    alexnet_int8_winograd_forms[INT8_WINOGRAD_N_FORMS];

/* The planes that as many numbers are added up in are one product. */
typedef struct {
  guint n_planes, n_parts;
} Int8WinogradProduct;

/* Plane `index` of a product, and there of so many parts the one. */
typedef struct {
  guint product, index, part;
} Int8WinogradPlace;

/* Where numbers and planes of a form lie. A product reads
 * [n_planes, tiles, n_parts * in / groups] and writes [n_planes, tiles, size of
 * a panel]. */
typedef struct {
  guint kernel, rows;
  guint n_products;
  Int8WinogradProduct products[INT8_WINOGRAD_MAX_PRODUCTS];
  Int8WinogradPlace planes[INT8_WINOGRAD_PLANES];       /* part 0 */
  Int8WinogradPlace numbers[INT8_WINOGRAD_MAX_NUMBERS]; /* [rows * rows] */
} Int8WinogradLayout;

void alexnet_int8_winograd_layout (Int8WinogradLayout *layout,
    Int8WinogradForm form);

/* The filters of a group that are multiplied at a time. */
typedef struct {
  gsize n, size;
  gsize n_filters; /* of a group */
} Int8WinogradPanels;

Int8WinogradPanels alexnet_int8_winograd_panels (const AlexnetLayer *layer);

/* The first filter of panel `i`. The last panel may begin with some of the one
 * before it, so that all are full. */
static inline gsize
alexnet_int8_winograd_first (const Int8WinogradPanels *panels, gsize i)
{
  return MIN (i * panels->size, panels->n_filters - panels->size);
}

/* The plane of number `k`; several numbers have the same. */
guint alexnet_int8_winograd_plane (const Int8WinogradLayout *layout, guint k);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INT8_WINOGRAD_LAYOUT_H */
