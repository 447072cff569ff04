/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames of every format through stage, from host and from device memory:
 * what arrives in the slot is what the CPU makes of the same frame. */

#include <cuda_runtime_api.h>

#include <math.h>
#include <string.h>

#include "backends.h"
#include "fixture.h"
#include "support/preprocess-run.h"
#include "support/random-model.h"

#define SIZE 48
#define N_INTERPOLATIONS (ALEXNET_N_INTERPOLATIONS - 1)

/* A network that hands out its input: a pooling of one pixel. */
static AlexnetNetwork
make_identity (guint n_channels)
{
  AlexnetNetwork network = {
    .architecture = "identity",
    .input = { n_channels, SIZE, SIZE },
    .n_layers = 1,
    .layers = { { .kind = ALEXNET_LAYER_MAXPOOL, .kernel = 1, .stride = 1 } },
  };

  g_assert_true (alexnet_network_infer_shapes (&network, NULL));
  return network;
}

typedef struct {
  AlexnetNetwork network;
  AlexnetPlan *plan;
  AlexnetTransform *transform;
} Fixture;

static void
set_up_channels (Fixture *f, gconstpointer precision, guint n_channels)
{
  f->network = make_identity (n_channels);
  f->plan = fixture_open (&f->network, GPOINTER_TO_UINT (precision), 1);
  f->transform = alexnet_transform_new ();
}

static void
set_up (Fixture *f, gconstpointer precision)
{
  set_up_channels (f, precision, 3);
}

static void
set_up_fp16 (Fixture *f, gconstpointer unused)
{
  set_up_channels (f, GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), 3);
}

static void
set_up_luma (Fixture *f, gconstpointer precision)
{
  set_up_channels (f, precision, 1);
}

static void
tear_down (Fixture *f, gconstpointer precision)
{
  alexnet_transform_free (f->transform);
  fixture_close (f->plan);
  softgpu_reset ();
}

static void
stage_frame (Fixture *f, const AlexnetImage *image, const AlexnetRegion *region,
    const AlexnetPreprocess *preprocess)
{
  g_autoptr (GError) error = NULL;

  alexnet_transform_update (f->transform, image, region, preprocess,
      f->network.input.channels, SIZE, &error);
  g_assert_no_error (error);
  f->plan->backend->stage (f->plan, 1, image, f->transform, &error);
  g_assert_no_error (error);
}

/* Rounding to the slot's type. The CPU converts Y'CbCr row by row and the
 * kernel pixel by pixel: sums of floats may differ in their last bits. */
static void
check_output (Fixture *f, const AlexnetImage *image,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess)
{
  guint n_channels = f->network.input.channels;
  g_auto (Output) expected = output_run_channels (f->transform, image, region,
      preprocess, n_channels, SIZE);
  g_autofree float *outputs = NULL;
  double u = fixture_rounding (f->plan->precision, FALSE);

  outputs = fixture_infer (f->plan, &f->network, 1, 1);
  for (guint i = 0; i < n_channels * SIZE * SIZE; i++)
    if (!(fabs (outputs[i] - expected.values[i]) <=
            u * fabs (expected.values[i]) + 1e-5))
      g_error ("format %d, %u x %u, value %u is %g and not %g", image->format,
          image->width, image->height, i, outputs[i], expected.values[i]);
}

static void
check_frame (Fixture *f, const AlexnetImage *image, const AlexnetImage *host,
    const AlexnetRegion *region, const AlexnetPreprocess *preprocess)
{
  stage_frame (f, image, region, preprocess);
  check_output (f, host, region, preprocess);
}

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

static AlexnetPreprocess
get_preprocess (AlexnetCropMode mode)
{
  AlexnetPreprocess preprocess = preprocess_imagenet;

  preprocess.crop_mode = mode;
  preprocess.resize_size = SIZE + 6;
  return preprocess;
}

