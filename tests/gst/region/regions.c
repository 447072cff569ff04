/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a detector upstream left on a frame is classified. */

#include "support/collage.h"

#define ROI_LIST "inference-region", "roi-list"

GST_START_TEST (test_every_region)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  static const guint tiles[] = { 5, 0, 3 };
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  for (guint i = 0; i < 3; i++)
    collage_add_tile (buffer, tiles[i]);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 3);
  for (guint i = 0; i < 3; i++)
    collage_expect_tile (test_nth_region (buffer, i), tiles[i]);
  collage_expect_tile (test_get_result (buffer), tiles[0]);
  fail_unless_equals_uint64 (test_stat (fixture->element, "regions"), 3);
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 3);
  fail_unless_equals_uint64 (test_stat (fixture->element, "frames"), 1);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* A region is what it would be as a frame of its own, cut out of the frame as
 * it came. */
GST_START_TEST (test_region_is_cut_from_the_frame)
{
  Fixture *whole = test_fixture_new (NULL);
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  GstBuffer *expected, *buffer;

  test_push_photo (whole, TEST_TRUCK);
  expected = test_pull (whole);
  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_add_tile (buffer, 7);
  buffer = test_push_pull (fixture, buffer);
  fail_unless (
      gst_value_compare (gst_structure_get_value (test_nth_region (buffer, 0),
                             "confidences"),
          gst_structure_get_value (test_get_result (expected),
              "confidences")) == GST_VALUE_EQUAL);
  gst_buffer_unref (buffer);
  gst_buffer_unref (expected);
  test_fixture_free (fixture);
  test_fixture_free (whole);
}
GST_END_TEST

/* The batch that waits for its eighth image gets all eight from one frame. */
GST_START_TEST (test_regions_are_one_batch)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, TEST_HOLD, NULL);
  GstStructure *stats;
  GstBuffer *buffer;
  double mean;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  for (guint i = 0; i < 8; i++)
    collage_add_tile (buffer, i);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 8);
  g_object_get (fixture->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_double (stats, "mean-batch", &mean));
  fail_unless_equals_float (mean, 8);
  gst_structure_free (stats);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* More than the engine takes of one stream, on several frames in flight. */
GST_START_TEST (test_very_many_regions)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  static const guint n_regions[] = { 600, 3, 700 };

  collage_set_caps (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (n_regions); i++) {
    GstBuffer *buffer = collage_new (fixture);

    for (guint k = 0; k < n_regions[i]; k++)
      collage_add_tile (buffer, k % 8);
    fail_unless_equals_int (gst_harness_push (fixture->harness, buffer),
        GST_FLOW_OK);
  }
  for (guint i = 0; i < G_N_ELEMENTS (n_regions); i++) {
    GstBuffer *buffer = test_pull (fixture);

    fail_unless_equals_int (test_n_regions (buffer), n_regions[i]);
    for (guint k = 0; k < n_regions[i]; k++)
      collage_expect_tile (test_nth_region (buffer, k), k % 8);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_clipped_and_empty_regions)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_add_roi (buffer, "edge", 96, 48, 1000, G_MAXUINT);
  collage_add_roi (buffer, "empty", 10, 10, 0, 10);
  collage_add_roi (buffer, "outside", 128, 0, 10, 10);
  collage_add_roi (buffer, "far", G_MAXUINT, G_MAXUINT, G_MAXUINT, 1);
  collage_add_roi (buffer, "pixel", 127, 63, 1, 1);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 2);
  collage_expect_place (test_nth_region (buffer, 0), 0.75, 0.75, 0.25, 0.25);
  collage_expect_place (test_nth_region (buffer, 1), 127 / 128.0, 63 / 64.0,
      1 / 128.0, 1 / 64.0);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-regions"),
      3);
  fail_unless_equals_uint64 (test_stat (fixture->element, "regions"), 2);
  fail_unless_equals_uint64 (test_stat (fixture->element, "errors"), 0);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Coordinates are of the picture that is visible. */
