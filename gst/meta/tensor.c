/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tensor.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

#define CAPS_FIELD "tensors"

#if HAVE_GST_ANALYTICS && GST_CHECK_VERSION(1, 26, 0)

/* Of the tensors, and in caps of the groups that each alone makes. */
static const char *const names[GST_ALEXNET_N_TENSORS] = {
  [GST_ALEXNET_TENSOR_CLASSES] = "classification-generic-softmaxed-out",
  [GST_ALEXNET_TENSOR_EMBEDDING] = "alexnet-embedding-out",
};

gboolean
gst_alexnet_tensor_is_built (void)
{
  return TRUE;
}

static const float *
get_row (GstAlexnetTensor tensor, const GstAlexnetClasses *classes, gsize *n)
{
  gboolean embedding = tensor == GST_ALEXNET_TENSOR_EMBEDDING;

  *n = embedding ? classes->n_embedding : classes->n_classes;
  return embedding ? classes->embedding : classes->probabilities;
}

/* The values of one region after the other. */
static GstBuffer *
collect_rows (GstAlexnetTensor tensor, GArray *regions, gsize dims[2])
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (float));
  gsize size;

  dims[0] = 0;
  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);
    const float *row;

    if (gst_alexnet_region_get_best (region) == GST_ALEXNET_NO_CLASS)
      continue;
    dims[0]++;
    row = get_row (tensor, region->classes, &dims[1]);
    g_array_append_vals (rows, row, dims[1]);
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
gst_alexnet_tensor_attach (GstAlexnetTensor tensor, GArray *regions,
    GstBuffer *buffer)
{
  gsize dims[2];
  GstBuffer *data = collect_rows (tensor, regions, dims);
  GstTensorMeta *meta = get_meta (buffer);
  guint n = (guint) meta->num_tensors;
  GstTensor **tensors = g_new (GstTensor *, n + 1);
  GQuark id = g_quark_from_static_string (names[tensor]);

  for (guint i = 0; i < n; i++)
    tensors[i] = gst_tensor_copy (meta->tensors[i]);
  tensors[n] = gst_tensor_new_simple (id, GST_TENSOR_DATA_TYPE_FLOAT32, data,
      GST_TENSOR_DIM_ORDER_ROW_MAJOR, 2, dims);
  gst_tensor_meta_set (meta, n + 1, tensors);
}

#else

gboolean
gst_alexnet_tensor_is_built (void)
{
  return FALSE;
}

void
gst_alexnet_tensor_attach (GstAlexnetTensor tensor, GArray *regions,
    GstBuffer *buffer)
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
take_dims (GstStructure *structure, guint n_values)
{
  const int dims[] = { 0, (int) n_values };
  GValue array = G_VALUE_INIT, dim = G_VALUE_INIT;

  gst_value_array_init (&array, G_N_ELEMENTS (dims));
  g_value_init (&dim, G_TYPE_INT);
  for (guint i = 0; i < G_N_ELEMENTS (dims); i++) {
    g_value_set_int (&dim, dims[i]);
    gst_value_array_append_value (&array, &dim);
  }
  gst_structure_take_value (structure, "dims", &array);
}

static void
append_tensor (GValue *group, GstAlexnetTensor tensor, guint n_values)
{
  GstStructure *structure = gst_structure_new ("tensor/strided",
      "tensor-id", G_TYPE_STRING, names[tensor],
      "dims-order", G_TYPE_STRING, "row-major",
      "type", G_TYPE_STRING, "float32", NULL);
  GValue caps = G_VALUE_INIT;

  take_dims (structure, n_values);
  g_value_init (&caps, GST_TYPE_CAPS);
  g_value_take_boxed (&caps, gst_caps_new_full (structure, NULL));
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
add_group (GstStructure *groups, GstAlexnetTensor tensor, guint n_values)
{
  const GValue *others = gst_structure_get_value (groups, names[tensor]);
  GValue group = G_VALUE_INIT;

  g_value_init (&group, GST_TYPE_UNIQUE_LIST);
  if (others && GST_VALUE_HOLDS_UNIQUE_LIST (others))
    append_others (&group, others);
  append_tensor (&group, tensor, n_values);
  gst_structure_take_value (groups, names[tensor], &group);
}

GstCaps *
gst_alexnet_tensor_add_to_caps (GstCaps *caps, GstAlexnetTensor tensor,
    guint n_values)
{
  caps = gst_caps_make_writable (caps);
  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    GstStructure *structure = gst_caps_get_structure (caps, i);
    GstStructure *groups = NULL;

    if (!gst_structure_get (structure, CAPS_FIELD, GST_TYPE_STRUCTURE, &groups,
            NULL))
      groups = gst_structure_new_empty ("tensorgroups");
    add_group (groups, tensor, n_values);
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
gst_alexnet_tensor_add_to_caps (GstCaps *caps, GstAlexnetTensor tensor,
    guint n_values)
{
  return caps;
}

GstCaps *
gst_alexnet_tensor_remove_from_caps (GstCaps *caps)
{
  return caps;
}

#endif
