/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "selection.h"

/* So many results without a state are no accident. */
#define PATIENCE 100

#define DEFAULT_INCLUDE_STALE TRUE
#define DEFAULT_WRITE_WHEN GST_ALEXNET_WRITE_ALWAYS

static const GEnumValue write_whens[] = {
  { GST_ALEXNET_WRITE_ALWAYS, "For every classified frame", "always" },
  { GST_ALEXNET_WRITE_ON_CHANGE, "When the best class is another one",
      "on-change" },
  { GST_ALEXNET_WRITE_ON_STATE, "When the state is another one", "on-state" },
  { 0, NULL, NULL },
};

static GType
write_when_get_type (void)
{
  static GType type;

  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstAlexnetWriteWhen",
        write_whens);

    gst_type_mark_as_plugin_api (new_type, 0);
    g_once_init_leave (&type, new_type);
  }
  return type;
}

void
gst_alexnet_selection_init (GstAlexnetSelection *selection)
{
  *selection = (GstAlexnetSelection){
    .include_stale = DEFAULT_INCLUDE_STALE,
    .write_when = DEFAULT_WRITE_WHEN,
  };
  gst_alexnet_changes_init (&selection->changes);
}

void
gst_alexnet_selection_clear (GstAlexnetSelection *selection)
{
  gst_alexnet_changes_clear (&selection->changes);
}

void
gst_alexnet_selection_install (GObjectClass *klass, guint include_stale,
    guint write_when)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_PLAYING;

  /**
   * GstClassificationJson:include-stale:
   *
   * Whether results that an earlier frame lent (`"stale":true`, see
   * #GstAlexnetClassify:repeat-last) are written.
   */
  g_object_class_install_property (klass, include_stale,
      g_param_spec_boolean ("include-stale", "Include stale",
          "Write results that are an earlier frame's, too",
          DEFAULT_INCLUDE_STALE, flags));

  /**
   * GstClassificationJson:write-when:
   *
   * Whether a line is written for each classified frame or, with the regions
   * alone of which that is so, for those where the best class or the state
   * (#GstAlexnetClassify:confirm-count) is another one than in the line before.
   * The first one of a stream and after a flush always is.
   */
  g_object_class_install_property (klass, write_when,
      g_param_spec_enum ("write-when", "Write when",
          "When a line is written, and of which regions",
          write_when_get_type (), DEFAULT_WRITE_WHEN, flags));
}

void
gst_alexnet_selection_reset (GstAlexnetSelection *selection)
{
  selection->width = selection->height = 0;
  selection->n_without_state = 0;
  selection->search = (GstAlexnetSearch){ 0 };
  gst_alexnet_changes_reset (&selection->changes);
}

void
gst_alexnet_selection_set_caps (GstAlexnetSelection *selection, GstCaps *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  int width = 0, height = 0;

  gst_structure_get_int (structure, "width", &width);
  gst_structure_get_int (structure, "height", &height);
  selection->width = MAX (width, 0);
  selection->height = MAX (height, 0);
}

void
gst_alexnet_selection_event (GstAlexnetSelection *selection,
    GstElement *element, const GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    gst_alexnet_search_end (&selection->search, element);
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP ||
      GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
    gst_alexnet_changes_reset (&selection->changes);
}

static void
drop_stale (GArray *regions)
{
  for (guint i = regions->len; i > 0; i--)
    if (g_array_index (regions, GstAlexnetReadRegion, i - 1).stale)
      g_array_remove_index (regions, i - 1);
}

/* Who waits for states that nothing makes is told so, once. */
static void
look_for_states (GstAlexnetSelection *selection, GstElement *element,
    GArray *regions)
{
  for (guint i = 0; i < regions->len; i++) {
    const GstAlexnetReadRegion *region = &g_array_index (regions,
        GstAlexnetReadRegion, i);

    if (region->state || region->candidate)
      selection->n_without_state = PATIENCE;
  }
  if (selection->n_without_state < PATIENCE &&
      ++selection->n_without_state == PATIENCE)
    GST_ELEMENT_WARNING (element, STREAM, FAILED,
        ("write-when=on-state has nothing to write."),
        ("none of %d results has a state; alexnetclassify makes states with "
         "confirm-count, confirm-duration or vote-count",
            PATIENCE));
}

static void
drop_empty (GArray *readings)
{
  for (guint i = readings->len; i > 0; i--)
    if (g_array_index (readings, GstAlexnetReading, i - 1).regions->len == 0)
      g_array_remove_index (readings, i - 1);
}

GArray *
gst_alexnet_selection_read (GstAlexnetSelection *selection, GstElement *element,
    GstBuffer *buffer, const GstSegment *segment)
{
  GArray *readings = gst_alexnet_readings_new (buffer, segment,
      selection->width, selection->height);
  GstAlexnetWriteWhen when;
  gboolean include_stale;

  gst_alexnet_search_note (&selection->search, readings);
  GST_OBJECT_LOCK (element);
  include_stale = selection->include_stale;
  when = selection->write_when;
  GST_OBJECT_UNLOCK (element);

  for (guint i = 0; i < readings->len; i++) {
    GArray *regions = g_array_index (readings, GstAlexnetReading, i).regions;

    if (!include_stale)
      drop_stale (regions);
    if (when == GST_ALEXNET_WRITE_ON_STATE)
      look_for_states (selection, element, regions);
  }
  gst_alexnet_changes_filter (&selection->changes, when, readings);
  drop_empty (readings);
  return readings;
}
