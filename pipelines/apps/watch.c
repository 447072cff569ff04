/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Watches a video and says what it shows: of each change as it comes, from the
 * bus, and of each class at the end, from a pad probe.
 *
 *     cc -o watch watch.c $(pkg-config --cflags --libs gstreamer-1.0)
 *     ./watch [--start=SECONDS] [--stop=SECONDS] FILE|URI
 *
 * needs nothing of this tree but the element, which `meson devenv -C build`
 * lets it find. Exits with 0 at the end of the stream, with 1 after an error.
 *
 * The main loop's thread owns all but `counts`, which belongs to the probe,
 * on streaming threads, until the pipeline is in NULL. */

#include <glib-unix.h>
#include <gst/gst.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESULT "alexnet-classification"
#define MAX_SECONDS 1e9

typedef struct {
  guint frames;
  double confidence; /* sum */
} Count;

typedef struct {
  double start, stop; /* seconds; stop = MAX_SECONDS: the end */
  GMainLoop *loop;
  GstElement *pipeline;
  GHashTable *counts; /* label -> Count */
  gboolean prerolled;
  int status;
} Watch;

/* Ends the program, in the main loop's thread. */
static void
fail (Watch *watch, const char *reason)
{
  g_printerr ("watch: %s\n", reason);
  watch->status = EXIT_FAILURE;
  g_main_loop_quit (watch->loop);
}

/* A terminal obeys control characters, and a model file may hold any label. To
 * be freed. */
static char *
make_visible (const char *label)
{
  char *visible = g_strdup (label);

  for (char *c = visible; *c; c++)
    if (g_ascii_iscntrl (*c))
      *c = '?';
  return visible;
}

/* The class that comes first; FALSE where there is none. */
static gboolean
get_best (const GstStructure *result, const char **label, double *confidence)
{
  const GValue *labels = gst_structure_get_value (result, "labels");
  const GValue *confidences = gst_structure_get_value (result, "confidences");

  if (!gst_value_array_get_size (labels))
    return FALSE;
  *label = g_value_get_string (gst_value_array_get_value (labels, 0));
  *confidence = g_value_get_float (gst_value_array_get_value (confidences, 0));
  return TRUE;
}

static void
count (Watch *watch, const GstStructure *result)
{
  const char *label;
  double confidence;
  Count *entry;

  if (!get_best (result, &label, &confidence))
    return;
  entry = g_hash_table_lookup (watch->counts, label);
  if (!entry) {
    entry = g_new0 (Count, 1);
    g_hash_table_insert (watch->counts, g_strdup (label), entry);
  }
  entry->frames++;
  entry->confidence += confidence;
}

/* On the sink's pad: every frame, with the metadata of its classification,
 * which is of the whole frame here. Of an element that looks at regions it is
 * of the first one, and has `regions` for all. A flush means that a seek goes
 * elsewhere: what came before does not count. */
static GstPadProbeReturn
probe (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Watch *watch = user_data;

  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    GstCustomMeta *meta =
        gst_buffer_get_custom_meta (GST_PAD_PROBE_INFO_BUFFER (info), RESULT);

    if (meta)
      count (watch, gst_custom_meta_get_structure (meta));
  } else if (GST_EVENT_TYPE (info->data) == GST_EVENT_FLUSH_STOP) {
    g_hash_table_remove_all (watch->counts);
  }
  return GST_PAD_PROBE_OK;
}

static gboolean
is_part (const Watch *watch)
{
  return watch->start > 0 || watch->stop < MAX_SECONDS;
}

/* A result on the bus; those from before the seek are not asked for. */
static void
print_change (Watch *watch, const GstStructure *result)
{
  GstClockTime time;
  const char *label;
  double confidence;
  g_autofree char *visible = NULL;

  if (!gst_structure_get_clock_time (result, "stream-time", &time) ||
      !get_best (result, &label, &confidence) ||
      (is_part (watch) && !watch->prerolled))
    return;
  visible = make_visible (label);
  g_print ("%9.3f s  %s %.1f %%\n", (double) time / GST_SECOND, visible,
      100 * confidence);
}

