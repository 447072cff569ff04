/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "statehelpers.h"

#include <stdlib.h>

#include "collage.h"

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

static void
expect_field (const GstStructure *result, const char *field,
    const char *expected, const char *step)
{
  const char *found = gst_structure_get_string (result, field);

  fail_unless (g_str_equal (found ? found : "-", expected),
      "%s after \"%s\" is %s", field, step, found);
}

static void
send_photos (Fixture *fixture, const char *step)
{
  g_auto (GStrv) parts = g_strsplit_set (step, ":/", 3);
  GstBuffer *buffer = test_push_photos (fixture, parts[0]);
  const GstStructure *result = test_get_result (buffer);

  expect_field (result, "state", parts[1], step);
  expect_field (result, "candidate", parts[2] ? parts[2] : "-", step);
  gst_buffer_unref (buffer);
}

static void
send_object (Fixture *fixture, guint tile, const char *state, gboolean stale,
    const char *step)
{
  GstBuffer *buffer = collage_new (fixture);
  const GstStructure *region;

  collage_add_object (buffer, tile, 7);
  buffer = test_push_pull (fixture, buffer);
  region = test_nth_region (buffer, 0);
  expect_field (region, "state", state, step);
  fail_unless_equals_int (test_is_stale (region), stale);
  gst_buffer_unref (buffer);
}

static void
send_objects (Fixture *fixture, const char *step)
{
  g_auto (GStrv) parts = g_strsplit_set (step, ":~", 3);
  guint64 n_inferred = test_stat (fixture->element, "inferred");

  for (const char *on = parts[0]; *on; on++) {
    send_object (fixture, *on == 'T', parts[1], parts[2] != NULL, step);
    n_inferred += parts[2] == NULL;
  }
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"),
      n_inferred);
}

static void
send_frames (Fixture *fixture, const char *step)
{
  for (int i = 0; i < atoi (step); i++)
    gst_buffer_unref (test_push_pull (fixture, collage_new (fixture)));
}

static void
expect_change (Fixture *fixture, const char *step)
{
  g_autoptr (GstMessage)
      message = gst_bus_pop_filtered (fixture->bus, GST_MESSAGE_ELEMENT);
  const GstStructure *change = message ? gst_message_get_structure (message)
                                       : NULL;
  const char *from = change ? gst_structure_get_string (change, "from") : NULL;
  g_autofree char *found = change
      ? g_strdup_printf ("[%s-%s]", from ? from : "",
            gst_structure_get_string (change, "to"))
      : g_strdup ("[]");

  fail_unless (!change || gst_structure_has_name (change, "alexnet-state"));
  fail_unless_equals_string (found, step);
}

static void
set_property (Fixture *fixture, const char *step)
{
  g_auto (GStrv) parts = g_strsplit (step, "=", 2);

  gst_util_set_object_arg (G_OBJECT (fixture->element), parts[0], parts[1]);
}

static void
send_event (Fixture *fixture, const char *step)
{
  if (g_str_equal (step, "collage")) {
    collage_set_caps (fixture);
  } else if (g_str_equal (step, "flush")) {
    test_flush (fixture);
  } else if (g_str_equal (step, "gap")) {
    gst_harness_push_event (fixture->harness,
        gst_event_new_gap (GST_SECOND, GST_SECOND));
  } else {
    if (g_str_equal (step, "stream"))
      gst_harness_push_event (fixture->harness,
          gst_event_new_stream_start ("another"));
    else
      fail_unless_equals_string (step, "segment");
    test_push_segment (fixture, 1, 0, GST_CLOCK_TIME_NONE);
  }
}

void
test_do_steps (Fixture *fixture, const char *steps)
{
  g_auto (GStrv) words = g_strsplit (steps, " ", -1);

  for (guint i = 0; words[i]; i++) {
    const char *step = words[i];

    if (*step == '[')
      expect_change (fixture, step);
    else if (strchr (step, '='))
      set_property (fixture, step);
    else if (g_ascii_isdigit (*step))
      send_frames (fixture, step);
    else if (!strchr (step, ':'))
      send_event (fixture, step);
    else if (g_ascii_isupper (*step))
      send_objects (fixture, step);
    else
      send_photos (fixture, step);
  }
}

void
test_state_case (const StateCase *c)
{
  Fixture *fixture = test_fixture_new ("post-messages", "never", c->property,
      c->value, NULL);

  test_do_steps (fixture, c->steps);
  test_do_steps (fixture, "[]");
  test_fixture_free (fixture);
}
