/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "overlayhelpers.h"

GstHarness *
test_overlay_harness_new (const char *upstream, const char *downstream,
    gboolean offer)
{
  GstHarness *harness = gst_harness_new ("classificationoverlay");

  if (offer)
    gst_harness_add_propose_allocation_meta (harness, API, NULL);
  gst_harness_set_sink_caps_str (harness, downstream);
  gst_harness_set_src_caps_str (harness, upstream);
  return harness;
}

GstBuffer *
test_overlay_frame_new (const char *fields)
{
  gsize size = 3 * WIDTH * HEIGHT;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 0x60, size);
  if (fields)
    test_add_result (buffer, fields);
  return buffer;
}

GstBuffer *
test_overlay_pass (GstHarness *harness, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_OK);
  return gst_harness_pull (harness);
}

GstVideoOverlayComposition *
test_get_composition (GstBuffer *buffer)
{
  GstVideoOverlayCompositionMeta
      *meta = gst_buffer_get_video_overlay_composition_meta (buffer);

  fail_unless (meta != NULL, "no picture is attached");
  return meta->overlay;
}
