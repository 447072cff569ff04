/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lines of classificationjson read back. */

#include "support/jsonhelpers.h"

#include <math.h>

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

static guint
get_n_regions (JsonObject *line)
{
  return json_array_get_length (json_object_get_array_member (line, "regions"));
}

static JsonObject *
get_class (JsonObject *line, guint i)
{
  return json_array_get_object_element (
      json_object_get_array_member (test_nth_json_region (line, 0), "classes"),
      i);
}

static void
expect_count (JsonObject *line, const char *name, const GstStructure *result)
{
  char *field = g_strdelimit (g_strdup (name), "_", '-');
  guint64 value = test_get_uint64 (result, field);

  if (value == GST_CLOCK_TIME_NONE)
    fail_unless (json_object_get_null_member (line, name), "%s", name);
  else
    fail_unless_equals_uint64 (json_object_get_int_member (line, name), value);
  g_free (field);
}

static void
expect_classes (JsonObject *line, const GstStructure *result)
{
  guint n = test_n_classes (result);

  fail_unless_equals_int (json_array_get_length (json_object_get_array_member (
                              test_nth_json_region (line, 0), "classes")),
      n);
  for (guint i = 0; i < n; i++) {
    JsonObject *class = get_class (line, i);

    fail_unless_equals_string (json_object_get_string_member (class, "label"),
        test_nth_label (result, i));
    fail_unless_equals_int (json_object_get_int_member (class, "class_id"),
        test_nth_class (result, i));
    fail_unless ((float) json_object_get_double_member (class, "confidence") ==
        test_nth_confidence (result, i));
  }
}

static void
expect_result (JsonObject *line, const GstStructure *result)
{
  static const char *counts[] = { "frame_number", "timestamp", "stream_time",
    "running_time", "duration" };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    expect_count (line, counts[i], result);
  fail_unless_equals_string (json_object_get_string_member (line, "model"),
      gst_structure_get_string (result, "model"));
  fail_unless_equals_string (json_object_get_string_member (line, "backend"),
      gst_structure_get_string (result, "backend"));
  expect_count (test_nth_json_region (line, 0), "inference_time", result);
  fail_if (json_object_get_boolean_member (test_nth_json_region (line, 0),
      "stale"));
  fail_unless_equals_string (
      json_object_get_string_member (test_nth_json_region (line, 0), "region"),
      "full-frame");
  fail_unless (json_object_get_double_member (test_nth_json_region (line, 0),
                   "width") == 1);
  expect_classes (line, result);
}

/* Each line is on file as soon as its buffer is through, and says what the
 * metadata says. Also with times that are unknown. */
GST_START_TEST (test_line_equals_metadata)
{
  static const guint photos[] = { TEST_HORSE, TEST_TRUCK };
  char *upstream = test_line_new ("alexnetclassify ! ");
  JsonFile *file = test_json_file_new (upstream);

  for (guint i = 0; i < 2; i++) {
    GstBuffer *buffer = test_photo_new (photos[i]);
    JsonObject *line;
    char **lines;

    if (i == 1)
      GST_BUFFER_PTS (buffer) = 5 * GST_SECOND;
    gst_harness_push (file->harness, buffer);
    buffer = gst_harness_pull (file->harness);
    lines = test_read_lines (file->path);
    fail_unless_equals_int (g_strv_length (lines), i + 1);
    line = test_parse_line (lines[i]);
    expect_result (line, test_get_result (buffer));
    json_object_unref (line);
    g_strfreev (lines);
    gst_buffer_unref (buffer);
  }
  test_expect_n_lines (file->path, 2);
  test_json_file_free (file);
  g_free (upstream);
}
GST_END_TEST

