/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "settings.h"

#define DEFAULT_BACKEND GST_ALEXNET_BACKEND_AUTO
#define DEFAULT_PRECISION ALEXNET_PRECISION_AUTO
#define DEFAULT_TOP_K 5
#define DEFAULT_THRESHOLD 0.0f
#define DEFAULT_CROP_MODE ALEXNET_CROP_CENTER
#define DEFAULT_MAX_BATCH_SIZE 16
#define DEFAULT_BATCH_TIMEOUT 0
#define DEFAULT_MAX_IN_FLIGHT 0
#define DEFAULT_CPU_THREADS 0
#define DEFAULT_CUDA_DEVICE_ID -1
#define DEFAULT_SMOOTHING 0
#define DEFAULT_ATTACH GST_ALEXNET_ATTACH_ANALYTICS
#define DEFAULT_POST GST_ALEXNET_POST_ON_CHANGE
#define DEFAULT_INFERENCE_INTERVAL 1
#define DEFAULT_INFERENCE_PERIOD 0
#define DEFAULT_REPEAT_LAST FALSE
#define DEFAULT_QOS TRUE
#define DEFAULT_TEN_CROP FALSE
#define DEFAULT_INFERENCE_REGION GST_ALEXNET_INFERENCE_FULL_FRAME
#define DEFAULT_ROI_MIN 1
#define DEFAULT_RECLASSIFY_INTERVAL 1
#define DEFAULT_FULL_FRAME_OD FALSE

#define READY \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static const GEnumValue backends[] = {
  { GST_ALEXNET_BACKEND_AUTO, "The first of the others that works", "auto" },
  { GST_ALEXNET_BACKEND_CUDNN, "NVIDIA GPU through cuDNN", "cudnn" },
  { GST_ALEXNET_BACKEND_CPU, "CPU through oneDNN", "cpu" },
  { GST_ALEXNET_BACKEND_REFERENCE, "Plain C, slow, for comparison",
      "reference" },
  { 0, NULL, NULL },
};

static const GEnumValue precisions[] = {
  { ALEXNET_PRECISION_AUTO, "What the backend does best", "auto" },
  { ALEXNET_PRECISION_FP32, "32 bit floating point", "fp32" },
  { ALEXNET_PRECISION_TF32, "TensorFloat-32", "tf32" },
  { ALEXNET_PRECISION_FP16, "16 bit floating point", "fp16" },
  { ALEXNET_PRECISION_BF16, "bfloat16", "bf16" },
  { ALEXNET_PRECISION_INT8, "8 bit integers", "int8" },
  { 0, NULL, NULL },
};

static const GEnumValue crop_modes[] = {
  { ALEXNET_CROP_CENTER, "Scale the shorter side, cut out the centre",
      "center-crop" },
  { ALEXNET_CROP_SQUASH, "Scale both sides to a square, cut out its centre",
      "squash" },
  { ALEXNET_CROP_STRETCH, "Scale both sides, whatever the shape", "stretch" },
  { ALEXNET_CROP_LETTERBOX, "Scale the longer side, pad with the mean colour",
      "letterbox" },
  { 0, NULL, NULL },
};

static const GEnumValue posts[] = {
  { GST_ALEXNET_POST_NEVER, "Never", "never" },
  { GST_ALEXNET_POST_ON_CHANGE, "When the best class is another one",
      "on-change" },
  { GST_ALEXNET_POST_ALWAYS, "For every classified frame", "always" },
  { 0, NULL, NULL },
};

static const GEnumValue inference_regions[] = {
  { GST_ALEXNET_INFERENCE_FULL_FRAME, "The whole frame", "full-frame" },
  { GST_ALEXNET_INFERENCE_ROI_LIST, "The regions that a detector found",
      "roi-list" },
  { GST_ALEXNET_INFERENCE_ROI_LIST_OR_FRAME,
      "The regions or, where there is none, the whole frame",
      "roi-list-or-frame" },
  { 0, NULL, NULL },
};

