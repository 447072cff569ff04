/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "settings.h"

#include "property/fields.h"

#define FIELD(name) G_STRUCT_OFFSET (GstAlexnetSettings, name)

/* Where what has to be freed lies. */
static const gsize texts[] = { FIELD (model_file), FIELD (model_part),
  FIELD (architecture), FIELD (mean_file), FIELD (labels_file),
  FIELD (engine_id), FIELD (regions), FIELD (regions_file), FIELD (roi_classes),
  FIELD (unknown_label), FIELD (ignored_classes), FIELD (run_when),
  FIELD (save_directory) };

void
gst_alexnet_settings_copy (GstAlexnetSettings *to,
    const GstAlexnetSettings *from)
{
  *to = *from;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    char **text = G_STRUCT_MEMBER_P (to, texts[i]);

    *text = g_strdup (*text);
  }
}

void
gst_alexnet_settings_clear (GstAlexnetSettings *settings)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_clear_pointer ((char **) G_STRUCT_MEMBER_P (settings, texts[i]), g_free);
}

static void
set_channels (GstAlexnetChannels *channels, const GValue *value)
{
  channels->n = gst_value_array_get_size (value);
  for (guint i = 0; i < MIN (channels->n, 3); i++)
    channels->values[i] = g_value_get_float (gst_value_array_get_value (value,
        i));
}

static void
get_channels (const GstAlexnetChannels *channels, GValue *value)
{
  for (guint i = 0; i < MIN (channels->n, 3); i++) {
    GValue channel = G_VALUE_INIT;

    g_value_init (&channel, G_TYPE_FLOAT);
    g_value_set_float (&channel, channels->values[i]);
    gst_value_array_append_and_take_value (value, &channel);
  }
}

/* Where the writable properties lie; their types say what is there. */
static const gsize fields[] = {
  [GST_ALEXNET_PROP_MODEL_FILE] = FIELD (model_file),
  [GST_ALEXNET_PROP_MODEL_PART] = FIELD (model_part),
  [GST_ALEXNET_PROP_ARCHITECTURE] = FIELD (architecture),
  [GST_ALEXNET_PROP_MEAN_FILE] = FIELD (mean_file),
  [GST_ALEXNET_PROP_LABELS_FILE] = FIELD (labels_file),
  [GST_ALEXNET_PROP_BACKEND] = FIELD (backend),
  [GST_ALEXNET_PROP_PRECISION] = FIELD (precision),
  [GST_ALEXNET_PROP_TOP_K] = FIELD (top_k),
  [GST_ALEXNET_PROP_THRESHOLD] = FIELD (threshold),
  [GST_ALEXNET_PROP_SMOOTHING] = FIELD (smoothing),
  [GST_ALEXNET_PROP_CROP_MODE] = FIELD (crop_mode),
  [GST_ALEXNET_PROP_MEAN] = FIELD (mean),
  [GST_ALEXNET_PROP_STD] = FIELD (std),
  [GST_ALEXNET_PROP_MAX_BATCH_SIZE] = FIELD (max_batch_size),
  [GST_ALEXNET_PROP_BATCH_TIMEOUT] = FIELD (batch_timeout),
  [GST_ALEXNET_PROP_MAX_IN_FLIGHT] = FIELD (max_in_flight),
  [GST_ALEXNET_PROP_CPU_THREADS] = FIELD (cpu_threads),
  [GST_ALEXNET_PROP_CUDA_DEVICE_ID] = FIELD (cuda_device_id),
  [GST_ALEXNET_PROP_ENGINE_ID] = FIELD (engine_id),
  [GST_ALEXNET_PROP_ATTACH_META] = FIELD (attach),
  [GST_ALEXNET_PROP_POST_MESSAGES] = FIELD (post),
  [GST_ALEXNET_PROP_INFERENCE_INTERVAL] = FIELD (pace.interval),
  [GST_ALEXNET_PROP_INFERENCE_PERIOD] = FIELD (pace.period),
  [GST_ALEXNET_PROP_REPEAT_LAST] = FIELD (repeat_last),
  [GST_ALEXNET_PROP_QOS] = FIELD (qos),
  [GST_ALEXNET_PROP_TEN_CROP] = FIELD (ten_crop),
  [GST_ALEXNET_PROP_REGIONS] = FIELD (regions),
  [GST_ALEXNET_PROP_REGIONS_FILE] = FIELD (regions_file),
  [GST_ALEXNET_PROP_INFERENCE_REGION] = FIELD (inference_region),
  [GST_ALEXNET_PROP_ROI_CLASSES] = FIELD (roi_classes),
  [GST_ALEXNET_PROP_ROI_MIN_WIDTH] = FIELD (roi_min_width),
  [GST_ALEXNET_PROP_ROI_MIN_HEIGHT] = FIELD (roi_min_height),
  [GST_ALEXNET_PROP_RECLASSIFY_INTERVAL] = FIELD (reclassify_interval),
  [GST_ALEXNET_PROP_FULL_FRAME_OD] = FIELD (full_frame_od),
  [GST_ALEXNET_PROP_CONFIRM_COUNT] = FIELD (state_rules.count),
  [GST_ALEXNET_PROP_CONFIRM_DURATION] = FIELD (state_rules.duration),
  [GST_ALEXNET_PROP_STATE_THRESHOLD] = FIELD (state_rules.threshold),
  [GST_ALEXNET_PROP_UNKNOWN_LABEL] = FIELD (unknown_label),
  [GST_ALEXNET_PROP_IGNORED_CLASSES] = FIELD (ignored_classes),
  [GST_ALEXNET_PROP_PENDING_PERIOD] = FIELD (pace.pending_period),
  [GST_ALEXNET_PROP_VOTE_COUNT] = FIELD (vote_rules.count),
  [GST_ALEXNET_PROP_VOTE_SHARE] = FIELD (vote_rules.share),
  [GST_ALEXNET_PROP_VOTE_MIN_SIDE] = FIELD (vote_rules.min_side),
  [GST_ALEXNET_PROP_MOTION_THRESHOLD] = FIELD (motion_threshold),
  [GST_ALEXNET_PROP_RUN_WHEN] = FIELD (run_when),
  [GST_ALEXNET_PROP_SAVE_DIRECTORY] = FIELD (save_directory),
  [GST_ALEXNET_PROP_SAVE_WHEN] = FIELD (save_rules.when),
  [GST_ALEXNET_PROP_SAVE_THRESHOLD] = FIELD (save_rules.threshold),
  [GST_ALEXNET_PROP_SAVE_INTERVAL] = FIELD (save_rules.interval),
  [GST_ALEXNET_PROP_SAVE_FORMAT] = FIELD (save_format),
  [GST_ALEXNET_PROP_SAVE_LIMIT_COUNT] = FIELD (save_limit.n),
  [GST_ALEXNET_PROP_SAVE_LIMIT_BYTES] = FIELD (save_limit.bytes),
};

gboolean
gst_alexnet_settings_set (GstAlexnetSettings *settings, guint id,
    const GValue *value)
{
  if (id >= G_N_ELEMENTS (fields))
    return FALSE;
  if (!gst_alexnet_property_store (settings, fields[id], value))
    set_channels (G_STRUCT_MEMBER_P (settings, fields[id]), value);
  return TRUE;
}

gboolean
gst_alexnet_settings_get (const GstAlexnetSettings *settings, guint id,
    GValue *value)
{
  if (id >= G_N_ELEMENTS (fields))
    return FALSE;
  if (!gst_alexnet_property_read (settings, fields[id], value))
    get_channels (G_STRUCT_MEMBER_P (settings, fields[id]), value);
  return TRUE;
}
