/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Elements on several devices, each with a stream of its own. */

#include "softgpu.h"
#include "support/helpers.h"

#define N_DEVICES 3

static int
get_device (GstElement *element)
{
  GstStructure *stats;
  int device;

  g_object_get (element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_int (stats, "cuda-device", &device));
  gst_structure_free (stats);
  return device;
}

static Fixture *
fixture_new (void)
{
  return test_fixture_new ("backend", "cudnn", "cuda-device-id", "-2",
      "max-batch-size", "1", NULL);
}

static void
start (guint n_devices)
{
  softgpu_reset ();
  softgpu_set_devices (n_devices);
}

static void
expect_lost (Fixture *fixture, const char *device)
{
  GstMessage *message;
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL, *text = NULL;

  test_push (fixture);
  message = test_pop_message (fixture->bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, &debug);
  text = g_strdup_printf ("%s %s", error->message, debug);
  fail_unless (strstr (text, device) != NULL, "no %s in: %s", device, text);
  gst_message_unref (message);
}

GST_START_TEST (test_8_elements_on_3_devices)
{
  Fixture *fixtures[8];
  guint n[N_DEVICES] = { 0 };

  start (N_DEVICES);
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++) {
    fixtures[i] = fixture_new ();
    n[get_device (fixtures[i]->element)]++;
  }
  fail_unless_equals_int (n[0], 3);
  fail_unless_equals_int (n[1], 3);
  fail_unless_equals_int (n[2], 2);
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++) {
    int device = get_device (fixtures[i]->element);

    test_expect_horse (fixtures[i]);
    test_expect_horse (fixtures[i]);
    fail_unless_equals_int (get_device (fixtures[i]->element), device);
  }
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    test_fixture_free (fixtures[i]);
  softgpu_reset ();
}
GST_END_TEST

GST_START_TEST (test_lost_device)
{
  Fixture *fixtures[2 * N_DEVICES];

  start (N_DEVICES);
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    fixtures[i] = fixture_new ();
  softgpu_lose_device (1);
  expect_lost (fixtures[1], "CUDA device 1");
  expect_lost (fixtures[4], "CUDA device 1");
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    if (i % N_DEVICES != 1)
      test_expect_horse (fixtures[i]);

  for (guint i = 1; i < G_N_ELEMENTS (fixtures); i += N_DEVICES) {
    test_fixture_free (fixtures[i]);
    fixtures[i] = fixture_new ();
    fail_unless_equals_int (get_device (fixtures[i]->element), i == 1 ? 0 : 2);
    test_expect_horse (fixtures[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    test_fixture_free (fixtures[i]);
  softgpu_reset ();
}
GST_END_TEST

GST_START_TEST (test_no_device)
{
  Fixture *fixture;
  GstElement *element;
  g_autofree char *text = NULL, *backend = NULL;

  start (0);
  fixture = test_fixture_new ("cuda-device-id", "-2", NULL);
  g_object_get (fixture->element, "active-backend", &backend, NULL);
  fail_if (g_str_equal (backend, "cudnn"));
  fail_unless_equals_int (get_device (fixture->element), -1);
  test_expect_horse (fixture);
  test_fixture_free (fixture);

  element = test_element_new ("backend", "cudnn", "cuda-device-id", "-2", NULL);
  text = test_expect_error (element, GST_STATE_PAUSED);
  fail_unless (strstr (text, "no CUDA device") != NULL, "%s", text);
  gst_object_unref (element);
  softgpu_reset ();
}
GST_END_TEST

static Suite *
elements_suite (void)
{
  Suite *suite = suite_create ("elements");
  TCase *tests = test_case_new ("elements");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_8_elements_on_3_devices);
  tcase_add_test (tests, test_lost_device);
  tcase_add_test (tests, test_no_device);
  return suite;
}

GST_CHECK_MAIN (elements)
