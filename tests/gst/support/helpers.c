/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "helpers.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>

#include "alexnet.h"
#include "watchdog.h"

#define TILE 32
#define COLUMNS 25

static char *
path_in (const char *variable, const char *name)
{
  const char *dir = g_getenv (variable);

  fail_unless (dir != NULL, "%s is not set", variable);
  return g_build_filename (dir, name, NULL);
}

TCase *
test_case_new (const char *name)
{
  TCase *tests = tcase_create (name);

  tcase_add_checked_fixture (tests, test_watchdog_start, test_watchdog_stop);
  return tests;
}

gboolean
test_has_feature (const char *name, guint minor)
{
  return gst_registry_check_feature_version (gst_registry_get (), name, 1,
      minor, 0);
}

char *
test_model_path (void)
{
  return path_in ("ALEXNET_TEST_MODELS", "alexnet-cifar10.safetensors");
}

char *
test_data_path (const char *name)
{
  return path_in ("ALEXNET_TEST_DATA", name);
}

gboolean
test_is_slow (void)
{
  return !g_strv_contains (alexnet_backend_names (), "cpu");
}

char *
test_line_new (const char *format, ...)
{
  char *path = test_model_path ();
  char **parts = g_strsplit (path, "%", -1);
  char *escaped = g_strjoinv ("%%", parts);
  char *element = g_strdup_printf ("alexnetclassify model-file=\"%s\"",
      escaped);
  GString *with_models = g_string_new (format);
  va_list args;
  char *line;

  fail_unless (g_string_replace (with_models, "alexnetclassify", element, 0) >
      0);
  va_start (args, format);
  line = g_strdup_vprintf (with_models->str, args);
  va_end (args);
  g_string_free (with_models, TRUE);
  g_free (element);
  g_free (escaped);
  g_strfreev (parts);
  g_free (path);
  return line;
}

static GstElement *
element_new (const char *first, va_list args)
{
  GstElement *element = gst_element_factory_make ("alexnetclassify", NULL);
  char *model = test_model_path ();

  fail_unless (element != NULL, "there is no alexnetclassify");
  g_object_set (element, "model-file", model, NULL);
  for (const char *name = first; name; name = va_arg (args, const char *))
    gst_util_set_object_arg (G_OBJECT (element), name,
        va_arg (args, const char *));
  g_free (model);
  return element;
}

GstElement *
test_element_new (const char *first, ...)
{
  GstElement *element;
  va_list args;

  va_start (args, first);
  element = element_new (first, args);
  va_end (args);
  return element;
}

static char *
describe_buffer (GstBuffer *buffer)
{
  return g_strdup_printf ("frame %u%s",
      (guint) (GST_BUFFER_PTS (buffer) / TEST_FRAME_DURATION),
      GST_BUFFER_IS_DISCONT (buffer) ? " discont" : "");
}

static char *
describe_event (GstEvent *event)
{
  const GstStructure *structure = gst_event_get_structure (event);

  if (GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_DOWNSTREAM)
    return g_strdup (gst_structure_get_name (structure));
  return g_strdup (GST_EVENT_TYPE_NAME (event));
}

static GstPadProbeReturn
record (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Fixture *fixture = user_data;
  gboolean is_buffer = info->type & GST_PAD_PROBE_TYPE_BUFFER;
  char *entry = is_buffer ? describe_buffer (GST_PAD_PROBE_INFO_BUFFER (info))
                          : describe_event (GST_PAD_PROBE_INFO_EVENT (info));

  g_mutex_lock (&fixture->lock);
  g_ptr_array_add (fixture->record, entry);
  g_mutex_unlock (&fixture->lock);
  return GST_PAD_PROBE_OK;
}

