/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Results read back as applications do. */

#include <glib/gstdio.h>

#include "support/pipeline.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

static const char *const fields[] = { "timestamp", "running-time",
  "stream-time", "duration", "frame-number", "model", "backend", "stale",
  "region", "roi-id", "x", "y", "width", "height", "labels", "class-ids",
  "confidences", "inference-time" };

static void
expect_all_fields (const GstStructure *result)
{
  fail_unless_equals_string (gst_structure_get_name (result), TEST_RESULT);
  fail_unless_equals_int (gst_structure_n_fields (result),
      G_N_ELEMENTS (fields));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fail_unless_equals_string (gst_structure_nth_field_name (result, i),
        fields[i]);
}

static void
expect_horse (const GstStructure *result)
{
  float sum = 0, last = 1;

  fail_unless_equals_int (test_best_class (result), TEST_HORSE_CLASS);
  fail_unless_equals_string (test_nth_label (result, 0), "horse");
  for (guint i = 0; i < test_n_classes (result); i++) {
    float level = test_nth_confidence (result, i);

    fail_unless (test_nth_label (result, i) != NULL);
    fail_unless (level >= 0 && level <= last);
    last = level;
    sum += level;
  }
  fail_unless (sum > 0.9 && sum < 1.001, "the best five add up to %f", sum);
}

GST_START_TEST (test_custom_meta)
{
  Fixture *fixture = test_fixture_new (NULL);
  const GstStructure *result;
  GstBuffer *buffer;
  double x, width;

  fixture->n_pushed = 3;
  test_push (fixture);
  buffer = test_pull (fixture);
  result = test_get_result (buffer);
  expect_all_fields (result);
  expect_horse (result);
  fail_unless_equals_int (test_n_classes (result), 5);
  fail_unless_equals_uint64 (test_get_uint64 (result, "timestamp"),
      3 * TEST_FRAME_DURATION);
  fail_unless_equals_uint64 (test_get_uint64 (result, "running-time"),
      3 * TEST_FRAME_DURATION);
  fail_unless_equals_uint64 (test_get_uint64 (result, "duration"),
      TEST_FRAME_DURATION);
  fail_unless_equals_uint64 (test_get_uint64 (result, "frame-number"), 0);
  fail_unless (test_get_uint64 (result, "inference-time") > 0);
  fail_unless_equals_string (gst_structure_get_string (result, "model"),
      "alexnet-cifar10.safetensors");
  fail_unless_equals_string (gst_structure_get_string (result, "region"),
      "full-frame");
  fail_unless (gst_structure_get_double (result, "x", &x) && x == 0);
  fail_unless (gst_structure_get_double (result, "width", &width) &&
      width == 1);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* What others read is UTF-8, whatever the file is called. */
GST_START_TEST (test_model_of_any_name)
{
  char *dir = g_dir_make_tmp (NULL, NULL), *model = test_model_path ();
  char *path = g_build_filename (dir, "horses \xff.safetensors", NULL);
  const char *name;
  Fixture *fixture;
  GstBuffer *buffer;
  char *bytes;
  gsize size;

  fail_unless (g_file_get_contents (model, &bytes, &size, NULL));
  fail_unless (g_file_set_contents (path, bytes, (gssize) size, NULL));
  fixture = test_fixture_new (NULL);
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  g_object_set (fixture->element, "model-file", path, NULL);
  gst_element_set_state (fixture->element, GST_STATE_PLAYING);
  test_push (fixture);
  buffer = test_pull (fixture);
  name = gst_structure_get_string (test_get_result (buffer), "model");
  fail_unless (g_utf8_validate (name, -1, NULL));
  fail_unless (g_str_has_prefix (name, "horses ") &&
      g_str_has_suffix (name, ".safetensors"), "%s", name);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
  g_unlink (path);
  g_rmdir (dir);
  g_free (bytes);
  g_free (path);
  g_free (model);
  g_free (dir);
}
GST_END_TEST

/* running-time and stream-time are not the timestamp's when the segment says
 * otherwise, and unknown ones say so. */
GST_START_TEST (test_times_follow_the_segment)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstSegment segment;
  GstBuffer *buffer;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = GST_SECOND;
  segment.time = 10 * GST_SECOND;
  segment.base = 5 * GST_SECOND;
  segment.rate = 2;
  gst_harness_push_event (fixture->harness, gst_event_new_segment (&segment));
  buffer = test_frame_new (TEST_HORSE, fixture->caps);
  GST_BUFFER_PTS (buffer) = 3 * GST_SECOND;
  gst_harness_push (fixture->harness, buffer);
  buffer = test_pull (fixture);
  fail_unless_equals_uint64 (test_get_uint64 (test_get_result (buffer),
                                 "running-time"),
      6 * GST_SECOND);
  fail_unless_equals_uint64 (test_get_uint64 (test_get_result (buffer),
                                 "stream-time"),
      12 * GST_SECOND);
  fail_unless_equals_uint64 (test_get_uint64 (test_get_result (buffer),
                                 "duration"),
      GST_CLOCK_TIME_NONE);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_message_and_last_result)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstStructure *last;
  GstMessage *message;
  GstBuffer *buffer;

  g_object_get (fixture->element, "last-result", &last, NULL);
  fail_unless (last == NULL);
  test_push (fixture);
  buffer = test_pull (fixture);
  g_object_get (fixture->element, "last-result", &last, NULL);
  message = test_pop_message (fixture->bus, GST_MESSAGE_ELEMENT);
  fail_unless (GST_MESSAGE_SRC (message) == GST_OBJECT (fixture->element));
  fail_unless (gst_structure_is_equal (gst_message_get_structure (message),
      test_get_result (buffer)));
  fail_unless (gst_structure_is_equal (last, test_get_result (buffer)));
  gst_structure_free (last);
  gst_message_unref (message);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Somebody else holds the frame, so it is not ours to write on: the metadata
 * goes on a copy that has the same pixels, not the same pixels copied. */
