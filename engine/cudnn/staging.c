/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "staging.h"

#include <pthread.h>
#include <string.h>

#define MAX_LANES 4
#define LANE_SIZE (4 << 20)
#define PITCH_ALIGNMENT 16

typedef struct {
  AlexnetDevice *device;
  gboolean busy;
  cudaStream_t stream;
  cudaEvent_t uploaded; /* pinned memory is free again */
  cudaEvent_t produced; /* a CUDA frame is complete */
  void *pinned, *memory;
  gsize size;
  gsize n_words; /* of tables that both begin with; 0: of none */
  guint64 n_staged;
} Lane;

typedef struct {
  cudaEvent_t filled;
  guint lane;
  guint64 turn; /* of that lane */
} Slot;

struct _AlexnetStaging {
  AlexnetDevice *device;
  const AlexnetKernels *kernels;
  AlexnetShape image;
  AlexnetSlotArgs slot_args; /* data: of slot 0 */
  gsize slot_size;
  Slot *slots;
  guint n_slots;

  pthread_mutex_t lock; /* guards busy */
  pthread_cond_t lane_freed;
  Lane lanes[MAX_LANES];
  guint n_lanes;
};

static gboolean
lane_allocate (Lane *lane, gsize size, GError **error)
{
  if (!alexnet_cuda_malloc_pinned (&lane->pinned, size, error) ||
      !alexnet_cuda_malloc (&lane->memory, size, error))
    return FALSE;
  lane->size = size;
  lane->device->used += size;
  return TRUE;
}

static gboolean
lane_release (Lane *lane, GError **error)
{
  gboolean ok = TRUE;

  if (lane->memory)
    ok = CUDA (cudaFree (lane->memory));
  if (lane->pinned)
    ok = CUDA (cudaFreeHost (lane->pinned)) && ok;
  lane->memory = lane->pinned = NULL;
  lane->n_words = 0;
  lane->device->used -= lane->size;
  lane->size = 0;
  return ok;
}

static gboolean
lane_init (Lane *lane, GError **error)
{
  return CUDA (cudaStreamCreateWithFlags (&lane->stream,
             cudaStreamNonBlocking)) &&
      CUDA (cudaEventCreateWithFlags (&lane->uploaded,
          cudaEventDisableTiming)) &&
      CUDA (cudaEventCreateWithFlags (&lane->produced,
          cudaEventDisableTiming)) &&
      lane_allocate (lane, LANE_SIZE, error);
}

static void
lane_clear (Lane *lane, GError **error)
{
  if (lane->stream)
    CUDA (cudaStreamSynchronize (lane->stream));
  lane_release (lane, error);
  if (lane->produced)
    CUDA (cudaEventDestroy (lane->produced));
  if (lane->uploaded)
    CUDA (cudaEventDestroy (lane->uploaded));
  if (lane->stream)
    CUDA (cudaStreamDestroy (lane->stream));
}

/* Grows to the next power of two, so that this ends. */
static gboolean
lane_reserve (Lane *lane, gsize size, GError **error)
{
  gsize wanted = LANE_SIZE;

  if (size <= lane->size)
    return TRUE;
  while (wanted < size)
    wanted *= 2;
  return CUDA (cudaStreamSynchronize (lane->stream)) &&
      lane_release (lane, error) && lane_allocate (lane, wanted, error);
}

AlexnetStaging *
alexnet_staging_new (AlexnetDevice *device, const AlexnetKernels *kernels,
    const AlexnetSlotLayout *layout, AlexnetPrecision precision, void *slots,
    guint n_slots, GError **error)
{
  AlexnetStaging *staging = g_new0 (AlexnetStaging, 1);
  gboolean ok = TRUE;

  staging->device = device;
  staging->kernels = kernels;
  staging->image = layout->image;
  staging->slot_args = (AlexnetSlotArgs){
    .data = slots,
    .block = layout->block,
    .pad = layout->pad,
    .columns = layout->shape.width,
    .rows = layout->shape.height,
    .channels = layout->image.channels,
  };
  staging->slot_size = alexnet_shape_size (&layout->shape) *
      alexnet_precision_size (precision);
  staging->n_slots = n_slots;
  staging->slots = g_new0 (Slot, n_slots);
  staging->n_lanes = MIN (MAX_LANES, n_slots);
  pthread_mutex_init (&staging->lock, NULL);
  pthread_cond_init (&staging->lane_freed, NULL);

  for (guint i = 0; i < staging->n_lanes; i++)
    staging->lanes[i].device = device;
  for (guint i = 0; ok && i < staging->n_lanes; i++)
    ok = lane_init (&staging->lanes[i], error);
  for (guint i = 0; ok && i < n_slots; i++)
    ok = CUDA (cudaEventCreateWithFlags (&staging->slots[i].filled,
        cudaEventDisableTiming));
  if (ok)
    return staging;
  alexnet_staging_free (staging, error);
  return NULL;
}

