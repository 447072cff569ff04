/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CUDA memory in caps, and what happens to it on a machine that has none:
 * negotiation, queries, and frames that turn out to lie in the host's. */

#include "support/helpers.h"

#define CUDA_FEATURE "memory:CUDAMemory"

static GstCaps *
cuda_caps (GstCaps *caps)
{
  GstCaps *cuda = gst_caps_copy (caps);

  gst_caps_set_features (cuda, 0, gst_caps_features_new (CUDA_FEATURE, NULL));
  return cuda;
}

static gboolean
accepts (Fixture *fixture, GstCaps *caps)
{
  GstPad *sink = gst_element_get_static_pad (fixture->element, "sink");
  gboolean ok = gst_pad_query_accept_caps (sink, caps);

  gst_object_unref (sink);
  return ok;
}

GST_START_TEST (test_caps)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstCaps *caps = cuda_caps (fixture->caps);

  fail_unless (accepts (fixture, fixture->caps));
  fail_unless_equals_int (accepts (fixture, caps), HAVE_GST_CUDA);
  gst_caps_unref (caps);
  test_fixture_free (fixture);
}
GST_END_TEST

/* CUDA memory is preferred: it is the template's first structure. */
GST_START_TEST (test_preference)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstPad *sink = gst_element_get_static_pad (fixture->element, "sink");
  GstCaps *caps = gst_pad_get_pad_template_caps (sink);
  GstCapsFeatures *features = gst_caps_get_features (caps, 0);

  fail_unless_equals_int (gst_caps_get_size (caps), 1 + HAVE_GST_CUDA);
  fail_unless_equals_int (gst_caps_features_contains (features, CUDA_FEATURE),
      HAVE_GST_CUDA);
  gst_caps_unref (caps);
  gst_object_unref (sink);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_no_context)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstPad *sink = gst_element_get_static_pad (fixture->element, "sink");
  GstQuery *query = gst_query_new_context ("gst.cuda.context");
  GstContext *context = NULL;

  gst_pad_query (sink, query);
  gst_query_parse_context (query, &context);
  fail_unless (context == NULL);
  gst_query_unref (query);
  gst_object_unref (sink);
  test_fixture_free (fixture);
}
GST_END_TEST

/* What is no GstCudaContext is no context. */
GST_START_TEST (test_foreign_contexts)
{
  Fixture *fixture = test_fixture_new (NULL);
  static const char *const types[] = { "gst.cuda.context", "gst.soup.session" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    GstContext *context = gst_context_new (types[i], FALSE);

    gst_element_set_context (fixture->element, context);
    gst_context_unref (context);
  }
  test_expect_horse (fixture);
  test_fixture_free (fixture);
}
GST_END_TEST

#if HAVE_GST_CUDA
static gboolean
push_caps (Fixture *fixture, GstCaps *caps)
{
  return gst_harness_push_event (fixture->harness, gst_event_new_caps (caps));
}

GST_START_TEST (test_allocation)
{
  Fixture *fixture = test_fixture_new ("max-in-flight", "5", NULL);
  GstCaps *caps = cuda_caps (fixture->caps);
  GstPad *sink = gst_element_get_static_pad (fixture->element, "sink");
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  GstBufferPool *pool = NULL;
  guint size, min, max;

  fail_unless (gst_pad_query (sink, query));
  fail_unless_equals_int (gst_query_get_n_allocation_pools (query), 1);
  gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, &min, &max);
  fail_unless (pool == NULL);
  fail_unless_equals_int (size, 32 * 32 * 3);
  fail_unless (min >= 5);
  gst_query_unref (query);
  gst_object_unref (sink);
  gst_caps_unref (caps);
  test_fixture_free (fixture);
}
GST_END_TEST

/* Frames of the host under CUDA caps, and back: nothing is lost, and caps come
 * out where they went in. */
GST_START_TEST (test_frames_of_the_host)
{
  Fixture *fixture = test_fixture_new (NULL);
  GstCaps *caps = cuda_caps (fixture->caps);

  test_expect_horse (fixture);
  fail_unless (push_caps (fixture, caps));
  test_expect_horse (fixture);
  fail_unless (push_caps (fixture, fixture->caps));
  test_expect_horse (fixture);
  test_push_eos (fixture);
  test_expect_record (fixture,
      "stream-start,caps,segment,frame 0,caps,frame 1,caps,frame 2,eos");
  gst_caps_unref (caps);
  test_fixture_free (fixture);
}
GST_END_TEST
#endif

static Suite *
cuda_suite (void)
{
  Suite *suite = suite_create ("cuda");
  TCase *tcase = test_case_new ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_caps);
  tcase_add_test (tcase, test_preference);
  tcase_add_test (tcase, test_no_context);
  tcase_add_test (tcase, test_foreign_contexts);
#if HAVE_GST_CUDA
  tcase_add_test (tcase, test_allocation);
  tcase_add_test (tcase, test_frames_of_the_host);
#endif
  return suite;
}

GST_CHECK_MAIN (cuda);
