/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many elements in one process: one engine, and nobody's trouble is another's.
 */

#include "alexnet.h"
#include "support/helpers.h"

#define N_STREAMS 32
#define FOREVER "3600000000000"

static double
get_mean_batch (GstElement *element)
{
  GstStructure *stats;
  double mean;

  g_object_get (element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_double (stats, "mean-batch", &mean));
  gst_structure_free (stats);
  return mean;
}

static int
pull_class (Fixture *fixture)
{
  GstBuffer *buffer = test_pull (fixture);
  int best = test_best_class (test_get_result (buffer));

  gst_buffer_unref (buffer);
  return best;
}

/* Even streams show the horse, odd ones the truck. */
static guint
photo_of (guint stream)
{
  return stream % 2 ? TEST_TRUCK : TEST_HORSE;
}

static int
class_of (guint stream)
{
  return stream % 2 ? TEST_TRUCK_CLASS : TEST_HORSE_CLASS;
}

/* A batch that waits for 32 frames is filled by as many streams with one
 * each: they have one engine. */
GST_START_TEST (test_32_streams_fill_one_batch)
{
  Fixture *streams[N_STREAMS];

  for (guint i = 0; i < N_STREAMS; i++)
    streams[i] = test_fixture_new ("max-batch-size", "32", "batch-timeout",
        FOREVER, NULL);
  for (guint round = 0; round < 3; round++) {
    for (guint i = 0; i < N_STREAMS; i++)
      test_push_photo (streams[i], photo_of (i));
    for (guint i = 0; i < N_STREAMS; i++)
      fail_unless_equals_int (pull_class (streams[i]), class_of (i));
  }
  for (guint i = 0; i < N_STREAMS; i++) {
    fail_unless (get_mean_batch (streams[i]->element) == N_STREAMS);
    test_fixture_free (streams[i]);
  }
}
GST_END_TEST

typedef struct {
  Fixture *fixture;
  guint number;
  guint n_frames, n_right;
} Stream;

static gpointer
push_frames (gpointer data)
{
  Stream *stream = data;

  for (guint i = 0; i < stream->n_frames; i++)
    if (test_push_photo (stream->fixture, photo_of (stream->number)) !=
        GST_FLOW_OK)
      break;
  test_push_eos (stream->fixture);
  return NULL;
}

static void
pull_frames (Stream *stream)
{
  for (guint i = 0; i < stream->n_frames; i++) {
    GstBuffer *buffer = test_pull (stream->fixture);
    const GstStructure *result = test_get_result (buffer);

    if (result && test_best_class (result) == class_of (stream->number) &&
        test_get_uint64 (result, "frame-number") == i)
      stream->n_right++;
    gst_buffer_unref (buffer);
  }
}

static GstFlowReturn
refuse (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  return GST_FLOW_ERROR;
}

/* The first refuses its frames, the second is stuck downstream; the third is
 * stopped in mid-stream. */
static gulong
trouble (Stream *streams)
{
  gst_pad_set_chain_function (streams[0].fixture->harness->sinkpad, refuse);
  return gst_pad_add_probe (streams[1].fixture->harness->sinkpad,
      GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, NULL, NULL, NULL);
}

/* All at once, each from a thread of its own: every frame gets its own result,
 * in order, and three streams in trouble are nobody else's. */
GST_START_TEST (test_32_streams_at_once)
{
  Stream streams[N_STREAMS] = { { NULL } };
  GThread *threads[N_STREAMS];
  gulong block;

  for (guint i = 0; i < N_STREAMS; i++) {
    streams[i].fixture = test_fixture_new ("max-in-flight", "4", NULL);
    streams[i].number = i;
    streams[i].n_frames = test_is_slow () ? 8 : 40;
  }
  block = trouble (streams);
  for (guint i = 0; i < N_STREAMS; i++)
    threads[i] = g_thread_new ("push", push_frames, &streams[i]);
  gst_element_set_state (streams[2].fixture->element, GST_STATE_NULL);
  for (guint i = 3; i < N_STREAMS; i++) {
    pull_frames (&streams[i]);
    fail_unless_equals_int (streams[i].n_right, streams[i].n_frames);
    fail_unless_equals_int (test_count_messages (streams[i].fixture->bus,
                                GST_MESSAGE_ERROR),
        0);
  }
  gst_pad_remove_probe (streams[1].fixture->harness->sinkpad, block);
  pull_frames (&streams[1]);
  fail_unless_equals_int (streams[1].n_right, streams[1].n_frames);
  fail_unless_equals_int (test_count_messages (streams[0].fixture->bus,
                              GST_MESSAGE_ERROR),
      1);
  for (guint i = 0; i < N_STREAMS; i++) {
    g_thread_join (threads[i]);
    test_fixture_free (streams[i].fixture);
  }
}
GST_END_TEST

