/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* classificationoverlay in front of elements that lay pictures over video by
 * themselves, or do not, and what it does to buffers. */

#include "support/overlayhelpers.h"
#include "support/pipeline.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

static gboolean
is_plain (GstBuffer *buffer)
{
  GstMapInfo map;
  gboolean plain;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  plain = map.data[0] == 0x60 &&
      memcmp (map.data, map.data + 1, map.size - 1) == 0;
  gst_buffer_unmap (buffer, &map);
  return plain;
}

static gboolean
output_has_feature (GstHarness *harness)
{
  GstCaps *caps = gst_pad_get_current_caps (harness->sinkpad);
  gboolean has = gst_caps_features_contains (gst_caps_get_features (caps, 0),
      FEATURE);

  gst_caps_unref (caps);
  return has;
}

/* No colour is more than its alpha, and alpha is not all or nothing. */
static void
expect_premultiplied (GstVideoOverlayRectangle *picture)
{
  GstBuffer
      *pixels = gst_video_overlay_rectangle_get_pixels_unscaled_raw (picture,
          GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
  guint n_between = 0;
  GstMapInfo map;

  fail_unless_equals_int (gst_video_overlay_rectangle_get_flags (picture),
      GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
  fail_unless (gst_buffer_map (pixels, &map, GST_MAP_READ));
  for (gsize i = 0; i < map.size; i += 4) {
    guint32 pixel = *(guint32 *) (map.data + i);
    guint alpha = pixel >> 24;

    fail_unless ((pixel & 0xff) <= alpha && (pixel >> 8 & 0xff) <= alpha &&
        (pixel >> 16 & 0xff) <= alpha);
    n_between += alpha > 0 && alpha < 255;
  }
  fail_unless (n_between > map.size / 8);
  gst_buffer_unmap (pixels, &map);
}

/* Pictures go along, pixels stay. */
GST_START_TEST (test_attached)
{
  GstHarness *harness = test_overlay_harness_new (RAW, FEATURED ";" RAW, TRUE);
  GstBuffer *buffer = test_overlay_pass (harness, test_overlay_frame_new (CAT));
  GstVideoOverlayRectangle *picture;
  int x, y;
  guint width, height;

  fail_unless (output_has_feature (harness));
  fail_unless (is_plain (buffer));
  fail_unless_equals_int (gst_video_overlay_composition_n_rectangles (
                              test_get_composition (buffer)),
      1);
  picture = gst_video_overlay_composition_get_rectangle (
      test_get_composition (buffer), 0);
  fail_unless (gst_video_overlay_rectangle_get_render_rectangle (picture, &x,
      &y, &width, &height));
  fail_unless (x > 0 && y > 0 && width > 50 && height > 20);
  fail_unless (x + width < WIDTH / 2 && y + height < HEIGHT / 2);
  expect_premultiplied (picture);
  gst_buffer_unref (buffer);

  buffer = test_overlay_pass (harness, test_overlay_frame_new (NULL));
  fail_unless (gst_buffer_get_video_overlay_composition_meta (buffer) == NULL);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Blended, where only one of both says yes: the caps, or the allocation. */
GST_START_TEST (test_blended)
{
  static const struct {
    const char *downstream;
    gboolean offer;
  } cases[] = {
    { FEATURED ";" RAW, FALSE },
    { RAW, TRUE },
    { RAW, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *harness = test_overlay_harness_new (RAW, cases[i].downstream,
        cases[i].offer);
    GstBuffer *buffer = test_overlay_pass (harness,
        test_overlay_frame_new (CAT));

    fail_if (output_has_feature (harness));
    fail_if (is_plain (buffer));
    fail_unless (gst_buffer_get_video_overlay_composition_meta (buffer) ==
        NULL);
    gst_buffer_unref (buffer);
    gst_harness_teardown (harness);
  }
}
GST_END_TEST

/* Blended or attached also where caps do not say how fast frames come. */
GST_START_TEST (test_no_frame_rate)
{
  static const char raw[] = "video/x-raw,format=RGB,width=320,height=240";

  for (guint offer = 0; offer < 2; offer++) {
    GstHarness *harness = test_overlay_harness_new (raw, "ANY", offer);
    GstBuffer *buffer = test_overlay_pass (harness,
        test_overlay_frame_new (CAT));

    fail_unless_equals_int (output_has_feature (harness), offer);
    fail_unless_equals_int (is_plain (buffer), offer);
    gst_buffer_unref (buffer);
    gst_harness_teardown (harness);
  }
}
GST_END_TEST

/* No pixels to blend into: attached even where the allocation does not offer
 * it, and refused where the caps do not. */
GST_START_TEST (test_other_memory)
{
  static const char raw[] = "video/x-raw(memory:Other)," CAPS;
  static const char featured[] = "video/x-raw(memory:Other," FEATURE ")," CAPS;
  GstHarness *harness = test_overlay_harness_new (raw, featured, FALSE);
  GstBuffer *buffer = test_overlay_pass (harness, test_overlay_frame_new (CAT));

  fail_unless (output_has_feature (harness));
  fail_unless (is_plain (buffer));
  test_get_composition (buffer);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);

  harness = test_overlay_harness_new (raw, raw, TRUE);
  fail_unless_equals_int (gst_harness_push (harness,
                              test_overlay_frame_new (CAT)),
      GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Downstream changes its mind. */
GST_START_TEST (test_renegotiation)
{
  GstHarness *harness = test_overlay_harness_new (RAW, RAW, TRUE);
  GstBuffer *buffer = test_overlay_pass (harness, test_overlay_frame_new (CAT));

  fail_if (is_plain (buffer));
  gst_buffer_unref (buffer);

  gst_harness_set_sink_caps_str (harness, FEATURED ";" RAW);
  buffer = test_overlay_pass (harness, test_overlay_frame_new (CAT));
  fail_unless (is_plain (buffer));
  fail_unless (output_has_feature (harness));
  test_get_composition (buffer);
  gst_buffer_unref (buffer);

  gst_harness_set_sink_caps_str (harness, RAW);
  buffer = test_overlay_pass (harness, test_overlay_frame_new (CAT));
  fail_if (is_plain (buffer));
  fail_if (output_has_feature (harness));
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Where metadata leaves a part of the frame to be seen, in that part. */
GST_START_TEST (test_crop)
{
  GstHarness *harness = test_overlay_harness_new (RAW, FEATURED, TRUE);
  GstBuffer *buffer = test_overlay_frame_new (CAT);
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);
  int x, y;
  guint width, height;

  crop->x = 101;
  crop->y = 51;
  crop->width = 160;
  crop->height = 120;
  buffer = test_overlay_pass (harness, buffer);
  gst_video_overlay_rectangle_get_render_rectangle (
      gst_video_overlay_composition_get_rectangle (
          test_get_composition (buffer), 0),
      &x, &y, &width, &height);
  fail_unless (x > 101 && y > 51, "%d %d", x, y);
  fail_unless (x % 2 == 0 && y % 2 == 0);
  fail_unless (x + width < 101 + 160 && y + height < 51 + 120);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Somebody else holds the pixels: theirs stay, ours are a copy. */
GST_START_TEST (test_shared_frame)
{
  GstHarness *harness = test_overlay_harness_new (RAW, RAW, FALSE);
  GstBuffer *in = test_overlay_frame_new (CAT), *out;

  out = test_overlay_pass (harness, gst_buffer_ref (in));
  fail_unless (is_plain (in));
  fail_if (is_plain (out));
  fail_unless (test_get_result (out) != NULL);
  gst_buffer_unref (out);
  gst_buffer_unref (in);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Nothing to show: the same buffer, flags and all. */
GST_START_TEST (test_frame_without_result)
{
  GstHarness *harness = test_overlay_harness_new (RAW, RAW, FALSE);
  GstBuffer *in = test_overlay_frame_new (NULL), *out;

  GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_GAP);
  GST_BUFFER_PTS (in) = 7;
  out = test_overlay_pass (harness, in);
  fail_unless (out == in);
  fail_unless (is_plain (out));
  fail_unless (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_GAP));
  fail_unless_equals_uint64 (GST_BUFFER_PTS (out), 7);
  gst_buffer_unref (out);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* A buffer that is no frame is one error that says so. */
GST_START_TEST (test_short_buffer)
{
  GstHarness *harness = test_overlay_harness_new (RAW, RAW, FALSE);
  GstBus *bus = gst_bus_new ();
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 100, NULL);
  GstMessage *message;
  GError *error;

  gst_element_set_bus (harness->element, bus);
  test_add_result (buffer, CAT);
  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_ERROR);
  message = test_pop_message (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless_equals_string (error->message,
      "A buffer of 100 bytes is no RGB frame of 320x240.");
  fail_unless_equals_int (test_count_messages (bus, GST_MESSAGE_ERROR), 0);
  g_error_free (error);
  gst_message_unref (message);
  gst_element_set_bus (harness->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (harness);
}
GST_END_TEST

#if HAVE_GST_ANALYTICS
/* Of another element: a whole frame and a detection, and no result of ours. */
GST_START_TEST (test_analytics_alone)
{
  GstHarness *harness = test_overlay_harness_new (RAW, FEATURED, TRUE);
  GstBuffer *buffer = test_overlay_frame_new (NULL);
  GstAnalyticsRelationMeta
      *relation = gst_buffer_add_analytics_relation_meta (buffer);
  GQuark label = g_quark_from_string ("cat");
  GstAnalyticsClsMtd cls;
  GstAnalyticsODMtd detection;
  float level = 0.5;

  gst_analytics_relation_meta_add_cls_mtd (relation, 1, &level, &label, &cls);
  gst_analytics_relation_meta_add_cls_mtd (relation, 1, &level, &label, &cls);
  gst_analytics_relation_meta_add_od_mtd (relation, label, 160, 120, 80, 60,
      0.5, &detection);
  gst_analytics_relation_meta_set_relation (relation,
      GST_ANALYTICS_REL_TYPE_CONTAIN, detection.id, cls.id);
  buffer = test_overlay_pass (harness, buffer);
  /* A panel; four sides and a panel. */
  fail_unless_equals_int (gst_video_overlay_composition_n_rectangles (
                              test_get_composition (buffer)),
      6);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST
#endif

static GstPadProbeReturn
count_drawn (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  if (test_get_result (buffer) && !is_plain (buffer))
    g_atomic_int_inc ((int *) n);
  return GST_PAD_PROBE_OK;
}

/* Behind the classifier, while somebody plays with the properties. */
GST_START_TEST (test_pipeline)
{
  Pipeline *p = test_pipeline_new (
      "videotestsrc num-buffers=60 pattern=solid-color "
      "foreground-color=0xff606060 ! video/x-raw,format=RGB,width=320,"
      "height=240 ! alexnetclassify name=c ! classificationoverlay "
      "name=overlay ! fakesink name=sink");
  GstElement *overlay = gst_bin_get_by_name (GST_BIN (p->pipeline), "overlay");
  GstMessage *message = NULL;
  int n = 0;

  test_pipeline_add_probe (p, count_drawn, &n);
  gst_element_set_state (p->pipeline, GST_STATE_PLAYING);
  for (guint i = 0; !message; i++) {
    g_object_set (overlay, "position", i % 4, "font-size", (float) (i % 20 + 5),
        "top-k", i % 4 + 1, NULL);
    message = gst_bus_timed_pop_filtered (p->bus, GST_MSECOND,
        GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  }
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  fail_unless_equals_int (n, 60);
  gst_message_unref (message);
  gst_object_unref (overlay);
  test_pipeline_free (p);
}
GST_END_TEST

static Suite *
composition_suite (void)
{
  Suite *suite = suite_create ("composition");
  TCase *tests = test_case_new ("composition");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_attached);
  tcase_add_test (tests, test_blended);
  tcase_add_test (tests, test_no_frame_rate);
  tcase_add_test (tests, test_other_memory);
  tcase_add_test (tests, test_renegotiation);
  tcase_add_test (tests, test_crop);
  tcase_add_test (tests, test_shared_frame);
  tcase_add_test (tests, test_frame_without_result);
  tcase_add_test (tests, test_short_buffer);
#if HAVE_GST_ANALYTICS
  tcase_add_test (tests, test_analytics_alone);
#endif
  tcase_add_test (tests, test_pipeline);
  return suite;
}

GST_CHECK_MAIN (composition)
