/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Flushing seeks at random, while frames and the regions on them are in
 * flight. Nothing hangs, and what comes out is complete. */

#include "support/collage.h"
#include "support/pipeline.h"

#define FPS 30
#define CLIP_FPS 25
#define N_FRAMES 10 /* after the last seek */

/* ThreadSanitizer makes the network thirty times slower. */
#ifdef __SANITIZE_THREAD__
#define N_SEEKS 10
#else
#define N_SEEKS 100
#endif

static void
seek_at_random (Pipeline *p, GRand *random, GstClockTime duration)
{
  static const double rates[] = { 1, 1, 2, -1, 0.5, -3 };
  GstClockTime a = g_rand_double (random) * duration;
  GstClockTime b = g_rand_double (random) * duration;
  double rate = rates[g_rand_int_range (random, 0, G_N_ELEMENTS (rates))];

  test_pipeline_seek (p, rate, GST_SEEK_FLAG_FLUSH, MIN (a, b),
      MAX (a, b) + GST_SECOND);
}

/* Ends with the first frames, all of which are waited for. */
static void
seek_often (Pipeline *p, GstClockTime duration, guint fps)
{
  GRand *random = g_rand_new_with_seed (3);

  test_pipeline_set_state (p, GST_STATE_PLAYING);
  for (guint i = 0; i < N_SEEKS; i++) {
    seek_at_random (p, random, duration);
    g_usleep (g_rand_int_range (random, 0, 3000));
    if (i % 10 == 9)
      gst_element_set_state (p->pipeline,
          i % 20 == 9 ? GST_STATE_PAUSED : GST_STATE_PLAYING);
  }
  test_pipeline_count_from_last_flush (p);
  test_pipeline_seek (p, 1, GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, 0,
      N_FRAMES * GST_SECOND / fps);
  gst_element_set_state (p->pipeline, GST_STATE_PLAYING);
  test_pipeline_wait_for_frames (p, N_FRAMES);
  test_pipeline_expect_all_classified (p);
  g_rand_free (random);
}

GST_START_TEST (test_frames)
{
  Pipeline *p = test_pipeline_new (
      "videotestsrc ! video/x-raw,format=I420,width=64,height=48,"
      "framerate=30/1 ! alexnetclassify name=c max-batch-size=4 ! "
      "fakesink name=sink sync=false");

  seek_often (p, 1000 * GST_SECOND, FPS);
  test_pipeline_free (p);
}
GST_END_TEST

GST_START_TEST (test_frames_of_a_clip)
{
  Pipeline *p = test_pipeline_new_clip ();

  seek_often (p, 3 * GST_SECOND, CLIP_FPS);
  test_pipeline_free (p);
}
GST_END_TEST

/* Adds a region that is a tile, every other tile tracked. */
typedef void (*AddRegion) (GstBuffer *buffer, guint tile);

typedef struct {
  AddRegion add;
  guint n_in;  /* frames, of the source's thread */
  guint n_out; /* of the element's task */
} Detector;

static void
add_roi (GstBuffer *buffer, guint tile)
{
  if (tile % 2)
    collage_add_object (buffer, tile, tile);
  else
    collage_add_tile (buffer, tile);
}

#if HAVE_GST_ANALYTICS
static void
add_detection (GstBuffer *buffer, guint tile)
{
  guint id = collage_add_detection (buffer, "thing", tile);

  if (tile % 2)
    collage_track_detection (buffer, id, tile, FALSE);
}
#endif

/* One to six, by the timestamp. */
static guint
count_regions (GstBuffer *buffer)
{
  return 1 + GST_BUFFER_PTS (buffer) / TEST_FRAME_DURATION % 6;
}

static GstPadProbeReturn
detect (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer
      *buffer = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  Detector *detector = user_data;

  for (guint i = 0; i < count_regions (buffer); i++)
    detector->add (buffer, i);
  detector->n_in++;
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
expect_regions (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  Detector *detector = user_data;

  fail_unless_equals_int (test_n_regions (buffer), count_regions (buffer));
  for (guint i = 0; i < count_regions (buffer); i++) {
    const GstStructure *result = test_nth_region (buffer, i);

    fail_unless (test_n_classes (result) > 0);
    fail_unless_equals_int (gst_structure_has_field (result, "tracking-id"),
        i % 2);
    if (i % 2)
      fail_unless_equals_uint64 (test_get_uint64 (result, "tracking-id"), i);
  }
  detector->n_out++;
  return GST_PAD_PROBE_OK;
}

static void
add_probe (GstElement *element, const char *name, GstPadProbeCallback callback,
    Detector *detector)
{
  GstPad *pad = gst_element_get_static_pad (element, name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, detector, NULL);
  gst_object_unref (pad);
}

static void
seek_among_regions (AddRegion add)
{
  Pipeline *p = test_pipeline_new (
      "videotestsrc ! video/x-raw,format=RGB,width=128,height=64,"
      "framerate=30/1 ! alexnetclassify name=c inference-region=roi-list "
      "reclassify-interval=3 max-batch-size=4 ! fakesink name=sink sync=false");
  Detector detector = { .add = add };

  add_probe (p->element, "sink", detect, &detector);
  add_probe (p->element, "src", expect_regions, &detector);
  seek_often (p, 1000 * GST_SECOND, FPS);
  gst_element_set_state (p->pipeline, GST_STATE_NULL);
  fail_unless (detector.n_in > detector.n_out, "nothing was in flight");
  test_pipeline_free (p);
}

GST_START_TEST (test_regions)
{
  seek_among_regions (add_roi);
}
GST_END_TEST

#if HAVE_GST_ANALYTICS
GST_START_TEST (test_detections)
{
  seek_among_regions (add_detection);
}
GST_END_TEST
#endif

static Suite *
seeks_suite (void)
{
  Suite *suite = suite_create ("seeks");
  TCase *tests = test_case_new ("seeks");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_frames);
  tcase_add_test (tests, test_frames_of_a_clip);
  tcase_add_test (tests, test_regions);
#if HAVE_GST_ANALYTICS
  tcase_add_test (tests, test_detections);
#endif
  return suite;
}

GST_CHECK_MAIN (seeks)
