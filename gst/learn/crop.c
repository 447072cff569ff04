/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "crop.h"

#include <string.h>

/* The area with edges on samples of chroma, where those have the steps 1 << x
 * and 1 << y. */
static AlexnetRegion
widen (const AlexnetRegion *area, guint x, guint y, const GstVideoInfo *info)
{
  AlexnetRegion wide = {
    .x = area->x >> x << x,
    .y = area->y >> y << y,
  };
  guint right = GST_ROUND_UP_N (area->x + area->width, 1u << x);
  guint bottom = GST_ROUND_UP_N (area->y + area->height, 1u << y);

  wide.width = MIN (right, (guint) info->width) - wide.x;
  wide.height = MIN (bottom, (guint) info->height) - wide.y;
  return wide;
}

/* Makes the mapped frame that part of itself. Components that share a plane
 * agree on where it begins. */
static void
narrow (GstVideoFrame *frame, const AlexnetRegion *area)
{
  const GstVideoFormatInfo *format = frame->info.finfo;
  const GstVideoFrame whole = *frame;
  guint x = 0, y = 0;
  AlexnetRegion wide;

  for (guint c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format); c++) {
    x = MAX (x, GST_VIDEO_FORMAT_INFO_W_SUB (format, c));
    y = MAX (y, GST_VIDEO_FORMAT_INFO_H_SUB (format, c));
  }
  wide = widen (area, x, y, &whole.info);
  for (guint c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format); c++) {
    guint plane = GST_VIDEO_FORMAT_INFO_PLANE (format, c);
    gsize column = wide.x >> GST_VIDEO_FORMAT_INFO_W_SUB (format, c);
    gsize row = wide.y >> GST_VIDEO_FORMAT_INFO_H_SUB (format, c);

    frame->data[plane] = (guint8 *) whole.data[plane] +
        row * GST_VIDEO_FRAME_PLANE_STRIDE (&whole, plane) +
        column * GST_VIDEO_FORMAT_INFO_PSTRIDE (format, c);
  }
  frame->info.width = wide.width;
  frame->info.height = wide.height;
}

static guint8 *
last_sample (const GstVideoFrame *frame, guint c, int y)
{
  return (guint8 *) GST_VIDEO_FRAME_COMP_DATA (frame, c) +
      y * GST_VIDEO_FRAME_COMP_STRIDE (frame, c) +
      (GST_VIDEO_FRAME_COMP_WIDTH (frame, c) - 1) *
      GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);
}

/* Of packed 4:2:2 frames of odd width gst_video_frame_copy() of GStreamer 1.22
 * leaves out a chroma sample of the last column. */
static void
copy_last_column (GstVideoFrame *copy, const GstVideoFrame *frame)
{
  for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++)
    for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (frame, c); y++)
      memcpy (last_sample (copy, c, y), last_sample (frame, c, y),
          (GST_VIDEO_FRAME_COMP_DEPTH (frame, c) + 7) / 8);
}

/* Bytes that no sample has are zero. */
static GstBuffer *
copy_frame (GstVideoInfo *info, const GstVideoFrame *frame)
{
  const GstVideoInfo *from = &frame->info;
  GstVideoFrame copy;
  GstBuffer *buffer;

  gst_video_info_set_format (info, GST_VIDEO_INFO_FORMAT (from), from->width,
      from->height);
  info->colorimetry = from->colorimetry;
  info->chroma_site = from->chroma_site;
  info->par_n = from->par_n;
  info->par_d = from->par_d;
  buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  gst_buffer_memset (buffer, 0, 0, info->size);
  if (!gst_video_frame_map (&copy, info, buffer, GST_MAP_WRITE)) {
    gst_buffer_unref (buffer);
    return NULL;
  }
  gst_video_frame_copy (&copy, frame);
  copy_last_column (&copy, frame);
  gst_video_frame_unmap (&copy);
  return buffer;
}

GstSample *
gst_alexnet_crop_new (const GstVideoInfo *info, GstBuffer *buffer,
    const AlexnetRegion *area, GstStructure *about)
{
  g_autoptr (GstBuffer) pixels = NULL;
  g_autoptr (GstCaps) caps = NULL;
  GstVideoFrame frame;
  GstVideoInfo crop;

  if (gst_video_frame_map (&frame, info, buffer, GST_MAP_READ)) {
    narrow (&frame, area);
    pixels = copy_frame (&crop, &frame);
    gst_video_frame_unmap (&frame);
  }
  if (!pixels) {
    gst_structure_free (about);
    return NULL;
  }
  caps = gst_video_info_to_caps (&crop);
  return gst_sample_new (pixels, caps, NULL, about);
}
