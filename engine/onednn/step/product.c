/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "product.h"

#include "onednn/dnnl/isa.h"
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
align (gsize size)
{
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static gsize
aligned_size (DnnlDesc desc)
{
  return align (desc ? dnnl_memory_desc_get_size (desc) : 0);
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

/* ---- by ourselves -------------------------------------------------------- */

static gboolean
is_own (const OnednnProduct *self)
{
  return self->multiply || self->multiply_bytes;
}

static gsize
panel_size (const OnednnProduct *self)
{
  return self->multiply ? MULTIPLY_PANEL : MULTIPLY_BYTES_PANEL;
}

static gsize
count_panels (const OnednnProduct *self)
{
  return (self->shape.out + panel_size (self) - 1) / panel_size (self);
}

/* What one thread works in. */
static gsize
packed_size (const OnednnProduct *self)
{
  return self->multiply ? 0
                        : align (alexnet_onednn_packed_size (self->shape.in));
}

static void
choose_sizes (OnednnProduct *self, guint n_users)
{
  const OnednnProductShape *shape = &self->shape;
  gsize n = shape->n * shape->rows;
  guint n_threads = n_users > 1 ? 1 : alexnet_onednn_get_threads ();

  self->n_users = n_users;
  self->input_size = align (n * shape->in *
      (self->multiply ? sizeof (float) : 1));
  self->output_size = align (n * shape->out * sizeof (gint32));
  self->scratchpad_size = n_threads * packed_size (self);
}

/* Floats in panels of outputs, bytes as they are. */
static gboolean
make_own (OnednnProduct *self, OnednnContext *context,
    const OnednnValues *values, guint n_users, GError **error)
{
  const OnednnProductShape *shape = &self->shape;
  dnnl_dims_t dims = { (dnnl_dim_t) (shape->n_weights * shape->n),
    (dnnl_dim_t) shape->out, (dnnl_dim_t) shape->in };
  dnnl_data_type_t type = self->multiply ? dnnl_f32 : dnnl_s8;
  g_auto (DnnlDesc) plain = NULL;
  g_auto (DnnlDesc) wanted = NULL;
  dnnl_memory_t memory;
  void *data;

  ONEDNN_TRY (dnnl_compat_desc_new (&plain, 3, dims, type,
      shape->transposed ? dnnl_abc : dnnl_acb));
  ONEDNN_TRY (dnnl_compat_desc_new (&wanted, 3, dims, type,
      self->multiply ? dnnl_aBc8b : dnnl_acb));
  if (!alexnet_onednn_weights_get (context, values, plain, wanted, &memory,
          error))
    return FALSE;
  ONEDNN_TRY (dnnl_memory_get_data_handle (memory, &data));
  self->panels = data;
  self->bytes = data;
  choose_sizes (self, n_users);
  return TRUE;
}

typedef struct {
  const OnednnProduct *product;
  gsize weights; /* those of the first product */
  const void *input;
  void *output;
  guint8 *packed; /* [threads,packed_size()] */
} Run;

/* Panel `p` of product `i`. */
static void
multiply_floats (const Run *run, gsize i, gsize p)
{
  const OnednnProduct *product = run->product;
  const OnednnProductShape *shape = &product->shape;
  gsize first = p * MULTIPLY_PANEL;
  OnednnPanel panel = {
    .input = (const float *) run->input + i * shape->rows * shape->in,
    .weights = product->panels +
        ((run->weights + i) * count_panels (product) + p) * shape->in *
            MULTIPLY_PANEL,
    .output = (float *) run->output + i * shape->rows * shape->out + first,
    .rows = shape->rows,
    .in = shape->in,
    .stride = shape->out,
    .n = MIN (shape->out - first, MULTIPLY_PANEL),
  };

  product->multiply (&panel);
}

static void
multiply_bytes (const Run *run, gsize i, gsize p, guint thread)
{
  const OnednnProduct *product = run->product;
  const OnednnProductShape *shape = &product->shape;
  gsize first = p * MULTIPLY_BYTES_PANEL;
  OnednnBytesPanel panel = {
    .input = (const guint8 *) run->input + i * shape->rows * shape->in,
    .weights = product->bytes + (run->weights + i) * shape->in * shape->out +
        first,
    .output = (gint32 *) run->output + i * shape->rows * shape->out + first,
    .packed = (gint8 *) (run->packed + thread * packed_size (product)),
    .rows = shape->rows,
    .in = shape->in,
    .stride = shape->out,
    .n = MIN (shape->out - first, MULTIPLY_BYTES_PANEL),
  };

  product->multiply_bytes (&panel);
}

static void
multiply_share (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  gsize n_panels = count_panels (run->product);
  gsize n = run->product->shape.n * n_panels;
  gsize end = alexnet_onednn_part (n, thread + 1, n_threads);

  for (gsize i = alexnet_onednn_part (n, thread, n_threads); i < end; i++)
    if (run->product->multiply)
      multiply_floats (run, i / n_panels, i % n_panels);
    else
      multiply_bytes (run, i / n_panels, i % n_panels, thread);
}

static void
run_own (const OnednnProduct *self, Run *run)
{
  if (self->n_users > 1)
    multiply_share (run, 0, 1);
  else
    alexnet_onednn_parallel (multiply_share, run);
}

/* ---- by whichever -------------------------------------------------------- */

/* The library plans for as many threads as there are when it is asked. */
static gboolean
make_by_library (OnednnProduct *self, OnednnContext *context,
    const OnednnValues *values, guint n_users, GError **error)
{
  guint n_threads = alexnet_onednn_get_threads ();
  gboolean made;

  if (n_users > 1)
    alexnet_onednn_set_threads (1);
  made = make_product (self, context, &self->shape, values, n_users, error);
  alexnet_onednn_set_threads (n_threads);
  if (made)
    self->isa = alexnet_onednn_primitive_isa (self->primitive);
  return made;
}

gboolean
alexnet_onednn_product_init (OnednnProduct *self, OnednnContext *context,
    const OnednnProductShape *shape, const OnednnValues *values, guint n_users,
    GError **error)
{
  self->shape = *shape;
  if (shape->type == dnnl_f32)
    self->multiply = alexnet_onednn_multiply (context->isa);
  else
    self->multiply_bytes = alexnet_onednn_multiply_bytes (context->isa);
  if (!is_own (self))
    return make_by_library (self, context, values, n_users, error);
  self->isa = self->multiply ? alexnet_isa_name (context->isa) : SIMD_DOT_ISA;
  return make_own (self, context, values, n_users, error);
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
  for (guint i = 0; self->users && i < self->n_users; i++)
    user_clear (&self->users[i]);
  g_free (self->weights);
  g_free (self->users);
}

static gboolean
run_by_library (const OnednnProduct *self, guint user, guint weights,
    void *input, void *output, void *scratchpad, GError **error)
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

gboolean
alexnet_onednn_product_run (const OnednnProduct *self, guint user,
    guint weights, void *input, void *output, void *scratchpad, GError **error)
{
  Run run = { self, weights * self->shape.n, input, output, scratchpad };

  if (!is_own (self))
    return run_by_library (self, user, weights, input, output, scratchpad,
        error);
  run_own (self, &run);
  return TRUE;
}
