/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* gpu-bench profile: where the time of a batch goes. An event stands behind
 * each operation, or behind two that are one step. Before them the device
 * overwrites memory for so long that the host has given it everything by then,
 * so that no event waits for the host; that also drives the weights out of the
 * cache. */

#include "bench.h"

#include <stdio.h>

#define N_OVERWRITES 8
#define COPIES 4

/* What one processor of a GPU multiplies and adds in a cycle, twice counted as
 * usual: NVIDIA's architecture whitepapers for Turing, Ampere (GA100), Hopper
 * and the CUDA programming guide's table of throughput. */
static const struct {
  guint capability;
  guint half, tf32, single; /* FP16 and BF16 with sums in FP32; 0: none */
} rates[] = {
  { 75, 1024, 0, 128 },
  { 80, 2048, 1024, 128 },
  { 90, 4096, 2048, 256 },
};

static guint
get_rate (guint capability, AlexnetPrecision precision)
{
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    if (rates[i].capability == capability)
      return precision == ALEXNET_PRECISION_FP32 ? rates[i].single
          : precision == ALEXNET_PRECISION_TF32  ? rates[i].tf32
                                                 : rates[i].half;
  return 0;
}

/* Of the device, in 10^12 a second; 0 where it is not known. */
static double
get_peak (const AlexnetDevice *device, AlexnetPrecision precision)
{
  GError *own_error = NULL, **error = &own_error;
  int clock = 0, processors = 0, ordinal = (int) device->ordinal;

  CUDA (cudaDeviceGetAttribute (&clock, cudaDevAttrClockRate, ordinal));
  CUDA (cudaDeviceGetAttribute (&processors, cudaDevAttrMultiProcessorCount,
      ordinal));
  bench_die_on (own_error);
  return 1e-9 * clock * processors * get_rate (device->capability, precision);
}

/* Bytes read and written by a copy on the device, in 10^9 a second. */
static double
measure_copy (Bench *b)
{
  GError *own_error = NULL, **error = &own_error;
  gsize half = bench_extent->cold_size / 2;
  float time = 0;

  CUDA (cudaEventRecord (b->begin, b->device.stream));
  for (guint i = 0; i < COPIES; i++)
    CUDA (cudaMemcpyAsync (b->cold, (guint8 *) b->cold + half, half,
        cudaMemcpyDeviceToDevice, b->device.stream));
  CUDA (cudaEventRecord (b->end, b->device.stream));
  CUDA (cudaEventSynchronize (b->end));
  CUDA (cudaEventElapsedTime (&time, b->begin, b->end));
  bench_die_on (own_error);
  return 2e-6 * COPIES * (double) half / (double) time;
}

static void
print_limits (Bench *b, AlexnetPrecision precision)
{
  double peak = get_peak (&b->device, precision);

  measure_copy (b);
  printf ("limit\t%s\t%.0f\t", alexnet_precision_name (precision),
      measure_copy (b));
  if (peak > 0)
    printf ("%.0f\n", peak);
  else
    printf ("-\n");
}

/* Products of an operation for one image, and how many weights it reads. */
static void
count_products (const AlexnetOp *op, double *products, double *weights)
{
  double in = (double) alexnet_shape_size (&op->in);
  double filter = (double) op->kernel * op->kernel * op->in.channels;

  *products = *weights = 0;
  if (op->kind == ALEXNET_OP_LINEAR) {
    *products = *weights = in * op->out.channels;
  } else if (op->kind == ALEXNET_OP_CONV) {
    *weights = filter / alexnet_op_n_convs (op) * op->out.channels;
    *products = *weights * op->out.height * op->out.width;
  }
}

/* "linear2", or "pool3+linear1" where operation `first` is joined to it. */
static char *
name_step (const AlexnetProgram *program, guint first, guint i)
{
  g_autofree char *name = alexnet_op_get_name (program, i);
  g_autofree char *joined = alexnet_op_get_name (program, first);

  return first == i ? g_steal_pointer (&name)
                    : g_strconcat (joined, "+", name, NULL);
}