GST_START_TEST (test_region_of_a_cropped_frame)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_crop (buffer, 32, 64);
  collage_add_roi (buffer, "left", 0, 0, 48, 32);
  buffer = test_push_pull (fixture, buffer);
  collage_expect_place (test_nth_region (buffer, 0), 0, 0, 0.25, 0.5);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_roi_classes)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "roi-classes", "dog, car",
      NULL);
  static const guint expected[] = { 1, 3 };
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_add_tile (buffer, 0)->roi_type = g_quark_from_string ("ca");
  collage_add_tile (buffer, 1)->roi_type = g_quark_from_string ("car");
  collage_add_tile (buffer, 2)->roi_type = g_quark_from_string ("Dog");
  collage_add_tile (buffer, 3)->roi_type = g_quark_from_string ("dog");
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 2);
  for (guint i = 0; i < 2; i++)
    collage_expect_tile (test_nth_region (buffer, i), expected[i]);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-regions"),
      0);
  gst_buffer_unref (buffer);

  gst_util_set_object_arg (G_OBJECT (fixture->element), "roi-classes", "");
  buffer = collage_new (fixture);
  collage_add_tile (buffer, 2);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 1);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_minimum_size)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "roi-min-width", "20",
      "roi-min-height", "10", NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_add_roi (buffer, "fits", 0, 0, 20, 10);
  collage_add_roi (buffer, "narrow", 0, 0, 19, 10);
  collage_add_roi (buffer, "low", 0, 0, 20, 9);
  collage_add_roi (buffer, "cut", 109, 0, 40, 40);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 1);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-regions"),
      3);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

static void
push_frames (Fixture *fixture, guint n)
{
  for (guint i = 0; i < n; i++) {
    GstBuffer *buffer = test_push_pull (fixture, collage_new (fixture));

    fail_unless (test_get_result (buffer) == NULL);
    gst_buffer_unref (buffer);
  }
}

static void
expect_warnings (Fixture *fixture, guint n)
{
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_WARNING),
      n);
}

/* Nothing is classified, and after a while the element says so, once. */
GST_START_TEST (test_no_region)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);

  collage_set_caps (fixture);
  push_frames (fixture, 99);
  expect_warnings (fixture, 0);
  push_frames (fixture, 150);
  test_push_eos (fixture);
  expect_warnings (fixture, 1);
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* A picture or a short clip ends before that. */
GST_START_TEST (test_no_region_in_a_short_stream)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  GstMessage *message;
  GError *error;

  collage_set_caps (fixture);
  push_frames (fixture, 1);
  expect_warnings (fixture, 0);
  test_push_eos (fixture);
  message = test_pop_message (fixture->bus, GST_MESSAGE_WARNING);
  gst_message_parse_warning (message, &error, NULL);
  fail_unless_equals_string (error->message,
      "No region to classify in 1 frame.");
  g_error_free (error);
  gst_message_unref (message);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Who found one is a detector, however long there is nothing to find. */
GST_START_TEST (test_regions_that_are_rare)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  push_frames (fixture, 60);
  buffer = collage_new (fixture);
  collage_add_tile (buffer, 0);
  gst_buffer_unref (test_push_pull (fixture, buffer));
  push_frames (fixture, 150);
  test_push_eos (fixture);
  expect_warnings (fixture, 0);
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 1);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_or_frame)
{
  Fixture *fixture = test_fixture_new ("inference-region", "roi-list-or-frame",
      NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = test_push_pull (fixture, collage_new (fixture));
  fail_unless_equals_string (gst_structure_get_string (test_get_result (buffer),
                                 "region"),
      "full-frame");
  fail_unless (!gst_structure_has_field (test_get_result (buffer), "regions"));
  gst_buffer_unref (buffer);
  buffer = collage_new (fixture);
  collage_add_tile (buffer, 4);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 1);
  collage_expect_tile (test_get_result (buffer), 4);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Regions are only looked at when asked for; asking may change on the way. */
GST_START_TEST (test_full_frame_ignores_regions)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  for (guint i = 0; i < 2; i++) {
    buffer = collage_new (fixture);
    collage_add_tile (buffer, 0);
    buffer = test_push_pull (fixture, buffer);
    fail_unless_equals_string (
        gst_structure_get_string (test_get_result (buffer), "region"),
        i == 0 ? "full-frame" : "roi");
    gst_buffer_unref (buffer);
    gst_util_set_object_arg (G_OBJECT (fixture->element), "inference-region",
        "roi-list");
  }
  test_fixture_free (fixture);
}
GST_END_TEST

