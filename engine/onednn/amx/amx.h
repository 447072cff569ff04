/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolutions of stride 1 in tiles of AMX, of whole numbers or of bf16. Reads
 * and writes dnnl_nhwc. */

#ifndef ALEXNET_ONEDNN_AMX_H
#define ALEXNET_ONEDNN_AMX_H

#include "onednn/step/method.h"

G_BEGIN_DECLS

extern const OnednnMethod alexnet_amx_convolution;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_AMX_H */
