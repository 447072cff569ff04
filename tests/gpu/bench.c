/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How fast the module is on the GPU that is there, at full width. Prints one
 * line for each precision and batch size, tab-separated:
 *
 *     cudnn PRECISION BATCH LATENCY COLD FRAMES
 *
 * LATENCY is the device's time for one batch in microseconds, median; COLD the
 * same after the L2 cache was overwritten, for batches up to 8, else "-";
 * FRAMES are frames a second with batches back to back. Inputs lie in their
 * slots already. Then a line for each for 1080p NV12 frames, in host memory and
 * in the device's, through the whole engine:
 *
 *     nv12-1080p PRECISION BATCH HOST DEVICE
 *
 * in microseconds a frame. With --trial a narrow network and hardly anything is
 * measured, to see whether this program works. */

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

#include "cudnn/executor.h"
#include "model/model.h"
#include "support/random-model.h"
#include "cudnn/staging.h"

#define MAX_SAMPLES 51
#define N_THREADS 4

static const guint batches[] = { 1, 8, 32, 128, 512 };

/* How much is measured. */
typedef struct {
  guint n_batches;
  guint n_samples, n_warm_ups;
  guint n_images; /* back to back, at least eight batches */
  guint n_frames; /* of each thread */
  gsize cold_size;
  gboolean narrow;
} Extent;

static const Extent full = { G_N_ELEMENTS (batches), MAX_SAMPLES, 10, 256, 4000,
  256 << 20, FALSE };
static const Extent trial = { 1, 1, 0, 1, 2, 1 << 20, TRUE };
static const Extent *extent = &full;

typedef struct {
  AlexnetDevice device;
  AlexnetExecutor executor;
  cudaEvent_t begin, end;
  void *cold;
} Bench;

static void
die_on (GError *error)
{
  if (!error)
    return;
  fprintf (stderr, "gpu-bench: %s\n", error->message);
  exit (1);
}

static void
bench_open (Bench *b, const AlexnetNetwork *network, AlexnetPrecision precision)
{
  GError *own_error = NULL, **error = &own_error;
  const AlexnetKernels *kernels;
  guint max_batch = batches[extent->n_batches - 1];
  gboolean ok = alexnet_device_open (&b->device, 0, NULL, error) &&
      (kernels = alexnet_kernels_load (precision, error)) &&
      alexnet_executor_open (&b->executor, &b->device, kernels, network,
          precision, max_batch, max_batch, error) &&
      CUDA (cudaEventCreateWithFlags (&b->begin, cudaEventDefault)) &&
      CUDA (cudaEventCreateWithFlags (&b->end, cudaEventDefault)) &&
      (b->cold = alexnet_device_alloc (&b->device, extent->cold_size, error));

  g_assert_cmpint (ok, ==, own_error == NULL);
  die_on (own_error);
}

static void
bench_close (Bench *b)
{
  GError *own_error = NULL, **error = &own_error;

  CUDA (cudaEventDestroy (b->begin));
  CUDA (cudaEventDestroy (b->end));
  alexnet_executor_close (&b->executor, error);
  alexnet_device_close (&b->device, error);
  die_on (own_error);
}

