/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bad input costs one message, nothing else; broken frames cost not even
 * that stream. */

#include "support/helpers.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void
expect_words (const char *text, const char *const *words)
{
  for (; *words; words++)
    fail_unless (strstr (text, *words), "'%s' is not in: %s", *words, text);
}

#define expect_failure(state, element, ...)            \
  G_STMT_START                                         \
  {                                                    \
    GstElement *bad = element;                         \
    const char *const words[] = { __VA_ARGS__, NULL }; \
    char *text = test_expect_error (bad, state);       \
                                                       \
    expect_words (text, words);                        \
    g_free (text);                                     \
    gst_object_unref (bad);                            \
  }                                                    \
  G_STMT_END

static void
expect_bad_model (TestPatch patch, const char *word)
{
  char *path = test_patched_model (patch);

  expect_failure (GST_STATE_READY, test_element_new ("model-file", path, NULL),
      path, word);
  g_remove (path);
  g_free (path);
}

GST_START_TEST (test_missing_model)
{
  expect_failure (GST_STATE_READY,
      test_element_new ("model-file", "/nowhere/a.safetensors", NULL),
      "/nowhere/a.safetensors");
}
GST_END_TEST

static void
truncate_model (GByteArray *bytes)
{
  g_byte_array_set_size (bytes, bytes->len - 1000);
}

static void
empty_model (GByteArray *bytes)
{
  g_byte_array_set_size (bytes, 0);
}

static void
replace_by_text (GByteArray *bytes)
{
  memset (bytes->data, 'x', bytes->len);
}

static void
enlarge_header (GByteArray *bytes)
{
  memset (bytes->data, 0xff, 7);
}

/* Another network's tensor names. */
static void
rename_tensor (GByteArray *bytes)
{
  char *name = g_strstr_len ((char *) bytes->data + 8, 65536,
      "features.0.weight");

  fail_unless (name != NULL);
  memcpy (name, "backbone.0.weight", strlen ("backbone.0.weight"));
}

GST_START_TEST (test_bad_models)
{
  expect_bad_model (truncate_model, "");
  expect_bad_model (empty_model, "");
  expect_bad_model (replace_by_text, "");
  expect_bad_model (enlarge_header, "");
  expect_bad_model (rename_tensor, "features.0.weight");
}
GST_END_TEST

static void
keep_model (GByteArray *bytes)
{
}

/* To READY with a model file that is the test's to change. */
static GstElement *
load_file (char **path)
{
  GstElement *element;

  *path = test_patched_model (keep_model);
  element = test_element_new ("model-file", *path, NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  return element;
}

/* Weights are read on the way to PAUSED. */
GST_START_TEST (test_file_cut_after_ready)
{
  char *path;
  GstElement *element = load_file (&path);

  fail_unless_equals_int (truncate (path, 100000), 0);
  expect_failure (GST_STATE_PLAYING, element, path, "was cut short from",
      "to 100000 bytes since it was opened");
  g_remove (path);
  g_free (path);
}
GST_END_TEST

/* What was opened at READY is what is used. */
GST_START_TEST (test_file_replaced_after_ready)
{
  char *path, *other = test_write_file ("no model", 8);
  GstElement *element = load_file (&path);

  fail_unless_equals_int (g_rename (other, path), 0);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PLAYING),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  expect_failure (GST_STATE_READY, element, path, "8 bytes of no known format");
  g_remove (path);
  g_free (other);
  g_free (path);
}
GST_END_TEST

/* A checkpoint with weights and their moving average: the user chooses. */
GST_START_TEST (test_two_networks_in_a_file)
{
  char *path = test_data_path ("torch/ema-2.14.pth");
  GstElement *element = test_element_new ("model-file", path, "model-part",
      "ema", NULL);

  expect_failure (GST_STATE_READY, test_element_new ("model-file", path, NULL),
      path, "'model'", "'ema'", "model-part");
  expect_failure (GST_STATE_READY,
      test_element_new ("model-file", path, "model-part", "best", NULL), path,
      "no network in part 'best'");
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  g_free (path);
}
GST_END_TEST

/* Names that two architectures have, and one that does not have them. */
GST_START_TEST (test_architecture)
{
  char *path = test_data_path ("models/caffe-narrow.pth");
  GstElement *element = test_element_new ("model-file", path, "architecture",
      "caffenet", NULL);

  expect_failure (GST_STATE_READY,
      test_element_new ("model-file", path, "architecture", "torchvision",
          NULL),
      path, "architecture is 'torchvision', expected 'caffe'");
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_READY),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  g_free (path);
}
GST_END_TEST

