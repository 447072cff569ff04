/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "inputs.h"

#include <math.h>
#include <string.h>

#include "onednn/dnnl/parallel.h"
#include "onednn/simd/quantize.h"

#define FORCED static inline __attribute__ ((always_inline))

/* Where one number is more than one of its parts, these lie apart: blocks of
 * high bytes, then of low ones. */
static gsize
count_parts (OnednnNumbers numbers)
{
  return numbers == LINEAR_TWO_BYTES ? 2 : 1;
}

static gsize
get_part_size (OnednnNumbers numbers)
{
  static const gsize sizes[] = { sizeof (float), 1, 1, sizeof (guint16) };

  return sizes[numbers];
}

gsize
alexnet_onednn_inputs_size (const OnednnInputs *inputs)
{
  return count_parts (inputs->numbers) * get_part_size (inputs->numbers);
}

/* ---- whole numbers ------------------------------------------------------- */

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
find_wholes (const OnednnInputs *self, gsize i)
{
  return self->wholes +
      i * count_parts (self->numbers) * self->matrix->padded_columns;
}

/* FALSE when an input is negative or not finite. */
static gboolean
make_whole (const OnednnInputs *self, gsize i)
{
  gsize n = self->matrix->columns, n_padded = self->matrix->padded_columns;
  const float *in = self->src + i * n;
  guint8 *out = find_wholes (self, i);

  for (gsize part = 0; part < count_parts (self->numbers); part++)
    memset (out + part * n_padded + n, 0, n_padded - n);
  return self->numbers == LINEAR_TWO_BYTES
      ? quantize16 (self->isa, out, n_padded, &self->scales[i], in, n)
      : alexnet_onednn_linear_quantize (self->isa, out, &self->scales[i], in,
            n);
}

static void
make_wholes (gpointer user, guint thread, guint n_threads)
{
  const OnednnInputs *self = user;
  gsize n = self->batch;

  for (gsize i = alexnet_onednn_part (n, thread, n_threads);
       i < alexnet_onednn_part (n, thread + 1, n_threads); i++)
    if (!make_whole (self, i))
      self->scales[i] = NAN;
}

static void
choose_numbers (OnednnInputs *self)
{
  if (self->numbers == LINEAR_FLOATS)
    return;
  if (self->batch > LINEAR_FEW)
    alexnet_onednn_parallel (make_wholes, self);
  else
    make_wholes (self, 0, 1);
  for (gsize i = 0; i < self->batch; i++)
    if (isnan (self->scales[i]))
      self->numbers = LINEAR_FLOATS;
}

/* ---- some columns -------------------------------------------------------- */

/* Input `c` of image `i`, to the first byte of its place; whether it is not
 * zero. */
FORCED gboolean
put_whole (const OnednnInputs *self, guint8 *to, gsize i, gsize c,
    OnednnNumbers numbers)
{
  const guint8 *from = find_wholes (self, i) + c;

  to[0] = from[0];
  if (numbers == LINEAR_BYTES)
    return to[0] != 0;
  to[LINEAR_BLOCK] = from[self->matrix->padded_columns];
  return (to[0] | to[LINEAR_BLOCK]) != 0;
}

/* Input `c` of image `i` as place `n` of the list; whether it is not zero. */
FORCED gboolean
put_input (const OnednnInputs *self, gsize batch, gsize i, gsize c, gsize n,
    OnednnNumbers numbers)
{
  gsize block = n / LINEAR_BLOCK * batch + i;
  float value;

  if (numbers != LINEAR_FLOATS)
    return put_whole (self,
        (guint8 *) self->in + block * count_parts (numbers) * LINEAR_BLOCK +
            n % LINEAR_BLOCK,
        i, c, numbers);
  value = self->src[i * self->matrix->columns + c];
  ((float *) self->in)[block * LINEAR_BLOCK + n % LINEAR_BLOCK] = value;
  return value != 0;
}

/* Fills the last block of the list up. */
static gsize
put_zeros (const OnednnInputs *self, gsize n)
{
  gsize parts = count_parts (self->numbers) * self->batch;
  gsize size = get_part_size (self->numbers);
  gsize n_zeros = (LINEAR_BLOCK - n % LINEAR_BLOCK) % LINEAR_BLOCK;
  guint8 *in = (guint8 *) self->in +
      (n / LINEAR_BLOCK * parts * LINEAR_BLOCK + n % LINEAR_BLOCK) * size;

  for (gsize i = 0; i < parts; i++)
    memset (in + i * LINEAR_BLOCK * size, 0, n_zeros * size);
  for (gsize i = 0; i < n_zeros; i++)
    self->columns[n + i] = self->columns[n - 1];
  return n + n_zeros;
}

