/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "statehelpers.h"

GstBuffer *
test_push_photos (Fixture *fixture, const char *photos)
{
  GstBuffer *buffer = NULL;

  for (; *photos; photos++) {
    gst_clear_buffer (&buffer);
    test_push_photo (fixture, *photos == 'h' ? TEST_HORSE : TEST_TRUCK);
    buffer = test_pull (fixture);
  }
  return buffer;
}

void
test_expect_state_after (Fixture *fixture, const char *photos,
    const char *state, const char *candidate)
{
  GstBuffer *buffer = test_push_photos (fixture, photos);
  const GstStructure *result = test_get_result (buffer);
  const char *found = gst_structure_get_string (result, "state");
  const char *pending = gst_structure_get_string (result, "candidate");

  fail_unless_equals_string (found ? found : "-", state);
  fail_unless_equals_string (pending ? pending : "-", candidate);
  gst_buffer_unref (buffer);
}

void
test_expect_changes (Fixture *fixture, const char *expected)
{
  GString *changes = g_string_new (NULL);
  GstMessage *message;

  while ((message = gst_bus_pop_filtered (fixture->bus, GST_MESSAGE_ELEMENT))) {
    const GstStructure *change = gst_message_get_structure (message);
    const char *from = gst_structure_get_string (change, "from");

    fail_unless (gst_structure_has_name (change, "alexnet-state"));
    g_string_append_printf (changes, "%s%s-%s", changes->len > 0 ? " " : "",
        from ? from : "", gst_structure_get_string (change, "to"));
    gst_message_unref (message);
  }
  fail_unless_equals_string (changes->str, expected);
  g_string_free (changes, TRUE);
}
