/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a player does to a pipeline: seek, loop, pause, play backwards and
 * fast, change formats. Nothing hangs, and every frame that comes out has its
 * result. */

#include "support/pipeline.h"

#define FPS 30

#define TEST_SOURCE                                            \
  "videotestsrc ! video/x-raw,format=I420,width=64,height=48," \
  "framerate=30/1 ! alexnetclassify name=c %s ! "              \
  "fakesink name=sink sync=false"

static Pipeline *
test_source (const char *properties)
{
  char *line = g_strdup_printf (TEST_SOURCE, properties);
  Pipeline *p = test_pipeline_new (line);

  g_free (line);
  return p;
}

/* Prerolled, with what preroll sent forgotten by the flush that follows. */
static void
seek_from_preroll (Pipeline *p, double rate, GstSeekFlags flags,
    GstClockTime start, GstClockTime stop)
{
  test_pipeline_set_state (p, GST_STATE_PAUSED);
  test_pipeline_seek (p, rate, flags | GST_SEEK_FLAG_FLUSH, start, stop);
  gst_element_get_state (p->pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
}

GST_START_TEST (test_seek)
{
  Pipeline *p = test_source ("");

  test_pipeline_count_from_last_flush (p);
  seek_from_preroll (p, 1, GST_SEEK_FLAG_ACCURATE, 2 * GST_SECOND,
      4 * GST_SECOND);
  test_pipeline_run (p);
  fail_unless_equals_int (p->n_frames, 2 * FPS);
  fail_unless_equals_uint64 (p->first, 2 * GST_SECOND);
  test_pipeline_expect_all_classified (p);
  test_pipeline_free (p);
}
GST_END_TEST

GST_START_TEST (test_reverse)
{
  Pipeline *p = test_source ("");
  GstStructure *last;

  test_pipeline_count_from_last_flush (p);
  seek_from_preroll (p, -1, GST_SEEK_FLAG_ACCURATE, GST_SECOND, 3 * GST_SECOND);
  test_pipeline_run (p);
  fail_unless (p->n_frames >= 2 * FPS);
  fail_unless (p->first > p->last);
  test_pipeline_expect_all_classified (p);
  g_object_get (p->element, "last-result", &last, NULL);
  fail_unless (test_get_uint64 (last, "running-time") > GST_SECOND);
  fail_unless (test_get_uint64 (last, "stream-time") < 2 * GST_SECOND);
  gst_structure_free (last);
  test_pipeline_free (p);
}
GST_END_TEST

GST_START_TEST (test_reverse_clip)
{
  Pipeline *p = test_pipeline_new_clip ();

  test_pipeline_count_from_last_flush (p);
  seek_from_preroll (p, -1, 0, 0, 3 * GST_SECOND);
  test_pipeline_run (p);
  test_pipeline_expect_all_classified (p);
  test_pipeline_free (p);
}
GST_END_TEST

/* Ten times as fast: what comes in a second of running time is classified as
 * the period says. */
GST_START_TEST (test_fast)
{
  Pipeline *p = test_source ("inference-period=100000000");

  test_pipeline_count_from_last_flush (p);
  seek_from_preroll (p, 10, GST_SEEK_FLAG_ACCURATE, 0, 10 * GST_SECOND);
  test_pipeline_run (p);
  fail_unless_equals_int (p->n_frames, 10 * FPS);
  fail_unless_equals_int (p->n_results, 10);
  test_pipeline_free (p);
}
GST_END_TEST

GST_START_TEST (test_trick_modes)
{
  static const struct {
    double rate;
    GstSeekFlags flags;
  } modes[] = {
    { 4, GST_SEEK_FLAG_TRICKMODE },
    { 8, GST_SEEK_FLAG_TRICKMODE | GST_SEEK_FLAG_TRICKMODE_KEY_UNITS },
    { -4, GST_SEEK_FLAG_TRICKMODE },
    { 2, GST_SEEK_FLAG_TRICKMODE | GST_SEEK_FLAG_TRICKMODE_NO_AUDIO },
    { 0.5, GST_SEEK_FLAG_KEY_UNIT | GST_SEEK_FLAG_SNAP_NEAREST },
  };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++) {
    Pipeline *p = test_pipeline_new_clip ();

    test_pipeline_count_from_last_flush (p);
    seek_from_preroll (p, modes[i].rate, modes[i].flags, 0, 3 * GST_SECOND);
    test_pipeline_run (p);
    test_pipeline_expect_all_classified (p);
    test_pipeline_free (p);
  }
}
GST_END_TEST

