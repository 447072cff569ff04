/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An empty string is none, of every property of every element. */

#include "support/jsonhelpers.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

static void
expect_none_when_empty (GstElement *element, const char *property)
{
  char *text;

  g_object_set (element, property, "something", NULL);
  text = test_get_string (element, property);
  fail_unless_equals_string (text, "something");
  g_free (text);
  g_object_set (element, property, "", NULL);
  text = test_get_string (element, property);
  fail_unless (text == NULL, "%s is \"%s\"", property, text);
}

/* How many there are, but the name of the object. */
static guint
check_texts (GstElement *element)
{
  guint n, n_texts = 0;
  GParamSpec **pspecs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  for (guint i = 0; i < n; i++)
    if (pspecs[i]->value_type == G_TYPE_STRING &&
        (pspecs[i]->flags & G_PARAM_WRITABLE) &&
        pspecs[i]->owner_type == G_OBJECT_TYPE (element)) {
      expect_none_when_empty (element, pspecs[i]->name);
      n_texts++;
    }
  g_free (pspecs);
  gst_object_unref (element);
  return n_texts;
}

GST_START_TEST (test_empty)
{
  fail_unless_equals_int (check_texts (test_element_new (NULL)), 13);
  fail_unless_equals_int (
      check_texts (gst_element_factory_make ("classificationjson", NULL)), 1);
#if HAVE_KAFKA
  fail_unless_equals_int (
      check_texts (gst_element_factory_make ("classificationkafka", NULL)), 4);
#endif
}
GST_END_TEST

/* As in a command line with variables that are empty. */
GST_START_TEST (test_classifies)
{
  char *model = test_model_path ();
  GstElement *element = test_element_new ("model-part", "", "architecture", "",
      "mean-file", "", "labels-file", "", "engine-id", "", "regions", "",
      "regions-file", "", "roi-classes", "", "ignored-classes", "", "run-when",
      "", "save-directory", "", NULL);
  char *found;

  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_READY);
  g_setenv ("ALEXNET_MODEL", model, TRUE);
  g_object_set (element, "model-file", "", NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  found = test_get_string (element, "active-model");
  fail_unless_equals_string (found, model);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  g_free (found);
  g_free (model);
}
GST_END_TEST

/* Without a location it is the descriptor that is written. */
GST_START_TEST (test_writes_to_descriptor)
{
  char *path = test_write_file ("", 0), **lines;
  int fd = g_open (path, O_WRONLY, 0);
  GstHarness *harness =
      test_harness_new ("classificationjson location=\"\" fd=%d", fd);

  gst_harness_push (harness, test_buffer_new (TEST_CAT));
  lines = test_read_lines (path);
  fail_unless_equals_int (g_strv_length (lines), 1);
  gst_harness_teardown (harness);
  g_strfreev (lines);
  close (fd);
  g_remove (path);
  g_free (path);
}
GST_END_TEST

static Suite *
fields_suite (void)
{
  Suite *suite = suite_create ("fields");
  TCase *tests = test_case_new ("fields");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_empty);
  tcase_add_test (tests, test_classifies);
  tcase_add_test (tests, test_writes_to_descriptor);
  return suite;
}

GST_CHECK_MAIN (fields)
