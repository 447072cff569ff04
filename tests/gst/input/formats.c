/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every format, any layout in memory, the same answer. */

#include "support/helpers.h"

#include <math.h>

static const char *const formats[] = { "NV12", "NV21", "I420", "YV12", "YUY2",
  "UYVY", "Y42B", "Y444", "P010_10LE", "I420_10LE", "RGB", "BGR", "RGBx",
  "BGRx", "xRGB", "xBGR", "RGBA", "BGRA", "ARGB", "ABGR", "GRAY8" };

static void
set_caps (Fixture *fixture, const char *format, guint width, guint height,
    const char *more)
{
  char *line = g_strdup_printf (
      "video/x-raw,format=%s,width=%u,height=%u,framerate=30/1%s", format,
      width, height, more);

  test_set_caps (fixture, line);
  g_free (line);
}

static float
classify (Fixture *fixture, GstBuffer *buffer, int expected, const char *what)
{
  const GstStructure *result;
  float confidence;

  gst_harness_push (fixture->harness, buffer);
  buffer = test_pull (fixture);
  result = test_get_result (buffer);
  fail_unless (result != NULL, "%s is not classified", what);
  fail_unless (test_best_class (result) == expected, "%s: class %d, not %d",
      what, test_best_class (result), expected);
  confidence = test_best_confidence (result);
  gst_buffer_unref (buffer);
  return confidence;
}

/* A photograph in each format, and in those with the same samples (which
 * follow one another) with the same confidence, but for rounding: red taken for
 * blue shows there even where the class stays. */
static void
expect_all_formats (Fixture *fixture, guint width, guint height)
{
  static const char *const others[] = { "NV12", "YUY2", "Y444", "P010_10LE",
    "RGB", "GRAY8", NULL };
  float first = 0, seen;

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    set_caps (fixture, formats[i], width, height, "");
    classify (fixture, test_frame_new (TEST_TRUCK, fixture->caps),
        TEST_TRUCK_CLASS, formats[i]);
    seen = classify (fixture, test_frame_new (TEST_HORSE, fixture->caps),
        TEST_HORSE_CLASS, formats[i]);
    if (g_strv_contains (others, formats[i]))
      first = seen;
    fail_unless (fabsf (seen - first) < 0.001f, "%s: %f, expected %f",
        formats[i], seen, first);
  }
}

GST_START_TEST (test_all_formats)
{
  static const guint sizes[][2] = { { 32, 32 }, { 65, 63 }, { 33, 34 } };
  Fixture *fixture = test_fixture_new (NULL);

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    expect_all_formats (fixture, sizes[s][0], sizes[s][1]);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_template_has_these_formats)
{
  GstElement *element = test_element_new (NULL);
  GstPad *sink = gst_element_get_static_pad (element, "sink");
  GstCaps *caps = gst_pad_get_pad_template_caps (sink);
  const GValue *list = gst_structure_get_value (gst_caps_get_structure (caps,
                                                    0),
      "format");

  fail_unless_equals_int (gst_value_list_get_size (list),
      G_N_ELEMENTS (formats));
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    fail_unless_equals_string (
        g_value_get_string (gst_value_list_get_value (list, i)), formats[i]);
  gst_caps_unref (caps);
  gst_object_unref (sink);
  gst_object_unref (element);
}
GST_END_TEST

/* The same picture with planes apart and rows longer than they need be, said
 * by GstVideoMeta alone; what lies between is noise. */
static GstBuffer *
spread_frame (GstBuffer *packed, const GstVideoInfo *info)
{
  GstVideoInfo wide = *info;
  GstVideoFrame from, to;
  gsize offset = 40;
  GstBuffer *buffer;

  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES (info); p++) {
    wide.stride[p] = info->stride[p] + 24 + 8 * p;
    wide.offset[p] = offset;
    offset += (gsize) wide.stride[p] *
            GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT (info->finfo, p, info->height) +
        72;
  }
  wide.size = offset;
  buffer = gst_buffer_new_allocate (NULL, wide.size, NULL);
  gst_buffer_memset (buffer, 0, 0x5a, wide.size);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_INFO_FORMAT (info), info->width, info->height,
      GST_VIDEO_INFO_N_PLANES (info), wide.offset, wide.stride);
  fail_unless (gst_video_frame_map (&from, info, packed, GST_MAP_READ));
  fail_unless (gst_video_frame_map (&to, info, buffer, GST_MAP_WRITE));
  fail_unless (gst_video_frame_copy (&to, &from));
  gst_video_frame_unmap (&to);
  gst_video_frame_unmap (&from);
  gst_buffer_unref (packed);
  return buffer;
}

GST_START_TEST (test_odd_strides)
{
  Fixture *fixture = test_fixture_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    float packed, spread;
    GstVideoInfo info;

    set_caps (fixture, formats[i], 38, 34, "");
    fail_unless (gst_video_info_from_caps (&info, fixture->caps));
    packed = classify (fixture, test_frame_new (TEST_HORSE, fixture->caps),
        TEST_HORSE_CLASS, formats[i]);
    spread = classify (fixture,
        spread_frame (test_frame_new (TEST_HORSE, fixture->caps), &info),
        TEST_HORSE_CLASS, formats[i]);
    fail_unless (packed == spread, "%s: %f packed, %f spread", formats[i],
        packed, spread);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* A horse in the corner of a truck. */
static GstBuffer *
frame_with_crop (Fixture *fixture, guint x, guint y, guint width, guint height)
{
  GstBuffer *buffer = test_frame_new (TEST_TRUCK, fixture->caps);
  GstBuffer *horse = test_photo_new (TEST_HORSE);
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);
  GstMapInfo from, to;

  gst_buffer_map (horse, &from, GST_MAP_READ);
  gst_buffer_map (buffer, &to, GST_MAP_WRITE);
  for (guint row = 0; row < 32; row++)
    memcpy (to.data + ((row + 90) * 128 + 80) * 3, from.data + row * 32 * 3,
        32 * 3);
  gst_buffer_unmap (buffer, &to);
  gst_buffer_unmap (horse, &from);
  crop->x = x;
  crop->y = y;
  crop->width = width;
  crop->height = height;
  gst_buffer_unref (horse);
  return buffer;
}