Fixture *
test_fixture_new (const char *first, ...)
{
  Fixture *fixture = g_new0 (Fixture, 1);
  GstPad *src;
  va_list args;

  va_start (args, first);
  fixture->element = element_new (first, args);
  va_end (args);

  g_mutex_init (&fixture->lock);
  fixture->record = g_ptr_array_new_with_free_func (g_free);
  fixture->bus = gst_bus_new ();
  gst_element_set_bus (fixture->element, fixture->bus);
  src = gst_element_get_static_pad (fixture->element, "src");
  gst_pad_add_probe (src,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
          GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      record, fixture, NULL);
  gst_object_unref (src);

  fixture->harness = gst_harness_new_with_element (fixture->element, "sink",
      "src");
  fixture->caps = gst_caps_from_string (TEST_CAPS);
  gst_harness_set_src_caps (fixture->harness, gst_caps_ref (fixture->caps));
  return fixture;
}

Fixture *
test_fixture_new_line (const char *line)
{
  Fixture *fixture = g_new0 (Fixture, 1);

  g_mutex_init (&fixture->lock);
  fixture->record = g_ptr_array_new_with_free_func (g_free);
  fixture->harness = gst_harness_new_parse (line);
  fixture->caps = gst_caps_from_string (TEST_CAPS);
  gst_harness_set_src_caps (fixture->harness, gst_caps_ref (fixture->caps));
  return fixture;
}

void
test_fixture_free (Fixture *fixture)
{
  if (fixture->element)
    gst_element_set_bus (fixture->element, NULL);
  gst_harness_teardown (fixture->harness);
  gst_clear_object (&fixture->element);
  gst_clear_object (&fixture->bus);
  gst_caps_unref (fixture->caps);
  g_ptr_array_unref (fixture->record);
  g_mutex_clear (&fixture->lock);
  g_free (fixture);
}

/* The sheet of all photographs, decoded once: a pixbuf itself is not for
 * several threads. */
typedef struct {
  GdkPixbuf *pixbuf;
  const guint8 *pixels;
  gsize stride;
} Sheet;

static Sheet *
load_sheet (void)
{
  g_autofree char *path = test_data_path ("cifar10-test-500.png");
  GError *error = NULL;
  Sheet *sheet = g_new (Sheet, 1);

  sheet->pixbuf = gdk_pixbuf_new_from_file (path, &error);
  fail_unless (sheet->pixbuf != NULL, "%s", error ? error->message : path);
  sheet->pixels = gdk_pixbuf_read_pixels (sheet->pixbuf);
  sheet->stride = (gsize) gdk_pixbuf_get_rowstride (sheet->pixbuf);
  return sheet;
}

static const Sheet *
get_sheet (void)
{
  static Sheet *sheet;

  if (g_once_init_enter (&sheet))
    g_once_init_leave (&sheet, load_sheet ());
  return sheet;
}

GstBuffer *
test_part_new (guint x, guint y, const GstVideoInfo *info)
{
  const Sheet *sheet = get_sheet ();
  guint width = GST_VIDEO_INFO_WIDTH (info);
  guint height = GST_VIDEO_INFO_HEIGHT (info);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstVideoFrame frame;

  fail_unless (gst_video_frame_map (&frame, info, buffer, GST_MAP_WRITE));
  for (guint row = 0; row < height; row++)
    memcpy ((guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0) +
            row * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
        sheet->pixels + (y + row) * sheet->stride + 3 * x, 3 * width);
  gst_video_frame_unmap (&frame);
  return buffer;
}

void
test_convert (GstBuffer *out, const GstVideoInfo *out_info, GstBuffer *in,
    const GstVideoInfo *in_info)
{
  GstVideoConverter *converter = gst_video_converter_new ((GstVideoInfo *)
                                                              in_info,
      (GstVideoInfo *) out_info, NULL);
  GstVideoFrame in_frame, out_frame;

  fail_unless (gst_video_frame_map (&in_frame, in_info, in, GST_MAP_READ));
  fail_unless (gst_video_frame_map (&out_frame, out_info, out, GST_MAP_WRITE));
  gst_video_converter_frame (converter, &in_frame, &out_frame);
  gst_video_frame_unmap (&out_frame);
  gst_video_frame_unmap (&in_frame);
  gst_video_converter_free (converter);
}

