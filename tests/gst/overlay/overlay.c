/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What classificationoverlay does to frames and gives to elements that lay
 * pictures over them. */

#include "support/helpers.h"

#include <math.h>

#define WIDTH 320
#define HEIGHT 240
#define GREY 0x60

/* Of the panel in these frames, by default. */
#define MARGIN 6

#define CAT "labels=<cat>, class-ids=<3>, confidences=<(float)0.75>"
#define THREE                                                  \
  "labels=<cat, dog, \"a long label\">, class-ids=<3, 5, 0>, " \
  "confidences=<(float)0.75, (float)0.25, (float)0>"

static GstHarness *
harness_new (const char *properties, const char *format, int width, int height)
{
  char *line = g_strdup_printf ("classificationoverlay %s", properties);
  char *caps = g_strdup_printf (
      "video/x-raw,format=%s,width=%d,height=%d,framerate=30/1", format, width,
      height);
  GstHarness *harness = gst_harness_new_parse (line);

  gst_harness_set_src_caps_str (harness, caps);
  g_free (caps);
  g_free (line);
  return harness;
}

/* A frame of one colour, with the fields of a result or NULL. */
static GstBuffer *
frame_new (const GstVideoInfo *info, const char *fields)
{
  GstVideoInfo grey;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstBuffer *source;

  gst_video_info_set_format (&grey, GST_VIDEO_FORMAT_RGB, info->width,
      info->height);
  grey.fps_n = info->fps_n;
  grey.fps_d = info->fps_d;
  source = gst_buffer_new_allocate (NULL, grey.size, NULL);
  gst_buffer_memset (source, 0, GREY, grey.size);
  test_convert (buffer, info, source, &grey);
  gst_buffer_unref (source);
  if (fields)
    test_add_result (buffer, fields);
  return buffer;
}

static GstBuffer *
rgb_new (int width, int height, const char *fields)
{
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, width, height);
  return frame_new (&info, fields);
}

/* What has changed in a frame that was of one colour: where, and how many
 * pixels are nearly white, how many have the colour of the best bar and how
 * many that of a pending state. */
typedef struct {
  int left, top, right, bottom; /* inclusive; left > right: nothing */
  guint n_white, n_bar, n_pending;
} Change;

static void
look_at_pixel (Change *change, const guint8 *pixel, const guint8 *plain, int x,
    int y)
{
  if (abs (pixel[0] - plain[0]) + abs (pixel[1] - plain[1]) +
          abs (pixel[2] - plain[2]) <=
      6)
    return;
  change->left = MIN (change->left, x);
  change->top = MIN (change->top, y);
  change->right = MAX (change->right, x);
  change->bottom = MAX (change->bottom, y);
  if (pixel[0] > 200 && pixel[1] > 200 && pixel[2] > 200)
    change->n_white++;
  if (pixel[0] < 120 && pixel[1] > 150 && pixel[2] > 180)
    change->n_bar++;
  if (pixel[0] > 200 && pixel[1] > 130 && pixel[1] < 210 && pixel[2] < 110)
    change->n_pending++;
}

/* Compares with the last pixel, which no picture reaches. */
static Change
find_change (GstBuffer *buffer, const GstVideoInfo *info)
{
  Change change = { G_MAXINT, G_MAXINT, -1, -1, 0, 0, 0 };
  GstVideoInfo rgb;
  GstBuffer *picture;
  GstVideoFrame frame;

  gst_video_info_set_format (&rgb, GST_VIDEO_FORMAT_RGB, info->width,
      info->height);
  rgb.fps_n = info->fps_n;
  rgb.fps_d = info->fps_d;
  picture = gst_buffer_new_allocate (NULL, rgb.size, NULL);
  test_convert (picture, &rgb, buffer, info);
  fail_unless (gst_video_frame_map (&frame, &rgb, picture, GST_MAP_READ));
  for (int y = 0; y < info->height; y++) {
    const guint8 *row = (guint8 *) frame.data[0] + y * rgb.stride[0];
    const guint8 *last = (guint8 *) frame.data[0] +
        (info->height - 1) * rgb.stride[0] + 3 * (info->width - 1);

    for (int x = 0; x < info->width; x++)
      look_at_pixel (&change, row + 3 * x, last, x, y);
  }
  gst_video_frame_unmap (&frame);
  gst_buffer_unref (picture);
  return change;
}

