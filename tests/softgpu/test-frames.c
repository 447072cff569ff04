/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames of every format through stage: what arrives in the slot is what the
 * CPU makes of the same frame. */

#include <cuda_runtime_api.h>

#include "backends.h"
#include "frames.h"
#include "support/random-model.h"

#define N_INTERPOLATIONS (ALEXNET_N_INTERPOLATIONS - 1)

static const struct {
  guint width, height;
  FrameFlags flags;
  AlexnetCropMode mode;
  AlexnetRegion region; /* empty: all */
  AlexnetCropPosition position;
  gboolean mirror;
  guint par_n, par_d;
} cases[] = {
  { 131, 97, 0, ALEXNET_CROP_CENTER, { 0 } },
  { 131, 97, 0, ALEXNET_CROP_CENTER, { 0 }, ALEXNET_POSITION_TOP_RIGHT, TRUE },
  { 57, 143, FRAME_PADDED, ALEXNET_CROP_CENTER, { 5, 3, 50, 99 },
      ALEXNET_POSITION_BOTTOM_LEFT, TRUE },
  { 131, 97, FRAME_PADDED, ALEXNET_CROP_SQUASH, { 0 } },
  { 57, 143, 0, ALEXNET_CROP_SQUASH, { 5, 3, 50, 99 },
      ALEXNET_POSITION_TOP_RIGHT, TRUE },
  { 131, 97, FRAME_PADDED, ALEXNET_CROP_STRETCH, { 31, 7, 77, 81 } },
  { 57, 143, FRAME_FLIPPED, ALEXNET_CROP_LETTERBOX, { 0 } },
  { 57, 43, FRAME_PADDED | FRAME_FLIPPED, ALEXNET_CROP_CENTER,
      { 3, 1, 50, 41 } },
  { 1, 1, 0, ALEXNET_CROP_STRETCH, { 0 } },
  { 131, 97, 0, ALEXNET_CROP_CENTER, { 0 }, .par_n = 64, .par_d = 45 },
  { 57, 43, 0, ALEXNET_CROP_LETTERBOX, { 3, 1, 50, 41 }, .par_n = 1,
      .par_d = 2 },
};

static void
test_formats (Frames *f, gconstpointer precision)
{
  g_autofree guint8 *photo = data_read_photo ();

  for (AlexnetFormat format = 0; format < ALEXNET_N_FORMATS; format++)
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
      g_autoptr (Frame) frame = frame_new (format, cases[i].width,
          cases[i].height, cases[i].flags, photo, FALSE);
      AlexnetPreprocess preprocess = frames_preprocess (cases[i].mode);

      preprocess.interpolation = 1 + (format + i) % N_INTERPOLATIONS;
      preprocess.crop_position = cases[i].position;
      preprocess.mirror = cases[i].mirror;
      frame->image.par_n = cases[i].par_n;
      frame->image.par_d = cases[i].par_d;
      frames_check (f, &frame->image, &frame->image,
          cases[i].region.width ? &cases[i].region : NULL, &preprocess);
    }
}

/* Frames of all sizes in turn, so that lanes grow and are used again. */
static void
test_sizes (Frames *f, gconstpointer precision)
{
  static const guint sizes[][2] = { { 64, 64 }, { 2000, 1500 }, { 8, 16384 },
    { 640, 360 }, { 16384, 16 }, { 1, 1 } };
  g_autofree guint8 *photo = data_read_photo ();
  AlexnetPreprocess preprocess = frames_preprocess (ALEXNET_CROP_STRETCH);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (Frame) frame = frame_new (ALEXNET_FORMAT_RGBA, sizes[i][0],
        sizes[i][1], 0, photo, FALSE);

    frames_check (f, &frame->image, &frame->image, NULL, &preprocess);
  }
}

/* In a context of the caller's own, whatever is current in its thread. */
static void
test_context (gconstpointer precision)
{
  Frames f = { .network = frames_make_identity (3) };
  AlexnetPlanParams params = { .precision = GPOINTER_TO_UINT (precision),
    .cpu_threads = 1,
    .cuda_context = softgpu_context (0),
    .max_batch_size = 1,
    .n_slots = 2 };
  g_autofree guint8 *photo = data_read_photo ();
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_NV12, 128, 96, 0, photo, FALSE);
  AlexnetPreprocess preprocess = frames_preprocess (ALEXNET_CROP_CENTER);
  g_autoptr (GError) error = NULL;

  f.plan = alexnet_backend_find ("cudnn", NULL)
               ->open (&f.network, &params, &error);
  g_assert_no_error (error);
  f.transform = alexnet_transform_new ();
  g_assert_cmpint (cudaSetDevice (0), ==, 0);
  frames_stage (&f, &frame->image, NULL, &preprocess);
  g_assert_cmpint (cudaSetDevice (0), ==, 0);
  frames_check_output (&f, &frame->image, NULL, &preprocess);
  g_assert_cmpint (cudaSetDevice (0), ==, 0);
  frames_tear_down (&f, precision);
}

