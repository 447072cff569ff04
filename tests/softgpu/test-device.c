/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The software device itself: each kind of mistake that it is there to find
 * is made here, and found. */

#include <cudnn.h>
#include <cuda_runtime_api.h>

#include <math.h>
#include <string.h>

#include "cudnn/kernel-args.h"
#include "fixture.h"
#include "numbers.h"

#define CHECK(call) g_assert_cmpint ((call), ==, 0)
#define N_SEEDS 100

typedef struct {
  cudaStream_t streams[2];
  cudaEvent_t event;
  float *memory, *pinned;
} Device;

#define N 64
#define SIZE (N * sizeof (float))

static Device
device_open (guint64 seed)
{
  Device d;

  softgpu_reset ();
  softgpu_set_seed (seed);
  for (guint i = 0; i < 2; i++)
    CHECK (cudaStreamCreateWithFlags (&d.streams[i], cudaStreamNonBlocking));
  CHECK (cudaEventCreateWithFlags (&d.event, cudaEventDisableTiming));
  CHECK (cudaMalloc ((void **) &d.memory, SIZE));
  CHECK (cudaHostAlloc ((void **) &d.pinned, SIZE, 0));
  return d;
}

static void
device_close (Device *d)
{
  CHECK (cudaFreeHost (d->pinned));
  CHECK (cudaFree (d->memory));
  CHECK (cudaEventDestroy (d->event));
  for (guint i = 0; i < 2; i++)
    CHECK (cudaStreamDestroy (d->streams[i]));
  softgpu_reset ();
}

static void
upload (Device *d, guint stream, float value)
{
  d->pinned[0] = value;
  CHECK (cudaMemcpyAsync (d->memory, d->pinned, SIZE, cudaMemcpyHostToDevice,
      d->streams[stream]));
}

static float
download (Device *d, guint stream)
{
  float value = 0;

  CHECK (cudaMemcpyAsync (&value, d->memory, sizeof value,
      cudaMemcpyDeviceToHost, d->streams[stream]));
  return value;
}

typedef float (*Play) (Device *d);

/* In how many of the orders `play` gives `wanted`. */
static guint
count_good (Play play, float wanted)
{
  guint n = 0;

  for (guint64 seed = 0; seed < N_SEEDS; seed++) {
    Device d = device_open (seed);

    n += play (&d) == wanted;
    device_close (&d);
  }
  return n;
}

static void
assert_found (Play play, float wanted)
{
  guint n = count_good (play, wanted);

  g_assert_cmpuint (n, <, N_SEEDS);
  g_assert_cmpuint (n, >, 0);
}

static float
wait_between_streams (Device *d)
{
  upload (d, 0, 7);
  CHECK (cudaEventRecord (d->event, d->streams[0]));
  CHECK (cudaStreamWaitEvent (d->streams[1], d->event, 0));
  return download (d, 1);
}

static float
forget_to_wait (Device *d)
{
  upload (d, 0, 7);
  return download (d, 1);
}

static float
record_too_early (Device *d)
{
  CHECK (cudaEventRecord (d->event, d->streams[0]));
  upload (d, 0, 7);
  CHECK (cudaStreamWaitEvent (d->streams[1], d->event, 0));
  return download (d, 1);
}

static float
reuse_pinned_late (Device *d)
{
  upload (d, 0, 7);
  CHECK (cudaEventRecord (d->event, d->streams[0]));
  CHECK (cudaEventSynchronize (d->event));
  d->pinned[0] = 8;
  return download (d, 0);
}

static float
reuse_pinned_early (Device *d)
{
  upload (d, 0, 7);
  d->pinned[0] = 8;
  return download (d, 0);
}

static float
read_too_early (Device *d)
{
  upload (d, 0, 7);
  CHECK (cudaStreamSynchronize (d->streams[0]));
  d->pinned[0] = 0;
  CHECK (cudaMemcpyAsync (d->pinned, d->memory, SIZE, cudaMemcpyDeviceToHost,
      d->streams[0]));
  return d->pinned[0];
}

static void
test_orders (void)
{
  g_assert_cmpuint (count_good (wait_between_streams, 7), ==, N_SEEDS);
  g_assert_cmpuint (count_good (reuse_pinned_late, 7), ==, N_SEEDS);
  assert_found (forget_to_wait, 7);
  assert_found (record_too_early, 7);
  assert_found (reuse_pinned_early, 7);
  assert_found (read_too_early, 7);
}