GST_START_TEST (test_shared_frame)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstBuffer *in = test_frame_new (TEST_HORSE, fixture->caps), *out;

  gst_harness_push (fixture->harness, gst_buffer_ref (in));
  out = test_pull (fixture);
  fail_unless (out != in);
  fail_unless (gst_buffer_peek_memory (out, 0) ==
      gst_buffer_peek_memory (in, 0));
  fail_unless (test_get_result (out) != NULL);
  fail_unless (test_get_result (in) == NULL);
  gst_buffer_unref (out);
  gst_buffer_unref (in);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_unshared_frame)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstBuffer *in = test_frame_new (TEST_HORSE, fixture->caps), *out;

  gst_harness_push (fixture->harness, in);
  out = test_pull (fixture);
  fail_unless (out == in);
  fail_unless (gst_buffer_is_writable (out));
  fail_unless (gst_memory_is_writable (gst_buffer_peek_memory (out, 0)));
  gst_buffer_unref (out);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Its rectangle is what was classified: here what a crop left. */
GST_START_TEST (test_roi_meta)
{
  Fixture *fixture = test_fixture_new ("attach-meta", "roi", NULL);
  GstVideoRegionOfInterestMeta *roi;
  GstVideoCropMeta *crop;
  GstStructure *param;
  GstBuffer *buffer;
  int label_id;

  buffer = test_frame_new (TEST_HORSE, fixture->caps);
  crop = gst_buffer_add_video_crop_meta (buffer);
  crop->x = 1;
  crop->y = 2;
  crop->width = 30;
  crop->height = 29;
  gst_harness_push (fixture->harness, buffer);
  buffer = test_pull (fixture);
  roi = gst_buffer_get_video_region_of_interest_meta_id (buffer, 0);
  fail_unless (roi != NULL);
  fail_unless_equals_string (g_quark_to_string (roi->roi_type), "horse");
  fail_unless_equals_int (roi->x, 1);
  fail_unless_equals_int (roi->y, 2);
  fail_unless_equals_int (roi->w, 30);
  fail_unless_equals_int (roi->h, 29);
  param = gst_video_region_of_interest_meta_get_param (roi, "classification");
  fail_unless (gst_structure_get_int (param, "label_id", &label_id));
  fail_unless_equals_int (label_id, TEST_HORSE_CLASS);
  fail_unless (test_get_result (buffer) != NULL);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_no_roi_meta_unasked)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstBuffer *buffer;

  test_push (fixture);
  buffer = test_pull (fixture);
  fail_unless (gst_buffer_get_video_region_of_interest_meta_id (buffer, 0) ==
      NULL);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

