/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames and events come out in the order and the form in which they went
 * in. */

#include "support/helpers.h"

static void
push_flagged (Fixture *fixture, guint number, guint flags)
{
  GstBuffer *buffer = test_frame_new (TEST_TRUCK, fixture->caps);

  GST_BUFFER_PTS (buffer) = number * TEST_FRAME_DURATION;
  GST_BUFFER_FLAG_SET (buffer, flags);
  fail_unless_equals_int (gst_harness_push (fixture->harness, buffer),
      GST_FLOW_OK);
}

GST_START_TEST (test_everything_in_order)
{
  Fixture *fixture = test_fixture_new ("max-in-flight", "3", NULL);
  GstCaps *caps = gst_caps_copy (fixture->caps);

  push_flagged (fixture, 0, GST_BUFFER_FLAG_DISCONT);
  push_flagged (fixture, 1, 0);
  push_flagged (fixture, 2, 0);
  gst_harness_push_event (fixture->harness,
      gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "t", NULL)));
  push_flagged (fixture, 3, 0);
  gst_harness_push_event (fixture->harness,
      gst_event_new_gap (3 * TEST_FRAME_DURATION, TEST_FRAME_DURATION));
  test_push_custom (fixture, "mark");
  push_flagged (fixture, 5, GST_BUFFER_FLAG_DISCONT);
  gst_caps_set_simple (caps, "width", G_TYPE_INT, 64, NULL);
  gst_harness_push_event (fixture->harness, gst_event_new_caps (caps));
  gst_caps_replace (&fixture->caps, caps);
  test_push_segment (fixture, 1, GST_SECOND / 5, GST_CLOCK_TIME_NONE);
  push_flagged (fixture, 6, 0);
  push_flagged (fixture, 7, 0);
  fail_unless (test_push_eos (fixture));

  test_expect_record (fixture,
      "stream-start,caps,segment,frame 0 discont,frame 1,frame 2,tag,frame 3,"
      "gap,mark,frame 5 discont,caps,segment,frame 6,frame 7,eos");
  gst_caps_unref (caps);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Who knows that no frame follows does not wait for one, but before that he
 * does: in the second round as in the first. */
GST_START_TEST (test_end_fills_no_batch)
{
  Fixture *fixture = test_fixture_new (TEST_HOLD, NULL);

  for (guint i = 0; i < 5; i++)
    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  gst_harness_push_event (fixture->harness,
      gst_event_new_segment_done (GST_FORMAT_TIME, GST_SECOND));
  test_expect_record (fixture,
      "stream-start,caps,segment,frame 0,frame 1,frame 2,frame 3,frame 4,"
      "segment-done");
  test_clear_record (fixture);

  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  g_usleep (50 * 1000);
  test_expect_record (fixture, "");
  fail_unless (test_push_eos (fixture));
  test_expect_record (fixture, "frame 5,eos");
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_eos_alone)
{
  Fixture *fixture = test_fixture_new (NULL);

  fail_unless (test_push_eos (fixture));
  test_expect_record (fixture, "stream-start,caps,segment,eos");
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_new_stream_after_eos)
{
  Fixture *fixture = test_fixture_new (NULL);
  GString *expected = g_string_new ("stream-start,caps,segment");

  for (guint i = 0; i < 20; i++) {
    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
    fail_unless (test_push_eos (fixture));
    gst_harness_push_event (fixture->harness,
        gst_event_new_stream_start ("again"));
    test_push_segment (fixture, 1, 0, GST_CLOCK_TIME_NONE);
    g_string_append_printf (expected, ",frame %u,eos,stream-start,segment", i);
  }
  test_expect_record (fixture, expected->str);
  g_string_free (expected, TRUE);
  test_fixture_free (fixture);
}
GST_END_TEST

static GstPadProbeReturn
keep_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);

  g_ptr_array_add (user_data, gst_event_ref (event));
  return GST_PAD_PROBE_OK;
}

