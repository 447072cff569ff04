/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage.h"

gboolean
alexnet_storage_is_tight (const AlexnetTensor *tensor)
{
  gsize expected = 1;

  for (guint i = tensor->n_dims; i-- > 0;) {
    if (tensor->dims[i] != 1 && tensor->strides[i] != expected)
      return FALSE;
    if (!g_size_checked_mul (&expected, expected, tensor->dims[i]))
      return FALSE;
  }
  return TRUE;
}

char *
alexnet_storage_refuse_dtype (const char *name)
{
  g_autofree char *quoted = alexnet_quote (name);

  return g_strdup_printf ("has dtype %s, expected one of floats", quoted);
}

/* Values may be used again, but no more of them made than there are: a small
 * file would fill the memory. */
gboolean
alexnet_storage_bind (AlexnetTensor *tensor, const AlexnetFile *file,
    guint64 begin, guint64 size, guint64 offset, char **unusable,
    GError **error)
{
  gsize value_size = alexnet_dtype_size (tensor->dtype), extent;
  guint64 place;

  *unusable = NULL;
  tensor->strided = !alexnet_storage_is_tight (tensor);
  if (!alexnet_tensor_get_extent (tensor, &extent)) {
    *unusable = g_strdup ("has a shape or strides that cannot be");
    return TRUE;
  }
  if (!g_uint64_checked_mul (&place, offset, value_size) || place > size ||
      extent > size - place)
    return alexnet_format_error (error,
        "it does not end inside its storage of %" G_GUINT64_FORMAT " bytes",
        size);
  if (alexnet_tensor_n_values (tensor) > size / value_size) {
    *unusable =
        g_strdup ("has more values than its storage: it is expanded; save its "
                  "contiguous()");
    return TRUE;
  }
  tensor->file = file;
  tensor->offset = begin + place;
  return TRUE;
}