static const GFlagsValue attaches[] = {
  { GST_ALEXNET_ATTACH_ANALYTICS,
      "GstAnalyticsClsMtd, where built with GStreamer 1.24 or newer",
      "analytics" },
  { GST_ALEXNET_ATTACH_ROI,
      "GstVideoRegionOfInterestMeta with a classification parameter", "roi" },
  { GST_ALEXNET_ATTACH_TENSOR,
      "GstTensorMeta, where built with GStreamer 1.26 or newer", "tensor" },
  { 0, NULL, NULL },
};

/* Class initialisation runs once, and so do these. */
static GType
register_enum (const char *name, const GEnumValue *values)
{
  GType type = g_enum_register_static (name, values);

  gst_type_mark_as_plugin_api (type, 0);
  return type;
}

static GType
register_flags (const char *name, const GFlagsValue *values)
{
  GType type = g_flags_register_static (name, values);

  gst_type_mark_as_plugin_api (type, 0);
  return type;
}

void
gst_alexnet_settings_init (GstAlexnetSettings *settings)
{
  *settings = (GstAlexnetSettings){
    .backend = DEFAULT_BACKEND,
    .precision = DEFAULT_PRECISION,
    .cpu_threads = DEFAULT_CPU_THREADS,
    .cuda_device_id = DEFAULT_CUDA_DEVICE_ID,
    .max_batch_size = DEFAULT_MAX_BATCH_SIZE,
    .batch_timeout = DEFAULT_BATCH_TIMEOUT,
    .max_in_flight = DEFAULT_MAX_IN_FLIGHT,
    .attach = DEFAULT_ATTACH,
    .crop_mode = DEFAULT_CROP_MODE,
    .top_k = DEFAULT_TOP_K,
    .threshold = DEFAULT_THRESHOLD,
    .smoothing = DEFAULT_SMOOTHING,
    .post = DEFAULT_POST,
    .pace = { DEFAULT_INFERENCE_INTERVAL, DEFAULT_INFERENCE_PERIOD },
    .repeat_last = DEFAULT_REPEAT_LAST,
    .qos = DEFAULT_QOS,
    .ten_crop = DEFAULT_TEN_CROP,
    .inference_region = DEFAULT_INFERENCE_REGION,
    .roi_min_width = DEFAULT_ROI_MIN,
    .roi_min_height = DEFAULT_ROI_MIN,
    .reclassify_interval = DEFAULT_RECLASSIFY_INTERVAL,
    .full_frame_od = DEFAULT_FULL_FRAME_OD,
  };
}

const char *
gst_alexnet_backend_name (GstAlexnetBackend backend)
{
  return backends[backend].value_nick;
}

static void
install (GObjectClass *klass, guint id, GParamSpec *pspec)
{
  g_object_class_install_property (klass, id, pspec);
}