/* Bytes of a weight, as the way that was chosen reads it. */
static double
get_weight_size (const Bench *b, const AlexnetBatch *batch, guint i)
{
  const AlexnetWay *way = &batch->ways[i];

  if (b->executor.steps.weights[i].int8 &&
      (way->pooled || alexnet_linear_is_own (way->linear)))
    return 1;
  return alexnet_precision_size (b->executor.buffers.precision);
}

static void
print_layer (const Bench *b, const AlexnetBatch *batch, guint i, double time)
{
  const AlexnetProgram *program = &b->executor.program;
  const AlexnetOp *op = &program->ops[i];
  const AlexnetBuffers *buffers = &b->executor.buffers;
  AlexnetPrecision precision = buffers->int8 ? ALEXNET_PRECISION_INT8
                                             : buffers->precision;
  guint first = i > 0 && batch->schedule.joined[i - 1] ? i - 1 : i;
  g_autofree char *name = name_step (program, first, i);
  double values = (double) batch->schedule.n *
      (double) (alexnet_shape_size (&program->ops[first].in) +
          alexnet_shape_size (&op->out));
  double products, weights;

  count_products (op, &products, &weights);
  printf ("layer\t%s\t%u\t%s\t%.2f\t%.0f\t%.1f\n",
      alexnet_precision_name (precision), batch->schedule.n, name, time,
      1e-3 *
          (values * alexnet_precision_size (buffers->precision) +
              weights * get_weight_size (b, batch, i)) /
          time,
      2e-6 * products * batch->schedule.n / time);
}

/* One batch with an event in front and behind each operation. */
static void
run_once (Bench *b, const AlexnetBatch *batch, cudaEvent_t *events)
{
  GError *own_error = NULL, **error = &own_error;
  AlexnetExecutor *ex = &b->executor;
  cudaStream_t stream = b->device.stream;

  bench_make_cold (b, N_OVERWRITES);
  CUDA (cudaEventRecord (events[0], stream));
  for (guint i = 0; i < ex->program.n_ops; i++) {
    alexnet_steps_run (&ex->steps, &batch->schedule, i, &batch->ways[i], 0,
        error);
    CUDA (cudaEventRecord (events[i + 1], stream));
  }
  CUDA (cudaStreamSynchronize (stream));
  bench_die_on (own_error);
}

static void
profile_batch (Bench *b, const AlexnetBatch *batch, cudaEvent_t *events)
{
  GError *own_error = NULL, **error = &own_error;
  double samples[ALEXNET_MAX_OPS][BENCH_MAX_SAMPLES];
  guint n_ops = b->executor.program.n_ops;

  run_once (b, batch, events);
  for (guint s = 0; s < bench_extent->n_samples; s++) {
    run_once (b, batch, events);
    for (guint i = 0; i < n_ops; i++) {
      float time = 0;

      CUDA (cudaEventElapsedTime (&time, events[i], events[i + 1]));
      samples[i][s] = 1000.0 * (double) time;
    }
  }
  bench_die_on (own_error);
  for (guint i = 0; i < n_ops; i++)
    if (!batch->schedule.joined[i])
      print_layer (b, batch, i,
          bench_median (samples[i], bench_extent->n_samples));
  fflush (stdout);
}

void
bench_profile (const AlexnetNetwork *network, AlexnetPrecision precision)
{
  GError *own_error = NULL, **error = &own_error;
  cudaEvent_t events[ALEXNET_MAX_OPS + 1];
  guint most = bench_extent->narrow ? 1 : 128;
  Bench b = { 0 };

  bench_open (&b, network, precision, most);
  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    CUDA (cudaEventCreateWithFlags (&events[i], cudaEventDefault));
  print_limits (&b, precision);
  for (guint i = 0; i < b.executor.n_batches; i++)
    if (b.executor.batches[i].schedule.n == 1 ||
        b.executor.batches[i].schedule.n == most)
      profile_batch (&b, &b.executor.batches[i], events);
  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    CUDA (cudaEventDestroy (events[i]));
  bench_die_on (own_error);
  bench_close (&b);
}
