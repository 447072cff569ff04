/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The work is divided into units, each one panel of filters over one image, so
 * that a single image keeps all threads busy too. A thread takes some that lie
 * together, and pads each image that it meets into a place of its own, which
 * stays in its cache for all panels. Threads share what they read only, and
 * write to different images or channels. */

#include "amx.h"

#include <math.h>
#include <string.h>

#include "kernels.h"
#include "onednn/dnnl/isa.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/int8/int8.h"
#include "onednn/step/weights.h"
#include "weights.h"

/* A tile whose rows are shorter wastes more than the library does. */
#define LEAST_CHUNK (TILE_BYTES / 2)

/* How many times as fast as direct convolution, for guessing. */
#define LEAD 3

typedef struct {
  OnednnOperation base;
  AlexnetLayer layer;
  AmxLayout layout;
  AmxConvolve *convolve;
  AmxPanel panel; /* what all have in common */
  gsize batch;
  gsize image_size, padded_size, result_size; /* bytes of an image */
  gsize value_size;                           /* bytes of a result */
  const guint8 *weights;
  const float *scales, *bias; /* [panels, AMX_PANEL] */
  guint32 *offsets;
  gint32 *results;
} Amx;

typedef struct {
  const Amx *amx;
  const guint8 *src;
  guint8 *dst, *scratch;
} Run;

/* ---- running ------------------------------------------------------------- */

static void
pad (const Amx *self, guint8 *out, const guint8 *image)
{
  const AmxLayout *layout = &self->layout;
  gsize margin = layout->margin * layout->pixel_size;
  gsize width = self->layer.in.width * layout->pixel_size;
  gsize row = layout->row * layout->pixel_size;
  gsize first = alexnet_amx_layout_first_pixel (layout);
  guint8 *end = out + self->padded_size;

  memset (out, 0, first - margin);
  out += first - margin;
  for (guint y = 0; y < self->layer.in.height; y++, image += width) {
    memset (out, 0, row);
    memcpy (out + margin, image, width);
    out += row;
  }
  memset (out, 0, (gsize) (end - out));
}

/* Place 0 of image `i`, which is padded unless it is `*padded` already. */
static const guint8 *
find_image (const Run *run, gsize i, guint thread, gsize *padded)
{
  const Amx *self = run->amx;
  const guint8 *image = run->src + i * self->image_size;
  guint8 *place = run->scratch + thread * self->padded_size;

  if (self->padded_size == 0)
    return image;
  if (*padded != i)
    pad (self, place, image);
  *padded = i;
  return place + alexnet_amx_layout_first_place (&self->layout);
}

static void
run_panel (const Run *run, const guint8 *image, gsize i, gsize p)
{
  const Amx *self = run->amx;
  const AmxLayout *layout = &self->layout;
  gsize group = p / layout->panels_of_group;
  gsize groups = self->layer.groups;
  gsize first = (gsize) alexnet_amx_layout_filter (layout, p * AMX_PANEL);
  AmxPanel panel = self->panel;

  panel.in = image + group * layout->pixel_size / groups;
  panel.weights = self->weights + p * layout->panel_size;
  panel.scales = self->scales + p * AMX_PANEL;
  panel.bias = self->bias + p * AMX_PANEL;
  panel.n_filters = (guint) MIN (AMX_PANEL,
      (group + 1) * self->layer.channels / groups - first);
  panel.out = run->dst + i * self->result_size + first * self->value_size;
  self->convolve (&panel);
}

static void
run_units (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  gsize n = alexnet_amx_layout_n_panels (&run->amx->layout);
  gsize units = run->amx->batch * n, padded = G_MAXSIZE;
  gsize end = alexnet_onednn_part (units, thread + 1, n_threads);

  for (gsize u = alexnet_onednn_part (units, thread, n_threads); u < end; u++)
    run_panel (run, find_image (run, u / n, thread, &padded), u / n, u % n);
}

static gboolean
amx_run (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  Run run = { (const Amx *) operation, src, dst,
    context->buffers[ONEDNN_BUFFER_SCRATCHPAD] };

  alexnet_onednn_parallel (run_units, &run);
  return TRUE;
}

/* ---- compiling ----------------------------------------------------------- */

static void
amx_free (OnednnOperation *operation)
{
  Amx *self = (Amx *) operation;

  g_free (self->offsets);
  g_free (self->results);
  g_free (self);
}

/* What it computes in and writes. */
static void
choose_types (Amx *self, const OnednnContext *context, guint i, gboolean relu,
    dnnl_data_type_t type)
{
  OnednnQuantization result = { type, 1, -INFINITY, INFINITY };

  self->convolve = alexnet_onednn_amx_bf16 (context->isa);
  if (context->int8) {
    self->convolve = alexnet_onednn_int8_quantization (&self->layer).type ==
            dnnl_s8
        ? alexnet_onednn_amx_s8 (context->isa)
        : alexnet_onednn_amx_u8 (context->isa);
    result = alexnet_onednn_int8_result (&context->network, i);
  }
  self->panel.least = relu ? 0 : result.least;
  self->panel.most = result.most;
  self->panel.type = result.type == dnnl_f32 ? AMX_FLOAT
      : result.type == dnnl_bf16             ? AMX_BF16
                                             : AMX_BYTE;
  self->value_size = dnnl_data_type_size (result.type);
}

