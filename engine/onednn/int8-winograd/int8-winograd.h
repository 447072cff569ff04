/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution of whole numbers of 8 bits as oneDNN's products of matrices
 * between the transforms of kernels.h: 1.5 to 2 times fewer
 * multiplications than direct convolution, for an error that is two to three
 * times as large (about 2 % of the norm of the result), because transformed
 * pixels are rounded to 8 bits. */

#ifndef ALEXNET_ONEDNN_INT8_WINOGRAD_H
#define ALEXNET_ONEDNN_INT8_WINOGRAD_H

#include "kernels.h"
#include "onednn/step/convolution.h"

G_BEGIN_DECLS

#define INT8_WINOGRAD_MAX_PRODUCTS 3
#define INT8_WINOGRAD_MAX_NUMBERS \
  (INT8_WINOGRAD_MAX_ROWS * INT8_WINOGRAD_MAX_ROWS)

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

/* Whether the library's products use this CPU's AVX512-VNNI. Without it they
 * would add up two products in 16 bits, where they have no room. */
gboolean alexnet_int8_winograd_is_exact (void);

/* Variants are of Int8WinogradForm: convolutions of its kernel with a stride of
 * 1, of enough channels, where products are exact. Reads and writes what
 * alexnet_onednn_int8_convolution does. */
extern const OnednnConvolution alexnet_int8_winograd_convolution;

/* Keys of alexnet_int8_winograd_values(). */
typedef enum {
  /* p: weights of product p: [groups, panels, n_planes, n_parts * in / groups,
   * size of a panel] */
  INT8_WINOGRAD_SCALES = INT8_WINOGRAD_MAX_PRODUCTS, /* of Int8WinogradSums */
  INT8_WINOGRAD_BIAS,
} Int8WinogradValues;

/* g_free() them; NULL when memory is short. */
float *alexnet_int8_winograd_values (const OnednnContext *context, guint layer,
    guint key);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INT8_WINOGRAD_H */
