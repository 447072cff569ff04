/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When classificationjson writes a line, and of which regions. */

#include "support/jsonhelpers.h"

#define DOOR(label, state)                                                 \
  "(GstStructure)[r, region=named, region-name=door, labels=<" label ">, " \
  "class-ids=<0>, confidences=<(float)1>" state "]"
#define OBJECT(id, label, state)                                \
  "(GstStructure)[r, region=roi, tracking-id=(guint64)" id ", " \
  "labels=<" label ">, class-ids=<0>, confidences=<(float)1>" state "]"
#define REGIONS(...) "region=roi, regions=<" __VA_ARGS__ ">"

static JsonFile *
file_new (const char *when)
{
  JsonFile *file = test_json_file_new ("");

  gst_util_set_object_arg (G_OBJECT (file->element), "write-when", when);
  return file;
}

static char *
describe_region (JsonObject *region)
{
  JsonArray *classes = json_object_get_array_member (region, "classes");

  if (json_object_get_null_member (region, "state"))
    return g_strdup (json_object_get_string_member (
        json_array_get_object_element (classes, 0), "label"));
  return g_strdup_printf ("%s since %" G_GINT64_FORMAT,
      json_object_get_string_member (region, "state"),
      json_object_get_null_member (region, "since")
          ? -1
          : json_object_get_int_member (region, "since"));
}

/* What each region of the last line says: its state and since when or, where
 * it has none, its label; with ", " between. */
static char *
describe_line (const char *text)
{
  JsonObject *line = test_parse_line (text);
  JsonArray *regions = json_object_get_array_member (line, "regions");
  GPtrArray *parts = g_ptr_array_new_with_free_func (g_free);
  char *all;

  for (guint i = 0; i < json_array_get_length (regions); i++)
    g_ptr_array_add (parts, describe_region (test_nth_json_region (line, i)));
  g_ptr_array_add (parts, NULL);
  all = g_strjoinv (", ", (char **) parts->pdata);
  g_ptr_array_unref (parts);
  json_object_unref (line);
  return all;
}

/* Sends a frame with this result; expects a line that says this, or none. */
static void
expect_line (JsonFile *file, const char *fields, const char *expected)
{
  char **before = test_read_lines (file->path), **after;
  guint n = g_strv_length (before);

  gst_harness_push (file->harness, test_buffer_new (fields));
  after = test_read_lines (file->path);
  fail_unless_equals_int (g_strv_length (after), n + (expected ? 1 : 0));
  if (expected) {
    char *found = describe_line (after[n]);

    fail_unless_equals_string (found, expected);
    g_free (found);
  }
  g_strfreev (before);
  g_strfreev (after);
}

GST_START_TEST (test_always)
{
  JsonFile *file = file_new ("always");

  expect_line (file, TEST_CAT, "cat");
  expect_line (file, TEST_CAT, "cat");
  test_json_file_free (file);
}
GST_END_TEST

GST_START_TEST (test_on_change)
{
  JsonFile *file = file_new ("on-change");

  expect_line (file, TEST_CAT, "cat");
  expect_line (file, TEST_CAT, NULL);
  expect_line (file, NULL, NULL);
  expect_line (file, TEST_CAT, NULL);
  expect_line (file, "labels=<dog>, class-ids=<5>, confidences=<(float)1>",
      "dog");
  expect_line (file, TEST_CAT, "cat");
  test_json_file_free (file);
}
GST_END_TEST

