/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The images of a batch are taken in blocks, small enough that what lies
 * between the three steps stays in the cache:
 *
 *     pixels -> planes [groups * n * n, tiles, in / groups]
 *            -> product with the weights, one for each plane
 *            -> planes [groups * n * n, tiles, out / groups] -> outputs
 *
 * A row of a plane is one tile; the last one in a row or column of tiles may
 * reach beyond the image, where pixels are 0 and outputs are dropped. */

#include "winograd.h"

#include <stdlib.h>

#include "parallel.h"

/* Bytes of all planes together; more was slower. */
#define BLOCK_SIZE ((gsize) 8 << 20)
#define ALIGNMENT 64

typedef struct {
  OnednnOperation base;
  WinogradTile tile;
  AlexnetIsa isa;
  AlexnetLayer layer;
  gboolean relu;
  guint batch, block;      /* images */
  guint n_rows, n_columns; /* of tiles in an image */
  gsize n_tiles;           /* in a block */
  gsize output_offset, scratchpad_offset;
  const float *bias;
  float *zeros; /* one pixel outside of the image */
  dnnl_primitive_t product;
  dnnl_memory_t input, weights, output, scratchpad; /* weights not owned */
} Winograd;

gboolean
alexnet_winograd_fits (const AlexnetLayer *layer, WinogradTile tile)
{
  return layer->kind == ALEXNET_LAYER_CONV && layer->stride == 1 &&
      layer->kernel == alexnet_winograd_forms[tile].kernel;
}

/* That cover so many outputs. */
static guint
count_tiles (guint size, WinogradTile tile)
{
  guint m = alexnet_winograd_forms[tile].output;

  return (size + m - 1) / m;
}

/* A product is one multiplication of [rows, in] and [in, out]; a weight costs
 * as much to read as so many multiplications, and the transforms add so much
 * to the products. */
static double
guess (const AlexnetLayer *layer, gsize n_products, gsize rows)
{
  const double read_cost = 14;

  return (double) n_products * layer->in.channels * layer->channels /
      layer->groups * ((double) rows + read_cost);
}

double
alexnet_winograd_guess (const AlexnetLayer *layer, WinogradTile tile,
    guint batch)
{
  const WinogradForm *form = &alexnet_winograd_forms[tile];
  const double transform_cost = 1.5;

  return transform_cost *
      guess (layer, form->tile * form->tile,
          (gsize) batch * count_tiles (layer->out.height, tile) *
              count_tiles (layer->out.width, tile));
}

double
alexnet_direct_guess (const AlexnetLayer *layer, guint batch)
{
  return guess (layer, layer->kernel * layer->kernel,
      (gsize) batch * layer->out.height * layer->out.width);
}

static void
winograd_free (OnednnOperation *operation)
{
  Winograd *self = (Winograd *) operation;

  if (self->product)
    dnnl_primitive_destroy (self->product);
  if (self->input)
    dnnl_memory_destroy (self->input);
  if (self->output)
    dnnl_memory_destroy (self->output);
  if (self->scratchpad)
    dnnl_memory_destroy (self->scratchpad);
  free (self->zeros);
  g_free (self);
}

/* ---- weights ------------------------------------------------------------- */

typedef struct {
  const AlexnetLayer *layer;
  WinogradTile tile;
  const float *from;
  float *to;
} WeightsJob;

/* A share of the inputs, for all outputs of all groups. */
static void
transform_weights (gpointer user, guint thread, guint n_threads)
{
  const WeightsJob *job = user;
  const WinogradForm *form = &alexnet_winograd_forms[job->tile];
  gsize groups = job->layer->groups, taps = form->kernel * form->kernel;
  gsize in = job->layer->in.channels / groups;
  gsize out = job->layer->channels / groups, n = form->tile * form->tile;
  gsize end = alexnet_onednn_part (in, thread + 1, n_threads);
  double values[WINOGRAD_MAX_TILE * WINOGRAD_MAX_TILE];

  for (gsize i = alexnet_onednn_part (in, thread, n_threads); i < end; i++)
    for (gsize o = 0; o < groups * out; o++) {
      float *to = job->to + (o / out * n * in + i) * out + o % out;

      alexnet_winograd_weight (job->tile, values,
          job->from + (o * in + i) * taps);
      for (gsize k = 0; k < n; k++)
        to[k * in * out] = (float) values[k];
    }
}

