/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "matrix.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "onednn/dnnl/parallel.h"
#include "onednn/simd/small-floats.h"

/* Floats between rows that were read, for the reason of LINEAR_PAD. */
#define SKEW (LINEAR_PAD / sizeof (float))

/* Bits of the least float that is not denormal, and of infinity. */
#define FLOAT_NORMAL 0x00800000
#define FLOAT_INFINITE 0x7f800000

/* Added to a float of a magnitude below 2^22, it rounds it to a whole number,
 * which is then in the low bits. */
#define ROUND 0x1.8p23f

static const gsize storage_sizes[] = { 4, 2, 2, 1 };
static const char *const storage_names[] = { "fp32", "bf16", "fp16", "int8" };

struct _OnednnMatrices {
  GPtrArray *list;
  OnednnStorage storage;
  double loss_left;
};

static void
matrix_free (gpointer data)
{
  OnednnMatrix *self = data;

  free (self->weights);
  free (self->scales);
  free (self->bias);
  g_free (self);
}

OnednnMatrices *
alexnet_onednn_matrices_new (OnednnStorage storage, double loss)
{
  OnednnMatrices *self = g_new0 (OnednnMatrices, 1);

  self->list = g_ptr_array_new_with_free_func (matrix_free);
  self->storage = storage;
  self->loss_left = loss;
  return self;
}

void
alexnet_onednn_matrices_free (OnednnMatrices *matrices)
{
  if (!matrices)
    return;
  g_ptr_array_unref (matrices->list);
  g_free (matrices);
}

gsize
alexnet_onednn_matrix_find (const OnednnMatrix *matrix, gsize row, gsize group,
    OnednnSpan *span)
{
  gsize size = storage_sizes[matrix->storage];
  gsize begin = row / matrix->panel_rows * matrix->panel_rows;
  gsize rows = MIN (matrix->panel_rows, matrix->padded_rows - begin);
  gsize n_groups = matrix->padded_columns / LINEAR_GROUP;

  span->stride = rows * size + LINEAR_PAD;
  span->weights = matrix->weights +
      begin / matrix->panel_rows * matrix->padded_columns *
          (matrix->panel_rows * size + LINEAR_PAD) +
      (row - begin) * size;
  span->scales = matrix->scales
      ? matrix->scales + begin * n_groups + group * rows + row - begin
      : NULL;
  return begin + rows - row;
}

/* ---- packing ------------------------------------------------------------- */

typedef struct {
  const OnednnMatrix *matrix;
  const AlexnetTensorRows *weight;
  GError *error;   /* atomic; the first one */
  float *rows;     /* [threads, LINEAR_SLICE, distance] */
  gsize distance;  /* from row to row, the zeros behind `columns` included */
  int too_large;   /* atomic; a weight is finite, but not as fp16 */
  int infinite;    /* atomic; one is not finite */
  double *squares; /* [threads,2]: of what LINEAR_S8 changed, of the weights */
} Packing;

static void
keep_error (Packing *packing, GError *error)
{
  if (!g_atomic_pointer_compare_and_exchange (&packing->error, NULL, error))
    g_error_free (error);
}

static gint32
float_bits (float value)
{
  gint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return bits;
}

