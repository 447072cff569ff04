/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LATENCY, ALLOCATION, DRAIN, caps; and QoS, which asks for something too. */

#include "support/helpers.h"

static void
query_latency (Fixture *fixture, gboolean *live, GstClockTime *min,
    GstClockTime *max)
{
  GstQuery *query = gst_query_new_latency ();
  GstPad *src = gst_element_get_static_pad (fixture->element, "src");

  fail_unless (gst_pad_query (src, query));
  gst_query_parse_latency (query, live, min, max);
  gst_query_unref (query);
  gst_object_unref (src);
}

static GstPadProbeReturn
answer_latency (GstPad *pad, GstPadProbeInfo *info, gpointer live)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return GST_PAD_PROBE_OK;
  if (live)
    gst_query_set_latency (query, TRUE, 100, GST_SECOND);
  else
    gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
  return GST_PAD_PROBE_HANDLED;
}

static Fixture *
fixture_with_source (gboolean live, const char *batch_timeout)
{
  Fixture *fixture = test_fixture_new ("batch-timeout", batch_timeout, NULL);

  gst_pad_add_probe (fixture->harness->srcpad,
      GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, answer_latency, GINT_TO_POINTER (live),
      NULL);
  return fixture;
}

GST_START_TEST (test_latency_of_a_live_source)
{
  Fixture *fixture = fixture_with_source (TRUE, "0");
  GstClockTime min, max;
  gboolean live;

  query_latency (fixture, &live, &min, &max);
  fail_unless (live);
  fail_unless (min > 100 && min < GST_SECOND);
  fail_unless_equals_uint64 (max, GST_SECOND + 4 * (GST_SECOND / 30));
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_latency_of_a_file)
{
  Fixture *fixture = fixture_with_source (FALSE, "0");
  GstClockTime min, max;
  gboolean live;

  query_latency (fixture, &live, &min, &max);
  fail_if (live);
  fail_unless (min > 0 && min < GST_SECOND);
  fail_unless_equals_uint64 (max, GST_CLOCK_TIME_NONE);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_latency_has_the_batch_timeout)
{
  Fixture *fixture = test_fixture_new ("batch-timeout", "250000000", NULL);
  GstClockTime min, max;
  gboolean live;

  gst_harness_set_upstream_latency (fixture->harness, 0);
  query_latency (fixture, &live, &min, &max);
  fail_unless (min >= 250 * GST_MSECOND && min < GST_SECOND);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Seven frames come while one waits for others, and none may block the source.
 */
GST_START_TEST (test_latency_has_the_frames_that_wait)
{
  Fixture *fixture = fixture_with_source (TRUE, "250000000");
  GstClockTime min, max;
  gboolean live;

  query_latency (fixture, &live, &min, &max);
  fail_unless (min >= 100 + 250 * GST_MSECOND);
  fail_unless_equals_uint64 (max, GST_SECOND + (4 + 7) * (GST_SECOND / 30));
  test_fixture_free (fixture);
}
GST_END_TEST

/* What it says is about what most frames took. Staging and inference, which are
 * summed, overlap where the thread that stages is interrupted; and a change of
 * less than a quarter is not said. */
GST_START_TEST (test_latency_is_measured)
{
  Fixture *fixture = fixture_with_source (TRUE, "0");
  GstClockTime min, max;
  gboolean live;

  for (guint i = 0; i < 32; i++) {
    test_push (fixture);
    gst_buffer_unref (test_pull (fixture));
  }
  query_latency (fixture, &live, &min, &max);
  fail_unless (min - 100 >=
      test_stat (fixture->element, "inference-time-p50") * 3 / 4);
  fail_unless (min - 100 <= test_stat (fixture->element, "total-time-p99") * 3);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_latency_of_an_idle_element)
{
  GstElement *element = test_element_new ("batch-timeout", "1000", NULL);
  GstPad *src = gst_element_get_static_pad (element, "src");
  GstQuery *query = gst_query_new_latency ();

  gst_pad_query (src, query);
  gst_query_unref (query);
  gst_object_unref (src);
  gst_object_unref (element);
}
GST_END_TEST

/* The depth is said in frames of the caps' duration. */
GST_START_TEST (test_latency_is_posted_for_another_frame_rate)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstCaps *caps = gst_caps_copy (fixture->caps);

  test_count_messages (fixture->bus, GST_MESSAGE_LATENCY);
  gst_caps_set_simple (caps, "framerate", GST_TYPE_FRACTION, 5, 1, NULL);
  gst_harness_push_event (fixture->harness, gst_event_new_caps (caps));
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_LATENCY),
      1);
  gst_caps_unref (caps);
  test_fixture_free (fixture);
}
GST_END_TEST

