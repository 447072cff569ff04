/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "private.h"

#include <string.h>

typedef struct {
  void *to;
  const void *from;
  gsize size;
  enum cudaMemcpyKind kind;
  guint8 snapshot[] __attribute__ ((aligned (16)));
} Copy;

static gsize n_returned;

typedef struct {
  void *to;
  int value;
  gsize size;
} Fill;

cudaError_t
soft_stream_check (cudaStream_t stream)
{
  if (!stream)
    soft_finding ("work is given to the default stream");
  return stream->context == soft_current_context ()
      ? cudaSuccess
      : cudaErrorInvalidResourceHandle;
}

void
soft_stream_append (cudaStream_t stream, SoftItem *item)
{
  soft_item_add_dependency (item, stream->last);
  soft_item_unref (stream->last);
  stream->last = soft_item_ref (item);
  soft_item_submit (item, stream->lane, stream->context);
}

/* Runs until the context's last item of now is done, however many come
 * meanwhile. */
static cudaError_t
wait_for (SoftItem *last, int context)
{
  if (last) {
    soft_item_ref (last);
    soft_run (last);
    soft_item_unref (last);
  }
  return *soft_lost (context);
}

cudaError_t
cudaStreamCreateWithFlags (cudaStream_t *stream, unsigned int flags)
{
  static guint n_lanes;
  cudaError_t status = soft_enter ("cudaStreamCreateWithFlags", SOFT_CUDA, 0);

  if (!status) {
    *stream = g_new0 (struct CUstream_st, 1);
    (*stream)->context = soft_current_context ();
    (*stream)->lane = n_lanes++;
    (*stream)->tails = g_array_new (FALSE, FALSE, sizeof (guint));
    soft_count (SOFT_LIVE_STREAMS, 1);
  }
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaStreamDestroy (cudaStream_t stream)
{
  cudaError_t status = soft_enter ("cudaStreamDestroy", SOFT_CUDA, 0);

  if (!stream)
    soft_finding ("the default stream is destroyed");
  wait_for (stream->last, stream->context);
  soft_capture_forget (stream);
  soft_item_unref (stream->last);
  g_array_unref (stream->tails);
  g_free (stream);
  soft_count (SOFT_LIVE_STREAMS, -1);
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaStreamSynchronize (cudaStream_t stream)
{
  cudaError_t status = soft_enter ("cudaStreamSynchronize", SOFT_CUDA,
      SOFT_UNSAFE);

  if (!status && !stream)
    soft_finding ("somebody waits for the default stream");
  if (!status && stream->capture)
    status = cudaErrorStreamCaptureUnsupported;
  if (!status)
    status = wait_for (stream->last, stream->context);
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaEventCreateWithFlags (cudaEvent_t *event, unsigned int flags)
{
  cudaError_t status = soft_enter ("cudaEventCreateWithFlags", SOFT_CUDA, 0);

  if (!status) {
    *event = g_new0 (struct CUevent_st, 1);
    (*event)->context = soft_current_context ();
    (*event)->timed = !(flags & cudaEventDisableTiming);
    (*event)->tails = g_array_new (FALSE, FALSE, sizeof (guint));
    soft_count (SOFT_LIVE_EVENTS, 1);
  }
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaEventDestroy (cudaEvent_t event)
{
  cudaError_t status = soft_enter ("cudaEventDestroy", SOFT_CUDA, 0);

  if (!event)
    soft_finding ("no event is destroyed");
  soft_item_unref (event->item);
  g_array_unref (event->tails);
  g_free (event);
  soft_count (SOFT_LIVE_EVENTS, -1);
  return soft_leave (SOFT_CUDA, status);
}

static cudaError_t
record (cudaEvent_t event, cudaStream_t stream)
{
  cudaError_t status = soft_stream_check (stream);

  if (status)
    return status;
  if (event->context != stream->context)
    return cudaErrorInvalidResourceHandle;
  soft_item_unref (event->item);
  event->item = NULL;
  event->capture = NULL;
  if (stream->capture) {
    soft_capture_record (stream, event);
  } else {
    event->item = soft_item_new (NULL, FALSE);
    soft_stream_append (stream, soft_item_ref (event->item));
  }
  return cudaSuccess;
}

cudaError_t
cudaEventRecord (cudaEvent_t event, cudaStream_t stream)
{
  cudaError_t status = soft_enter ("cudaEventRecord", SOFT_CUDA, 0);

  if (!status)
    status = record (event, stream);
  return soft_leave (SOFT_CUDA, status);
}

static cudaError_t
wait_in_stream (cudaStream_t stream, cudaEvent_t event)
{
  SoftItem *item;

  if (!stream)
    soft_finding ("the default stream waits for an event");
  if (stream->capture || event->capture)
    return soft_capture_wait (stream, event);
  if (event->item) {
    item = soft_item_new (NULL, FALSE);
    soft_item_add_dependency (item, event->item);
    soft_stream_append (stream, item);
  }
  return cudaSuccess;
}

cudaError_t
cudaStreamWaitEvent (cudaStream_t stream, cudaEvent_t event, unsigned int flags)
{
  cudaError_t status = soft_enter ("cudaStreamWaitEvent", SOFT_CUDA, 0);

  if (!status)
    status = wait_in_stream (stream, event);
  return soft_leave (SOFT_CUDA, status);
}

cudaError_t
cudaEventSynchronize (cudaEvent_t event)
{
  cudaError_t status = soft_enter ("cudaEventSynchronize", SOFT_CUDA,
      SOFT_UNSAFE);

  if (!status && event->capture)
    status = cudaErrorCapturedEvent;
  if (!status)
    status = wait_for (event->item, event->context);
  return soft_leave (SOFT_CUDA, status);
}

static cudaError_t
elapsed (float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
  if (!start->timed || !end->timed || !start->item || !end->item)
    return cudaErrorInvalidResourceHandle;
  if (!soft_item_is_done (start->item) || !soft_item_is_done (end->item))
    return cudaErrorNotReady;
  *milliseconds = (soft_item_end (end->item) - soft_item_end (start->item)) /
      1e3;
  return cudaSuccess;
}

cudaError_t
cudaEventElapsedTime (float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
  cudaError_t status = soft_enter ("cudaEventElapsedTime", SOFT_CUDA, 0);

  if (!status)
    status = elapsed (milliseconds, start, end);
  return soft_leave (SOFT_CUDA, status);
}

static void
check_copy (const Copy *copy)
{
  const char *to = "the target of a copy", *from = "the source of a copy";

  if (copy->kind == cudaMemcpyDeviceToHost)
    soft_check_host (copy->to, copy->size, to);
  else
    soft_check_device (copy->to, copy->size, to);
  if (copy->kind == cudaMemcpyHostToDevice)
    soft_check_host (copy->from, copy->size, from);
  else
    soft_check_device (copy->from, copy->size, from);
}

gsize
softgpu_n_returned (void)
{
  return n_returned;
}

static void
run_copy (void *data)
{
  const Copy *copy = data;

  check_copy (copy);
  memcpy (copy->to, copy->from, copy->size);
  if (copy->kind == cudaMemcpyDeviceToHost)
    n_returned += copy->size;
}

static void
run_snapshot (void *data)
{
  const Copy *copy = data;

  soft_check_device (copy->to, copy->size, "the target of a copy");
  memcpy (copy->to, copy->snapshot, copy->size);
}

static SoftWork
describe_copy (const Copy *copy)
{
  return (SoftWork){ "copy", run_copy, copy, sizeof *copy,
    2 + copy->size / 50e3 };
}

/* As CUDA does it: from pageable memory the bytes are taken at once, into it
 * they have arrived when the call returns. */
static cudaError_t
copy_pageable (const Copy *copy, cudaStream_t stream)
{
  const SoftWork direct = describe_copy (copy);
  SoftWork delayed = direct;
  g_autofree Copy *snapshot = NULL;
  cudaError_t status;

  if (stream->capture)
    soft_finding ("a copy of pageable memory is captured");
  if (copy->kind == cudaMemcpyDeviceToHost) {
    status = soft_enqueue (stream, &direct);
    return status ? status : wait_for (stream->last, stream->context);
  }
  snapshot = g_malloc (sizeof *copy + copy->size);
  *snapshot = *copy;
  memcpy (snapshot->snapshot, copy->from, copy->size);
  delayed.func = run_snapshot;
  delayed.data = snapshot;
  delayed.size = sizeof *copy + copy->size;
  return soft_enqueue (stream, &delayed);
}

static cudaError_t
enqueue_copy (const Copy *copy, cudaStream_t stream)
{
  const void *host = copy->kind == cudaMemcpyHostToDevice ? copy->from
                                                          : copy->to;
  const SoftWork work = describe_copy (copy);
  cudaError_t status = soft_stream_check (stream);

  if (status)
    return status;
  if (copy->kind != cudaMemcpyHostToDevice &&
      copy->kind != cudaMemcpyDeviceToHost &&
      copy->kind != cudaMemcpyDeviceToDevice)
    return cudaErrorInvalidValue;
  check_copy (copy);
  if (soft_side (host) == SOFT_HOST)
    return copy_pageable (copy, stream);
  return soft_enqueue (stream, &work);
}

cudaError_t
cudaMemcpyAsync (void *to, const void *from, gsize size,
    enum cudaMemcpyKind kind, cudaStream_t stream)
{
  const Copy copy = { to, from, size, kind };
  cudaError_t status = soft_enter ("cudaMemcpyAsync", SOFT_CUDA, 0);

  if (!status && size > 0)
    status = enqueue_copy (&copy, stream);
  return soft_leave (SOFT_CUDA, status);
}

static void
run_fill (void *data)
{
  const Fill *fill = data;

  soft_check_device (fill->to, fill->size, "the target of a fill");
  memset (fill->to, fill->value, fill->size);
}

cudaError_t
cudaMemsetAsync (void *to, int value, gsize size, cudaStream_t stream)
{
  const Fill fill = { to, value, size };
  const SoftWork work = { "fill", run_fill, &fill, sizeof fill, 2 };
  cudaError_t status = soft_enter ("cudaMemsetAsync", SOFT_CUDA, 0);

  if (!status && size > 0) {
    soft_check_device (to, size, "the target of a fill");
    status = soft_enqueue (stream, &work);
  }
  return soft_leave (SOFT_CUDA, status);
}
