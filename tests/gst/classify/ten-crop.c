/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Averages over views of a picture. */

#include "support/collage.h"

#define SIDE 256
#define INPUT 224

/* A frame of `side` pixels that shows what a larger one has from `x`, `y` on,
 * or its mirror image. The larger one has a gradient and two photographs. */
static GstBuffer *
view_new (guint side, guint x0, guint y0, gboolean mirror)
{
  GstCaps *caps = gst_caps_from_string (
      "video/x-raw,format=RGB,width=256,height=256,framerate=30/1");
  GstBuffer *photo = test_frame_new (TEST_HORSE, caps);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, side * side * 3, NULL);
  GstMapInfo from, to;

  gst_buffer_map (photo, &from, GST_MAP_READ);
  gst_buffer_map (buffer, &to, GST_MAP_WRITE);
  for (guint i = 0; i < side * side * 3; i++) {
    guint y = y0 + i / 3 / side, x = i / 3 % side;

    x = x0 + (mirror ? side - 1 - x : x);
    to.data[i] = from.data[(y * SIDE + x) * 3 + i % 3];
    if (x > 150)
      to.data[i] = (guint8) (to.data[i] / 2 + y / 2);
  }
  gst_buffer_unmap (buffer, &to);
  gst_buffer_unmap (photo, &from);
  gst_buffer_unref (photo);
  gst_caps_unref (caps);
  return buffer;
}

static Fixture *
fixture_new (guint side, const char *crop_mode, const char *ten_crop)
{
  Fixture *fixture = test_fixture_new ("top-k", "10", "crop-mode", crop_mode,
      "ten-crop", ten_crop, "precision", "fp32", NULL);
  char *caps = g_strdup_printf (
      "video/x-raw,format=RGB,width=%u,height=%u,framerate=30/1", side, side);

  gst_harness_set_src_caps_str (fixture->harness, caps);
  g_free (caps);
  return fixture;
}

static void
add_result (Fixture *fixture, GstBuffer *frame, double *sum)
{
  GstBuffer *buffer;

  gst_harness_push (fixture->harness, frame);
  buffer = test_pull (fixture);
  test_add_probabilities (test_get_result (buffer), sum);
  gst_buffer_unref (buffer);
}

static void
expect_average (const double *sum, guint n, const double *average)
{
  for (guint i = 0; i < TEST_N_CLASSES; i++)
    fail_unless (ABS (sum[i] / n - average[i]) < 1e-5,
        "class %u: %f, expected %f", i, average[i], sum[i] / n);
}

/* A picture of the size that resizing gives is only cut, and so every view can
 * be classified as a frame of its own. */
static void
expect_ten (const char *crop_mode)
{
  static const guint places[][2] = { { 0, 0 }, { 32, 0 }, { 0, 32 }, { 32, 32 },
    { 16, 16 } };
  Fixture *single = fixture_new (INPUT, "stretch", "false");
  Fixture *ten = fixture_new (SIDE, crop_mode, "true");
  double sum[TEST_N_CLASSES] = { 0 }, average[TEST_N_CLASSES] = { 0 };
  double middle[TEST_N_CLASSES] = { 0 };

  for (guint i = 0; i < 10; i++)
    add_result (single,
        view_new (INPUT, places[i / 2][0], places[i / 2][1], i % 2), sum);
  add_result (single, view_new (INPUT, 16, 16, FALSE), middle);
  add_result (ten, view_new (SIDE, 0, 0, FALSE), average);
  expect_average (sum, 10, average);
  fail_unless (ABS (middle[TEST_HORSE_CLASS] - average[TEST_HORSE_CLASS]) >
          1e-3,
      "the views are too much alike to tell");
  fail_unless_equals_uint64 (test_stat (ten->element, "inferred"), 1);
  test_fixture_free (ten);
  test_fixture_free (single);
}

GST_START_TEST (test_average_of_ten)
{
  expect_ten ("center-crop");
  expect_ten ("squash");
}
GST_END_TEST

/* Where nothing is cut off there are two views. */
GST_START_TEST (test_average_of_two)
{
  Fixture *single = fixture_new (SIDE, "stretch", "false");
  Fixture *two = fixture_new (SIDE, "stretch", "true");
  double sum[TEST_N_CLASSES] = { 0 }, average[TEST_N_CLASSES] = { 0 };

  for (guint i = 0; i < 2; i++)
    add_result (single, view_new (SIDE, 0, 0, i), sum);
  add_result (two, view_new (SIDE, 0, 0, FALSE), average);
  expect_average (sum, 2, average);
  test_fixture_free (two);
  test_fixture_free (single);
}
GST_END_TEST

/* The views of one frame fill a batch that waits for ten. */
GST_START_TEST (test_one_batch)
{
  Fixture *fixture = test_fixture_new ("ten-crop", "true", "max-batch-size",
      "10", "batch-timeout", "3600000000000", NULL);
  GstStructure *stats;
  double mean;

  test_push (fixture);
  gst_buffer_unref (test_pull (fixture));
  g_object_get (fixture->element, "stats", &stats, NULL);
  fail_unless (gst_structure_get_double (stats, "mean-batch", &mean));
  fail_unless_equals_float (mean, 10);
  gst_structure_free (stats);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_regions)
{
  Fixture *fixture = test_fixture_new ("ten-crop", "true", "inference-region",
      "roi-list", NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  for (guint i = 0; i < 60; i++)
    collage_add_tile (buffer, i % 8);
  gst_harness_push (fixture->harness, buffer);
  buffer = test_pull (fixture);
  fail_unless_equals_int (test_n_regions (buffer), 60);
  for (guint i = 0; i < 60; i++)
    collage_expect_tile (test_nth_region (buffer, i), i % 8);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
ten_crop_suite (void)
{
  Suite *suite = suite_create ("ten-crop");
  TCase *tests = test_case_new ("ten-crop");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_average_of_ten);
  tcase_add_test (tests, test_average_of_two);
  tcase_add_test (tests, test_one_batch);
  tcase_add_test (tests, test_regions);
  return suite;
}

GST_CHECK_MAIN (ten_crop)