static void
test_formats (Fixture *f, gconstpointer precision)
{
  g_autofree guint8 *photo = data_read_photo ();

  for (AlexnetFormat format = 0; format < ALEXNET_N_FORMATS; format++)
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
      g_autoptr (Frame) frame = frame_new (format, cases[i].width,
          cases[i].height, cases[i].flags, photo, FALSE);
      AlexnetPreprocess preprocess = get_preprocess (cases[i].mode);

      preprocess.interpolation = 1 + (format + i) % N_INTERPOLATIONS;
      preprocess.crop_position = cases[i].position;
      preprocess.mirror = cases[i].mirror;
      frame->image.par_n = cases[i].par_n;
      frame->image.par_d = cases[i].par_d;
      check_frame (f, &frame->image, &frame->image,
          cases[i].region.width ? &cases[i].region : NULL, &preprocess);
    }
}

/* Frames of all sizes in turn, so that lanes grow and are used again. */
static void
test_sizes (Fixture *f, gconstpointer precision)
{
  static const guint sizes[][2] = { { 64, 64 }, { 2000, 1500 }, { 8, 8192 },
    { 640, 360 }, { 8192, 16 }, { 1, 1 } };
  g_autofree guint8 *photo = data_read_photo ();
  AlexnetPreprocess preprocess = get_preprocess (ALEXNET_CROP_STRETCH);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (Frame) frame = frame_new (ALEXNET_FORMAT_RGBA, sizes[i][0],
        sizes[i][1], 0, photo, FALSE);

    check_frame (f, &frame->image, &frame->image, NULL, &preprocess);
  }
}

static const void *
upload_plane (const AlexnetImage *image, guint plane, void **memory)
{
  gsize stride = (gsize) image->strides[plane];
  guint rows = image->height;

  if (plane > 0 && image->format != ALEXNET_FORMAT_Y444)
    rows = (rows + 1) / 2;
  *memory = softgpu_device_new (image->planes[plane],
      stride * (rows - 1) + stride);
  return *memory;
}

/* Pixels that are on the device already. */
static void
test_device_frames (Fixture *f, gconstpointer precision)
{
  static const AlexnetFormat formats[] = { ALEXNET_FORMAT_NV12,
    ALEXNET_FORMAT_I420, ALEXNET_FORMAT_RGBA, ALEXNET_FORMAT_P010_10LE };
  static const guint n_planes[] = { 2, 3, 1, 2 };
  g_autofree guint8 *photo = data_read_photo ();
  AlexnetPreprocess preprocess = get_preprocess (ALEXNET_CROP_CENTER);

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (Frame) frame = frame_new (formats[i], 128, 96, 0, photo, FALSE);
    AlexnetImage image = frame->image;
    void *memory[4] = { NULL };

    image.memory = ALEXNET_MEMORY_CUDA;
    for (guint p = 0; p < n_planes[i]; p++)
      image.planes[p] = upload_plane (&frame->image, p, &memory[p]);
    check_frame (f, &image, &frame->image, NULL, &preprocess);
    for (guint p = 0; p < n_planes[i]; p++)
      softgpu_device_free (memory[p]);
  }
}

/* A lane brings tables to the device only where it does not have them: the same
 * frame again, after a tensor, after one of another size, after the host's. */
static const struct {
  guint width;
  gboolean copies, host, tensor;
} lane_frames[] = {
  { 128, .copies = TRUE },
  { 128 },
  { 128 },
  { 96, .copies = TRUE },
  { 96 },
  { 128, .copies = TRUE },
  { 128, .copies = TRUE, .tensor = TRUE },
  { 128, .copies = TRUE, .host = TRUE },
  { 128 },
  { 96, .copies = TRUE, .host = TRUE },
  { 128, .copies = TRUE },
};