/* In PAUSED, when the first frame has come: seeks where that was asked for,
 * and plays. */
static void
play (Watch *watch)
{
  gboolean stop = watch->stop < MAX_SECONDS;

  if (watch->prerolled)
    return;
  watch->prerolled = TRUE;
  if (is_part (watch) &&
      !gst_element_seek (watch->pipeline, 1.0, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET,
          (gint64) (watch->start * GST_SECOND),
          stop ? GST_SEEK_TYPE_SET : GST_SEEK_TYPE_NONE,
          stop ? (gint64) (watch->stop * GST_SECOND) : -1))
    fail (watch, "cannot seek in this stream");
  else
    gst_element_set_state (watch->pipeline, GST_STATE_PLAYING);
}

/* An element's error, with the reason on the second line of the details. */
static void
fail_with_message (Watch *watch, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *details = NULL, *text = NULL;
  const char *reason;

  gst_message_parse_error (message, &error, &details);
  reason = details ? strstr (details, ":\n") : NULL;
  text = reason ? g_strdup_printf ("%s (%s)", error->message, reason + 2)
                : g_strdup (error->message);
  fail (watch, text);
}

static void
print_warning (GstMessage *message)
{
  g_autoptr (GError) warning = NULL;

  gst_message_parse_warning (message, &warning, NULL);
  g_printerr ("watch: %s\n", warning->message);
}

static gboolean
handle_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Watch *watch = user_data;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name (message, RESULT))
        print_change (watch, gst_message_get_structure (message));
      break;
    case GST_MESSAGE_ASYNC_DONE:
      play (watch);
      break;
    case GST_MESSAGE_WARNING:
      print_warning (message);
      break;
    case GST_MESSAGE_ERROR:
      fail_with_message (watch, message);
      return G_SOURCE_REMOVE; /* others follow from it */
    case GST_MESSAGE_EOS:
      g_main_loop_quit (watch->loop);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

/* Ctrl-C ends the stream, so that the summary still comes; before there is one
 * it would be an error of the source. */
static gboolean
interrupt (gpointer user_data)
{
  Watch *watch = user_data;

  if (!watch->prerolled)
    fail (watch, "interrupted before the first frame");
  else
    gst_element_send_event (watch->pipeline, gst_event_new_eos ());
  return G_SOURCE_CONTINUE;
}

/* On a streaming thread: plays the first picture and leaves sound alone. */
static void
link_picture (GstElement *source, GstPad *pad, gpointer user_data)
{
  g_autoptr (GstPad)
      sink = gst_element_get_static_pad (GST_ELEMENT (user_data), "sink");
  g_autoptr (GstCaps) caps = gst_pad_query_caps (pad, NULL);
  const char *name = gst_structure_get_name (gst_caps_get_structure (caps, 0));

  if (g_str_has_prefix (name, "video/") && !gst_pad_is_linked (sink))
    gst_pad_link (pad, sink);
}

static void
require_picture (GstElement *source, gpointer user_data)
{
  g_autoptr (GstPad)
      sink = gst_element_get_static_pad (GST_ELEMENT (user_data), "sink");

  if (!gst_pad_is_linked (sink))
    GST_ELEMENT_ERROR (source, STREAM, WRONG_TYPE, ("no picture in it"),
        (NULL));
}

static GstElement *
make_pipeline (Watch *watch, const char *uri, GError **error)
{
  g_autoptr (GstElement) pipeline =
      gst_parse_launch ("uridecodebin name=source  videoconvert name=convert "
                        "! videoflip video-direction=auto ! alexnetclassify "
                        "! fakesink name=sink",
          error);
  g_autoptr (GstElement) source = NULL, convert = NULL, sink = NULL;
  g_autoptr (GstPad) pad = NULL;

  if (!pipeline)
    return NULL;
  gst_object_ref_sink (pipeline);
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  convert = gst_bin_get_by_name (GST_BIN (pipeline), "convert");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_object_set (source, "uri", uri, NULL);
  g_signal_connect (source, "pad-added", G_CALLBACK (link_picture), convert);
  g_signal_connect (source, "no-more-pads", G_CALLBACK (require_picture),
      convert);
  pad = gst_element_get_static_pad (sink, "sink");
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_FLUSH, probe, watch,
      NULL);
  return g_steal_pointer (&pipeline);
}