/* Segment seeks without a flush: frames are counted through the rounds. */
GST_START_TEST (test_loop)
{
  Pipeline *p = test_source ("inference-interval=40");

  test_pipeline_count_from_last_flush (p);
  seek_from_preroll (p, 1, GST_SEEK_FLAG_SEGMENT, 0, GST_SECOND);
  gst_element_set_state (p->pipeline, GST_STATE_PLAYING);
  for (guint round = 1; round <= 10; round++) {
    test_pipeline_wait (p, GST_MESSAGE_SEGMENT_DONE);
    test_pipeline_wait_for_frames (p, round * FPS);
    fail_unless_equals_int (p->n_results, (round * FPS + 39) / 40);
    test_pipeline_seek (p, 1, GST_SEEK_FLAG_SEGMENT, 0, GST_SECOND);
  }
  test_pipeline_free (p);
}
GST_END_TEST

GST_START_TEST (test_loop_clip)
{
  Pipeline *p = test_pipeline_new_clip ();

  seek_from_preroll (p, 1, GST_SEEK_FLAG_SEGMENT, 0, GST_SECOND);
  gst_element_set_state (p->pipeline, GST_STATE_PLAYING);
  for (guint round = 0; round < 5; round++) {
    test_pipeline_wait (p, GST_MESSAGE_SEGMENT_DONE);
    test_pipeline_seek (p, 1, GST_SEEK_FLAG_SEGMENT, 0, GST_SECOND);
  }
  test_pipeline_expect_all_classified (p);
  test_pipeline_free (p);
}
GST_END_TEST

/* No frame is lost and none is sent twice. */
GST_START_TEST (test_pause_and_resume)
{
  Pipeline *p = test_source ("");
  GRand *random = g_rand_new_with_seed (2);

  test_pipeline_count_from_last_flush (p);
  seek_from_preroll (p, 1, GST_SEEK_FLAG_ACCURATE, 0, 20 * GST_SECOND);
  for (guint i = 0; i < 50; i++) {
    test_pipeline_set_state (p, GST_STATE_PLAYING);
    g_usleep (g_rand_int_range (random, 0, 5000));
    gst_element_set_state (p->pipeline, GST_STATE_PAUSED);
    g_usleep (g_rand_int_range (random, 0, 1000));
  }
  test_pipeline_run (p);
  fail_unless_equals_int (p->n_frames, 20 * FPS);
  test_pipeline_expect_all_classified (p);
  g_rand_free (random);
  test_pipeline_free (p);
}
GST_END_TEST

/* Frames of the old and the new format are in flight together. */
GST_START_TEST (test_caps_change)
{
  static const char *const changes[] = {
    "format=NV12,width=321,height=241",
    "format=RGB,width=33,height=65",
    "format=GRAY8,width=1,height=1",
    "format=YUY2,width=7,height=3,pixel-aspect-ratio=2/1",
    "format=P010_10LE,width=1280,height=720",
    "format=BGRA,width=640,height=2",
  };
  Pipeline *p = test_pipeline_new ("videotestsrc num-buffers=600 ! "
                                   "capsfilter name=f "
                                   "caps-change-mode=delayed ! "
                                   "alexnetclassify name=c ! "
                                   "fakesink name=sink sync=false");
  GstElement *filter = gst_bin_get_by_name (GST_BIN (p->pipeline), "f");

  test_pipeline_set_state (p, GST_STATE_PLAYING);
  for (guint i = 0; i < 12; i++) {
    char *caps = g_strdup_printf ("video/x-raw,framerate=30/1,%s",
        changes[i % G_N_ELEMENTS (changes)]);

    gst_util_set_object_arg (G_OBJECT (filter), "caps", caps);
    g_usleep (10 * 1000);
    g_free (caps);
  }
  test_pipeline_wait (p, GST_MESSAGE_EOS);
  fail_unless_equals_int (p->n_frames, 600);
  test_pipeline_expect_all_classified (p);
  gst_object_unref (filter);
  test_pipeline_free (p);
}
GST_END_TEST

