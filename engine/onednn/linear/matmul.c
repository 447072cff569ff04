/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "matmul.h"

#include <math.h>
#include <string.h>

#include "inputs.h"
#include "linear.h"
#include "onednn/dnnl/isa.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/simd/quantize.h"
#include "onednn/step/product.h"
#include "small-floats.h"

/* So many products of 255 and 127 are below 2^31. */
#define MOST_COLUMNS (G_MAXINT32 / (G_MAXUINT8 * G_MAXINT8))

typedef struct {
  OnednnOperation base;
  OnednnProduct product;
  AlexnetIsa isa;
  gsize batch, columns, rows;
  gboolean relu;
  const float *scales, *bias; /* [rows] */
} Matmul;

typedef struct {
  const Matmul *matmul;
  const float *src;
  float *dst;
  guint8 *in;    /* [batch,columns] */
  gint32 *sums;  /* [batch,rows] */
  void *pad;     /* the library's */
  float *scales; /* [batch]: what 1 in an input stands for */
} Run;

/* ---- weights ------------------------------------------------------------- */

enum { VALUES, SCALES };

typedef struct {
  const OnednnMatrix *matrix;
  const AlexnetTensorRows *weight;
  OnednnQuantize *quantize;
  float *values; /* [threads,columns] */
  gint8 *out;    /* [rows,columns] */
  GError *error; /* atomic; the first one */
} Reading;

/* What 1 in a row of weights stands for: the largest of the scales that the
 * groups of its columns have in the panels. NaN where a weight is not finite.
 */
static float
find_scale (const OnednnMatrix *matrix, gsize row)
{
  float most = 0;

  for (gsize i = 0; i < matrix->padded_columns / LINEAR_GROUP; i++) {
    OnednnSpan span;
    float scale;

    alexnet_onednn_matrix_find (matrix, row, i, &span);
    scale = alexnet_bf16_to_float (*span.scales);
    if (isnan (scale))
      return NAN;
    most = fmaxf (most, scale);
  }
  return most > 0 ? most : 1;
}

static gboolean
read_row (const Reading *reading, float *values, gsize row, GError **error)
{
  gsize n = reading->matrix->columns;
  float scale = find_scale (reading->matrix, row);
  gint8 *out = reading->out + row * n;

  if (!alexnet_tensor_rows_read (reading->weight, row, 1, values, error))
    return FALSE;
  if (isnan (scale))
    memset (out, 0, n);
  else
    reading->quantize (out, values, n, 1 / scale, -G_MAXINT8, G_MAXINT8);
  return TRUE;
}

static void
read_rows (gpointer user, guint thread, guint n_threads)
{
  Reading *reading = user;
  gsize rows = reading->matrix->rows;
  gsize end = alexnet_onednn_part (rows, thread + 1, n_threads);
  float *values = reading->values + thread * reading->matrix->columns;
  GError *error = NULL;

  for (gsize row = alexnet_onednn_part (rows, thread, n_threads);
       row < end && !error; row++)
    read_row (reading, values, row, &error);
  if (error &&
      !g_atomic_pointer_compare_and_exchange (&reading->error, NULL, error))
    g_error_free (error);
}

/* [rows,columns] in whole numbers. */
static gboolean
make_values (const OnednnContext *context, const OnednnMatrix *matrix,
    gint8 *out, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[matrix->layer];
  g_autoptr (AlexnetTensorRows)
      weight = alexnet_tensor_rows_new (&layer->weight, error);
  g_autofree float *values = weight
      ? alexnet_onednn_floats_new (alexnet_onednn_get_threads () *
                matrix->columns,
            error)
      : NULL;
  Reading reading = { matrix, weight, alexnet_onednn_quantize (context->isa),
    values, out, NULL };

  if (!values)
    return FALSE;
  alexnet_onednn_parallel (read_rows, &reading);
  if (reading.error)
    g_propagate_error (error, reading.error);
  return !reading.error;
}

/* Those, or the scales [rows]. */
static gboolean
make (const OnednnContext *context, guint i, guint key, void *out,
    GError **error)
{
  const OnednnMatrix *matrix = alexnet_onednn_matrix_get (context, i, error);
  float *scales = out;

  if (!matrix)
    return FALSE;
  if (key == VALUES)
    return make_values (context, matrix, out, error);
  for (gsize row = 0; row < matrix->rows; row++)
    scales[row] = find_scale (matrix, row);
  return TRUE;
}

/* ---- running ------------------------------------------------------------- */

static void
quantize_images (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  const Matmul *self = run->matmul;
  gsize end = alexnet_onednn_part (self->batch, thread + 1, n_threads);

  for (gsize i = alexnet_onednn_part (self->batch, thread, n_threads); i < end;
       i++)
    if (!alexnet_onednn_linear_quantize (self->isa, run->in + i * self->columns,
            &run->scales[i], run->src + i * self->columns, self->columns))
      run->scales[i] = NAN;
}

