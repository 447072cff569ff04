/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Objects that a tracker follows, and regions in flight while the stream stops
 * or jumps. */

#include "support/collage.h"

#include <math.h>

#define ROI_LIST "inference-region", "roi-list"

static void
expect_object (const GstStructure *result, guint64 id, gboolean stale)
{
  fail_unless_equals_uint64 (test_get_uint64 (result, "tracking-id"), id);
  fail_unless_equals_int (test_is_stale (result), stale);
}

/* Object 9 stands on a horse and moves to another, object 4 joins later. */
static void
push_objects (Fixture *fixture, guint frame, gboolean stale_9, gboolean stale_4)
{
  GstBuffer *buffer = collage_new (fixture);
  guint n = frame >= 2 ? 2 : 1;

  collage_add_object (buffer, frame % 2 * 2, 9);
  if (n == 2)
    collage_add_object (buffer, 5, 4);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), n);
  collage_expect_tile (test_nth_region (buffer, 0), frame % 2 * 2);
  expect_object (test_nth_region (buffer, 0), 9, stale_9);
  if (n == 2) {
    collage_expect_tile (test_nth_region (buffer, 1), 5);
    expect_object (test_nth_region (buffer, 1), 4, stale_4);
  }
  gst_buffer_unref (buffer);
}

GST_START_TEST (test_classified_again)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "reclassify-interval", "3",
      "post-messages", "always", NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 8; i++)
    push_objects (fixture, i, i % 3 != 0, (i + 1) % 3 != 0);
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 5);
  fail_unless_equals_uint64 (test_stat (fixture->element, "repeated-regions"),
      9);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_ELEMENT),
      5);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_never_again)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "reclassify-interval", "0",
      NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 10; i++)
    push_objects (fixture, i, i != 0, i != 2);
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 2);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_every_frame_by_default)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 4; i++)
    push_objects (fixture, i, FALSE, FALSE);
  test_fixture_free (fixture);
}
GST_END_TEST

/* A repeated result is ready when its frame's turn comes, not before: the
 * frame that computes it is still under way when the next one is pushed. */
GST_START_TEST (test_repeated_while_in_flight)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "reclassify-interval", "0",
      TEST_HOLD, NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  for (guint i = 0; i < 3; i++) {
    buffer = collage_new (fixture);
    collage_add_object (buffer, 1, 7);
    gst_harness_push (fixture->harness, buffer);
  }
  fail_unless_equals_int (gst_harness_buffers_received (fixture->harness), 0);
  buffer = collage_new (fixture);
  for (guint i = 0; i < 7; i++)
    collage_add_tile (buffer, i);
  gst_harness_push (fixture->harness, buffer);
  for (guint i = 0; i < 3; i++) {
    buffer = test_pull (fixture);
    expect_object (test_nth_region (buffer, 0), 7, i > 0);
    collage_expect_tile (test_nth_region (buffer, 0), 1);
    gst_buffer_unref (buffer);
  }
  gst_buffer_unref (test_pull (fixture));
  test_fixture_free (fixture);
}
GST_END_TEST

/* Messages follow the object, not its place in the list. */
GST_START_TEST (test_message_on_change)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *buffer = collage_new (fixture);

    collage_add_object (buffer, i % 2, i % 2);
    collage_add_object (buffer, 1 - i % 2, 1 - i % 2);
    gst_buffer_unref (test_push_pull (fixture, buffer));
  }
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_ELEMENT),
      2);
  test_fixture_free (fixture);
}
GST_END_TEST