static void
install_channels (GObjectClass *klass, guint id, const char *name,
    const char *blurb)
{
  GParamSpec *channel = g_param_spec_float ("channel", "Channel",
      "Value of one channel", 0, 1, 0,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  install (klass, id, gst_param_spec_array (name, name, blurb, channel, READY));
}

static void
install_model (GObjectClass *klass)
{
  /**
   * GstAlexnetClassify:model-file:
   *
   * Weights: safetensors or PyTorch's .pth. Without it $ALEXNET_MODEL, then
   * the first *.safetensors or *.pth in alexnet/ of the data directories,
   * then the demonstration model is taken.
   */
  install (klass, GST_ALEXNET_PROP_MODEL_FILE,
      g_param_spec_string ("model-file", "Model file",
          "Weights, .safetensors or .pth; NULL = $ALEXNET_MODEL, then the "
          "data directories, then the demonstration model",
          NULL, READY));

  /**
   * GstAlexnetClassify:labels-file:
   *
   * Names of the classes, one a line, as many as the model has classes.
   */
  install (klass, GST_ALEXNET_PROP_LABELS_FILE,
      g_param_spec_string ("labels-file", "Labels file",
          "Names of the classes, one a line; NULL = the model's own or, for "
          "1000 classes, ImageNet's",
          NULL, READY));

  /**
   * GstAlexnetClassify:crop-mode:
   *
   * How a picture of any shape becomes the network's square input.
   */
  install (klass, GST_ALEXNET_PROP_CROP_MODE,
      g_param_spec_enum ("crop-mode", "Crop mode",
          "How a picture of any shape becomes the network's square input",
          register_enum ("GstAlexnetCropMode", crop_modes), DEFAULT_CROP_MODE,
          PLAYING));

  /**
   * GstAlexnetClassify:ten-crop:
   *
   * Average over ten views of each picture, as the 2012 paper does in its
   * tests: four corners and the centre of the resized picture and their
   * mirrors. It takes ten times as long. Where
   * #GstAlexnetClassify:crop-mode keeps all of the picture, the views are
   * two: the picture and its mirror.
   */
  install (klass, GST_ALEXNET_PROP_TEN_CROP,
      g_param_spec_boolean ("ten-crop", "Ten crop",
          "Average over corners, centre and their mirrors; ten times the work",
          DEFAULT_TEN_CROP, READY));

  /**
   * GstAlexnetClassify:mean:
   *
   * Subtracted from each channel, e.g. `mean="<0.485,0.456,0.406>"`.
   */
  install_channels (klass, GST_ALEXNET_PROP_MEAN, "mean",
      "Red, green, blue of 0..1, subtracted; empty = the model's own");

  /**
   * GstAlexnetClassify:std:
   *
   * What each channel is divided by after the subtraction of
   * #GstAlexnetClassify:mean.
   */
  install_channels (klass, GST_ALEXNET_PROP_STD, "std",
      "Red, green, blue of 0..1, divided by; empty = the model's own");
}

static void
install_engine (GObjectClass *klass)
{
  /**
   * GstAlexnetClassify:backend:
   *
   * What computes the network. A named backend is used, or the element fails
   * with the reason; it never falls back.
   */
  install (klass, GST_ALEXNET_PROP_BACKEND,
      g_param_spec_enum ("backend", "Backend",
          "What computes the network; only auto falls back",
          register_enum ("GstAlexnetBackend", backends), DEFAULT_BACKEND,
          READY));

  /**
   * GstAlexnetClassify:precision:
   *
   * Numbers that the network is computed in.
   */
  install (klass, GST_ALEXNET_PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision",
          "Numbers that the network is computed in",
          register_enum ("GstAlexnetPrecision", precisions), DEFAULT_PRECISION,
          READY));

  /**
   * GstAlexnetClassify:cpu-threads:
   *
   * Threads of the CPU backends.
   */
  install (klass, GST_ALEXNET_PROP_CPU_THREADS,
      g_param_spec_uint ("cpu-threads", "CPU threads",
          "Threads of the CPU backends (0 = one for each processor)", 0,
          ALEXNET_MAX_CPU_THREADS, DEFAULT_CPU_THREADS, READY));

  /**
   * GstAlexnetClassify:cuda-device-id:
   *
   * The GPU that the backend cudnn computes on.
   */
  install (klass, GST_ALEXNET_PROP_CUDA_DEVICE_ID,
      g_param_spec_int ("cuda-device-id", "CUDA device id",
          "GPU of the backend cudnn (-1 = the first)", -1, G_MAXINT - 1,
          DEFAULT_CUDA_DEVICE_ID, READY));

  /**
   * GstAlexnetClassify:engine-id:
   *
   * Elements of one process with the same model, device, precision and batch
   * properties compute on one engine: the weights are in memory once, and
   * batches fill across streams. Those with another id have another engine.
   */
  install (klass, GST_ALEXNET_PROP_ENGINE_ID,
      g_param_spec_string ("engine-id", "Engine id",
          "Only elements of the same id share an engine", NULL, READY));

  /**
   * GstAlexnetClassify:max-batch-size:
   *
   * Frames that the network computes at once. A batch is what waits when the
   * engine becomes free; elements of one process with the same model and
   * engine properties share an engine and so fill batches together.
   */
  install (klass, GST_ALEXNET_PROP_MAX_BATCH_SIZE,
      g_param_spec_uint ("max-batch-size", "Maximum batch size",
          "Most frames that the network computes at once (1 = no batches)", 1,
          ALEXNET_MAX_BATCH_SIZE, DEFAULT_MAX_BATCH_SIZE, READY));

  /**
   * GstAlexnetClassify:batch-timeout:
   *
   * How long a frame may wait for others to fill its batch, of this stream or
   * of another that shares the engine. When none of them has more to come, as
   * after EOS, nothing waits. It is added to the latency.
   */
  install (klass, GST_ALEXNET_PROP_BATCH_TIMEOUT,
      g_param_spec_uint64 ("batch-timeout", "Batch timeout",
          "Longest wait for a full batch in nanoseconds (0 = never wait)", 0,
          G_MAXINT64, DEFAULT_BATCH_TIMEOUT, READY));

  /**
   * GstAlexnetClassify:max-in-flight:
   *
   * Frames inside the element. 0 is twice the batch size, so that one batch
   * gathers while another is computed; with a live source it is 4, because
   * what waits there is late, and batches fill across streams.
   */
  install (klass, GST_ALEXNET_PROP_MAX_IN_FLIGHT,
      g_param_spec_uint ("max-in-flight", "Maximum in flight",
          "Most frames inside the element (0 = twice max-batch-size, 4 with a "
          "live source)",
          0, ALEXNET_MAX_BATCH_SIZE, DEFAULT_MAX_IN_FLIGHT, READY));
}

