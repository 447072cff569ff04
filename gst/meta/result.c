/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "result.h"

#include "analytics.h"
#include "names.h"
#include "tensor.h"

/* What each region of each frame has. */
typedef enum {
  TIMESTAMP,
  RUNNING_TIME,
  STREAM_TIME,
  DURATION,
  FRAME_NUMBER,
  MODEL,
  BACKEND,
  STALE,
  REGION,
  ROI_ID,
  REGION_NAME,
  TRACKING_ID,
  X,
  Y,
  WIDTH,
  HEIGHT,
  LABELS,
  CLASS_IDS,
  CONFIDENCES,
  INFERENCE_TIME,
  STATE,
  SINCE,
  CANDIDATE,
  AGREED,
  N_FIELDS
} Field;

static const char *const names[N_FIELDS] = {
  [TIMESTAMP] = GST_ALEXNET_FIELD_TIMESTAMP,
  [RUNNING_TIME] = GST_ALEXNET_FIELD_RUNNING_TIME,
  [STREAM_TIME] = GST_ALEXNET_FIELD_STREAM_TIME,
  [DURATION] = GST_ALEXNET_FIELD_DURATION,
  [FRAME_NUMBER] = GST_ALEXNET_FIELD_FRAME_NUMBER,
  [MODEL] = GST_ALEXNET_FIELD_MODEL,
  [BACKEND] = GST_ALEXNET_FIELD_BACKEND,
  [STALE] = GST_ALEXNET_FIELD_STALE,
  [REGION] = GST_ALEXNET_FIELD_REGION,
  [ROI_ID] = GST_ALEXNET_FIELD_ROI_ID,
  [REGION_NAME] = GST_ALEXNET_FIELD_REGION_NAME,
  [TRACKING_ID] = GST_ALEXNET_FIELD_TRACKING_ID,
  [X] = GST_ALEXNET_FIELD_X,
  [Y] = GST_ALEXNET_FIELD_Y,
  [WIDTH] = GST_ALEXNET_FIELD_WIDTH,
  [HEIGHT] = GST_ALEXNET_FIELD_HEIGHT,
  [LABELS] = GST_ALEXNET_FIELD_LABELS,
  [CLASS_IDS] = GST_ALEXNET_FIELD_CLASS_IDS,
  [CONFIDENCES] = GST_ALEXNET_FIELD_CONFIDENCES,
  [INFERENCE_TIME] = GST_ALEXNET_FIELD_INFERENCE_TIME,
  [STATE] = GST_ALEXNET_FIELD_STATE,
  [SINCE] = GST_ALEXNET_FIELD_SINCE,
  [CANDIDATE] = GST_ALEXNET_FIELD_CANDIDATE,
  [AGREED] = GST_ALEXNET_FIELD_AGREED,
};

/* Made once: what a region may be; values to be filled, of each type; and, as
 * structures of GStreamer before 1.26 have quarks in place of names, those. */
static GQuark full_frame, roi, named;
static struct {
  GValue of_string, of_boolean, of_int, of_uint, of_uint64, of_float, of_double;
} blanks;
#if !GST_CHECK_VERSION(1, 26, 0)
static GQuark quarks[N_FIELDS];
#endif

static void
make_constants (void)
{
  g_value_init (&blanks.of_string, G_TYPE_STRING);
  g_value_init (&blanks.of_boolean, G_TYPE_BOOLEAN);
  g_value_init (&blanks.of_int, G_TYPE_INT);
  g_value_init (&blanks.of_uint, G_TYPE_UINT);
  g_value_init (&blanks.of_uint64, G_TYPE_UINT64);
  g_value_init (&blanks.of_float, G_TYPE_FLOAT);
  g_value_init (&blanks.of_double, G_TYPE_DOUBLE);
  full_frame = g_quark_from_static_string (GST_ALEXNET_FULL_FRAME);
  roi = g_quark_from_static_string (GST_ALEXNET_ROI);
  named = g_quark_from_static_string (GST_ALEXNET_NAMED);
#if !GST_CHECK_VERSION(1, 26, 0)
  for (guint i = 0; i < N_FIELDS; i++)
    quarks[i] = g_quark_from_static_string (names[i]);
#endif
}

static void
set (GstStructure *structure, Field field, GValue value)
{
#if GST_CHECK_VERSION(1, 26, 0)
  gst_structure_take_value_static_str (structure, names[field], &value);
#else
  gst_structure_id_take_value (structure, quarks[field], &value);
#endif
}

void
gst_alexnet_result_register (void)
{
  static const char *tags[] = { NULL };

  if (named == 0)
    make_constants ();
  if (!gst_meta_get_info (GST_ALEXNET_RESULT_NAME))
    gst_meta_register_custom (GST_ALEXNET_RESULT_NAME, tags, NULL, NULL, NULL);
}

/* A string, which neither this nor a copy of it takes memory for. */
static GValue
of_quark (GQuark string)
{
  GValue value = blanks.of_string;

  g_value_set_interned_string (&value, g_quark_to_string (string));
  return value;
}

#define DEFINE_MAKER(type, CType)    \
  static GValue of_##type (CType it) \
  {                                  \
    GValue value = blanks.of_##type; \
                                     \
    g_value_set_##type (&value, it); \
    return value;                    \
  }

DEFINE_MAKER (boolean, gboolean)
DEFINE_MAKER (int, int)
DEFINE_MAKER (uint, guint)
DEFINE_MAKER (uint64, guint64)
DEFINE_MAKER (float, float)
DEFINE_MAKER (double, double)