/* What is in the metadata only partly, or is no number. */
GST_START_TEST (test_unknown_is_null)
{
  JsonFile *file = test_json_file_new ("");
  char **lines;
  GstBuffer *buffer = test_buffer_new ("x=(double)0.25, labels=<a, b, c>, "
                                       "class-ids=<1>, model=(int)3");
  GValue levels = G_VALUE_INIT, level = G_VALUE_INIT;
  const float numbers[] = { NAN, INFINITY, 0.5 };
  JsonObject *line;

  gst_value_array_init (&levels, 3);
  g_value_init (&level, G_TYPE_FLOAT);
  for (guint i = 0; i < 3; i++) {
    g_value_set_float (&level, numbers[i]);
    gst_value_array_append_value (&levels, &level);
  }
  gst_structure_take_value ((GstStructure *) test_get_result (buffer),
      "confidences", &levels);
  gst_harness_push (file->harness, buffer);

  lines = test_read_lines (file->path);
  fail_unless (strstr (lines[0], "nan") == NULL, "%s", lines[0]);
  fail_unless (strstr (lines[0], "inf\"") == NULL, "%s", lines[0]);
  line = test_parse_line (lines[0]);
  fail_unless (json_object_get_null_member (line, "frame_number"));
  fail_unless (json_object_get_null_member (line, "stream_time"));
  fail_unless (json_object_get_null_member (line, "model"));
  fail_unless (json_object_get_null_member (test_nth_json_region (line, 0),
      "roi_id"));
  fail_unless (json_object_get_double_member (test_nth_json_region (line, 0),
                   "x") == 0.25);
  fail_unless (json_object_get_null_member (get_class (line, 0), "confidence"));
  fail_unless (json_object_get_null_member (get_class (line, 1), "confidence"));
  fail_unless (json_object_get_double_member (get_class (line, 2),
                   "confidence") == 0.5);
  fail_unless_equals_int (json_object_get_int_member (get_class (line, 0),
                              "class_id"),
      1);
  fail_unless (json_object_get_null_member (get_class (line, 1), "class_id"));
  json_object_unref (line);
  g_strfreev (lines);
  test_json_file_free (file);
}
GST_END_TEST

/* Whatever a label is, it comes back, in one line and as UTF-8. */
GST_START_TEST (test_labels)
{
  static const char *labels[] = { "Köter \xf0\x9f\x90\x95 \xe7\x8a\xac",
    "\"quoted\" \\ back", "two\nlines\ttab", "", "bad \xff byte" };
  JsonFile *file = test_json_file_new ("");
  char **lines;

  for (guint i = 0; i < G_N_ELEMENTS (labels); i++) {
    GstBuffer *buffer = test_buffer_new ("confidences=<(float)1>");
    GValue array = G_VALUE_INIT, label = G_VALUE_INIT;

    gst_value_array_init (&array, 1);
    g_value_init (&label, G_TYPE_STRING);
    g_value_set_string (&label, labels[i]);
    gst_value_array_append_and_take_value (&array, &label);
    gst_structure_take_value ((GstStructure *) test_get_result (buffer),
        "labels", &array);
    gst_harness_push (file->harness, buffer);
  }
  lines = test_read_lines (file->path);
  fail_unless_equals_int (g_strv_length (lines), G_N_ELEMENTS (labels));
  for (guint i = 0; i < G_N_ELEMENTS (labels); i++) {
    JsonObject *line = test_parse_line (lines[i]);

    fail_unless (g_utf8_validate (lines[i], -1, NULL));
    fail_unless_equals_string (json_object_get_string_member (get_class (line,
                                                                  0),
                                   "label"),
        i < 4 ? labels[i] : "bad \xef\xbf\xbd byte");
    json_object_unref (line);
  }
  g_strfreev (lines);
  test_json_file_free (file);
}
GST_END_TEST

/* The very same buffers, in caps of any kind; those without a result give no
 * line. */
GST_START_TEST (test_buffers_pass)
{
  JsonFile *file = test_json_file_new ("");
  GstBuffer *in = test_buffer_new (NULL), *out;

  GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_GAP);
  gst_harness_push (file->harness, gst_buffer_ref (in));
  out = gst_harness_pull (file->harness);
  fail_unless (out == in);
  fail_unless (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_GAP));
  gst_buffer_unref (out);
  gst_buffer_unref (in);
  test_expect_n_lines (file->path, 0);

  gst_harness_set_src_caps_str (file->harness,
      "video/x-h264,width=32,height=32");
  in = test_buffer_new (TEST_CAT);
  gst_harness_push (file->harness, gst_buffer_ref (in));
  out = gst_harness_pull (file->harness);
  fail_unless (out == in);
  gst_buffer_unref (out);
  gst_buffer_unref (in);
  test_expect_n_lines (file->path, 1);
  test_json_file_free (file);
}
GST_END_TEST

/* How many INFO messages a stream makes of 200 buffers without a result and
 * one with these fields. */
