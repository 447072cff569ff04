/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tensor.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

/* Of the tensor, and in caps of the group that it alone makes. */
#define TENSOR_NAME "classification-generic-softmaxed-out"
#define CAPS_FIELD "tensors"

#if HAVE_GST_ANALYTICS && GST_CHECK_VERSION(1, 26, 0)

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

/* Of a buffer with several metadata some readers see the first alone. */
static GstTensorMeta *
get_meta (GstBuffer *buffer)
{
  GstTensorMeta *meta = gst_buffer_get_tensor_meta (buffer);

  return meta ? meta : gst_buffer_add_tensor_meta (buffer);
}

void
gst_alexnet_tensor_attach (GArray *regions, GstBuffer *buffer)
{
  gsize dims[2];
  GstBuffer *data = collect_probabilities (regions, dims);
  GstTensorMeta *meta = get_meta (buffer);
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

#if HAVE_GST_ANALYTICS && GST_CHECK_VERSION(1, 28, 0)

gboolean
gst_alexnet_tensor_is_in_caps (void)
{
  return TRUE;
}

/* As many rows as there are regions: 0 stands for any number. */
static void
take_dims (GstStructure *tensor, guint n_classes)
{
  const int dims[] = { 0, (int) n_classes };
  GValue array = G_VALUE_INIT, dim = G_VALUE_INIT;

  gst_value_array_init (&array, G_N_ELEMENTS (dims));
  g_value_init (&dim, G_TYPE_INT);
  for (guint i = 0; i < G_N_ELEMENTS (dims); i++) {
    g_value_set_int (&dim, dims[i]);
    gst_value_array_append_value (&array, &dim);
  }
  gst_structure_take_value (tensor, "dims", &array);
}

static void
append_tensor (GValue *group, guint n_classes)
{
  GstStructure *tensor = gst_structure_new ("tensor/strided",
      "tensor-id", G_TYPE_STRING, TENSOR_NAME,
      "dims-order", G_TYPE_STRING, "row-major",
      "type", G_TYPE_STRING, "float32", NULL);
  GValue caps = G_VALUE_INIT;

  take_dims (tensor, n_classes);
  g_value_init (&caps, GST_TYPE_CAPS);
  g_value_take_boxed (&caps, gst_caps_new_full (tensor, NULL));
  gst_value_unique_list_append_and_take_value (group, &caps);
}

/* Of another element that has the same group. */
static void
append_others (GValue *group, const GValue *others)
{
  for (guint i = 0; i < gst_value_unique_list_get_size (others); i++)
    gst_value_unique_list_append_value (group,
        gst_value_unique_list_get_value (others, i));
}

static void
add_group (GstStructure *groups, guint n_classes)
{
  const GValue *others = gst_structure_get_value (groups, TENSOR_NAME);
  GValue group = G_VALUE_INIT;

  g_value_init (&group, GST_TYPE_UNIQUE_LIST);
  if (others && GST_VALUE_HOLDS_UNIQUE_LIST (others))
    append_others (&group, others);
  append_tensor (&group, n_classes);
  gst_structure_take_value (groups, TENSOR_NAME, &group);
}

GstCaps *
gst_alexnet_tensor_add_to_caps (GstCaps *caps, guint n_classes)
{
  caps = gst_caps_make_writable (caps);
  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    GstStructure *structure = gst_caps_get_structure (caps, i);
    GstStructure *groups = NULL;

    if (!gst_structure_get (structure, CAPS_FIELD, GST_TYPE_STRUCTURE, &groups,
            NULL))
      groups = gst_structure_new_empty ("tensorgroups");
    add_group (groups, n_classes);
    gst_structure_set (structure, CAPS_FIELD, GST_TYPE_STRUCTURE, groups, NULL);
    gst_structure_free (groups);
  }
  return caps;
}

GstCaps *
gst_alexnet_tensor_remove_from_caps (GstCaps *caps)
{
  caps = gst_caps_make_writable (caps);
  for (guint i = 0; i < gst_caps_get_size (caps); i++)
    gst_structure_remove_field (gst_caps_get_structure (caps, i), CAPS_FIELD);
  return caps;
}

#else

gboolean
gst_alexnet_tensor_is_in_caps (void)
{
  return FALSE;
}

GstCaps *
gst_alexnet_tensor_add_to_caps (GstCaps *caps, guint n_classes)
{
  return caps;
}

GstCaps *
gst_alexnet_tensor_remove_from_caps (GstCaps *caps)
{
  return caps;
}

#endif