/* Of a model that nobody named. */
GST_START_TEST (test_what_the_default_has_not)
{
  static const char *const settings[][2] = {
    { "model-part", "model_ema" },
    { "mean-file", "/nowhere/mean.binaryproto" },
  };
  char *path = test_model_path ();

  g_setenv ("ALEXNET_DATA_DIR", g_getenv ("ALEXNET_TEST_MODELS"), TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    GstElement *element = test_element_new (settings[i][0], settings[i][1],
        NULL);

    g_object_set (element, "model-file", NULL, NULL);
    expect_failure (GST_STATE_READY, element,
        "no model file can be used: ", path, settings[i][1]);
  }
  g_free (path);
}
GST_END_TEST

GST_START_TEST (test_labels_do_not_match)
{
  char *path = test_write_file ("one\ntwo\nthree\n", -1);

  expect_failure (GST_STATE_READY, test_element_new ("labels-file", path, NULL),
      path, "3 labels", "10");
  expect_failure (GST_STATE_READY,
      test_element_new ("labels-file", "/nowhere/labels", NULL),
      "/nowhere/labels");
  g_remove (path);
  g_free (path);
}
GST_END_TEST

GST_START_TEST (test_wrong_settings)
{
  char *grey = test_data_path ("models/torchvision-narrow-grey.safetensors");

  expect_failure (GST_STATE_READY, test_element_new ("mean", "<0.5,0.5>", NULL),
      "mean", "2 values", "3");
  expect_failure (GST_STATE_READY,
      test_element_new ("std", "<0.5,0.0,0.5>", NULL), "std", "zero");
  expect_failure (GST_STATE_READY,
      test_element_new ("model-file", grey, "mean", "<0.5,0.5,0.5>", NULL),
      "mean", "3 values", "1 or none");
  g_free (grey);
}
GST_END_TEST

/* The backend that was asked for or an error, never another backend. */
GST_START_TEST (test_explicit_backend_does_not_fall_back)
{
  const char *const names[] = { "cudnn", "cpu", "reference" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    GstElement *element = test_element_new ("backend", names[i], NULL);
    GstStateChangeReturn ret = gst_element_set_state (element,
        GST_STATE_PAUSED);
    char *active;

    g_object_get (element, "active-backend", &active, NULL);
    gst_element_set_state (element, GST_STATE_NULL);
    if (ret == GST_STATE_CHANGE_FAILURE) {
      fail_unless_equals_string (active, "none");
      expect_failure (GST_STATE_PAUSED, element, names[i]);
    } else {
      fail_unless_equals_string (active, names[i]);
      gst_object_unref (element);
    }
    fail_if (i == 2 && ret == GST_STATE_CHANGE_FAILURE);
    g_free (active);
  }
}
GST_END_TEST

GST_START_TEST (test_precision_that_no_cpu_has)
{
  expect_failure (GST_STATE_PAUSED,
      test_element_new ("backend", "reference", "precision", "tf32", NULL),
      "tf32");
}
GST_END_TEST

GST_START_TEST (test_works_after_a_failure)
{
  GstElement *element = test_element_new ("labels-file", "/nowhere/labels",
      NULL);

  for (guint i = 0; i < 3; i++) {
    fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
        GST_STATE_CHANGE_FAILURE);
    gst_element_set_state (element, GST_STATE_NULL);
  }
  g_object_set (element, "labels-file", NULL, NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PLAYING),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}
GST_END_TEST

/* The last layer's bias, at the end of the file, becomes NaN. */
static void
poison (GByteArray *bytes)
{
  memset (bytes->data + bytes->len - 20, 0xff, 20);
}

GST_START_TEST (test_nan_weights)
{
  char *path = test_patched_model (poison);

  expect_failure (GST_STATE_PAUSED, test_element_new ("model-file", path, NULL),
      path, "classifier.6.bias");
  g_remove (path);
  g_free (path);
}
GST_END_TEST

/* All weights become the largest that fp16 has. */
static void
enlarge_weights (GByteArray *bytes)
{
  guint64 begin;

  memcpy (&begin, bytes->data, sizeof begin);
  begin = sizeof begin + GUINT64_FROM_LE (begin);
  for (gsize i = begin; i < bytes->len; i += 2)
    memcpy (bytes->data + i, "\xff\x7b", 2);
}