static guint
count_infos (const char *line, const char *fields)
{
  GstHarness *harness = test_harness_new ("%s", line);
  GstBus *bus = gst_bus_new ();
  guint n;

  gst_element_set_bus (harness->element, bus);
  gst_harness_set_src_caps_str (harness,
      "video/x-raw,format=RGB,width=32,height=32,framerate=30/1");
  for (guint i = 0; i < 200; i++)
    gst_harness_push (harness, test_buffer_new (NULL));
  gst_harness_push (harness, test_buffer_new (fields));
  fail_unless_equals_int (test_count_messages (bus, GST_MESSAGE_INFO), 0);
  gst_harness_push_event (harness, gst_event_new_eos ());
  n = test_count_messages (bus, GST_MESSAGE_INFO);
  gst_element_set_bus (harness->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (harness);
  return n;
}

/* Who put it in front of alexnetclassify would see nothing, and no reason. */
GST_START_TEST (test_nothing_to_read)
{
  GstElementFactory
      *overlay = gst_element_factory_find ("classificationoverlay");
  const char *lines[] = { "classificationjson location=/dev/null",
    overlay ? "classificationoverlay top-k=0" : NULL };

  for (guint i = 0; i < G_N_ELEMENTS (lines) && lines[i]; i++) {
    fail_unless_equals_int (count_infos (lines[i], NULL), 1);
    fail_unless_equals_int (count_infos (lines[i], TEST_CAT), 0);
  }
  gst_clear_object (&overlay); /* which a build without pango has not */
}
GST_END_TEST

GST_START_TEST (test_stale)
{
  JsonFile *file = test_json_file_new ("");
  JsonObject *line;

  gst_harness_push (file->harness, test_buffer_new ("stale=true, " TEST_CAT));
  line = test_parse_file (file->path);
  fail_unless (json_object_get_boolean_member (test_nth_json_region (line, 0),
      "stale"));
  json_object_unref (line);
  g_object_set (file->element, "include-stale", FALSE, NULL);
  gst_harness_push (file->harness, test_buffer_new ("stale=true, " TEST_CAT));
  test_expect_n_lines (file->path, 1);
  gst_harness_push (file->harness, test_buffer_new ("stale=false, " TEST_CAT));
  test_expect_n_lines (file->path, 2);
  test_json_file_free (file);
}
GST_END_TEST

/* Of several regions each is there, and stale ones can be left out. */
GST_START_TEST (test_regions)
{
  static const char fields[] =
      "region=roi, roi-id=4, regions=<"
      "(GstStructure)[r, region=roi, roi-id=4, tracking-id=(guint64)17, "
      "x=(double)0.5, stale=true, " TEST_CAT "],"
      "(GstStructure)[r, region=named, region-name=door, roi-id=9, "
      "y=(double)0.25, " TEST_CAT "]>";
  JsonFile *file = test_json_file_new ("");
  char **lines;
  JsonObject *line;

  gst_harness_push (file->harness, test_buffer_new (fields));
  g_object_set (file->element, "include-stale", FALSE, NULL);
  gst_harness_push (file->harness, test_buffer_new (fields));
  lines = test_read_lines (file->path);
  line = test_parse_line (lines[0]);
  fail_unless_equals_int (get_n_regions (line), 2);
  fail_unless_equals_int (json_object_get_int_member (
                              test_nth_json_region (line, 0), "tracking_id"),
      17);
  fail_unless (json_object_get_double_member (test_nth_json_region (line, 0),
                   "x") == 0.5);
  fail_unless (json_object_get_null_member (test_nth_json_region (line, 0),
      "region_name"));
  fail_unless_equals_string (json_object_get_string_member (
                                 test_nth_json_region (line, 1), "region_name"),
      "door");
  fail_unless_equals_int (
      json_object_get_int_member (test_nth_json_region (line, 1), "roi_id"), 9);
  fail_unless (json_object_get_null_member (test_nth_json_region (line, 1),
      "tracking_id"));
  json_object_unref (line);
  line = test_parse_line (lines[1]);
  fail_unless_equals_int (get_n_regions (line), 1);
  fail_unless_equals_int (
      json_object_get_int_member (test_nth_json_region (line, 0), "roi_id"), 9);
  json_object_unref (line);
  g_strfreev (lines);
  test_json_file_free (file);
}
GST_END_TEST

/* A depayloader gives a frame its metadata once for each packet that it came
 * in. Two elements may have said nearly the same. */
GST_START_TEST (test_copies)
{
  static const char *const results[] = {
    TEST_CAT ", inference-time=(guint64)1",
    TEST_CAT ", inference-time=(guint64)2",
  };
  JsonFile *file = test_json_file_new ("");
  GstBuffer *buffer = test_buffer_new (NULL);

  for (guint i = 0; i < 6; i++)
    test_add_result (buffer, results[i % 2]);
  gst_harness_push (file->harness, buffer);
  test_expect_n_lines (file->path, 2);
  test_json_file_free (file);
}
GST_END_TEST

/* What the threshold leaves of two regions, of which a dot is unsure: one, and
 * then none. */
GST_START_TEST (test_threshold)
{
  char *upstream = test_line_new ("alexnetclassify threshold=0.9 "
                                  "regions=dot:0,0,1,1;all:0.0,0.0,1.0,1.0 ! ");
  JsonFile *file = test_json_file_new (upstream);
  GstElement *classifier = gst_harness_find_element (file->harness,
      "alexnetclassify");
  JsonObject *line;

  gst_harness_push (file->harness, test_photo_new (TEST_HORSE));
  gst_buffer_unref (gst_harness_pull (file->harness));
  line = test_parse_file (file->path);
  fail_unless_equals_int (get_n_regions (line), 1);
  fail_unless_equals_string (json_object_get_string_member (
                                 test_nth_json_region (line, 0), "region_name"),
      "all");
  json_object_unref (line);
  g_object_set (classifier, "threshold", 1.0f, NULL);
  gst_harness_push (file->harness, test_photo_new (TEST_HORSE));
  gst_buffer_unref (gst_harness_pull (file->harness));
  test_expect_n_lines (file->path, 1);
  gst_object_unref (classifier);
  test_json_file_free (file);
  g_free (upstream);
}
GST_END_TEST

#if HAVE_GST_ANALYTICS
static void
add_cls (GstAnalyticsRelationMeta *relation, GstAnalyticsClsMtd *cls)
{
  float levels[] = { 0.25, 0.75 };
  GQuark quarks[] = { g_quark_from_string ("cat"),
    g_quark_from_string ("dog") };

  fail_unless (gst_analytics_relation_meta_add_cls_mtd (relation, 2, levels,
      quarks, cls));
}

/* Of another element, with nothing of ours: the whole frame, and a part. */
GST_START_TEST (test_analytics_alone)
{
  JsonFile *file = test_json_file_new ("");
  GstBuffer *buffer = test_buffer_new (NULL);
  GstAnalyticsRelationMeta
      *relation = gst_buffer_add_analytics_relation_meta (buffer);
  GstAnalyticsClsMtd cls;
  GstAnalyticsODMtd detection;
  JsonObject *line;

  add_cls (relation, &cls);
  add_cls (relation, &cls);
  gst_analytics_relation_meta_add_od_mtd (relation, 0, 8, 16, 4, 2, 0.5,
      &detection);
  gst_analytics_relation_meta_set_relation (relation,
      GST_ANALYTICS_REL_TYPE_RELATE_TO, detection.id, cls.id);
  GST_BUFFER_PTS (buffer) = GST_SECOND;
  gst_harness_push (file->harness, buffer);

  line = test_parse_file (file->path);
  fail_unless_equals_uint64 (json_object_get_int_member (line, "stream_time"),
      GST_SECOND);
  fail_unless (json_object_get_null_member (line, "model"));
  fail_unless_equals_string (json_object_get_string_member (get_class (line, 0),
                                 "label"),
      "dog");
  fail_unless (json_object_get_double_member (get_class (line, 0),
                   "confidence") == 0.75);
  fail_unless (json_object_get_double_member (test_nth_json_region (line, 0),
                   "width") == 1);
  fail_unless (json_object_get_double_member (test_nth_json_region (line, 1),
                   "x") == 0.25);
  fail_unless (json_object_get_double_member (test_nth_json_region (line, 1),
                   "height") == 0.0625);
  json_object_unref (line);
  test_json_file_free (file);
}
GST_END_TEST
#endif

static Suite *
json_suite (void)
{
  Suite *suite = suite_create ("json");
  TCase *tests = test_case_new ("json");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_line_equals_metadata);
  tcase_add_test (tests, test_unknown_is_null);
  tcase_add_test (tests, test_labels);
  tcase_add_test (tests, test_buffers_pass);
  tcase_add_test (tests, test_nothing_to_read);
  tcase_add_test (tests, test_stale);
  tcase_add_test (tests, test_regions);
  tcase_add_test (tests, test_copies);
  tcase_add_test (tests, test_threshold);
#if HAVE_GST_ANALYTICS
  tcase_add_test (tests, test_analytics_alone);
#endif
  return suite;
}

GST_CHECK_MAIN (json)