static void
run (Watch *watch)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (watch->pipeline);
  guint on_interrupt = g_unix_signal_add (SIGINT, interrupt, watch);

  gst_bus_add_watch (bus, handle_message, watch);
  /* A failure is on the bus; a live source has no preroll to wait for. */
  if (gst_element_set_state (watch->pipeline, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_NO_PREROLL)
    play (watch);
  if (watch->status == EXIT_SUCCESS) /* quit before it runs, it never ends */
    g_main_loop_run (watch->loop);
  gst_element_set_state (watch->pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  g_source_remove (on_interrupt);
}

static void
print_summary (Watch *watch)
{
  g_autoptr (GList) labels = g_list_sort (g_hash_table_get_keys (watch->counts),
      (GCompareFunc) g_strcmp0);

  if (!labels)
    fail (watch, "no frame was classified");
  for (GList *l = labels; l; l = l->next) {
    const Count *entry = g_hash_table_lookup (watch->counts, l->data);
    g_autofree char *visible = make_visible (l->data);

    g_print ("%5u %s  %s, %.1f %% on average\n", entry->frames,
        entry->frames == 1 ? "frame" : "frames", visible,
        100 * entry->confidence / entry->frames);
  }
}

/* The URI of a file that is there, colons in its name or not, or of a URI. */
static char *
find_uri (const char *name, GError **error)
{
  if (g_file_test (name, G_FILE_TEST_IS_REGULAR))
    return gst_filename_to_uri (name, error);
  if (gst_uri_is_valid (name))
    return g_strdup (name);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no file %s", name);
  return NULL;
}

/* The URI to play. */
static char *
parse_arguments (Watch *watch, int *argc, char ***argv, GError **error)
{
  g_auto (GStrv) names = NULL;
  const GOptionEntry entries[] = {
    { "start", 0, 0, G_OPTION_ARG_DOUBLE, &watch->start, "Begin here",
        "SECONDS" },
    { "stop", 0, 0, G_OPTION_ARG_DOUBLE, &watch->stop, "End here", "SECONDS" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &names, NULL,
        "FILE|URI" },
    { NULL },
  };
  g_autoptr (GOptionContext)
      context = g_option_context_new ("- say what a video shows");

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, error))
    return NULL;
  if (!names || names[1])
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
        "one file or URI expected, %u found",
        names ? g_strv_length (names) : 0);
  else if (!(0 <= watch->start && watch->start < watch->stop &&
               watch->stop <= MAX_SECONDS))
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "0 <= start < stop expected, %g and %g found", watch->start,
        watch->stop);
  else
    return find_uri (names[0], error);
  return NULL;
}

/* At the end, also of --help: the disk may be full. */
static void
check_stdout (void)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return;
  g_printerr ("watch: cannot write to standard output\n");
  _exit (EXIT_FAILURE);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GHashTable)
      counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Watch watch = { .stop = MAX_SECONDS, .loop = loop, .counts = counts };
  g_autofree char *uri = NULL;

  atexit (check_stdout);
  setlocale (LC_CTYPE, ""); /* what names and labels are printed in */
  uri = parse_arguments (&watch, &argc, &argv, &error);
  if (uri)
    watch.pipeline = make_pipeline (&watch, uri, &error);
  if (error) {
    fail (&watch, error->message);
    return watch.status;
  }
  run (&watch);
  if (watch.status == EXIT_SUCCESS)
    print_summary (&watch);
  gst_object_unref (watch.pipeline);
  return watch.status;
}
