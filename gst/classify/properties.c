/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "properties.h"

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
  { ALEXNET_CROP_MODEL, "As the model was trained", "model" },
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

typedef enum {
  STRING,
  BOOLEAN,
  INT,
  UINT,
  UINT64,
  FLOAT,
  ENUM,
  FLAGS,
  CHANNELS,
  STRUCTURE,
} Kind;

typedef struct {
  guint id;
  Kind kind;
  const char *name, *nick, *blurb;
  GParamFlags flags;
  gint64 min, max;       /* of INT to FLOAT */
  gint64 value;          /* the default of BOOLEAN to FLAGS */
  const char *text;      /* the default of STRING */
  const char *type;      /* of ENUM and FLAGS, with their values: */
  gconstpointer choices; /* GEnumValue or GFlagsValue */
} Property;

static const Property properties[] = {
  /**
   * GstAlexnetClassify:model-file:
   *
   * Weights as PyTorch, safetensors, Caffe, ONNX or numpy keep them. Without
   * it $ALEXNET_MODEL, then the first file that can be used in alexnet/ of the
   * data directories, then the demonstration model is taken.
   */
  { GST_ALEXNET_PROP_MODEL_FILE, STRING, "model-file", "Model file",
      "Weights of any framework; NULL = $ALEXNET_MODEL, then the data "
      "directories, then the demonstration model",
      READY },

  /**
   * GstAlexnetClassify:model-part:
   *
   * A file may hold several networks, such as weights and their moving average.
   * This is the one to take, by what stands before the names of its tensors:
   * `model_ema`. `alexnet-inspect check` names them.
   */
  { GST_ALEXNET_PROP_MODEL_PART, STRING, "model-part", "Model part",
      "Network to take from a model file that holds several; NULL = the only "
      "one",
      READY },

  /**
   * GstAlexnetClassify:architecture:
   *
   * The order of layers for a file that has only names of tensors, which the
   * networks of Caffe share: `caffe` normalises before it pools, `caffenet` and
   * Places365's pool first.
   */
  { GST_ALEXNET_PROP_ARCHITECTURE, STRING, "architecture", "Architecture",
      "torchvision, caffe or caffenet, for a model file that does not say it; "
      "NULL = as the file says, or by the names of its tensors",
      READY },

  /**
   * GstAlexnetClassify:mean-file:
   *
   * An image of means as Caffe's tools make it. The means of its channels are
   * subtracted; Caffe itself subtracts the centre of the image pixel by pixel.
   */
  { GST_ALEXNET_PROP_MEAN_FILE, STRING, "mean-file", "Mean file",
      "A mean.binaryproto of Caffe, for the means of its channels; NULL = the "
      "model's own, or the one beside it",
      READY },

  /**
   * GstAlexnetClassify:labels-file:
   *
   * Names of the classes, one a line, as many as the model has classes.
   */
  { GST_ALEXNET_PROP_LABELS_FILE, STRING, "labels-file", "Labels file",
      "Names of the classes, one a line; NULL = the model's own or, for "
      "1000 classes, ImageNet's",
      READY },

  /**
   * GstAlexnetClassify:crop-mode:
   *
   * How a picture of any shape becomes the network's square input. `model`
   * is what the model file says or, where it says nothing, what its kind of
   * network was trained with: `center-crop` of torchvision's, `squash` of
   * Caffe's.
   */
  { GST_ALEXNET_PROP_CROP_MODE, ENUM, "crop-mode", "Crop mode",
      "How a picture of any shape becomes the network's square input", PLAYING,
      .value = ALEXNET_CROP_MODEL, .type = "GstAlexnetCropMode",
      .choices = crop_modes },

  /**
   * GstAlexnetClassify:ten-crop:
   *
   * Average over ten views of each picture, as the 2012 paper does in its
   * tests: four corners and the centre of the resized picture and their
   * mirrors. It takes ten times as long. Where
   * #GstAlexnetClassify:crop-mode keeps all of the picture, as `stretch` and
   * `letterbox` do, the views are two: the picture and its mirror.
   */
  { GST_ALEXNET_PROP_TEN_CROP, BOOLEAN, "ten-crop", "Ten crop",
      "Average over corners, centre and their mirrors; ten times the work",
      READY },

  /**
   * GstAlexnetClassify:mean:
   *
   * Subtracted from each channel, e.g. `mean="<0.485,0.456,0.406>"`, or from
   * luma, `mean="<0.5>"`, where the network has one channel.
   */
  { GST_ALEXNET_PROP_MEAN, CHANNELS, "mean", "mean",
      "Red, green, blue, or luma, of 0..1, subtracted; empty = the model's own",
      READY },

  /**
   * GstAlexnetClassify:std:
   *
   * What each channel is divided by after the subtraction of
   * #GstAlexnetClassify:mean.
   */
  { GST_ALEXNET_PROP_STD, CHANNELS, "std", "std",
      "Red, green, blue, or luma, of 0..1, divided by; empty = the model's own",
      READY },

  /**
   * GstAlexnetClassify:backend:
   *
   * What computes the network. A named backend is used, or the element fails
   * with the reason; it never falls back.
   */
  { GST_ALEXNET_PROP_BACKEND, ENUM, "backend", "Backend",
      "What computes the network; only auto falls back", READY,
      .value = GST_ALEXNET_BACKEND_AUTO, .type = "GstAlexnetBackend",
      .choices = backends },

  /**
   * GstAlexnetClassify:precision:
   *
   * Numbers that the network is computed in.
   */
  { GST_ALEXNET_PROP_PRECISION, ENUM, "precision", "Precision",
      "Numbers that the network is computed in", READY,
      .value = ALEXNET_PRECISION_AUTO, .type = "GstAlexnetPrecision",
      .choices = precisions },

  /**
   * GstAlexnetClassify:cpu-threads:
   *
   * Threads of the CPU backends. A container's quota counts as affinity does.
   */
  { GST_ALEXNET_PROP_CPU_THREADS, UINT, "cpu-threads", "CPU threads",
      "Threads of the CPU backends (0 = one for each processor)", READY, 0,
      ALEXNET_MAX_CPU_THREADS, 0 },

  /**
   * GstAlexnetClassify:cuda-device-id:
   *
   * The GPU that the backend cudnn computes on.
   */
  { GST_ALEXNET_PROP_CUDA_DEVICE_ID, INT, "cuda-device-id", "CUDA device id",
      "GPU of the backend cudnn (-1 = the first)", READY, -1, G_MAXINT - 1,
      -1 },

  /**
   * GstAlexnetClassify:engine-id:
   *
   * Elements of one process with the same model, device, precision and batch
   * properties compute on one engine: the weights are in memory once, and
   * batches fill across streams. Those with another id have another engine.
   */
  { GST_ALEXNET_PROP_ENGINE_ID, STRING, "engine-id", "Engine id",
      "Only elements of the same id share an engine", READY },

  /**
   * GstAlexnetClassify:max-batch-size:
   *
   * Frames that the network computes at once. A batch is what waits when the
   * engine becomes free; elements of one process with the same model and
   * engine properties share an engine and so fill batches together.
   */
  { GST_ALEXNET_PROP_MAX_BATCH_SIZE, UINT, "max-batch-size",
      "Maximum batch size",
      "Most frames that the network computes at once (1 = no batches)", READY,
      1, ALEXNET_MAX_BATCH_SIZE, 16 },

  /**
   * GstAlexnetClassify:batch-timeout:
   *
   * How long a frame may wait for others to fill its batch, of this stream or
   * of another that shares the engine. When none of them has more to come, as
   * after EOS, nothing waits. It is added to the latency.
   */
  { GST_ALEXNET_PROP_BATCH_TIMEOUT, UINT64, "batch-timeout", "Batch timeout",
      "Longest wait for a full batch in nanoseconds (0 = never wait)", READY, 0,
      G_MAXINT64, 0 },

  /**
   * GstAlexnetClassify:max-in-flight:
   *
   * Frames inside the element. 0 is twice the batch size, so that one batch
   * gathers while another is computed; with a live source it is 4, because
   * what waits there is late, and batches fill across streams.
   */
  { GST_ALEXNET_PROP_MAX_IN_FLIGHT, UINT, "max-in-flight", "Maximum in flight",
      "Most frames inside the element (0 = twice max-batch-size, 4 with a "
      "live source)",
      READY, 0, ALEXNET_MAX_BATCH_SIZE, 0 },

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
   * Classes of a lower probability are dropped. A frame of which no class is
   * left gets no metadata.
   */
  { GST_ALEXNET_PROP_THRESHOLD, FLOAT, "threshold", "Threshold",
      "Least probability of a kept class", PLAYING, 0, 1, 0 },

  /**
   * GstAlexnetClassify:smoothing:
   *
   * Time constant T in nanoseconds of running time, with which the results of
   * the whole frame are smoothed: an exponential moving average of the
   * probabilities of all classes, s' = s + (1 - exp (-dt / T)) (p - s), where
   * dt is the time since the last classified frame. What was seen T ago counts
   * 37 % of what is seen now. It begins anew after a start, flush or gap, and
   * where running time goes back.
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

  /**
   * GstAlexnetClassify:inference-region:
   *
   * What of a frame is classified. Regions are those of GstAnalyticsODMtd
   * (GStreamer 1.24 or newer) or, on frames without, of
   * #GstVideoRegionOfInterestMeta that elements upstream attached; they are
   * cut out of the frame as it is and computed together.
   */
  { GST_ALEXNET_PROP_INFERENCE_REGION, ENUM, "inference-region",
      "Inference region", "What of a frame is classified", PLAYING,
      .value = GST_ALEXNET_INFERENCE_FULL_FRAME,
      .type = "GstAlexnetInferenceRegion", .choices = inference_regions },

  /**
   * GstAlexnetClassify:roi-classes:
   *
   * Classes of the detector, e.g. `roi-classes="dog,cat"`; regions of others
   * are left alone.
   */
  { GST_ALEXNET_PROP_ROI_CLASSES, STRING, "roi-classes", "Classes of regions",
      "Comma-separated detector classes of regions that are classified; "
      "NULL = all",
      PLAYING },

  /**
   * GstAlexnetClassify:roi-min-width:
   *
   * Regions of which less is visible are skipped; #GstAlexnetClassify:stats
   * counts them.
   */
  { GST_ALEXNET_PROP_ROI_MIN_WIDTH, UINT, "roi-min-width",
      "Minimum width of regions",
      "Least visible width of a classified region in pixels", PLAYING, 1,
      G_MAXINT, 1 },

  /**
   * GstAlexnetClassify:roi-min-height:
   *
   * As #GstAlexnetClassify:roi-min-width.
   */
  { GST_ALEXNET_PROP_ROI_MIN_HEIGHT, UINT, "roi-min-height",
      "Minimum height of regions",
      "Least visible height of a classified region in pixels", PLAYING, 1,
      G_MAXINT, 1 },

  /**
   * GstAlexnetClassify:reclassify-interval:
   *
   * After how many frames an object is classified again that a tracker
   * upstream follows: a region related to a GstAnalyticsTrackingMtd, or
   * #GstVideoRegionOfInterestMeta with a parameter `object_id` that has an
   * integer `id`. In between its last result is attached, marked stale. An id
   * that was in none of 300 frames is another object's when it comes again.
   */
  { GST_ALEXNET_PROP_RECLASSIFY_INTERVAL, UINT, "reclassify-interval",
      "Reclassify interval",
      "Frames after which a tracked object is classified again (1 = each "
      "frame, 0 = never again)",
      PLAYING, 0, G_MAXUINT, 1 },

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
  { GST_ALEXNET_PROP_FULL_FRAME_OD, BOOLEAN, "full-frame-od",
      "Full frame detection",
      "Attach a detection that covers the frame to results of whole frames",
      PLAYING },

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

static GParamSpec *
new_channels (const Property *p)
{
  GParamSpec *channel = g_param_spec_float ("channel", "Channel",
      "Value of one channel", 0, 1, 0,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  return gst_param_spec_array (p->name, p->nick, p->blurb, channel, p->flags);
}

static GParamSpec *
new_pspec (const Property *p)
{
  switch (p->kind) {
    case STRING:
      return g_param_spec_string (p->name, p->nick, p->blurb, p->text,
          p->flags);
    case BOOLEAN:
      return g_param_spec_boolean (p->name, p->nick, p->blurb, p->value,
          p->flags);
    case INT:
      return g_param_spec_int (p->name, p->nick, p->blurb, p->min, p->max,
          p->value, p->flags);
    case UINT:
      return g_param_spec_uint (p->name, p->nick, p->blurb, p->min, p->max,
          p->value, p->flags);
    case UINT64:
      return g_param_spec_uint64 (p->name, p->nick, p->blurb, p->min, p->max,
          p->value, p->flags);
    case FLOAT:
      return g_param_spec_float (p->name, p->nick, p->blurb, p->min, p->max,
          p->value, p->flags);
    case ENUM:
      return g_param_spec_enum (p->name, p->nick, p->blurb,
          register_enum (p->type, p->choices), p->value, p->flags);
    case FLAGS:
      return g_param_spec_flags (p->name, p->nick, p->blurb,
          register_flags (p->type, p->choices), p->value, p->flags);
    case CHANNELS:
      return new_channels (p);
    case STRUCTURE:
      return g_param_spec_boxed (p->name, p->nick, p->blurb, GST_TYPE_STRUCTURE,
          p->flags);
  }
  g_return_val_if_reached (NULL);
}

void
gst_alexnet_properties_install (GObjectClass *klass)
{
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    g_object_class_install_property (klass, properties[i].id,
        new_pspec (&properties[i]));
}

void
gst_alexnet_properties_get_defaults (GObjectClass *klass,
    GstAlexnetSettings *settings)
{
  *settings = (GstAlexnetSettings){ 0 };
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    gst_alexnet_settings_set (settings, properties[i].id,
        g_param_spec_get_default_value (g_object_class_find_property (klass,
            properties[i].name)));
}

const char *
gst_alexnet_backend_name (GstAlexnetBackend backend)
{
  return backends[backend].value_nick;
}