static void
test_tables (Fixture *f, gconstpointer precision)
{
  g_autofree guint8 *photo = data_read_photo ();
  AlexnetPreprocess preprocess = get_preprocess (ALEXNET_CROP_CENTER);
  g_autofree float *tensor = fixture_inputs (&f->network, 1, 0);

  for (guint i = 0; i < G_N_ELEMENTS (lane_frames); i++) {
    g_autoptr (Frame) frame = frame_new (ALEXNET_FORMAT_RGBA,
        lane_frames[i].width, 96, 0, photo, FALSE);
    AlexnetImage image = frame->image;
    void *memory = NULL;
    guint n_works, n_nodes;

    image.memory = ALEXNET_MEMORY_CUDA;
    image.planes[0] = upload_plane (&frame->image, 0, &memory);
    if (lane_frames[i].tensor) {
      fixture_stage (f->plan, &f->network, 1, 1, tensor);
      g_free (fixture_infer (f->plan, &f->network, 1, 1));
    }
    g_free (softgpu_take_works (&n_works, &n_nodes));
    stage_frame (f, lane_frames[i].host ? &frame->image : &image, NULL,
        &preprocess);
    check_output (f, &frame->image, NULL, &preprocess);
    g_free (softgpu_take_works (&n_works, &n_nodes));
    /* pixels, pooling, output, its copy to the host */
    g_assert_cmpuint (n_works, ==, lane_frames[i].copies ? 5 : 4);
    softgpu_device_free (memory);
  }
}

/* Each call of staging a frame fails once. The lane then has no tables on the
 * device, though those in its pinned memory are as long as what it is to have
 * next, or the same: that of the frame before, or of the one that failed. */
static void
test_failed_upload (Fixture *f, gconstpointer again)
{
  static const SoftgpuStatus status = { cudaErrorLaunchFailure, 0, 0 };
  static const AlexnetRegion regions[] = { { 0, 0, 80, 80 },
    { 40, 9, 80, 80 } };
  g_autofree guint8 *photo = data_read_photo ();
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_RGBA, 128, 96, 0, photo, FALSE);
  AlexnetPreprocess preprocess = get_preprocess (ALEXNET_CROP_CENTER);
  AlexnetImage image = frame->image;
  gsize n_words[G_N_ELEMENTS (regions)];
  guint wanted = again ? 1 : 0, n_uploads = 0;
  void *memory;

  image.memory = ALEXNET_MEMORY_CUDA;
  image.planes[0] = upload_plane (&frame->image, 0, &memory);
  for (guint n = 1;; n++) {
    g_autoptr (GError) error = NULL;

    check_frame (f, &image, &frame->image, &regions[0], &preprocess);
    n_words[0] = alexnet_transform_get_tables (f->transform)->n_words;
    alexnet_transform_update (f->transform, &image, &regions[1], &preprocess, 3,
        SIZE, &error);
    g_assert_no_error (error);
    n_words[1] = alexnet_transform_get_tables (f->transform)->n_words;
    g_assert_cmpuint (n_words[0], ==, n_words[1]);
    softgpu_fail_call (n, &status);
    if (f->plan->backend->stage (f->plan, 1, &image, f->transform, &error))
      break;
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE);
    n_uploads += g_str_equal (softgpu_failed_call (), "cudaMemcpyAsync");
    check_frame (f, &image, &frame->image, &regions[wanted], &preprocess);
  }
  softgpu_fail_call (0, &status);
  g_assert_cmpuint (n_uploads, ==, 1);
  softgpu_device_free (memory);
}

typedef struct {
  cudaStream_t stream;
  void *pixels, *pinned;
  gsize size;
} Producer;

static void
producer_init (Producer *p, const AlexnetImage *image)
{
  g_autofree guint8 *garbage = NULL;

  p->size = (gsize) image->strides[0] * image->height;
  garbage = g_malloc0 (p->size);
  p->pixels = softgpu_device_new (garbage, p->size);
  g_assert_cmpint (cudaHostAlloc (&p->pinned, p->size, cudaHostAllocDefault),
      ==, 0);
  memcpy (p->pinned, image->planes[0], p->size);
  g_assert_cmpint (cudaStreamCreateWithFlags (&p->stream,
                       cudaStreamNonBlocking),
      ==, 0);
}

