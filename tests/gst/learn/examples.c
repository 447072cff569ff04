/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What alexnetclassify saves to learn from, and when. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/collage.h"
#include "support/jsonhelpers.h"

/* Long enough for the slowest machine. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

#define INDEX "examples.jsonl"

typedef struct {
  Fixture *fixture;
  char *directory, *index;
} Saving;

/* Whether the writer of examples gets no bytes of pictures. */
static gint is_unreadable;

static gboolean
is_of_writer (void)
{
  char name[16];

  prctl (PR_GET_NAME, name);
  return g_str_equal (name, "alexnet-save");
}

/* The plugin finds it before the library's. */
__attribute__ ((visibility ("default"))) gboolean
gst_buffer_map (GstBuffer *buffer, GstMapInfo *info, GstMapFlags flags)
{
  gboolean (*real) (GstBuffer *, GstMapInfo *, GstMapFlags) = dlsym (RTLD_NEXT,
      "gst_buffer_map");

  return !(g_atomic_int_get (&is_unreadable) && is_of_writer ()) &&
      real (buffer, info, flags);
}

static Saving *
saving_new (const char *when, const char *interval)
{
  Saving *saving = g_new0 (Saving, 1);

  saving->directory = g_dir_make_tmp ("alexnet-XXXXXX", NULL);
  saving->index = g_build_filename (saving->directory, INDEX, NULL);
  saving->fixture = test_fixture_new ("save-directory", saving->directory,
      "save-when", when, "save-interval", interval, NULL);
  return saving;
}

static guint64
get_stat (const Saving *saving, const char *field)
{
  return test_stat (saving->fixture->element, field);
}

/* Until so many have been saved or failed. */
static void
wait_for (const Saving *saving, guint64 n)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  while (get_stat (saving, "examples") + get_stat (saving, "examples-failed") <
      n) {
    fail_unless (g_get_monotonic_time () < deadline);
    g_usleep (1000);
  }
}

static char *
path_of (const Saving *saving, JsonObject *line)
{
  return g_build_filename (saving->directory,
      json_object_get_string_member (line, "file"), NULL);
}

/* Takes the files that the index lists, and there are no others. */
static void
saving_free (Saving *saving)
{
  char **lines;

  test_fixture_free (saving->fixture);
  lines = test_read_lines (saving->index);
  for (guint i = 0; lines[i]; i++) {
    JsonObject *line = test_parse_line (lines[i]);
    char *path = path_of (saving, line);

    fail_unless (g_unlink (path) == 0, "no %s", path);
    g_free (path);
    json_object_unref (line);
  }
  g_strfreev (lines);
  fail_unless (g_unlink (saving->index) == 0);
  fail_unless (g_rmdir (saving->directory) == 0);
  g_free (saving->index);
  g_free (saving->directory);
  g_free (saving);
}

/* Once so many are saved. */
static JsonObject *
read_line (const Saving *saving, guint n, guint i)
{
  JsonObject *line;
  char **lines;

  wait_for (saving, n);
  lines = test_read_lines (saving->index);
  fail_unless_equals_int (g_strv_length (lines), n);
  line = test_parse_line (lines[i]);
  g_strfreev (lines);
  return line;
}

static void
push_photo (const Saving *saving, guint photo)
{
  test_push_photo (saving->fixture, photo);
  gst_buffer_unref (test_pull (saving->fixture));
}

/* h: the horse, t: the truck, f: a flush. */
static void
push_photos (const Saving *saving, const char *photos)
{
  for (; *photos; photos++)
    if (*photos == 'f')
      test_flush (saving->fixture);
    else
      push_photo (saving, *photos == 'h' ? TEST_HORSE : TEST_TRUCK);
}

static void
push_collage (const Saving *saving, GstBuffer *buffer)
{
  gst_buffer_unref (test_push_pull (saving->fixture, buffer));
}

/* What is saved of these photos. */
typedef struct {
  const char *when, *interval, *confirm_count, *photos;
  guint n_saved;
} Rule;

