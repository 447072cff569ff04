/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "input.h"

#include <stdlib.h>
#include <string.h>

#include "small-floats.h"

/* More channels than this lie well as they are. */
#define MAX_PACKED_CHANNELS 4

/* The smallest group of channels of a layout; a multiple of every block. */
#define MIN_GROUP 8

const dnnl_format_tag_t alexnet_onednn_input_tags[] = { dnnl_nChw16c,
  dnnl_nChw8c, dnnl_nhwc, dnnl_format_tag_undef };

void
alexnet_onednn_space_to_depth (OnednnContext *context)
{
  AlexnetLayer *layer = &context->network.layers[0];
  guint block = layer->stride;

  context->block = 1;
  if (layer->kind != ALEXNET_LAYER_CONV || layer->groups != 1 || block == 1 ||
      MIN_GROUP % block != 0 || layer->kernel < block ||
      layer->in.channels > MAX_PACKED_CHANNELS)
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

static inline void
put_f32 (void *out, gsize i, float value)
{
  ((float *) out)[i] = value;
}

static inline void
put_bf16 (void *out, gsize i, float value)
{
  ((guint16 *) out)[i] = alexnet_onednn_bf16_from_float (value);
}

/* n times `block` values, side by side, to every `group`-th place. Inlined
 * with constant block and type it becomes a few vector moves. */
static inline __attribute__ ((always_inline)) void
put_blocks_with (void *out, const float *values, gsize n, gsize block,
    gsize group, void (*put) (void *out, gsize i, float value))
{
  for (gsize i = 0; i < n; i++)
    for (gsize q = 0; q < block; q++)
      put (out, i * group + q, values[i * block + q]);
}

static void
put_blocks (const OnednnInput *input, void *out, const float *values, gsize n)
{
  gsize block = input->block, group = input->group;

  if (group == 1)
    input->bf16 ? put_blocks_with (out, values, 1, n, 0, put_bf16)
                : put_blocks_with (out, values, 1, n, 0, put_f32);
  else if (block == 4)
    input->bf16 ? put_blocks_with (out, values, n, 4, group, put_bf16)
                : put_blocks_with (out, values, n, 4, group, put_f32);
  else
    input->bf16 ? put_blocks_with (out, values, n, block, group, put_bf16)
                : put_blocks_with (out, values, n, block, group, put_f32);
}

/* Pixels first .. end - 1 of a row one by one. */
static void
put_pixels (const OnednnInput *input, void *out, const float *values,
    gsize first, gsize end)
{
  for (gsize x = first; x < end; x++) {
    gsize column = (x + input->padding) / input->block;
    gsize i = column * input->group + (x + input->padding) % input->block;

    if (column >= input->shape.width)
      break;
    input->bf16 ? put_bf16 (out, i, values[x]) : put_f32 (out, i, values[x]);
  }
}

/* Row y of channel c of an image. values [W]. A block's values of one row are
 * neighbours: `group` is a multiple of `block`. */
static void
put_row (const OnednnInput *input, guint8 *slot, guint c, guint y,
    const float *values)
{
  gsize block = input->block, group = input->group;
  gsize width = input->image.width, padded = y + input->padding;
  gsize channel = (c * block + padded % block) * block;
  gsize row = channel / group * input->shape.height + padded / block;
  gsize start = row * input->shape.width * group + channel % group;
  void *out = slot + start * (input->bf16 ? 2 : 4);
  gsize first = MIN ((block - input->padding % block) % block, width);
  gsize column = (first + input->padding) / block;
  gsize n = (width - first) / block;

  if (padded / block >= input->shape.height)
    return;
  put_pixels (input, out, values, 0, first);
  if (column >= input->shape.width)
    return;
  n = MIN (n, input->shape.width - column);
  put_blocks (input, (guint8 *) out + column * group * (input->bf16 ? 2 : 4),
      values + first, n);
  put_pixels (input, out, values, first + n * block, width);
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
