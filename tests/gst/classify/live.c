/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A live source, a sink that shows each frame in time and drops what is late:
 * what the element says of its latency has to be true. */

#include "support/pipeline.h"

#define N_FRAMES 60

/* A sink that drops what is 150 ms late: a busy machine may be as late. */
#define LIVE_LINE(properties)                                      \
  "videotestsrc is-live=true num-buffers=60 ! "                    \
  "video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! " \
  "alexnetclassify name=c " properties " ! "                       \
  "fakesink name=sink sync=true qos=true max-lateness=150000000"

/* With a model that plain C computes in time, too. */
static Pipeline *
live_pipeline_new (const char *line)
{
  char *model = test_data_path ("models/torchvision-narrow.safetensors");
  Pipeline *p = test_pipeline_new (line);

  g_object_set (p->element, "model-file", model, NULL);
  g_free (model);
  return p;
}

static guint64
sink_stat (Pipeline *p, const char *field)
{
  GstStructure *stats;
  guint64 value;

  g_object_get (p->sink, "stats", &stats, NULL);
  value = test_get_uint64 (stats, field);
  gst_structure_free (stats);
  return value;
}

static void
expect_nothing_dropped (const char *line)
{
  Pipeline *p = live_pipeline_new (line);

  test_pipeline_run (p);
  fail_unless_equals_uint64 (sink_stat (p, "dropped"), 0);
  fail_unless_equals_uint64 (sink_stat (p, "rendered"), N_FRAMES);
  fail_unless_equals_uint64 (test_stat (p->element, "skipped-qos"), 0);
  fail_unless_equals_uint64 (test_stat (p->element, "inferred"), N_FRAMES);
  test_pipeline_free (p);
}

GST_START_TEST (test_live)
{
  expect_nothing_dropped (LIVE_LINE (""));
}
GST_END_TEST

/* Frames wait 500 ms for a batch of 16, which takes 33 more to fill. */
GST_START_TEST (test_live_with_batch_timeout)
{
  expect_nothing_dropped (LIVE_LINE ("batch-timeout=500000000"));
}
GST_END_TEST

/* What is in the element, taken at each frame that goes in. */
typedef struct {
  guint promised; /* buffers that were asked for */
  gint inside, most;
} Depth;

static GstPadProbeReturn
read_allocation (GstPad *pad, GstPadProbeInfo *info, gpointer depth)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION)
    gst_query_parse_nth_allocation_pool (query, 0, NULL, NULL,
        &((Depth *) depth)->promised, NULL);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
count_in (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Depth *depth = user_data;
  gint before = g_atomic_int_add (&depth->inside, 1);

  depth->most = MAX (depth->most, before);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
count_out (GstPad *pad, GstPadProbeInfo *info, gpointer depth)
{
  g_usleep (50 * 1000);
  g_atomic_int_add (&((Depth *) depth)->inside, -1);
  return GST_PAD_PROBE_OK;
}

/* The source is asked for as many buffers as are kept where frames queue up. */
GST_START_TEST (test_live_buffers)
{
  Pipeline *p = live_pipeline_new (LIVE_LINE (""));
  GstPad *sink = gst_element_get_static_pad (p->element, "sink");
  Depth depth = { 0 };

  gst_pad_add_probe (sink,
      GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM | GST_PAD_PROBE_TYPE_PULL,
      read_allocation, &depth, NULL);
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, count_in, &depth, NULL);
  test_pipeline_add_probe (p, count_out, &depth);
  g_object_set (p->sink, "sync", FALSE, NULL);
  test_pipeline_run (p);
  fail_unless_equals_int (depth.promised, 4);
  fail_unless_equals_int (depth.most, 4);
  gst_object_unref (sink);
  test_pipeline_free (p);
}
GST_END_TEST

static void
dawdle (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer unused)
{
  g_usleep (50 * 1000);
}

/* The sink takes 50 ms for a frame that comes each 33: the element saves its
 * work and no frame. */
GST_START_TEST (test_live_with_a_slow_sink)
{
  Pipeline *p = live_pipeline_new (LIVE_LINE (""));

  g_object_set (p->sink, "max-lateness", G_GINT64_CONSTANT (-1),
      "signal-handoffs", TRUE, NULL);
  g_signal_connect (p->sink, "handoff", G_CALLBACK (dawdle), NULL);
  test_pipeline_run (p);
  fail_unless_equals_uint64 (sink_stat (p, "rendered"), N_FRAMES);
  fail_unless_equals_int (p->n_frames, N_FRAMES);
  fail_unless (test_stat (p->element, "skipped-qos") > 0);
  fail_unless_equals_uint64 (test_stat (p->element, "inferred") +
          test_stat (p->element, "skipped-qos"),
      N_FRAMES);
  test_pipeline_free (p);
}
GST_END_TEST

static Suite *
live_suite (void)
{
  Suite *suite = suite_create ("live");
  TCase *tests = test_case_new ("live");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_live);
  tcase_add_test (tests, test_live_with_batch_timeout);
  tcase_add_test (tests, test_live_buffers);
  tcase_add_test (tests, test_live_with_a_slow_sink);
  return suite;
}

GST_CHECK_MAIN (live)
