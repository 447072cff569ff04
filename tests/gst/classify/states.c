/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Up, down, again and together. */

#include "support/helpers.h"

static void
expect_string (GstElement *element, const char *property, const char *expected)
{
  char *value = test_get_string (element, property);

  fail_unless_equals_string (value, expected);
  g_free (value);
}

GST_START_TEST (test_cycle)
{
  GstElement *element = test_element_new ("max-batch-size", "1", NULL);

  for (guint i = 0; i < 100; i++) {
    fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PLAYING),
        GST_STATE_CHANGE_SUCCESS);
    fail_unless_equals_int (gst_element_set_state (element,
                                i % 2 ? GST_STATE_NULL : GST_STATE_READY),
        GST_STATE_CHANGE_SUCCESS);
  }
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}
GST_END_TEST

GST_START_TEST (test_stop_in_mid_flight)
{
  for (guint i = 0; i < 50; i++) {
    Fixture *fixture = test_fixture_new (i % 2 ? "top-k" : "max-batch-size",
        i % 2 ? "5" : "1", NULL);

    for (guint n = 0; n < 1 + i % 4; n++)
      test_push (fixture);
    test_fixture_free (fixture);
  }
}
GST_END_TEST

GST_START_TEST (test_stop_while_waiting)
{
  for (guint i = 0; i < 50; i++) {
    Fixture *fixture = test_fixture_new (TEST_HOLD, NULL);

    for (guint n = 0; n < 3; n++)
      test_push (fixture);
    fail_unless_equals_int (gst_harness_buffers_received (fixture->harness), 0);
    test_fixture_free (fixture);
  }
}
GST_END_TEST

GST_START_TEST (test_stop_while_upstream_is_blocked)
{
  for (guint i = 0; i < 20; i++) {
    Fixture *fixture = test_fixture_new (TEST_HOLD, "max-in-flight", "1", NULL);
    GThread *thread = g_thread_new ("push", test_push_until_refused, fixture);

    g_usleep (2000);
    gst_element_set_state (fixture->element, GST_STATE_NULL);
    g_thread_join (thread);
    test_fixture_free (fixture);
  }
}
GST_END_TEST

GST_START_TEST (test_active_backend)
{
  GstElement *element = test_element_new ("backend", "reference", "precision",
      "fp32", NULL);
  char *model;

  expect_string (element, "active-backend", "none");
  expect_string (element, "active-precision", "none");
  expect_string (element, "active-model", "none");
  gst_element_set_state (element, GST_STATE_READY);
  expect_string (element, "active-backend", "none");
  gst_element_set_state (element, GST_STATE_PAUSED);
  expect_string (element, "active-backend", "reference");
  expect_string (element, "active-precision", "fp32");
  model = test_get_string (element, "active-model");
  fail_unless (g_file_test (model, G_FILE_TEST_IS_REGULAR));
  fail_unless (g_str_has_suffix (model, ".safetensors"));
  g_free (model);
  gst_element_set_state (element, GST_STATE_READY);
  expect_string (element, "active-backend", "none");
  expect_string (element, "active-model", "none");
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}
GST_END_TEST

/* The first takes as many as the second, and none of the other's. */
GST_START_TEST (test_two_elements_share_an_engine)
{
  Fixture *a = test_fixture_new ("max-batch-size", "2", "batch-timeout",
      "3600000000000", NULL);
  Fixture *b = test_fixture_new ("max-batch-size", "2", "batch-timeout",
      "3600000000000", NULL);

  for (guint i = 0; i < 10; i++) {
    GstBuffer *horse, *truck;

    test_push_photo (a, TEST_HORSE);
    test_push_photo (b, TEST_TRUCK);
    horse = test_pull (a);
    truck = test_pull (b);
    fail_unless_equals_int (test_best_class (test_get_result (horse)),
        TEST_HORSE_CLASS);
    fail_unless_equals_int (test_best_class (test_get_result (truck)),
        TEST_TRUCK_CLASS);
    gst_buffer_unref (horse);
    gst_buffer_unref (truck);
  }
  fail_unless_equals_uint64 (test_stat (a->element, "inferred"), 10);
  fail_unless_equals_uint64 (test_stat (a->element, "batches"), 5);
  test_fixture_free (a);
  test_fixture_free (b);
}
GST_END_TEST

/* One that is stuck must not hold the other up. */
GST_START_TEST (test_sharing_survives_a_stalled_stream)
{
  Fixture *a = test_fixture_new ("max-batch-size", "4", "max-in-flight", "8",
      NULL);
  Fixture *b = test_fixture_new ("max-batch-size", "4", "max-in-flight", "8",
      NULL);
  GstPad *src = gst_element_get_static_pad (a->element, "src");
  gulong block = gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      NULL, NULL, NULL);

  for (guint i = 0; i < 8; i++)
    test_push (a);
  for (guint i = 0; i < 40; i++) {
    test_push (b);
    gst_buffer_unref (test_pull (b));
  }
  fail_unless_equals_int (gst_harness_buffers_received (a->harness), 0);
  gst_pad_remove_probe (src, block);
  for (guint i = 0; i < 8; i++)
    gst_buffer_unref (test_pull (a));
  gst_object_unref (src);
  test_fixture_free (a);
  test_fixture_free (b);
}
GST_END_TEST

GST_START_TEST (test_restart_counts_anew)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstBuffer *buffer;

  test_push (fixture);
  gst_buffer_unref (test_pull (fixture));
  fail_unless_equals_uint64 (test_stat (fixture->element, "frames"), 1);
  gst_element_set_state (fixture->element, GST_STATE_READY);
  fail_unless_equals_uint64 (test_stat (fixture->element, "frames"), 1);
  gst_element_set_state (fixture->element, GST_STATE_PLAYING);
  gst_harness_set_src_caps (fixture->harness, gst_caps_ref (fixture->caps));
  fail_unless_equals_uint64 (test_stat (fixture->element, "frames"), 0);
  test_push (fixture);
  buffer = test_pull (fixture);
  fail_unless_equals_uint64 (test_get_uint64 (test_get_result (buffer),
                                 "frame-number"),
      0);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
states_suite (void)
{
  Suite *suite = suite_create ("states");
  TCase *tests = test_case_new ("states");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_cycle);
  tcase_add_test (tests, test_stop_in_mid_flight);
  tcase_add_test (tests, test_stop_while_waiting);
  tcase_add_test (tests, test_stop_while_upstream_is_blocked);
  tcase_add_test (tests, test_active_backend);
  tcase_add_test (tests, test_two_elements_share_an_engine);
  tcase_add_test (tests, test_sharing_survives_a_stalled_stream);
  tcase_add_test (tests, test_restart_counts_anew);
  return suite;
}

GST_CHECK_MAIN (states)
