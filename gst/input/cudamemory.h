/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* GStreamer's CUDA memory. Only cudamemory.c knows gstcuda, whose API is not
 * stable; in a build without it there is no such memory, and the functions say
 * so.
 *
 * CUDA memory can be read in its own context alone, so the engine has to work
 * there. A context is found when caps with CUDA memory come: by then upstream
 * has one and tells it by GstContext, as all of GStreamer's CUDA elements do.
 * Frames of yet another context are read as any others, through the host.
 *
 * Thread-safety: any thread; the object lock of the element guards `context`,
 * and no function may be called with it held. */

#ifndef GST_ALEXNET_CUDA_MEMORY_H
#define GST_ALEXNET_CUDA_MEMORY_H

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct {
  GstElement *element;
  GstObject *context; /* a GstCudaContext, or NULL: none was found yet */
} GstAlexnetCuda;

void gst_alexnet_cuda_clear (GstAlexnetCuda *cuda);

/* Of GstElement.set_context. device_id: -1 = any. */
void gst_alexnet_cuda_set_context (GstAlexnetCuda *cuda, GstContext *context,
    int device_id);

/* TRUE: the CONTEXT query was answered. */
gboolean gst_alexnet_cuda_answer (GstAlexnetCuda *cuda, GstQuery *query);

/* Asks neighbours and application for a context, or makes one. */
gboolean gst_alexnet_cuda_find_context (GstAlexnetCuda *cuda, int device_id);

/* The CUcontext; NULL when there is none. The context's owner keeps it until
 * gst_alexnet_cuda_clear(). */
void *gst_alexnet_cuda_get_handle (GstAlexnetCuda *cuda);

/* The ordinal of its device. */
int gst_alexnet_cuda_get_device_id (GstAlexnetCuda *cuda);

gboolean gst_alexnet_cuda_is_in_caps (const GstCaps *caps);

/* What to map a frame with, beside GST_MAP_READ, so that its planes are
 * pointers of the CUcontext `handle`; 0: they would not be. */
GstMapFlags gst_alexnet_cuda_get_map_flags (GstBuffer *buffer, void *handle);

/* The CUstream that fills the buffer; NULL: it is complete. */
void *gst_alexnet_cuda_get_stream (GstBuffer *buffer);

/* A pool of frames like `caps` in the context; NULL when there is none. */
GstBufferPool *gst_alexnet_cuda_new_pool (GstAlexnetCuda *cuda, GstCaps *caps,
    guint size, guint n_buffers);

G_END_DECLS

#endif /* GST_ALEXNET_CUDA_MEMORY_H */
