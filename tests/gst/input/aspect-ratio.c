/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pixels that are not square: what is shown counts, not how it is stored. */

#include "support/helpers.h"

#define SQUARE "width=1024,height=576"
#define NARROW "width=720,height=576"
#define PAR ",pixel-aspect-ratio=64/45"

static const char *const modes[] = { "center-crop", "squash", "stretch",
  "letterbox" };
static const guint photos[] = { 3, TEST_TRUCK, 250 };

#define N_PHOTOS G_N_ELEMENTS (photos)

/* A region in pixels. */
typedef struct {
  guint x, y, width, height;
} Box;

typedef struct {
  double probabilities[N_PHOTOS][TEST_N_CLASSES];
} Results;

static void
classify (Fixture *fixture, const char *format, const char *size,
    const Box *box, Results *results)
{
  char *caps = g_strdup_printf ("video/x-raw,format=%s,framerate=30/1,%s",
      format, size);

  test_set_caps (fixture, caps);
  for (guint i = 0; i < N_PHOTOS; i++) {
    GstBuffer *buffer = test_frame_new (photos[i], fixture->caps);

    if (box)
      gst_buffer_add_video_region_of_interest_meta (buffer, "thing", box->x,
          box->y, box->width, box->height);
    buffer = test_push_pull (fixture, buffer);
    test_get_probabilities (test_get_result (buffer),
        results->probabilities[i]);
    gst_buffer_unref (buffer);
  }
  g_free (caps);
}

static double
get_distance (const Results *a, const Results *b)
{
  double most = 0;

  for (guint i = 0; i < N_PHOTOS; i++)
    for (guint c = 0; c < TEST_N_CLASSES; c++)
      most = MAX (most, ABS (a->probabilities[i][c] - b->probabilities[i][c]));
  return most;
}

/* Two ways to resample the same photograph were at most 0.008 apart, the ratio
 * forgotten at least 0.3. */
#define NOISE 0.02

/* In one stream whose caps change: square pixels, then fewer wide ones, then
 * the same bytes without the ratio, which is another picture. */
static void
expect_same (const char *backend, const char *mode, const char *format,
    const Box *square, const Box *narrow)
{
  gboolean follows_shape = mode[0] == 'c' || mode[0] == 'l';
  Fixture *fixture = test_fixture_new ("top-k", "10", "backend", backend,
      "precision", "fp32", "crop-mode", mode, "inference-region",
      square ? "roi-list" : "full-frame", NULL);
  Results expected, found, wrong;

  classify (fixture, format, SQUARE, square, &expected);
  classify (fixture, format, NARROW PAR, narrow, &found);
  classify (fixture, format, NARROW, narrow, &wrong);
  fail_unless (get_distance (&found, &expected) < NOISE, "%s, %s: %f apart",
      mode, format, get_distance (&found, &expected));
  fail_unless_equals_int (get_distance (&wrong, &expected) > 5 * NOISE,
      follows_shape);
  test_fixture_free (fixture);
}

GST_START_TEST (test_frames)
{
  static const char *const formats[] = { "RGB", "NV12" };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
      expect_same ("auto", modes[i], formats[f], NULL, NULL);
}
GST_END_TEST

GST_START_TEST (test_reference)
{
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    expect_same ("reference", modes[i], "I420", NULL, NULL);
}
GST_END_TEST

/* A region is in pixels of the frame, whatever their shape. */
GST_START_TEST (test_regions)
{
  static const Box square = { 64, 32, 512, 448 }, narrow = { 45, 32, 360, 448 };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    expect_same ("auto", modes[i], "I420", &square, &narrow);
}
GST_END_TEST

/* Nobody knows what that is; it is played nevertheless. */
GST_START_TEST (test_unknown_ratio)
{
  Fixture *fixture = test_fixture_new ("top-k", "10", NULL);
  Results expected, found;

  classify (fixture, "RGB", NARROW, NULL, &expected);
  classify (fixture, "RGB", NARROW ",pixel-aspect-ratio=0/1", NULL, &found);
  fail_unless (get_distance (&found, &expected) == 0);
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
aspect_ratio_suite (void)
{
  Suite *suite = suite_create ("aspect-ratio");
  TCase *tests = test_case_new ("aspect-ratio");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_frames);
  tcase_add_test (tests, test_reference);
  tcase_add_test (tests, test_regions);
  tcase_add_test (tests, test_unknown_ratio);
  return suite;
}

GST_CHECK_MAIN (aspect_ratio)
