/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A device that fails in mid-stream. No device can be made to, so this
 * program has an alexnet_request_wait() of its own, which the plugin finds
 * before the library's: it reports a failure when it is told to. */

#define _GNU_SOURCE
#include "support/helpers.h"

#include <dlfcn.h>

#include "alexnet.h"

static int n_left; /* waits before the device fails; -1: never */

gboolean
alexnet_request_wait (AlexnetRequest *request, AlexnetResult *result,
    GError **error)
{
  gboolean (*real) (AlexnetRequest *, AlexnetResult *,
      GError **) = dlsym (RTLD_NEXT, "alexnet_request_wait");

  if (n_left > 0)
    n_left--;
  if (n_left != 0)
    return real (request, result, error);
  g_set_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE,
      "the device fell off the bus");
  return FALSE;
}

/* What was classified comes out, then one error with the cause, then EOS. */
GST_START_TEST (test_device_fails)
{
  Fixture *fixture;
  GstMessage *message;
  GError *error;
  GstFlowReturn flow = GST_FLOW_OK;

  n_left = -1;
  fixture = test_fixture_new ("max-in-flight", "4", NULL);
  n_left = 4;
  for (guint i = 0; i < 4 + 4 && flow == GST_FLOW_OK; i++)
    flow = test_push (fixture);
  fail_unless_equals_int (test_push (fixture), GST_FLOW_ERROR);
  test_expect_record (fixture,
      "stream-start,caps,segment,frame 0,frame 1,frame 2,eos");

  message = test_pop_message (fixture->bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless_equals_string (error->message, "the device fell off the bus");
  g_error_free (error);
  gst_message_unref (message);
  fail_unless_equals_int (test_count_messages (fixture->bus, GST_MESSAGE_ERROR),
      0);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
device_suite (void)
{
  Suite *suite = suite_create ("device");
  TCase *tests = test_case_new ("device");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_device_fails);
  return suite;
}

GST_CHECK_MAIN (device)
