/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolution + bias + ReLU as one operation graph of cuDNN's backend API.
 * Tensors are NHWC, filters KRSC; the bias has the tensors' type and what lies
 * between the operations is FLOAT and virtual, which is the pattern that cuDNN
 * has precompiled kernels for. */

#ifndef ALEXNET_CUDNN_GRAPH_H
#define ALEXNET_CUDNN_GRAPH_H

#include "handle.h"
#include "ops.h"

G_BEGIN_DECLS

/* Reference counted, not atomically. */
typedef struct _AlexnetConvGraph AlexnetConvGraph;

AlexnetConvGraph *alexnet_conv_graph_new (const AlexnetCudnn *cudnn,
    const AlexnetConv *conv, GError **error);
AlexnetConvGraph *alexnet_conv_graph_ref (AlexnetConvGraph *graph);
void alexnet_conv_graph_unref (AlexnetConvGraph *graph);

/* The graph's. */
cudnnBackendDescriptor_t alexnet_conv_graph_get_descriptor (
    const AlexnetConvGraph *graph);

/* The description of `conv` alone, to be freed, which keeps sums in `sum`. */
cudnnBackendDescriptor_t alexnet_convolution_new (const AlexnetConv *conv,
    cudnnDataType_t sum, GError **error);

/* Where a graph's tensors lie and what its plans may work in; serves every plan
 * of the same convolution. Device memory, all aligned to 16 bytes but x as
 * AlexnetConv says. */
typedef struct _AlexnetConvPack AlexnetConvPack;

AlexnetConvPack *alexnet_conv_pack_new (const void *x, const void *weight,
    const void *bias, void *y, void *workspace, GError **error);
void alexnet_conv_pack_free (AlexnetConvPack *pack);

G_END_DECLS

#endif /* ALEXNET_CUDNN_GRAPH_H */
