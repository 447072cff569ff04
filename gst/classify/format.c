/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "format.h"

#include "states.h"

#define GST_CAT_DEFAULT gst_alexnet_classify_debug

/* The engine has to work where upstream's CUDA memory is. A backend of the CPU
 * reads it through the host. */
static gboolean
follow_cuda (GstAlexnetClassify *self, const GstCaps *caps)
{
  const AlexnetEngine *engine = self->session.engine;
  int device_id;

  if (!gst_alexnet_cuda_is_in_caps (caps) ||
      !g_str_equal (alexnet_engine_get_backend (engine), "cudnn"))
    return TRUE;
  GST_OBJECT_LOCK (self);
  device_id = MAX (self->settings.cuda_device_id, -1);
  GST_OBJECT_UNLOCK (self);
  if (!gst_alexnet_cuda_find_context (&self->cuda, device_id) ||
      gst_alexnet_cuda_get_handle (&self->cuda) == self->session.cuda_context)
    return TRUE;
  return gst_alexnet_classify_drain (self) &&
      gst_alexnet_classify_change_engine (self);
}

static void
set_frame_duration (GstAlexnetClassify *self, const GstVideoInfo *info)
{
  GstClockTime duration = GST_ALEXNET_UNKNOWN_FRAME_DURATION;
  gboolean changed;

  if (info->fps_n > 0)
    duration = gst_util_uint64_scale_int (GST_SECOND, info->fps_d, info->fps_n);
  duration = MAX (duration, 1);
  GST_OBJECT_LOCK (self);
  changed = self->frame_duration != duration;
  self->frame_duration = duration;
  GST_OBJECT_UNLOCK (self);
  if (changed)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_latency (GST_OBJECT (self)));
}

/* Frames of the size of the network's input come from somebody who scaled them
 * for it, as other elements want it. */
static void
tell_of_size (GstAlexnetClassify *self)
{
  int side = (int) alexnet_model_get_input_size (self->session.model);
  guint resize_size = self->session.preprocess.resize_size;
  AlexnetCropMode mode;
  gboolean whole;

  GST_OBJECT_LOCK (self);
  mode = gst_alexnet_session_get_crop_mode (&self->session, &self->settings);
  whole = self->named->len == 0 &&
      self->settings.inference_region != GST_ALEXNET_INFERENCE_ROI_LIST;
  GST_OBJECT_UNLOCK (self);
  if (self->told.size || !whole || self->video_info.width != side ||
      self->video_info.height != side || resize_size <= (guint) side ||
      (mode != ALEXNET_CROP_CENTER && mode != ALEXNET_CROP_SQUASH))
    return;
  self->told.size = TRUE;
  GST_ELEMENT_INFO (self, STREAM, FORMAT,
      ("Frames of %dx%d are enlarged to %u and cut to %d again.", side, side,
          resize_size, side),
      ("the element itself makes the network's input of frames of any size: "
       "leave out what scales them in front of it, or set crop-mode=stretch"));
}

/* FALSE: a problem was posted, once: caps that are refused come again with each
 * event and frame. */
static gboolean
check_regions (GstAlexnetClassify *self)
{
  const GstVideoInfo *info = &self->video_info;
  g_autoptr (GError) error = NULL;

  if (gst_alexnet_named_check (self->named, info->width, info->height,
          &error)) {
    self->told.regions = FALSE;
    return TRUE;
  }
  if (!self->told.regions)
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_ERROR, error);
  self->told.regions = TRUE;
  return FALSE;
}

gboolean
gst_alexnet_classify_set_format (GstAlexnetClassify *self, GstEvent *event)
{
  GstVideoInfo *info = &self->video_info;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  self->negotiated = gst_video_info_from_caps (info, caps);
  if (!self->negotiated) {
    GST_WARNING_OBJECT (self, "no video format in %" GST_PTR_FORMAT,
        (gpointer) caps);
    return FALSE;
  }
  self->negotiated = check_regions (self) && follow_cuda (self, caps);
  if (!self->negotiated)
    return FALSE;
  GST_DEBUG_OBJECT (self, "frames are %" GST_PTR_FORMAT, (gpointer) caps);
  gst_alexnet_session_announce (&self->session);
  set_frame_duration (self, info);
  tell_of_size (self);
  return TRUE;
}
