/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rules.h"

gboolean
gst_alexnet_save_rules_apply (const GstAlexnetSaveRules *rules)
{
  return rules->when != 0 || rules->interval != 0;
}

static gboolean
is_uncertain (const GstAlexnetClasses *classes, float threshold)
{
  return classes->n == 0 || classes->confidences[0] < threshold;
}

/* Where states are kept, they are what changes. */
static GstAlexnetSaveWhen
follow (GstAlexnetTrack *track, const GstAlexnetRegion *region)
{
  guint before = track->learned_class;
  guint now = region->has_state ? region->state.class_id
                                : gst_alexnet_region_get_best (region);
  GstAlexnetSaveWhen when = track->is_learned_from ? 0 : GST_ALEXNET_SAVE_FIRST;

  track->is_learned_from = TRUE;
  if (now == GST_ALEXNET_NO_CLASS)
    return when;
  track->learned_class = now;
  if (before != GST_ALEXNET_NO_CLASS && now != before)
    when |= GST_ALEXNET_SAVE_CHANGE;
  return when;
}

gboolean
gst_alexnet_save_rules_match (const GstAlexnetSaveRules *rules,
    const GstAlexnetRegion *region, guint64 n_results)
{
  GstAlexnetSaveWhen when = 0;

  if (region->track)
    when = follow (region->track, region);
  if (is_uncertain (region->classes, rules->threshold))
    when |= GST_ALEXNET_SAVE_UNCERTAIN;
  return (when & rules->when) != 0 ||
      (rules->interval != 0 && n_results % rules->interval == 0);
}
