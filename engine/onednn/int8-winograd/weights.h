/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights, transformed and then made whole numbers with a scale for every
 * filter in every plane. What 1 in a transformed pixel stands for is the same
 * everywhere, so that only the scales of results know about it. */

#ifndef ALEXNET_ONEDNN_INT8_WINOGRAD_WEIGHTS_H
#define ALEXNET_ONEDNN_INT8_WINOGRAD_WEIGHTS_H

#include "layout.h"
#include "onednn/step/context.h"

G_BEGIN_DECLS

/* Keys of alexnet_int8_winograd_values(). */
typedef enum {
  /* p: weights of product p: [groups, panels, n_planes, n_parts * in / groups,
   * size of a panel] */
  INT8_WINOGRAD_SCALES = INT8_WINOGRAD_MAX_PRODUCTS, /* of Int8WinogradSums */
  INT8_WINOGRAD_BIAS,
} Int8WinogradValues;

/* As OnednnMakeValues. */
gboolean alexnet_int8_winograd_values (const OnednnContext *context,
    guint layer, guint key, void *out, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INT8_WINOGRAD_WEIGHTS_H */
