/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which results are worth learning from.
 *
 * Thread-safety: one thread at a time. */

#ifndef GST_ALEXNET_RULES_H
#define GST_ALEXNET_RULES_H

#include "region/regions.h"

G_BEGIN_DECLS

typedef enum {
  GST_ALEXNET_SAVE_UNCERTAIN = 1 << 0,
  GST_ALEXNET_SAVE_CHANGE = 1 << 1,
  GST_ALEXNET_SAVE_FIRST = 1 << 2,
} GstAlexnetSaveWhen;

/* What the user wants; may differ from call to call. */
typedef struct {
  GstAlexnetSaveWhen when;
  float threshold; /* less confidence, 0..1, is uncertain */
  guint interval;  /* one result in so many; 0: none for that */
} GstAlexnetSaveRules;

/* FALSE: no result can match. */
gboolean gst_alexnet_save_rules_apply (const GstAlexnetSaveRules *rules);

/* TRUE: the region, which has just been classified and given its state, is an
 * example. Its track remembers what it was; one without a track is neither the
 * first of anything nor a change. `n_results`: how many there were before, of
 * all regions. */
gboolean gst_alexnet_save_rules_match (const GstAlexnetSaveRules *rules,
    const GstAlexnetRegion *region, guint64 n_results);

G_END_DECLS

#endif /* GST_ALEXNET_RULES_H */