static Change
find_rgb_change (GstBuffer *buffer, int width, int height)
{
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, width, height);
  return find_change (buffer, &info);
}

/* What comes out of an overlay with these properties, of one result or two. */
static Change
draw_two (const char *properties, int width, int height, const char *first,
    const char *second)
{
  GstHarness *harness = harness_new (properties, "RGB", width, height);
  GstBuffer *buffer = rgb_new (width, height, first);
  Change change;

  if (second)
    test_add_result (buffer, second);
  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_OK);
  buffer = gst_harness_pull (harness);
  change = find_rgb_change (buffer, width, height);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
  return change;
}

static Change
draw (const char *properties, int width, int height, const char *fields)
{
  return draw_two (properties, width, height, fields, NULL);
}

static gboolean
nothing_changed (const Change *change)
{
  return change->left > change->right;
}

/* In its corner, a margin from both edges, and in no more than a quarter of
 * the frame. */
GST_START_TEST (test_positions)
{
  static const struct {
    const char *properties;
    gboolean right, bottom;
  } cases[] = {
    { "", FALSE, FALSE },
    { "position=top-left", FALSE, FALSE },
    { "position=top-right", TRUE, FALSE },
    { "position=bottom-left", FALSE, TRUE },
    { "position=bottom-right", TRUE, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Change change = draw (cases[i].properties, WIDTH, HEIGHT, CAT);

    if (cases[i].right) {
      fail_unless_equals_int (change.right, WIDTH - MARGIN - 1);
      fail_unless (change.left > WIDTH / 2);
    } else {
      fail_unless_equals_int (change.left, MARGIN);
      fail_unless (change.right < WIDTH / 2);
    }
    if (cases[i].bottom) {
      fail_unless_equals_int (change.bottom, HEIGHT - MARGIN - 1);
      fail_unless (change.top > HEIGHT / 2);
    } else {
      fail_unless_equals_int (change.top, MARGIN);
      fail_unless (change.bottom < HEIGHT / 2);
    }
    fail_unless (change.n_white > 20, "%u", change.n_white);
  }
}
GST_END_TEST

static int
get_height (const Change *change)
{
  return change->bottom - change->top + 1;
}

GST_START_TEST (test_sizes_and_counts)
{
  Change one = draw ("top-k=1", WIDTH, HEIGHT, THREE);
  Change three = draw ("", WIDTH, HEIGHT, THREE);
  Change many = draw ("top-k=1000", WIDTH, HEIGHT, THREE);
  Change large = draw ("top-k=1 font-size=40", WIDTH, HEIGHT, THREE);
  Change none = draw ("top-k=0", WIDTH, HEIGHT, THREE);
  Change nothing = draw ("", WIDTH, HEIGHT, NULL);

  fail_unless (get_height (&three) > 2 * get_height (&one));
  fail_unless (get_height (&three) < 3 * get_height (&one));
  fail_unless_equals_int (get_height (&many), get_height (&three));
  /* 40 pixels for 240 / 22 */
  fail_unless (get_height (&large) > 3 * get_height (&one));
  fail_unless (large.n_white > 5 * one.n_white);
  fail_unless (nothing_changed (&none));
  fail_unless (nothing_changed (&nothing));
}
GST_END_TEST

/* As long as the probability says; what is no number counts as none. */
GST_START_TEST (test_bar)
{
  static const char *const levels[] = { "0", "0.25", "0.5", "1", "7" };
  guint bars[G_N_ELEMENTS (levels)];

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    char *fields = g_strdup_printf ("labels=<cat>, confidences=<(float)%s>",
        levels[i]);

    bars[i] = draw ("font-size=20", WIDTH, HEIGHT, fields).n_bar;
    g_free (fields);
  }
  fail_unless (bars[0] < bars[3] / 10, "%u of %u", bars[0], bars[3]);
  fail_unless (fabs (bars[1] - 0.25 * bars[3]) < 0.05 * bars[3]);
  fail_unless (fabs (bars[2] - 0.5 * bars[3]) < 0.05 * bars[3]);
  fail_unless_equals_int (bars[4], bars[3]);
}
GST_END_TEST

