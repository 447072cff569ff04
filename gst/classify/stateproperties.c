/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "propertytables.h"

const GstAlexnetProperty gst_alexnet_state_properties[] = {
  /**
   * GstAlexnetClassify:confirm-count:
   *
   * Results in a row that have to agree before their best class becomes the
   * state of the whole frame, of a named region or of a tracked object. With 1
   * each result is a state at once; repeated results do not count. Each change
   * of a state, the first one too, is posted on the bus as an element message
   * `alexnet-state`, whatever #GstAlexnetClassify:post-messages says, and the
   * metadata have the state beside the classes. A state outlasts gaps, during
   * which nothing is confirmed, and ends with a flush or another stream. A
   * tracked object whose state is pending is classified in each classified
   * frame, whatever #GstAlexnetClassify:reclassify-interval says; a gap makes
   * it another one.
   */
  { GST_ALEXNET_PROP_CONFIRM_COUNT, UINT, "confirm-count", "Confirm count",
      "Equal results in a row that make their class the state (0 = off)",
      PLAYING, 0, G_MAXUINT, 0 },

  /**
   * GstAlexnetClassify:confirm-duration:
   *
   * Running time for which all results have to agree before their best class
   * becomes the state. With #GstAlexnetClassify:confirm-count as well both are
   * needed.
   */
  { GST_ALEXNET_PROP_CONFIRM_DURATION, UINT64, "confirm-duration",
      "Confirm duration",
      "Running time in nanoseconds of equal results that makes their class the "
      "state (0 = off)",
      PLAYING, 0, G_MAXINT64, 0 },

  /**
   * GstAlexnetClassify:state-threshold:
   *
   * What a class needs to count for a state. A result whose best class has
   * less counts as #GstAlexnetClassify:unknown-label, as does one of which
   * #GstAlexnetClassify:threshold leaves nothing; frames of those carry
   * metadata where the state changes with them, and no others.
   */
  { GST_ALEXNET_PROP_STATE_THRESHOLD, FLOAT, "state-threshold",
      "State threshold", "Least probability of a class that counts for a state",
      PLAYING, 0, 1, 0 },

  /**
   * GstAlexnetClassify:unknown-label:
   *
   * The state when no class is sure enough for long enough. It is confirmed as
   * the others are. A class of this name counts as it.
   */
  { GST_ALEXNET_PROP_UNKNOWN_LABEL, STRING, "unknown-label", "Unknown label",
      "Name of the state in which no class counts", READY, .text = "unknown" },

  /**
   * GstAlexnetClassify:ignored-classes:
   *
   * Classes that never become a state, e.g. `ignored-classes="none,other"`: a
   * result whose best class is one of them counts as
   * #GstAlexnetClassify:unknown-label. A name that no label has is an error. A
   * comma in a label is written `\,` and a backslash `\\`.
   */
  { GST_ALEXNET_PROP_IGNORED_CLASSES, STRING, "ignored-classes",
      "Ignored classes",
      "Comma-separated labels of classes that never become a state (\\, for a "
      "comma in one); NULL = none",
      READY },

  /**
   * GstAlexnetClassify:pending-period:
   *
   * While a change of a state is pending, one frame in so much running time is
   * classified, beside those that #GstAlexnetClassify:inference-interval and
   * #GstAlexnetClassify:inference-period let through. Frames that are inside
   * the element when the first result comes out are not reached by it.
   */
  { GST_ALEXNET_PROP_PENDING_PERIOD, UINT64, "pending-period", "Pending period",
      "While a state is pending classify one frame in so many nanoseconds of "
      "running time (0 = as otherwise)",
      PLAYING, 0, G_MAXINT64, 0 },

  /**
   * GstAlexnetClassify:vote-count:
   *
   * Results that it takes at least to agree on the class of a tracked object.
   * Each counts as much as it is sure; the class that has
   * #GstAlexnetClassify:vote-share of all becomes the state of the object for
   * good, and the object is not classified again. Until then
   * #GstAlexnetClassify:reclassify-interval says how often it is. A result that
   * counts as #GstAlexnetClassify:unknown-label counts in full, and when these
   * win the vote goes on. States of objects are then not a matter of
   * #GstAlexnetClassify:confirm-count.
   */
  { GST_ALEXNET_PROP_VOTE_COUNT, UINT, "vote-count", "Vote count",
      "Results that agree on the class of a tracked object, at least (0 = "
      "no vote)",
      PLAYING, 0, G_MAXUINT, 0 },

  /**
   * GstAlexnetClassify:vote-share:
   *
   * See #GstAlexnetClassify:vote-count.
   */
  { GST_ALEXNET_PROP_VOTE_SHARE, FLOAT, "vote-share", "Vote share",
      "Part of all votes on a tracked object that its class needs", PLAYING, 0,
      1, 0.6 },

  /**
   * GstAlexnetClassify:vote-min-side:
   *
   * What an object's region needs both ways for its result to have a vote:
   * small ones are often taken for something else.
   */
  { GST_ALEXNET_PROP_VOTE_MIN_SIDE, UINT, "vote-min-side", "Vote minimum side",
      "Least visible width and height in pixels of a region that has a vote",
      PLAYING, 1, G_MAXINT, 1 },

  { 0 },
};
