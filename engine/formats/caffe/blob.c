/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include "formats/values.h"

#define MAX_DIMS 32

/* Sets the last `tensor->n_dims` of a blob's dimensions; those before must be
 * 1, as they are in blobs that have always four. */
static gboolean
read_dims (CaffeReader *net, AlexnetTensor *tensor, const CaffeBlob *blob,
    GError **error)
{
  const gint64 four[] = { blob->num, blob->channels, blob->height,
    blob->width };
  const gint64 *dims = four;
  guint n = G_N_ELEMENTS (four);
  CaffeShape shape = { 0 };
  gboolean ok = TRUE;

  if (blob->shape.offset > 0) {
    ok = alexnet_wire_read (net->reader, &blob->shape, alexnet_caffe_shape,
        &shape, error);
    n = shape.dim ? shape.dim->len : 0;
    dims = n > 0 ? (const gint64 *) (void *) shape.dim->data : NULL;
  }
  if (ok && (n < tensor->n_dims || n > MAX_DIMS))
    ok = alexnet_format_error (error, "%u dimensions, expected %u", n,
        tensor->n_dims);
  for (guint i = 0; ok && i < n; i++) {
    guint left = n - i;
    gsize size = alexnet_clamp_size ((guint64) dims[i]);

    if (dims[i] < 1 || (left > tensor->n_dims && dims[i] != 1))
      ok = alexnet_format_error (error, "dimension %u is %" G_GINT64_FORMAT, i,
          dims[i]);
    else if (left <= tensor->n_dims)
      tensor->dims[tensor->n_dims - left] = size;
  }
  alexnet_wire_clear (alexnet_caffe_shape, &shape);
  return ok;
}

gboolean
alexnet_caffe_read_blob (CaffeReader *net, AlexnetTensor *tensor,
    const AlexnetWireRange *range, GError **error)
{
  CaffeBlob blob = { 0 };
  gboolean ok = alexnet_wire_read (net->reader, range, alexnet_caffe_blob,
      &blob, error);

  if (ok && !blob.data && blob.double_data)
    tensor->dtype = ALEXNET_DTYPE_F64;
  ok = ok && read_dims (net, tensor, &blob, error) &&
      alexnet_values_bind (tensor, net->source, net->reader, net->file,
          blob.data ? blob.data : blob.double_data, error);
  alexnet_wire_clear (alexnet_caffe_blob, &blob);
  return ok;
}

gboolean
alexnet_caffe_count_blobs (const CaffeLayer *layer, guint n, GError **error)
{
  guint found = layer->blobs ? layer->blobs->len : 0;

  return found == n ||
      alexnet_format_error (error,
          "%u blobs of weights, expected %u; it may be a net before its "
          "training",
          found, n);
}

gboolean
alexnet_caffe_read_layer_blob (CaffeReader *net, AlexnetTensor *tensor,
    const CaffeLayer *layer, guint i, const char *what, GError **error)
{
  if (alexnet_caffe_read_blob (net, tensor,
          &g_array_index (layer->blobs, AlexnetWireRange, i), error))
    return TRUE;
  g_prefix_error (error, "its %s: ", what);
  return FALSE;
}
