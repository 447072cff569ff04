/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tensor.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

#if HAVE_GST_ANALYTICS && GST_CHECK_VERSION(1, 26, 0)

#define TENSOR_NAME "classification-generic-softmaxed-out"

gboolean
gst_alexnet_tensor_is_built (void)
{
  return TRUE;
}

/* The probabilities of one region after the other. */
static GstBuffer *
collect_probabilities (GArray *regions, gsize dims[2])
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (float));
  gsize size;

  dims[0] = 0;
  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (gst_alexnet_region_get_best (region) == GST_ALEXNET_NO_CLASS)
      continue;
    dims[0]++;
    dims[1] = region->classes->n_classes;
    g_array_append_vals (rows, region->classes->probabilities, dims[1]);
  }
  size = rows->len * sizeof (float);
  return gst_buffer_new_wrapped (g_array_free (g_steal_pointer (&rows), FALSE),
      size);
}

/* Tensors of other elements stay: some versions keep all in one metadata. */
void
gst_alexnet_tensor_attach (GArray *regions, GstBuffer *buffer)
{
  gsize dims[2];
  GstBuffer *data = collect_probabilities (regions, dims);
  GstTensorMeta *meta = gst_buffer_add_tensor_meta (buffer);
  guint n = (guint) meta->num_tensors;
  GstTensor **tensors = g_new (GstTensor *, n + 1);

  for (guint i = 0; i < n; i++)
    tensors[i] = gst_tensor_copy (meta->tensors[i]);
  tensors[n] = gst_tensor_new_simple (g_quark_from_static_string (TENSOR_NAME),
      GST_TENSOR_DATA_TYPE_FLOAT32, data, GST_TENSOR_DIM_ORDER_ROW_MAJOR, 2,
      dims);
  gst_tensor_meta_set (meta, n + 1, tensors);
}

#else

gboolean
gst_alexnet_tensor_is_built (void)
{
  return FALSE;
}

void
gst_alexnet_tensor_attach (GArray *regions, GstBuffer *buffer)
{
}

#endif
