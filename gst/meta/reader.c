/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "reader.h"

#include "names.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

static void
clear_class (gpointer read_class)
{
  g_free (((GstAlexnetReadClass *) read_class)->label);
}

static void
clear_region (gpointer region)
{
  g_array_unref (((GstAlexnetReadRegion *) region)->classes);
}

static void
init_region (GstAlexnetReadRegion *region)
{
  *region = (GstAlexnetReadRegion){
    .region = GST_ALEXNET_FULL_FRAME,
    .roi_id = -1,
    .tracking_id = GST_ALEXNET_UNKNOWN,
    .inference_time = GST_ALEXNET_UNKNOWN,
    .since = GST_CLOCK_TIME_NONE,
    .width = 1,
    .height = 1,
    .classes = g_array_new (FALSE, FALSE, sizeof (GstAlexnetReadClass)),
  };
  g_array_set_clear_func (region->classes, clear_class);
}

static void
add_class (GstAlexnetReadRegion *region, const char *label, int class_id,
    float confidence)
{
  GstAlexnetReadClass read_class = {
    .label = label ? g_utf8_make_valid (label, -1) : g_strdup (""),
    .class_id = class_id,
    .confidence = confidence,
  };

  g_array_append_val (region->classes, read_class);
}

/* NULL when there is no such array, or it has no such element or it is of
 * another type. */
static const GValue *
get_element (const GstStructure *structure, const char *field, guint i,
    GType type)
{
  const GValue *array = gst_structure_get_value (structure, field);
  const GValue *value;

  if (!array || !GST_VALUE_HOLDS_ARRAY (array) ||
      i >= gst_value_array_get_size (array))
    return NULL;
  value = gst_value_array_get_value (array, i);
  return G_VALUE_HOLDS (value, type) ? value : NULL;
}

static gboolean
read_class (GstAlexnetReadRegion *region, const GstStructure *structure,
    guint i)
{
  const GValue *label = get_element (structure, GST_ALEXNET_FIELD_LABELS, i,
      G_TYPE_STRING);
  const GValue *id = get_element (structure, GST_ALEXNET_FIELD_CLASS_IDS, i,
      G_TYPE_INT);
  const GValue *confidence = get_element (structure,
      GST_ALEXNET_FIELD_CONFIDENCES, i, G_TYPE_FLOAT);

  if (!confidence)
    return FALSE;
  add_class (region, label ? g_value_get_string (label) : NULL,
      id ? g_value_get_int (id) : -1, g_value_get_float (confidence));
  return TRUE;
}

static void
read_state (GstAlexnetReadRegion *region, const GstStructure *structure)
{
  region->state = gst_structure_get_string (structure, GST_ALEXNET_FIELD_STATE);
  gst_structure_get_uint64 (structure, GST_ALEXNET_FIELD_SINCE, &region->since);
  region->candidate = gst_structure_get_string (structure,
      GST_ALEXNET_FIELD_CANDIDATE);
  gst_structure_get_uint (structure, GST_ALEXNET_FIELD_AGREED, &region->agreed);
}

static void
read_region (GArray *regions, const GstStructure *structure)
{
  const char *name = gst_structure_get_string (structure,
      GST_ALEXNET_FIELD_REGION);
  GstAlexnetReadRegion region;

  init_region (&region);
  if (name)
    region.region = name;
  region.region_name = gst_structure_get_string (structure,
      GST_ALEXNET_FIELD_REGION_NAME);
  gst_structure_get_int (structure, GST_ALEXNET_FIELD_ROI_ID, &region.roi_id);
  gst_structure_get_uint64 (structure, GST_ALEXNET_FIELD_TRACKING_ID,
      &region.tracking_id);
  gst_structure_get_double (structure, GST_ALEXNET_FIELD_X, &region.x);
  gst_structure_get_double (structure, GST_ALEXNET_FIELD_Y, &region.y);
  gst_structure_get_double (structure, GST_ALEXNET_FIELD_WIDTH, &region.width);
  gst_structure_get_double (structure, GST_ALEXNET_FIELD_HEIGHT,
      &region.height);
  gst_structure_get_boolean (structure, GST_ALEXNET_FIELD_STALE, &region.stale);
  gst_structure_get_uint64 (structure, GST_ALEXNET_FIELD_INFERENCE_TIME,
      &region.inference_time);
  read_state (&region, structure);
  for (guint i = 0; read_class (&region, structure, i);)
    i++;
  g_array_append_val (regions, region);
}

