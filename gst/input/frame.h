/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* GstBuffer -> engine image. Strides and plane offsets come from the mapped
 * GstVideoFrame alone, colours and the pixel aspect ratio from the caps, where
 * one of zero is taken as unknown: square. Transfer functions are not undone:
 * BT.2020 material with PQ or HLG goes in as its code values, not tone-mapped,
 * and looks pale to the network. */

#ifndef GST_ALEXNET_FRAME_H
#define GST_ALEXNET_FRAME_H

#include <gst/video/video.h>

#include "alexnet.h"

G_BEGIN_DECLS

/* In the order of preference: what decoders give comes first. */
#define GST_ALEXNET_FORMATS                                                  \
  "{ NV12, NV21, I420, YV12, YUY2, UYVY, Y42B, Y444, P010_10LE, I420_10LE, " \
  "RGB, BGR, RGBx, BGRx, xRGB, xBGR, RGBA, BGRA, ARGB, ABGR, GRAY8 }"

#define GST_ALEXNET_SIDES \
  "(int) [ 1, " G_STRINGIFY (ALEXNET_MAX_IMAGE_SIDE) " ]"
#define GST_ALEXNET_CAPS_FIELDS                                           \
  "format = (string) " GST_ALEXNET_FORMATS ", width = " GST_ALEXNET_SIDES \
  ", height = " GST_ALEXNET_SIDES ", framerate = (fraction) [ 0, max ]"

#if HAVE_GST_CUDA
#define GST_ALEXNET_CAPS                                     \
  "video/x-raw(memory:CUDAMemory), " GST_ALEXNET_CAPS_FIELDS \
  "; video/x-raw, " GST_ALEXNET_CAPS_FIELDS
#else
#define GST_ALEXNET_CAPS "video/x-raw, " GST_ALEXNET_CAPS_FIELDS
#endif

/* What the result of a frame says about the frame. */
typedef struct {
  guint64 number; /* since the element started, from 0 */
  GstClockTime running_time, stream_time; /* NONE where unknown */
  GstClockTime time;    /* running time, estimated where that is unknown */
  guint64 arrival;      /* ns, monotonic */
  guint64 staging_time; /* ns that handing it to the engine took */
  AlexnetRegion region; /* pixels: all, or the visible rectangle */
} GstAlexnetFrameInfo;

typedef struct {
  GstVideoFrame video;
  AlexnetImage image;
} GstAlexnetFrame;

/* The rectangle of a GstVideoCropMeta, within what a GstVideoMeta says; else
 * what the caps say, which may be less than a GstVideoMeta does. */
AlexnetRegion gst_alexnet_frame_get_visible (GstBuffer *buffer,
    const GstVideoInfo *info);

/* Maps the buffer for reading. FALSE when it is not what `info` says. Memory
 * of the CUcontext `cuda_context`, which may be NULL, stays on the device; any
 * other is mapped to the host. */
gboolean gst_alexnet_frame_map (GstAlexnetFrame *frame,
    const GstVideoInfo *info, GstBuffer *buffer, void *cuda_context);
void gst_alexnet_frame_unmap (GstAlexnetFrame *frame);

G_END_DECLS

#endif /* GST_ALEXNET_FRAME_H */
