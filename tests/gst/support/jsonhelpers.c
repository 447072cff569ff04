/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "jsonhelpers.h"

#include <glib/gstdio.h>

char **
test_split_lines (char *contents)
{
  gsize size = strlen (contents);
  char **lines;

  fail_unless (size == 0 || contents[size - 1] == '\n', "%.200s", contents);
  if (size > 0)
    contents[size - 1] = '\0';
  lines = g_strsplit (contents, "\n", -1);
  g_free (contents);
  return lines;
}

char **
test_read_lines (const char *path)
{
  char *contents;

  fail_unless (g_file_get_contents (path, &contents, NULL, NULL));
  return test_split_lines (contents);
}

JsonObject *
test_parse_line (const char *line)
{
  GError *error = NULL;
  JsonNode *node = json_from_string (line, &error);
  JsonObject *object;

  fail_unless (node != NULL, "%.200s: %s", line,
      error ? error->message : "empty");
  object = json_object_ref (json_node_get_object (node));
  json_node_unref (node);
  return object;
}

JsonObject *
test_parse_file (const char *path)
{
  char **lines = test_read_lines (path);
  JsonObject *object;

  fail_unless_equals_int (g_strv_length (lines), 1);
  object = test_parse_line (lines[0]);
  g_strfreev (lines);
  return object;
}

JsonObject *
test_nth_json_region (JsonObject *line, guint i)
{
  return json_array_get_object_element (json_object_get_array_member (line,
                                            "regions"),
      i);
}

void
test_expect_n_lines (const char *path, guint n)
{
  char **lines = test_read_lines (path);

  fail_unless_equals_int (g_strv_length (lines), n);
  g_strfreev (lines);
}

GstHarness *
test_harness_new (const char *format, ...)
{
  GstHarness *harness;
  va_list args;
  char *line;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  harness = gst_harness_new_parse (line);
  gst_harness_set_src_caps_str (harness, TEST_CAPS);
  g_free (line);
  return harness;
}

JsonFile *
test_json_file_new (const char *upstream)
{
  JsonFile *file = g_new (JsonFile, 1);

  file->path = test_write_file ("", 0);
  file->harness = test_harness_new ("%sclassificationjson location=%s",
      upstream, file->path);
  file->element = gst_harness_find_element (file->harness,
      "classificationjson");
  return file;
}

void
test_json_file_free (JsonFile *file)
{
  gst_object_unref (file->element);
  gst_harness_teardown (file->harness);
  g_remove (file->path);
  g_free (file->path);
  g_free (file);
}

GstBuffer *
test_buffer_new (const char *fields)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 32 * 32 * 3, NULL);

  GST_BUFFER_PTS (buffer) = 0;
  if (fields)
    test_add_result (buffer, fields);
  return buffer;
}
