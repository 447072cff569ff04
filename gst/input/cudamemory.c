/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cudamemory.h"

#if HAVE_GST_CUDA

#define GST_USE_UNSTABLE_API
#include <gst/cuda/gstcudabufferpool.h>
#include <gst/cuda/gstcudaloader.h>
#include <gst/cuda/gstcudautils.h>
#if GST_CHECK_VERSION(1, 24, 0)
#include <gst/cuda/gstcudastream.h>
#endif

void
gst_alexnet_cuda_clear (GstAlexnetCuda *cuda)
{
  GstObject *context;

  GST_OBJECT_LOCK (cuda->element);
  context = g_steal_pointer (&cuda->context);
  GST_OBJECT_UNLOCK (cuda->element);
  gst_clear_object (&context);
}

static GstCudaContext *
get_context (GstAlexnetCuda *cuda)
{
  GstCudaContext *context = NULL;

  GST_OBJECT_LOCK (cuda->element);
  if (cuda->context)
    context = GST_CUDA_CONTEXT (gst_object_ref (cuda->context));
  GST_OBJECT_UNLOCK (cuda->element);
  return context;
}

/* Takes `context`. The first one stays. */
static void
keep_context (GstAlexnetCuda *cuda, GstCudaContext *context)
{
  GST_OBJECT_LOCK (cuda->element);
  if (!cuda->context)
    cuda->context = GST_OBJECT (g_steal_pointer (&context));
  GST_OBJECT_UNLOCK (cuda->element);
  gst_clear_object (&context);
}

void
gst_alexnet_cuda_set_context (GstAlexnetCuda *cuda, GstContext *context,
    int device_id)
{
  GstCudaContext *found = get_context (cuda);

  if (!found &&
      gst_cuda_handle_set_context (cuda->element, context, device_id, &found))
    keep_context (cuda, g_steal_pointer (&found));
  gst_clear_object (&found);
}

gboolean
gst_alexnet_cuda_answer (GstAlexnetCuda *cuda, GstQuery *query)
{
  GstCudaContext *context = get_context (cuda);
  gboolean answered = context &&
      gst_cuda_handle_context_query (cuda->element, query, context);

  gst_clear_object (&context);
  return answered;
}

/* The search calls gst_alexnet_cuda_set_context() where a context is there. */
gboolean
gst_alexnet_cuda_find_context (GstAlexnetCuda *cuda, int device_id)
{
  GstCudaContext *context = get_context (cuda);

  if (!context && gst_cuda_load_library () &&
      gst_cuda_ensure_element_context (cuda->element, device_id, &context))
    keep_context (cuda, gst_object_ref (context));
  gst_clear_object (&context);
  return gst_alexnet_cuda_get_handle (cuda) != NULL;
}

void *
gst_alexnet_cuda_get_handle (GstAlexnetCuda *cuda)
{
  GstCudaContext *context = get_context (cuda);
  void *handle = context ? gst_cuda_context_get_handle (context) : NULL;

  gst_clear_object (&context);
  return handle;
}

int
gst_alexnet_cuda_get_device_id (GstAlexnetCuda *cuda)
{
  GstCudaContext *context = get_context (cuda);
  guint id = 0;

  if (context)
    g_object_get (context, "cuda-device-id", &id, NULL);
  gst_clear_object (&context);
  return (int) id;
}

gboolean
gst_alexnet_cuda_is_in_caps (const GstCaps *caps)
{
  return gst_caps_features_contains (gst_caps_get_features (caps, 0),
      GST_CAPS_FEATURE_MEMORY_CUDA_MEMORY);
}

/* The buffer's one memory, if it is CUDA memory. */
static GstCudaMemory *
get_memory (GstBuffer *buffer)
{
  GstMemory *memory;

  if (gst_buffer_n_memory (buffer) != 1)
    return NULL;
  memory = gst_buffer_peek_memory (buffer, 0);
  return gst_is_cuda_memory (memory) ? GST_CUDA_MEMORY_CAST (memory) : NULL;
}

GstMapFlags
gst_alexnet_cuda_get_map_flags (GstBuffer *buffer, void *handle)
{
  GstCudaMemory *memory = get_memory (buffer);

  if (!handle || !memory ||
      gst_cuda_context_get_handle (memory->context) != handle)
    return 0;
  return GST_MAP_CUDA;
}

void *
gst_alexnet_cuda_get_stream (GstBuffer *buffer)
{
#if GST_CHECK_VERSION(1, 24, 0)
  GstCudaMemory *memory = get_memory (buffer);
  GstCudaStream *stream = memory ? gst_cuda_memory_get_stream (memory) : NULL;

  return stream ? gst_cuda_stream_get_handle (stream) : NULL;
#else
  return NULL; /* before 1.24 elements wait for their streams themselves */
#endif
}

GstBufferPool *
gst_alexnet_cuda_new_pool (GstAlexnetCuda *cuda, GstCaps *caps, guint size,
    guint n_buffers)
{
  GstCudaContext *context = get_context (cuda);
  GstBufferPool *pool = NULL;
  GstStructure *config;

  if (!context)
    return NULL;
  pool = gst_cuda_buffer_pool_new (context);
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_add_option (config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_config_set_params (config, caps, size, n_buffers, 0);
  if (!gst_buffer_pool_set_config (pool, config))
    gst_clear_object (&pool);
  gst_object_unref (context);
  return pool;
}

#else /* no gstcuda */

void
gst_alexnet_cuda_clear (GstAlexnetCuda *cuda)
{
}

void
gst_alexnet_cuda_set_context (GstAlexnetCuda *cuda, GstContext *context,
    int device_id)
{
}

gboolean
gst_alexnet_cuda_answer (GstAlexnetCuda *cuda, GstQuery *query)
{
  return FALSE;
}

gboolean
gst_alexnet_cuda_find_context (GstAlexnetCuda *cuda, int device_id)
{
  return FALSE;
}

void *
gst_alexnet_cuda_get_handle (GstAlexnetCuda *cuda)
{
  return NULL;
}

int
gst_alexnet_cuda_get_device_id (GstAlexnetCuda *cuda)
{
  return 0;
}

gboolean
gst_alexnet_cuda_is_in_caps (const GstCaps *caps)
{
  return FALSE;
}

GstMapFlags
gst_alexnet_cuda_get_map_flags (GstBuffer *buffer, void *handle)
{
  return 0;
}

void *
gst_alexnet_cuda_get_stream (GstBuffer *buffer)
{
  return NULL;
}

GstBufferPool *
gst_alexnet_cuda_new_pool (GstAlexnetCuda *cuda, GstCaps *caps, guint size,
    guint n_buffers)
{
  return NULL;
}

#endif