/* The very objects come out, so their sequence numbers do. */
GST_START_TEST (test_events_keep_identity)
{
  Fixture *fixture = test_fixture_new (NULL);
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify)
          gst_event_unref);
  GstPad *src = gst_element_get_static_pad (fixture->element, "src");
  GstToc *toc = gst_toc_new (GST_TOC_SCOPE_GLOBAL);
  GstEvent *events[] = {
    gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "t", NULL)),
    gst_event_new_gap (0, GST_SECOND),
    gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
        gst_structure_new_empty ("custom")),
    gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
        gst_structure_new_empty ("sticky")),
    gst_event_new_toc (toc, FALSE),
    gst_event_new_eos (),
  };

  test_expect_record (fixture, "stream-start,caps,segment");
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, keep_event, out,
      NULL);
  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    if (i < 5)
      test_push (fixture);
    gst_event_set_seqnum (events[i], 1000 + i);
    gst_harness_push_event (fixture->harness, gst_event_ref (events[i]));
  }
  test_expect_record (fixture,
      "stream-start,caps,segment,frame 0,tag,frame 1,gap,frame 2,custom,"
      "frame 3,custom-downstream-sticky,frame 4,toc,eos");
  fail_unless_equals_int (out->len, G_N_ELEMENTS (events));
  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    fail_unless (g_ptr_array_index (out, i) == events[i]);
    fail_unless_equals_int (gst_event_get_seqnum (events[i]), 1000 + i);
    gst_event_unref (events[i]);
  }
  g_ptr_array_unref (out);
  gst_toc_unref (toc);
  gst_object_unref (src);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_frames_keep_everything)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstBuffer *buffer = test_frame_new (TEST_HORSE, fixture->caps);
  GstCaps *timestamp = gst_caps_new_empty_simple ("timestamp/x-test");
  GstReferenceTimestampMeta *reference;

  GST_BUFFER_PTS (buffer) = 11;
  GST_BUFFER_DTS (buffer) = 7;
  GST_BUFFER_DURATION (buffer) = 13;
  GST_BUFFER_OFFSET (buffer) = 17;
  GST_BUFFER_OFFSET_END (buffer) = 19;
  GST_BUFFER_FLAG_SET (buffer,
      GST_BUFFER_FLAG_MARKER | GST_VIDEO_BUFFER_FLAG_TFF);
  gst_buffer_add_reference_timestamp_meta (buffer, timestamp, 23, 29);
  gst_harness_push (fixture->harness, buffer);

  buffer = test_pull (fixture);
  fail_unless (test_get_result (buffer) != NULL);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), 11);
  fail_unless_equals_uint64 (GST_BUFFER_DTS (buffer), 7);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (buffer), 13);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), 17);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (buffer), 19);
  fail_unless (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_MARKER));
  fail_unless (GST_BUFFER_FLAG_IS_SET (buffer, GST_VIDEO_BUFFER_FLAG_TFF));
  fail_if (GST_BUFFER_IS_DISCONT (buffer));
  reference = gst_buffer_get_reference_timestamp_meta (buffer, timestamp);
  fail_unless (reference && reference->timestamp == 23);
  gst_buffer_unref (buffer);
  gst_caps_unref (timestamp);
  test_fixture_free (fixture);
}
GST_END_TEST

/* The source of the buffers goes away when caps change: the frames in flight
 * carry all they need. */
GST_START_TEST (test_caps_change_in_flight)
{
  Fixture *fixture = test_fixture_new ("max-batch-size", "6", "batch-timeout",
      "3600000000000", NULL);
  static const char *const formats[] = { "NV12", "GRAY8", "BGRx" };
  GstBuffer *buffer;

  for (guint i = 0; i < 6; i++) {
    GstCaps *caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING,
        formats[i / 2], "width", G_TYPE_INT, 40 + 8 * i, "height", G_TYPE_INT,
        50, "framerate", GST_TYPE_FRACTION, 30, 1, NULL);

    gst_harness_push_event (fixture->harness, gst_event_new_caps (caps));
    gst_caps_replace (&fixture->caps, caps);
    gst_caps_unref (caps);
    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  }
  for (guint i = 0; i < 6; i++) {
    buffer = test_pull (fixture);
    fail_unless (test_get_result (buffer) != NULL);
    gst_buffer_unref (buffer);
  }
  test_expect_record (fixture,
      "stream-start,caps,segment,caps,frame 0,caps,frame 1,caps,frame 2,"
      "caps,frame 3,caps,frame 4,caps,frame 5");
  test_fixture_free (fixture);
}
GST_END_TEST

static GstPadProbeReturn
succeed_otherwise (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  gst_clear_buffer ((GstBuffer **) &info->data);
  g_atomic_int_inc ((int *) n);
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = GST_FLOW_CUSTOM_SUCCESS_2;
  return GST_PAD_PROBE_HANDLED;
}

/* What downstream calls another success is one. */
GST_START_TEST (test_custom_success)
{
  Fixture *fixture = test_fixture_new ("max-in-flight", "1", NULL);
  GstPad *src = gst_element_get_static_pad (fixture->element, "src");
  int n = 0;

  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, succeed_otherwise, &n,
      NULL);
  for (guint i = 0; i < 5; i++)
    fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  fail_unless (test_push_eos (fixture));
  fail_unless_equals_int (g_atomic_int_get (&n), 5);
  gst_object_unref (src);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
order_suite (void)
{
  Suite *suite = suite_create ("order");
  TCase *tests = test_case_new ("order");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_everything_in_order);
  tcase_add_test (tests, test_end_fills_no_batch);
  tcase_add_test (tests, test_eos_alone);
  tcase_add_test (tests, test_new_stream_after_eos);
  tcase_add_test (tests, test_events_keep_identity);
  tcase_add_test (tests, test_frames_keep_everything);
  tcase_add_test (tests, test_caps_change_in_flight);
  tcase_add_test (tests, test_custom_success);
  return suite;
}

GST_CHECK_MAIN (order)
