/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "vote.h"

typedef struct {
  guint class_id;
  guint n;
  double weight;
  GstClockTime since; /* stream time of its first result */
} Party;

void
gst_alexnet_vote_clear (GstAlexnetVote *vote)
{
  g_clear_pointer (&vote->parties, g_array_unref);
  vote->n = 0;
  vote->weight = 0;
}

static Party *
get_party (GstAlexnetVote *vote, guint class_id, GstClockTime now)
{
  Party fresh = { .class_id = class_id, .since = now };

  if (!vote->parties)
    vote->parties = g_array_new (FALSE, FALSE, sizeof (Party));
  for (guint i = 0; i < vote->parties->len; i++) {
    Party *party = &g_array_index (vote->parties, Party, i);

    if (party->class_id == class_id)
      return party;
  }
  g_array_append_val (vote->parties, fresh);
  return &g_array_index (vote->parties, Party, vote->parties->len - 1);
}

static const Party *
find_leader (const GstAlexnetVote *vote)
{
  const Party *leader = &g_array_index (vote->parties, Party, 0);

  for (guint i = 1; i < vote->parties->len; i++) {
    const Party *party = &g_array_index (vote->parties, Party, i);

    if (party->weight > leader->weight)
      leader = party;
  }
  return leader;
}

static gboolean
wins (const GstAlexnetVote *vote, const GstAlexnetVoteRules *rules,
    const Party *party)
{
  return vote->n >= rules->count &&
      party->weight >= rules->share * vote->weight;
}

gboolean
gst_alexnet_vote_add (GstAlexnetVote *vote, const GstAlexnetVoteRules *rules,
    guint claim, const GstAlexnetEvidence *evidence, GstAlexnetState *state)
{
  Party *party = get_party (vote, claim, evidence->stream_time);
  double weight = claim == GST_ALEXNET_UNKNOWN_CLASS ? 1 : evidence->confidence;
  const Party *leader;

  party->n++;
  party->weight += weight;
  vote->n++;
  vote->weight += weight;
  leader = find_leader (vote);
  state->n_agreed = leader->n;
  gst_alexnet_state_interrupt (state);
  if (leader->class_id == state->class_id)
    return FALSE;
  if (!wins (vote, rules, leader)) {
    state->candidate = leader->class_id;
    return FALSE;
  }
  state->class_id = leader->class_id;
  state->since = leader->since;
  return TRUE;
}
