/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A product of matrices in float of our own, for processors where the library
 * has none that is fast. */

#ifndef ALEXNET_ONEDNN_MULTIPLY_H
#define ALEXNET_ONEDNN_MULTIPLY_H

#include "onednn/simd/dispatch.h"

G_BEGIN_DECLS

#define MULTIPLY_PANEL 8 /* outputs whose weights lie side by side */

typedef struct {
  const float *input;   /* [rows,in] */
  const float *weights; /* [in,MULTIPLY_PANEL] */
  float *output;        /* [rows], `stride` floats apart */
  gsize rows, in, stride;
  gsize n; /* outputs to write, up to MULTIPLY_PANEL */
} OnednnPanel;

/* output [rows,n] = input * weights */
typedef void OnednnMultiply (const OnednnPanel *panel);

#define KERNELS_OF KERNELS_OF_MULTIPLY
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "onednn/simd/kernels.inc"

G_END_DECLS

#endif /* ALEXNET_ONEDNN_MULTIPLY_H */
