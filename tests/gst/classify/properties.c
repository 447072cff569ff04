/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every property does what it says. */

#include "support/helpers.h"

#include <glib/gstdio.h>

static const GstStructure *
pull_result (Fixture *fixture, GstBuffer **buffer)
{
  *buffer = test_pull (fixture);
  return test_get_result (*buffer);
}

GST_START_TEST (test_top_k)
{
  Fixture *fixture = test_fixture_new (NULL);
  static const char *const wanted[] = { "1", "3", "10", "1000" };
  static const guint kept[] = { 1, 3, 10, 10 };

  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    GstBuffer *buffer;

    gst_util_set_object_arg (G_OBJECT (fixture->element), "top-k", wanted[i]);
    test_push (fixture);
    fail_unless_equals_int (test_n_classes (pull_result (fixture, &buffer)),
        kept[i]);
    gst_buffer_unref (buffer);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_threshold)
{
  Fixture *fixture = test_fixture_new ("threshold", "0.5", NULL);
  GstBuffer *buffer;

  test_push (fixture);
  fail_unless_equals_int (test_n_classes (pull_result (fixture, &buffer)), 1);
  gst_buffer_unref (buffer);

  g_object_set (fixture->element, "threshold", 1.0f, NULL);
  test_push (fixture);
  fail_unless (pull_result (fixture, &buffer) == NULL);
  gst_buffer_unref (buffer);
  fail_unless_equals_uint64 (test_stat (fixture->element, "below-threshold"),
      1);
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 2);
  test_fixture_free (fixture);
}
GST_END_TEST

/* The warnings of an element that is started with this. */
static char *
collect_warnings (const char *settings)
{
  char *line = g_strconcat ("alexnetclassify backend=reference ", settings,
      NULL);
  GstElement *element = gst_parse_launch (line, NULL);
  char *model = test_model_path ();
  GString *warnings = g_string_new (NULL);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;

  g_object_set (element, "model-file", model, NULL);
  gst_element_set_bus (element, bus);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING))) {
    GError *warning;

    gst_message_parse_warning (message, &warning, NULL);
    g_string_append_printf (warnings, "%s ", warning->message);
    g_error_free (warning);
    gst_message_unref (message);
  }
  gst_element_set_state (element, GST_STATE_NULL);
  gst_bus_set_flushing (bus, TRUE);
  gst_object_unref (bus);
  gst_object_unref (element);
  g_free (model);
  g_free (line);
  return g_string_free (warnings, FALSE);
}

/* What the warnings say; "": there is none. */
static const struct {
  const char *settings, *warnings;
} idle_settings[] = {
  { "", "" },
  { "state-threshold=0.5", "state-threshold has no effect. " },
  { "unknown-label=none ignored-classes=cat",
      "unknown-label and ignored-classes have no effect. " },
  { "unknown-label=none confirm-count=2", "" },
  { "reclassify-interval=0", "reclassify-interval has no effect. " },
  { "reclassify-interval=0 inference-region=roi-list", "" },
  { "vote-count=3", "vote-count has no effect. " },
  { "vote-count=3 roi-classes=car roi-min-width=8",
      "roi-classes, roi-min-width and vote-count have no effect. " },
  { "vote-count=3 vote-min-side=20", "vote-count has no effect. " },
  { "vote-count=3 state-threshold=0.5",
      "vote-count has no effect. state-threshold has no effect. " },
  { "vote-count=3 state-threshold=0.5 inference-region=roi-list", "" },
  { "vote-share=0.9 inference-region=roi-list", "vote-share has no effect. " },
  { "save-interval=10 save-format=png", "" },
  { "save-directory=\"\"", "" },
  { "batch-timeout=1000 max-batch-size=1", "batch-timeout has no effect. " },
  { "batch-timeout=1000", "" },
  { "cuda-device-id=1", "cuda-device-id has no effect. " },
  { "cpu-threads=1", "cpu-threads has no effect. " },
};

GST_START_TEST (test_warns_of_settings_without_effect)
{
  char *warnings = collect_warnings (idle_settings[__i__].settings);

  fail_unless_equals_string (warnings, idle_settings[__i__].warnings);
  g_free (warnings);
}
GST_END_TEST

static void
expect_pattern (Fixture *fixture, const char *pattern)
{
  for (; *pattern; pattern++)
    fail_unless_equals_int (test_push_pull_kind (fixture), *pattern);
}

