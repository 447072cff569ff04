/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-classificationjson
 * @title: classificationjson
 * @short_description: Writes classifications as JSON lines
 *
 * Passes buffers through, and for each that carries a classification, as
 * #GstAlexnetClassify attaches it, writes one line with a JSON object to a
 * file, a descriptor or standard output:
 * |[
 * {"frame_number":75,"timestamp":3000000000,"stream_time":3000000000,
 *  "running_time":3000000000,"duration":40000000,
 *  "regions":[{"region":"full-frame","region_name":null,"roi_id":null,
 *    "tracking_id":null,"x":0.0,"y":0.0,"width":1.0,"height":1.0,"stale":false,
 *    "classes":[{"label":"cat","class_id":3,"confidence":0.97},...],
 *    "state":"cat","since":2000000000,"candidate":null,"agreed":null,
 *    "inference_time":2100000}],
 *  "model":"alexnet-cifar10.safetensors","backend":"cpu"}
 * ]| (a single line in truth). Fields have the meaning that they have in the
 * metadata, see #GstAlexnetClassify, with `_` for `-`: times are in
 * nanoseconds, places 0..1 of the visible picture, classes best first, and
 * confidences softmax probabilities. What is unknown is null; NaN and infinity
 * do not occur. Text is UTF-8. The schema is installed as
 * alexnet/classificationjson.schema.json in the system's data directory.
 *
 * Of several classifiers each result gives a line; `model` tells them apart.
 * Buffers without a classification, e.g. skipped or below the threshold, give
 * no line, and regions without one are not in it. A change of state always is:
 * where no class reaches the threshold, `classes` is empty. Where there is
 * GstAnalytics metadata alone (GStreamer >= 1.24) its classifications are
 * written; they tell no frame number, class ids and model.
 *
 * A line is written when its buffer passes, in one piece: nothing is held back
 * until the end of the stream, an error or a change of state, and several
 * elements may write to one file or pipe. A reader that is slow slows the
 * pipeline down. A FIFO that nobody reads yet is waited for with the first
 * line, or the end of the stream: an info message says so, and the element can
 * be stopped meanwhile. What cannot be written is an error with its cause.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -q filesrc location=clip.mp4 ! decodebin3 ! videoconvert !
 * alexnetclassify ! classificationjson ! fakesink | jq -r
 * '[.stream_time / 1e9, .regions[0].classes[0].label] | @tsv'
 * ]| Prints time and best label of each frame. Without `-q`, gst-launch-1.0
 * writes to standard output as well.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! alexnetclassify !
 * classificationjson location=camera.jsonl append=true ! autovideosink
 * ]| Keeps a record beside the picture.
 *
 * |[
 * ... ! alexnetclassify confirm-count=3 regions="door:0.1,0.2,0.3,0.4" !
 * classificationjson write-when=on-state ! ...
 * ]| A line only when the state of the door changes.
 *
 * Since: 0.1
 */

#include "gstclassificationjson.h"

#include "jsonline.h"
#include "lines.h"
#include "selection.h"
#include "property/locked.h"

GST_DEBUG_CATEGORY_STATIC (classification_json_debug);
#define GST_CAT_DEFAULT classification_json_debug

#define DEFAULT_FD 1
#define DEFAULT_APPEND FALSE

enum {
  PROP_0,
  PROP_LOCATION,
  PROP_FD,
  PROP_APPEND,
  PROP_INCLUDE_STALE,
  PROP_WRITE_WHEN,
};

struct _GstClassificationJson {
  GstBaseTransform parent;

  /* Of the streaming thread; gst_alexnet_lines_interrupt() of any. */
  GstAlexnetLines lines;
  gboolean failed; /* an error has been posted */

  GstAlexnetSelection selection; /* whose header says which lock */

