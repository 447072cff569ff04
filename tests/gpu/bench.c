/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How fast the module is on the GPU that is there, at full width. Prints one
 * line for each precision and batch size, tab-separated:
 *
 *     cudnn PRECISION BATCH LATENCY COLD FRAMES
 *
 * LATENCY is the device's time for one batch in microseconds, median; COLD the
 * same after the L2 cache was overwritten, for batches up to 8, else "-";
 * FRAMES are frames a second with batches back to back. Inputs lie in their
 * slots already. Then one line for 1080p NV12 frames in host memory through
 * the whole engine:
 *
 *     host-nv12-1080p PRECISION BATCH MICROSECONDS-A-FRAME */

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

#include "executor.h"
#include "model.h"
#include "random-model.h"
#include "staging.h"

#define MAX_BATCH 512
#define COLD_SIZE (256 << 20)
#define N_SAMPLES 51
#define N_THREADS 4
#define N_FRAMES 4000

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
  gboolean ok = alexnet_device_open (&b->device, 0, NULL, error) &&
      (kernels = alexnet_kernels_load (precision, error)) &&
      alexnet_executor_open (&b->executor, &b->device, kernels, network,
          precision, MAX_BATCH, MAX_BATCH, error) &&
      CUDA (cudaEventCreateWithFlags (&b->begin, cudaEventDefault)) &&
      CUDA (cudaEventCreateWithFlags (&b->end, cudaEventDefault)) &&
      (b->cold = alexnet_device_alloc (&b->device, COLD_SIZE, error));

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
    CUDA (cudaMemsetAsync (b->cold, 1, COLD_SIZE, stream));
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
  double samples[N_SAMPLES];

  for (guint i = 0; i < 10; i++)
    measure (b, batch, n_times, cold);
  for (guint i = 0; i < N_SAMPLES; i++)
    samples[i] = measure (b, batch, n_times, cold);
  qsort (samples, N_SAMPLES, sizeof *samples, compare);
  return samples[N_SAMPLES / 2];
}

static void
bench_device (const AlexnetNetwork *network, AlexnetPrecision precision)
{
  static const guint batches[] = { 1, 8, 32, 128, 512 };
  Bench b = { 0 };

  bench_open (&b, network, precision);
  for (guint i = 0; i < G_N_ELEMENTS (batches); i++) {
    guint n = batches[i], n_times = MAX (8, 256 / n);

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

static gpointer
submit_frames (gpointer data)
{
  enum { WIDTH = 1920, HEIGHT = 1080, DEPTH = 32 };
  g_autofree guint8 *pixels = g_malloc (WIDTH * HEIGHT * 3 / 2);
  AlexnetImage image = { .format = ALEXNET_FORMAT_NV12,
    .width = WIDTH,
    .height = HEIGHT,
    .planes = { pixels, pixels + WIDTH * HEIGHT },
    .strides = { WIDTH, WIDTH } };
  AlexnetStream *stream = alexnet_stream_new (data, NULL, DEPTH);
  AlexnetRequest *requests[DEPTH] = { NULL };
  GError *error = NULL;
  AlexnetResult result;

  alexnet_stream_set_best_only (stream, TRUE);
  for (guint i = 0; i < WIDTH * HEIGHT * 3 / 2; i++)
    pixels[i] = (guint8) (i * 2654435761u >> 24);
  for (guint i = 0; i < N_FRAMES + DEPTH; i++) {
    AlexnetRequest **request = &requests[i % DEPTH];

    if (*request)
      alexnet_request_wait (*request, &result, &error);
    die_on (error);
    g_clear_pointer (request, alexnet_request_release);
    if (i < N_FRAMES)
      *request = alexnet_stream_submit (stream, &image, NULL, &error);
    die_on (error);
  }
  alexnet_stream_free (stream);
  return NULL;
}

static void
bench_host (const char *path, guint batch)
{
  AlexnetEngineParams params = { .backend = "cudnn", .max_batch_size = batch };
  GThread *threads[N_THREADS];
  GError *error = NULL;
  AlexnetModel *model = alexnet_model_load (path, &error);
  AlexnetEngine *engine;
  gint64 begin;

  die_on (error);
  engine = alexnet_engine_get (model, &params, &error);
  die_on (error);
  submit_frames (engine);
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("submit", submit_frames, engine);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  printf ("host-nv12-1080p\t%s\t%u\t%.1f\n",
      alexnet_precision_name (alexnet_engine_get_precision (engine)), batch,
      (g_get_monotonic_time () - begin) / (double) (N_THREADS * N_FRAMES));
  alexnet_engine_unref (engine);
  alexnet_model_unref (model);
}

int
main (void)
{
  static const AlexnetPrecision precisions[] = { ALEXNET_PRECISION_FP16,
    ALEXNET_PRECISION_BF16, ALEXNET_PRECISION_TF32, ALEXNET_PRECISION_FP32 };
  AlexnetNetwork network = *alexnet_network_find ("torchvision");
  g_autofree char *path = g_build_filename (g_get_tmp_dir (),
      "alexnet-random.safetensors", NULL);
  GError *error = NULL;

  random_model_fill (&network);
  random_model_write (&network, path, &error);
  die_on (error);
  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++)
    bench_device (&network, precisions[i]);
  bench_host (path, 1);
  bench_host (path, 16);
  bench_host (path, 64);
  g_unlink (path);
  random_model_clear (&network);
  return 0;
}
