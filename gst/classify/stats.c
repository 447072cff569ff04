/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stats.h"

#include <stdlib.h>

static void
add_time (GstAlexnetTimes *times, guint64 value)
{
  times->values[times->next] = value;
  times->next = (times->next + 1) % GST_ALEXNET_STATS_WINDOW;
  times->n = MIN (times->n + 1, GST_ALEXNET_STATS_WINDOW);
}

void
gst_alexnet_stats_add_request (GstAlexnetStats *stats,
    const AlexnetResult *result)
{
  stats->requests++;
  stats->batches += 1.0 / result->batch_size;
  add_time (&stats->inference, result->inference_time);
  add_time (&stats->queue, result->queue_time);
}

void
gst_alexnet_stats_add_result (GstAlexnetStats *stats, guint64 latency,
    guint64 total_time)
{
  stats->inferred++;
  add_time (&stats->total, total_time);
  add_time (&stats->latency, latency);
}

static int
compare (const void *a, const void *b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return (x > y) - (x < y);
}

guint64
gst_alexnet_times_percentile (const GstAlexnetTimes *times, guint percent)
{
  guint64 sorted[GST_ALEXNET_STATS_WINDOW];

  if (times->n == 0)
    return 0;
  memcpy (sorted, times->values, times->n * sizeof *sorted);
  qsort (sorted, times->n, sizeof *sorted, compare);
  return sorted[(times->n - 1) * percent / 100];
}

static void
set_percentiles (GstStructure *structure, const char *name,
    const GstAlexnetTimes *times)
{
  static const guint percents[] = { 50, 95, 99 };

  for (guint i = 0; i < G_N_ELEMENTS (percents); i++) {
    g_autofree char *field = g_strdup_printf ("%s-p%u", name, percents[i]);

    gst_structure_set (structure, field, G_TYPE_UINT64,
        gst_alexnet_times_percentile (times, percents[i]), NULL);
  }
}

GstStructure *
gst_alexnet_stats_to_structure (const GstAlexnetStats *stats,
    const AlexnetEngineStats *engine)
{
  double mean = stats->batches > 0 ? stats->requests / stats->batches : 0;
  GstStructure *structure = gst_structure_new ("alexnet-classification-stats",
      "frames", G_TYPE_UINT64, stats->frames, "inferred", G_TYPE_UINT64,
      stats->inferred, "skipped-interval", G_TYPE_UINT64,
      stats->skipped_interval, "skipped-period", G_TYPE_UINT64,
      stats->skipped_period, "skipped-qos", G_TYPE_UINT64, stats->skipped_qos,
      "skipped-run-when", G_TYPE_UINT64, stats->skipped_run_when,
      "skipped-motion", G_TYPE_UINT64, stats->skipped_motion, "regions",
      G_TYPE_UINT64, stats->regions, "skipped-regions", G_TYPE_UINT64,
      stats->skipped_regions, "repeated-regions", G_TYPE_UINT64,
      stats->repeated_regions, "below-threshold", G_TYPE_UINT64,
      stats->below_threshold, "examples", G_TYPE_UINT64, stats->examples,
      "examples-dropped", G_TYPE_UINT64, stats->examples_dropped,
      "examples-failed", G_TYPE_UINT64, stats->examples_failed, "errors",
      G_TYPE_UINT64, stats->errors, "batches", G_TYPE_UINT64,
      (guint64) (stats->batches + 0.5), "mean-batch", G_TYPE_DOUBLE, mean,
      "device-memory", G_TYPE_UINT64, engine->device_memory, "cuda-device",
      G_TYPE_INT, engine->cuda_device - 1, NULL);

  set_percentiles (structure, "inference-time", &stats->inference);
  set_percentiles (structure, "queue-time", &stats->queue);
  set_percentiles (structure, "total-time", &stats->total);
  return structure;
}
