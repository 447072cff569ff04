/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-alexnetclassify
 * @title: alexnetclassify
 * @short_description: Says what is in a video, with AlexNet
 *
 * Raw video in, the same raw video out: pixels, timestamps and order are never
 * touched. Each classified frame carries a #GstCustomMeta named
 * `alexnet-classification`; results also come as element messages of that name
 * and in the property #GstAlexnetClassify:last-result. All three are one
 * #GstStructure layout:
 *
 * * guint64 `timestamp`, `running-time`, `stream-time`, `duration`: of the
 *   frame, in nanoseconds, #GST_CLOCK_TIME_NONE where unknown;
 * * guint64 `frame-number`: since the element started, from 0;
 * * gboolean `stale`: the result is an earlier frame's
 *   (#GstAlexnetClassify:repeat-last);
 * * string `region`: "full-frame" or "roi"; gint `roi-id`: what the detection
 *   is numbered in its metadata, -1 for the whole frame;
 * * gdouble `x`, `y`, `width`, `height`: what was classified, 0..1 of the
 *   visible picture;
 * * #GstValueArray `labels` of strings, `class-ids` of gint, `confidences` of
 *   gfloat: the kept classes, best first; confidences are softmax
 *   probabilities over all classes;
 * * string `model`, `backend`: file name and backend in use;
 * * guint64 `inference-time`: nanoseconds that the batch took;
 * * guint64 `tracking-id`: of an object that a tracker upstream follows, else
 *   there is no such field.
 *
 * Where regions are classified (#GstAlexnetClassify:inference-region) each has
 * a message of its own. The metadata, of which there is one a frame, and
 * #GstAlexnetClassify:last-result describe the first region that has a class
 * and have one more field, the #GstValueArray `regions`: a #GstStructure of
 * this layout for each region, the first one among them.
 *
 * In Python:
 * `buffer.get_custom_meta("alexnet-classification").get_structure()`.
 *
 * Built with GStreamer 1.24 or newer it also attaches a GstAnalyticsClsMtd for
 * each result. That of a region is related to its GstAnalyticsODMtd both ways:
 * RELATE_TO and CONTAIN from the detection, RELATE_TO and IS_PART_OF from the
 * classes. On request a #GstVideoRegionOfInterestMeta gets a parameter named
 * `classification`, and all probabilities are attached as a tensor; see
 * #GstAlexnetClassify:attach-meta.
 *
 * Colours follow the caps' colorimetry. BT.2020 video with PQ or HLG transfer
 * is not tone-mapped.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m filesrc location=clip.mp4 ! decodebin3 ! videoconvert !
 * alexnetclassify ! fakesink
 * ]| Prints what is in a clip, a line whenever the best class changes.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! alexnetclassify
 * model-file=alexnet-owt-7be5be79.pth top-k=1 inference-interval=10
 * repeat-last=true ! autovideosink
 * ]| Classifies one frame in ten of a camera with ImageNet weights.
 * |[
 * ... ! detector ! alexnetclassify inference-region=roi-list roi-classes=animal
 * ! objectdetectionoverlay ! ...
 * ]| Says of each animal that a detector found which one it is.
 *
 * Since: 0.1
 */

#include "meta/analytics.h"
#include "meta/tensor.h"
#include "element.h"

GST_DEBUG_CATEGORY (gst_alexnet_classify_debug);
#define GST_CAT_DEFAULT gst_alexnet_classify_debug

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ALEXNET_CAPS));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ALEXNET_CAPS));

G_DEFINE_TYPE (GstAlexnetClassify, gst_alexnet_classify, GST_TYPE_ELEMENT)
/* Whatever element of the plugin meets metadata, it knows ours. */
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE (alexnetclassify, "alexnetclassify",
    GST_RANK_NONE, GST_TYPE_ALEXNET_CLASSIFY, gst_alexnet_result_register ())

