/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Our metadata among GStreamer's own elements: what a detector attached before
 * ours, what objectdetectionoverlay draws behind it, and what decoders read
 * from our tensor. */

#include "support/helpers.h"

#include <gst/analytics/analytics.h>

#define CAPS "video/x-raw,format=RGB,width=320,height=240,framerate=30/1"
#define OVERLAY "objectdetectionoverlay"
#define DECODER "classifiertensordecoder"
#define WITH_TENSOR "alexnetclassify attach-meta=tensor ! "
#define OTHER_TENSOR                                                 \
  ",tensors=(structure)[tensorgroups,other=(/uniquelist){(GstCaps)[" \
  "tensor/strided,tensor-id=other,dims=<4>,dims-order=row-major,type=uint8]}]"

enum { X = 40, Y = 50, WIDTH = 120, HEIGHT = 100 };

/* Adds what a detector would. */
static void
add_detection (GstBuffer *buffer, const char *type, float confidence)
{
  GstAnalyticsRelationMeta
      *relation = gst_buffer_add_analytics_relation_meta (buffer);
  GstAnalyticsODMtd detection;

  fail_unless (gst_analytics_relation_meta_add_od_mtd (relation,
      g_quark_from_string (type), X, Y, WIDTH, HEIGHT, confidence, &detection));
}

/* The horse behind the elements of `line`, with a detection or, if its type is
 * NULL, without. */
static GstBuffer *
run_with (const char *line, const char *type, float confidence)
{
  GstHarness *harness = gst_harness_new_parse (line);
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS);
  GstBuffer *buffer = test_frame_new (TEST_HORSE, caps);

  if (type)
    add_detection (buffer, type, confidence);
  GST_BUFFER_PTS (buffer) = 0;
  gst_harness_set_caps_str (harness, CAPS, CAPS);
  gst_harness_play (harness);
  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_OK);
  buffer = gst_harness_pull (harness);
  fail_unless (buffer != NULL, "no frame came out of %s", line);
  gst_harness_teardown (harness);
  return buffer;
}

static GstBuffer *
run (const char *line, gboolean detected)
{
  return run_with (line, detected ? "animal" : NULL, 0.5f);
}

static gboolean
is_same_picture (GstBuffer *one, GstBuffer *other)
{
  GstMapInfo info;
  gboolean same;

  fail_unless (gst_buffer_map (other, &info, GST_MAP_READ));
  same = gst_buffer_get_size (one) == info.size &&
      !gst_buffer_memcmp (one, 0, info.data, info.size);
  gst_buffer_unmap (other, &info);
  return same;
}

/* The only one of its type. */
static GstAnalyticsMtd
get_single (GstBuffer *buffer, GstAnalyticsMtdType type)
{
  GstAnalyticsRelationMeta
      *relation = gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsMtd single, next;
  gpointer state = NULL;

  fail_unless (relation != NULL);
  fail_unless (gst_analytics_relation_meta_iterate (relation, &state, type,
      &single));
  fail_if (gst_analytics_relation_meta_iterate (relation, &state, type, &next));
  return single;
}

/* Both are in one metadata, and the detection is as it was. */
GST_START_TEST (test_detection_is_kept)
{
  g_autofree char *line = test_line_new ("alexnetclassify");
  g_autoptr (GstBuffer) buffer = run (line, TRUE);
  GstAnalyticsMtd classification = get_single (buffer,
      gst_analytics_cls_mtd_get_mtd_type ());
  GstAnalyticsMtd detection = get_single (buffer,
      gst_analytics_od_mtd_get_mtd_type ());
  int x, y, width, height;
  float confidence;

  fail_unless_equals_string (
      g_quark_to_string (gst_analytics_cls_mtd_get_quark (&classification, 0)),
      "horse");
  fail_unless (gst_analytics_od_mtd_get_location (&detection, &x, &y, &width,
      &height, &confidence));
  fail_unless (x == X && y == Y && width == WIDTH && height == HEIGHT);
  fail_unless_equals_string (
      g_quark_to_string (gst_analytics_od_mtd_get_obj_type (&detection)),
      "animal");
}
GST_END_TEST

/* Behind the element the overlay draws the detector's box as it does without
 * the element. */
GST_START_TEST (test_overlay_draws_the_detection)
{
  g_autofree char *line = test_line_new ("alexnetclassify ! " OVERLAY);
  g_autoptr (GstBuffer) plain = run ("identity", TRUE);
  g_autoptr (GstBuffer) expected = run (OVERLAY, TRUE);
  g_autoptr (GstBuffer) drawn = run (line, TRUE);

  fail_if (is_same_picture (expected, plain));
  fail_unless (is_same_picture (drawn, expected));
}
GST_END_TEST

/* A class of the whole frame is no box. */
GST_START_TEST (test_overlay_draws_no_frame)
{
  g_autofree char *line = test_line_new ("alexnetclassify ! " OVERLAY);
  g_autoptr (GstBuffer) plain = run ("identity", FALSE);
  g_autoptr (GstBuffer) drawn = run (line, FALSE);

  fail_unless (test_get_result (drawn) != NULL);
  fail_unless (is_same_picture (drawn, plain));
}
GST_END_TEST

/* The overlay writes our class at the detector's box: the picture is the one of
 * a detection that has that class and confidence itself. */
GST_START_TEST (test_overlay_shows_our_class)
{
  g_autofree char *line =
      test_line_new ("alexnetclassify inference-region=roi-list ! " OVERLAY);
  g_autoptr (GstBuffer) drawn = run (line, TRUE);
  g_autoptr (GstBuffer) expected = NULL;
  const GstStructure *result = test_get_result (drawn);

  expected = run_with (OVERLAY, test_nth_label (result, 0),
      test_best_confidence (result));
  fail_unless (is_same_picture (drawn, expected));
}
GST_END_TEST