static void
expect_message (Fixture *fixture, guint tile)
{
  GstMessage *message = test_pop_message (fixture->bus, GST_MESSAGE_ELEMENT);
  const GstStructure *structure = gst_message_get_structure (message);

  collage_expect_tile (structure, tile);
  fail_unless (!gst_structure_has_field (structure, "regions"));
  gst_message_unref (message);
}

/* One message a region, when its best class is not that of the region which
 * had its place in the list; a region that is new is a change. */
GST_START_TEST (test_messages)
{
  static const guint lists[][3] = { { 0, 1, 2 }, { 2, 3, 3 }, { 0, 1, 2 } };
  static const guint lengths[] = { 2, 3, 1 };
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  GstStructure *last;

  collage_set_caps (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    GstBuffer *buffer = collage_new (fixture);

    for (guint k = 0; k < lengths[i]; k++)
      collage_add_tile (buffer, lists[i][k]);
    buffer = test_push_pull (fixture, buffer);
    g_object_get (fixture->element, "last-result", &last, NULL);
    fail_unless (gst_structure_is_equal (last, test_get_result (buffer)));
    gst_structure_free (last);
    gst_buffer_unref (buffer);
  }
  expect_message (fixture, 0);
  expect_message (fixture, 1);
  expect_message (fixture, 3);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_ELEMENT),
      0);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_message_for_every_region)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "post-messages", "always",
      NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 2; i++) {
    GstBuffer *buffer = collage_new (fixture);

    collage_add_tile (buffer, 6);
    collage_add_tile (buffer, 1);
    gst_buffer_unref (test_push_pull (fixture, buffer));
    expect_message (fixture, 6);
    expect_message (fixture, 1);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* The detector's own metadata gets the class, also on a copy of the buffer's
 * metadata, which is made where somebody else holds the buffer. */
GST_START_TEST (test_roi_meta_gets_the_class)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "attach-meta", "roi", NULL);
  GstBuffer *in, *out;
  gpointer state = NULL;

  collage_set_caps (fixture);
  in = collage_new (fixture);
  for (guint i = 0; i < 4; i++)
    collage_add_tile (in, i);
  out = test_push_pull (fixture, gst_buffer_ref (in));
  for (guint i = 0; i < 4; i++) {
    GstVideoRegionOfInterestMeta *roi = (gpointer)
        gst_buffer_iterate_meta_filtered (out, &state,
            GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
    GstStructure *param = gst_video_region_of_interest_meta_get_param (roi,
        "classification");

    fail_unless_equals_int (roi->id, 100 + i);
    fail_unless_equals_string (g_quark_to_string (roi->roi_type), "thing");
    fail_unless_equals_string (gst_structure_get_string (param, "label"),
        i % 2 == 0 ? "horse" : "truck");
  }
  fail_unless (gst_buffer_iterate_meta_filtered (out, &state,
                   GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE) == NULL);
  gst_buffer_unref (out);
  gst_buffer_unref (in);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Regions without a kept class are left out, not the others. */
GST_START_TEST (test_threshold)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "threshold", "0.9", NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_add_roi (buffer, "mix", 3, 13, 125, 1);
  collage_add_tile (buffer, 3);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 1);
  collage_expect_tile (test_nth_region (buffer, 0), 3);
  fail_unless_equals_uint64 (test_stat (fixture->element, "below-threshold"),
      1);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Without a tracker a skipped frame has the regions of the one before, where
 * they were. */
