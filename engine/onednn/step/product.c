/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "product.h"

#include "onednn/dnnl/parallel.h"
#include "program.h"

#define ALIGNMENT 64

typedef struct {
  DnnlDesc input, weights, plain, output;
} Descs;

static void
descs_clear (Descs *descs)
{
  dnnl_compat_desc_free (descs->input);
  dnnl_compat_desc_free (descs->weights);
  dnnl_compat_desc_free (descs->plain);
  dnnl_compat_desc_free (descs->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Descs, descs_clear)

/* Of `n_weights` products at once. */
static gboolean
make_descs (Descs *descs, const OnednnProductShape *shape, guint n_weights,
    GError **error)
{
  gboolean whole = shape->type != dnnl_f32;
  dnnl_dim_t n = (dnnl_dim_t) (n_weights * shape->n);
  dnnl_dim_t rows = (dnnl_dim_t) shape->rows;
  dnnl_dim_t in = (dnnl_dim_t) shape->in, out = (dnnl_dim_t) shape->out;
  dnnl_dims_t input = { n, rows, in }, weights = { n, in, out };
  dnnl_dims_t output = { n, rows, out };

  ONEDNN_TRY (dnnl_compat_desc_new (&descs->input, 3, input, shape->type,
      dnnl_abc));
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->weights, 3, weights,
      whole ? dnnl_s8 : dnnl_f32, dnnl_format_tag_any));
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->plain, 3, weights,
      whole ? dnnl_s8 : dnnl_f32, shape->transposed ? dnnl_acb : dnnl_abc));
  ONEDNN_TRY (dnnl_compat_desc_new (&descs->output, 3, output,
      whole ? dnnl_s32 : dnnl_f32, dnnl_abc));
  return TRUE;
}

static gboolean
make_matmul (dnnl_primitive_desc_t *desc, const OnednnContext *context,
    const Descs *descs, GError **error)
{
  g_auto (dnnl_primitive_attr_t) attr = NULL;

  if (!alexnet_onednn_attr_new (&attr, FALSE, error))
    return FALSE;
  ONEDNN_TRY (dnnl_compat_matmul (desc, context->engine, descs->input,
      descs->weights, descs->output, attr));
  return TRUE;
}

static DnnlDesc
get_weights_desc (dnnl_primitive_desc_t desc)
{
  return dnnl_primitive_desc_query_md (desc, dnnl_query_weights_md, 0);
}

/* All weights in one memory of the context, of which each has a part. */
static gboolean
make_weights (OnednnProduct *self, OnednnContext *context,
    const OnednnProductShape *shape, dnnl_primitive_desc_t one,
    const OnednnValues *values, GError **error)
{
  gsize size = dnnl_memory_desc_get_size (get_weights_desc (one));
  g_auto (dnnl_primitive_desc_t) all = NULL;
  g_auto (Descs) descs = { 0 };
  dnnl_memory_t memory;
  void *data;

  if (!make_descs (&descs, shape, shape->n_weights, error) ||
      !make_matmul (&all, context, &descs, error))
    return FALSE;
  if (dnnl_memory_desc_get_size (get_weights_desc (all)) !=
      shape->n_weights * size) {
    g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED,
        "the weights of several products lie apart");
    return FALSE;
  }
  if (!alexnet_onednn_weights_get (context, values, descs.plain,
          get_weights_desc (all), &memory, error))
    return FALSE;
  ONEDNN_TRY (dnnl_memory_get_data_handle (memory, &data));
  self->weights = g_new0 (dnnl_memory_t, shape->n_weights);
  for (; self->n_weights < shape->n_weights; self->n_weights++)
    ONEDNN_TRY (dnnl_memory_create (&self->weights[self->n_weights],
        get_weights_desc (one), context->engine,
        (guint8 *) data + self->n_weights * size));
  return TRUE;
}

