/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The names of what a classification is written as: one GstStructure that is
 * the custom metadata, the bus message and the property last-result.
 * gstalexnetclassify.c documents for users what its fields mean. */

#ifndef GST_ALEXNET_NAMES_H
#define GST_ALEXNET_NAMES_H

#define GST_ALEXNET_RESULT_NAME "alexnet-classification"

/* Of the frame. guint64: */
#define GST_ALEXNET_FIELD_TIMESTAMP "timestamp"
#define GST_ALEXNET_FIELD_RUNNING_TIME "running-time"
#define GST_ALEXNET_FIELD_STREAM_TIME "stream-time"
#define GST_ALEXNET_FIELD_DURATION "duration"
#define GST_ALEXNET_FIELD_FRAME_NUMBER "frame-number"
/* strings: */
#define GST_ALEXNET_FIELD_MODEL "model"
#define GST_ALEXNET_FIELD_BACKEND "backend"
/* GstValueArray of GstStructure: */
#define GST_ALEXNET_FIELD_REGIONS "regions"

/* Of a region. gboolean: */
#define GST_ALEXNET_FIELD_STALE "stale"
/* string and gint: */
#define GST_ALEXNET_FIELD_REGION "region"
#define GST_ALEXNET_FIELD_ROI_ID "roi-id"
/* string, of a region that has a name: */
#define GST_ALEXNET_FIELD_REGION_NAME "region-name"
/* gdouble: */
#define GST_ALEXNET_FIELD_X "x"
#define GST_ALEXNET_FIELD_Y "y"
#define GST_ALEXNET_FIELD_WIDTH "width"
#define GST_ALEXNET_FIELD_HEIGHT "height"
/* guint64: */
#define GST_ALEXNET_FIELD_INFERENCE_TIME "inference-time"
#define GST_ALEXNET_FIELD_TRACKING_ID "tracking-id"
/* GstValueArray of strings, gint and gfloat, best class first: */
#define GST_ALEXNET_FIELD_LABELS "labels"
#define GST_ALEXNET_FIELD_CLASS_IDS "class-ids"
#define GST_ALEXNET_FIELD_CONFIDENCES "confidences"
/* GBytes: floats of this machine's byte order. Of results that have an
 * embedding, in builds that have no tensor for it: */
#define GST_ALEXNET_FIELD_EMBEDDING "embedding"

/* strings, where states are kept of the region: what it is, since when
 * (guint64, stream time), and what it may become, if anything, after how many
 * results in a row (guint). */
#define GST_ALEXNET_FIELD_STATE "state"
#define GST_ALEXNET_FIELD_SINCE "since"
#define GST_ALEXNET_FIELD_CANDIDATE "candidate"
#define GST_ALEXNET_FIELD_AGREED "agreed"

/* The message of a change of state has fields of the frame and the region,
 * since when it is and how many agreed, and strings and a gfloat: */
#define GST_ALEXNET_STATE_NAME "alexnet-state"
#define GST_ALEXNET_FIELD_FROM "from"
#define GST_ALEXNET_FIELD_TO "to"
#define GST_ALEXNET_FIELD_CONFIDENCE "confidence"

/* What GST_ALEXNET_FIELD_REGION says. */
#define GST_ALEXNET_FULL_FRAME "full-frame"
#define GST_ALEXNET_ROI "roi"
#define GST_ALEXNET_NAMED "named"

#endif /* GST_ALEXNET_NAMES_H */
