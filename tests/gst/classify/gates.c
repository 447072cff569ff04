/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames and regions that are due and are not classified all the same. */

#include "support/collage.h"

static char
pass (Fixture *fixture, GstBuffer *buffer)
{
  GstBuffer *out = test_push_pull (fixture, buffer);
  char kind = test_result_kind (out);

  gst_buffer_unref (out);
  return kind;
}

static char
pass_photo (Fixture *fixture, guint photo)
{
  test_push_photo (fixture, photo);
  return test_pull_kind (fixture);
}

GST_START_TEST (test_off)
{
  Fixture *fixture = test_fixture_new (NULL);

  for (guint i = 0; i < 3; i++)
    fail_unless (pass_photo (fixture, TEST_HORSE) == 'x');
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-motion"), 0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* What has not changed has its last result, whatever repeat-last says. */
GST_START_TEST (test_still_frame)
{
  static const guint photos[] = { TEST_HORSE, TEST_HORSE, TEST_TRUCK,
    TEST_TRUCK, TEST_HORSE };
  static const char kinds[] = "xsxsx";
  Fixture *fixture = test_fixture_new ("motion-threshold", "2", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (photos); i++) {
    GstBuffer *buffer;

    test_push_photo (fixture, photos[i]);
    buffer = test_pull (fixture);
    fail_unless (test_result_kind (buffer) == kinds[i]);
    fail_unless_equals_int (test_best_class (test_get_result (buffer)),
        photos[i] == TEST_HORSE ? TEST_HORSE_CLASS : TEST_TRUCK_CLASS);
    fail_unless_equals_uint64 (test_get_uint64 (test_get_result (buffer),
                                   "frame-number"),
        i);
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 3);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-motion"), 2);
  fail_unless_equals_uint64 (test_stat (fixture->element, "repeated-regions"),
      0);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_ELEMENT),
      3);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Components of a frame, all of `level` of 8 bits, but one. */
static void
fill (GstVideoFrame *frame, guint changed, guint level, guint other)
{
  const GstVideoFormatInfo *info = frame->info.finfo;

  for (guint c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (info); c++) {
    guint shift = GST_VIDEO_FORMAT_INFO_SHIFT (info, c) +
        GST_VIDEO_FORMAT_INFO_DEPTH (info, c) - 8;
    guint value = (c == changed ? other : level) << shift;
    gsize size = GST_VIDEO_FORMAT_INFO_DEPTH (info, c) > 8 ? 2 : 1;

    for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (frame, c); y++)
      for (int x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH (frame, c); x++) {
        guint8 *to = GST_VIDEO_FRAME_COMP_DATA (frame, c);

        to += y * GST_VIDEO_FRAME_COMP_STRIDE (frame, c) +
            x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);
        for (gsize i = 0; i < size; i++)
          to[i] = value >> 8 * i;
      }
  }
}

static GstBuffer *
plain_new (Fixture *fixture, guint changed, guint level, guint other)
{
  GstVideoFrame frame;
  GstVideoInfo info;
  GstBuffer *buffer;

  fail_unless (gst_video_info_from_caps (&info, fixture->caps));
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_memset (buffer, 0, 0, info.size);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READWRITE));
  fill (&frame, changed, level, other);
  gst_video_frame_unmap (&frame);
  GST_BUFFER_PTS (buffer) = fixture->n_pushed++ * TEST_FRAME_DURATION;
  return buffer;
}

/* Slow changes add up. */
GST_START_TEST (test_drift)
{
  static const char kinds[] = "xsssxsssxsss";
  Fixture *fixture = test_fixture_new ("motion-threshold", "3.5", NULL);

  test_set_caps (fixture,
      "video/x-raw,format=GRAY8,width=33,height=7,framerate=30/1");
  for (guint i = 0; kinds[i]; i++)
    fail_unless (pass (fixture, plain_new (fixture, 0, 0, 100 + i)) ==
        kinds[i]);
  test_fixture_free (fixture);
}
GST_END_TEST

