/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the element counts. Thread-safety: the caller holds a lock. */

#ifndef GST_ALEXNET_STATS_H
#define GST_ALEXNET_STATS_H

#include <gst/gst.h>

#include "alexnet.h"

G_BEGIN_DECLS

/* Percentiles are over this many newest frames. */
#define GST_ALEXNET_STATS_WINDOW 512

typedef struct {
  guint64 values[GST_ALEXNET_STATS_WINDOW]; /* ns */
  guint n, next;
} GstAlexnetTimes;

typedef struct {
  guint64 frames;   /* all that came out */
  guint64 inferred; /* frames and regions that the network gave results for */
  guint64 requests; /* images that it computed for them */
  guint64 regions, skipped_regions; /* of detectors: wanted, and left out */
  guint64 repeated_regions;         /* with an earlier result */
  guint64 skipped_interval, skipped_period, skipped_qos, skipped_run_when;
  guint64 skipped_motion;  /* frames and regions that did not change */
  guint64 below_threshold; /* inferred, but no class was kept */
  guint64 examples, examples_dropped, examples_failed; /* see save-directory */
  guint64 errors; /* corrupt, not mappable, NaN or infinity */
  double batches; /* a shared batch counts by our part of it */
  GstAlexnetTimes inference, queue, total;
  GstAlexnetTimes latency; /* added to a frame by the engine alone */
} GstAlexnetStats;

void gst_alexnet_stats_add_request (GstAlexnetStats *stats,
    const AlexnetResult *result);
void gst_alexnet_stats_add_result (GstAlexnetStats *stats, guint64 latency,
    guint64 total_time);

/* The value below which `percent` of the times lie; 0 when there are none. */
guint64 gst_alexnet_times_percentile (const GstAlexnetTimes *times,
    guint percent);

/* Named "alexnet-classification-stats". */
GstStructure *gst_alexnet_stats_to_structure (const GstAlexnetStats *stats,
    const AlexnetEngineStats *engine);

G_END_DECLS

#endif /* GST_ALEXNET_STATS_H */
