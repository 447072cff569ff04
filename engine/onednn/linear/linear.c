/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "linear.h"

#include <string.h>

#include "inputs.h"
#include "onednn/dnnl/isa.h"
#include "onednn/dnnl/parallel.h"

/* For up to LINEAR_FEW images each thread takes a part of the columns, so that
 * what it reads lies together; with more it takes a part of the rows. */

/* How much faster the library must be to be worth weights of its own. */
#define LEAD 1.1

/* Groups that tiles take at once: sums are loaded and stored for each time. */
#define TILES_GROUPS 16

#define DOT_MOST 8

/* Floats of the sums that a thread works on; they stay in its cache. */
#define TILE 32768

typedef struct {
  OnednnOperation base;
  const OnednnMatrix *matrix;
  AlexnetIsa isa;
  OnednnNumbers numbers;    /* that `best` reads */
  OnednnLinearKernel *best; /* for this matrix and CPU */
  OnednnLinearKernel *any;  /* reads floats: where an input is not whole */
  guint batch, padded_batch;
  gboolean relu;
} Linear;

typedef struct {
  const Linear *linear;
  OnednnInputs inputs;
  float *dst;      /* [batch,rows] */
  float *sums;     /* [threads,sums_size] */
  gsize sums_size; /* floats */
  guint n_sums;    /* threads whose sums are added up */
  gsize size;      /* bytes of all these */
} Run;

/* The next part of `scratch`, or NULL. */
static void *
take (Run *run, guint8 *scratch, gsize size)
{
  void *part = scratch ? scratch + run->size : NULL;

  run->size += alexnet_onednn_round_up (size, 64);
  return part;
}

static void
take_inputs (Run *run, guint8 *scratch)
{
  OnednnInputs *inputs = &run->inputs;
  gsize n = inputs->matrix->padded_columns, batch = inputs->batch;
  gboolean whole = inputs->numbers == LINEAR_BYTES ||
      inputs->numbers == LINEAR_TWO_BYTES;
  gsize size = alexnet_onednn_inputs_size (inputs);

  inputs->parts = take (run, scratch, n / LINEAR_GROUP * sizeof (OnednnPart));
  inputs->columns = take (run, scratch, n * sizeof (guint32));
  inputs->wholes = take (run, scratch, whole ? batch * n * size : 0);
  inputs->scales = take (run, scratch, batch * sizeof (float));
  inputs->in = take (run, scratch,
      inputs->padded_batch * n * (whole ? sizeof (float) : size));
}

/* In `scratch`; NULL to learn the size. */
static Run
make_run (const Linear *self, guint8 *scratch)
{
  gsize n_threads = alexnet_onednn_get_threads ();
  Run run = { .linear = self, .n_sums = 1 };

  run.inputs = (OnednnInputs){ .matrix = self->matrix,
    .isa = self->isa,
    .batch = self->batch,
    .padded_batch = self->padded_batch,
    .numbers = self->numbers };
  take_inputs (&run, scratch);
  run.sums_size = self->batch <= LINEAR_FEW
      ? self->batch * self->matrix->padded_rows
      : MAX (TILE, self->padded_batch * LINEAR_SLICE);
  run.sums = take (&run, scratch, n_threads * run.sums_size * sizeof (float));
  return run;
}

/* ---- products ------------------------------------------------------------ */

/* sums [rows,padded_batch] of parts first .. end - 1 for the rows from `row`.
 */
static void
multiply (const Run *run, float *sums, gsize row, gsize rows, gsize first,
    gsize end)
{
  const Linear *self = run->linear;
  const OnednnInputs *inputs = &run->inputs;
  gsize size = alexnet_onednn_inputs_size (inputs), n_listed = 0;
  gsize step = inputs->numbers == LINEAR_TILES ? TILES_GROUPS : 1;
  OnednnLinearKernel *kernel = inputs->numbers == self->numbers ? self->best
                                                                : self->any;

  if (end > first)
    n_listed = inputs->parts[end - 1].first +
        inputs->parts[end - 1].n_blocks * LINEAR_BLOCK;
  memset (sums, 0, rows * self->padded_batch * sizeof *sums);
  for (gsize p = first; p < end; p += step) {
    const OnednnPart *part = &inputs->parts[p];
    OnednnSpan span = { .columns = inputs->columns + part->first,
      .n_blocks = part->n_blocks * (guint) MIN (step, end - p),
      .n_listed = n_listed - part->first,
      .in = (const guint8 *) inputs->in +
          part->first * self->padded_batch * size };

    alexnet_onednn_matrix_find (self->matrix, row, part->group, &span);
    kernel (sums, &span, rows, self->padded_batch);
  }
}

typedef float Four __attribute__ ((vector_size (16), aligned (4)));
typedef gint32 FourMasks __attribute__ ((vector_size (16), aligned (4)));