/* A graph of two branches: memory = 7, fill half of it with 0 beside copying
 * the other half; `joined`: the branch comes back before the end. */
static cudaError_t
capture (Device *d, gboolean joined, cudaGraph_t *graph)
{
  CHECK (cudaStreamBeginCapture (d->streams[0],
      cudaStreamCaptureModeThreadLocal));
  CHECK (cudaMemcpyAsync (d->memory, d->pinned, SIZE, cudaMemcpyHostToDevice,
      d->streams[0]));
  CHECK (cudaEventRecord (d->event, d->streams[0]));
  CHECK (cudaStreamWaitEvent (d->streams[1], d->event, 0));
  CHECK (cudaMemsetAsync (d->memory + N / 2, 0, SIZE / 2, d->streams[1]));
  if (joined) {
    CHECK (cudaEventRecord (d->event, d->streams[1]));
    CHECK (cudaStreamWaitEvent (d->streams[0], d->event, 0));
    CHECK (cudaMemcpyAsync (d->pinned, d->memory, SIZE, cudaMemcpyDeviceToHost,
        d->streams[0]));
  }
  return cudaStreamEndCapture (d->streams[0], graph);
}

static void
test_graph (void)
{
  for (guint64 seed = 0; seed < N_SEEDS; seed++) {
    Device d = device_open (seed);
    cudaGraph_t graph;
    cudaGraphExec_t exec;

    CHECK (capture (&d, TRUE, &graph));
    CHECK (cudaGraphInstantiate (&exec, graph, 0));
    CHECK (cudaGraphDestroy (graph));
    for (guint i = 0; i < 3; i++) {
      d.pinned[0] = d.pinned[N - 1] = 7 + i;
      CHECK (cudaGraphLaunch (exec, d.streams[i % 2]));
      CHECK (cudaStreamSynchronize (d.streams[i % 2]));
      g_assert_cmpfloat (d.pinned[0], ==, 7 + i);
      g_assert_cmpfloat (d.pinned[N - 1], ==, 0);
    }
    CHECK (cudaGraphExecDestroy (exec));
    device_close (&d);
  }
}

/* What a capture forbids. */
static void
test_capture_rules (void)
{
  Device d = device_open (0);
  cudaGraph_t graph = NULL;
  void *memory;

  g_assert_cmpint (capture (&d, FALSE, &graph), ==,
      cudaErrorStreamCaptureUnjoined);
  CHECK (cudaStreamBeginCapture (d.streams[0],
      cudaStreamCaptureModeThreadLocal));
  g_assert_cmpint (cudaMalloc (&memory, 1), ==,
      cudaErrorStreamCaptureUnsupported);
  g_assert_cmpint (cudaStreamEndCapture (d.streams[0], &graph), ==,
      cudaErrorStreamCaptureInvalidated);
  CHECK (cudaEventRecord (d.event, d.streams[1]));
  CHECK (cudaStreamBeginCapture (d.streams[0],
      cudaStreamCaptureModeThreadLocal));
  g_assert_cmpint (cudaStreamWaitEvent (d.streams[0], d.event, 0), ==,
      cudaErrorStreamCaptureIsolation);
  g_assert_cmpint (cudaGetLastError (), ==, cudaErrorStreamCaptureIsolation);
  g_assert_cmpint (cudaStreamEndCapture (d.streams[0], &graph), ==,
      cudaErrorStreamCaptureInvalidated);
  device_close (&d);
}

SOFTGPU_API void __cudaRegisterFunction (void **image, const char *function,
    char *device_function, const char *name, int thread_limit, void *thread,
    void *block, void *block_dim, void *grid_dim, int *warp_size);

static cudaError_t
launch (const void *function, cudaStream_t stream)
{
  AlexnetOutputArgs args = { .in = { .height = 1, .width = 1, .channels = 1 } };
  void *pointers[] = { &args };
  dim3 one = { 1, 1, 1 };

  return cudaLaunchKernel (function, one, one, pointers, 0, stream);
}

/* Code is brought to a device when it is first used or asked about, which a
 * capture forbids. */