#if HAVE_GST_ANALYTICS
GST_START_TEST (test_analytics_meta)
{
  Fixture *fixture = test_fixture_new ("top-k", "3", NULL);
  GstAnalyticsRelationMeta *relation;
  GstAnalyticsClsMtd classification;
  gpointer state = NULL;
  GstBuffer *buffer;

  test_push (fixture);
  buffer = test_pull (fixture);
  relation = gst_buffer_get_analytics_relation_meta (buffer);
  fail_unless (relation != NULL);
  fail_unless (gst_analytics_relation_meta_iterate (relation, &state,
      gst_analytics_cls_mtd_get_mtd_type (), &classification));
  fail_unless_equals_int (gst_analytics_cls_mtd_get_length (&classification),
      3);
  fail_unless_equals_string (
      g_quark_to_string (gst_analytics_cls_mtd_get_quark (&classification, 0)),
      "horse");
  fail_unless (gst_analytics_cls_mtd_get_level (&classification, 0) >=
      gst_analytics_cls_mtd_get_level (&classification, 1));
  fail_if (gst_analytics_relation_meta_iterate (relation, &state,
      gst_analytics_cls_mtd_get_mtd_type (), &classification));
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_analytics_meta_can_be_left_out)
{
  Fixture *fixture = test_fixture_new ("attach-meta", "0", NULL);
  GstBuffer *buffer;

  test_push (fixture);
  buffer = test_pull (fixture);
  fail_unless (gst_buffer_get_analytics_relation_meta (buffer) == NULL);
  fail_unless (test_get_result (buffer) != NULL);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST
#endif

#define HAVE_TENSOR (HAVE_GST_ANALYTICS && GST_CHECK_VERSION (1, 26, 0))

/* Says what has no effect, or NULL: nothing is wrong. */
static void
expect_warning (const char *full_frame_od, const char *attach,
    const char *expected)
{
  Fixture *fixture = test_fixture_new ("full-frame-od", full_frame_od,
      "attach-meta", attach, NULL);

  if (expected) {
    GstMessage *message = test_pop_message (fixture->bus, GST_MESSAGE_WARNING);
    GError *error;
    char *debug;

    gst_message_parse_warning (message, &error, &debug);
    fail_unless_equals_string (error->message, expected);
    fail_unless (strstr (debug, "it takes ") != NULL, "%s", debug);
    g_free (debug);
    g_error_free (error);
    gst_message_unref (message);
  }
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_WARNING),
      0);
  test_push (fixture);
  gst_buffer_unref (test_pull (fixture));
  test_fixture_free (fixture);
}

/* Metadata of a newer GStreamer than the build's is not left out silently; the
 * frames come out all the same. */
GST_START_TEST (test_metadata_that_cannot_be_had)
{
  const char *no_od = "full-frame-od has no effect.";
  const char *no_tensor = "attach-meta=tensor has no effect.";

  expect_warning ("false", "analytics+roi", NULL);
  expect_warning ("false", "0", NULL);
  expect_warning ("true", "roi", no_od);
  expect_warning ("true", "analytics", HAVE_GST_ANALYTICS ? NULL : no_od);
  expect_warning ("false", "tensor", HAVE_TENSOR ? NULL : no_tensor);
}
GST_END_TEST

static GstPadProbeReturn
count_results (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  const GstStructure
      *result = test_get_result (GST_PAD_PROBE_INFO_BUFFER (info));

  if (result)
    g_atomic_int_inc ((int *) n);
  return GST_PAD_PROBE_OK;
}

/* From a frame that is written anew the result is not lost. */
GST_START_TEST (test_result_survives_conversion)
{
  Pipeline *p = test_pipeline_new (
      "videotestsrc num-buffers=10 ! video/x-raw,format=I420 ! "
      "alexnetclassify name=c ! tee ! queue ! videoscale ! videoconvert ! "
      "video/x-raw,format=RGB,width=50 ! fakesink name=sink");
  int n = 0;

  test_pipeline_add_probe (p, count_results, &n);
  test_pipeline_run (p);
  fail_unless_equals_int (n, 10);
  test_pipeline_free (p);
}
GST_END_TEST

static Suite *
metadata_suite (void)
{
  Suite *suite = suite_create ("metadata");
  TCase *tests = test_case_new ("metadata");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_custom_meta);
  tcase_add_test (tests, test_model_of_any_name);
  tcase_add_test (tests, test_times_follow_the_segment);
  tcase_add_test (tests, test_message_and_last_result);
  tcase_add_test (tests, test_shared_frame);
  tcase_add_test (tests, test_unshared_frame);
  tcase_add_test (tests, test_roi_meta);
  tcase_add_test (tests, test_no_roi_meta_unasked);
#if HAVE_GST_ANALYTICS
  tcase_add_test (tests, test_analytics_meta);
  tcase_add_test (tests, test_analytics_meta_can_be_left_out);
#endif
  tcase_add_test (tests, test_metadata_that_cannot_be_had);
  tcase_add_test (tests, test_result_survives_conversion);
  return suite;
}

GST_CHECK_MAIN (metadata)
