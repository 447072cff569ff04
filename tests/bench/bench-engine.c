/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One competitor of bench.py and load.py: the engine through its public header.
 *
 *     bench-engine write MODEL                 full-width AlexNet, made up
 *     bench-engine tensors MODEL PRECISION THREADS BATCH INPUT OUTPUT
 *     bench-engine frames MODEL PRECISION THREADS BATCH
 *     bench-engine load MODEL PRECISION THREADS BATCH
 *
 * "tensors" hands over a batch of INPUT (raw floats) and waits for all of its
 * results before the next one; it first writes the logarithms of one batch of
 * probabilities to OUTPUT. "frames" keeps two batches of equal 640x480 RGB
 * images in flight, as the element does.
 *
 * "load" prints in how many seconds an engine was ready and how many of a
 * processor that took. The two before print
 * "ready" and what really runs, and then for each line N on their
 * standard input how many seconds N batches took. */

#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <time.h>

#include "alexnet.h"
#include "support/random-model.h"

typedef struct {
  AlexnetEngine *engine;
  AlexnetStream *stream;
  AlexnetRequest **requests;
  guint depth, batch;
  const float *input; /* [batch,3,side,side], or NULL: frames */
  gsize image_size;
  AlexnetImage frame;
} Bench;

static void
die (const GError *error)
{
  if (!error)
    return;
  fprintf (stderr, "bench-engine: %s\n", error->message);
  exit (1);
}

static void
write_model (const char *path)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");
  GError *error = NULL;

  random_model_fill (&network);
  random_model_write (&network, path, &error);
  die (error);
  random_model_clear (&network);
}

static AlexnetPrecision
parse_precision (const char *name)
{
  for (int p = 0; p < ALEXNET_N_PRECISIONS; p++)
    if (g_str_equal (alexnet_precision_name (p), name))
      return p;
  fprintf (stderr, "bench-engine: there is no precision '%s'\n", name);
  exit (2);
}

/* argv: MODEL PRECISION THREADS BATCH */
static void
open_bench (Bench *self, char *argv[], gboolean frames)
{
  guint batch = (guint) atoi (argv[3]);
  AlexnetEngineParams params = { .backend = "cpu",
    .precision = parse_precision (argv[1]),
    .cpu_threads = (guint) atoi (argv[2]),
    .max_batch_size = batch,
    .batch_timeout = frames ? 0 : G_GUINT64_CONSTANT (10000000000) };
  GError *error = NULL;
  AlexnetModel *model = alexnet_model_load (argv[0], NULL, &error);
  guint side;

  die (error);
  self->engine = alexnet_engine_get (model, &params, &error);
  die (error);
  side = alexnet_model_get_input_size (model);
  self->batch = batch;
  self->depth = frames ? 2 * batch : batch;
  self->image_size = (gsize) 3 * side * side;
  self->stream = alexnet_stream_new (self->engine, NULL, self->depth);
  self->requests = g_new0 (AlexnetRequest *, self->depth);
  alexnet_model_unref (model);
}

static AlexnetRequest *
submit (Bench *self, guint i)
{
  GError *error = NULL;
  AlexnetRequest *request;

  if (self->input)
    request = alexnet_stream_submit_tensor (self->stream,
        self->input + (i % self->batch) * self->image_size, &error);
  else
    request = alexnet_stream_submit (self->stream, &self->frame, NULL, &error);
  die (error);
  return request;
}

/* Logarithms of the probabilities go to `output` unless it is NULL. */
static void
finish (AlexnetRequest *request, FILE *output)
{
  GError *error = NULL;
  AlexnetResult result;

  alexnet_request_wait (request, &result, &error);
  die (error);
  for (guint c = 0; output && c < result.n_classes; c++) {
    float value = logf (result.probabilities[c]);

    fwrite (&value, sizeof value, 1, output);
  }
  alexnet_request_release (request);
}

static void
run_batch (Bench *self, FILE *output)
{
  for (guint i = 0; i < self->batch; i++)
    self->requests[i] = submit (self, i);
  for (guint i = 0; i < self->batch; i++)
    finish (self->requests[i], output);
}

static void
run_frames (Bench *self, guint n)
{
  for (guint i = 0; i < n + self->depth; i++) {
    AlexnetRequest **request = &self->requests[i % self->depth];

    if (i >= self->depth)
      finish (*request, NULL);
    if (i < n)
      *request = submit (self, i);
  }
}

static void
answer (Bench *self)
{
  int n;

  printf ("ready %s %s\n", alexnet_engine_get_backend (self->engine),
      alexnet_precision_name (alexnet_engine_get_precision (self->engine)));
  fflush (stdout);
  while (scanf ("%d", &n) == 1) {
    gint64 start = g_get_monotonic_time ();

    if (!self->input)
      run_frames (self, (guint) n * self->batch);
    else
      for (int i = 0; i < n; i++)
        run_batch (self, NULL);
    printf ("%.6f\n", (double) (g_get_monotonic_time () - start) / 1e6);
    fflush (stdout);
  }
}

static void
bench_tensors (Bench *self, char *argv[])
{
  g_autofree char *input = NULL;
  GError *error = NULL;
  FILE *output;
  gsize size;

  g_file_get_contents (argv[4], &input, &size, &error);
  die (error);
  open_bench (self, argv, FALSE);
  self->input = (const float *) input;
  g_assert_cmpuint (size, >=, self->batch * self->image_size * sizeof (float));
  output = fopen (argv[5], "wb");
  g_assert_nonnull (output);
  run_batch (self, output);
  fclose (output);
  answer (self);
}

static void
bench_frames (Bench *self, char *argv[])
{
  g_autofree guint8 *pixels = g_malloc (640 * 480 * 3);

  for (guint i = 0; i < 640 * 480 * 3; i++)
    pixels[i] = (guint8) (i * 2654435761u >> 24);
  self->frame = (AlexnetImage){ .format = ALEXNET_FORMAT_RGB,
    .width = 640,
    .height = 480,
    .planes = { pixels },
    .strides = { 640 * 3 } };
  open_bench (self, argv, TRUE);
  answer (self);
}

static void
bench_load (Bench *self, char *argv[])
{
  gint64 start = g_get_monotonic_time ();

  open_bench (self, argv, FALSE);
  printf ("%.6f %.6f\n", 1e-6 * (double) (g_get_monotonic_time () - start),
      (double) clock () / CLOCKS_PER_SEC);
}

int
main (int argc, char *argv[])
{
  Bench bench = { 0 };

  if (argc == 3 && g_str_equal (argv[1], "write")) {
    write_model (argv[2]);
    return 0;
  }
  if (argc == 8 && g_str_equal (argv[1], "tensors"))
    bench_tensors (&bench, argv + 2);
  else if (argc == 6 && g_str_equal (argv[1], "frames"))
    bench_frames (&bench, argv + 2);
  else if (argc == 6 && g_str_equal (argv[1], "load"))
    bench_load (&bench, argv + 2);
  else {
    fprintf (stderr,
        "usage: bench-engine write MODEL\n"
        "       bench-engine tensors MODEL PRECISION THREADS BATCH IN OUT\n"
        "       bench-engine frames MODEL PRECISION THREADS BATCH\n"
        "       bench-engine load MODEL PRECISION THREADS BATCH\n");
    return 2;
  }
  alexnet_stream_free (bench.stream);
  alexnet_engine_unref (bench.engine);
  g_free (bench.requests);
  return 0;
}