void
alexnet_staging_free (AlexnetStaging *staging, GError **error)
{
  if (!staging)
    return;
  for (guint i = 0; i < staging->n_lanes; i++)
    lane_clear (&staging->lanes[i], error);
  for (guint i = 0; i < staging->n_slots; i++)
    if (staging->slots[i].filled)
      CUDA (cudaEventDestroy (staging->slots[i].filled));
  pthread_cond_destroy (&staging->lane_freed);
  pthread_mutex_destroy (&staging->lock);
  g_free (staging->slots);
  g_free (staging);
}

static Lane *
find_idle_lane (AlexnetStaging *staging)
{
  for (guint i = 0; i < staging->n_lanes; i++)
    if (!staging->lanes[i].busy)
      return &staging->lanes[i];
  return NULL;
}

static Lane *
take_lane (AlexnetStaging *staging)
{
  Lane *lane;

  pthread_mutex_lock (&staging->lock);
  while (!(lane = find_idle_lane (staging)))
    pthread_cond_wait (&staging->lane_freed, &staging->lock);
  lane->busy = TRUE;
  pthread_mutex_unlock (&staging->lock);
  return lane;
}

static void
give_lane (AlexnetStaging *staging, Lane *lane)
{
  pthread_mutex_lock (&staging->lock);
  lane->busy = FALSE;
  pthread_cond_signal (&staging->lane_freed);
  pthread_mutex_unlock (&staging->lock);
}

/* Makes the pinned memory this thread's to write, `size` bytes of it. */
static gboolean
lane_begin (Lane *lane, gsize size, GError **error)
{
  lane->n_words = 0;
  return CUDA (cudaEventSynchronize (lane->uploaded)) &&
      lane_reserve (lane, size, error);
}

static gboolean
lane_upload (Lane *lane, gsize size, GError **error)
{
  return CUDA (cudaMemcpyAsync (lane->memory, lane->pinned, size,
             cudaMemcpyHostToDevice, lane->stream)) &&
      CUDA (cudaEventRecord (lane->uploaded, lane->stream));
}

/* Until nothing else can write to the slot. */
static gboolean
lane_await_slot (const AlexnetStaging *staging, const Lane *lane, guint slot,
    GError **error)
{
  const Slot *before = &staging->slots[slot];

  return &staging->lanes[before->lane] == lane ||
      CUDA (cudaStreamWaitEvent (lane->stream, before->filled,
          cudaEventWaitDefault));
}

static gboolean
lane_end (AlexnetStaging *staging, Lane *lane, guint slot, GError **error)
{
  Slot *filled = &staging->slots[slot];

  filled->lane = (guint) (lane - staging->lanes);
  filled->turn = ++lane->n_staged;
  return CUDA (cudaEventRecord (filled->filled, lane->stream));
}

static AlexnetSlotArgs
get_slot (const AlexnetStaging *staging, guint slot)
{
  AlexnetSlotArgs args = staging->slot_args;

  args.data = (guint8 *) args.data + slot * staging->slot_size;
  return args;
}

/* What the tables read of a plane: rows of bytes. */
typedef struct {
  guint first_row, n_rows;
  gsize first_byte, n_bytes;
  gsize pitch, offset; /* in the lane's memory */
} Part;

static void
get_span (const AlexnetTables *tables, const AlexnetTaps *taps, guint *first,
    guint *end)
{
  *first = G_MAXUINT;
  *end = 0;
  for (guint i = 0; i < taps->n; i++) {
    guint low = (guint) tables->words[taps->first + i].index;

    *first = MIN (*first, low);
    *end = MAX (*end, low + (guint) tables->words[taps->count + i].index);
  }
}

