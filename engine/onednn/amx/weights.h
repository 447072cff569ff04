/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Weights of a convolution as kernels.h reads them. */

#ifndef ALEXNET_ONEDNN_AMX_WEIGHTS_H
#define ALEXNET_ONEDNN_AMX_WEIGHTS_H

#include "layout.h"
#include "onednn/step/context.h"

G_BEGIN_DECLS

/* Keys of alexnet_amx_values(): bytes [panels, size of a panel], and floats
 * [panels, AMX_PANEL]. */
typedef enum {
  AMX_WEIGHTS,
  AMX_SCALES,
  AMX_BIAS,
} AmxValues;

/* In whole numbers or bf16, as the context has it. */
AmxLayout alexnet_amx_layout_in (const OnednnContext *context, guint layer);

/* As OnednnMakeValues. */
gboolean alexnet_amx_values (const OnednnContext *context, guint layer,
    guint key, void *out, GError **error);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_AMX_WEIGHTS_H */
