/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a picture becomes the network's input, as the property or the model file
 * says. tests/data/generate_crop_modes.py has computed the probabilities with
 * Pillow, torchvision and PyTorch. */

#include "support/helpers.h"

#include <glib/gstdio.h>
#include <string.h>

/* Where the picture lies in the sheet of photographs. */
#define LEFT 0
#define TOP 128
#define WIDTH 448
#define HEIGHT 256

static GstVideoInfo
make_info (GstVideoFormat format)
{
  GstVideoInfo info;

  gst_video_info_set_format (&info, format, WIDTH, HEIGHT);
  info.fps_n = 30;
  info.fps_d = 1;
  return info;
}

static GstBuffer *
picture_new (void)
{
  GstVideoInfo info = make_info (GST_VIDEO_FORMAT_RGB);

  return test_part_new (LEFT, TOP, &info);
}

/* In Pillow's mode L. */
static GstBuffer *
grey_picture_new (void)
{
  GstBuffer *picture = picture_new ();
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, WIDTH * HEIGHT, NULL);
  GstMapInfo from, to;

  fail_unless (gst_buffer_map (picture, &from, GST_MAP_READ));
  fail_unless (gst_buffer_map (buffer, &to, GST_MAP_WRITE));
  for (guint i = 0; i < WIDTH * HEIGHT; i++) {
    const guint8 *rgb = from.data + 3 * i;

    to.data[i] = (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >>
        16;
  }
  gst_buffer_unmap (buffer, &to);
  gst_buffer_unmap (picture, &from);
  gst_buffer_unref (picture);
  return buffer;
}

/* Of the line that begins with `how`. */
static void
read_golden (const char *how, double *probabilities)
{
  char *path = test_data_path ("golden/crop-modes.txt"), *text, *place;
  char *words = g_strconcat (how, " ", NULL);

  fail_unless (g_file_get_contents (path, &text, NULL, NULL));
  place = strstr (text, words);
  fail_unless (place && (place == text || place[-1] == '\n'), "%s", how);
  place += strlen (words);
  for (guint i = 0; i < TEST_N_CLASSES; i++)
    probabilities[i] = g_ascii_strtod (place, &place);
  fail_unless_equals_int (*place, '\n');
  g_free (words);
  g_free (text);
  g_free (path);
}

/* Takes the picture; `property` NULL: none is set. */
static void
classify (GstBuffer *picture, GstVideoFormat format, const char *model,
    const char *property, const char *value, double *probabilities)
{
  Fixture *fixture = test_fixture_new ("top-k", "10", "precision", "fp32",
      "model-file", model, property, value, NULL);
  GstVideoInfo info = make_info (format);
  GstBuffer *buffer;

  gst_harness_set_src_caps (fixture->harness, gst_video_info_to_caps (&info));
  buffer = test_push_pull (fixture, picture);
  test_get_probabilities (test_get_result (buffer), probabilities);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}

static void
expect_golden (const char *how, const char *model, const char *crop_mode)
{
  double expected[TEST_N_CLASSES], found[TEST_N_CLASSES];

  read_golden (how, expected);
  classify (picture_new (), GST_VIDEO_FORMAT_RGB, model,
      crop_mode ? "crop-mode" : NULL, crop_mode, found);
  test_expect_near (found, expected);
}

GST_START_TEST (test_property)
{
  static const char *const modes[][2] = {
    { "center-crop bilinear-antialias", NULL },
    { "center-crop bilinear-antialias", "model" },
    { "center-crop bilinear-antialias", "center-crop" },
    { "squash bilinear-antialias", "squash" },
    { "stretch bilinear-antialias", "stretch" },
    { "letterbox bilinear-antialias", "letterbox" },
  };
  char *model = test_model_path ();

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    expect_golden (modes[i][0], model, modes[i][1]);
  g_free (model);
}
GST_END_TEST

/* In the header, which a length of 8 bytes is in front of. Both are of one
 * length, so that no offset in the file changes. */
static void
patch (GByteArray *bytes, const char *old, const char *new)
{
  char *place = g_strstr_len ((char *) bytes->data + 8, bytes->len - 8, old);

  fail_unless (place && strlen (new) == strlen (old));
  memcpy (place, new, strlen (new));
}

static void
say_squash (GByteArray *bytes)
{
  patch (bytes, "{\\\"resize\\\": 256, \\\"crop\\\": 224, ",
      "{\\\"crop_mode\\\": \\\"squash\\\",      ");
}

static void
say_squash_and_bilinear (GByteArray *bytes)
{
  say_squash (bytes);
  patch (bytes, "\\\"bilinear-antialias\\\"", "\\\"bilinear\\\"          ");
}

GST_START_TEST (test_model_file)
{
  static const struct {
    TestPatch patch;
    const char *property, *how;
  } cases[] = {
    { say_squash, NULL, "squash bilinear-antialias" },
    { say_squash, "center-crop", "center-crop bilinear-antialias" },
    { say_squash_and_bilinear, NULL, "squash bilinear" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    char *path = test_patched_model (cases[i].patch);

    expect_golden (cases[i].how, path, cases[i].property);
    g_remove (path);
    g_free (path);
  }
}
GST_END_TEST

/* A network of one channel gets the luma of a picture in colour, but where that
 * is rounded to bytes. */
GST_START_TEST (test_luma)
{
  char *model = test_data_path ("models/torchvision-narrow-grey.safetensors");
  double expected[TEST_N_CLASSES], found[TEST_N_CLASSES];

  read_golden ("center-crop luma", expected);
  classify (grey_picture_new (), GST_VIDEO_FORMAT_GRAY8, model, NULL, NULL,
      found);
  test_expect_near (found, expected);
  classify (grey_picture_new (), GST_VIDEO_FORMAT_GRAY8, model, "mean", "<0.5>",
      found);
  test_expect_near (found, expected);
  classify (grey_picture_new (), GST_VIDEO_FORMAT_GRAY8, model, "mean", "<0.3>",
      found);
  fail_unless (ABS (found[0] - expected[0]) > 0.01);
  classify (picture_new (), GST_VIDEO_FORMAT_RGB, model, NULL, NULL, found);
  for (guint i = 0; i < TEST_N_CLASSES; i++)
    fail_unless (ABS (found[i] - expected[i]) < 2e-3, "class %u: %f, not %f", i,
        found[i], expected[i]);
  g_free (model);
}
GST_END_TEST

static Suite *
crop_modes_suite (void)
{
  Suite *suite = suite_create ("crop-modes");
  TCase *tests = test_case_new ("crop-modes");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_property);
  tcase_add_test (tests, test_model_file);
  tcase_add_test (tests, test_luma);
  return suite;
}

GST_CHECK_MAIN (crop_modes)