/* Microseconds that the device needs for `n_times` batches in a row. */
static double
measure (Bench *b, guint batch, guint n_times, gboolean cold)
{
  GError *own_error = NULL, **error = &own_error;
  cudaStream_t stream = b->device.stream;
  float time = 0;

  if (cold)
    CUDA (cudaMemsetAsync (b->cold, 1, extent->cold_size, stream));
  CUDA (cudaEventRecord (b->begin, stream));
  for (guint i = 0; i < n_times; i++)
    alexnet_executor_begin (&b->executor, 0, batch, FALSE, error);
  CUDA (cudaEventRecord (b->end, stream));
  CUDA (cudaEventSynchronize (b->end));
  CUDA (cudaEventElapsedTime (&time, b->begin, b->end));
  die_on (own_error);
  return time * 1000.0;
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

static double
median (Bench *b, guint batch, guint n_times, gboolean cold)
{
  double samples[MAX_SAMPLES];

  for (guint i = 0; i < extent->n_warm_ups; i++)
    measure (b, batch, n_times, cold);
  for (guint i = 0; i < extent->n_samples; i++)
    samples[i] = measure (b, batch, n_times, cold);
  qsort (samples, extent->n_samples, sizeof *samples, compare);
  return samples[extent->n_samples / 2];
}

static void
bench_device (const AlexnetNetwork *network, AlexnetPrecision precision)
{
  Bench b = { 0 };

  bench_open (&b, network, precision);
  for (guint i = 0; i < extent->n_batches; i++) {
    guint n = batches[i], n_times = MAX (8, extent->n_images / n);

    printf ("cudnn\t%s\t%u\t%.1f\t", alexnet_precision_name (precision), n,
        median (&b, n, 1, FALSE));
    if (n <= 8)
      printf ("%.1f", median (&b, n, 1, TRUE));
    else
      printf ("-");
    printf ("\t%.0f\n", 1e6 * n * n_times / median (&b, n, n_times, FALSE));
    fflush (stdout);
  }
  bench_close (&b);
}

/* One NV12 frame of noise; in host memory, or on the device with a stream. */
typedef struct {
  AlexnetImage image;
  guint8 *pixels;
  void *device;
} Frame;

static void
frame_init (Frame *f, AlexnetMemory memory)
{
  enum { WIDTH = 1920, HEIGHT = 1080, SIZE = WIDTH * HEIGHT * 3 / 2 };
  GError *own_error = NULL, **error = &own_error;
  guint8 *base = f->pixels = g_malloc (SIZE);
  cudaStream_t stream = NULL;

  for (guint i = 0; i < SIZE; i++)
    f->pixels[i] = (guint8) (i * 2654435761u >> 24);
  if (memory == ALEXNET_MEMORY_CUDA &&
      alexnet_cuda_malloc (&f->device, SIZE, error) &&
      CUDA (cudaStreamCreateWithFlags (&stream, cudaStreamNonBlocking)) &&
      CUDA (cudaMemcpyAsync (f->device, f->pixels, SIZE,
          cudaMemcpyHostToDevice, stream)))
    base = f->device;
  die_on (own_error);
  f->image = (AlexnetImage){ .format = ALEXNET_FORMAT_NV12,
    .memory = memory,
    .width = WIDTH,
    .height = HEIGHT,
    .planes = { base, base + WIDTH * HEIGHT },
    .strides = { WIDTH, WIDTH },
    .cuda_stream = stream };
}

static void
frame_clear (Frame *f)
{
  GError *own_error = NULL, **error = &own_error;

  if (f->device && CUDA (cudaStreamDestroy (f->image.cuda_stream)))
    CUDA (cudaFree (f->device));
  die_on (own_error);
  g_free (f->pixels);
}

typedef struct {
  AlexnetEngine *engine;
  AlexnetMemory memory;
  guint depth;
} Load;

static gpointer
submit_frames (gpointer data)
{
  const Load *load = data;
  AlexnetStream *stream = alexnet_stream_new (load->engine, NULL, load->depth);
  AlexnetRequest *requests[ALEXNET_MAX_BATCH_SIZE] = { NULL };
  Frame frame = { 0 };
  GError *error = NULL;
  AlexnetResult result;

  frame_init (&frame, load->memory);
  alexnet_stream_set_best_only (stream, TRUE);
  for (guint i = 0; i < extent->n_frames + load->depth; i++) {
    AlexnetRequest **request = &requests[i % load->depth];

    if (*request)
      alexnet_request_wait (*request, &result, &error);
    die_on (error);
    g_clear_pointer (request, alexnet_request_release);
    if (i < extent->n_frames)
      *request = alexnet_stream_submit (stream, &frame.image, NULL, &error);
    die_on (error);
  }
  alexnet_stream_free (stream);
  frame_clear (&frame);
  return NULL;
}

/* Microseconds a frame, of all threads together. */
static double
measure_frames (AlexnetEngine *engine, AlexnetMemory memory, guint batch)
{
  Load load = { engine, memory, MAX (32, batch / 2) };
  GThread *threads[N_THREADS];
  gint64 begin;

  submit_frames (&load);
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("submit", submit_frames, &load);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  return (double) (g_get_monotonic_time () - begin) /
      (N_THREADS * extent->n_frames);
}

static void
bench_frames (AlexnetModel *model, AlexnetPrecision precision, guint batch)
{
  AlexnetEngineParams params = { .backend = "cudnn",
    .precision = precision,
    .max_batch_size = batch };
  GError *error = NULL;
  AlexnetEngine *engine = alexnet_engine_get (model, &params, &error);

  die_on (error);
  printf ("nv12-1080p\t%s\t%u\t%.1f\t", alexnet_precision_name (precision),
      batch, measure_frames (engine, ALEXNET_MEMORY_HOST, batch));
  printf ("%.1f\n", measure_frames (engine, ALEXNET_MEMORY_CUDA, batch));
  fflush (stdout);
  alexnet_engine_unref (engine);
}

static AlexnetModel *
load_model (const AlexnetNetwork *network)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (),
      "alexnet-random.safetensors", NULL);
  GError *error = NULL;
  AlexnetModel *model;

  random_model_write (network, path, &error);
  die_on (error);
  model = alexnet_model_load (path, NULL, &error);
  die_on (error);
  g_unlink (path);
  return model;
}

static void
bench_all (const AlexnetNetwork *network)
{
  static const AlexnetPrecision precisions[] = { ALEXNET_PRECISION_FP16,
    ALEXNET_PRECISION_BF16, ALEXNET_PRECISION_TF32, ALEXNET_PRECISION_FP32 };
  AlexnetModel *model = load_model (network);

  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++)
    bench_device (network, precisions[i]);
  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++)
    for (guint j = 0; j < extent->n_batches; j++)
      bench_frames (model, precisions[i], batches[j]);
  alexnet_model_unref (model);
}

int
main (int argc, char **argv)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");

  if (argc == 2 && g_str_equal (argv[1], "--trial"))
    extent = &trial;
  if (extent->narrow)
    random_model_narrow (&network);
  random_model_fill (&network);
  bench_all (&network);
  random_model_clear (&network);
  return 0;
}
