/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "message.h"

#include "json/jsonline.h"

#define SOURCE "/alexnetclassify"
#define TYPE "alexnetclassify.classification"
#define SCHEMA "urn:alexnetclassify:classificationjson.schema.json"

static char *
print_number (guint64 number)
{
  return number == GST_ALEXNET_UNKNOWN
      ? g_strdup ("-")
      : g_strdup_printf ("%" G_GUINT64_FORMAT, number);
}

/* FALSE: nothing tells it from the frames beside. */
static gboolean
is_known (const GstAlexnetReading *reading)
{
  return reading->stream_time != GST_CLOCK_TIME_NONE ||
      reading->frame_number != GST_ALEXNET_UNKNOWN;
}

static char *
make_id (const GstAlexnetMessageStream *stream,
    const GstAlexnetReading *reading)
{
  g_autofree char *time = print_number (reading->stream_time);
  g_autofree char *frame = print_number (reading->frame_number);
  g_autofree char *more = reading->nth > 0
      ? g_strdup_printf ("%u", reading->nth)
      : NULL;
  const char *const parts[] = { stream->id, stream->start, time, frame, more };
  GString *id = g_string_new (stream->key);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i])
      g_string_append_printf (id, "/%s", parts[i]);
  return g_string_free (id, FALSE);
}

static char *
make_source (const char *model)
{
  g_autofree char *escaped = model ? g_uri_escape_string (model, NULL, FALSE)
                                   : NULL;

  return g_strjoin ("/", SOURCE, escaped, NULL);
}

static GVariant *
make_headers (const GstAlexnetMessageStream *stream,
    const GstAlexnetReading *reading)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format_iso8601 (now);
  g_autofree char *id = is_known (reading) ? make_id (stream, reading)
                                           : g_uuid_string_random ();
  g_autofree char *source = make_source (reading->model);
  const char *const headers[][2] = {
    { "ce_specversion", "1.0" },
    { "ce_id", id },
    { "ce_source", source },
    { "ce_type", TYPE },
    { "ce_subject", stream->key },
    { "ce_time", time },
    { "ce_dataschema", SCHEMA },
    { "content-type", "application/json" },
  };
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    g_variant_builder_add (&builder, "(ss)", headers[i][0], headers[i][1]);
  return g_variant_builder_end (&builder);
}

GBytes *
gst_alexnet_message_pack (const GstAlexnetMessageStream *stream,
    const GstAlexnetReading *reading)
{
  g_autofree char *line = gst_alexnet_json_line (reading);
  GVariant *value = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, line,
      strlen (line) - 1, 1);
  g_autoptr (GVariant)
      message = g_variant_ref_sink (g_variant_new ("(ss@a(ss)@ay)",
          stream->topic, stream->key, make_headers (stream, reading), value));

  return g_variant_get_data_as_bytes (message);
}

GVariant *
gst_alexnet_message_unpack (GBytes *bytes)
{
  GVariant *message = g_variant_ref_sink (g_variant_new_from_bytes (
      G_VARIANT_TYPE (GST_ALEXNET_MESSAGE_TYPE), bytes, FALSE));

  if (g_variant_is_normal_form (message))
    return message;
  g_variant_unref (message);
  return NULL;
}
