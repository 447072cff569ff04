/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pictures that classificationoverlay attaches: what they show, how large
 * they are, and which are kept from frame to frame. */

#include "support/overlayhelpers.h"

/* Before its class. */
GST_START_TEST (test_region_name)
{
  static const char *const names[] = { "",
    "region-name=\"door to the yard\", " };
  GstHarness *harness = test_overlay_harness_new (RAW, FEATURED ";" RAW, TRUE);
  guint widths[2];

  g_object_set (harness->element, "outline", FALSE, NULL);
  for (guint i = 0; i < 2; i++) {
    char *fields = g_strdup_printf ("region=named, x=(double)0.1, "
                                    "y=(double)0.5, width=(double)0.2, "
                                    "height=(double)0.4, %s" CAT,
        names[i]);
    GstBuffer *buffer = test_overlay_pass (harness,
        test_overlay_frame_new (fields));
    int x, y;
    guint height;

    gst_video_overlay_rectangle_get_render_rectangle (
        gst_video_overlay_composition_get_rectangle (
            test_get_composition (buffer), 0),
        &x, &y, &widths[i], &height);
    gst_buffer_unref (buffer);
    g_free (fields);
  }
  fail_unless (widths[1] > widths[0]);
  gst_harness_teardown (harness);
}
GST_END_TEST

static guint
get_seqnum (GstBuffer *buffer, guint i)
{
  return gst_video_overlay_rectangle_get_seqnum (
      gst_video_overlay_composition_get_rectangle (
          test_get_composition (buffer), i));
}

/* The same picture as long as it says the same, whatever the frame; another
 * one when its text changes. */