GST_START_TEST (test_stale_is_grey)
{
  fail_unless (draw ("", WIDTH, HEIGHT, "stale=false, " CAT).n_bar > 50);
  fail_unless_equals_int (draw ("", WIDTH, HEIGHT, "stale=true, " CAT).n_bar,
      0);
}
GST_END_TEST

/* A line above the classes, also alone; it has another colour while a change is
 * pending, and is wider with what it is going to become and since when it is.
 */
GST_START_TEST (test_state)
{
  Change plain = draw ("font-size=20", WIDTH, HEIGHT, CAT);
  Change settled = draw ("font-size=20", WIDTH, HEIGHT, CAT ", state=ox");
  Change pending = draw ("font-size=20", WIDTH, HEIGHT,
      CAT ", state=ox, candidate=ox");
  Change begun = draw ("font-size=20", WIDTH, HEIGHT, CAT ", candidate=ox");
  Change alone = draw ("font-size=20 top-k=0", WIDTH, HEIGHT, CAT ", state=ox");
  Change since = draw ("font-size=20", WIDTH, HEIGHT,
      CAT ", state=\"a long state\", since=(guint64)3600000000000");
  int height = get_height (&settled) - get_height (&plain);

  fail_unless (height > 20 && height < 2 * 20 + 10, "%d", height);
  fail_unless (get_height (&alone) > height);
  fail_unless (get_height (&alone) < get_height (&settled));
  fail_unless_equals_int (get_height (&pending), get_height (&settled));
  fail_unless_equals_int (get_height (&begun), get_height (&settled));
  fail_unless (settled.n_bar > plain.n_bar);
  fail_unless_equals_int (plain.n_pending, 0);
  fail_unless_equals_int (settled.n_pending, 0);
  fail_unless (begun.n_pending > 20);
  fail_unless (pending.n_pending > begun.n_pending);
  fail_unless (since.right > settled.right);
}
GST_END_TEST

#define REGION(rest) \
  "regions=<(GstStructure)[r, region=roi, " rest ", " CAT "]>"

/* The outline is the region's, the panel on top of it. */
GST_START_TEST (test_region)
{
  static const char fields[] = REGION (
      "x=(double)0.25, y=(double)0.5, width=(double)0.5, height=(double)0.25");
  Change outline = draw ("region-top-k=0", WIDTH, HEIGHT, fields);
  Change both = draw ("", WIDTH, HEIGHT, fields);
  Change panel = draw ("outline=false", WIDTH, HEIGHT, fields);

  fail_unless_equals_int (outline.left, WIDTH / 4);
  fail_unless_equals_int (outline.top, HEIGHT / 2);
  fail_unless_equals_int (outline.right, 3 * WIDTH / 4 - 1);
  fail_unless_equals_int (outline.bottom, 3 * HEIGHT / 4 - 1);
  /* A line of two pixels along all four sides. */
  fail_unless (outline.n_bar > 2 * (WIDTH / 2 + HEIGHT / 4) &&
          outline.n_bar < 4 * (WIDTH / 2 + HEIGHT / 4),
      "%u", outline.n_bar);
  fail_unless_equals_int (panel.bottom, HEIGHT / 2 - 1);
  fail_unless_equals_int (panel.left, WIDTH / 4);
  fail_unless_equals_int (both.top, panel.top);
  fail_unless_equals_int (both.bottom, outline.bottom);
}
GST_END_TEST

