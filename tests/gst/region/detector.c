/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A detector of GStreamer's own in front: what onnxinference computes and
 * tensordecodebin reads as boxes is classified. tests/data/generate_detector.py
 * says what it finds. */

#include "support/collage.h"

#define WIDTH 160
#define HEIGHT 96
#define CAPS "video/x-raw,format=RGB,width=160,height=96,framerate=30/1"
/* With batches of one no number depends on which regions came together. */
#define CLASSIFY \
  "alexnetclassify inference-region=roi-list max-batch-size=1 top-k=10"
#define DETECT "onnxinference model-file=\"%s\" ! tensordecodebin ! " CLASSIFY

typedef struct {
  guint x, y, photo;
  int class_id;
} Object;

static const Object objects[] = {
  { 8, 40, TEST_HORSE, TEST_HORSE_CLASS },
  { 64, 16, TEST_TRUCK, TEST_TRUCK_CLASS },
  { 128, 64, TEST_HORSE, TEST_HORSE_CLASS },
};
#define N_OBJECTS G_N_ELEMENTS (objects)

/* The first objects on pure green. */
static GstBuffer *
picture_new (Fixture *fixture, guint n_objects)
{
  GstVideoFrame frame;
  GstVideoInfo info;
  GstBuffer *buffer;
  guint8 *to;

  fail_unless (gst_video_info_from_caps (&info, fixture->caps));
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_WRITE));
  to = GST_VIDEO_FRAME_PLANE_DATA (&frame, 0);
  for (gsize i = 0; i < info.size; i++)
    to[i] = i % 3 == 1 ? 255 : 0;
  for (guint i = 0; i < n_objects; i++)
    collage_draw (&frame, objects[i].photo, objects[i].x, objects[i].y);
  gst_video_frame_unmap (&frame);
  GST_BUFFER_PTS (buffer) = fixture->n_pushed++ * TEST_FRAME_DURATION;
  GST_BUFFER_DURATION (buffer) = TEST_FRAME_DURATION;
  return buffer;
}

static gboolean
is_at (const GstStructure *region, const Object *object)
{
  double x, y, width, height;

  fail_unless (gst_structure_get (region, "x", G_TYPE_DOUBLE, &x, "y",
      G_TYPE_DOUBLE, &y, "width", G_TYPE_DOUBLE, &width, "height",
      G_TYPE_DOUBLE, &height, NULL));
  return x == (double) object->x / WIDTH && y == (double) object->y / HEIGHT &&
      width == (double) COLLAGE_TILE / WIDTH &&
      height == (double) COLLAGE_TILE / HEIGHT;
}

/* The region that is this object; decoders may sort. */
static const GstStructure *
find_region (GstBuffer *buffer, const Object *object)
{
  for (guint i = 0; i < test_n_regions (buffer); i++)
    if (is_at (test_nth_region (buffer, i), object))
      return test_nth_region (buffer, i);
  ck_abort_msg ("no region at %u, %u", object->x, object->y);
}

static Fixture *
fixture_new (const char *line)
{
  Fixture *fixture = test_fixture_new_line (line);

  test_set_caps (fixture, CAPS);
  return fixture;
}

static Fixture *
detector_new (void)
{
  g_autofree char *model = test_data_path ("detector/detector.onnx");
  g_autofree char *line = test_line_new (DETECT, model);

  return fixture_new (line);
}

/* The picture with all objects, and their boxes given by hand. */
static GstBuffer *
classify_by_hand (void)
{
  g_autofree char *line = test_line_new (CLASSIFY);
  Fixture *fixture = fixture_new (line);
  GstBuffer *buffer = picture_new (fixture, N_OBJECTS);

  for (guint i = 0; i < N_OBJECTS; i++)
    collage_add_roi (buffer, "thing", objects[i].x, objects[i].y, COLLAGE_TILE,
        COLLAGE_TILE);
  buffer = test_push_pull (fixture, buffer);
  test_fixture_free (fixture);
  return buffer;
}

static void
expect_same (const GstStructure *found, const GstStructure *expected)
{
  static const char *const fields[] = { "labels", "class-ids", "confidences" };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    fail_unless (gst_value_compare (gst_structure_get_value (found, fields[i]),
                     gst_structure_get_value (expected, fields[i])) ==
            GST_VALUE_EQUAL,
        "%s differ", fields[i]);
}

/* Each object has its class, and what a box given by hand has. */
GST_START_TEST (test_detected_objects)
{
  Fixture *fixture = detector_new ();
  g_autoptr (GstBuffer) by_hand = classify_by_hand ();
  g_autoptr (GstBuffer)
      buffer = test_push_pull (fixture, picture_new (fixture, N_OBJECTS));

  fail_unless_equals_int (test_n_regions (buffer), N_OBJECTS);
  for (guint i = 0; i < N_OBJECTS; i++) {
    const GstStructure *region = find_region (buffer, &objects[i]);

    fail_unless_equals_int (test_best_class (region), objects[i].class_id);
    expect_same (region, find_region (by_hand, &objects[i]));
  }
  test_fixture_free (fixture);
}
GST_END_TEST

/* Each frame has the objects that are on it. */
GST_START_TEST (test_objects_come_and_go)
{
  static const guint n_objects[] = { 2, 0, 3, 1 };
  Fixture *fixture = detector_new ();

  for (guint i = 0; i < G_N_ELEMENTS (n_objects); i++) {
    g_autoptr (GstBuffer)
        buffer = test_push_pull (fixture, picture_new (fixture, n_objects[i]));

    fail_unless_equals_int (test_get_result (buffer) ? test_n_regions (buffer)
                                                     : 0,
        n_objects[i]);
    for (guint k = 0; k < n_objects[i]; k++)
      fail_unless_equals_int (test_best_class (find_region (buffer,
                                  &objects[k])),
          objects[k].class_id);
  }
  test_fixture_free (fixture);
}
GST_END_TEST

static Suite *
detector_suite (void)
{
  Suite *suite = suite_create ("detector");
  TCase *tests = test_case_new ("detector");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_detected_objects);
  tcase_add_test (tests, test_objects_come_and_go);
  return suite;
}

int
main (int argc, char **argv)
{
  gst_check_init (&argc, &argv);
  if (!test_has_feature ("onnxinference", 28)) {
    g_print ("SKIP: no onnxinference of GStreamer 1.28 or newer\n");
    return 77;
  }
  return gst_check_run_suite (detector_suite (), "detector", __FILE__);
}
