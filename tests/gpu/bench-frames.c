/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* gpu-bench frames: NV12 frames of 1920x1080 through the whole engine. */

#include "bench.h"

#include <glib/gstdio.h>
#include <stdio.h>

#include "cudnn/staging.h"
#include "model/model.h"
#include "support/random-model.h"

#define N_THREADS 4

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
      CUDA (cudaMemcpyAsync (f->device, f->pixels, SIZE, cudaMemcpyHostToDevice,
          stream)))
    base = f->device;
  bench_die_on (own_error);
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
  bench_die_on (own_error);
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
  for (guint i = 0; i < bench_extent->n_frames + load->depth; i++) {
    AlexnetRequest **request = &requests[i % load->depth];

    if (*request)
      alexnet_request_wait (*request, &result, &error);
    bench_die_on (error);
    g_clear_pointer (request, alexnet_request_release);
    if (i < bench_extent->n_frames)
      *request = alexnet_stream_submit (stream, &frame.image, NULL, &error);
    bench_die_on (error);
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
      (N_THREADS * bench_extent->n_frames);
}

static void
bench_batch (AlexnetModel *model, AlexnetPrecision precision, guint batch)
{
  AlexnetEngineParams params = {
    .backend = "cudnn", .precision = precision, .max_batch_size = batch
  };
  GError *error = NULL;
  AlexnetEngine *engine = alexnet_engine_get (model, &params, &error);

  bench_die_on (error);
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
  bench_die_on (error);
  model = alexnet_model_load (path, NULL, &error);
  bench_die_on (error);
  g_unlink (path);
  return model;
}

void
bench_frames (const AlexnetNetwork *network, AlexnetPrecision precision)
{
  AlexnetModel *model = load_model (network);

  for (guint i = 0; i < bench_extent->n_batches; i++)
    bench_batch (model, precision, bench_batches[i]);
  alexnet_model_unref (model);
}
