/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolutions of whole numbers of 8 bits. What a number stands for is known
 * from a calibration (AlexnetLayer.int8): the input of a layer has one scale
 * and is unsigned where it was never negative; each of its filters has one.
 * Activations lie as dnnl_nhwc. */

#ifndef ALEXNET_ONEDNN_INT8_H
#define ALEXNET_ONEDNN_INT8_H

#include "program.h"

G_BEGIN_DECLS

/* What the input of a layer is made of. */
typedef struct {
  dnnl_data_type_t type; /* u8 or s8 */
  float scale;           /* what 1 stands for */
  float least, most;
} OnednnQuantization;

OnednnQuantization alexnet_onednn_int8_quantization (const AlexnetLayer *layer);

/* The type that the network's first layer reads. */
dnnl_data_type_t alexnet_onednn_int8_input_type (const OnednnContext *context);

/* UNSUPPORTED, naming the command that helps, when the file of a network with
 * convolutions holds no calibration. */
gboolean alexnet_onednn_int8_check (const AlexnetNetwork *network,
    GError **error);

/* Appends convolution `i`, with a ReLU behind it if `relu`. What is not yet a
 * whole number is made one; the result is one when another convolution reads
 * it, with nothing but pooling between, and float elsewhere. */
gboolean alexnet_onednn_int8_add_conv (OnednnProgram *program, guint i,
    gboolean relu, GError **error);

/* ONEDNN_INT8_WEIGHTS, _BIAS or _SCALES of a layer; g_free() them, NULL when
 * memory is short. */
float *alexnet_onednn_int8_values (const OnednnContext *context, guint layer,
    OnednnValues which);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INT8_H */