/* Panels of several results of one place do not hide each other. */
GST_START_TEST (test_several_results)
{
  static const char *const results[] = {
    CAT,
    REGION ("x=(double)0.25, y=(double)0.5, width=(double)0.5, "
            "height=(double)0.25"),
    REGION ("x=(double)0.25, y=(double)0, width=(double)0.5, "
            "height=(double)0.25"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (results); i++) {
    Change one = draw ("outline=false", WIDTH, HEIGHT, results[i]);
    char *other = g_strdup_printf ("inference-time=(guint64)7, %s", results[i]);
    Change two = draw_two ("outline=false", WIDTH, HEIGHT, results[i], other);

    fail_unless (get_height (&two) >= 2 * get_height (&one), "%s: %d of %d",
        results[i], get_height (&two), get_height (&one));
    fail_unless_equals_int (two.n_white, 2 * one.n_white);
    g_free (other);
  }
}
GST_END_TEST

/* Of what is partly outside the rest is outlined; what is no place is not. */
GST_START_TEST (test_odd_regions)
{
  static const char *const nowhere[] = {
    REGION ("x=(double)2, y=(double)2, width=(double)1, height=(double)1"),
    REGION ("x=(double)-3, y=(double)0, width=(double)1, height=(double)1"),
    REGION ("x=(double)0.5, y=(double)0.5, width=(double)0, height=(double)0"),
    REGION ("x=(double)0.5, y=(double)0.5, width=(double)-0.2, "
            "height=(double)0.2"),
    REGION ("x=(double)nan, y=(double)0, width=(double)0.5, "
            "height=(double)nan"),
  };
  Change change = draw ("", WIDTH, HEIGHT,
      REGION ("x=(double)-0.5, y=(double)-1e300, width=(double)1, "
              "height=(double)1e300"));

  fail_unless (nothing_changed (&change));
  change = draw ("", WIDTH, HEIGHT,
      REGION ("x=(double)-0.5, y=(double)-0.25, width=(double)0.75, "
              "height=(double)0.75"));
  fail_unless_equals_int (change.left, 0);
  fail_unless_equals_int (change.top, 0);
  fail_unless_equals_int (change.bottom, HEIGHT / 2 - 1);
  for (guint i = 0; i < G_N_ELEMENTS (nowhere); i++) {
    change = draw ("", WIDTH, HEIGHT, nowhere[i]);
    fail_unless (nothing_changed (&change), "%s", nowhere[i]);
  }
}
GST_END_TEST

/* Labels are text and nothing else, as long as they may be. */
GST_START_TEST (test_odd_labels)
{
  Change plain, change;
  char *text = g_strnfill (5000, 'W');
  char *fields = g_strdup_printf ("labels=<%s>, confidences=<(float)1>", text);

  change = draw ("", WIDTH, HEIGHT, fields);
  fail_unless_equals_int (change.left, MARGIN);
  fail_unless_equals_int (change.right, WIDTH - MARGIN - 1);
  plain = draw ("", WIDTH, HEIGHT, CAT);
  change = draw ("", WIDTH, HEIGHT,
      "labels=<\"<b>&a\\n\\nb\">, confidences=<(float)1>");
  fail_unless_equals_int (get_height (&change), get_height (&plain));
  fail_unless (change.n_white > 20);
  change = draw ("", WIDTH, HEIGHT,
      "labels=<(string)\"\">, confidences=<(float)1>");
  fail_unless_equals_int (get_height (&change), get_height (&plain));
  /* Not one class. */
  change = draw ("", WIDTH, HEIGHT, "labels=<cat>");
  fail_unless (nothing_changed (&change));
  g_free (fields);
  g_free (text);
}
GST_END_TEST

/* A frame of any size comes out; where there is no room, as it was. */
GST_START_TEST (test_frame_sizes)
{
  static const int sizes[][2] = { { 1, 1 }, { 2, 2 }, { 3, 5 }, { 1, 400 },
    { 400, 1 }, { 31, 33 }, { 65, 63 }, { 321, 241 }, { 4096, 31 } };
  static const char *const formats[] = { "RGB", "I420", "NV12", "YUY2",
    "Y41B" };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint j = 0; j < G_N_ELEMENTS (formats); j++) {
      GstHarness *harness = harness_new ("", formats[j], sizes[i][0],
          sizes[i][1]);
      GstVideoInfo info;
      GstBuffer *buffer;
      Change change;

      gst_video_info_set_format (&info,
          gst_video_format_from_string (formats[j]), sizes[i][0], sizes[i][1]);
      fail_unless_equals_int (gst_harness_push (harness,
                                  frame_new (&info, THREE)),
          GST_FLOW_OK);
      buffer = gst_harness_pull (harness);
      fail_unless_equals_int (gst_buffer_get_size (buffer), info.size);
      change = find_change (buffer, &info);
      fail_unless_equals_int (nothing_changed (&change),
          sizes[i][0] < 65 || sizes[i][1] < 40);
      gst_buffer_unref (buffer);
      gst_harness_teardown (harness);
    }
}
GST_END_TEST

