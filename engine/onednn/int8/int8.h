/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Convolutions of whole numbers of 8 bits. What a number stands for is known
 * from a calibration (AlexnetLayer.int8): the input of a layer has one scale
 * and is unsigned where it was never negative; each of its filters has one.
 * Activations lie as dnnl_nhwc. */

#ifndef ALEXNET_ONEDNN_INT8_H
#define ALEXNET_ONEDNN_INT8_H

#include "onednn/step/convolution.h"

G_BEGIN_DECLS

/* What the input or the result of a layer is made of. */
typedef struct {
  dnnl_data_type_t type; /* u8 or s8; a result may be f32 */
  float scale;           /* what 1 stands for */
  float least, most;
} OnednnQuantization;

/* Of the input. */
OnednnQuantization alexnet_onednn_int8_quantization (const AlexnetLayer *layer);

/* Of what layer `i` writes: whole numbers when another convolution reads it,
 * with nothing but pooling between, and float elsewhere. */
OnednnQuantization alexnet_onednn_int8_result (const AlexnetNetwork *network,
    guint i);

/* As dnnl_nhwc. */
gboolean alexnet_onednn_int8_result_desc (DnnlDesc *desc,
    const OnednnProgram *program, guint i, GError **error);

/* UNSUPPORTED, naming the command that helps, when the file of a network with
 * convolutions holds no calibration. */
gboolean alexnet_onednn_int8_check (const AlexnetNetwork *network,
    GError **error);

/* Keys of alexnet_onednn_int8_values(): whole numbers in float, [out, in /
 * groups, kH, kW]; what a sum of their products becomes the result by, [out];
 * and what then is added, [out]. */
typedef enum {
  ONEDNN_INT8_WEIGHTS,
  ONEDNN_INT8_SCALES,
  ONEDNN_INT8_BIAS,
} OnednnInt8Values;

/* As OnednnMakeValues. */
gboolean alexnet_onednn_int8_values (const OnednnContext *context, guint layer,
    guint key, void *out, GError **error);

/* Brings what the last step wrote into what layer `i` reads, where it is not
 * that. */
gboolean alexnet_onednn_int8_add_input (OnednnProgram *program, guint i,
    GError **error);

/* By the library; writes alexnet_onednn_int8_result(). */
extern const OnednnMethod alexnet_onednn_int8_convolution;

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INT8_H */
