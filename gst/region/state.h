/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What one thing that is classified again and again is said to be: its state.
 * A result does not change it at once; what results say becomes the state when
 * enough of them in a row have agreed.
 *
 *             result                enough have agreed
 *   NOTHING -----------> PENDING ----------------------> SETTLED
 *      ^                 ^  |  ^                          |   ^
 *      |    another one: |  |  |       another one        |   |
 *      |   it counts now +--+  +--------------------------+   |
 *      |                    |                                 |
 *      +--------------------+---------------------------------+
 *        interrupted, while       interrupted, or the state
 *        there is no state        once more
 *
 * Where one result is enough, what is pending settles with it. A reset leads to
 * NOTHING from everywhere. Each result is of a class, or of none that counts:
 * "unknown" is a state as the classes are.
 *
 * Thread-safety: one thread at a time. */

#ifndef GST_ALEXNET_STATE_H
#define GST_ALEXNET_STATE_H

#include <gst/gst.h>

#include "classes.h"

G_BEGIN_DECLS

/* The state when no class counts. */
#define GST_ALEXNET_UNKNOWN_CLASS (GST_ALEXNET_NO_CLASS - 1)

/* What the user wants; may differ from call to call. Both count and duration
 * have to be reached; where both are 0 there are no states. */
typedef struct {
  guint count;      /* equal results in a row */
  guint64 duration; /* ns of running time from the first to the newest */
  float threshold;  /* least confidence of a class that counts, 0..1 */
} GstAlexnetStateRules;

/* A result. */
typedef struct {
  guint class_id;            /* the best class, or GST_ALEXNET_NO_CLASS */
  float confidence;          /* 0..1 */
  GstClockTime running_time; /* not NONE */
  GstClockTime stream_time;  /* NONE where unknown */
} GstAlexnetEvidence;

/* Zero is no state; gst_alexnet_state_reset() makes one. */
typedef struct {
  guint class_id;     /* or UNKNOWN_CLASS; NO_CLASS: there is none yet */
  GstClockTime since; /* stream time of the first result that agreed */

  guint candidate;              /* as class_id; NO_CLASS: nothing is pending */
  GstClockTime candidate_since; /* stream time */
  GstClockTime candidate_time;  /* running time */
  guint n_agreed; /* results of the candidate or, where nothing is pending,
                     those that made the state */
} GstAlexnetState;

/* FALSE: there are to be no states. */
gboolean gst_alexnet_state_rules_apply (const GstAlexnetStateRules *rules);

/* NOTHING. */
void gst_alexnet_state_reset (GstAlexnetState *state);

/* Some of the results are missing: what is pending has to begin anew. */
void gst_alexnet_state_interrupt (GstAlexnetState *state);

gboolean gst_alexnet_state_is_pending (const GstAlexnetState *state);

/* The class that a result speaks for, or UNKNOWN_CLASS. */
guint gst_alexnet_state_get_claim (const GstAlexnetStateRules *rules,
    const GstAlexnetEvidence *evidence);

/* TRUE: the state is another one now. Where running time goes back, what is
 * pending begins anew. */
gboolean gst_alexnet_state_add (GstAlexnetState *state,
    const GstAlexnetStateRules *rules, const GstAlexnetEvidence *evidence);

G_END_DECLS

#endif /* GST_ALEXNET_STATE_H */
