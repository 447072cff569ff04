/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models of one channel: what their metadata may say, and what holds without
 * it. */

#include <glib/gstdio.h>

#include "model/model.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/says.h"

static char *dir;

/* A network of one channel, written and loaded. */
static AlexnetModel *
make_model (const char *architecture)
{
  g_autofree char *path = g_build_filename (dir, "grey.safetensors", NULL);
  AlexnetNetwork network = *alexnet_network_find (architecture);
  AlexnetModel *model;
  GError *error = NULL;

  network.input.channels = 1;
  random_model_narrow (&network);
  random_model_fill (&network);
  random_model_write (&network, path, &error);
  g_assert_no_error (error);
  random_model_clear (&network);
  model = models_load (path);
  g_assert_cmpuint (alexnet_model_get_input_channels (model), ==, 1);
  g_unlink (path);
  return model;
}

/* The model with another `preprocess` in its metadata. */
static AlexnetModel *
load_with (const AlexnetModel *model, const char *preprocess, GError **error)
{
  g_autofree char *path = g_build_filename (dir, "with.safetensors", NULL);
  AlexnetModel *with;

  g_assert_true (alexnet_model_write (model, "preprocess", preprocess, path,
      NULL, NULL));
  with = alexnet_model_load (path, NULL, error);
  g_unlink (path);
  return with;
}

static void
assert_normalisation (const AlexnetModel *model, float mean, float std)
{
  const AlexnetPreprocess *p = alexnet_model_get_preprocess (model);

  g_assert_cmpint (p->channel_order, ==, ALEXNET_CHANNELS_RGB);
  g_assert_cmpfloat_with_epsilon (p->mean[0], mean, 1e-5);
  g_assert_cmpfloat_with_epsilon (p->std[0], std, 1e-5);
}

/* 0.299 R + 0.587 G + 0.114 B of the means and deviations of colours. */
static void
test_defaults (void)
{
  AlexnetModel *torchvision = make_model ("torchvision");
  AlexnetModel *caffe = make_model ("caffe");

  assert_normalisation (torchvision, 0.458971f, 0.225609f);
  assert_normalisation (caffe, 117.0224f / 255, 1 / 255.0f);
  g_assert_cmpint (alexnet_model_get_preprocess (caffe)->crop_mode, ==,
      ALEXNET_CROP_SQUASH);
  alexnet_model_unref (torchvision);
  alexnet_model_unref (caffe);
}

static void
test_metadata (void)
{
  static const struct {
    const char *text;
    const char *message; /* NULL: is accepted, as mean 0.5 and std 0.25 */
  } cases[] = {
    { "{\"mean\":0.5,\"std\":0.25}", NULL },
    { "{\"mean\":[0.5],\"std\":[0.25],\"channels\":\"L\"}", NULL },
    { "{\"mean\":[0.5,0.5,0.5]}",
        "mean is '[0.5,0.5,0.5]', expected one number" },
    { "{\"std\":0}", "std is '0', expected one number above 0" },
    { "{\"std\":[]}", "expected one number above 0" },
    { "{\"channels\":\"RGB\"}", "expected L" },
  };
  AlexnetModel *model = make_model ("torchvision");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    AlexnetModel *with = load_with (model, cases[i].text, &error);

    if (cases[i].message) {
      g_assert_null (with);
      g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
      g_test_message ("%s", error->message);
      assert_says (error->message, cases[i].message);
      continue;
    }
    g_assert_no_error (error);
    assert_normalisation (with, 0.5f, 0.25f);
    alexnet_model_unref (with);
  }
  alexnet_model_unref (model);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("alexnet-luma-XXXXXX", NULL);
  g_assert_nonnull (dir);
  g_test_add_func ("/luma/defaults", test_defaults);
  g_test_add_func ("/luma/metadata", test_metadata);
  status = g_test_run ();
  g_rmdir (dir);
  g_free (dir);
  return status;
}
