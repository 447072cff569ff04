/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "linear.h"

#include <math.h>
#include <string.h>

#include "matrix.h"
#include "onednn/dnnl/parallel.h"
#include "onednn/simd/quantize.h"

/* For up to LINEAR_FEW images each thread takes a part of the columns, so that
 * what it reads lies together; with more it takes a part of the rows. */

/* How much faster the library must be to be worth weights of its own. */
#define LEAD 1.1

/* Floats of the sums that a thread works on; they stay in its cache. */
#define TILE 32768

typedef struct {
  OnednnOperation base;
  const OnednnMatrix *matrix;
  AlexnetIsa isa;
  OnednnLinearKernel *kernel;
  OnednnLinearKernel *dot; /* NULL: not for this matrix or CPU */
  guint batch;
  gboolean relu;
} Linear;

/* Columns of one group. */
typedef struct {
  guint32 group, first, n_blocks; /* first: in the list of columns */
} Part;

typedef struct {
  const Linear *linear;
  const float *src; /* [batch,columns] */
  float *dst;       /* [batch,rows] */
  gboolean whole;   /* `in` holds whole numbers, guint8, else float */
  gsize n_parts;
  Part *parts;
  guint32 *columns; /* in blocks of LINEAR_BLOCK */
  void *in;         /* [blocks][batch][LINEAR_BLOCK] */
  guint8 *wholes;   /* [batch,padded_columns] */
  float *scales;    /* [batch]: what 1 in a whole number stands for */
  float *sums;      /* [threads,sums_size] */
  gsize sums_size;  /* floats */
  guint n_sums;     /* threads whose sums are added up */
  gsize size;       /* bytes of all these */
} Run;

/* The next part of `scratch`, or NULL. */
static void *
take (Run *run, guint8 *scratch, gsize size)
{
  void *part = scratch ? scratch + run->size : NULL;

  run->size += alexnet_onednn_round_up (size, 64);
  return part;
}

/* In `scratch`; NULL to learn the size. */
static Run
make_run (const Linear *self, guint8 *scratch)
{
  const OnednnMatrix *matrix = self->matrix;
  gsize n = matrix->padded_columns, batch = self->batch;
  gsize n_threads = alexnet_onednn_get_threads ();
  Run run = { .linear = self, .n_sums = 1 };

  run.parts = take (&run, scratch, n / LINEAR_GROUP * sizeof (Part));
  run.columns = take (&run, scratch, n * sizeof (guint32));
  run.in = take (&run, scratch, batch * n * sizeof (float));
  run.wholes = take (&run, scratch, batch * n);
  run.scales = take (&run, scratch, batch * sizeof (float));
  run.sums_size = batch <= LINEAR_FEW ? batch * matrix->padded_rows
                                      : MAX (TILE, batch * LINEAR_SLICE);
  run.sums = take (&run, scratch, n_threads * run.sums_size * sizeof (float));
  return run;
}

/* ---- inputs -------------------------------------------------------------- */

gboolean
alexnet_onednn_linear_quantize (AlexnetIsa isa, guint8 *out, float *scale,
    const float *in, gsize n)
{
  float most = alexnet_onednn_largest (isa) (in, n);

  if (most < 0)
    return FALSE;
  *scale = most / G_MAXUINT8;
  if (!isnormal (*scale))
    *scale = 1;
  alexnet_onednn_quantize (isa) (out, in, n, 1 / *scale, 0, G_MAXUINT8);
  return TRUE;
}

/* FALSE when an input is negative or not finite. */
static gboolean
make_whole (Run *run, gsize i)
{
  const OnednnMatrix *matrix = run->linear->matrix;
  guint8 *out = run->wholes + i * matrix->padded_columns;

  if (!alexnet_onednn_linear_quantize (run->linear->isa, out, &run->scales[i],
          run->src + i * matrix->columns, matrix->columns))
    return FALSE;
  memset (out + matrix->columns, 0, matrix->padded_columns - matrix->columns);
  return TRUE;
}