static void
producer_clear (Producer *p)
{
  g_assert_cmpint (cudaStreamSynchronize (p->stream), ==, 0);
  g_assert_cmpint (cudaStreamDestroy (p->stream), ==, 0);
  g_assert_cmpint (cudaFreeHost (p->pinned), ==, 0);
  softgpu_device_free (p->pixels);
}

/* A decoder's stream writes the frame when it gets to it, and the next one
 * into the same memory as soon as it is allowed to. */
static void
test_producer (Fixture *f, gconstpointer precision)
{
  g_autofree guint8 *photo = data_read_photo ();
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_RGBA, 128, 96, 0, photo, FALSE);
  AlexnetPreprocess preprocess = get_preprocess (ALEXNET_CROP_CENTER);
  AlexnetImage image = frame->image;
  g_autoptr (GError) error = NULL;

  image.memory = ALEXNET_MEMORY_CUDA;
  for (guint seed = 0; seed < 50; seed++) {
    Producer p;

    softgpu_set_seed (seed);
    producer_init (&p, &frame->image);
    image.planes[0] = p.pixels;
    image.cuda_stream = p.stream;
    cudaMemcpyAsync (p.pixels, p.pinned, p.size, cudaMemcpyHostToDevice,
        p.stream);
    stage_frame (f, &image, NULL, &preprocess);
    cudaMemsetAsync (p.pixels, 0x55, p.size, p.stream);
    check_output (f, &frame->image, NULL, &preprocess);
    producer_clear (&p);
  }
}

typedef struct {
  Fixture *f;
  AlexnetImage image;
  AlexnetPreprocess preprocess;
} Unwanted;

static void
stage_unwanted (gpointer data)
{
  const Unwanted *unwanted = data;

  stage_frame (unwanted->f, &unwanted->image, NULL, &unwanted->preprocess);
}

/* While one lane fills slot 0, another one is to fill slot 1 with what a slow
 * decoder writes. Nobody waits for that: what comes into slot 1 is the next
 * frame or tensor, by the first lane. */
static void
check_slot_again (Fixture *f, Unwanted *unwanted, const AlexnetImage *image,
    cudaStream_t decoder)
{
  gsize n = alexnet_shape_size (&f->network.input);
  g_autofree float *tensors = fixture_inputs (&f->network, 2, 0);
  g_autofree float *outputs = NULL;

  softgpu_during ("cudaMemcpyAsync", stage_unwanted, unwanted);
  fixture_stage (f->plan, &f->network, 0, 1, tensors);
  if (image)
    stage_frame (f, image, NULL, &unwanted->preprocess);
  else
    fixture_stage (f->plan, &f->network, 1, 1, tensors + n);
  g_assert_cmpint (cudaStreamSynchronize (decoder), ==, 0);
  if (image) {
    check_output (f, image, NULL, &unwanted->preprocess);
    return;
  }
  outputs = fixture_infer (f->plan, &f->network, 1, 1);
  fixture_assert_near (outputs, tensors + n, n,
      fixture_rounding (f->plan->precision, FALSE), "the last tensor");
}

static void
test_slot_again (Fixture *f, gconstpointer unused)
{
  g_autofree guint8 *photo = data_read_photo ();
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_RGBA, 128, 96, 0, photo, FALSE);
  g_autoptr (Frame)
      next = frame_new (ALEXNET_FORMAT_RGBA, 57, 143, 0, photo, FALSE);
  Unwanted unwanted = { f, frame->image, get_preprocess (ALEXNET_CROP_CENTER) };

  unwanted.image.memory = ALEXNET_MEMORY_CUDA;
  for (guint seed = 0; seed < 20; seed++) {
    Producer p;

    softgpu_set_seed (seed);
    producer_init (&p, &frame->image);
    unwanted.image.planes[0] = p.pixels;
    unwanted.image.cuda_stream = p.stream;
    for (guint i = 0; i < 40; i++)
      cudaMemsetAsync (p.pixels, (int) i, p.size, p.stream);
    check_slot_again (f, &unwanted, seed % 2 ? &next->image : NULL, p.stream);
    producer_clear (&p);
  }
}

