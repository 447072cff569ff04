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

static const StateCase cases[] = {
  /* Off by default. */
  { "hhhttt:-" },
  /* One frame of something else changes nothing. */
  { "confirm-count=2 h:-/horse [] h:horse [-horse] t:horse/truck h:horse "
    "ththt:horse/truck [] t:truck [horse-truck]" },
  /* By time. */
  { "confirm-duration=100000000 hhh:-/horse hh:horse ttt:horse/truck hh:horse "
    "ttttt:truck [-horse] [horse-truck]" },
  /* What is repeated on skipped frames says nothing new. */
  { "confirm-count=2 inference-interval=4 repeat-last=true hhhh:-/horse "
    "hhhh:horse tttt:horse/truck [-horse]" },
  { "confirm-count=2 state-threshold=1 ht:nobody [-nobody] state-threshold=0.5 "
    "hh:horse [nobody-horse] state-threshold=1 h:horse/nobody h:nobody "
    "[horse-nobody]",
      "unknown-label", "nobody" },
  { "confirm-count=2 hh:horse tt:unknown [-horse] [horse-unknown]",
      "ignored-classes", "cat, truck" },
  /* A class that is named as the unknown state is it. */
  { "confirm-count=2 hhtt:truck state-threshold=1 hh:truck "
    "[-horse] [horse-truck]",
      "unknown-label", "truck" },
  /* A gap says nothing: the state stays, what was pending has to begin anew. */
  { "confirm-count=2 hht:horse/truck gap t:horse/truck t:truck "
    "[-horse] [horse-truck]" },
  /* Nothing is known then, but another segment is not another stream. */
  { "confirm-count=2 hh:horse [-horse] flush h:-/horse h:horse [-horse] "
    "stream h:-/horse h:horse [-horse] segment h:horse" },
  /* Off, on: what was known before is not known. */
  { "confirm-count=2 hh:horse confirm-count=0 h:- confirm-count=1 h:horse "
    "[-horse] [-horse]" },
};

GST_START_TEST (test_case)
{
  test_state_case (&cases[__i__]);
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

/* Frames of which no class is kept have no metadata, but count; the one that
 * changes the state tells it. */
GST_START_TEST (test_no_class_is_kept)
{
  Fixture *fixture = test_fixture_new (TWO, "threshold", "1", NULL);
  GstStructure *last;

  expect_kinds (fixture, TEST_HORSE, "-");
  test_do_steps (fixture, "h:unknown");
  g_object_get (fixture->element, "last-result", &last, NULL);
  fail_unless_equals_int (test_n_classes (last), 0);
  fail_unless_equals_uint64 (test_get_uint64 (last, "since"), 0);
  gst_structure_free (last);
  expect_kinds (fixture, TEST_HORSE, "--");
  test_do_steps (fixture, "[-unknown] []");
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
  test_do_steps (fixture,
      "[-horse] [-truck] [horse-unknown] [truck-unknown] []");
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
  test_do_steps (fixture, "[-horse] [-truck] []");
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
  test_do_steps (fixture, "[-truck] [truck-horse] []");
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
  tcase_add_loop_test (tests, test_case, 0, G_N_ELEMENTS (cases));
  tcase_add_test (tests, test_message);
  tcase_add_test (tests, test_no_class_is_kept);
  tcase_add_test (tests, test_no_class_of_a_region);
  tcase_add_test (tests, test_pending_period);
  tcase_add_test (tests, test_pending_period_and_interval);
  tcase_add_test (tests, test_tracked_objects);
  tcase_add_test (tests, test_named_regions);
  tcase_add_test (tests, test_wrong_names);
  return suite;
}

GST_CHECK_MAIN (confirm)
