/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames of every format through the GPU's preprocessing against the CPU's: a
 * network that changes nothing gives the network input back. */

#include <math.h>

#include "support/cache-directory.h"
#include "support/preprocess-run.h"
#include "backend/module.h"

#define WIDTH 1283
#define HEIGHT 721
#define SIZE 224

/* In 1/255 of full scale, before normalisation. */
#define TOLERANCE 1.0

typedef struct {
  AlexnetImage image;
  guint8 *memory;
} Noise;

static Noise
make_noise (AlexnetFormat format)
{
  gsize stride = WIDTH * 4 + 40, size = stride * HEIGHT;
  Noise noise = { .memory = g_malloc (3 * size) };

  noise.image = (AlexnetImage){
    .format = format, .width = WIDTH, .height = HEIGHT
  };
  for (gsize i = 0; i < 3 * size; i++)
    noise.memory[i] = (guint8) g_test_rand_int ();
  for (guint i = 0; i < 3; i++) {
    noise.image.planes[i] = noise.memory + i * size;
    noise.image.strides[i] = (gssize) stride;
  }
  /* Ten bits are all that a sample has. */
  if (format == ALEXNET_FORMAT_I420_10LE)
    for (gsize i = 1; i < 3 * size; i += 2)
      noise.memory[i] &= 3;
  return noise;
}

static double
largest_difference (const float *a, const float *b)
{
  double largest = 0;

  for (guint i = 0; i < 3 * SIZE * SIZE; i++) {
    double std = preprocess_imagenet.std[i / (SIZE * SIZE)];

    largest = fmax (largest, 255 * std * fabs ((double) a[i] - b[i]));
  }
  return largest;
}

static void
check_format (AlexnetPlan *plan, AlexnetFormat format)
{
  Noise noise = make_noise (format);
  AlexnetRegion whole = { 0, 0, WIDTH, HEIGHT };
  AlexnetTransform *transform = alexnet_transform_new ();
  g_auto (Output) expected = output_run (transform, &noise.image, &whole,
      &preprocess_imagenet, SIZE);
  g_autofree float *found = g_new (float, 3 * SIZE * SIZE);
  g_autoptr (GError) error = NULL;
  double difference;

  plan->backend->stage (plan, 0, &noise.image, transform, &error);
  g_assert_no_error (error);
  plan->backend->infer (plan, 0, 1, &found, &error);
  g_assert_no_error (error);
  difference = largest_difference (expected.values, found);
  g_test_message ("format %d: largest difference %.3g of 255", (int) format,
      difference);
  g_assert_cmpfloat (difference, <=, TOLERANCE);
  alexnet_transform_free (transform);
  g_free (noise.memory);
}

static void
test_formats (void)
{
  AlexnetNetwork network = { .input = { 3, SIZE, SIZE },
    .n_layers = 1,
    .layers = { { .kind = ALEXNET_LAYER_DROPOUT } } };
  AlexnetPlanParams params = {
    .precision = ALEXNET_PRECISION_FP32, .max_batch_size = 1, .n_slots = 2
  };
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan;

  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  plan = alexnet_cudnn_backend.open (&network, &params, &error);
  if (!plan) {
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_UNSUPPORTED);
    g_test_skip (error->message);
    return;
  }
  for (guint i = 0; i < ALEXNET_N_FORMATS; i++)
    check_format (plan, (AlexnetFormat) i);
  plan->backend->close (plan);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/gpu/formats", test_formats);
  return cache_directory_run ();
}
