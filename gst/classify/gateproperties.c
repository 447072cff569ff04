/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "propertytables.h"

const GstAlexnetProperty gst_alexnet_gate_properties[] = {
  /**
   * GstAlexnetClassify:motion-threshold:
   *
   * A frame or region that is due but whose picture has hardly changed since it
   * was last classified is not; its last result is attached, marked stale. The
   * whole frame, #GstAlexnetClassify:regions and objects of a tracker are known
   * again, each by itself; detections without a tracker are always classified.
   *
   * Pictures are compared as 16 x 16 cells of luma, each the mean of eight
   * pixels of its middle row. The threshold is a mean absolute difference of
   * these, in levels of 8 bit luma, 0..255: noise that has the standard
   * deviation s in each pixel makes 0.4 s. Slow changes add up until they are
   * seen. While there is no state or a change of it is pending
   * (#GstAlexnetClassify:confirm-count) or a vote on an object not decided
   * (#GstAlexnetClassify:vote-count) pictures are classified whether they have
   * changed or not. After a start, flush or gap all is classified.
   * `skipped-motion` in #GstAlexnetClassify:stats counts what is not. On frames
   * in GPU memory it has no effect, and a warning says so.
   */
  { GST_ALEXNET_PROP_MOTION_THRESHOLD, FLOAT, "motion-threshold",
      "Motion threshold",
      "Repeat the result of a frame or region that has changed by less, in "
      "levels of luma, 0..255 (0 = off)",
      PLAYING, 0, 255, 0 },

  /**
   * GstAlexnetClassify:run-when:
   *
   * Classes of a detector upstream, e.g. `run-when="person,car"`: only frames
   * that have a detection of one of them are classified, GstAnalyticsODMtd
   * (GStreamer 1.24 or newer) or, on frames without, of
   * #GstVideoRegionOfInterestMeta. What of them is classified
   * #GstAlexnetClassify:inference-region says. A frame that is due and has none
   * leaves the next one due; `skipped-run-when` in #GstAlexnetClassify:stats
   * counts it, and #GstAlexnetClassify:repeat-last holds for it.
   *
   * A comma in a class is written `\,` and a backslash `\\`.
   *
   * A class that is empty is an error in READY. One that no detector has can
   * only be told from what comes: when 100 frames have had detections, and none
   * has had one of these classes, a warning names both. Another says so at the
   * end of a stream in which none came.
   */
  { GST_ALEXNET_PROP_RUN_WHEN, STRING, "run-when", "Run when",
      "Comma-separated detector classes (\\, for a comma in one); only frames "
      "with a detection of one are classified; NULL = all frames",
      READY },

  { 0 },
};