static void
test_code (void)
{
  static const char function = 0;
  Device d = device_open (0);
  enum cudaStreamCaptureMode mode = cudaStreamCaptureModeThreadLocal;
  struct cudaFuncAttributes attributes;
  cudaGraph_t graph = NULL;

  __cudaRegisterFunction (NULL, &function, NULL, "alexnet_output_f32", 0, NULL,
      NULL, NULL, NULL, NULL);
  CHECK (cudaStreamBeginCapture (d.streams[0], mode));
  g_assert_cmpint (launch (&function, d.streams[0]), ==,
      cudaErrorStreamCaptureUnsupported);
  g_assert_cmpint (cudaStreamEndCapture (d.streams[0], &graph), ==,
      cudaErrorStreamCaptureInvalidated);
  CHECK (cudaFuncGetAttributes (&attributes, &function));
  CHECK (cudaStreamBeginCapture (d.streams[0], mode));
  CHECK (launch (&function, d.streams[0]));
  CHECK (cudaStreamEndCapture (d.streams[0], &graph));
  CHECK (cudaGraphDestroy (graph));
  device_close (&d);
}

/* One that is lost has its error for whoever is on it, and nobody else. What
 * the libraries' calls run into is not among a thread's last errors. */
static void
test_devices (void)
{
  Device d = device_open (0);
  cudaStream_t stream;
  cudnnHandle_t handle;
  int n = 0;

  softgpu_set_devices (2);
  CHECK (cudaSetDevice (1));
  g_assert_cmpint (cudaEventRecord (d.event, d.streams[0]), ==,
      cudaErrorInvalidResourceHandle);
  CHECK (cudaStreamCreateWithFlags (&stream, cudaStreamNonBlocking));
  CHECK (cudaSetDevice (0));
  softgpu_lose_device (1);
  upload (&d, 0, 7);
  g_assert_cmpint (cudaStreamSynchronize (d.streams[0]), ==,
      cudaErrorIllegalAddress);
  g_assert_cmpint (cudaGetDeviceCount (&n), ==, cudaErrorIllegalAddress);
  g_assert_cmpint (cudaGetLastError (), ==, cudaErrorIllegalAddress);
  g_assert_cmpint (cudnnCreate (&handle), ==,
      CUDNN_STATUS_EXECUTION_FAILED_CUDART);
  CHECK (cudaGetLastError ());
  CHECK (cudaSetDevice (1));
  CHECK (cudaGetDeviceCount (&n));
  CHECK (cudaStreamSynchronize (stream));
  CHECK (cudaStreamDestroy (stream));
  g_assert_cmpint (cudaSetDevice (0), ==, cudaErrorIllegalAddress);
  g_assert_cmpint (cudaSetDevice (2), ==, cudaErrorInvalidDevice);
  for (guint i = 0; i < 2; i++)
    cudaStreamDestroy (d.streams[i]);
  cudaEventDestroy (d.event);
  cudaFree (d.memory);
  cudaFreeHost (d.pinned);
  softgpu_reset ();
}

static void
touch_device_memory (void)
{
  Device d = device_open (0);

  d.memory[0] = 1;
}

static void
copy_to_wrong_side (void)
{
  Device d = device_open (0);

  cudaMemcpyAsync (d.pinned, d.memory, SIZE, cudaMemcpyHostToDevice,
      d.streams[0]);
}

static void
copy_too_much (void)
{
  Device d = device_open (0);

  cudaMemcpyAsync (d.memory, d.pinned, SIZE + 4, cudaMemcpyHostToDevice,
      d.streams[0]);
}

static void
use_another_device (void)
{
  Device d = device_open (0);
  cudaStream_t stream;

  softgpu_set_devices (2);
  CHECK (cudaSetDevice (1));
  CHECK (cudaStreamCreateWithFlags (&stream, cudaStreamNonBlocking));
  cudaMemsetAsync (d.memory, 0, SIZE, stream);
}

static void
write_beyond_pinned (void)
{
  Device d = device_open (0);

  memset (d.pinned, 0, SIZE + 1);
  cudaFreeHost (d.pinned);
}

