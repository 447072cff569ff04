/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The same frames give the same bits in whatever order the device works. A
 * missing wait, pinned memory that is written too early, a result that is
 * read too early: each shows as other bits for some seed. */

#include <cuda_runtime_api.h>

#include <string.h>

#include "fixture.h"
#include "support/preprocess-run.h"
#include "support/random-model.h"

#define N_SEEDS 200
#define N_FRAMES 10
#define MAX_BATCH 4

/* Stages frames first .. first + n - 1 into the slots of the same numbers
 * modulo the ring, and runs them. */
static const struct {
  guint first, n;
} batches[] = { { 0, 1 }, { 1, 3 }, { 4, 4 }, { 8, 2 } };

typedef struct {
  AlexnetNetwork *network;
  AlexnetPrecision precision;
  Frame *frames[N_FRAMES];
  float *tensor;
  AlexnetTransform *transform;

  /* A decoder on the device: frames of memory CUDA come from here. */
  cudaStream_t producer;
  void *pinned, *memory;
} Script;

static const AlexnetPreprocess preprocess = {
  .crop_mode = ALEXNET_CROP_CENTER,
  .resize_size = 75,
  .interpolation = ALEXNET_INTERPOLATION_BILINEAR_ANTIALIAS,
  .mean = { 0.5f, 0.4f, 0.3f },
  .std = { 0.25f, 0.5f, 0.3f },
  .channel_order = ALEXNET_CHANNELS_RGB,
};

static void
script_init (Script *s, AlexnetPrecision precision)
{
  g_autofree guint8 *photo = data_read_photo ();

  s->network = fixture_small_network ();
  s->precision = precision;
  s->transform = alexnet_transform_new ();
  s->tensor = fixture_inputs (s->network, 1, 1);
  for (guint i = 0; i < N_FRAMES; i++)
    s->frames[i] = frame_new (i % 2 ? ALEXNET_FORMAT_NV12 : ALEXNET_FORMAT_RGB,
        160 + 16 * i, 240, FRAME_PADDED, photo, FALSE);
}

static void
script_clear (Script *s)
{
  for (guint i = 0; i < N_FRAMES; i++)
    frame_free (s->frames[i]);
  alexnet_transform_free (s->transform);
  g_free (s->tensor);
  random_model_clear (s->network);
  g_free (s->network);
}

static gsize
plane_size (const AlexnetImage *image)
{
  return (gsize) image->strides[0] * image->height;
}

static void
producer_start (Script *s)
{
  gsize size = plane_size (&s->frames[N_FRAMES - 1]->image);

  g_assert_cmpint (cudaStreamCreateWithFlags (&s->producer,
                       cudaStreamNonBlocking),
      ==, 0);
  g_assert_cmpint (cudaHostAlloc (&s->pinned, 3 * size, 0), ==, 0);
  g_assert_cmpint (cudaMalloc (&s->memory, 3 * size), ==, 0);
}

static void
producer_stop (Script *s)
{
  g_assert_cmpint (cudaFree (s->memory), ==, 0);
  g_assert_cmpint (cudaFreeHost (s->pinned), ==, 0);
  g_assert_cmpint (cudaStreamDestroy (s->producer), ==, 0);
}

/* The same picture on the device, once the producer has got so far. Its
 * memory is in nobody's use: results of the batch before have been read. */
static AlexnetImage
produce (Script *s, const AlexnetImage *image)
{
  gsize row = 3 * (gsize) image->width;
  AlexnetImage copy = *image;

  g_assert_cmpint (image->format, ==, ALEXNET_FORMAT_RGB);
  g_assert_cmpint (cudaStreamSynchronize (s->producer), ==, 0);
  for (guint y = 0; y < image->height; y++)
    memcpy ((guint8 *) s->pinned + y * row,
        (const guint8 *) image->planes[0] + y * image->strides[0], row);
  g_assert_cmpint (cudaMemsetAsync (s->memory, 0, row * image->height,
                       s->producer),
      ==, 0);
  g_assert_cmpint (cudaMemcpyAsync (s->memory, s->pinned, row * image->height,
                       cudaMemcpyHostToDevice, s->producer),
      ==, 0);
  copy.memory = ALEXNET_MEMORY_CUDA;
  copy.planes[0] = s->memory;
  copy.strides[0] = (gssize) row;
  copy.cuda_stream = s->producer;
  return copy;
}

