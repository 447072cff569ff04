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
  guint bytes;             /* of an input of `dot` */
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
  guint bytes;      /* of a whole number that `in` holds; 0: it is float */
  gsize n_parts;
  Part *parts;
  guint32 *columns; /* in blocks of LINEAR_BLOCK */
  void *in;         /* [blocks][batch][bytes][LINEAR_BLOCK] */
  guint8 *wholes;   /* [batch,bytes,padded_columns] */
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
  run.wholes = take (&run, scratch, batch * self->bytes * n);
  run.scales = take (&run, scratch, batch * sizeof (float));
  run.sums_size = batch <= LINEAR_FEW ? batch * matrix->padded_rows
                                      : MAX (TILE, batch * LINEAR_SLICE);
  run.sums = take (&run, scratch, n_threads * run.sums_size * sizeof (float));
  return run;
}

/* ---- inputs -------------------------------------------------------------- */

/* What 1 stands for when `most` is the largest whole number. */
static float
find_scale (float largest, float most)
{
  float scale = largest / most;

  return isnormal (scale) ? scale : 1;
}

gboolean
alexnet_onednn_linear_quantize (AlexnetIsa isa, guint8 *out, float *scale,
    const float *in, gsize n)
{
  float largest = alexnet_onednn_largest (isa) (in, n);

  if (largest < 0)
    return FALSE;
  *scale = find_scale (largest, G_MAXUINT8);
  alexnet_onednn_quantize (isa) (out, in, n, 1 / *scale, 0, G_MAXUINT8);
  return TRUE;
}

/* The same in two bytes, of which the low ones begin at out + `n_padded`. */
static gboolean
quantize16 (AlexnetIsa isa, guint8 *out, gsize n_padded, float *scale,
    const float *in, gsize n)
{
  float largest = alexnet_onednn_largest (isa) (in, n);

  if (largest < 0)
    return FALSE;
  *scale = find_scale (largest, G_MAXUINT16);
  alexnet_onednn_quantize16 (isa) (out, out + n_padded, in, n, 1 / *scale);
  return TRUE;
}

static guint8 *
find_wholes (const Run *run, gsize i)
{
  return run->wholes + i * run->bytes * run->linear->matrix->padded_columns;
}

/* FALSE when an input is negative or not finite. */
static gboolean
make_whole (const Run *run, gsize i)
{
  const OnednnMatrix *matrix = run->linear->matrix;
  AlexnetIsa isa = run->linear->isa;
  const float *in = run->src + i * matrix->columns;
  gsize n = matrix->columns, n_padded = matrix->padded_columns;
  guint8 *out = find_wholes (run, i);

  for (guint b = 0; b < run->bytes; b++)
    memset (out + b * n_padded + n, 0, n_padded - n);
  return run->bytes > 1
      ? quantize16 (isa, out, n_padded, &run->scales[i], in, n)
      : alexnet_onednn_linear_quantize (isa, out, &run->scales[i], in, n);
}

/* Input `c` of image `i`, to the first byte of its place; whether it is not
 * zero. */
static inline __attribute__ ((always_inline)) gboolean
put_whole (const Run *run, guint8 *to, gsize i, gsize c, guint bytes)
{
  gsize n = run->linear->matrix->padded_columns;
  const guint8 *from = run->wholes + i * bytes * n + c;

  to[0] = from[0];
  if (bytes == 1)
    return to[0] != 0;
  to[LINEAR_BLOCK] = from[n];
  return (to[0] | to[LINEAR_BLOCK]) != 0;
}

/* Input `c` of image `i` as place `n` of the list; whether it is not zero. */
static inline __attribute__ ((always_inline)) gboolean
put_input (const Run *run, gsize batch, gsize i, gsize c, gsize n, guint bytes)
{
  gsize block = n / LINEAR_BLOCK * batch + i;
  float value;

  if (bytes > 0)
    return put_whole (run,
        (guint8 *) run->in + block * bytes * LINEAR_BLOCK + n % LINEAR_BLOCK, i,
        c, bytes);
  value = run->src[i * run->linear->matrix->columns + c];
  ((float *) run->in)[block * LINEAR_BLOCK + n % LINEAR_BLOCK] = value;
  return value != 0;
}