static const Rule rules[] = {
  { "0", "0", "0", "hth", 0 },
  { "change", "0", "0", "hhtthht", 3 },
  { "first", "0", "0", "hhtthht", 1 },
  { "first", "0", "0", "hthfhtfh", 3 },
  { "first+change", "0", "0", "hhthftt", 4 },
  { "change", "0", "0", "hhfttfhh", 0 },
  { "0", "1", "0", "hth", 3 },
  { "0", "3", "0", "hththth", 3 },
  { "change", "0", "2", "hthhthtt", 1 },
  { "first", "0", "2", "hthhthtt", 1 },
};

GST_START_TEST (test_rule)
{
  const Rule *rule = &rules[__i__];
  Saving *saving = saving_new (rule->when, rule->interval);
  GstElement *element = saving->fixture->element;

  gst_util_set_object_arg (G_OBJECT (element), "confirm-count",
      rule->confirm_count);
  push_photos (saving, rule->photos);
  wait_for (saving, rule->n_saved);
  gst_element_set_state (element, GST_STATE_READY);
  fail_unless_equals_uint64 (get_stat (saving, "examples"), rule->n_saved);
  saving_free (saving);
}
GST_END_TEST

/* Below the threshold, or nothing is left of it. */
GST_START_TEST (test_uncertain)
{
  Saving *saving = saving_new ("uncertain", "0");
  GstElement *element = saving->fixture->element;
  JsonObject *line;
  GstBuffer *buffer;
  float sure;

  test_push_photo (saving->fixture, TEST_HORSE);
  buffer = test_pull (saving->fixture);
  sure = test_best_confidence (test_get_result (buffer));
  gst_buffer_unref (buffer);
  g_object_set (element, "save-threshold", sure * 0.999f, NULL);
  push_photo (saving, TEST_HORSE);
  g_object_set (element, "save-threshold", MIN (sure * 1.001f, 1), NULL);
  push_photo (saving, TEST_HORSE);
  g_object_set (element, "save-threshold", 0.f, "threshold", 1.f, NULL);
  push_photo (saving, TEST_HORSE);
  line = read_line (saving, 2, 1);
  fail_unless_equals_int (json_object_get_int_member (line, "frame_number"), 3);
  fail_unless_equals_int (json_array_get_length (json_object_get_array_member (
                              test_nth_json_region (line, 0), "classes")),
      0);
  json_object_unref (line);
  saving_free (saving);
}
GST_END_TEST

static void
expect_line (JsonObject *line, const char *name, guint class_id)
{
  JsonObject *region = test_nth_json_region (line, 0);
  JsonArray *classes = json_object_get_array_member (region, "classes");
  JsonObject *best = json_array_get_object_element (classes, 0);

  fail_unless_equals_string (json_object_get_string_member (region, "region"),
      "named");
  fail_unless_equals_string (json_object_get_string_member (region,
                                 "region_name"),
      name);
  fail_unless_equals_int (json_object_get_int_member (best, "class_id"),
      class_id);
  fail_unless (json_object_get_double_member (best, "confidence") > 0.5);
  fail_unless (g_str_has_suffix (json_object_get_string_member (line, "model"),
      ".safetensors"));
  fail_unless_equals_int (json_object_get_int_member (line, "stream_time"), 0);
}

/* Of a PNG all pixels are those of the photo. */
static void
expect_pixels (const char *path, guint photo)
{
  GdkPixbuf *pixbuf = gdk_pixbuf_new_from_file (path, NULL);
  GstBuffer *buffer = test_photo_new (photo);

  fail_unless (pixbuf != NULL, "no picture in %s", path);
  fail_unless_equals_int (gdk_pixbuf_get_width (pixbuf), COLLAGE_TILE);
  fail_unless_equals_int (gdk_pixbuf_get_height (pixbuf), COLLAGE_TILE);
  for (guint y = 0; y < COLLAGE_TILE; y++)
    fail_unless (gst_buffer_memcmp (buffer, y * COLLAGE_TILE * 3,
                     gdk_pixbuf_read_pixels (pixbuf) +
                         y * gdk_pixbuf_get_rowstride (pixbuf),
                     COLLAGE_TILE * 3) == 0);
  gst_buffer_unref (buffer);
  g_object_unref (pixbuf);
}