void
gst_alexnet_classify_post_problem (GstAlexnetClassify *self,
    GstMessageType type, const GError *error)
{
  static const int codes[] = {
    [ALEXNET_ERROR_NOT_FOUND] = GST_RESOURCE_ERROR_NOT_FOUND,
    [ALEXNET_ERROR_FORMAT] = GST_RESOURCE_ERROR_READ,
    [ALEXNET_ERROR_INVALID] = GST_RESOURCE_ERROR_SETTINGS,
    [ALEXNET_ERROR_UNSUPPORTED] = GST_RESOURCE_ERROR_NOT_FOUND,
    [ALEXNET_ERROR_NO_MEMORY] = GST_RESOURCE_ERROR_NO_SPACE_LEFT,
    [ALEXNET_ERROR_DEVICE] = GST_RESOURCE_ERROR_FAILED,
    [ALEXNET_ERROR_CANCELLED] = GST_RESOURCE_ERROR_FAILED,
    [ALEXNET_ERROR_NOT_FINITE] = GST_RESOURCE_ERROR_FAILED,
  };

  gst_element_message_full (GST_ELEMENT (self), type, GST_RESOURCE_ERROR,
      codes[error->code], g_strdup (error->message), NULL, __FILE__,
      GST_FUNCTION, __LINE__);
}

static void
describe_model (GstAlexnetClassify *self, gboolean by_default)
{
  const AlexnetModel *model = self->session.model;
  const char *path = alexnet_model_get_path (model);

  GST_INFO_OBJECT (self, "model %s: %s, %u classes", path,
      alexnet_model_get_architecture (model),
      alexnet_model_get_n_classes (model));
  if (by_default && alexnet_model_is_demonstration (path))
    GST_ELEMENT_INFO (self, RESOURCE, SETTINGS,
        ("The demonstration model is used, which knows %u classes only.",
            alexnet_model_get_n_classes (model)),
        ("To recognise ImageNet's 1000 classes, save "
         "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth in "
         "%s/alexnet or name it in model-file.",
            g_get_user_data_dir ()));
}

static gboolean
load (GstAlexnetClassify *self)
{
  g_autoptr (GError) error = NULL;
  GstAlexnetSettings settings;
  gboolean ok;

  GST_OBJECT_LOCK (self);
  gst_alexnet_settings_copy (&settings, &self->settings);
  GST_OBJECT_UNLOCK (self);

  ok = gst_alexnet_session_load (&self->session, &settings, &error);
  if (ok)
    describe_model (self, settings.model_file == NULL);
  else
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_ERROR, error);
  gst_alexnet_settings_clear (&settings);
  return ok;
}

static void
set_engine (GstAlexnetClassify *self, AlexnetEngine *engine)
{
  GST_OBJECT_LOCK (self);
  self->engine = engine;
  GST_OBJECT_UNLOCK (self);
  g_object_notify (G_OBJECT (self), "active-backend");
  g_object_notify (G_OBJECT (self), "active-precision");
}

static void
announce_engine (GstAlexnetClassify *self)
{
  AlexnetEngine *engine = self->session.engine;
  const char *backend = alexnet_engine_get_backend (engine);
  const char *precision =
      alexnet_precision_name (alexnet_engine_get_precision (engine));
  const char *notes = alexnet_engine_get_notes (engine);

  GST_INFO_OBJECT (self, "backend %s computes in %s%s%s", backend, precision,
      *notes ? ", passed over: " : "", notes);
  set_engine (self, engine);
}