float *
alexnet_winograd_weights (const OnednnContext *context, guint i,
    WinogradTile tile)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  guint side = alexnet_winograd_forms[tile].tile;
  g_autofree float *from = alexnet_onednn_layer_floats (context, i,
      ONEDNN_WEIGHTS);
  float *to = g_try_new (float,
      (gsize) side *side * layer->in.channels * layer->channels /
          layer->groups);
  WeightsJob job = { layer, tile, from, to };

  if (from && to) {
    alexnet_onednn_parallel (transform_weights, &job);
    return to;
  }
  g_free (to);
  return NULL;
}

/* ---- running ------------------------------------------------------------- */

typedef struct {
  const Winograd *winograd;
  const float *src; /* of the block's first image */
  float *dst;
  float *input, *output; /* planes */
} Block;

static void
find_pixels (const Winograd *self, const float *src, gsize t,
    const float **pixels)
{
  const WinogradForm *form = &alexnet_winograd_forms[self->tile];
  const AlexnetShape *in = &self->layer.in;
  gsize image = t / (self->n_rows * self->n_columns);
  guint row = (guint) (t / self->n_columns % self->n_rows);
  guint column = (guint) (t % self->n_columns);

  src += image * alexnet_shape_size (in);
  for (guint i = 0; i < form->tile; i++)
    for (guint j = 0; j < form->tile; j++) {
      /* Above and left of the image these are huge. */
      guint y = row * form->output + i - self->layer.padding;
      guint x = column * form->output + j - self->layer.padding;

      *pixels++ = y < in->height && x < in->width
          ? src + ((gsize) y * in->width + x) * in->channels
          : self->zeros;
    }
}

static void
find_outputs (const Winograd *self, float *dst, gsize t, float **pixels)
{
  const WinogradForm *form = &alexnet_winograd_forms[self->tile];
  const AlexnetShape *out = &self->layer.out;
  gsize image = t / (self->n_rows * self->n_columns);
  guint row = (guint) (t / self->n_columns % self->n_rows);
  guint column = (guint) (t % self->n_columns);

  dst += image * alexnet_shape_size (out);
  for (guint i = 0; i < form->output; i++)
    for (guint j = 0; j < form->output; j++) {
      guint y = row * form->output + i, x = column * form->output + j;

      *pixels++ = y < out->height && x < out->width
          ? dst + ((gsize) y * out->width + x) * out->channels
          : NULL;
    }
}

static void
transform_inputs (gpointer user, guint thread, guint n_threads)
{
  const Block *block = user;
  const Winograd *self = block->winograd;
  guint side = alexnet_winograd_forms[self->tile].tile, n = side * side;
  gsize channels = self->layer.in.channels / self->layer.groups;
  gsize plane = self->n_tiles * channels;
  gsize end = alexnet_onednn_part (self->n_tiles, thread + 1, n_threads);
  const float *pixels[WINOGRAD_MAX_TILE * WINOGRAD_MAX_TILE];

  for (gsize t = alexnet_onednn_part (self->n_tiles, thread, n_threads);
       t < end; t++) {
    find_pixels (self, block->src, t, pixels);
    for (guint g = 0; g < self->layer.groups; g++) {
      alexnet_winograd_input (self->isa, self->tile,
          block->input + g * n * plane + t * channels, plane, pixels, channels);
      for (guint i = 0; i < n; i++)
        pixels[i] += channels;
    }
  }
}

static void
transform_outputs (gpointer user, guint thread, guint n_threads)
{
  const Block *block = user;
  const Winograd *self = block->winograd;
  const WinogradForm *form = &alexnet_winograd_forms[self->tile];
  guint n = form->tile * form->tile;
  gsize channels = self->layer.channels / self->layer.groups;
  gsize plane = self->n_tiles * channels;
  gsize end = alexnet_onednn_part (self->n_tiles, thread + 1, n_threads);
  float *pixels[WINOGRAD_MAX_TILE * WINOGRAD_MAX_TILE];

  for (gsize t = alexnet_onednn_part (self->n_tiles, thread, n_threads);
       t < end; t++) {
    find_outputs (self, block->dst, t, pixels);
    for (guint g = 0; g < self->layer.groups; g++) {
      alexnet_winograd_output (self->isa, self->tile, pixels,
          block->output + g * n * plane + t * channels, plane,
          self->bias + g * channels, self->relu, channels);
      for (guint i = 0; i < form->output * form->output; i++)
        if (pixels[i])
          pixels[i] += channels;
    }
  }
}

