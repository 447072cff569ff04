/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The values of the element's writable properties, which properties.h
 * describes. No string of them is empty. */

#ifndef GST_ALEXNET_SETTINGS_H
#define GST_ALEXNET_SETTINGS_H

#include <gst/gst.h>

#include "alexnet.h"
#include "learn/rules.h"
#include "learn/writer.h"
#include "meta/result.h"
#include "schedule.h"

G_BEGIN_DECLS

typedef enum {
  GST_ALEXNET_BACKEND_AUTO,
  GST_ALEXNET_BACKEND_CUDNN,
  GST_ALEXNET_BACKEND_CPU,
  GST_ALEXNET_BACKEND_REFERENCE,
} GstAlexnetBackend;

typedef enum {
  GST_ALEXNET_POST_NEVER,
  GST_ALEXNET_POST_ON_CHANGE,
  GST_ALEXNET_POST_ALWAYS,
} GstAlexnetPost;

typedef enum {
  GST_ALEXNET_INFERENCE_FULL_FRAME,
  GST_ALEXNET_INFERENCE_ROI_LIST,
  GST_ALEXNET_INFERENCE_ROI_LIST_OR_FRAME,
} GstAlexnetInferenceRegion;

/* Red, green, blue or, of a network of one channel, luma; n = 0: the model's
 * own. */
typedef struct {
  guint n; /* how many were given; as many as the network has is right */
  float values[3];
} GstAlexnetChannels;

typedef struct {
  char *model_file, *labels_file;
  char *model_part, *architecture, *mean_file; /* NULL: as the file says */
  GstAlexnetBackend backend;
  AlexnetPrecision precision;
  guint cpu_threads;
  int cuda_device_id; /* -1 = the first, -2 = the least loaded */
  char *engine_id;    /* NULL: shared with all that have none */
  guint max_batch_size;
  guint64 batch_timeout; /* ns */
  guint max_in_flight;   /* 0 = chosen by the element */
  GstAlexnetChannels mean, std;
  GstAlexnetAttach attach;
  gboolean ten_crop;
  char *regions, *regions_file; /* region/named.h; NULL: none */
  char *unknown_label, *ignored_classes; /* the latter as roi_classes */
  char *run_when;       /* classes of detections; NULL: always */
  char *save_directory; /* NULL: nothing is saved */
  GstAlexnetPicture save_format;
  GstAlexnetStoreLimit save_limit;

  /* These may change while the element runs. */
  AlexnetCropMode crop_mode;
  guint top_k;
  float threshold;
  guint64 smoothing; /* ns, time constant; 0 = off */
  GstAlexnetStateRules state_rules;
  GstAlexnetVoteRules vote_rules;
  GstAlexnetPost post;
  GstAlexnetPace pace;
  gboolean repeat_last;
  gboolean qos;
  GstAlexnetInferenceRegion inference_region;
  char *roi_classes;                   /* a comma-separated list; NULL = all */
  guint roi_min_width, roi_min_height; /* pixels */
  guint reclassify_interval;           /* frames; 0 = never again */
  gboolean full_frame_od;
  float motion_threshold; /* levels of luma, 0..255; 0 = off */
  GstAlexnetSaveRules save_rules;
} GstAlexnetSettings;

void gst_alexnet_settings_copy (GstAlexnetSettings *to,
    const GstAlexnetSettings *from);
void gst_alexnet_settings_clear (GstAlexnetSettings *settings);

/* Property ids are the element class's: the writable ones from 1, then those
 * that the element answers itself. */
enum {
  GST_ALEXNET_PROP_MODEL_FILE = 1,
  GST_ALEXNET_PROP_MODEL_PART,
  GST_ALEXNET_PROP_ARCHITECTURE,
  GST_ALEXNET_PROP_MEAN_FILE,
  GST_ALEXNET_PROP_LABELS_FILE,
  GST_ALEXNET_PROP_BACKEND,
  GST_ALEXNET_PROP_PRECISION,
  GST_ALEXNET_PROP_TOP_K,
  GST_ALEXNET_PROP_THRESHOLD,
  GST_ALEXNET_PROP_SMOOTHING,
  GST_ALEXNET_PROP_CROP_MODE,
  GST_ALEXNET_PROP_MEAN,
  GST_ALEXNET_PROP_STD,
  GST_ALEXNET_PROP_MAX_BATCH_SIZE,
  GST_ALEXNET_PROP_BATCH_TIMEOUT,
  GST_ALEXNET_PROP_MAX_IN_FLIGHT,
  GST_ALEXNET_PROP_CPU_THREADS,
  GST_ALEXNET_PROP_CUDA_DEVICE_ID,
  GST_ALEXNET_PROP_ENGINE_ID,
  GST_ALEXNET_PROP_ATTACH_META,
  GST_ALEXNET_PROP_POST_MESSAGES,
  GST_ALEXNET_PROP_INFERENCE_INTERVAL,
  GST_ALEXNET_PROP_INFERENCE_PERIOD,
  GST_ALEXNET_PROP_REPEAT_LAST,
  GST_ALEXNET_PROP_QOS,
  GST_ALEXNET_PROP_TEN_CROP,
  GST_ALEXNET_PROP_REGIONS,
  GST_ALEXNET_PROP_REGIONS_FILE,
  GST_ALEXNET_PROP_INFERENCE_REGION,
  GST_ALEXNET_PROP_ROI_CLASSES,
  GST_ALEXNET_PROP_ROI_MIN_WIDTH,
  GST_ALEXNET_PROP_ROI_MIN_HEIGHT,
  GST_ALEXNET_PROP_RECLASSIFY_INTERVAL,
  GST_ALEXNET_PROP_FULL_FRAME_OD,
  GST_ALEXNET_PROP_CONFIRM_COUNT,
  GST_ALEXNET_PROP_CONFIRM_DURATION,
  GST_ALEXNET_PROP_STATE_THRESHOLD,
  GST_ALEXNET_PROP_UNKNOWN_LABEL,
  GST_ALEXNET_PROP_IGNORED_CLASSES,
  GST_ALEXNET_PROP_PENDING_PERIOD,
  GST_ALEXNET_PROP_VOTE_COUNT,
  GST_ALEXNET_PROP_VOTE_SHARE,
  GST_ALEXNET_PROP_VOTE_MIN_SIDE,
  GST_ALEXNET_PROP_MOTION_THRESHOLD,
  GST_ALEXNET_PROP_RUN_WHEN,
  GST_ALEXNET_PROP_SAVE_DIRECTORY,
  GST_ALEXNET_PROP_SAVE_WHEN,
  GST_ALEXNET_PROP_SAVE_THRESHOLD,
  GST_ALEXNET_PROP_SAVE_INTERVAL,
  GST_ALEXNET_PROP_SAVE_FORMAT,
  GST_ALEXNET_PROP_SAVE_LIMIT_COUNT,
  GST_ALEXNET_PROP_SAVE_LIMIT_BYTES,
  GST_ALEXNET_PROP_ACTIVE_BACKEND,
  GST_ALEXNET_PROP_ACTIVE_PRECISION,
  GST_ALEXNET_PROP_ACTIVE_MODEL,
  GST_ALEXNET_PROP_STATS,
  GST_ALEXNET_PROP_LAST_RESULT,
};

/* FALSE: the property is none of these. */
gboolean gst_alexnet_settings_set (GstAlexnetSettings *settings, guint id,
    const GValue *value);
gboolean gst_alexnet_settings_get (const GstAlexnetSettings *settings, guint id,
    GValue *value);

G_END_DECLS

#endif /* GST_ALEXNET_SETTINGS_H */
