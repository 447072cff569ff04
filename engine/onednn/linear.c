/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "linear.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "parallel.h"
#include "simd.h"
#include "small-floats.h"

static const char *const storage_names[] = { "fp32", "bf16", "fp16", "int8" };

/* A layer's weights in panels, as linear-kernels.h has them. */
typedef struct {
  guint layer;
  OnednnStorage storage;
  gsize columns, rows; /* of the weights */
  gsize padded;        /* columns of a panel */
  gsize panel_size;    /* bytes */
  gsize n_panels;
  guint8 *panels;
  float *bias; /* [n_panels * LINEAR_ROWS] */
} Matrix;

typedef struct {
  OnednnOperation base;
  const Matrix *matrix;
  const OnednnLinearKernels *kernels;
  guint batch;
  gboolean relu;
} Linear;

static void
matrix_free (gpointer data)
{
  Matrix *self = data;

  free (self->panels);
  free (self->bias);
  g_free (self);
}

GPtrArray *
alexnet_onednn_linear_matrices_new (void)
{
  return g_ptr_array_new_with_free_func (matrix_free);
}

/* Packing on several threads. */
typedef struct {
  const Matrix *matrix;
  const AlexnetTensor *weight;
  float *rows;     /* [threads, LINEAR_ROWS, padded], zeros behind `columns` */
  int too_large;   /* atomic; a weight is finite, but not as fp16 */
  double *squares; /* [threads,2]: of what LINEAR_S8 changed, of the weights */
} Packing;

/* Row `row` of the weights to out [columns], without denormal numbers, which
 * are slow; zeros where there is no such row. */
static void
read_row (float *out, const Matrix *matrix, const AlexnetTensor *weight,
    gsize row)
{
  gsize size = matrix->columns * alexnet_dtype_size (weight->dtype);
  AlexnetTensor slice = { weight->dtype, 1, { matrix->columns },
    (const guint8 *) weight->data + row * size };

  if (row >= matrix->rows) {
    memset (out, 0, matrix->columns * sizeof *out);
    return;
  }
  alexnet_tensor_to_float (out, &slice);
  for (gsize c = 0; c < matrix->columns; c++)
    if (fabsf (out[c]) < FLT_MIN)
      out[c] = 0;
}

static void
pack_f32 (float *panel, const float *rows, gsize padded)
{
  for (gsize c = 0; c < padded; c++)
    for (gsize r = 0; r < LINEAR_ROWS; r++)
      *panel++ = rows[r * padded + c];
}

static void
pack_bf16 (guint16 *panel, const float *rows, gsize padded)
{
  for (gsize c = 0; c < padded; c++)
    for (gsize r = 0; r < LINEAR_ROWS; r++)
      *panel++ = alexnet_onednn_bf16_from_float (rows[r * padded + c]);
}

/* FALSE when a value is finite, but not as fp16. */
static gboolean
pack_f16 (guint16 *panel, const float *rows, gsize padded)
{
  gboolean fits = TRUE;

  for (gsize c = 0; c < padded; c++)
    for (gsize r = 0; r < LINEAR_ROWS; r++) {
      float value = rows[r * padded + c];

      *panel++ = alexnet_onednn_f16_from_float (value);
      fits = fits && !(fabsf (value) > ONEDNN_F16_MAX && isfinite (value));
    }
  return fits;
}

static float
float_from_bf16 (guint16 value)
{
  guint32 bits = (guint32) value << 16;
  float result;

  memcpy (&result, &bits, sizeof result);
  return result;
}

/* What the whole numbers of a group are multiplied with, as bf16: zero where
 * all are, or denormal, and NaN where one is not finite, so that the result is
 * not. */
static guint16
find_scale (const float *values)
{
  float largest = 0, sum = 0, scale;
  guint32 bits;

  for (gsize c = 0; c < LINEAR_GROUP; c++) {
    largest = fmaxf (largest, fabsf (values[c]));
    sum += fabsf (values[c]);
  }
  if (!isfinite (sum))
    return alexnet_onednn_bf16_from_float (NAN);
  scale = largest / G_MAXINT8;
  if (scale < FLT_MIN)
    return 0;
  memcpy (&bits, &scale, sizeof bits);
  return (guint16) ((bits + 0xffff) >> 16); /* up, so that 127 is enough */
}