/* The first frame is measured long before the query is asked again. */
GST_START_TEST (test_latency_is_posted_when_it_changes)
{
  Fixture *fixture = test_fixture_new ("batch-timeout", "1000000", NULL);

  test_count_messages (fixture->bus, GST_MESSAGE_LATENCY);
  test_push (fixture);
  gst_buffer_unref (test_pull (fixture));
  gst_message_unref (test_pop_message (fixture->bus, GST_MESSAGE_LATENCY));
  test_fixture_free (fixture);
}
GST_END_TEST

static GstQuery *
query_allocation (Fixture *fixture)
{
  GstQuery *query = gst_query_new_allocation (fixture->caps, TRUE);

  fail_unless (gst_pad_peer_query (fixture->harness->srcpad, query));
  return query;
}

/* Who reads where planes lie from the caps must get them there. */
static void
expect_video_meta (gboolean peer_reads_it)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstQuery *query;

  if (peer_reads_it)
    gst_harness_add_propose_allocation_meta (fixture->harness,
        GST_VIDEO_META_API_TYPE, NULL);
  query = query_allocation (fixture);
  fail_unless_equals_int (gst_query_find_allocation_meta (query,
                              GST_VIDEO_META_API_TYPE, NULL),
      peer_reads_it);
  gst_query_unref (query);
  test_fixture_free (fixture);
}

GST_START_TEST (test_allocation_with_video_meta)
{
  expect_video_meta (FALSE);
  expect_video_meta (TRUE);
}
GST_END_TEST

GST_START_TEST (test_allocation_without_a_pool)
{
  Fixture *fixture = test_fixture_new ("max-in-flight", "6", NULL);
  GstQuery *query = query_allocation (fixture);
  guint size, min, max;

  fail_unless_equals_int (gst_query_get_n_allocation_pools (query), 1);
  gst_query_parse_nth_allocation_pool (query, 0, NULL, &size, &min, &max);
  fail_unless_equals_int (size, 32 * 32 * 3);
  fail_unless_equals_int (min, 6);
  fail_unless_equals_int (max, 0);
  gst_query_unref (query);
  test_fixture_free (fixture);
}
GST_END_TEST

static guint
count_buffers (Fixture *fixture)
{
  GstQuery *query = query_allocation (fixture);
  guint min;

  gst_query_parse_nth_allocation_pool (query, 0, NULL, NULL, &min, NULL);
  gst_query_unref (query);
  return min;
}

static void
expect_allocation (gboolean live, const char *batch_timeout, guint n)
{
  Fixture *fixture = fixture_with_source (live, batch_timeout);

  fail_unless_equals_int (count_buffers (fixture), n);
  test_fixture_free (fixture);
}

/* No more than the element keeps, which depends on what is upstream: nobody has
 * asked for the latency yet. */
GST_START_TEST (test_allocation_of_a_live_source)
{
  expect_allocation (FALSE, "0", 2 * 16);
  expect_allocation (TRUE, "0", 4);
  expect_allocation (TRUE, "250000000", 4 + 7);
}
GST_END_TEST

/* Which share an engine and so its batches; not with an element that nothing
 * comes to, which keeps the engine between two pipelines. */
