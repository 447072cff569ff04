/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the results of one object agree on while it is followed: a vote, in
 * which each counts as much as it is sure, and one that is of no class counts
 * for "unknown" in full. The class with the greatest weight w of all weights W
 * becomes the state when there are enough results and w >= share W, and then is
 * decided for good; that it is unknown is not.
 *
 * Thread-safety: one thread at a time. */

#ifndef GST_ALEXNET_VOTE_H
#define GST_ALEXNET_VOTE_H

#include "state.h"

G_BEGIN_DECLS

/* What the user wants; may differ from call to call. */
typedef struct {
  guint count;    /* results that it takes; 0: there is no vote */
  float share;    /* least part of all weights, 0..1 */
  guint min_side; /* pixels that a region needs both ways to have a vote */
} GstAlexnetVoteRules;

/* Zero is one in which nobody has voted; to be cleared. */
typedef struct {
  GArray *parties; /* by class: its results and weight */
  guint n;
  double weight; /* of all */
} GstAlexnetVote;

/* Nobody has voted. */
void gst_alexnet_vote_clear (GstAlexnetVote *vote);

/* Counts a result that says `claim`, and puts into the state what all of them
 * say: who wins or, as the candidate, who leads. TRUE: the state is another one
 * now. */
gboolean gst_alexnet_vote_add (GstAlexnetVote *vote,
    const GstAlexnetVoteRules *rules, guint claim,
    const GstAlexnetEvidence *evidence, GstAlexnetState *state);

G_END_DECLS

#endif /* GST_ALEXNET_VOTE_H */
