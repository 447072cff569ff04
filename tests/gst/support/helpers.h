/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the element's tests share: an alexnetclassify between two test pads,
 * frames with real photographs on them, and a record of what came out. */

#ifndef ALEXNET_TEST_HELPERS_H
#define ALEXNET_TEST_HELPERS_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#define TEST_RESULT "alexnet-classification"
#define TEST_FRAME_DURATION (GST_SECOND / 30)

/* Sample photographs that the demonstration model is sure of. */
#define TEST_HORSE 382
#define TEST_TRUCK 170
#define TEST_HORSE_CLASS 7
#define TEST_TRUCK_CLASS 9
#define TEST_N_CLASSES 10

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

/* Of the demonstration model and of a file of tests/data; to be freed. */
char *test_model_path (void);
char *test_data_path (const char *name);

/* An alexnetclassify with the demonstration model and these property names
 * and values, NULL-terminated, in state NULL. */
GstElement *test_element_new (const char *first, ...);

/* The same, PLAYING between two pads, with a bus; stream-start, caps (32x32
 * RGB, 30 fps) and segment have gone in. */
Fixture *test_fixture_new (const char *first, ...);
void test_fixture_free (Fixture *fixture);

/* A photograph of the sample as a frame of `caps`. */
GstBuffer *test_frame_new (guint photo, GstCaps *caps);

/* One frame as another of the same size and frame rate. */
void test_convert (GstBuffer *out, const GstVideoInfo *out_info, GstBuffer *in,
    const GstVideoInfo *in_info);

/* Sends the horse, timestamp by its number; returns what chain returned. */
GstFlowReturn test_push (Fixture *fixture);
GstFlowReturn test_push_photo (Fixture *fixture, guint photo);

/* Sends a serialized custom event with a name. */
gboolean test_push_custom (Fixture *fixture, const char *name);
gboolean test_push_eos (Fixture *fixture);

/* The next frame that came out; fails after some seconds. */
GstBuffer *test_pull (Fixture *fixture);

/* Waits until the record has so many entries, then compares it with what is
 * expected, separated by commas. */
void test_expect_record (Fixture *fixture, const char *expected);
void test_clear_record (Fixture *fixture);

/* NULL when the buffer carries no result. */
const GstStructure *test_get_result (GstBuffer *buffer);
guint test_n_classes (const GstStructure *result);
int test_best_class (const GstStructure *result);

/* Probabilities by class, of a result that has all of them; and whether they
 * are nearly those. */
void test_get_probabilities (const GstStructure *result, double *probabilities);
void test_expect_near (const double *found, const double *expected);

guint64 test_get_uint64 (const GstStructure *structure, const char *field);

/* Attaches what an alexnetclassify could have: fields in the notation of
 * gst_structure_from_string(), as "labels=<cat>, class-ids=<3>, ...". The
 * plugin is loaded. The structure belongs to the buffer. */
GstStructure *test_add_result (GstBuffer *buffer, const char *fields);

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