static void
install_results (GObjectClass *klass)
{
  /**
   * GstAlexnetClassify:top-k:
   *
   * Classes that are kept of each result. For more than eight the GPU has to
   * send back the probabilities of all classes, as for smoothing, ten-crop and
   * tensors. After a change to more than eight, frames that are inside the
   * element already have eight.
   */
  install (klass, GST_ALEXNET_PROP_TOP_K,
      g_param_spec_uint ("top-k", "Top k",
          "Most classes kept of each result, the best ones", 1, G_MAXINT,
          DEFAULT_TOP_K, PLAYING));

  /**
   * GstAlexnetClassify:threshold:
   *
   * Classes of a lower probability are dropped. A frame of which no class is
   * left gets no metadata.
   */
  install (klass, GST_ALEXNET_PROP_THRESHOLD,
      g_param_spec_float ("threshold", "Threshold",
          "Least probability of a kept class", 0, 1, DEFAULT_THRESHOLD,
          PLAYING));

  /**
   * GstAlexnetClassify:smoothing:
   *
   * Time constant T in nanoseconds of running time, with which the results of
   * the whole frame are smoothed: an exponential moving average of the
   * probabilities of all classes, s' = s + (1 - exp (-dt / T)) (p - s), where
   * dt is the time since the last classified frame. What was seen T ago counts
   * 37 % of what is seen now. It begins anew after a start, flush, gap or
   * segment.
   */
  install (klass, GST_ALEXNET_PROP_SMOOTHING,
      g_param_spec_uint64 ("smoothing", "Smoothing",
          "Time constant of a moving average of results in nanoseconds "
          "(0 = off)",
          0, G_MAXINT64, DEFAULT_SMOOTHING, PLAYING));

  /**
   * GstAlexnetClassify:attach-meta:
   *
   * Metadata beside the custom metadata, which is always attached.
   * Without GStreamer 1.24 at build time `analytics` has no effect, and asking
   * for `tensor` without 1.26 posts a warning. The tensor is
   * `classification-generic-softmaxed-out`: 32 bit floats of [regions,
   * classes], in the order of the custom metadata.
   */
  install (klass, GST_ALEXNET_PROP_ATTACH_META,
      g_param_spec_flags ("attach-meta", "Attach metadata",
          "Metadata attached beside the custom metadata",
          register_flags ("GstAlexnetAttach", attaches), DEFAULT_ATTACH,
          READY));

  /**
   * GstAlexnetClassify:post-messages:
   *
   * When a result is posted on the bus as an element message.
   */
  install (klass, GST_ALEXNET_PROP_POST_MESSAGES,
      g_param_spec_enum ("post-messages", "Post messages",
          "When a result is posted on the bus",
          register_enum ("GstAlexnetPost", posts), DEFAULT_POST, PLAYING));

  /**
   * GstAlexnetClassify:inference-interval:
   *
   * One frame in so many is classified; the first one after a start, flush,
   * gap or segment always is.
   */
  install (klass, GST_ALEXNET_PROP_INFERENCE_INTERVAL,
      g_param_spec_uint ("inference-interval", "Inference interval",
          "Classify one frame in so many (1 = every frame)", 1, G_MAXUINT,
          DEFAULT_INFERENCE_INTERVAL, PLAYING));

  /**
   * GstAlexnetClassify:inference-period:
   *
   * One frame in so much running time is classified: the first one after a
   * start, flush, gap or segment, then the first one at or after each whole
   * period since that. Running time runs as fast as the clock, also in reverse
   * and fast playback. With an inference-interval as well, a frame is
   * classified when both allow it.
   */
  install (klass, GST_ALEXNET_PROP_INFERENCE_PERIOD,
      g_param_spec_uint64 ("inference-period", "Inference period",
          "Classify one frame in so many nanoseconds of running time "
          "(0 = every frame)",
          0, G_MAXINT64, DEFAULT_INFERENCE_PERIOD, PLAYING));

  /**
   * GstAlexnetClassify:repeat-last:
   *
   * Attach the previous result, marked stale, to frames that are skipped.
   */
  install (klass, GST_ALEXNET_PROP_REPEAT_LAST,
      g_param_spec_boolean ("repeat-last", "Repeat last",
          "Attach the previous result, marked stale, to skipped frames",
          DEFAULT_REPEAT_LAST, PLAYING));

  /**
   * GstAlexnetClassify:qos:
   *
   * Do not classify frames that downstream reported to be too late; the
   * frames themselves are never dropped.
   */
  install (klass, GST_ALEXNET_PROP_QOS,
      g_param_spec_boolean ("qos", "Quality of service",
          "Do not classify frames that are late; they are still pushed",
          DEFAULT_QOS, PLAYING));
}

