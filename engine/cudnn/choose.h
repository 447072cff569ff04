/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How an operation is to be computed: what the cache says, or else what the
 * clock says. */

#ifndef ALEXNET_CUDNN_CHOOSE_H
#define ALEXNET_CUDNN_CHOOSE_H

#include "backend/plan-cache.h"
#include "steps.h"

G_BEGIN_DECLS

/* Makes the way of operation `i`, and tells the cache what was found. Any time
 * but while a stream is captured. UNSUPPORTED when there is none, NO_MEMORY,
 * DEVICE. */
gboolean alexnet_way_choose (AlexnetWay *way, const AlexnetSteps *steps,
    const AlexnetSchedule *schedule, guint i, AlexnetPlanCache *cache,
    GError **error);

G_END_DECLS

#endif /* ALEXNET_CUDNN_CHOOSE_H */