GST_START_TEST (test_allocation_of_many_streams)
{
  static const guint shares[] = { 32, 16, 10, 8, 6, 5, 4, 4, 4, 4, 4, 4, 4, 4,
    4, 4, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 };
  GstElement *idle = test_element_new (NULL);
  Fixture *fixtures[G_N_ELEMENTS (shares)];

  fail_unless_equals_int (gst_element_set_state (idle, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i < G_N_ELEMENTS (shares); i++) {
    fixtures[i] = fixture_with_source (FALSE, "0");
    fail_unless_equals_int (count_buffers (fixtures[i]), shares[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (shares); i++)
    test_fixture_free (fixtures[i]);
  gst_element_set_state (idle, GST_STATE_NULL);
  gst_object_unref (idle);
}
GST_END_TEST

static GstPadProbeReturn
offer_pool (GstPad *pad, GstPadProbeInfo *info, gpointer pool)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  gst_query_add_allocation_pool (query, pool, 5000, 2, 4);
  gst_query_add_allocation_meta (query, GST_VIDEO_CROP_META_API_TYPE, NULL);
  return GST_PAD_PROBE_HANDLED;
}

GST_START_TEST (test_allocation_with_a_pool_downstream)
{
  Fixture *fixture = test_fixture_new ("max-in-flight", "6", NULL);
  GstBufferPool *pool = gst_buffer_pool_new (), *offered;
  GstQuery *query;
  guint size, min, max;

  gst_pad_add_probe (fixture->harness->sinkpad,
      GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, offer_pool, pool, NULL);
  query = query_allocation (fixture);
  fail_unless (gst_query_find_allocation_meta (query,
      GST_VIDEO_CROP_META_API_TYPE, NULL));
  gst_query_parse_nth_allocation_pool (query, 0, &offered, &size, &min, &max);
  fail_unless (offered == pool);
  fail_unless_equals_int (size, 5000);
  fail_unless_equals_int (min, 2 + 6);
  fail_unless (max >= min);
  gst_object_unref (offered);
  gst_query_unref (query);
  gst_object_unref (pool);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_drain_waits)
{
  Fixture *fixture = test_fixture_new (TEST_HOLD, NULL);

  for (guint round = 1; round <= 3; round++) {
    GstQuery *query = gst_query_new_drain ();

    for (guint i = 0; i < 5; i++)
      test_push (fixture);
    test_push_custom (fixture, "mark");
    gst_pad_peer_query (fixture->harness->srcpad, query);
    fail_unless_equals_int (gst_harness_buffers_received (fixture->harness),
        round * 5);
    gst_query_unref (query);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

static gpointer
drain (gpointer data)
{
  GstQuery *query = gst_query_new_drain ();
  Fixture *fixture = data;
  gboolean ok = gst_pad_peer_query (fixture->harness->srcpad, query);

  gst_query_unref (query);
  return GINT_TO_POINTER (ok);
}

GST_START_TEST (test_flush_ends_drain)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstPad *src = gst_element_get_static_pad (fixture->element, "src");
  GThread *thread;

  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, NULL, NULL,
      NULL);
  test_push (fixture);
  thread = g_thread_new ("drain", drain, fixture);
  g_usleep (20 * 1000);
  gst_harness_push_event (fixture->harness, gst_event_new_flush_start ());
  fail_if (GPOINTER_TO_INT (g_thread_join (thread)));
  gst_object_unref (src);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_caps_are_those_of_the_peer)
{
  GstElement *element = test_element_new (NULL);
  GstHarness *harness = gst_harness_new_with_element (element, "sink", "src");
  GstCaps *caps, *expected;

  gst_harness_set_sink_caps_str (harness,
      "video/x-raw,format={NV12,GBR_16LE},width=[16,20000],height=64");
  caps = gst_pad_peer_query_caps (harness->srcpad, NULL);
  expected = gst_caps_from_string ("video/x-raw,format=NV12,width=[16,16384],"
                                   "height=64,framerate=[0/1,2147483647/1]");
  fail_unless (gst_caps_is_equal (caps, expected), "%" GST_PTR_FORMAT, caps);
  gst_caps_unref (expected);
  gst_caps_unref (caps);
  gst_harness_teardown (harness);
  gst_object_unref (element);
}
GST_END_TEST

static void
expect_told_of (Fixture *fixture, const char *misfit)
{
  GstMessage *message = test_pop_message (fixture->bus, GST_MESSAGE_WARNING);
  GError *error;

  gst_message_parse_warning (message, &error, NULL);
  fail_unless (g_error_matches (error, GST_STREAM_ERROR,
      GST_STREAM_ERROR_FORMAT));
  fail_unless (strstr (error->message, misfit) != NULL, "%s", error->message);
  g_error_free (error);
  gst_message_unref (message);
}

static void
ask_for (Fixture *fixture, const char *line, gboolean accept)
{
  GstCaps *caps = gst_caps_from_string (line), *answer;

  if (accept) {
    fail_if (gst_pad_peer_query_accept_caps (fixture->harness->srcpad, caps));
  } else {
    answer = gst_pad_peer_query_caps (fixture->harness->srcpad, caps);
    gst_caps_unref (answer);
  }
  gst_caps_unref (caps);
}

static const struct {
  const char *caps, *told;
} misfits[] = {
  { "video/x-raw,format=RGB,width=16385,height=9", " 16385x9 " },
  { "video/x-raw,format=RGB,width=9,height=20000", " 9x20000 " },
  { "video/x-raw,format=GRAY16_BE,width=9,height=9", " GRAY16_BE " },
  { "video/x-raw(format:Interlaced),format=I420,interlace-mode=alternate,"
    "width=9,height=9",
      "Single fields " },
};

/* Upstream says "not negotiated", and nobody would know why: once a start. */
GST_START_TEST (test_frames_that_do_not_fit)
{
  for (guint accept = 0; accept < 2; accept++) {
    Fixture *fixture = test_fixture_new (NULL);

    for (guint i = 0; i < G_N_ELEMENTS (misfits); i++) {
      ask_for (fixture, misfits[i].caps, accept);
      expect_told_of (fixture, misfits[i].told);
      ask_for (fixture, misfits[0].caps, accept);
      fail_unless_equals_int (test_count_messages (fixture->bus,
                                  GST_MESSAGE_WARNING),
          0);
      gst_element_set_state (fixture->element, GST_STATE_READY);
      gst_element_set_state (fixture->element, GST_STATE_PLAYING);
    }
    test_fixture_free (fixture);
  }
}
GST_END_TEST

/* Who offers others, too, as videoscale and videoconvert do, or what is no
 * system memory finds a way or has another trouble. */
GST_START_TEST (test_other_offers_cost_no_warning)
{
  static const char *const offers[] = {
    "video/x-raw,format=RGB,width=16384,height=16384",
    "video/x-raw,format=RGB,width=20000,height=9;"
    "video/x-raw,format=RGB,width=[1,max],height=[1,max]",
    "video/x-raw,format=GRAY16_BE,width=9,height=9;"
    "video/x-raw,width=9,height=9",
    "video/x-raw,format={GRAY16_BE,RGB16}",
    "video/x-raw(memory:GLMemory),format=GRAY16_BE,width=9,height=9",
    "video/x-raw(ANY),format=RGB,width=9,height=9",
    "audio/x-raw,format=S16LE",
    "ANY",
    "EMPTY",
  };
  Fixture *fixture = test_fixture_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (offers); i++)
    ask_for (fixture, offers[i], FALSE);
  ask_for (fixture, "audio/x-raw,format=S16LE", TRUE);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_WARNING),
      0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Late frames come out, only not classified; QoS goes on upstream. */
GST_START_TEST (test_qos)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstEvent *event;
  guint n_results = 0;

  gst_harness_push_upstream_event (fixture->harness,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 1.5, TEST_FRAME_DURATION,
          TEST_FRAME_DURATION));
  for (guint i = 0; i < 10; i++) {
    GstBuffer *buffer;

    test_push (fixture);
    buffer = test_pull (fixture);
    fail_unless_equals_int (test_get_result (buffer) != NULL, i > 3);
    n_results += test_get_result (buffer) != NULL;
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_int (n_results, 6);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-qos"), 4);
  fail_unless_equals_uint64 (test_stat (fixture->element, "frames"), 10);
  while ((event = gst_harness_try_pull_upstream_event (fixture->harness)) &&
      GST_EVENT_TYPE (event) != GST_EVENT_QOS)
    gst_event_unref (event);
  fail_unless (event != NULL);
  gst_event_unref (event);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_qos_can_be_switched_off)
{
  Fixture *fixture = test_fixture_new ("qos", "false", NULL);

  gst_harness_push_upstream_event (fixture->harness,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2, GST_SECOND, 0));
  fail_unless_equals_int (test_push_pull_kind (fixture), 'x');
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
queries_suite (void)
{
  Suite *suite = suite_create ("queries");
  TCase *tests = test_case_new ("queries");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_latency_of_a_live_source);
  tcase_add_test (tests, test_latency_of_a_file);
  tcase_add_test (tests, test_latency_has_the_batch_timeout);
  tcase_add_test (tests, test_latency_has_the_frames_that_wait);
  tcase_add_test (tests, test_latency_is_measured);
  tcase_add_test (tests, test_latency_of_an_idle_element);
  tcase_add_test (tests, test_latency_is_posted_when_it_changes);
  tcase_add_test (tests, test_latency_is_posted_for_another_frame_rate);
  tcase_add_test (tests, test_allocation_without_a_pool);
  tcase_add_test (tests, test_allocation_with_video_meta);
  tcase_add_test (tests, test_allocation_of_a_live_source);
  tcase_add_test (tests, test_allocation_of_many_streams);
  tcase_add_test (tests, test_allocation_with_a_pool_downstream);
  tcase_add_test (tests, test_drain_waits);
  tcase_add_test (tests, test_flush_ends_drain);
  tcase_add_test (tests, test_caps_are_those_of_the_peer);
  tcase_add_test (tests, test_frames_that_do_not_fit);
  tcase_add_test (tests, test_other_offers_cost_no_warning);
  tcase_add_test (tests, test_qos);
  tcase_add_test (tests, test_qos_can_be_switched_off);
  return suite;
}

GST_CHECK_MAIN (queries)