GST_START_TEST (test_crop_meta)
{
  Fixture *fixture = test_fixture_new (NULL);
  float alone = classify (fixture, test_frame_new (TEST_HORSE, fixture->caps),
      TEST_HORSE_CLASS, "alone");
  float cropped;

  set_caps (fixture, "RGB", 128, 128, "");
  cropped = classify (fixture, frame_with_crop (fixture, 80, 90, 32, 32),
      TEST_HORSE_CLASS, "cropped");
  fail_unless (cropped == alone);
  classify (fixture, frame_with_crop (fixture, 0, 0, 128, 128),
      TEST_TRUCK_CLASS, "whole");
  classify (fixture, frame_with_crop (fixture, 80, 90, 4000, 4000),
      TEST_HORSE_CLASS, "beyond the frame");
  classify (fixture, frame_with_crop (fixture, 500, 500, 10, 10),
      TEST_TRUCK_CLASS, "outside the frame");
  classify (fixture, frame_with_crop (fixture, 0, 0, 0, 0), TEST_TRUCK_CLASS,
      "empty");
  test_fixture_free (fixture);
}
GST_END_TEST

/* Of a frame whose memory is wider, by a GstVideoMeta, caps say what is seen.
 */
GST_START_TEST (test_wider_meta)
{
  Fixture *fixture = test_fixture_new (NULL);
  float alone = classify (fixture, test_frame_new (TEST_HORSE, fixture->caps),
      TEST_HORSE_CLASS, "alone");
  GstBuffer *buffer;
  GstMapInfo map;

  set_caps (fixture, "RGB", 128, 128, "");
  buffer = frame_with_crop (fixture, 80, 90, 32, 32);
  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  memmove (map.data, map.data + (90 * 128 + 80) * 3, 32 * 128 * 3);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_remove_meta (buffer,
      (GstMeta *) gst_buffer_get_video_crop_meta (buffer));
  gst_buffer_add_video_meta (buffer, 0, GST_VIDEO_FORMAT_RGB, 128, 128);
  set_caps (fixture, "RGB", 32, 32, "");
  fail_unless (classify (fixture, buffer, TEST_HORSE_CLASS, "wider") == alone);
  test_fixture_free (fixture);
}
GST_END_TEST

/* The same bytes mean another picture under each of these caps. */
static void
expect_all_differ (const char *format, const char *const *caps)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstBuffer *bytes = NULL;
  float seen[8];

  for (guint i = 0; caps[i]; i++) {
    g_assert (i < G_N_ELEMENTS (seen));
    set_caps (fixture, format, 32, 32, caps[i]);
    if (!bytes)
      bytes = test_frame_new (TEST_HORSE, fixture->caps);
    seen[i] = classify (fixture, gst_buffer_copy_deep (bytes), TEST_HORSE_CLASS,
        caps[i]);
    for (guint k = 0; k < i; k++)
      fail_if (seen[k] == seen[i], "%s is taken for %s", caps[i], caps[k]);
  }
  gst_buffer_unref (bytes);
  test_fixture_free (fixture);
}

GST_START_TEST (test_colorimetry)
{
  static const char *const colorimetries[] = { ",colorimetry=bt601",
    ",colorimetry=bt709", ",colorimetry=bt2020", ",colorimetry=smpte240m",
    ",colorimetry=1:4:0:0", NULL };

  expect_all_differ ("Y444", colorimetries);
}
GST_END_TEST

/* Without a colorimetry GStreamer takes its own default for the site. */
#define SITE(name) ",colorimetry=bt601,chroma-site=" name

GST_START_TEST (test_chroma_site)
{
  static const char *const sites[] = { SITE ("jpeg"), SITE ("mpeg2"),
    SITE ("cosited"), SITE ("v-cosited"), NULL };

  expect_all_differ ("I420", sites);
}
GST_END_TEST

GST_START_TEST (test_extreme_sizes)
{
  static const guint sizes[][2] = { { 1, 1 }, { 1, 8192 }, { 8192, 1 },
    { 3, 500 }, { 8192, 4320 } };
  Fixture *fixture = test_fixture_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    GstVideoInfo info;
    GstBuffer *buffer;

    set_caps (fixture, "I420", sizes[i][0], sizes[i][1], "");
    fail_unless (gst_video_info_from_caps (&info, fixture->caps));
    buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
    gst_buffer_memset (buffer, 0, 0x80, info.size);
    gst_harness_push (fixture->harness, buffer);
    buffer = test_pull (fixture);
    fail_unless (test_get_result (buffer) != NULL, "%ux%u", sizes[i][0],
        sizes[i][1]);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
formats_suite (void)
{
  Suite *suite = suite_create ("formats");
  TCase *tests = test_case_new ("formats");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_all_formats);
  tcase_add_test (tests, test_template_has_these_formats);
  tcase_add_test (tests, test_odd_strides);
  tcase_add_test (tests, test_crop_meta);
  tcase_add_test (tests, test_wider_meta);
  tcase_add_test (tests, test_colorimetry);
  tcase_add_test (tests, test_chroma_site);
  tcase_add_test (tests, test_extreme_sizes);
  return suite;
}

GST_CHECK_MAIN (formats)