/* What is known, and null for what is not. */
GST_START_TEST (test_fields)
{
  JsonFile *file = file_new ("always");
  char **lines;
  JsonObject *line, *region;

  gst_harness_push (file->harness,
      test_buffer_new (TEST_CAT ", state=cat, since=(guint64)40, "
                                "candidate=dog, agreed=(uint)2"));
  gst_harness_push (file->harness, test_buffer_new (TEST_CAT));
  lines = test_read_lines (file->path);
  line = test_parse_line (lines[0]);
  region = test_nth_json_region (line, 0);
  fail_unless_equals_string (json_object_get_string_member (region, "state"),
      "cat");
  fail_unless_equals_int (json_object_get_int_member (region, "since"), 40);
  fail_unless_equals_string (json_object_get_string_member (region,
                                 "candidate"),
      "dog");
  fail_unless_equals_int (json_object_get_int_member (region, "agreed"), 2);
  json_object_unref (line);
  line = test_parse_line (lines[1]);
  region = test_nth_json_region (line, 0);
  fail_unless (json_object_get_null_member (region, "state"));
  fail_unless (json_object_get_null_member (region, "since"));
  fail_unless (json_object_get_null_member (region, "candidate"));
  fail_unless (json_object_get_null_member (region, "agreed"));
  json_object_unref (line);
  g_strfreev (lines);
  test_json_file_free (file);
}
GST_END_TEST

/* Not before there is a state, and whatever the classes say meanwhile. */
GST_START_TEST (test_on_state)
{
  JsonFile *file = file_new ("on-state");

  expect_line (file, TEST_CAT ", candidate=cat, agreed=(uint)1", NULL);
  expect_line (file, TEST_CAT ", state=cat, since=(guint64)40", "cat since 40");
  expect_line (file, TEST_CAT ", state=cat, since=(guint64)40", NULL);
  expect_line (file,
      TEST_CAT ", state=cat, since=(guint64)40, candidate=dog, agreed=(uint)2",
      NULL);
  expect_line (file, TEST_CAT ", state=unknown", "unknown since -1");
  test_json_file_free (file);
}
GST_END_TEST

/* How many warnings 200 results without a state cost, after one with `fields`.
 */
static guint
count_warnings (const char *when, const char *fields)
{
  JsonFile *file = file_new (when);
  GstBus *bus = gst_bus_new ();
  guint n;

  gst_element_set_bus (file->element, bus);
  gst_harness_push (file->harness, test_buffer_new (fields));
  for (guint i = 0; i < 200; i++)
    gst_harness_push (file->harness, test_buffer_new (TEST_CAT));
  n = test_count_messages (bus, GST_MESSAGE_WARNING);
  gst_element_set_bus (file->element, NULL);
  gst_object_unref (bus);
  test_json_file_free (file);
  return n;
}

GST_START_TEST (test_no_states)
{
  const char *pending = TEST_CAT ", candidate=cat, agreed=(uint)1";

  fail_unless_equals_int (count_warnings ("on-state", TEST_CAT), 1);
  fail_unless_equals_int (count_warnings ("on-state", pending), 0);
  fail_unless_equals_int (count_warnings ("always", TEST_CAT), 0);
}
GST_END_TEST

/* Each region is known again by its name or track, and those alone are in the
 * line that say something new. */
GST_START_TEST (test_regions)
{
  JsonFile *file = file_new ("on-change");

  expect_line (file,
      REGIONS (DOOR ("open", "") "," OBJECT ("7", "cat", "") "," OBJECT ("8",
          "dog", "")),
      "open, cat, dog");
  expect_line (file,
      REGIONS (OBJECT ("8", "dog", "") "," OBJECT ("7", "cat",
          "") "," DOOR ("open", "")),
      NULL);
  expect_line (file,
      REGIONS (OBJECT ("8", "cow", "") "," DOOR ("open", "") "," OBJECT ("7",
          "hen", "")),
      "cow, hen");
  test_json_file_free (file);

  file = file_new ("on-state");
  expect_line (file,
      REGIONS (DOOR ("a", ", state=open") "," OBJECT ("7", "b", "")),
      "open since -1");
  expect_line (file,
      REGIONS (DOOR ("a", ", state=open") "," OBJECT ("7", "b", ", state=b")),
      "b since -1");
  test_json_file_free (file);
}
GST_END_TEST