/* One row of a group. Adds to squares[2]. */
static void
pack_s8_row (gint8 *out, const float *values, float scale, double *squares)
{
  float lost = 0, all = 0;

  for (gsize c = 0; c < LINEAR_GROUP; c++) {
    float whole = scale > 0 ? rintf (values[c] / scale) : 0;
    float rest = values[c] - whole * scale;

    out[c * LINEAR_ROWS] = (gint8) whole;
    lost += rest * rest;
    all += values[c] * values[c];
  }
  squares[0] += (double) lost;
  squares[1] += (double) all;
}

static void
pack_s8 (guint8 *panel, const float *rows, gsize padded, double *squares)
{
  for (gsize c = 0; c < padded; c += LINEAR_GROUP) {
    guint16 *scales = (guint16 *) panel;
    gint8 *out = (gint8 *) (scales + LINEAR_ROWS);

    for (gsize r = 0; r < LINEAR_ROWS; r++) {
      const float *values = rows + r * padded + c;

      scales[r] = find_scale (values);
      pack_s8_row (out + r, values, float_from_bf16 (scales[r]), squares);
    }
    panel += LINEAR_S8_GROUP_SIZE;
  }
}

static void
pack_panel (Packing *packing, gsize i, float *rows, double *squares)
{
  const Matrix *matrix = packing->matrix;
  guint8 *panel = matrix->panels + i * matrix->panel_size;

  for (gsize r = 0; r < LINEAR_ROWS; r++)
    read_row (rows + r * matrix->padded, matrix, packing->weight,
        i * LINEAR_ROWS + r);
  switch (matrix->storage) {
    case LINEAR_F32:
      pack_f32 ((float *) panel, rows, matrix->padded);
      break;
    case LINEAR_BF16:
      pack_bf16 ((guint16 *) panel, rows, matrix->padded);
      break;
    case LINEAR_F16:
      if (!pack_f16 ((guint16 *) panel, rows, matrix->padded))
        g_atomic_int_set (&packing->too_large, TRUE);
      break;
    default:
      pack_s8 (panel, rows, matrix->padded, squares);
  }
}

static void
pack_share (gpointer user, guint thread, guint n_threads)
{
  Packing *packing = user;
  gsize n = packing->matrix->n_panels;
  float *rows = packing->rows + thread * LINEAR_ROWS * packing->matrix->padded;

  for (gsize i = alexnet_onednn_part (n, thread, n_threads);
       i < alexnet_onednn_part (n, thread + 1, n_threads); i++)
    pack_panel (packing, i, rows, packing->squares + 2 * thread);
}

static gsize
find_panel_size (const Matrix *matrix)
{
  gsize n = LINEAR_ROWS * matrix->padded;

  switch (matrix->storage) {
    case LINEAR_F32:
      return n * sizeof (float);
    case LINEAR_S8:
      return matrix->padded / LINEAR_GROUP * LINEAR_S8_GROUP_SIZE;
    default:
      return n * sizeof (guint16);
  }
}

static gsize
round_up (gsize n, gsize unit)
{
  return (n + unit - 1) / unit * unit;
}

/* What rounding to LINEAR_S8 changed, of the weights: root mean squares. */
static double
find_loss (const double *squares, guint n_threads)
{
  double lost = 0, all = 0;

  for (guint i = 0; i < n_threads; i++) {
    lost += squares[2 * i];
    all += squares[2 * i + 1];
  }
  return all > 0 ? sqrt (lost / all) : 0;
}

/* Allocates and fills the panels; returns a negative number when that fails,
 * else what find_loss() says. */
