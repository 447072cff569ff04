/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fully connected layers of the demonstration model in int8 on the software
 * device, fed with what the layers before them make of the labelled photographs
 * of CIFAR-10's test set: as many are right as in float, but for half a
 * percent. What is before them is as in fp16, which test-networks.c compares;
 * here it is computed in float by a processor, which takes a hundredth of the
 * time. */

#include <string.h>

#include "backends.h"
#include "fixture.h"
#include "model/model.h"
#include "support/models.h"
#include "support/sample.h"

#define N_IMAGES 200 /* of the sample, a multiple of the batch */
#define BATCH 8      /* our own product takes that many */
#define WANTED 0.99

/* Layers first .. end - 1. */
static AlexnetNetwork
cut (const AlexnetNetwork *network, guint first, guint end)
{
  AlexnetNetwork part = *network;

  part.input = network->layers[first].in;
  part.n_layers = end - first;
  memmove (part.layers, part.layers + first,
      part.n_layers * sizeof part.layers[0]);
  return part;
}

static guint
find_linear (const AlexnetNetwork *network)
{
  guint i = 0;

  while (network->layers[i].kind != ALEXNET_LAYER_LINEAR)
    i++;
  return i;
}

static void
stage_image (AlexnetPlan *plan, AlexnetModel *model, const Sample *sample,
    guint i)
{
  g_autoptr (GError) error = NULL;
  AlexnetTransform *transform = alexnet_transform_new ();
  int stride = gdk_pixbuf_get_rowstride (sample->sheet), x, y;
  AlexnetImage image = { .format = ALEXNET_FORMAT_RGB,
    .width = (guint) sample->tile,
    .height = (guint) sample->tile,
    .strides = { stride } };

  sample_find (sample, i, &x, &y);
  image.planes[0] = gdk_pixbuf_read_pixels (sample->sheet) + y * stride + 3 * x;
  alexnet_transform_update (transform, &image, NULL,
      alexnet_model_get_preprocess (model),
      alexnet_model_get_input_channels (model),
      alexnet_model_get_input_size (model), &error);
  g_assert_no_error (error);
  plan->backend->stage (plan, 0, &image, transform, &error);
  g_assert_no_error (error);
  alexnet_transform_free (transform);
}

/* What the layers of `head` make of the images, [N_IMAGES, C, H, W]. */
static float *
make_features (const AlexnetNetwork *head, AlexnetModel *model,
    const Sample *sample)
{
  AlexnetPlanParams params = { .precision = ALEXNET_PRECISION_FP32,
    .cpu_threads = 2,
    .max_batch_size = 1,
    .n_slots = 1 };
  gsize size = alexnet_shape_size (alexnet_network_output (head));
  float *features = g_new (float, N_IMAGES *size);
  const AlexnetBackend *backend = alexnet_backend_find ("cpu", NULL);
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan;

  if (!backend)
    backend = alexnet_backend_find ("reference", NULL);
  plan = backend->open (head, &params, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N_IMAGES; i++) {
    float *output = features + i * size;

    stage_image (plan, model, sample, i);
    backend->infer (plan, 0, 1, &output, &error);
    g_assert_no_error (error);
  }
  backend->close (plan);
  return features;
}

/* The logits that the software device makes of them, [N_IMAGES, C]. */
static float *
run_int8 (const AlexnetNetwork *tail, const float *features)
{
  gsize in_size = alexnet_shape_size (&tail->input);
  gsize out_size = alexnet_network_output (tail)->channels;
  float *logits = g_new (float, N_IMAGES *out_size);
  AlexnetPlan *plan = fixture_open (tail, ALEXNET_PRECISION_INT8, BATCH);

  for (guint i = 0; i < N_IMAGES; i += BATCH) {
    g_autofree float *found = NULL;

    fixture_stage (plan, tail, 0, BATCH, features + i * in_size);
    found = fixture_infer (plan, tail, 0, BATCH);
    memcpy (logits + i * out_size, found, BATCH * out_size * sizeof *found);
  }
  fixture_close (plan);
  return logits;
}

static guint
find_best (const float *logits, guint n_classes)
{
  guint best;

  alexnet_top_k (logits, n_classes, 1, &best);
  return best;
}

static void
compare (const Sample *sample, const float *found, const float *expected,
    guint n_classes)
{
  int right = 0, right_fp32 = 0, same = 0;

  for (guint i = 0; i < N_IMAGES; i++) {
    gint64 truth = json_array_get_int_element (sample->truth, i);
    guint best = find_best (found + i * n_classes, n_classes);
    guint best_fp32 = find_best (expected + i * n_classes, n_classes);

    right += best == truth;
    right_fp32 += best_fp32 == truth;
    same += best == best_fp32;
  }
  g_test_message ("of %d images %d are right in int8, %d in fp32, %d the same",
      N_IMAGES, right, right_fp32, same);
  g_assert_cmpint (right_fp32 - right, <=, N_IMAGES / 200);
  g_assert_cmpfloat (same, >=, WANTED * N_IMAGES);
}

static void
test_int8 (void)
{
  AlexnetModel *model = models_load (NULL);
  const AlexnetNetwork *network = alexnet_model_get_network (model);
  guint linear = find_linear (network);
  AlexnetNetwork head = cut (network, 0, linear);
  /* Logits tell more than probabilities. */
  AlexnetNetwork tail = cut (network, linear, network->n_layers - 1);
  g_autofree float *features = NULL, *expected = NULL, *found = NULL;
  Sample sample;

  sample_load (&sample);
  features = make_features (&head, model, &sample);
  expected = fixture_reference (&tail, N_IMAGES, features);
  found = run_int8 (&tail, features);
  compare (&sample, found, expected, alexnet_network_output (&tail)->channels);
  sample_clear (&sample);
  alexnet_model_unref (model);
  softgpu_reset ();
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/softgpu/sample/int8", test_int8);
  return cache_directory_run ();
}
