/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the element's tests share: an alexnetclassify between two test pads,
 * frames with real photographs on them, and a record of what came out. */

#ifndef ALEXNET_TEST_HELPERS_H
#define ALEXNET_TEST_HELPERS_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "results.h"

#define TEST_CAPS "video/x-raw,format=RGB,width=32,height=32,framerate=30/1"
#define TEST_FRAME_DURATION (GST_SECOND / 30)

/* Sample photographs that the demonstration model is sure of. */
#define TEST_HORSE 382
#define TEST_TRUCK 170
#define TEST_HORSE_CLASS 7
#define TEST_TRUCK_CLASS 9

/* Property values that keep up to seven frames in flight: a batch that waits
 * for its eighth. */
#define TEST_HOLD "max-batch-size", "8", "batch-timeout", "3600000000000"

typedef struct {
  GstHarness *harness;
  GstElement *element;
  GstBus *bus;
  GstCaps *caps;
  GMutex lock;
  GPtrArray *record; /* strings: "caps", "frame 3", "eos", ... */
  guint n_pushed;
} Fixture;

/* A test case whose tests are watched: one that hangs shows where and ends. */
TCase *test_case_new (const char *name);

/* Whether this GStreamer has such an element, of 1.`minor` or newer. */
gboolean test_has_feature (const char *name, guint minor);

/* Whether plain C computes, a hundred times as slow, so that a test has to do
 * with fewer frames: this build is without oneDNN. */
gboolean test_is_slow (void);

/* Of the demonstration model and of a file of tests/data; to be freed. */
char *test_model_path (void);
char *test_data_path (const char *name);

/* A gst-launch line in which each alexnetclassify gets the demonstration
 * model; to be freed. */
char *test_line_new (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* An alexnetclassify with the demonstration model and these property names
 * and values, NULL-terminated, in state NULL. */
GstElement *test_element_new (const char *first, ...);

/* The same, PLAYING between two pads, with a bus; stream-start, caps
 * (TEST_CAPS) and segment have gone in. */
Fixture *test_fixture_new (const char *first, ...);

/* With the elements of a gst-launch line instead, and neither element, bus nor
 * record. */
Fixture *test_fixture_new_line (const char *line);
void test_fixture_free (Fixture *fixture);

/* What the sheet of all photographs shows from (x, y) on, as a frame of RGB. */
GstBuffer *test_part_new (guint x, guint y, const GstVideoInfo *info);

/* A photograph of the sample as a frame of `caps`. */
GstBuffer *test_frame_new (guint photo, GstCaps *caps);
GstBuffer *test_photo_new (guint photo); /* of TEST_CAPS */

/* One frame as another of the same size and frame rate. */
void test_convert (GstBuffer *out, const GstVideoInfo *out_info, GstBuffer *in,
    const GstVideoInfo *in_info);

/* Sends caps, which the fixture has from here on. */
void test_set_caps (Fixture *fixture, const char *line);

/* Sends the horse, timestamp by its number; returns what chain returned. */
GstFlowReturn test_push (Fixture *fixture);
GstFlowReturn test_push_photo (Fixture *fixture, guint photo);

/* Of a thread: sends horses until one is refused; returns the flow. */
gpointer test_push_until_refused (gpointer fixture);

/* Sends a serialized custom event with a name. */
gboolean test_push_custom (Fixture *fixture, const char *name);
gboolean test_push_eos (Fixture *fixture);

/* In time, whose first frame has the stream time `start`. */
void test_push_segment (Fixture *fixture, double rate, GstClockTime start,
    GstClockTime stop);

/* FLUSH_START, FLUSH_STOP and a segment. */
void test_flush (Fixture *fixture);

/* The fixture's caps again, of frames in CUDA's memory. */
void test_push_cuda_caps (Fixture *fixture);

/* The next frame that came out; fails after some seconds. */
GstBuffer *test_pull (Fixture *fixture);

/* Sends the horse, which comes out as one. */
void test_expect_horse (Fixture *fixture);

/* Of the next frame, and of the horse that is sent first: see
 * test_result_kind(). */
char test_pull_kind (Fixture *fixture);
char test_push_pull_kind (Fixture *fixture);

/* Sends a frame and waits for it. */
GstBuffer *test_push_pull (Fixture *fixture, GstBuffer *buffer);

/* Waits until the record has so many entries, then compares it with what is
 * expected, separated by commas. */
void test_expect_record (Fixture *fixture, const char *expected);
void test_clear_record (Fixture *fixture);

/* A property that is a string; to be freed. */
char *test_get_string (GstElement *element, const char *property);

/* A counter of the property "stats". */
guint64 test_stat (GstElement *element, const char *field);

/* The next message of this type, waited for; the caller frees it. */
GstMessage *test_pop_message (GstBus *bus, GstMessageType type);

/* How many messages of this type are waiting now; drops them. */
guint test_count_messages (GstBus *bus, GstMessageType type);

/* Sets the state, expects failure, and returns the text of the one error that
 * was posted. */
char *test_expect_error (GstElement *element, GstState state);

/* Writes a temporary file; its path, to be removed and freed. */
char *test_write_file (const char *contents, gssize size);

/* Copies the model with `patch` applied to its bytes; returns the path of a
 * temporary file, to be removed and freed. */
typedef void (*TestPatch) (GByteArray *bytes);
char *test_patched_model (TestPatch patch);

#endif /* ALEXNET_TEST_HELPERS_H */
