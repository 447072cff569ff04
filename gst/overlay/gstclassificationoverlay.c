/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-classificationoverlay
 * @title: classificationoverlay
 * @short_description: Draws classifications on the video
 *
 * Shows what #GstAlexnetClassify attached to a frame: for a result of the whole
 * frame a panel in a corner with label, probability and bar of the best
 * classes; for a result of a region an outline, and a smaller panel on top of
 * it. Of several classifiers all results are shown, one panel above the other.
 * Bars of a result that is an earlier frame's are grey. Where a state is
 * kept (#GstAlexnetClassify:confirm-count) it stands above the classes with the
 * stream time since when it is; while a change is pending it is yellow and
 * followed by what it is going to become. Frames without a result pass as they
 * are, and so do frames that have no room for a line.
 *
 * Where there is GstAnalytics metadata alone (GStreamer >= 1.24) its
 * classifications are shown, whatever element made them.
 *
 * Where downstream can lay pictures over video by itself, as sinks that draw
 * with the GPU do, it is given them as #GstVideoOverlayCompositionMeta and
 * pixels are not touched; this works for memory of any kind. Else they are
 * blended into frames in system memory, in all formats that raw video has.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin3 ! videoconvert !
 * alexnetclassify ! classificationoverlay ! videoconvert ! autovideosink
 * ]| Shows a clip and what is in it.
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin3 ! videoconvert !
 * alexnetclassify ! classificationoverlay position=bottom-right top-k=1
 * font-size=40 ! videoconvert ! vp8enc ! webmmux ! filesink location=out.webm
 * ]| Writes a file with the best label on it, large.
 *
 * Since: 0.1
 */

#include "gstclassificationoverlay.h"

#include "composition.h"
#include "property/locked.h"

GST_DEBUG_CATEGORY_STATIC (classification_overlay_debug);
#define GST_CAT_DEFAULT classification_overlay_debug

#define DEFAULT_POSITION GST_ALEXNET_POSITION_TOP_LEFT
#define DEFAULT_FONT_SIZE 0
#define DEFAULT_TOP_K 3
#define DEFAULT_REGION_TOP_K 1
#define DEFAULT_OUTLINE TRUE

#define PLAYING \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

#define FEATURE GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION
#define BLEND_CAPS \
  GST_VIDEO_CAPS_MAKE (GST_VIDEO_OVERLAY_COMPOSITION_BLEND_FORMATS)
#define ALL_CAPS \
  BLEND_CAPS     \
  ";" GST_VIDEO_CAPS_MAKE_WITH_FEATURES ("ANY", GST_VIDEO_FORMATS_ALL)

enum {
  PROP_0,
  PROP_POSITION,
  PROP_FONT_SIZE,
  PROP_TOP_K,
  PROP_REGION_TOP_K,
  PROP_OUTLINE,
};

struct _GstClassificationOverlay {
  GstBaseTransform parent;

  /* Of the streaming thread. */
  GstAlexnetCompositor compositor;
  GstVideoInfo info;
  GstAlexnetSearch search;
  gboolean attach; /* pictures to buffers, instead of blending them */

  /* Under the object lock. */
  GstAlexnetCompositionSettings settings;
};

static const GEnumValue positions[] = {
  { GST_ALEXNET_POSITION_TOP_LEFT, "Top left", "top-left" },
  { GST_ALEXNET_POSITION_TOP_RIGHT, "Top right", "top-right" },
  { GST_ALEXNET_POSITION_BOTTOM_LEFT, "Bottom left", "bottom-left" },
  { GST_ALEXNET_POSITION_BOTTOM_RIGHT, "Bottom right", "bottom-right" },
  { 0, NULL, NULL },
};

static GstStaticCaps blend_caps = GST_STATIC_CAPS (BLEND_CAPS);

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (ALL_CAPS));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (ALL_CAPS));

