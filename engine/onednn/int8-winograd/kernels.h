/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Winograd's minimal filtering of whole numbers of 8 bits: 2 x 2 outputs of a
 * convolution of 3 x 3 or 5 x 5 from a tile of pixels, by the points 0, 1, -1
 * and infinity alone, whose factors are small:
 *
 *     outputs = output ((weight w weight') . (input pixels input')) output'
 *
 * where `output` is { { 1, 1, 1, 0 }, { 0, 1, -1, 1 } }. A filter of 5 is one
 * of 3 and one of 2 side by side, in both directions: seven rows of `input` and
 * `weight`, of which those of the same point, that is of the same column of
 * `output`, are added up by the product of matrices.
 *
 * A transformed pixel of 8 bits has 10 bits. A quarter of it, rounded so that
 * halves become odd, which favours neither side, has 8 again: unsigned numbers
 * stand for themselves where no row subtracts, for 128 less everywhere else. */

#ifndef ALEXNET_ONEDNN_INT8_WINOGRAD_KERNELS_H
#define ALEXNET_ONEDNN_INT8_WINOGRAD_KERNELS_H

#include "onednn/simd/dispatch.h"

G_BEGIN_DECLS

#define INT8_WINOGRAD_OUTPUT 2 /* pixels each way */
#define INT8_WINOGRAD_POINTS 4
#define INT8_WINOGRAD_PLANES (INT8_WINOGRAD_POINTS * INT8_WINOGRAD_POINTS)
#define INT8_WINOGRAD_MAX_TILE 6
#define INT8_WINOGRAD_MAX_ROWS 7

/* Channels that a transform takes; more may be any number. With fewer there is
 * little to gain. */
#define INT8_WINOGRAD_LEAST_INPUTS 32
#define INT8_WINOGRAD_LEAST_OUTPUTS 16

/* What a transformed number is divided by, and what is added to a signed one.
 */
#define INT8_WINOGRAD_STEP 4
#define INT8_WINOGRAD_OFFSET 128

typedef enum {
  INT8_WINOGRAD_3, /* 3 x 3 */
  INT8_WINOGRAD_5, /* 5 x 5 */
  INT8_WINOGRAD_N_FORMS
} Int8WinogradForm;

/* pixels [tile * tile] point to `channels` numbers each, gint8 if `is_signed`
 * and guint8 else. Row i and row j together make number i * rows + j of a
 * channel, which goes to out[i * rows + j][channel]. */
typedef void Int8WinogradInput (Int8WinogradForm form, guint8 *const *out,
    const void *const *pixels, gboolean is_signed, gsize channels);

/* in [INT8_WINOGRAD_PLANES] point to `channels` sums each. Plane p of channel
 * c is multiplied by scales[p * stride + c]; bias[i * stride + c] is added to
 * output i. Outputs go to where pixels [4] point, those at NULL are dropped:
 * as bytes, no less than `least` and no more than `most`, or as float, no less
 * than `least`. */
typedef struct {
  const gint32 *const *in;
  const float *scales, *bias;
  gsize stride;
  float least, most;
  gboolean bytes;
} Int8WinogradSums;

typedef void Int8WinogradOutput (void *const *pixels,
    const Int8WinogradSums *sums, gsize channels);

#define KERNELS_OF KERNELS_OF_INT8_WINOGRAD
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "onednn/simd/kernels.inc"

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INT8_WINOGRAD_KERNELS_H */
