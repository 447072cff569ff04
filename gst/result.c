/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "result.h"

#if HAVE_GST_ANALYTICS && GST_CHECK_VERSION(1, 24, 0)
#define USE_ANALYTICS 1
#include <gst/analytics/analytics.h>
#endif

void
gst_alexnet_result_register (void)
{
  static const char *tags[] = { NULL };

  if (!gst_meta_get_info (GST_ALEXNET_RESULT_NAME))
    gst_meta_register_custom (GST_ALEXNET_RESULT_NAME, tags, NULL, NULL, NULL);
}

void
gst_alexnet_result_init (GstAlexnetResult *result, guint n_classes)
{
  result->n = 0;
  result->class_ids = g_new (guint, n_classes);
  result->confidences = g_new (float, n_classes);
}

void
gst_alexnet_result_clear (GstAlexnetResult *result)
{
  result->n = 0;
  g_clear_pointer (&result->class_ids, g_free);
  g_clear_pointer (&result->confidences, g_free);
}

void
gst_alexnet_result_set (GstAlexnetResult *result, const AlexnetResult *source,
    guint top_k, float threshold)
{
  guint n = alexnet_top_k (source->probabilities, source->n_classes, top_k,
      result->class_ids);

  result->n = 0;
  result->inference_time = source->inference_time;
  for (guint i = 0; i < n; i++) {
    float confidence = source->probabilities[result->class_ids[i]];

    if (confidence < threshold)
      break;
    result->confidences[result->n++] = confidence;
  }
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
fill_structure (GstStructure *structure, const GstAlexnetResult *result,
    const GstAlexnetNames *names, const GstAlexnetFrameInfo *info,
    gboolean stale, GstBuffer *buffer)
{
  gst_structure_set (structure, "timestamp", G_TYPE_UINT64,
      GST_BUFFER_PTS (buffer), "running-time", G_TYPE_UINT64,
      info->running_time, "stream-time", G_TYPE_UINT64, info->stream_time,
      "duration", G_TYPE_UINT64, GST_BUFFER_DURATION (buffer), "frame-number",
      G_TYPE_UINT64, info->number, "stale", G_TYPE_BOOLEAN, stale, "region",
      G_TYPE_STRING, "full-frame", "roi-id", G_TYPE_INT, -1, "x", G_TYPE_DOUBLE,
      0.0, "y", G_TYPE_DOUBLE, 0.0, "width", G_TYPE_DOUBLE, 1.0, "height",
      G_TYPE_DOUBLE, 1.0, NULL);
  set_classes (structure, result, names);
  gst_structure_set (structure, "model", G_TYPE_STRING, names->model, "backend",
      G_TYPE_STRING, names->backend, "inference-time", G_TYPE_UINT64,
      result->inference_time, NULL);
}

#ifdef USE_ANALYTICS
static void
attach_analytics (const GstAlexnetResult *result, const GstAlexnetNames *names,
    GstBuffer *buffer)
{
  GstAnalyticsRelationMeta
      *relation = gst_buffer_add_analytics_relation_meta (buffer);
  g_autofree GQuark *quarks = g_new (GQuark, result->n);
  GstAnalyticsClsMtd classification;

  for (guint i = 0; i < result->n; i++)
    quarks[i] = names->quarks[result->class_ids[i]];
  if (!gst_analytics_relation_meta_add_cls_mtd (relation, result->n,
          result->confidences, quarks, &classification))
    GST_WARNING ("no room for %u classes in the relation metadata", result->n);
}
#endif

static void
attach_roi (const GstAlexnetResult *result, const GstAlexnetNames *names,
    const AlexnetRegion *region, GstBuffer *buffer)
{
  const char *label = names->labels[result->class_ids[0]];
  GstVideoRegionOfInterestMeta
      *roi = gst_buffer_add_video_region_of_interest_meta (buffer, label,
          region->x, region->y, region->width, region->height);

  gst_video_region_of_interest_meta_add_param (roi,
      gst_structure_new ("classification", "label_id", G_TYPE_INT,
          result->class_ids[0], "label", G_TYPE_STRING, label, "confidence",
          G_TYPE_DOUBLE, (double) result->confidences[0], NULL));
}

const GstStructure *
gst_alexnet_result_attach (const GstAlexnetResult *result,
    const GstAlexnetNames *names, const GstAlexnetFrameInfo *info,
    gboolean stale, GstAlexnetAttach attach, GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer,
      GST_ALEXNET_RESULT_NAME);
  GstStructure *structure = gst_custom_meta_get_structure (meta);

  fill_structure (structure, result, names, info, stale, buffer);
#ifdef USE_ANALYTICS
  if (attach & GST_ALEXNET_ATTACH_ANALYTICS)
    attach_analytics (result, names, buffer);
#endif
  if (attach & GST_ALEXNET_ATTACH_ROI)
    attach_roi (result, names, &info->region, buffer);
  return structure;
}