G_DEFINE_TYPE (GstClassificationOverlay, gst_classification_overlay,
    GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (classificationoverlay, "classificationoverlay",
    GST_RANK_NONE, GST_TYPE_CLASSIFICATION_OVERLAY)

static gboolean
has_feature (const GstCaps *caps, guint i)
{
  return gst_caps_features_contains (gst_caps_get_features (caps, i), FEATURE);
}

/* The same caps with the feature, or without. */
static GstCaps *
with_feature (const GstCaps *caps, gboolean wanted)
{
  GstCaps *changed = gst_caps_copy (caps);

  for (guint i = 0; i < gst_caps_get_size (changed); i++) {
    GstCapsFeatures *features = gst_caps_get_features (changed, i);

    if (gst_caps_features_is_any (features))
      continue;
    if (!wanted)
      gst_caps_features_remove (features, FEATURE);
    else if (!has_feature (changed, i))
      gst_caps_features_add (features, FEATURE);
  }
  return changed;
}

static GstCaps *
only_blendable (GstCaps *caps)
{
  GstCaps *blendable = gst_static_caps_get (&blend_caps);
  GstCaps *common = gst_caps_intersect_full (caps, blendable,
      GST_CAPS_INTERSECT_FIRST);

  gst_caps_unref (blendable);
  return common;
}

/* Downstream of frames like `caps`: pictures attached to anything, or blended
 * into what that can be done with. */
static GstCaps *
get_downstream_caps (GstCaps *caps)
{
  return gst_caps_merge (with_feature (caps, TRUE), only_blendable (caps));
}

/* Upstream of frames like `caps`: those with the feature may come with pictures
 * attached already, or without. */
static GstCaps *
get_upstream_caps (GstCaps *caps)
{
  GstCaps *featured = gst_caps_new_empty ();

  for (guint i = 0; i < gst_caps_get_size (caps); i++)
    if (has_feature (caps, i))
      gst_caps_append (featured, gst_caps_copy_nth (caps, i));
  featured = gst_caps_merge (featured, with_feature (featured, FALSE));
  return gst_caps_merge (featured, only_blendable (caps));
}

static GstCaps *
gst_classification_overlay_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstCaps *others = direction == GST_PAD_SINK ? get_downstream_caps (caps)
                                              : get_upstream_caps (caps);
  GstCaps *filtered;

  if (!filter)
    return others;
  filtered = gst_caps_intersect_full (filter, others, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (others);
  return filtered;
}

/* Caps alone do not tell: sinks for anything accept the feature. Elements
 * downstream may need to know the caps before they can answer. */
static gboolean
downstream_takes_pictures (GstBaseTransform *trans, GstCaps *caps)
{
  GstPad *pad = GST_BASE_TRANSFORM_SRC_PAD (trans);
  GstQuery *query = gst_query_new_allocation (caps, FALSE);
  gboolean takes = gst_pad_set_caps (pad, caps) &&
      gst_pad_peer_query (pad, query) &&
      gst_query_find_allocation_meta (query,
          GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);

  gst_query_unref (query);
  return takes;
}

/* The caps of frames that come may lack what others name a range of, as the
 * frame rate. */
static GstCaps *
intersect_fixed (GstCaps *caps, GstCaps *others)
{
  GstCaps *common = gst_caps_intersect (caps, others);

  return gst_caps_is_empty (common) ? common : gst_caps_fixate (common);
}

/* From what downstream accepts, `others`, the caps of frames like `caps`. */
static GstCaps *
choose_output (GstClassificationOverlay *self, GstCaps *caps, GstCaps *others)
{
  g_autoptr (GstCaps) featured = with_feature (caps, TRUE);
  g_autoptr (GstCaps) attached = intersect_fixed (featured, others);
  g_autoptr (GstCaps) blendable = only_blendable (caps);
  g_autoptr (GstCaps) blended = intersect_fixed (blendable, others);

  self->attach = !gst_caps_is_empty (attached) &&
      (gst_caps_is_empty (blended) ||
          downstream_takes_pictures (GST_BASE_TRANSFORM (self), attached));
  GST_DEBUG_OBJECT (self, "pictures are %s",
      self->attach ? "attached" : "blended");
  return gst_caps_ref (self->attach ? attached : blended);
}

static GstCaps *
gst_classification_overlay_fixate_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *others)
{
  GstCaps *chosen;

  if (direction == GST_PAD_SRC)
    return gst_caps_fixate (others);
  chosen = choose_output (GST_CLASSIFICATION_OVERLAY (trans), caps, others);
  gst_caps_unref (others);
  return chosen;
}

static gboolean
gst_classification_overlay_set_caps (GstBaseTransform *trans, GstCaps *incaps,
    GstCaps *outcaps)
{
  GstClassificationOverlay *self = GST_CLASSIFICATION_OVERLAY (trans);

  return gst_video_info_from_caps (&self->info, incaps);
}

static gboolean
gst_classification_overlay_start (GstBaseTransform *trans)
{
  GstClassificationOverlay *self = GST_CLASSIFICATION_OVERLAY (trans);

  gst_alexnet_compositor_init (&self->compositor);
  self->search = (GstAlexnetSearch){ 0 };
  self->attach = FALSE;
  return TRUE;
}