/* out [n] of up to four rows = the sums, with scale and bias. */
static void
write_four (const Run *run, float *out, const float *sums, float scale,
    const float *bias, gsize n)
{
  Four total = { 0 }, addend, zero = { 0 };

  for (guint s = 0; s < run->n_sums; s++) {
    memcpy (&addend, sums + s * run->sums_size, sizeof addend);
    total += addend;
  }
  memcpy (&addend, bias, sizeof addend);
  total = total * scale + addend;
  if (run->linear->relu)
    total = (Four) ((FourMasks) total & ~(FourMasks) (total < zero));
  memcpy (out, &total, n * sizeof *out);
}

static void
write_rows (const Run *run, const float *sums, gsize row, gsize rows)
{
  const Linear *self = run->linear;
  const OnednnInputs *inputs = &run->inputs;
  gsize all = self->matrix->rows, end = MIN (row + rows, all);
  gboolean whole = inputs->numbers == LINEAR_BYTES ||
      inputs->numbers == LINEAR_TWO_BYTES;
  gsize step = inputs->numbers == LINEAR_FLOATS
      ? alexnet_onednn_linear_step (self->isa)
      : LINEAR_SLICE;

  for (gsize i = 0; i < self->batch; i++)
    for (gsize r = row; r < end; r += 4) {
      gsize of_step = (r - row) % step;
      gsize place = whole ? alexnet_onednn_linear_dot_place (of_step) : of_step;

      write_four (run, run->dst + i * all + r,
          sums + ((r - row - of_step) * self->padded_batch + i * step + place),
          whole ? inputs->scales[i] : 1, self->matrix->bias + r,
          MIN (end - r, 4));
    }
}

static gsize
rows_left (const Run *run, gsize row)
{
  OnednnSpan span;

  return alexnet_onednn_matrix_find (run->linear->matrix, row, 0, &span);
}

/* A part of the columns: [rows,batch] for one panel behind the other. */
static void
run_columns (gpointer user, guint thread, guint n_threads)
{
  Run *run = user;
  gsize first = alexnet_onednn_part (run->inputs.n_parts, thread, n_threads);
  gsize end = alexnet_onednn_part (run->inputs.n_parts, thread + 1, n_threads);
  float *sums = run->sums + thread * run->sums_size;
  gsize rows;

  if (thread == 0)
    run->n_sums = n_threads;
  for (gsize row = 0; row < run->linear->matrix->padded_rows; row += rows) {
    rows = rows_left (run, row);
    multiply (run, sums + row * run->linear->batch, row, rows, first, end);
  }
}

static void
run_rows (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  gsize slices = run->linear->matrix->padded_rows / LINEAR_SLICE;
  gsize row = alexnet_onednn_part (slices, thread, n_threads) * LINEAR_SLICE;
  gsize end = alexnet_onednn_part (slices, thread + 1, n_threads) *
      LINEAR_SLICE;
  gsize most = run->sums_size / run->linear->padded_batch / LINEAR_SLICE *
      LINEAR_SLICE;
  float *sums = run->sums + thread * run->sums_size;

  while (row < end) {
    gsize rows = MIN (MIN (end - row, most), rows_left (run, row));

    multiply (run, sums, row, rows, 0, run->inputs.n_parts);
    write_rows (run, sums, row, rows);
    row += rows;
  }
}

static gboolean
linear_run (const OnednnOperation *operation, const OnednnContext *context,
    const void *src, void *dst, GError **error)
{
  const Linear *self = (const Linear *) operation;
  Run run = make_run (self, context->buffers[ONEDNN_BUFFER_SCRATCHPAD]);
  gsize rows;

  run.inputs.src = src;
  run.dst = dst;
  alexnet_onednn_inputs_prepare (&run.inputs);
  if (self->batch > LINEAR_FEW) {
    alexnet_onednn_parallel (run_rows, &run);
    return TRUE;
  }
  alexnet_onednn_parallel (run_columns, &run);
  for (gsize row = 0; row < self->matrix->padded_rows; row += rows) {
    rows = rows_left (&run, row);
    write_rows (&run, run.sums + row * self->batch, row, rows);
  }
  return TRUE;
}

static void
linear_free (OnednnOperation *operation)
{
  g_free (operation);
}

static OnednnLinearKernel *
find_kernel (OnednnStorage storage, AlexnetIsa isa)
{
  switch (storage) {
    case LINEAR_BF16:
      return alexnet_onednn_linear_bf16 (isa);
    case LINEAR_F16:
      return alexnet_onednn_linear_f16 (isa);
    case LINEAR_S8:
      return alexnet_onednn_linear_s8 (isa);
    default:
      return alexnet_onednn_linear_f32 (isa);
  }
}

