/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the products of a linear layer read: its inputs as a kernel wants them,
 * and which columns of the weights they meet. */

#ifndef ALEXNET_ONEDNN_LINEAR_INPUTS_H
#define ALEXNET_ONEDNN_LINEAR_INPUTS_H

#include "matrix.h"

G_BEGIN_DECLS

/* Images up to which columns that meet only zeros are left out. */
#define LINEAR_FEW 4

/* What stands for an input. */
typedef enum {
  LINEAR_FLOATS,
  LINEAR_BYTES, /* whole numbers, scaled to the largest of their image */
  LINEAR_TWO_BYTES,
  LINEAR_TILES, /* bf16 */
} OnednnNumbers;

/* Columns of one group. */
typedef struct {
  guint32 group, first, n_blocks; /* first: in the list of columns */
} OnednnPart;

typedef struct {
  const OnednnMatrix *matrix;
  AlexnetIsa isa;
  gsize batch;
  gsize padded_batch;    /* more than that for tiles alone, which are then as
                            large as each other */
  OnednnNumbers numbers; /* at first those that are wanted */
  const float *src;      /* [batch,columns] */
  gsize n_parts;
  OnednnPart *parts; /* [groups] */
  guint32 *columns;  /* [padded_columns] */
  void *in;          /* as OnednnSpan has it */
  guint8 *wholes;    /* [batch,bytes,padded_columns] */
  float *scales;     /* [batch]: what 1 in a whole number stands for */
} OnednnInputs;

/* Bytes of what stands for an input. */
gsize alexnet_onednn_inputs_size (const OnednnInputs *inputs);

/* Fills in what follows `src`, for which there is room. Numbers become
 * LINEAR_FLOATS where whole ones are wanted and an input is negative or not
 * finite. */
void alexnet_onednn_inputs_prepare (OnednnInputs *inputs);

/* out [n] = in [n] in whole numbers of 0..255, of which 1 stands for `scale`;
 * FALSE, with nothing written, when one is negative or not finite. */
gboolean alexnet_onednn_linear_quantize (AlexnetIsa isa, guint8 *out,
    float *scale, const float *in, gsize n);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_LINEAR_INPUTS_H */
