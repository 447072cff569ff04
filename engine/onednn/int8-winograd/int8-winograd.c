/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tiles of a batch are taken in parts. A thread takes one part through all
 * steps, in a share of the scratchpad that is small enough for its own cache,
 * and then the next; nobody waits for another one until all are done:
 *
 *     pixels -> numbers [product, group, planes, tiles, parts * in / groups]
 *     and for each panel of each group's filters
 *            -> products, one for each plane: sums [planes, tiles, panel]
 *            -> outputs
 *
 * Threads share what they read only, that is pixels, weights, scales and bias,
 * and write to tiles of their own. The last tiles in a row or column may reach
 * beyond the image, where pixels are 0 and outputs are dropped; the rows behind
 * the last tile of the last part hold whatever was there, and are not read. */

#include "int8-winograd.h"

#include <stdlib.h>

#include "onednn/dnnl/isa.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/int8/int8.h"
#include "onednn/step/product.h"
#include "onednn/winograd/tiles.h"
#include "weights.h"

#define PLANES INT8_WINOGRAD_PLANES
#define MAX_PRODUCTS INT8_WINOGRAD_MAX_PRODUCTS
#define MAX_NUMBERS INT8_WINOGRAD_MAX_NUMBERS
#define MAX_TILE INT8_WINOGRAD_MAX_TILE
#define OUTPUT INT8_WINOGRAD_OUTPUT

/* Tiles that one thread takes through all steps at a time. Their numbers and
 * the weights and sums of a panel lie in its second cache together. */
#define MAX_PART 100

/* Where in a thread's share the numbers of the first tile and group begin, and
 * how far it is to those of the next. */
typedef struct {
  gsize first, to_tile, to_group;
} Numbers;

typedef struct {
  OnednnOperation base;
  Int8WinogradForm form;
  Int8WinogradLayout layout;
  AlexnetLayer layer;
  gboolean is_signed;
  OnednnQuantization result;
  gboolean relu;
  WinogradTiles tiles;
  gsize n_tiles;
  gsize n_parts, part_tiles; /* of the tiles */
  Int8WinogradPanels panels;
  OnednnProduct products[MAX_PRODUCTS];
  /* Where things lie in a thread's share of the scratchpad, and its size. */
  gsize inputs[MAX_PRODUCTS], outputs[MAX_PRODUCTS], scratchpad, share;
  Numbers numbers[MAX_NUMBERS];
  Int8WinogradInput *input;
  Int8WinogradOutput *output;
  const float *scales, *bias;
  void *zeros; /* one pixel outside of the image */
} Int8Winograd;

gboolean
alexnet_int8_winograd_is_exact (AlexnetIsa isa)
{
  return alexnet_onednn_has_avx512_vnni () ||
      alexnet_onednn_multiply_bytes (isa);
}

static const char *
winograd_get_name (guint form)
{
  return alexnet_int8_winograd_forms[form].name;
}

static gboolean
winograd_fits (const OnednnContext *context, guint i, guint form, guint batch)
{
  const AlexnetLayer *layer = &context->network.layers[i];

  return context->int8 && layer->kind == ALEXNET_LAYER_CONV &&
      layer->stride == 1 &&
      layer->kernel == alexnet_int8_winograd_forms[form].kernel &&
      layer->in.channels / layer->groups >= INT8_WINOGRAD_LEAST_INPUTS &&
      layer->channels / layer->groups >= INT8_WINOGRAD_LEAST_OUTPUTS &&
      alexnet_int8_winograd_is_exact (context->isa);
}

static double
winograd_guess (const OnednnContext *context, guint i, guint form, guint batch)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  WinogradTiles tiles = alexnet_winograd_tiles (layer, OUTPUT);
  guint rows = alexnet_int8_winograd_forms[form].rows;

  return alexnet_onednn_convolution_cost (layer, rows * rows,
      batch * alexnet_winograd_tiles_per_image (&tiles));
}

static gsize
divide_up (gsize n, gsize by)
{
  return (n + by - 1) / by;
}

/* ---- running ------------------------------------------------------------- */

/* What all threads do. */
typedef struct {
  const Int8Winograd *winograd;
  const void *src;
  void *dst;
  guint8 *scratch;
  GError *error; /* the first */
} Job;

/* What one thread does: `n` tiles from `first` on. */
typedef struct {
  const Int8Winograd *winograd;
  const Job *job;
  guint thread;
  guint8 *share;
  gsize first, n;
  void *outputs[MAX_PART][OUTPUT * OUTPUT];
} Part;

static gsize
group_inputs (const Int8Winograd *self)
{
  return self->layer.in.channels / self->layer.groups;
}

static gsize
group_outputs (const Int8Winograd *self)
{
  return self->layer.channels / self->layer.groups;
}

static gsize
result_size (const Int8Winograd *self)
{
  return self->result.type == dnnl_f32 ? sizeof (float) : 1;
}

