/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Detections and results as GstAnalytics metadata. */

#include "support/collage.h"

#include <gst/analytics/analytics.h>

#define ROI_LIST "inference-region", "roi-list"
#define OD_TO_CLS \
  (GST_ANALYTICS_REL_TYPE_RELATE_TO | GST_ANALYTICS_REL_TYPE_CONTAIN)
#define CLS_TO_OD \
  (GST_ANALYTICS_REL_TYPE_RELATE_TO | GST_ANALYTICS_REL_TYPE_IS_PART_OF)

static guint
count (GstBuffer *buffer, GstAnalyticsMtdType type)
{
  GstAnalyticsRelationMeta
      *meta = gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsMtd mtd;
  gpointer state = NULL;
  guint n = 0;

  while (gst_analytics_relation_meta_iterate (meta, &state, type, &mtd))
    n++;
  return n;
}

/* The detection has one classification, of this class, related both ways. */
static void
expect_related (GstBuffer *buffer, guint od_id, const char *label)
{
  GstAnalyticsRelationMeta
      *meta = gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsMtdType type = gst_analytics_cls_mtd_get_mtd_type ();
  GstAnalyticsClsMtd classes;
  gpointer state = NULL;
  guint id;

  fail_unless (gst_analytics_relation_meta_get_direct_related (meta, od_id,
      GST_ANALYTICS_REL_TYPE_RELATE_TO, type, &state, &classes));
  id = gst_analytics_mtd_get_id (&classes);
  fail_unless_equals_string (
      g_quark_to_string (gst_analytics_cls_mtd_get_quark (&classes, 0)), label);
  fail_unless_equals_int (gst_analytics_relation_meta_get_relation (meta, od_id,
                              id),
      OD_TO_CLS);
  fail_unless_equals_int (gst_analytics_relation_meta_get_relation (meta, id,
                              od_id),
      CLS_TO_OD);
  fail_if (gst_analytics_relation_meta_get_direct_related (meta, od_id,
      GST_ANALYTICS_REL_TYPE_RELATE_TO, type, &state, &classes));
}

/* The buffer's first detection is a square of 32 pixels of this class, and is
 * certain. */
static void
expect_detection (GstBuffer *buffer, const char *type, int x, int y,
    const char *label)
{
  gpointer state = NULL;
  int found_x, found_y, width, height;
  GstAnalyticsODMtd od;
  float level;

  fail_unless (gst_analytics_relation_meta_iterate (
      gst_buffer_get_analytics_relation_meta (buffer), &state,
      gst_analytics_od_mtd_get_mtd_type (), &od));
  fail_unless_equals_string (
      g_quark_to_string (gst_analytics_od_mtd_get_obj_type (&od)), type);
  gst_analytics_od_mtd_get_location (&od, &found_x, &found_y, &width, &height,
      &level);
  fail_unless_equals_int (found_x, x);
  fail_unless_equals_int (found_y, y);
  fail_unless_equals_int (width, 32);
  fail_unless_equals_int (height, 32);
  fail_unless_equals_float (level, 1);
  expect_related (buffer, gst_analytics_mtd_get_id (&od), label);
}

/* Also where the metadata was copied, because somebody else holds the buffer.
 * Detectors that write both kinds of metadata mean the same regions. */
GST_START_TEST (test_detections)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "roi-classes", "a,b", NULL);
  GstBuffer *in, *out;
  guint a, b;

  collage_set_caps (fixture);
  in = collage_new (fixture);
  a = collage_add_detection (in, "a", 2);
  collage_add_detection (in, "c", 4);
  b = collage_add_detection (in, "b", 1);
  collage_add_tile (in, 2)->roi_type = g_quark_from_string ("a");
  out = test_push_pull (fixture, gst_buffer_ref (in));
  fail_unless_equals_int (test_n_regions (out), 2);
  expect_related (out, a, "horse");
  expect_related (out, b, "truck");
  fail_unless_equals_int (count (out, gst_analytics_od_mtd_get_mtd_type ()), 3);
  fail_unless_equals_int (count (out, gst_analytics_cls_mtd_get_mtd_type ()),
      2);
  fail_unless_equals_int (count (in, gst_analytics_cls_mtd_get_mtd_type ()), 0);
  gst_buffer_unref (out);
  gst_buffer_unref (in);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Coordinates of detections have a sign. */
GST_START_TEST (test_detection_before_the_edge)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  GstAnalyticsRelationMeta *meta;
  GstAnalyticsODMtd od;
  GstBuffer *buffer;
  double width;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  meta = gst_buffer_add_analytics_relation_meta (buffer);
  gst_analytics_relation_meta_add_od_mtd (meta, 0, -32, -10, 64, 20, 1, &od);
  gst_analytics_relation_meta_add_od_mtd (meta, 0, -32, 0, 32, 20, 1, &od);
  gst_analytics_relation_meta_add_od_mtd (meta, 0, 0, 0, -5, 20, 1, &od);
  buffer = test_push_pull (fixture, buffer);
  fail_unless_equals_int (test_n_regions (buffer), 1);
  fail_unless (gst_structure_get_double (test_nth_region (buffer, 0), "width",
      &width));
  fail_unless_equals_float (width, 0.25);
  fail_unless_equals_uint64 (test_stat (fixture->element, "skipped-regions"),
      2);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* A classification without a detection would be one of the whole frame. */
