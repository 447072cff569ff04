/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "collage.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

#define WIDTH (COLLAGE_COLUMNS * COLLAGE_TILE)
#define HEIGHT (COLLAGE_ROWS * COLLAGE_TILE)

void
collage_set_caps (Fixture *fixture)
{
  char *caps = g_strdup_printf (
      "video/x-raw,format=RGB,width=%d,height=%d,framerate=30/1", WIDTH,
      HEIGHT);

  test_set_caps (fixture, caps);
  g_free (caps);
}

static guint
photo_of (guint tile)
{
  return tile % 2 == 0 ? TEST_HORSE : TEST_TRUCK;
}

void
collage_draw (GstVideoFrame *frame, guint photo, guint x, guint y)
{
  GstBuffer *tile = test_photo_new (photo);
  gsize stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0);
  guint8 *to = GST_VIDEO_FRAME_PLANE_DATA (frame, 0);

  to += y * stride + x * 3;
  for (guint row = 0; row < COLLAGE_TILE; row++)
    gst_buffer_extract (tile, row * COLLAGE_TILE * 3, to + row * stride,
        COLLAGE_TILE * 3);
  gst_buffer_unref (tile);
}

GstBuffer *
collage_new (Fixture *fixture)
{
  GstVideoFrame frame;
  GstVideoInfo info;
  GstBuffer *buffer;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_WRITE));
  for (guint i = 0; i < COLLAGE_COLUMNS * COLLAGE_ROWS; i++)
    collage_draw (&frame, photo_of (i), i % COLLAGE_COLUMNS * COLLAGE_TILE,
        i / COLLAGE_COLUMNS * COLLAGE_TILE);
  gst_video_frame_unmap (&frame);
  GST_BUFFER_PTS (buffer) = fixture->n_pushed++ * TEST_FRAME_DURATION;
  GST_BUFFER_DURATION (buffer) = TEST_FRAME_DURATION;
  return buffer;
}

GstVideoRegionOfInterestMeta *
collage_add_roi (GstBuffer *buffer, const char *type, guint x, guint y,
    guint width, guint height)
{
  return gst_buffer_add_video_region_of_interest_meta (buffer, type, x, y,
      width, height);
}

GstVideoRegionOfInterestMeta *
collage_add_tile (GstBuffer *buffer, guint tile)
{
  GstVideoRegionOfInterestMeta *roi = collage_add_roi (buffer, "thing",
      tile % COLLAGE_COLUMNS * COLLAGE_TILE,
      tile / COLLAGE_COLUMNS * COLLAGE_TILE, COLLAGE_TILE, COLLAGE_TILE);

  roi->id = 100 + tile;
  return roi;
}

void
collage_crop (GstBuffer *buffer, guint x, guint width)
{
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);

  crop->x = x;
  crop->width = width;
  crop->height = HEIGHT;
}

void
collage_add_object (GstBuffer *buffer, guint tile, int id)
{
  gst_video_region_of_interest_meta_add_param (collage_add_tile (buffer, tile),
      gst_structure_new ("object_id", "id", G_TYPE_INT, id, NULL));
}

#if HAVE_GST_ANALYTICS
guint
collage_add_detection (GstBuffer *buffer, const char *type, guint tile)
{
  GstAnalyticsODMtd od;

  fail_unless (gst_analytics_relation_meta_add_od_mtd (
      gst_buffer_add_analytics_relation_meta (buffer),
      g_quark_from_string (type), tile % COLLAGE_COLUMNS * COLLAGE_TILE,
      tile / COLLAGE_COLUMNS * COLLAGE_TILE, COLLAGE_TILE, COLLAGE_TILE, 0.5f,
      &od));
  return gst_analytics_mtd_get_id (&od);
}

void
collage_track_detection (GstBuffer *buffer, guint od_id, guint64 id,
    gboolean reverse)
{
  GstAnalyticsRelationMeta
      *meta = gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsTrackingMtd tracking;
  guint tracking_id;

  fail_unless (gst_analytics_relation_meta_add_tracking_mtd (meta, id, 0,
      &tracking));
  tracking_id = gst_analytics_mtd_get_id (&tracking);
  fail_unless (gst_analytics_relation_meta_set_relation (meta,
      GST_ANALYTICS_REL_TYPE_RELATE_TO, reverse ? tracking_id : od_id,
      reverse ? od_id : tracking_id));
}
#endif

void
collage_expect_place (const GstStructure *result, double x, double y,
    double width, double height)
{
  double value;

  fail_unless (gst_structure_get_double (result, "x", &value));
  fail_unless_equals_float (value, x);
  fail_unless (gst_structure_get_double (result, "y", &value));
  fail_unless_equals_float (value, y);
  fail_unless (gst_structure_get_double (result, "width", &value));
  fail_unless_equals_float (value, width);
  fail_unless (gst_structure_get_double (result, "height", &value));
  fail_unless_equals_float (value, height);
}

void
collage_expect_tile (const GstStructure *result, guint tile)
{
  int id;

  fail_unless_equals_string (gst_structure_get_name (result), TEST_RESULT);
  fail_unless_equals_string (gst_structure_get_string (result, "region"),
      "roi");
  fail_unless (gst_structure_get_int (result, "roi-id", &id));
  fail_unless_equals_int (id, 100 + tile);
  collage_expect_place (result,
      tile % COLLAGE_COLUMNS / (double) COLLAGE_COLUMNS,
      tile / COLLAGE_COLUMNS / (double) COLLAGE_ROWS, 1.0 / COLLAGE_COLUMNS,
      1.0 / COLLAGE_ROWS);
  fail_unless_equals_int (test_best_class (result),
      photo_of (tile) == TEST_HORSE ? TEST_HORSE_CLASS : TEST_TRUCK_CLASS);
}