static const char *const formats[] = { "NV12", "NV21", "I420", "YV12", "YUY2",
  "UYVY", "Y42B", "Y444", "P010_10LE", "I420_10LE", "GRAY8", "RGB", "BGR",
  "RGBx", "BGRx", "xRGB", "xBGR", "RGBA", "BGRA", "ARGB", "ABGR" };

static void
set_threshold (Fixture *fixture, double threshold)
{
  g_object_set (fixture->element, "motion-threshold", (float) threshold, NULL);
}

/* By how many levels one component that grows by 40 changes the picture: below
 * a threshold that is a little more nothing is classified. */
static void
expect_difference (Fixture *fixture, guint component, double levels)
{
  set_threshold (fixture, levels + 1);
  fail_unless (pass (fixture, plain_new (fixture, component, 100, 100)) == 'x');
  fail_unless (pass (fixture, plain_new (fixture, component, 100, 140)) == 's');
  if (levels > 0) {
    set_threshold (fixture, levels - 1);
    fail_unless (pass (fixture, plain_new (fixture, component, 100, 140)) ==
        'x');
  }
  test_flush (fixture);
}

/* Luma alone counts, in the levels that motion-threshold is documented in. */
GST_START_TEST (test_format)
{
  static const double of_rgb[] = { 77 / 256.0, 150 / 256.0, 29 / 256.0 };
  static const double of_luma[] = { 1, 0, 0 };
  char *caps = g_strdup_printf (
      "video/x-raw,format=%s,width=50,height=38,framerate=30/1",
      formats[__i__]);
  Fixture *fixture = test_fixture_new (NULL);
  GstVideoInfo info;

  test_set_caps (fixture, caps);
  fail_unless (gst_video_info_from_caps (&info, fixture->caps));
  for (guint c = 0; c < MIN (GST_VIDEO_INFO_N_COMPONENTS (&info), 3); c++)
    expect_difference (fixture, c,
        40 * (GST_VIDEO_INFO_IS_RGB (&info) ? of_rgb : of_luma)[c]);
  test_fixture_free (fixture);
  g_free (caps);
}
GST_END_TEST

/* After a flush, a gap and a start all is new; another stream changes nothing.
 */
GST_START_TEST (test_forgets)
{
  Fixture *fixture = test_fixture_new ("motion-threshold", "2", NULL);

  fail_unless (pass_photo (fixture, TEST_HORSE) == 'x');
  gst_harness_push_event (fixture->harness, gst_event_new_stream_start ("2"));
  fail_unless (pass_photo (fixture, TEST_HORSE) == 's');
  test_flush (fixture);
  fail_unless (pass_photo (fixture, TEST_HORSE) == 'x');
  gst_harness_push_event (fixture->harness, gst_event_new_gap (0, GST_SECOND));
  fail_unless (pass_photo (fixture, TEST_HORSE) == 'x');
  fail_unless (pass_photo (fixture, TEST_HORSE) == 's');
  test_fixture_free (fixture);
}
GST_END_TEST

/* What was classified in between is what others are compared with. */
GST_START_TEST (test_switched_off)
{
  Fixture *fixture = test_fixture_new ("motion-threshold", "2", NULL);

  fail_unless (pass_photo (fixture, TEST_HORSE) == 'x');
  set_threshold (fixture, 0);
  fail_unless (pass_photo (fixture, TEST_TRUCK) == 'x');
  set_threshold (fixture, 2);
  fail_unless (pass_photo (fixture, TEST_HORSE) == 'x');
  fail_unless (pass_photo (fixture, TEST_HORSE) == 's');
  test_fixture_free (fixture);
}
GST_END_TEST

