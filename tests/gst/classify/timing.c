/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which frames are classified, how results are smoothed over time, and what
 * the element says about both. */

#include "support/helpers.h"

#include <math.h>

static void
push_at (Fixture *fixture, guint photo, GstClockTime pts)
{
  GstBuffer *buffer = test_frame_new (photo, fixture->caps);

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = TEST_FRAME_DURATION;
  fail_unless_equals_int (gst_harness_push (fixture->harness, buffer),
      GST_FLOW_OK);
}

/* Frames `step` apart, the first at `start`. */
static void
expect_steps (Fixture *fixture, const char *pattern, GstClockTime start,
    GstClockTime step)
{
  for (guint i = 0; pattern[i]; i++) {
    char kind;

    push_at (fixture, TEST_HORSE, start + i * step);
    kind = test_pull_kind (fixture);
    fail_unless (kind == pattern[i], "frame %u of %s is %c", i, pattern, kind);
  }
}

GST_START_TEST (test_period)
{
  Fixture *fixture = test_fixture_new ("inference-period", "100000000", NULL);

  expect_steps (fixture, "x---x---x", 0, 25 * GST_MSECOND);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-period"), 6);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-interval"),
      0);

  g_object_set (fixture->element, "inference-period", G_GUINT64_CONSTANT (0),
      NULL);
  expect_steps (fixture, "xxx", GST_SECOND, 25 * GST_MSECOND);
  test_fixture_free (fixture);
}
GST_END_TEST

static void
gather (GstDebugCategory *category, GstDebugLevel level, const char *file,
    const char *function, int line, GObject *object, GstDebugMessage *message,
    gpointer lines)
{
  if (strcmp (gst_debug_category_get_name (category), "alexnetclassify") == 0)
    g_string_append_printf (lines, "%s\n", gst_debug_message_get (message));
}

/* GST_DEBUG=alexnetclassify:6 is where somebody looks who misses results. */
GST_START_TEST (test_fate_is_logged)
{
  GString *lines = g_string_new (NULL);
  Fixture *fixture = test_fixture_new ("inference-period", "100000000", NULL);

  gst_debug_add_log_function (gather, lines, NULL);
  gst_debug_set_threshold_for_name ("alexnetclassify", GST_LEVEL_LOG);
  expect_steps (fixture, "x-", 0, 25 * GST_MSECOND);
  gst_debug_remove_log_function (gather);
  gst_debug_unset_threshold_for_name ("alexnetclassify");
  fail_unless (strstr (lines->str,
                   "frame 0, running time 0:00:00.000000000, "
                   "is classified\n") != NULL,
      "%s", lines->str);
  fail_unless (strstr (lines->str,
                   "frame 1, running time 0:00:00.025000000, "
                   "is skipped by inference-period\n") != NULL,
      "%s", lines->str);
  test_fixture_free (fixture);
  g_string_free (lines, TRUE);
}
GST_END_TEST

/* Three frames of 33333333 ns are not quite 100 ms: that must not make it four
 * frames each time. */
GST_START_TEST (test_period_does_not_drift)
{
  Fixture *fixture = test_fixture_new ("inference-period", "100000000", NULL);

  expect_steps (fixture, "x---x--x--x--x--x--x--x--x--x--x", 0,
      TEST_FRAME_DURATION);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_period_begins_anew)
{
  Fixture *fixture = test_fixture_new ("inference-period", "1000000000", NULL);

  expect_steps (fixture, "x--", 0, 100 * GST_MSECOND);
  gst_harness_push_event (fixture->harness,
      gst_event_new_gap (300 * GST_MSECOND, 100 * GST_MSECOND));
  expect_steps (fixture, "x--", 400 * GST_MSECOND, 100 * GST_MSECOND);
  test_push_segment (fixture, 1, 0, 100 * GST_SECOND);
  expect_steps (fixture, "---", 700 * GST_MSECOND, 100 * GST_MSECOND);
  test_push_segment (fixture, 1, GST_SECOND, 100 * GST_SECOND);
  expect_steps (fixture, "x--", GST_SECOND, 100 * GST_MSECOND);
  test_flush (fixture);
  expect_steps (fixture, "x--", 900 * GST_MSECOND, 100 * GST_MSECOND);
  test_fixture_free (fixture);
}
GST_END_TEST

