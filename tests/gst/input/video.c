/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Video as it comes: in odd sizes, interlaced, rotated, of uneven frame rate,
 * without timestamps. */

#include "support/helpers.h"

/* How many INFO messages frames of two sizes in turn, twice, make. */
static guint
count_infos (const char *sizes[2], const char *property, const char *value)
{
  Fixture *fixture = test_fixture_new ("backend", "reference", property, value,
      NULL);
  guint n;

  for (guint i = 0; i < 4; i++) {
    char *caps = g_strdup_printf ("video/x-raw,format=RGB,framerate=30/1,%s",
        sizes[i % 2]);

    test_set_caps (fixture, caps);
    test_push (fixture);
    gst_buffer_unref (test_pull (fixture));
    g_free (caps);
  }
  n = test_count_messages (fixture->bus, GST_MESSAGE_INFO);
  test_fixture_free (fixture);
  return n;
}

/* Who scales for the element is told once that it would do so itself. */
GST_START_TEST (test_scaled_for_the_network)
{
  const char *scaled[] = { "width=224,height=224", "width=64,height=48" };
  const char *others[] = { "width=225,height=224", "width=256,height=256" };

  fail_unless_equals_int (count_infos (scaled, NULL, NULL), 1);
  fail_unless_equals_int (count_infos (scaled, "crop-mode", "squash"), 1);
  fail_unless_equals_int (count_infos (scaled, "crop-mode", "stretch"), 0);
  fail_unless_equals_int (count_infos (scaled, "crop-mode", "letterbox"), 0);
  fail_unless_equals_int (count_infos (scaled, "inference-region", "roi-list"),
      0);
  fail_unless_equals_int (count_infos (others, NULL, NULL), 0);
}
GST_END_TEST

static GstBuffer *
classify (Fixture *fixture, GstBuffer *buffer)
{
  buffer = test_push_pull (fixture, buffer);
  fail_unless (test_get_result (buffer) != NULL);
  fail_unless_equals_int (test_best_class (test_get_result (buffer)),
      TEST_HORSE_CLASS);
  return buffer;
}