static double
pack_as (Matrix *matrix, OnednnStorage storage, const AlexnetTensor *weight,
    GError **error)
{
  guint n_threads = alexnet_onednn_get_threads ();
  gsize size = LINEAR_ROWS * matrix->padded * sizeof (float);
  g_autofree double *squares = g_new0 (double, 2 * n_threads);
  Packing packing = { matrix, weight, NULL, FALSE, squares };

  matrix->storage = storage;
  matrix->panel_size = find_panel_size (matrix);
  free (matrix->panels);
  matrix->panels = alexnet_onednn_alloc (matrix->n_panels * matrix->panel_size,
      error);
  packing.rows = matrix->panels ? alexnet_onednn_alloc (n_threads * size, error)
                                : NULL;
  if (!packing.rows)
    return -1;
  alexnet_onednn_parallel (pack_share, &packing);
  if (packing.too_large) {
    matrix->storage = LINEAR_BF16;
    alexnet_onednn_parallel (pack_share, &packing);
  }
  free (packing.rows);
  return find_loss (squares, n_threads);
}

/* As LINEAR_S8 where the context wants that or still can afford it. */
static gboolean
pack (OnednnContext *context, Matrix *matrix, const AlexnetTensor *weight,
    GError **error)
{
  double loss;

  if (context->loss_left > 0) {
    loss = pack_as (matrix, LINEAR_S8, weight, error);
    if (loss < 0)
      return FALSE;
    loss *= loss;
    if (loss <= context->loss_left) {
      context->loss_left -= loss;
      return TRUE;
    }
  }
  return pack_as (matrix, context->storage, weight, error) >= 0;
}

static Matrix *
matrix_new (OnednnContext *context, guint i, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  Matrix *self = g_new0 (Matrix, 1);

  g_ptr_array_add (context->matrices, self);
  self->layer = i;
  self->columns = alexnet_shape_size (&layer->in);
  self->rows = layer->channels;
  self->padded = round_up (self->columns, LINEAR_GROUP);
  self->n_panels = round_up (self->rows, LINEAR_ROWS) / LINEAR_ROWS;
  self->bias = alexnet_onednn_alloc (self->n_panels * LINEAR_ROWS *
          sizeof (float),
      error);
  if (!self->bias || !pack (context, self, &layer->weight, error))
    return NULL;
  alexnet_tensor_to_float (self->bias, &layer->bias);
  return self;
}

static const Matrix *
get_matrix (OnednnContext *context, guint layer, GError **error)
{
  for (guint i = 0; i < context->matrices->len; i++) {
    const Matrix *matrix = g_ptr_array_index (context->matrices, i);

    if (matrix->layer == layer)
      return matrix;
  }
  return matrix_new (context, layer, error);
}

char *
alexnet_onednn_linear_describe (const OnednnContext *context)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < context->matrices->len; i++) {
    const Matrix *matrix = g_ptr_array_index (context->matrices, i);
    const char *name = context->network.layers[matrix->layer].name;

    g_string_append_printf (text, "%s%s %s", i > 0 ? ", " : "",
        name ? name : "a linear layer", storage_names[matrix->storage]);
  }
  return g_strdup (text->len > 0 ? text->str : "none");
}

/* in [batch,columns] -> out [padded,batch], zeros behind `columns`. */
static void
interleave (float *out, const float *in, const Matrix *matrix, guint batch)
{
  for (gsize c = 0; c < matrix->columns; c++)
    for (guint i = 0; i < batch; i++)
      *out++ = in[i * matrix->columns + c];
  memset (out, 0, (matrix->padded - matrix->columns) * batch * sizeof *out);
}

typedef struct {
  const Linear *linear;
  const float *in; /* pieces of the batch, each as interleave() made it */
  float *out;      /* [batch,rows] */
} Run;

/* Images that go through the kernel together. */
static guint
piece_size (const Linear *linear)
{
  guint n = (linear->batch + linear->kernels->max_inputs - 1) /
      linear->kernels->max_inputs;

  return (linear->batch + n - 1) / n;
}