static void
transform_tile (const Part *part, gsize t)
{
  const Int8Winograd *self = part->winograd;
  guint n = self->tiles.tile * self->tiles.tile;
  guint n_numbers = self->layout.rows * self->layout.rows;
  const void *pixels[MAX_TILE * MAX_TILE];
  guint8 *numbers[MAX_NUMBERS];

  alexnet_winograd_tiles_read (&self->tiles, part->job->src, 1, part->first + t,
      self->zeros, pixels);
  for (guint k = 0; k < n_numbers; k++)
    numbers[k] = part->share + self->numbers[k].first +
        t * self->numbers[k].to_tile;
  for (guint g = 0; g < self->layer.groups; g++) {
    self->input (self->form, numbers, pixels, self->is_signed,
        group_inputs (self));
    for (guint i = 0; i < n; i++)
      pixels[i] = (const guint8 *) pixels[i] + group_inputs (self);
    for (guint k = 0; k < n_numbers; k++)
      numbers[k] += self->numbers[k].to_group;
  }
}

static gboolean
multiply (const Part *part, guint group, guint panel, GError **error)
{
  const Int8Winograd *self = part->winograd;

  for (guint p = 0; p < self->layout.n_products; p++) {
    const OnednnProduct *product = &self->products[p];

    if (!alexnet_onednn_product_run (product, part->thread,
            group * (guint) self->panels.n + panel,
            part->share + self->inputs[p] + group * product->input_size,
            part->share + self->outputs[p], part->share + self->scratchpad,
            error))
      return FALSE;
  }
  return TRUE;
}

/* The sums of the first tile. */
static void
find_sums (const Part *part, const gint32 **sums)
{
  const Int8Winograd *self = part->winograd;

  for (guint k = 0; k < PLANES; k++) {
    const Int8WinogradPlace *place = &self->layout.planes[k];

    sums[k] = (const gint32 *) (part->share + self->outputs[place->product]) +
        place->index * self->part_tiles * self->panels.size;
  }
}

static void
transform_sums (const Part *part, guint group, guint panel)
{
  const Int8Winograd *self = part->winograd;
  gsize first = group * group_outputs (self) +
      alexnet_int8_winograd_first (&self->panels, panel);
  const gint32 *in[PLANES];
  Int8WinogradSums sums = { in, self->scales + first, self->bias + first,
    self->layer.channels, self->relu ? 0 : self->result.least,
    self->result.most, self->result.type != dnnl_f32 };
  void *pixels[OUTPUT * OUTPUT];

  find_sums (part, in);
  for (gsize t = 0; t < part->n; t++) {
    for (guint i = 0; i < OUTPUT * OUTPUT; i++)
      pixels[i] = part->outputs[t][i]
          ? (guint8 *) part->outputs[t][i] + first * result_size (self)
          : NULL;
    self->output (pixels, &sums, self->panels.size);
    for (guint k = 0; k < PLANES; k++)
      in[k] += self->panels.size;
  }
}

static gboolean
compute_part (Part *part, GError **error)
{
  const Int8Winograd *self = part->winograd;

  for (gsize t = 0; t < part->n; t++) {
    transform_tile (part, t);
    alexnet_winograd_tiles_write (&self->tiles, part->job->dst,
        result_size (self), part->first + t, part->outputs[t]);
  }
  for (guint g = 0; g < self->layer.groups; g++)
    for (guint p = 0; p < self->panels.n; p++) {
      if (!multiply (part, g, p, error))
        return FALSE;
      transform_sums (part, g, p);
    }
  return TRUE;
}

static void
note_error (Job *job, GError *error)
{
  if (!g_atomic_pointer_compare_and_exchange (&job->error, NULL, error))
    g_error_free (error);
}

static void
compute_parts (gpointer user, guint thread, guint n_threads)
{
  Job *job = user;
  const Int8Winograd *self = job->winograd;
  gsize end = alexnet_onednn_part (self->n_parts, thread + 1, n_threads);
  Part part = { .winograd = self, .job = job, .thread = thread };
  GError *error = NULL;

  part.share = job->scratch + thread * self->share;
  for (gsize i = alexnet_onednn_part (self->n_parts, thread, n_threads);
       i < end && !error; i++) {
    part.first = i * self->part_tiles;
    part.n = MIN (self->part_tiles, self->n_tiles - part.first);
    compute_part (&part, &error);
  }
  if (error)
    note_error (job, error);
}

static gboolean
winograd_run (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  Job job = { (const Int8Winograd *) operation, src, dst,
    context->buffers[ONEDNN_BUFFER_SCRATCHPAD], NULL };

  alexnet_onednn_parallel (compute_parts, &job);
  if (job.error)
    g_propagate_error (error, job.error);
  return !job.error;
}

/* ---- compiling ----------------------------------------------------------- */

