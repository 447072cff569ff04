/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "propertytables.h"

const GstAlexnetProperty gst_alexnet_readonly_properties[] = {
  /**
   * GstAlexnetClassify:active-backend:
   *
   * The backend that really runs.
   */
  { GST_ALEXNET_PROP_ACTIVE_BACKEND, STRING, "active-backend", "Active backend",
      "The backend that runs; none outside PAUSED and PLAYING", READABLE,
      .text = "none" },

  /**
   * GstAlexnetClassify:active-precision:
   *
   * The precision that really is computed in.
   */
  { GST_ALEXNET_PROP_ACTIVE_PRECISION, STRING, "active-precision",
      "Active precision",
      "The precision computed in; none outside PAUSED and PLAYING", READABLE,
      .text = "none" },

  /**
   * GstAlexnetClassify:active-model:
   *
   * The model file that really is used, wherever it was found.
   */
  { GST_ALEXNET_PROP_ACTIVE_MODEL, STRING, "active-model", "Active model",
      "Path of the model file in use; none outside PAUSED and PLAYING",
      READABLE, .text = "none" },

  /**
   * GstAlexnetClassify:stats:
   *
   * Counters since the start: frames, inferred (results of frames and
   * regions), skipped-interval, skipped-period, skipped-qos, skipped-run-when,
   * skipped-motion (frames and regions that did not change), regions (that were
   * wanted), skipped-regions (empty, outside the frame or too small),
   * repeated-regions (not classified again, be it for
   * #GstAlexnetClassify:reclassify-interval or that they did not change),
   * below-threshold, examples (that were saved), examples-dropped (for there
   * were too many), examples-failed (that could not be written), errors (frames
   * that are corrupt or gave no finite result), batches (guint64),
   * mean-batch (gdouble); device-memory, the bytes that the engine holds on its
   * device now, 0 on a CPU (guint64); cuda-device, the number of that device,
   * -1 on a CPU (gint); and p50, p95, p99 of inference-time, queue-time
   * (waiting for a batch) and total-time (from chain to result) over the last
   * 512 classified frames (guint64, nanoseconds, e.g. inference-time-p95).
   */
  { GST_ALEXNET_PROP_STATS, STRUCTURE, "stats", "Statistics",
      "Frames counted, and times in nanoseconds", READABLE },

  /**
   * GstAlexnetClassify:last-result:
   *
   * The newest result, laid out as the metadata is. notify::last-result is
   * emitted for each one, by the streaming thread and before the frame is
   * pushed; `gst-launch-1.0 -v -X last-result` does not print it.
   */
  { GST_ALEXNET_PROP_LAST_RESULT, STRUCTURE, "last-result", "Last result",
      "The newest result, laid out as the metadata is", READABLE },

  { 0 },
};