static void
black_out (GstBuffer *buffer, guint tile)
{
  gsize row = 3 * COLLAGE_COLUMNS * COLLAGE_TILE;

  for (guint y = 0; y < COLLAGE_TILE; y++)
    gst_buffer_memset (buffer,
        (tile / COLLAGE_COLUMNS * COLLAGE_TILE + y) * row +
            tile % COLLAGE_COLUMNS * COLLAGE_TILE * 3,
        0, 3 * COLLAGE_TILE);
}

static void
expect_stale (GstBuffer *buffer, gboolean of_a, gboolean of_b)
{
  fail_unless_equals_int (test_n_regions (buffer), 2);
  fail_unless_equals_int (test_is_stale (test_nth_region (buffer, 0)), of_a);
  fail_unless_equals_int (test_is_stale (test_nth_region (buffer, 1)), of_b);
}

/* Each region by itself: what happens beside it does not matter. */
GST_START_TEST (test_still_regions)
{
  Fixture *fixture = test_fixture_new ("motion-threshold", "2", "regions",
      "a:0,0,32,32;b:32,0,32,32", NULL);
  static const gboolean stale[][2] = { { FALSE, FALSE }, { TRUE, FALSE },
    { TRUE, TRUE } };

  collage_set_caps (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (stale); i++) {
    GstBuffer *buffer = collage_new (fixture);

    if (i > 0)
      black_out (buffer, 1);
    black_out (buffer, 2 + i);
    buffer = test_push_pull (fixture, buffer);
    expect_stale (buffer, stale[i][0], stale[i][1]);
    fail_unless_equals_int (test_best_class (test_nth_region (buffer, 0)),
        TEST_HORSE_CLASS);
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 3);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-motion"), 3);
  fail_unless_equals_uint64 (test_stat (fixture->element, "repeated-regions"),
      3);
  test_fixture_free (fixture);
}
GST_END_TEST

/* A tracker's object takes its picture along; without one nothing is known
 * again. */
GST_START_TEST (test_still_objects)
{
  Fixture *fixture = test_fixture_new ("motion-threshold", "2",
      "inference-region", "roi-list", NULL);
  static const guint tiles[] = { 0, 2, 3 };

  collage_set_caps (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (tiles); i++) {
    GstBuffer *buffer = collage_new (fixture);

    collage_add_object (buffer, tiles[i], 17);
    collage_add_tile (buffer, 4);
    buffer = test_push_pull (fixture, buffer);
    collage_expect_tile (test_nth_region (buffer, 0), tiles[i]);
    expect_stale (buffer, i == 1, FALSE);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* A state is confirmed though nothing moves any more. */
GST_START_TEST (test_pending_state)
{
  static const char kinds[] = "xxxsxxxss";
  Fixture *fixture = test_fixture_new ("motion-threshold", "2", "confirm-count",
      "3", NULL);

  for (guint i = 0; kinds[i]; i++)
    fail_unless (pass_photo (fixture, i < 4 ? TEST_HORSE : TEST_TRUCK) ==
        kinds[i]);
  test_fixture_free (fixture);
}
GST_END_TEST

/* As long as there is no state yet one is looked for, whatever took the last
 * one. */
GST_START_TEST (test_no_state)
{
  Fixture *fixture = test_fixture_new ("motion-threshold", "2", "post-messages",
      "never", NULL);

  fail_unless (pass_photo (fixture, TEST_HORSE) == 'x');
  g_object_set (fixture->element, "confirm-count", 2, NULL);
  for (guint i = 0; "sxxs"[i]; i++)
    fail_unless (pass_photo (fixture, TEST_HORSE) == "sxxs"[i]);
  gst_harness_push_event (fixture->harness, gst_event_new_stream_start ("2"));
  for (guint i = 0; "xxss"[i]; i++)
    fail_unless (pass_photo (fixture, TEST_HORSE) == "xxss"[i]);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_ELEMENT),
      2);
  test_fixture_free (fixture);
}
GST_END_TEST

