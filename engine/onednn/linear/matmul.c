/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "matmul.h"

#include <math.h>

#include "linear.h"
#include "onednn/dnnl/isa.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/step/product.h"

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
  const AlexnetTensorRows *weight;
  gsize rows, columns;
  float *values; /* [rows,columns], or [threads,columns] when not wanted */
  float *scales; /* [rows], or NULL */
  GError *error;
} Reading;

/* What 1 in weights [n] stands for. */
static float
find_scale (const float *weights, gsize n)
{
  float most = 0;

  for (gsize c = 0; c < n; c++) {
    if (!isfinite (weights[c]))
      return NAN;
    most = fmaxf (most, fabsf (weights[c]));
  }
  return isnormal (most / G_MAXINT8) ? most / G_MAXINT8 : 1;
}

static gboolean
read_row (const Reading *reading, float *values, gsize row, GError **error)
{
  float scale;

  if (!alexnet_tensor_rows_read (reading->weight, row, 1, values, error))
    return FALSE;
  scale = find_scale (values, reading->columns);
  if (reading->scales)
    reading->scales[row] = scale;
  for (gsize c = 0; !reading->scales && c < reading->columns; c++)
    values[c] = isfinite (scale) ? rintf (values[c] / scale) : 0;
  return TRUE;
}

static void
read_rows (gpointer user, guint thread, guint n_threads)
{
  Reading *reading = user;
  gsize end = alexnet_onednn_part (reading->rows, thread + 1, n_threads);
  GError *error = NULL;

  for (gsize row = alexnet_onednn_part (reading->rows, thread, n_threads);
       row < end && !error; row++)
    read_row (reading,
        reading->values + (reading->scales ? thread : row) * reading->columns,
        row, &error);
  if (error &&
      !g_atomic_pointer_compare_and_exchange (&reading->error, NULL, error))
    g_error_free (error);
}

/* [rows,columns] in whole numbers, or the scales [rows]. */
static float *
make_values (const OnednnContext *context, guint i, guint key, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  g_autoptr (AlexnetTensorRows)
      weight = alexnet_tensor_rows_new (&layer->weight, error);
  Reading reading = { weight, layer->channels, alexnet_shape_size (&layer->in),
    NULL, NULL, NULL };
  gsize n = key == VALUES ? reading.rows : alexnet_onednn_get_threads ();
  g_autofree float *values = NULL, *scales = NULL;

  if (!weight)
    return NULL;
  values = alexnet_onednn_floats_new (n * reading.columns, error);
  scales = values && key == SCALES
      ? alexnet_onednn_floats_new (reading.rows, error)
      : NULL;
  if (!values || (key == SCALES && !scales))
    return NULL;
  reading.values = values;
  reading.scales = scales;
  alexnet_onednn_parallel (read_rows, &reading);
  if (reading.error) {
    g_propagate_error (error, reading.error);
    return NULL;
  }
  return key == SCALES ? g_steal_pointer (&scales) : g_steal_pointer (&values);
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
  OnednnValues weights = { make_values, i, VALUES };
  OnednnValues scales = { make_values, i, SCALES };
  OnednnValues bias = { alexnet_onednn_layer_floats, i, ONEDNN_BIAS };

  if (!alexnet_onednn_product_init (&self->product, context, &shape, &weights,
          1, error) ||
      !alexnet_onednn_floats_get (context, &scales, self->rows, &self->scales,
          error) ||
      !alexnet_onednn_floats_get (context, &bias, self->rows, &self->bias,
          error))
    return FALSE;
  self->base.isa = alexnet_onednn_primitive_isa (self->product.primitive);
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

/* With nothing between but what keeps it so. */
static gboolean
is_behind_relu (const AlexnetNetwork *network, guint i)
{
  while (i-- > 0) {
    const AlexnetLayer *layer = &network->layers[i];

    if (layer->kind == ALEXNET_LAYER_RELU)
      return TRUE;
    if (layer->kind != ALEXNET_LAYER_MAXPOOL &&
        !alexnet_layer_is_identity (layer))
      return FALSE;
  }
  return FALSE;
}

static gboolean
matmul_fits (const OnednnContext *context, guint i, guint variant, guint batch)
{
  const AlexnetLayer *layer = &context->network.layers[i];

  return layer->kind == ALEXNET_LAYER_LINEAR && context->int8 &&
      batch > LINEAR_FEW && alexnet_onednn_has_vnni () &&
      alexnet_shape_size (&layer->in) <= MOST_COLUMNS &&
      is_behind_relu (&context->network, i);
}

/* Tiles are the faster ones. */
static double
matmul_guess (const OnednnContext *context, guint i, guint variant, guint batch)
{
  return alexnet_onednn_has_amx () ? 0.5 : 2;
}

const OnednnMethod alexnet_linear_matmul = {
  .n_variants = 1,
  .get_name = matmul_get_name,
  .fits = matmul_fits,
  .guess = matmul_guess,
  .add = matmul_add,
};