#define SAYS(model, label) \
  "model=" model ", labels=<" label ">, class-ids=<0>, confidences=<(float)1>"

/* Each line as "model label, ". */
static char *
describe_models (char **lines)
{
  GString *all = g_string_new (NULL);

  for (; *lines; lines++) {
    JsonObject *line = test_parse_line (*lines);
    char *label = describe_line (*lines);

    g_string_append_printf (all, "%s %s, ",
        json_object_get_string_member (line, "model"), label);
    g_free (label);
    json_object_unref (line);
  }
  return g_string_free (all, FALSE);
}

/* Sends a frame that two elements have classified. */
static void
expect_lines (JsonFile *file, const char *first, const char *second,
    const char *expected)
{
  char **before = test_read_lines (file->path), **after, *found;
  GstBuffer *buffer = test_buffer_new (first);

  test_add_result (buffer, second);
  gst_harness_push (file->harness, buffer);
  after = test_read_lines (file->path);
  found = describe_models (after + g_strv_length (before));
  fail_unless_equals_string (found, expected);
  g_free (found);
  g_strfreev (before);
  g_strfreev (after);
}

/* Each has its lines, in the order of the elements, and its own last word, also
 * where both have the same model. */
GST_START_TEST (test_two_classifiers)
{
  JsonFile *file = file_new ("always");

  expect_lines (file, SAYS ("m", "cat"), SAYS ("n", "dog"), "m cat, n dog, ");
  gst_util_set_object_arg (G_OBJECT (file->element), "write-when", "on-change");
  expect_lines (file, SAYS ("m", "cat"), SAYS ("n", "dog"), "m cat, n dog, ");
  expect_lines (file, SAYS ("m", "cat"), SAYS ("n", "dog"), "");
  expect_lines (file, SAYS ("m", "cat"), SAYS ("n", "cat"), "n cat, ");
  expect_line (file, SAYS ("n", "cat"), NULL);
  expect_lines (file, SAYS ("m", "cat"), SAYS ("m", "dog"), "m dog, ");
  expect_lines (file, SAYS ("m", "cat"), SAYS ("m", "dog"), "");
  test_json_file_free (file);
}
GST_END_TEST

/* A door that is hidden for a while is the same door, but not for good. */
GST_START_TEST (test_memory)
{
  JsonFile *file = file_new ("on-change");

  expect_line (file, REGIONS (DOOR ("open", "")), "open");
  expect_line (file, TEST_CAT, "cat");
  for (guint i = 0; i < 299; i++)
    gst_harness_push (file->harness, test_buffer_new (TEST_CAT));
  expect_line (file, REGIONS (DOOR ("open", "")), NULL);
  for (guint i = 0; i < 301; i++)
    gst_harness_push (file->harness, test_buffer_new (TEST_CAT));
  expect_line (file, REGIONS (DOOR ("open", "")), "open");
  test_json_file_free (file);
}
GST_END_TEST