/* So is what an object is. */
GST_START_TEST (test_undecided_vote)
{
  Fixture *fixture = test_fixture_new ("motion-threshold", "2",
      "inference-region", "roi-list", "vote-count", "3", NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 5; i++) {
    GstBuffer *buffer = collage_new (fixture);

    collage_add_object (buffer, 0, 17);
    fail_unless (pass (fixture, buffer) == (i < 3 ? 'x' : 's'));
  }
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 3);
  test_fixture_free (fixture);
}
GST_END_TEST

static char
pass_with (Fixture *fixture, const char *type)
{
  GstBuffer *buffer = collage_new (fixture);

  if (type)
    collage_add_roi (buffer, type, 0, 0, 32, 32);
  return pass (fixture, buffer);
}

/* A frame that has to wait for a detection is due until it has one. */
GST_START_TEST (test_run_when)
{
  static const char *const types[] = { NULL, "dog", "car", "person", "dog",
    "Car", "person" };
  static const char kinds[] = "--x---x";
  Fixture *fixture = test_fixture_new ("run-when", "person, car",
      "inference-interval", "2", NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    fail_unless (pass_with (fixture, types[i]) == kinds[i]);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-run-when"),
      4);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-interval"),
      1);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-regions"),
      0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* A picture that lies behind the width of the caps, as videocrop leaves it. */
GST_START_TEST (test_run_when_of_a_cropped_frame)
{
  Fixture *fixture = test_fixture_new ("run-when", "car", NULL);
  GstBuffer *buffer;
  GstCaps *caps;
  char *line;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  fail_unless (gst_buffer_add_video_meta (buffer, 0, GST_VIDEO_FORMAT_RGB,
                   COLLAGE_COLUMNS * COLLAGE_TILE,
                   COLLAGE_ROWS * COLLAGE_TILE) != NULL);
  collage_crop (buffer, (COLLAGE_COLUMNS - 1) * COLLAGE_TILE, COLLAGE_TILE);
  collage_add_roi (buffer, "car", (COLLAGE_COLUMNS - 1) * COLLAGE_TILE, 0, 8,
      8);
  caps = gst_caps_copy (fixture->caps);
  gst_caps_set_simple (caps, "width", G_TYPE_INT, COLLAGE_TILE, NULL);
  line = gst_caps_to_string (caps);
  test_set_caps (fixture, line);
  fail_unless (pass (fixture, buffer) == 'x');
  g_free (line);
  gst_caps_unref (caps);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_run_when_of_a_class_with_a_comma)
{
  Fixture *fixture = test_fixture_new ("run-when", "traffic\\, light", NULL);

  collage_set_caps (fixture);
  fail_unless (pass_with (fixture, "traffic") == '-');
  fail_unless (pass_with (fixture, "light") == '-');
  fail_unless (pass_with (fixture, "traffic, light") == 'x');
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_run_when_repeats)
{
  Fixture *fixture = test_fixture_new ("run-when", "car", "repeat-last", "true",
      NULL);

  collage_set_caps (fixture);
  fail_unless (pass_with (fixture, NULL) == '-');
  fail_unless (pass_with (fixture, "car") == 'x');
  fail_unless (pass_with (fixture, NULL) == 's');
  test_fixture_free (fixture);
}
GST_END_TEST

#if HAVE_GST_ANALYTICS
GST_START_TEST (test_run_when_of_analytics)
{
  Fixture *fixture = test_fixture_new ("run-when", "car", NULL);
  static const char *const types[] = { "dog", "car" };

  collage_set_caps (fixture);
  for (guint i = 0; i < 2; i++) {
    GstBuffer *buffer = collage_new (fixture);

    collage_add_detection (buffer, types[i], 0);
    fail_unless (pass (fixture, buffer) == "-x"[i]);
  }
  test_fixture_free (fixture);
}
GST_END_TEST
#endif

static const char *const wrong[] = { "person,,car", ",car", "car, ", "," };

