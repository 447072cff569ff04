/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Classes become states when enough results agree: messages, metadata, and
 * what makes a stream's states begin anew. */

#include "support/collage.h"
#include "support/statehelpers.h"

#define TWO "confirm-count", "2", "post-messages", "never"

static void
expect_kinds (Fixture *fixture, guint photo, const char *kinds)
{
  for (; *kinds; kinds++) {
    test_push_photo (fixture, photo);
    fail_unless_equals_int (test_pull_kind (fixture), *kinds);
  }
}

GST_START_TEST (test_off_by_default)
{
  Fixture *fixture = test_fixture_new ("post-messages", "never", NULL);

  test_expect_state_after (fixture, "hhhttt", "-", "-");
  test_expect_changes (fixture, "");
  test_fixture_free (fixture);
}
GST_END_TEST

/* One frame of something else changes nothing. */
GST_START_TEST (test_count)
{
  Fixture *fixture = test_fixture_new (TWO, NULL);

  test_expect_state_after (fixture, "h", "-", "horse");
  test_expect_changes (fixture, "");
  test_expect_state_after (fixture, "h", "horse", "-");
  test_expect_changes (fixture, "-horse");
  test_expect_state_after (fixture, "t", "horse", "truck");
  test_expect_state_after (fixture, "h", "horse", "-");
  test_expect_state_after (fixture, "ththt", "horse", "truck");
  test_expect_changes (fixture, "");
  test_expect_state_after (fixture, "t", "truck", "-");
  test_expect_changes (fixture, "horse-truck");
  test_fixture_free (fixture);
}
GST_END_TEST

/* Since when, how sure, and after how many frames. */
GST_START_TEST (test_message)
{
  Fixture *fixture = test_fixture_new ("confirm-count", "3", "post-messages",
      "never", NULL);
  const GstStructure *change;
  GstMessage *message;
  GstBuffer *buffer;
  float confidence;
  guint agreed;

  test_push_segment (fixture, 1, 5 * GST_SECOND, GST_CLOCK_TIME_NONE);
  fixture->n_pushed = 150;
  buffer = test_push_photos (fixture, "thhh");
  message = test_pop_message (fixture->bus, GST_MESSAGE_ELEMENT);
  change = gst_message_get_structure (message);
  fail_unless_equals_string (gst_structure_get_string (change, "region"),
      "full-frame");
  fail_if (gst_structure_has_field (change, "from"));
  fail_unless_equals_string (gst_structure_get_string (change, "to"), "horse");
  fail_unless_equals_uint64 (test_get_uint64 (change, "since"),
      151 * TEST_FRAME_DURATION);
  fail_unless_equals_uint64 (test_get_uint64 (change, "stream-time"),
      153 * TEST_FRAME_DURATION);
  fail_unless_equals_uint64 (test_get_uint64 (change, "running-time"),
      153 * TEST_FRAME_DURATION - 5 * GST_SECOND);
  fail_unless_equals_uint64 (test_get_uint64 (change, "frame-number"), 3);
  fail_unless (gst_structure_get (change, "agreed", G_TYPE_UINT, &agreed,
      "confidence", G_TYPE_FLOAT, &confidence, NULL));
  fail_unless_equals_int (agreed, 3);
  fail_unless_equals_float (confidence,
      test_best_confidence (test_get_result (buffer)));
  fail_unless_equals_uint64 (test_get_uint64 (test_get_result (buffer),
                                 "since"),
      151 * TEST_FRAME_DURATION);
  gst_message_unref (message);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_duration)
{
  Fixture *fixture = test_fixture_new ("confirm-duration", "100000000",
      "post-messages", "never", NULL);

  test_expect_state_after (fixture, "hhh", "-", "horse");
  test_expect_state_after (fixture, "hh", "horse", "-");
  test_expect_state_after (fixture, "ttt", "horse", "truck");
  test_expect_state_after (fixture, "hh", "horse", "-");
  test_expect_state_after (fixture, "ttttt", "truck", "-");
  test_expect_changes (fixture, "-horse horse-truck");
  test_fixture_free (fixture);
}
GST_END_TEST