/* What was asked for and cannot be had is said once, here. */
static void
warn_of_settings (GstAlexnetClassify *self)
{
  gboolean has_idle_filter, wants_od, has_analytics, wants_tensor;

  GST_OBJECT_LOCK (self);
  has_idle_filter = gst_alexnet_settings_have_idle_filter (&self->settings);
  wants_od = self->settings.full_frame_od;
  has_analytics = gst_alexnet_analytics_is_built () &&
      self->settings.attach & GST_ALEXNET_ATTACH_ANALYTICS;
  wants_tensor = self->settings.attach & GST_ALEXNET_ATTACH_TENSOR;
  GST_OBJECT_UNLOCK (self);

  if (has_idle_filter)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("roi-classes and roi-min-width, -height have no effect."),
        ("inference-region is full-frame, and so no regions are looked for"));
  if (wants_od && !has_analytics)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("full-frame-od has no effect."),
        ("it takes attach-meta=analytics and a build with GStreamer 1.24 or "
         "newer; this one is for %d.%d",
            GST_VERSION_MAJOR, GST_VERSION_MINOR));
  if (wants_tensor && !gst_alexnet_tensor_is_built ())
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("attach-meta=tensor has no effect."),
        ("it takes a build with GStreamer 1.26 or newer; this one is for %d.%d",
            GST_VERSION_MAJOR, GST_VERSION_MINOR));
}

/* In the CUDA context, if one is known, whose device then is the one. */
static gboolean
start_session (GstAlexnetClassify *self, GstAlexnetSession *session)
{
  void *cuda_context = gst_alexnet_cuda_get_handle (&self->cuda);
  g_autoptr (GError) error = NULL;
  GstAlexnetSettings settings;
  gboolean ok;

  GST_OBJECT_LOCK (self);
  gst_alexnet_settings_copy (&settings, &self->settings);
  GST_OBJECT_UNLOCK (self);
  if (cuda_context)
    settings.cuda_device_id = gst_alexnet_cuda_get_device_id (&self->cuda);
  ok = gst_alexnet_session_start (session, &settings, cuda_context, &error);
  if (!ok)
    gst_alexnet_classify_post_problem (self, GST_MESSAGE_ERROR, error);
  gst_alexnet_settings_clear (&settings);
  return ok;
}

gboolean
gst_alexnet_classify_change_engine (GstAlexnetClassify *self)
{
  GstAlexnetSession other = self->session, previous;

  if (!start_session (self, &other))
    return FALSE;
  GST_OBJECT_LOCK (self);
  previous = self->session;
  self->session = other;
  GST_OBJECT_UNLOCK (self);
  announce_engine (self);
  gst_alexnet_session_stop (&previous);
  return TRUE;
}

static gboolean
start (GstAlexnetClassify *self)
{
  guint n_classes = alexnet_model_get_n_classes (self->session.model);

  if (!start_session (self, &self->session))
    return FALSE;
  warn_of_settings (self);
  gst_alexnet_smoothing_init (&self->smoothing, n_classes);
  gst_alexnet_inflight_set_limit (self->inflight, self->session.depth);
  self->negotiated = FALSE;
  self->n_frames = 0;
  self->warned = 0;
  self->n_without_regions = 0;
  self->warned_of_no_region = FALSE;
  gst_alexnet_classify_forget_stream (self);

  GST_OBJECT_LOCK (self);
  memset (&self->stats, 0, sizeof self->stats);
  gst_clear_structure (&self->last_result);
  self->frame_duration = GST_ALEXNET_UNKNOWN_FRAME_DURATION;
  self->latency = self->session.first_time;
  GST_OBJECT_UNLOCK (self);
  g_object_notify (G_OBJECT (self), "last-result");
  announce_engine (self);
  return TRUE;
}

static void
stop (GstAlexnetClassify *self)
{
  set_engine (self, NULL);
  gst_alexnet_session_stop (&self->session);
  gst_alexnet_classify_forget_tracks (self);
  g_array_set_size (self->regions, 0);
  gst_alexnet_smoothing_clear (&self->smoothing);
}

static GstStateChangeReturn
gst_alexnet_classify_change_state (GstElement *element,
    GstStateChange transition)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !load (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;

  ret = GST_ELEMENT_CLASS (gst_alexnet_classify_parent_class)
            ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
    gst_alexnet_session_unload (&self->session);
    gst_alexnet_cuda_clear (&self->cuda);
  }
  return ret;
}