GST_START_TEST (test_roi_meta_becomes_a_detection)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, NULL);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  collage_add_tile (buffer, 5);
  buffer = test_push_pull (fixture, buffer);
  expect_detection (buffer, "thing", 32, 32, "truck");
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_tracked)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "reclassify-interval", "2",
      NULL);

  collage_set_caps (fixture);
  for (guint i = 0; i < 5; i++) {
    GstBuffer *buffer = collage_new (fixture);
    guint od = collage_add_detection (buffer, "a", i % 4 * 2);
    const GstStructure *result;

    collage_track_detection (buffer, od, G_MAXUINT64 - 1, i % 3 == 0);
    buffer = test_push_pull (fixture, buffer);
    result = test_nth_region (buffer, 0);
    fail_unless_equals_int (test_is_stale (result), i % 2);
    fail_unless_equals_uint64 (test_get_uint64 (result, "tracking-id"),
        G_MAXUINT64 - 1);
    expect_related (buffer, od, "horse");
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (test_stat (fixture->element, "inferred"), 3);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_full_frame_od)
{
  Fixture *fixture = test_fixture_new ("full-frame-od", "true", NULL);
  GstBuffer *buffer;

  test_push (fixture);
  buffer = test_pull (fixture);
  expect_detection (buffer, "horse", 0, 0, "horse");
  fail_unless_equals_int (test_count_messages (fixture->bus,
                              GST_MESSAGE_WARNING),
      0);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Behind one that made the frame a detection, it is a region. */
GST_START_TEST (test_two_elements)
{
  char *line = test_line_new ("alexnetclassify full-frame-od=true ! "
                              "alexnetclassify inference-region=roi-list");
  Fixture *fixture = test_fixture_new_line (line);
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = test_push_pull (fixture, collage_new (fixture));
  fail_unless_equals_int (count (buffer, gst_analytics_od_mtd_get_mtd_type ()),
      1);
  fail_unless_equals_int (count (buffer, gst_analytics_cls_mtd_get_mtd_type ()),
      2);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
  g_free (line);
}
GST_END_TEST

#if GST_CHECK_VERSION(1, 26, 0)
/* All probabilities of each region, beside a tensor that was there. */
GST_START_TEST (test_tensor)
{
  Fixture *fixture = test_fixture_new (ROI_LIST, "attach-meta", "tensor", NULL);
  GstTensor **others = g_new (GstTensor *, 1);
  gsize size = 4;
  GstTensorMeta *meta;
  const GstTensor *tensor;
  GstBuffer *buffer;
  GstMapInfo map;
  int index;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  for (guint i = 0; i < 3; i++)
    collage_add_tile (buffer, i);
  others[0] = gst_tensor_new_simple (g_quark_from_string ("other"),
      GST_TENSOR_DATA_TYPE_UINT8, gst_buffer_new_allocate (NULL, 4, NULL),
      GST_TENSOR_DIM_ORDER_ROW_MAJOR, 1, &size);
  gst_tensor_meta_set (gst_buffer_add_tensor_meta (buffer), 1, others);

  buffer = test_push_pull (fixture, buffer);
  meta = gst_buffer_get_tensor_meta (buffer);
  fail_unless_equals_int (meta->num_tensors, 2);
  index = gst_tensor_meta_get_index_from_id (meta,
      g_quark_from_string ("classification-generic-softmaxed-out"));
  tensor = gst_tensor_meta_get (meta, index);
  fail_unless_equals_int (tensor->num_dims, 2);
  fail_unless_equals_int (tensor->dims[0], 3);
  fail_unless_equals_int (tensor->dims[1], TEST_N_CLASSES);
  fail_unless_equals_int (tensor->data_type, GST_TENSOR_DATA_TYPE_FLOAT32);
  gst_buffer_map (tensor->data, &map, GST_MAP_READ);
  for (guint i = 0; i < 3; i++) {
    const GstStructure *result = test_nth_region (buffer, i);
    const float *row = (const float *) map.data + i * TEST_N_CLASSES;
    float sum = 0;

    for (guint k = 0; k < TEST_N_CLASSES; k++)
      sum += row[k];
    fail_unless (sum > 0.999f && sum < 1.001f);
    fail_unless_equals_float (row[test_best_class (result)],
        test_best_confidence (result));
  }
  gst_buffer_unmap (tensor->data, &map);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST
#endif

static Suite *
detections_suite (void)
{
  Suite *suite = suite_create ("detections");
  TCase *tests = test_case_new ("detections");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_detections);
  tcase_add_test (tests, test_detection_before_the_edge);
  tcase_add_test (tests, test_roi_meta_becomes_a_detection);
  tcase_add_test (tests, test_tracked);
  tcase_add_test (tests, test_full_frame_od);
  tcase_add_test (tests, test_two_elements);
#if GST_CHECK_VERSION(1, 26, 0)
  tcase_add_test (tests, test_tensor);
#endif
  return suite;
}

GST_CHECK_MAIN (detections)