/* On a skipped frame an object is where the frame has it. */
GST_START_TEST (test_repeat_last_follows)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "inference-interval", "3",
      "repeat-last", "true", NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 6; i++) {
    GstBuffer *buffer = collage_new (fixture);

    collage_add_tile (buffer, 1);
    collage_add_object (buffer, i % 4 * 2, 1);
    buffer = test_push_pull (fixture, buffer);
    fail_unless_equals_int (test_n_regions (buffer), 2);
    collage_expect_tile (test_nth_region (buffer, 1), i % 4 * 2);
    expect_object (test_nth_region (buffer, 1), 1, i % 3 != 0);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* A region of an earlier frame is not repeated where the picture does not reach
 * to it. */
GST_START_TEST (test_repeat_last_in_a_smaller_picture)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "inference-interval", "9",
      "repeat-last", "true", NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_add_tile (buffer, 0);
  collage_add_tile (buffer, 5);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 2);
  gst_buffer_unref (buffer);
  test_set_caps (fixture, TEST_CAPS);
  buffer = test_push_pull (fixture, test_frame_new (TEST_TRUCK, fixture->caps));
  fail_unless_equals_int (test_n_regions (buffer), 1);
  fail_unless (test_is_stale (test_nth_region (buffer, 0)));
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Object 1, a region that is not tracked, and object 2 where that is. */
static void
classify_objects (Fixture *fixture, guint first, guint second,
    double probabilities[][TEST_N_CLASSES])
{
  GstBuffer *buffer = collage_new (fixture);

  collage_add_object (buffer, first, 1);
  collage_add_tile (buffer, second);
  collage_add_object (buffer, second, 2);
  buffer = test_push_pull (fixture, buffer);
  for (guint i = 0; i < 3; i++)
    test_get_probabilities (test_nth_region (buffer, i), probabilities[i]);
  gst_buffer_unref (buffer);
}

/* Each object has an average of its own, in which the time since it was seen
 * last counts; what is not tracked has none. The reference backend gives the
 * same numbers in batches of any size. */
GST_START_TEST (test_smoothing)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "backend", "reference",
      "smoothing", "100000000", "top-k", "10", NULL);
  double weight = -expm1 (-2 * (double) TEST_FRAME_DURATION / 100000000);
  double before[3][TEST_N_CLASSES], after[3][TEST_N_CLASSES];
  double average[TEST_N_CLASSES];
  double *horse = before[0], *truck = after[1];

  collage_set_caps (fixture);
  classify_objects (fixture, 0, 2, before);
  gst_buffer_unref (test_push_pull (fixture, collage_new (fixture)));
  classify_objects (fixture, 4, 1, after);
  for (guint i = 0; i < TEST_N_CLASSES; i++)
    average[i] = horse[i] + weight * (truck[i] - horse[i]);
  fail_unless (truck[TEST_TRUCK_CLASS] > 0.9);
  test_expect_near (after[0], horse);
  test_expect_near (after[2], average);

  test_flush (fixture);
  classify_objects (fixture, 0, 1, before);
  test_expect_near (before[2], truck);
  test_fixture_free (fixture);
}
GST_END_TEST

static void
push_stream (Fixture *fixture)
{
  gst_harness_push_event (fixture->harness,
      gst_event_new_stream_start ("another"));
  test_push_segment (fixture, 1, 0, GST_CLOCK_TIME_NONE);
}

static void
push_gap (Fixture *fixture)
{
  gst_harness_push_event (fixture->harness, gst_event_new_gap (0, GST_SECOND));
}

