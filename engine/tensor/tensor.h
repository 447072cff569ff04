/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values of a model where they lie, in a file or in memory, and the ways to
 * read them: backends do that layer by layer when they open. */

#ifndef ALEXNET_TENSOR_H
#define ALEXNET_TENSOR_H

#include "dtype.h"
#include "file.h"

G_BEGIN_DECLS

#define ALEXNET_MAX_DIMS 4

/* Little-endian, not necessarily aligned. Zero-initialised: tight and unbound.
 * Whoever fills one has seen that alexnet_tensor_get_extent() succeeds and
 * that the file or the memory holds that much. */
typedef struct {
  AlexnetDType dtype;
  guint n_dims;
  gsize dims[ALEXNET_MAX_DIMS];
  gboolean strided;             /* FALSE: tight, row-major */
  gsize strides[ALEXNET_MAX_DIMS];      /* when strided, in values */
  const AlexnetFile *file;      /* borrowed; values begin at byte `offset` */
  guint64 offset;
  const void *data;             /* borrowed; when file is NULL. Both NULL: no
                                   weights bound */
  gint *not_finite;             /* atomic; set once reading as float has met
                                   NaN or infinity. NULL: nobody asks */
} AlexnetTensor;

gboolean alexnet_tensor_is_bound (const AlexnetTensor *tensor);
gsize alexnet_tensor_n_values (const AlexnetTensor *tensor);

/* Whether both are bound to the same values in the same place, to be read in
 * the same way. */
gboolean alexnet_tensor_equal (const AlexnetTensor *a, const AlexnetTensor *b);

/* Bytes from the first value to behind the last. FALSE when the number of
 * values or of bytes overflows, or when two indices share a value in another
 * way than by a stride of 0. */
gboolean alexnet_tensor_get_extent (const AlexnetTensor *tensor,
    gsize *n_bytes);

/* Reads all values, row-major: as float, or as they are with `n_values` times
 * alexnet_dtype_size() bytes. Errors are those of alexnet_file_read(), with
 * the file's name, and FORMAT where values lie scattered and
 * alexnet_tensor_get_extent() fails. */
gboolean alexnet_tensor_to_float (float *out, const AlexnetTensor *tensor,
    GError **error);
gboolean alexnet_tensor_to_bytes (void *out, const AlexnetTensor *tensor,
    GError **error);

/* Reads the rows of a tensor, dims[0] of them with all that lies below, as
 * floats and in any order. Where a row's values lie scattered, the tensor is
 * read as a whole when this is made. Any thread. */
typedef struct _AlexnetTensorRows AlexnetTensorRows;

/* Borrows `tensor`. As alexnet_tensor_to_float(), and NO_MEMORY. */
AlexnetTensorRows *alexnet_tensor_rows_new (const AlexnetTensor *tensor,
    GError **error);
void alexnet_tensor_rows_free (AlexnetTensorRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlexnetTensorRows, alexnet_tensor_rows_free)

/* Rows first .. first + n - 1. */
gboolean alexnet_tensor_rows_read (const AlexnetTensorRows *rows, gsize first,
    gsize n, float *out, GError **error);

G_END_DECLS

#endif /* ALEXNET_TENSOR_H */