static gboolean
multiply (const Winograd *self, const OnednnContext *context, GError **error)
{
  dnnl_exec_arg_t args[] = { { DNNL_ARG_SRC, self->input },
    { DNNL_ARG_WEIGHTS, self->weights }, { DNNL_ARG_DST, self->output },
    { DNNL_ARG_SCRATCHPAD, self->scratchpad } };

  ONEDNN_TRY (dnnl_primitive_execute (self->product, context->stream,
      self->scratchpad ? 4 : 3, args));
  ONEDNN_TRY (dnnl_stream_wait (context->stream));
  return TRUE;
}

static gboolean
winograd_run (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  const Winograd *self = (const Winograd *) operation;
  guint8 *scratch = context->buffers[ONEDNN_BUFFER_SCRATCHPAD];
  Block block = { self, src, dst, (float *) scratch,
    (float *) (scratch + self->output_offset) };

  ONEDNN_TRY (dnnl_memory_set_data_handle (self->input, block.input));
  ONEDNN_TRY (dnnl_memory_set_data_handle (self->output, block.output));
  if (self->scratchpad)
    ONEDNN_TRY (dnnl_memory_set_data_handle (self->scratchpad,
        scratch + self->scratchpad_offset));
  for (guint i = 0; i < self->batch; i += self->block) {
    alexnet_onednn_parallel (transform_inputs, &block);
    if (!multiply (self, context, error))
      return FALSE;
    alexnet_onednn_parallel (transform_outputs, &block);
    block.src += self->block * alexnet_shape_size (&self->layer.in);
    block.dst += self->block * alexnet_shape_size (&self->layer.out);
  }
  return TRUE;
}

/* ---- compiling ----------------------------------------------------------- */