/* A flush and a gap begin anew; what follows without them is counted on, as
 * another stream and its segment are. */
GST_START_TEST (test_interval_goes_on)
{
  Fixture *fixture = test_fixture_new ("inference-interval", "4", "repeat-last",
      "true", NULL);

  expect_steps (fixture, "xs", 0, TEST_FRAME_DURATION);
  test_push_segment (fixture, 1, 0, GST_CLOCK_TIME_NONE);
  expect_steps (fixture, "ssxss", 0, TEST_FRAME_DURATION);
  gst_harness_push_event (fixture->harness,
      gst_event_new_stream_start ("another"));
  test_push_segment (fixture, 1, 0, GST_CLOCK_TIME_NONE);
  expect_steps (fixture, "sx", 0, TEST_FRAME_DURATION);
  gst_harness_push_event (fixture->harness,
      gst_event_new_gap (2 * TEST_FRAME_DURATION, TEST_FRAME_DURATION));
  expect_steps (fixture, "xs", GST_SECOND, TEST_FRAME_DURATION);
  test_flush (fixture);
  expect_steps (fixture, "xsssx", 0, TEST_FRAME_DURATION);
  test_fixture_free (fixture);
}
GST_END_TEST

/* After a pause a period begins with the first frame, not one for each that
 * was missed. */