/* Of several regions the array "regions" has one structure each; a result of
 * the whole frame alone is the structure itself. */
static void
read_regions (GArray *regions, const GstStructure *structure)
{
  const GValue *region;

  for (guint i = 0; (region = get_element (structure, GST_ALEXNET_FIELD_REGIONS,
                         i, GST_TYPE_STRUCTURE));
       i++)
    read_region (regions, gst_value_get_structure (region));
  if (regions->len == 0)
    read_region (regions, structure);
}

static void
read_structure (GstAlexnetReading *reading, const GstStructure *structure)
{
  gst_structure_get_uint64 (structure, GST_ALEXNET_FIELD_TIMESTAMP,
      &reading->timestamp);
  gst_structure_get_uint64 (structure, GST_ALEXNET_FIELD_RUNNING_TIME,
      &reading->running_time);
  gst_structure_get_uint64 (structure, GST_ALEXNET_FIELD_STREAM_TIME,
      &reading->stream_time);
  gst_structure_get_uint64 (structure, GST_ALEXNET_FIELD_DURATION,
      &reading->duration);
  gst_structure_get_uint64 (structure, GST_ALEXNET_FIELD_FRAME_NUMBER,
      &reading->frame_number);
  reading->model = gst_structure_get_string (structure,
      GST_ALEXNET_FIELD_MODEL);
  reading->backend = gst_structure_get_string (structure,
      GST_ALEXNET_FIELD_BACKEND);
  read_regions (reading->regions, structure);
}

#if HAVE_GST_ANALYTICS
static int
compare_confidence (gconstpointer a, gconstpointer b)
{
  float first = ((const GstAlexnetReadClass *) a)->confidence;
  float second = ((const GstAlexnetReadClass *) b)->confidence;

  return (first < second) - (first > second);
}

/* The detection that a classification is part of, told from either side. */
static gboolean
find_detection (GstAnalyticsRelationMeta *meta, guint cls,
    GstAnalyticsODMtd *detection)
{
  gpointer state = NULL;

  if (gst_analytics_relation_meta_get_direct_related (meta, cls,
          GST_ANALYTICS_REL_TYPE_IS_PART_OF,
          gst_analytics_od_mtd_get_mtd_type (), &state, detection))
    return TRUE;
  state = NULL;
  while (gst_analytics_relation_meta_iterate (meta, &state,
      gst_analytics_od_mtd_get_mtd_type (), detection))
    if (gst_analytics_relation_meta_get_relation (meta, detection->id, cls) &
        (GST_ANALYTICS_REL_TYPE_CONTAIN | GST_ANALYTICS_REL_TYPE_RELATE_TO))
      return TRUE;
  return FALSE;
}

static void
read_place (GstAlexnetReadRegion *region, GstAnalyticsODMtd *detection,
    guint width, guint height)
{
  int x, y, w, h;
  float confidence;

  if (!gst_analytics_od_mtd_get_location (detection, &x, &y, &w, &h,
          &confidence))
    return;
  region->region = GST_ALEXNET_ROI;
  region->roi_id = detection->id;
  region->x = (double) x / width;
  region->y = (double) y / height;
  region->width = (double) w / width;
  region->height = (double) h / height;
}

static void
read_cls (GArray *regions, GstAnalyticsClsMtd *cls, guint width, guint height)
{
  GstAnalyticsODMtd detection;
  GstAlexnetReadRegion region;

  init_region (&region);
  for (gsize i = 0; i < gst_analytics_cls_mtd_get_length (cls); i++)
    add_class (&region,
        g_quark_to_string (gst_analytics_cls_mtd_get_quark (cls, i)), -1,
        gst_analytics_cls_mtd_get_level (cls, i));
  g_array_sort (region.classes, compare_confidence);
  if (find_detection (cls->meta, cls->id, &detection))
    read_place (&region, &detection, width, height);
  g_array_append_val (regions, region);
}

static void
read_analytics (GArray *regions, GstBuffer *buffer, guint width, guint height)
{
  GstAnalyticsRelationMeta
      *meta = gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsClsMtd cls;
  gpointer state = NULL;

  while (meta &&
      gst_analytics_relation_meta_iterate (meta, &state,
          gst_analytics_cls_mtd_get_mtd_type (), &cls))
    read_cls (regions, &cls, width, height);
}
#endif