static gsize
aligned (gsize size)
{
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Bytes of the planes of `n_tiles` tiles. */
static gsize
input_size (const Winograd *self, gsize n_tiles)
{
  guint n = alexnet_winograd_forms[self->tile].tile;

  return aligned (n_tiles * n * n * self->layer.in.channels * sizeof (float));
}

static gsize
output_size (const Winograd *self, gsize n_tiles)
{
  guint n = alexnet_winograd_forms[self->tile].tile;

  return aligned (n_tiles * n * n * self->layer.channels * sizeof (float));
}

/* The largest part of a batch, all parts being equal, that fits. */
static void
choose_block (Winograd *self)
{
  guint n_parts = 1;
  gsize per_image;

  self->n_rows = count_tiles (self->layer.out.height, self->tile);
  self->n_columns = count_tiles (self->layer.out.width, self->tile);
  per_image = (gsize) self->n_rows * self->n_columns;
  while (n_parts < self->batch &&
      (self->batch % n_parts != 0 ||
          input_size (self, self->batch / n_parts * per_image) +
                  output_size (self, self->batch / n_parts * per_image) >
              BLOCK_SIZE))
    n_parts++;
  self->block = self->batch / n_parts;
  self->n_tiles = self->block * per_image;
}

/* [groups * n * n, rows, columns] */
static gboolean
make_desc (DnnlDesc *desc, const Winograd *self, gsize rows, gsize columns,
    dnnl_format_tag_t tag, GError **error)
{
  guint n = alexnet_winograd_forms[self->tile].tile;
  dnnl_dims_t dims = { (dnnl_dim_t) self->layer.groups * n * n,
    (dnnl_dim_t) rows, (dnnl_dim_t) columns };

  ONEDNN_TRY (dnnl_compat_desc_new (desc, 3, dims, dnnl_f32, tag));
  return TRUE;
}

static gboolean
make_memories (Winograd *self, const OnednnContext *context,
    dnnl_primitive_desc_t product, DnnlDesc input, DnnlDesc output,
    GError **error)
{
  DnnlDesc pad = dnnl_primitive_desc_query_md (product,
      dnnl_query_scratchpad_md, 0);
  gsize pad_size = pad ? dnnl_memory_desc_get_size (pad) : 0;

  ONEDNN_TRY (dnnl_memory_create (&self->input, input, context->engine,
      DNNL_MEMORY_NONE));
  ONEDNN_TRY (dnnl_memory_create (&self->output, output, context->engine,
      DNNL_MEMORY_NONE));
  if (pad_size > 0)
    ONEDNN_TRY (dnnl_memory_create (&self->scratchpad, pad, context->engine,
        DNNL_MEMORY_NONE));
  self->output_offset = input_size (self, self->n_tiles);
  self->scratchpad_offset = self->output_offset +
      output_size (self, self->n_tiles);
  self->base.scratch_size = self->scratchpad_offset + pad_size;
  self->zeros = alexnet_onednn_alloc (self->layer.in.channels * sizeof (float),
      error);
  return self->zeros != NULL;
}

static gboolean
make_product (Winograd *self, OnednnContext *context, guint i, GError **error)
{
  gsize in = self->layer.in.channels / self->layer.groups;
  gsize out = self->layer.channels / self->layer.groups;
  g_auto (DnnlDesc) input = NULL;
  g_auto (DnnlDesc) plain = NULL;
  g_auto (DnnlDesc) any = NULL;
  g_auto (DnnlDesc) output = NULL;
  g_auto (dnnl_primitive_attr_t) attr = NULL;
  g_auto (dnnl_primitive_desc_t) desc = NULL;

  if (!make_desc (&input, self, self->n_tiles, in, dnnl_abc, error) ||
      !make_desc (&plain, self, in, out, dnnl_abc, error) ||
      !make_desc (&any, self, in, out, dnnl_format_tag_any, error) ||
      !make_desc (&output, self, self->n_tiles, out, dnnl_abc, error) ||
      !alexnet_onednn_attr_new (&attr, FALSE, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_matmul (&desc, context->engine, input, any, output,
      attr));
  ONEDNN_TRY (dnnl_primitive_create (&self->product, desc));
  return make_memories (self, context, desc, input, output, error) &&
      alexnet_onednn_weights_get (context, i, ONEDNN_WINOGRAD + self->tile,
          plain, dnnl_primitive_desc_query_md (desc, dnnl_query_weights_md, 0),
          &self->weights, error);
}

static gboolean
find_bias (Winograd *self, OnednnContext *context, guint i, GError **error)
{
  dnnl_dims_t dims = { self->layer.channels };
  g_auto (DnnlDesc) desc = NULL;
  dnnl_memory_t memory;
  void *data;

  ONEDNN_TRY (dnnl_compat_desc_new (&desc, 1, dims, dnnl_f32, dnnl_a));
  if (!alexnet_onednn_weights_get (context, i, ONEDNN_BIAS, desc, desc, &memory,
          error))
    return FALSE;
  ONEDNN_TRY (dnnl_memory_get_data_handle (memory, &data));
  self->bias = data;
  return TRUE;
}

static gboolean
make_image_desc (DnnlDesc *desc, guint batch, const AlexnetShape *shape,
    GError **error)
{
  dnnl_dims_t dims = { batch, shape->channels, shape->height, shape->width };

  ONEDNN_TRY (dnnl_compat_desc_new (desc, 4, dims, dnnl_f32, dnnl_nhwc));
  return TRUE;
}

gboolean
alexnet_winograd_add (OnednnProgram *program, guint i, WinogradTile tile,
    gboolean relu, GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  const AlexnetLayer *layer = &context->network.layers[i];
  Winograd *self = g_new0 (Winograd, 1);
  g_auto (DnnlDesc) src = NULL;
  g_auto (DnnlDesc) dst = NULL;

  self->base = (OnednnOperation){ winograd_run, winograd_free, 0 };
  self->tile = tile;
  self->isa = alexnet_cpu_isa ();
  self->layer = *layer;
  self->relu = relu;
  self->batch = alexnet_onednn_program_get_batch (program);
  choose_block (self);
  if (make_product (self, context, i, error) &&
      find_bias (self, context, i, error) &&
      make_image_desc (&src, self->batch, &layer->in, error) &&
      make_image_desc (&dst, self->batch, &layer->out, error) &&
      alexnet_onednn_program_add_reorder (program, src, error))
    return alexnet_onednn_program_add_operation (program, &self->base, dst,
        error);
  winograd_free (&self->base);
  return FALSE;
}
