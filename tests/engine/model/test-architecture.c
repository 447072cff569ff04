/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The order of layers where names of tensors leave it open: one file's weights
 * as Krizhevsky's network and as CaffeNet, each with PyTorch's numbers. */

#include <glib/gstdio.h>
#include <math.h>

#include "model/model.h"
#include "support/cases.h"
#include "support/layers.h"
#include "support/models.h"
#include "support/random-model.h"
#include "support/says.h"

/* Of the largest logit; the other order is off by half of it. */
#define TOLERANCE 1e-4

typedef struct {
  const char *name;
  const char *written; /* in the file's metadata; NULL: nothing */
  const char *asked;
  const char *expected;
} Case;

static const Case cases[] = {
  { "by-names", NULL, NULL, "caffe" },
  { "caffe-written", "alexnet-caffe", NULL, "caffe" },
  { "alexnet-written", "AlexNet", NULL, "caffe" },
  { "foreign-written", "My CNN", NULL, "caffe" },
  { "written", "caffenet", NULL, "caffenet" },
  { "written-in-full", "alexnet-caffenet", NULL, "caffenet" },
  { "asked-for", NULL, "caffenet", "caffenet" },
  { "asked-for-in-full", NULL, "alexnet-caffenet", "caffenet" },
  { "asked-for-another", "caffenet", "caffe", "caffe" },
};

static char *dir;

static AlexnetModel *
load_case (const Case *c)
{
  AlexnetModelParams params = { .architecture = c->asked };
  g_autofree char *path = models_path ("caffe-narrow.safetensors");
  g_autofree char *copy = g_build_filename (dir, "copy.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  AlexnetModel *plain, *model;

  if (!c->written)
    return models_load_with (path, &params);
  plain = models_load (path);
  alexnet_model_write (plain, "architecture", c->written, copy, NULL, &error);
  g_assert_no_error (error);
  alexnet_model_unref (plain);
  model = models_load_with (copy, &params);
  g_unlink (copy);
  return model;
}

static void
check_logits (const AlexnetNetwork *whole, const char *architecture)
{
  g_autofree char *name = g_strconcat (architecture, "-narrow", NULL);
  guint n;
  g_autofree float *expected = random_model_golden (name, "logits", &n);
  g_autofree float *input = random_model_input (whole);
  g_autofree float *logits = NULL;
  AlexnetNetwork network = *whole;
  float largest = 0, difference = 0;

  network.n_layers--;
  logits = layers_run_reference (&network, input, 1);
  g_assert_cmpuint (alexnet_network_output (&network)->channels, ==, n);
  for (guint i = 0; i < n; i++) {
    largest = fmaxf (largest, fabsf (expected[i]));
    difference = fmaxf (difference, fabsf (logits[i] - expected[i]));
  }
  g_test_message ("%s: error %.2g", name, (double) (difference / largest));
  g_assert_cmpfloat (difference, <=, TOLERANCE * largest);
}

static void
test_architecture (gconstpointer data)
{
  const Case *c = data;
  AlexnetModel *model = load_case (c);
  const AlexnetPreprocess *preprocess = alexnet_model_get_preprocess (model);

  g_assert_cmpstr (alexnet_model_get_architecture (model), ==, c->expected);
  g_assert_cmpint (preprocess->channel_order, ==, ALEXNET_CHANNELS_BGR);
  g_assert_cmpfloat (preprocess->std[0], ==, 1 / 255.0f);
  check_logits (alexnet_model_get_network (model), c->expected);
  alexnet_model_unref (model);
}

/* Names say that it is one of the two, and no more. */
static void
test_refused (void)
{
  g_autofree char *path = models_path ("torchvision-narrow.safetensors");
  AlexnetModelParams params = { .architecture = "caffenet" };
  g_autoptr (GError) error = NULL;

  g_assert_null (alexnet_model_load (path, &params, &error));
  g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_FORMAT);
  assert_says (error->message,
      "architecture is 'caffenet', expected 'torchvision'");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  dir = g_dir_make_tmp ("alexnet-architecture-XXXXXX", NULL);
  g_assert_nonnull (dir);
  ADD_NAMED_CASES ("/architecture", cases, test_architecture);
  g_test_add_func ("/architecture/refused", test_refused);
  status = g_test_run ();
  g_rmdir (dir);
  g_free (dir);
  return status;
}
