/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "values.h"

#include <string.h>

/* Gives the tensor memory of its own, which the file warrants. */
static gboolean
copy_runs (AlexnetTensor *tensor, AlexnetModelSource *source,
    AlexnetWireReader *reader, const GArray *runs, gsize size, GError **error)
{
  guint width = (guint) alexnet_dtype_size (tensor->dtype);
  g_autofree void *values = g_try_malloc (size);

  if (!values) {
    g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_NO_MEMORY,
        "no memory for %" G_GSIZE_FORMAT " bytes of a tensor", size);
    return FALSE;
  }
  if (!alexnet_wire_copy (reader, runs, width, values, error))
    return FALSE;
  tensor->data = values;
  g_ptr_array_add (source->arena, g_steal_pointer (&values));
  return TRUE;
}

gboolean
alexnet_values_bind (AlexnetTensor *tensor, AlexnetModelSource *source,
    AlexnetWireReader *reader, const AlexnetFile *file, const GArray *runs,
    GError **error)
{
  guint width = (guint) alexnet_dtype_size (tensor->dtype);
  guint64 found = alexnet_wire_count (runs, width);
  const AlexnetWireRun *run;
  gsize n, size;

  if (!alexnet_dims_multiply (tensor->dims, tensor->n_dims, &n) ||
      !g_size_checked_mul (&size, n, width))
    return alexnet_format_error (error, "the product of its shape overflows");
  if (found != n || n == 0)
    return alexnet_format_error (error,
        "%" G_GUINT64_FORMAT " values, expected %" G_GSIZE_FORMAT
        " from its shape",
        found, n);
  run = &g_array_index (runs, AlexnetWireRun, 0);
  if (runs->len > 1 || run->step != width)
    return copy_runs (tensor, source, reader, runs, size, error);
  tensor->file = file;
  tensor->offset = run->offset;
  return TRUE;
}

static void
to_little_endian (float *values, gsize n)
{
#if G_BYTE_ORDER != G_LITTLE_ENDIAN
  for (gsize i = 0; i < n; i++) {
    guint32 bits;

    memcpy (&bits, &values[i], sizeof bits);
    bits = GUINT32_TO_LE (bits);
    memcpy (&values[i], &bits, sizeof bits);
  }
#endif
}

AlexnetTensor
alexnet_values_keep (AlexnetModelSource *source, float *values,
    const gsize *dims, guint n_dims)
{
  AlexnetTensor tensor = {
    .dtype = ALEXNET_DTYPE_F32, .n_dims = n_dims, .data = values
  };

  for (guint i = 0; i < n_dims; i++)
    tensor.dims[i] = dims[i];
  to_little_endian (values, alexnet_tensor_n_values (&tensor));
  g_ptr_array_add (source->arena, values);
  return tensor;
}

AlexnetTensor
alexnet_values_constant (AlexnetModelSource *source, float value,
    const gsize *dims, guint n_dims)
{
  float *values = g_memdup2 (&value, sizeof value);
  AlexnetTensor tensor = { .dtype = ALEXNET_DTYPE_F32,
    .n_dims = n_dims,
    .strided = TRUE, /* by 0 */
    .data = values };

  for (guint i = 0; i < n_dims; i++)
    tensor.dims[i] = dims[i];
  to_little_endian (values, 1);
  g_ptr_array_add (source->arena, values);
  return tensor;
}

AlexnetTensor
alexnet_values_transpose (const AlexnetTensor *matrix)
{
  AlexnetTensor transposed = *matrix;

  transposed.dims[0] = matrix->dims[1];
  transposed.dims[1] = matrix->dims[0];
  transposed.strides[0] = matrix->strided ? matrix->strides[1] : 1;
  transposed.strides[1] = matrix->strided ? matrix->strides[0]
                                          : matrix->dims[1];
  transposed.strided = TRUE;
  return transposed;
}
