/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One competitor of bench.py: the element in a pipeline, with the frames and
 * the answers of "bench-engine frames".
 *
 *     bench-pipeline MODEL PRECISION THREADS BATCH */

#include <stdio.h>
#include <stdlib.h>

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

typedef struct {
  GstElement *pipeline, *source;
  GstBuffer *frame;
  GMutex lock;
  GCond changed;
  guint64 n_out;
} Bench;

static GstPadProbeReturn
count_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Bench *self = data;

  g_mutex_lock (&self->lock);
  self->n_out++;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

static void
make_frame (Bench *self)
{
  guint8 *pixels = g_malloc (640 * 480 * 3);

  for (guint i = 0; i < 640 * 480 * 3; i++)
    pixels[i] = (guint8) (i * 2654435761u >> 24);
  self->frame = gst_buffer_new_wrapped (pixels, 640 * 480 * 3);
}

static void
open_bench (Bench *self, char *argv[])
{
  g_autofree char *line = g_strdup_printf (
      "appsrc name=source format=time block=true max-buffers=2 "
      "caps=video/x-raw,format=RGB,width=640,height=480,framerate=0/1 "
      "! alexnetclassify backend=cpu model-file=\"%s\" precision=%s "
      "cpu-threads=%s max-batch-size=%s max-in-flight=%d "
      "! fakesink name=sink sync=false",
      argv[1], argv[2], argv[3], argv[4], 2 * atoi (argv[4]));
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GstPad) pad = NULL;

  self->pipeline = gst_parse_launch (line, &error);
  if (error) {
    fprintf (stderr, "bench-pipeline: %s\n", error->message);
    exit (1);
  }
  self->source = gst_bin_get_by_name (GST_BIN (self->pipeline), "source");
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count_frame, self, NULL);
  make_frame (self);
}

/* Pushes n frames and waits until all of them are out. */
static void
run_frames (Bench *self, guint n)
{
  guint64 end = self->n_out + n;
  gint64 deadline = g_get_monotonic_time () + 600 * G_TIME_SPAN_SECOND;

  for (guint i = 0; i < n; i++) {
    GstBuffer *buffer = gst_buffer_copy (self->frame);

    GST_BUFFER_PTS (buffer) = (end - n + i) * GST_MSECOND;
    if (gst_app_src_push_buffer (GST_APP_SRC (self->source), buffer) !=
        GST_FLOW_OK) {
      fprintf (stderr, "bench-pipeline: the pipeline takes no frames\n");
      exit (1);
    }
  }
  g_mutex_lock (&self->lock);
  while (self->n_out < end)
    if (!g_cond_wait_until (&self->changed, &self->lock, deadline)) {
      fprintf (stderr, "bench-pipeline: frames got lost\n");
      exit (1);
    }
  g_mutex_unlock (&self->lock);
}

int
main (int argc, char *argv[])
{
  Bench bench = { 0 };
  int n, batch;

  gst_init (&argc, &argv);
  if (argc != 5) {
    fprintf (stderr, "usage: bench-pipeline MODEL PRECISION THREADS BATCH\n");
    return 2;
  }
  open_bench (&bench, argv);
  batch = atoi (argv[4]);
  gst_element_set_state (bench.pipeline, GST_STATE_PLAYING);
  run_frames (&bench, (guint) batch);
  printf ("ready\n");
  fflush (stdout);
  while (scanf ("%d", &n) == 1) {
    gint64 start = g_get_monotonic_time ();

    run_frames (&bench, (guint) (n * batch));
    printf ("%.6f\n", (double) (g_get_monotonic_time () - start) / 1e6);
    fflush (stdout);
  }
  gst_element_set_state (bench.pipeline, GST_STATE_NULL);
  gst_buffer_unref (bench.frame);
  gst_object_unref (bench.source);
  gst_object_unref (bench.pipeline);
  return 0;
}