static void
gst_alexnet_classify_set_context (GstElement *element, GstContext *context)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY (element);
  int device_id;

  GST_OBJECT_LOCK (self);
  device_id = self->settings.cuda_device_id;
  GST_OBJECT_UNLOCK (self);
  gst_alexnet_cuda_set_context (&self->cuda, context, device_id);
  GST_ELEMENT_CLASS (gst_alexnet_classify_parent_class)
      ->set_context (element, context);
}

static void
gst_alexnet_classify_set_property (GObject *object, guint id,
    const GValue *value, GParamSpec *pspec)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = gst_alexnet_settings_set (&self->settings, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

/* Sorting thousands of times takes a while, so it is done on a copy. */
static GstStructure *
get_stats (GstAlexnetClassify *self)
{
  AlexnetEngineStats engine_stats = { 0 };
  GstAlexnetStats stats;

  GST_OBJECT_LOCK (self);
  stats = self->stats;
  if (self->engine)
    alexnet_engine_get_stats (self->engine, &engine_stats);
  GST_OBJECT_UNLOCK (self);
  return gst_alexnet_stats_to_structure (&stats, engine_stats.device_memory);
}

static const char *
get_precision (const GstAlexnetClassify *self)
{
  AlexnetPrecision precision = alexnet_engine_get_precision (self->engine);

  return alexnet_precision_name (precision);
}

static void
get_own_property (GstAlexnetClassify *self, guint id, GValue *value)
{
  switch (id) {
    case GST_ALEXNET_PROP_ACTIVE_BACKEND:
      g_value_set_static_string (value,
          self->engine ? alexnet_engine_get_backend (self->engine) : "none");
      break;
    case GST_ALEXNET_PROP_ACTIVE_PRECISION:
      g_value_set_static_string (value,
          self->engine ? get_precision (self) : "none");
      break;
    case GST_ALEXNET_PROP_LAST_RESULT:
      g_value_set_boxed (value, self->last_result);
      break;
  }
}

static void
gst_alexnet_classify_get_property (GObject *object, guint id, GValue *value,
    GParamSpec *pspec)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY (object);

  if (id == GST_ALEXNET_PROP_STATS) {
    g_value_take_boxed (value, get_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  if (!gst_alexnet_settings_get (&self->settings, id, value))
    get_own_property (self, id, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_alexnet_classify_finalize (GObject *object)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY (object);

  gst_alexnet_inflight_free (self->inflight);
  gst_alexnet_cuda_clear (&self->cuda);
  gst_alexnet_settings_clear (&self->settings);
  gst_clear_structure (&self->last_result);
  g_hash_table_unref (self->tracks);
  g_array_unref (self->regions);
  g_array_unref (self->posted);
  G_OBJECT_CLASS (gst_alexnet_classify_parent_class)->finalize (object);
}

static void
gst_alexnet_classify_class_init (GstAlexnetClassifyClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_alexnet_classify_debug, "alexnetclassify", 0,
      "AlexNet image classification");

  object_class->set_property = gst_alexnet_classify_set_property;
  object_class->get_property = gst_alexnet_classify_get_property;
  object_class->finalize = gst_alexnet_classify_finalize;
  gst_alexnet_settings_install (object_class);

  gst_element_class_set_static_metadata (element_class, "AlexNet classifier",
      "Filter/Analyzer/Video",
      "Says what is in a video: attaches AlexNet's classes to every frame",
      "The alexnetclassify project");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  element_class->change_state = gst_alexnet_classify_change_state;
  element_class->set_context = gst_alexnet_classify_set_context;
}

static void
gst_alexnet_classify_init (GstAlexnetClassify *self)
{
  self->inflight = gst_alexnet_inflight_new ();
  self->cuda.element = GST_ELEMENT (self);
  gst_alexnet_settings_init (&self->settings);
  self->tracks = gst_alexnet_tracks_new ();
  self->regions = gst_alexnet_regions_new ();
  self->posted = g_array_new (FALSE, FALSE, sizeof (guint));
  self->frame_duration = GST_ALEXNET_UNKNOWN_FRAME_DURATION;
  gst_alexnet_classify_add_pads (self);
}