static void
append (GValue *array, GValue value)
{
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
    guint id = classes->class_ids[i];

    append (&labels, of_quark (model->labels[id]));
    append (&class_ids, of_int ((int) id));
    append (&confidences, of_float (classes->confidences[i]));
  }
  set (structure, LABELS, labels);
  set (structure, CLASS_IDS, class_ids);
  set (structure, CONFIDENCES, confidences);
}

static void
set_embedding (GstStructure *structure, const GstAlexnetClasses *classes)
{
  g_autoptr (GBytes) bytes = g_bytes_new (classes->embedding,
      classes->n_embedding * sizeof (float));

  gst_structure_set (structure, GST_ALEXNET_FIELD_EMBEDDING, G_TYPE_BYTES,
      bytes, NULL);
}

static GQuark
get_kind (const GstAlexnetRegion *region)
{
  if (region->name)
    return named;
  return region->is_roi ? roi : full_frame;
}

static void
set_name (GstStructure *structure, const GstAlexnetRegion *region)
{
  if (region->name)
    set (structure, REGION_NAME, of_quark (region->name));
  if (region->is_tracked)
    set (structure, TRACKING_ID, of_uint64 (region->tracking_id));
}

static void
set_place (GstStructure *structure, const GstAlexnetRegion *region,
    const AlexnetRegion *visible)
{
  const AlexnetRegion *area = &region->area;

  set (structure, REGION, of_quark (get_kind (region)));
  set (structure, ROI_ID, of_int (region->id));
  set_name (structure, region);
  set (structure, X,
      of_double (((double) area->x - visible->x) / visible->width));
  set (structure, Y,
      of_double (((double) area->y - visible->y) / visible->height));
  set (structure, WIDTH, of_double ((double) area->width / visible->width));
  set (structure, HEIGHT, of_double ((double) area->height / visible->height));
}

static void
set_times (GstStructure *structure, const GstAlexnetFrameInfo *info,
    GstBuffer *buffer)
{
  set (structure, TIMESTAMP, of_uint64 (GST_BUFFER_PTS (buffer)));
  set (structure, RUNNING_TIME, of_uint64 (info->running_time));
  set (structure, STREAM_TIME, of_uint64 (info->stream_time));
  set (structure, DURATION, of_uint64 (GST_BUFFER_DURATION (buffer)));
  set (structure, FRAME_NUMBER, of_uint64 (info->number));
}

static GQuark
get_state_label (guint class_id, const GstAlexnetModelInfo *model)
{
  return class_id == GST_ALEXNET_UNKNOWN_CLASS ? model->unknown_label
                                               : model->labels[class_id];
}

static void
set_state (GstStructure *structure, const GstAlexnetState *state,
    const GstAlexnetModelInfo *model)
{
  if (state->class_id != GST_ALEXNET_NO_CLASS) {
    set (structure, STATE, of_quark (get_state_label (state->class_id, model)));
    set (structure, SINCE, of_uint64 (state->since));
  }
  if (gst_alexnet_state_is_pending (state)) {
    set (structure, CANDIDATE,
        of_quark (get_state_label (state->candidate, model)));
    set (structure, AGREED, of_uint (state->n_agreed));
  }
}

/* What all regions of a frame have in common. */
static void
set_frame (GstStructure *structure, const GstAlexnetModelInfo *model,
    const GstAlexnetFrameInfo *info, GstBuffer *buffer)
{
  set_times (structure, info, buffer);
  set (structure, MODEL, of_quark (model->model));
  set (structure, BACKEND, of_quark (model->backend));
}

static GstStructure *
set_region (GstStructure *structure, const GstAlexnetRegion *region,
    const GstAlexnetModelInfo *model, const GstAlexnetFrameInfo *info)
{
  set (structure, STALE, of_boolean (region->stale));
  set_place (structure, region, &info->region);
  set_classes (structure, region->classes, model);
  set (structure, INFERENCE_TIME, of_uint64 (region->classes->inference_time));
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
      GST_ALEXNET_FIELD_REGION, G_TYPE_STRING,
      g_quark_to_string (get_kind (region)), GST_ALEXNET_FIELD_TO,
      G_TYPE_STRING,
      g_quark_to_string (get_state_label (state->class_id, model)),
      GST_ALEXNET_FIELD_CONFIDENCE, G_TYPE_FLOAT, confidence,
      GST_ALEXNET_FIELD_AGREED, G_TYPE_UINT, state->n_agreed, NULL);

  set (structure, SINCE, of_uint64 (state->since));
  set (structure, STREAM_TIME, of_uint64 (info->stream_time));
  set (structure, RUNNING_TIME, of_uint64 (info->running_time));
  set (structure, FRAME_NUMBER, of_uint64 (info->number));
  if (from != GST_ALEXNET_NO_CLASS)
    gst_structure_set (structure, GST_ALEXNET_FIELD_FROM, G_TYPE_STRING,
        g_quark_to_string (get_state_label (from, model)), NULL);
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

    if (!gst_alexnet_region_is_told (region))
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
  const char *label = g_quark_to_string (model->labels[classes->class_ids[0]]);
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
  if (!gst_alexnet_regions_have_classes (regions))
    return structure;
  if (attach & GST_ALEXNET_ATTACH_ROI)
    attach_rois (regions, model, buffer);
  if (attach & GST_ALEXNET_ATTACH_ANALYTICS)
    gst_alexnet_analytics_attach (regions, model->labels, frame_od, buffer);
  if (attach & GST_ALEXNET_ATTACH_TENSOR)
    gst_alexnet_tensor_attach (GST_ALEXNET_TENSOR_CLASSES, regions, buffer);
  if (attach & GST_ALEXNET_ATTACH_EMBEDDING)
    gst_alexnet_tensor_attach (GST_ALEXNET_TENSOR_EMBEDDING, regions, buffer);
  return structure;
}