/* Input `c` of image `i` as place `n` of the list; whether it is not zero. */
static inline __attribute__ ((always_inline)) gboolean
put_input (const Run *run, gsize batch, gsize i, gsize c, gsize n,
    gboolean whole)
{
  const OnednnMatrix *matrix = run->linear->matrix;
  gsize to = (n / LINEAR_BLOCK * batch + i) * LINEAR_BLOCK + n % LINEAR_BLOCK;
  float value;

  if (whole) {
    guint8 number = run->wholes[i * matrix->padded_columns + c];

    ((guint8 *) run->in)[to] = number;
    return number != 0;
  }
  value = run->src[i * matrix->columns + c];
  ((float *) run->in)[to] = value;
  return value != 0;
}

/* Fills the last block of the list up. */
static gsize
put_zeros (const Run *run, gsize n)
{
  for (; n % LINEAR_BLOCK != 0; n++) {
    run->columns[n] = run->columns[n - 1];
    for (gsize i = 0; i < run->linear->batch; i++) {
      gsize to = (n / LINEAR_BLOCK * run->linear->batch + i) * LINEAR_BLOCK +
          n % LINEAR_BLOCK;

      if (run->whole)
        ((guint8 *) run->in)[to] = 0;
      else
        ((float *) run->in)[to] = 0;
    }
  }
  return n;
}

static void
add_part (Run *run, gsize group, gsize first, gsize end)
{
  if (end > first)
    run->parts[run->n_parts++] = (Part){ (guint32) group, (guint32) first,
      (guint32) ((end - first) / LINEAR_BLOCK) };
}

/* Without columns that meet only zeros. */
static inline __attribute__ ((always_inline)) void
gather (Run *run, gsize batch, gboolean whole)
{
  gsize columns = run->linear->matrix->columns;
  gsize n = 0;

  for (gsize begin = 0; begin < columns; begin += LINEAR_GROUP) {
    gsize end = MIN (begin + LINEAR_GROUP, columns), first = n;

    for (gsize c = begin; c < end; c++) {
      gboolean any = FALSE;

      run->columns[n] = (guint32) c;
      for (gsize i = 0; i < batch; i++)
        any |= put_input (run, batch, i, c, n, whole);
      n += any;
    }
    n = put_zeros (run, n);
    add_part (run, begin / LINEAR_GROUP, first, n);
  }
}

static void
list_all_columns (Run *run)
{
  gsize n = run->linear->matrix->padded_columns;

  for (gsize c = 0; c < n; c++)
    run->columns[c] = (guint32) c;
  for (gsize c = 0; c < n; c += LINEAR_GROUP)
    add_part (run, c / LINEAR_GROUP, c, c + LINEAR_GROUP);
}

/* All columns of image `i`. */
static void
put_image (const Run *run, gsize i)
{
  const OnednnMatrix *matrix = run->linear->matrix;
  gsize size = run->whole ? 1 : sizeof (float), batch = run->linear->batch;
  const guint8 *in = run->whole
      ? run->wholes + i * matrix->padded_columns
      : (const guint8 *) (run->src + i * matrix->columns);
  gsize n = run->whole ? matrix->padded_columns : matrix->columns;
  guint8 *out = (guint8 *) run->in + i * LINEAR_BLOCK * size;

  for (gsize c = 0; c < matrix->padded_columns; c += LINEAR_BLOCK) {
    gsize some = c < n ? MIN (n - c, LINEAR_BLOCK) * size : 0;

    memcpy (out, in + c * size, some);
    memset (out + some, 0, LINEAR_BLOCK * size - some);
    out += batch * LINEAR_BLOCK * size;
  }
}

static void
put_images (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  gsize n = run->linear->batch;

  for (gsize i = alexnet_onednn_part (n, thread, n_threads);
       i < alexnet_onednn_part (n, thread + 1, n_threads); i++)
    put_image (run, i);
}

