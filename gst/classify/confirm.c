/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "confirm.h"

static GstAlexnetEvidence
get_evidence (const GstAlexnetSession *session, const GstAlexnetRegion *region,
    const GstAlexnetFrameInfo *info)
{
  GstAlexnetEvidence evidence = {
    .class_id = gst_alexnet_region_get_best (region),
    .running_time = info->time,
    .stream_time = info->stream_time,
  };

  if (evidence.class_id == GST_ALEXNET_NO_CLASS)
    return evidence;
  evidence.confidence = region->classes->confidences[0];
  if (session->ignored[evidence.class_id])
    evidence.class_id = GST_ALEXNET_NO_CLASS;
  return evidence;
}

static void
post_state (GstAlexnetClassify *self, const GstAlexnetRegion *region,
    const GstAlexnetFrameInfo *info, guint from, float confidence)
{
  GstAlexnetModelInfo model =
      gst_alexnet_session_get_model_info (&self->session);

  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_alexnet_state_to_structure (region, from, confidence, &model,
              info)));
}

typedef struct {
  GstAlexnetStateRules state;
  GstAlexnetVoteRules vote;
} Rules;

static gboolean
is_voted_on (const GstAlexnetRegion *region, const Rules *rules)
{
  return region->is_tracked && rules->vote.count > 0;
}

/* Small regions have no vote, and where it is decided nobody has. */
static gboolean
count_vote (GstAlexnetRegion *region, const Rules *rules,
    const GstAlexnetEvidence *evidence)
{
  GstAlexnetTrack *track = region->track;
  guint claim = gst_alexnet_state_get_claim (&rules->state, evidence);
  gboolean changed;

  if (g_atomic_int_get (&track->decided) ||
      MIN (region->area.width, region->area.height) < rules->vote.min_side)
    return FALSE;
  changed = gst_alexnet_vote_add (&track->vote, &rules->vote, claim, evidence,
      &track->state);
  if (changed && track->state.class_id != GST_ALEXNET_UNKNOWN_CLASS)
    g_atomic_int_set (&track->decided, TRUE);
  return changed;
}

static void
forget_vote (GstAlexnetTrack *track)
{
  gst_alexnet_vote_clear (&track->vote);
  g_atomic_int_set (&track->decided, FALSE);
}

/* TRUE: the state has changed. Where classifying failed there is nothing to
 * count. */
static gboolean
count_result (GstAlexnetRegion *region, const Rules *rules,
    const GstAlexnetEvidence *evidence)
{
  gboolean is_fresh = !region->stale && region->classes;
  GstAlexnetTrack *track = region->track;
  GstAlexnetState *state = &track->state;
  gboolean changed;

  if (is_voted_on (region, rules)) {
    g_atomic_int_set (&track->pending, FALSE);
    return is_fresh && count_vote (region, rules, evidence);
  }
  forget_vote (track);
  changed = is_fresh && gst_alexnet_state_add (state, &rules->state, evidence);
  g_atomic_int_set (&track->pending,
      gst_alexnet_state_is_pending (state) ||
          state->class_id == GST_ALEXNET_NO_CLASS);
  return changed;
}

static void
update_state (GstAlexnetClassify *self, const GstAlexnetFrameInfo *info,
    GstAlexnetRegion *region, const Rules *rules)
{
  GstAlexnetEvidence evidence = get_evidence (&self->session, region, info);
  guint from = region->track->state.class_id;

  region->has_changed = count_result (region, rules, &evidence);
  region->has_state = TRUE;
  region->state = region->track->state;
  if (region->has_changed)
    post_state (self, region, info, from, evidence.confidence);
}

static void
forget_state (GstAlexnetTrack *track)
{
  gst_alexnet_state_reset (&track->state);
  forget_vote (track);
  g_atomic_int_set (&track->pending, FALSE);
}

gboolean
gst_alexnet_classify_confirm (GstAlexnetClassify *self,
    const GstAlexnetItem *item)
{
  gboolean pending = FALSE;
  Rules rules;

  GST_OBJECT_LOCK (self);
  rules.state = self->settings.state_rules;
  rules.vote = self->settings.vote_rules;
  GST_OBJECT_UNLOCK (self);
  for (guint i = 0; i < item->regions->len &&
       gst_alexnet_inflight_wants (self->inflight, item);
       i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (item->regions, i);

    if (!region->track)
      continue;
    if (is_voted_on (region, &rules) ||
        gst_alexnet_state_rules_apply (&rules.state))
      update_state (self, &item->info, region, &rules);
    else
      forget_state (region->track);
    pending |= g_atomic_int_get (&region->track->pending);
  }
  return pending;
}