static void
restart (const Saving *saving, const char *property, const char *value)
{
  GstElement *element = saving->fixture->element;

  gst_element_set_state (element, GST_STATE_READY);
  gst_util_set_object_arg (G_OBJECT (element), property, value);
  gst_element_set_state (element, GST_STATE_PLAYING);
  gst_pad_push_event (saving->fixture->harness->srcpad,
      gst_event_new_stream_start ("again"));
}

/* Regions with a name are cut out, with all that is known of them. */
GST_START_TEST (test_regions)
{
  static const char *const names[] = { "door", "yard" };
  Saving *saving = saving_new ("first", "0");

  restart (saving, "regions", "door:0,0,32,32;yard:96,32,32,32");
  restart (saving, "save-format", "png");
  collage_set_caps (saving->fixture);
  test_push_segment (saving->fixture, 1, 0, GST_CLOCK_TIME_NONE);
  push_collage (saving, collage_new (saving->fixture));
  push_collage (saving, collage_new (saving->fixture));
  for (guint i = 0; i < 2; i++) {
    JsonObject *line = read_line (saving, 2, i);
    char *path = path_of (saving, line);

    expect_line (line, names[i], i == 0 ? TEST_HORSE_CLASS : TEST_TRUCK_CLASS);
    expect_pixels (path, i == 0 ? TEST_HORSE : TEST_TRUCK);
    g_free (path);
    json_object_unref (line);
  }
  saving_free (saving);
}
GST_END_TEST

/* Detections that a tracker follows are known again, others are not. */
GST_START_TEST (test_objects)
{
  Saving *saving = saving_new ("first+change", "0");
  GstElement *element = saving->fixture->element;
  GstBuffer *buffer;

  gst_util_set_object_arg (G_OBJECT (element), "inference-region", "roi-list");
  collage_set_caps (saving->fixture);
  for (guint i = 0; i < 4; i++) {
    buffer = collage_new (saving->fixture);
    collage_add_tile (buffer, 3);
    collage_add_object (buffer, i < 2 ? 0 : 1, 7);
    push_collage (saving, buffer);
  }
  wait_for (saving, 2);
  gst_element_set_state (element, GST_STATE_READY);
  fail_unless_equals_uint64 (get_stat (saving, "examples"), 2);
  saving_free (saving);
}
GST_END_TEST

/* JPEG, of whatever format frames have; more than the limit is not kept. */
GST_START_TEST (test_jpeg)
{
  Saving *saving = saving_new ("0", "1");
  GdkPixbuf *pixbuf;
  JsonObject *line;
  char *path;

  restart (saving, "save-limit-count", "3");
  test_set_caps (saving->fixture,
      "video/x-raw,format=NV12,width=30,height=22,framerate=30/1");
  test_push_segment (saving->fixture, 1, 0, GST_CLOCK_TIME_NONE);
  for (guint i = 0; i < 5; i++) {
    push_collage (saving, test_frame_new (TEST_HORSE, saving->fixture->caps));
    wait_for (saving, i + 1);
  }
  gst_element_set_state (saving->fixture->element, GST_STATE_READY);
  line = read_line (saving, 3, 2);
  path = path_of (saving, line);
  fail_unless (g_str_has_suffix (path, ".jpg"));
  pixbuf = gdk_pixbuf_new_from_file (path, NULL);
  fail_unless_equals_int (gdk_pixbuf_get_width (pixbuf), 30);
  fail_unless_equals_int (gdk_pixbuf_get_height (pixbuf), 22);
  g_object_unref (pixbuf);
  g_free (path);
  json_object_unref (line);
  saving_free (saving);
}
GST_END_TEST

/* Of luma alone. */
static void
push_gray (const Saving *saving, guint8 luma)
{
  GstVideoInfo info;
  GstBuffer *buffer;

  fail_unless (gst_video_info_from_caps (&info, saving->fixture->caps));
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_memset (buffer, 0, 128, info.size);
  gst_buffer_memset (buffer, 0, luma, info.stride[0] * info.height);
  push_collage (saving, buffer);
}