/* Frame 3 is a tensor, frame 8 lies on the device, the others are host's. */
static void
stage (Script *s, AlexnetPlan *plan, guint i)
{
  AlexnetImage image = s->frames[i]->image;
  guint slot = i % (2 * MAX_BATCH);
  g_autoptr (GError) error = NULL;

  if (i == 3) {
    plan->backend->stage_tensor (plan, slot, s->tensor, &error);
    g_assert_no_error (error);
    return;
  }
  if (i == 8)
    image = produce (s, &image);
  alexnet_transform_update (s->transform, &image, NULL, &preprocess, 3,
      s->network->input.width, &error);
  g_assert_no_error (error);
  plan->backend->stage (plan, slot, &image, s->transform, &error);
  g_assert_no_error (error);
}

/* Every other batch brings back its best classes alone; of these the outputs
 * hold what was said. */
static void
infer (Script *s, AlexnetPlan *plan, guint b, float *outputs)
{
  gsize size = alexnet_shape_size (alexnet_network_output (s->network));
  guint slot = batches[b].first % (2 * MAX_BATCH), n = batches[b].n;
  g_autofree AlexnetBest *best = NULL;
  g_autofree float *some = NULL;

  if (b % 2 == 1) {
    some = fixture_infer (plan, s->network, slot, n);
    memcpy (outputs, some, n * size * sizeof (float));
    return;
  }
  best = fixture_infer_best (plan, slot, n);
  for (guint i = 0; i < n * ALEXNET_MAX_BEST; i++)
    outputs[i / ALEXNET_MAX_BEST * size + best[i].class_id] =
        best[i].probability;
}

/* Outputs of all frames. */
static float *
run_script (Script *s, guint64 seed)
{
  gsize size = alexnet_shape_size (alexnet_network_output (s->network));
  float *outputs = g_new0 (float, N_FRAMES *size);
  AlexnetPlan *plan;

  softgpu_reset ();
  softgpu_set_seed (seed);
  plan = fixture_open (s->network, s->precision, MAX_BATCH);
  producer_start (s);
  for (guint b = 0; b < G_N_ELEMENTS (batches); b++) {
    guint first = batches[b].first, n = batches[b].n;

    for (guint i = first; i < first + n; i++)
      stage (s, plan, i);
    infer (s, plan, b, outputs + first * size);
  }
  producer_stop (s);
  fixture_close (plan);
  return outputs;
}

/* The first frame also as the reference sees it: bits that are equally wrong
 * each time would else pass. */
static void
check_first (Script *s, const float *outputs)
{
  gsize size = alexnet_shape_size (alexnet_network_output (s->network));
  g_autofree float *expected = fixture_reference (s->network, 1, s->tensor);

  fixture_assert_near (outputs + 3 * size, expected, size,
      32 * fixture_rounding (s->precision, TRUE), "frame 3");
}

static void
test_seeds (gconstpointer data)
{
  Script s = { 0 };
  gsize size;
  g_autofree float *expected = NULL;

  script_init (&s, GPOINTER_TO_UINT (data));
  size = alexnet_shape_size (alexnet_network_output (s.network));
  g_assert_cmpuint (size, >=, ALEXNET_MAX_BEST);
  expected = run_script (&s, 0);
  check_first (&s, expected);
  for (guint64 seed = 1; seed < N_SEEDS; seed++) {
    g_autofree float *outputs = run_script (&s, seed);

    for (gsize i = 0; i < N_FRAMES * size; i++)
      if (memcmp (&outputs[i], &expected[i], sizeof (float)) != 0)
        g_error ("seed %" G_GUINT64_FORMAT ", frame %zu, class %zu: %g, "
                 "with seed 0 it was %g",
            seed, i / size, i % size, outputs[i], expected[i]);
  }
  script_clear (&s);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_data_func ("/softgpu/seeds/fp16",
      GUINT_TO_POINTER (ALEXNET_PRECISION_FP16), test_seeds);
  return cache_directory_run ();
}
