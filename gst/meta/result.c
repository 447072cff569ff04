/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "result.h"

#include "analytics.h"
#include "names.h"
#include "tensor.h"

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
set_classes (GstStructure *structure, const GstAlexnetClasses *classes,
    const GstAlexnetModelInfo *model)
{
  GValue labels = G_VALUE_INIT;
  GValue class_ids = G_VALUE_INIT;
  GValue confidences = G_VALUE_INIT;

  gst_value_array_init (&labels, classes->n);
  gst_value_array_init (&class_ids, classes->n);
  gst_value_array_init (&confidences, classes->n);
  for (guint i = 0; i < classes->n; i++) {
    append_string (&labels, model->labels[classes->class_ids[i]]);
    append_int (&class_ids, classes->class_ids[i]);
    append_float (&confidences, classes->confidences[i]);
  }
  gst_structure_take_value (structure, GST_ALEXNET_FIELD_LABELS, &labels);
  gst_structure_take_value (structure, GST_ALEXNET_FIELD_CLASS_IDS, &class_ids);
  gst_structure_take_value (structure, GST_ALEXNET_FIELD_CONFIDENCES,
      &confidences);
}

static void
set_embedding (GstStructure *structure, const GstAlexnetClasses *classes)
{
  g_autoptr (GBytes) bytes = g_bytes_new (classes->embedding,
      classes->n_embedding * sizeof (float));

  gst_structure_set (structure, GST_ALEXNET_FIELD_EMBEDDING, G_TYPE_BYTES,
      bytes, NULL);
}

static void
set_uint64 (GstStructure *structure, const char *field, guint64 number)
{
  gst_structure_set (structure, field, G_TYPE_UINT64, number, NULL);
}

static void
set_double (GstStructure *structure, const char *field, double number)
{
  gst_structure_set (structure, field, G_TYPE_DOUBLE, number, NULL);
}

static const char *
get_kind (const GstAlexnetRegion *region)
{
  if (region->name)
    return GST_ALEXNET_NAMED;
  return region->is_roi ? GST_ALEXNET_ROI : GST_ALEXNET_FULL_FRAME;
}

static void
set_name (GstStructure *structure, const GstAlexnetRegion *region)
{
  if (region->name)
    gst_structure_set (structure, GST_ALEXNET_FIELD_REGION_NAME, G_TYPE_STRING,
        g_quark_to_string (region->name), NULL);
  if (region->is_tracked)
    set_uint64 (structure, GST_ALEXNET_FIELD_TRACKING_ID, region->tracking_id);
}

static void
set_place (GstStructure *structure, const GstAlexnetRegion *region,
    const AlexnetRegion *visible)
{
  const AlexnetRegion *area = &region->area;

  gst_structure_set (structure, GST_ALEXNET_FIELD_REGION, G_TYPE_STRING,
      get_kind (region), GST_ALEXNET_FIELD_ROI_ID, G_TYPE_INT, region->id,
      NULL);
  set_name (structure, region);
  set_double (structure, GST_ALEXNET_FIELD_X,
      ((double) area->x - visible->x) / visible->width);
  set_double (structure, GST_ALEXNET_FIELD_Y,
      ((double) area->y - visible->y) / visible->height);
  set_double (structure, GST_ALEXNET_FIELD_WIDTH,
      (double) area->width / visible->width);
  set_double (structure, GST_ALEXNET_FIELD_HEIGHT,
      (double) area->height / visible->height);
}

static void
set_times (GstStructure *structure, const GstAlexnetFrameInfo *info,
    GstBuffer *buffer)
{
  set_uint64 (structure, GST_ALEXNET_FIELD_TIMESTAMP, GST_BUFFER_PTS (buffer));
  set_uint64 (structure, GST_ALEXNET_FIELD_RUNNING_TIME, info->running_time);
  set_uint64 (structure, GST_ALEXNET_FIELD_STREAM_TIME, info->stream_time);
  set_uint64 (structure, GST_ALEXNET_FIELD_DURATION,
      GST_BUFFER_DURATION (buffer));
  set_uint64 (structure, GST_ALEXNET_FIELD_FRAME_NUMBER, info->number);
}

