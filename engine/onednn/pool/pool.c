/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All formats are blocks of channels, [blocks, height, width, lanes], one block
 * of all of them with dnnl_nhwc and one for each with dnnl_nchw. A thread takes
 * rows of results that lie together, of whatever blocks and images. */

#include "pool.h"

#include "kernels.h"
#include "onednn/dnnl/parallel.h"

typedef struct {
  OnednnOperation base;
  OnednnPool pool;
  OnednnMaxpool *maxpool;
  guint out_height;
  gsize n_blocks;          /* of the whole batch */
  gsize in_size, row_size; /* bytes of a block; of a row of results */
} Maxpool;

typedef struct {
  const Maxpool *maxpool;
  const guint8 *src;
  guint8 *dst;
} Run;

/* ---- running ------------------------------------------------------------- */

static void
run_share (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  const Maxpool *self = run->maxpool;
  gsize rows = self->n_blocks * self->out_height;
  gsize end = alexnet_onednn_part (rows, thread + 1, n_threads);

  for (gsize i = alexnet_onednn_part (rows, thread, n_threads); i < end; i++)
    self->maxpool (run->dst + i * self->row_size,
        run->src + i / self->out_height * self->in_size, &self->pool,
        (guint) (i % self->out_height));
}

static gboolean
maxpool_run (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  Run run = { (const Maxpool *) operation, src, dst };

  alexnet_onednn_parallel (run_share, &run);
  return TRUE;
}

static void
maxpool_free (OnednnOperation *operation)
{
  g_free (operation);
}

/* ---- compiling ----------------------------------------------------------- */

static OnednnMaxpool *
find_kernel (AlexnetIsa isa, dnnl_data_type_t type)
{
  switch (type) {
    case dnnl_bf16:
      return alexnet_onednn_maxpool_bf16 (isa);
    case dnnl_u8:
      return alexnet_onednn_maxpool_u8 (isa);
    case dnnl_s8:
      return alexnet_onednn_maxpool_s8 (isa);
    default:
      g_assert (type == dnnl_f32);
      return alexnet_onednn_maxpool_f32 (isa);
  }
}

/* What the program has come to; if that is none of `tags`, it is brought into
 * the first one. */
static gboolean
find_format (OnednnProgram *program, const AlexnetLayer *layer,
    dnnl_format_tag_t *tag, GError **error)
{
  const dnnl_format_tag_t tags[] = { dnnl_nhwc, dnnl_nChw16c, dnnl_nChw8c,
    dnnl_nChw4c, dnnl_nchw, dnnl_format_tag_undef };
  guint batch = alexnet_onednn_program_get_batch (program);
  DnnlDesc src = alexnet_onednn_program_get_desc (program);
  g_auto (DnnlDesc) wanted = NULL;

  *tag = dnnl_format_tag_undef;
  if (!alexnet_onednn_image_desc_find_tag (src, batch, &layer->in, tags, tag,
          error))
    return FALSE;
  if (*tag != dnnl_format_tag_undef)
    return TRUE;
  *tag = tags[0];
  return alexnet_onednn_image_desc_new (&wanted, batch, &layer->in,
             dnnl_compat_desc_type (src), *tag, error) &&
      alexnet_onednn_program_add_reorder (program, wanted, error);
}

static Maxpool *
maxpool_new (const OnednnProgram *program, const AlexnetLayer *layer,
    dnnl_format_tag_t tag)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  dnnl_data_type_t type =
      dnnl_compat_desc_type (alexnet_onednn_program_get_desc (program));
  guint channels = layer->in.channels;
  gsize lanes = alexnet_onednn_tag_lanes (tag, channels);
  gsize pixel_size = lanes * dnnl_data_type_size (type);
  Maxpool *self = g_new0 (Maxpool, 1);

  self->base = (OnednnOperation){ maxpool_run, maxpool_free, 0, NULL };
  self->pool = (OnednnPool){ lanes, layer->in.height, layer->in.width,
    layer->out.width, layer->kernel, layer->stride, layer->padding };
  self->maxpool = find_kernel (context->isa, type);
  self->out_height = layer->out.height;
  self->n_blocks = alexnet_onednn_program_get_batch (program) *
      ((channels + lanes - 1) / lanes);
  self->in_size = (gsize) layer->in.height * layer->in.width * pixel_size;
  self->row_size = layer->out.width * pixel_size;
  return self;
}

gboolean
alexnet_onednn_add_maxpool (OnednnProgram *program, const AlexnetLayer *layer,
    GError **error)
{
  guint batch = alexnet_onednn_program_get_batch (program);
  dnnl_data_type_t type =
      dnnl_compat_desc_type (alexnet_onednn_program_get_desc (program));
  g_auto (DnnlDesc) dst = NULL;
  dnnl_format_tag_t tag;

  return find_format (program, layer, &tag, error) &&
      alexnet_onednn_image_desc_new (&dst, batch, &layer->out, type, tag,
          error) &&
      alexnet_onednn_program_add_operation (program,
          &maxpool_new (program, layer, tag)->base, dst, error);
}
