/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Regions that the user names. */

#include <glib/gstdio.h>
#include <sys/stat.h>

#include "support/collage.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

static void
expect_region (const GstStructure *result, const char *name, double x, double y,
    double width, double height)
{
  int id;

  fail_unless_equals_string (gst_structure_get_string (result, "region"),
      "named");
  fail_unless_equals_string (gst_structure_get_string (result, "region-name"),
      name);
  fail_unless (gst_structure_get_int (result, "roi-id", &id));
  fail_unless_equals_int (id, -1);
  collage_expect_place (result, x, y, width, height);
}

static GstBuffer *
pass_collage (Fixture *fixture)
{
  return test_push_pull (fixture, collage_new (fixture));
}

/* In place of the frame, each as if it were a detection. */
GST_START_TEST (test_fractions_and_pixels)
{
  Fixture *fixture = test_fixture_new ("regions",
      "door:0.25,0.5,0.25,0.5;yard:64,0,32,32", NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = pass_collage (fixture);
  fail_unless_equals_int (test_n_regions (buffer), 2);
  expect_region (test_nth_region (buffer, 0), "door", 0.25, 0.5, 0.25, 0.5);
  expect_region (test_nth_region (buffer, 1), "yard", 0.5, 0, 0.25, 0.5);
  expect_region (test_get_result (buffer), "door", 0.25, 0.5, 0.25, 0.5);
  fail_unless_equals_int (test_best_class (test_nth_region (buffer, 0)),
      TEST_TRUCK_CLASS);
  fail_unless_equals_int (test_best_class (test_nth_region (buffer, 1)),
      TEST_HORSE_CLASS);
  fail_unless_equals_uint64 (test_stat (fixture->element, "regions"), 2);
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 2);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

static const struct {
  const char *regions, *name;
  double x, y, width, height;
} accepted[] = {
  { " a b : .25 , 0. ,0.75, 1;", "a b", 0.25, 0, 0.75, 1 },
  { ";\xc3\xa4,\xc3\xb6:0,0,128,64", "\xc3\xa4,\xc3\xb6", 0, 0, 1, 1 },
  { "all:0.0,0.0,1.0,1.0", "all", 0, 0, 1, 1 },
  { "one:0,0,1,1", "one", 0, 0, 1 / 128.0, 1 / 64.0 },
  /* To the nearest pixels, of which there are 128 and 64. */
  { "near:0.005,0.0,0.2,0.5", "near", 1 / 128.0, 0, 25 / 128.0, 0.5 },
  /* Fractions whose sum in binary is a little more than 1. */
  { "sum:0.7,0.9,0.3,0.1", "sum", 90 / 128.0, 58 / 64.0, 38 / 128.0, 6 / 64.0 },
};

GST_START_TEST (test_accepted)
{
  Fixture *fixture = test_fixture_new ("regions", accepted[__i__].regions,
      NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = pass_collage (fixture);
  fail_unless_equals_int (test_n_regions (buffer), 1);
  expect_region (test_nth_region (buffer, 0), accepted[__i__].name,
      accepted[__i__].x, accepted[__i__].y, accepted[__i__].width,
      accepted[__i__].height);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_empty_is_the_frame)
{
  Fixture *fixture = test_fixture_new ("regions", " ; ", "regions-file", "",
      NULL);
  GstBuffer *buffer;

  test_push (fixture);
  buffer = test_pull (fixture);
  fail_unless_equals_string (gst_structure_get_string (test_get_result (buffer),
                                 "region"),
      "full-frame");
  fail_unless (!gst_structure_has_field (test_get_result (buffer),
      "region-name"));
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

static void
expect_words (const char *text, const char *const *words, guint n)
{
  for (guint i = 0; i < n && words[i]; i++)
    fail_unless (strstr (text, words[i]) != NULL, "no \"%s\" in: %s", words[i],
        text);
}

static const struct {
  const char *regions;
  const char *words[2];
} refused[] = {
  { "0,0,10,10", { "\"0,0,10,10\"", "no name" } },
  { "a:0,0,9,9; :0,0,10,10", { ":0,0,10,10", "empty" } },
  { "door:0,0,9,9;yard:1,1,9,9;door:2,2,9,9", { "\"door\"", "twice" } },
  { "door:0,0,10", { "\"door\"", "3 numbers" } },
  { "door:0,0,10,10,10", { "\"door\"", "5 numbers" } },
  { "door:0,0,10,", { "\"door\"", "\"\" is no number" } },
  { "door:0,-1,10,10", { "\"door\"", "\"-1\"" } },
  { "door:0,0,1e1,10", { "\"door\"", "\"1e1\"" } },
  { "door:0,0,nan,10", { "\"door\"", "\"nan\"" } },
  { "door:0,0,0x9,10", { "\"door\"", "\"0x9\"" } },
  { "door:0,0,0.1.2,10", { "\"door\"", "\"0.1.2\"" } },
  { "door:0,0,.,10", { "\"door\"", "\".\"" } },
  { "door:0,0,0,10", { "\"door\"", "0 wide" } },
  { "door:0,0,0.5,0", { "\"door\"", "0 high" } },
  { "door:0.5,0,0.6,1", { "\"door\"", "1.1" } },
  { "door:0.5,0,100,50", { "\"door\"", "fractions" } },
};

/* Before there is a frame, with the region's name. */
GST_START_TEST (test_refused)
{
  GstElement *element = test_element_new ("regions", refused[__i__].regions,
      NULL);
  char *text = test_expect_error (element, GST_STATE_READY);

  expect_words (text, refused[__i__].words, 2);
  g_free (text);
  gst_object_unref (element);
}
GST_END_TEST

static const struct {
  const char *contents; /* NULL: there is no file */
  const char *words[2];
} refused_files[] = {
  { NULL, { "regions cannot be read" } },
  { "# nothing\n\n", { "no region" } },
  { "a:0,0,9,9\n# b\nb:0,0\n", { "line 3", "\"b\"" } },
  { "a:0,0,9,9\n\na:0,0,9,9", { "line 3", "twice" } },
  { "a:0,0,9,9;b:0,0,9,9", { "line 1", "7 numbers" } },
  { "\xff:0,0,9,9", { "UTF-8" } },
  { "first:0,0,9,9", { "line 1", "twice" } },
};

GST_START_TEST (test_refused_file)
{
  const char *contents = refused_files[__i__].contents;
  char *path = test_write_file (contents ? contents : "", -1);
  GstElement *element = test_element_new ("regions", "first:0,0,9,9",
      "regions-file", path, NULL);
  char *text;

  if (!contents)
    g_unlink (path);
  text = test_expect_error (element, GST_STATE_READY);
  expect_words (text, (const char *[]){ path }, 1);
  expect_words (text, refused_files[__i__].words, 2);
  g_free (text);
  gst_object_unref (element);
  g_unlink (path);
  g_free (path);
}
GST_END_TEST

/* One that nobody writes, and one that has no end. */
GST_START_TEST (test_no_regular_file)
{
  char *fifo = test_write_file ("", 0);
  const char *const paths[] = { fifo, "/dev/zero", "/tmp" };

  g_unlink (fifo);
  fail_unless_equals_int (mkfifo (fifo, 0600), 0);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    GstElement *element = test_element_new ("regions-file", paths[i], NULL);
    char *text = test_expect_error (element, GST_STATE_READY);

    expect_words (text, (const char *[]){ paths[i], "not a regular file" }, 2);
    g_free (text);
    gst_object_unref (element);
  }
  g_unlink (fifo);
  g_free (fifo);
}
GST_END_TEST

/* With the mark that editors put in front. */
GST_START_TEST (test_file)
{
  char *path = test_write_file ("\xef\xbb\xbf# of a camera\n"
                                "  yard : 64, 0, 32, 32 \r\n"
                                "\n"
                                "\t# door:0,0,1,1\n"
                                "gate:0.0,0.5,0.25,0.5",
      -1);
  Fixture *fixture = test_fixture_new ("regions-file", path, "regions",
      "door:0,0,8,8", NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = pass_collage (fixture);
  fail_unless_equals_int (test_n_regions (buffer), 3);
  expect_region (test_nth_region (buffer, 0), "door", 0, 0, 1 / 16.0, 0.125);
  expect_region (test_nth_region (buffer, 1), "yard", 0.5, 0, 0.25, 0.5);
  expect_region (test_nth_region (buffer, 2), "gate", 0, 0.5, 0.25, 0.5);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
  g_unlink (path);
  g_free (path);
}
GST_END_TEST

static const struct {
  const char *regions;
  const char *words[3];
} refused_with_caps[] = {
  { "a:0,0,9,9;yard:100,50,29,14", { "\"yard\"", "129,64" } },
  { "yard:100,50,28,15", { "\"yard\"", "128x64" } },
  { "yard:99999999999,0,1,1", { "\"yard\"", "100000000000,1", "128x64" } },
  { "yard:99999999999999999999,0,1,1", { "\"yard\"", "128x64" } },
  { "dot:0.5,0.5,0.001,0.5", { "\"dot\"", "no pixel", "at least one" } },
};

/* What only the size of frames tells: when caps come, and once. */
GST_START_TEST (test_refused_with_caps)
{
  Fixture *fixture = test_fixture_new ("regions", "door:0,0,1,1", NULL);
  GstMessage *message;
  GError *error;

  gst_element_set_state (fixture->element, GST_STATE_READY);
  g_object_set (fixture->element, "regions", refused_with_caps[__i__].regions,
      NULL);
  gst_element_set_state (fixture->element, GST_STATE_PLAYING);
  gst_harness_push_event (fixture->harness, gst_event_new_stream_start ("x"));
  collage_set_caps (fixture);
  message = test_pop_message (fixture->bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  expect_words (error->message, refused_with_caps[__i__].words,
      G_N_ELEMENTS (refused_with_caps[0].words));
  g_error_free (error);
  gst_message_unref (message);
  fail_unless_equals_int (gst_harness_push (fixture->harness,
                              collage_new (fixture)),
      GST_FLOW_NOT_NEGOTIATED);
  fail_unless_equals_int (test_count_messages (fixture->bus, GST_MESSAGE_ERROR),
      0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Detections come after them; the whole frame never. */
GST_START_TEST (test_beside_detections)
{
  static const char *const modes[] = { "roi-list", "roi-list-or-frame" };
  Fixture *fixture = test_fixture_new ("regions", "door:0,0,32,32",
      "inference-region", modes[__i__], "roi-classes", "thing", "roi-min-width",
      "32", NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = pass_collage (fixture);
  fail_unless_equals_int (test_n_regions (buffer), 1);
  expect_region (test_get_result (buffer), "door", 0, 0, 0.25, 0.5);
  gst_buffer_unref (buffer);
  buffer = collage_new (fixture);
  collage_add_tile (buffer, 3);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 2);
  expect_region (test_nth_region (buffer, 0), "door", 0, 0, 0.25, 0.5);
  collage_expect_tile (test_nth_region (buffer, 1), 3);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Of the picture that is visible; pixels that it lacks are cut off. */
GST_START_TEST (test_cropped_frame)
{
  Fixture *fixture = test_fixture_new ("regions",
      "half:0.5,0.0,0.5,1.0;corner:32,32,64,32;far:64,0,32,32", NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_crop (buffer, 32, 64);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 2);
  expect_region (test_nth_region (buffer, 0), "half", 0.5, 0, 0.5, 1);
  expect_region (test_nth_region (buffer, 1), "corner", 0.5, 0.5, 0.5, 0.5);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-regions"),
      1);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

static void
expect_message (Fixture *fixture, const char *name, int best)
{
  GstMessage *message = test_pop_message (fixture->bus, GST_MESSAGE_ELEMENT);
  const GstStructure *structure = gst_message_get_structure (message);

  fail_unless_equals_string (gst_structure_get_string (structure,
                                 "region-name"),
      name);
  fail_unless_equals_int (test_best_class (structure), best);
  gst_message_unref (message);
}

/* One for each region when its own class changes. */
GST_START_TEST (test_messages)
{
  static const guint photos[] = { TEST_HORSE, TEST_HORSE, TEST_TRUCK };
  Fixture *fixture = test_fixture_new ("regions",
      "left:0.0,0.0,1.0,1.0;right:0,0,32,32", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (photos); i++) {
    test_push_photo (fixture, photos[i]);
    gst_buffer_unref (test_pull (fixture));
  }
  expect_message (fixture, "left", TEST_HORSE_CLASS);
  expect_message (fixture, "right", TEST_HORSE_CLASS);
  expect_message (fixture, "left", TEST_TRUCK_CLASS);
  expect_message (fixture, "right", TEST_TRUCK_CLASS);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_ELEMENT),
      0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Each for itself, through streams that follow each other, until a flush. */
GST_START_TEST (test_smoothing)
{
  Fixture *fixture = test_fixture_new ("smoothing", "3600000000000", "regions",
      "door:0.0,0.0,1.0,1.0", NULL);
  static const int expected[] = { TEST_HORSE_CLASS, TEST_HORSE_CLASS,
    TEST_TRUCK_CLASS };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    GstBuffer *buffer;

    if (i == 1)
      gst_harness_push_event (fixture->harness,
          gst_event_new_stream_start ("second"));
    if (i == 2)
      test_flush (fixture);
    test_push_photo (fixture, i == 0 ? TEST_HORSE : TEST_TRUCK);
    buffer = test_pull (fixture);
    fail_unless_equals_int (test_best_class (test_get_result (buffer)),
        expected[i]);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* Where they are in frames of another size, too. */
GST_START_TEST (test_repeat_last)
{
  Fixture *fixture = test_fixture_new ("inference-interval", "2", "repeat-last",
      "true", "attach-meta", "roi", "regions", "door:0.0,0.5,0.5,0.5", NULL);
  GstBuffer *buffer;

  test_push (fixture);
  gst_buffer_unref (test_pull (fixture));
  collage_set_caps (fixture);
  buffer = pass_collage (fixture);
  fail_unless_equals_int (test_n_regions (buffer), 1);
  fail_unless (test_is_stale (test_get_result (buffer)));
  expect_region (test_get_result (buffer), "door", 0, 0.5, 0.5, 0.5);
  fail_unless (gst_buffer_get_video_region_of_interest_meta_id (buffer, 0) !=
      NULL);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_roi_meta)
{
  Fixture *fixture = test_fixture_new ("attach-meta", "roi", "regions",
      "door:32,32,64,32", NULL);
  GstVideoRegionOfInterestMeta *roi;
  GstBuffer *buffer;
  gpointer state = NULL;

  collage_set_caps (fixture);
  buffer = pass_collage (fixture);
  roi = (gpointer) gst_buffer_iterate_meta_filtered (buffer, &state,
      GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
  fail_unless_equals_string (g_quark_to_string (roi->roi_type), "door");
  fail_unless (roi->x == 32 && roi->y == 32 && roi->w == 64 && roi->h == 32);
  fail_unless (gst_video_region_of_interest_meta_get_param (roi,
                   "classification") != NULL);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

#if HAVE_GST_ANALYTICS
GST_START_TEST (test_analytics)
{
  Fixture *fixture = test_fixture_new ("regions", "door:32,32,64,32", NULL);
  GstAnalyticsRelationMeta *meta;
  GstAnalyticsClsMtd classes;
  GstAnalyticsODMtd od;
  gpointer state = NULL;
  int x, y, width, height;
  float confidence;
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = pass_collage (fixture);
  meta = gst_buffer_get_analytics_relation_meta (buffer);
  fail_unless (gst_analytics_relation_meta_iterate (meta, &state,
      gst_analytics_od_mtd_get_mtd_type (), &od));
  fail_unless_equals_string (
      g_quark_to_string (gst_analytics_od_mtd_get_obj_type (&od)), "door");
  fail_unless (gst_analytics_od_mtd_get_location (&od, &x, &y, &width, &height,
      &confidence));
  fail_unless (x == 32 && y == 32 && width == 64 && height == 32);
  state = NULL;
  fail_unless (gst_analytics_relation_meta_get_direct_related (meta,
      gst_analytics_mtd_get_id ((GstAnalyticsMtd *) &od),
      GST_ANALYTICS_REL_TYPE_CONTAIN, gst_analytics_cls_mtd_get_mtd_type (),
      &state, &classes));
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST
#endif

static Suite *
named_suite (void)
{
  Suite *suite = suite_create ("named");
  TCase *tests = test_case_new ("named");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_fractions_and_pixels);
  tcase_add_loop_test (tests, test_accepted, 0, G_N_ELEMENTS (accepted));
  tcase_add_test (tests, test_empty_is_the_frame);
  tcase_add_loop_test (tests, test_refused, 0, G_N_ELEMENTS (refused));
  tcase_add_loop_test (tests, test_refused_file, 0,
      G_N_ELEMENTS (refused_files));
  tcase_add_test (tests, test_no_regular_file);
  tcase_add_test (tests, test_file);
  tcase_add_loop_test (tests, test_refused_with_caps, 0,
      G_N_ELEMENTS (refused_with_caps));
  tcase_add_loop_test (tests, test_beside_detections, 0, 2);
  tcase_add_test (tests, test_cropped_frame);
  tcase_add_test (tests, test_messages);
  tcase_add_test (tests, test_smoothing);
  tcase_add_test (tests, test_repeat_last);
  tcase_add_test (tests, test_roi_meta);
#if HAVE_GST_ANALYTICS
  tcase_add_test (tests, test_analytics);
#endif
  return suite;
}

GST_CHECK_MAIN (named)
