/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Properties that can be set up to READY: in force from there on, refused
 * above. */

#include "support/helpers.h"

static gint n_warnings;

static void
count_warnings (GstDebugCategory *category, GstDebugLevel level,
    const char *file, const char *function, gint line, GObject *object,
    GstDebugMessage *message, gpointer name)
{
  const char *text = gst_debug_message_get (message);

  if (level == GST_LEVEL_WARNING && strstr (text, "possible up to READY") &&
      strstr (text, name))
    g_atomic_int_inc (&n_warnings);
}

/* Two values that differ, as text. */
static const char *
nth_value (const GParamSpec *pspec, guint i)
{
  static const char *const strings[] = { "one", "two" };
  static const char *const booleans[] = { "true", "false" };
  static const char *const numbers[] = { "1", "2" };
  static const char *const arrays[] = { "<0.25>", "<0.5>" };
  static const char *const large_numbers[] = { "1000000", "2000000" };
  GType type = pspec->value_type;

  if (type == G_TYPE_STRING || type == GST_TYPE_STRUCTURE)
    return strings[i];
  if (type == G_TYPE_BOOLEAN)
    return booleans[i];
  if (type == GST_TYPE_ARRAY)
    return arrays[i];
  if (type == G_TYPE_UINT64)
    return large_numbers[i];
  if (G_IS_PARAM_SPEC_ENUM (pspec))
    return G_PARAM_SPEC_ENUM (pspec)->enum_class->values[i].value_nick;
  if (G_IS_PARAM_SPEC_FLAGS (pspec))
    return G_PARAM_SPEC_FLAGS (pspec)->flags_class->values[i].value_nick;
  return numbers[i];
}

static char *
describe_structure (const GstStructure *structure)
{
  return structure ? gst_structure_to_string (structure) : g_strdup ("none");
}

static char *
read_back (GstElement *element, const char *name)
{
  GValue value = G_VALUE_INIT;
  char *text;

  g_object_get_property (G_OBJECT (element), name, &value);
  if (GST_VALUE_HOLDS_STRUCTURE (&value))
    text = describe_structure (gst_value_get_structure (&value));
  else
    text = g_strdup_value_contents (&value);
  g_value_unset (&value);
  return text;
}

static char *
set_and_read (GstElement *element, const GParamSpec *pspec, guint i)
{
  gst_util_set_object_arg (G_OBJECT (element), pspec->name,
      nth_value (pspec, i));
  return read_back (element, pspec->name);
}

static void
expect_settable (GstElement *element, const GParamSpec *pspec)
{
  char *one = set_and_read (element, pspec, 0);
  char *two = set_and_read (element, pspec, 1);

  fail_if (g_str_equal (one, two), "%s", pspec->name);
  g_free (two);
  g_free (one);
}

static void
expect_refused (GstElement *element, const GParamSpec *pspec)
{
  char *before = read_back (element, pspec->name);

  n_warnings = 0;
  gst_debug_add_log_function (count_warnings, (gpointer) pspec->name, NULL);
  for (guint i = 0; i < 2; i++) {
    char *after = set_and_read (element, pspec, i);

    fail_unless_equals_string (after, before);
    g_free (after);
  }
  gst_debug_remove_log_function (count_warnings);
  fail_unless_equals_int (n_warnings, 2);
  g_free (before);
}

/* Of the kind, all that the element has. */
static void
check_properties (GstElement *element)
{
  guint n, n_found = 0;
  GParamSpec **pspecs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  gst_debug_set_active (TRUE);
  gst_debug_set_default_threshold (GST_LEVEL_WARNING);
  for (GstState state = GST_STATE_PAUSED; state <= GST_STATE_PLAYING; state++) {
    fail_unless_equals_int (gst_element_set_state (element, state),
        GST_STATE_CHANGE_SUCCESS);
    for (guint i = 0; i < n; i++)
      if (pspecs[i]->flags & GST_PARAM_MUTABLE_READY)
        expect_refused (element, pspecs[i]);
  }
  gst_element_set_state (element, GST_STATE_READY);
  for (guint i = 0; i < n; i++)
    if (pspecs[i]->flags & GST_PARAM_MUTABLE_READY) {
      expect_settable (element, pspecs[i]);
      n_found++;
    }
  fail_unless (n_found > 0);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  g_free (pspecs);
}

GST_START_TEST (test_classify)
{
  check_properties (test_element_new (NULL));
}
GST_END_TEST

GST_START_TEST (test_json)
{
  check_properties (gst_element_factory_make ("classificationjson", NULL));
}
GST_END_TEST

#if HAVE_KAFKA
/* It starts where no broker answers, too. */
GST_START_TEST (test_kafka)
{
  GstElement *element = gst_element_factory_make ("classificationkafka", NULL);

  g_object_set (element, "brokers", "localhost:1", "topic", "classes", NULL);
  check_properties (element);
}
GST_END_TEST
#endif

static void
expect_failure (GstElement *element, const char *name, const char *value,
    const char *expected)
{
  char *text;

  gst_element_set_state (element, GST_STATE_READY);
  gst_util_set_object_arg (G_OBJECT (element), name, value);
  text = test_expect_error (element, GST_STATE_PAUSED);
  fail_unless (strstr (text, expected) != NULL, "%s", text);
  g_free (text);
}

/* What READY has loaded already is loaded anew. */
GST_START_TEST (test_set_in_ready)
{
  GstElement *element = test_element_new (NULL);
  char *model = test_model_path ();

  expect_failure (element, "model-file", "/nowhere", "/nowhere");
  g_object_set (element, "model-file", model, NULL);
  expect_failure (element, "mean", "<0.1,0.2,0.3,0.4,0.5>",
      "mean has 5 values");
  gst_util_set_object_arg (G_OBJECT (element), "mean", "<0.1,0.2,0.3>");
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  g_free (model);
}
GST_END_TEST

/* An application sees the error and sets what is right. */
GST_START_TEST (test_set_after_a_failure)
{
  GstElement *element = test_element_new (NULL);

  gst_element_set_state (element, GST_STATE_READY);
  gst_util_set_object_arg (G_OBJECT (element), "mean", "<0.1,0.2,0.3,0.4,0.5>");
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gst_util_set_object_arg (G_OBJECT (element), "mean", "<0.1,0.2,0.3>");
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}
GST_END_TEST

static Suite *
locked_suite (void)
{
  Suite *suite = suite_create ("locked");
  TCase *tests = test_case_new ("locked");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_classify);
  tcase_add_test (tests, test_json);
#if HAVE_KAFKA
  tcase_add_test (tests, test_kafka);
#endif
  tcase_add_test (tests, test_set_in_ready);
  tcase_add_test (tests, test_set_after_a_failure);
  return suite;
}

GST_CHECK_MAIN (locked)