/* What is repeated on skipped frames says nothing new. */
GST_START_TEST (test_stale_results_do_not_count)
{
  Fixture *fixture = test_fixture_new (TWO, "inference-interval", "4",
      "repeat-last", "true", NULL);

  test_expect_state_after (fixture, "hhhh", "-", "horse");
  test_expect_state_after (fixture, "hhhh", "horse", "-");
  test_expect_state_after (fixture, "tttt", "horse", "truck");
  test_expect_changes (fixture, "-horse");
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_threshold)
{
  Fixture *fixture = test_fixture_new (TWO, "state-threshold", "1",
      "unknown-label", "nobody", NULL);

  test_expect_state_after (fixture, "ht", "nobody", "-");
  g_object_set (fixture->element, "state-threshold", 0.5f, NULL);
  test_expect_state_after (fixture, "hh", "horse", "-");
  g_object_set (fixture->element, "state-threshold", 1.f, NULL);
  test_expect_state_after (fixture, "h", "horse", "nobody");
  test_expect_state_after (fixture, "h", "nobody", "-");
  test_expect_changes (fixture, "-nobody nobody-horse horse-nobody");
  test_fixture_free (fixture);
}
GST_END_TEST

/* Frames of which no class is kept have no metadata, but count; the one that
 * changes the state tells it. */
GST_START_TEST (test_no_class_is_kept)
{
  Fixture *fixture = test_fixture_new (TWO, "threshold", "1", NULL);
  GstStructure *last;

  expect_kinds (fixture, TEST_HORSE, "-");
  test_expect_state_after (fixture, "h", "unknown", "-");
  g_object_get (fixture->element, "last-result", &last, NULL);
  fail_unless_equals_int (test_n_classes (last), 0);
  fail_unless_equals_uint64 (test_get_uint64 (last, "since"), 0);
  gst_structure_free (last);
  expect_kinds (fixture, TEST_HORSE, "--");
  test_expect_changes (fixture, "-unknown");
  test_fixture_free (fixture);
}
GST_END_TEST