static gboolean
make_user (OnednnProductUser *user, const OnednnContext *context,
    const Descs *descs, DnnlDesc pad, GError **error)
{
  ONEDNN_TRY (dnnl_stream_create (&user->stream, context->engine,
      dnnl_stream_default_flags));
  ONEDNN_TRY (dnnl_memory_create (&user->input, descs->input, context->engine,
      DNNL_MEMORY_NONE));
  ONEDNN_TRY (dnnl_memory_create (&user->output, descs->output, context->engine,
      DNNL_MEMORY_NONE));
  if (pad && dnnl_memory_desc_get_size (pad) > 0)
    ONEDNN_TRY (dnnl_memory_create (&user->scratchpad, pad, context->engine,
        DNNL_MEMORY_NONE));
  return TRUE;
}

static gsize
aligned_size (DnnlDesc desc)
{
  gsize size = desc ? dnnl_memory_desc_get_size (desc) : 0;

  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static gboolean
make_users (OnednnProduct *self, const OnednnContext *context,
    const Descs *descs, dnnl_primitive_desc_t desc, guint n, GError **error)
{
  DnnlDesc pad = dnnl_primitive_desc_query_md (desc, dnnl_query_scratchpad_md,
      0);

  self->input_size = aligned_size (descs->input);
  self->output_size = aligned_size (descs->output);
  self->scratchpad_size = aligned_size (pad);
  self->users = g_new0 (OnednnProductUser, n);
  self->n_users = n;
  for (guint i = 0; i < n; i++)
    if (!make_user (&self->users[i], context, descs, pad, error))
      return FALSE;
  return TRUE;
}

static gboolean
make_product (OnednnProduct *self, OnednnContext *context,
    const OnednnProductShape *shape, const OnednnValues *values, guint n_users,
    GError **error)
{
  g_auto (dnnl_primitive_desc_t) desc = NULL;
  g_auto (Descs) descs = { 0 };

  if (!make_descs (&descs, shape, 1, error) ||
      !make_matmul (&desc, context, &descs, error))
    return FALSE;
  ONEDNN_TRY (dnnl_primitive_create (&self->primitive, desc));
  return make_users (self, context, &descs, desc, n_users, error) &&
      make_weights (self, context, shape, desc, values, error);
}

/* The library plans for as many threads as there are when it is asked. */
gboolean
alexnet_onednn_product_init (OnednnProduct *self, OnednnContext *context,
    const OnednnProductShape *shape, const OnednnValues *values, guint n_users,
    GError **error)
{
  guint n_threads = alexnet_onednn_get_threads ();
  gboolean made;

  if (n_users > 1)
    alexnet_onednn_set_threads (1);
  made = make_product (self, context, shape, values, n_users, error);
  alexnet_onednn_set_threads (n_threads);
  return made;
}

static void
user_clear (OnednnProductUser *user)
{
  if (user->input)
    dnnl_memory_destroy (user->input);
  if (user->output)
    dnnl_memory_destroy (user->output);
  if (user->scratchpad)
    dnnl_memory_destroy (user->scratchpad);
  if (user->stream)
    dnnl_stream_destroy (user->stream);
}

void
alexnet_onednn_product_clear (OnednnProduct *self)
{
  if (self->primitive)
    dnnl_primitive_destroy (self->primitive);
  for (guint i = 0; i < self->n_weights; i++)
    dnnl_memory_destroy (self->weights[i]);
  for (guint i = 0; i < self->n_users; i++)
    user_clear (&self->users[i]);
  g_free (self->weights);
  g_free (self->users);
}

gboolean
alexnet_onednn_product_run (const OnednnProduct *self, guint user,
    guint weights, void *input, void *output, void *scratchpad, GError **error)
{
  const OnednnProductUser *own = &self->users[user];
  dnnl_exec_arg_t args[] = { { DNNL_ARG_SRC, own->input },
    { DNNL_ARG_WEIGHTS, self->weights[weights] }, { DNNL_ARG_DST, own->output },
    { DNNL_ARG_SCRATCHPAD, own->scratchpad } };

  ONEDNN_TRY (dnnl_memory_set_data_handle (own->input, input));
  ONEDNN_TRY (dnnl_memory_set_data_handle (own->output, output));
  if (own->scratchpad)
    ONEDNN_TRY (dnnl_memory_set_data_handle (own->scratchpad, scratchpad));
  ONEDNN_TRY (dnnl_primitive_execute (self->primitive, own->stream,
      own->scratchpad ? 4 : 3, args));
  ONEDNN_TRY (dnnl_stream_wait (own->stream));
  return TRUE;
}
