/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "input.h"

#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "compile.h"

/* More channels than this lie well as they are. */
#define MAX_PACKED_CHANNELS 4

/* The smallest group of channels of a layout; a multiple of every block. */
#define MIN_GROUP 8

/* Of a tensor, what is fetched before it is read. */
#define ROWS_AHEAD 2
#define FLOATS_OF_LINE 16
#define LINE 64 /* bytes */

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

/* An image on its way to a slot, one row of blocks after the other. */
typedef struct {
  const OnednnInput *input;
  guint8 *slot;
  gsize row_size;  /* bytes */
  guint8 *rows;    /* [C][block][row_size], zeros beside and above the image */
  gsize line_size; /* bytes */
  guint8 *lines;   /* [groups][line_size], a row of the slot */
} Staging;

static void
staging_init (Staging *self, const OnednnInput *input, guint slot)
{
  const AlexnetShape *shape = &input->shape;
  gsize width = MAX (input->padding + input->image.width,
      shape->width * input->block);

  self->input = input;
  self->slot = alexnet_onednn_input_slot (input, slot);
  self->row_size = width * input->value_size;
  self->rows = g_malloc0_n (input->image.channels * input->block,
      self->row_size);
  self->line_size = shape->width * input->group * input->value_size;
  self->lines = g_malloc0 (input->slot_size / shape->height);
}

/* What went past the caches is there before anything that is written later. */
static void
staging_finish (Staging *self)
{
#ifdef __SSE2__
  _mm_sfence ();
#endif
  g_free (self->rows);
  g_free (self->lines);
}

/* Of some rows: n pieces one after the other go to every stride-th byte of
 * `out`, each row's beside that of the row before. */
typedef struct {
  guint8 *out;
  gsize stride, n;
  const guint8 *rows;
  gsize row_size;
} Pieces;

/* Inlined with constant numbers it becomes a few vector moves. */
static inline __attribute__ ((always_inline)) void
put_pieces_with (const Pieces *pieces, gsize first, gsize n_rows, gsize size)
{
  const guint8 *in = pieces->rows + first * pieces->row_size;
  guint8 *out = pieces->out + first * size;

  for (gsize i = 0; i < pieces->n; i++, out += pieces->stride, in += size)
    for (gsize q = 0; q < n_rows; q++)
      memcpy (out + q * size, in + q * pieces->row_size, size);
}

static inline __attribute__ ((always_inline)) void
put_pieces_of (const Pieces *pieces, gsize n_rows, gsize size)
{
  if (n_rows == 4)
    put_pieces_with (pieces, 0, 4, size);
  else
    for (gsize q = 0; q < n_rows; q++)
      put_pieces_with (pieces, q, 1, size);
}

/* Of `size` bytes. */
static void
put_pieces (const Pieces *pieces, gsize n_rows, gsize size)
{
  if (size == 4)
    put_pieces_of (pieces, n_rows, 4);
  else if (size == 8)
    put_pieces_of (pieces, n_rows, 8);
  else if (size == 16)
    put_pieces_of (pieces, n_rows, 16);
  else
    put_pieces_of (pieces, n_rows, size);
}

/* Channel c of the image. */
static void
put_channel (const Staging *self, guint c)
{
  const OnednnInput *input = self->input;
  gsize block = input->block, group = input->group, size = input->value_size;
  gsize n;

  for (gsize q = 0; q < block; q += n) {
    gsize channel = (c * block + q) * block;
    Pieces pieces = { .stride = group * size,
      .n = input->shape.width,
      .row_size = self->row_size };

    n = MIN (block - q, (group - channel % group) / block);
    pieces.rows = self->rows + (c * block + q) * self->row_size;
    pieces.out = self->lines + channel / group * self->line_size +
        channel % group * size;
    put_pieces (&pieces, n, block * size);
  }
}

/* Past the caches where that can be: the lines of a batch would only drive out
 * each other, after each was read for nothing. */
static void
write_line (guint8 *out, const guint8 *in, gsize n)
{
#ifdef __SSE2__
  gsize head = MIN (-(guintptr) out % LINE, n);

  memcpy (out, in, head);
  for (out += head, in += head, n -= head; n >= LINE;
       out += LINE, in += LINE, n -= LINE)
    for (gsize i = 0; i < LINE; i += sizeof (__m128i))
      _mm_stream_si128 ((__m128i *) (out + i),
          _mm_loadu_si128 ((const __m128i *) (in + i)));
#endif
  memcpy (out, in, n);
}

static void
put_lines (const Staging *self, gsize y)
{
  gsize height = self->input->shape.height, size = self->line_size;

  for (gsize g = 0; g * height * size < self->input->slot_size; g++)
    write_line (self->slot + (g * height + y) * size, self->lines + g * size,
        size);
}

/* Row y of channel c of the image. */
static void
take_row (const Staging *self, guint c, guint y, const float *values)
{
  const OnednnInput *input = self->input;
  const OnednnQuantization *q = &input->quantization;
  gsize width = input->image.width;
  gsize row = c * input->block + (y + input->padding) % input->block;
  guint8 *out = self->rows + row * self->row_size +
      input->padding * input->value_size;

  if (input->quantize)
    input->quantize (out, values, width, 1 / q->scale, q->least, q->most);
  else if (input->type == dnnl_bf16)
    input->round_bf16 ((guint16 *) out, values, width);
  else
    memcpy (out, values, width * sizeof *values);
}

/* Behind row y of all channels: puts the row of blocks that it completes. */
static void
finish_row (const Staging *self, guint y)
{
  const OnednnInput *input = self->input;
  gsize block = input->block, padded = y + input->padding;
  gsize left = block - 1 - padded % block;

  if ((left > 0 && y + 1 < input->image.height) ||
      padded / block >= input->shape.height)
    return;
  for (guint c = 0; c < input->image.channels; c++) {
    memset (self->rows + ((c + 1) * block - left) * self->row_size, 0,
        left * self->row_size);
    put_channel (self, c);
  }
  put_lines (self, padded / block);
}

static void
stage_row (gpointer user, guint y, const float *const *channels)
{
  const Staging *self = user;

  for (guint c = 0; c < self->input->image.channels; c++)
    take_row (self, c, y, channels[c]);
  finish_row (self, y);
}

void
alexnet_onednn_input_stage (const OnednnInput *input, guint slot,
    const AlexnetImage *image, AlexnetTransform *transform)
{
  Staging staging;

  staging_init (&staging, input, slot);
  alexnet_transform_run (transform, image, stage_row, &staging);
  staging_finish (&staging);
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
  gsize width = input->image.width, plane = width * input->image.height;
  Staging staging;

  staging_init (&staging, input, slot);
  for (guint y = 0; y < input->image.height; y++, tensor += width) {
    for (guint c = 0; c < input->image.channels; c++) {
      const float *row = tensor + c * plane;

      fetch_row (row + ROWS_AHEAD * width, width);
      take_row (&staging, c, y, row);
    }
    finish_row (&staging, y);
  }
  staging_finish (&staging);
}
