/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "writer.h"

#include <gst/video/video.h>

#include "json/jsonline.h"

/* For one picture, on a machine that has a lot to do. */
#define TIMEOUT (30 * GST_SECOND)
#define WHOLE_GRAY "video/x-raw,format=GRAY8,colorimetry=1:4:0:0"

struct _GstAlexnetWriter {
  GstAlexnetStore *store;
  GstCaps *pixels, *caps; /* before, and of pictures */
  const char *suffix;
  GstAlexnetWriterFunc func;
  gpointer user;
  GAsyncQueue *crops; /* of GstSample; the writer itself is the end */
  GThread *thread;
};

/* Encoders write samples as they are, and readers of pictures take them as of
 * the whole range and, in YUV, of BT.601's matrix. videoconvert makes that of
 * YUV where it makes RGB, and of grey only there. */
static const struct {
  const char *pixels, *caps, *suffix;
} pictures[] = {
  [GST_ALEXNET_PICTURE_JPEG] = { "video/x-raw,format=RGB;" WHOLE_GRAY,
      "image/jpeg", "jpg" },
  [GST_ALEXNET_PICTURE_PNG] = { "video/x-raw,format={RGB,RGBA};" WHOLE_GRAY,
      "image/png", "png" },
};

static GstSample *
convert (const GstAlexnetWriter *writer, GstSample *sample, const GstCaps *caps,
    GError **error)
{
  g_autoptr (GError) cause = NULL;
  GstSample *converted = gst_video_convert_sample (sample, caps, TIMEOUT,
      &cause);

  if (!converted)
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
        "cannot encode an example as %s: %s", writer->suffix, cause->message);
  return converted;
}

static GstSample *
encode (const GstAlexnetWriter *writer, GstSample *crop, GError **error)
{
  g_autoptr (GstSample) pixels = convert (writer, crop, writer->pixels, error);

  return pixels ? convert (writer, pixels, writer->caps, error) : NULL;
}

static gboolean
store (const GstAlexnetWriter *writer, GstBuffer *picture, const char *line,
    GError **error)
{
  GstMapInfo map;
  gboolean ok;

  if (!gst_buffer_map (picture, &map, GST_MAP_READ)) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
        "cannot read an example encoded as %s", writer->suffix);
    return FALSE;
  }
  ok = gst_alexnet_store_add (writer->store, writer->suffix, map.data, map.size,
      line, error);
  gst_buffer_unmap (picture, &map);
  return ok;
}

static gboolean
save (const GstAlexnetWriter *writer, GstSample *crop, GError **error)
{
  g_autoptr (GstSample) picture = encode (writer, crop, error);
  g_auto (GstAlexnetReading) reading = { 0 };
  g_autofree char *line = NULL;

  if (!picture)
    return FALSE;
  gst_alexnet_reading_init_structure (&reading, gst_sample_get_info (crop));
  line = gst_alexnet_json_line (&reading);
  return store (writer, gst_sample_get_buffer (picture), line, error);
}

static gpointer
run (gpointer data)
{
  GstAlexnetWriter *writer = data;
  gpointer crop;

  while ((crop = g_async_queue_pop (writer->crops)) != writer) {
    g_autoptr (GError) error = NULL;

    save (writer, crop, &error);
    gst_sample_unref (crop);
    writer->func (writer->user, error);
  }
  return NULL;
}

/* Elements are missing on a machine, or they are not. */
static gboolean
check_encoder (const GstAlexnetWriter *writer, GError **error)
{
  g_autoptr (GstSample) crop = NULL;
  g_autoptr (GstSample) picture = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  g_autoptr (GstCaps) caps = NULL;
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, 16, 16);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_memset (buffer, 0, 0, info.size);
  caps = gst_video_info_to_caps (&info);
  crop = gst_sample_new (buffer, caps, NULL, NULL);
  picture = encode (writer, crop, error);
  return picture != NULL;
}

GstAlexnetWriter *
gst_alexnet_writer_new (GstAlexnetStore *store, GstAlexnetPicture picture,
    GstAlexnetWriterFunc func, gpointer user, GError **error)
{
  GstAlexnetWriter *writer = g_new0 (GstAlexnetWriter, 1);

  writer->store = store;
  writer->pixels = gst_caps_from_string (pictures[picture].pixels);
  writer->caps = gst_caps_from_string (pictures[picture].caps);
  writer->suffix = pictures[picture].suffix;
  writer->func = func;
  writer->user = user;
  writer->crops = g_async_queue_new ();
  if (check_encoder (writer, error)) {
    writer->thread = g_thread_new ("alexnet-save", run, writer);
    return writer;
  }
  gst_alexnet_writer_free (writer);
  return NULL;
}

void
gst_alexnet_writer_free (GstAlexnetWriter *writer)
{
  if (writer->thread) {
    g_async_queue_push (writer->crops, writer);
    g_thread_join (writer->thread);
  }
  g_async_queue_unref (writer->crops);
  gst_caps_unref (writer->pixels);
  gst_caps_unref (writer->caps);
  gst_alexnet_store_close (writer->store);
  g_free (writer);
}

gboolean
gst_alexnet_writer_is_full (GstAlexnetWriter *writer)
{
  return g_async_queue_length (writer->crops) >= GST_ALEXNET_WRITER_QUEUE;
}

void
gst_alexnet_writer_add (GstAlexnetWriter *writer, GstSample *crop)
{
  g_async_queue_push (writer->crops, crop);
}