/* Nor is the change of a region repeated. */
GST_START_TEST (test_no_class_of_a_region)
{
  Fixture *fixture = test_fixture_new (TWO, "regions",
      "stable: 0,0,32,32; yard: 32,0,32,32", "repeat-last", "true",
      "inference-interval", "2", NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  for (guint i = 0; i < 4; i++)
    gst_buffer_unref (test_push_pull (fixture, collage_new (fixture)));
  g_object_set (fixture->element, "threshold", 1.f, NULL);
  for (guint i = 0; i < 2; i++)
    gst_buffer_unref (test_push_pull (fixture, collage_new (fixture)));
  buffer = test_push_pull (fixture, collage_new (fixture));
  fail_unless_equals_int (test_n_regions (buffer), 2);
  for (guint i = 0; i < 2; i++) {
    const GstStructure *region = test_nth_region (buffer, i);

    fail_unless_equals_int (test_n_classes (region), 0);
    fail_unless_equals_string (gst_structure_get_string (region, "state"),
        "unknown");
  }
  gst_buffer_unref (buffer);
  buffer = test_push_pull (fixture, collage_new (fixture));
  fail_unless (test_get_result (buffer) == NULL);
  gst_buffer_unref (buffer);
  test_expect_changes (fixture, "-horse -truck horse-unknown truck-unknown");
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_ignored_classes)
{
  Fixture *fixture = test_fixture_new (TWO, "ignored-classes", "cat, truck",
      NULL);

  test_expect_state_after (fixture, "hh", "horse", "-");
  test_expect_state_after (fixture, "tt", "unknown", "-");
  test_expect_changes (fixture, "-horse horse-unknown");
  test_fixture_free (fixture);
}
GST_END_TEST

/* A class that is named as the unknown state is it. */
GST_START_TEST (test_unknown_class)
{
  Fixture *fixture = test_fixture_new (TWO, "unknown-label", "truck", NULL);

  test_expect_state_after (fixture, "hhtt", "truck", "-");
  g_object_set (fixture->element, "state-threshold", 1.f, NULL);
  test_expect_state_after (fixture, "hh", "truck", "-");
  test_expect_changes (fixture, "-horse horse-truck");
  test_fixture_free (fixture);
}
GST_END_TEST

/* A gap says nothing: the state stays, what was pending has to begin anew. */
GST_START_TEST (test_gap)
{
  Fixture *fixture = test_fixture_new (TWO, NULL);

  test_expect_state_after (fixture, "hht", "horse", "truck");
  gst_harness_push_event (fixture->harness,
      gst_event_new_gap (GST_SECOND, GST_SECOND));
  test_expect_state_after (fixture, "t", "horse", "truck");
  test_expect_state_after (fixture, "t", "truck", "-");
  test_expect_changes (fixture, "-horse horse-truck");
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_flush_and_stream_start)
{
  Fixture *fixture = test_fixture_new (TWO, NULL);

  test_expect_state_after (fixture, "hh", "horse", "-");
  test_flush (fixture);
  test_expect_state_after (fixture, "h", "-", "horse");
  test_expect_state_after (fixture, "h", "horse", "-");
  gst_harness_push_event (fixture->harness,
      gst_event_new_stream_start ("another"));
  test_push_segment (fixture, 1, 0, GST_CLOCK_TIME_NONE);
  test_expect_state_after (fixture, "h", "-", "horse");
  test_expect_state_after (fixture, "h", "horse", "-");
  test_expect_changes (fixture, "-horse -horse -horse");

  /* Another segment of the same stream is not another stream. */
  test_push_segment (fixture, 1, 0, GST_CLOCK_TIME_NONE);
  test_expect_state_after (fixture, "h", "horse", "-");
  test_expect_changes (fixture, "");
  test_fixture_free (fixture);
}
GST_END_TEST

/* Off, on: what was known before is not known. */
GST_START_TEST (test_switched_off)
{
  Fixture *fixture = test_fixture_new (TWO, NULL);

  test_expect_state_after (fixture, "hh", "horse", "-");
  g_object_set (fixture->element, "confirm-count", 0, NULL);
  test_expect_state_after (fixture, "h", "-", "-");
  g_object_set (fixture->element, "confirm-count", 1, NULL);
  test_expect_state_after (fixture, "h", "horse", "-");
  test_expect_changes (fixture, "-horse -horse");
  test_fixture_free (fixture);
}
GST_END_TEST

/* Once something changes, every second frame is looked at until it is
 * settled. */
GST_START_TEST (test_pending_period)
{
  Fixture *fixture = test_fixture_new ("confirm-count", "3", "pending-period",
      "60000000", "inference-period", "200000000", NULL);

  expect_kinds (fixture, TEST_HORSE, "x-x-x-----x-----x");
  expect_kinds (fixture, TEST_TRUCK, "-----x-x-x-----x");
  test_fixture_free (fixture);
}
GST_END_TEST

/* Also where frames are counted; it never makes results rarer. */
GST_START_TEST (test_pending_period_and_interval)
{
  Fixture *fixture = test_fixture_new (TWO, "pending-period", "1",
      "inference-interval", "5", NULL);

  expect_kinds (fixture, TEST_HORSE, "xx----x----x");
  test_fixture_free (fixture);

  fixture = test_fixture_new (TWO, "pending-period", "3600000000000",
      "inference-period", "100000000", NULL);
  expect_kinds (fixture, TEST_HORSE, "x---x--x--x");
  test_fixture_free (fixture);

  fixture = test_fixture_new (TWO, "pending-period", "3600000000000", NULL);
  expect_kinds (fixture, TEST_HORSE, "xxx");
  g_object_set (fixture->element, "inference-interval", 3, NULL);
  expect_kinds (fixture, TEST_TRUCK, "x--x--x");
  test_fixture_free (fixture);
}
GST_END_TEST

/* The second tile becomes as the first. */
static void
turn_truck_to_horse (GstBuffer *buffer, const GstVideoInfo *info)
{
  gsize row = COLLAGE_TILE * GST_VIDEO_INFO_COMP_PSTRIDE (info, 0);
  GstVideoFrame frame;

  fail_unless (gst_video_frame_map (&frame, info, buffer, GST_MAP_READWRITE));
  for (guint y = 0; y < COLLAGE_TILE; y++) {
    guint8 *line = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0) +
        y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);

    memcpy (line + row, line, row);
  }
  gst_video_frame_unmap (&frame);
}

/* Each object has a state of its own; a region that nobody follows has none,
 * nor has the frame. */