static const char *
get_state_label (guint class_id, const GstAlexnetModelInfo *model)
{
  return class_id == GST_ALEXNET_UNKNOWN_CLASS ? model->unknown_label
                                               : model->labels[class_id];
}

static void
set_state (GstStructure *structure, const GstAlexnetState *state,
    const GstAlexnetModelInfo *model)
{
  if (state->class_id != GST_ALEXNET_NO_CLASS)
    gst_structure_set (structure, GST_ALEXNET_FIELD_STATE, G_TYPE_STRING,
        get_state_label (state->class_id, model), GST_ALEXNET_FIELD_SINCE,
        G_TYPE_UINT64, state->since, NULL);
  if (gst_alexnet_state_is_pending (state))
    gst_structure_set (structure, GST_ALEXNET_FIELD_CANDIDATE, G_TYPE_STRING,
        get_state_label (state->candidate, model), GST_ALEXNET_FIELD_AGREED,
        G_TYPE_UINT, state->n_agreed, NULL);
}

/* What all regions of a frame have in common. */
static void
set_frame (GstStructure *structure, const GstAlexnetModelInfo *model,
    const GstAlexnetFrameInfo *info, GstBuffer *buffer)
{
  set_times (structure, info, buffer);
  gst_structure_set (structure, GST_ALEXNET_FIELD_MODEL, G_TYPE_STRING,
      model->model, GST_ALEXNET_FIELD_BACKEND, G_TYPE_STRING, model->backend,
      NULL);
}

static GstStructure *
set_region (GstStructure *structure, const GstAlexnetRegion *region,
    const GstAlexnetModelInfo *model, const GstAlexnetFrameInfo *info)
{
  gst_structure_set (structure, GST_ALEXNET_FIELD_STALE, G_TYPE_BOOLEAN,
      region->stale, NULL);
  set_place (structure, region, &info->region);
  set_classes (structure, region->classes, model);
  set_uint64 (structure, GST_ALEXNET_FIELD_INFERENCE_TIME,
      region->classes->inference_time);
  if (region->has_state)
    set_state (structure, &region->state, model);
  if (region->classes->embedding && !gst_alexnet_tensor_is_built ())
    set_embedding (structure, region->classes);
  return structure;
}

GstStructure *
gst_alexnet_result_to_structure (const GstAlexnetRegion *region,
    const GstAlexnetModelInfo *model, const GstAlexnetFrameInfo *info,
    GstBuffer *buffer)
{
  GstStructure *structure = gst_structure_new_empty (GST_ALEXNET_RESULT_NAME);

  set_frame (structure, model, info, buffer);
  return set_region (structure, region, model, info);
}

