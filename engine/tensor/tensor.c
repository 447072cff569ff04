/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tensor.h"

#include <string.h>

#include "float-bits.h"

#define RUN 64
#define FLOAT_INFINITE 0x7f800000 /* its bits */
#define PIECE 8192 /* values that are read and converted at a time */
#define LARGEST_VALUE sizeof (double)

/* A dimension, with the distances of its values in the tensor and in what is
 * made of it. */
typedef struct {
  gsize size, from, to;
} Dim;

/* Sorted by falling `from`, so that a walk goes through memory upwards. */
typedef struct {
  guint n;
  Dim dims[ALEXNET_MAX_DIMS];
} Layout;

gboolean
alexnet_tensor_is_bound (const AlexnetTensor *tensor)
{
  return tensor->file || tensor->data;
}

gsize
alexnet_tensor_n_values (const AlexnetTensor *tensor)
{
  gsize n = 1;

  for (guint i = 0; i < tensor->n_dims; i++)
    n *= tensor->dims[i];
  return n;
}

gboolean
alexnet_tensor_equal (const AlexnetTensor *a, const AlexnetTensor *b)
{
  gsize size = a->n_dims * sizeof *a->dims;

  return a->file == b->file && a->offset == b->offset && a->data == b->data &&
      a->dtype == b->dtype && a->n_dims == b->n_dims &&
      memcmp (a->dims, b->dims, size) == 0 && a->strided == b->strided &&
      (!a->strided || memcmp (a->strides, b->strides, size) == 0);
}

static int
compare_dims (const void *a, const void *b)
{
  const Dim *x = a, *y = b;

  return x->from != y->from ? (x->from < y->from ? 1 : -1)
                            : (x->to < y->to) - (x->to > y->to);
}

/* Dimensions of size 1 are left out. FALSE when the number of values
 * overflows. */
static gboolean
find_layout (Layout *layout, const AlexnetTensor *tensor)
{
  gsize n_values = 1;

  layout->n = 0;
  for (guint i = tensor->n_dims; i-- > 0;) {
    gsize size = tensor->dims[i];
    gsize from = tensor->strided ? tensor->strides[i] : n_values;

    if (size != 1)
      layout->dims[layout->n++] = (Dim){ size, from, n_values };
    if (!g_size_checked_mul (&n_values, n_values, size))
      return FALSE;
  }
  qsort (layout->dims, layout->n, sizeof *layout->dims, compare_dims);
  return TRUE;
}

gboolean
alexnet_tensor_get_extent (const AlexnetTensor *tensor, gsize *n_bytes)
{
  gsize extent = 1, all, way;
  Layout layout;

  if (!find_layout (&layout, tensor) ||
      !g_size_checked_mul (&all, alexnet_tensor_n_values (tensor),
          alexnet_dtype_size (tensor->dtype)))
    return FALSE;
  *n_bytes = all;
  if (all == 0)
    return TRUE;
  for (guint i = layout.n; i-- > 0;) {
    const Dim *dim = &layout.dims[i];

    if (dim->from != 0 && dim->from < extent)
      return FALSE;
    if (!g_size_checked_mul (&way, dim->size - 1, dim->from) ||
        !g_size_checked_add (&extent, extent, way))
      return FALSE;
  }
  return g_size_checked_mul (n_bytes, extent,
      alexnet_dtype_size (tensor->dtype));
}

/* Values first .. first + n - 1 as bytes: where they are in memory, else read
 * into `buffer`. NULL when that fails. */
static const guint8 *
get_bytes (const AlexnetTensor *tensor, gsize first, gsize n, void *buffer,
    GError **error)
{
  gsize size = alexnet_dtype_size (tensor->dtype);

  if (!tensor->file)
    return (const guint8 *) tensor->data + first * size;
  if (alexnet_file_read (tensor->file, tensor->offset + first * size, buffer,
          n * size, error))
    return buffer;
  g_prefix_error (error, "%s ", alexnet_file_get_path (tensor->file));
  return NULL;
}

