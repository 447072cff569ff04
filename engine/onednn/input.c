/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "input.h"

#include <stdlib.h>
#include <string.h>

/* More channels than this lie well as they are. */
#define MAX_PACKED_CHANNELS 4

const dnnl_format_tag_t alexnet_onednn_input_tags[] = { dnnl_nChw16c,
  dnnl_nChw8c, dnnl_nhwc, dnnl_nchw, dnnl_format_tag_undef };

void
alexnet_onednn_space_to_depth (OnednnContext *context)
{
  AlexnetLayer *layer = &context->network.layers[0];
  guint block = layer->stride;

  context->block = 1;
  if (layer->kind != ALEXNET_LAYER_CONV || layer->groups != 1 || block == 1 ||
      layer->kernel < block || layer->in.channels > MAX_PACKED_CHANNELS)
    return;

  context->block = block;
  layer->kernel = (layer->kernel + block - 1) / block;
  layer->stride = 1;
  layer->padding = 0;
  layer->in.channels *= block * block;
  layer->in.height = layer->out.height + layer->kernel - 1;
  layer->in.width = layer->out.width + layer->kernel - 1;
  context->network.input = layer->in;
}

static guint
tag_group (dnnl_format_tag_t tag, const AlexnetShape *shape)
{
  switch (tag) {
    case dnnl_nChw16c:
      return 16;
    case dnnl_nChw8c:
      return 8;
    case dnnl_nhwc:
      return shape->channels;
    default:
      return 1;
  }
}

gboolean
alexnet_onednn_input_init (OnednnInput *input, const OnednnContext *context,
    const AlexnetShape *image, guint padding, dnnl_format_tag_t tag,
    guint n_slots, GError **error)
{
  const AlexnetShape *shape = &context->network.input;
  gsize groups;

  input->image = *image;
  input->shape = *shape;
  input->block = context->block;
  input->padding = context->block > 1 ? padding : 0;
  input->group = tag_group (tag, shape);
  input->bf16 = context->type == dnnl_bf16;
  groups = (shape->channels + input->group - 1) / input->group;
  input->slot_size = groups * input->group * shape->height * shape->width *
      (input->bf16 ? 2 : 4);
  input->data = alexnet_onednn_alloc (n_slots * input->slot_size, error);
  return input->data != NULL;
}

void
alexnet_onednn_input_clear (OnednnInput *input)
{
  free (input->data);
  input->data = NULL;
}

void *
alexnet_onednn_input_slot (const OnednnInput *input, guint slot)
{
  return input->data + slot * input->slot_size;
}

/* To nearest, ties to even; a NaN stays one. */
static guint16
bf16_from_float (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  if (value != value)
    return (guint16) (bits >> 16 | 0x40);
  return (guint16) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Every `step`-th of `n` values to every `group`-th place from `out`. */
static void
put_values (const OnednnInput *input, gsize slot_offset, guint8 *slot,
    const float *values, gsize n)
{
  if (input->bf16) {
    guint16 *out = (guint16 *) slot + slot_offset;

    for (gsize i = 0; i < n; i++)
      out[i * input->group] = bf16_from_float (values[i * input->block]);
  } else {
    float *out = (float *) slot + slot_offset;

    for (gsize i = 0; i < n; i++)
      out[i * input->group] = values[i * input->block];
  }
}

/* Where channel c of pixel (y, x) of a slot lies, in values. */
static gsize
value_offset (const OnednnInput *input, guint c, guint y, guint x)
{
  gsize row = (gsize) (c / input->group) * input->shape.height + y;

  return (row * input->shape.width + x) * input->group + c % input->group;
}

/* Row y of channel c of an image. values [W]; those of one column of the
 * blocks go to one channel. */
static void
put_row (const OnednnInput *input, guint8 *slot, guint c, guint y,
    const float *values)
{
  guint block = input->block, width = input->image.width;
  guint block_y = (y + input->padding) / block;
  guint row_channel = (c * block + (y + input->padding) % block) * block;

  if (block_y >= input->shape.height)
    return;
  for (guint q = 0; q < block; q++) {
    guint first = input->padding > q ? (input->padding - q + block - 1) / block
                                     : 0;
    guint x = first * block + q - input->padding;
    guint n = x < width ? (width - x + block - 1) / block : 0;

    if (first < input->shape.width)
      put_values (input, value_offset (input, row_channel + q, block_y, first),
          slot, values + x, MIN (n, input->shape.width - first));
  }
}

typedef struct {
  const OnednnInput *input;
  guint8 *slot;
} Staging;

static void
stage_row (gpointer user, guint y, const float *const channels[3])
{
  const Staging *staging = user;

  for (guint c = 0; c < 3; c++)
    put_row (staging->input, staging->slot, c, y, channels[c]);
}

void
alexnet_onednn_input_stage (const OnednnInput *input, guint slot,
    const AlexnetImage *image, AlexnetTransform *transform)
{
  Staging staging = { input, alexnet_onednn_input_slot (input, slot) };

  alexnet_transform_run (transform, image, stage_row, &staging);
}

void
alexnet_onednn_input_stage_tensor (const OnednnInput *input, guint slot,
    const float *tensor)
{
  guint8 *data = alexnet_onednn_input_slot (input, slot);

  for (guint c = 0; c < input->image.channels; c++)
    for (guint y = 0; y < input->image.height; y++) {
      put_row (input, data, c, y, tensor);
      tensor += input->image.width;
    }
}