/* Adds the bias to sums [n,LINEAR_ROWS] and writes those rows that exist. */
static void
write_panel (const Run *run, guint first, guint n, gsize panel,
    const float *sums)
{
  const Matrix *matrix = run->linear->matrix;
  const float *bias = matrix->bias + panel * LINEAR_ROWS;
  gsize rows = MIN (matrix->rows - panel * LINEAR_ROWS, LINEAR_ROWS);

  for (guint i = 0; i < n; i++) {
    float *out = run->out + (first + i) * matrix->rows + panel * LINEAR_ROWS;

    for (gsize r = 0; r < rows; r++) {
      float value = sums[i * LINEAR_ROWS + r] + bias[r];

      out[r] = run->linear->relu && value < 0 ? 0 : value;
    }
  }
}

static void
run_panel (const Run *run, gsize panel, guint piece)
{
  const Linear *linear = run->linear;
  const Matrix *matrix = linear->matrix;
  float sums[LINEAR_MAX_INPUTS * LINEAR_ROWS];

  for (guint i = 0; i < linear->batch; i += piece) {
    guint n = MIN (piece, linear->batch - i);

    linear->kernels->kernels[matrix->storage][n - 1](sums,
        matrix->panels + panel * matrix->panel_size,
        run->in + i * matrix->padded, matrix->padded);
    write_panel (run, i, n, panel, sums);
  }
}

static void
run_share (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  gsize n = run->linear->matrix->n_panels;
  guint piece = piece_size (run->linear);

  for (gsize i = alexnet_onednn_part (n, thread, n_threads);
       i < alexnet_onednn_part (n, thread + 1, n_threads); i++)
    run_panel (run, i, piece);
}

static gboolean
linear_run (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  const Linear *self = (const Linear *) operation;
  const Matrix *matrix = self->matrix;
  float *in = context->buffers[ONEDNN_BUFFER_SCRATCHPAD];
  Run run = { self, in, dst };
  guint piece = piece_size (self);

  for (guint i = 0; i < self->batch; i += piece)
    interleave (in + i * matrix->padded,
        (const float *) src + i * matrix->columns, matrix,
        MIN (piece, self->batch - i));
  alexnet_onednn_parallel (run_share, &run);
  return TRUE;
}

static void
linear_free (OnednnOperation *operation)
{
  g_free (operation);
}

static OnednnOperation *
linear_new (OnednnProgram *program, const Matrix *matrix, gboolean relu)
{
  static const OnednnLinearKernels *const kernels[ALEXNET_N_ISAS] =
      SIMD_BY_ISA (alexnet_onednn_linear_kernels);
  Linear *self = g_new0 (Linear, 1);

  self->base.run = linear_run;
  self->base.free = linear_free;
  self->matrix = matrix;
  self->kernels = kernels[alexnet_onednn_program_get_context (program)->isa];
  self->batch = alexnet_onednn_program_get_batch (program);
  self->relu = relu;
  self->base.scratch_size = self->batch * matrix->padded * sizeof (float);
  return &self->base;
}

gboolean
alexnet_onednn_linear_wins (const OnednnContext *context, guint batch)
{
  /* Measured on a Zen 4 with two threads: in float ours is never the slower
   * one, up to 32 images; products of bf16 have twice its speed once the
   * memory is not what bounds them. Plain C is only as good as the memory. */
  if (context->type == dnnl_f32 && context->isa != ALEXNET_ISA_PLAIN)
    return TRUE;
  return batch <= 4;
}

gboolean
alexnet_onednn_linear_add (OnednnProgram *program, guint i, gboolean relu,
    GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  const Matrix *matrix = get_matrix (context, i, error);
  guint batch = alexnet_onednn_program_get_batch (program);
  g_auto (DnnlDesc) src = NULL;
  g_auto (DnnlDesc) dst = NULL;

  if (!matrix)
    return FALSE;
  ONEDNN_TRY (dnnl_compat_desc_new (&src, 2,
      (dnnl_dims_t){ batch, (dnnl_dim_t) matrix->columns }, dnnl_f32, dnnl_nc));
  ONEDNN_TRY (dnnl_compat_desc_new (&dst, 2,
      (dnnl_dims_t){ batch, (dnnl_dim_t) matrix->rows }, dnnl_f32, dnnl_nc));
  return alexnet_onednn_program_add_reorder (program, src, error) &&
      alexnet_onednn_program_add_operation (program,
          linear_new (program, matrix, relu), dst, error);
}