/* Another stream, a flush, another choice. */
GST_START_TEST (test_begins_anew)
{
  JsonFile *file = file_new ("on-change");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  expect_line (file, TEST_CAT, "cat");
  gst_harness_push_event (file->harness,
      gst_event_new_stream_start ("another"));
  gst_harness_push_event (file->harness, gst_event_new_segment (&segment));
  expect_line (file, TEST_CAT, "cat");
  expect_line (file, TEST_CAT, NULL);
  gst_harness_push_event (file->harness, gst_event_new_flush_start ());
  gst_harness_push_event (file->harness, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (file->harness, gst_event_new_segment (&segment));
  expect_line (file, TEST_CAT, "cat");
  expect_line (file, TEST_CAT, NULL);
  gst_util_set_object_arg (G_OBJECT (file->element), "write-when", "always");
  expect_line (file, TEST_CAT, "cat");
  gst_util_set_object_arg (G_OBJECT (file->element), "write-when", "on-change");
  expect_line (file, TEST_CAT, "cat");
  expect_line (file, TEST_CAT, NULL);
  test_json_file_free (file);
}
GST_END_TEST

/* What the classifier confirms comes out as two lines. */
GST_START_TEST (test_behind_the_classifier)
{
  static const guint photos[] = { TEST_HORSE, TEST_HORSE, TEST_TRUCK,
    TEST_HORSE, TEST_TRUCK, TEST_TRUCK, TEST_TRUCK };
  char *upstream = test_line_new ("alexnetclassify confirm-count=2 ! ");
  JsonFile *file = test_json_file_new (upstream);
  static const char *expected[] = { "horse since 0", "truck since 4" };
  char **lines;

  gst_util_set_object_arg (G_OBJECT (file->element), "write-when", "on-state");
  for (guint i = 0; i < G_N_ELEMENTS (photos); i++) {
    GstBuffer *buffer = test_photo_new (photos[i]);

    GST_BUFFER_PTS (buffer) = i;
    gst_harness_push (file->harness, buffer);
    gst_buffer_unref (gst_harness_pull (file->harness));
  }
  lines = test_read_lines (file->path);
  fail_unless_equals_int (g_strv_length (lines), G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    char *found = describe_line (lines[i]);

    fail_unless_equals_string (found, expected[i]);
    g_free (found);
  }
  g_strfreev (lines);
  test_json_file_free (file);
  g_free (upstream);
}
GST_END_TEST

static void
expect_no_classes (const char *text)
{
  JsonObject *line = test_parse_line (text);

  fail_unless_equals_int (json_array_get_length (json_object_get_array_member (
                              test_nth_json_region (line, 0), "classes")),
      0);
  json_object_unref (line);
}

/* A change that no class tells is a line, with both, and no other frame is. */
static void
expect_change_to_unknown (const char *when, guint n_lines)
{
  char *upstream = test_line_new ("alexnetclassify confirm-count=2 name=c ! ");
  JsonFile *file = test_json_file_new (upstream);
  GstElement *classify = gst_bin_get_by_name (GST_BIN (file->harness->element),
      "c");
  char **lines, *last;

  gst_util_set_object_arg (G_OBJECT (file->element), "write-when", when);
  for (guint i = 0; i < 6; i++) {
    GstBuffer *buffer = test_photo_new (TEST_HORSE);

    GST_BUFFER_PTS (buffer) = i;
    g_object_set (classify, "threshold", i < 2 ? 0.f : 1.f, NULL);
    gst_harness_push (file->harness, buffer);
    gst_buffer_unref (gst_harness_pull (file->harness));
  }
  lines = test_read_lines (file->path);
  fail_unless_equals_int (g_strv_length (lines), n_lines);
  last = describe_line (lines[n_lines - 1]);
  fail_unless_equals_string (last, "unknown since 2");
  expect_no_classes (lines[n_lines - 1]);
  g_free (last);
  g_strfreev (lines);
  gst_object_unref (classify);
  test_json_file_free (file);
  g_free (upstream);
}

GST_START_TEST (test_below_the_threshold)
{
  expect_change_to_unknown ("on-state", 2);
  expect_change_to_unknown ("always", 3);
}
GST_END_TEST

static Suite *
changes_suite (void)
{
  Suite *suite = suite_create ("changes");
  TCase *tests = test_case_new ("changes");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_always);
  tcase_add_test (tests, test_fields);
  tcase_add_test (tests, test_on_change);
  tcase_add_test (tests, test_on_state);
  tcase_add_test (tests, test_no_states);
  tcase_add_test (tests, test_regions);
  tcase_add_test (tests, test_two_classifiers);
  tcase_add_test (tests, test_memory);
  tcase_add_test (tests, test_begins_anew);
  tcase_add_test (tests, test_behind_the_classifier);
  tcase_add_test (tests, test_below_the_threshold);
  return suite;
}

GST_CHECK_MAIN (changes)
