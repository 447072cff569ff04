/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* attach-meta=embedding gives what the engine says of the same pixels: as a
 * tensor where the build has one, else in the custom metadata. */

#include <math.h>

#include "alexnet.h"
#include "support/collage.h"

#if HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

#define HAVE_TENSOR (HAVE_GST_ANALYTICS && GST_CHECK_VERSION (1, 26, 0))

/* Of the largest value: a batch may be computed in another way. */
#define TOLERANCE 1e-4f

/* Of the demonstration model. */
#define N_VALUES 512

#if HAVE_TENSOR

#define TENSOR g_quark_from_string ("alexnet-embedding-out")

static const GstTensor *
get_tensor (GstBuffer *buffer)
{
  GstTensorMeta *meta = gst_buffer_get_tensor_meta (buffer);
  int index = meta ? gst_tensor_meta_get_index_from_id (meta, TENSOR) : -1;

  return index < 0 ? NULL : gst_tensor_meta_get (meta, index);
}

static gboolean
has_embedding (GstBuffer *buffer)
{
  return get_tensor (buffer) != NULL;
}

/* Of the `i`-th of n regions. */
static void
read_embedding (GstBuffer *buffer, guint i, guint n, float *values)
{
  const GstTensor *tensor = get_tensor (buffer);
  gsize size = N_VALUES * sizeof (float);

  fail_unless (tensor != NULL);
  fail_unless_equals_int (tensor->data_type, GST_TENSOR_DATA_TYPE_FLOAT32);
  fail_unless_equals_int (tensor->num_dims, 2);
  fail_unless_equals_uint64 (tensor->dims[0], n);
  fail_unless_equals_uint64 (tensor->dims[1], N_VALUES);
  fail_unless_equals_uint64 (gst_buffer_extract (tensor->data, i * size, values,
                                 size),
      size);
  fail_if (gst_structure_has_field (test_get_result (buffer), "embedding"));
}

#else

static gboolean
has_embedding (GstBuffer *buffer)
{
  return gst_structure_has_field (test_get_result (buffer), "embedding");
}

static void
read_embedding (GstBuffer *buffer, guint i, guint n, float *values)
{
  const GstStructure *result = test_get_result (buffer);
  GBytes *bytes = NULL;

  if (gst_structure_has_field (result, "regions")) {
    fail_unless_equals_int (test_n_regions (buffer), n);
    result = test_nth_region (buffer, i);
  }
  fail_unless (gst_structure_get (result, "embedding", G_TYPE_BYTES, &bytes,
      NULL));
  fail_unless_equals_uint64 (g_bytes_get_size (bytes),
      N_VALUES * sizeof (float));
  memcpy (values, g_bytes_get_data (bytes, NULL), N_VALUES * sizeof (float));
  g_bytes_unref (bytes);
}

#endif

