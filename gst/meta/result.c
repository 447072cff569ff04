/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "result.h"

#include "analytics.h"

void
gst_alexnet_result_register (void)
{
  static const char *tags[] = { NULL };

  if (!gst_meta_get_info (GST_ALEXNET_RESULT_NAME))
    gst_meta_register_custom (GST_ALEXNET_RESULT_NAME, tags, NULL, NULL, NULL);
}

static void
append_string (GValue *array, const char *string)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_STRING);
  g_value_set_string (&value, string);
  gst_value_array_append_and_take_value (array, &value);
}

static void
append_int (GValue *array, int number)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT);
  g_value_set_int (&value, number);
  gst_value_array_append_and_take_value (array, &value);
}

static void
append_float (GValue *array, float number)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_FLOAT);
  g_value_set_float (&value, number);
  gst_value_array_append_and_take_value (array, &value);
}

static void
set_classes (GstStructure *structure, const GstAlexnetResult *result,
    const GstAlexnetNames *names)
{
  GValue labels = G_VALUE_INIT;
  GValue class_ids = G_VALUE_INIT;
  GValue confidences = G_VALUE_INIT;

  gst_value_array_init (&labels, result->n);
  gst_value_array_init (&class_ids, result->n);
  gst_value_array_init (&confidences, result->n);
  for (guint i = 0; i < result->n; i++) {
    append_string (&labels, names->labels[result->class_ids[i]]);
    append_int (&class_ids, result->class_ids[i]);
    append_float (&confidences, result->confidences[i]);
  }
  gst_structure_take_value (structure, "labels", &labels);
  gst_structure_take_value (structure, "class-ids", &class_ids);
  gst_structure_take_value (structure, "confidences", &confidences);
}

static void
set_place (GstStructure *structure, const GstAlexnetRegion *region,
    const AlexnetRegion *visible)
{
  const AlexnetRegion *area = &region->area;

  gst_structure_set (structure, "region", G_TYPE_STRING,
      region->is_roi ? "roi" : "full-frame", "roi-id", G_TYPE_INT, region->id,
      "x", G_TYPE_DOUBLE, ((double) area->x - visible->x) / visible->width, "y",
      G_TYPE_DOUBLE, ((double) area->y - visible->y) / visible->height, "width",
      G_TYPE_DOUBLE, (double) area->width / visible->width, "height",
      G_TYPE_DOUBLE, (double) area->height / visible->height, NULL);
}

GstStructure *
gst_alexnet_result_to_structure (const GstAlexnetRegion *region,
    const GstAlexnetNames *names, const GstAlexnetFrameInfo *info,
    GstBuffer *buffer)
{
  GstStructure *structure = gst_structure_new (GST_ALEXNET_RESULT_NAME,
      "timestamp", G_TYPE_UINT64, GST_BUFFER_PTS (buffer), "running-time",
      G_TYPE_UINT64, info->running_time, "stream-time", G_TYPE_UINT64,
      info->stream_time, "duration", G_TYPE_UINT64,
      GST_BUFFER_DURATION (buffer), "frame-number", G_TYPE_UINT64, info->number,
      "stale", G_TYPE_BOOLEAN, region->stale, NULL);

  set_place (structure, region, &info->region);
  set_classes (structure, region->result, names);
  gst_structure_set (structure, "model", G_TYPE_STRING, names->model, "backend",
      G_TYPE_STRING, names->backend, "inference-time", G_TYPE_UINT64,
      region->result->inference_time, NULL);
  if (region->is_tracked)
    gst_structure_set (structure, "tracking-id", G_TYPE_UINT64,
        region->tracking_id, NULL);
  return structure;
}

static void
append_structure (GValue *array, GstStructure *structure)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed (&value, structure);
  gst_value_array_append_and_take_value (array, &value);
}

static gboolean
copy_field (GQuark field, const GValue *value, gpointer structure)
{
  gst_structure_id_set_value (structure, field, value);
  return TRUE;
}

/* The first region's fields; for detections also "regions": all of them. */
static void
fill_structure (GstStructure *all, GArray *regions,
    const GstAlexnetNames *names, const GstAlexnetFrameInfo *info,
    GstBuffer *buffer)
{
  g_autoptr (GstStructure) first = NULL;
  GValue list = G_VALUE_INIT;

  gst_value_array_init (&list, regions->len);
  for (guint i = 0; i < regions->len; i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (gst_alexnet_region_get_best (region) == GST_ALEXNET_NO_CLASS)
      continue;
    if (!first)
      first = gst_alexnet_result_to_structure (region, names, info, buffer);
    if (region->is_roi)
      append_structure (&list,
          gst_alexnet_result_to_structure (region, names, info, buffer));
  }
  gst_structure_foreach (first, copy_field, all);
  if (gst_value_array_get_size (&list) > 0)
    gst_structure_set_value (all, "regions", &list);
  g_value_unset (&list);
}

static GstVideoRegionOfInterestMeta *
get_roi_meta (GstBuffer *buffer, guint index)
{
  gpointer state = NULL;
  GstMeta *meta;

  do
    meta = gst_buffer_iterate_meta_filtered (buffer, &state,
        GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
  while (meta && index-- > 0);
  return (gpointer) meta;
}

static void
attach_roi (const GstAlexnetRegion *region, const GstAlexnetNames *names,
    GstBuffer *buffer)
{
  const GstAlexnetResult *result = region->result;
  const AlexnetRegion *area = &region->area;
  const char *label = names->labels[result->class_ids[0]];
  GstVideoRegionOfInterestMeta *roi;

  if (region->origin == GST_ALEXNET_ORIGIN_ROI)
    roi = get_roi_meta (buffer, region->index);
  else
    roi = gst_buffer_add_video_region_of_interest_meta (buffer, label, area->x,
        area->y, area->width, area->height);
  gst_video_region_of_interest_meta_add_param (roi,
      gst_structure_new ("classification", "label_id", G_TYPE_INT,
          result->class_ids[0], "label", G_TYPE_STRING, label, "confidence",
          G_TYPE_DOUBLE, (double) result->confidences[0], NULL));
}

static void
attach_rois (GArray *regions, const GstAlexnetNames *names, GstBuffer *buffer)
{
  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (gst_alexnet_region_get_best (region) != GST_ALEXNET_NO_CLASS &&
        region->origin != GST_ALEXNET_ORIGIN_NONE)
      attach_roi (region, names, buffer);
  }
}

const GstStructure *
gst_alexnet_result_attach (GArray *regions, const GstAlexnetNames *names,
    const GstAlexnetFrameInfo *info, GstAlexnetAttach attach, gboolean frame_od,
    GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer,
      GST_ALEXNET_RESULT_NAME);
  GstStructure *structure = gst_custom_meta_get_structure (meta);

  fill_structure (structure, regions, names, info, buffer);
  if (attach & GST_ALEXNET_ATTACH_ROI)
    attach_rois (regions, names, buffer);
  if (attach & GST_ALEXNET_ATTACH_ANALYTICS)
    gst_alexnet_analytics_attach (regions, names, frame_od, buffer);
  if (attach & GST_ALEXNET_ATTACH_TENSOR)
    gst_alexnet_tensor_attach (regions, buffer);
  return structure;
}