GstBuffer *
test_frame_new (guint photo, GstCaps *caps)
{
  GstVideoInfo rgb, info;
  GstBuffer *tile, *buffer;

  gst_video_info_set_format (&rgb, GST_VIDEO_FORMAT_RGB, TILE, TILE);
  fail_unless (gst_video_info_from_caps (&info, caps));
  info.interlace_mode = GST_VIDEO_INTERLACE_MODE_PROGRESSIVE;
  rgb.fps_n = info.fps_n;
  rgb.fps_d = info.fps_d;
  tile = test_part_new (photo % COLUMNS * TILE, photo / COLUMNS * TILE, &rgb);
  if (gst_video_info_is_equal (&rgb, &info))
    return tile;
  buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  test_convert (buffer, &info, tile, &rgb);
  gst_buffer_unref (tile);
  return buffer;
}

GstBuffer *
test_photo_new (guint photo)
{
  GstCaps *caps = gst_caps_from_string (TEST_CAPS);
  GstBuffer *buffer = test_frame_new (photo, caps);

  gst_caps_unref (caps);
  return buffer;
}

void
test_set_caps (Fixture *fixture, const char *line)
{
  GstCaps *caps = gst_caps_from_string (line);

  fail_unless (caps != NULL, "%s", line);
  fail_unless (gst_harness_push_event (fixture->harness,
                   gst_event_new_caps (caps)),
      "%s is refused", line);
  gst_caps_replace (&fixture->caps, caps);
  gst_caps_unref (caps);
}

GstFlowReturn
test_push_photo (Fixture *fixture, guint photo)
{
  GstBuffer *buffer = test_frame_new (photo, fixture->caps);

  GST_BUFFER_PTS (buffer) = fixture->n_pushed++ * TEST_FRAME_DURATION;
  GST_BUFFER_DURATION (buffer) = TEST_FRAME_DURATION;
  return gst_harness_push (fixture->harness, buffer);
}

GstFlowReturn
test_push (Fixture *fixture)
{
  return test_push_photo (fixture, TEST_HORSE);
}

gpointer
test_push_until_refused (gpointer fixture)
{
  GstFlowReturn flow;

  do
    flow = test_push (fixture);
  while (flow == GST_FLOW_OK);
  return GINT_TO_POINTER (flow);
}

gboolean
test_push_custom (Fixture *fixture, const char *name)
{
  return gst_harness_push_event (fixture->harness,
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty (name)));
}

gboolean
test_push_eos (Fixture *fixture)
{
  return gst_harness_push_event (fixture->harness, gst_event_new_eos ());
}

GstBuffer *
test_pull (Fixture *fixture)
{
  GstBuffer *buffer = gst_harness_pull (fixture->harness);

  fail_unless (buffer != NULL, "no frame came out");
  return buffer;
}

GstBuffer *
test_push_pull (Fixture *fixture, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_harness_push (fixture->harness, buffer),
      GST_FLOW_OK);
  return test_pull (fixture);
}

void
test_push_cuda_caps (Fixture *fixture)
{
  GstCaps *caps = gst_caps_copy (fixture->caps);

  gst_caps_set_features (caps, 0,
      gst_caps_features_new ("memory:CUDAMemory", NULL));
  fail_unless (gst_harness_push_event (fixture->harness,
      gst_event_new_caps (caps)));
  gst_caps_unref (caps);
}

void
test_expect_horse (Fixture *fixture)
{
  GstBuffer *buffer;

  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  buffer = test_pull (fixture);
  fail_unless_equals_int (test_best_class (test_get_result (buffer)),
      TEST_HORSE_CLASS);
  gst_buffer_unref (buffer);
}

char
test_pull_kind (Fixture *fixture)
{
  GstBuffer *buffer = test_pull (fixture);
  char kind = test_result_kind (buffer);

  gst_buffer_unref (buffer);
  return kind;
}

char
test_push_pull_kind (Fixture *fixture)
{
  fail_unless_equals_int (test_push (fixture), GST_FLOW_OK);
  return test_pull_kind (fixture);
}

