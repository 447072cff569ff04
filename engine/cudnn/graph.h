/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All that this project knows of cuDNN: convolution + bias + ReLU as one
 * operation graph of the backend API, the plans that cuDNN offers for it,
 * their JSON, and how one runs. Tensors are NHWC, filters KRSC; the bias has
 * the tensors' type and what lies between the operations is FLOAT and
 * virtual, which is the pattern that cuDNN has precompiled kernels for.
 *
 * Plans can be made for a GPU that is not there: see open_for. */

#ifndef ALEXNET_CUDNN_GRAPH_H
#define ALEXNET_CUDNN_GRAPH_H

#include <cudnn.h>

#include "ops.h"

G_BEGIN_DECLS

typedef struct {
  cudnnHandle_t handle;                /* NULL: no device, plans cannot run */
  cudnnBackendDescriptor_t properties; /* of the device; NULL before 9.8 */
} AlexnetCudnn;

/* For the calling thread's device; plans run on `stream`. DEVICE. */
gboolean alexnet_cudnn_open (AlexnetCudnn *cudnn, cudaStream_t stream,
    GError **error);

/* For the device that `json` describes. Something must answer as
 * libcuda.so.1, or there will be no plans. UNSUPPORTED before cuDNN 9.8. */
gboolean alexnet_cudnn_open_for (AlexnetCudnn *cudnn, const char *json,
    GError **error);
void alexnet_cudnn_close (AlexnetCudnn *cudnn, GError **error);

/* One way to run a convolution. */
typedef struct _AlexnetConvPlan AlexnetConvPlan;

void alexnet_conv_plan_free (AlexnetConvPlan *plan);
gsize alexnet_conv_plan_workspace (const AlexnetConvPlan *plan);

/* Every plan that cuDNN offers, its best guess first, that keeps the
 * precision (FP32: no tensor cores; never sums of less than FLOAT, nor
 * transforms), gives the same bits each time, and needs at most `workspace`
 * bytes. Those that must be compiled first are there only when there is no
 * other. Array of AlexnetConvPlan; the caller unrefs it. UNSUPPORTED when
 * there is none. */
GPtrArray *alexnet_conv_plans (const AlexnetCudnn *cudnn,
    const AlexnetConv *conv, gsize workspace, GError **error);

/* "conv 128x48x57x57 by 64x48x3x3 fp16 ..." Names the plan's problem in
 * messages and in the cache. The caller frees it. */
char *alexnet_conv_describe (const AlexnetConv *conv);

/* The caller frees it. */
char *alexnet_conv_plan_to_json (const AlexnetConvPlan *plan, GError **error);
AlexnetConvPlan *alexnet_conv_plan_from_json (const AlexnetCudnn *cudnn,
    const char *json, GError **error);

/* What a plan works on; serves every plan of the same convolution. Device
 * memory, all aligned to 16 bytes but x as AlexnetConv says. */
typedef struct _AlexnetConvPack AlexnetConvPack;

AlexnetConvPack *alexnet_conv_pack_new (const void *x, const void *weight,
    const void *bias, void *y, void *workspace, GError **error);
void alexnet_conv_pack_free (AlexnetConvPack *pack);

gboolean alexnet_conv_run (const AlexnetCudnn *cudnn,
    const AlexnetConvPlan *plan, const AlexnetConvPack *pack, GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_GRAPH_H */