GST_START_TEST (test_overflow)
{
  char *path = test_patched_model (enlarge_weights);
  Fixture *fixture = test_fixture_new ("model-file", path, "repeat-last",
      "true", NULL);

  for (guint i = 0; i < 5; i++) {
    GstBuffer *buffer;

    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
    buffer = test_pull (fixture);
    fail_unless (test_get_result (buffer) == NULL);
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (test_stat (fixture->element, "errors"), 5);
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 0);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_WARNING),
      1);
  test_fixture_free (fixture);
  g_remove (path);
  g_free (path);
}
GST_END_TEST

GST_START_TEST (test_corrupt_frames)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstBuffer *buffer;

  for (guint i = 0; i < 3; i++) {
    buffer = gst_buffer_new_allocate (NULL, 100, NULL);
    fail_unless_equals_int (gst_harness_push (fixture->harness, buffer),
        GST_FLOW_OK);
    buffer = test_frame_new (TEST_HORSE, fixture->caps);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_CORRUPTED);
    fail_unless_equals_int (gst_harness_push (fixture->harness, buffer),
        GST_FLOW_OK);
    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  }
  for (guint i = 0; i < 9; i++) {
    buffer = test_pull (fixture);
    fail_unless_equals_int (test_get_result (buffer) != NULL, i % 3 == 2);
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (test_stat (fixture->element, "errors"), 6);
  fail_unless_equals_uint64 (test_stat (fixture->element, "frames"), 9);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_WARNING),
      1);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_frames_without_caps)
{
  GstElement *element = test_element_new (NULL);
  GstHarness *harness = gst_harness_new_with_element (element, "sink", "src");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (harness, gst_event_new_stream_start ("s"));
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
  fail_unless_equals_int (gst_harness_push (harness,
                              gst_buffer_new_allocate (NULL, 100, NULL)),
      GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (harness);
  gst_object_unref (element);
}
GST_END_TEST

GST_START_TEST (test_pads_before_the_start)
{
  GstElement *element = test_element_new (NULL);
  GstPad *sink = gst_element_get_static_pad (element, "sink");
  GstPad *src = gst_element_get_static_pad (element, "src");

  fail_if (gst_pad_set_active (src, TRUE));
  fail_unless (gst_pad_set_active (sink, TRUE));
  fail_if (gst_pad_send_event (sink, gst_event_new_stream_start ("s")));
  gst_pad_set_active (sink, FALSE);
  gst_object_unref (src);
  gst_object_unref (sink);
  gst_object_unref (element);
}
GST_END_TEST

GST_START_TEST (test_absurd_caps)
{
  static const char *const absurd[] = {
    "video/x-raw,format=RGB,width=0,height=0,framerate=30/1",
    "video/x-raw,format=RGB,width=32,height=0,framerate=30/1",
    "video/x-raw,format=RGB,width=-4,height=32,framerate=30/1",
    "video/x-raw,format=RGB,width=100000,height=100000,framerate=30/1",
    "video/x-raw,format=GBR_16LE,width=32,height=32,framerate=30/1",
    "video/x-bayer,format=bggr,width=32,height=32,framerate=30/1",
    "audio/x-raw,format=S16LE,rate=44100,channels=2,layout=interleaved",
  };
  Fixture *fixture = test_fixture_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (absurd); i++) {
    GstCaps *caps = gst_caps_from_string (absurd[i]);

    gst_harness_push_event (fixture->harness, gst_event_new_caps (caps));
    fail_unless (test_push (fixture) == GST_FLOW_NOT_NEGOTIATED,
        "%s is accepted", absurd[i]);
    fail_if (gst_pad_peer_query_accept_caps (fixture->harness->srcpad, caps));
    gst_caps_unref (caps);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* What the sink answers to frames reaches who pushes them. */

static GstFlowReturn answer;

static GstFlowReturn
refuse_third (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  gst_buffer_unref (buffer);
  return pts >= 2 * TEST_FRAME_DURATION ? answer : GST_FLOW_OK;
}

static Fixture *
refusing_fixture (GstFlowReturn flow)
{
  Fixture *fixture = test_fixture_new ("max-in-flight", "4", NULL);

  answer = flow;
  gst_pad_set_chain_function (fixture->harness->sinkpad, refuse_third);
  return fixture;
}

static GstFlowReturn
push_until_it_shows (Fixture *fixture)
{
  for (guint i = 0; i < 3 + 4 + 1; i++) {
    GstFlowReturn flow = test_push (fixture);

    if (flow != GST_FLOW_OK)
      return flow;
  }
  return GST_FLOW_OK;
}

GST_START_TEST (test_downstream_eos_reaches_upstream)
{
  Fixture *fixture = refusing_fixture (GST_FLOW_EOS);
  GstSegment segment;

  fail_unless_equals_int (push_until_it_shows (fixture), GST_FLOW_EOS);
  fail_unless_equals_int (test_push (fixture), GST_FLOW_EOS);
  fail_unless_equals_int (test_count_messages (fixture->bus, GST_MESSAGE_ERROR),
      0);

  answer = GST_FLOW_OK;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (fixture->harness, gst_event_new_segment (&segment));
  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  fail_unless (test_push_eos (fixture));
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_events_pass_after_downstream_eos)
{
  Fixture *fixture = refusing_fixture (GST_FLOW_EOS);

  fail_unless_equals_int (push_until_it_shows (fixture), GST_FLOW_EOS);
  test_clear_record (fixture);
  test_push_custom (fixture, "mark");
  fail_unless (test_push_eos (fixture));
  test_expect_record (fixture, "mark,eos");
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_downstream_error_reaches_upstream)
{
  static const GstFlowReturn flows[] = { GST_FLOW_ERROR,
    GST_FLOW_NOT_NEGOTIATED, GST_FLOW_NOT_SUPPORTED, GST_FLOW_CUSTOM_ERROR };

  for (guint i = 0; i < G_N_ELEMENTS (flows); i++) {
    Fixture *fixture = refusing_fixture (flows[i]);

    fail_unless_equals_int (push_until_it_shows (fixture), flows[i]);
    fail_unless_equals_int (test_push (fixture), flows[i]);
    fail_unless_equals_int (test_count_messages (fixture->bus,
                                GST_MESSAGE_ERROR),
        1);
    test_expect_record (fixture,
        "stream-start,caps,segment,frame 0,frame 1,frame 2,eos");
    fail_if (test_push_eos (fixture));
    test_fixture_free (fixture);
  }
}
GST_END_TEST

GST_START_TEST (test_not_linked)
{
  Fixture *fixture = test_fixture_new ("max-in-flight", "4", NULL);
  GstPad *src = gst_element_get_static_pad (fixture->element, "src");

  gst_pad_unlink (src, fixture->harness->sinkpad);
  fail_unless_equals_int (push_until_it_shows (fixture), GST_FLOW_NOT_LINKED);
  fail_unless_equals_int (test_count_messages (fixture->bus, GST_MESSAGE_ERROR),
      0);

  gst_pad_link (src, fixture->harness->sinkpad);
  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  gst_buffer_unref (test_pull (fixture));

  gst_pad_unlink (src, fixture->harness->sinkpad);
  fail_unless_equals_int (push_until_it_shows (fixture), GST_FLOW_NOT_LINKED);
  fail_if (test_push_eos (fixture));
  fail_unless_equals_int (test_count_messages (fixture->bus, GST_MESSAGE_ERROR),
      1);
  gst_object_unref (src);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
errors_suite (void)
{
  Suite *suite = suite_create ("errors");
  TCase *tests = test_case_new ("errors");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_missing_model);
  tcase_add_test (tests, test_bad_models);
  tcase_add_test (tests, test_file_cut_after_ready);
  tcase_add_test (tests, test_file_replaced_after_ready);
  tcase_add_test (tests, test_two_networks_in_a_file);
  tcase_add_test (tests, test_architecture);
  tcase_add_test (tests, test_what_the_default_has_not);
  tcase_add_test (tests, test_labels_do_not_match);
  tcase_add_test (tests, test_wrong_settings);
  tcase_add_test (tests, test_explicit_backend_does_not_fall_back);
  tcase_add_test (tests, test_precision_that_no_cpu_has);
  tcase_add_test (tests, test_works_after_a_failure);
  tcase_add_test (tests, test_nan_weights);
  tcase_add_test (tests, test_overflow);
  tcase_add_test (tests, test_corrupt_frames);
  tcase_add_test (tests, test_frames_without_caps);
  tcase_add_test (tests, test_pads_before_the_start);
  tcase_add_test (tests, test_absurd_caps);
  tcase_add_test (tests, test_downstream_eos_reaches_upstream);
  tcase_add_test (tests, test_events_pass_after_downstream_eos);
  tcase_add_test (tests, test_downstream_error_reaches_upstream);
  tcase_add_test (tests, test_not_linked);
  return suite;
}

GST_CHECK_MAIN (errors)
