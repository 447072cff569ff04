/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole pipelines, run as an application runs them. */

#ifndef ALEXNET_TEST_PIPELINE_H
#define ALEXNET_TEST_PIPELINE_H

#include "helpers.h"

/* Counts of what came out of the element, read once at the end. */
typedef struct {
  GstElement *pipeline, *element, *sink;
  GstBus *bus;
  GMutex lock;
  guint n_frames, n_results; /* since the last test_pipeline_forget() */
  GstClockTime first, last;  /* timestamps of these */
} Pipeline;

/* A gst-launch line with an alexnetclassify named "c", which gets the
 * demonstration model, and a sink named "sink". State NULL. */
Pipeline *test_pipeline_new (const char *line);

/* One of the sample clip, really demuxed and decoded. */
Pipeline *test_pipeline_new_clip (void);

void test_pipeline_free (Pipeline *p);

/* Sees the buffers that reach the sink. */
void test_pipeline_add_probe (Pipeline *p, GstPadProbeCallback probe,
    gpointer user_data);

/* Waits until the state is reached. */
void test_pipeline_set_state (Pipeline *p, GstState state);

/* Waits for this message, answers LATENCY meanwhile; an error fails. */
void test_pipeline_wait (Pipeline *p, GstMessageType type);

/* PLAYING until EOS. */
void test_pipeline_run (Pipeline *p);

void test_pipeline_seek (Pipeline *p, double rate, GstSeekFlags flags,
    GstClockTime start, GstClockTime stop);

/* Counts begin anew, now or with each flush that comes out. */
void test_pipeline_forget (Pipeline *p);
void test_pipeline_count_from_last_flush (Pipeline *p);

/* Waits for this many frames and expects no more: what the bus says about the
 * source may overtake the frames. */
void test_pipeline_wait_for_frames (Pipeline *p, guint n);

/* There were frames, and each has its result. */
void test_pipeline_expect_all_classified (Pipeline *p);

#endif /* ALEXNET_TEST_PIPELINE_H */