GST_START_TEST (test_wrong_run_when)
{
  GstElement *element = test_element_new ("run-when", wrong[__i__], NULL);
  char *text = test_expect_error (element, GST_STATE_READY);

  fail_unless (strstr (text, "run-when") && strstr (text, wrong[__i__]) &&
          strstr (text, "empty"),
      "%s", text);
  g_free (text);
  gst_object_unref (element);
}
GST_END_TEST

static guint
count_warnings (Fixture *fixture)
{
  return test_count_messages (fixture->bus, GST_MESSAGE_WARNING);
}

/* Once, when enough detections of other classes came, with both names. */
GST_START_TEST (test_class_that_no_detector_has)
{
  Fixture *fixture = test_fixture_new ("run-when", "persn", NULL);
  GstMessage *message;
  GError *error;
  char *debug;

  collage_set_caps (fixture);
  for (guint i = 0; i < 99; i++) {
    pass_with (fixture, NULL);
    pass_with (fixture, "person");
  }
  fail_unless_equals_int (count_warnings (fixture), 0);
  pass_with (fixture, "person");
  message = test_pop_message (fixture->bus, GST_MESSAGE_WARNING);
  gst_message_parse_warning (message, &error, &debug);
  fail_unless (strstr (error->message, "persn") != NULL, "%s", error->message);
  fail_unless (strstr (debug, "\"person\"") != NULL, "%s", debug);
  g_error_free (error);
  g_free (debug);
  gst_message_unref (message);
  for (guint i = 0; i < 150; i++)
    pass_with (fixture, "person");
  fail_unless_equals_int (count_warnings (fixture), 0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* One that was there once is right. */
GST_START_TEST (test_class_that_is_rare)
{
  Fixture *fixture = test_fixture_new ("run-when", "person", NULL);

  collage_set_caps (fixture);
  pass_with (fixture, "person");
  for (guint i = 0; i < 150; i++)
    pass_with (fixture, "car");
  fail_unless_equals_int (count_warnings (fixture), 0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Without a detector, or in a stream that is too short for the other warning,
 * the end says so. */
GST_START_TEST (test_class_that_never_came)
{
  static const char *const found[] = { NULL, "car", "person" };
  Fixture *fixture = test_fixture_new ("run-when", "person", NULL);

  collage_set_caps (fixture);
  pass_with (fixture, found[__i__]);
  fail_unless_equals_int (count_warnings (fixture), 0);
  test_push_eos (fixture);
  fail_unless_equals_int (count_warnings (fixture), __i__ < 2 ? 1 : 0);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
gates_suite (void)
{
  Suite *suite = suite_create ("gates");
  TCase *tests = test_case_new ("gates");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_off);
  tcase_add_test (tests, test_still_frame);
  tcase_add_test (tests, test_drift);
  tcase_add_loop_test (tests, test_format, 0, G_N_ELEMENTS (formats));
  tcase_add_test (tests, test_forgets);
  tcase_add_test (tests, test_switched_off);
  tcase_add_test (tests, test_still_regions);
  tcase_add_test (tests, test_still_objects);
  tcase_add_test (tests, test_pending_state);
  tcase_add_test (tests, test_no_state);
  tcase_add_test (tests, test_undecided_vote);
  tcase_add_test (tests, test_run_when);
  tcase_add_test (tests, test_run_when_of_a_cropped_frame);
  tcase_add_test (tests, test_run_when_of_a_class_with_a_comma);
  tcase_add_test (tests, test_run_when_repeats);
#if HAVE_GST_ANALYTICS
  tcase_add_test (tests, test_run_when_of_analytics);
#endif
  tcase_add_loop_test (tests, test_wrong_run_when, 0, G_N_ELEMENTS (wrong));
  tcase_add_test (tests, test_class_that_no_detector_has);
  tcase_add_test (tests, test_class_that_is_rare);
  tcase_add_loop_test (tests, test_class_that_never_came, 0, 3);
  return suite;
}

GST_CHECK_MAIN (gates)
