/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A frame in memory of a context that is not the device's primary one, as
 * GStreamer's CUDA elements make them, in a plan that works there; against the
 * same frame in host memory, in the primary one. */

#include <dlfcn.h>
#include <math.h>
#include <string.h>

#include "backend/module.h"
#include "support/cache-directory.h"
#include "support/preprocess-run.h"
#include "support/random-model.h"

#define WIDTH 320
#define HEIGHT 240
#define SIZE (WIDTH * HEIGHT * 3 / 2)

/* Of the largest output. */
#define TOLERANCE 1e-4

/* Of the driver, which nothing here links to; each returns a CUresult. */
typedef struct {
  int (*init) (guint flags);
  int (*get_device) (int *device, int ordinal);
  int (*create) (void **context, guint flags, int device);
  int (*destroy) (void *context);
  int (*alloc) (guint8 **memory, gsize size);
  int (*free) (guint8 *memory);
  int (*upload) (guint8 *to, const void *from, gsize size);
  int (*synchronize) (void);
} Driver;

static gboolean
load_driver (Driver *driver)
{
  static const char *const names[] = { "cuInit", "cuDeviceGet",
    "cuCtxCreate_v2", "cuCtxDestroy_v2", "cuMemAlloc_v2", "cuMemFree_v2",
    "cuMemcpyHtoD_v2", "cuCtxSynchronize" };
  void *library = dlopen ("libcuda.so.1", RTLD_NOW | RTLD_NODELETE);
  void *symbols[G_N_ELEMENTS (names)];

  G_STATIC_ASSERT (sizeof symbols == sizeof *driver);
  for (guint i = 0; library && i < G_N_ELEMENTS (names); i++) {
    symbols[i] = dlsym (library, names[i]);
    g_assert_nonnull (symbols[i]);
  }
  memcpy (driver, symbols, sizeof symbols);
  return library && driver->init (0) == 0;
}

static AlexnetNetwork
make_network (void)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");

  random_model_narrow (&network);
  random_model_fill (&network);
  return network;
}

static AlexnetPlan *
open_plan (const AlexnetNetwork *network, void *context)
{
  AlexnetPlanParams params = { .precision = ALEXNET_PRECISION_FP32,
    .cuda_context = context,
    .max_batch_size = 1,
    .n_slots = 1 };
  g_autoptr (GError) error = NULL;
  AlexnetPlan *plan = alexnet_cudnn_backend.open (network, &params, &error);

  g_assert_no_error (error);
  return plan;
}

static AlexnetImage
make_image (const guint8 *pixels, AlexnetMemory memory)
{
  return (AlexnetImage){ .format = ALEXNET_FORMAT_NV12,
    .memory = memory,
    .width = WIDTH,
    .height = HEIGHT,
    .planes = { pixels, pixels + WIDTH * HEIGHT },
    .strides = { WIDTH, WIDTH } };
}

static float *
run (AlexnetPlan *plan, const AlexnetNetwork *network,
    const AlexnetImage *image, AlexnetTransform *transform)
{
  float *outputs = g_new0 (float,
      alexnet_shape_size (alexnet_network_output (network)));
  g_autoptr (GError) error = NULL;

  plan->backend->stage (plan, 0, image, transform, &error);
  g_assert_no_error (error);
  plan->backend->infer (plan, 0, 1, &outputs, &error);
  g_assert_no_error (error);
  return outputs;
}

/* In a context of its own. */
static float *
run_elsewhere (const Driver *driver, const AlexnetNetwork *network,
    const guint8 *pixels, AlexnetTransform *transform)
{
  void *context = NULL;
  guint8 *memory = NULL;
  int device = 0;
  AlexnetPlan *plan;
  AlexnetImage image;
  float *outputs;

  g_assert_cmpint (driver->get_device (&device, 0), ==, 0);
  g_assert_cmpint (driver->create (&context, 0, device), ==, 0);
  plan = open_plan (network, context);
  g_assert_cmpint (driver->alloc (&memory, SIZE), ==, 0);
  g_assert_cmpint (driver->upload (memory, pixels, SIZE), ==, 0);
  g_assert_cmpint (driver->synchronize (), ==, 0);
  image = make_image (memory, ALEXNET_MEMORY_CUDA);
  outputs = run (plan, network, &image, transform);
  g_assert_cmpint (driver->free (memory), ==, 0);
  plan->backend->close (plan);
  g_assert_cmpint (driver->destroy (context), ==, 0);
  return outputs;
}

static double
get_error (const float *a, const float *b, gsize n)
{
  double largest = 0, difference = 0;

  for (gsize i = 0; i < n; i++) {
    largest = fmax (largest, fabs ((double) a[i]));
    difference = fmax (difference, fabs ((double) a[i] - b[i]));
  }
  return difference / largest;
}

static void
test_context (void)
{
  AlexnetNetwork network = make_network ();
  AlexnetTransform *transform = alexnet_transform_new ();
  g_autofree guint8 *pixels = g_malloc (SIZE);
  AlexnetImage image = make_image (pixels, ALEXNET_MEMORY_HOST);
  g_autofree float *expected = NULL, *found = NULL;
  g_auto (Output) tensor = { 0 };
  AlexnetPlan *plan;
  Driver driver;
  double error;

  if (!load_driver (&driver)) {
    g_test_skip ("there is no NVIDIA driver");
    return;
  }
  for (guint i = 0; i < SIZE; i++)
    pixels[i] = (guint8) g_test_rand_int ();
  tensor = output_run (transform, &image, NULL, &preprocess_imagenet,
      network.input.width);
  plan = open_plan (&network, NULL);
  expected = run (plan, &network, &image, transform);
  plan->backend->close (plan);
  found = run_elsewhere (&driver, &network, pixels, transform);
  error = get_error (expected, found,
      alexnet_shape_size (alexnet_network_output (&network)));
  g_test_message ("error %.2g", error);
  g_assert_cmpfloat (error, <=, TOLERANCE);
  alexnet_transform_free (transform);
  random_model_clear (&network);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/gpu/context", test_context);
  return cache_directory_run ();
}
