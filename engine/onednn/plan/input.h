/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ring of network inputs, one big tensor in the layout and type that the
 * first layer reads. Thread-safety: alexnet_onednn_input_stage() and
 * _stage_tensor() from any thread, one thread for each slot. */

#ifndef ALEXNET_ONEDNN_INPUT_H
#define ALEXNET_ONEDNN_INPUT_H

#include "preprocess/preprocess.h"
#include "onednn/step/context.h"
#include "onednn/int8/int8.h"
#include "onednn/simd/quantize.h"

G_BEGIN_DECLS

typedef struct {
  AlexnetShape image;    /* what comes in */
  AlexnetShape shape;    /* what layer 0 reads */
  guint block, padding;  /* pixel y lies in row (y + padding) / block */
  guint group;           /* channels that lie side by side */
  dnnl_data_type_t type; /* f32, bf16, or u8 or s8 with these */
  OnednnQuantization quantization;
  OnednnQuantize *quantize;
  OnednnRoundBf16 *round_bf16;
  gsize value_size; /* bytes */
  gsize slot_size;  /* bytes */
  guint8 *data;
} OnednnInput;

/* Turns layer 0, when it is a convolution of few channels with a stride, into
 * one without: each block of stride x stride pixels becomes one pixel of
 * stride * stride times the channels, in the order channel, row, column.
 * AlexNet's 11x11 with stride 4 over [3,224,224] becomes 3x3 over [48,57,57],
 * which oneDNN computes several times faster. */
void alexnet_onednn_space_to_depth (OnednnContext *context);

/* The layouts that the ring can have besides dnnl_nchw, ending with
 * dnnl_format_tag_undef. */
extern const dnnl_format_tag_t alexnet_onednn_input_tags[];

/* `image` is the network's input before alexnet_onednn_space_to_depth(),
 * `padding` that of the first convolution before it; dnnl_nchw is not for
 * blocks. NO_MEMORY. */
gboolean alexnet_onednn_input_init (OnednnInput *input,
    const OnednnContext *context, const AlexnetShape *image, guint padding,
    dnnl_format_tag_t tag, guint n_slots, GError **error);
void alexnet_onednn_input_clear (OnednnInput *input);

void *alexnet_onednn_input_slot (const OnednnInput *input, guint slot);

/* The transform makes as many channels as the image has. */
void alexnet_onednn_input_stage (const OnednnInput *input, guint slot,
    const AlexnetImage *image, AlexnetTransform *transform);

/* `tensor` is [C,H,W]. */
void alexnet_onednn_input_stage_tensor (const OnednnInput *input, guint slot,
    const float *tensor);

G_END_DECLS

#endif /* ALEXNET_ONEDNN_INPUT_H */