/* A result is repeated in the next stream, the state that it led to is not. */
GST_START_TEST (test_repeat_last_without_the_state_of_another_stream)
{
  Fixture *fixture = test_fixture_new ("inference-interval", "4", "repeat-last",
      "true", "confirm-count", "1", NULL);
  GstBuffer *buffer;

  expect_pattern (fixture, "xs");
  test_push (fixture);
  fail_unless (gst_structure_has_field (pull_result (fixture, &buffer),
      "state"));
  gst_buffer_unref (buffer);
  gst_harness_push_event (fixture->harness,
      gst_event_new_stream_start ("another"));
  test_push (fixture);
  fail_if (gst_structure_has_field (pull_result (fixture, &buffer), "state"));
  gst_buffer_unref (buffer);
  expect_pattern (fixture, "xs");
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_inference_interval)
{
  Fixture *fixture = test_fixture_new ("inference-interval", "3", NULL);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  expect_pattern (fixture, "x--x--x-");
  gst_harness_push_event (fixture->harness, gst_event_new_gap (0, GST_SECOND));
  expect_pattern (fixture, "x--x-");
  gst_harness_push_event (fixture->harness, gst_event_new_segment (&segment));
  expect_pattern (fixture, "-x--x");
  g_object_set (fixture->element, "inference-interval", 1, NULL);
  expect_pattern (fixture, "xxx");
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-interval"),
      11);
  fail_unless_equals_uint64 (test_stat (fixture->element, "frames"), 21);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_repeat_last)
{
  Fixture *fixture = test_fixture_new ("inference-interval", "3", "repeat-last",
      "true", "post-messages", "always", NULL);
  const GstStructure *result;
  GstBuffer *buffer;

  expect_pattern (fixture, "xssx");
  test_push (fixture);
  result = pull_result (fixture, &buffer);
  fail_unless_equals_uint64 (test_get_uint64 (result, "frame-number"), 4);
  fail_unless_equals_uint64 (test_get_uint64 (result, "timestamp"),
      GST_BUFFER_PTS (buffer));
  fail_unless_equals_int (test_best_class (result), TEST_HORSE_CLASS);
  gst_buffer_unref (buffer);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_ELEMENT),
      2);
  test_fixture_free (fixture);
}
GST_END_TEST

static guint
count_posted (const char *when)
{
  static const guint photos[] = { TEST_HORSE, TEST_HORSE, TEST_TRUCK,
    TEST_TRUCK, TEST_HORSE };
  Fixture *fixture = test_fixture_new ("post-messages", when, NULL);
  guint n;

  for (guint i = 0; i < G_N_ELEMENTS (photos); i++) {
    test_push_photo (fixture, photos[i]);
    gst_buffer_unref (test_pull (fixture));
  }
  n = test_count_messages (fixture->bus, GST_MESSAGE_ELEMENT);
  test_fixture_free (fixture);
  return n;
}

GST_START_TEST (test_post_messages)
{
  fail_unless_equals_int (count_posted ("never"), 0);
  fail_unless_equals_int (count_posted ("on-change"), 3);
  fail_unless_equals_int (count_posted ("always"), 5);
}
GST_END_TEST

static float
best_confidence (Fixture *fixture)
{
  GstBuffer *buffer;
  float confidence;

  test_push (fixture);
  confidence = test_best_confidence (pull_result (fixture, &buffer));
  gst_buffer_unref (buffer);
  return confidence;
}

/* The model's own numbers given by hand change nothing, others do. */
GST_START_TEST (test_mean_and_std)
{
  Fixture *by_default = test_fixture_new (NULL);
  Fixture *same = test_fixture_new ("mean", "<0.485,0.456,0.406>", "std",
      "<0.229,0.224,0.225>", NULL);
  Fixture *other = test_fixture_new ("mean", "<0.1,0.9,0.3>", NULL);
  Fixture *wider = test_fixture_new ("std", "<0.5,0.5,0.5>", NULL);
  float expected = best_confidence (by_default);
  GValue mean = G_VALUE_INIT;

  fail_unless (best_confidence (same) == expected);
  fail_if (best_confidence (other) == expected);
  fail_if (best_confidence (wider) == expected);
  g_object_get_property (G_OBJECT (other->element), "mean", &mean);
  fail_unless_equals_int (gst_value_array_get_size (&mean), 3);
  fail_unless (g_value_get_float (gst_value_array_get_value (&mean, 1)) ==
      0.9f);
  g_value_unset (&mean);
  test_fixture_free (by_default);
  test_fixture_free (same);
  test_fixture_free (other);
  test_fixture_free (wider);
}
GST_END_TEST