GST_START_TEST (test_pictures_are_kept)
{
  static const char *const fields[] = { CAT, CAT, DOG, DOG };
  guint seqnums[G_N_ELEMENTS (fields)];
  GstHarness *harness = test_overlay_harness_new (RAW, FEATURED, TRUE);

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    GstBuffer *buffer = test_overlay_pass (harness,
        test_overlay_frame_new (fields[i]));

    seqnums[i] = get_seqnum (buffer, 0);
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_int (seqnums[0], seqnums[1]);
  fail_if (seqnums[1] == seqnums[2]);
  fail_unless_equals_int (seqnums[2], seqnums[3]);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Of the same size, at each x. */
static GstBuffer *
regions_new (guint n, const double *x)
{
  GString *fields = g_string_new ("regions=<");
  GstBuffer *buffer;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (fields,
        "%s(GstStructure)[r, region=roi, x=(double)%f, y=(double)0.5, "
        "width=(double)0.25, height=(double)0.25, " CAT "]",
        i ? ", " : "", x[i]);
  g_string_append_c (fields, '>');
  buffer = test_overlay_frame_new (fields->str);
  g_string_free (fields, TRUE);
  return buffer;
}

static GstBuffer *
get_pixels (GstBuffer *buffer, guint i)
{
  return gst_video_overlay_rectangle_get_pixels_unscaled_raw (
      gst_video_overlay_composition_get_rectangle (
          test_get_composition (buffer), i),
      GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
}

/* Regions that look the same are drawn once, and each stays what it was. */
GST_START_TEST (test_equal_pictures)
{
  static const double places[] = { 0, 0.25, 0.5 };
  GstHarness *harness = test_overlay_harness_new (RAW, FEATURED, TRUE);
  GstBuffer *one = test_overlay_pass (harness, regions_new (3, places));
  GstBuffer *two = test_overlay_pass (harness, regions_new (3, places));
  guint n =
      gst_video_overlay_composition_n_rectangles (test_get_composition (one));

  fail_unless_equals_int (n, 3 * 5);
  for (guint i = 0; i < n; i++) {
    fail_unless_equals_int (get_seqnum (one, i), get_seqnum (two, i));
    fail_unless (get_pixels (one, i) == get_pixels (one, i % 5));
  }
  gst_buffer_unref (one);
  gst_buffer_unref (two);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* A region that moves is drawn once: its pixels move. */
GST_START_TEST (test_moved_pictures)
{
  GstHarness *harness = test_overlay_harness_new (RAW, FEATURED, TRUE);
  GstBuffer *first = test_overlay_pass (harness,
      regions_new (1, (double[]){ 0.25 }));
  GstBuffer *second = test_overlay_pass (harness,
      regions_new (1, (double[]){ 0.5 }));
  guint n =
      gst_video_overlay_composition_n_rectangles (test_get_composition (first));

  fail_unless_equals_int (n, 5);
  for (guint i = 0; i < n; i++) {
    GstVideoOverlayRectangle *rectangles[] = {
      gst_video_overlay_composition_get_rectangle (test_get_composition (first),
          i),
      gst_video_overlay_composition_get_rectangle (
          test_get_composition (second), i)
    };
    int x[2], y;
    guint width, height;

    for (guint j = 0; j < 2; j++)
      gst_video_overlay_rectangle_get_render_rectangle (rectangles[j], &x[j],
          &y, &width, &height);
    fail_unless_equals_int (x[1], x[0] + WIDTH / 4);
    fail_unless (get_pixels (first, i) == get_pixels (second, i));
  }
  gst_buffer_unref (first);
  gst_buffer_unref (second);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* A frame has one composition: ours goes on top of what came along. */
GST_START_TEST (test_on_top_of_others)
{
  GstHarness *harness = test_overlay_harness_new (FEATURED, FEATURED, TRUE);
  GstBuffer *buffer = test_overlay_frame_new (CAT);
  GstBuffer *pixels = gst_buffer_new_allocate (NULL, 4 * 8 * 8, NULL);
  GstVideoOverlayRectangle *other;
  GstVideoOverlayComposition *composition;
  gpointer state = NULL;

  gst_buffer_add_video_meta (pixels, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, 8, 8);
  other = gst_video_overlay_rectangle_new_raw (pixels, 0, 0, 8, 8, 0);
  composition = gst_video_overlay_composition_new (other);
  gst_buffer_add_video_overlay_composition_meta (buffer, composition);
  buffer = test_overlay_pass (harness, buffer);
  fail_unless_equals_int (gst_video_overlay_composition_n_rectangles (
                              test_get_composition (buffer)),
      2);
  fail_unless_equals_int (get_seqnum (buffer, 0),
      gst_video_overlay_rectangle_get_seqnum (other));
  fail_unless (gst_buffer_iterate_meta_filtered (buffer, &state, API) != NULL);
  fail_unless (gst_buffer_iterate_meta_filtered (buffer, &state, API) == NULL);
  gst_buffer_unref (buffer);
  gst_video_overlay_composition_unref (composition);
  gst_video_overlay_rectangle_unref (other);
  gst_buffer_unref (pixels);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Anamorphic video: the panel is as much narrower as it will be stretched. An
 * aspect of zero is unknown: square. */
GST_START_TEST (test_pixel_aspect)
{
  static const char *const aspects[] = { "1/1", "2/1", "0/1" };
  guint width[3], height[3];
  int x, y;

  for (guint i = 0; i < G_N_ELEMENTS (aspects); i++) {
    char *raw = g_strconcat (RAW ",pixel-aspect-ratio=", aspects[i], NULL);
    char *featured = g_strconcat (FEATURED ",pixel-aspect-ratio=", aspects[i],
        NULL);
    GstHarness *harness = test_overlay_harness_new (raw, featured, TRUE);
    GstBuffer *buffer = test_overlay_pass (harness,
        test_overlay_frame_new (CAT));

    gst_video_overlay_rectangle_get_render_rectangle (
        gst_video_overlay_composition_get_rectangle (
            test_get_composition (buffer), 0),
        &x, &y, &width[i], &height[i]);
    gst_buffer_unref (buffer);
    gst_harness_teardown (harness);
    g_free (featured);
    g_free (raw);
  }
  fail_unless_equals_int (height[0], height[1]);
  fail_unless (width[0] - 2 * width[1] + 4 <= 8, "%u %u", width[0], width[1]);
  fail_unless_equals_int (height[0], height[2]);
  fail_unless_equals_int (width[0], width[2]);
}
GST_END_TEST

static Suite *
pictures_suite (void)
{
  Suite *suite = suite_create ("pictures");
  TCase *tests = test_case_new ("pictures");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_region_name);
  tcase_add_test (tests, test_pictures_are_kept);
  tcase_add_test (tests, test_equal_pictures);
  tcase_add_test (tests, test_moved_pictures);
  tcase_add_test (tests, test_on_top_of_others);
  tcase_add_test (tests, test_pixel_aspect);
  return suite;
}

GST_CHECK_MAIN (pictures)