static void
install_regions (GObjectClass *klass)
{
  /**
   * GstAlexnetClassify:inference-region:
   *
   * What of a frame is classified. Regions are those of GstAnalyticsODMtd
   * (GStreamer 1.24 or newer) or, on frames without, of
   * #GstVideoRegionOfInterestMeta that elements upstream attached; they are
   * cut out of the frame as it is and computed together.
   */
  install (klass, GST_ALEXNET_PROP_INFERENCE_REGION,
      g_param_spec_enum ("inference-region", "Inference region",
          "What of a frame is classified",
          register_enum ("GstAlexnetInferenceRegion", inference_regions),
          DEFAULT_INFERENCE_REGION, PLAYING));

  /**
   * GstAlexnetClassify:roi-classes:
   *
   * Classes of the detector, e.g. `roi-classes="dog,cat"`; regions of others
   * are left alone.
   */
  install (klass, GST_ALEXNET_PROP_ROI_CLASSES,
      g_param_spec_string ("roi-classes", "Classes of regions",
          "Comma-separated detector classes of regions that are classified; "
          "NULL = all",
          NULL, PLAYING));

  /**
   * GstAlexnetClassify:roi-min-width:
   *
   * Regions of which less is visible are skipped; #GstAlexnetClassify:stats
   * counts them.
   */
  install (klass, GST_ALEXNET_PROP_ROI_MIN_WIDTH,
      g_param_spec_uint ("roi-min-width", "Minimum width of regions",
          "Least visible width of a classified region in pixels", 1, G_MAXINT,
          DEFAULT_ROI_MIN, PLAYING));

  /**
   * GstAlexnetClassify:roi-min-height:
   *
   * As #GstAlexnetClassify:roi-min-width.
   */
  install (klass, GST_ALEXNET_PROP_ROI_MIN_HEIGHT,
      g_param_spec_uint ("roi-min-height", "Minimum height of regions",
          "Least visible height of a classified region in pixels", 1, G_MAXINT,
          DEFAULT_ROI_MIN, PLAYING));

  /**
   * GstAlexnetClassify:reclassify-interval:
   *
   * After how many frames an object is classified again that a tracker
   * upstream follows: a region related to a GstAnalyticsTrackingMtd, or
   * #GstVideoRegionOfInterestMeta with a parameter `object_id` that has an
   * integer `id`. In between its last result is attached, marked stale.
   */
  install (klass, GST_ALEXNET_PROP_RECLASSIFY_INTERVAL,
      g_param_spec_uint ("reclassify-interval", "Reclassify interval",
          "Frames after which a tracked object is classified again (1 = each "
          "frame, 0 = never again)",
          0, G_MAXUINT, DEFAULT_RECLASSIFY_INTERVAL, PLAYING));

  /**
   * GstAlexnetClassify:full-frame-od:
   *
   * Adds a GstAnalyticsODMtd that covers the frame to the result of a whole
   * frame, so that elements which show detections show it too. In frames of
   * 240 lines and more it begins at line 24, to leave room for the label that
   * objectdetectionoverlay writes above. It takes
   * GStreamer 1.24 at build time and `analytics` in
   * #GstAlexnetClassify:attach-meta.
   */
  install (klass, GST_ALEXNET_PROP_FULL_FRAME_OD,
      g_param_spec_boolean ("full-frame-od", "Full frame detection",
          "Attach a detection that covers the frame to results of whole frames",
          DEFAULT_FULL_FRAME_OD, PLAYING));
}