/* Whether one is infinite or NaN: whose bits of the exponent are all set. */
static inline guint32
any_not_finite (const float *values, gsize n)
{
  guint32 any = FALSE;

  for (gsize i = 0; i < n; i++) {
    guint32 bits = alexnet_float_to_bits (values[i]);

    any |= (bits & FLOAT_INFINITE) == FLOAT_INFINITE;
  }
  return any;
}

/* A length that the compiler knows lets it take several values at once. */
static void
look_for_not_finite (const AlexnetTensor *tensor, const float *values, gsize n)
{
  guint32 any = FALSE;
  gsize i = 0;

  if (!tensor->not_finite)
    return;
  for (; n - i >= RUN; i += RUN)
    any |= any_not_finite (values + i, RUN);
  if (any | any_not_finite (values + i, n - i))
    g_atomic_int_set (tensor->not_finite, TRUE);
}

/* `n` values that lie side by side. */
static gboolean
read_floats (float *out, const AlexnetTensor *tensor, gsize first, gsize n,
    GError **error)
{
  guint8 buffer[PIECE * LARGEST_VALUE];
  gboolean direct = tensor->dtype == ALEXNET_DTYPE_F32;
  gsize step = direct ? n : PIECE;

  for (gsize at = 0; at < n; at += step) {
    gsize piece = MIN (step, n - at);
    const guint8 *bytes = get_bytes (tensor, first + at, piece,
        direct ? (guint8 *) out : buffer, error);

    if (!bytes)
      return FALSE;
    alexnet_dtype_to_float (tensor->dtype, out + at, bytes, piece);
    look_for_not_finite (tensor, out + at, piece);
  }
  return TRUE;
}

/* ---- values that lie scattered ------------------------------------------- */

/* Values begin .. begin + n - 1 of a tensor, as float or as they are. */
typedef struct {
  const AlexnetTensor *tensor;
  gboolean as_float;
  gsize begin, n, end; /* `end`: of the tensor */
  const guint8 *values;
  float floats[PIECE];
  guint8 buffer[PIECE * LARGEST_VALUE];
} Window;

static gboolean
move_window (Window *window, gsize begin, GError **error)
{
  const AlexnetTensor *tensor = window->tensor;

  window->begin = begin;
  window->n = MIN (PIECE, window->end - begin);
  window->values = get_bytes (tensor, begin, window->n, window->buffer, error);
  if (window->values && window->as_float) {
    alexnet_dtype_to_float (tensor->dtype, window->floats, window->values,
        window->n);
    window->values = (const guint8 *) window->floats;
  }
  return window->values != NULL;
}

static inline void
copy_value (guint8 *out, const guint8 *value, gsize size)
{
  switch (size) {
    case 1:
      *out = *value;
      break;
    case 2:
      memcpy (out, value, 2);
      break;
    case 4:
      memcpy (out, value, 4);
      break;
    default:
      memcpy (out, value, 8);
      break;
  }
}

/* Goes on to the next index, and with it through both memories. */
static inline void
step (const Layout *layout, gsize *index, gsize *from, gsize *to)
{
  for (guint i = layout->n; i-- > 0;) {
    const Dim *dim = &layout->dims[i];

    if (++index[i] < dim->size) {
      *from += dim->from;
      *to += dim->to;
      return;
    }
    index[i] = 0;
    *from -= (dim->size - 1) * dim->from;
    *to -= (dim->size - 1) * dim->to;
  }
}

static gboolean
walk (guint8 *out, Window *window, const Layout *layout, GError **error)
{
  gsize n = alexnet_tensor_n_values (window->tensor);
  gsize size = window->as_float ? sizeof (float)
                                : alexnet_dtype_size (window->tensor->dtype);
  gsize index[ALEXNET_MAX_DIMS] = { 0 }, from = 0, to = 0;

  for (; n > 0; n--) {
    if (from - window->begin >= window->n && !move_window (window, from, error))
      return FALSE;
    copy_value (out + to * size, window->values + (from - window->begin) * size,
        size);
    step (layout, index, &from, &to);
  }
  return TRUE;
}

