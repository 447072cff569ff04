/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the module needs on the GPU that is there, at full width:
 *
 *     gpu-bench [--trial] COMMAND PRECISION...
 *
 * The commands print lines of tab-separated fields as they go; times are
 * microseconds of the device, medians:
 *
 *     speed    cudnn PRECISION BATCH LATENCY COLD FRAMES
 *              of one batch; after the L2 cache was overwritten, for batches up
 *              to 8, else "-"; frames a second with batches back to back.
 *              Inputs lie in their slots already.
 *     l2       l2 PRECISION BATCH MIB KEPT NOT
 *              a batch of up to 8 whose weights stay in the L2 cache as far as
 *              they can, how much that is; and one of which none is asked to
 *     frames   nv12-1080p PRECISION BATCH HOST DEVICE
 *              a frame, in host memory and in the device's, through the whole
 *              engine
 *     plans    chooses how to compute and measures nothing: what it tried is
 *              among the messages that G_MESSAGES_DEBUG=alexnet shows
 *     profile  limit PRECISION GB/s TFLOP/s
 *              of a copy on the device; of its tensor cores, or of the others
 *              where the precision does without: clock x processors x what one
 *              does in a cycle, "-" where that is not known
 *              layer PRECISION BATCH NAME TIME GB/s TFLOP/s
 *              each operation, its weights not in the cache
 *
 * With --trial a narrow network and hardly anything is measured, to see whether
 * this program works. */

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/random-model.h"

#define FEW 8 /* images, of which latency counts */

const guint bench_batches[] = { 1, 8, 32, 128, 512 };

static const BenchExtent full = { G_N_ELEMENTS (bench_batches),
  BENCH_MAX_SAMPLES, 10, 256, 4000, 256 << 20, FALSE };
static const BenchExtent trial = { 1, 1, 0, 1, 2, 1 << 20, TRUE };
const BenchExtent *bench_extent = &full;

void
bench_die_on (GError *error)
{
  if (!error)
    return;
  fprintf (stderr, "gpu-bench: %s\n", error->message);
  exit (1);
}

void
bench_open (Bench *b, const AlexnetNetwork *network, AlexnetPrecision precision,
    guint max_batch)
{
  AlexnetPlanParams params = { .max_batch_size = max_batch,
    .n_slots = max_batch };
  GError *own_error = NULL, **error = &own_error;
  const AlexnetKernels *kernels;
  gboolean ok = alexnet_device_open (&b->device, 0, NULL, error) &&
      (kernels = alexnet_kernels_load (precision, error)) &&
      alexnet_executor_open (&b->executor, &b->device, kernels, network,
          precision, &params, error) &&
      CUDA (cudaEventCreateWithFlags (&b->begin, cudaEventDefault)) &&
      CUDA (cudaEventCreateWithFlags (&b->end, cudaEventDefault)) &&
      (b->cold = alexnet_device_alloc (&b->device, bench_extent->cold_size,
           error));

  g_assert_cmpint (ok, ==, own_error == NULL);
  bench_die_on (own_error);
}

void
bench_close (Bench *b)
{
  GError *own_error = NULL, **error = &own_error;

  CUDA (cudaEventDestroy (b->begin));
  CUDA (cudaEventDestroy (b->end));
  alexnet_executor_close (&b->executor, error);
  alexnet_device_close (&b->device, error);
  bench_die_on (own_error);
}

void
bench_make_cold (Bench *b, guint n_times)
{
  GError *own_error = NULL, **error = &own_error;

  CUDA (cudaCtxResetPersistingL2Cache ());
  for (guint i = 0; i < n_times; i++)
    CUDA (cudaMemsetAsync (b->cold, (int) i, bench_extent->cold_size,
        b->device.stream));
  bench_die_on (own_error);
}

/* Microseconds that the device needs for `n_times` batches in a row. */
static double
measure (Bench *b, guint batch, guint n_times, gboolean cold)
{
  GError *own_error = NULL, **error = &own_error;
  cudaStream_t stream = b->device.stream;
  float time = 0;

  if (cold)
    bench_make_cold (b, 1);
  CUDA (cudaEventRecord (b->begin, stream));
  for (guint i = 0; i < n_times; i++)
    alexnet_executor_begin (&b->executor, 0, batch, FALSE, error);
  CUDA (cudaEventRecord (b->end, stream));
  CUDA (cudaEventSynchronize (b->end));
  CUDA (cudaEventElapsedTime (&time, b->begin, b->end));
  bench_die_on (own_error);
  return time * 1000.0;
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return x < y ? -1 : x > y;
}