/* Fills the last block of the list up. */
static gsize
put_zeros (const Run *run, gsize n)
{
  guint parts = MAX (run->bytes, 1);
  gsize size = run->bytes > 0 ? 1 : sizeof (float);
  gsize n_zeros = (LINEAR_BLOCK - n % LINEAR_BLOCK) % LINEAR_BLOCK;
  guint8 *in = (guint8 *) run->in +
      (n / LINEAR_BLOCK * run->linear->batch * parts * LINEAR_BLOCK +
          n % LINEAR_BLOCK) *
          size;

  for (gsize i = 0; i < run->linear->batch * parts; i++)
    memset (in + i * LINEAR_BLOCK * size, 0, n_zeros * size);
  for (gsize i = 0; i < n_zeros; i++)
    run->columns[n + i] = run->columns[n - 1];
  return n + n_zeros;
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
gather (Run *run, gsize batch, guint bytes)
{
  gsize columns = run->linear->matrix->columns;
  gsize n = 0;

  for (gsize begin = 0; begin < columns; begin += LINEAR_GROUP) {
    gsize end = MIN (begin + LINEAR_GROUP, columns), first = n;

    for (gsize c = begin; c < end; c++) {
      gboolean any = FALSE;

      run->columns[n] = (guint32) c;
      for (gsize i = 0; i < batch; i++)
        any |= put_input (run, batch, i, c, n, bytes);
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

/* in [n] to the first place of each block of out, in which they lie `distance`
 * bytes apart. */
static inline __attribute__ ((always_inline)) void
put_blocks (guint8 *out, gsize distance, const guint8 *in, gsize n,
    gsize n_padded, gsize size)
{
  gsize c = 0;

  for (; c + LINEAR_BLOCK <= n; c += LINEAR_BLOCK, out += distance)
    memcpy (out, in + c * size, LINEAR_BLOCK * size);
  for (; c < n_padded; c += LINEAR_BLOCK, out += distance) {
    gsize some = c < n ? (n - c) * size : 0;

    memset (out, 0, LINEAR_BLOCK * size);
    memcpy (out, in + c * size, some);
  }
}

/* All columns of image `i`. */
static void
put_image (const Run *run, gsize i)
{
  const OnednnMatrix *matrix = run->linear->matrix;
  gsize n = matrix->columns, n_padded = matrix->padded_columns;
  gsize parts = MAX (run->bytes, 1), size = run->bytes > 0 ? 1 : sizeof (float);
  gsize distance = run->linear->batch * parts * LINEAR_BLOCK * size;
  guint8 *out = (guint8 *) run->in + i * parts * LINEAR_BLOCK * size;

  for (guint b = 0; b < run->bytes; b++)
    put_blocks (out + b * LINEAR_BLOCK, distance,
        find_wholes (run, i) + b * n_padded, n_padded, n_padded, 1);
  if (run->bytes == 0)
    put_blocks (out, distance, (const guint8 *) (run->src + i * n), n, n_padded,
        sizeof (float));
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
make_wholes (gpointer user, guint thread, guint n_threads)
{
  const Run *run = user;
  gsize n = run->linear->batch;

  for (gsize i = alexnet_onednn_part (n, thread, n_threads);
       i < alexnet_onednn_part (n, thread + 1, n_threads); i++)
    if (!make_whole (run, i))
      run->scales[i] = NAN;
}

/* Whole numbers where no input is negative or not finite. */
static void
choose_numbers (Run *run)
{
  const Linear *self = run->linear;

  run->bytes = self->dot ? self->bytes : 0;
  if (run->bytes == 0)
    return;
  if (self->batch > LINEAR_FEW)
    alexnet_onednn_parallel (make_wholes, run);
  else
    make_wholes (run, 0, 1);
  for (gsize i = 0; i < self->batch; i++)
    if (isnan (run->scales[i]))
      run->bytes = 0;
}

static void
prepare (Run *run)
{
  const Linear *self = run->linear;

  choose_numbers (run);
  if (self->batch > LINEAR_FEW || !self->matrix->finite) {
    list_all_columns (run);
    alexnet_onednn_parallel (put_images, run);
  } else if (self->batch == 1)
    run->bytes > 0 ? gather (run, 1, 1) : gather (run, 1, 0);
  else
    gather (run, self->batch, run->bytes);
}

/* ---- products ------------------------------------------------------------ */

/* sums [rows,batch] of parts first .. end - 1 for the rows from `row`. */
static void
multiply (const Run *run, float *sums, gsize row, gsize rows, gsize first,
    gsize end)
{
  const Linear *self = run->linear;
  gsize size = run->bytes > 0 ? run->bytes : sizeof (float);
  OnednnLinearKernel *kernel = run->bytes > 0 ? self->dot : self->kernel;
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
  gsize step = run->bytes > 0 ? LINEAR_DOT_STEP
                              : alexnet_onednn_linear_step (self->isa);

  for (gsize i = 0; i < self->batch; i++)
    for (gsize r = row; r < end; r += 4) {
      gsize of_step = (r - row) % step;
      gsize place = run->bytes > 0 ? alexnet_onednn_linear_dot_place (of_step)
                                   : of_step;

      write_four (run, run->dst + i * all + r,
          sums + ((r - row - of_step) * self->batch + i * step + place),
          run->bytes > 0 ? run->scales[i] : 1, self->matrix->bias + r,
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

/* Whole numbers of two bytes are more exact than the weights are; for a single
 * image floats are as fast. */
static void
find_dot (Linear *self, const OnednnContext *context)
{
  if (self->matrix->storage != LINEAR_S8)
    return;
  self->bytes = context->int8 ? 1 : 2;
  if (context->int8)
    self->dot = alexnet_onednn_linear_dot (context->isa);
  else if (self->batch > 1)
    self->dot = alexnet_onednn_linear_dot16 (context->isa);
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
  self->batch = alexnet_onednn_program_get_batch (program);
  find_dot (self, context);
  self->base.isa = self->dot ? LINEAR_DOT_ISA : alexnet_isa_name (context->isa);
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