/* The least component of the first pixel of the i-th of two. */
static guint
read_gray (const Saving *saving, guint i)
{
  JsonObject *line = read_line (saving, 2, i);
  char *path = path_of (saving, line);
  GdkPixbuf *pixbuf = gdk_pixbuf_new_from_file (path, NULL);
  const guint8 *pixel;
  guint least;

  fail_unless (pixbuf != NULL, "no picture in %s", path);
  pixel = gdk_pixbuf_read_pixels (pixbuf);
  least = MIN (MIN (pixel[0], pixel[1]), pixel[2]);
  g_object_unref (pixbuf);
  g_free (path);
  json_object_unref (line);
  return least;
}

/* Black and white of video are those of a picture. */
static const struct {
  const char *save_format, *pixels;
  guint black, white;
} grays[] = {
  { "jpeg", "I420,colorimetry=bt601", 16, 235 },
  { "jpeg", "I420,colorimetry=bt709", 16, 235 },
  { "jpeg", "NV12,colorimetry=1:4:0:0", 0, 255 },
  { "jpeg", "GRAY8,colorimetry=2:4:0:0", 16, 235 },
  { "jpeg", "GRAY8", 0, 255 },
  { "png", "I420,colorimetry=bt601", 16, 235 },
  { "png", "GRAY8,colorimetry=2:4:0:0", 16, 235 },
};

GST_START_TEST (test_range)
{
  Saving *saving = saving_new ("0", "1");
  char *caps = g_strdup_printf ("video/x-raw,width=32,height=32,framerate=30/1,"
                                "format=%s",
      grays[__i__].pixels);

  restart (saving, "save-format", grays[__i__].save_format);
  test_set_caps (saving->fixture, caps);
  test_push_segment (saving->fixture, 1, 0, GST_CLOCK_TIME_NONE);
  push_gray (saving, grays[__i__].black);
  push_gray (saving, grays[__i__].white);
  fail_unless (read_gray (saving, 0) <= 3, "%s: black is %u", caps,
      read_gray (saving, 0));
  fail_unless (read_gray (saving, 1) >= 252, "%s: white is %u", caps,
      read_gray (saving, 1));
  g_free (caps);
  saving_free (saving);
}
GST_END_TEST

/* What is in the pipe becomes a file. */
static void
replace_pipe (const char *path, int fd)
{
  g_autofree char *lines = g_malloc (1 << 16);
  gssize n = read (fd, lines, 1 << 16);

  fail_unless (n > 0);
  close (fd);
  fail_unless (g_unlink (path) == 0);
  fail_unless (g_file_set_contents (path, lines, n, NULL));
}

/* The index is a pipe that nobody reads: the writer stands still, and frames
 * pass all the same. */
GST_START_TEST (test_full_queue)
{
  Saving *saving = saving_new ("0", "1");
  guint n = 30, n_dropped;
  int fd;

  fail_unless (g_unlink (saving->index) == 0);
  fail_unless (mkfifo (saving->index, 0600) == 0);
  for (guint i = 0; i < n; i++)
    push_photo (saving, TEST_HORSE);
  n_dropped = get_stat (saving, "examples-dropped");
  fail_unless (n_dropped == n - 16 || n_dropped == n - 17);
  fail_unless_equals_uint64 (get_stat (saving, "inferred"), n);
  fd = g_open (saving->index, O_RDONLY | O_NONBLOCK, 0);
  wait_for (saving, n - n_dropped);
  replace_pipe (saving->index, fd);
  fail_unless_equals_uint64 (get_stat (saving, "examples-failed"), 0);
  fail_unless_equals_int (test_count_messages (saving->fixture->bus,
                              GST_MESSAGE_WARNING),
      0);
  saving_free (saving);
}
GST_END_TEST

static GError *
pop_warning (const Saving *saving)
{
  GstMessage *message = test_pop_message (saving->fixture->bus,
      GST_MESSAGE_WARNING);
  GError *error;

  gst_message_parse_warning (message, &error, NULL);
  gst_message_unref (message);
  return error;
}