static Part
get_part (const AlexnetTables *tables, guint plane)
{
  const AlexnetLayout *layout = &tables->layout;
  gsize low = G_MAXSIZE, high = 0;
  guint top = G_MAXUINT, bottom = 0;

  for (guint i = 0; i < layout->n_components; i++) {
    const AlexnetComponent *c = &layout->components[i];
    guint x0, x1, y0, y1;

    if (c->plane != plane)
      continue;
    get_span (tables, &tables->h[c->h_shift], &x0, &x1);
    get_span (tables, &tables->v[c->v_shift], &y0, &y1);
    low = MIN (low, (c->offset + (gsize) c->step * x0) * layout->bytes);
    high = MAX (high,
        (c->offset + (gsize) c->step * (x1 - 1) + 1) * layout->bytes);
    top = MIN (top, y0);
    bottom = MAX (bottom, y1);
  }
  return (Part){
    .first_row = top,
    .n_rows = bottom - top,
    .first_byte = low,
    .n_bytes = high - low,
  };
}

static gsize
align_pitch (gsize size)
{
  return (size + PITCH_ALIGNMENT - 1) / PITCH_ALIGNMENT * PITCH_ALIGNMENT;
}

/* Lays out tables and planes in a lane; returns the bytes that they take. */
static gsize
place_parts (const AlexnetTables *tables, const AlexnetImage *image,
    Part parts[4])
{
  gsize size = alexnet_device_align (tables->n_words * sizeof (AlexnetWord));

  if (image->memory == ALEXNET_MEMORY_CUDA)
    return size;
  for (guint i = 0; i < tables->layout.n_planes; i++) {
    parts[i] = get_part (tables, i);
    parts[i].pitch = align_pitch (parts[i].n_bytes);
    parts[i].offset = size;
    size = alexnet_device_align (size + parts[i].pitch * parts[i].n_rows);
  }
  return size;
}

static void
copy_part (guint8 *to, const Part *part, const AlexnetImage *image, guint plane)
{
  const guint8 *from = (const guint8 *) image->planes[plane] +
      image->strides[plane] * (gssize) part->first_row + part->first_byte;

  for (guint y = 0; y < part->n_rows; y++)
    memcpy (to + y * part->pitch, from + image->strides[plane] * (gssize) y,
        part->n_bytes);
}

/* Where row 0, byte 0 of the whole plane would be. */
static const void *
get_origin (const Lane *lane, const Part *part)
{
  guintptr base = (guintptr) lane->memory + part->offset;

  return (const void *) (base - part->first_row * part->pitch -
      part->first_byte);
}

static void
fill_lane (const Lane *lane, const AlexnetImage *image,
    const AlexnetTables *tables, const Part *parts)
{
  guint8 *pinned = lane->pinned;

  memcpy (pinned, tables->words, tables->n_words * sizeof (AlexnetWord));
  if (image->memory == ALEXNET_MEMORY_HOST)
    for (guint i = 0; i < tables->layout.n_planes; i++)
      copy_part (pinned + parts[i].offset, &parts[i], image, i);
}

static void
fill_args (AlexnetPixelsArgs *args, const Lane *lane, const AlexnetImage *image,
    const AlexnetTables *tables, const Part *parts)
{
  args->tables = *tables;
  args->tables.words = lane->memory;
  for (guint i = 0; i < tables->layout.n_planes; i++) {
    gboolean host = image->memory == ALEXNET_MEMORY_HOST;

    args->planes[i] = host ? get_origin (lane, &parts[i]) : image->planes[i];
    args->strides[i] = host ? (gssize) parts[i].pitch : image->strides[i];
  }
}

/* Frames of one stream have the same tables, one after the other. */
static gboolean
has_tables (const Lane *lane, const AlexnetTables *tables)
{
  return lane->n_words == tables->n_words &&
      memcmp (lane->pinned, tables->words,
          tables->n_words * sizeof (AlexnetWord)) == 0;
}

/* Brings what the kernel reads and the device does not have. */
static gboolean
bring_image (Lane *lane, const AlexnetImage *image, const AlexnetTables *tables,
    const Part *parts, gsize size, GError **error)
{
  if (image->memory == ALEXNET_MEMORY_CUDA && has_tables (lane, tables))
    return TRUE;
  if (!lane_begin (lane, size, error))
    return FALSE;
  fill_lane (lane, image, tables, parts);
  if (!lane_upload (lane, size, error))
    return FALSE;
  lane->n_words = tables->n_words;
  return TRUE;
}

static gboolean
refuse_producer (GError **error)
{
  cudaGetLastError ();
  g_set_error_literal (error, ALEXNET_ERROR, ALEXNET_ERROR_INVALID,
      "the image's cuda_stream is none of the context that the engine works "
      "in (cudaErrorInvalidResourceHandle)");
  return FALSE;
}

