/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A flush drops what is in flight and nothing else. */

#include "support/helpers.h"

static void
push_flush_start (Fixture *fixture)
{
  fail_unless (gst_harness_push_event (fixture->harness,
      gst_event_new_flush_start ()));
}

/* FLUSH_STOP and a new segment. */
static void
push_flush_stop (Fixture *fixture)
{
  GstSegment segment;

  fail_unless (gst_harness_push_event (fixture->harness,
      gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  fail_unless (gst_harness_push_event (fixture->harness,
      gst_event_new_segment (&segment)));
}

GST_START_TEST (test_flush_drops_frames_in_flight)
{
  Fixture *fixture = test_fixture_new (TEST_HOLD, NULL);

  for (guint i = 0; i < 3; i++)
    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  test_push_custom (fixture, "dropped");
  push_flush_start (fixture);
  fail_unless_equals_int (test_push (fixture), GST_FLOW_FLUSHING);
  push_flush_stop (fixture);

  for (guint i = 0; i < 8; i++)
    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  for (guint i = 0; i < 8; i++)
    gst_buffer_unref (test_pull (fixture));
  fail_unless_equals_int (gst_harness_buffers_received (fixture->harness), 8);
  g_mutex_lock (&fixture->lock);
  g_ptr_array_set_size (fixture->record, 7);
  g_mutex_unlock (&fixture->lock);
  test_expect_record (fixture,
      "stream-start,caps,segment,flush-start,flush-stop,segment,frame 4");
  test_fixture_free (fixture);
}
GST_END_TEST

/* Caps and tags that wait behind frames are not sent again after a flush, so
 * they must outlive it. */
GST_START_TEST (test_flush_keeps_sticky_events)
{
  Fixture *fixture = test_fixture_new (TEST_HOLD, NULL);
  GstPad *src = gst_element_get_static_pad (fixture->element, "src");
  GstCaps *caps = gst_caps_from_string (
      "video/x-raw,format=GRAY8,width=16,height=16,framerate=30/1");
  GstCaps *current;
  GstEvent *tag;

  test_push (fixture);
  gst_harness_push_event (fixture->harness, gst_event_new_caps (caps));
  gst_harness_push_event (fixture->harness,
      gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "t", NULL)));
  push_flush_start (fixture);
  push_flush_stop (fixture);

  current = gst_pad_get_current_caps (src);
  fail_unless (current && gst_caps_is_equal (current, caps));
  tag = gst_pad_get_sticky_event (src, GST_EVENT_TAG, 0);
  fail_unless (tag != NULL);
  gst_event_unref (tag);
  gst_caps_unref (current);
  gst_caps_unref (caps);
  gst_object_unref (src);
  test_fixture_free (fixture);
}
GST_END_TEST

static GstPadProbeReturn
block (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_PAD_PROBE_OK;
}

/* The chain function is blocked for want of room. */
GST_START_TEST (test_flush_unblocks_upstream)
{
  Fixture *fixture = test_fixture_new ("max-in-flight", "2", NULL);
  GstPad *src = gst_element_get_static_pad (fixture->element, "src");
  GThread *thread;

  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER,
      block, NULL, NULL);
  gst_object_unref (src);
  thread = g_thread_new ("push", test_push_until_refused, fixture);
  g_usleep (50 * 1000);
  push_flush_start (fixture);
  fail_unless_equals_int (GPOINTER_TO_INT (g_thread_join (thread)),
      GST_FLOW_FLUSHING);
  push_flush_stop (fixture);
  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  fail_unless_equals_int (gst_harness_buffers_received (fixture->harness), 0);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_flush_resets_interval_and_stale_result)
{
  Fixture *fixture = test_fixture_new ("inference-interval", "3", "repeat-last",
      "true", NULL);

  for (guint round = 0; round < 2; round++) {
    fail_unless_equals_int (test_push_pull_kind (fixture), 'x');
    fail_unless_equals_int (test_push_pull_kind (fixture), 's');
    push_flush_start (fixture);
    push_flush_stop (fixture);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* A late frame of the new segment must be told from one of the old. */
GST_START_TEST (test_flush_resets_qos)
{
  Fixture *fixture = test_fixture_new (NULL);

  gst_harness_push_upstream_event (fixture->harness,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2, GST_SECOND, 0));
  fail_unless_equals_int (test_push_pull_kind (fixture), '-');

  push_flush_start (fixture);
  push_flush_stop (fixture);
  fail_unless_equals_int (test_push_pull_kind (fixture), 'x');
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_flush_stop_alone)
{
  Fixture *fixture = test_fixture_new (TEST_HOLD, NULL);

  test_push (fixture);
  push_flush_stop (fixture);
  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  test_fixture_free (fixture);
}
GST_END_TEST

static GstPadProbeReturn
deactivate (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_FLUSH_STOP)
    fail_unless (gst_pad_set_active (pad, FALSE));
  return GST_PAD_PROBE_OK;
}

/* A state change that comes meanwhile finds no task, and none is left of which
 * nobody knows. */
GST_START_TEST (test_flush_stop_of_an_inactive_pad)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstPad *src = gst_element_get_static_pad (fixture->element, "src");

  test_push (fixture);
  gst_buffer_unref (test_pull (fixture));
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_EVENT_FLUSH, deactivate, NULL,
      NULL);
  push_flush_start (fixture);
  gst_harness_push_event (fixture->harness, gst_event_new_flush_stop (TRUE));
  GST_OBJECT_LOCK (src);
  fail_unless (GST_PAD_TASK (src) == NULL);
  GST_OBJECT_UNLOCK (src);
  gst_object_unref (src);
  test_fixture_free (fixture);
}
GST_END_TEST