GST_START_TEST (test_repeat_last)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "inference-interval", "2",
      "repeat-last", "true", "attach-meta", "roi", NULL);
  GstVideoRegionOfInterestMeta *roi;

  collage_set_caps (fixture);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *buffer = collage_new (fixture);
    gboolean stale;

    collage_add_tile (buffer, i);
    buffer = test_push_pull (fixture, buffer);
    fail_unless_equals_int (test_n_regions (buffer), 1);
    collage_expect_tile (test_nth_region (buffer, 0), i / 2 * 2);
    stale = test_is_stale (test_get_result (buffer));
    fail_unless_equals_int (stale, i % 2);
    roi = gst_buffer_get_video_region_of_interest_meta_id (buffer, 100 + i);
    fail_unless (stale ==
        (gst_video_region_of_interest_meta_get_param (roi, "classification") ==
            NULL));
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* The second finds the same regions, and its result lies beside the first's. */
GST_START_TEST (test_two_elements)
{
  char *line =
      test_line_new ("alexnetclassify inference-region=roi-list ! "
                     "alexnetclassify inference-region=roi-list top-k=1");
  Fixture *fixture = test_fixture_new_line (line);
  gpointer state = NULL;
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_add_tile (buffer, 2);
  collage_add_tile (buffer, 3);
  buffer = test_push_pull (fixture, buffer);
  for (guint i = 0; i < 2; i++) {
    GstCustomMeta *meta = (gpointer) gst_buffer_iterate_meta_filtered (buffer,
        &state, gst_meta_get_info (TEST_RESULT)->api);
    const GstStructure *result = gst_custom_meta_get_structure (meta);
    const GValue *list = gst_structure_get_value (result, "regions");

    fail_unless_equals_int (test_best_class (result), TEST_HORSE_CLASS);
    collage_expect_place (result, 0.5, 0, 0.25, 0.5);
    fail_unless_equals_int (gst_value_array_get_size (list), 2);
    fail_unless_equals_int (test_n_classes (result), i == 0 ? 5 : 1);
  }
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
  g_free (line);
}
GST_END_TEST

GST_START_TEST (test_filter_without_regions_warns)
{
  static const char *const properties[][2] = { { "roi-classes", "dog" },
    { "roi-min-width", "2" }, { "roi-min-height", "2" } };

  for (guint i = 0; i < G_N_ELEMENTS (properties); i++) {
    Fixture *fixture = test_fixture_new (properties[i][0], properties[i][1],
        NULL);

    fail_unless_equals_int (test_count_messages (fixture->bus,
                                GST_MESSAGE_WARNING),
        1);
    test_fixture_free (fixture);
    fixture = test_fixture_new (ROI_LIST, properties[i][0], properties[i][1],
        NULL);
    fail_unless_equals_int (test_count_messages (fixture->bus,
                                GST_MESSAGE_WARNING),
        0);
    test_fixture_free (fixture);
  }
}
GST_END_TEST

static Suite *
regions_suite (void)
{
  Suite *suite = suite_create ("regions");
  TCase *tests = test_case_new ("regions");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_every_region);
  tcase_add_test (tests, test_region_is_cut_from_the_frame);
  tcase_add_test (tests, test_regions_are_one_batch);
  tcase_add_test (tests, test_very_many_regions);
  tcase_add_test (tests, test_clipped_and_empty_regions);
  tcase_add_test (tests, test_region_of_a_cropped_frame);
  tcase_add_test (tests, test_roi_classes);
  tcase_add_test (tests, test_minimum_size);
  tcase_add_test (tests, test_no_region);
  tcase_add_test (tests, test_no_region_in_a_short_stream);
  tcase_add_test (tests, test_regions_that_are_rare);
  tcase_add_test (tests, test_or_frame);
  tcase_add_test (tests, test_full_frame_ignores_regions);
  tcase_add_test (tests, test_messages);
  tcase_add_test (tests, test_message_for_every_region);
  tcase_add_test (tests, test_roi_meta_gets_the_class);
  tcase_add_test (tests, test_threshold);
  tcase_add_test (tests, test_repeat_last);
  tcase_add_test (tests, test_two_elements);
  tcase_add_test (tests, test_filter_without_regions_warns);
  return suite;
}

GST_CHECK_MAIN (regions)
