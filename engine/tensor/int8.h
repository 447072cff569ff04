/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights as whole numbers of 8 bits, -127 .. 127, which are multiples of one
 * scale for all that one output reads. */

#ifndef ALEXNET_TENSOR_INT8_H
#define ALEXNET_TENSOR_INT8_H

#include <glib.h>

G_BEGIN_DECLS

/* What 1 stands for: the largest magnitude over 127; NaN when a value is not
 * finite. */
float alexnet_int8_scale (const float *values, gsize n);

/* The nearest whole numbers, ties to even. All 0 with a scale that is not
 * normal: what it would tell apart is 0, or no number. */
void alexnet_int8_quantize (gint8 *to, const float *values, gsize n,
    float scale);

G_END_DECLS

#endif /* ALEXNET_TENSOR_INT8_H */