/* What is said of a frame before it comes out: by messages, and a property. */
static const char *const sayings[] = { "alexnet-classification",
  "alexnet-state", "last-result" };

static void
flush (Fixture *fixture)
{
  push_flush_start (fixture);
  push_flush_stop (fixture);
}

static GstBusSyncReply
flush_at_message (GstBus *bus, GstMessage *message, gpointer fixture)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING ||
      gst_message_has_name (message, sayings[0]) ||
      gst_message_has_name (message, sayings[1])) {
    gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
    flush (fixture);
  }
  return GST_BUS_PASS;
}

static void
flush_at_notify (GstElement *element, GParamSpec *pspec, gpointer fixture)
{
  g_signal_handlers_disconnect_by_func (element, flush_at_notify, fixture);
  flush (fixture);
}

/* Who hears of a frame flushes, in the thread that says it: the frame does not
 * come out, nor is its result repeated. */
GST_START_TEST (test_flush_from_within)
{
  const char *saying = sayings[__i__];
  gboolean is_state = g_str_equal (saying, "alexnet-state");
  Fixture *fixture = test_fixture_new ("inference-interval", "3", "repeat-last",
      "true", "confirm-count", is_state ? "1" : "0", NULL);

  if (g_str_equal (saying, "last-result"))
    g_signal_connect (fixture->element, "notify::last-result",
        G_CALLBACK (flush_at_notify), fixture);
  else
    gst_bus_set_sync_handler (fixture->bus, flush_at_message, fixture, NULL);
  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  test_expect_record (fixture,
      "stream-start,caps,segment,flush-start,flush-stop,segment");
  g_object_set (fixture->element, "inference-interval", 2, NULL);
  fail_unless_equals_int (test_push_pull_kind (fixture), 'x');
  fail_unless_equals_int (test_push_pull_kind (fixture), 's');
  test_expect_record (fixture,
      "stream-start,caps,segment,flush-start,"
      "flush-stop,segment,frame 1,frame 2");
  test_fixture_free (fixture);
}
GST_END_TEST

/* Nor is more said of it: there are two regions, each with a state and a class.
 */
GST_START_TEST (test_flush_from_within_is_the_end)
{
  Fixture *fixture = test_fixture_new ("confirm-count", __i__ == 0 ? "0" : "1",
      "regions", "a: 0,0,32,16; b: 0,16,32,16", NULL);

  gst_bus_set_sync_handler (fixture->bus, flush_at_message, fixture, NULL);
  test_push (fixture);
  test_expect_record (fixture,
      "stream-start,caps,segment,flush-start,flush-stop,segment");
  gst_element_set_state (fixture->element, GST_STATE_READY);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_ELEMENT),
      1);
  test_fixture_free (fixture);
}
GST_END_TEST

static GstBusSyncReply
stop_at_message (GstBus *bus, GstMessage *message, gpointer fixture)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT) {
    gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
    fail_unless_equals_int (gst_element_set_state (((Fixture *) fixture)
                                                       ->element,
                                GST_STATE_NULL),
        GST_STATE_CHANGE_SUCCESS);
  }
  return GST_BUS_PASS;
}

/* Nor when who hears of it stops the element, and with it goes all that
 * results are told with. */
GST_START_TEST (test_stop_from_within)
{
  Fixture *fixture = test_fixture_new ("confirm-count", __i__ == 0 ? "0" : "1",
      "regions", "a: 0,0,32,16; b: 0,16,32,16", NULL);

  gst_bus_set_sync_handler (fixture->bus, stop_at_message, fixture, NULL);
  test_push (fixture);
  gst_message_unref (test_pop_message (fixture->bus, GST_MESSAGE_ELEMENT));
  g_usleep (50 * 1000);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_ELEMENT),
      0);
  fail_unless_equals_int (gst_harness_buffers_received (fixture->harness), 0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* That no region comes is said upstream of the queue. */
GST_START_TEST (test_flush_from_within_chain)
{
  Fixture *fixture = test_fixture_new ("inference-region", "roi-list", NULL);

  gst_bus_set_sync_handler (fixture->bus, flush_at_message, fixture, NULL);
  for (guint i = 0; i < 99; i++) {
    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
    gst_buffer_unref (test_pull (fixture));
  }
  test_clear_record (fixture);
  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  gst_buffer_unref (test_pull (fixture));
  test_expect_record (fixture, "flush-start,flush-stop,segment,frame 100");
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
flush_suite (void)
{
  Suite *suite = suite_create ("flush");
  TCase *tests = test_case_new ("flush");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_flush_drops_frames_in_flight);
  tcase_add_test (tests, test_flush_keeps_sticky_events);
  tcase_add_test (tests, test_flush_unblocks_upstream);
  tcase_add_test (tests, test_flush_resets_interval_and_stale_result);
  tcase_add_test (tests, test_flush_resets_qos);
  tcase_add_test (tests, test_flush_stop_alone);
  tcase_add_test (tests, test_flush_stop_of_an_inactive_pad);
  tcase_add_loop_test (tests, test_flush_from_within, 0,
      G_N_ELEMENTS (sayings));
  tcase_add_loop_test (tests, test_flush_from_within_is_the_end, 0, 2);
  tcase_add_loop_test (tests, test_stop_from_within, 0, 2);
  tcase_add_test (tests, test_flush_from_within_chain);
  return suite;
}

GST_CHECK_MAIN (flush)