GST_START_TEST (test_crop_mode_while_playing)
{
  Fixture *fixture = test_fixture_new (NULL);
  float center = best_confidence (fixture), stretch;

  gst_util_set_object_arg (G_OBJECT (fixture->element), "crop-mode", "stretch");
  stretch = best_confidence (fixture);
  fail_if (stretch == center);
  gst_util_set_object_arg (G_OBJECT (fixture->element), "crop-mode",
      "center-crop");
  fail_unless (best_confidence (fixture) == center);
  gst_util_set_object_arg (G_OBJECT (fixture->element), "crop-mode", "squash");
  fail_unless (best_confidence (fixture) == center, "a square is squashed");
  gst_util_set_object_arg (G_OBJECT (fixture->element), "crop-mode", "model");
  fail_unless (best_confidence (fixture) == center);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_labels_file)
{
  char *path = test_write_file ("\357\273\277# ten of them\r\nn0\r\nn1\r\n\r\n"
                                "n2\r\nn3\r\nn4\r\nn5\r\nn6\r\nn02391049 a "
                                "horse\r\nn8\r\nn9",
      -1);
  Fixture *fixture = test_fixture_new ("labels-file", path, NULL);
  GstBuffer *buffer;

  test_push (fixture);
  fail_unless_equals_string (test_nth_label (pull_result (fixture, &buffer), 0),
      "a horse");
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
  fail_unless_equals_int (g_remove (path), 0);
  g_free (path);
}
GST_END_TEST

/* Labels as Caffe's synset_words.txt has them, and one with a backslash. */
GST_START_TEST (test_ignored_labels)
{
  static const struct {
    const char *list, *wrong;
  } lists[] = {
    { "tench\\, Tinca tinca, a\\\\b", NULL },
    { "c\\d,e", NULL },
    { "tench, Tinca tinca", "'tench', expected labels of" },
    { "e,tench\\,Tinca", "'tench,Tinca', expected labels of" },
  };
  char *path = test_write_file ("tench, Tinca tinca\na\\b\nc\\d\ne\n4\n5\n6\n7"
                                "\n8\n9",
      -1);

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    GstElement *element = test_element_new ("labels-file", path,
        "ignored-classes", lists[i].list, NULL);

    if (lists[i].wrong) {
      char *text = test_expect_error (element, GST_STATE_READY);

      fail_unless (strstr (text, lists[i].wrong) && strstr (text, "\\,"), "%s",
          text);
      g_free (text);
    } else {
      fail_unless_equals_int (gst_element_set_state (element, GST_STATE_READY),
          GST_STATE_CHANGE_SUCCESS);
      gst_element_set_state (element, GST_STATE_NULL);
    }
    gst_object_unref (element);
  }
  g_remove (path);
  g_free (path);
}
GST_END_TEST

/* An element in READY that looks for a model in `home` and finds the
 * demonstration model at last, and its bus. */
static GstElement *
start_without_model (const char *home, GstBus **bus)
{
  GstElement *element = test_element_new (NULL);

  g_unsetenv ("ALEXNET_MODEL");
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_setenv ("XDG_DATA_DIRS", "/nowhere", TRUE);
  g_setenv ("ALEXNET_DATA_DIR", g_getenv ("ALEXNET_TEST_MODELS"), TRUE);
  g_object_set (element, "model-file", NULL, NULL);
  *bus = gst_bus_new ();
  gst_element_set_bus (element, *bus);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  return element;
}

static void
stop (GstElement *element, GstBus *bus)
{
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  gst_object_unref (element);
}

/* Who named no model is told that this one knows little. */
GST_START_TEST (test_demonstration_model_is_announced)
{
  GstBus *bus;
  GstElement *element = start_without_model ("/nowhere", &bus);
  GstMessage *message = test_pop_message (bus, GST_MESSAGE_INFO);
  GError *info;

  gst_message_parse_info (message, &info, NULL);
  fail_unless (strstr (info->message, "10 classes") != NULL, "%s",
      info->message);
  g_error_free (info);
  gst_message_unref (message);
  stop (element, bus);
}
GST_END_TEST

/* Whose model cannot be used is told so, and why another one runs. */
GST_START_TEST (test_unusable_default_is_a_warning)
{
  char *home = g_dir_make_tmp ("alexnet-home-XXXXXX", NULL);
  char *dir = g_build_filename (home, "alexnet", NULL);
  char *path = g_build_filename (dir, "mine.pth", NULL);
  GstElement *element;
  GstMessage *message;
  GError *warning;
  GstBus *bus;

  fail_unless_equals_int (g_mkdir (dir, 0700), 0);
  fail_unless (g_file_set_contents (path, "<!DOCTYPE html>", -1, NULL));
  element = start_without_model (home, &bus);
  /* GLib looks at the environment once in a process: where all tests are in
   * one, as with CK_FORK=no, an earlier one may have decided. */
  if (g_str_equal (g_get_user_data_dir (), home)) {
    message = test_pop_message (bus, GST_MESSAGE_WARNING);
    gst_message_parse_warning (message, &warning, NULL);
    fail_unless (strstr (warning->message, path) != NULL, "%s",
        warning->message);
    g_error_free (warning);
    gst_message_unref (message);
  }
  stop (element, bus);
  g_remove (path);
  g_rmdir (dir);
  g_rmdir (home);
  g_free (path);
  g_free (dir);
  g_free (home);
}
GST_END_TEST

