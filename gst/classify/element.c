/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "element.h"

GST_DEBUG_CATEGORY (gst_alexnet_classify_debug);

void
gst_alexnet_classify_post_problem (GstAlexnetClassify *self,
    GstMessageType type, const GError *error)
{
  static const int codes[] = {
    [ALEXNET_ERROR_NOT_FOUND] = GST_RESOURCE_ERROR_NOT_FOUND,
    [ALEXNET_ERROR_FORMAT] = GST_RESOURCE_ERROR_READ,
    [ALEXNET_ERROR_INVALID] = GST_RESOURCE_ERROR_SETTINGS,
    [ALEXNET_ERROR_UNSUPPORTED] = GST_RESOURCE_ERROR_NOT_FOUND,
    [ALEXNET_ERROR_NO_MEMORY] = GST_RESOURCE_ERROR_NO_SPACE_LEFT,
    [ALEXNET_ERROR_DEVICE] = GST_RESOURCE_ERROR_FAILED,
    [ALEXNET_ERROR_CANCELLED] = GST_RESOURCE_ERROR_FAILED,
    [ALEXNET_ERROR_NOT_FINITE] = GST_RESOURCE_ERROR_FAILED,
  };

  gst_element_message_full (GST_ELEMENT (self), type, GST_RESOURCE_ERROR,
      codes[error->code], g_strdup (error->message), NULL, __FILE__,
      GST_FUNCTION, __LINE__);
}

gboolean
gst_alexnet_classify_drain (GstAlexnetClassify *self)
{
  gst_alexnet_session_drain (&self->session);
  return gst_alexnet_inflight_wait_empty (self->inflight) == GST_FLOW_OK;
}

void
gst_alexnet_classify_forget_tracks (GstAlexnetClassify *self)
{
  g_hash_table_remove_all (self->tracks);
}

static void
forget_results (gpointer id, gpointer track, gpointer user_data)
{
  gst_alexnet_track_forget_results (track);
}

void
gst_alexnet_classify_forget_results (GstAlexnetClassify *self)
{
  g_hash_table_foreach (self->places, forget_results, NULL);
  g_array_unref (self->regions); /* who still works on them has them */
  self->regions = gst_alexnet_regions_new ();
  GST_OBJECT_LOCK (self);
  self->pending = FALSE;
  GST_OBJECT_UNLOCK (self);
}

static void
reset_state (gpointer id, gpointer track, gpointer user_data)
{
  gst_alexnet_state_reset (&((GstAlexnetTrack *) track)->state);
}

void
gst_alexnet_classify_forget_states (GstAlexnetClassify *self)
{
  g_hash_table_foreach (self->places, reset_state, NULL);
  for (guint i = self->regions->len; i-- > 0;) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (self->regions, i);

    region->has_state = FALSE;
    if (region->is_tracked)
      g_array_remove_index (self->regions, i);
  }
}

void
gst_alexnet_classify_forget_stream (GstAlexnetClassify *self)
{
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  gst_alexnet_schedule_reset (&self->schedule);
  gst_alexnet_classify_forget_tracks (self);
  g_hash_table_remove_all (self->places);
  gst_alexnet_named_add_tracks (self->named, self->places);
  gst_alexnet_tracks_get (self->places, 0);
  gst_alexnet_classify_forget_results (self);
  g_array_set_size (self->posted, 0);
  GST_OBJECT_LOCK (self);
  self->earliest_time = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK (self);
}
