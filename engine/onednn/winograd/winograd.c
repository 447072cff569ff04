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

#include "onednn/dnnl/isa.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/step/product.h"
#include "tiles.h"
#include "transform.h"

typedef struct {
  OnednnOperation base;
  WinogradTile tile;
  WinogradInput *input;
  WinogradOutput *output;
  AlexnetLayer layer;
  gboolean relu;
  guint batch, block; /* images */
  WinogradTiles tiles;
  gsize n_tiles; /* in a block */
  OnednnProduct product;
  const float *bias;
  float *zeros; /* one pixel outside of the image */
} Winograd;

static const char *
winograd_get_name (guint tile)
{
  return alexnet_winograd_forms[tile].name;
}

/* Tiles of bf16 are several times as fast. */
static gboolean
winograd_fits (const OnednnContext *context, guint i, guint tile, guint batch)
{
  const AlexnetLayer *layer = &context->network.layers[i];

  return !context->int8 && layer->kind == ALEXNET_LAYER_CONV &&
      layer->stride == 1 &&
      layer->kernel == alexnet_winograd_forms[tile].kernel &&
      !(context->type == dnnl_bf16 && alexnet_onednn_has_amx ());
}

/* The transforms add so much to the products. */
static double
winograd_guess (const OnednnContext *context, guint i, guint tile, guint batch)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  const WinogradForm *form = &alexnet_winograd_forms[tile];
  WinogradTiles tiles = alexnet_winograd_tiles (layer, form->output);
  const double transform_cost = 1.5;

  return transform_cost *
      alexnet_onednn_convolution_cost (layer, form->tile * form->tile,
          batch * alexnet_winograd_tiles_per_image (&tiles));
}

static void
winograd_free (OnednnOperation *operation)
{
  Winograd *self = (Winograd *) operation;

  alexnet_onednn_product_clear (&self->product);
  free (self->zeros);
  g_free (self);
}

/* ---- weights ------------------------------------------------------------- */

typedef struct {
  const AlexnetLayer *layer;
  WinogradTile tile;
  WinogradWeights *transform;
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

  for (gsize i = alexnet_onednn_part (in, thread, n_threads); i < end; i++)
    for (gsize g = 0; g < groups; g++)
      job->transform (job->tile, job->to + (g * n * in + i) * out, in * out,
          job->from + (g * out * in + i) * taps, in * taps, out);
}

/* The layer's, transformed by all threads: [groups, n * n, in / groups,
 * out / groups]. */
static gboolean
make_weights (const OnednnContext *context, guint i, guint tile, void *out,
    GError **error)
{
  gsize n = alexnet_onednn_count_weights (context, i);
  g_autofree float *from = alexnet_onednn_floats_new (n, error);
  WeightsJob job = { &context->network.layers[i], (WinogradTile) tile,
    alexnet_onednn_winograd_weights (context->isa), from, out };

  if (!from ||
      !alexnet_onednn_layer_floats (context, i, ONEDNN_WEIGHTS, from, error))
    return FALSE;
  alexnet_onednn_parallel (transform_weights, &job);
  return TRUE;
}

/* ---- running ------------------------------------------------------------- */

typedef struct {
  const Winograd *winograd;
  const float *src; /* of the block's first image */
  float *dst;
  float *input, *output; /* planes */
} Block;