double
bench_median (double *samples, guint n)
{
  qsort (samples, n, sizeof *samples, compare);
  return samples[n / 2];
}

static double
median (Bench *b, guint batch, guint n_times, gboolean cold)
{
  double samples[BENCH_MAX_SAMPLES];

  for (guint i = 0; i < bench_extent->n_warm_ups; i++)
    measure (b, batch, n_times, cold);
  for (guint i = 0; i < bench_extent->n_samples; i++)
    samples[i] = measure (b, batch, n_times, cold);
  return bench_median (samples, bench_extent->n_samples);
}

void
bench_speed (const AlexnetNetwork *network, AlexnetPrecision precision)
{
  Bench b = { 0 };

  bench_open (&b, network, precision,
      bench_batches[bench_extent->n_batches - 1]);
  for (guint i = 0; i < bench_extent->n_batches; i++) {
    guint n = bench_batches[i], n_times = MAX (8, bench_extent->n_images / n);

    printf ("cudnn\t%s\t%u\t%.1f\t", alexnet_precision_name (precision), n,
        median (&b, n, 1, FALSE));
    if (n <= FEW)
      printf ("%.1f", median (&b, n, 1, TRUE));
    else
      printf ("-");
    printf ("\t%.0f\n", 1e6 * n * n_times / median (&b, n, n_times, FALSE));
    fflush (stdout);
  }
  bench_close (&b);
}

/* Microseconds of batches of up to 8; the MiB that are kept. */
static double
measure_few (const AlexnetNetwork *network, AlexnetPrecision precision,
    double *times)
{
  guint most = bench_batches[bench_extent->n_batches - 1];
  Bench b = { 0 };
  double kept;

  bench_open (&b, network, precision, MIN (most, FEW));
  kept = b.executor.l2.size / 1048576.0;
  for (guint i = 0; i < bench_extent->n_batches && bench_batches[i] <= FEW; i++)
    times[i] = median (&b, bench_batches[i], 1, FALSE);
  bench_close (&b);
  return kept;
}

static void
bench_l2 (const AlexnetNetwork *network, AlexnetPrecision precision)
{
  double with[G_N_ELEMENTS (bench_batches)];
  double without[G_N_ELEMENTS (bench_batches)];
  double kept = measure_few (network, precision, with);

  g_setenv ("ALEXNET_CUDNN_L2", "0", TRUE);
  measure_few (network, precision, without);
  g_unsetenv ("ALEXNET_CUDNN_L2");
  for (guint i = 0; i < bench_extent->n_batches && bench_batches[i] <= FEW; i++)
    printf ("l2\t%s\t%u\t%.1f\t%.1f\t%.1f\n",
        alexnet_precision_name (precision), bench_batches[i], kept, with[i],
        without[i]);
}

static void
choose_plans (const AlexnetNetwork *network, AlexnetPrecision precision)
{
  Bench b = { 0 };

  bench_open (&b, network, precision,
      bench_batches[bench_extent->n_batches - 1]);
  bench_close (&b);
}

static const struct {
  const char *name;
  void (*run) (const AlexnetNetwork *network, AlexnetPrecision precision);
} commands[] = {
  { "speed", bench_speed },
  { "l2", bench_l2 },
  { "frames", bench_frames },
  { "plans", choose_plans },
  { "profile", bench_profile },
};

static void
run (const char *name, const AlexnetNetwork *network,
    AlexnetPrecision precision)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (name, commands[i].name)) {
      commands[i].run (network, precision);
      return;
    }
  fprintf (stderr, "gpu-bench: there is no command '%s'\n", name);
  exit (2);
}

static AlexnetPrecision
parse_precision (const char *name)
{
  for (int p = 0; p < ALEXNET_N_PRECISIONS; p++)
    if (g_str_equal (name, alexnet_precision_name (p)))
      return p;
  fprintf (stderr, "gpu-bench: there is no precision '%s'\n", name);
  exit (2);
}

int
main (int argc, char **argv)
{
  AlexnetNetwork network = *alexnet_network_find ("torchvision");
  int first = argc > 1 && g_str_equal (argv[1], "--trial") ? 2 : 1;

  if (argc < first + 2) {
    fprintf (stderr, "usage: gpu-bench [--trial] COMMAND PRECISION...\n");
    return 2;
  }
  if (first == 2)
    bench_extent = &trial;
  if (bench_extent->narrow)
    random_model_narrow (&network);
  random_model_fill (&network);
  for (int i = first + 1; i < argc; i++)
    run (argv[first], &network, parse_precision (argv[i]));
  random_model_clear (&network);
  return 0;
}