/* Ids may mean other objects after a jump or a pause, and in another stream. */
GST_START_TEST (test_objects_end_with_the_stream)
{
  void (*const breaks[]) (Fixture *) = { test_flush, push_stream, push_gap,
    test_flush };
  Fixture *fixture = test_fixture_new (ROI_LIST, "reclassify-interval", "0",
      NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (breaks); i++) {
    GstBuffer *buffer = collage_new (fixture);

    collage_add_object (buffer, i, 1);
    buffer = test_push_pull (fixture, buffer);
    collage_expect_tile (test_nth_region (buffer, 0), i);
    expect_object (test_nth_region (buffer, 0), 1, FALSE);
    gst_buffer_unref (buffer);
    breaks[i](fixture);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* An id that was away for long is another object's: classified anew, however
 * few frames between were looked at. */
static void
expect_forgotten (const char *interval, const guint absences[3])
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "reclassify-interval", "0",
      "inference-interval", interval, NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *buffer;

    for (guint k = 0; k < absences[i]; k++)
      gst_buffer_unref (test_push_pull (fixture, collage_new (fixture)));
    buffer = collage_new (fixture);
    collage_add_object (buffer, i > 0, 1);
    buffer = test_push_pull (fixture, buffer);
    expect_object (test_nth_region (buffer, 0), 1, i == 1);
    fail_unless_equals_int (test_best_class (test_nth_region (buffer, 0)),
        i == 2 ? TEST_TRUCK_CLASS : TEST_HORSE_CLASS);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}

GST_START_TEST (test_objects_are_forgotten)
{
  expect_forgotten ("1", (guint[]){ 0, 299, 300 });
  expect_forgotten ("150", (guint[]){ 0, 299, 449 });
}
GST_END_TEST

static GstFlowReturn
push_crowd (Fixture *fixture, guint n)
{
  GstBuffer *buffer = collage_new (fixture);

  for (guint i = 0; i < n; i++)
    if (i % 3 == 0)
      collage_add_object (buffer, i % 8, i);
    else
      collage_add_tile (buffer, i % 8);
  return gst_harness_push (fixture->harness, buffer);
}

GST_START_TEST (test_flush_in_flight)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "reclassify-interval", "2",
      NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  for (guint i = 0; i < 50; i++) {
    for (guint k = 0; k <= i % 4; k++)
      fail_unless_equals_int (push_crowd (fixture, i % 7 * 3), GST_FLOW_OK);
    test_flush (fixture);
  }
  while ((buffer = gst_harness_try_pull (fixture->harness)))
    gst_buffer_unref (buffer);
  fail_unless_equals_int (push_crowd (fixture, 5), GST_FLOW_OK);
  buffer = test_pull (fixture);
  fail_unless_equals_int (test_n_regions (buffer), 5);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

static gpointer
push_until_refused (gpointer fixture)
{
  GstFlowReturn flow;

  do
    flow = push_crowd (fixture, 1500);
  while (flow == GST_FLOW_OK);
  return GINT_TO_POINTER (flow);
}

/* In the middle of a frame that has more regions than can be in flight. */
GST_START_TEST (test_flush_in_mid_frame)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "max-in-flight", "1", NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 5; i++) {
    GThread *thread = g_thread_new ("push", push_until_refused, fixture);

    g_usleep (i * 20 * 1000);
    gst_harness_push_event (fixture->harness, gst_event_new_flush_start ());
    fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)),
        GST_FLOW_FLUSHING);
    test_flush (fixture);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_stop_in_flight)
{
  for (guint i = 0; i < 50; i++) {
    Fixture *fixture = i % 2 ? test_fixture_new (ROI_LIST, TEST_HOLD, NULL)
                             : test_fixture_new (ROI_LIST, NULL);

    collage_set_caps (fixture);
    for (guint k = 0; k <= i % 3; k++)
      fail_unless_equals_int (push_crowd (fixture, i % 13), GST_FLOW_OK);
    test_fixture_free (fixture);
  }
}
GST_END_TEST

/* Regions in flight keep what they need of the caps that they came under. */
GST_START_TEST (test_caps_change_in_flight)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, TEST_HOLD, NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  fail_unless_equals_int (push_crowd (fixture, 4), GST_FLOW_OK);
  test_set_caps (fixture,
      "video/x-raw,format=NV12,width=32,height=32,framerate=30/1");
  buffer = test_frame_new (TEST_TRUCK, fixture->caps);
  for (guint i = 0; i < 4; i++)
    collage_add_roi (buffer, "all", 0, 0, 32, 32);
  gst_harness_push (fixture->harness, buffer);

  buffer = test_pull (fixture);
  fail_unless_equals_int (test_n_regions (buffer), 4);
  for (guint i = 0; i < 4; i++)
    collage_expect_tile (test_nth_region (buffer, i), i);
  gst_buffer_unref (buffer);
  buffer = test_pull (fixture);
  fail_unless_equals_int (test_n_regions (buffer), 4);
  fail_unless_equals_int (test_best_class (test_nth_region (buffer, 3)),
      TEST_TRUCK_CLASS);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
objects_suite (void)
{
  Suite *suite = suite_create ("objects");
  TCase *tests = test_case_new ("objects");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_classified_again);
  tcase_add_test (tests, test_never_again);
  tcase_add_test (tests, test_every_frame_by_default);
  tcase_add_test (tests, test_repeated_while_in_flight);
  tcase_add_test (tests, test_message_on_change);
  tcase_add_test (tests, test_repeat_last_follows);
  tcase_add_test (tests, test_repeat_last_in_a_smaller_picture);
  tcase_add_test (tests, test_smoothing);
  tcase_add_test (tests, test_objects_end_with_the_stream);
  tcase_add_test (tests, test_objects_are_forgotten);
  tcase_add_test (tests, test_flush_in_flight);
  tcase_add_test (tests, test_flush_in_mid_frame);
  tcase_add_test (tests, test_stop_in_flight);
  tcase_add_test (tests, test_caps_change_in_flight);
  return suite;
}

GST_CHECK_MAIN (objects)
