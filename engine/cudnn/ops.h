/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A network as the list of operations that the device runs. Plain data and
 * pure functions, without CUDA, so that a test can walk every operation of a
 * network on a machine that has no GPU.
 *
 * Activations are NHWC. A grouped convolution runs as so many convolutions of
 * its groups, which want each group's channels packed: such a tensor is kept
 * in `parts`, [parts][N][H][W][C / parts]. The operation before it writes it
 * so; where that one cannot, a COPY stands between.
 *
 * A first convolution with few channels and a stride s becomes a convolution
 * of stride 1 over blocks: s x s pixels of C channels are one pixel of
 * s * s * C channels, in the order (row, column, channel). For AlexNet that
 * is 11x11 of stride 4 over 3x224x224 -> 3x3 over 48x57x57. */

#ifndef ALEXNET_CUDNN_OPS_H
#define ALEXNET_CUDNN_OPS_H

#include "network/network.h"

G_BEGIN_DECLS

typedef enum {
  ALEXNET_OP_CONV,   /* + bias, ReLU if `relu` */
  ALEXNET_OP_LINEAR, /* + bias, ReLU if `relu` */
  ALEXNET_OP_COPY,   /* other parts; * weight + bias of its layer, where it has
                        one; ReLU if `relu` */
  ALEXNET_OP_LRN,
  ALEXNET_OP_MAXPOOL,
  ALEXNET_OP_SOFTMAX, /* writes [N,C,H,W] floats; always the last */
  ALEXNET_OP_OUTPUT,  /* writes [N,C,H,W] floats; always the last */
} AlexnetOpKind;

typedef struct {
  AlexnetOpKind kind;
  const AlexnetLayer *layer; /* the network's; NULL: OUTPUT, many a COPY */
  gboolean relu;
  AlexnetShape in, out;
  guint in_parts, out_parts;
  guint kernel, stride, padding, end_padding; /* CONV, MAXPOOL */
  guint buffer; /* of ALEXNET_N_BUFFERS, that it writes */
} AlexnetOp;

/* No operation writes what it reads, nor what the operation before it reads
 * where both can be one kernel. */
#define ALEXNET_N_BUFFERS 3

/* How one image lies in its slot: NHWC, blocked. Pixel (x, y) of the image is
 * at (x + pad, y + pad) of the unblocked canvas; the rest of it is 0. */
typedef struct {
  AlexnetShape image; /* the network's input */
  guint block, pad;
  AlexnetShape shape; /* of the slot, blocked */
} AlexnetSlotLayout;

#define ALEXNET_MAX_OPS (2 * ALEXNET_MAX_LAYERS + 1)

typedef struct {
  AlexnetSlotLayout slot;
  guint n_ops; /* >= 1 */
  AlexnetOp ops[ALEXNET_MAX_OPS];
} AlexnetProgram;

/* UNSUPPORTED, naming the layer that cannot run here. Points into `network`. */
gboolean alexnet_program_build (AlexnetProgram *program,
    const AlexnetNetwork *network, GError **error);

/* Whether it has weights: a CONV, a LINEAR, a COPY of a layer. */
gboolean alexnet_op_has_weights (const AlexnetOp *op);

/* Whether one kernel can do both, as far as their kinds say. */
gboolean alexnet_op_can_join (const AlexnetOp *op, const AlexnetOp *next);

/* UNSUPPORTED when an operation on a batch makes more values than a kernel has
 * threads. */
gboolean alexnet_program_check_batch (const AlexnetProgram *program,
    guint max_batch, GError **error);

/* One convolution of one part of a CONV, for a batch: [n,c,h,w] by
 * [k,c,kernel,kernel]. Members have one size: memcmp() compares. */
typedef struct {
  guint n, c, h, w, k;
  guint kernel, stride, padding, end_padding;
  guint relu;
  guint alignment; /* of x, in bytes */
  AlexnetPrecision precision;
} AlexnetConv;

/* Of operation `i`, a CONV. */
AlexnetConv alexnet_op_get_conv (const AlexnetProgram *program, guint i,
    guint batch, AlexnetPrecision precision);

/* "conv 128x48x57x57 by 64x48x3x3 fp16 ..." Names the problem in messages and
 * in the cache of plans. The caller frees it. */
char *alexnet_conv_describe (const AlexnetConv *conv);

/* How many convolutions a CONV runs. */
guint alexnet_op_n_convs (const AlexnetOp *op);

/* "conv3": the kind, and which of its kind among the layers. For messages. */
char *alexnet_op_get_name (const AlexnetProgram *program, guint i);

/* Bytes of a value: 2 or 4. */
guint alexnet_precision_size (AlexnetPrecision precision);

/* What operation `i` reads is aligned to so many bytes: the first one's, a
 * slot, to the largest power of two up to 16 that divides it. */
guint alexnet_op_get_alignment (const AlexnetProgram *program, guint i,
    AlexnetPrecision precision);

/* The batch sizes that get a graph: 1, 2, 4 ... and `max`. Returns how many,
 * at most 11. */
#define ALEXNET_MAX_BATCHES 11
guint alexnet_get_batches (guint max, guint sizes[ALEXNET_MAX_BATCHES]);

G_END_DECLS

#endif /* ALEXNET_CUDNN_OPS_H */
