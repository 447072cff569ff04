/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ONNX: messages of onnx.proto in protobuf's wire format. */

#ifndef ALEXNET_ONNX_H
#define ALEXNET_ONNX_H

#include "formats/formats.h"

G_BEGIN_DECLS

/* To be asked before Caffe, which also has no magic number. */
gboolean alexnet_onnx_detect (const guint8 *head, gsize size,
    guint64 file_size);

/* Reads the graph as it stands: a chain of nodes from one input [N,C,S,S] to
 * one output, each of which reads what the one before it gives. Weights are
 * found by their place among a node's inputs, whatever their names, as
 * initialisers, in other files beside this one, or as what nodes without the
 * picture make (Constant, ConstantOfShape, Transpose, ...). Batch
 * normalisation and factors are folded into the weights before, and PyTorch's
 * LocalResponseNorm is an LRN again. What else there is, quantisation among it,
 * is refused by operator and node. metadata_props become metadata. */
gboolean alexnet_onnx_read (AlexnetModelSource *source, AlexnetFile *file,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_ONNX_H */