static Change
draw_in_format (GstVideoFormat format)
{
  GstHarness *harness = harness_new ("", gst_video_format_to_string (format),
      WIDTH, HEIGHT);
  GstVideoInfo info;
  GstBuffer *buffer;
  Change change;

  gst_video_info_set_format (&info, format, WIDTH, HEIGHT);
  fail_unless_equals_int (gst_harness_push (harness, frame_new (&info, CAT)),
      GST_FLOW_OK);
  buffer = gst_harness_pull (harness);
  change = find_change (buffer, &info);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
  return change;
}

/* Every format that video has: the same picture at the same place, in the same
 * colours, and nothing beside it. */
GST_START_TEST (test_every_format)
{
  const Change rgb = draw_in_format (GST_VIDEO_FORMAT_RGB);
  guint n;
  const GstVideoFormat *formats = gst_video_formats_raw (&n);

  fail_unless (n > 80);
  for (guint i = 0; i < n; i++) {
    const char *name = gst_video_format_to_string (formats[i]);
    const Change change = draw_in_format (formats[i]);

    fail_unless (change.left == rgb.left && change.top == rgb.top &&
            change.right == rgb.right && change.bottom == rgb.bottom,
        "%s: (%d, %d) to (%d, %d)", name, change.left, change.top, change.right,
        change.bottom);
    /* With two bits of alpha the soft edges of letters come out lighter. */
    fail_unless (change.n_white > 0.7 * rgb.n_white &&
            change.n_white < 2 * rgb.n_white,
        "%s: %u white pixels, not %u", name, change.n_white, rgb.n_white);
    if (GST_VIDEO_FORMAT_INFO_IS_GRAY (gst_video_format_get_info (formats[i])))
      continue;
    fail_unless (change.n_bar > 0.9 * rgb.n_bar, "%s: %u pixels of the bar",
        name, change.n_bar);
  }
}
GST_END_TEST

static Suite *
overlay_suite (void)
{
  Suite *suite = suite_create ("overlay");
  TCase *tests = test_case_new ("overlay");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_positions);
  tcase_add_test (tests, test_sizes_and_counts);
  tcase_add_test (tests, test_bar);
  tcase_add_test (tests, test_stale_is_grey);
  tcase_add_test (tests, test_state);
  tcase_add_test (tests, test_region);
  tcase_add_test (tests, test_several_results);
  tcase_add_test (tests, test_odd_regions);
  tcase_add_test (tests, test_odd_labels);
  tcase_add_test (tests, test_frame_sizes);
  tcase_add_test (tests, test_every_format);
  return suite;
}

GST_CHECK_MAIN (overlay)
