/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "input.h"

#include <stdlib.h>
#include <string.h>

#include "compile.h"

/* More channels than this lie well as they are. */
#define MAX_PACKED_CHANNELS 4

/* The smallest group of channels of a layout; a multiple of every block. */
#define MIN_GROUP 8

/* Of a tensor, what is fetched before it is read. */
#define ROWS_AHEAD 2
#define FLOATS_OF_LINE 16

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
  layer->padding = layer->end_padding = 0;
  layer->in.channels *= block * block;
  layer->in.height = layer->out.height + layer->kernel - 1;
  layer->in.width = layer->out.width + layer->kernel - 1;
  context->network.input = layer->in;
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
  input->group = alexnet_onednn_tag_lanes (tag, shape->channels);
  input->type = alexnet_onednn_input_type (context);
  input->value_size = dnnl_data_type_size (input->type);
  input->round_bf16 = alexnet_onednn_round_bf16 (context->isa);
  if (input->type == dnnl_u8 || input->type == dnnl_s8) {
    input->quantization = alexnet_onednn_int8_quantization (&context->network
                                                                 .layers[0]);
    input->quantize = alexnet_onednn_quantize (context->isa);
  }
  groups = (shape->channels + input->group - 1) / input->group;
  input->slot_size = groups * input->group * shape->height * shape->width *
      input->value_size;
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

/* Value `j` of `values` to place `i`. */
typedef void (*Put) (void *out, gsize i, const void *values, gsize j);

static inline void
put_f32 (void *out, gsize i, const void *values, gsize j)
{
  ((float *) out)[i] = ((const float *) values)[j];
}

static inline void
put_bf16 (void *out, gsize i, const void *values, gsize j)
{
  ((guint16 *) out)[i] = ((const guint16 *) values)[j];
}

static inline void
put_byte (void *out, gsize i, const void *values, gsize j)
{
  ((guint8 *) out)[i] = ((const guint8 *) values)[j];
}

/* n times `block` values, side by side, to every `group`-th place. Inlined
 * with constant block and type it becomes a few vector moves. */
static inline __attribute__ ((always_inline)) void
put_blocks_with (void *out, const void *values, gsize first, gsize n,
    gsize block, gsize group, Put put)
{
  for (gsize i = 0; i < n; i++)
    for (gsize q = 0; q < block; q++)
      put (out, i * group + q, values, first + i * block + q);
}

static inline __attribute__ ((always_inline)) void
put_blocks_as (const OnednnInput *input, void *out, const void *values,
    gsize first, gsize n, Put put)
{
  gsize block = input->block, group = input->group;

  if (group == 1)
    put_blocks_with (out, values, first, 1, n, 0, put);
  else if (block == 4)
    put_blocks_with (out, values, first, n, 4, group, put);
  else
    put_blocks_with (out, values, first, n, block, group, put);
}

static void
put_blocks (const OnednnInput *input, void *out, const void *values,
    gsize first, gsize n)
{
  switch (input->type) {
    case dnnl_f32:
      put_blocks_as (input, out, values, first, n, put_f32);
      break;
    case dnnl_bf16:
      put_blocks_as (input, out, values, first, n, put_bf16);
      break;
    default:
      put_blocks_as (input, out, values, first, n, put_byte);
  }
}

/* Pixels first .. end - 1 of a row one by one. */
static void
put_pixels (const OnednnInput *input, void *out, const void *values,
    gsize first, gsize end)
{
  Put put = input->type == dnnl_f32 ? put_f32
      : input->type == dnnl_bf16    ? put_bf16
                                    : put_byte;

  for (gsize x = first; x < end; x++) {
    gsize column = (x + input->padding) / input->block;
    gsize i = column * input->group + (x + input->padding) % input->block;

    if (column >= input->shape.width)
      break;
    put (out, i, values, x);
  }
}

/* Row y of channel c of an image. values [W] are as the input has them. A
 * block's values of one row are neighbours: `group` is a multiple of `block`.
 */
static void
put_values (const OnednnInput *input, guint8 *slot, guint c, guint y,
    const void *values)
{
  gsize block = input->block, group = input->group;
  gsize width = input->image.width, padded = y + input->padding;
  gsize channel = (c * block + padded % block) * block;
  gsize row = channel / group * input->shape.height + padded / block;
  gsize start = row * input->shape.width * group + channel % group;
  guint8 *out = slot + start * input->value_size;
  gsize first = MIN ((block - input->padding % block) % block, width);
  gsize column = (first + input->padding) / block;
  gsize n = (width - first) / block;

  if (padded / block >= input->shape.height)
    return;
  put_pixels (input, out, values, 0, first);
  if (column >= input->shape.width)
    return;
  n = MIN (n, input->shape.width - column);
  put_blocks (input, out + column * group * input->value_size, values, first,
      n);
  put_pixels (input, out, values, first + n * block, width);
}

static void
put_row (const OnednnInput *input, guint8 *slot, guint c, guint y,
    const float *values)
{
  const OnednnQuantization *q = &input->quantization;
  gsize width = input->image.width;
  void *made = g_alloca (width * sizeof (float));

  if (input->quantize)
    input->quantize (made, values, width, 1 / q->scale, q->least, q->most);
  else if (input->type == dnnl_bf16)
    input->round_bf16 (made, values, width);
  put_values (input, slot, c, y, input->type == dnnl_f32 ? values : made);
}

typedef struct {
  const OnednnInput *input;
  guint8 *slot;
} Staging;

static void
stage_row (gpointer user, guint y, const float *const *channels)
{
  const Staging *staging = user;

  for (guint c = 0; c < staging->input->image.channels; c++)
    put_row (staging->input, staging->slot, c, y, channels[c]);
}

void
alexnet_onednn_input_stage (const OnednnInput *input, guint slot,
    const AlexnetImage *image, AlexnetTransform *transform)
{
  Staging staging = { input, alexnet_onednn_input_slot (input, slot) };

  alexnet_transform_run (transform, image, stage_row, &staging);
}

/* A row of so many floats. */
static void
fetch_row (const float *row, gsize n)
{
  for (gsize i = 0; i < n; i += FLOATS_OF_LINE)
    __builtin_prefetch (row + i);
}

void
alexnet_onednn_input_stage_tensor (const OnednnInput *input, guint slot,
    const float *tensor)
{
  guint8 *data = alexnet_onednn_input_slot (input, slot);
  gsize width = input->image.width, plane = width * input->image.height;

  for (guint y = 0; y < input->image.height; y++, tensor += width)
    for (guint c = 0; c < input->image.channels; c++) {
      const float *row = tensor + c * plane;

      fetch_row (row + ROWS_AHEAD * width, width);
      put_row (input, data, c, y, row);
    }
}