static AlexnetNetwork
make_first_layer (guint n_channels)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");

  network.input.channels = n_channels;
  network.n_layers = 1;
  network.layers[0].channels = 4;
  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  random_model_fill (&network);
  return network;
}

/* The first layer of a network takes blocks: pixels have to be where its
 * weights expect them. */
static void
check_blocked (AlexnetPrecision precision, guint n_channels)
{
  AlexnetNetwork network = make_first_layer (n_channels);
  guint side = network.input.width;
  g_autofree guint8 *photo = data_read_photo ();
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_NV12, 320, 240, 0, photo, FALSE);
  AlexnetTransform *transform = alexnet_transform_new ();
  g_autoptr (AlexnetPlan) plan = fixture_open (&network, precision, 2);
  g_auto (Output) input = { 0 };
  g_autofree float *expected = NULL, *outputs = NULL;
  g_autoptr (GError) error = NULL;
  gsize n = alexnet_shape_size (&network.layers[0].out);

  input = output_run_channels (transform, &frame->image, NULL,
      &preprocess_imagenet, n_channels, side);
  expected = fixture_reference (&network, 1, input.values);
  plan->backend->stage (plan, 3, &frame->image, transform, &error);
  g_assert_no_error (error);
  outputs = fixture_infer (plan, &network, 3, 1);
  fixture_assert_near (outputs, expected, n,
      20 * fixture_rounding (plan->precision, TRUE) *
          fixture_largest (expected, n),
      "conv1 of a frame");
  alexnet_transform_free (transform);
  random_model_clear (&network);
}

static void
test_blocked (gconstpointer precision)
{
  check_blocked (GPOINTER_TO_UINT (precision), 3);
  check_blocked (GPOINTER_TO_UINT (precision), 1);
}

/* Byte for byte what the device gave out, also after a frame that is larger
 * than what was reserved for one. */
static void
test_device_memory (Frames *f, gconstpointer precision)
{
  static const guint widths[] = { 64, 2048 };
  AlexnetPreprocess preprocess = frames_preprocess (ALEXNET_CROP_STRETCH);
  guint64 seen = 0;

  for (guint i = 0; i < G_N_ELEMENTS (widths); i++) {
    guint width = widths[i];
    g_autofree guint8 *pixels = g_malloc0 (3 * (gsize) width * width);
    AlexnetImage image = {
      .format = ALEXNET_FORMAT_RGB,
      .width = width,
      .height = width,
      .planes = { pixels },
      .strides = { 3 * (gssize) width },
    };
    gsize available, total;

    frames_check (f, &image, &image, NULL, &preprocess);
    g_assert_cmpint (cudaMemGetInfo (&available, &total), ==, cudaSuccess);
    g_assert_cmpuint (f->plan->backend->get_device_memory (f->plan), ==,
        total - available);
    g_assert_cmpuint (total - available, >, seen);
    seen = total - available;
  }
}

static void
add (const char *test, AlexnetPrecision precision,
    void (*set_up) (Frames *, gconstpointer),
    void (*func) (Frames *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/softgpu/frames/%s/%s", test,
      alexnet_precision_name (precision));

  g_test_add (path, Frames, GUINT_TO_POINTER (precision), set_up, func,
      frames_tear_down);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  for (guint i = 0; i < FIXTURE_N_TYPES; i++) {
    AlexnetPrecision precision = fixture_precisions[i];
    g_autofree char *blocked = g_strdup_printf ("/softgpu/frames/blocked/%s",
        alexnet_precision_name (precision));

    add ("formats", precision, frames_set_up, test_formats);
    add ("luma", precision, frames_set_up_luma, test_formats);
    g_test_add_data_func (blocked, GUINT_TO_POINTER (precision), test_blocked);
  }
  add ("sizes", ALEXNET_PRECISION_FP16, frames_set_up, test_sizes);
  add ("device-memory", ALEXNET_PRECISION_FP16, frames_set_up,
      test_device_memory);
  g_test_add_data_func ("/softgpu/frames/context",
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), test_context);
  return cache_directory_run ();
}