static gboolean
gather (void *out, const AlexnetTensor *tensor, gboolean as_float,
    GError **error)
{
  g_autofree Window *window = g_new (Window, 1);
  Layout layout;
  gsize extent;

  if (!find_layout (&layout, tensor) ||
      !alexnet_tensor_get_extent (tensor, &extent)) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT,
        "a tensor has a shape or strides that cannot be");
    return FALSE;
  }
  window->tensor = tensor;
  window->as_float = as_float;
  window->begin = window->n = 0;
  window->end = extent / alexnet_dtype_size (tensor->dtype);
  if (!walk (out, window, &layout, error))
    return FALSE;
  if (as_float)
    look_for_not_finite (tensor, out, alexnet_tensor_n_values (tensor));
  return TRUE;
}

/* ---- rows ---------------------------------------------------------------- */

struct _AlexnetTensorRows {
  const AlexnetTensor *tensor;
  gsize length, stride; /* of a row; from row to row in the tensor */
  float *values;        /* all of them, where rows lie scattered */
};

/* FALSE when values lie scattered, and not side by side in each row. */
static gboolean
find_rows (AlexnetTensorRows *rows, const AlexnetTensor *tensor)
{
  gboolean tight = TRUE;

  rows->tensor = tensor;
  rows->length = 1;
  for (guint i = tensor->n_dims; i-- > 1;) {
    tight = tight &&
        (!tensor->strided || tensor->dims[i] == 1 ||
            tensor->strides[i] == rows->length);
    rows->length *= tensor->dims[i];
  }
  rows->stride = tensor->strided && tensor->n_dims > 0 ? tensor->strides[0]
                                                       : rows->length;
  return tight && (rows->length > 1 || rows->stride == 1);
}

static gboolean
read_rows (const AlexnetTensorRows *rows, gsize first, gsize n, float *out,
    GError **error)
{
  if (rows->stride == rows->length)
    return read_floats (out, rows->tensor, first * rows->length,
        n * rows->length, error);
  for (gsize i = 0; i < n; i++)
    if (!read_floats (out + i * rows->length, rows->tensor,
            (first + i) * rows->stride, rows->length, error))
      return FALSE;
  return TRUE;
}

static gsize
count_rows (const AlexnetTensor *tensor)
{
  return tensor->n_dims > 0 ? tensor->dims[0] : 1;
}

gboolean
alexnet_tensor_to_float (float *out, const AlexnetTensor *tensor,
    GError **error)
{
  AlexnetTensorRows rows = { 0 };

  if (find_rows (&rows, tensor))
    return read_rows (&rows, 0, count_rows (tensor), out, error);
  return gather (out, tensor, TRUE, error);
}

gboolean
alexnet_tensor_to_bytes (void *out, const AlexnetTensor *tensor, GError **error)
{
  const guint8 *bytes;

  if (tensor->strided)
    return gather (out, tensor, FALSE, error);
  bytes = get_bytes (tensor, 0, alexnet_tensor_n_values (tensor), out, error);
  if (bytes && bytes != out)
    memcpy (out, bytes,
        alexnet_tensor_n_values (tensor) * alexnet_dtype_size (tensor->dtype));
  return bytes != NULL;
}

AlexnetTensorRows *
alexnet_tensor_rows_new (const AlexnetTensor *tensor, GError **error)
{
  g_autoptr (AlexnetTensorRows) rows = g_new0 (AlexnetTensorRows, 1);
  gsize n = alexnet_tensor_n_values (tensor);

  if (find_rows (rows, tensor))
    return g_steal_pointer (&rows);
  rows->values = g_try_new (float, n);
  if (!rows->values) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "no memory for %" G_GSIZE_FORMAT " weights of a layer", n);
    return NULL;
  }
  return gather (rows->values, tensor, TRUE, error) ? g_steal_pointer (&rows)
                                                    : NULL;
}

void
alexnet_tensor_rows_free (AlexnetTensorRows *rows)
{
  if (!rows)
    return;
  g_free (rows->values);
  g_free (rows);
}

gboolean
alexnet_tensor_rows_read (const AlexnetTensorRows *rows, gsize first, gsize n,
    float *out, GError **error)
{
  if (!rows->values)
    return read_rows (rows, first, n, out, error);
  memcpy (out, rows->values + first * rows->length,
      n * rows->length * sizeof *out);
  return TRUE;
}