static gboolean
gst_classification_overlay_stop (GstBaseTransform *trans)
{
  gst_alexnet_compositor_clear (&GST_CLASSIFICATION_OVERLAY (trans)
                                     ->compositor);
  return TRUE;
}

/* All of the frame, or what GstVideoCropMeta leaves of it. */
static GstVideoRectangle
get_visible (const GstClassificationOverlay *self, GstBuffer *buffer)
{
  const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (buffer);

  if (!crop)
    return (GstVideoRectangle){ 0, 0, self->info.width, self->info.height };
  return (GstVideoRectangle){ crop->x, crop->y, crop->width, crop->height };
}

/* The same rectangles, and not copies: what others keep for them holds. */
static void
add_all (GstVideoOverlayComposition *composition,
    GstVideoOverlayComposition *more)
{
  for (guint i = 0; i < gst_video_overlay_composition_n_rectangles (more); i++)
    gst_video_overlay_composition_add_rectangle (composition,
        gst_video_overlay_composition_get_rectangle (more, i));
}

/* Elements look for one such metadata: ours goes on top of what upstream has
 * attached. */
static void
attach (GstBuffer *buffer, GstVideoOverlayComposition *composition)
{
  GstVideoOverlayCompositionMeta
      *meta = gst_buffer_get_video_overlay_composition_meta (buffer);
  GstVideoOverlayComposition *all;

  if (!meta) {
    gst_buffer_add_video_overlay_composition_meta (buffer, composition);
    return;
  }
  all = gst_video_overlay_composition_new (NULL);
  add_all (all, meta->overlay);
  add_all (all, composition);
  gst_buffer_remove_video_overlay_composition_meta (buffer, meta);
  gst_buffer_add_video_overlay_composition_meta (buffer, all);
  gst_video_overlay_composition_unref (all);
}

static GstFlowReturn
blend (GstClassificationOverlay *self, GstBuffer *buffer,
    GstVideoOverlayComposition *composition)
{
  GstVideoFrame frame;
  gboolean blended;

  if (!gst_video_frame_map (&frame, &self->info, buffer, GST_MAP_READWRITE)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer of %" G_GSIZE_FORMAT " bytes is no %s frame of %dx%d.",
            gst_buffer_get_size (buffer),
            gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (&self->info)),
            self->info.width, self->info.height),
        (NULL));
    return GST_FLOW_ERROR;
  }
  blended = gst_video_overlay_composition_blend (composition, &frame);
  gst_video_frame_unmap (&frame);
  if (!blended)
    GST_WARNING_OBJECT (self, "could not blend");
  return GST_FLOW_OK;
}

static GstVideoOverlayComposition *
compose (GstClassificationOverlay *self, GstBuffer *buffer)
{
  const GstVideoRectangle visible = get_visible (self, buffer);
  g_autoptr (GArray) readings = gst_alexnet_readings_new (buffer,
      &GST_BASE_TRANSFORM (self)->segment, visible.w, visible.h);
  GstAlexnetCompositionSettings settings;

  GST_OBJECT_LOCK (self);
  settings = self->settings;
  GST_OBJECT_UNLOCK (self);

  gst_alexnet_search_note (&self->search, readings);
  if (readings->len == 0)
    return NULL;
  return gst_alexnet_compositor_compose (&self->compositor, readings, &settings,
      &self->info, &visible);
}

static gboolean
gst_classification_overlay_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstClassificationOverlay *self = GST_CLASSIFICATION_OVERLAY (trans);

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    gst_alexnet_search_end (&self->search, GST_ELEMENT (self));
  return GST_BASE_TRANSFORM_CLASS (gst_classification_overlay_parent_class)
      ->sink_event (trans, event);
}

static GstFlowReturn
gst_classification_overlay_transform_ip (GstBaseTransform *trans,
    GstBuffer *buffer)
{
  GstClassificationOverlay *self = GST_CLASSIFICATION_OVERLAY (trans);
  GstVideoOverlayComposition *composition = compose (self, buffer);
  GstFlowReturn flow = GST_FLOW_OK;

  if (!composition)
    return GST_FLOW_OK;
  if (self->attach)
    attach (buffer, composition);
  else
    flow = blend (self, buffer, composition);
  gst_video_overlay_composition_unref (composition);
  return flow;
}

#define FIELD(name) G_STRUCT_OFFSET (GstClassificationOverlay, settings.name)