static void
expect_percentiles (const GstStructure *stats, const char *name)
{
  static const guint percents[] = { 50, 95, 99 };
  guint64 least = 1;

  for (guint i = 0; i < G_N_ELEMENTS (percents); i++) {
    char *field = g_strdup_printf ("%s-p%u", name, percents[i]);
    guint64 value = test_get_uint64 (stats, field);

    fail_unless (value >= least, "%s is %" G_GUINT64_FORMAT, field, value);
    least = value;
    g_free (field);
  }
}

GST_START_TEST (test_stats)
{
  Fixture *fixture = test_fixture_new (NULL);
  static const char *const times[] = { "inference-time", "queue-time",
    "total-time" };
  GstStructure *stats;
  double mean;

  for (guint i = 0; i < 10; i++) {
    test_push (fixture);
    gst_buffer_unref (test_pull (fixture));
  }
  g_object_get (fixture->element, "stats", &stats, NULL);
  fail_unless_equals_uint64 (test_get_uint64 (stats, "frames"), 10);
  fail_unless_equals_uint64 (test_get_uint64 (stats, "inferred"), 10);
  fail_unless_equals_uint64 (test_get_uint64 (stats, "errors"), 0);
  fail_unless_equals_uint64 (test_get_uint64 (stats, "batches"), 10);
  fail_unless (gst_structure_get_double (stats, "mean-batch", &mean));
  fail_unless (mean == 1);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    expect_percentiles (stats, times[i]);
  fail_unless (test_get_uint64 (stats, "inference-time-p50") <=
      test_get_uint64 (stats, "total-time-p99"));
  gst_structure_free (stats);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_max_in_flight)
{
  Fixture *fixture = test_fixture_new (TEST_HOLD, "max-in-flight", "7", NULL);

  for (guint i = 0; i < 7; i++)
    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  fail_unless_equals_int (gst_harness_buffers_received (fixture->harness), 0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Read back as set; set again does not leak. */
GST_START_TEST (test_set_and_get)
{
  static const char *const values[][2] = { { "labels-file", "x" },
    { "labels-file", "y" }, { "model-file", "z" }, { "model-file", "w" } };
  GstElement *element = test_element_new (NULL);
  guint timeout;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    char *value;

    g_object_set (element, values[i][0], values[i][1], NULL);
    g_object_get (element, values[i][0], &value, NULL);
    fail_unless_equals_string (value, values[i][1]);
    g_free (value);
  }
  g_object_set (element, "max-batch-size", 7, NULL);
  g_object_get (element, "max-batch-size", &timeout, NULL);
  fail_unless_equals_int (timeout, 7);
  gst_object_unref (element);
}
GST_END_TEST

static gboolean
has_text (const char *text)
{
  return text && *text;
}

GST_START_TEST (test_all_are_documented)
{
  GstElement *element = test_element_new (NULL);
  guint n;
  GParamSpec **pspecs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  for (guint i = 0; i < n; i++) {
    guint mutability = GST_PARAM_MUTABLE_READY | GST_PARAM_MUTABLE_PLAYING;

    if (pspecs[i]->owner_type != G_OBJECT_TYPE (element))
      continue;
    fail_unless (has_text (g_param_spec_get_blurb (pspecs[i])));
    fail_unless (!(pspecs[i]->flags & G_PARAM_WRITABLE) ||
        pspecs[i]->flags & mutability);
  }
  g_free (pspecs);
  gst_object_unref (element);
}
GST_END_TEST

static Suite *
properties_suite (void)
{
  Suite *suite = suite_create ("properties");
  TCase *tests = test_case_new ("properties");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_top_k);
  tcase_add_test (tests, test_threshold);
  tcase_add_loop_test (tests, test_warns_of_settings_without_effect, 0,
      G_N_ELEMENTS (idle_settings));
  tcase_add_test (tests, test_repeat_last_without_the_state_of_another_stream);
  tcase_add_test (tests, test_inference_interval);
  tcase_add_test (tests, test_repeat_last);
  tcase_add_test (tests, test_post_messages);
  tcase_add_test (tests, test_mean_and_std);
  tcase_add_test (tests, test_crop_mode_while_playing);
  tcase_add_test (tests, test_labels_file);
  tcase_add_test (tests, test_ignored_labels);
  tcase_add_test (tests, test_demonstration_model_is_announced);
  tcase_add_test (tests, test_unusable_default_is_a_warning);
  tcase_add_test (tests, test_stats);
  tcase_add_test (tests, test_max_in_flight);
  tcase_add_test (tests, test_set_and_get);
  tcase_add_test (tests, test_all_are_documented);
  return suite;
}

GST_CHECK_MAIN (properties)