/* Adds `weight` times what the engine says of a region of a frame of RGB. */
static void
add_expected (GstBuffer *frame, guint width, guint height,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess,
    float weight, float *sum)
{
  g_autofree char *path = test_model_path ();
  AlexnetModel *model = alexnet_model_load (path, NULL, NULL);
  AlexnetEngineParams params = { .precision = ALEXNET_PRECISION_FP32,
    .embedding = TRUE };
  AlexnetEngine *engine = alexnet_engine_get (model, &params, NULL);
  AlexnetStream *stream = alexnet_stream_new (engine, preprocess, 1);
  AlexnetImage image = { .format = ALEXNET_FORMAT_RGB,
    .width = width,
    .height = height,
    .strides = { width * 3 } };
  AlexnetRequest *request;
  AlexnetResult result;
  GstMapInfo map;

  gst_buffer_map (frame, &map, GST_MAP_READ);
  image.planes[0] = map.data;
  request = alexnet_stream_submit (stream, &image, region, NULL);
  fail_unless (alexnet_request_wait (request, &result, NULL));
  fail_unless_equals_int (result.n_embedding, N_VALUES);
  for (guint i = 0; i < N_VALUES; i++)
    sum[i] += weight * result.embedding[i];
  gst_buffer_unmap (frame, &map);
  alexnet_request_release (request);
  alexnet_stream_free (stream);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

static void
expect_near (const float *found, const float *expected)
{
  float largest = 0;

  for (guint i = 0; i < N_VALUES; i++)
    largest = fmaxf (largest, expected[i]);
  fail_unless (largest > 0);
  for (guint i = 0; i < N_VALUES; i++)
    fail_unless (fabsf (found[i] - expected[i]) <= TOLERANCE * largest,
        "value %u: %g, expected %g", i, (double) found[i],
        (double) expected[i]);
}

GST_START_TEST (test_frame)
{
  Fixture *fixture = test_fixture_new ("attach-meta", "embedding", "precision",
      "fp32", NULL);
  GstBuffer *photo = test_photo_new (TEST_HORSE);
  float expected[N_VALUES] = { 0 }, found[N_VALUES];
  GstBuffer *buffer;

  add_expected (photo, 32, 32, NULL, NULL, 1, expected);
  buffer = test_push_pull (fixture, photo);
  read_embedding (buffer, 0, 1, found);
  expect_near (found, expected);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_regions)
{
  Fixture *fixture = test_fixture_new ("attach-meta", "embedding", "precision",
      "fp32", "inference-region", "roi-list", NULL);
  float expected[2][N_VALUES] = { { 0 } }, found[N_VALUES];
  GstBuffer *buffer;

  collage_set_caps (fixture);
  buffer = collage_new (fixture);
  for (guint i = 0; i < 2; i++) {
    AlexnetRegion tile = { i * COLLAGE_TILE, 0, COLLAGE_TILE, COLLAGE_TILE };

    collage_add_tile (buffer, i);
    add_expected (buffer, COLLAGE_COLUMNS * COLLAGE_TILE,
        COLLAGE_ROWS * COLLAGE_TILE, &tile, NULL, 1, expected[i]);
  }
  buffer = test_push_pull (fixture, buffer);
  for (guint i = 0; i < 2; i++) {
    read_embedding (buffer, i, 2, found);
    expect_near (found, expected[i]);
  }
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* The frame and its mirror image, where nothing is cut off. */
GST_START_TEST (test_ten_crop)
{
  Fixture *fixture = test_fixture_new ("attach-meta", "embedding", "precision",
      "fp32", "ten-crop", "true", "crop-mode", "stretch", NULL);
  GstBuffer *photo = test_photo_new (TEST_HORSE);
  float expected[N_VALUES] = { 0 }, found[N_VALUES];
  GstBuffer *buffer;

  for (guint mirror = 0; mirror < 2; mirror++) {
    AlexnetPreprocess preprocess = { .crop_mode = ALEXNET_CROP_STRETCH,
      .mirror = mirror };

    add_expected (photo, 32, 32, NULL, &preprocess, 0.5f, expected);
  }
  buffer = test_push_pull (fixture, photo);
  read_embedding (buffer, 0, 1, found);
  expect_near (found, expected);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

/* A stale result has that of the frame that it was made of. */
GST_START_TEST (test_stale)
{
  Fixture *fixture = test_fixture_new ("attach-meta", "embedding",
      "inference-interval", "2", "repeat-last", "true", NULL);
  float first[N_VALUES], second[N_VALUES];
  GstBuffer *buffer;

  buffer = test_push_pull (fixture, test_photo_new (TEST_HORSE));
  read_embedding (buffer, 0, 1, first);
  gst_buffer_unref (buffer);
  buffer = test_push_pull (fixture, test_photo_new (TEST_TRUCK));
  fail_unless (test_is_stale (test_get_result (buffer)));
  read_embedding (buffer, 0, 1, second);
  fail_unless (memcmp (first, second, sizeof first) == 0);
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

GST_START_TEST (test_only_on_request)
{
  Fixture *fixture = test_fixture_new ("attach-meta", "analytics+roi+tensor",
      NULL);
  GstBuffer *buffer = test_push_pull (fixture, test_photo_new (TEST_HORSE));

  fail_if (has_embedding (buffer));
  gst_buffer_unref (buffer);
  test_fixture_free (fixture);
}
GST_END_TEST

#if HAVE_TENSOR
/* Both tensors are in one metadata and, since 1.28, in caps. */
GST_START_TEST (test_beside_probabilities)
{
  Fixture *fixture = test_fixture_new ("attach-meta", "tensor+embedding", NULL);
  GstBuffer *buffer = test_push_pull (fixture, test_photo_new (TEST_HORSE));
  GstTensorMeta *meta = gst_buffer_get_tensor_meta (buffer);

  fail_unless_equals_int (meta->num_tensors, 2);
  fail_unless (has_embedding (buffer));
  gst_buffer_unref (buffer);
#if GST_CHECK_VERSION(1, 28, 0)
  {
    g_autoptr (GstCaps)
        caps = gst_pad_get_current_caps (fixture->harness->sinkpad);
    const GstStructure *groups = gst_value_get_structure (
        gst_structure_get_value (gst_caps_get_structure (caps, 0), "tensors"));

    fail_unless_equals_int (gst_structure_n_fields (groups), 2);
    fail_unless (gst_structure_has_field (groups, g_quark_to_string (TENSOR)));
  }
#endif
  test_fixture_free (fixture);
}
GST_END_TEST
#endif

static Suite *
embedding_suite (void)
{
  Suite *suite = suite_create ("embedding");
  TCase *tests = test_case_new ("embedding");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_frame);
  tcase_add_test (tests, test_regions);
  tcase_add_test (tests, test_ten_crop);
  tcase_add_test (tests, test_stale);
  tcase_add_test (tests, test_only_on_request);
#if HAVE_TENSOR
  tcase_add_test (tests, test_beside_probabilities);
#endif
  return suite;
}

GST_CHECK_MAIN (embedding)
