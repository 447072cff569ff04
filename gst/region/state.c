/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "state.h"

gboolean
gst_alexnet_state_rules_apply (const GstAlexnetStateRules *rules)
{
  return rules->count > 0 || rules->duration > 0;
}

void
gst_alexnet_state_reset (GstAlexnetState *state)
{
  *state = (GstAlexnetState){
    .class_id = GST_ALEXNET_NO_CLASS,
    .since = GST_CLOCK_TIME_NONE,
    .candidate = GST_ALEXNET_NO_CLASS,
  };
}

void
gst_alexnet_state_interrupt (GstAlexnetState *state)
{
  state->candidate = GST_ALEXNET_NO_CLASS;
}

gboolean
gst_alexnet_state_is_pending (const GstAlexnetState *state)
{
  return state->candidate != GST_ALEXNET_NO_CLASS;
}

guint
gst_alexnet_state_get_claim (const GstAlexnetStateRules *rules,
    const GstAlexnetEvidence *evidence)
{
  if (evidence->class_id == GST_ALEXNET_NO_CLASS ||
      evidence->confidence < rules->threshold)
    return GST_ALEXNET_UNKNOWN_CLASS;
  return evidence->class_id;
}

static void
count_claim (GstAlexnetState *state, guint claim,
    const GstAlexnetEvidence *evidence)
{
  if (claim != state->candidate ||
      evidence->running_time < state->candidate_time) {
    state->candidate = claim;
    state->candidate_since = evidence->stream_time;
    state->candidate_time = evidence->running_time;
    state->n_agreed = 0;
  }
  state->n_agreed++;
}

gboolean
gst_alexnet_state_add (GstAlexnetState *state,
    const GstAlexnetStateRules *rules, const GstAlexnetEvidence *evidence)
{
  guint claim = gst_alexnet_state_get_claim (rules, evidence);

  if (claim == state->class_id) {
    gst_alexnet_state_interrupt (state);
    return FALSE;
  }
  count_claim (state, claim, evidence);
  if (state->n_agreed < rules->count ||
      evidence->running_time - state->candidate_time < rules->duration)
    return FALSE;
  state->class_id = claim;
  state->since = state->candidate_since;
  state->candidate = GST_ALEXNET_NO_CLASS;
  return TRUE;
}