/* One warning, of the first; what can be saved again is. */
GST_START_TEST (test_full_disk)
{
  Saving *saving = saving_new ("0", "1");
  GError *error;

  fail_unless (g_unlink (saving->index) == 0);
  fail_unless (symlink ("/dev/full", saving->index) == 0);
  push_photos (saving, "hth");
  wait_for (saving, 3);
  fail_unless_equals_uint64 (get_stat (saving, "examples-failed"), 3);
  error = pop_warning (saving);
  fail_unless (g_error_matches (error, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT));
  fail_unless (strstr (error->message, saving->index) != NULL);
  g_error_free (error);
  fail_unless (g_unlink (saving->index) == 0);
  push_photos (saving, "h");
  wait_for (saving, 4);
  fail_unless_equals_uint64 (get_stat (saving, "examples"), 1);
  fail_unless_equals_int (test_count_messages (saving->fixture->bus,
                              GST_MESSAGE_WARNING),
      0);
  saving_free (saving);
}
GST_END_TEST

/* It is an example that failed, and the next one is saved. */
GST_START_TEST (test_unreadable)
{
  Saving *saving = saving_new ("0", "1");
  GError *error;

  g_atomic_int_set (&is_unreadable, TRUE);
  push_photos (saving, "h");
  wait_for (saving, 1);
  g_atomic_int_set (&is_unreadable, FALSE);
  fail_unless_equals_uint64 (get_stat (saving, "examples-failed"), 1);
  error = pop_warning (saving);
  fail_unless_equals_string (error->message,
      "cannot read an example encoded as jpg");
  g_error_free (error);
  push_photos (saving, "h");
  wait_for (saving, 2);
  fail_unless_equals_uint64 (get_stat (saving, "examples"), 1);
  saving_free (saving);
}
GST_END_TEST

/* Before the first frame, with the name. */
GST_START_TEST (test_bad_directory)
{
  Saving *saving = saving_new ("first", "0");
  char *below = g_build_filename (saving->index, "below", NULL);
  const char *const directories[] = { below, saving->directory };

  for (guint i = 0; i < G_N_ELEMENTS (directories); i++) {
    GstElement *element = test_element_new ("save-directory", directories[i],
        NULL);
    char *text;

    fail_unless (gst_element_set_state (element, GST_STATE_READY) ==
        GST_STATE_CHANGE_SUCCESS);
    text = test_expect_error (element, GST_STATE_PAUSED);
    fail_unless (strstr (text, directories[i]) != NULL, "%s", text);
    g_free (text);
    gst_element_set_state (element, GST_STATE_NULL);
    gst_object_unref (element);
  }
  g_free (below);
  saving_free (saving);
}
GST_END_TEST

/* A directory and no rule; a rule and no directory is how it always is. */
GST_START_TEST (test_idle)
{
  Saving *saving = saving_new ("0", "0");
  Fixture *fixture = test_fixture_new ("save-when", "uncertain", NULL);

  fail_unless_equals_int (test_count_messages (saving->fixture->bus,
                              GST_MESSAGE_WARNING),
      1);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_WARNING),
      0);
  test_fixture_free (fixture);
  saving_free (saving);
}
GST_END_TEST

#if HAVE_GST_CUDA
/* Said once, and the video goes on. */
GST_START_TEST (test_frames_in_gpu_memory)
{
  Saving *saving = saving_new ("first", "0");
  Fixture *fixture = saving->fixture;

  test_push_cuda_caps (fixture);
  test_expect_horse (fixture);
  test_expect_horse (fixture);
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_WARNING),
      1);
  fail_unless_equals_int (get_stat (saving, "examples"), 0);
  saving_free (saving);
}
GST_END_TEST
#endif

static Suite *
examples_suite (void)
{
  Suite *suite = suite_create ("examples");
  TCase *tests = test_case_new ("examples");

  suite_add_tcase (suite, tests);
  tcase_add_loop_test (tests, test_rule, 0, G_N_ELEMENTS (rules));
  tcase_add_test (tests, test_uncertain);
  tcase_add_test (tests, test_regions);
  tcase_add_test (tests, test_objects);
  tcase_add_test (tests, test_jpeg);
  tcase_add_loop_test (tests, test_range, 0, G_N_ELEMENTS (grays));
  tcase_add_test (tests, test_full_queue);
  tcase_add_test (tests, test_full_disk);
  tcase_add_test (tests, test_unreadable);
  tcase_add_test (tests, test_bad_directory);
  tcase_add_test (tests, test_idle);
#if HAVE_GST_CUDA
  tcase_add_test (tests, test_frames_in_gpu_memory);
#endif
  return suite;
}

GST_CHECK_MAIN (examples)