static void
use_after_free (void)
{
  Device d = device_open (0);
  cudaGraph_t graph;
  cudaGraphExec_t exec;

  CHECK (capture (&d, TRUE, &graph));
  CHECK (cudaGraphInstantiate (&exec, graph, 0));
  CHECK (cudaFree (d.memory));
  CHECK (cudaGraphLaunch (exec, d.streams[0]));
  cudaStreamSynchronize (d.streams[0]);
}

static void
free_twice (void)
{
  Device d = device_open (0);

  CHECK (cudaFree (d.memory));
  cudaFree (d.memory);
}

static void
leak (void)
{
  device_open (0);
  softgpu_reset ();
}

static void
use_default_stream (void)
{
  Device d = device_open (0);

  cudaMemsetAsync (d.memory, 0, SIZE, NULL);
}

static void
capture_pageable (void)
{
  Device d = device_open (0);
  float value = 0;

  CHECK (cudaStreamBeginCapture (d.streams[0],
      cudaStreamCaptureModeThreadLocal));
  cudaMemcpyAsync (d.memory, &value, sizeof value, cudaMemcpyHostToDevice,
      d.streams[0]);
}

/* NULL: the machine itself stops the program. */
static const struct {
  const char *name;
  void (*func) (void);
  const char *message;
} mistakes[] = {
  { "touch", touch_device_memory, NULL },
  { "side", copy_to_wrong_side, "*softgpu: *not device memory*" },
  { "device", use_another_device, "*softgpu: *of context 0, used in 1*" },
  { "overrun", copy_too_much, "*softgpu: *bytes 0 to 260 of*256*" },
  { "pinned-overrun", write_beyond_pinned, NULL },
  { "stale", use_after_free, "*softgpu: *not device memory*" },
  { "twice", free_twice, "*softgpu: *is none*" },
  { "leak", leak, "*softgpu: left over*2 streams*" },
  { "default-stream", use_default_stream, "*softgpu: *default stream*" },
  { "pageable", capture_pageable, "*softgpu: *pageable*" },
};

static void
test_mistake (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);

  if (g_test_subprocess ()) {
    mistakes[i].func ();
    return;
  }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  if (mistakes[i].message)
    g_test_trap_assert_stderr (mistakes[i].message);
}

/* Against the compiler's own fp16, and bf16 by its definition. */
static void
test_numbers (void)
{
  for (guint32 bits = 0; bits < 0x10000; bits++) {
    float value = soft_fp16_to_float (bits);

    if (isnan (value))
      continue;
    g_assert_cmphex (soft_fp16_from_float (value), ==, bits);
    g_assert_cmphex (soft_bf16_from_float (soft_bf16_to_float (bits)) & 0x7f80,
        ==, bits & 0x7f80);
  }
#ifdef __FLT16_MAX__
  for (guint64 bits = 0; bits < G_MAXUINT32; bits += 65521) {
    float value = alexnet_float_from_bits (bits);
    _Float16 half = value;
    guint16 expected;

    memcpy (&expected, &half, sizeof expected);
    if (!isnan (value))
      g_assert_cmphex (soft_fp16_from_float (value), ==, expected);
  }
#endif
  g_assert_cmpfloat (soft_cut_tf32 (1 + 0x1p-11f), ==, 1);
  g_assert_cmpfloat (soft_cut_tf32 (-1 - 0x1.8p-10f), ==, -1 - 0x1p-10f);
  g_assert_cmphex (soft_bf16_from_float (1 + 0x1p-8f), ==, 0x3f80);
  g_assert_cmphex (soft_bf16_from_float (1 + 0x1.8p-7f), ==, 0x3f82);
}

int
main (int argc, char **argv)
{
  cache_directory_init (&argc, &argv);
  g_test_add_func ("/softgpu/device/numbers", test_numbers);
  g_test_add_func ("/softgpu/device/orders", test_orders);
  g_test_add_func ("/softgpu/device/graph", test_graph);
  g_test_add_func ("/softgpu/device/capture-rules", test_capture_rules);
  g_test_add_func ("/softgpu/device/code", test_code);
  g_test_add_func ("/softgpu/device/devices", test_devices);
  for (guint i = 0; i < G_N_ELEMENTS (mistakes); i++) {
    g_autofree char *path = g_strconcat ("/softgpu/device/mistakes/",
        mistakes[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_mistake);
  }
  return cache_directory_run ();
}
