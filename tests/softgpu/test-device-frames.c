/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Frames that lie on the device, and who waits for whom: what writes them, what
 * is staged before and after, calls that fail. */

#include <cuda_runtime_api.h>
#include <string.h>

#include "frames.h"

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
test_device_frames (Frames *f, gconstpointer precision)
{
  static const AlexnetFormat formats[] = { ALEXNET_FORMAT_NV12,
    ALEXNET_FORMAT_I420, ALEXNET_FORMAT_RGBA, ALEXNET_FORMAT_P010_10LE };
  static const guint n_planes[] = { 2, 3, 1, 2 };
  g_autofree guint8 *photo = data_read_photo ();
  AlexnetPreprocess preprocess = frames_preprocess (ALEXNET_CROP_CENTER);

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (Frame) frame = frame_new (formats[i], 128, 96, 0, photo, FALSE);
    AlexnetImage image = frame->image;
    void *memory[4] = { NULL };

    image.memory = ALEXNET_MEMORY_CUDA;
    for (guint p = 0; p < n_planes[i]; p++)
      image.planes[p] = upload_plane (&frame->image, p, &memory[p]);
    frames_check (f, &image, &frame->image, NULL, &preprocess);
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
test_tables (Frames *f, gconstpointer precision)
{
  g_autofree guint8 *photo = data_read_photo ();
  AlexnetPreprocess preprocess = frames_preprocess (ALEXNET_CROP_CENTER);
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
    frames_stage (f, lane_frames[i].host ? &frame->image : &image, NULL,
        &preprocess);
    frames_check_output (f, &frame->image, NULL, &preprocess);
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
check_failed_upload (Frames *f, gboolean again)
{
  static const SoftgpuStatus status = { cudaErrorLaunchFailure, 0, 0 };
  static const AlexnetRegion regions[] = { { 0, 0, 80, 80 },
    { 40, 9, 80, 80 } };
  g_autofree guint8 *photo = data_read_photo ();
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_RGBA, 128, 96, 0, photo, FALSE);
  AlexnetPreprocess preprocess = frames_preprocess (ALEXNET_CROP_CENTER);
  AlexnetImage image = frame->image;
  gsize n_words[G_N_ELEMENTS (regions)];
  guint wanted = again ? 1 : 0, n_uploads = 0;
  void *memory;

  image.memory = ALEXNET_MEMORY_CUDA;
  image.planes[0] = upload_plane (&frame->image, 0, &memory);
  for (guint n = 1;; n++) {
    g_autoptr (GError) error = NULL;

    frames_check (f, &image, &frame->image, &regions[0], &preprocess);
    n_words[0] = alexnet_transform_get_tables (f->transform)->n_words;
    alexnet_transform_update (f->transform, &image, &regions[1], &preprocess, 3,
        FRAMES_SIDE, &error);
    g_assert_no_error (error);
    n_words[1] = alexnet_transform_get_tables (f->transform)->n_words;
    g_assert_cmpuint (n_words[0], ==, n_words[1]);
    softgpu_fail_call (n, &status);
    if (f->plan->backend->stage (f->plan, 1, &image, f->transform, &error))
      break;
    g_assert_error (error, ALEXNET_ERROR, ALEXNET_ERROR_DEVICE);
    n_uploads += g_str_equal (softgpu_failed_call (), "cudaMemcpyAsync");
    frames_check (f, &image, &frame->image, &regions[wanted], &preprocess);
  }
  softgpu_fail_call (0, &status);
  g_assert_cmpuint (n_uploads, ==, 1);
  softgpu_device_free (memory);
}

static void
test_failed_upload_same (Frames *f, gconstpointer precision)
{
  check_failed_upload (f, TRUE);
}

static void
test_failed_upload_other (Frames *f, gconstpointer precision)
{
  check_failed_upload (f, FALSE);
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
test_producer (Frames *f, gconstpointer precision)
{
  g_autofree guint8 *photo = data_read_photo ();
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_RGBA, 128, 96, 0, photo, FALSE);
  AlexnetPreprocess preprocess = frames_preprocess (ALEXNET_CROP_CENTER);
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
    frames_stage (f, &image, NULL, &preprocess);
    cudaMemsetAsync (p.pixels, 0x55, p.size, p.stream);
    frames_check_output (f, &frame->image, NULL, &preprocess);
    producer_clear (&p);
  }
}

typedef struct {
  Frames *f;
  AlexnetImage image;
  AlexnetPreprocess preprocess;
} Unwanted;

static void
stage_unwanted (gpointer data)
{
  const Unwanted *unwanted = data;

  frames_stage (unwanted->f, &unwanted->image, NULL, &unwanted->preprocess);
}

/* While one lane fills slot 0, another one is to fill slot 1 with what a slow
 * decoder writes. Nobody waits for that: what comes into slot 1 is the next
 * frame or tensor, by the first lane. */
static void
check_slot_again (Frames *f, Unwanted *unwanted, const AlexnetImage *image,
    cudaStream_t decoder)
{
  gsize n = alexnet_shape_size (&f->network.input);
  g_autofree float *tensors = fixture_inputs (&f->network, 2, 0);
  g_autofree float *outputs = NULL;

  softgpu_during ("cudaMemcpyAsync", stage_unwanted, unwanted);
  fixture_stage (f->plan, &f->network, 0, 1, tensors);
  if (image)
    frames_stage (f, image, NULL, &unwanted->preprocess);
  else
    fixture_stage (f->plan, &f->network, 1, 1, tensors + n);
  g_assert_cmpint (cudaStreamSynchronize (decoder), ==, 0);
  if (image) {
    frames_check_output (f, image, NULL, &unwanted->preprocess);
    return;
  }
  outputs = fixture_infer (f->plan, &f->network, 1, 1);
  fixture_assert_near (outputs, tensors + n, n,
      fixture_rounding (f->plan->precision, FALSE), "the last tensor");
}

static void
test_slot_again (Frames *f, gconstpointer unused)
{
  g_autofree guint8 *photo = data_read_photo ();
  g_autoptr (Frame)
      frame = frame_new (ALEXNET_FORMAT_RGBA, 128, 96, 0, photo, FALSE);
  g_autoptr (Frame)
      next = frame_new (ALEXNET_FORMAT_RGBA, 57, 143, 0, photo, FALSE);
  Unwanted unwanted = { f, frame->image,
    frames_preprocess (ALEXNET_CROP_CENTER) };

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

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*func) (Frames *f, gconstpointer precision);
  } tests[] = {
    { "/softgpu/device-frames/formats", test_device_frames },
    { "/softgpu/device-frames/tables", test_tables },
    { "/softgpu/device-frames/failed-upload/same", test_failed_upload_same },
    { "/softgpu/device-frames/failed-upload/other", test_failed_upload_other },
    { "/softgpu/device-frames/producer", test_producer },
    { "/softgpu/device-frames/slot-again", test_slot_again },
  };

  cache_directory_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Frames,
        GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), frames_set_up, tests[i].func,
        frames_tear_down);
  return cache_directory_run ();
}
