/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "propertytables.h"

static const GFlagsValue attaches[] = {
  { GST_ALEXNET_ATTACH_ANALYTICS,
      "GstAnalyticsClsMtd, where built with GStreamer 1.24 or newer",
      "analytics" },
  { GST_ALEXNET_ATTACH_ROI,
      "GstVideoRegionOfInterestMeta with a classification parameter", "roi" },
  { GST_ALEXNET_ATTACH_TENSOR,
      "GstTensorMeta, where built with GStreamer 1.26 or newer", "tensor" },
  { GST_ALEXNET_ATTACH_EMBEDDING,
      "What the last linear layer reads, as GstTensorMeta or in the custom "
      "metadata",
      "embedding" },
  { 0, NULL, NULL },
};

static const GEnumValue posts[] = {
  { GST_ALEXNET_POST_NEVER, "Never", "never" },
  { GST_ALEXNET_POST_ON_CHANGE, "When the best class is another one",
      "on-change" },
  { GST_ALEXNET_POST_ALWAYS, "For every classified frame", "always" },
  { 0, NULL, NULL },
};

const GstAlexnetProperty gst_alexnet_result_properties[] = {
  /**
   * GstAlexnetClassify:top-k:
   *
   * Classes that are kept of each result. For more than eight the GPU has to
   * send back the probabilities of all classes, as for smoothing, ten-crop and
   * tensors. After a change to more than eight, frames that are inside the
   * element already have eight.
   */
  { GST_ALEXNET_PROP_TOP_K, UINT, "top-k", "Top k",
      "Most classes kept of each result, the best ones", PLAYING, 1, G_MAXINT,
      5 },

  /**
   * GstAlexnetClassify:threshold:
   *
   * Classes of a lower probability are dropped. A frame or region of which no
   * class is left has no result: no message, and nothing in the metadata.
   */
  { GST_ALEXNET_PROP_THRESHOLD, FLOAT, "threshold", "Threshold",
      "Least probability of a kept class", PLAYING, 0, 1, 0 },

  /**
   * GstAlexnetClassify:smoothing:
   *
   * Time constant T in nanoseconds of running time, with which the results of
   * the whole frame, of a named region or of a tracked object are smoothed: an
   * exponential moving average of the probabilities of all classes,
   * s' = s + (1 - exp (-dt / T)) (p - s), where dt is the time since it was
   * last classified. What was seen T ago counts 37 % of what is seen now. It
   * begins anew after a start, flush or gap, and where running time goes back.
   */
  { GST_ALEXNET_PROP_SMOOTHING, UINT64, "smoothing", "Smoothing",
      "Time constant of a moving average of results in nanoseconds "
      "(0 = off)",
      PLAYING, 0, G_MAXINT64, 0 },

  /**
   * GstAlexnetClassify:attach-meta:
   *
   * Metadata beside the custom metadata, which is always attached.
   * Without GStreamer 1.24 at build time `analytics` has no effect, and asking
   * for `tensor` without 1.26 posts a warning. The tensor is
   * `classification-generic-softmaxed-out`: 32 bit floats of [regions,
   * classes], in the order of the custom metadata.
   *
   * `embedding` attaches what makes pictures alike or not: the values that the
   * network's last linear layer reads, of an AlexNet the 4096 activations
   * behind fc7 and its ReLU, as the backend computes them; not smoothed, with
   * ten-crop the average of the views, of a stale result those that it was
   * made of. They are a tensor `alexnet-embedding-out` of [regions, values]
   * like the other one, and without GStreamer 1.26 at build time the field
   * `embedding` of the structure. A model without a linear layer is an error.
   */
  { GST_ALEXNET_PROP_ATTACH_META, FLAGS, "attach-meta", "Attach metadata",
      "Metadata attached beside the custom metadata", READY,
      .value = GST_ALEXNET_ATTACH_ANALYTICS, .type = "GstAlexnetAttach",
      .choices = attaches },

  /**
   * GstAlexnetClassify:post-messages:
   *
   * When a result is posted on the bus as an element message.
   */
  { GST_ALEXNET_PROP_POST_MESSAGES, ENUM, "post-messages", "Post messages",
      "When a result is posted on the bus", PLAYING,
      .value = GST_ALEXNET_POST_ON_CHANGE, .type = "GstAlexnetPost",
      .choices = posts },

  /**
   * GstAlexnetClassify:inference-interval:
   *
   * One frame in so many is classified; the first one after a start, flush or
   * gap always is. Segments and streams that follow each other, as behind
   * `concat`, are counted through.
   */
  { GST_ALEXNET_PROP_INFERENCE_INTERVAL, UINT, "inference-interval",
      "Inference interval", "Classify one frame in so many (1 = every frame)",
      PLAYING, 1, G_MAXUINT, 1 },

  /**
   * GstAlexnetClassify:inference-period:
   *
   * One frame in so much running time is classified: the first one after a
   * start, flush or gap, then the first one at or after each whole period since
   * that. Running time runs as fast as the clock, also in reverse and fast
   * playback; where it goes back the periods begin anew. With an
   * inference-interval as well, a frame is classified when both allow it.
   */
  { GST_ALEXNET_PROP_INFERENCE_PERIOD, UINT64, "inference-period",
      "Inference period",
      "Classify one frame in so many nanoseconds of running time "
      "(0 = every frame)",
      PLAYING, 0, G_MAXINT64, 0 },

  /**
   * GstAlexnetClassify:repeat-last:
   *
   * Attach the previous result, marked stale, to frames that are skipped.
   */
  { GST_ALEXNET_PROP_REPEAT_LAST, BOOLEAN, "repeat-last", "Repeat last",
      "Attach the previous result, marked stale, to skipped frames", PLAYING },

  /**
   * GstAlexnetClassify:qos:
   *
   * Do not classify frames that downstream reported to be too late; the
   * frames themselves are never dropped.
   */
  { GST_ALEXNET_PROP_QOS, BOOLEAN, "qos", "Quality of service",
      "Do not classify frames that are late; they are still pushed", PLAYING,
      .value = TRUE },

  { 0 },
};
