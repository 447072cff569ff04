/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All threads read and pack a matrix, in units of a few rows. Each takes the
 * first unit that nobody has taken, from one counter, so that together they
 * read the file from its beginning to its end and none waits long for another.
 * A unit is read, converted and written by one thread, to a row of lines of the
 * matrix and an element of `met` which are its own; the order in which elements
 * are added up, and so what is decided by them, does not depend on threads. The
 * first error ends the work of all; alexnet_onednn_parallel() publishes the
 * rest. */

#include "matrix.h"

#include <stdlib.h>
#include <string.h>

#include "onednn/dnnl/parallel.h"
#include "pack.h"

/* Bits of infinity, and of the largest number that LINEAR_F16 can hold. */
#define FLOAT_INFINITE 0x7f800000
#define F16_LARGEST 0x477fe000

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
  span->scales_stride = rows;
  return begin + rows - row;
}

/* ---- packing ------------------------------------------------------------- */

/* Rows of the weights that make a line of each column. */
typedef struct {
  const OnednnMatrix *matrix;
  const AlexnetTensorRows *weight;
  OnednnConvert *convert;
  OnednnTranspose *transpose;
  gsize n_rows, n_units; /* rows of a unit; units */
  gsize distance;        /* bytes from row to row of a unit */
  guint8 *scratch;       /* [threads,scratch_size]: a row, a unit */
  gsize scratch_size;
  OnednnMet *met; /* [n_units] */
  gint next;      /* atomic; the first unit that no thread has taken */
  GError *error;  /* atomic; the first one */
} Packing;

static OnednnConvert *
find_convert (OnednnStorage storage, AlexnetIsa isa)
{
  switch (storage) {
    case LINEAR_BF16:
      return alexnet_onednn_convert_bf16 (isa);
    case LINEAR_F16:
      return alexnet_onednn_convert_f16 (isa);
    case LINEAR_S8:
      return alexnet_onednn_convert_s8 (isa);
    default:
      return alexnet_onednn_convert_f32 (isa);
  }
}

static OnednnTranspose *
find_transpose (gsize size, AlexnetIsa isa)
{
  switch (size) {
    case 1:
      return alexnet_onednn_transpose_8 (isa);
    case 2:
      return alexnet_onednn_transpose_16 (isa);
    default:
      return alexnet_onednn_transpose_32 (isa);
  }
}

/* Row `row` of the weights to out [columns]; zeros where there is none. */
static gboolean
read_row (float *out, const Packing *packing, gsize row, GError **error)
{
  const OnednnMatrix *matrix = packing->matrix;

  if (row < matrix->rows)
    return alexnet_tensor_rows_read (packing->weight, row, 1, out, error);
  memset (out, 0, matrix->columns * sizeof *out);
  return TRUE;
}

static gboolean
pack_unit (const Packing *packing, gsize unit, guint8 *scratch, GError **error)
{
  const OnednnMatrix *matrix = packing->matrix;
  float *values = (float *) scratch;
  guint8 *rows = scratch + matrix->padded_columns * sizeof *values;
  OnednnMet met = { 0 };
  OnednnSpan span;

  alexnet_onednn_matrix_find (matrix, unit * packing->n_rows, 0, &span);
  for (gsize r = 0; r < packing->n_rows; r++) {
    guint16 *scales = span.scales ? (guint16 *) span.scales + r : NULL;

    if (!read_row (values, packing, unit * packing->n_rows + r, error))
      return FALSE;
    packing->convert (rows + r * packing->distance, scales,
        span.stride - LINEAR_PAD, values, matrix->padded_columns, &met);
  }
  packing->transpose ((guint8 *) span.weights, span.stride, rows,
      packing->distance, matrix->padded_columns);
  packing->met[unit] = met;
  return TRUE;
}

static void
pack_share (gpointer user, guint thread, guint n_threads)
{
  Packing *packing = user;
  guint8 *scratch = packing->scratch + thread * packing->scratch_size;
  GError *error = NULL;

  while (!g_atomic_pointer_get (&packing->error)) {
    gsize unit = (gsize) g_atomic_int_add (&packing->next, 1);

    if (unit >= packing->n_units)
      return;
    if (!pack_unit (packing, unit, scratch, &error) &&
        !g_atomic_pointer_compare_and_exchange (&packing->error, NULL, error))
      g_clear_error (&error);
  }
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
  matrix->weights = alexnet_onednn_alloc_unset (matrix->padded_columns *
          (matrix->padded_rows * storage_sizes[storage] +
              n_panels * LINEAR_PAD),
      error);
  if (matrix->weights && storage == LINEAR_S8)
    matrix->scales = alexnet_onednn_alloc_unset (matrix->padded_rows *
            matrix->padded_columns / LINEAR_GROUP * sizeof *matrix->scales,
        error);
  return matrix->weights && (matrix->scales || storage != LINEAR_S8);
}