static gboolean
await_producer (Lane *lane, const AlexnetImage *image, GError **error)
{
  cudaStream_t producer = image->cuda_stream;
  cudaError_t status;

  if (image->memory != ALEXNET_MEMORY_CUDA || !producer)
    return TRUE;
  status = cudaEventRecord (lane->produced, producer);
  if (status == cudaErrorInvalidResourceHandle)
    return refuse_producer (error);
  return alexnet_cuda_check (status, "cudaEventRecord", error) &&
      CUDA (cudaStreamWaitEvent (lane->stream, lane->produced,
          cudaEventWaitDefault));
}

/* From here on the producer may write the frame again. */
static gboolean
release_producer (const AlexnetStaging *staging, guint slot,
    const AlexnetImage *image, GError **error)
{
  cudaEvent_t filled = staging->slots[slot].filled;

  if (image->memory != ALEXNET_MEMORY_CUDA)
    return TRUE;
  if (!image->cuda_stream)
    return CUDA (cudaEventSynchronize (filled));
  return CUDA (cudaStreamWaitEvent (image->cuda_stream, filled,
      cudaEventWaitDefault));
}

static gboolean
stage_image (AlexnetStaging *staging, Lane *lane, guint slot,
    const AlexnetImage *image, const AlexnetTables *tables, GError **error)
{
  AlexnetPixelsArgs args = { .slot = get_slot (staging, slot) };
  Part parts[4];
  gsize size = place_parts (tables, image, parts);

  if (!bring_image (lane, image, tables, parts, size, error))
    return FALSE;
  fill_args (&args, lane, image, tables, parts);
  return await_producer (lane, image, error) &&
      lane_await_slot (staging, lane, slot, error) &&
      alexnet_kernel_run_canvas (staging->kernels, ALEXNET_KERNEL_PIXELS,
          &args.slot, &args, lane->stream, error) &&
      lane_end (staging, lane, slot, error) &&
      release_producer (staging, slot, image, error);
}

static gboolean
stage_tensor (AlexnetStaging *staging, Lane *lane, guint slot,
    const float *tensor, GError **error)
{
  gsize size = alexnet_shape_size (&staging->image) * sizeof (float);
  AlexnetTensorArgs args = {
    .width = staging->image.width,
    .height = staging->image.height,
    .slot = get_slot (staging, slot),
  };

  if (!lane_begin (lane, size, error))
    return FALSE;
  memcpy (lane->pinned, tensor, size);
  args.tensor = lane->memory;
  return lane_upload (lane, size, error) &&
      lane_await_slot (staging, lane, slot, error) &&
      alexnet_kernel_run_canvas (staging->kernels, ALEXNET_KERNEL_TENSOR,
          &args.slot, &args, lane->stream, error) &&
      lane_end (staging, lane, slot, error);
}

/* Nothing of a frame that failed may still be under way. */
static void
abandon (Lane *lane)
{
  GError *ignored = NULL;

  alexnet_cuda_check (cudaStreamSynchronize (lane->stream),
      "cudaStreamSynchronize", &ignored);
  g_clear_error (&ignored);
}

gboolean
alexnet_staging_image (AlexnetStaging *staging, guint slot,
    const AlexnetImage *image, const AlexnetTables *tables, GError **error)
{
  Lane *lane = take_lane (staging);
  gboolean ok = alexnet_device_enter (staging->device, error) &&
      stage_image (staging, lane, slot, image, tables, error);

  if (!ok)
    abandon (lane);
  give_lane (staging, lane);
  return ok;
}

gboolean
alexnet_staging_tensor (AlexnetStaging *staging, guint slot,
    const float *tensor, GError **error)
{
  Lane *lane = take_lane (staging);
  gboolean ok = alexnet_device_enter (staging->device, error) &&
      stage_tensor (staging, lane, slot, tensor, error);

  if (!ok)
    abandon (lane);
  give_lane (staging, lane);
  return ok;
}

/* Of each lane only the last slot matters: a lane works in order. */
gboolean
alexnet_staging_wait (AlexnetStaging *staging, guint first, guint n,
    cudaStream_t stream, GError **error)
{
  const Slot *last[MAX_LANES] = { NULL };

  for (guint i = first; i < first + n; i++) {
    const Slot *slot = &staging->slots[i];

    if (!last[slot->lane] || slot->turn > last[slot->lane]->turn)
      last[slot->lane] = slot;
  }
  for (guint i = 0; i < staging->n_lanes; i++)
    if (last[i] &&
        !CUDA (cudaStreamWaitEvent (stream, last[i]->filled,
            cudaEventWaitDefault)))
      return FALSE;
  return TRUE;
}
