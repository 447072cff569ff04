/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "frame.h"

#include "cudamemory.h"

static const struct {
  GstVideoFormat video;
  AlexnetFormat image;
} formats[] = {
  { GST_VIDEO_FORMAT_NV12, ALEXNET_FORMAT_NV12 },
  { GST_VIDEO_FORMAT_NV21, ALEXNET_FORMAT_NV21 },
  { GST_VIDEO_FORMAT_I420, ALEXNET_FORMAT_I420 },
  { GST_VIDEO_FORMAT_YV12, ALEXNET_FORMAT_YV12 },
  { GST_VIDEO_FORMAT_YUY2, ALEXNET_FORMAT_YUY2 },
  { GST_VIDEO_FORMAT_UYVY, ALEXNET_FORMAT_UYVY },
  { GST_VIDEO_FORMAT_Y42B, ALEXNET_FORMAT_Y42B },
  { GST_VIDEO_FORMAT_Y444, ALEXNET_FORMAT_Y444 },
  { GST_VIDEO_FORMAT_P010_10LE, ALEXNET_FORMAT_P010_10LE },
  { GST_VIDEO_FORMAT_I420_10LE, ALEXNET_FORMAT_I420_10LE },
  { GST_VIDEO_FORMAT_RGB, ALEXNET_FORMAT_RGB },
  { GST_VIDEO_FORMAT_BGR, ALEXNET_FORMAT_BGR },
  { GST_VIDEO_FORMAT_RGBx, ALEXNET_FORMAT_RGBX },
  { GST_VIDEO_FORMAT_BGRx, ALEXNET_FORMAT_BGRX },
  { GST_VIDEO_FORMAT_xRGB, ALEXNET_FORMAT_XRGB },
  { GST_VIDEO_FORMAT_xBGR, ALEXNET_FORMAT_XBGR },
  { GST_VIDEO_FORMAT_RGBA, ALEXNET_FORMAT_RGBA },
  { GST_VIDEO_FORMAT_BGRA, ALEXNET_FORMAT_BGRA },
  { GST_VIDEO_FORMAT_ARGB, ALEXNET_FORMAT_ARGB },
  { GST_VIDEO_FORMAT_ABGR, ALEXNET_FORMAT_ABGR },
  { GST_VIDEO_FORMAT_GRAY8, ALEXNET_FORMAT_GRAY8 },
};

static gboolean
find_format (GstVideoFormat video, AlexnetFormat *image)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].video == video) {
      *image = formats[i].image;
      return TRUE;
    }
  return FALSE;
}

static AlexnetMatrix
find_matrix (const GstVideoColorimetry *colorimetry)
{
  switch (colorimetry->matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT601:
      return ALEXNET_MATRIX_BT601;
    case GST_VIDEO_COLOR_MATRIX_BT709:
      return ALEXNET_MATRIX_BT709;
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return ALEXNET_MATRIX_BT2020;
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
      return ALEXNET_MATRIX_SMPTE240M;
    case GST_VIDEO_COLOR_MATRIX_FCC:
      return ALEXNET_MATRIX_FCC;
    default:
      return ALEXNET_MATRIX_DEFAULT;
  }
}

static AlexnetRange
find_range (const GstVideoColorimetry *colorimetry)
{
  switch (colorimetry->range) {
    case GST_VIDEO_COLOR_RANGE_0_255:
      return ALEXNET_RANGE_FULL;
    case GST_VIDEO_COLOR_RANGE_16_235:
      return ALEXNET_RANGE_LIMITED;
    default:
      return ALEXNET_RANGE_DEFAULT;
  }
}

static AlexnetChromaSite
find_site (GstVideoChromaSite site)
{
  if (site == GST_VIDEO_CHROMA_SITE_UNKNOWN)
    return ALEXNET_SITE_DEFAULT;
  if (site & GST_VIDEO_CHROMA_SITE_NONE)
    return ALEXNET_SITE_CENTER;
  if (!(site & GST_VIDEO_CHROMA_SITE_V_COSITED))
    return ALEXNET_SITE_LEFT;
  return site & GST_VIDEO_CHROMA_SITE_H_COSITED ? ALEXNET_SITE_TOP_LEFT
                                                : ALEXNET_SITE_TOP;
}

AlexnetRegion
gst_alexnet_frame_get_visible (GstBuffer *buffer, const GstVideoInfo *info)
{
  const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (buffer);
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  guint width = meta ? meta->width : (guint) info->width;
  guint height = meta ? meta->height : (guint) info->height;
  AlexnetRegion region = { 0, 0, info->width, info->height };

  if (!crop || crop->x >= width || crop->y >= height || crop->width == 0 ||
      crop->height == 0)
    return region;
  region.x = crop->x;
  region.y = crop->y;
  region.width = MIN (crop->width, width - crop->x);
  region.height = MIN (crop->height, height - crop->y);
  return region;
}

gboolean
gst_alexnet_frame_map (GstAlexnetFrame *frame, const GstVideoInfo *info,
    GstBuffer *buffer, void *cuda_context)
{
  GstMapFlags on_device = gst_alexnet_cuda_get_map_flags (buffer, cuda_context);
  GstVideoFrame *video = &frame->video;
  AlexnetImage *image = &frame->image;
  gboolean has_par = GST_VIDEO_INFO_PAR_N (info) > 0 &&
      GST_VIDEO_INFO_PAR_D (info) > 0;

  if (!gst_video_frame_map (video, info, buffer, GST_MAP_READ | on_device))
    return FALSE;
  *image = (AlexnetImage){
    .matrix = find_matrix (&info->colorimetry),
    .range = find_range (&info->colorimetry),
    .site = find_site (info->chroma_site),
    .memory = on_device ? ALEXNET_MEMORY_CUDA : ALEXNET_MEMORY_HOST,
    .cuda_stream = on_device ? gst_alexnet_cuda_get_stream (buffer) : NULL,
    .width = GST_VIDEO_FRAME_WIDTH (video),
    .height = GST_VIDEO_FRAME_HEIGHT (video),
    .par_n = has_par ? GST_VIDEO_INFO_PAR_N (info) : 1,
    .par_d = has_par ? GST_VIDEO_INFO_PAR_D (info) : 1,
  };
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (video); i++) {
    image->planes[i] = GST_VIDEO_FRAME_PLANE_DATA (video, i);
    image->strides[i] = GST_VIDEO_FRAME_PLANE_STRIDE (video, i);
  }
  if (find_format (GST_VIDEO_FRAME_FORMAT (video), &image->format))
    return TRUE;
  gst_video_frame_unmap (video);
  return FALSE;
}

void
gst_alexnet_frame_unmap (GstAlexnetFrame *frame)
{
  gst_video_frame_unmap (&frame->video);
}