void
test_push_segment (Fixture *fixture, double rate, GstClockTime start,
    GstClockTime stop)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = rate;
  segment.start = segment.time = start;
  segment.stop = stop;
  fail_unless (gst_harness_push_event (fixture->harness,
      gst_event_new_segment (&segment)));
}

void
test_flush (Fixture *fixture)
{
  gst_harness_push_event (fixture->harness, gst_event_new_flush_start ());
  gst_harness_push_event (fixture->harness, gst_event_new_flush_stop (TRUE));
  test_push_segment (fixture, 1, 0, GST_CLOCK_TIME_NONE);
}

static char *
join_record (Fixture *fixture, guint *n)
{
  char *joined;

  g_mutex_lock (&fixture->lock);
  *n = fixture->record->len;
  g_ptr_array_add (fixture->record, NULL);
  joined = g_strjoinv (",", (char **) fixture->record->pdata);
  g_ptr_array_remove_index (fixture->record, fixture->record->len - 1);
  g_mutex_unlock (&fixture->lock);
  return joined;
}

void
test_expect_record (Fixture *fixture, const char *expected)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  char **entries = g_strsplit (expected, ",", -1);
  guint wanted = g_strv_length (entries), n;
  char *joined = join_record (fixture, &n);

  while (n < wanted && g_get_monotonic_time () < deadline) {
    g_free (joined);
    g_usleep (1000);
    joined = join_record (fixture, &n);
  }
  fail_unless_equals_string (joined, expected);
  g_strfreev (entries);
  g_free (joined);
}

void
test_clear_record (Fixture *fixture)
{
  g_mutex_lock (&fixture->lock);
  g_ptr_array_set_size (fixture->record, 0);
  g_mutex_unlock (&fixture->lock);
}

char *
test_get_string (GstElement *element, const char *property)
{
  char *text;

  g_object_get (element, property, &text, NULL);
  return text;
}

guint64
test_stat (GstElement *element, const char *field)
{
  GstStructure *stats;
  guint64 value;

  g_object_get (element, "stats", &stats, NULL);
  value = test_get_uint64 (stats, field);
  gst_structure_free (stats);
  return value;
}

GstMessage *
test_pop_message (GstBus *bus, GstMessageType type)
{
  GstMessage *message = gst_bus_timed_pop_filtered (bus, 10 * GST_SECOND, type);

  fail_unless (message != NULL, "no %s message came",
      gst_message_type_get_name (type));
  return message;
}

guint
test_count_messages (GstBus *bus, GstMessageType type)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop (bus))) {
    if (GST_MESSAGE_TYPE (message) & type)
      n++;
    gst_message_unref (message);
  }
  return n;
}

char *
test_expect_error (GstElement *element, GstState state)
{
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error;
  char *text;

  gst_element_set_bus (element, bus);
  fail_unless_equals_int (gst_element_set_state (element, state),
      GST_STATE_CHANGE_FAILURE);
  message = test_pop_message (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  text = g_strdup (error->message);
  GST_INFO ("%s", text);
  g_error_free (error);
  gst_message_unref (message);
  fail_unless_equals_int (test_count_messages (bus, GST_MESSAGE_ERROR), 0);

  gst_element_set_bus (element, NULL);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (bus);
  return text;
}

char *
test_write_file (const char *contents, gssize size)
{
  GError *error = NULL;
  char *path;
  int fd = g_file_open_tmp ("alexnet-XXXXXX", &path, &error);

  fail_unless (fd >= 0, "%s", error ? error->message : "");
  g_close (fd, NULL);
  fail_unless (g_file_set_contents (path, contents, size, NULL));
  return path;
}

char *
test_patched_model (TestPatch patch)
{
  char *source = test_model_path (), *path, *contents;
  GByteArray *bytes = g_byte_array_new ();
  gsize size;

  fail_unless (g_file_get_contents (source, &contents, &size, NULL));
  g_byte_array_append (bytes, (guint8 *) contents, size);
  patch (bytes);
  path = test_write_file ((char *) bytes->data, bytes->len);
  g_byte_array_unref (bytes);
  g_free (contents);
  g_free (source);
  return path;
}