static OnednnMet
add_up (const OnednnMet *met, gsize n)
{
  OnednnMet all = { 0 };

  for (gsize i = 0; i < n; i++) {
    all.largest = MAX (all.largest, met[i].largest);
    all.largest_finite = MAX (all.largest_finite, met[i].largest_finite);
    all.lost += met[i].lost;
    all.all += met[i].all;
  }
  return all;
}

/* Packs in the storage that the matrix has memory for. */
static gboolean
run_packing (OnednnMatrix *matrix, const AlexnetTensorRows *weight,
    AlexnetIsa isa, OnednnMet *met, GError **error)
{
  gsize size = storage_sizes[matrix->storage];
  Packing packing = { .matrix = matrix,
    .weight = weight,
    .convert = find_convert (matrix->storage, isa),
    .transpose = find_transpose (size, isa),
    .n_rows = LINEAR_LINE / size,
    .n_units = matrix->padded_rows * size / LINEAR_LINE,
    .distance = matrix->padded_columns * size + LINEAR_LINE };
  g_autofree OnednnMet *mets = g_new0 (OnednnMet, packing.n_units);

  packing.met = mets;
  packing.scratch_size = matrix->padded_columns * sizeof (float) +
      packing.n_rows * packing.distance;
  packing.scratch = alexnet_onednn_alloc (alexnet_onednn_get_threads () *
          packing.scratch_size,
      error);
  if (!packing.scratch)
    return FALSE;
  alexnet_onednn_parallel (pack_share, &packing);
  free (packing.scratch);
  if (packing.error)
    g_propagate_error (error, packing.error);
  *met = add_up (mets, packing.n_units);
  return !packing.error;
}

/* In another storage of the same size where LINEAR_F16 cannot hold a weight. */
static gboolean
pack_as (OnednnMatrix *matrix, OnednnStorage storage,
    const AlexnetTensorRows *weight, AlexnetIsa isa, OnednnMet *met,
    GError **error)
{
  if (!allocate (matrix, storage, error) ||
      !run_packing (matrix, weight, isa, met, error))
    return FALSE;
  matrix->finite = met->largest < FLOAT_INFINITE;
  if (storage != LINEAR_F16 || met->largest_finite <= F16_LARGEST)
    return TRUE;
  matrix->storage = LINEAR_BF16;
  return run_packing (matrix, weight, isa, met, error);
}

/* As LINEAR_S8 where the loss still allows it. */
static gboolean
pack (OnednnMatrices *all, OnednnMatrix *matrix, const AlexnetTensor *tensor,
    AlexnetIsa isa, GError **error)
{
  g_autoptr (AlexnetTensorRows)
      weight = alexnet_tensor_rows_new (tensor, error);
  OnednnMet met;

  if (!weight)
    return FALSE;
  if (all->loss_left > 0) {
    double loss;

    if (!pack_as (matrix, LINEAR_S8, weight, isa, &met, error))
      return FALSE;
    loss = met.all > 0 ? met.lost / met.all : 0;
    if (loss <= all->loss_left) {
      all->loss_left -= loss;
      return TRUE;
    }
  }
  return pack_as (matrix, all->storage, weight, isa, &met, error);
}

static OnednnMatrix *
matrix_new (const OnednnContext *context, guint i, GError **error)
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
  if (self->bias &&
      pack (context->matrices, self, &layer->weight, context->isa, error) &&
      alexnet_tensor_to_float (self->bias, &layer->bias, error))
    return self;
  return NULL;
}

const OnednnMatrix *
alexnet_onednn_matrix_peek (const OnednnContext *context, guint layer)
{
  const GPtrArray *list = context->matrices->list;

  for (guint i = 0; i < list->len; i++) {
    const OnednnMatrix *matrix = g_ptr_array_index (list, i);

    if (matrix->layer == layer)
      return matrix;
  }
  return NULL;
}

const OnednnMatrix *
alexnet_onednn_matrix_get (const OnednnContext *context, guint layer,
    GError **error)
{
  const OnednnMatrix *matrix = alexnet_onednn_matrix_peek (context, layer);

  return matrix ? matrix : matrix_new (context, layer, error);
}

const char *
alexnet_onednn_matrix_describe (const OnednnContext *context, guint layer)
{
  const OnednnMatrix *matrix = alexnet_onednn_matrix_peek (context, layer);

  return matrix ? storage_names[matrix->storage] : "-";
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
