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

static GstBuffer *
picture_new (Fixture *fixture)
{
  GstVideoInfo info;
  GstCaps *caps;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
  info.fps_n = 30;
  info.fps_d = 1;
  caps = gst_video_info_to_caps (&info);
  gst_harness_set_src_caps (fixture->harness, caps);
  return test_part_new (LEFT, TOP, &info);
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

static void
expect_golden (const char *how, const char *model, const char *crop_mode)
{
  Fixture *fixture = test_fixture_new ("top-k", "10", "precision", "fp32",
      "model-file", model, crop_mode ? "crop-mode" : NULL, crop_mode, NULL);
  double expected[TEST_N_CLASSES], found[TEST_N_CLASSES];
  GstBuffer *buffer = test_push_pull (fixture, picture_new (fixture));

  read_golden (how, expected);
  test_get_probabilities (test_get_result (buffer), found);
  test_expect_near (found, expected);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
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

static Suite *
crop_modes_suite (void)
{
  Suite *suite = suite_create ("crop-modes");
  TCase *tests = test_case_new ("crop-modes");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_property);
  tcase_add_test (tests, test_model_file);
  return suite;
}

GST_CHECK_MAIN (crop_modes)