  /* Under the object lock. */
  char *location;
  int fd;
  gboolean append;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE (GstClassificationJson, gst_classification_json,
    GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (classificationjson, "classificationjson",
    GST_RANK_NONE, GST_TYPE_CLASSIFICATION_JSON)

static void
post_error (GstClassificationJson *self, const GError *error)
{
  gst_element_message_full (GST_ELEMENT (self), GST_MESSAGE_ERROR,
      error->domain, error->code, g_strdup (error->message), NULL, __FILE__,
      GST_FUNCTION, __LINE__);
}

static gboolean
gst_classification_json_start (GstBaseTransform *trans)
{
  GstClassificationJson *self = GST_CLASSIFICATION_JSON (trans);
  g_autoptr (GError) error = NULL;
  g_autofree char *location = NULL;
  gboolean append;
  int fd;

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  fd = self->fd;
  append = self->append;
  GST_OBJECT_UNLOCK (self);

  self->failed = FALSE;
  gst_alexnet_selection_reset (&self->selection);
  if (!gst_alexnet_lines_open (&self->lines, location, fd, append, &error)) {
    post_error (self, error);
    return FALSE;
  }
  if (self->lines.fifo)
    GST_ELEMENT_INFO (self, RESOURCE, OPEN_WRITE,
        ("Waiting for a reader of the FIFO \"%s\".", self->lines.fifo),
        ("frames stay here until it is opened for reading"));
  return TRUE;
}

static gboolean
gst_classification_json_stop (GstBaseTransform *trans)
{
  GstClassificationJson *self = GST_CLASSIFICATION_JSON (trans);
  g_autoptr (GError) error = NULL;

  if (!gst_alexnet_lines_close (&self->lines, &error) && !self->failed)
    post_error (self, error);
  return TRUE;
}

static gboolean
gst_classification_json_set_caps (GstBaseTransform *trans, GstCaps *incaps,
    GstCaps *outcaps)
{
  gst_alexnet_selection_set_caps (&GST_CLASSIFICATION_JSON (trans)->selection,
      incaps);
  return TRUE;
}

static GstFlowReturn
write_line (GstClassificationJson *self, const char *line)
{
  g_autoptr (GError) error = NULL;
  GstFlowReturn flow;

  if (self->failed)
    return GST_FLOW_ERROR;
  flow = gst_alexnet_lines_write (&self->lines, line, &error);
  if (flow == GST_FLOW_ERROR) {
    self->failed = TRUE;
    post_error (self, error);
  }
  return flow;
}

static GstFlowReturn
gst_classification_json_transform_ip (GstBaseTransform *trans,
    GstBuffer *buffer)
{
  GstClassificationJson *self = GST_CLASSIFICATION_JSON (trans);
  g_autoptr (GArray) readings = gst_alexnet_selection_read (&self->selection,
      GST_ELEMENT (self), buffer, &trans->segment);
  GstFlowReturn flow = GST_FLOW_OK;

  for (guint i = 0; i < readings->len && flow == GST_FLOW_OK; i++) {
    g_autofree char *line = gst_alexnet_json_line (&g_array_index (readings,
        GstAlexnetReading, i));

    flow = write_line (self, line);
  }
  return flow;
}

static gboolean
gst_classification_json_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstClassificationJson *self = GST_CLASSIFICATION_JSON (trans);

  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START)
    gst_alexnet_lines_interrupt (&self->lines, TRUE);
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    gst_alexnet_lines_interrupt (&self->lines, FALSE);
  gst_alexnet_selection_event (&self->selection, GST_ELEMENT (self), event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    write_line (self, "");
  return GST_BASE_TRANSFORM_CLASS (gst_classification_json_parent_class)
      ->sink_event (trans, event);
}

static GstStateChangeReturn
gst_classification_json_change_state (GstElement *element,
    GstStateChange transition)
{
  GstClassificationJson *self = GST_CLASSIFICATION_JSON (element);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_alexnet_lines_interrupt (&self->lines, TRUE);
  return GST_ELEMENT_CLASS (gst_classification_json_parent_class)
      ->change_state (element, transition);
}

#define FIELD(name) G_STRUCT_OFFSET (GstClassificationJson, name)

/* Where the properties lie. */
static const gsize fields[] = {
  [PROP_LOCATION] = FIELD (location),
  [PROP_FD] = FIELD (fd),
  [PROP_APPEND] = FIELD (append),
  [PROP_INCLUDE_STALE] = FIELD (selection.include_stale),
  [PROP_WRITE_WHEN] = FIELD (selection.write_when),
};

static void
gst_classification_json_set_property (GObject *object, guint id,
    const GValue *value, GParamSpec *pspec)
{
  gst_alexnet_property_set (GST_ELEMENT (object), fields[id], value, pspec,
      classification_json_debug);
}

static void
gst_classification_json_get_property (GObject *object, guint id, GValue *value,
    GParamSpec *pspec)
{
  gst_alexnet_property_get (GST_ELEMENT (object), fields[id], value);
}

static void
gst_classification_json_finalize (GObject *object)
{
  GstClassificationJson *self = GST_CLASSIFICATION_JSON (object);

  gst_alexnet_lines_clear (&self->lines);
  gst_alexnet_selection_clear (&self->selection);
  g_free (self->location);
  G_OBJECT_CLASS (gst_classification_json_parent_class)->finalize (object);
}

static void
install_destination (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * GstClassificationJson:location:
   *
   * The file that is written. Without it #GstClassificationJson:fd is.
   */
  g_object_class_install_property (klass, PROP_LOCATION,
      g_param_spec_string ("location", "Location",
          "File to write; NULL = write to fd", NULL,
          flags | GST_PARAM_MUTABLE_READY));

  /**
   * GstClassificationJson:fd:
   *
   * The open descriptor that is written where no
   * #GstClassificationJson:location is set. It stays open.
   */
  g_object_class_install_property (klass, PROP_FD,
      g_param_spec_int ("fd", "Descriptor",
          "Open descriptor to write where location is NULL (1 = standard "
          "output)",
          0, G_MAXINT, DEFAULT_FD, flags | GST_PARAM_MUTABLE_READY));

  /**
   * GstClassificationJson:append:
   *
   * Whether lines are added to what the file holds.
   */
  g_object_class_install_property (klass, PROP_APPEND,
      g_param_spec_boolean ("append", "Append",
          "Add to the file at location instead of emptying it first",
          DEFAULT_APPEND, flags | GST_PARAM_MUTABLE_READY));
}

static void
gst_classification_json_class_init (GstClassificationJsonClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (classification_json_debug, "classificationjson", 0,
      "Classifications as JSON lines");

  object_class->set_property = gst_classification_json_set_property;
  object_class->get_property = gst_classification_json_get_property;
  object_class->finalize = gst_classification_json_finalize;
  install_destination (object_class);
  gst_alexnet_selection_install (object_class, PROP_INCLUDE_STALE,
      PROP_WRITE_WHEN);

  gst_element_class_set_static_metadata (element_class,
      "Classification JSON writer", "Filter/Analyzer/Video",
      "Writes the classifications that buffers carry as lines of JSON",
      "The alexnetclassify project");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  element_class->change_state = gst_classification_json_change_state;

  trans_class->start = gst_classification_json_start;
  trans_class->stop = gst_classification_json_stop;
  trans_class->set_caps = gst_classification_json_set_caps;
  trans_class->sink_event = gst_classification_json_sink_event;
  trans_class->transform_ip = gst_classification_json_transform_ip;
}

static void
gst_classification_json_init (GstClassificationJson *self)
{
  gst_alexnet_lines_init (&self->lines);
  gst_alexnet_selection_init (&self->selection);
  self->fd = DEFAULT_FD;
  self->append = DEFAULT_APPEND;
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