static float
float_from_bits (gint32 bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

/* Makes denormal numbers zero. Returns the bits of the largest magnitude. */
static gint32
clean_group (float *values)
{
  gint32 largest = 0;

  for (gsize c = 0; c < LINEAR_GROUP; c++) {
    gint32 bits = float_bits (values[c]), magnitude = bits & G_MAXINT32;

    values[c] = float_from_bits (magnitude < FLOAT_NORMAL ? 0 : bits);
    largest = MAX (largest, magnitude);
  }
  return largest;
}

/* Row `row` of the weights to out [padded_columns], without denormal numbers,
 * which are slow; zeros where there is no such row. */
static void
read_row (float *out, Packing *packing, gsize row)
{
  const OnednnMatrix *matrix = packing->matrix;
  GError *error = NULL;
  gint32 largest = 0;

  if (row >= matrix->rows) {
    memset (out, 0, matrix->columns * sizeof *out);
    return;
  }
  if (!alexnet_tensor_rows_read (packing->weight, row, 1, out, &error)) {
    keep_error (packing, error);
    return;
  }
  for (gsize c = 0; c < matrix->padded_columns; c += LINEAR_GROUP) {
    gint32 bits = clean_group (out + c);

    largest = MAX (largest, bits);
  }
  if (largest >= FLOAT_INFINITE)
    g_atomic_int_set (&packing->infinite, TRUE);
}

/* A slice of a column from `rows`, which lie apart by `distance`. */
static void
pack_f32 (float *out, const float *rows, gsize distance)
{
  for (gsize r = 0; r < LINEAR_SLICE; r++)
    out[r] = rows[r * distance];
}

static void
pack_bf16 (guint16 *out, const float *rows, gsize distance)
{
  for (gsize r = 0; r < LINEAR_SLICE; r++)
    out[r] = alexnet_onednn_bf16_from_float (rows[r * distance]);
}

/* FALSE when a value is finite, but not as fp16. */
static gboolean
pack_f16 (guint16 *out, const float *rows, gsize distance)
{
  gboolean fits = TRUE;

  for (gsize r = 0; r < LINEAR_SLICE; r++) {
    float value = rows[r * distance];

    out[r] = alexnet_onednn_f16_from_float (value);
    fits = fits && !(fabsf (value) > ONEDNN_F16_MAX && isfinite (value));
  }
  return fits;
}

/* What the whole numbers of a group are multiplied with, as bf16: zero where
 * all are, or denormal, and NaN where one is not finite, so that the result is
 * not. */
static guint16
find_scale (const float *values)
{
  gint32 largest = 0;
  float scale;

  for (gsize c = 0; c < LINEAR_GROUP; c++) {
    gint32 magnitude = float_bits (values[c]) & G_MAXINT32;

    largest = MAX (largest, magnitude);
  }
  if (largest >= FLOAT_INFINITE)
    return alexnet_onednn_bf16_from_float (NAN);
  scale = float_from_bits (largest) / G_MAXINT8;
  if (scale < FLT_MIN)
    return 0;
  /* up, so that 127 is enough */
  return (guint16) ((float_bits (scale) + 0xffff) >> 16);
}

/* One row of a group as whole numbers. Adds to lost and all, [LINEAR_GROUP],
 * the squares of what that changes and of the values. */
static void
round_row (gint8 *out, const float *values, float scale, float *lost,
    float *all)
{
  float divisor = scale > 0 ? scale : INFINITY;
  float factor = scale > 0 ? scale : 0;

  for (gsize c = 0; c < LINEAR_GROUP; c++) {
    float shifted = values[c] / divisor + ROUND;
    float rest = values[c] - (shifted - ROUND) * factor;

    out[c] = (gint8) float_bits (shifted);
    lost[c] += rest * rest;
    all[c] += values[c] * values[c];
  }
}

static void
pack_s8_group (const Packing *packing, gsize row, gsize group,
    const float *rows, double *squares)
{
  gint8 wholes[LINEAR_SLICE][LINEAR_GROUP];
  float lost[LINEAR_GROUP] = { 0 }, all[LINEAR_GROUP] = { 0 };
  OnednnSpan span;

  alexnet_onednn_matrix_find (packing->matrix, row, group, &span);
  rows += group * LINEAR_GROUP;
  for (gsize r = 0; r < LINEAR_SLICE; r++, rows += packing->distance) {
    guint16 scale = find_scale (rows);

    ((guint16 *) span.scales)[r] = scale;
    round_row (wholes[r], rows, float_from_bits ((gint32) scale << 16), lost,
        all);
  }
  for (gsize c = 0; c < LINEAR_GROUP; c++) {
    guint8 *out = (guint8 *) span.weights +
        (group * LINEAR_GROUP + c) * span.stride;

    for (gsize r = 0; r < LINEAR_SLICE; r++)
      out[r] = (guint8) wholes[r][c];
    squares[0] += (double) lost[c];
    squares[1] += (double) all[c];
  }
}

static void
pack_s8 (const Packing *packing, gsize row, const float *rows, double *squares)
{
  gsize n_groups = packing->matrix->padded_columns / LINEAR_GROUP;

  for (gsize g = 0; g < n_groups; g++)
    pack_s8_group (packing, row, g, rows, squares);
}

static void
pack_columns (Packing *packing, gsize row, const float *rows)
{
  const OnednnMatrix *matrix = packing->matrix;
  gsize distance = packing->distance;
  OnednnSpan span;

  alexnet_onednn_matrix_find (matrix, row, 0, &span);
  for (gsize c = 0; c < matrix->padded_columns; c++) {
    void *out = (guint8 *) span.weights + c * span.stride;

    if (matrix->storage == LINEAR_F32)
      pack_f32 (out, rows + c, distance);
    else if (matrix->storage == LINEAR_BF16)
      pack_bf16 (out, rows + c, distance);
    else if (!pack_f16 (out, rows + c, distance))
      g_atomic_int_set (&packing->too_large, TRUE);
  }
}

static void
pack_share (gpointer user, guint thread, guint n_threads)
{
  Packing *packing = user;
  gsize n = packing->matrix->padded_rows / LINEAR_SLICE;
  float *rows = packing->rows + thread * LINEAR_SLICE * packing->distance;

  for (gsize i = alexnet_onednn_part (n, thread, n_threads);
       i < alexnet_onednn_part (n, thread + 1, n_threads); i++) {
    for (gsize r = 0; r < LINEAR_SLICE; r++)
      read_row (rows + r * packing->distance, packing, i * LINEAR_SLICE + r);
    if (g_atomic_pointer_get (&packing->error))
      return;
    if (packing->matrix->storage == LINEAR_S8)
      pack_s8 (packing, i * LINEAR_SLICE, rows, packing->squares + 2 * thread);
    else
      pack_columns (packing, i * LINEAR_SLICE, rows);
  }
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

static gboolean
allocate (OnednnMatrix *matrix, OnednnStorage storage, GError **error)
{
  gsize n_panels;

  free (matrix->weights);
  free (matrix->scales);
  matrix->scales = NULL;
  matrix->storage = storage;
  matrix->panel_rows = LINEAR_PAGE / storage_sizes[storage];
  n_panels = (matrix->padded_rows + matrix->panel_rows - 1) /
      matrix->panel_rows;
  matrix->weights = alexnet_onednn_alloc (matrix->padded_columns *
          (matrix->padded_rows * storage_sizes[storage] +
              n_panels * LINEAR_PAD),
      error);
  if (matrix->weights && storage == LINEAR_S8)
    matrix->scales = alexnet_onednn_alloc (matrix->padded_rows *
            matrix->padded_columns / LINEAR_GROUP * sizeof *matrix->scales,
        error);
  return matrix->weights && (matrix->scales || storage != LINEAR_S8);
}

/* Returns a negative number when that fails, else what find_loss() says. */
static double
pack_as (OnednnMatrix *matrix, OnednnStorage storage,
    const AlexnetTensorRows *weight, GError **error)
{
  guint n_threads = alexnet_onednn_get_threads ();
  gsize distance = matrix->padded_columns + SKEW;
  g_autofree double *squares = g_new0 (double, 2 * n_threads);
  Packing packing = {
    .matrix = matrix, .weight = weight, .distance = distance, .squares = squares
  };

  if (!allocate (matrix, storage, error))
    return -1;
  packing.rows = alexnet_onednn_alloc (n_threads * LINEAR_SLICE * distance *
          sizeof (float),
      error);
  if (!packing.rows)
    return -1;
  alexnet_onednn_parallel (pack_share, &packing);
  if (!packing.error && packing.too_large) {
    matrix->storage = LINEAR_BF16;
    alexnet_onednn_parallel (pack_share, &packing);
  }
  free (packing.rows);
  if (packing.error) {
    g_propagate_error (error, packing.error);
    return -1;
  }
  matrix->finite = !packing.infinite;
  return find_loss (squares, n_threads);
}

/* As LINEAR_S8 where the loss still allows it. */
static gboolean
pack (OnednnMatrices *all, OnednnMatrix *matrix, const AlexnetTensor *tensor,
    GError **error)
{
  g_autoptr (AlexnetTensorRows)
      weight = alexnet_tensor_rows_new (tensor, error);
  double loss;

  if (!weight)
    return FALSE;
  if (all->loss_left > 0) {
    loss = pack_as (matrix, LINEAR_S8, weight, error);
    if (loss < 0)
      return FALSE;
    loss *= loss;
    if (loss <= all->loss_left) {
      all->loss_left -= loss;
      return TRUE;
    }
  }
  return pack_as (matrix, all->storage, weight, error) >= 0;
}

static OnednnMatrix *
matrix_new (OnednnContext *context, guint i, GError **error)
{
  const AlexnetLayer *layer = &context->network.layers[i];
  OnednnMatrix *self = g_new0 (OnednnMatrix, 1);

  g_ptr_array_add (context->matrices->list, self);
  self->layer = i;
  self->columns = alexnet_shape_size (&layer->in);
  self->rows = layer->channels;
  self->padded_columns = alexnet_onednn_round_up (self->columns, LINEAR_GROUP);
  self->padded_rows = alexnet_onednn_round_up (self->rows, LINEAR_SLICE);
  self->bias = alexnet_onednn_alloc (self->padded_rows * sizeof (float), error);
  if (self->bias && pack (context->matrices, self, &layer->weight, error) &&
      alexnet_tensor_to_float (self->bias, &layer->bias, error))
    return self;
  return NULL;
}

const OnednnMatrix *
alexnet_onednn_matrix_get (OnednnContext *context, guint layer, GError **error)
{
  const GPtrArray *list = context->matrices->list;

  for (guint i = 0; i < list->len; i++) {
    const OnednnMatrix *matrix = g_ptr_array_index (list, i);

    if (matrix->layer == layer)
      return matrix;
  }
  return matrix_new (context, layer, error);
}

char *
alexnet_onednn_linear_describe (const OnednnContext *context)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const GPtrArray *list = context->matrices->list;

  for (guint i = 0; i < list->len; i++) {
    const OnednnMatrix *matrix = g_ptr_array_index (list, i);
    const char *name = context->network.layers[matrix->layer].name;

    g_string_append_printf (text, "%s%s %s", i > 0 ? ", " : "",
        name ? name : "a linear layer", storage_names[matrix->storage]);
  }
  return g_strdup (text->len > 0 ? text->str : "none");
}