/* In a context of the caller's own, whatever is current in its thread. */
static void
test_context (gconstpointer precision)
{
  Fixture f = { .network = make_identity (3) };
  AlexnetPlanParams params = { .precision = GPOINTER_TO_UINT (precision),
    .cpu_threads = 1,
    .cuda_context = softgpu_context (0),
    .max_batch_size = 1,
    .n_slots = 2 };
  g_autofree guint8 *photo = data_read_photo ();
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_NV12, 128, 96, 0, photo, FALSE);
  AlexnetPreprocess preprocess = get_preprocess (ALEXNET_CROP_CENTER);
  g_autoptr (GError) error = NULL;

  f.plan = alexnet_backend_find ("cudnn", NULL)
               ->open (&f.network, &params, &error);
  g_assert_no_error (error);
  f.transform = alexnet_transform_new ();
  g_assert_cmpint (cudaSetDevice (0), ==, 0);
  stage_frame (&f, &frame->image, NULL, &preprocess);
  g_assert_cmpint (cudaSetDevice (0), ==, 0);
  check_output (&f, &frame->image, NULL, &preprocess);
  g_assert_cmpint (cudaSetDevice (0), ==, 0);
  tear_down (&f, precision);
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
test_device_memory (Fixture *f, gconstpointer precision)
{
  static const guint widths[] = { 64, 2048 };
  AlexnetPreprocess preprocess = get_preprocess (ALEXNET_CROP_STRETCH);
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

    check_frame (f, &image, &image, NULL, &preprocess);
    g_assert_cmpint (cudaMemGetInfo (&available, &total), ==, cudaSuccess);
    g_assert_cmpuint (f->plan->backend->get_device_memory (f->plan), ==,
        total - available);
    g_assert_cmpuint (total - available, >, seen);
    seen = total - available;
  }
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  for (guint i = 0; i < FIXTURE_N_TYPES; i++) {
    const char *name = alexnet_precision_name (fixture_precisions[i]);
    gpointer precision = GUINT_TO_POINTER (fixture_precisions[i]);
    g_autofree char *formats = g_strdup_printf ("/softgpu/frames/formats/%s",
        name);
    g_autofree char *luma = g_strdup_printf ("/softgpu/frames/luma/%s", name);
    g_autofree char *blocked = g_strdup_printf ("/softgpu/frames/blocked/%s",
        name);

    g_test_add (formats, Fixture, precision, set_up, test_formats, tear_down);
    g_test_add (luma, Fixture, precision, set_up_luma, test_formats, tear_down);
    g_test_add_data_func (blocked, precision, test_blocked);
  }
  g_test_add ("/softgpu/frames/sizes", Fixture,
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), set_up, test_sizes, tear_down);
  g_test_add ("/softgpu/frames/device", Fixture,
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), set_up, test_device_frames,
      tear_down);
  g_test_add ("/softgpu/frames/tables", Fixture,
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), set_up, test_tables,
      tear_down);
  for (guint again = 0; again < 2; again++)
    g_test_add (again ? "/softgpu/frames/failed-upload/same"
                      : "/softgpu/frames/failed-upload/other",
        Fixture, GUINT_TO_POINTER (again), set_up_fp16, test_failed_upload,
        tear_down);
  g_test_add ("/softgpu/frames/producer", Fixture,
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), set_up, test_producer,
      tear_down);
  g_test_add ("/softgpu/frames/slot-again", Fixture, NULL, set_up_fp16,
      test_slot_again, tear_down);
  g_test_add_data_func ("/softgpu/frames/context",
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), test_context);
  g_test_add ("/softgpu/frames/device-memory", Fixture,
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), set_up, test_device_memory,
      tear_down);
  return cache_directory_run ();
}