GST_START_TEST (test_period_after_a_pause)
{
  Fixture *fixture = test_fixture_new ("inference-period", "100000000", NULL);

  expect_steps (fixture, "x---", 0, 25 * GST_MSECOND);
  expect_steps (fixture, "x---x", 7130 * GST_MSECOND, 25 * GST_MSECOND);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_period_can_be_shortened)
{
  Fixture *fixture = test_fixture_new ("inference-period", "3600000000000",
      NULL);

  expect_steps (fixture, "x----", 0, GST_SECOND);
  g_object_set (fixture->element, "inference-period", 2 * GST_SECOND, NULL);
  expect_steps (fixture, "x-x-", 5 * GST_SECOND, GST_SECOND);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Both must allow it. */
GST_START_TEST (test_period_and_interval)
{
  Fixture *fixture = test_fixture_new ("inference-period", "100000000",
      "inference-interval", "3", NULL);

  expect_steps (fixture, "x---x---x", 0, 25 * GST_MSECOND);
  expect_steps (fixture, "--x--x", GST_SECOND, 200 * GST_MSECOND);
  fail_unless (test_stat (fixture->element, "skipped-interval") > 0);
  fail_unless (test_stat (fixture->element, "skipped-period") > 0);
  test_fixture_free (fixture);
}
GST_END_TEST

/* At double speed running time passes half as fast as timestamps. */
GST_START_TEST (test_period_is_of_running_time)
{
  Fixture *fixture = test_fixture_new ("inference-period", "100000000", NULL);

  test_push_segment (fixture, 2, 0, 100 * GST_SECOND);
  expect_steps (fixture, "x---x---x", 0, 50 * GST_MSECOND);
  test_push_segment (fixture, -1, 0, 100 * GST_SECOND);
  for (guint i = 0; i < 9; i++) {
    push_at (fixture, TEST_HORSE, GST_SECOND - i * 25 * GST_MSECOND);
    fail_unless_equals_int (test_pull_kind (fixture), i % 4 == 0 ? 'x' : '-');
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* Without timestamps the frames' durations count, or else the caps'. */
GST_START_TEST (test_period_without_timestamps)
{
  Fixture *fixture = test_fixture_new ("inference-period", "99000000", NULL);

  for (guint i = 0; i < 12; i++) {
    GstBuffer *buffer = test_frame_new (TEST_HORSE, fixture->caps);

    if (i % 2)
      GST_BUFFER_DURATION (buffer) = TEST_FRAME_DURATION;
    gst_harness_push (fixture->harness, buffer);
    fail_unless_equals_int (test_pull_kind (fixture), i % 3 == 0 ? 'x' : '-');
  }
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_repeat_last_with_period)
{
  Fixture *fixture = test_fixture_new ("inference-period", "100000000",
      "repeat-last", "true", NULL);

  expect_steps (fixture, "xsssx", 0, 25 * GST_MSECOND);
  test_fixture_free (fixture);
}
GST_END_TEST

static void
send_qos (Fixture *fixture, GstClockTimeDiff diff, GstClockTime timestamp)
{
  gst_harness_push_upstream_event (fixture->harness,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 1, diff, timestamp));
}

/* A result from before a gap or of another stream says nothing about now. */
GST_START_TEST (test_stale_results_end)
{
  Fixture *fixture = test_fixture_new ("repeat-last", "true", NULL);

  expect_steps (fixture, "xx", 0, GST_MSECOND);
  send_qos (fixture, GST_SECOND, 0);
  expect_steps (fixture, "ss", 2 * GST_MSECOND, GST_MSECOND);
  gst_harness_push_event (fixture->harness,
      gst_event_new_gap (4 * GST_MSECOND, GST_MSECOND));
  expect_steps (fixture, "--", 5 * GST_MSECOND, GST_MSECOND);
  expect_steps (fixture, "x", 10 * GST_SECOND, GST_MSECOND);
  test_fixture_free (fixture);
}
GST_END_TEST

/* What is late stays due, for the period too. */
GST_START_TEST (test_late_frames_stay_due)
{
  Fixture *fixture = test_fixture_new ("inference-period", "100000000", NULL);

  expect_steps (fixture, "x", 0, 0);
  send_qos (fixture, 75 * GST_MSECOND, 0);
  expect_steps (fixture, "----xx---x", 75 * GST_MSECOND, 25 * GST_MSECOND);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-qos"), 3);
  test_fixture_free (fixture);
}
GST_END_TEST

static void
classify_at (Fixture *fixture, guint photo, GstClockTime pts,
    double *probabilities)
{
  GstBuffer *buffer;

  push_at (fixture, photo, pts);
  buffer = test_pull (fixture);
  test_get_probabilities (test_get_result (buffer), probabilities);
  gst_buffer_unref (buffer);
}

static Fixture *
smoothing_fixture (const char *time_constant)
{
  return test_fixture_new ("smoothing", time_constant, "top-k", "10", NULL);
}

/* Probabilities of the two photographs without smoothing. */
static void
classify_both (double *horse, double *truck)
{
  Fixture *fixture = smoothing_fixture ("0");

  classify_at (fixture, TEST_HORSE, 0, horse);
  classify_at (fixture, TEST_TRUCK, GST_SECOND, truck);
  test_fixture_free (fixture);
}

/* The documented formula, at uneven times. */
GST_START_TEST (test_smoothing)
{
  static const struct {
    guint photo;
    GstClockTime pts;
  } frames[] = {
    { TEST_HORSE, 0 },
    { TEST_TRUCK, 100 * GST_MSECOND },
    { TEST_TRUCK, 350 * GST_MSECOND },
    { TEST_HORSE, 360 * GST_MSECOND },
    { TEST_TRUCK, 9 * GST_SECOND },
  };
  Fixture *fixture = smoothing_fixture ("500000000");
  double horse[TEST_N_CLASSES], truck[TEST_N_CLASSES];
  double average[TEST_N_CLASSES], found[TEST_N_CLASSES];

  classify_both (horse, truck);
  for (guint f = 0; f < G_N_ELEMENTS (frames); f++) {
    const double *now = frames[f].photo == TEST_HORSE ? horse : truck;
    double weight = 1, sum = 0;

    if (f > 0)
      weight = 1 - exp ((double) frames[f - 1].pts / 5e8 - frames[f].pts / 5e8);
    classify_at (fixture, frames[f].photo, frames[f].pts, found);
    for (guint i = 0; i < TEST_N_CLASSES; i++) {
      average[i] = weight * now[i] + (f > 0 ? (1 - weight) * average[i] : 0);
      sum += found[i];
    }
    test_expect_near (found, average);
    fail_unless (fabs (sum - 1) < 1e-5);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* One odd frame among many does not change the label. */
GST_START_TEST (test_smoothing_ignores_an_outlier)
{
  Fixture *fixture = smoothing_fixture ("500000000");
  guint n_posted;

  for (guint i = 0; i < 20; i++) {
    GstBuffer *buffer;

    push_at (fixture, i == 10 ? TEST_TRUCK : TEST_HORSE,
        i * TEST_FRAME_DURATION);
    buffer = test_pull (fixture);
    fail_unless_equals_int (test_best_class (test_get_result (buffer)),
        TEST_HORSE_CLASS);
    gst_buffer_unref (buffer);
  }
  n_posted = test_count_messages (fixture->bus, GST_MESSAGE_ELEMENT);
  fail_unless_equals_int (n_posted, 1);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_smoothing_begins_anew)
{
  Fixture *fixture = smoothing_fixture ("3600000000000");
  double horse[TEST_N_CLASSES], truck[TEST_N_CLASSES];
  double found[TEST_N_CLASSES];

  classify_both (horse, truck);
  for (guint i = 0; i < 3; i++) {
    classify_at (fixture, TEST_HORSE, 0, found);
    test_expect_near (found, horse);
    if (i == 0)
      test_flush (fixture);
    else if (i == 1)
      gst_harness_push_event (fixture->harness,
          gst_event_new_gap (0, GST_SECOND));
    else
      g_object_set (fixture->element, "smoothing", G_GUINT64_CONSTANT (0),
          NULL);
    classify_at (fixture, TEST_TRUCK, GST_MSECOND, found);
    test_expect_near (found, truck);
    test_flush (fixture);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* Through another stream and its segment, as behind concat, unless running time
 * goes back. */
GST_START_TEST (test_smoothing_goes_on)
{
  Fixture *fixture = smoothing_fixture ("500000000");
  double weight = -expm1 (-0.1 / 0.5), horse[TEST_N_CLASSES];
  double truck[TEST_N_CLASSES], found[TEST_N_CLASSES];
  GstSegment segment;

  classify_both (horse, truck);
  classify_at (fixture, TEST_HORSE, 0, found);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = 100 * GST_MSECOND;
  gst_harness_push_event (fixture->harness,
      gst_event_new_stream_start ("another"));
  gst_harness_push_event (fixture->harness, gst_event_new_segment (&segment));
  classify_at (fixture, TEST_TRUCK, 0, found);
  for (guint i = 0; i < TEST_N_CLASSES; i++)
    horse[i] += weight * (truck[i] - horse[i]);
  test_expect_near (found, horse);

  segment.base = 0;
  gst_harness_push_event (fixture->harness, gst_event_new_segment (&segment));
  classify_at (fixture, TEST_TRUCK, 0, found);
  test_expect_near (found, truck);
  test_fixture_free (fixture);
}
GST_END_TEST

/* The threshold is for what is shown, the average. */
GST_START_TEST (test_smoothing_and_threshold)
{
  Fixture *fixture = test_fixture_new ("smoothing", "1000000000", "threshold",
      "0.75", NULL);

  push_at (fixture, TEST_HORSE, 0);
  fail_unless_equals_int (test_pull_kind (fixture), 'x');
  push_at (fixture, TEST_TRUCK, 700 * GST_MSECOND);
  fail_unless_equals_int (test_pull_kind (fixture), '-');
  push_at (fixture, TEST_TRUCK, 2 * GST_SECOND);
  fail_unless_equals_int (test_pull_kind (fixture), 'x');
  fail_unless_equals_uint64 (test_stat (fixture->element, "below-threshold"),
      1);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Reads the property, as an application would, and so shows that no lock is
 * held. */
static void
count_notifications (GstElement *element, GParamSpec *pspec, gpointer n)
{
  GstStructure *result, *stats;

  g_object_get (element, "last-result", &result, "stats", &stats, NULL);
  if (result)
    ++*(guint *) n;
  gst_clear_structure (&result);
  gst_structure_free (stats);
}

/* For each result, and not for what is stale or missing. */
GST_START_TEST (test_last_result_is_notified)
{
  Fixture *fixture = test_fixture_new ("inference-interval", "2", "repeat-last",
      "true", NULL);
  GstStructure *result;
  guint n = 0;

  g_signal_connect (fixture->element, "notify::last-result",
      G_CALLBACK (count_notifications), &n);
  expect_steps (fixture, "xsxsx", 0, TEST_FRAME_DURATION);
  fail_unless_equals_int (n, 3);
  g_object_get (fixture->element, "last-result", &result, NULL);
  fail_unless_equals_uint64 (test_get_uint64 (result, "frame-number"), 4);
  gst_structure_free (result);

  g_object_set (fixture->element, "threshold", 1.0f, NULL);
  expect_steps (fixture, "s--", GST_SECOND, TEST_FRAME_DURATION);
  fail_unless_equals_int (n, 3);
  test_fixture_free (fixture);
}
GST_END_TEST

/* A lone frame waits so long and no longer; a full batch does not wait. */
GST_START_TEST (test_batch_timeout)
{
  Fixture *fixture = test_fixture_new ("max-batch-size", "4", "batch-timeout",
      "300000000", NULL);
  double mean;
  GstStructure *stats;
  gint64 start = g_get_monotonic_time ();

  push_at (fixture, TEST_HORSE, 0);
  fail_unless_equals_int (test_pull_kind (fixture), 'x');
  fail_unless (g_get_monotonic_time () - start >= 300 * 1000);
  fail_unless (test_stat (fixture->element, "queue-time-p50") >= 299000000);

  for (guint i = 0; i < 4; i++)
    push_at (fixture, TEST_HORSE, i);
  for (guint i = 0; i < 4; i++)
    fail_unless_equals_int (test_pull_kind (fixture), 'x');
  g_object_get (fixture->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_double (stats, "mean-batch", &mean));
  fail_unless (mean == 2.5, "%f frames a batch", mean);
  gst_structure_free (stats);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Frames that are skipped take room: when all is taken nobody waits. */
GST_START_TEST (test_batch_timeout_without_room)
{
  Fixture *fixture = test_fixture_new ("max-batch-size", "16", "batch-timeout",
      "3600000000000", "max-in-flight", "4", "inference-interval", "2", NULL);

  for (guint i = 0; i < 40; i++)
    push_at (fixture, TEST_HORSE, i);
  for (guint i = 0; i < 32; i++)
    fail_unless_equals_int (test_pull_kind (fixture), i % 2 ? '-' : 'x');
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_no_device_memory_on_a_cpu)
{
  Fixture *fixture = test_fixture_new ("backend", "reference", NULL);

  fail_unless_equals_uint64 (test_stat (fixture->element, "device-memory"), 0);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
timing_suite (void)
{
  Suite *suite = suite_create ("timing");
  TCase *tests = test_case_new ("timing");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_period);
  tcase_add_test (tests, test_fate_is_logged);
  tcase_add_test (tests, test_period_does_not_drift);
  tcase_add_test (tests, test_period_begins_anew);
  tcase_add_test (tests, test_interval_goes_on);
  tcase_add_test (tests, test_period_after_a_pause);
  tcase_add_test (tests, test_period_can_be_shortened);
  tcase_add_test (tests, test_period_and_interval);
  tcase_add_test (tests, test_period_is_of_running_time);
  tcase_add_test (tests, test_period_without_timestamps);
  tcase_add_test (tests, test_repeat_last_with_period);
  tcase_add_test (tests, test_stale_results_end);
  tcase_add_test (tests, test_late_frames_stay_due);
  tcase_add_test (tests, test_smoothing);
  tcase_add_test (tests, test_smoothing_ignores_an_outlier);
  tcase_add_test (tests, test_smoothing_begins_anew);
  tcase_add_test (tests, test_smoothing_goes_on);
  tcase_add_test (tests, test_smoothing_and_threshold);
  tcase_add_test (tests, test_last_result_is_notified);
  tcase_add_test (tests, test_batch_timeout);
  tcase_add_test (tests, test_batch_timeout_without_room);
  tcase_add_test (tests, test_no_device_memory_on_a_cpu);
  return suite;
}

GST_CHECK_MAIN (timing)