/* Ten clips of five frames are one stream of fifty. */
GST_START_TEST (test_concat)
{
  GString *line = g_string_new ("concat name=all ! alexnetclassify name=c "
                                "inference-interval=10 ! "
                                "fakesink name=sink sync=false");
  Pipeline *p;

  for (guint i = 0; i < 10; i++)
    g_string_append (line, " videotestsrc num-buffers=5 ! all.");
  p = test_pipeline_new (line->str);
  test_pipeline_run (p);
  fail_unless_equals_int (p->n_frames, 50);
  fail_unless_equals_uint64 (test_stat (p->element, "inferred"), 5);
  fail_unless_equals_uint64 (test_stat (p->element, "skipped-interval"), 45);
  test_pipeline_free (p);
  g_string_free (line, TRUE);
}
GST_END_TEST

static GstPadProbeReturn
count_gaps (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_GAP)
    g_atomic_int_inc ((gint *) n);
  return GST_PAD_PROBE_OK;
}

static void
add_gap_probe (GstElement *element, const char *name, gint *n)
{
  GstPad *pad = gst_element_get_static_pad (element, name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, count_gaps, n,
      NULL);
  gst_object_unref (pad);
}

/* A valve that is shut while the source goes on: as many gaps are let in as
 * frames would be, and one more waits. */
GST_START_TEST (test_gaps_alone)
{
  Pipeline *p = test_pipeline_new (
      "videotestsrc num-buffers=50 ! valve drop=true "
      "drop-mode=transform-to-gap ! alexnetclassify name=c max-in-flight=4 ! "
      "fakesink name=sink sync=false");
  gint n_in = 0, n_out = 0;

  add_gap_probe (p->element, "sink", &n_in);
  add_gap_probe (p->sink, "sink", &n_out);
  test_pipeline_set_state (p, GST_STATE_PAUSED);
  while (g_atomic_int_get (&n_in) < 4 + 1)
    g_usleep (1000);
  g_usleep (50 * 1000);
  fail_unless_equals_int (g_atomic_int_get (&n_in), 4 + 1);
  test_pipeline_run (p);
  fail_unless_equals_int (n_out, 50);
  test_pipeline_free (p);
}
GST_END_TEST

static GstPadProbeReturn
shut_valve (GstPad *pad, GstPadProbeInfo *info, gpointer valve)
{
  g_object_set (valve, "drop", TRUE, NULL);
  return GST_PAD_PROBE_REMOVE;
}

/* The same when downstream has had enough: no frame comes to be told so, and
 * the sink takes a gap as long as it lasts. */
GST_START_TEST (test_gaps_after_eos)
{
  Pipeline *p = test_pipeline_new (
      "videotestsrc ! video/x-raw,framerate=1/1000 ! valve name=v "
      "drop-mode=transform-to-gap ! alexnetclassify name=c max-in-flight=4 ! "
      "identity eos-after=1 ! fakesink name=sink sync=true");
  GstElement *valve = gst_bin_get_by_name (GST_BIN (p->pipeline), "v");
  GstPad *pad = gst_element_get_static_pad (valve, "src");
  gint n_in = 0;

  add_gap_probe (p->element, "sink", &n_in);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, shut_valve, valve, NULL);
  test_pipeline_set_state (p, GST_STATE_PLAYING);
  while (g_atomic_int_get (&n_in) < 4 + 1)
    g_usleep (1000);
  g_usleep (50 * 1000);
  fail_unless_equals_int (g_atomic_int_get (&n_in), 4 + 1);
  gst_object_unref (pad);
  gst_object_unref (valve);
  test_pipeline_free (p);
}
GST_END_TEST

static Suite *
playback_suite (void)
{
  Suite *suite = suite_create ("playback");
  TCase *tests = test_case_new ("playback");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_seek);
  tcase_add_test (tests, test_reverse);
  tcase_add_test (tests, test_reverse_clip);
  tcase_add_test (tests, test_fast);
  tcase_add_test (tests, test_trick_modes);
  tcase_add_test (tests, test_loop);
  tcase_add_test (tests, test_loop_clip);
  tcase_add_test (tests, test_pause_and_resume);
  tcase_add_test (tests, test_caps_change);
  tcase_add_test (tests, test_concat);
  tcase_add_test (tests, test_gaps_alone);
  tcase_add_test (tests, test_gaps_after_eos);
  return suite;
}

GST_CHECK_MAIN (playback)