static void
install_readable (GObjectClass *klass)
{
  /**
   * GstAlexnetClassify:active-backend:
   *
   * The backend that really runs.
   */
  install (klass, GST_ALEXNET_PROP_ACTIVE_BACKEND,
      g_param_spec_string ("active-backend", "Active backend",
          "The backend that runs; none outside PAUSED and PLAYING", "none",
          READABLE));

  /**
   * GstAlexnetClassify:active-precision:
   *
   * The precision that really is computed in.
   */
  install (klass, GST_ALEXNET_PROP_ACTIVE_PRECISION,
      g_param_spec_string ("active-precision", "Active precision",
          "The precision computed in; none outside PAUSED and PLAYING", "none",
          READABLE));

  /**
   * GstAlexnetClassify:stats:
   *
   * Counters since the start: frames, inferred (results of frames and
   * regions), skipped-interval, skipped-period, skipped-qos, regions (that were
   * wanted), skipped-regions (empty, outside the frame or too small),
   * repeated-regions (tracked, not classified again), below-threshold, errors
   * (frames that are corrupt or gave no finite result), batches (guint64),
   * mean-batch (gdouble); device-memory, the bytes that the engine holds on its
   * device now, 0 on a CPU (guint64); and p50, p95, p99 of inference-time,
   * queue-time (waiting for a batch) and total-time (from chain to result) over
   * the last 512 classified frames (guint64, nanoseconds, e.g.
   * inference-time-p95).
   */
  install (klass, GST_ALEXNET_PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Frames counted, and times in nanoseconds", GST_TYPE_STRUCTURE,
          READABLE));

  /**
   * GstAlexnetClassify:last-result:
   *
   * The newest result, laid out as the metadata is. notify::last-result is
   * emitted for each one, by the streaming thread and before the frame is
   * pushed; `gst-launch-1.0 -v -X last-result` does not print it.
   */
  install (klass, GST_ALEXNET_PROP_LAST_RESULT,
      g_param_spec_boxed ("last-result", "Last result",
          "The newest result, laid out as the metadata is", GST_TYPE_STRUCTURE,
          READABLE));
}

void
gst_alexnet_settings_install (GObjectClass *klass)
{
  install_model (klass);
  install_engine (klass);
  install_results (klass);
  install_regions (klass);
  install_readable (klass);
}