/* As a detection the whole frame has its class written on the picture. */
GST_START_TEST (test_overlay_shows_the_frame)
{
  g_autofree char
      *line = test_line_new ("alexnetclassify full-frame-od=true ! " OVERLAY);
  g_autoptr (GstBuffer) plain = run ("identity", FALSE);
  g_autoptr (GstBuffer) drawn = run (line, FALSE);
  GstMapInfo info;
  gsize top = 320 * 3 * 18, changed = 0;

  fail_unless (gst_buffer_map (plain, &info, GST_MAP_READ));
  for (gsize i = 0; i < top; i++)
    changed += gst_buffer_memcmp (drawn, i, info.data + i, 1) != 0;
  gst_buffer_unmap (plain, &info);
  fail_unless (changed > 300, "%" G_GSIZE_FORMAT " bytes above the box changed",
      changed);
}
GST_END_TEST

#if GST_CHECK_VERSION(1, 28, 0)

/* What a decoder makes of our tensor is our result: it knows no labels. */
static void
expect_decoded (GstBuffer *decoded)
{
  const GstStructure *result = test_get_result (decoded);
  GstAnalyticsMtd classification = get_single (decoded,
      gst_analytics_cls_mtd_get_mtd_type ());
  g_autofree char *label = g_strdup_printf ("%d", test_best_class (result));

  fail_unless_equals_int (test_best_class (result), TEST_HORSE_CLASS);
  fail_unless_equals_int (gst_analytics_cls_mtd_get_length (&classification),
      1);
  fail_unless_equals_string (
      g_quark_to_string (gst_analytics_cls_mtd_get_quark (&classification, 0)),
      label);
  fail_unless_equals_float (gst_analytics_cls_mtd_get_level (&classification,
                                0),
      test_best_confidence (result));
}

GST_START_TEST (test_decoder_links)
{
  g_autofree char *line = test_line_new (WITH_TENSOR DECODER);
  g_autoptr (GstBuffer) decoded = run (line, FALSE);

  expect_decoded (decoded);
}
GST_END_TEST

/* It looks for a decoder by our caps. */
GST_START_TEST (test_decodebin_finds_decoder)
{
  g_autofree char *line = test_line_new (WITH_TENSOR "tensordecodebin");
  g_autoptr (GstBuffer) decoded = run (line, FALSE);

  expect_decoded (decoded);
}
GST_END_TEST

static void
add_other_tensor (GstBuffer *buffer)
{
  GstTensor **tensors = g_new (GstTensor *, 1);
  gsize size = 4;

  tensors[0] = gst_tensor_new_simple (g_quark_from_string ("other"),
      GST_TENSOR_DATA_TYPE_UINT8, gst_buffer_new_allocate (NULL, size, NULL),
      GST_TENSOR_DIM_ORDER_ROW_MAJOR, 1, &size);
  gst_tensor_meta_set (gst_buffer_add_tensor_meta (buffer), 1, tensors);
}

/* What caps and buffer say of another element's tensor stays. */
GST_START_TEST (test_other_tensors_stay)
{
  g_autofree char *line = test_line_new (WITH_TENSOR DECODER);
  GstHarness *harness = gst_harness_new_parse (line);
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS);
  g_autoptr (GstCaps) sent = NULL;
  GstBuffer *buffer = test_frame_new (TEST_HORSE, caps);
  const GstStructure *groups;

  gst_harness_set_caps_str (harness, CAPS OTHER_TENSOR, CAPS);
  gst_harness_play (harness);
  add_other_tensor (buffer);
  gst_harness_push (harness, buffer);
  buffer = gst_harness_pull (harness);
  expect_decoded (buffer);
  fail_unless_equals_int (gst_buffer_get_tensor_meta (buffer)->num_tensors, 2);

  sent = gst_pad_get_current_caps (harness->sinkpad);
  groups = gst_value_get_structure (
      gst_structure_get_value (gst_caps_get_structure (sent, 0), "tensors"));
  fail_unless_equals_int (gst_structure_n_fields (groups), 2);
  fail_unless (gst_structure_has_field (groups, "other"));
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST

/* Nothing says that there is a tensor where there is none. */
GST_START_TEST (test_no_tensor_no_decoder)
{
  g_autofree char *line = test_line_new ("alexnetclassify ! " DECODER);
  GstHarness *harness = gst_harness_new_parse (line);
  g_autoptr (GstCaps) caps = gst_caps_from_string (CAPS);

  gst_harness_set_caps_str (harness, CAPS, CAPS);
  gst_harness_play (harness);
  fail_unless_equals_int (gst_harness_push (harness,
                              test_frame_new (TEST_HORSE, caps)),
      GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (harness);
}
GST_END_TEST

#endif

static Suite *
stock_suite (void)
{
  Suite *suite = suite_create ("stock");
  TCase *tests = test_case_new ("stock");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_detection_is_kept);
  if (test_has_feature (OVERLAY, 24)) {
    tcase_add_test (tests, test_overlay_draws_the_detection);
    tcase_add_test (tests, test_overlay_draws_no_frame);
    tcase_add_test (tests, test_overlay_shows_our_class);
    tcase_add_test (tests, test_overlay_shows_the_frame);
  }
#if GST_CHECK_VERSION(1, 28, 0)
  if (test_has_feature (DECODER, 28)) {
    tcase_add_test (tests, test_decoder_links);
    tcase_add_test (tests, test_decodebin_finds_decoder);
    tcase_add_test (tests, test_other_tensors_stay);
    tcase_add_test (tests, test_no_tensor_no_decoder);
  }
#endif
  return suite;
}

GST_CHECK_MAIN (stock)