GST_START_TEST (test_tracked_objects)
{
  Fixture *fixture = test_fixture_new (TWO, "inference-region", "roi-list",
      "reclassify-interval", "0", NULL);
  const GstStructure *region;

  collage_set_caps (fixture);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *buffer = collage_new (fixture);

    collage_add_object (buffer, 0, 7);
    collage_add_tile (buffer, 2);
    if (i > 0)
      collage_add_object (buffer, 1, 8);
    buffer = test_push_pull (fixture, buffer);
    region = test_nth_region (buffer, 0);
    fail_unless_equals_string (gst_structure_get_string (region,
                                   i == 0 ? "candidate" : "state"),
        "horse");
    fail_unless_equals_int (test_is_stale (region), i == 2);
    region = test_nth_region (buffer, 1);
    fail_if (gst_structure_has_field (region, "state"));
    fail_if (gst_structure_has_field (region, "candidate"));
    gst_buffer_unref (buffer);
  }
  test_expect_changes (fixture, "-horse -truck");
  fail_unless_equals_uint64 (test_stat (fixture->element, "repeated-regions"),
      1);
  test_fixture_free (fixture);
}
GST_END_TEST

/* The left tile shows a horse throughout, the right one first a truck. */
GST_START_TEST (test_named_regions)
{
  Fixture *fixture = test_fixture_new (TWO, "regions",
      "stable: 0,0,32,32; yard: 32,0,32,32", NULL);
  static const char *yard[] = { NULL, "truck", "truck", "truck", "horse" };
  GstMessage *message;
  GstVideoInfo info;

  collage_set_caps (fixture);
  gst_video_info_from_caps (&info, fixture->caps);
  for (guint i = 0; i < G_N_ELEMENTS (yard); i++) {
    GstBuffer *buffer = collage_new (fixture);

    if (i > 2)
      turn_truck_to_horse (buffer, &info);
    buffer = test_push_pull (fixture, buffer);
    fail_unless_equals_string (
        gst_structure_get_string (test_nth_region (buffer, 0), "state"),
        i == 0 ? NULL : "horse");
    fail_unless_equals_string (
        gst_structure_get_string (test_nth_region (buffer, 1), "state"),
        yard[i]);
    gst_buffer_unref (buffer);
  }
  message = test_pop_message (fixture->bus, GST_MESSAGE_ELEMENT);
  fail_unless_equals_string (
      gst_structure_get_string (gst_message_get_structure (message),
          "region-name"),
      "stable");
  gst_message_unref (message);
  test_expect_changes (fixture, "-truck truck-horse");
  test_fixture_free (fixture);
}
GST_END_TEST

static void
expect_words (const char *property, const char *value, const char *word)
{
  GstElement *element = test_element_new (property, value, NULL);
  char *text = test_expect_error (element, GST_STATE_READY);

  fail_unless (strstr (text, property) && strstr (text, word), "%s", text);
  g_free (text);
  gst_object_unref (element);
}

GST_START_TEST (test_wrong_names)
{
  expect_words ("ignored-classes", "horse,mule", "mule");
  expect_words ("ignored-classes", "horse,,truck", "''");
  expect_words ("unknown-label", "", "name");
}
GST_END_TEST

static Suite *
confirm_suite (void)
{
  Suite *suite = suite_create ("confirm");
  TCase *tests = test_case_new ("confirm");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_off_by_default);
  tcase_add_test (tests, test_count);
  tcase_add_test (tests, test_message);
  tcase_add_test (tests, test_duration);
  tcase_add_test (tests, test_stale_results_do_not_count);
  tcase_add_test (tests, test_threshold);
  tcase_add_test (tests, test_no_class_is_kept);
  tcase_add_test (tests, test_no_class_of_a_region);
  tcase_add_test (tests, test_ignored_classes);
  tcase_add_test (tests, test_unknown_class);
  tcase_add_test (tests, test_gap);
  tcase_add_test (tests, test_flush_and_stream_start);
  tcase_add_test (tests, test_switched_off);
  tcase_add_test (tests, test_pending_period);
  tcase_add_test (tests, test_pending_period_and_interval);
  tcase_add_test (tests, test_tracked_objects);
  tcase_add_test (tests, test_named_regions);
  tcase_add_test (tests, test_wrong_names);
  return suite;
}

GST_CHECK_MAIN (confirm)