/* Where the properties lie. */
static const gsize fields[] = {
  [PROP_POSITION] = FIELD (position),
  [PROP_FONT_SIZE] = FIELD (font_size),
  [PROP_TOP_K] = FIELD (top_k),
  [PROP_REGION_TOP_K] = FIELD (region_top_k),
  [PROP_OUTLINE] = FIELD (outline),
};

static void
gst_classification_overlay_set_property (GObject *object, guint id,
    const GValue *value, GParamSpec *pspec)
{
  gst_alexnet_property_set (GST_ELEMENT (object), fields[id], value, pspec,
      classification_overlay_debug);
}

static void
gst_classification_overlay_get_property (GObject *object, guint id,
    GValue *value, GParamSpec *pspec)
{
  gst_alexnet_property_get (GST_ELEMENT (object), fields[id], value);
}

static GType
register_positions (void)
{
  GType type = g_enum_register_static ("GstClassificationOverlayPosition",
      positions);

  gst_type_mark_as_plugin_api (type, 0);
  return type;
}

static void
install_appearance (GObjectClass *klass)
{
  /**
   * GstClassificationOverlay:position:
   *
   * The corner of the picture that the whole frame's classes stand in.
   */
  g_object_class_install_property (klass, PROP_POSITION,
      g_param_spec_enum ("position", "Position",
          "Corner in which the classes of the whole frame stand",
          register_positions (), DEFAULT_POSITION, PLAYING));

  /**
   * GstClassificationOverlay:font-size:
   *
   * Size of the text in pixels of the video. 0 is a 22nd of the picture's
   * height, and at least 9 pixels.
   */
  g_object_class_install_property (klass, PROP_FONT_SIZE,
      g_param_spec_float ("font-size", "Font size",
          "Size of the text in pixels of the video (0 = a 22nd of the "
          "picture's height, at least 9)",
          0, 1000, DEFAULT_FONT_SIZE, PLAYING));

  /**
   * GstClassificationOverlay:outline:
   *
   * Whether regions are framed. A detector's own overlay may do it already.
   */
  g_object_class_install_property (klass, PROP_OUTLINE,
      g_param_spec_boolean ("outline", "Outline", "Draw outlines of regions",
          DEFAULT_OUTLINE, PLAYING));
}

static void
install_contents (GObjectClass *klass)
{
  /**
   * GstClassificationOverlay:top-k:
   *
   * How many classes of the whole frame are shown, as far as the result has
   * them and there is room.
   */
  g_object_class_install_property (klass, PROP_TOP_K,
      g_param_spec_uint ("top-k", "Top k",
          "Most classes shown of the whole frame (0 = none)", 0, G_MAXINT,
          DEFAULT_TOP_K, PLAYING));

  /**
   * GstClassificationOverlay:region-top-k:
   *
   * How many classes of each region are shown.
   */
  g_object_class_install_property (klass, PROP_REGION_TOP_K,
      g_param_spec_uint ("region-top-k", "Region top k",
          "Most classes shown of each region (0 = none)", 0, G_MAXINT,
          DEFAULT_REGION_TOP_K, PLAYING));
}

static void
gst_classification_overlay_class_init (GstClassificationOverlayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (classification_overlay_debug,
      "classificationoverlay", 0, "Classifications drawn on video");

  object_class->set_property = gst_classification_overlay_set_property;
  object_class->get_property = gst_classification_overlay_get_property;
  install_appearance (object_class);
  install_contents (object_class);

  gst_element_class_set_static_metadata (element_class,
      "Classification overlay", "Filter/Editor/Video",
      "Draws the classifications that buffers carry on the video",
      "The alexnetclassify project");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);

  trans_class->start = gst_classification_overlay_start;
  trans_class->stop = gst_classification_overlay_stop;
  trans_class->transform_caps = gst_classification_overlay_transform_caps;
  trans_class->fixate_caps = gst_classification_overlay_fixate_caps;
  trans_class->set_caps = gst_classification_overlay_set_caps;
  trans_class->sink_event = gst_classification_overlay_sink_event;
  trans_class->transform_ip = gst_classification_overlay_transform_ip;
}

static void
gst_classification_overlay_init (GstClassificationOverlay *self)
{
  self->settings = (GstAlexnetCompositionSettings){
    .position = DEFAULT_POSITION,
    .font_size = DEFAULT_FONT_SIZE,
    .top_k = DEFAULT_TOP_K,
    .region_top_k = DEFAULT_REGION_TOP_K,
    .outline = DEFAULT_OUTLINE,
  };
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