/* Broken frames, a flush and another format on one; on the other nothing. */
GST_START_TEST (test_errors_stay_with_their_stream)
{
  Fixture *bad = test_fixture_new (NULL), *good = test_fixture_new (NULL);

  for (guint i = 0; i < 20; i++) {
    gst_harness_push (bad->harness, gst_buffer_new_allocate (NULL, 7, NULL));
    test_push (good);
    gst_buffer_unref (test_pull (bad));
    fail_unless_equals_int (pull_class (good), TEST_HORSE_CLASS);
  }
  gst_harness_push_event (bad->harness, gst_event_new_flush_start ());
  test_push (good);
  fail_unless_equals_int (pull_class (good), TEST_HORSE_CLASS);
  fail_unless_equals_uint64 (test_stat (bad->element, "errors"), 20);
  fail_unless_equals_uint64 (test_stat (good->element, "errors"), 0);
  fail_unless_equals_int (test_count_messages (good->bus,
                              GST_MESSAGE_ERROR | GST_MESSAGE_WARNING),
      0);
  test_fixture_free (bad);
  test_fixture_free (good);
}
GST_END_TEST

static Fixture *
pairing_fixture (const char *engine_id)
{
  return test_fixture_new ("max-batch-size", "2", "batch-timeout", FOREVER,
      "engine-id", engine_id, NULL);
}

/* A frame that waits for a second one does not get it from another engine. */
GST_START_TEST (test_engine_id)
{
  Fixture *a = pairing_fixture ("a"), *b = pairing_fixture ("b");
  Fixture *again = pairing_fixture ("a");

  test_push (b);
  for (guint i = 0; i < 2; i++)
    test_push (a);
  for (guint i = 0; i < 2; i++)
    fail_unless_equals_int (pull_class (a), TEST_HORSE_CLASS);
  fail_unless_equals_int (gst_harness_buffers_received (b->harness), 0);
  fail_unless_equals_uint64 (test_stat (a->element, "batches"), 1);

  test_push_photo (again, TEST_TRUCK);
  test_push (a);
  fail_unless_equals_int (pull_class (again), TEST_TRUCK_CLASS);
  fail_unless_equals_int (pull_class (a), TEST_HORSE_CLASS);
  fail_unless_equals_int (gst_harness_buffers_received (b->harness), 0);
  test_fixture_free (a);
  test_fixture_free (b);
  test_fixture_free (again);
}
GST_END_TEST

static guint64
count_images (const char *engine_id)
{
  const AlexnetEngineParams params = {
    .id = engine_id, .backend = "reference", .max_batch_size = 2
  };
  char *path = test_model_path ();
  AlexnetModel *model = alexnet_model_load (path, NULL, NULL);
  AlexnetEngine *engine = alexnet_engine_get (model, &params, NULL);
  AlexnetEngineStats stats;

  alexnet_engine_get_stats (engine, &stats);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
  g_free (path);
  return stats.images;
}

/* For the first LATENCY query, before there is a frame. */
GST_START_TEST (test_engine_is_timed_once)
{
  Fixture *streams[3];

  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    streams[i] = test_fixture_new ("backend", "reference", "max-batch-size",
        "2", "engine-id", "timed", NULL);
  fail_unless_equals_uint64 (count_images ("timed"), 1);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    test_fixture_free (streams[i]);
}
GST_END_TEST

static Suite *
sharing_suite (void)
{
  Suite *suite = suite_create ("sharing");
  TCase *tests = test_case_new ("sharing");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_32_streams_fill_one_batch);
  tcase_add_test (tests, test_32_streams_at_once);
  tcase_add_test (tests, test_errors_stay_with_their_stream);
  tcase_add_test (tests, test_engine_id);
  tcase_add_test (tests, test_engine_is_timed_once);
  return suite;
}

GST_CHECK_MAIN (sharing)
