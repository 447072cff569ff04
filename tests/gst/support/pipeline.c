/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "pipeline.h"

static GstPadProbeReturn
count (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  Pipeline *p = user_data;

  g_mutex_lock (&p->lock);
  if (p->n_frames++ == 0)
    p->first = GST_BUFFER_PTS (buffer);
  p->last = GST_BUFFER_PTS (buffer);
  if (test_get_result (buffer))
    p->n_results++;
  g_mutex_unlock (&p->lock);
  return GST_PAD_PROBE_OK;
}

Pipeline *
test_pipeline_new (const char *line)
{
  Pipeline *p = g_new0 (Pipeline, 1);
  char *model = test_model_path ();
  GError *error = NULL;
  GstPad *src;

  p->pipeline = gst_parse_launch (line, &error);
  fail_unless (p->pipeline && !error, "%s", error ? error->message : line);
  p->element = gst_bin_get_by_name (GST_BIN (p->pipeline), "c");
  p->sink = gst_bin_get_by_name (GST_BIN (p->pipeline), "sink");
  p->bus = gst_element_get_bus (p->pipeline);
  g_mutex_init (&p->lock);
  g_object_set (p->element, "model-file", model, NULL);
  src = gst_element_get_static_pad (p->element, "src");
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, count, p, NULL);
  gst_object_unref (src);
  g_free (model);
  return p;
}

Pipeline *
test_pipeline_new_clip (void)
{
  char *line = g_strdup_printf ("filesrc location=\"%s\" ! matroskademux ! "
                                "vp8dec ! alexnetclassify name=c ! "
                                "fakesink name=sink sync=false",
      g_getenv ("ALEXNET_TEST_CLIP"));
  Pipeline *p = test_pipeline_new (line);

  g_free (line);
  return p;
}

void
test_pipeline_add_probe (Pipeline *p, GstPadProbeCallback probe,
    gpointer user_data)
{
  GstPad *pad = gst_element_get_static_pad (p->sink, "sink");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, user_data, NULL);
  gst_object_unref (pad);
}

void
test_pipeline_free (Pipeline *p)
{
  gst_element_set_state (p->pipeline, GST_STATE_NULL);
  gst_object_unref (p->bus);
  gst_object_unref (p->sink);
  gst_object_unref (p->element);
  gst_object_unref (p->pipeline);
  g_mutex_clear (&p->lock);
  g_free (p);
}

void
test_pipeline_set_state (Pipeline *p, GstState state)
{
  GstStateChangeReturn ret = gst_element_set_state (p->pipeline, state);

  if (ret == GST_STATE_CHANGE_ASYNC)
    ret = gst_element_get_state (p->pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  fail_if (ret == GST_STATE_CHANGE_FAILURE || ret == GST_STATE_CHANGE_ASYNC);
}

static void
fail_with (GstMessage *message)
{
  GError *error;

  gst_message_parse_error (message, &error, NULL);
  fail ("%s", error->message);
}

void
test_pipeline_wait (Pipeline *p, GstMessageType type)
{
  GstMessageType seen = GST_MESSAGE_UNKNOWN;

  while (!(seen & type)) {
    GstMessage *message = gst_bus_timed_pop_filtered (p->bus,
        GST_CLOCK_TIME_NONE, type | GST_MESSAGE_ERROR | GST_MESSAGE_LATENCY);

    seen = GST_MESSAGE_TYPE (message);
    if (seen == GST_MESSAGE_ERROR)
      fail_with (message);
    else if (seen == GST_MESSAGE_LATENCY)
      gst_bin_recalculate_latency (GST_BIN (p->pipeline));
    gst_message_unref (message);
  }
}

void
test_pipeline_run (Pipeline *p)
{
  fail_if (gst_element_set_state (p->pipeline, GST_STATE_PLAYING) ==
      GST_STATE_CHANGE_FAILURE);
  test_pipeline_wait (p, GST_MESSAGE_EOS);
}

void
test_pipeline_seek (Pipeline *p, double rate, GstSeekFlags flags,
    GstClockTime start, GstClockTime stop)
{
  fail_unless (gst_element_seek (p->pipeline, rate, GST_FORMAT_TIME, flags,
      GST_SEEK_TYPE_SET, start, GST_SEEK_TYPE_SET, stop));
}

void
test_pipeline_forget (Pipeline *p)
{
  g_mutex_lock (&p->lock);
  p->n_frames = p->n_results = 0;
  g_mutex_unlock (&p->lock);
}

static GstPadProbeReturn
forget_at_flush (GstPad *pad, GstPadProbeInfo *info, gpointer p)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_FLUSH_STOP)
    test_pipeline_forget (p);
  return GST_PAD_PROBE_OK;
}

void
test_pipeline_count_from_last_flush (Pipeline *p)
{
  GstPad *src = gst_element_get_static_pad (p->element, "src");

  gst_pad_add_probe (src,
      GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      forget_at_flush, p, NULL);
  gst_object_unref (src);
}

void
test_pipeline_wait_for_frames (Pipeline *p, guint n)
{
  guint n_frames;

  do {
    g_usleep (1000);
    g_mutex_lock (&p->lock);
    n_frames = p->n_frames;
    g_mutex_unlock (&p->lock);
  } while (n_frames < n);
  fail_unless_equals_int (n_frames, n);
}

void
test_pipeline_expect_all_classified (Pipeline *p)
{
  fail_unless (p->n_frames > 0);
  fail_unless_equals_int (p->n_results, p->n_frames);
}