static void
winograd_free (OnednnOperation *operation)
{
  Int8Winograd *self = (Int8Winograd *) operation;

  for (guint p = 0; p < self->layout.n_products; p++)
    alexnet_onednn_product_clear (&self->products[p]);
  free (self->zeros);
  g_free (self);
}

/* As many for each thread. */
static void
choose_parts (Int8Winograd *self, guint batch)
{
  guint n_threads = alexnet_onednn_get_threads ();
  gsize n;

  self->n_tiles = batch * alexnet_winograd_tiles_per_image (&self->tiles);
  n = divide_up (divide_up (self->n_tiles, MAX_PART), n_threads) * n_threads;
  self->part_tiles = divide_up (self->n_tiles, n);
  self->n_parts = divide_up (self->n_tiles, self->part_tiles);
}

static void
place_numbers (Int8Winograd *self)
{
  gsize channels = group_inputs (self);

  for (guint k = 0; k < self->layout.rows * self->layout.rows; k++) {
    const Int8WinogradPlace *place = &self->layout.numbers[k];
    gsize row = self->layout.products[place->product].n_parts * channels;

    self->numbers[k] = (Numbers){ self->inputs[place->product] +
          place->index * self->part_tiles * row + place->part * channels,
      row, self->products[place->product].input_size };
  }
}

static gboolean
make_products (Int8Winograd *self, OnednnContext *context, guint i,
    GError **error)
{
  guint groups = self->layer.groups;
  gsize size = 0, pad = 0;

  for (guint p = 0; p < self->layout.n_products; p++) {
    const Int8WinogradProduct *planes = &self->layout.products[p];
    OnednnProduct *product = &self->products[p];
    OnednnProductShape shape = { dnnl_u8, planes->n_planes, self->part_tiles,
      planes->n_parts * group_inputs (self), self->panels.size,
      groups * (guint) self->panels.n, FALSE };
    OnednnValues weights = { alexnet_int8_winograd_values, i, p };

    if (!alexnet_onednn_product_init (product, context, &shape, &weights,
            alexnet_onednn_get_threads (), error))
      return FALSE;
    self->inputs[p] = size;
    self->outputs[p] = size + groups * product->input_size;
    size = self->outputs[p] + product->output_size;
    pad = MAX (pad, product->scratchpad_size);
  }
  self->base.isa = self->products[0].isa;
  self->scratchpad = size;
  self->share = size + pad;
  self->base.scratch_size = alexnet_onednn_get_threads () * self->share;
  place_numbers (self);
  self->zeros = alexnet_onednn_alloc (self->layer.in.channels, error);
  return self->zeros != NULL;
}

static Int8Winograd *
winograd_new (const OnednnProgram *program, guint i, Int8WinogradForm form,
    gboolean relu)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  Int8Winograd *self = g_new0 (Int8Winograd, 1);

  self->base = (OnednnOperation){ winograd_run, winograd_free, 0, NULL };
  self->form = form;
  alexnet_int8_winograd_layout (&self->layout, form);
  self->layer = context->network.layers[i];
  self->is_signed = alexnet_onednn_int8_quantization (&self->layer).type ==
      dnnl_s8;
  self->result = alexnet_onednn_int8_result (&context->network, i);
  self->relu = relu;
  self->tiles = alexnet_winograd_tiles (&self->layer, OUTPUT);
  choose_parts (self, alexnet_onednn_program_get_batch (program));
  self->panels = alexnet_int8_winograd_panels (&self->layer);
  self->input = alexnet_onednn_int8_winograd_input (context->isa);
  self->output = alexnet_onednn_int8_winograd_output (context->isa);
  return self;
}

static gboolean
winograd_add (OnednnProgram *program, guint i, guint form, gboolean relu,
    dnnl_data_type_t type, GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  Int8Winograd *self = winograd_new (program, i, (Int8WinogradForm) form, relu);
  OnednnValues scales = { alexnet_int8_winograd_values, i,
    INT8_WINOGRAD_SCALES };
  OnednnValues bias = { alexnet_int8_winograd_values, i, INT8_WINOGRAD_BIAS };
  gsize channels = self->layer.channels;
  g_auto (DnnlDesc) dst = NULL;

  if (make_products (self, context, i, error) &&
      alexnet_onednn_floats_get (context, &scales, PLANES * channels,
          &self->scales, error) &&
      alexnet_onednn_floats_get (context, &bias, OUTPUT * OUTPUT * channels,
          &self->bias, error) &&
      alexnet_onednn_int8_add_input (program, i, error) &&
      alexnet_onednn_int8_result_desc (&dst, program, i, error))
    return alexnet_onednn_program_add_operation (program, &self->base, dst,
        error);
  winograd_free (&self->base);
  return FALSE;
}

const OnednnMethod alexnet_int8_winograd_convolution = {
  .n_variants = INT8_WINOGRAD_N_FORMS,
  .get_name = winograd_get_name,
  .fits = winograd_fits,
  .guess = winograd_guess,
  .add = winograd_add,
};