/* Chroma has half a sample too many, in rows, columns or both. */
GST_START_TEST (test_odd_sizes)
{
  static const char *const formats[] = { "I420", "YV12", "NV12", "NV21", "YUY2",
    "UYVY", "Y42B", "Y444", "P010_10LE", "I420_10LE", "RGB", "GRAY8" };
  static const guint sizes[][2] = { { 33, 32 }, { 32, 33 }, { 63, 65 },
    { 101, 99 } };
  Fixture *fixture = test_fixture_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (formats) * G_N_ELEMENTS (sizes); i++) {
    const guint *size = sizes[i % G_N_ELEMENTS (sizes)];
    char *caps = g_strdup_printf (
        "video/x-raw,format=%s,width=%u,height=%u,framerate=30/1",
        formats[i / G_N_ELEMENTS (sizes)], size[0], size[1]);

    test_set_caps (fixture, caps);
    gst_buffer_unref (classify (fixture,
        test_frame_new (TEST_HORSE, fixture->caps)));
    g_free (caps);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* Both fields are classified together, as one picture; the flags that say how
 * they lie stay. */
GST_START_TEST (test_interlaced)
{
  static const char *const lines[] = {
    "video/x-raw,format=I420,width=64,height=64,framerate=25/1,"
    "interlace-mode=interleaved,field-order=top-field-first",
    "video/x-raw,format=NV12,width=64,height=63,framerate=25/1,"
    "interlace-mode=interleaved,field-order=bottom-field-first",
    "video/x-raw,format=YUY2,width=65,height=64,framerate=25/1,"
    "interlace-mode=mixed",
  };
  static const guint flags[] = { GST_VIDEO_BUFFER_FLAG_INTERLACED,
    GST_VIDEO_BUFFER_FLAG_INTERLACED | GST_VIDEO_BUFFER_FLAG_TFF,
    GST_VIDEO_BUFFER_FLAG_RFF };
  Fixture *fixture = test_fixture_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    for (guint f = 0; f < G_N_ELEMENTS (flags); f++) {
      GstBuffer *buffer;

      test_set_caps (fixture, lines[i]);
      buffer = test_frame_new (TEST_HORSE, fixture->caps);
      GST_BUFFER_FLAG_SET (buffer, flags[f]);
      buffer = classify (fixture, buffer);
      fail_unless (GST_BUFFER_FLAG_IS_SET (buffer, flags[f]));
      gst_buffer_unref (buffer);
    }
  test_fixture_free (fixture);
}
GST_END_TEST

/* A field alone is no picture: who sends them is told at once. */
GST_START_TEST (test_alternating_fields_are_refused)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstCaps *caps = gst_caps_from_string (
      "video/x-raw(format:Interlaced),format=I420,width=64,height=64,"
      "framerate=25/1,interlace-mode=alternate");

  fail_if (gst_pad_peer_query_accept_caps (fixture->harness->srcpad, caps));
  gst_caps_unref (caps);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Pictures that are attached to frames would not be seen: who lays them over
 * the video has to blend them, though the sink would do it. */
GST_START_TEST (test_attached_overlays_are_refused)
{
  static const char attached[] =
      "video/x-raw(memory:SystemMemory,meta:GstVideoOverlayComposition),"
      "format=I420,width=64,height=64,framerate=25/1";
  Fixture *fixture = test_fixture_new (NULL);
  GstCaps *caps = gst_caps_from_string (attached), *answer;

  gst_harness_set_sink_caps_str (fixture->harness, "ANY");
  answer = gst_pad_peer_query_caps (fixture->harness->srcpad, caps);
  fail_unless (gst_caps_is_empty (answer), "%" GST_PTR_FORMAT, answer);
  fail_if (gst_pad_peer_query_accept_caps (fixture->harness->srcpad, caps));
  gst_caps_set_features_simple (caps, NULL);
  fail_unless (gst_pad_peer_query_accept_caps (fixture->harness->srcpad, caps));
  gst_caps_unref (answer);
  gst_caps_unref (caps);
  test_fixture_free (fixture);
}
GST_END_TEST

/* The photograph as a phone stores it that was held upright: lying. */
static GstBuffer *
rotated_frame (GstCaps *caps)
{
  GstBuffer *upright = test_frame_new (TEST_HORSE, caps);
  GstBuffer *rotated = gst_buffer_copy_deep (upright);
  GstMapInfo from, to;

  gst_buffer_map (upright, &from, GST_MAP_READ);
  gst_buffer_map (rotated, &to, GST_MAP_WRITE);
  for (guint y = 0; y < 32; y++)
    for (guint x = 0; x < 32; x++)
      memcpy (&to.data[3 * (32 * (31 - x) + y)], &from.data[3 * (32 * y + x)],
          3);
  gst_buffer_unmap (rotated, &to);
  gst_buffer_unmap (upright, &from);
  gst_buffer_unref (upright);
  return rotated;
}

static GstBuffer *
classify_rotated (GstElement *element, GstCaps *caps)
{
  GstHarness *harness = gst_harness_new_with_element (element, "sink", "src");
  GstBuffer *buffer;

  gst_harness_set_src_caps (harness, gst_caps_ref (caps));
  gst_harness_push_event (harness,
      gst_event_new_tag (gst_tag_list_new (GST_TAG_IMAGE_ORIENTATION,
          "rotate-90", NULL)));
  gst_harness_push (harness, rotated_frame (caps));
  buffer = gst_harness_pull (harness);
  gst_harness_teardown (harness);
  return buffer;
}

static GstElement *
upright_bin (void)
{
  char *line = test_line_new ("videoflip video-direction=auto ! "
                              "alexnetclassify");
  GstElement *bin = gst_parse_bin_from_description (line, TRUE, NULL);

  fail_unless (bin != NULL, "%s", line);
  gst_object_ref_sink (bin);
  g_free (line);
  return bin;
}

/* Pixels are taken as they lie. Behind a videoflip, which follows the tag,
 * they lie upright. */
GST_START_TEST (test_rotated)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstElement *lying = test_element_new (NULL), *upright = upright_bin ();
  GstBuffer *expected = classify (fixture,
      test_frame_new (TEST_HORSE, fixture->caps));
  GstBuffer *raw = classify_rotated (lying, fixture->caps);
  GstBuffer *turned = classify_rotated (upright, fixture->caps);

  fail_unless (test_best_confidence (test_get_result (turned)) ==
      test_best_confidence (test_get_result (expected)));
  fail_if (test_best_confidence (test_get_result (raw)) ==
      test_best_confidence (test_get_result (expected)));
  gst_buffer_unref (raw);
  gst_buffer_unref (turned);
  gst_buffer_unref (expected);
  gst_object_unref (lying);
  gst_object_unref (upright);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_variable_frame_rate)
{
  static const GstClockTime times[] = { 0, 1, 40 * GST_MSECOND,
    41 * GST_MSECOND, 3 * GST_SECOND, 3600 * GST_SECOND };
  Fixture *fixture = test_fixture_new ("smoothing", "1000000000", NULL);

  test_set_caps (fixture,
      "video/x-raw,format=I420,width=50,height=38,framerate=0/1,"
      "max-framerate=60/1");
  for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
    GstBuffer *buffer = test_frame_new (TEST_HORSE, fixture->caps);

    GST_BUFFER_PTS (buffer) = times[i];
    buffer = classify (fixture, buffer);
    fail_unless_equals_uint64 (test_get_uint64 (test_get_result (buffer),
                                   "running-time"),
        times[i]);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* As an appsrc has it whose application gives none. */
GST_START_TEST (test_no_frame_rate)
{
  Fixture *fixture = test_fixture_new (NULL);

  test_set_caps (fixture, "video/x-raw,format=RGB,width=32,height=32");
  test_expect_horse (fixture);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Unknown times are said to be unknown; QoS has nothing to go by. */
GST_START_TEST (test_missing_timestamps)
{
  static const char *const fields[] = { "timestamp", "running-time",
    "stream-time", "duration" };
  Fixture *fixture = test_fixture_new ("smoothing", "1000000000", NULL);

  gst_harness_push_upstream_event (fixture->harness,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2, GST_SECOND, 0));
  for (guint i = 0; i < 5; i++) {
    GstBuffer *buffer = classify (fixture,
        test_frame_new (TEST_HORSE, fixture->caps));

    for (guint f = 0; f < G_N_ELEMENTS (fields); f++)
      fail_unless_equals_uint64 (test_get_uint64 (test_get_result (buffer),
                                     fields[f]),
          GST_CLOCK_TIME_NONE);
    fail_if (GST_BUFFER_PTS_IS_VALID (buffer));
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* Before and behind the segment there is no running time. */
GST_START_TEST (test_frames_outside_the_segment)
{
  Fixture *fixture = test_fixture_new (NULL);
  static const GstClockTime times[] = { 0, GST_SECOND, 9 * GST_SECOND };
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = GST_SECOND;
  segment.stop = 2 * GST_SECOND;
  gst_harness_push_event (fixture->harness, gst_event_new_segment (&segment));
  for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
    GstBuffer *buffer = test_frame_new (TEST_HORSE, fixture->caps);

    GST_BUFFER_PTS (buffer) = times[i];
    buffer = classify (fixture, buffer);
    fail_unless_equals_uint64 (test_get_uint64 (test_get_result (buffer),
                                   "running-time"),
        i == 1 ? 0 : GST_CLOCK_TIME_NONE);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_segment_in_bytes)
{
  Fixture *fixture = test_fixture_new ("inference-period", "60000000", NULL);
  GstSegment segment;
  GstBuffer *buffer;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_harness_push_event (fixture->harness, gst_event_new_segment (&segment));
  for (guint i = 0; i < 6; i++) {
    test_push (fixture);
    buffer = test_pull (fixture);
    fail_unless_equals_int (test_get_result (buffer) != NULL, i % 2 == 0);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
video_suite (void)
{
  Suite *suite = suite_create ("video");
  TCase *tests = test_case_new ("video");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_scaled_for_the_network);
  tcase_add_test (tests, test_odd_sizes);
  tcase_add_test (tests, test_interlaced);
  tcase_add_test (tests, test_alternating_fields_are_refused);
  tcase_add_test (tests, test_attached_overlays_are_refused);
  tcase_add_test (tests, test_rotated);
  tcase_add_test (tests, test_variable_frame_rate);
  tcase_add_test (tests, test_no_frame_rate);
  tcase_add_test (tests, test_missing_timestamps);
  tcase_add_test (tests, test_frames_outside_the_segment);
  tcase_add_test (tests, test_segment_in_bytes);
  return suite;
}

GST_CHECK_MAIN (video)
