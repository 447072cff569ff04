/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "jsonline.h"

#include <json-glib/json-glib.h>
#include <math.h>

/* Numbers that JSON readers keep exact as signed 64 bit integers. */
static void
add_count (JsonBuilder *builder, const char *name, guint64 number)
{
  json_builder_set_member_name (builder, name);
  if (number <= G_MAXINT64)
    json_builder_add_int_value (builder, number);
  else
    json_builder_add_null_value (builder);
}

static void
add_number (JsonBuilder *builder, const char *name, double number)
{
  json_builder_set_member_name (builder, name);
  if (isfinite (number))
    json_builder_add_double_value (builder, number);
  else
    json_builder_add_null_value (builder);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *string)
{
  json_builder_set_member_name (builder, name);
  if (string)
    json_builder_add_string_value (builder, string);
  else
    json_builder_add_null_value (builder);
}

static void
add_class (JsonBuilder *builder, const GstAlexnetReadClass *read_class)
{
  json_builder_begin_object (builder);
  add_string (builder, "label", read_class->label);
  add_count (builder, "class_id",
      read_class->class_id < 0 ? G_MAXUINT64 : (guint64) read_class->class_id);
  add_number (builder, "confidence", read_class->confidence);
  json_builder_end_object (builder);
}

static void
add_state (JsonBuilder *builder, const GstAlexnetReadRegion *region)
{
  add_string (builder, "state", region->state);
  add_count (builder, "since", region->since);
  add_string (builder, "candidate", region->candidate);
  add_count (builder, "agreed",
      region->agreed == 0 ? G_MAXUINT64 : region->agreed);
}

static void
add_region (JsonBuilder *builder, const GstAlexnetReadRegion *region)
{
  json_builder_begin_object (builder);
  add_string (builder, "region", region->region);
  add_string (builder, "region_name", region->region_name);
  add_count (builder, "roi_id",
      region->roi_id < 0 ? G_MAXUINT64 : (guint64) region->roi_id);
  add_count (builder, "tracking_id", region->tracking_id);
  add_number (builder, "x", region->x);
  add_number (builder, "y", region->y);
  add_number (builder, "width", region->width);
  add_number (builder, "height", region->height);
  json_builder_set_member_name (builder, "stale");
  json_builder_add_boolean_value (builder, region->stale);
  json_builder_set_member_name (builder, "classes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < region->classes->len; i++)
    add_class (builder,
        &g_array_index (region->classes, GstAlexnetReadClass, i));
  json_builder_end_array (builder);
  add_state (builder, region);
  add_count (builder, "inference_time", region->inference_time);
  json_builder_end_object (builder);
}

static void
add_reading (JsonBuilder *builder, const GstAlexnetReading *reading)
{
  json_builder_begin_object (builder);
  add_count (builder, "frame_number", reading->frame_number);
  add_count (builder, "timestamp", reading->timestamp);
  add_count (builder, "stream_time", reading->stream_time);
  add_count (builder, "running_time", reading->running_time);
  add_count (builder, "duration", reading->duration);
  json_builder_set_member_name (builder, "regions");
  json_builder_begin_array (builder);
  for (guint i = 0; i < reading->regions->len; i++)
    add_region (builder,
        &g_array_index (reading->regions, GstAlexnetReadRegion, i));
  json_builder_end_array (builder);
  add_string (builder, "model", reading->model);
  add_string (builder, "backend", reading->backend);
  json_builder_end_object (builder);
}

char *
gst_alexnet_json_line (const GstAlexnetReading *reading)
{
  g_autoptr (JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *object = NULL;

  add_reading (builder, reading);
  root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  object = json_generator_to_data (generator, NULL);
  return g_strconcat (object, "\n", NULL);
}
