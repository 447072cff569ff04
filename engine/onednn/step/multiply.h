/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Products of matrices of our own, in float and of bytes, for processors where
 * the library has none that is fast. */

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

#define MULTIPLY_BYTES_PANEL 16 /* outputs at once */
#define MULTIPLY_BYTES_STEP 16  /* inputs at once */

typedef struct {
  const guint8 *input;  /* [rows,in] */
  const gint8 *weights; /* [in], `stride` bytes apart */
  gint32 *output;       /* [rows], `stride` numbers apart */
  gint8 *packed;        /* alexnet_onednn_packed_size (in) bytes to work in */
  gsize rows, in, stride;
  gsize n; /* outputs, up to MULTIPLY_BYTES_PANEL */
} OnednnBytesPanel;

/* output [rows,n] = input * weights [in,n], exact while it fits. */
typedef void OnednnMultiplyBytes (const OnednnBytesPanel *panel);

static inline gsize
alexnet_onednn_packed_size (gsize in)
{
  return (in + MULTIPLY_BYTES_STEP - 1) / MULTIPLY_BYTES_STEP *
      MULTIPLY_BYTES_STEP * MULTIPLY_BYTES_PANEL;
}

#define KERNELS_OF KERNELS_OF_MULTIPLY
#define KERNEL(name, type, sets) SIMD_KERNEL (name, type, sets)
#include "onednn/simd/kernels.inc"

G_END_DECLS

#endif /* ALEXNET_ONEDNN_MULTIPLY_H */
