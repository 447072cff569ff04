/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What tuning found, kept in the user's cache directory. A file holds for one
 * identity: everything on which the answers depend besides the question, such
 * as versions, driver and device. A file of another identity, a damaged one or
 * one that cannot be read is as good as none.
 *
 * Format: { "identity": "...", "plans": { "key": "value", ... } }
 *
 * Thread-safety: one thread at a time. Files are replaced as a whole, so that
 * processes do not disturb each other. What others have written meanwhile is
 * kept beside what is new; the last one wins where both have found the same,
 * and where both write in the same moment. */

#ifndef ALEXNET_PLAN_CACHE_H
#define ALEXNET_PLAN_CACHE_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _AlexnetPlanCache AlexnetPlanCache;

/* `prefix` begins the file's name. Never fails. */
AlexnetPlanCache *alexnet_plan_cache_open (const char *prefix,
    const char *identity);

/* Writes the file if something is new. */
void alexnet_plan_cache_save (AlexnetPlanCache *cache);

/* Saves and frees. */
void alexnet_plan_cache_close (AlexnetPlanCache *cache);

/* NULL when there is none. The string is the cache's. */
const char *alexnet_plan_cache_get (AlexnetPlanCache *cache, const char *key);
void alexnet_plan_cache_set (AlexnetPlanCache *cache, const char *key,
    const char *value);

const char *alexnet_plan_cache_get_path (const AlexnetPlanCache *cache);

G_END_DECLS

#endif /* ALEXNET_PLAN_CACHE_H */