static void
transform_inputs (gpointer user, guint thread, guint n_threads)
{
  const Block *block = user;
  const Winograd *self = block->winograd;
  guint side = alexnet_winograd_forms[self->tile].tile, n = side * side;
  gsize channels = self->layer.in.channels / self->layer.groups;
  gsize plane = self->n_tiles * channels;
  gsize end = alexnet_onednn_part (self->n_tiles, thread + 1, n_threads);
  const void *places[WINOGRAD_MAX_TILE * WINOGRAD_MAX_TILE];
  const float *pixels[WINOGRAD_MAX_TILE * WINOGRAD_MAX_TILE];

  for (gsize t = alexnet_onednn_part (self->n_tiles, thread, n_threads);
       t < end; t++) {
    alexnet_winograd_tiles_read (&self->tiles, block->src, sizeof (float), t,
        self->zeros, places);
    for (guint i = 0; i < n; i++)
      pixels[i] = places[i];
    for (guint g = 0; g < self->layer.groups; g++) {
      self->input (self->tile, block->input + g * n * plane + t * channels,
          plane, pixels, channels);
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
  void *places[WINOGRAD_MAX_TILE * WINOGRAD_MAX_TILE];
  float *pixels[WINOGRAD_MAX_TILE * WINOGRAD_MAX_TILE];

  for (gsize t = alexnet_onednn_part (self->n_tiles, thread, n_threads);
       t < end; t++) {
    alexnet_winograd_tiles_write (&self->tiles, block->dst, sizeof (float), t,
        places);
    for (guint i = 0; i < form->output * form->output; i++)
      pixels[i] = places[i];
    for (guint g = 0; g < self->layer.groups; g++) {
      self->output (self->tile, pixels,
          block->output + g * n * plane + t * channels, plane,
          self->bias + g * channels, self->relu, channels);
      for (guint i = 0; i < form->output * form->output; i++)
        if (pixels[i])
          pixels[i] += channels;
    }
  }
}

static gboolean
winograd_run (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  const Winograd *self = (const Winograd *) operation;
  guint8 *scratch = context->buffers[ONEDNN_BUFFER_SCRATCHPAD];
  const OnednnProduct *product = &self->product;
  guint8 *output = scratch + product->input_size;
  Block block = { self, src, dst, (float *) scratch, (float *) output };

  for (guint i = 0; i < self->batch; i += self->block) {
    alexnet_onednn_parallel (transform_inputs, &block);
    if (!alexnet_onednn_product_run (product, 0, 0, scratch, output,
            output + product->output_size, error))
      return FALSE;
    alexnet_onednn_parallel (transform_outputs, &block);
    block.src += self->block * alexnet_shape_size (&self->layer.in);
    block.dst += self->block * alexnet_shape_size (&self->layer.out);
  }
  return TRUE;
}

/* ---- compiling ----------------------------------------------------------- */

/* Bytes of one tile in all planes. */
static gsize
tile_size (const AlexnetLayer *layer, WinogradTile tile)
{
  gsize n = alexnet_winograd_forms[tile].tile;

  return n * n * (layer->in.channels + layer->channels) * sizeof (float);
}

static gboolean
make_product (Winograd *self, OnednnContext *context, guint i, GError **error)
{
  const AlexnetLayer *layer = &self->layer;
  guint groups = layer->groups, n = alexnet_winograd_forms[self->tile].tile;
  OnednnProductShape shape = { dnnl_f32, groups * n * n, self->n_tiles,
    layer->in.channels / groups, layer->channels / groups, 1, FALSE };
  OnednnValues weights = { make_weights, i, self->tile };

  if (!alexnet_onednn_product_init (&self->product, context, &shape, &weights,
          1, error))
    return FALSE;
  self->base.isa = self->product.isa;
  self->base.scratch_size = self->product.input_size +
      self->product.output_size + self->product.scratchpad_size;
  self->zeros = alexnet_onednn_alloc (layer->in.channels * sizeof (float),
      error);
  return self->zeros != NULL;
}

static gboolean
winograd_add (OnednnProgram *program, guint i, guint tile, gboolean relu,
    dnnl_data_type_t type, GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  const AlexnetLayer *layer = &context->network.layers[i];
  guint n = alexnet_winograd_forms[tile].output;
  OnednnValues bias = { alexnet_onednn_layer_floats, i, ONEDNN_BIAS };
  Winograd *self = g_new0 (Winograd, 1);
  g_auto (DnnlDesc) src = NULL;
  g_auto (DnnlDesc) dst = NULL;

  self->base = (OnednnOperation){ winograd_run, winograd_free, 0, NULL };
  self->tile = (WinogradTile) tile;
  self->input = alexnet_onednn_winograd_input (context->isa);
  self->output = alexnet_onednn_winograd_output (context->isa);
  self->layer = *layer;
  self->relu = relu;
  self->batch = alexnet_onednn_program_get_batch (program);
  self->tiles = alexnet_winograd_tiles (layer, n);
  self->block = alexnet_winograd_tiles_block (&self->tiles, self->batch,
      tile_size (layer, self->tile));
  self->n_tiles = self->block * alexnet_winograd_tiles_per_image (&self->tiles);
  if (make_product (self, context, i, error) &&
      alexnet_onednn_floats_get (context, &bias, layer->channels, &self->bias,
          error) &&
      alexnet_onednn_image_desc_new (&src, self->batch, &layer->in, dnnl_f32,
          dnnl_nhwc, error) &&
      alexnet_onednn_image_desc_new (&dst, self->batch, &layer->out, dnnl_f32,
          dnnl_nhwc, error) &&
      alexnet_onednn_program_add_reorder (program, src, error))
    return alexnet_onednn_program_add_operation (program, &self->base, dst,
        error);
  winograd_free (&self->base);
  return FALSE;
}

const OnednnMethod alexnet_winograd_convolution = {
  .n_variants = WINOGRAD_N_TILES,
  .floats = TRUE,
  .get_name = winograd_get_name,
  .fits = winograd_fits,
  .guess = winograd_guess,
  .add = winograd_add,
};
