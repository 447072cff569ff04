/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a stream's preprocessing leaves at zero is the model's own, field by
 * field, whoever trained the model. */

#include "alexnet.h"

#include <string.h>

#include "support/models.h"

#define N_CLASSES 10

enum { WIDTH = 61, HEIGHT = 43 };

static void
classify (AlexnetEngine *engine, const AlexnetPreprocess *preprocess,
    float out[N_CLASSES])
{
  AlexnetStream *stream = alexnet_stream_new (engine, preprocess, 1);
  guint8 pixels[WIDTH * HEIGHT * 3];
  AlexnetImage image = { .format = ALEXNET_FORMAT_RGB,
    .width = WIDTH,
    .height = HEIGHT,
    .planes = { pixels },
    .strides = { WIDTH * 3 } };
  g_autoptr (GError) error = NULL;
  AlexnetRequest *request;
  AlexnetResult result;

  for (guint i = 0; i < sizeof pixels; i++)
    pixels[i] = (guint8) (i % 3 * 100 + i / 3 % WIDTH);
  request = alexnet_stream_submit (stream, &image, NULL, &error);
  g_assert_no_error (error);
  alexnet_request_wait (request, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result.n_classes, ==, N_CLASSES);
  memcpy (out, result.probabilities, N_CLASSES * sizeof *out);
  alexnet_request_release (request);
  alexnet_stream_free (stream);
}

static void
expect (AlexnetEngine *engine, const AlexnetPreprocess *preprocess,
    const float own[N_CLASSES], gboolean same)
{
  float found[N_CLASSES];

  classify (engine, preprocess, found);
  g_assert_cmpint (memcmp (found, own, sizeof found) == 0, ==, same);
}

/* Each field alone, as the model has it and otherwise. */
static void
check_fields (AlexnetEngine *engine, const AlexnetPreprocess *model,
    const float own[N_CLASSES])
{
  AlexnetPreprocess p = { 0 };

  expect (engine, &p, own, TRUE);
  p.channel_order = model->channel_order;
  expect (engine, &p, own, TRUE);
  p.channel_order = ALEXNET_CHANNELS_RGB + ALEXNET_CHANNELS_BGR -
      model->channel_order;
  expect (engine, &p, own, FALSE);

  p = (AlexnetPreprocess){ .crop_mode = model->crop_mode };
  expect (engine, &p, own, TRUE);
  p.crop_mode = ALEXNET_CROP_LETTERBOX;
  expect (engine, &p, own, FALSE);

  p = (AlexnetPreprocess){ .resize_size = model->resize_size };
  expect (engine, &p, own, TRUE);
  p.resize_size++;
  expect (engine, &p, own, FALSE);

  p = (AlexnetPreprocess){ .std = { model->std[0] }, .mean = { 0.9f } };
  expect (engine, &p, own, FALSE);
  p.mean[0] = model->mean[0];
  expect (engine, &p, own, TRUE);
}

static void
test_model (gconstpointer name)
{
  g_autofree char *path = models_path (name);
  AlexnetModel *model = models_load (path);
  AlexnetEngineParams params = { .backend = "reference", .max_batch_size = 1 };
  g_autoptr (GError) error = NULL;
  AlexnetEngine *engine = alexnet_engine_get (model, &params, &error);
  float own[N_CLASSES];

  g_assert_no_error (error);
  classify (engine, NULL, own);
  check_fields (engine, alexnet_model_get_preprocess (model), own);
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/preprocess-defaults/torchvision",
      "torchvision-narrow.safetensors", test_model);
  g_test_add_data_func ("/preprocess-defaults/caffe",
      "caffe-narrow.safetensors", test_model);
  return g_test_run ();
}
