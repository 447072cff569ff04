/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The plans that cuDNN offers for a convolution, their JSON, and how one runs.
 * Plans can be made for a GPU that is not there: alexnet_cudnn_open_for(). */

#ifndef ALEXNET_CUDNN_PLAN_H
#define ALEXNET_CUDNN_PLAN_H

#include "graph.h"

G_BEGIN_DECLS

/* One way to run a convolution. */
typedef struct _AlexnetConvPlan AlexnetConvPlan;

void alexnet_conv_plan_free (AlexnetConvPlan *plan);
gsize alexnet_conv_plan_workspace (const AlexnetConvPlan *plan);

/* Every plan that cuDNN offers, its best guess first, that keeps the
 * precision (FP32: no tensor cores; never sums of less than FLOAT, nor
 * transforms), gives the same bits each time, and needs at most `workspace`
 * bytes. One that cannot be built is passed over. Those that must be compiled
 * first are there only when there is no other. Array of AlexnetConvPlan; the
 * caller unrefs it. When there is none, UNSUPPORTED or why one could not be
 * built. */
GPtrArray *alexnet_conv_plans (const AlexnetCudnn *cudnn,
    const AlexnetConv *conv, gsize workspace, GError **error);

/* Whether cuDNN's first list, not what it falls back to, has a plan that keeps
 * the precision and is compiled already. FALSE only when asking failed. */
gboolean alexnet_conv_is_listed (const AlexnetCudnn *cudnn,
    const AlexnetConv *conv, gboolean *listed, GError **error);

/* The caller frees it. */
char *alexnet_conv_plan_to_json (const AlexnetConvPlan *plan, GError **error);
AlexnetConvPlan *alexnet_conv_plan_from_json (const AlexnetCudnn *cudnn,
    const char *json, GError **error);

gboolean alexnet_conv_run (const AlexnetCudnn *cudnn,
    const AlexnetConvPlan *plan, const AlexnetConvPack *pack, GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_PLAN_H */