/* Where the library may use tiles too; a kernel of more than LINEAR_FEW images.
 */
static OnednnLinearKernel *
find_tiles (const OnednnContext *context, OnednnStorage storage)
{
  gboolean bf16 = context->int8 || context->type == dnnl_bf16;

  if (!bf16 || !alexnet_onednn_has_amx ())
    return NULL;
  if (storage == LINEAR_S8)
    return alexnet_onednn_linear_tiles_s8 (context->isa);
  return storage == LINEAR_F16 ? alexnet_onednn_linear_tiles_f16 (context->isa)
                               : NULL;
}

/* Whole numbers of two bytes are more exact than the weights are. */
static OnednnLinearKernel *
find_dot (const OnednnContext *context, OnednnStorage storage)
{
  if (storage != LINEAR_S8)
    return NULL;
  return context->int8 ? alexnet_onednn_linear_dot (context->isa)
                       : alexnet_onednn_linear_dot16 (context->isa);
}

/* Up to DOT_MOST images products of bytes are as fast as tiles; for a single
 * one floats are as fast as products of two bytes. */
static void
choose_kernel (Linear *self, const OnednnContext *context)
{
  OnednnStorage storage = self->matrix->storage;
  OnednnLinearKernel *tiles = find_tiles (context, storage);
  OnednnLinearKernel *dot = find_dot (context, storage);
  guint dot_most = dot && context->int8 ? DOT_MOST : LINEAR_FEW;

  self->any = self->best = find_kernel (storage, context->isa);
  self->padded_batch = self->batch;
  self->base.isa = alexnet_isa_name (context->isa);
  if (tiles && self->batch > dot_most) {
    self->best = tiles;
    self->numbers = LINEAR_TILES;
    self->padded_batch = alexnet_onednn_linear_tiles_inputs (self->batch);
    self->base.isa = "amx";
  } else if (dot && (context->int8 || self->batch > 1)) {
    self->best = dot;
    self->numbers = context->int8 ? LINEAR_BYTES : LINEAR_TWO_BYTES;
    self->base.isa = SIMD_DOT_ISA;
  }
}

static OnednnOperation *
linear_new (OnednnProgram *program, const OnednnMatrix *matrix, gboolean relu)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  Linear *self = g_new0 (Linear, 1);

  self->base.run = linear_run;
  self->base.free = linear_free;
  self->matrix = matrix;
  self->isa = context->isa;
  self->batch = alexnet_onednn_program_get_batch (program);
  self->relu = relu;
  choose_kernel (self, context);
  self->base.scratch_size = make_run (self, NULL).size;
  return &self->base;
}

/* With nothing between but what keeps it so. */
gboolean
alexnet_linear_is_behind_relu (const AlexnetNetwork *network, guint i)
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

gboolean
alexnet_linear_is_fast (const OnednnContext *context, guint i)
{
  const OnednnMatrix *matrix = alexnet_onednn_matrix_peek (context, i);

  return matrix &&
      (find_tiles (context, matrix->storage) ||
          (find_dot (context, matrix->storage) &&
              alexnet_linear_is_behind_relu (&context->network, i)));
}

static const char *
panels_get_name (guint variant)
{
  return "panels";
}

static gboolean
panels_fits (const OnednnContext *context, guint i, guint variant, guint batch)
{
  return context->network.layers[i].kind == ALEXNET_LAYER_LINEAR &&
      (batch <= LINEAR_FEW || context->isa != ALEXNET_ISA_PLAIN);
}

static double
panels_guess (const OnednnContext *context, guint i, guint variant, guint batch)
{
  return 1;
}

static gboolean
panels_add (OnednnProgram *program, guint i, guint variant, gboolean relu,
    dnnl_data_type_t type, GError **error)
{
  OnednnContext *context = alexnet_onednn_program_get_context (program);
  const OnednnMatrix *matrix = alexnet_onednn_matrix_get (context, i, error);
  guint batch = alexnet_onednn_program_get_batch (program);
  g_auto (DnnlDesc) src = NULL;
  g_auto (DnnlDesc) dst = NULL;

  if (!matrix)
    return FALSE;
  return alexnet_onednn_floats_desc_new (&src, batch, matrix->columns, error) &&
      alexnet_onednn_floats_desc_new (&dst, batch, matrix->rows, error) &&
      alexnet_onednn_program_add_reorder (program, src, error) &&
      alexnet_onednn_program_add_operation (program,
          linear_new (program, matrix, relu), dst, error);
}

const OnednnMethod alexnet_linear_panels = {
  .n_variants = 1,
  .lead = LEAD,
  .get_name = panels_get_name,
  .fits = panels_fits,
  .guess = panels_guess,
  .add = panels_add,
};