static void
read_times (GstAlexnetReading *reading, GstBuffer *buffer,
    const GstSegment *segment)
{
  reading->timestamp = GST_BUFFER_PTS (buffer);
  reading->duration = GST_BUFFER_DURATION (buffer);
  if (segment->format != GST_FORMAT_TIME)
    return;
  reading->running_time = gst_segment_to_running_time (segment, GST_FORMAT_TIME,
      reading->timestamp);
  reading->stream_time = gst_segment_to_stream_time (segment, GST_FORMAT_TIME,
      reading->timestamp);
}

static void
begin (GstAlexnetReading *reading)
{
  *reading = (GstAlexnetReading){
    .timestamp = GST_CLOCK_TIME_NONE,
    .running_time = GST_CLOCK_TIME_NONE,
    .stream_time = GST_CLOCK_TIME_NONE,
    .duration = GST_CLOCK_TIME_NONE,
    .frame_number = GST_ALEXNET_UNKNOWN,
    .regions = g_array_new (FALSE, FALSE, sizeof (GstAlexnetReadRegion)),
  };
  g_array_set_clear_func (reading->regions, clear_region);
}

void
gst_alexnet_reading_init_structure (GstAlexnetReading *reading,
    const GstStructure *structure)
{
  begin (reading);
  read_structure (reading, structure);
}

static guint
count_model (const GArray *readings, const char *model)
{
  guint n = 0;

  for (guint i = 0; i < readings->len; i++)
    if (g_strcmp0 (g_array_index (readings, GstAlexnetReading, i).model,
            model) == 0)
      n++;
  return n;
}

static gboolean
contains (const GPtrArray *structures, const GstStructure *structure)
{
  for (guint i = 0; i < structures->len; i++)
    if (gst_structure_is_equal (structures->pdata[i], structure))
      return TRUE;
  return FALSE;
}

/* Depayloaders give a frame the metadata of all its packets, each of which has
 * all that the frame had: copies tell nothing new. */
static void
read_custom (GArray *readings, GstBuffer *buffer)
{
  const GstMetaInfo *info = gst_meta_get_info (GST_ALEXNET_RESULT_NAME);
  g_autoptr (GPtrArray) structures = g_ptr_array_new ();
  gpointer state = NULL;
  GstMeta *meta;

  if (!info || !gst_meta_info_is_custom (info))
    return;
  while ((meta = gst_buffer_iterate_meta_filtered (buffer, &state,
              info->api))) {
    GstStructure *structure = gst_custom_meta_get_structure ((GstCustomMeta *)
            meta);
    GstAlexnetReading reading;

    if (contains (structures, structure))
      continue;
    g_ptr_array_add (structures, structure);
    gst_alexnet_reading_init_structure (&reading, structure);
    reading.nth = count_model (readings, reading.model);
    g_array_append_val (readings, reading);
  }
}

static void
read_other (GArray *readings, GstBuffer *buffer, const GstSegment *segment,
    guint width, guint height)
{
  GstAlexnetReading reading;

  begin (&reading);
  read_times (&reading, buffer, segment);
#if HAVE_GST_ANALYTICS
  if (width > 0 && height > 0)
    read_analytics (reading.regions, buffer, width, height);
#endif
  if (reading.regions->len > 0)
    g_array_append_val (readings, reading);
  else
    gst_alexnet_reading_clear (&reading);
}

static void
clear_reading (gpointer reading)
{
  gst_alexnet_reading_clear (reading);
}

GArray *
gst_alexnet_readings_new (GstBuffer *buffer, const GstSegment *segment,
    guint width, guint height)
{
  GArray *readings = g_array_new (FALSE, FALSE, sizeof (GstAlexnetReading));

  g_array_set_clear_func (readings, clear_reading);
  read_custom (readings, buffer);
  if (readings->len == 0)
    read_other (readings, buffer, segment, width, height);
  return readings;
}

void
gst_alexnet_reading_clear (GstAlexnetReading *reading)
{
  g_clear_pointer (&reading->regions, g_array_unref);
}

void
gst_alexnet_search_note (GstAlexnetSearch *search, const GArray *readings)
{
  search->n_buffers++;
  search->found |= readings->len > 0;
}

/* It may be meant so: a threshold leaves none, or there was nothing to see. */
void
gst_alexnet_search_end (GstAlexnetSearch *search, GstElement *element)
{
  if (search->found || search->told || search->n_buffers == 0)
    return;
  search->told = TRUE;
  GST_ELEMENT_INFO (element, STREAM, FAILED,
      ("None of %" G_GUINT64_FORMAT " buffers carried a classification.",
          search->n_buffers),
      ("they come from alexnetclassify in front of it, in the same process; "
       "elements between them have to keep metadata"));
}