static void
prepare (Run *run)
{
  const Linear *self = run->linear;

  run->whole = self->dot != NULL;
  for (gsize i = 0; run->whole && i < self->batch; i++)
    run->whole = make_whole (run, i);
  if (self->batch > LINEAR_FEW || !self->matrix->finite) {
    list_all_columns (run);
    alexnet_onednn_parallel (put_images, run);
  } else if (self->batch == 1)
    run->whole ? gather (run, 1, TRUE) : gather (run, 1, FALSE);
  else
    gather (run, self->batch, run->whole);
}

/* ---- products ------------------------------------------------------------ */

/* sums [rows,batch] of parts first .. end - 1 for the rows from `row`. */
static void
multiply (const Run *run, float *sums, gsize row, gsize rows, gsize first,
    gsize end)
{
  const Linear *self = run->linear;
  gsize size = run->whole ? 1 : sizeof (float);
  OnednnLinearKernel *kernel = run->whole ? self->dot : self->kernel;

  gsize n_listed = end > first
      ? run->parts[end - 1].first + run->parts[end - 1].n_blocks * LINEAR_BLOCK
      : 0;

  memset (sums, 0, rows * self->batch * sizeof *sums);
  for (gsize p = first; p < end; p++) {
    const Part *part = &run->parts[p];
    OnednnSpan span = { .columns = run->columns + part->first,
      .n_blocks = part->n_blocks,
      .n_listed = n_listed - part->first,
      .in = (const guint8 *) run->in + part->first * self->batch * size };

    alexnet_onednn_matrix_find (self->matrix, row, part->group, &span);
    kernel (sums, &span, rows, self->batch);
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
  gsize all = self->matrix->rows, end = MIN (row + rows, all);
  gsize step = run->whole ? LINEAR_DOT_STEP
                          : alexnet_onednn_linear_step (self->isa);

  for (gsize i = 0; i < self->batch; i++)
    for (gsize r = row; r < end; r += 4) {
      gsize of_step = (r - row) % step;
      gsize place = run->whole ? alexnet_onednn_linear_dot_place (of_step)
                               : of_step;

      write_four (run, run->dst + i * all + r,
          sums + ((r - row - of_step) * self->batch + i * step + place),
          run->whole ? run->scales[i] : 1, self->matrix->bias + r,
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
  gsize first = alexnet_onednn_part (run->n_parts, thread, n_threads);
  gsize end = alexnet_onednn_part (run->n_parts, thread + 1, n_threads);
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
  gsize most = run->sums_size / run->linear->batch / LINEAR_SLICE *
      LINEAR_SLICE;
  float *sums = run->sums + thread * run->sums_size;

  while (row < end) {
    gsize rows = MIN (MIN (end - row, most), rows_left (run, row));

    multiply (run, sums, row, rows, 0, run->n_parts);
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

  run.src = src;
  run.dst = dst;
  prepare (&run);
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

static OnednnOperation *
linear_new (OnednnProgram *program, const OnednnMatrix *matrix, gboolean relu)
{
  const OnednnContext *context = alexnet_onednn_program_get_context (program);
  Linear *self = g_new0 (Linear, 1);

  self->base.run = linear_run;
  self->base.free = linear_free;
  self->matrix = matrix;
  self->isa = context->isa;
  self->kernel = find_kernel (matrix->storage, context->isa);
  if (context->int8 && matrix->storage == LINEAR_S8)
    self->dot = alexnet_onednn_linear_dot (context->isa);
  self->base.isa = self->dot ? LINEAR_DOT_ISA : alexnet_isa_name (context->isa);
  self->batch = alexnet_onednn_program_get_batch (program);
  self->relu = relu;
  self->base.scratch_size = make_run (self, NULL).size;
  return &self->base;
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