static void
add_part (OnednnInputs *self, gsize group, gsize first, gsize end)
{
  if (end > first)
    self->parts[self->n_parts++] = (OnednnPart){ (guint32) group,
      (guint32) first, (guint32) ((end - first) / LINEAR_BLOCK) };
}

/* Without columns that meet only zeros. */
FORCED void
gather (OnednnInputs *self, gsize batch, OnednnNumbers numbers)
{
  gsize columns = self->matrix->columns;
  gsize n = 0;

  for (gsize begin = 0; begin < columns; begin += LINEAR_GROUP) {
    gsize end = MIN (begin + LINEAR_GROUP, columns), first = n;

    for (gsize c = begin; c < end; c++) {
      gboolean any = FALSE;

      self->columns[n] = (guint32) c;
      for (gsize i = 0; i < batch; i++)
        any |= put_input (self, batch, i, c, n, numbers);
      n += any;
    }
    n = put_zeros (self, n);
    add_part (self, begin / LINEAR_GROUP, first, n);
  }
}

static void
gather_one (OnednnInputs *self)
{
  if (self->numbers == LINEAR_FLOATS)
    gather (self, 1, LINEAR_FLOATS);
  else if (self->numbers == LINEAR_BYTES)
    gather (self, 1, LINEAR_BYTES);
  else
    gather (self, 1, self->numbers);
}

/* ---- all columns --------------------------------------------------------- */

static void
list_all_columns (OnednnInputs *self)
{
  gsize n = self->matrix->padded_columns;

  for (gsize c = 0; c < n; c++)
    self->columns[c] = (guint32) c;
  for (gsize c = 0; c < n; c += LINEAR_GROUP)
    add_part (self, c / LINEAR_GROUP, c, c + LINEAR_GROUP);
}

/* in [n] to the first place of each block of out, in which they lie `distance`
 * bytes apart. */
FORCED void
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

static void
put_floats (const OnednnInputs *self, gsize i)
{
  gsize n = self->matrix->columns, block = LINEAR_BLOCK * sizeof (float);

  put_blocks ((guint8 *) self->in + i * block, self->batch * block,
      (const guint8 *) (self->src + i * n), n, self->matrix->padded_columns,
      sizeof (float));
}

static void
put_wholes (const OnednnInputs *self, gsize i)
{
  gsize n = self->matrix->padded_columns;
  gsize n_parts = count_parts (self->numbers), block = n_parts * LINEAR_BLOCK;

  for (gsize part = 0; part < n_parts; part++)
    put_blocks ((guint8 *) self->in + i * block + part * LINEAR_BLOCK,
        self->batch * block, find_wholes (self, i) + part * n, n, n, 1);
}

/* Behind the last image, that one again. */
static void
put_tiles (const OnednnInputs *self, gsize i)
{
  gsize n = self->matrix->columns;

  alexnet_onednn_linear_tiles_in (self->isa) ((guint16 *) self->in +
          i * LINEAR_GROUP,
      self->padded_batch * LINEAR_GROUP,
      self->src + MIN (i, self->batch - 1) * n, n);
}

static void
put_images (gpointer user, guint thread, guint n_threads)
{
  const OnednnInputs *self = user;
  gsize n = self->padded_batch;

  for (gsize i = alexnet_onednn_part (n, thread, n_threads);
       i < alexnet_onednn_part (n, thread + 1, n_threads); i++) {
    if (self->numbers == LINEAR_TILES)
      put_tiles (self, i);
    else if (self->numbers == LINEAR_FLOATS)
      put_floats (self, i);
    else
      put_wholes (self, i);
  }
}

void
alexnet_onednn_inputs_prepare (OnednnInputs *self)
{
  if (self->numbers != LINEAR_TILES)
    choose_numbers (self);
  if (self->batch > LINEAR_FEW || !self->matrix->finite) {
    list_all_columns (self);
    alexnet_onednn_parallel (put_images, self);
  } else if (self->batch == 1)
    gather_one (self);
  else
    gather (self, self->batch, self->numbers);
}
