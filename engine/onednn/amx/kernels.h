/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The inner loops of a convolution in tiles of AMX: a panel of filters over all
 * places of one image.
 *
 * A place is a pixel of the padded image at which a window may begin; those of
 * one row lie behind those of the other, so that 16 of them are the rows of a
 * tile, wherever the image's own rows end. A window is read in steps of as many
 * bytes as a row of a tile has, each at the same distance from every place. */

#ifndef ALEXNET_ONEDNN_AMX_KERNELS_H
#define ALEXNET_ONEDNN_AMX_KERNELS_H

#include "onednn/simd/dispatch.h"
#include "onednn/simd/tiles.h"

G_BEGIN_DECLS

#define AMX_ROWS 16  /* of a tile, at most */
#define AMX_PANEL 32 /* filters, in two tiles */

typedef enum {
  AMX_BYTE, /* to the nearest whole number, guint8 or gint8 */
  AMX_FLOAT,
  AMX_BF16,
} AmxResult;

typedef struct {
  const guint8 *in; /* place 0 */
  gsize stride;     /* bytes to the next place */
  gsize n_places;
  const guint32 *offsets; /* [n_steps] bytes from a place */
  gsize n_steps;
  guint chunk;           /* bytes of a step, a multiple of TILE_QUAD, at most
                            TILE_BYTES */
  const guint8 *weights; /* [n_steps][2][chunk / TILE_QUAD][16 filters]
                            [TILE_QUAD] */
  const float *scales, *bias; /* [AMX_PANEL] */
  float least, most;
  AmxResult type;
  guint n_filters;       /* at most AMX_PANEL; the others are dropped */
  const gint32 *results; /* [n_places] where in `out`, in values, the result of
                            the first filter goes, those of the others behind
                            it; -1: nowhere */
  void *out;
} AmxPanel;

/* out = clamp (sums of products * scales + bias, least, most); NaN becomes
 * `least`, but stays one in AMX_BF16.
 *
 * Numbers are guint8, gint8 or bf16, weights gint8 or bf16. Nobody else may be
 * using the thread's tiles; they are free afterwards. */
typedef void AmxConvolve (const AmxPanel *panel);

#define KERNELS_OF KERNELS_OF_AMX
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "onednn/simd/kernels.inc"

G_END_DECLS

#endif /* ALEXNET_ONEDNN_AMX_KERNELS_H */
