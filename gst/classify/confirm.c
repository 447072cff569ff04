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

/* Where classifying failed there is nothing to count. */
static void
count_result (GstAlexnetClassify *self, const GstAlexnetFrameInfo *info,
    GstAlexnetRegion *region, const GstAlexnetStateRules *rules)
{
  GstAlexnetState *state = &region->track->state;
  GstAlexnetEvidence evidence = get_evidence (&self->session, region, info);
  guint from = state->class_id;
  gboolean changed = !region->stale && region->classes &&
      gst_alexnet_state_add (state, rules, &evidence);

  region->has_state = TRUE;
  region->state = *state;
  if (changed)
    post_state (self, region, info, from, evidence.confidence);
}

void
gst_alexnet_classify_confirm (GstAlexnetClassify *self,
    const GstAlexnetItem *item)
{
  GstAlexnetStateRules rules;
  gboolean any_pending = FALSE;

  GST_OBJECT_LOCK (self);
  rules = self->settings.state_rules;
  GST_OBJECT_UNLOCK (self);
  for (guint i = 0; i < item->regions->len; i++) {
    GstAlexnetRegion *region = gst_alexnet_regions_nth (item->regions, i);
    gboolean pending;

    if (!region->track)
      continue;
    if (gst_alexnet_state_rules_apply (&rules))
      count_result (self, &item->info, region, &rules);
    else
      gst_alexnet_state_reset (&region->track->state);
    pending = gst_alexnet_state_is_pending (&region->track->state);
    g_atomic_int_set (&region->track->pending, pending);
    any_pending |= pending;
  }
  GST_OBJECT_LOCK (self);
  self->pending = any_pending;
  GST_OBJECT_UNLOCK (self);
}