static void
write_image (const Run *run, gsize i)
{
  const Matmul *self = run->matmul;
  const gint32 *sums = run->sums + i * self->rows;
  const float *scales = self->scales, *bias = self->bias;
  float *out = run->dst + i * self->rows;
  float least = self->relu ? 0 : -INFINITY, scale = run->scales[i];

  for (gsize r = 0; r < self->rows; r++) {
    float value = (float) sums[r] * (scale * scales[r]) + bias[r];

    out[r] = value < least ? least : value;
  }
}

static void
write_images (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  gsize n = run->matmul->batch;

  for (gsize i = alexnet_onednn_part (n, thread, n_threads);
       i < alexnet_onednn_part (n, thread + 1, n_threads); i++)
    write_image (run, i);
}

static gboolean
matmul_run (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  const Matmul *self = (const Matmul *) operation;
  const OnednnProduct *product = &self->product;
  guint8 *in = context->buffers[ONEDNN_BUFFER_SCRATCHPAD];
  guint8 *sums = in + product->input_size;
  guint8 *pad = sums + product->output_size;
  Run run = { self, src, dst, in, (gint32 *) sums, pad,
    (float *) (pad + product->scratchpad_size) };

  alexnet_onednn_parallel (quantize_images, &run);
  if (!alexnet_onednn_product_run (product, 0, 0, run.in, run.sums, run.pad,
          error))
    return FALSE;
  alexnet_onednn_parallel (write_images, &run);
  return TRUE;
}

/* ---- compiling ----------------------------------------------------------- */

static void
matmul_free (OnednnOperation *operation)
{
  Matmul *self = (Matmul *) operation;

  alexnet_onednn_product_clear (&self->product);
  g_free (self);
}

static gboolean
make_product (Matmul *self, OnednnContext *context, guint i, GError **error)
{
  OnednnProductShape shape = { dnnl_u8, 1, self->batch, self->columns,
    self->rows, 1, TRUE };
  OnednnValues weights = { make, i, VALUES };
  OnednnValues scales = { make, i, SCALES };
  OnednnValues bias = { alexnet_onednn_layer_floats, i, ONEDNN_BIAS };

  if (!alexnet_onednn_product_init (&self->product, context, &shape, &weights,
          1, error) ||
      !alexnet_onednn_floats_get (context, &scales, self->rows, &self->scales,
          error) ||
      !alexnet_onednn_floats_get (context, &bias, self->rows, &self->bias,
          error))
    return FALSE;
  self->base.isa = self->product.isa;
  self->base.scratch_size = self->product.input_size +
      self->product.output_size + self->product.scratchpad_size +
      self->batch * sizeof (float);
  return TRUE;
}

static gboolean
matmul_add (OnednnProgram *program, guint i, guint variant, gboolean relu,
    dnnl_data_type_t type, GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  const AlexnetLayer *layer = &context->network.layers[i];
  Matmul *self = g_new0 (Matmul, 1);
  g_auto (DnnlDesc) src = NULL;
  g_auto (DnnlDesc) dst = NULL;

  self->base = (OnednnOperation){ matmul_run, matmul_free, 0, NULL };
  self->isa = context->isa;
  self->batch = alexnet_onednn_program_get_batch (program);
  self->columns = alexnet_shape_size (&layer->in);
  self->rows = layer->channels;
  self->relu = relu;
  if (make_product (self, context, i, error) &&
      alexnet_onednn_floats_desc_new (&src, self->batch, self->columns,
          error) &&
      alexnet_onednn_floats_desc_new (&dst, self->batch, self->rows, error) &&
      alexnet_onednn_program_add_reorder (program, src, error))
    return alexnet_onednn_program_add_operation (program, &self->base, dst,
        error);
  matmul_free (&self->base);
  return FALSE;
}

static const char *
matmul_get_name (guint variant)
{
  return "matmul";
}

/* Measured on an Emerald Rapids with two threads, with and without its tiles:
 * our own products of whole numbers take half of the time with vectors of 512
 * bits, and tiles of ours about as long with 12 to 32 images, without a second
 * form of the weights. */
static gboolean
matmul_fits (const OnednnContext *context, guint i, guint variant, guint batch)
{
  const AlexnetLayer *layer = &context->network.layers[i];

  return layer->kind == ALEXNET_LAYER_LINEAR && context->int8 &&
      batch > LINEAR_FEW && alexnet_onednn_has_vnni () &&
      !alexnet_onednn_has_amx () &&
      alexnet_shape_size (&layer->in) <= MOST_COLUMNS &&
      alexnet_linear_is_behind_relu (&context->network, i) &&
      !alexnet_linear_is_fast (context, i);
}

static double
matmul_guess (const OnednnContext *context, guint i, guint variant, guint batch)
{
  return 2;
}

const OnednnMethod alexnet_linear_matmul = {
  .n_variants = 1,
  .library = TRUE,
  .get_name = matmul_get_name,
  .fits = matmul_fits,
  .guess = matmul_guess,
  .add = matmul_add,
};