static Amx *
amx_new (const OnednnProgram *program, guint i, gboolean relu,
    dnnl_data_type_t type)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  Amx *self = g_new0 (Amx, 1);

  self->base = (OnednnOperation){ amx_run, amx_free, 0, "amx" };
  self->layer = context->network.layers[i];
  self->layout = alexnet_amx_layout_in (context, i);
  self->batch = alexnet_onednn_program_get_batch (program);
  choose_types (self, context, i, relu, type);
  self->image_size = alexnet_shape_size (&self->layer.in) *
      self->layout.value_size;
  self->result_size = alexnet_shape_size (&self->layer.out) * self->value_size;
  self->padded_size = alexnet_amx_layout_padded_size (&self->layout);
  self->base.scratch_size = alexnet_onednn_get_threads () * self->padded_size;
  self->offsets = alexnet_amx_layout_offsets (&self->layout);
  self->results = alexnet_amx_layout_results (&self->layout);
  self->panel.stride = self->layout.pixel_size;
  self->panel.n_places = self->layout.n_places;
  self->panel.offsets = self->offsets;
  self->panel.n_steps = self->layout.n_runs * self->layout.chunks_of_run;
  self->panel.chunk = self->layout.chunk;
  self->panel.results = self->results;
  return self;
}

static gboolean
get_weights (Amx *self, OnednnContext *context, guint i, GError **error)
{
  OnednnValues weights = { alexnet_amx_values, i, AMX_WEIGHTS };
  OnednnValues scales = { alexnet_amx_values, i, AMX_SCALES };
  OnednnValues bias = { alexnet_amx_values, i, AMX_BIAS };
  gsize n = alexnet_amx_layout_n_panels (&self->layout);

  return alexnet_onednn_bytes_get (context, &weights,
             n * self->layout.panel_size, &self->weights, error) &&
      alexnet_onednn_floats_get (context, &scales, n * AMX_PANEL, &self->scales,
          error) &&
      alexnet_onednn_floats_get (context, &bias, n * AMX_PANEL, &self->bias,
          error);
}

/* What it reads is there, `dst` what it writes. */
static gboolean
make_descs (OnednnProgram *program, guint i, dnnl_data_type_t type,
    DnnlDesc *dst, GError **error)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  const AlexnetLayer *layer = &context->network.layers[i];
  guint batch = alexnet_onednn_program_get_batch (program);
  g_auto (DnnlDesc) src = NULL;

  if (context->int8)
    return alexnet_onednn_int8_add_input (program, i, error) &&
        alexnet_onednn_int8_result_desc (dst, program, i, error);
  return alexnet_onednn_image_desc_new (&src, batch, &layer->in, dnnl_bf16,
             dnnl_nhwc, error) &&
      alexnet_onednn_program_add_reorder (program, src, error) &&
      alexnet_onednn_image_desc_new (dst, batch, &layer->out, type, dnnl_nhwc,
          error);
}

static gboolean
amx_add (OnednnProgram *program, guint i, guint variant, gboolean relu,
    dnnl_data_type_t type, GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  Amx *self = amx_new (program, i, relu, type);
  g_auto (DnnlDesc) dst = NULL;

  if (get_weights (self, context, i, error) &&
      make_descs (program, i, type, &dst, error))
    return alexnet_onednn_program_add_operation (program, &self->base, dst,
        error);
  amx_free (&self->base);
  return FALSE;
}

static const char *
amx_get_name (guint variant)
{
  return "implicit-gemm";
}

static gboolean
amx_fits (const OnednnContext *context, guint i, guint variant, guint batch)
{
  const AlexnetLayer *layer = &context->network.layers[i];

  return layer->kind == ALEXNET_LAYER_CONV && layer->stride == 1 &&
      (context->int8 || context->type == dnnl_bf16) &&
      alexnet_onednn_has_amx () &&
      alexnet_onednn_amx_bf16 (context->isa) != NULL &&
      alexnet_amx_layout_in (context, i).chunk >= LEAST_CHUNK;
}

static double
amx_guess (const OnednnContext *context, guint i, guint variant, guint batch)
{
  return alexnet_onednn_convolution_direct_cost (&context->network.layers[i],
             batch) /
      (context->int8 ? LEAD : 2 * LEAD);
}

const OnednnMethod alexnet_amx_convolution = {
  .n_variants = 1,
  .get_name = amx_get_name,
  .fits = amx_fits,
  .guess = amx_guess,
  .add = amx_add,
};
