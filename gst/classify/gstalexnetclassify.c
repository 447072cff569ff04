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
 * * string `region`: "full-frame", "named" or "roi"; gint `roi-id`: what the
 *   detection is numbered in its metadata, -1 for others;
 * * string `region-name`: of a "named" one (#GstAlexnetClassify:regions), else
 *   there is no such field;
 * * gdouble `x`, `y`, `width`, `height`: what was classified, 0..1 of the
 *   visible picture;
 * * #GstValueArray `labels` of strings, `class-ids` of gint, `confidences` of
 *   gfloat: the kept classes, best first; confidences are softmax
 *   probabilities over all classes. Where #GstAlexnetClassify:threshold leaves
 *   none there is no result or, where the state changes with the frame, one in
 *   which they are empty;
 * * string `model`, `backend`: file name and backend in use;
 * * guint64 `inference-time`: nanoseconds that the batch took;
 * * guint64 `tracking-id`: of an object that a tracker upstream follows, else
 *   there is no such field;
 * * #GBytes `embedding`: floats in the order of this machine's bytes; only on
 *   request (#GstAlexnetClassify:attach-meta), built without GstTensorMeta.
 *
 * Where states are kept (#GstAlexnetClassify:confirm-count) there are, too:
 *
 * * string `state`, and guint64 `since`, the stream time of the first result
 *   that agreed: from the first confirmed result on;
 * * string `candidate`, guint `agreed`: what the state is going to become, and
 *   how many results in a row have said so; only while a change is pending.
 *
 * A change of state is posted as an element message `alexnet-state`, before its
 * frame is pushed: strings `region`, `from` (not for the first state) and `to`,
 * gfloat `confidence` of the frame that settled it, guint `agreed`, and
 * `since`, `stream-time`, `running-time`, `frame-number`, `region-name` and
 * `tracking-id` as above. The frame carries a result then, also where no class
 * is kept.
 *
 * Where regions are classified (#GstAlexnetClassify:inference-region) each has
 * a message of its own. The metadata, of which each element attaches one to a
 * frame, and #GstAlexnetClassify:last-result describe the first region that has
 * a result and have one more field, the #GstValueArray `regions`: a
 * #GstStructure of this layout for each region that has one, the first one
 * among them.
 *
 * In Python:
 * `buffer.get_custom_meta("alexnet-classification").get_structure()`. This is
 * the first such element's; gst_buffer_iterate_meta() gives those of others.
 *
 * Built with GStreamer 1.24 or newer it also attaches a GstAnalyticsClsMtd for
 * each result. That of a region is related to its GstAnalyticsODMtd both ways:
 * RELATE_TO and CONTAIN from the detection, RELATE_TO and IS_PART_OF from the
 * classes. On request a #GstVideoRegionOfInterestMeta gets a parameter named
 * `classification`, and all probabilities are attached as a tensor; see
 * #GstAlexnetClassify:attach-meta. Built with GStreamer 1.28 or newer, caps say
 * so in their field `tensors`: `classifiertensordecoder` and `tensordecodebin`
 * link behind, and decode what has one region.
 *
 * It can be taken out of a pipeline that plays from a probe on its source pad,
 * at EOS or at any buffer. Sending EOS to it returns when EOS has come out.
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
 * |[
 * gst-launch-1.0 -m v4l2src ! videoconvert ! alexnetclassify
 * regions="door:0.1,0.2,0.3,0.4;yard:0.5,0.0,0.5,1.0" ! fakesink
 * ]| Classifies two places of a camera's picture instead of all of it.
 *
 * Since: 0.1
 */

#include "gstalexnetclassify.h"

#include "element.h"
#include "input/frame.h"
#include "meta/result.h"
#include "pads.h"
#include "properties.h"
#include "property/locked.h"
#include "states.h"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ALEXNET_CAPS));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ALEXNET_CAPS));

G_DEFINE_TYPE (GstAlexnetClassify, gst_alexnet_classify, GST_TYPE_ELEMENT)
/* Whatever element of the plugin meets metadata, it knows ours. */
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE (alexnetclassify, "alexnetclassify",
    GST_RANK_NONE, GST_TYPE_ALEXNET_CLASSIFY, gst_alexnet_result_register ())

static GstStateChangeReturn
gst_alexnet_classify_change_state (GstElement *element,
    GstStateChange transition)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY &&
      !gst_alexnet_classify_load (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
      !gst_alexnet_classify_start (self))
    return GST_STATE_CHANGE_FAILURE;

  ret = GST_ELEMENT_CLASS (gst_alexnet_classify_parent_class)
            ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
          ret == GST_STATE_CHANGE_FAILURE))
    gst_alexnet_classify_stop (self);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    gst_alexnet_classify_unload (self);
  return ret;
}

static void
gst_alexnet_classify_set_context (GstElement *element, GstContext *context)
{
  GstAlexnetClassify *self = GST_ALEXNET_CLASSIFY (element);
  int device_id;

  GST_OBJECT_LOCK (self);
  device_id = MAX (self->settings.cuda_device_id, -1);
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
  gboolean locked, known = TRUE;

  GST_OBJECT_LOCK (self);
  locked = gst_alexnet_property_is_locked (GST_ELEMENT (self), pspec);
  if (!locked)
    known = gst_alexnet_settings_set (&self->settings, id, value);
  if (!locked && (pspec->flags & GST_PARAM_MUTABLE_READY))
    self->outdated = TRUE;
  GST_OBJECT_UNLOCK (self);
  if (locked)
    gst_alexnet_property_refuse (GST_ELEMENT (self), pspec,
        gst_alexnet_classify_debug);
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
  return gst_alexnet_stats_to_structure (&stats, &engine_stats);
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
    case GST_ALEXNET_PROP_ACTIVE_MODEL:
      g_value_set_string (value,
          self->engine ? alexnet_model_get_path (self->session.model) : "none");
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
  gst_alexnet_roi_filter_clear (&self->run_when);
  g_array_unref (self->named);
  g_hash_table_unref (self->tracks);
  g_hash_table_unref (self->places);
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
  gst_alexnet_properties_install (object_class);

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
  gst_alexnet_properties_get_defaults (G_OBJECT_GET_CLASS (self),
      &self->settings);
  self->named = gst_alexnet_named_new ();
  self->tracks = gst_alexnet_tracks_new ();
  self->places = gst_alexnet_tracks_new ();
  self->regions = gst_alexnet_regions_new ();
  self->posted = g_array_new (FALSE, FALSE, sizeof (guint));
  self->frame_duration = GST_ALEXNET_UNKNOWN_FRAME_DURATION;
  gst_alexnet_classify_add_pads (self);
}
