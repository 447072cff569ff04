/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pixels of a region, in every format. */

#include "learn/crop.h"

#include <gst/check/gstcheck.h>

static const char *const formats[] = { "NV12", "NV21", "I420", "YV12", "YUY2",
  "UYVY", "Y42B", "Y444", "P010_10LE", "I420_10LE", "GRAY8", "RGB", "BGR",
  "RGBx", "BGRx", "xRGB", "xBGR", "RGBA", "BGRA", "ARGB", "ABGR" };

static const AlexnetRegion areas[] = { { 0, 0, 33, 21 }, { 7, 5, 9, 3 },
  { 32, 20, 1, 1 }, { 8, 4, 8, 6 } };

/* Of noise, 33x21. */
static GstBuffer *
noise_new (GstVideoInfo *info, const char *format)
{
  GRand *random = g_rand_new_with_seed (1);
  GstBuffer *buffer;
  GstMapInfo map;

  gst_video_info_set_format (info, gst_video_format_from_string (format), 33,
      21);
  buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < map.size; i++)
    map.data[i] = g_rand_int (random);
  gst_buffer_unmap (buffer, &map);
  g_rand_free (random);
  return buffer;
}

static const guint8 *
sample_at (const GstVideoFrame *frame, guint c, guint x, guint y)
{
  return (const guint8 *) GST_VIDEO_FRAME_COMP_DATA (frame, c) +
      y * GST_VIDEO_FRAME_COMP_STRIDE (frame, c) +
      x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);
}

/* Each sample of the crop is that of the frame at the same place. */
static void
expect_component (const GstVideoFrame *crop, const GstVideoFrame *frame,
    guint c, const AlexnetRegion *wide)
{
  const GstVideoFormatInfo *format = frame->info.finfo;
  guint size = GST_VIDEO_FORMAT_INFO_DEPTH (format, c) > 8 ? 2 : 1;
  guint left = wide->x >> GST_VIDEO_FORMAT_INFO_W_SUB (format, c);
  guint top = wide->y >> GST_VIDEO_FORMAT_INFO_H_SUB (format, c);

  for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (crop, c); y++)
    for (int x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH (crop, c); x++)
      fail_unless (memcmp (sample_at (crop, c, x, y),
                       sample_at (frame, c, left + x, top + y), size) == 0,
          "component %u at %d, %d", c, x, y);
}

static AlexnetRegion
widen (const AlexnetRegion *area, const GstVideoFormatInfo *format)
{
  guint n = GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format);
  guint x = n > 1 ? GST_VIDEO_FORMAT_INFO_W_SUB (format, 1) : 0;
  guint y = n > 1 ? GST_VIDEO_FORMAT_INFO_H_SUB (format, 1) : 0;
  AlexnetRegion wide = *area;

  if (x) {
    wide.x = area->x & ~1u;
    wide.width = MIN ((area->x + area->width + 1) & ~1u, 33) - wide.x;
  }
  if (y) {
    wide.y = area->y & ~1u;
    wide.height = MIN ((area->y + area->height + 1) & ~1u, 21) - wide.y;
  }
  return wide;
}

static void
expect_crop (GstSample *sample, const GstVideoInfo *info, GstBuffer *buffer,
    const AlexnetRegion *area)
{
  AlexnetRegion wide = widen (area, info->finfo);
  GstVideoFrame crop, frame;
  GstVideoInfo crop_info;

  fail_unless (gst_video_info_from_caps (&crop_info,
      gst_sample_get_caps (sample)));
  fail_unless (gst_video_colorimetry_is_equal (&crop_info.colorimetry,
      &info->colorimetry));
  fail_unless_equals_int (crop_info.width, wide.width);
  fail_unless_equals_int (crop_info.height, wide.height);
  fail_unless (gst_video_frame_map (&crop, &crop_info,
      gst_sample_get_buffer (sample), GST_MAP_READ));
  fail_unless (gst_video_frame_map (&frame, info, buffer, GST_MAP_READ));
  for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (&crop); c++)
    expect_component (&crop, &frame, c, &wide);
  gst_video_frame_unmap (&crop);
  gst_video_frame_unmap (&frame);
}

GST_START_TEST (test_crop)
{
  GstVideoInfo info;
  GstBuffer *buffer = noise_new (&info, formats[__i__]);

  if (GST_VIDEO_FORMAT_INFO_IS_YUV (info.finfo))
    gst_video_colorimetry_from_string (&info.colorimetry, "bt2020");
  for (guint i = 0; i < G_N_ELEMENTS (areas); i++) {
    GstSample *sample = gst_alexnet_crop_new (&info, buffer, &areas[i],
        gst_structure_new_empty ("about"));

    fail_unless (gst_structure_has_name (gst_sample_get_info (sample),
        "about"));
    expect_crop (sample, &info, buffer, &areas[i]);
    gst_sample_unref (sample);
  }
  gst_buffer_unref (buffer);
}
GST_END_TEST

GST_START_TEST (test_short_buffer)
{
  GstVideoInfo info;
  GstBuffer *buffer = noise_new (&info, "RGB");

  gst_buffer_set_size (buffer, 100);
  fail_unless (!gst_alexnet_crop_new (&info, buffer, &areas[0],
      gst_structure_new_empty ("about")));
  gst_buffer_unref (buffer);
}
GST_END_TEST

static Suite *
crop_suite (void)
{
  Suite *suite = suite_create ("crop");
  TCase *tests = tcase_create ("crop");

  suite_add_tcase (suite, tests);
  tcase_add_loop_test (tests, test_crop, 0, G_N_ELEMENTS (formats));
  tcase_add_test (tests, test_short_buffer);
  return suite;
}

GST_CHECK_MAIN (crop)