GstStructure *
gst_alexnet_state_to_structure (const GstAlexnetRegion *region, guint from,
    float confidence, const GstAlexnetModelInfo *model,
    const GstAlexnetFrameInfo *info)
{
  const GstAlexnetState *state = &region->state;
  GstStructure *structure = gst_structure_new (GST_ALEXNET_STATE_NAME,
      GST_ALEXNET_FIELD_REGION, G_TYPE_STRING, get_kind (region),
      GST_ALEXNET_FIELD_TO, G_TYPE_STRING,
      get_state_label (state->class_id, model), GST_ALEXNET_FIELD_CONFIDENCE,
      G_TYPE_FLOAT, confidence, GST_ALEXNET_FIELD_AGREED, G_TYPE_UINT,
      state->n_agreed, NULL);

  set_uint64 (structure, GST_ALEXNET_FIELD_SINCE, state->since);
  set_uint64 (structure, GST_ALEXNET_FIELD_STREAM_TIME, info->stream_time);
  set_uint64 (structure, GST_ALEXNET_FIELD_RUNNING_TIME, info->running_time);
  set_uint64 (structure, GST_ALEXNET_FIELD_FRAME_NUMBER, info->number);
  if (from != GST_ALEXNET_NO_CLASS)
    gst_structure_set (structure, GST_ALEXNET_FIELD_FROM, G_TYPE_STRING,
        get_state_label (from, model), NULL);
  set_name (structure, region);
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

/* The first region's fields; but for the whole frame also "regions": all of
 * them. */
static void
fill_structure (GstStructure *all, GArray *regions,
    const GstAlexnetModelInfo *model, const GstAlexnetFrameInfo *info,
    GstBuffer *buffer)
{
  const GstAlexnetRegion *first = NULL;
  GValue list = G_VALUE_INIT;

  set_frame (all, model, info, buffer);
  gst_value_array_init (&list, regions->len);
  for (guint i = 0; i < regions->len; i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (gst_alexnet_region_get_best (region) == GST_ALEXNET_NO_CLASS)
      continue;
    if (!first)
      first = region;
    if (region->is_roi)
      append_structure (&list,
          set_region (gst_structure_copy (all), region, model, info));
  }
  set_region (all, first, model, info);
  if (gst_value_array_get_size (&list) > 0)
    gst_structure_take_value (all, GST_ALEXNET_FIELD_REGIONS, &list);
  else
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
attach_roi (const GstAlexnetRegion *region, const GstAlexnetModelInfo *model,
    GstBuffer *buffer)
{
  const GstAlexnetClasses *classes = region->classes;
  const AlexnetRegion *area = &region->area;
  const char *label = model->labels[classes->class_ids[0]];
  GstVideoRegionOfInterestMeta *roi;

  if (region->origin == GST_ALEXNET_ORIGIN_ROI)
    roi = get_roi_meta (buffer, region->index);
  else
    roi = gst_buffer_add_video_region_of_interest_meta (buffer,
        region->name ? g_quark_to_string (region->name) : label, area->x,
        area->y, area->width, area->height);
  gst_video_region_of_interest_meta_add_param (roi,
      gst_structure_new ("classification", "label_id", G_TYPE_INT,
          classes->class_ids[0], "label", G_TYPE_STRING, label, "confidence",
          G_TYPE_DOUBLE, (double) classes->confidences[0], NULL));
}

static void
attach_rois (GArray *regions, const GstAlexnetModelInfo *model,
    GstBuffer *buffer)
{
  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetRegion *region = gst_alexnet_regions_nth (regions, i);

    if (gst_alexnet_region_get_best (region) != GST_ALEXNET_NO_CLASS &&
        region->origin != GST_ALEXNET_ORIGIN_NONE)
      attach_roi (region, model, buffer);
  }
}

const GstStructure *
gst_alexnet_result_attach (GArray *regions, const GstAlexnetModelInfo *model,
    const GstAlexnetFrameInfo *info, GstAlexnetAttach attach, gboolean frame_od,
    GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer,
      GST_ALEXNET_RESULT_NAME);
  GstStructure *structure = gst_custom_meta_get_structure (meta);

  fill_structure (structure, regions, model, info, buffer);
  if (attach & GST_ALEXNET_ATTACH_ROI)
    attach_rois (regions, model, buffer);
  if (attach & GST_ALEXNET_ATTACH_ANALYTICS)
    gst_alexnet_analytics_attach (regions, model->quarks, frame_od, buffer);
  if (attach & GST_ALEXNET_ATTACH_TENSOR)
    gst_alexnet_tensor_attach (GST_ALEXNET_TENSOR_CLASSES, regions, buffer);
  if (attach & GST_ALEXNET_ATTACH_EMBEDDING)
    gst_alexnet_tensor_attach (GST_ALEXNET_TENSOR_EMBEDDING, regions, buffer);
  return structure;
}
