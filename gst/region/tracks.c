/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tracks.h"

static void
clear (gpointer data)
{
  GstAlexnetTrack *track = data;

  g_clear_pointer (&track->classes, gst_alexnet_classes_unref);
  gst_alexnet_smoothing_clear (&track->smoothing);
  gst_alexnet_vote_clear (&track->vote);
}

void
gst_alexnet_track_unref (GstAlexnetTrack *track)
{
  g_atomic_rc_box_release_full (track, clear);
}

void
gst_alexnet_track_set_classes (GstAlexnetTrack *track,
    GstAlexnetClasses *classes)
{
  g_clear_pointer (&track->classes, gst_alexnet_classes_unref);
  if (classes)
    track->classes = gst_alexnet_classes_ref (classes);
}

void
gst_alexnet_track_forget_results (GstAlexnetTrack *track)
{
  gst_alexnet_track_set_classes (track, NULL);
  gst_alexnet_smoothing_reset (&track->smoothing);
  gst_alexnet_state_interrupt (&track->state);
  g_atomic_int_set (&track->pending, FALSE);
}

const float *
gst_alexnet_track_smooth (GstAlexnetTrack *track,
    const GstAlexnetClasses *classes, GstClockTime time, guint64 time_constant)
{
  if (track->smoothing.n == 0)
    gst_alexnet_smoothing_init (&track->smoothing, classes->n_classes);
  return gst_alexnet_smoothing_add (&track->smoothing, classes->probabilities,
      time, time_constant);
}

GHashTable *
gst_alexnet_tracks_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
      (GDestroyNotify) gst_alexnet_track_unref);
}

GstAlexnetTrack *
gst_alexnet_tracks_get (GHashTable *tracks, guint64 id)
{
  GstAlexnetTrack *track = g_hash_table_lookup (tracks, &id);

  if (!track) {
    track = g_atomic_rc_box_new0 (GstAlexnetTrack);
    track->posted_class = GST_ALEXNET_NO_CLASS;
    track->learned_class = GST_ALEXNET_NO_CLASS;
    gst_alexnet_state_reset (&track->state);
    g_hash_table_insert (tracks, g_memdup2 (&id, sizeof id), track);
  }
  return track;
}

static gboolean
is_recent (const GstAlexnetTrack *track, guint64 frame_number, guint interval)
{
  if (!track->known || track->classified == frame_number)
    return FALSE;
  if (g_atomic_int_get (&track->decided))
    return TRUE;
  return !g_atomic_int_get (&track->pending) &&
      (interval == 0 || frame_number - track->classified < interval);
}

GstAlexnetTrack *
gst_alexnet_tracks_follow (GHashTable *tracks, guint64 id, guint64 frame_number,
    guint interval, gboolean *stale)
{
  GstAlexnetTrack *track = gst_alexnet_tracks_get (tracks, id);

  track->seen = frame_number;
  *stale = is_recent (track, frame_number, interval);
  if (!*stale) {
    track->known = TRUE;
    track->classified = frame_number;
  }
  return g_atomic_rc_box_acquire (track);
}

typedef struct {
  guint64 previous, now; /* numbers of frames */
} Look;

static gboolean
is_forgotten (gpointer id, gpointer value, gpointer user_data)
{
  const GstAlexnetTrack *track = value;
  const Look *look = user_data;

  return track->seen < look->previous &&
      look->now - track->seen > GST_ALEXNET_TRACK_MEMORY;
}

void
gst_alexnet_tracks_expire (GHashTable *tracks, guint64 previous,
    guint64 frame_number)
{
  Look look = { previous, frame_number };

  g_hash_table_foreach_remove (tracks, is_forgotten, &look);
}
